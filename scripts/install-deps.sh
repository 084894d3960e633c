#!/usr/bin/env bash
# install-deps.sh build|test|lint: installs the Debian packages that a purpose needs and this machine lacks.
#
# This is the one list of them; but for one, the names are the same on Debian 12 and 13. When nothing is missing, apt is not started at
# all, so a second run works without a network. Installing needs root, or sudo; without either, the command to run is printed.
set -euo pipefail

# To build and run: the compilers (C++ for the header checks of CMake's consumers), what CMakeLists.txt looks for, and the
# time zones, which libc reads from files.
BUILD=(cmake ninja-build pkg-config gcc g++ libc6-dev
       libcivetweb-dev libjwt-dev libcjson-dev libsqlite3-dev libargon2-dev libssl-dev
       ca-certificates tzdata)

# Debian 13 moved the old names of time zones (Asia/Calcutta, which browsers still send) to a package of their own.
# shellcheck source=/dev/null
if [[ $(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") == "debian "1[3-9]* ]]; then
    BUILD+=(tzdata-legacy)
fi

# To test: the unit test library, and what the README's session uses. iproute2 brings up the loopback of the network
# namespace that session runs in; locales has the one with a decimal point of two bytes.
TEST=(check curl jq iproute2 locales)

# To lint: one clang does it all; shellcheck reads the scripts.
LINT=(clang clang-format clang-tidy shellcheck)

# Sanitizers come with gcc; clang is the second compiler of .ci/run and is in LINT.

purpose=${1:-build}
case $purpose in
build) packages=("${BUILD[@]}") ;;
test) packages=("${BUILD[@]}" "${TEST[@]}") ;;
lint) packages=("${BUILD[@]}" "${TEST[@]}" "${LINT[@]}") ;;
*)
    echo "usage: install-deps.sh build|test|lint" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "Not a Debian machine: install the equivalents of these yourself if the build misses them:" >&2
    echo "  ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
    exit 0
fi

root=()
if ((EUID != 0)); then
    # Ask for a password only where somebody can type it.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        root=(sudo)
    else
        echo "These Debian packages are missing, and this user can neither be root nor use sudo. Run this as root, then again:" >&2
        echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1
}

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
SECONDS=0
# Lists that cannot be refreshed may still do: only the installation decides.
apt update || echo "apt-get update failed; trying with the package lists that are here." >&2
if ! apt install --no-install-recommends "${missing[@]}"; then
    cat "$log" >&2
    echo "Could not install the packages above." >&2
    exit 1
fi
echo "Installed in ${SECONDS} s."
