/* auth/ended.h: sessions of a Supabase project that this handle has seen end, and users of whom some did: the tokens say nothing of it.
 *
 * An id is remembered for a week, the longest life that Supabase gives an access token, and 4,096 of them: the oldest gives way. Locks
 * itself. */
#ifndef TRIPSAGE_AUTH_ENDED_H
#define TRIPSAGE_AUTH_ENDED_H

#include "base/env.h"
#include "base/error.h"

typedef struct tripsage__ended tripsage__ended;

tripsage_status tripsage__ended_new(tripsage__ended **out, tripsage__env *env);
void tripsage__ended_free(tripsage__ended *ended); /* NULL is fine */

/* `id`: of a session, or of a user, of whom some may have ended. */
void tripsage__ended_put(tripsage__ended *ended, const char *id, int64_t now_ms);

/* When it was put last, in ms; 0: it is not known. */
int64_t tripsage__ended_at(tripsage__ended *ended, const char *id, int64_t now_ms);

#endif
