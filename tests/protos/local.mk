# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/rules.test
EXTRA_DIST += %D%/rules.test %D%/test_rules.py %D%/tree.py
