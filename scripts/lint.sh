#!/usr/bin/env bash
# lint.sh BUILD_DIR: formatting, clang-tidy, shell scripts, walls. BUILD_DIR needs to be configured only (for its compile_commands.json).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
jobs=$(nproc)

# Versions differ in how they lay out an initialiser in a macro; Debian 12's decides.
if [[ $(clang-format --version) == *" 14."* ]]; then
    echo "clang-format"
    # Not schemas.c, which is one table of JSON that clang-format is told to leave alone: reading over it takes it a minute and 20 GB.
    find include libtripsage tripsage-server examples tests -name '*.[ch]' ! -name schemas.c -print0 |
        xargs -0 clang-format --dry-run -Werror
else
    echo "clang-format: skipped, this is not version 14"
fi

echo "shellcheck"
find scripts tests docker .ci -type f \( -name '*.sh' -o -path .ci/run \) -print0 | xargs -0 shellcheck

echo "walls"
bash tests/house/walls_test.sh "$PWD"

echo "clang-tidy"
find libtripsage tripsage-server examples -name '*.c' -print0 |
    xargs -0 -r -n 4 -P "$jobs" clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null
