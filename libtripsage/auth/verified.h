/* auth/verified.h: tokens verified a moment ago, so that the next request with the same one costs a look-up.
 *
 * An entry says: at `checked_at` this token was good and its session went on. It is believed for a minute at most, which is how long the
 * end of a session in another process may go unnoticed.
 *
 * In this process the end is noticed at once, without a search for the tokens it concerns: users are dealt onto a fixed number of
 * counters, an entry carries its counter's value from before the session was looked at, and ending a session counts up (after the store
 * has it). An entry with another value than the counter's is not believed. Users who share a counter with one who signs out are looked
 * up once more, nothing worse. */
#ifndef TRIPSAGE_AUTH_VERIFIED_H
#define TRIPSAGE_AUTH_VERIFIED_H

#include <stdint.h>
#include <tripsage/cache.h>

#include "base/actor.h"
#include "base/error.h"

typedef struct tripsage__verified tripsage__verified;

/* Longest a verification is believed. */
#define TRIPSAGE__VERIFIED_MAX_AGE_MS 60000

/* `cache` is borrowed; NULL: one of its own is made. `env` is borrowed too. */
tripsage_status tripsage__verified_new(tripsage__verified **out, tripsage__env *env, tripsage_cache *cache);
void tripsage__verified_free(tripsage__verified *verified); /* NULL is fine */

/* How a token is called in the cache: 128 bits that follow from a secret of this handle and the end of the token, which is its signature. Nobody
 * else can make such a name, so nobody who may write to the cache can plant an actor there. The name only leads to an entry: that it is this token's is seen from the
 * token in it, byte for byte. (A cryptographic digest in its place costs OpenSSL's locks, at each request more than all the rest.) */
typedef struct tripsage__verified_key {
    uint64_t name[2];
    const char *token; /* borrowed */
    size_t length;
} tripsage__verified_key;

void tripsage__verified_name(tripsage__verified_key *out, const tripsage__verified *verified, const char *token,
                             size_t length);

/* A new actor, or TRIPSAGE_ENOTFOUND. */
tripsage_status tripsage__verified_find(tripsage_actor **out, tripsage__verified *verified,
                                        const tripsage__verified_key *key, int64_t now_ms);

/* The user's counter: ask before the session is looked at, give it with what was found. */
uint32_t tripsage__verified_generation(const tripsage__verified *verified, const char *user_id);

/* Remembers. That it could not is no failure: the next request costs a verification. */
void tripsage__verified_keep(tripsage__verified *verified, const tripsage__verified_key *key,
                             const tripsage_actor *actor, uint32_t generation, int64_t now_ms);

/* A session of this user has ended, and the store knows it. */
void tripsage__verified_forget(tripsage__verified *verified, const char *user_id);

#endif
