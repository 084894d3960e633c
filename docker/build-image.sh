#!/usr/bin/env bash
# build-image.sh [--tag NAME] [--oci FILE.tar] [--base-only]: builds the image of docker/Dockerfile.api with whatever this machine has.
#
# Where Docker or Podman answers, it builds. Where there is only buildah, without the rights or the network of an engine (in another
# container, or where no registry can be reached), the base is made here: Debian 13 by debootstrap, with what debian:13-slim leaves
# out left out. The base, what compiling needs and the compiler's cache are kept in ~/.cache/tripsage/image (TRIPSAGE_IMAGE_CACHE), some
# 3 GiB, so that the next build takes as long as what changed.
#
#   --tag NAME   the image's name (tripsage-api)
#   --oci FILE   writes it as an OCI archive, too: what a registry would be sent
#   --base-only  makes the base and goes no further
#
# Of the environment: BUILDER (docker, podman or buildah; default: the first that answers), BASE (the image to build on), VERSION,
# REVISION, CREATED.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
tag=tripsage-api oci="" base_only=""
cache=${TRIPSAGE_IMAGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tripsage/image}

usage() {
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p;}' "$0"
    exit "$1"
}
while (($#)); do
    case $1 in
    --tag) tag=${2:?--tag needs a name} && shift ;;
    --oci) oci=${2:?--oci needs a file} && shift ;;
    --base-only) base_only=yes ;;
    -h | --help) usage 0 ;;
    *) usage 64 >&2 ;;
    esac
    shift
done

say() {
    echo "==> $*" >&2
}

version=${VERSION:-$(sed -n 's/^project(tripsage VERSION \([0-9.]*\).*/\1/p' "$source_dir/CMakeLists.txt")}
revision=${REVISION:-$(git -C "$source_dir" rev-parse HEAD 2>/dev/null || echo unknown)}
# The instant of the commit, so that the same source gives the same labels.
commit_time=$(git -C "$source_dir" log -1 --format=%ct 2>/dev/null || date +%s)
created=${CREATED:-$(date -u -d "@$commit_time" +%Y-%m-%dT%H:%M:%SZ)}
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created"
    --file "$source_dir/docker/Dockerfile.api" --tag "$tag")

builder=${BUILDER:-}
for candidate in docker podman buildah; do
    [[ -z $builder ]] || break
    case $candidate in
    buildah) command -v buildah >/dev/null && builder=buildah ;;
    *) "$candidate" info >/dev/null 2>&1 && builder=$candidate ;;
    esac || true
done
[[ -n $builder ]] || {
    echo "build-image.sh: none of docker, podman and buildah is to be had: apt-get install buildah debootstrap" >&2
    exit 69
}

if [[ $builder != buildah ]]; then
    [[ -z $base_only ]] || exit 0
    [[ -z ${BASE:-} ]] || arguments+=(--build-arg "BASE=$BASE" --build-arg "BUILD_BASE=$BASE")
    "$builder" build "${arguments[@]}" "$source_dir"
    [[ -z $oci ]] || "$builder" save --output "$oci" "$tag"
    exit 0
fi

# ---- buildah, which needs neither a daemon nor, with these options, any right but root's own ----

mkdir -p "$cache"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs TMPDIR=$cache
buildah=(buildah --root "$cache/storage" --runroot "$cache/run" --storage-driver vfs)

