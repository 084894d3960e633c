#!/usr/bin/env bash
# The shared library exports what libtripsage/exports.txt lists, which is what the public headers declare with TRIPSAGE_API:
# nothing more, nothing less. A new public function is added to the list by hand; that is the moment to think about it.
source "$(dirname "$0")/lib.sh"
source_dir=$1 library=$2
export LC_ALL=C

# The first name before a parenthesis in each declaration marked TRIPSAGE_API, comments taken out.
declared_in() {
    cat "$@" | awk '{ gsub(/\/\*[^*]*\*\//, ""); sub(/^[ \t]*#.*/, "") } 1' | sed 's:/\*.*::' |
        awk 'BEGIN { RS = ";" } /TRIPSAGE_API/ {
            sub(/.*TRIPSAGE_API/, "")
            if (match($0, /tripsage_[a-z0-9_]+[ \t\n]*\(/)) {
                name = substr($0, RSTART, RLENGTH)
                gsub(/[ \t\n(]/, "", name)
                print name
            }
        }' | sort
}

printf 'TRIPSAGE_API tripsage_status\n  tripsage_a(int x); /* tripsage_no(1); */\nint tripsage_b(int);\n' >"$work/planted.h"
[[ $(declared_in "$work/planted.h") == tripsage_a ]] ||
    fail "self-check: found $(declared_in "$work/planted.h") in a header that declares tripsage_a"

declared_in "$source_dir"/include/tripsage/*.h >"$work/declared"
nm -D --defined-only "$library" | awk '$2 ~ /^[A-Z]$/ { sub(/@.*/, "", $3); print $3 }' | sort >"$work/exported"
listed=$source_dir/libtripsage/exports.txt
sort -c -u "$listed"

same() {
    diff -u --label "$2" --label "$4" "$1" "$3" >&2 || fail "$2 and $4 differ"
}
same "$listed" libtripsage/exports.txt "$work/declared" "what the headers declare"
same "$listed" libtripsage/exports.txt "$work/exported" "what the library exports"
echo "$(wc -l <"$listed") functions, in the list, the headers and the library alike"
