# SPDX-License-Identifier: Apache-2.0
#
# What people read, and what takes them from a clone to a build.
EXTRA_DIST += \
  CONTRIBUTING.rst \
  README.rst \
  bindep.txt \
  bootstrap \
  %D%/api.rst \
  %D%/building.rst \
  %D%/decisions.rst \
  %D%/dependencies.rst \
  %D%/errors.rst \
  %D%/index.rst \
  %D%/layout.rst