# What debian:13-slim leaves out, and caches. The lists come back with the first apt-get update.
slim() { # ROOT
    find "$1/usr/share/doc" -mindepth 2 ! -name copyright ! -type d -delete
    find "$1/usr/share/doc" -mindepth 1 -type d -empty -delete
    rm -rf "$1"/usr/share/{man,info,locale,groff,lintian,linda}/* "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* \
        "$1"/var/cache/apt/*.bin "$1"/var/log/{apt,dpkg.log,alternatives.log,bootstrap.log} "$1"/etc/{machine-id,resolv.conf,hostname}
    cat >"$1/etc/dpkg/dpkg.cfg.d/docker" <<'END'
# As in Debian's own slim images: documents are not unpacked, but for what licences ask.
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/lintian/*
END
    printf 'APT::Install-Recommends "0";\nAcquire::Languages "none";\nAPT::Sandbox::User "root";\n' >"$1/etc/apt/apt.conf.d/docker"
}

# In a folder of its own until it is whole. debootstrap leaves /proc mounted in it when it is interrupted.
make_base() {
    local root=$cache/base.part suite=trixie sites mirror
    if mountpoint -q "$root/proc" 2>/dev/null; then
        umount -R "$root/proc"
    fi
    rm -rf --one-file-system "$root"
    # From where this machine has its own packages.
    # shellcheck disable=SC2016 # the variable is apt's
    sites=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | sort -u || true)
    mirror=$(grep -m 1 -E '/debian/?$' <<<"$sites" || true)
    say "makes the base: Debian 13 by debootstrap (two minutes, once)"
    debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$cache/base.log" 2>&1 || {
        tail -n 5 "$cache/base.log" >&2
        echo "build-image.sh: debootstrap failed; $cache/base.log says how" >&2
        exit 1
    }
    if mountpoint -q "$root/proc"; then
        umount -R "$root/proc"
    fi
    # What was corrected since the release, security above all, comes in with the packages that are installed on it.
    if [[ -n $mirror ]]; then
        printf 'deb %s %s-updates main\n' "$mirror" "$suite" >>"$root/etc/apt/sources.list"
        grep -m 1 -E '/debian-security/?$' <<<"$sites" | sed "s|.*|deb & $suite-security main|" >>"$root/etc/apt/sources.list" || true
    fi
    slim "$root"
    tar --numeric-owner --sort=name -C "$root" -cf "$cache/base.tar.part" .
    mv "$cache/base.tar.part" "$cache/base.tar"
    rm -rf --one-file-system "$root"
}

base=${BASE:-localhost/tripsage-debian:13}
if [[ -z ${BASE:-} ]]; then
    [[ -f $cache/base.tar ]] || make_base
    if ! "${buildah[@]}" inspect --type image "$base" >/dev/null 2>&1; then
        container=$("${buildah[@]}" from scratch)
        "${buildah[@]}" add --quiet "$container" "$cache/base.tar" / >/dev/null
        "${buildah[@]}" config --cmd bash "$container"
        "${buildah[@]}" commit --quiet --rm "$container" "$base" >/dev/null
    fi
fi
[[ -z $base_only ]] || exit 0

# Layers are whole copies with this storage driver, so none are kept but one: the base with the packages that compiling needs.
needs=localhost/tripsage-builder:$({ cat "$source_dir/scripts/install-deps.sh" && echo "$base"; } | sha256sum | cut -c1-12)
if ! "${buildah[@]}" inspect --type image "$needs" >/dev/null 2>&1; then
    say "installs what compiling needs (once)"
    "${buildah[@]}" images --quiet --filter reference=localhost/tripsage-builder | xargs -r "${buildah[@]}" rmi --force >/dev/null
    container=$("${buildah[@]}" from --pull-never "$base")
    "${buildah[@]}" copy --quiet "$container" "$source_dir/scripts/install-deps.sh" "$source_dir/scripts/build-pgvector.sh" /tmp/scripts/ >/dev/null
    "${buildah[@]}" run "$container" -- sh -c '/tmp/scripts/install-deps.sh build && apt-get install -y -qq ccache >/dev/null && rm -rf /tmp/scripts'
    "${buildah[@]}" commit --quiet --rm "$container" "$needs" >/dev/null
fi

say "builds $tag on $base"
before=$("${buildah[@]}" images --quiet "$tag" 2>/dev/null || true)
# The format is Docker's, since OCI's has no health check.
"${buildah[@]}" build --format docker --layers=false --force-rm --pull=never --build-arg "BASE=$base" --build-arg "BUILD_BASE=$needs" \
    "${arguments[@]}" "$source_dir"
[[ -z $before || $before == "$("${buildah[@]}" images --quiet "$tag")" ]] || "${buildah[@]}" rmi "$before" >/dev/null 2>&1 ||
    say "an older $tag is in use still and stays"
if [[ -n $oci ]]; then
    rm -f "$oci"
    "${buildah[@]}" push --quiet "$tag" "oci-archive:$oci:$tag"
fi
say "$tag is built"
