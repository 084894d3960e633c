#!/usr/bin/env bash
# guide_test.sh SOURCE BIN RIG: what the deployment guide says (tests/guide/guide.md) is done, line by line: every variable is set, every
# command of a fenced block is run, every code span is looked at. Prints a table "guide line, what it says, how it was tried, verdict";
# what nothing here knows how to try fails.
#
# Where a command needs an account or an engine (supabase, docker, docker-compose, Upstash's host), a stand-in is first on PATH: it notes
# arguments and environment, and does here what the other would do there. `docker run` starts the server of this build with the image's own
# environment and the file of settings as Docker reads it. RIG is the folder of a PostgreSQL (tests/rig/rig.sh), in the project's place.
if [[ ${TRIPSAGE_OWN_NETWORK:-} == "" ]]; then
    for how in "unshare --net" "unshare --map-root-user --net"; do
        if $how ip link set lo up 2>/dev/null; then
            TRIPSAGE_OWN_NETWORK=yes exec $how bash "$0" "$@"
        fi
    done
    echo "No network namespace can be made here, and the guide's port 8080 may be somebody's." >&2
    exit 77
fi
source "$(dirname "$0")/../house/lib.sh"
source_dir=$1 server_bin=$2 rig=$3
here=$source_dir/tests/guide
ip link set lo up
unset "${!SUPABASE@}" "${!DATABASE@}" "${!UPSTASH@}" "${!TRIPSAGE_@}" "${!PG@}" SECRET_KEY OPENAI_API_KEY ENVIRONMENT DEBUG LOG_LEVEL PORT ENV

# ---- a copy of the project, as an operator has it, and secrets as an operator makes them ----

project=$work/project calls=$work/calls
mkdir -p "$project" "$calls" "$work/bin"
(cd "$source_dir" && tar -cf - Makefile scripts docker docker-compose.yml deploy supabase/config.toml migrations CMakeLists.txt CMakePresets.json LICENSE \
    CHANGELOG.md cmake .dockerignore render.yaml railway.json) | tar -xf - -C "$project"
mkdir -p "$project"/{include,libtripsage,tripsage-server,examples}

