# SPDX-License-Identifier: Apache-2.0
#
# The build itself: what it says of bad input, what it calls itself, what it does
# again and what it packs.
build_tests = \
  %D%/configure.test \
  %D%/dist.test \
  %D%/lint.test \
  %D%/list.test \
  %D%/noop.test \
  %D%/version.test

EXTRA_DIST += $(build_tests)
TESTS += $(build_tests)
