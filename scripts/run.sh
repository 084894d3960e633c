#!/usr/bin/env bash
# run.sh BIN DATA PORT: starts BIN/tripsage-server over the database in the folder DATA, with demo data in it, until Ctrl-C.
# BIN/demo_data adds the demo accounts and trips at the first start and leaves the database alone from then on.
# Where DATABASE_URL or POSTGRES_URL names another database, the server is over that one, as it is.
set -euo pipefail
bin=$1 data=$2 port=$3

(umask 077 && mkdir -p "$data")
data=$(cd "$data" && pwd)
if [[ -z ${DATABASE_URL:-}${DATABASE_URL_FILE:-}${POSTGRES_URL:-}${POSTGRES_URL_FILE:-} ]]; then
    "$bin/demo_data" "sqlite://$data/tripsage.db"
    database="The database is $data/tripsage.db; delete the folder to start over."
else
    database="The database is the one the environment names; no demo data is added to it."
fi
cat <<END
Starting on http://127.0.0.1:$port (Ctrl-C stops it). From another terminal:
  curl -s http://127.0.0.1:$port/health
$database README.md goes on from here.
END
exec "$bin/tripsage-server" serve --data-dir "$data" --port "$port"
