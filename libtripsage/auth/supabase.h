/* auth/supabase.h: the client of a Supabase project's Auth: requests that only it can answer, and the keys by which its tokens are known.
 *
 * Requests carry the project's key, ask for errors in their newer shape, and have a deadline. Keys are kept for ten minutes; an id that
 * is not among them is looked up at most every 30 seconds, by one thread for all; while the network is down the old ones hold for a day. */
#ifndef TRIPSAGE_AUTH_SUPABASE_H
#define TRIPSAGE_AUTH_SUPABASE_H

#include <string.h>

#include "auth/jwk.h"
#include "base/env.h"
#include "http/http.h"

typedef struct tripsage__supabase tripsage__supabase;

/* Copied. */
typedef struct tripsage__supabase_options {
    const char *url;         /* "https://<project>.supabase.co" */
    const char *public_key;  /* publishable, or the anon token; NULL: only what a call brings along */
    const char *service_key; /* secret, or the service_role token; NULL: nothing can be done as the service */
    uint32_t deadline_ms;    /* of a request; 0: 10,000, after which GoTrue gives up as well */
    const char *authorities; /* see tripsage__http_options */
} tripsage__supabase_options;

/* `env` is borrowed. Asks nobody anything yet. Errors: TRIPSAGE_EINVALID (field "#options"), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__supabase_new(tripsage__supabase **out, tripsage__env *env,
                                       const tripsage__supabase_options *options);
void tripsage__supabase_free(tripsage__supabase *supabase); /* NULL is fine */

/* ---- requests ---- */

/* Borrowed for the call. */
typedef struct tripsage__supabase_call {
    const char *method;
    const char *path; /* after /auth/v1, with its query: "/token?grant_type=password" */
    const char *body; /* JSON; NULL: none */
    size_t body_size;
    const char *bearer;  /* the user's token; NULL: the key is the bearer, as official clients have it */
    const char *api_key; /* a client's own, to be passed on; NULL: ours, the public one or the service's */
    int as_service;
    int as_client;              /* the headers below say which shape errors have, and who asks */
    const char *const *headers; /* more of them, to be passed on: "Name: value" */
    size_t header_count;
    size_t answer_max; /* 0: TRIPSAGE__HTTP_ANSWER_MAX */
} tripsage__supabase_call;

/* Any answer, as it is. What only reads, and the refreshing of a token (whose lost answer is forgiven), is tried again.
 * Errors: TRIPSAGE_EINVALID (a path that leaves /auth/v1), TRIPSAGE_EMISUSE (no key for it), and those of tripsage__http_send. */
tripsage_status tripsage__supabase_forward(tripsage__http_response *out, tripsage__supabase *supabase,
                                           const tripsage__supabase_call *call);

/* A good answer only; a refusal becomes an error with Supabase's words and its code as `reason`.
 * Errors: besides those above what the code means (reasons.h), TRIPSAGE_EUNAVAILABLE for an answer 5xx, one that is no
 * JSON, and where the project does not know our key. */
tripsage_status tripsage__supabase_send(tripsage__http_response *out, tripsage__supabase *supabase,
                                        const tripsage__supabase_call *call);

/* ---- keys ---- */

/* The key with this id for this algorithm, from a set of keys that is the caller's to release; where there is none, *key is NULL, which
 * is no failure. Asks the project if it has to.
 * Errors: TRIPSAGE_EUNAVAILABLE and TRIPSAGE_ETIMEOUT (there are no keys, and none can be got), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__supabase_find(tripsage__keyset **set, const tripsage__key **key, tripsage__supabase *supabase,
                                        tripsage__algorithm algorithm, const char *kid);

/* For paths and their queries. */
static inline int tripsage__begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

#endif
