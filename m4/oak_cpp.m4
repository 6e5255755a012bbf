# SPDX-License-Identifier: Apache-2.0

# OAK_CPP_COMPILERS
# -----------------
# Names the package when there is no compiler at all, before Autoconf's own
# checks stop with less helpful words.
AC_DEFUN([OAK_CPP_COMPILERS],
[AC_CHECK_TOOLS([CC], [gcc cc clang])
AC_CHECK_TOOLS([CXX], [g++ c++ clang++])
AS_IF([test -z "$CC"],
  [OAK_MISSING([cpp], [no C compiler, which libtool asks for], [install gcc (Debian, Fedora)])])
AS_IF([test -z "$CXX"],
  [OAK_MISSING([cpp], [no C++ compiler], [install g++ (Debian) or gcc-c++ (Fedora)])])])

# OAK_CPP_17
# ----------
# Makes CXX compile C++17.
AC_DEFUN([OAK_CPP_17],
[AC_LANG_PUSH([C++])
AC_MSG_CHECKING([for the option that makes $CXX compile C++17])
oak_cxx=$CXX
oak_cxx_option=no
for option in '' -std=gnu++17; do
  CXX="$oak_cxx${option:+ $option}"
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if __cplusplus < 201703L
#error not C++17
#endif
#include <optional>
std::optional<int> answer;
]])], [oak_cxx_option=${option:-none needed}; break])
done
AC_MSG_RESULT([$oak_cxx_option])
AS_IF([test "$oak_cxx_option" = no],
  [OAK_MISSING([cpp], ['$oak_cxx' does not compile C++17], [set CXX to a compiler that does, such as g++ 9 or later])])
AC_LANG_POP([C++])])

# OAK_CCACHE
# ----------
# Sets CCACHE to ccache where that is installed and works, else to nothing.
AC_DEFUN([OAK_CCACHE],
[AC_ARG_ENABLE([ccache],
  [AS_HELP_STRING([--disable-ccache], [compile without ccache (default: with, where installed)])],
  [], [enable_ccache=auto])
CCACHE=
AC_MSG_CHECKING([for ccache])
AS_CASE([$enable_ccache,$CXX],
  [no,*], [oak_ccache='off (--disable-ccache)'],
  [*,*ccache*], [oak_ccache='in CXX already'],
  [echo 'int answer;' >conftest.cc
   # A cache that cannot be written to, as in many sandboxes, is no cache.
   AS_IF([ccache $CXX -c conftest.cc -o conftest.o >&AS_MESSAGE_LOG_FD 2>&1],
     [CCACHE=ccache; oak_ccache=yes],
     [test "$enable_ccache" = yes],
     [AC_MSG_RESULT([no])
      AC_MSG_ERROR([--enable-ccache was given, but there is no working ccache; install ccache (Debian, Fedora)])],
     [oak_ccache=no])])
AC_MSG_RESULT([$oak_ccache])
AC_SUBST([CCACHE])])

# OAK_CPP_PRECOMPILED
# -------------------
# Finds out whether headers can be precompiled the way GCC does it, which reads
# the header itself where that does not fit. Others, such as clang, stop.
AC_DEFUN([OAK_CPP_PRECOMPILED],
[AC_LANG_PUSH([C++])
AC_MSG_CHECKING([whether $CXX precompiles headers as GCC does])
with_precompiled=no
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if !defined __GNUC__ || defined __clang__
#error not GCC
#endif
]])],
  [echo 'inline int answer() { return 42; }' >conftest.h
   echo 'int question() { return answer(); }' >conftest.cc
   AS_IF([$CXX $CPPFLAGS $CXXFLAGS -x c++-header -o conftest.h.gch conftest.h >&AS_MESSAGE_LOG_FD 2>&1 &&
     rm conftest.h &&
     $CXX $CPPFLAGS $CXXFLAGS -include conftest.h -c conftest.cc >&AS_MESSAGE_LOG_FD 2>&1],
     [with_precompiled=yes])
   rm -f conftest.h conftest.h.gch])
