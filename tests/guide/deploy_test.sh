#!/usr/bin/env bash
# deploy_test.sh SOURCE BIN: scripts/ci/deploy.sh as a workflow calls it, over a stand-in for Docker that starts the server of this build
# in the place of an image: a good one comes and stays, one that does not start and one that cannot be reached go, and what ran before runs
# again.
source "$(dirname "$0")/../house/lib.sh"
source_dir=$1 bin=$2
trap 'stop_all; rm -rf "$work"' EXIT
stop_all() {
    [[ ! -f $work/pid ]] || kill "$(cat "$work/pid")" 2>/dev/null || true
}

# Two free ports: where the service is expected, and where a bad one listens.
port=$((20000 + RANDOM % 20000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((20000 + RANDOM % 20000))
done
mkdir "$work/bin"
cat >"$work/bin/docker" <<END
#!/usr/bin/env bash
set -euo pipefail
echo "\$* image=\${TRIPSAGE_IMAGE:-} environment=\${ENVIRONMENT:-}" >>"$work/calls"
case "\$*" in
"compose --file docker/compose.yml --file docker/compose.deploy.yml ps --quiet tripsage-api") [[ ! -f $work/image ]] || echo container ;;
"inspect --format {{.Config.Image}} container") cat "$work/image" ;;
"compose --file docker/compose.yml --file docker/compose.deploy.yml up --detach --no-build --no-deps tripsage-api")
    if [[ -f $work/pid ]]; then
        kill "\$(cat "$work/pid")" 2>/dev/null || true
        while kill -0 "\$(cat "$work/pid")" 2>/dev/null; do sleep 0.05; done
    fi
    settings=(PORT=$port TRIPSAGE_ADMIN_PORT=0 TRIPSAGE_DATA_DIR=$work/data)
    case \$TRIPSAGE_IMAGE in
    *does-not-start*) settings+=(PORT=no-port) ;;
    *elsewhere*) settings+=(PORT=0) ;;
    esac
    echo "\$TRIPSAGE_IMAGE" >"$work/image"
    env -i "\${settings[@]}" "$bin/tripsage-server" >>"$work/log" 2>&1 &
    echo \$! >"$work/pid"
    ;;
*) exit 1 ;;
esac
END
chmod +x "$work/bin/docker"
export PATH=$work/bin:$PATH SERVICE_URL=http://127.0.0.1:$port HEALTH_SECONDS=4 HEALTH_PAUSE=0.2 DEPLOY_TARGET=compose
unset "${!TRIPSAGE_@}"
deploy() { # CODE ENVIRONMENT IMAGE
    expect_code "$1" "$source_dir/scripts/ci/deploy.sh" "${@:2}"
}

deploy 0 staging registry/tripsage-api@sha256:1
grep -q '"status":"healthy"' "$work/out" || fail "its health is not shown: $(cat "$work/out")"
grep -q 'image=registry/tripsage-api@sha256:1 environment=staging' "$work/calls" || fail "$(cat "$work/calls")"
deploy 0 staging registry/tripsage-api@sha256:2

for image in registry/does-not-start registry/elsewhere; do
    touch "$work/cache"
    CACHE_CLEAR="rm $work/cache" deploy 1 production "$image"
    grep -q "does not get healthy: back to registry/tripsage-api@sha256:2" "$work/out" || fail "$(cat "$work/out")"
    grep -q "production runs registry/tripsage-api@sha256:2 again" "$work/out" || fail "$(cat "$work/out")"
    [[ $(cat "$work/image") == registry/tripsage-api@sha256:2 && ! -e $work/cache ]] || fail "it did not go back"
    curl -fsS -o /dev/null "$SERVICE_URL/health/ready" || fail "nothing runs"
done

rm "$work/image"
deploy 1 development registry/does-not-start
grep -q "nothing ran before it" "$work/out" || fail "$(cat "$work/out")"
deploy 64 nowhere registry/x
DEPLOY_TARGET=balloon deploy 64 staging registry/x

# Publishing: the token goes by standard input, and what is printed is the digest.
cat >"$work/bin/docker" <<END
#!/usr/bin/env bash
set -euo pipefail
echo "\$*" >>"$work/published"
case \$1 in
login) cat >"$work/token" ;;
inspect) printf '%s\n' other/x@sha256:9 registry.example.org/me/tripsage-api@sha256:abc ;;
esac
END
expect registry.example.org/me/tripsage-api@sha256:abc env REGISTRY=registry.example.org REGISTRY_USER=me REGISTRY_TOKEN=very-secret \
    "$source_dir/scripts/ci/publish.sh" tripsage-api registry.example.org/me/tripsage-api 123 main
[[ $(cat "$work/token") == very-secret ]] || fail "no token"
! grep very-secret "$work/published" || fail "the token is on a command line"
grep -qx "push --quiet registry.example.org/me/tripsage-api:main" "$work/published" || fail "not every tag is pushed"
echo "deployed, gone back, published"
