# SPDX-License-Identifier: Apache-2.0
#
# The Go module. Its stubs are checked in, so there is nothing to build.

go_tests = \
  %D%/tests/floor.test \
  %D%/tests/lint.test \
  %D%/tests/module.test \
  %D%/tests/newest.test \
  %D%/tests/regenerate.test \
  %D%/tests/staticcheck.test \
  %D%/tests/unit.test
TESTS += $(go_tests)

EXTRA_DIST += \
  $(go_tests) \
  $(wildcard $(srcdir)/%D%/*/*.go $(srcdir)/%D%/*/*/*.go) \
  %D%/LICENSE \
  %D%/README.md \
  %D%/go.mod \
  %D%/go.sum \
  %D%/tests/prelude.sh \
  %D%/tools/generate \
  %D%/tools/go.mod \
  %D%/tools/go.sum

regenerate: regenerate-go
regenerate-go: regenerate-list
	$(AM_V_GEN)GO='$(GO)' PYTHON='$(PYTHON)' \
	  $(srcdir)/%D%/tools/generate --srcdir $(srcdir) --output $(srcdir)/%D%
.PHONY: regenerate-go
