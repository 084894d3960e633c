# shellcheck shell=bash
# lib.sh: the built image as a container without an engine: what it says of itself, and its root file system mounted as it runs in
# production: read-only but for /tmp and /data, in a network of its own. Sourced by image_test.sh and tests/bench/image.sh, as root.
#
# image_build and then enter_own_world "$0" "$@" have to come first: the second starts the script again in namespaces of its own, where no
# mirror of packages is reached.
set -euo pipefail
image_tag=${IMAGE:-tripsage-api}
image_cache=${TRIPSAGE_IMAGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tripsage/image}

fail() {
    echo "$*" >&2
    exit 1
}

# ARGUMENT...: further ones of docker/build-image.sh. TRIPSAGE_IMAGE_BUILT=yes takes the one that was built last.
image_build() {
    [[ ${TRIPSAGE_OWN_WORLD:-}${TRIPSAGE_IMAGE_BUILT:-} == "" ]] || return 0
    mkdir -p "$image_cache"
    "$(dirname "${BASH_SOURCE[0]}")/../../docker/build-image.sh" --tag "$image_tag" "$@" >"$image_cache/build.log" 2>&1 || {
        tail -n 20 "$image_cache/build.log" >&2
        fail "the image cannot be built ($image_cache/build.log)"
    }
}

# Mounts and ports are this script's alone, and are gone with it.
enter_own_world() {
    if [[ ${TRIPSAGE_OWN_WORLD:-} == "" ]]; then
        ((EUID == 0)) || fail "has to be run as root: it mounts file systems"
        TRIPSAGE_OWN_WORLD=yes exec unshare --mount --net --propagation private bash "$@"
    fi
    ip link set lo up
}

buildah() {
    STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot TMPDIR=$image_cache \
        command buildah --root "$image_cache/storage" --runroot "$image_cache/run" --storage-driver vfs "$@"
}

image_config() { # JQ_FILTER
    buildah inspect --type image "$image_tag" | jq -r ".Docker.config | $1"
}

# Sets `root`, what the container sees as /, and `work`. `launch` is a program that becomes its entry point, with what the image says: its
# user, its environment, and in addition no capability and no way to any.
image_mount() {
    local container
    work=$(mktemp -d)
    root=$work/root
    mkdir "$root"
    container=$(buildah from --pull-never "$image_tag")
    # shellcheck disable=SC2064 # this container
    trap "image_unmount '$container'" EXIT
    mount --bind "$(buildah mount "$container")" "$root"
    mount -o remount,bind,ro "$root"
    mount -t tmpfs -o size=64m,mode=1777 tmp "$root/tmp"
    mount -t tmpfs -o size=1g,mode=700,uid=10001,gid=10001 data "$root/data"
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"

    mapfile -t environment < <(image_config '.Env[]')
    mapfile -t entry < <(image_config '(.Entrypoint + .Cmd)[]')
    IFS=: read -r user group < <(image_config .User)
    {
        echo '#!/bin/bash'
        printf 'exec env -i'
        printf ' %q' "${environment[@]}"
        # shellcheck disable=SC2016 # of the launcher: words, as `docker run -e` would give them
        printf ' ${CONTAINER_ENVIRONMENT:-} chroot %q setpriv --reuid %q --regid %q --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all' \
            "$root" "$user" "$group"
        printf ' "$@"\n'
    } >"$work/inside"
    {
        echo '#!/bin/bash'
        printf 'exec %q' "$work/inside"
        printf ' %q' "${entry[@]}"
        echo
    } >"$work/launch"
    chmod +x "$work/inside" "$work/launch"
    # shellcheck disable=SC2034 # for who sources this
    launch=$work/launch
}

image_unmount() { # CONTAINER
    umount -R "$root" 2>/dev/null || umount -R -l "$root" || true
    buildah rm "$1" >/dev/null 2>&1 || true
    rm -rf --one-file-system "$work"
}
