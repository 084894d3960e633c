#!/bin/sh
# finish.sh PACKAGES: installs the packages that the file names, in the second stage of docker/Dockerfile.api, makes the folder of the
# data, and leaves nothing behind that only installing needs.
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2046 # words, one for each package
apt-get install -y -qq --no-install-recommends $(cat "$1") >/dev/null
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
find /usr/share/doc -mindepth 2 ! -name copyright ! -type d -delete
find /usr/share/doc -mindepth 1 -type d -empty -delete
rm -rf /usr/share/man/* /usr/share/info/* /usr/share/locale/* /usr/share/lintian

install -d -m 700 -o 10001 -g 10001 /data
install -D -m 755 /tmp/docker/sbom.sh /usr/share/tripsage/sbom.sh
rm -rf /tmp/docker
