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
timetravel_peer = %D%/cpp/peer
check_PROGRAMS += $(timetravel_peer)
%C%_cpp_peer_SOURCES = %D%/cpp/peer.cc
%C%_cpp_peer_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_peer_CXXFLAGS = $(interop_CXXFLAGS)
%C%_cpp_peer_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/cpp/peer-peer.$(OBJEXT): $(cpp_headers)
endif

# The last part of the gate, and the only one for which something is compiled.
check-compat: check-timetravel
check-timetravel: all $(timetravel_peer)
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/%D%/timetravel.test || test $$? = 77
.PHONY: check-timetravel

clean-local: clean-timetravel
clean-timetravel:
	rm -rf %D%/go/bin
.PHONY: clean-timetravel
