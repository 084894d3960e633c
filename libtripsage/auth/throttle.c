/* auth/throttle.c: see throttle.h.
 *
 * A bucket is one counter of the cache: the moment at which it will be empty again, if nobody asks (GCRA's "theoretical arrival time"), in
 * milliseconds. Asking adds an interval, atomically, and takes it back when that is more than the bucket holds. The counter expires at the
 * moment it names, so that one that is there is never in the past, which is the half of the algorithm a counter cannot do. */
#include "auth/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "cache/cache.h"

/* Of the cache in this process: some 50,000 buckets. */
#define OWN_CACHE_BYTES (8u * 1024 * 1024)
#define KNOWN_MS        (INT64_C(30) * 24 * 3600 * 1000)
#define AT_ONCE_MAX     30
/* A counter below is one that its maker has not yet added the time to: 2004 in milliseconds, beyond any interval. */
#define NO_TIME (INT64_C(1) << 40)

#define MINUTE 60000u
#define HOUR   3600000u

/* By what a limit counts, and what an address is known by. */
typedef enum scope { NONE, ADDRESS, ACCOUNT, GUESSES, ACCOUNT_GUESSES, ALL, KNOWN } scope;

typedef struct limit {
    scope scope;
    uint32_t count, period_ms;
} limit;

