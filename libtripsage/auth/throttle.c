/* auth/throttle.c: see throttle.h. What is counted is the limiter's (tripsage/limit.h); here is by what, and who is known. */
#include "auth/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "cache/cache.h"

/* Of the cache in this process: some thousand addresses that are known. */
#define OWN_CACHE_BYTES (1024u * 1024)
#define KNOWN_MS        (INT64_C(30) * 24 * 3600 * 1000)
#define AT_ONCE_MAX     30

#define MINUTE 60000u
#define HOUR   3600000u

/* By what a limit counts, and what an address is known by. */
typedef enum scope { NONE, ADDRESS, ACCOUNT, GUESSES, ACCOUNT_GUESSES, ALL, KNOWN } scope;

static const char *const scopes[] = {[ADDRESS] = "address",
                                     [ACCOUNT] = "account",
                                     [GUESSES] = "guesses",
                                     [ACCOUNT_GUESSES] = "account-guesses",
                                     [ALL] = "all"};

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
    tripsage_limiter *limiter;
    tripsage_cache *shared, *own;                            /* of who is known; shared: NULL when there is none */
    uint64_t secret[2][2];                                   /* a key for each half of a name */
    tripsage_limit_rule *rules[TRIPSAGE__THROTTLE_KINDS][2]; /* NULL: without limit */
};

/* ---- made and freed ---- */

static uint32_t at_once(const limit *l, uint32_t count)
{
    uint32_t most = l->scope == ACCOUNT_GUESSES ? count : AT_ONCE_MAX; /* many addresses, ten each */

    return count < most ? count : most;
}

/* NULL where there is no limit, or the count is 0. */
static tripsage_status make_rule(tripsage_limit_rule **out, tripsage__throttle_kind kind, size_t i, uint32_t count)
{
    const limit *l = &standard[kind].limits[i];
    const tripsage_limit_policy policy = {standard[kind].name, count, l->period_ms, at_once(l, count)};
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;
    char name[TRIPSAGE_LIMIT_NAME_MAX + 1];

    *out = NULL;
    if (l->scope == NONE || count == 0)
        return TRIPSAGE_OK;
    snprintf(name, sizeof name, "throttle-%s-%s", standard[kind].name, scopes[l->scope]);
    options.name = name;
    options.policies = &policy;
    options.policy_count = 1;
    return tripsage_limit_rule_new(out, &options);
}

tripsage_status tripsage__throttle_set(tripsage__throttle *throttle, tripsage__throttle_kind kind, uint32_t count)
{
    const limit *usual = standard[kind].limits;
    tripsage_limit_rule *made[2] = {NULL, NULL};
    tripsage_status status;

    for (size_t i = 0; i < 2; i++)
        TRIPSAGE_TRY(make_rule(&made[i], kind, i, count * (usual[i].count / usual[0].count)));
    for (size_t i = 0; i < 2; i++) {
        tripsage_limit_rule *before = throttle->rules[kind][i];

        throttle->rules[kind][i] = made[i];
        made[i] = before;
    }
out:
    for (size_t i = 0; i < 2; i++)
        tripsage_limit_rule_free(made[i]);
    return status;
}

static int64_t clock_us(void *env)
{
    return tripsage__steady_us(env);
}

tripsage_status tripsage__throttle_new(tripsage__throttle **out, tripsage__env *env, tripsage_cache *cache,
                                       const unsigned char secret[TRIPSAGE__THROTTLE_SECRET_SIZE])
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_limiter_options limiter = TRIPSAGE_LIMITER_OPTIONS_INIT;
    tripsage__throttle *throttle = tripsage__calloc(1, sizeof *throttle);
    tripsage_status status;

    *out = NULL;
    if (!throttle)
        return TRIPSAGE_NOMEM();
    throttle->shared = cache;
    memcpy(throttle->secret, secret, sizeof throttle->secret);
    for (size_t kind = 0; kind < TRIPSAGE__THROTTLE_KINDS; kind++)
        for (size_t i = 0; i < 2; i++)
            TRIPSAGE_TRY(
                make_rule(&throttle->rules[kind][i], (tripsage__throttle_kind)kind, i, standard[kind].limits[i].count));
    limiter.cache = cache;
    limiter.clock_us = clock_us;
    limiter.clock_user = env;
    TRIPSAGE_TRY(tripsage__limiter_new(&throttle->limiter, &limiter, env));
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
    for (size_t kind = 0; kind < TRIPSAGE__THROTTLE_KINDS; kind++)
        for (size_t i = 0; i < 2; i++)
            tripsage_limit_rule_free(throttle->rules[kind][i]);
    tripsage__limiter_free(throttle->limiter);
    tripsage__cache_free(throttle->own);
    tripsage__wipe(throttle->secret, sizeof throttle->secret);
    tripsage__free(throttle);
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

