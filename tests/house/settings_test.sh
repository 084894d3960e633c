#!/usr/bin/env bash
# The README's table of settings lists the variables and the options that the server's help lists, with the same defaults.
source "$(dirname "$0")/lib.sh"
source_dir=$1 server=$2
export LC_ALL=C

"$server" serve --help | grep -oE '^ +(--[a-z-]+|[A-Z_]+)' | tr -d ' ' | sort >"$work/help"
# shellcheck disable=SC2016 # the backticks are Markdown's
sed -n '/^## Settings/,/^## /p' "$source_dir/README.md" | sed -n 's/^| `\([A-Z_]*\)` | \(`\(--[a-z-]*\)`\)\?.*/\1 \3/p' | tr ' ' '\n' |
    sed '/^$/d' | sort >"$work/readme"
grep -qx PORT "$work/help" || fail "the help lists no settings"
same() {
    diff -u --label "the README" --label "tripsage-server --help" "$work/readme" "$work/help" >&2 || fail "the README's $1 are not the server's"
}
same settings

"$server" serve --help | sed -nE 's/^  ([A-Z_]+) .*\(([^()]*)\)$/\1: \2/p' | sort >"$work/help"
# shellcheck disable=SC2016 # the backticks are Markdown's
sed -n '/^## Settings/,/^## /p' "$source_dir/README.md" | sed -nE 's/^\| `([A-Z_]+)` \|[^|]*\| ([^|]+) \|.*/\1: \2/p' | tr -d '`' | sort >"$work/readme"
grep -qx "PORT: 8080" "$work/help" || fail "the help lists no defaults"
same defaults
