#!/usr/bin/env bash
# image.sh BUILD [--quick] OUTPUT.json: the image's figures: what a registry is sent (image_mib: its layers, compressed with gzip), how
# long it takes to be ready over a database that there is (ready_ms), and what it holds at rest (idle_rss_mib). Needs root, buildah and
# debootstrap, as tests/image/image_test.sh does.
source "$(dirname "$0")/../image/lib.sh"
archive=$image_cache/measured.tar
image_build --oci "$archive"
enter_own_world "$0" "$@"
build=$(realpath "$1")
shift
quick=""
if [[ ${1:-} == --quick ]]; then
    quick=--quick
    shift
fi
output=$(realpath "$1")

image_mount
if [[ ! -f $archive ]]; then
    buildah push --quiet "$image_tag" "oci-archive:$archive"
fi
layers=$work/layers
mkdir "$layers"
tar -xf "$archive" -C "$layers"
manifest=$layers/blobs/sha256/$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' "$layers/index.json")
bytes=$(jq '[.layers[].size] | add' "$manifest")
rm -rf "$layers" "$archive"
# shellcheck disable=SC2086 # a flag or nothing
"$build/bench/bench_start" $quick --command "$launch" --port 8080 "$work/start.json"
jq --argjson bytes "$bytes" '.figures = [{name: "image_mib", value: ($bytes / 1048576), unit: "MiB"}] + .figures' "$work/start.json" >"$output"
jq -r '.figures[] | "\(.name) \(.value) \(.unit)"' "$output"
