/* base/actor.c: making actors and asking them who they are. */
#include "actor.h"

#include <string.h>

#include "memory.h"

tripsage_status tripsage_actor_user(tripsage_actor **out, const char *user_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_actor *actor;

    *out = NULL;
    if (!tripsage__uuid_parse(user_id, id))
        return TRIPSAGE_FAIL_FIELD("#user_id", "expected a UUID such as 018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e");
    actor = tripsage__calloc(1, sizeof *actor);
    if (!actor)
        return TRIPSAGE_NOMEM();
    memcpy(actor->user_id, id, sizeof id);
    *out = actor;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_actor_service(tripsage_actor **out)
{
    *out = tripsage__calloc(1, sizeof **out);
    if (!*out)
        return TRIPSAGE_NOMEM();
    (*out)->is_service = 1;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__actor_copy(tripsage_actor **out, const tripsage_actor *actor)
{
    tripsage_actor *copy = tripsage__malloc(sizeof *copy);

    *out = NULL;
    if (!copy)
        return TRIPSAGE_NOMEM();
    *copy = *actor;
    if (actor->claims) {
        copy->claims = tripsage__strdup(actor->claims);
        if (!copy->claims) {
            tripsage__free(copy);
            return TRIPSAGE_NOMEM();
        }
    }
    *out = copy;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__actor_check(const tripsage_actor *actor)
{
    if (!actor)
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAUTHENTICATED, "sign in first");
    return TRIPSAGE_OK;
}

const char *tripsage_actor_user_id(const tripsage_actor *actor)
{
    return actor ? actor->user_id : "";
}

const char *tripsage_actor_session_id(const tripsage_actor *actor)
{
    return actor ? actor->session_id : "";
}

const char *tripsage_actor_claims(const tripsage_actor *actor)
{
    return actor ? actor->claims : NULL;
}

int tripsage_actor_is_service(const tripsage_actor *actor)
{
    return actor && actor->is_service;
}

void tripsage_actor_free(tripsage_actor *actor)
{
    if (!actor)
        return;
    tripsage__free(actor->claims);
    tripsage__free(actor);
}
