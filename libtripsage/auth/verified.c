/* auth/verified.c: the cache of verified tokens. */
#include "auth/verified.h"

#include <stdatomic.h>
#include <string.h>

#include "auth/token.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "cache/cache.h"

/* 4,096 counters, 16 KiB: of a hundred thousand users in a minute, some 25 share one. */
#define COUNTER_BITS 12
#define COUNTERS     (1u << COUNTER_BITS)

/* The characters a token is named by. ES256's signature has 86 of them, HS256's 43; of RS256's 342 any part is as good. */
#define NAMED_END ((size_t)96)

/* Of a cache of its own: with about 1.5 KiB an entry, some 11,000 tokens in use at a time. */
#define OWN_CACHE_BYTES (16u * 1024 * 1024)

struct tripsage__verified {
    tripsage_cache *cache; /* the one used */
    tripsage_cache *own;   /* the same, when it is ours to close */
    uint64_t secret[2][2]; /* a key for each half of a name */
    _Atomic uint32_t counters[COUNTERS];
};

/* What an entry holds before the token and the claims. Written and read by memcpy: a value has no alignment. */
struct entry {
    int64_t checked_at_ms;
    int64_t expires_at_ms;
    uint32_t generation;
    uint32_t token_length;
    char user_id[TRIPSAGE__UUID_SIZE];
    char session_id[TRIPSAGE__UUID_SIZE];
};

static tripsage_status make_own_cache(tripsage__verified *verified, tripsage__env *env)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;

    options.max_bytes = OWN_CACHE_BYTES;
    return tripsage__cache_new(&verified->own, &options, env);
}

tripsage_status tripsage__verified_new(tripsage__verified **out, tripsage__env *env, tripsage_cache *cache)
{
    tripsage__verified *verified = tripsage__calloc(1, sizeof *verified);
    tripsage_status status;

    *out = NULL;
    if (!verified)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__random(env, verified->secret, sizeof verified->secret));
    if (!cache)
        TRIPSAGE_TRY(make_own_cache(verified, env));
    verified->cache = cache ? cache : verified->own;
    *out = verified;
    verified = NULL;
out:
    tripsage__verified_free(verified);
    return status;
}

void tripsage__verified_free(tripsage__verified *verified)
{
    if (!verified)
        return;
    tripsage__cache_free(verified->own);
    tripsage__wipe(verified->secret, sizeof verified->secret);
    tripsage__free(verified);
}

void tripsage__verified_name(tripsage__verified_key *out, const tripsage__verified *verified, const char *token,
                             size_t length)
{
    size_t end = length < NAMED_END ? length : NAMED_END;

    for (size_t i = 0; i < 2; i++)
        out->name[i] = tripsage__siphash13(verified->secret[i], token + length - end, end);
    out->token = token;
    out->length = length;
}

/* Ids are lower-case hexadecimal and end in random digits (UUIDv7, and v4): their last three choose the counter. */
static size_t counter_of(const char *user_id)
{
    size_t index = 0;

    for (const char *p = user_id + TRIPSAGE__UUID_SIZE - 1 - COUNTER_BITS / 4; *p; p++)
        index = index << 4 | (size_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    return index & (COUNTERS - 1);
}

uint32_t tripsage__verified_generation(const tripsage__verified *verified, const char *user_id)
{
    return atomic_load_explicit(&verified->counters[counter_of(user_id)], memory_order_acquire);
}

void tripsage__verified_forget(tripsage__verified *verified, const char *user_id)
{
    atomic_fetch_add_explicit(&verified->counters[counter_of(user_id)], 1, memory_order_release);
}

static int is_believed(const tripsage__verified *verified, const struct entry *entry, int64_t now_ms)
{
    int64_t age = now_ms - entry->checked_at_ms;

    /* A negative age: the clock was set back, and what it said then cannot be compared. */
    return age >= 0 && age < TRIPSAGE__VERIFIED_MAX_AGE_MS && now_ms < entry->expires_at_ms + TRIPSAGE__TOKEN_SKEW_MS &&
           entry->generation == tripsage__verified_generation(verified, entry->user_id);
}

static tripsage_status make_actor(tripsage_actor **out, const struct entry *entry, const char *claims, size_t size)
{
    tripsage_actor *actor = tripsage__calloc(1, sizeof *actor);

    if (!actor)
        return TRIPSAGE_NOMEM();
    memcpy(actor->user_id, entry->user_id, sizeof actor->user_id);
    memcpy(actor->session_id, entry->session_id, sizeof actor->session_id);
    actor->expires_at_ms = entry->expires_at_ms;
    actor->claims = tripsage__strndup(claims, size);
    if (!actor->claims) {
        tripsage_actor_free(actor);
        return TRIPSAGE_NOMEM();
    }
    *out = actor;
    return TRIPSAGE_OK;
}

static int is_of(const struct entry *entry, const tripsage_cache_value *value, const tripsage__verified_key *key)
{
    return entry->token_length == key->length && value->size >= sizeof *entry + key->length &&
           memcmp((const char *)value->data + sizeof *entry, key->token, key->length) == 0;
}

tripsage_status tripsage__verified_find(tripsage_actor **out, tripsage__verified *verified,
                                        const tripsage__verified_key *key, int64_t now_ms)
{
    tripsage_cache_value value;
    struct entry entry;
    tripsage_status status = TRIPSAGE_ENOTFOUND; /* not told: the caller verifies */

    *out = NULL;
    if (!tripsage__cache_look(&value, verified->cache, key->name, sizeof key->name))
        return status;
    memcpy(&entry, value.data, sizeof entry);
    if (is_of(&entry, &value, key) && is_believed(verified, &entry, now_ms)) {
        size_t before = sizeof entry + entry.token_length;

        status = make_actor(out, &entry, (const char *)value.data + before, value.size - before);
    }
    tripsage_cache_value_free(&value);
    return status;
}

void tripsage__verified_keep(tripsage__verified *verified, const tripsage__verified_key *key,
                             const tripsage_actor *actor, uint32_t generation, int64_t now_ms)
{
    char value[sizeof(struct entry) + 2 * TRIPSAGE__TOKEN_MAX]; /* claims are shorter than the token they came in */
    size_t claims_size = strlen(actor->claims);
    int64_t life = actor->expires_at_ms + TRIPSAGE__TOKEN_SKEW_MS - now_ms;
    struct entry entry;

    memset(&entry, 0, sizeof entry);
    entry.checked_at_ms = now_ms;
    entry.expires_at_ms = actor->expires_at_ms;
    entry.generation = generation;
    entry.token_length = (uint32_t)key->length;
    memcpy(entry.user_id, actor->user_id, sizeof entry.user_id);
    memcpy(entry.session_id, actor->session_id, sizeof entry.session_id);
    memcpy(value, &entry, sizeof entry);
    memcpy(value + sizeof entry, key->token, key->length);
    memcpy(value + sizeof entry + key->length, actor->claims, claims_size);
    if (life > TRIPSAGE__VERIFIED_MAX_AGE_MS)
        life = TRIPSAGE__VERIFIED_MAX_AGE_MS;
    (void)tripsage_cache_set(verified->cache, key->name, sizeof key->name, value,
                             sizeof entry + key->length + claims_size, life, TRIPSAGE_CACHE_ALWAYS);
}
