#!/usr/bin/env bash
# Every public header compiles alone, as C99, C11 and C++17, twice in one file, with no warning, with every compiler here. So do the
# initialisers, which only warn where they are used.
source "$(dirname "$0")/lib.sh"
source_dir=$1
shift # the compilers: pairs of a C and a C++ compiler
strict=(-pedantic -Werror -Wall -Wextra -Wshadow -Wconversion -fsyntax-only)

compiled=0
compile() { # COMPILER STANDARD LANGUAGE FILE
    "$1" "-std=$2" "${strict[@]}" -I "$source_dir/include" -x "$3" "$4" || fail "$4 does not compile with $1 -std=$2"
    compiled=$((compiled + 1))
}

each_language() { # FILE
    compile "$cc" c99 c "$1"
    compile "$cc" c11 c "$1"
    compile "$cxx" c++17 c++ "$1"
}

# Every TRIPSAGE_x_INIT with the type it is for.
initialisers=$work/initialisers.c
{
    echo '#include <tripsage/tripsage.h>'
    cat "$source_dir"/include/tripsage/*.h | sed -n 's/^#define TRIPSAGE_\([A-Z_]*\)_INIT\b.*/\1/p' | while read -r name; do
        lower=${name,,}
        echo "tripsage_$lower make_$lower(void);"
        echo "tripsage_$lower make_$lower(void) { tripsage_$lower made = TRIPSAGE_${name}_INIT; return made; }"
    done
    echo 'const char *json(void);'
    echo 'const char *json(void) { return TRIPSAGE_JSON({"a": [1, 2]}); }'
} >"$initialisers"
grep -q make_options "$initialisers"

# Every name of ours that a comment mentions exists, and every function stands below a comment, its own or its group's.
names() {
    grep -oE '(^|[^"A-Za-z0-9_])(TRIPSAGE|tripsage)_[A-Za-z0-9_]+' | grep -oE '(TRIPSAGE|tripsage)_.*' | LC_ALL=C sort -u
}
only_in_comments() { # HEADER...
    cat "$@" | awk 'BEGIN { RS = "[*]/" } { sub("/[*].*", "") } 1' | sed 's/XX(\([A-Z]*\),.*/TRIPSAGE_\1/' | names >"$work/known"
    cat "$@" | names | LC_ALL=C comm -23 - "$work/known"
}
uncommented() { # HEADER...
    awk '/^TRIPSAGE_API/ && before == "" { print FILENAME ": " $0 } { before = $0 }' "$@"
}
printf '/* TRIPSAGE_NOT_THERE, tripsage_there */\nvoid tripsage_there(void);\n\nTRIPSAGE_API void tripsage_bare(void);\n' >"$work/planted.h"
[[ $(only_in_comments "$work/planted.h") == TRIPSAGE_NOT_THERE ]] || fail "self-check: a name that does not exist was let through"
[[ $(uncommented "$work/planted.h") == *tripsage_bare* ]] || fail "self-check: a function without a comment was let through"
found=$(only_in_comments "$source_dir"/include/tripsage/*.h)
[[ -z $found ]] || fail "named in comments of the headers, but not there: $found"
found=$(uncommented "$source_dir"/include/tripsage/*.h)
[[ -z $found ]] || fail "without a comment: $found"

# The test can fail: a header that leans on another is caught.
echo 'size_t tripsage_needs_stddef(void);' >"$work/needy.c"
cc=$1
! "$cc" -std=c99 "${strict[@]}" -x c "$work/needy.c" 2>/dev/null || fail "self-check: a header without its include was let through"

while (($# >= 2)); do
    cc=$1 cxx=$2
    shift 2
    for header in "$source_dir"/include/tripsage/*.h; do
        name=$(basename "$header")
        printf '#include <tripsage/%s>\n#include <tripsage/%s>\ntypedef int not_empty;\n' "$name" "$name" >"$work/alone_$name.c"
        each_language "$work/alone_$name.c"
    done
    each_language "$initialisers"
done
echo "$compiled compilations without a warning"
