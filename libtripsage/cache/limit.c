/* cache/limit.c: the door of the limiter: rules, what may come in, and where a decision is made. */
#include <tripsage/limit.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/observe.h"
#include "base/siphash.h"
#include "cache.h"
#include "limit_local.h"
#include "limit_remote.h"

/* 3.5 MiB, of which the system gives what is used: each of 1,100 connections may be of sixty people. */
#define KEYS 65536u
/* What a script's numbers hold exactly. */
#define EXACT_MAX (UINT64_C(1) << 53)

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

struct tripsage_limiter {
    tripsage__env *own_env; /* what tripsage_limiter_open made; NULL otherwise */
    tripsage__observer *observer;
    tripsage_cache *server; /* borrowed; NULL: in the process */
    tripsage__limit_table *table;
    int64_t (*clock_us)(void *user);
    void *clock_user;
    _Atomic uint64_t admitted, refused, shadowed, away; /* beside what the table has counted */
};

typedef tripsage_limit_rule rule;
typedef tripsage_limit_decision decision;
typedef tripsage__limit_levels levels;
typedef tripsage__limit_meter meter;

/* ---- rules ---- */

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static int is_name(const char *name)
{
    size_t length = name ? strspn(name, NAME_CHARACTERS) : 0;

    return length && length <= TRIPSAGE_LIMIT_NAME_MAX && name[length] == '\0';
}

static tripsage_status bad(size_t index, const char *member, const char *expected)
{
    char pointer[32];

    snprintf(pointer, sizeof pointer, "/%zu/%s", index, member);
    return TRIPSAGE_FAIL_FIELD(pointer, "%s", expected);
}

static tripsage_status take_policy(rule *r, size_t i, const tripsage_limit_policy *given)
{
    tripsage_limit_policy *p = &r->policies[i];
    meter *m = &r->meters[i];
    uint64_t window_us, common;

    if (!is_name(given->name))
        return bad(i, "name", "expected 1 to 64 letters, digits, \"_\", \"-\" or \".\"");
    if (given->quota == 0 || given->quota > TRIPSAGE_LIMIT_QUOTA_MAX)
        return bad(i, "quota", "expected 1 to 1,000,000 in a window");
    if (given->window_ms < 1 || given->window_ms > TRIPSAGE_LIMIT_WINDOW_MAX)
        return bad(i, "window_ms", "expected a window of 1 ms to 31 days");
    if (given->burst > given->quota)
        return bad(i, "burst", "at most the quota is let in at once");
    *p = *given;
    p->name = strcpy(r->names[1 + i], given->name);
    if (!p->burst)
        p->burst = p->quota;
    window_us = (uint64_t)p->window_ms * 1000;
    common = common_divisor(window_us, p->quota);
    *m = (meter){window_us / common, p->quota / common, window_us / common * p->burst, 0, 0};
    m->per_unit = 1.0 / (double)m->unit;
    m->per_drain = 1.0 / (double)m->drain;
    if (m->capacity > EXACT_MAX)
        return bad(i, "quota",
                   "so many in so long a window cannot be counted exactly: take one that divides the window");
    if (p->burst < r->cost_max)
        r->cost_max = p->burst;
    return TRIPSAGE_OK;
}

/* Of what is the same wherever the same rule is made. */
static uint64_t signature_of(const rule *r)
{
    static const uint64_t nobody[2] = {0, 0}; /* it tells rules apart, and keeps no secret */
    char text[TRIPSAGE_LIMIT_NAME_MAX + TRIPSAGE_LIMIT_POLICIES_MAX * 64];
    size_t size = (size_t)snprintf(text, sizeof text, "%s", r->options.name);

    for (size_t i = 0; i < r->count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, ";%" PRIu64 ",%" PRIu64 ",%" PRIu64,
                                 r->meters[i].unit, r->meters[i].drain, r->meters[i].capacity);
    return tripsage__siphash13(nobody, text, size);
}

static tripsage_status take_options(rule *r, const tripsage_limit_rule_options *given)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!given || given->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_LIMIT_RULE_OPTIONS_INIT");
    if (!is_name(given->name))
        return TRIPSAGE_FAIL_FIELD("#name", "expected 1 to 64 letters, digits, \"_\", \"-\" or \".\"");
    if (!given->policies || given->policy_count == 0 || given->policy_count > TRIPSAGE_LIMIT_POLICIES_MAX)
        return TRIPSAGE_FAIL_FIELD("#policies", "a rule has 1 to %d policies", TRIPSAGE_LIMIT_POLICIES_MAX);
    if (given->when_away != TRIPSAGE_LIMIT_LOCAL && given->when_away != TRIPSAGE_LIMIT_OPEN &&
        given->when_away != TRIPSAGE_LIMIT_CLOSED)
        return TRIPSAGE_FAIL_FIELD("#options", "there is no such way to decide while the server is away");
    r->options = *given;
    r->options.name = strcpy(r->names[0], given->name);
    r->options.policies = r->policies;
    r->count = given->policy_count;
    r->cost_max = UINT32_MAX;
    for (size_t i = 0; i < r->count; i++)
        TRIPSAGE_TRY(take_policy(r, i, &given->policies[i]));
    r->signature = signature_of(r);
