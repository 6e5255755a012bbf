#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Prints the version of this tree, the same for all languages, or its date.
set -eu

usage='Usage: version.sh [--semver | --release | --date] [--quiet]

Prints the PEP 440 version of this tree: X.Y.Z at a tag of that name, else a
development version of the next release, such as 0.1.0.dev12.

  --semver   print a Semantic Version instead, such as 0.1.0-dev.12
  --release  fail unless this tree is exactly a release
  --date     print instead the time of the commit, in seconds since 1970, or
             that in SOURCE_DATE_EPOCH
  --quiet    do not warn when there are no release tags'

first_release=0.1.0

# Prints the release that is being worked towards where there is no tag: the one after the
# newest that was frozen.
next_release() {
    last=$(for golden in "$top"/protos/goldens/*.*.*/; do
        basename "$golden"
    done | grep -x '[0-9]*\.[0-9]*\.[0-9]*' | sort -V | tail -n 1)
    if test -n "$last"; then after "$last"; else echo $first_release; fi
}

after() { echo "${1%.*}.$((${1##*.} + 1))"; }

fail() {
    echo "version.sh: $1" >&2
    exit 1
}

format=pep440 release=no quiet=no
for argument; do
    case $argument in
        --semver) format=semver ;;
        --release) release=yes ;;
        --date) format='date' ;;
        --quiet) quiet=yes ;;
        --help) echo "$usage"; exit 0 ;;
        *) fail "unknown argument '$argument'; try --help" ;;
    esac
done

top=$(cd "$(dirname "$0")/.." && pwd)

if test -f "$top/.tarball-version"; then
    { read -r version && { read -r date || :; }; } <"$top/.tarball-version"
elif test -e "$top/.git"; then
    command -v git >/dev/null || fail "git is missing; install the package git"
    # A refusal of git to read the tree (another owner) ends here, in its words.
    commits=$(git -C "$top" rev-list --count HEAD) ||
        fail "git cannot count the commits of $top; see its message above"
    date=$(git -C "$top" log -1 --format=%ct HEAD)
    tag=$(git -C "$top" describe --tags --long --match '[0-9]*.[0-9]*.[0-9]*' \
        --exclude '*[!0-9.]*' --exclude '*.*.*.*' HEAD 2>/dev/null) || tag=
    if test -z "$tag"; then
        next=$(next_release)
        test "$quiet" = yes ||
            echo "version.sh: no release tag here, so this is a development version of $next" >&2
        version=$next.dev$commits
    else
        base=${tag%-*-g*}
        since=${tag#"$base"-}
        since=${since%-g*}
        if test "$since" = 0; then
            version=$base
        else
            version=$(after "$base").dev$since
        fi
    fi
else
    fail "no version: $top is neither a git clone nor an unpacked release tarball"
fi

if test "$format" = date; then
    date=${SOURCE_DATE_EPOCH:-$date}
    test -n "$date" || fail "no date: the second line of $top/.tarball-version is missing"
    echo "$date"
    exit 0
fi

case $version in
    *.dev*)
        test "$release" = no ||
            fail "not a release: $version; tag the commit to be released as X.Y.Z first"
        test "$format" = pep440 || version=${version%.dev*}-dev.${version##*.dev} ;;
esac
echo "$version"
