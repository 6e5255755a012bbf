# SPDX-License-Identifier: Apache-2.0

# OAK_LANGUAGE(NAME, TITLE)
# -------------------------
# Adds the switch --disable-NAME, with_NAME (yes or no) and BUILD_NAME.
AC_DEFUN([OAK_LANGUAGE],
[AC_ARG_ENABLE([$1],
  [AS_HELP_STRING([--disable-$1], [leave out $2 (default: on)])],
  [AS_CASE([$enableval], [yes|no], [],
    [AC_MSG_ERROR([--enable-$1 takes yes or no, not '$enableval'])])],
  [enable_$1=yes])
with_$1=$enable_$1
summary_$1="off (--disable-$1)"
AC_SUBST([with_$1])
AM_CONDITIONAL(m4_toupper([BUILD_$1]), [test "$with_$1" = yes])])

# OAK_MISSING(LANGUAGE, WHAT, REMEDY)
# -----------------------------------
# Stops configure: one line that says what is missing, what to do about it, and
# the switch that makes do without.
AC_DEFUN([OAK_MISSING],
[AC_MSG_ERROR([$2: $3, or use --disable-$1])])

# OAK_ABSOLUTE(VARIABLE)
# ----------------------
# Makes a path such as ./protoc work from everywhere.
AC_DEFUN([OAK_ABSOLUTE],
[AS_CASE([$$1], [/*], [], [*/*], [$1=`pwd`/$$1])])
