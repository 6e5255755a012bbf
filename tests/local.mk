# SPDX-License-Identifier: Apache-2.0

TEST_EXTENSIONS = .test
TEST_LOG_DRIVER = $(SHELL) $(top_srcdir)/build-aux/loud-test-driver

# What a test may rely on, wherever the tree was configured and from wherever it
# is run. Tests write under the build directory only.
AM_TESTS_ENVIRONMENT = \
  abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
  abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
  with_cpp='$(with_cpp)'; export with_cpp; \
  with_python='$(with_python)'; export with_python; \
  with_go='$(with_go)'; export with_go; \
  with_gtest='$(with_gtest)'; export with_gtest; \
  with_sanitizers='$(with_sanitizers)'; export with_sanitizers; \
  PYTHON='$(PYTHON)'; export PYTHON; \
  GO='$(GO)'; export GO; \
  CC='$(CC)'; export CC; \
  CXX='$(CXX)'; export CXX; \
  CXXFLAGS='$(CXXFLAGS)'; export CXXFLAGS; \
  PKG_CONFIG='$(PKG_CONFIG)'; export PKG_CONFIG; \
  PROTOC='$(PROTOC)'; export PROTOC; \
  GRPC_CPP_PLUGIN='$(GRPC_CPP_PLUGIN)'; export GRPC_CPP_PLUGIN; \
  MAKE='$(MAKE)'; export MAKE;

# One sentence in place of a row of failures; who names TESTS knows what they need.
# Automake makes check_DATA before any test runs.
EXTRA_DIST += %D%/requirements.py
if BUILD_PYTHON
check_DATA = check-requirements
endif
check-requirements:
	@test '$(origin TESTS)' = 'command line' || $(PYTHON) -B $(srcdir)/%D%/requirements.py
.PHONY: check-requirements

# The same tools and languages, and generated code that compiles fast.
AM_DISTCHECK_CONFIGURE_FLAGS = \
  --enable-cpp=$(with_cpp) --enable-python=$(with_python) --enable-go=$(with_go) \
  CC='$(CC)' CXX='$(CXX)' PROTO_CXXFLAGS=-O0 \
  PROTOC='$(PROTOC)' GRPC_CPP_PLUGIN='$(GRPC_CPP_PLUGIN)' PYTHON='$(PYTHON)' GO='$(GO)'

include %D%/build/local.mk
include %D%/protos/local.mk
include %D%/surface/local.mk
include %D%/bootstrap/local.mk
include %D%/compat/local.mk
include %D%/conformance/local.mk
include %D%/interop/local.mk
include %D%/timetravel/local.mk
include %D%/packaging/local.mk
include %D%/readme/local.mk
include %D%/bench/local.mk
