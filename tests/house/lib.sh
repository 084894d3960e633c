# shellcheck shell=bash
# lib.sh: what the house tests in shell share. Sourced first; gives a work folder that is removed at the end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

# expect TEXT COMMAND...: the command succeeds and prints exactly TEXT; ids and instants in what it prints count as <id> and <instant>.
expect() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/out" 2>&1 || code=$?
    ((code == 0)) || fail "exit code $code from: $* : $(cat "$work/out")"
    sed -E -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/<id>/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/<instant>/g' -e 's/ +$//' "$work/out" >"$work/found"
    printf '%s\n' "$wanted" | diff -u --label wanted --label found - "$work/found" >&2 || fail "unexpected output from: $*"
}

# expect_code CODE COMMAND...: the command ends with this code; what it said is left in $work/out.
expect_code() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/out" 2>&1 || code=$?
    ((code == wanted)) || fail "exit code $code and not $wanted from: $* : $(cat "$work/out")"
}

# The first fenced block of the README whose opening line ends with the given label.
readme_block() { # README LABEL
    awk -v label="$2" '$0 ~ "^```.* " label "$" { on = 1; next } on && /^```$/ { exit } on' "$1"
}
