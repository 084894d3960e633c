#!/usr/bin/env bash
# test.sh gcc|clang [CTEST_ARGUMENT...]: runs the tests of what build.sh built.
set -euo pipefail
cd "$(dirname "$0")/../.."
[[ -f build/ci-${1:-}/build.ninja ]] || {
    echo "test.sh: build/ci-${1:-} is not built; scripts/ci/build.sh ${1:-gcc} does that" >&2
    exit 64
}
# One more than there are processors: some tests wait for time to go by.
ctest --test-dir "build/ci-$1" --output-on-failure --no-tests=error -j "$(($(nproc) + 1))" "${@:2}"
