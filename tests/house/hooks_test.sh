#!/usr/bin/env bash
# With clock, chance and allocator in a program's hands, two runs print the same, ids included, and every block comes back.
source "$(dirname "$0")/lib.sh"
hooks=$2

"$hooks" >"$work/first"
"$hooks" >"$work/second"
diff -u "$work/first" "$work/second" >&2 || fail "two runs with the same clock and chance differ"
grep -q "^trip [0-9a-f-]*-7[0-9a-f-]* made at 2026-01-02T03:04:05.000Z$" "$work/first" || fail "$(cat "$work/first")"
grep -q "^log: " "$work/first" || fail "nothing was logged: $(cat "$work/first")"
grep -qx "allocator used: yes, blocks still out: 0" "$work/first" || fail "$(cat "$work/first")"
