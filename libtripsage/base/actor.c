/* base/actor.c: making actors and asking them who they are. */
#include "actor.h"

#include <string.h>

#include "crypto.h"
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
    copy->claims = actor->claims ? tripsage__strdup(actor->claims) : NULL;
    copy->token = actor->token ? tripsage__strdup(actor->token) : NULL;
    if (!copy->claims != !actor->claims || !copy->token != !actor->token) {
        tripsage_actor_free(copy);
        return TRIPSAGE_NOMEM();
    }
    *out = copy;
    return TRIPSAGE_OK;
}

static const struct {
    const char *word;
    uint32_t bits;
} scopes[] = {
#define XX(name, word, bits) {word, bits},
    TRIPSAGE__SCOPES(XX)
#undef XX
};

uint32_t tripsage__scope_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (strlen(scopes[i].word) == length && memcmp(scopes[i].word, word, length) == 0)
            return scopes[i].bits;
    return 0;
}

tripsage_status tripsage__actor_check_scope(const tripsage_actor *actor, uint32_t scope)
{
    if (!actor)
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAUTHENTICATED, "sign in first");
    if (actor->scopes && (scope == 0 || (actor->scopes & scope) != scope))
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the API key was not made for this");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__actor_check(const tripsage_actor *actor)
{
    return tripsage__actor_check_scope(actor, 0);
}

int tripsage_actor_allows(const tripsage_actor *actor, const char *scope)
{
    uint32_t bits = tripsage__scope_of(scope, strlen(scope));

    return actor && (!actor->scopes || (bits && (actor->scopes & bits) == bits));
}

const char *tripsage_actor_user_id(const tripsage_actor *actor)
{
    return actor ? actor->user_id : "";
}

const char *tripsage_actor_session_id(const tripsage_actor *actor)
{
    return actor ? actor->session_id : "";
}

const char *tripsage_actor_key_id(const tripsage_actor *actor)
{
    return actor ? actor->key_id : "";
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
    if (actor->token)
        tripsage__wipe(actor->token, strlen(actor->token));
    tripsage__free(actor->token);
    tripsage__free(actor);
}
