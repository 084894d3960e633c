#!/usr/bin/env bash
# What `cmake --install` puts into a prefix is a library strangers can use: the README's program builds against it through pkg-config and
# through find_package, shared and static, as C and as C++17, and runs. The prefix is a staged one (DESTDIR) that was moved afterwards.
source "$(dirname "$0")/lib.sh"
source_dir=$1 build_dir=$2 cc=$3 cxx=$4 expected=$5
program=$source_dir/examples/readme.c

DESTDIR=$work/stage cmake --install "$build_dir" --prefix /opt/tripsage >/dev/null
prefix=$work/moved/here
mkdir -p "$work/moved"
mv "$work/stage/opt/tripsage" "$prefix"
[[ -z $(find "$work/stage" -type f) ]] || fail "DESTDIR is not honoured: $(find "$work/stage" -type f)"

library=$(find "$prefix" -name 'libtripsage.so.*.*.*')
libdir=$(dirname "$library")
[[ $(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p') =~ ^libtripsage\.so\.[0-9]+$ ]] || fail "no SONAME"
for file in "$prefix"/include/tripsage/{tripsage,export}.h "$libdir"/libtripsage.{a,so} "$libdir/pkgconfig/tripsage.pc" \
    "$libdir/cmake/tripsage/tripsageConfigVersion.cmake" "$prefix/bin/tripsage" "$prefix/bin/tripsage-server"; do
    [[ -e $file ]] || fail "not installed: $file"
done
# A sanitizer's build keeps its paths on purpose, for its reports. (The symbols go through a file: a grep -q that has found its line ends the
# pipe, and nm with an error.)
nm -D "$library" >"$work/symbols"
if ! grep -qE '__(asan|tsan)_init' "$work/symbols" && grep -rlF -e "$build_dir" -e "$source_dir" "$prefix" >"$work/leaks"; then
    fail "holds the path it was built in: $(cat "$work/leaks")"
fi
"$prefix/bin/tripsage" --help >/dev/null || fail "the installed planner does not find its library"

runs=0
runs_as() { # PROGRAM shared|static
    local needed answer
    needed=$(readelf -d "$1" | grep -c 'NEEDED.*libtripsage' || true)
    [[ $2 == shared && $needed == 1 || $2 == static && $needed == 0 ]] || fail "$1 is not linked as $2"
    answer=$(LD_LIBRARY_PATH=$libdir "$1")
    [[ $answer == "$expected" ]] || fail "$1 says '$answer'"
    runs=$((runs + 1))
}

# EXTRA_FLAGS: what the library of a sanitizer build asks of its consumers.
read -ra extra <<<"${EXTRA_FLAGS:-}"

# Through pkg-config. --static takes effect where there is no shared library, so that one is put away.
export PKG_CONFIG_PATH=$libdir/pkgconfig
[[ $(pkg-config --modversion tripsage) =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "no version in tripsage.pc"
through_pkg_config() { # shared|static
    local options=(--cflags --libs) flags=()
    [[ $1 == shared ]] || options+=(--static)
    read -ra flags <<<"$(pkg-config "${options[@]}" tripsage)"
    "$cc" -std=c99 -Wall -Wextra -Werror -o "$work/pc_$1_c" "$program" "${extra[@]}" "${flags[@]}"
    "$cxx" -std=c++17 -Wall -Wextra -Werror -o "$work/pc_$1_cpp" -x c++ "$program" -x none "${extra[@]}" "${flags[@]}"
    runs_as "$work/pc_$1_c" "$1"
    runs_as "$work/pc_$1_cpp" "$1"
}
through_pkg_config shared
mkdir "$work/away"
mv "$libdir"/libtripsage.so* "$work/away"
through_pkg_config static
mv "$work/away"/* "$libdir"

# Through find_package.
through_find_package() {
    cmake -S "$source_dir/tests/house/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DPROGRAM="$program" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="${EXTRA_FLAGS:-}" \
        -DCMAKE_CXX_FLAGS="${EXTRA_FLAGS:-}" -DCMAKE_BUILD_TYPE=Release && cmake --build "$work/consumer"
}
if ! through_find_package >"$work/consumer.log" 2>&1; then
    cat "$work/consumer.log" >&2
    fail "find_package(tripsage) does not build"
fi
for language in c cpp; do
    runs_as "$work/consumer/tripsage_$language" shared
    runs_as "$work/consumer/static_$language" static
done
echo "$runs builds of the README's program run"