static const struct {
    const char *name;
    limit limits[2];
} standard[TRIPSAGE__THROTTLE_KINDS] = {
    [TRIPSAGE__THROTTLE_SIGNUP] = {"signup", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_TOKEN] = {"token", {{ADDRESS, 150, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_OTP] = {"otp", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_RECOVER] = {"recover", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_RESEND] = {"resend", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_USER] = {"user", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_VERIFY] = {"verify", {{ADDRESS, 30, 5 * MINUTE}}},
    [TRIPSAGE__THROTTLE_ANONYMOUS] = {"anonymous", {{ADDRESS, 30, HOUR}}},
    [TRIPSAGE__THROTTLE_FACTOR] = {"factor", {{ADDRESS, 15, MINUTE}}},
    [TRIPSAGE__THROTTLE_MAIL] = {"mail", {{ACCOUNT, 1, MINUTE}, {ALL, 30, HOUR}}},
    [TRIPSAGE__THROTTLE_PASSWORD] = {"password", {{GUESSES, 10, 10 * MINUTE}, {ACCOUNT_GUESSES, 100, 10 * MINUTE}}},
    [TRIPSAGE__THROTTLE_CODE] = {"code", {{GUESSES, 10, 10 * MINUTE}, {ACCOUNT_GUESSES, 30, 10 * MINUTE}}},
};

struct tripsage__throttle {
    tripsage__env *env;
    tripsage_cache *shared, *own; /* shared: NULL when there is none */
    uint64_t secret[2][2];        /* a key for each half of a name */
    limit limits[TRIPSAGE__THROTTLE_KINDS][2];
};

/* ---- made and freed ---- */

tripsage_status tripsage__throttle_new(tripsage__throttle **out, tripsage__env *env, tripsage_cache *cache,
                                       const unsigned char secret[TRIPSAGE__THROTTLE_SECRET_SIZE])
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage__throttle *throttle = tripsage__calloc(1, sizeof *throttle);
    tripsage_status status;

    *out = NULL;
    if (!throttle)
        return TRIPSAGE_NOMEM();
    throttle->env = env;
    throttle->shared = cache;
    memcpy(throttle->secret, secret, sizeof throttle->secret);
    for (size_t i = 0; i < TRIPSAGE__THROTTLE_KINDS; i++)
        memcpy(throttle->limits[i], standard[i].limits, sizeof throttle->limits[i]);
    options.max_bytes = OWN_CACHE_BYTES;
    TRIPSAGE_TRY(tripsage__cache_new(&throttle->own, &options, env));
    *out = throttle;
    throttle = NULL;
out:
    tripsage__throttle_free(throttle);
    return status;
}

void tripsage__throttle_free(tripsage__throttle *throttle)
{
    if (!throttle)
        return;
    tripsage__cache_free(throttle->own);
    tripsage__wipe(throttle->secret, sizeof throttle->secret);
    tripsage__free(throttle);
}

void tripsage__throttle_set(tripsage__throttle *throttle, tripsage__throttle_kind kind, uint32_t count)
{
    const limit *usual = standard[kind].limits;

    for (size_t i = 0; i < 2; i++)
        throttle->limits[kind][i].count = count * (usual[i].count / usual[0].count);
}

/* ---- names ---- */

/* A network of IPv6 is one client: whoever has one address in it has all 2^64. */
static void put_address(char out[INET6_ADDRSTRLEN + 4], const char *address)
{
    struct in6_addr six;
    unsigned char *byte = six.s6_addr;

    if (inet_pton(AF_INET6, address, &six) != 1) {
        snprintf(out, INET6_ADDRSTRLEN, "%s", address);
    } else if (IN6_IS_ADDR_V4MAPPED(&six)) {
        snprintf(out, INET6_ADDRSTRLEN, "%u.%u.%u.%u", byte[12], byte[13], byte[14], byte[15]);
    } else {
        memset(byte + 8, 0, 8);
        inet_ntop(AF_INET6, &six, out, INET6_ADDRSTRLEN);
    }
}

typedef struct name {
    char text[64];
    size_t size;
} name;

/* "throttle:password:<32 digits>" for what is counted together; 0 when that is not given. */
static int make_name(name *out, const tripsage__throttle *throttle, tripsage__throttle_kind kind, scope by,
                     const char *account, const char *address)
{
    char network[INET6_ADDRSTRLEN + 4] = "", told[512];
    uint64_t digest[2];
    int length;

    if ((by == ADDRESS && !address) || (by != ADDRESS && by != ALL && !account) || by == NONE)
        return 0;
    if (address && (by == ADDRESS || by == GUESSES || by == KNOWN))
        put_address(network, address);
    length = snprintf(told, sizeof told, "%d|%s|%s", by, network, by == ADDRESS || by == ALL ? "" : account);
    if (length >= (int)sizeof told)
        length = (int)sizeof told - 1; /* longer than any e-mail address: nobody's account */
    for (size_t i = 0; i < 2; i++)
        digest[i] = tripsage__siphash13(throttle->secret[i], told, (size_t)length);
    out->size = (size_t)snprintf(out->text, sizeof out->text, "throttle:%s:%016llx%016llx", standard[kind].name,
                                 (unsigned long long)digest[0], (unsigned long long)digest[1]);
    return 1;
}

/* ---- buckets ---- */

static int64_t interval_of(const limit *l)
{
    return l->period_ms / l->count ? l->period_ms / l->count : 1;
}

static int64_t at_once(const limit *l)
{
    uint32_t most = l->scope == ACCOUNT_GUESSES ? l->count : AT_ONCE_MAX; /* many addresses, ten each */

    return l->count < most ? l->count : most;
}

/* Adds to a bucket, and gives how far in the future it will be empty. */
static tripsage_status add(int64_t *ahead, tripsage_cache *cache, const name *n, int64_t by, int64_t now)
{
    int64_t value;
    tripsage_status status = tripsage_cache_increment(&value, cache, n->text, n->size, by, by);

    if (status != TRIPSAGE_OK)
        return status;
    if (value == by) /* it was made just now, to live until it is empty: only the time is missing */
        status = tripsage_cache_increment(&value, cache, n->text, n->size, now, by);
    *ahead = value < NO_TIME ? value : value - now;
    return status;
}

static tripsage_status take_from(int64_t *wait_ms, tripsage_cache *cache, const limit *l, const name *n, int64_t now)
{
    int64_t interval = interval_of(l), ahead = 0, ignored;
    tripsage_status status;

    *wait_ms = 0;
    TRIPSAGE_TRY(add(&ahead, cache, n, interval, now));
    if (ahead > at_once(l) * interval) {
        *wait_ms = ahead - at_once(l) * interval;
        TRIPSAGE_TRY(tripsage_cache_increment(&ignored, cache, n->text, n->size, -interval, interval));
    } else if (ahead > interval) {
        status = tripsage_cache_expire(cache, n->text, n->size, ahead);
    }
out:
    return status;
}

/* ---- where it is counted ---- */

typedef tripsage_status (*operation)(int64_t *out, tripsage_cache *cache, const limit *l, const name *n, int64_t now);

/* In the shared cache, or here while that one fails for any reason but memory, of which there is as little here. What is not there any more
 * was going to be empty. */
static tripsage_status perform(int64_t *out, tripsage__throttle *throttle, operation run, const limit *l, const name *n)
{
    int64_t now = tripsage__now_ms(throttle->env);
    tripsage_status status = TRIPSAGE_EUNAVAILABLE;

    if (throttle->shared)
        status = run(out, throttle->shared, l, n, now);
    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOTFOUND && status != TRIPSAGE_ENOMEM)
        status = run(out, throttle->own, l, n, now);
    return status == TRIPSAGE_ENOTFOUND ? TRIPSAGE_OK : status;
}

