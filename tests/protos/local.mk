# SPDX-License-Identifier: Apache-2.0
protos_tests = %D%/buf.test %D%/rules.test
TESTS += $(protos_tests)
EXTRA_DIST += $(protos_tests) %D%/test_rules.py %D%/tree.py
