#!/usr/bin/env bash
# packages.sh build|test|bench|lint|fuzz: what a fresh Debian container lacks, for the steps beside this one. Debian's own packages only.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends make ca-certificates git ccache >/dev/null
git config --global --add safe.directory "$PWD" # the checkout is somebody else's
scripts/install-deps.sh "${1:-test}"