/* "throttle:password:<32 digits>" for what is counted, or known, together; 0 when that is not given. */
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

/* ---- who is known ---- */

/* In the shared cache, or here while that is away. */
static tripsage_status remember(tripsage__throttle *throttle, const name *n)
{
    tripsage_status status = TRIPSAGE_EUNAVAILABLE;

    if (throttle->shared)
        status = tripsage_cache_set(throttle->shared, n->text, n->size, "1", 1, KNOWN_MS, TRIPSAGE_CACHE_ALWAYS);
    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOMEM)
        status = tripsage_cache_set(throttle->own, n->text, n->size, "1", 1, KNOWN_MS, TRIPSAGE_CACHE_ALWAYS);
    return status;
}

static int is_in(tripsage_cache *cache, const name *n)
{
    tripsage_cache_value value;
    int known = cache && tripsage__cache_look(&value, cache, n->text, n->size);

    if (known)
        tripsage_cache_value_free(&value);
    return known;
}

static int is_known(tripsage__throttle *throttle, tripsage__throttle_kind kind, const char *account,
                    const char *address)
{
    name n;

    return address && make_name(&n, throttle, kind, KNOWN, account, address) &&
           (is_in(throttle->shared, &n) || is_in(throttle->own, &n));
}

/* ---- the calls ---- */

/* Takes one of a limit; `wait_ms` is 0 when that was possible. */
static tripsage_status take_from(int64_t *wait_ms, tripsage__throttle *throttle, const tripsage_limit_rule *rule,
                                 const name *n)
{
    tripsage_limit_decision decision;
    tripsage_status status = tripsage_limit_decide(&decision, throttle->limiter, rule, n->text, n->size, 1);

    if (status == TRIPSAGE_OK && !decision.allowed)
        *wait_ms = decision.states[0].retry_after_ms;
    return status;
}

static tripsage_status ask(int64_t *wait_ms, tripsage__throttle *throttle, tripsage__throttle_kind kind,
                           const char *account, const char *address)
{
    tripsage_limit_rule *const *rules = throttle->rules[kind];
    name names[2];
    int taken = 0; /* from the first */
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < 2 && *wait_ms == 0; i++) {
        scope by = standard[kind].limits[i].scope;

        if (!rules[i] || !make_name(&names[i], throttle, kind, by, account, address))
            continue;
        TRIPSAGE_TRY(take_from(wait_ms, throttle, rules[i], &names[i]));
        taken = taken || (i == 0 && *wait_ms == 0);
        if (*wait_ms && by == ACCOUNT_GUESSES && is_known(throttle, kind, account, address))
            *wait_ms = 0;
    }
    if (*wait_ms && taken)
        status = tripsage_limit_give_back(throttle->limiter, rules[0], names[0].text, names[0].size, 1);
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
    tripsage_status status = TRIPSAGE_OK;
    name n;

    for (size_t i = 0; i < 2; i++) {
        const tripsage_limit_rule *rule = throttle->rules[kind][i];
        scope by = standard[kind].limits[i].scope;

        if (!rule || !make_name(&n, throttle, kind, by, account, address))
            continue;
        status = by == GUESSES ? tripsage_limit_reset(throttle->limiter, rule, n.text, n.size)
                               : tripsage_limit_give_back(throttle->limiter, rule, n.text, n.size, 1);
        if (status != TRIPSAGE_OK && status != TRIPSAGE_EUNAVAILABLE) /* then it is forgiven here */
            return status;
    }
    if (address && make_name(&n, throttle, kind, KNOWN, account, address))
        return remember(throttle, &n);
    return TRIPSAGE_OK;
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
