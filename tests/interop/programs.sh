# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # make sets what is used here
#
# For the matrix: the languages there are, and their programs.

interop=$abs_top_srcdir/tests/interop
go_programs=$abs_top_builddir/tests/interop/go/bin
data=$interop/data
title() {
    case $1 in
    cpp) echo C++ ;;
    go) echo Go ;;
    python) echo Python ;;
    esac
}

languages=
for language in cpp go python; do
    eval "wanted=\$with_$language"
    if [ "$wanted" = yes ]; then
        languages="$languages $language"
    else
        echo "SKIP: the $(title $language) client and server, because of --disable-$language"
    fi
done
[ -n "$languages" ] || exit 77
servers=

# Becomes a program, so that the id of a process in the background is the program's own.
become() {
    # Handshakes that are to fail are no news.
    GRPC_VERBOSITY=NONE
    export GRPC_VERBOSITY
    language=$1 program=$2
    shift 2
    case $language in
    cpp) exec "$abs_top_builddir/$program" "$@" ;;
    go) exec "$go_programs/$(basename "$program")" "$@" ;;
    python)
        PYTHONPATH=$abs_top_builddir/python PYTHONDONTWRITEBYTECODE=1
        export PYTHONPATH PYTHONDONTWRITEBYTECODE
        exec "$PYTHON" "$abs_top_srcdir/$program.py" "$@" ;;
    esac
}

# go builds just what has changed, so make is not told about it.
build_go() {
    case $languages in *go*) (
        cd "$abs_top_srcdir/$1" || exit
        shift
        GOWORK=off GOTOOLCHAIN=local "$GO" build -buildvcs=false -o "$go_programs/" "$@"
    ) ;; esac
}

# Leaves where the new server listens in $addresses: in plain, with TLS, and with mutual TLS.
start_server() {
    # A server says where it listens, and until then there is nothing to read.
    mkfifo "$work/$1.pipe"
    (become "$1" "tests/interop/$1/server" "$data" "$work") >"$work/$1.pipe" 2>"$work/$1.log" &
    servers="$servers $!"
    addresses=
    read -r _ _ addresses <"$work/$1.pipe" || :
    if [ -z "$addresses" ]; then
        echo "The $(title "$1") server did not start:"
        cat "$work/$1.log"
        exit 1
    fi
}

stop_servers() {
    for server in $servers; do
        kill "$server" 2>/dev/null || :
    done
    wait
    servers=
}

work=$(mktemp -d)
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
