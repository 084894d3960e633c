#!/usr/bin/env bash
# A build is the same wherever the tree lies and wherever it is built: objects of a copy of the tree, one of them of a generated source, built in
# a folder outside it, have the bytes of those built inside the tree, and none of them holds a path of this machine.
source "$(dirname "$0")/lib.sh"
source_dir=$1 cc=$2 cxx=$3
objects=(CMakeFiles/room_cache.dir/libtripsage/cache/cache.c.o CMakeFiles/room_store.dir/generated/migrations_sqlite.c.o)

build() { # TREE BUILD_DIR
    mkdir -p "$1"
    cp -r "$source_dir"/{CMakeLists.txt,LICENSE,CHANGELOG.md,cmake,include,libtripsage,migrations} "$1"
    if ! { cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
        -DTRIPSAGE_BUILD_SERVER=OFF -DTRIPSAGE_BUILD_EXAMPLES=OFF -DTRIPSAGE_BUILD_TESTS=OFF >"$work/log" 2>&1 &&
        cmake --build "$2" --target "${objects[@]}" >>"$work/log" 2>&1; }; then
        fail "$(cat "$work/log")"
    fi
}
build "$work/one" "$work/one/build/release"
build "$work/two/deeper" "$work/elsewhere"
for object in "${objects[@]}"; do
    cmp "$work/one/build/release/$object" "$work/elsewhere/$object" || fail "$object depends on the folder it was built in"
    ! grep -qF "$work" "$work/elsewhere/$object" || fail "$object holds a path of this machine"
done
