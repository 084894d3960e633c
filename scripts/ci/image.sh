#!/usr/bin/env bash
# image.sh [NAME]: builds the image (tripsage-api), with the layers of the last build where Docker's buildx keeps them between runs
# (BUILD_CACHE, as "type=gha" in a workflow), and shows its size.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=${1:-tripsage-api}
if [[ -n ${BUILD_CACHE:-} ]] && docker buildx version >/dev/null 2>&1; then
    docker buildx build --load --file docker/Dockerfile.api --tag "$name" --cache-from "$BUILD_CACHE" --cache-to "$BUILD_CACHE,mode=max" \
        --build-arg "VERSION=${VERSION:-$(sed -n 's/^project(tripsage VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)}" \
        --build-arg "REVISION=$(git rev-parse HEAD)" --build-arg "CREATED=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)" .
else
    docker/build-image.sh --tag "$name"
fi
