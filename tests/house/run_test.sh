#!/usr/bin/env bash
# `make run` where DATABASE_URL is set: the server is over that database, which gets no demo data, and no other database is made. Its log goes
# to stdout, what it tells whoever starts it to stderr.
source "$(dirname "$0")/lib.sh"
source_dir=$1 bin=$2

DATABASE_URL=sqlite://$work/mine.db TRIPSAGE_ADMIN_PORT=0 "$source_dir/scripts/run.sh" "$bin" "$work/data" 0 >"$work/out" 2>"$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -rf "$work"' EXIT
for ((i = 0; i < 200; i++)); do
    ! grep -q "^tripsage-server listening" "$work/log" || break
    kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/log")"
    sleep 0.1
done
grep -q "database sqlite://$work/mine.db" "$work/log" || fail "$(cat "$work/log")"
[[ -z $(find "$work/data" -type f) ]] || fail "another database was made: $(find "$work/data" -type f)"
! grep -q -e "$work/data" -e "demo data:" "$work/log" "$work/out" || fail "speaks of another database: $(cat "$work/log")"
kill -TERM "$server"
wait "$server" || fail "the server does not end well: $(cat "$work/log")"
grep -q '^{"time":.*"event":"stop"' "$work/out" || fail "the log is not on stdout: $(cat "$work/out")"
! grep -q '^{' "$work/log" || fail "the log is on stderr: $(cat "$work/log")"
