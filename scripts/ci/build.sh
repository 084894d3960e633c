#!/usr/bin/env bash
# build.sh gcc|clang: builds everything with this compiler, warnings being errors, into build/ci-gcc or build/ci-clang.
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-} in
gcc) cc=gcc cxx=g++ ;;
clang) cc=clang cxx=clang++ ;;
*)
    sed -n '2s/^# //p' "$0" >&2
    exit 64
    ;;
esac
export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-$(command -v ccache)}
cmake -S . -B "build/ci-$1" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRIPSAGE_WERROR=ON \
    -DTRIPSAGE_BUILD_TESTS=ON -DTRIPSAGE_BUILD_BENCH=OFF -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx"
cmake --build "build/ci-$1" -j "$(nproc)"
