#!/usr/bin/env bash
# The command-line planner: what it prints, its exit codes, and the README's lines about it.
source "$(dirname "$0")/lib.sh"
source_dir=$1 tripsage=$2
export TRIPSAGE_DATABASE=$work/trips.db TRIPSAGE_USER=me@localhost

# A trip from nothing to shared.
expect "<id>  Kyōto in autumn" "$tripsage" create "Kyōto in autumn" --from 2026-11-02 --to 2026-11-09 --stop Kyoto --stop Osaka \
    --budget 420000 --currency JPY --tag culture
expect "<id>  Rome" "$tripsage" create Rome --from=2026-05-01 --to=2026-05-01 --stop=Rome
expect "<id>  Ryokan" "$tripsage" add kyōto Ryokan --type accommodation --on 2026-11-02 --at 15:00 --until-date 2026-11-09 --until 10:00 \
    --cost 150000 --reference GION-4711
expect "<id>  Tea \"ceremony\"" "$tripsage" add AUTUMN 'Tea "ceremony"' --on 2026-11-04 --at 10:00 --until 11:30 --place Gion --cost 6000
expect "<id>  Train to Nara
error: Tea \"ceremony\" and Train to Nara: at the same time" "$tripsage" add AUTUMN "Train to Nara" --type transport --on 2026-11-04 --at 11:00 --until 11:45
expect "ID                                    TITLE            FROM        TO          DAYS  STATUS    ROLE   WHERE
<id>  Rome             2026-05-01  2026-05-01  1     planning  owner  Rome
<id>  Kyōto in autumn  2026-11-02  2026-11-09  8     planning  owner  Kyoto, Osaka" "$tripsage" list
expect "Kyōto in autumn
Nov 02-09, 2026, 8 days in Kyoto, Osaka, planning
Spent 156000 of 420000 JPY, 264000 left
Planned to 46 %

DATE        TIME                 WHAT           TITLE           WHERE  COST        BOOKING
2026-11-02  15:00 - 11-09 10:00  accommodation  Ryokan                 150000 JPY  planned
2026-11-04  10:00-11:30          activity       Tea \"ceremony\"  Gion   6000 JPY    planned
2026-11-04  11:00-11:45          transport      Train to Nara                      planned
error: Tea \"ceremony\" and Train to Nara: at the same time" "$tripsage" show autumn
expect "WHO               LEVEL  SINCE
friend@localhost  edit   <instant>" "$tripsage" share autumn friend@localhost --level edit
expect "KIND  TITLE           TRIP             MATCH
item  Tea \"ceremony\"  Kyōto in autumn  *Tea* \"*ceremony*\"" "$tripsage" --user friend@localhost search tea cerem
expect "ID                                    TITLE            FROM        TO          DAYS  STATUS    ROLE  WHERE
<id>  Kyōto in autumn  2026-11-02  2026-11-09  8     planning  edit  Kyoto, Osaka" "$tripsage" --user friend@localhost list --shared

# An item is told what it collides with itself, not what else collides; what others wrote cannot steer the terminal.
expect "<id>  Walk" "$tripsage" add AUTUMN Walk --on 2026-11-05 --at 10:00
expect "<id>  two  [31mlines" "$tripsage" create $'two\n\e[31mlines\u009b' --from 2026-04-01 --to 2026-04-02 --stop Oslo --tag odd
expect "ID                                    TITLE            FROM        TO          DAYS  STATUS    ROLE   WHERE
<id>  two  [31mlines   2026-04-01  2026-04-02  2     planning  owner  Oslo" "$tripsage" list --tag odd

# The catalogue.
expect_code 0 "$tripsage" destinations --country JP --limit 3
[[ $(head -1 "$work/out") == "ID "* && $(wc -l <"$work/out") == 4 ]] || fail "$(cat "$work/out")"
expect_code 0 "$tripsage" suggest --category nature --limit 2 mountains and lakes
[[ $(head -1 "$work/out") == "WHERE "* && $(wc -l <"$work/out") == 3 ]] || fail "$(cat "$work/out")"

# As JSON, for programs.
"$tripsage" show --json rome | jq -e '.trip.title == "Rome" and .summary.duration_days == 1 and .itinerary.total_items == 0 and
    .conflicts.has_conflicts == false' >/dev/null || fail "show --json"
"$tripsage" --json list --limit 1 | jq -e '.items | length == 1' >/dev/null || fail "list --json --limit"

# Refused: 1, with the reason. Used wrongly: 2.
expect_code 1 "$tripsage" show nowhere
grep -qx 'tripsage: no trip is called "nowhere" (tripsage list)' "$work/out" || fail "$(cat "$work/out")"
expect_code 1 "$tripsage" show ""
expect_code 1 "$tripsage" --user stranger@localhost show 01900000-0000-7000-8000-000000000001
expect_code 1 "$tripsage" create Back --from 2026-05-02 --to 2026-05-01 --stop Rome
grep -q '^tripsage: /end_date: ' "$work/out" || fail "$(cat "$work/out")"
expect_code 1 "$tripsage" --database "$work/no/such/folder.db" list
expect_code 1 "$tripsage" --user "no address" list
expect_code 1 "$tripsage" list --limit 500
grep -q '^tripsage: #limit: ' "$work/out" || fail "$(cat "$work/out")"
# What could not be written was not done.
for command in "list" "--json list" "--help"; do
    # shellcheck disable=SC2086 # words
    ! "$tripsage" $command >/dev/full 2>"$work/out" || fail "no word of a full disk from: $command"
    grep -q '^tripsage: the output ' "$work/out" || fail "$(cat "$work/out")"
done
for wrong in "" "frobnicate" "show" "show rome rome" "list --sideways" "list --limit" "list --limit many" "list --shared=no" \
    "list --limit 4294967297" "suggest --month 4294967297" "destinations --month 4294967297" "list --limit 99999999999999999999" \
    "create X --to 2026-05-01 --stop Rome" "add rome Walk"; do
    # shellcheck disable=SC2086 # words
    expect_code 2 "$tripsage" $wrong
    [[ -s $work/out ]] || fail "nothing was said about: $wrong"
done

# Help, of all and of each.
expect_code 0 "$tripsage" --help
commands=$(sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/out")
[[ $(wc -w <<<"$commands") == 9 ]] || fail "commands in the help: $commands"
for command in $commands; do
    expect_code 0 "$tripsage" "$command" --help
    grep -q "^usage: tripsage $command" "$work/out" || fail "no usage in the help of $command"
    grep -q -- "--database FILE" "$work/out" || fail "no common options in the help of $command"
done

# What the README says, in a folder of its own.
readme_block "$source_dir/README.md" planner | sed "s|build/release/bin/tripsage|$tripsage|" >"$work/readme.sh"
[[ -s $work/readme.sh ]] || fail "the README has no block labelled planner"
mkdir "$work/elsewhere"
cd "$work/elsewhere"
unset TRIPSAGE_DATABASE TRIPSAGE_USER
expect_code 0 bash -euo pipefail "$work/readme.sh"
grep -q "10:00-11:30 *activity *Tea ceremony" "$work/out" || fail "$(cat "$work/out")"
