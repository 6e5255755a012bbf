# SPDX-License-Identifier: Apache-2.0
#
# One program a language that does a whole useful job. The tour runs them.

TESTS += %D%/tour.test

EXTRA_DIST += \
  %D%/go/go.mod \
  %D%/go/go.sum \
  %D%/go/lifecycle/main.go \
  %D%/python/lifecycle.py \
  %D%/tour \
  %D%/tour.test

if BUILD_CPP
examples_cpp = %D%/cpp/lifecycle
check_PROGRAMS += $(examples_cpp)
%C%_cpp_lifecycle_SOURCES = %D%/cpp/lifecycle.cc
%C%_cpp_lifecycle_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_lifecycle_CXXFLAGS = $(AM_CXXFLAGS) -Wall -Wextra $(CXXFLAGS)
%C%_cpp_lifecycle_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/cpp/lifecycle-lifecycle.$(OBJEXT): $(cpp_headers)
endif

# A tour that is skipped has said so, and is no failure.
tour: all $(examples_cpp)
	@$(AM_TESTS_ENVIRONMENT) OAKTREE='$(OAKTREE)' $(srcdir)/%D%/tour || test $$? = 77
.PHONY: tour

clean-local: clean-examples
clean-examples:
	rm -rf %D%/go/bin
.PHONY: clean-examples
