#!/usr/bin/env bash
# deploy.sh development|staging|production IMAGE: brings an image to where an environment runs, waits until it is healthy, and takes the one
# before back when it is not: then it fails, and what runs is what ran.
#
#   SERVICE_URL     where the environment answers: https://staging.example.org
#   DEPLOY_TARGET   compose    Docker Compose on a host (DOCKER_HOST=ssh://...)
#                   cloud-run  GCP_REGION, and what gcloud itself is told
#                   ecs        ECS_CLUSTER, AWS_ACCOUNT_ID, AWS_REGION, SECRETS_ARN, and what aws itself is told
#   HEALTH_SECONDS  how long it may take (180)
#
# The cache is emptied after a rollback (CACHE_CLEAR, a command such as "tripsage-server cache clear"): what a newer version put there is
# not an older one's to read.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=${1:-} image=${2:-}
case $environment in
development | staging | production) ;;
*)
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p;}' "$0" >&2
    exit 64
    ;;
esac
: "${image:?deploy.sh needs the image to deploy}" "${SERVICE_URL:?SERVICE_URL: expected where $environment answers}"
say() {
    echo "==> $*" >&2
}

compose() { # IMAGE ARGUMENT...
    ENVIRONMENT=$environment TRIPSAGE_IMAGE=$1 docker compose --file docker/compose.yml --file docker/compose.deploy.yml "${@:2}"
}

# What runs now, in the target's own words; nothing when nothing does.
current() {
    local container
    case $target in
    compose)
        container=$(compose none ps --quiet tripsage-api)
        [[ -z $container ]] || docker inspect --format '{{.Config.Image}}' "$container"
        ;;
    cloud-run)
        gcloud run services list --region "${GCP_REGION:?}" --filter metadata.name=tripsage-api \
            --format 'value(spec.template.spec.containers[0].image)'
        ;;
    ecs)
        aws ecs describe-services --cluster "${ECS_CLUSTER:?}" --services tripsage-api --query 'services[0].taskDefinition' --output text |
            sed '/^None$/d'
        ;;
    esac
}

# Brings an image there, or what `current` said.
bring() {
    local definition=$1
    case $target in
    compose) compose "$1" up --detach --no-build --no-deps tripsage-api ;;
    cloud-run)
        # shellcheck disable=SC2016 # names for envsubst
        IMAGE=$1 ENVIRONMENT=$environment envsubst '$IMAGE $ENVIRONMENT' <deploy/cloud-run.yaml |
            gcloud run services replace --region "${GCP_REGION:?}" --quiet -
        ;;
    ecs)
        if [[ $definition != arn:*:task-definition/* ]]; then
            # shellcheck disable=SC2016 # names for envsubst
            definition=$(aws ecs register-task-definition --query taskDefinition.taskDefinitionArn --output text --cli-input-json \
                "$(IMAGE=$1 ENVIRONMENT=$environment envsubst '$IMAGE $ENVIRONMENT $AWS_ACCOUNT_ID $AWS_REGION $SECRETS_ARN' <deploy/ecs-task-definition.json)")
        fi
        aws ecs update-service --cluster "${ECS_CLUSTER:?}" --service tripsage-api --task-definition "$definition" >/dev/null &&
            aws ecs wait services-stable --cluster "$ECS_CLUSTER" --services tripsage-api
        ;;
    esac
}

target=${DEPLOY_TARGET:-compose}
case $target in
compose | cloud-run | ecs) ;;
*)
    echo "DEPLOY_TARGET: expected compose, cloud-run or ecs" >&2
    exit 64
    ;;
esac

before=$(current)
say "$environment: ${before:-nothing} -> $image"
if bring "$image" && scripts/ci/health.sh "$SERVICE_URL" "${HEALTH_SECONDS:-180}"; then
    say "$environment runs $image"
    exit 0
fi
if [[ -z $before ]]; then
    say "$image does not get healthy, and nothing ran before it"
    exit 1
fi
say "$image does not get healthy: back to $before"
bring "$before"
if [[ -n ${CACHE_CLEAR:-} ]]; then
    say "empties the cache"
    bash -c "$CACHE_CLEAR"
fi
scripts/ci/health.sh "$SERVICE_URL" "${HEALTH_SECONDS:-180}" || {
    say "$before is not healthy either: somebody has to look"
    exit 2
}
say "$environment runs $before again"
exit 1
