#!/usr/bin/env bash
# health.sh URL [SECONDS]: waits until a server says that it is ready, three times in a row and HEALTH_PAUSE (a second) apart, so that one
# that dies at once is not taken for one that lives; then shows how its parts are. Fails when it does not within SECONDS (120).
set -euo pipefail
url=${1:?health.sh needs the URL of the server} patience=${2:-120}
url=${url%/}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
good=0
for ((SECONDS = 0; SECONDS < patience;)); do
    if curl -fsS --max-time 5 -o "$answer" "$url/health/ready" 2>"$answer.said"; then
        good=$((good + 1))
        echo "$url is ready ($good of 3)"
        if ((good == 3)); then
            curl -fsS --max-time 10 "$url/health"
            echo
            rm -f "$answer.said"
            exit 0
        fi
    else
        good=0
        echo "not ready after ${SECONDS} s: $(cat "$answer.said")"
    fi
    sleep "${HEALTH_PAUSE:-1}"
done
rm -f "$answer.said"
echo "$url was not ready within $patience s" >&2
exit 1