secret() {
    openssl rand -hex 32
}
base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}
declare -A value=(
    [ENVIRONMENT]=production [DEBUG]=false [LOG_LEVEL]=INFO
    [DATABASE_URL]=https://abcdefghijklmnopqrst.supabase.co
    [DATABASE_PUBLIC_KEY]=sb_publishable_$(secret | cut -c1-31) [DATABASE_SERVICE_KEY]=sb_secret_$(secret | cut -c1-31)
    [DATABASE_JWT_SECRET]=$(secret) [SECRET_KEY]=$(secret) [OPENAI_API_KEY]=sk-$(secret)
    [UPSTASH_REDIS_REST_URL]=https://your-redis.upstash.io [UPSTASH_REDIS_REST_TOKEN]=$(secret))
secrets=(DATABASE_PUBLIC_KEY DATABASE_SERVICE_KEY DATABASE_JWT_SECRET SECRET_KEY OPENAI_API_KEY UPSTASH_REDIS_REST_TOKEN)
database=guide_$$
webhook_secret=$(secret) cache_token=$(secret) metrics_token=$(secret)

write_settings() { # the guide's variables, and what the new guide adds to them
    local name
    for name in "${!value[@]}"; do
        printf '%s=%s\n' "$name" "${value[$name]}"
    done >"$project/.env"
    cat >>"$project/.env" <<END
# Where SQL goes: the project's address alone does not open its database.
POSTGRES_URL=postgresql://tripsage_owner@/$database?host=$rig/direct
API_EXTERNAL_URL=https://api.example.org
WEBHOOK_SECRET=$webhook_secret
TRIPSAGE_CACHE_TOKEN=$cache_token
TRIPSAGE_METRICS_TOKEN=$metrics_token
END
}

# ---- the stand-ins ----

# Notes what it was called with, in a file of its own.
note() { # NAME: what its script begins with
    cat <<END
#!/usr/bin/env bash
set -euo pipefail
call=\$(mktemp "$calls/$1.XXXXXX")
printf '%s\n' "\$@" >"\$call.argv"
env >"\$call.env"
for argument in "\$@"; do
    if [[ -f \$argument && \$argument == /tmp/* ]]; then
        stat -c '%a %n' "\$argument" >"\$call.files"
        cp "\$argument" "\$call.content"
    fi
done
END
}
{
    note supabase
} >"$work/bin/supabase"
{
    note docker
    cat <<END
project=$project work=$work server=$server_bin/tripsage-server
END
    cat <<'END'
case $1 in
build)
    # Each file that the Dockerfile copies is in the context that .dockerignore leaves.
    shift
    while (($# > 1)); do
        case $1 in -f) file=$2 ;; esac
        shift 2
    done
    context=$1
    grep -E '^(COPY|ADD) ' "$file" | grep -v -- --from | sed 's/^[A-Z]* //' | while read -r -a words; do
        for source in "${words[@]:0:${#words[@]}-1}"; do
            [[ -e $context/$source ]] || { echo "COPY $source: there is no such file" >&2; exit 1; }
            top=$source
            [[ $source == . ]] || grep -qxE "!(${top%%/*}|$top)" "$context/.dockerignore" || { echo "COPY $source: .dockerignore leaves it out" >&2; exit 1; }
        done
    done
    echo "Successfully tagged"
    ;;
run)
    shift
    while (($# > 1)); do
        case $1 in -p) port=$2 ;; --env-file) settings=$2 ;; esac
        shift 2
    done
    [[ $1 == tripsage-api && $port == 8080:8080 ]]
    # As Docker reads it: a line is NAME=VALUE to its end, quotes and all; "#" begins a comment at the beginning of a line only.
    given=()
    while IFS= read -r line; do
        [[ -z $line || $line == \#* ]] || given+=("$line")
    done <"$settings"
    mapfile -t of_image < <(sed -n 's/^ENV //p' "$project/docker/Dockerfile.api" | tr ' ' '\n')
    mkdir -p "$work/data"
    cd "$work/data"
    echo $$ >"$work/server.pid"
    exec env -i "${of_image[@]}" "${given[@]}" TRIPSAGE_DATA_DIR="$work/data" "$server" >"$work/server.out" 2>"$work/server.log"
    ;;
logs)
    shift
    [[ $1 != --tail ]] || { lines=$2; shift 2; }
    [[ $1 == tripsage-container ]]
    tail -n "${lines:-+1}" "$work/server.out"
    ;;
stats)
    [[ $2 == tripsage-container ]]
    awk '/^VmRSS:/ { print $2 }' "/proc/$(cat "$work/server.pid")/status"
    ;;
*) exit 1 ;;
esac
END
} >"$work/bin/docker"
{
    note docker-compose
    cat <<END
project=$project here=$here
END
    cat <<'END'
[[ $1 == up ]]
shift
"$here/files.py" compose "$project/docker-compose.yml" "$@"
END
} >"$work/bin/docker-compose"
# Upstash's host is the cache that the server serves; others are whatever they are.
{
    note curl
    cat <<END
token=$cache_token real=$(command -v curl)
END
    cat <<'END'
arguments=()
for argument in "$@"; do
    argument=${argument/https:\/\/your-redis.upstash.io/http:\/\/localhost:8080\/cache}
    arguments+=("${argument/your-token/$token}")
done
exec "$real" "${arguments[@]}"
END
} >"$work/bin/curl"
chmod +x "$work"/bin/*
export PATH=$work/bin:$PATH

last() { # NAME: the notes of the stand-in's last call
    # shellcheck disable=SC2012 # names of our own
    ls -t "$calls/$1".*.argv | head -n 1 | sed 's/\.argv$//'
}

# No argument of any call of it has one of these secrets in it.
not_on_command_lines() { # NAME SECRET...
    local name=$1 one
    shift
    for one in "$@"; do
        ! grep -F -- "$one" "$calls/$name".*.argv || fail "a secret is on the command line of $name"
    done
}

# ---- the server ----

await() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! command curl -fs -o /dev/null http://localhost:8080/health/live || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server.log" "$work/server.out")"
        sleep 0.1
    done
    fail "the server does not listen"
}
server=""
end() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    [[ -z $server ]] || wait "$server" || true
    dropdb -h "$rig/direct" -U postgres --if-exists --force "$database" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

# ---- the tests, each of one thing that the guide says ----

try_variable() { # NAME=VALUE
    local name=${1%%=*} shown
    write_settings
    "$server_bin/tripsage-server" serve --help >"$work/help"
    grep -qE "^ +$name( |$)" "$work/help" || fail "$name is not a setting of the server"
    (
        cd "$work"
        set -a
        # shellcheck source=/dev/null
        source <(sed "s/\?host=/\\\\?host=/; s/&/\\\\&/g" "$project/.env")
        "$server_bin/tripsage-server" explain-config --json
    ) >"$work/explained" || fail "refused: $(cat "$work/explained")"
    shown=$(jq -r --arg name "$name" '[.library.settings[], .server[]] | map(select(.name == $name)) | .[0] | "\(.value) \(.source)"' "$work/explained")
    if [[ " ${secrets[*]} " == *" $name "* ]]; then
        [[ $shown == "*** $name" ]] || fail "explain-config shows \"$shown\" of $name"
    else
        [[ $shown == "${value[$name]} $name" ]] || fail "explain-config shows \"$shown\" of $name and not ${value[$name]}"
    fi
    ! grep -F "${value[DATABASE_JWT_SECRET]}" "$work/explained" || fail "a secret is shown"
}

# The guide's own words in the place of secrets are refused, in a sentence for each that names it.
try_placeholders() {
    local name
    (
        cd "$work"
        env -i TRIPSAGE_DATA_DIR="$work" "$1" "$server_bin/tripsage-server" explain-config
    ) >"$work/out" 2>&1 && fail "the guide's placeholder is taken: $1"
    name=${1%%=*}
    grep -q "$name" "$work/out" || fail "does not say which setting is wrong: $(cat "$work/out")"
}

try_link() {
    (cd "$project" && eval "$1")
    [[ $(cat "$(last supabase).argv") == $'link\n--project-ref\nyour-project-ref' ]] || fail "called $(cat "$(last supabase).argv")"
}

# What the CLI would apply is applied to the database in the project's place, by its owner.
try_push() {
    (cd "$project" && eval "$1")
    [[ $(cat "$(last supabase).argv") == $'db\npush\n--include-all\n--yes' ]] || fail "called $(cat "$(last supabase).argv")"
    createdb -h "$rig/direct" -U postgres -O tripsage_owner -T tripsage_template "$database"
    cat "$project"/supabase/migrations/*.sql | psql -X -q -v ON_ERROR_STOP=1 --single-transaction -h "$rig/direct" -U tripsage_owner "$database" >/dev/null
    [[ $(psql -XAt -h "$rig/direct" -U tripsage_owner "$database" -c 'SELECT count(*) FROM tripsage.schema_migration') == \
        $(find "$source_dir/migrations/postgres" -name '*.sql' | wc -l) ]] || fail "not every migration was pushed"
}

# The webhooks are installed on a database with pg_net and a vault that note what they are asked; a row then becomes a signed message.
try_functions() {
    local call
    write_settings
    (cd "$project" && eval "$1")
    call=$(last supabase)
    [[ $(cat "$call.argv") == $'db\npush\n--include-all\n--yes' ]] || fail "called $(cat "$call.argv")"
    grep -qx "TRIPSAGE_WEBHOOK_SECRET=$webhook_secret" "$call.env" || fail "the CLI does not get the secret in its environment"
    grep -qx "TRIPSAGE_WEBHOOK_URL=https://api.example.org" "$call.env" || fail "the CLI does not get the address"
    grep -q 'env(TRIPSAGE_WEBHOOK_SECRET)' "$project/supabase/config.toml" || fail "the vault does not take the secret"
    not_on_command_lines supabase "$webhook_secret"
    ! grep -rF "$webhook_secret" "$project/supabase" || fail "the secret is in a file"
    psql -X -q -v ON_ERROR_STOP=1 -v secret="$webhook_secret" -h "$rig/direct" -U postgres "$database" <"$here/supabase.sql"
    # It may run any number of times. What pg_net does is in supabase.sql.
    for _ in 1 2; do
        grep -v 'EXTENSION .* pg_net;' "$project/supabase/migrations/20260102000000_tripsage_webhooks.sql" |
            psql -X -q -v ON_ERROR_STOP=1 -h "$rig/direct" -U postgres "$database"
    done
}

# Secrets go to the CLI in a file that only its owner reads, and that is gone; the file says what was given.
try_secrets() { # COMMAND NAME=VALUE...
    local command=$1 call pair
    shift
    (cd "$project" && eval "$command")
    call=$(last supabase)
    [[ $(head -n 3 "$call.argv") == $'secrets\nset\n--env-file' ]] || fail "called $(cat "$call.argv")"
    [[ $(cut -d' ' -f1 "$call.files") == 600 ]] || fail "others may read the file: $(cat "$call.files")"
    [[ ! -e $(cut -d' ' -f2 "$call.files") ]] || fail "the file is still there"
    for pair in "$@"; do
        grep -qx "${pair%%=*}='${pair#*=}'" "$call.content" || fail "the file has not $pair: $(cat "$call.content")"
        not_on_command_lines supabase "${pair#*=}"
    done
}

start_server() { # COMMAND
    write_settings
    (cd "$project" && eval "exec $1") &
    server=$!
}

try_run() {
    await
    grep -q "listening on http://0.0.0.0:8080" "$work/server.log" || fail "listens elsewhere: $(cat "$work/server.log")"
    # What is served is what the project's users are given: a token of the project, signed with its secret, makes a trip.
    local head payload token made
    head=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url)
    payload=$(printf '{"iss":"%s/auth/v1","sub":"01890000-0000-7000-8000-00000000000a","aud":"authenticated","role":"authenticated","exp":%d,"session_id":"01890000-0000-7000-8000-0000000000aa"}' \
        "${value[DATABASE_URL]}" $(($(date +%s) + 3600)) | base64url)
    token=$head.$payload.$(printf '%s.%s' "$head" "$payload" | openssl dgst -sha256 -mac HMAC -macopt "key:${value[DATABASE_JWT_SECRET]}" -binary | base64url)
    made=$(command curl -sS http://localhost:8080/api/trips -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
        -d '{"title": "Kyoto", "start_date": "2026-11-02", "end_date": "2026-11-09", "destinations": [{"name": "Kyoto"}]}')
    [[ $(jq -r .title <<<"$made") == Kyoto ]] || fail "no trip is served: $made"
    # And a row of the database, past the server, becomes a signed message that the server takes.
    psql -X -q -v ON_ERROR_STOP=1 -h "$rig/direct" -U postgres "$database" -c "INSERT INTO tripsage.trip_collaborator (trip_id, user_id, level, position, added_by)
        VALUES ('$(jq -r .id <<<"$made")', '01890000-0000-7000-8000-00000000000b', 3, 1, '01890000-0000-7000-8000-00000000000a')"
    local address body headers answer=() kind
    for kind in trip-notifications cache-invalidation; do
        IFS=$'\t' read -r address body headers < <(psql -XAt -F $'\t' -h "$rig/direct" -U postgres "$database" \
            -c "SELECT url, body, headers FROM net.sent WHERE url LIKE '%$kind' ORDER BY id DESC LIMIT 1")
        [[ $address == "https://api.example.org/api/webhooks/$kind" ]] || fail "a webhook goes to \"$address\""
        mapfile -t answer < <(jq -r 'to_entries[] | "-H\n\(.key): \(.value)"' <<<"$headers")
        # The signature is good. What it asks for is not to be had here, where neither the project's accounts nor its Upstash are:
        # server.webhook has it.
        made=$(command curl -sS "http://localhost:8080/api/webhooks/$kind" "${answer[@]}" --data-binary "$body")
        [[ $(jq -r .code <<<"$made") == UNAVAILABLE ]] || fail "the server does not take the webhook $kind: $made"
        made=$(command curl -sS "http://localhost:8080/api/webhooks/$kind" "${answer[@]}" --data-binary "$body ")
        [[ $(jq -r .code <<<"$made") == INVALID_TOKEN ]] || fail "the server takes a webhook that was changed: $made"
    done
}

try_health() {
    eval "$1" >"$work/out" 2>"$work/err"
    # Its Upstash cannot be reached from here, which the server does without.
    [[ $(jq -r .status "$work/out") =~ ^(healthy|degraded)$ && $(jq -r .environment "$work/out") == production ]] || fail "$(cat "$work/out")"
    [[ $1 != *" -v "* ]] || grep -q '< HTTP/1.1 200' "$work/err" || fail "$(cat "$work/err")"
}

# "If configured": it is, with a token. Whoever shows it sees what was done here, at the port for everybody and at the one for operators;
# whoever does not sees nothing.
try_metrics() {
    local port
    for port in 8080 8081; do
        [[ $(command curl -s -o "$work/out" -w '%{http_code}' "http://localhost:$port$1") == 401 ]] || fail "without a token: $(cat "$work/out")"
        ! grep -q '^# TYPE' "$work/out" || fail "without a token: $(cat "$work/out")"
        command curl -fsS "http://localhost:$port$1" -H "Authorization: Bearer $metrics_token" >"$work/out"
        grep -qx '# TYPE http_server_request_duration_seconds histogram' "$work/out" || fail "$(cat "$work/out")"
        grep -qE '^http_server_request_duration_seconds_count\{.*http_route="/health",http_response_status_code="200".*\} [1-9]' "$work/out" || fail "$(cat "$work/out")"
    done
}

try_endpoint() { # "GET /path"
    local status
    status=$(command curl -s -o "$work/out" -w '%{http_code}' "http://localhost:8080${1#GET }")
    case ${1#GET } in
    /health/database) [[ $status == 200 && $(jq -r .status "$work/out") == healthy ]] || fail "$status: $(cat "$work/out")" ;;
    *) [[ $status == 200 ]] || fail "$status: $(cat "$work/out")" ;;
    esac
}

try_upstash() {
    eval "$1" >"$work/out"
    [[ $(jq -r .result "$work/out") == PONG ]] || fail "$(cat "$work/out")"
}

try_logs() {
    eval "$1" >"$work/out"
    [[ -s $work/out ]] || fail "no log"
    jq -e .time "$work/out" >/dev/null || fail "not one JSON object a line: $(cat "$work/out")"
    local name
    for name in "${secrets[@]}"; do
        ! grep -F "${value[$name]}" "$work/out" || fail "$name is in the log"
    done
}

# Python in the guide; here the server's own command looks at each dependency.
try_connection() {
    (
        set -a
        # shellcheck source=/dev/null
        source <(sed "s/&/\\\\&/g" "$project/.env")
        "$server_bin/tripsage-server" doctor --json
    ) >"$work/out" 2>"$work/err" || (($? == 1)) || fail "$(cat "$work/out" "$work/err")"
    # The database is well; Upstash, which cannot be reached from here, is told of.
    [[ $(jq -r '[.checks[] | select(.name == "database") | .state] | unique | join(" ")' "$work/out") == ok ]] || fail "$(cat "$work/out")"
    [[ $(jq -r '[.checks[] | select(.name == "cache") | .state] | unique | join(" ")' "$work/out") != ok ]] || fail "$(cat "$work/out")"
    DATABASE_URL=postgresql://nobody@127.0.0.1:1/none "$server_bin/tripsage-server" doctor >"$work/out" 2>&1 && fail "a database that is not there is found"
    grep -q 'cannot be reached' "$work/out" || fail "does not say what is wrong: $(cat "$work/out")"
}

try_security() {
    (
        set -a
        # shellcheck source=/dev/null
        source <(sed "s/&/\\\\&/g" "$project/.env")
        "$server_bin/tripsage-server" security-report --json
    ) >"$work/out" 2>"$work/err" || (($? == 1)) || fail "$(cat "$work/out" "$work/err")"
    jq -e . "$work/out" >/dev/null || fail "no report: $(cat "$work/out" "$work/err")"
}

# ---- the table ----

rows=0 bad=0
row() { # LINE WHAT HOW COMMAND...
    local verdict=ok code=0
    # In a shell of its own, with `set -e` in force, which it is not within a condition.
    set +e
    (set -e; "${@:4}") >"$work/said" 2>&1
    code=$?
    set -e
    if ((code)); then
        verdict="FAILED"
        bad=$((bad + 1))
    fi
    rows=$((rows + 1))
    printf '%5s  %-60.60s  %-34s %s\n' "$1" "$2" "$3" "$verdict"
    [[ $verdict == ok ]] || sed 's/^/       /' "$work/said"
}
printf '%5s  %-60s  %-34s %s\n' line "the guide says" "tried by" verdict
awk -f "$here/extract.awk" "$here/guide.md" >"$work/guide"
while IFS=$'\t' read -r line kind text; do
    case $kind:$text in
    variable:*=your-*)
        row "$line" "$text" "set, shown masked; as it stands: no" try_variable "$text"
        ;;
    variable:*) row "$line" "$text" "set, and shown with its source" try_variable "$text" ;;
    "command:make supa.link "*) row "$line" "$text" "stand-in for supabase" try_link "$text" ;;
    "command:make supa.db.push") row "$line" "$text" "stand-in; applied to PostgreSQL" try_push "$text" ;;
    "command:make supa.functions.deploy-all "*) row "$line" "$text" "stand-in; triggers in PostgreSQL" try_functions "$text" ;;
    "command:make supa.secrets-min "*)
        row "$line" "$text" "stand-in for supabase" try_secrets "$text" DATABASE_URL=https://your-project.supabase.co \
            DATABASE_PUBLIC_KEY=your-anon-key DATABASE_SERVICE_KEY=your-service-key
        ;;
    "command:make supa.secrets-upstash "*)
        row "$line" "$text" "stand-in for supabase" try_secrets "$text" \
            UPSTASH_REDIS_REST_URL=https://your-redis.upstash.io UPSTASH_REDIS_REST_TOKEN=your-token
        ;;
    "command:docker build "*) row "$line" "$text" "stand-in; tests/image/ builds it" eval "cd '$project' && $text" ;;
    "command:docker run "*)
        start_server "$text"
        row "$line" "$text" "this build's server, as the image" try_run
        ;;
    "command:curl "*/health) row "$line" "$text" "as it stands" try_health "$text" ;;
    "command:curl https://your-redis.upstash.io/ping "*) row "$line" "$text" "the server's own /cache" try_upstash "$text" ;;
    yaml:*) row "$line" "$text" "docker/compose.yml says it, too" "$here/files.py" says "$project/docker/compose.yml" "$here/guide.md" "$line" ;;
    "command:docker-compose up "*) row "$line" "$text" "stand-in; files and names checked" eval "cd '$project' && $text" ;;
    "span:http://localhost:16686") row "$line" "$text" "jaeger's port is published" "$here/files.py" publishes "$project/docker/compose.yml" jaeger 16686 ;;
    "span:GET /metrics") row "$line" "$text" "asked with a token, and without" try_metrics /metrics ;;
    "span:GET "*) row "$line" "$text" "asked" try_endpoint "$text" ;;
    "span:EXPLAIN ANALYZE") row "$line" "$text" "asked of PostgreSQL" psql -XAt -h "$rig/direct" -U postgres "$database" -c "EXPLAIN (ANALYZE) SELECT * FROM tripsage.trips" ;;
    "command:python -c "*create_client*) row "$line" "${text//\\n/ }" "tripsage-server doctor" try_connection ;;
    "command:python -c "*get_security_report*) row "$line" "${text//\\n/ }" "tripsage-server security-report" try_security ;;
    "command:docker logs "*) row "$line" "$text" "the server's own log" try_logs "$text" ;;
    "command:docker stats "*) row "$line" "$text" "of the server's process" eval "(( \$($text) > 0 ))" ;;
    *) row "$line" "$text" "nothing" false ;;
    esac
done <"$work/guide"

for platform in ecs cloud-run render railway collector workflows; do
    row - "described for others: $platform" "parsed, and its promises checked" "$here/files.py" "$platform" "$source_dir"
done
for text in "ENVIRONMENT=nowhere at all, a long name of an environment that is none, and on and on" DATABASE_URL=your-project DATABASE_PUBLIC_KEY=your-supabase-anon-key \
    DATABASE_SERVICE_KEY=your-supabase-service-key DATABASE_JWT_SECRET=your-supabase-jwt-secret SECRET_KEY=your-application-secret-key; do
    row - "$text" "refused, with a sentence" try_placeholders "$text"
done
kill -TERM "$server" 2>/dev/null || true
wait "$server" || fail "the server does not end well: $(cat "$work/server.out")"
server=""
for name in "${secrets[@]}"; do
    for stand_in in supabase docker docker-compose; do
        not_on_command_lines "$stand_in" "${value[$name]}"
    done
done
echo "$((rows - bad)) of $rows lines of the guide work: $(((rows - bad) * 100 / rows)) %"
((bad == 0))
