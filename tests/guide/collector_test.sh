#!/usr/bin/env bash
# collector_test.sh SOURCE BIN: a collector of OpenTelemetry reads docker/otel-collector.yaml, and takes what the server sends in each form
# of OTLP/HTTP. It is the program that OTELCOL names, or otelcol or otelcol-contrib on PATH; docs/telemetry.md says how to have one. 77,
# which CTest shows as skipped, where there is none.
source "$(dirname "$0")/../house/lib.sh"
source_dir=$1 bin=$2
otelcol=${OTELCOL:-$(command -v otelcol || command -v otelcol-contrib || true)}
[[ -n $otelcol ]] || {
    echo "skipped: there is no collector; OTELCOL=... names one (docs/telemetry.md)"
    exit 77
}
collector="" server=""
stop_all() {
    for pid in $collector $server; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop_all EXIT

expect_code 0 "$otelcol" validate --config "$source_dir/docker/otel-collector.yaml"

# At other ports, with all it got in its log. Jaeger is not here: its exporter waits for metrics, of which there are none, and warns if it
# has a name that collectors are about to lose.
first=$((20000 + RANDOM % 20000))
cat >"$work/here.yaml" <<END
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:$first"}, http: {endpoint: "127.0.0.1:$((first + 1))"}}}}
exporters: {debug: {verbosity: detailed}}
extensions: {health_check: {endpoint: "127.0.0.1:$((first + 2))"}}
service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {exporters: [debug]}, metrics: {exporters: [otlp_grpc/jaeger]}}}
END
"$otelcol" --config "$source_dir/docker/otel-collector.yaml" --config "$work/here.yaml" >"$work/collected" 2>&1 &
collector=$!

unset "${!OTEL_@}" "${!TRIPSAGE_@}"
export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$((first + 1)) TRIPSAGE_ADMIN_PORT=0 PORT=0
wait_for() { # FILE PATTERN
    local i
    for ((i = 0; i < 200; i++)); do
        ! grep -sqE "$2" "$1" || return 0
        sleep 0.05
    done
    fail "no \"$2\" in: $(tail -n 50 "$1")"
}
wait_for "$work/collected" "Everything is ready"

# One request within somebody else's trace, in the form that the environment says. The server sends what waits when it ends.
trip() { # NAME TRACE
    local url
    : >"$work/server" # what the one before said
    OTEL_SERVICE_NAME=$1 TRIPSAGE_DATA_DIR=$work/data "$bin/tripsage-server" >>"$work/server" 2>&1 &
    server=$!
    wait_for "$work/server" "listening on http.*\)"
    url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/server")
    curl -fsS -o /dev/null "$url/api/auth/register" -H "traceparent: 00-$2-b7ad6b7169203331-01" -H "tracestate: somebody=else" \
        -H "Content-Type: application/json" -d "{\"email\": \"$1@example.org\", \"password\": \"a cup of green tea\"}"
    kill "$server"
    wait "$server" || fail "it does not end well: $(cat "$work/server")"
    server=""
}
forms=(http/protobuf:none http/protobuf:gzip http/json:none http/json:gzip)
for i in "${!forms[@]}"; do
    trace=0af7651916cd43dd8448eb211c80319$i
    OTEL_EXPORTER_OTLP_PROTOCOL=${forms[i]%:*} OTEL_EXPORTER_OTLP_COMPRESSION=${forms[i]#*:} trip "tripsage-$i" "$trace"
    wait_for "$work/collected" "service.name: Str\(tripsage-$i\)"
    # The spans of that trace by their kinds, each with all of its lines.
    for kind in Server Client; do
        awk -v trace="$trace" -v kind="Kind +: $kind" '/^Span #/ { if (span ~ trace && span ~ kind) exit; span = "" }
            { span = span "\n" $0 } END { print span }' "$work/collected" >"$work/$kind"
    done
    for wanted in "Trace ID +: $trace" "Parent ID +: b7ad6b7169203331" "TraceState +: somebody=else" "Name +: POST /api/auth/register" \
        "http.response.status_code: Int\(201\)" "http.route: Str\(/api/auth/register\)"; do
        grep -qE "$wanted" "$work/Server" || fail "${forms[i]}: no \"$wanted\" in $(cat "$work/Server")"
    done
    id=$(sed -n 's/^ *ID *: //p' "$work/Server")
    for wanted in "Trace ID +: $trace" "Parent ID +: $id" "db.query.summary: Str"; do
        grep -qE "$wanted" "$work/Client" || fail "${forms[i]}: no \"$wanted\" in $(cat "$work/Client")"
    done
done
! grep -E "^[^ ]+	(warn|error)" "$work/collected" || fail "the collector is not content"
echo "$("$otelcol" --version | head -1) has taken ${#forms[@]} traces: ${forms[*]}"
