#!/usr/bin/env bash
# run.sh BIN DATA PORT: starts BIN/tripsage-server over the database in the folder DATA, with demo data in it, until Ctrl-C.
# BIN/demo_data adds the demo accounts and trips at the first start and leaves the database alone from then on.
set -euo pipefail
bin=$1 data=$2 port=$3

(umask 077 && mkdir -p "$data")
data=$(cd "$data" && pwd)
"$bin/demo_data" "sqlite://$data/tripsage.db"
cat <<END
Starting on http://127.0.0.1:$port (Ctrl-C stops it). From another terminal:
  curl -s http://127.0.0.1:$port/health
The database is $data/tripsage.db; delete the folder to start over. README.md goes on from here.
END
exec "$bin/tripsage-server" serve --data-dir "$data" --port "$port"
