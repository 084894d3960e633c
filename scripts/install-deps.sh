#!/usr/bin/env bash
# install-deps.sh build|test|bench|image|lint|fuzz: installs the Debian packages that a purpose needs and this machine lacks.
#
# This is the one list of them; but for a few, the names are the same on Debian 12 and 13. When nothing is missing, apt is not started at
# all, so a second run works without a network. Installing needs root, or sudo; without either, the command to run is printed.
# No service is left running: what the tests need, they start themselves.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)

# shellcheck source=/dev/null
system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || true

# To build and run: the compilers (C++ for the header checks of CMake's consumers), what CMakeLists.txt looks for, and the
# time zones, which libc reads from files.
BUILD=(cmake ninja-build pkg-config gcc g++ libc6-dev
       libcivetweb-dev libcurl4-openssl-dev libcjson-dev libsqlite3-dev libpq-dev libhiredis-dev liblua5.1-0-dev libargon2-dev libcrypt-dev
       libqrencode-dev libssl-dev zlib1g-dev ca-certificates tzdata)

# Debian 13 moved the old names of time zones (Asia/Calcutta, which browsers still send) to a package of their own.
if [[ $system == "debian "1[3-9]* ]]; then
    BUILD+=(tzdata-legacy)
fi

# To test: the unit test library, the servers that tests start, libjwt as another reader and writer of tokens, and what the README's session uses. iproute2 brings up the loopback of
# the network namespace that session runs in; locales has the one with a decimal point of two bytes. protoc and promtool read what telemetry gives; the .proto files for
# it are a package of Debian 13's.
postgresql=17
[[ $system != "debian 12" ]] || postgresql=15
pgvector=postgresql-$postgresql-pgvector
TEST=(check libjwt-dev curl jq openssl iproute2 locales python3-yaml "postgresql-$postgresql" "$pgvector" pgbouncer redis-server
      protobuf-compiler prometheus)
if [[ $system == "debian "1[3-9]* ]]; then
    TEST+=(opentelemetry-proto)
fi
SERVICES=(pgbouncer redis-server prometheus) # of these packages, those that bring one of their name

# To measure: what the cache and vectors are compared with, and the text that vectors are made of. Without them those figures are left out.
BENCH=(libglib2.0-dev libhnswlib-dev libfaiss-dev libopenblas0-pthread liblapack-dev npm python3-venv wordnet-base librsvg2-bin)

# To build pgvector's package where Debian has none.
PGVECTOR=(make gcc libc6-dev dpkg-dev "postgresql-server-dev-$postgresql")

# To lint: one clang does it all; shellcheck reads the scripts.
LINT=(clang clang-format clang-tidy shellcheck)

# To build the image without an engine.
IMAGE=(buildah debootstrap)

# To fuzz: clang with its sanitizers, of which libFuzzer is one.
FUZZ=(clang libclang-rt-dev)

# Sanitizers come with gcc; clang is the second compiler of .ci/run and is in LINT.

purpose=${1:-build}
case $purpose in
build) packages=("${BUILD[@]}") ;;
test) packages=("${BUILD[@]}" "${TEST[@]}") ;;
bench) packages=("${BUILD[@]}" "${TEST[@]}" "${BENCH[@]}") ;;
image) packages=("${BUILD[@]}" "${TEST[@]}" "${IMAGE[@]}") ;;
lint) packages=("${BUILD[@]}" "${TEST[@]}" "${LINT[@]}") ;;
fuzz) packages=("${BUILD[@]}" "${TEST[@]}" "${FUZZ[@]}") ;;
*)
    echo "usage: install-deps.sh build|test|bench|image|lint|fuzz" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "Not a Debian machine: install the equivalents of these yourself if the build misses them:" >&2
    echo "  ${packages[*]}" >&2
    exit 0
fi

