#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes ./configure; run it after a clone, or when the version has changed.
set -eu
cd "$(dirname "$0")"

fail() {
    echo "autogen.sh: $1" >&2
    exit 1
}

command -v autoreconf >/dev/null || fail "autoreconf is missing; install the package autoconf"
command -v automake >/dev/null || fail "automake is missing; install the package automake"
command -v libtoolize >/dev/null || fail "libtoolize is missing; install the package libtool"

# Says now, and only once, when the version is not that of a release.
build-aux/version.sh >/dev/null

exec autoreconf --force --install "$@"
