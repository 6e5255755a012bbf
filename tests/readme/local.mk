# SPDX-License-Identifier: Apache-2.0
#
# What README.rst tells users is done, and what doc/ names is there.
readme_tests = %D%/cpp.test %D%/docs.test %D%/go.test %D%/python.test
TESTS += $(readme_tests)
EXTRA_DIST += $(readme_tests) %D%/readme.py %D%/run
