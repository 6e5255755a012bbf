# SPDX-License-Identifier: Apache-2.0
#
# What people read, and what takes them from a clone to a build.
EXTRA_DIST += \
  $(wildcard $(srcdir)/%D%/*.rst) \
  %D%/bench-server.txt \
  %D%/bench-size.txt \
  %D%/bench.txt \
  CONTRIBUTING.rst \
  README.rst \
  bindep.txt \
  bootstrap
