#!/usr/bin/env bash
# build-pgvector.sh POSTGRESQL FILE.deb: makes a Debian package of pgvector for PostgreSQL 15 (the number is the first argument), for
# Debian 12, which has none. The source is Debian 13's, from the mirror that this machine's own package lists come from.
#
# It is a package, not files below /usr/lib, so that apt can take it away again, and so that one from elsewhere replaces it.
# Needs no root. Works in a folder of its own and leaves nothing but FILE.deb.
set -euo pipefail
version=$1 out=$2
config=/usr/lib/postgresql/$version/bin/pg_config
name=postgresql-$version-pgvector

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Lists of its own, so that this machine's apt never hears of Debian 13.
# shellcheck disable=SC2016 # the names are apt's, not the shell's
mirror=$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' 'Component: main' --format '$(CODENAME) $(REPO_URI)' |
    awk '$1 == "bookworm" { print $2; exit }')
if [[ $mirror == "" ]]; then
    echo "apt knows no mirror of Debian 12; install pgvector 0.8 or newer for PostgreSQL $version yourself, as the package $name." >&2
    exit 1
fi
mkdir -p lists/partial cache/archives/partial
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >sources.list
apt() {
    apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists" \
        -o "Dir::Cache=$work/cache" -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)" "$@"
}
apt update
apt source pgvector
cd pgvector-*/

# What `make test` was told is not meant for this make.
unset MAKEFLAGS MFLAGS MAKELEVEL
# OPTFLAGS is -march=native otherwise: the package is kept, and may meet another processor.
options=("PG_CONFIG=$config" OPTFLAGS= with_llvm=no)
make -s "${options[@]}"
make -s "${options[@]}" install "DESTDIR=$work/root"

mkdir "$work/root/DEBIAN"
cat >"$work/root/DEBIAN/control" <<END
Package: $name
Version: $(dpkg-parsechangelog -S Version)~tripsage
Architecture: $(dpkg --print-architecture)
Maintainer: libtripsage <root@localhost>
Depends: postgresql-$version, libc6
Section: database
Priority: optional
Description: vector similarity search for PostgreSQL
 Debian's source package of pgvector, built for PostgreSQL $version by libtripsage's scripts/build-pgvector.sh.
END
mkdir -p "$(dirname "$out")"
dpkg-deb --build --root-owner-group "$work/root" "$work/package.deb" >/dev/null
mv "$work/package.deb" "$out"
