# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/bad-machines.test
EXTRA_DIST += %D%/bad-machines.test
