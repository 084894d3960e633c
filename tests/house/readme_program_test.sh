#!/usr/bin/env bash
# The C program in the README is examples/readme.c, and that one runs and prints what the README says.
source "$(dirname "$0")/lib.sh"
source_dir=$1 program=$2 expected=$3

readme_block "$source_dir/README.md" readme.c >"$work/in_readme"
sed '1d' "$source_dir/examples/readme.c" >"$work/in_examples" # without the comment that says what it is
[[ -s $work/in_readme ]] || fail "the README has no block labelled readme.c"
diff -u --label README.md --label examples/readme.c "$work/in_readme" "$work/in_examples" >&2 || fail "the two programs differ"

expect "$expected" "$program"
grep -qF "prints \`$expected\`" "$source_dir/README.md" || fail "the README does not say that the program prints '$expected'"