out:
    return status;
}

tripsage_status tripsage_limit_rule_new(rule **out, const tripsage_limit_rule_options *options)
{
    rule *r = tripsage__calloc(1, sizeof *r);
    tripsage_status status;

    *out = NULL;
    if (!r)
        return TRIPSAGE_NOMEM();
    status = take_options(r, options);
    if (status == TRIPSAGE_OK)
        *out = r;
    else
        tripsage_limit_rule_free(r);
    return status;
}

void tripsage_limit_rule_free(rule *r)
{
    tripsage__free(r);
}

const tripsage_limit_rule_options *tripsage_limit_rule_get(const rule *r)
{
    return &r->options;
}

/* ---- limiters ---- */

static int64_t machine_us(void *user)
{
    (void)user;
    return tripsage__monotonic_us();
}

tripsage_status tripsage__limiter_new(tripsage_limiter **out, const tripsage_limiter_options *options,
                                      tripsage__env *env)
{
    static const tripsage_limiter_options standard = TRIPSAGE_LIMITER_OPTIONS_INIT;
    tripsage_limiter *l;
    tripsage_status status;

    *out = NULL;
    if (!options)
        options = &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_LIMITER_OPTIONS_INIT");
    l = tripsage__calloc(1, sizeof *l);
    if (!l)
        return TRIPSAGE_NOMEM();
    l->server = options->cache && tripsage__cache_is_on_server(options->cache) ? options->cache : NULL;
    l->observer = tripsage__env_observer(env);
    l->clock_us = options->clock_us ? options->clock_us : machine_us;
    l->clock_user = options->clock_user;
    TRIPSAGE_TRY(tripsage__limit_table_new(&l->table, options->max_keys ? options->max_keys : KEYS, env));
    *out = l;
    l = NULL;
out:
    tripsage__limiter_free(l);
    return status;
}

void tripsage__limiter_free(tripsage_limiter *l)
{
    if (!l)
        return;
    tripsage__limit_table_free(l->table);
    tripsage__env_free(l->own_env);
    tripsage__free(l);
}

tripsage_status tripsage_limiter_open(tripsage_limiter **out, const tripsage_limiter_options *options,
                                      const tripsage_runtime *runtime)
{
    tripsage__env *env = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__env_new(&env, runtime);
    if (status != TRIPSAGE_OK)
        return status;
    status = tripsage__limiter_new(out, options, env);
    if (status == TRIPSAGE_OK)
        (*out)->own_env = env;
    else
        tripsage__env_free(env);
    return status;
}

void tripsage_limiter_close(tripsage_limiter *l)
{
    tripsage__limiter_free(l);
}

int tripsage_limiter_is_shared(const tripsage_limiter *l)
{
    return l->server != NULL;
}

void tripsage_limiter_get_stats(tripsage_limiter_stats *out, tripsage_limiter *l)
{
    *out = (tripsage_limiter_stats){
        .admitted = l->admitted, .refused = l->refused, .shadowed = l->shadowed, .away = l->away, .bytes = sizeof *l};
    tripsage__limit_table_stats(out, l->table);
}

/* ---- what may come in ---- */

static tripsage_status check_key(const void *key, size_t key_size)
{
    if (!key || key_size == 0 || key_size > TRIPSAGE_LIMIT_KEY_MAX)
        return TRIPSAGE_FAIL_FIELD("#key", "a key has 1 to %u bytes", TRIPSAGE_LIMIT_KEY_MAX);
    return TRIPSAGE_OK;
}

static tripsage_status check(const rule *r, const void *key, size_t key_size, uint32_t cost)
{
    if (cost == 0 || cost > r->cost_max)
        return TRIPSAGE_FAIL_FIELD("#cost", "%s admits 1 to %" PRIu32 " at once", r->options.name, r->cost_max);
    return check_key(key, key_size);
}

/* ---- a decision ---- */

/* What the table decides it counts, too: a counter of all threads would cost as much as the decision. */
static int is_of_table(const tripsage_limiter *l, const rule *r, int away)
{
    return !l->server || (away && r->options.when_away == TRIPSAGE_LIMIT_LOCAL);
}

static int64_t milliseconds(int64_t us)
{
    return (us + 999) / 1000;
}

