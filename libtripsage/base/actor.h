/* base/actor.h: the inside of an actor: on whose behalf a call is made. Made in actor.c, and by auth/ from a token. */
#ifndef TRIPSAGE_BASE_ACTOR_H
#define TRIPSAGE_BASE_ACTOR_H

#include <tripsage/auth.h>

#include "env.h"

struct tripsage_actor {
    int is_service;
    char user_id[TRIPSAGE__UUID_SIZE];    /* lower-case; "" for the service role */
    char session_id[TRIPSAGE__UUID_SIZE]; /* "" unless from a token */
    char key_id[TRIPSAGE__UUID_SIZE];     /* "" unless from an API key of the database */
    char *claims;                         /* JSON text of the token's claims; NULL unless from a token. Owned */
    char *token; /* it itself, where the accounts are a Supabase project's, which asks for it; else NULL. Owned */
    int64_t expires_at_ms; /* of the token; 0: no end */
    uint32_t scopes;       /* what a scoped API key is for; 0: all that the actor may */
};

/* What scoped API keys are made for. Who may write is given back what he wrote, so he may read. */
#define TRIPSAGE__SCOPES(XX)                                                                                           \
    XX(TRIPS_READ, "trips:read", 1u)                                                                                   \
    XX(TRIPS_WRITE, "trips:write", 1u | 2u)                                                                            \
    XX(VECTORS_READ, "vectors:read", 4u)                                                                               \
    XX(VECTORS_WRITE, "vectors:write", 4u | 8u)

enum {
#define XX(name, word, bits) TRIPSAGE__SCOPE_##name = (bits),
    TRIPSAGE__SCOPES(XX)
#undef XX
};

/* The bits of a scope by its word; 0 when there is none of it. */
uint32_t tripsage__scope_of(const char *word, size_t length);

tripsage_status tripsage__actor_copy(tripsage_actor **out, const tripsage_actor *actor);

/* TRIPSAGE_EUNAUTHENTICATED for NULL: the first line of every call that takes an actor. TRIPSAGE_EFORBIDDEN for an actor with scopes: a
 * call that is open to these asks for its own. */
tripsage_status tripsage__actor_check(const tripsage_actor *actor);
tripsage_status tripsage__actor_check_scope(const tripsage_actor *actor, uint32_t scope);

#endif