AC_MSG_RESULT([$with_precompiled])
AC_LANG_POP([C++])
# The options by which libtool makes code for shared libraries have to be the same.
AC_SUBST([lt_prog_compiler_pic_CXX])])

# OAK_CPP_LIBRARIES
# -----------------
# Finds protoc, its gRPC plugin, protobuf, gRPC and, for the tests, GoogleTest.
AC_DEFUN([OAK_CPP_LIBRARIES],
[AC_ARG_VAR([PROTOC], [protobuf compiler that fits the installed protobuf headers])
AC_ARG_VAR([GRPC_CPP_PLUGIN], [plugin of protoc that makes gRPC code for C++])
AC_MSG_CHECKING([for protoc])
oak_protoc=`command -v "${PROTOC:=protoc}"` ||
  OAK_MISSING([cpp], [no protoc at '$PROTOC'], [install protobuf-compiler (Debian, Fedora)])
PROTOC=$oak_protoc
OAK_ABSOLUTE([PROTOC])
oak_protoc_version=`"$PROTOC" --version 2>&AS_MESSAGE_LOG_FD` ||
  OAK_MISSING([cpp], ['$PROTOC --version' fails], [set PROTOC to a protoc that works])
AS_CASE([$oak_protoc_version], ['libprotoc '*], [],
  [OAK_MISSING([cpp], ['$PROTOC' is no protoc], [set PROTOC to one])])
oak_protoc_version=${oak_protoc_version#libprotoc }
AC_MSG_RESULT([$PROTOC, $oak_protoc_version])

AC_MSG_CHECKING([for grpc_cpp_plugin])
oak_plugin=`command -v "${GRPC_CPP_PLUGIN:=grpc_cpp_plugin}"` ||
  OAK_MISSING([cpp], [no gRPC plugin of protoc at '$GRPC_CPP_PLUGIN'],
    [install protobuf-compiler-grpc (Debian) or grpc-plugins (Fedora)])
GRPC_CPP_PLUGIN=$oak_plugin
OAK_ABSOLUTE([GRPC_CPP_PLUGIN])
AC_MSG_RESULT([$GRPC_CPP_PLUGIN])

PKG_PROG_PKG_CONFIG([0.29])
AS_IF([test -z "$PKG_CONFIG"],
  [OAK_MISSING([cpp], [no pkg-config], [install pkg-config (Debian) or pkgconf-pkg-config (Fedora)])])
PKG_CHECK_MODULES([GRPC], [grpc++ protobuf], [],
  [OAK_MISSING([cpp], [gRPC for C++ is not installed],
    [install libgrpc++-dev and libprotobuf-dev (Debian) or grpc-devel and protobuf-devel (Fedora)])])
oak_protobuf_version=`$PKG_CONFIG --modversion protobuf`
oak_grpc_version=`$PKG_CONFIG --modversion grpc++`

# Only the tests need it, so a build of the library alone does without.
PKG_CHECK_MODULES([GTEST], [gtest_main],
  [with_gtest=yes; oak_gtest="GoogleTest `$PKG_CONFIG --modversion gtest_main`"],
  [with_gtest=no
   oak_gtest="no GoogleTest"
   AC_MSG_WARN([no GoogleTest, so 'make check' skips the C++ unit tests: install libgtest-dev (Debian) or gtest-devel (Fedora)])])])

# OAK_CPP_SANITIZERS
# ------------------
# Finds out whether programs can be built with sanitizers and run here.
AC_DEFUN([OAK_CPP_SANITIZERS],
[AC_LANG_PUSH([C++])
AC_MSG_CHECKING([whether $CXX has the address and undefined behaviour sanitizers])
oak_cxxflags=$CXXFLAGS
CXXFLAGS="$CXXFLAGS -fsanitize=address,undefined"
AC_RUN_IFELSE([AC_LANG_PROGRAM([], [delete new int])],
  [with_sanitizers=yes], [with_sanitizers=no], [with_sanitizers=no])
CXXFLAGS=$oak_cxxflags
AC_MSG_RESULT([$with_sanitizers])
AC_LANG_POP([C++])])

# OAK_CPP_PROBE
# -------------
# Proves that protoc, its plugin, the headers and the libraries fit together: one
# clear line here, instead of thousands of errors from the generated code.
AC_DEFUN([OAK_CPP_PROBE],
[AC_MSG_CHECKING([whether protoc, grpc_cpp_plugin and the installed libraries fit together])
AS_MKDIR_P([conftest.probe])
cat >conftest.probe/probe.proto <<'EOS'
syntax = "proto3";
package oaktree.probe;
message Probe {
  optional string text = 1;
  map<string, Probe> probes = 2;
}
service ProbeService {
  rpc Send(Probe) returns (stream Probe) {}
}
EOS
cat >conftest.probe/main.cc <<'EOS'
#include "probe.pb.cc"
#include "probe.grpc.pb.cc"
#include <grpcpp/grpcpp.h>
int main() {
  GOOGLE_PROTOBUF_VERIFY_VERSION;
  oaktree::probe::Probe probe;
  probe.set_text("probe");
  auto stub = oaktree::probe::ProbeService::NewStub(
      grpc::CreateChannel("localhost:1", grpc::InsecureChannelCredentials()));
  return stub && probe.SerializeAsString().size() == 7 ? 0 : 1;
}
EOS
oak_probe() {
  "$PROTOC" -Iconftest.probe --cpp_out=conftest.probe --grpc_out=conftest.probe \
    --plugin=protoc-gen-grpc="$GRPC_CPP_PLUGIN" probe.proto &&
  # Two steps, for ccache keeps the result of a compilation only.
  $CCACHE $CXX $CPPFLAGS $GRPC_CFLAGS $CXXFLAGS -O0 -w -c -o conftest.probe/main.o conftest.probe/main.cc &&
  $CXX $CXXFLAGS $LDFLAGS -o conftest.probe/main conftest.probe/main.o $GRPC_LIBS $LIBS || return
  test "$cross_compiling" = yes || conftest.probe/main
}
oak_probe >conftest.probe/log 2>&1 || oak_probe_failed=yes
cat conftest.probe/log >&AS_MESSAGE_LOG_FD
AS_IF([test -n "$oak_probe_failed"],
  [AC_MSG_RESULT([no])
   oak_reason=`grep -i -e error -e undefined -e failed conftest.probe/log | head -n 1`
   OAK_MISSING([cpp],
     [protoc $oak_protoc_version ($PROTOC), $GRPC_CPP_PLUGIN and the installed protobuf $oak_protobuf_version and gRPC $oak_grpc_version do not fit together (${oak_reason:-see config.log})],
     [install all of them from one place, or set PROTOC and GRPC_CPP_PLUGIN to those that belong to the headers])])
rm -r conftest.probe
AC_MSG_RESULT([yes])])

# OAK_CPP
# -------
# Everything that C++ needs besides its compilers.
AC_DEFUN([OAK_CPP],
[OAK_CPP_17
OAK_CCACHE
OAK_CPP_PRECOMPILED
OAK_CPP_LIBRARIES
OAK_CPP_PROBE
OAK_CPP_SANITIZERS
AC_ARG_VAR([PROTO_CXXFLAGS],
  [C++ compiler flags for generated code, in place of CXXFLAGS; with -O0 it compiles in half the time])
: ${PROTO_CXXFLAGS='$(CXXFLAGS)'}
oak_proto_cxxflags=
AS_IF([test "$PROTO_CXXFLAGS" != '$(CXXFLAGS)'],
  [oak_proto_cxxflags=", generated code $PROTO_CXXFLAGS"])
summary_cpp="$CXX $CXXFLAGS$oak_proto_cxxflags, ccache: $oak_ccache
          protoc $oak_protoc_version ($PROTOC), $GRPC_CPP_PLUGIN
          protobuf $oak_protobuf_version, gRPC $oak_grpc_version, $oak_gtest"])
