#!/usr/bin/env bash
# Every room has its page in docs/, and what the documents link to, and the files a room's page names, exist.
source "$(dirname "$0")/lib.sh"
source_dir=$1

missing() { # TREE: what is not there, one a line
    local room page name
    cd "$1"
    for room in libtripsage/*/; do
        room=$(basename "$room")
        [[ -f docs/$room.md ]] || echo "docs/$room.md"
    done
    for page in README.md CONTRIBUTING.md docs/*.md; do
        [[ -f $page ]] || continue
        { grep -oE '\]\([^):#]+\)' "$page" || true; } | tr -d ']()' | while read -r name; do
            [[ -e $(dirname "$page")/$name ]] || echo "$page: $name"
        done
    done
    for room in libtripsage/*/; do
        room=$(basename "$room")
        [[ -f docs/$room.md ]] || continue
        # shellcheck disable=SC2016 # the backticks are Markdown's
        { grep -oE '`[a-z0-9_/]+(\.[ch]|\.txt|/)`' "docs/$room.md" || true; } | tr -d '`' | while read -r name; do
            [[ -e $name || -e libtripsage/$name || -e libtripsage/$room/$name || -e include/$name || $name == openssl/ ||
                $name =~ ^(sqlite3|argon2|crypt|qrencode)\.h$ ]] || echo "docs/$room.md: $name"
        done
    done
}

mkdir -p "$work/tree/libtripsage"/{one,two} "$work/tree/docs"
# shellcheck disable=SC2016
echo 'See `gone.c` and [this](nowhere.md).' >"$work/tree/docs/one.md"
found=$(missing "$work/tree")
[[ $found == $'docs/two.md\ndocs/one.md: nowhere.md\ndocs/one.md: gone.c' ]] || fail "self-check: found only $found"

found=$(missing "$source_dir")
[[ -z $found ]] || fail "not there: $found"
