#!/usr/bin/env bash
# supabase.sh link|db-push|functions-deploy-all|secrets-min|secrets-upstash: what `make supa.*` runs, over the Supabase CLI.
#
# Every value is read from the environment, or else from a file of settings (.env, or the one that ENV names), and none goes onto a command
# line: what is secret reaches the CLI in its environment, or in a file that only this user can read and that is gone afterwards, however
# this ends.
#
#   PROJECT_REF        the project (link, functions-deploy-all; the others use the linked one without it)
#   DATABASE_PASSWORD  of the project's database (link, db-push, functions-deploy-all), or SUPABASE_DB_PASSWORD; the CLI asks without
#   SUPABASE_ACCESS_TOKEN  as the CLI has it; without, `supabase login`
#   SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY            (secrets-min)
#   UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN                      (secrets-upstash)
#   API_EXTERNAL_URL, WEBHOOK_SECRET    the server's address and the secret that it has, too (functions-deploy-all)
#   SUPABASE           the CLI (supabase, or else npx supabase)
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
cd "$source_dir"

fail() { # CODE SENTENCE
    echo "supabase.sh: $2" >&2
    exit "$1"
}

usage() {
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p;}' "$0"
    exit "$1"
}

# A variable that is set goes before the file. Lines are NAME=VALUE as Docker reads them: no quotes are taken away but a pair around the
# whole value, and nothing is expanded.
read_settings() { # FILE
    local name value
    [[ -r $1 ]] || fail 78 "ENV: cannot read \"$1\""
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || continue
        name=${line%%=*} value=${line#*=}
        value=${value%$'\r'}
        if [[ $value == \"*\" || $value == \'*\' ]] && ((${#value} >= 2)); then
            value=${value:1:-1}
        fi
        [[ -n ${!name:-} ]] || export "$name=$value"
    done <"$1"
}

need() { # NAME...: each is set
    local name
    for name in "$@"; do
        [[ -n ${!name:-} ]] || fail 78 "$name: it is not set; say it in the environment, or name a file that has it: make ... ENV=.env"
        [[ ${!name} != *[[:cntrl:]]* ]] || fail 78 "$name: has a line break or another control character in it"
    done
}

# Twenty letters, as the dashboard shows it; a paste of the whole address is a common slip.
need_project() {
    need PROJECT_REF
    [[ $PROJECT_REF =~ ^[a-z0-9-]{1,64}$ ]] || fail 78 "PROJECT_REF: expected the project's reference, such as abcdefghijklmnopqrst"
}

cli() {
    if [[ -n ${SUPABASE:-} ]]; then
        "$SUPABASE" "$@"
    elif command -v supabase >/dev/null; then
        supabase "$@"
    elif command -v npx >/dev/null; then
        npx --yes supabase "$@"
    else
        fail 69 "the Supabase CLI is not here: npm install --global supabase"
    fi
}

# secrets set, from a file of one's own. Values stand in single quotes, which the CLI's reader of such files takes literally; a value that
# has one goes in double quotes, with the three characters escaped that mean something there.
set_secrets() { # NAME=FROM...
    local pair name value file
    file=$(umask 077 && mktemp)
    # shellcheck disable=SC2064 # this file
    trap "rm -f '$file'" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for pair in "$@"; do
        name=${pair%%=*} value=${pair#*=}
        value=${!value}
        if [[ $value != *\'* ]]; then
            value="'$value'"
        else
            value=${value//\\/\\\\}
            value=${value//\"/\\\"}
            value="\"${value//\$/\\\$}\""
        fi
        printf '%s=%s\n' "$name" "$value" >>"$file"
    done
    cli secrets set --env-file "$file" ${PROJECT_REF:+--project-ref "$PROJECT_REF"}
    rm -f "$file"
}

push() {
    # Migrations that come later with a newer version of this library may lie before the project's own.
    cli db push --include-all --yes
}

command=${1:-}
case $command in
-h | --help) usage 0 ;;
link | db-push | functions-deploy-all | secrets-min | secrets-upstash) ;;
*) usage 64 >&2 ;;
esac
if [[ -n ${ENV:-} ]]; then
    read_settings "$ENV"
elif [[ -f .env ]]; then
    read_settings .env
fi
[[ -z ${DATABASE_PASSWORD:-} ]] || export SUPABASE_DB_PASSWORD=${SUPABASE_DB_PASSWORD:-$DATABASE_PASSWORD}

case $command in
link)
    need_project
    cli link --project-ref "$PROJECT_REF"
    ;;
db-push)
    scripts/supabase-migrations.sh >/dev/null
    push
    ;;
functions-deploy-all)
    need_project
    need API_EXTERNAL_URL WEBHOOK_SECRET
    [[ $API_EXTERNAL_URL =~ ^https:// || $API_EXTERNAL_URL =~ ^http://(localhost|127\.) ]] ||
        fail 78 "API_EXTERNAL_URL: expected https://..., where the database reaches the server"
    ((${#WEBHOOK_SECRET} >= 32)) || fail 78 "WEBHOOK_SECRET: expected at least 32 characters (openssl rand -hex 32)"
    scripts/supabase-migrations.sh >/dev/null
    cp migrations/supabase/webhooks.sql supabase/migrations/20260102000000_tripsage_webhooks.sql
    export TRIPSAGE_WEBHOOK_URL=${API_EXTERNAL_URL%/} TRIPSAGE_WEBHOOK_SECRET=$WEBHOOK_SECRET
    cli link --project-ref "$PROJECT_REF"
    # Secrets go into the project's vault with a migration that is pending, so this one, which may run any number of times, is made so.
    cli migration repair 20260102000000 --status reverted
    push
    ;;
secrets-min)
    need SUPABASE_URL SUPABASE_ANON_KEY SUPABASE_SERVICE_ROLE_KEY
    # Names that begin with SUPABASE_ are the platform's own, and the CLI leaves them out. These are what the server calls the same.
    set_secrets DATABASE_URL=SUPABASE_URL DATABASE_PUBLIC_KEY=SUPABASE_ANON_KEY DATABASE_SERVICE_KEY=SUPABASE_SERVICE_ROLE_KEY
    ;;
secrets-upstash)
    need UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN
    set_secrets UPSTASH_REDIS_REST_URL=UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN=UPSTASH_REDIS_REST_TOKEN
    ;;
esac