static tripsage_status give_back(int64_t *left, tripsage_cache *cache, const limit *l, const name *n, int64_t now)
{
    int64_t interval = interval_of(l);

    (void)now;
    return tripsage_cache_increment(left, cache, n->text, n->size, -interval, interval);
}

static tripsage_status forget(int64_t *unused, tripsage_cache *cache, const limit *l, const name *n, int64_t now)
{
    (void)unused;
    (void)l;
    (void)now;
    return tripsage_cache_delete(cache, n->text, n->size);
}

static tripsage_status remember(int64_t *unused, tripsage_cache *cache, const limit *l, const name *n, int64_t now)
{
    (void)unused;
    (void)l;
    (void)now;
    return tripsage_cache_set(cache, n->text, n->size, "1", 1, KNOWN_MS, TRIPSAGE_CACHE_ALWAYS);
}

static tripsage_status recall(int64_t *known, tripsage_cache *cache, const limit *l, const name *n, int64_t now)
{
    tripsage_cache_value value;

    (void)l;
    (void)now;
    *known = tripsage__cache_look(&value, cache, n->text, n->size);
    if (*known)
        tripsage_cache_value_free(&value);
    return TRIPSAGE_OK;
}

/* ---- the calls ---- */

static tripsage_status ask(int64_t *wait_ms, tripsage__throttle *throttle, tripsage__throttle_kind kind,
                           const char *account, const char *address)
{
    const limit *limits = throttle->limits[kind];
    int64_t known = 0, ignored;
    name names[2], whose;
    int taken[2] = {0, 0};
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < 2 && *wait_ms == 0; i++) {
        if (!limits[i].count || !make_name(&names[i], throttle, kind, limits[i].scope, account, address))
            continue;
        TRIPSAGE_TRY(perform(wait_ms, throttle, take_from, &limits[i], &names[i]));
        taken[i] = *wait_ms == 0;
        if (*wait_ms && limits[i].scope == ACCOUNT_GUESSES && address &&
            make_name(&whose, throttle, kind, KNOWN, account, address)) {
            TRIPSAGE_TRY(perform(&known, throttle, recall, &limits[i], &whose));
            if (known)
                *wait_ms = 0;
        }
    }
    if (*wait_ms && taken[0])
        status = perform(&ignored, throttle, give_back, &limits[0], &names[0]);
out:
    return status;
}

tripsage_status tripsage__throttle_ask(int64_t *wait_ms, tripsage__throttle *throttle, tripsage__throttle_kind kind,
                                       const char *account, const char *address)
{
    tripsage_error before;
    tripsage_status status;

    *wait_ms = 0;
    tripsage__error_save(&before);
    status = ask(wait_ms, throttle, kind, account, address);
    if (status == TRIPSAGE_OK)
        tripsage__error_restore(&before); /* that a cache was not there is nobody's concern */
    return status;
}

static tripsage_status forgive(tripsage__throttle *throttle, tripsage__throttle_kind kind, const char *account,
                               const char *address)
{
    int64_t ignored;
    tripsage_status status = TRIPSAGE_OK;
    name n;

    for (size_t i = 0; i < 2; i++) {
        const limit *l = &throttle->limits[kind][i];

        if (l->count && make_name(&n, throttle, kind, l->scope, account, address))
            TRIPSAGE_TRY(perform(&ignored, throttle, l->scope == GUESSES ? forget : give_back, l, &n));
    }
    if (address && make_name(&n, throttle, kind, KNOWN, account, address))
        status = perform(&ignored, throttle, remember, NULL, &n);
out:
    return status;
}

tripsage_status tripsage__throttle_succeeded(tripsage__throttle *throttle, tripsage__throttle_kind kind,
                                             const char *account, const char *address)
{
    tripsage_error before;
    tripsage_status status;

    tripsage__error_save(&before);
    status = forgive(throttle, kind, account, address);
    if (status == TRIPSAGE_OK)
        tripsage__error_restore(&before);
    return status;
}
