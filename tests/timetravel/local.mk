# SPDX-License-Identifier: Apache-2.0
#
# Clients and servers of different times call each other; see README.rst.

timetravel_tests = %D%/style.test %D%/timetravel.test
TESTS += $(timetravel_tests)

EXTRA_DIST += \
  $(timetravel_tests) \
  %D%/README.rst \
  %D%/go/go.mod \
  %D%/go/go.sum \
  %D%/go/peer/main.go \
  %D%/messages.py \
  %D%/python/peer.py \
  %D%/test_travel.py \
  %D%/times.py \
  %D%/travel.py

if BUILD_CPP
timetravel_programs = %D%/cpp/peer tests/interop/cpp/server
check_PROGRAMS += %D%/cpp/peer
%C%_cpp_peer_SOURCES = %D%/cpp/peer.cc
%C%_cpp_peer_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_peer_CXXFLAGS = $(interop_CXXFLAGS)
%C%_cpp_peer_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/cpp/peer-peer.$(OBJEXT): $(cpp_headers)
endif

gate_tests += %D%/timetravel.test
gate_needs += $(timetravel_programs)

clean-local: clean-timetravel
clean-timetravel:
	rm -rf %D%/go/bin
.PHONY: clean-timetravel