lacking() { # PACKAGE...: those that are not installed
    local package status
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        # Node.js from its makers brings npm, and Debian's package of that cannot be installed beside it.
        [[ $package == npm ]] && command -v npm >/dev/null && continue
        [[ $status == installed* ]] || echo "$package"
    done
}

mapfile -t missing < <(lacking "${packages[@]}")
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
        [[ " ${missing[*]} " != *" $pgvector "* ]] ||
            echo "Debian 12 has no $pgvector; $scripts/build-pgvector.sh makes it." >&2
        exit 1
    fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1
}

install() { # PACKAGE...
    if ! apt install --no-install-recommends "$@"; then
        cat "$log" >&2
        echo "Could not install $*." >&2
        exit 1
    fi
}

# New services neither start now nor at the next boot, and PostgreSQL's package makes no cluster of its own. Only what is new is held:
# a server that already runs here may have to be restarted by an update of its package.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
clusters=/etc/postgresql-common/createcluster.conf
mapfile -t fresh < <(lacking "${SERVICES[@]}")

write() { # FILE: as root, from standard input
    "${root[@]}" tee "$1" >/dev/null
}

hold_services() {
    if [[ ! -e $policy ]]; then
        policy_is_ours=yes
        # shellcheck disable=SC2016 # the variable is the policy's
        printf '#!/bin/sh\ncase " %s " in *" ${1%%.service} "*) exit 101 ;; esac\n' "${fresh[*]}" | write "$policy"
        "${root[@]}" chmod 755 "$policy"
    fi
    "${root[@]}" mkdir -p "${clusters%/*}"
    [[ ! -e $clusters || -e $clusters.kept ]] || "${root[@]}" cp -p "$clusters" "$clusters.kept"
    { cat "$clusters.kept" 2>/dev/null || true; echo "create_main_cluster = false"; } | write "$clusters"
}

release_services() {
    local service
    [[ $policy_is_ours == "" ]] || "${root[@]}" rm -f "$policy"
    if [[ -e $clusters.kept ]]; then
        "${root[@]}" mv "$clusters.kept" "$clusters"
    else # as the package would have put it there, had it found nothing
        "${root[@]}" cp "/usr/share/postgresql-common/${clusters##*/}" "$clusters" 2>/dev/null || "${root[@]}" rm -f "$clusters"
        "${root[@]}" rm -f "$clusters.ucf-dist"
    fi
    for service in "${fresh[@]}"; do
        "${root[@]}" update-rc.d "$service" disable || true # not there, when its package could not be installed
        "${root[@]}" invoke-rc.d --quiet "$service" stop || true
    done >>"$log" 2>&1
    rm -f "$log"
}

# A package of our own making, where there is no other. It is kept, so that it is made once.
install_pgvector() {
    local kept=${XDG_CACHE_HOME:-~/.cache}/tripsage
    kept+=/${pgvector}_$(dpkg --print-architecture).deb
    if [[ ! -f $kept ]]; then
        echo "Building $pgvector, which this Debian does not have"
        install "${PGVECTOR[@]}"
        if ! "$scripts/build-pgvector.sh" "$postgresql" "$kept" >>"$log" 2>&1; then
            cat "$log" >&2
            echo "Could not build $pgvector." >&2
            exit 1
        fi
    fi
    install "$kept"
}

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
SECONDS=0
if [[ $purpose != build && $(lacking "postgresql-$postgresql" "${SERVICES[@]}") != "" ]]; then
    trap release_services EXIT
    hold_services
fi
# Lists that cannot be refreshed may still do: only the installation decides.
apt update || echo "apt-get update failed; trying with the package lists that are here." >&2
last=()
if [[ " ${missing[*]} " == *" $pgvector "* && $(apt-cache policy "$pgvector") != *"Candidate: "[0-9]* ]]; then
    mapfile -t missing < <(lacking "${packages[@]}" | grep -vx "$pgvector")
    last=(install_pgvector)
fi
((${#missing[@]} == 0)) || install "${missing[@]}"
"${last[@]}"
echo "Installed in ${SECONDS} s."
