# SPDX-License-Identifier: Apache-2.0
TESTS += %D%/surface.test
EXTRA_DIST += \
  $(wildcard $(srcdir)/%D%/*.csv $(srcdir)/%D%/*/*.csv) \
  %D%/surface.py \
  %D%/surface.test \
  %D%/test_surface.py

# Writes what the tables come to into the documentation. The list may have changed
# since this make read it.
coverage: regenerate-list
	$(MAKE) $(AM_MAKEFLAGS) python/oaktreemodel.stamp
	PYTHONPATH=python:$(srcdir)/tests/protos $(PYTHON) -B $(srcdir)/%D%/surface.py --write
.PHONY: coverage

if BUILD_PYTHON
regenerated_coverage = coverage
endif
regenerate: $(regenerated_coverage)
