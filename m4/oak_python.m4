# SPDX-License-Identifier: Apache-2.0

# OAK_PYTHON
# ----------
# Finds the Python that has the requirements installed: PYTHON, else that of the
# active virtual environment, else that of ./.venv, else python3.
AC_DEFUN([OAK_PYTHON],
[AC_ARG_VAR([PYTHON], [Python interpreter that has requirements.txt installed])
AC_MSG_CHECKING([for Python])
if test -z "$PYTHON"; then
  for candidate in "${VIRTUAL_ENV-/nonexistent}" ./.venv "$srcdir/.venv"; do
    if test -x "$candidate/bin/python"; then
      PYTHON=`cd "$candidate" && pwd`/bin/python
      break
    fi
  done
fi
oak_python_found=`command -v "${PYTHON:-python3}"` ||
  OAK_MISSING([python], [no Python at '${PYTHON:-python3}'],
    [install python3 and python3-venv (Debian) or python3 (Fedora)])
PYTHON=$oak_python_found
OAK_ABSOLUTE([PYTHON])
oak_python_version=`"$PYTHON" -c 'import platform; print(platform.python_version())'` ||
  OAK_MISSING([python], ['$PYTHON' does not run], [set PYTHON to one that does])
AC_MSG_RESULT([$PYTHON, $oak_python_version])
AS_VERSION_COMPARE([$oak_python_version], [3.10],
  [OAK_MISSING([python], [Python $oak_python_version is older than 3.10], [set PYTHON to a newer one])])

AC_MSG_CHECKING([for the grpcio-tools of $PYTHON])
oak_grpcio_tools=`"$PYTHON" -c 'from importlib.metadata import version
import grpc_tools.protoc
print(version("grpcio-tools"))' 2>&AS_MESSAGE_LOG_FD` || {
  AC_MSG_RESULT([none])
  OAK_MISSING([python], [$PYTHON has no grpcio-tools],
    [run './bootstrap', or 'pip install -r requirements.txt' in a virtual environment and set PYTHON to its interpreter])
}
AC_MSG_RESULT([$oak_grpcio_tools])
AC_MSG_CHECKING([whether the generators are those of requirements.txt])
oak_generators=`"$PYTHON" -B "$srcdir/python/backend/generate.py" --srcdir "$srcdir" 2>&1` || {
  AC_MSG_RESULT([no])
  oak_generators=`echo "$oak_generators" | tail -n 1 | sed 's/^generate.py: //'`
  AC_MSG_ERROR([$oak_generators, or use --disable-python])
}
AC_MSG_RESULT([yes])
summary_python="$oak_python_version ($PYTHON), grpcio-tools $oak_grpcio_tools"])
