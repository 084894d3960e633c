#!/usr/bin/env bash
# stage.sh FOLDER: builds the programs in the first stage of docker/Dockerfile.api. FOLDER/root gets what belongs into the image,
# FOLDER/packages the names of the Debian packages that it needs there, one a line.
set -euo pipefail
stage=$1

export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=/root/.cache/ccache
cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr -DTRIPSAGE_BUILD_TESTS=OFF -DTRIPSAGE_BUILD_BENCH=OFF --log-level=WARNING
cmake --build build/release --target programs -j "$(nproc)"
DESTDIR=$PWD/build/installed cmake --install build/release --strip >/dev/null

# The server, the planner and their library; no headers, and no library for programs yet to be linked.
installed=build/installed/usr
library=$(dirname "$(find "$installed" -name 'libtripsage.so.*.*.*')")
mkdir -p "$stage/root/usr/bin" "$stage/root/usr/share/tripsage" "$stage/root${library#build/installed}"
cp -a "$library"/libtripsage.so.* "$stage/root${library#build/installed}/"
cp "$installed/bin/tripsage" "$installed/bin/tripsage-server" "$stage/root/usr/bin/"
cp LICENSE "$stage/root/usr/share/tripsage/"

# Each library that a program asks for, and the package it is from.
for file in "$stage"/root/usr/bin/* "$stage/root${library#build/installed}"/libtripsage.so.*.*.*; do
    LD_LIBRARY_PATH=$library ldd "$file" | awk '$3 ~ "^/" { print $3 }'
done | sort -u | grep -v libtripsage | while read -r path; do
    # The loader finds some through /lib, which dpkg knows as /usr/lib.
    dpkg-query -S "$path" 2>/dev/null || dpkg-query -S "/usr$path" 2>/dev/null || dpkg-query -S "$(realpath "$path")"
done | sed 's/:.*//' | sort -u >"$stage/packages"
# And what no library tells: certificates, time zones with their old names, and curl for health checks.
printf '%s\n' ca-certificates curl tzdata tzdata-legacy >>"$stage/packages"
