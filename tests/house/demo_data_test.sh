#!/usr/bin/env bash
# The demo data is there after the first run, and the second adds nothing; a database whose owner took the addresses is left alone.
source "$(dirname "$0")/lib.sh"
demo_data=$2 tripsage=$3
export TRIPSAGE_DATABASE=$work/demo.db TRIPSAGE_USER=ada@example.org
password='"demo: plan a journey"'
where="sign in as ada@example.org or grace@example.org, password $password"

expect "demo data: 3 trips added; $where" "$demo_data" "sqlite://$work/demo.db"
"$tripsage" show --json kyoto >"$work/first"
expect "demo data: 0 trips added; $where" "$demo_data" "sqlite://$work/demo.db"
"$tripsage" show --json kyoto >"$work/second"
cmp "$work/first" "$work/second" || fail "the second run changed a trip"

expect "ID                                    TITLE                FROM        TO          DAYS  STATUS    ROLE   WHERE
<id>  Kyoto in autumn      2026-11-02  2026-11-09  8     planning  owner  Kyoto, Osaka
<id>  Lisbon long weekend  2027-04-30  2027-05-03  4     planning  owner  Lisbon" "$tripsage" list --tag demo
expect "ID                                    TITLE             FROM        TO          DAYS  STATUS    ROLE   WHERE
<id>  Summer in Norway  2026-07-04  2026-07-12  9     planning  owner  Oslo, Bergen
<id>  Kyoto in autumn   2026-11-02  2026-11-09  8     planning  edit   Kyoto, Osaka" "$tripsage" --user grace@example.org list
jq -e '.itinerary.total_items == 6 and (.conflicts.conflicts | length == 1)' "$work/second" >/dev/null || fail "$(cat "$work/second")"

export TRIPSAGE_DATABASE=$work/mine.db
expect "ID  TITLE  FROM  TO  DAYS  STATUS  ROLE  WHERE" "$tripsage" list
expect "demo data: ada@example.org and grace@example.org have passwords of their own here; nothing was added" "$demo_data" "sqlite://$work/mine.db"
expect_code 2 "$demo_data"
expect_code 1 "$demo_data" postgresql://localhost/trips
