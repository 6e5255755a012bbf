# SPDX-License-Identifier: Apache-2.0
#
# The gate: what was released stays as it was; see doc/stability.rst.

compat_tests = %D%/corpus.test %D%/gate.test
TESTS += $(compat_tests)

EXTRA_DIST += \
  $(compat_tests) \
  $(wildcard $(srcdir)/protos/goldens) \
  %D%/accepted.py \
  %D%/breaks.py \
  %D%/buf.py \
  %D%/corpus.py \
  %D%/descriptors.py \
  %D%/fixture.py \
  %D%/fixture/oaktreemodel/orchard/v1/basket.proto \
  %D%/fixture/oaktreemodel/orchard/v1/ladder.proto \
  %D%/fixture/oaktreemodel/orchard/v1/tree.proto \
  %D%/freeze.py \
  %D%/gate.py \
  %D%/golden.py \
  %D%/names.py \
  %D%/names_cpp.py \
  %D%/names_python.py \
  %D%/options.py \
  %D%/test_corpus.py \
  %D%/test_gate.py

# Generated code is read, not compiled, so no library is waited for.
compat_needs = $(cpp_headers) $(python_package)

# Other rooms add their parts of the gate, and what these need.
gate_tests = $(compat_tests)
gate_needs = $(compat_needs)

# With releases in another directory: make check-compat GOLDENS=DIR
check-compat: $(gate_needs)
	@status=0; $(AM_TESTS_ENVIRONMENT) for test in $(gate_tests); do \
	  echo "$$test"; $(srcdir)/$$test || test $$? = 77 || status=1; \
	done; exit $$status

# Of the commit that is tagged as a release; of any tree by make release-golden TRIAL=DIR/0.1.0
release-golden:
	@if test $(with_python) = no; then \
	  echo 'make release-golden needs Python: configure without --disable-python' >&2; exit 1; fi
	@$(MAKE) $(AM_MAKEFLAGS) $(compat_needs)
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) -B $(srcdir)/%D%/freeze.py $(TRIAL:%=--trial '%')
.PHONY: check-compat release-golden
