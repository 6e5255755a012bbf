# SPDX-License-Identifier: Apache-2.0
#
# One program a language that does a whole useful job. The tour runs them.

EXTRA_DIST += \
  %D%/go/go.mod \
  %D%/go/go.sum \
  %D%/go/servers/main.go \
  %D%/python/servers.py

if BUILD_CPP
examples_cpp = %D%/cpp/servers
check_PROGRAMS += $(examples_cpp)
%C%_cpp_servers_SOURCES = %D%/cpp/servers.cc
%C%_cpp_servers_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_servers_CXXFLAGS = $(AM_CXXFLAGS) -Wall -Wextra $(CXXFLAGS)
%C%_cpp_servers_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/cpp/servers-servers.$(OBJEXT): $(cpp_headers)
endif
