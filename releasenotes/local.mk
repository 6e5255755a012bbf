# SPDX-License-Identifier: Apache-2.0
#
# What users have to know of each release: every note is written in the change it is about.
TESTS += %D%/lint.test
EXTRA_DIST += \
  $(wildcard $(srcdir)/%D%/notes/*.yaml) \
  %D%/config.yaml \
  %D%/lint.test
