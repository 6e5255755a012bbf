# SPDX-License-Identifier: Apache-2.0
#
# What this project costs beside what it stands on; doc/bench.rst says what each
# line means.

BENCH = build binary import codec server
BENCH_CXXFLAGS = -O0
BENCH_FLAGS =

EXTRA_DIST += \
  %D%/bare.py \
  %D%/bench.py \
  %D%/calls.py \
  %D%/codec.go \
  %D%/codec.py \
  %D%/compute-servers-detail.json \
  %D%/servers.py \
  %D%/smoke.test

# What is built first is no part of the report: "make bench >file" has that alone.
bench:
	@if test $(with_python) = no; then \
	  echo 'make bench needs Python: configure without --disable-python' >&2; exit 1; fi
	@$(MAKE) $(AM_MAKEFLAGS) all $(bench_programs) >&2
	@$(AM_TESTS_ENVIRONMENT) "$$PYTHON" $(srcdir)/%D%/bench.py --work=%D%/work \
	  --cxxflags='$(BENCH_CXXFLAGS)' $(BENCH_FLAGS) $(BENCH)
.PHONY: bench

clean-local: clean-bench
clean-bench:
	rm -rf %D%/work
.PHONY: clean-bench

# Never how fast, only that all of it runs.
TESTS += %D%/smoke.test

if BUILD_CPP
bench_programs = %D%/codec
check_PROGRAMS += $(bench_programs)
%C%_codec_SOURCES = %D%/codec.cc
%C%_codec_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_codec_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/codec-codec.$(OBJEXT): $(cpp_headers)
endif
