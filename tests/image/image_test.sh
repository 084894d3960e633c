#!/usr/bin/env bash
# image_test.sh BUILD: builds the image and looks at it as an operator would: what it says of itself, that it serves a trip as nobody in
# particular on a file system that it cannot write, that its health check and the guide's pass, and that it stops under load without losing
# a request, TRIPSAGE_STOP_RUNS (100) times. BUILD is a build folder with the tests; needs root, buildah and debootstrap.
source "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2119 # not the script's own
image_build
enter_own_world "$0" "$@"
build=$(realpath "$1")
image_mount

# ---- what it says of itself ----

says() { # WANTED JQ_FILTER
    local found
    found=$(image_config "$2")
    [[ $found == "$1" ]] || fail "the image's $2 is \"$found\" and not \"$1\""
}
says 10001:10001 .User
says SIGTERM .StopSignal
says '{"8080/tcp":{}}' '.ExposedPorts | tojson'
says '{"/data":{}}' '.Volumes | tojson'
says 3 .Healthcheck.Retries
says MIT '.Labels["org.opencontainers.image.licenses"]'
[[ $(image_config '.Labels["org.opencontainers.image.revision"]') =~ ^[0-9a-f]{40}$ ]] || fail "no revision"
! image_config '.Env[]' | grep -iE 'secret|key|password|token' || fail "a secret is in the image's environment"

# The list of what is inside is that of dpkg.
sbom=$root/usr/share/tripsage/sbom.spdx.json
[[ $(jq -r .spdxVersion "$sbom") == SPDX-2.3 ]] || fail "no SBOM"
# shellcheck disable=SC2016 # the variables are dpkg-query's
diff <(chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' | LC_ALL=C sort -u) \
    <(jq -r '.packages[] | select(.name != "tripsage-api") | .name + " " + .versionInfo' "$sbom" | LC_ALL=C sort -u) ||
    fail "the SBOM is not what is installed"
[[ $(jq '[.relationships[] | select(.relationshipType == "DEPENDS_ON")] | length' "$sbom") == $(jq '.packages | length - 1' "$sbom") ]] ||
    fail "the SBOM does not relate everything"
for compiler in gcc cc make git; do
    [[ ! -e $root/usr/bin/$compiler ]] || fail "$compiler is in the image"
done

# ---- a life ----

"$launch" >"$work/out" 2>"$work/log" &
server=$!
for ((i = 0; i < 200; i++)); do
    ! curl -fs -o "$work/health" http://localhost:8080/health || break
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/log")"
    sleep 0.05
done
# The guide's, from outside; then the image's own, as an engine runs it.
[[ $(jq -r .status "$work/health") == healthy ]] || fail "not healthy: $(cat "$work/health" "$work/log")"
mapfile -t check < <(image_config '.Healthcheck.Test[1:][]')
"$work/inside" "${check[@]}" || fail "the image's health check fails"
CONTAINER_ENVIRONMENT="PORT=9" "$work/inside" "${check[@]}" 2>/dev/null && fail "the image's health check does not look"

[[ $(awk '/^Uid:/ { print $2, $3, $4 }' "/proc/$server/status") == "10001 10001 10001" ]] || fail "it does not run as 10001"
[[ $(awk '/^Cap(Eff|Prm|Bnd|Inh):/ { print $2 }' "/proc/$server/status" | sort -u) == 0000000000000000 ]] || fail "it has capabilities"
[[ $(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$server/status") == 1 ]] || fail "it may gain rights"
! "$work/inside" touch /usr/x 2>/dev/null || fail "the root file system can be written"
"$work/inside" touch /data/x || fail "/data cannot be written"

call() { # TOKEN METHOD PATH [JSON]
    curl -sS -X "$2" "http://localhost:8080$3" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' ${4:+-d "$4"}
}
token=$(call "" POST /api/auth/register '{"email": "me@example.org", "password": "a cup of green tea"}' | jq -r .access_token)
trip=$(call "$token" POST /api/trips '{"title": "Kyoto in autumn", "start_date": "2026-11-02", "end_date": "2026-11-09",
    "destinations": [{"name": "Kyoto"}]}' | jq -r .id)
[[ $(call "$token" GET "/api/trips/$trip" | jq -c '[.title, .destinations[0].timezone]') == '["Kyoto in autumn","Asia/Tokyo"]' ]] ||
    fail "no trip is served"
began=$(date +%s%N)
kill -"$(image_config .StopSignal)" "$server"
wait "$server" || fail "it does not end well: $(cat "$work/out" "$work/log")"
echo "stopped after $((($(date +%s%N) - began) / 1000000)) ms"
[[ -f $root/data/tripsage.db ]] || fail "the database is not in the volume"

# ---- stopping under load ----

# The test of the server, with the image's in its place. Each run has a folder of its own in the volume.
cat >"$work/server" <<END
#!/bin/bash
mkdir -p "$root/data/\$\$" && chown 10001:10001 "$root/data/\$\$"
CONTAINER_ENVIRONMENT="TRIPSAGE_DATA_DIR=/data/\$\$ TRIPSAGE_HOST=127.0.0.1 \$(env | grep -E '^(TRIPSAGE_MAX|TRIPSAGE_SHUTDOWN|PORT|LOG_LEVEL)' | tr '\n' ' ')" \
    exec "$work/inside" /usr/bin/tripsage-server "\$@"
END
chmod +x "$work/server"
# Check lets a test run for two minutes, and this takes some.
CK_TIMEOUT_MULTIPLIER=20 TRIPSAGE_STOP_RUNS=${TRIPSAGE_STOP_RUNS:-100} TRIPSAGE_SERVER_PROGRAM=$work/server "$build/tests/test_server_stop" ||
    fail "requests are lost at the end"
echo "the image is as it should be"
