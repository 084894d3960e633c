#!/usr/bin/env bash
# The README's session is executed word for word against what `make run` starts. A line "# => TEXT" in it says what the commands since
# the one before print; that is compared.
#
# The server listens on port 8080, as the README says, in a network namespace of its own where that is possible. Where it is not and the
# port is taken, another one is used and the session's BASE line says so.
if [[ ${TRIPSAGE_OWN_NETWORK:-} == "" ]]; then
    for how in "unshare --net" "unshare --map-root-user --net"; do
        if $how ip link set lo up 2>/dev/null; then
            TRIPSAGE_OWN_NETWORK=yes exec $how bash "$0" "$@"
        fi
    done
fi
source "$(dirname "$0")/lib.sh"
source_dir=$1 bin=$2
[[ ${TRIPSAGE_OWN_NETWORK:-} == "" ]] || ip link set lo up

port=8080
taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
while taken "$port" || taken $((port + 1)); do
    port=$((20000 + RANDOM % 20000))
done

readme_block "$source_dir/README.md" session | sed "s|^BASE=http://127.0.0.1:8080$|BASE=http://127.0.0.1:$port|" >"$work/session"
grep -qx "BASE=http://127.0.0.1:$port" "$work/session" || fail "the README has no session that starts from BASE"

unset DATABASE_URL # of whoever runs the tests
"$source_dir/scripts/run.sh" "$bin" "$work/data" "$port" >"$work/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -rf "$work"' EXIT
for ((i = 0; i < 200; i++)); do
    if taken "$port"; then
        break
    fi
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server.log")"
    sleep 0.1
done
taken "$port" || fail "the server does not listen: $(cat "$work/server.log")"

# Runs what was gathered in this shell, so that its variables stay, and compares.
checks=0
segment="" wanted=""
run_segment() {
    eval "$segment" >"$work/said" 2>&1 || fail "failed: $segment: $(cat "$work/said")"
    diff -u --label "the README says" --label "the server says" <(printf '%s' "$wanted") "$work/said" >&2 ||
        fail "after: $segment"
    checks=$((checks + 1))
    segment="" wanted=""
}
while IFS= read -r line; do
    if [[ $line == "# => "* ]]; then
        wanted+=${line#"# => "}$'\n'
        continue
    fi
    [[ -z $wanted ]] || run_segment
    segment+=$line$'\n'
done <"$work/session"
[[ -z $wanted ]] || run_segment
[[ -z ${segment//[[:space:]]/} ]] || fail "the session ends with commands whose answer it does not tell: $segment"
((checks >= 8)) || fail "only $checks answers were compared"

kill -TERM "$server"
wait "$server" || fail "the server does not end well: $(cat "$work/server.log")"
echo "$checks answers of the server are those in the README"
