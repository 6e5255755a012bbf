# SPDX-License-Identifier: Apache-2.0
#
# All languages make the same of all messages; see conform.py.

conformance_tests = %D%/conformance.test %D%/fuzz.test %D%/golden.test
TESTS += $(conformance_tests)

EXTRA_DIST += \
  $(conformance_tests) \
  %D%/agree.py \
  %D%/cases.py \
  %D%/conform.py \
  %D%/differences.py \
  %D%/freeze \
  %D%/fuzz.py \
  %D%/left_out.py \
  %D%/model.py \
  %D%/programs.py \
  %D%/reader.go \
  %D%/reader.py \
  %D%/records.py \
  %D%/test_conformance.py \
  %D%/values.py

if BUILD_CPP
conformance_reader = %D%/reader
check_PROGRAMS += $(conformance_reader)
%C%_reader_SOURCES = %D%/reader.cc
%C%_reader_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_reader_CXXFLAGS = $(cpp_warnings) $(CXXFLAGS)
%C%_reader_LDADD = $(sanitized_objects) cpp/liboaktreemodel.la $(GRPC_LIBS)
%C%_reader_DEPENDENCIES = $(sanitized_objects) cpp/liboaktreemodel.la
if HAVE_SANITIZERS
%C%_reader_CXXFLAGS += $(cpp_sanitizers)
%C%_reader_LDFLAGS = $(cpp_sanitizers)

# The messages that the reader has with sanitizers, in place of the library's: they take a minute and
# a half of CPU to compile, and all of them, by SANITIZED=%, nine. protobuf itself has none.
# Annotations are left to the library, for extensions cannot be registered twice.
SANITIZED = oaktreemodel/common/% oaktreemodel/compute/% oaktreemodel/operation/%
sanitized_names = $(filter-out %/annotations,$(filter $(SANITIZED),$(cpp_names)))
sanitized_objects = $(sanitized_names:%=%D%/sanitized/%.$(OBJEXT))
# These checks cost a third of the time, and what they find mostly stops a program without them.
sanitized_without = -fno-sanitize=vptr,null,alignment,object-size
$(sanitized_objects): %D%/sanitized/%.$(OBJEXT): cpp/%.pb.cc | $(cpp_headers)
	$(AM_V_CXX)$(MKDIR_P) $(@D) && $(cpp_compile) $(CPPFLAGS) $(CXXFLAGS) -w \
	  $(cpp_sanitizers) $(sanitized_without) -c -o $@ $< $(cpp_keep_dependencies)

-include $(wildcard $(sanitized_objects:.$(OBJEXT)=.d))
endif
%D%/reader-reader.$(OBJEXT): $(cpp_headers)
endif

# What conform.py needs, beside the Go program that it builds itself.
conformance-programs: $(conformance_reader) $(python_package)
.PHONY: conformance-programs

gate_tests += %D%/golden.test
gate_needs += conformance-programs

# With another seed each time, which it prints; a seed of one's own by FUZZ_FLAGS=--seed=N. C++ has
# sanitizers on for the messages of SANITIZED.
FUZZ_FLAGS = --cases=400000
fuzz:
	@if test $(with_python) = no; then \
	  echo 'make fuzz needs Python: configure without --disable-python' >&2; exit 1; fi
	@$(MAKE) $(AM_MAKEFLAGS) conformance-programs
	@$(AM_TESTS_ENVIRONMENT) PYTHONPATH='$(abs_top_builddir)/python:$(abs_top_srcdir)/tests/compat' "$$PYTHON" -B $(srcdir)/%D%/conform.py fuzz $(FUZZ_FLAGS)
.PHONY: fuzz

clean-local: clean-conformance
clean-conformance:
	rm -rf %D%/go %D%/sanitized
.PHONY: clean-conformance
