/* base/actor.h: the inside of an actor: on whose behalf a call is made. Made in actor.c, and by auth/ from a token. */
#ifndef TRIPSAGE_BASE_ACTOR_H
#define TRIPSAGE_BASE_ACTOR_H

#include <tripsage/auth.h>

#include "env.h"

struct tripsage_actor {
    int is_service;
    char user_id[TRIPSAGE__UUID_SIZE];    /* lower-case; "" for the service role */
    char session_id[TRIPSAGE__UUID_SIZE]; /* "" unless from a token */
    char *claims;                         /* JSON text of the token's claims; NULL unless from a token. Owned */
    int64_t expires_at_ms;                /* of the token; 0: no end */
};

tripsage_status tripsage__actor_copy(tripsage_actor **out, const tripsage_actor *actor);

/* TRIPSAGE_EUNAUTHENTICATED for NULL: the first line of every call that takes an actor. */
tripsage_status tripsage__actor_check(const tripsage_actor *actor);

#endif
