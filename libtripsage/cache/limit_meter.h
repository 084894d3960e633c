/* cache/limit_meter.h: the arithmetic of a limit, in whole numbers, and the inside of a rule.
 *
 * A policy of q in a window of w microseconds is a bucket: a request puts w into it, a microsecond takes q out, and b * w is what it
 * holds. All three are divided by what q and w have in common, and none is larger than 2^53, so that a script, whose numbers are
 * doubles, comes to the same result. (The continuous-state leaky bucket of ITU-T I.371, annex A, times q, which leaves no fraction.) */
#ifndef TRIPSAGE_CACHE_LIMIT_METER_H
#define TRIPSAGE_CACHE_LIMIT_METER_H

#include <stdint.h>
#include <tripsage/limit.h>

typedef struct tripsage__limit_meter {
    uint64_t unit;              /* what a request puts in */
    uint64_t drain;             /* what a microsecond takes out */
    uint64_t capacity;          /* what it holds */
    double per_unit, per_drain; /* 1 / unit, 1 / drain: a processor multiplies some times faster than it divides */
} tripsage__limit_meter;

struct tripsage_limit_rule {
    tripsage_limit_rule_options options; /* with pointers into this struct */
    tripsage_limit_policy policies[TRIPSAGE_LIMIT_POLICIES_MAX];
    char names[1 + TRIPSAGE_LIMIT_POLICIES_MAX][TRIPSAGE_LIMIT_NAME_MAX + 1];
    size_t count;
    tripsage__limit_meter meters[TRIPSAGE_LIMIT_POLICIES_MAX];
    uint32_t cost_max;  /* the smallest burst */
    uint64_t signature; /* of name and meters, the same in every process: counts of another rule mean something else */
};

/* How full the buckets of a key are, at a moment. All zero: empty. */
typedef struct tripsage__limit_levels {
    int64_t at_us;
    uint64_t level[TRIPSAGE_LIMIT_POLICIES_MAX];
} tripsage__limit_levels;

/* floor(x / by), of numbers up to 2^53: the estimate is off by one at most. */
static inline uint64_t tripsage__limit_divide(uint64_t x, uint64_t by, double inverse)
{
    uint64_t quotient = (uint64_t)((double)x * inverse);

    if (quotient * by > x)
        quotient--;
    else if (x - quotient * by >= by)
        quotient++;
    return quotient;
}

/* In how many microseconds, rounded up, a meter drains so much. */
static inline int64_t tripsage__limit_time(const tripsage__limit_meter *m, uint64_t amount)
{
    return (int64_t)tripsage__limit_divide(amount + m->drain - 1, m->drain, m->per_drain);
}

/* Lets the time since then pass. One that steps back has stood still: nothing runs out, and nobody waits for it to come back. */
static inline void tripsage__limit_pass(tripsage__limit_levels *l, const tripsage_limit_rule *rule, int64_t now_us)
{
    uint64_t passed = now_us > l->at_us ? (uint64_t)(now_us - l->at_us) : 0;

    for (size_t i = 0; i < rule->count; i++) {
        const tripsage__limit_meter *m = &rule->meters[i];

        if (passed > m->capacity || passed * m->drain >= l->level[i])
            l->level[i] = 0;
        else
            l->level[i] -= passed * m->drain;
    }
    l->at_us = now_us;
}

static inline int tripsage__limit_has_room(const tripsage__limit_levels *l, const tripsage_limit_rule *rule,
                                           uint32_t cost)
{
    for (size_t i = 0; i < rule->count; i++)
        if (l->level[i] + cost * rule->meters[i].unit > rule->meters[i].capacity)
            return 0;
    return 1;
}

static inline void tripsage__limit_fill(tripsage__limit_levels *l, const tripsage_limit_rule *rule, uint32_t cost)
{
    for (size_t i = 0; i < rule->count; i++)
        l->level[i] += cost * rule->meters[i].unit;
}

static inline void tripsage__limit_empty(tripsage__limit_levels *l, const tripsage_limit_rule *rule, uint32_t cost)
{
    for (size_t i = 0; i < rule->count; i++) {
        uint64_t amount = cost * rule->meters[i].unit;

        l->level[i] = l->level[i] > amount ? l->level[i] - amount : 0;
    }
}

/* When all are empty, if nobody asks. */
static inline int64_t tripsage__limit_end(const tripsage__limit_levels *l, const tripsage_limit_rule *rule)
{
    int64_t longest = 0;

    for (size_t i = 0; i < rule->count; i++) {
        int64_t time = tripsage__limit_time(&rule->meters[i], l->level[i]);

        if (time > longest)
            longest = time;
    }
    return l->at_us + longest;
}

/* What an operation does to a key's levels. */
typedef enum tripsage__limit_operation {
    TRIPSAGE__LIMIT_TAKE,
    TRIPSAGE__LIMIT_LOOK,
    TRIPSAGE__LIMIT_GIVE
} tripsage__limit_operation;

#endif