static void describe(decision *out, const rule *r, const levels *at, uint32_t cost, int room)
{
    *out = (decision){.refused = !room, .policy_count = r->count};
    for (size_t i = 0; i < r->count; i++) {
        const meter *m = &r->meters[i];
        tripsage_limit_state *s = &out->states[i];
        uint64_t wanted = at->level[i] + cost * m->unit;

        s->remaining = (uint32_t)tripsage__limit_divide(m->capacity - at->level[i], m->unit, m->per_unit);
        s->reset_ms = milliseconds(tripsage__limit_time(m, at->level[i]));
        if (!room && wanted > m->capacity)
            s->retry_after_ms = milliseconds(tripsage__limit_time(m, wanted - m->capacity));
        if (room ? s->remaining < out->states[out->binding].remaining
                 : s->retry_after_ms > out->states[out->binding].retry_after_ms)
            out->binding = i;
    }
}

/* On the server, when there is one that answers. */
static tripsage_status ask_server(int *room, levels *at, tripsage_limiter *l, const rule *r, tripsage__cache_bytes key,
                                  tripsage__limit_operation operation, uint32_t cost)
{
    tripsage_error before;
    tripsage_status status;

    tripsage__error_save(&before);
    status = tripsage__limit_remote_run(room, at, l->server, r, key, operation, cost);
    if (status == TRIPSAGE_EUNAVAILABLE) {
        tripsage__error_restore(&before); /* that it is away is nobody's failure: the rule says what to do */
        atomic_fetch_add_explicit(&l->away, 1, memory_order_relaxed);
    }
    return status;
}

static int ask_table(levels *at, tripsage_limiter *l, const rule *r, tripsage__cache_bytes key,
                     tripsage__limit_operation operation, uint32_t cost)
{
    return tripsage__limit_table_run(at, l->table, r, key.data, key.size, operation, cost, l->clock_us(l->clock_user));
}

static tripsage_status ask(decision *out, tripsage_limiter *l, const rule *r, tripsage__cache_bytes key,
                           tripsage__limit_operation operation, uint32_t cost)
{
    levels at = {0, {0}};
    int room = 1;
    tripsage_status status = l->server ? ask_server(&room, &at, l, r, key, operation, cost) : TRIPSAGE_OK;
    int away = status == TRIPSAGE_EUNAVAILABLE;

    if (status != TRIPSAGE_OK && !away)
        return status;
    if (is_of_table(l, r, away))
        room = ask_table(&at, l, r, key, operation, cost);
    describe(out, r, &at, cost, room);
    out->away = away;
    if (away && r->options.when_away == TRIPSAGE_LIMIT_CLOSED)
        out->refused = 1;
    out->allowed = !out->refused || r->options.shadow;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_limit_decide(decision *out, tripsage_limiter *l, const rule *r, const void *key,
                                      size_t key_size, uint32_t cost)
{
    tripsage_status status;

    *out = (decision){0};
    TRIPSAGE_TRY(check(r, key, key_size, cost));
    TRIPSAGE_TRY(ask(out, l, r, (tripsage__cache_bytes){key, key_size}, TRIPSAGE__LIMIT_TAKE, cost));
    if (!is_of_table(l, r, out->away))
        atomic_fetch_add_explicit(!out->refused  ? &l->admitted
                                  : out->allowed ? &l->shadowed
                                                 : &l->refused,
                                  1, memory_order_relaxed);
    tripsage__count(l->observer, TRIPSAGE__COUNT_LIMIT,
                    !out->refused  ? "admitted"
                    : out->allowed ? "shadowed"
                                   : "refused");
out:
    return status;
}

tripsage_status tripsage_limit_peek(decision *out, tripsage_limiter *l, const rule *r, const void *key, size_t key_size,
                                    uint32_t cost)
{
    tripsage_status status;

    *out = (decision){0};
    TRIPSAGE_TRY(check(r, key, key_size, cost));
    status = ask(out, l, r, (tripsage__cache_bytes){key, key_size}, TRIPSAGE__LIMIT_LOOK, cost);
out:
    return status;
}

tripsage_status tripsage_limit_give_back(tripsage_limiter *l, const rule *r, const void *key, size_t key_size,
                                         uint32_t cost)
{
    decision ignored;
    tripsage_status status;

    TRIPSAGE_TRY(check(r, key, key_size, cost));
    status = ask(&ignored, l, r, (tripsage__cache_bytes){key, key_size}, TRIPSAGE__LIMIT_GIVE, cost);
out:
    return status;
}

tripsage_status tripsage_limit_reset(tripsage_limiter *l, const rule *r, const void *key, size_t key_size)
{
    tripsage_status status;

    TRIPSAGE_TRY(check_key(key, key_size));
    tripsage__limit_table_forget(l->table, r, key, key_size);
    if (l->server)
        status = tripsage__limit_remote_forget(l->server, r, (tripsage__cache_bytes){key, key_size});
out:
    return status;
}
