# SPDX-License-Identifier: Apache-2.0
#
# Clients and servers in all three languages call each other; see README.rst.

interop_tests = %D%/data.test %D%/matrix.test %D%/style.test
TESTS += $(interop_tests)

interop_data = \
  %D%/data/flavors.json \
  %D%/data/floating_ips.json \
  %D%/data/images.json \
  %D%/data/servers.json \
  %D%/data/errors/largest.json \
  %D%/data/errors/nope.json \
  %D%/data/errors/out-of-order.json \
  %D%/data/errors/page-size.json \
  %D%/data/errors/quota.json \
  %D%/data/errors/short.json \
  %D%/data/errors/twins.json \
  %D%/data/errors/widest.json

interop_recordings = \
  %D%/recordings/compute-error-403-quota.json \
  %D%/recordings/compute-error-404-server.json \
  %D%/recordings/compute-flavors-detail.json \
  %D%/recordings/compute-servers-detail-all-tenants.json \
  %D%/recordings/compute-servers-detail-v2.1.json \
  %D%/recordings/image-images.json \
  %D%/recordings/network-floatingips.json \
  %D%/recordings/network-networks.json \
  %D%/recordings/token-demo.json

EXTRA_DIST += \
  $(interop_data) \
  $(interop_recordings) \
  $(interop_tests) \
  %D%/README.rst \
  %D%/certificates.sh \
  %D%/convert.py \
  %D%/convert_test.py \
  %D%/go/client/main.go \
  %D%/go/go.mod \
  %D%/go/go.sum \
  %D%/go/internal/data/data.go \
  %D%/go/server/main.go \
  %D%/programs.sh \
  %D%/python/client.py \
  %D%/python/interop.py \
  %D%/python/server.py

if BUILD_CPP
check_PROGRAMS += %D%/cpp/client %D%/cpp/server
interop_CXXFLAGS = $(AM_CXXFLAGS) -Wall -Wextra $(CXXFLAGS)
%C%_cpp_client_SOURCES = %D%/cpp/client.cc %D%/cpp/interop.h
%C%_cpp_client_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_client_CXXFLAGS = $(interop_CXXFLAGS)
%C%_cpp_client_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%C%_cpp_server_SOURCES = %D%/cpp/server.cc %D%/cpp/interop.h
%C%_cpp_server_CPPFLAGS = $(cpp_CPPFLAGS)
%C%_cpp_server_CXXFLAGS = $(interop_CXXFLAGS)
%C%_cpp_server_LDADD = cpp/liboaktreemodel.la $(GRPC_LIBS)
%D%/cpp/client-client.$(OBJEXT) %D%/cpp/server-server.$(OBJEXT): $(cpp_headers) %D%/cpp/interop.h
endif

clean-local: clean-interop
clean-interop:
	rm -rf %D%/go/bin
.PHONY: clean-interop
