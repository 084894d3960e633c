#!/usr/bin/env bash
# publish.sh NAME REPOSITORY TAG...: sends an image that was built to a registry under these tags, and prints where it is, by its digest:
# what is deployed is that, and not what a tag says next week.
#
# REGISTRY, REGISTRY_USER and REGISTRY_TOKEN sign in; the token goes to `docker login` by standard input. Without them, whoever has signed
# in before is asked.
set -euo pipefail
(($# >= 3)) || {
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p;}' "$0" >&2
    exit 64
}
name=$1 repository=$2
shift 2
if [[ -n ${REGISTRY_TOKEN:-} ]]; then
    printf '%s' "$REGISTRY_TOKEN" | docker login --username "${REGISTRY_USER:?}" --password-stdin "${REGISTRY:?}" >&2
fi
for tag in "$@"; do
    docker tag "$name" "$repository:$tag" >&2
    docker push --quiet "$repository:$tag" >&2
done
docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$repository:$1" | grep -m 1 -F "$repository@"
