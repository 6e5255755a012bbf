# SPDX-License-Identifier: Apache-2.0

# OAK_CPP
# -------
# Finds protoc, its gRPC plugin and the libraries.
AC_DEFUN([OAK_CPP],
[AC_ARG_VAR([PROTOC], [protobuf compiler that fits the installed protobuf headers])
AC_ARG_VAR([GRPC_CPP_PLUGIN], [protoc's plugin for C++ gRPC])
AC_PATH_PROG([PROTOC], [protoc])
AS_IF([test -z "$PROTOC"],
  [OAK_MISSING([cpp], [no protoc], [install protobuf-compiler (Debian, Fedora)])])
AC_PATH_PROG([GRPC_CPP_PLUGIN], [grpc_cpp_plugin])
AS_IF([test -z "$GRPC_CPP_PLUGIN"],
  [OAK_MISSING([cpp], [no grpc_cpp_plugin], [install protobuf-compiler-grpc (Debian) or grpc-plugins (Fedora)])])

PKG_PROG_PKG_CONFIG([0.29])
PKG_CHECK_MODULES([GRPC], [grpc++ protobuf], [],
  [OAK_MISSING([cpp], [no gRPC for C++], [install libgrpc++-dev (Debian) or grpc-devel (Fedora)])])
PKG_CHECK_MODULES([GTEST], [gtest_main], [],
  [OAK_MISSING([cpp], [no GoogleTest], [install libgtest-dev (Debian) or gtest-devel (Fedora)])])
summary_cpp="$CXX $CXXFLAGS"])
