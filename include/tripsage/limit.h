/* tripsage/limit.h: how often somebody may do something: several policies at once, in the process or shared by servers.
 *
 * A policy is a bucket that a request fills and time empties: `burst` requests fit in at once, and `quota` of them run out again in a
 * window. That is the generic cell rate algorithm (ITU-T I.371, annex A; here in the form of the continuous-state leaky bucket), which
 * keeps one number for each policy, has no edges between windows at which twice as much gets through, and knows to the microsecond when
 * there is room again. Over a long time it admits `quota` in each window, exactly. Within any single window it admits at most quota +
 * burst - 1: who was idle has a full burst beside what comes in meanwhile.
 *
 * A rule has up to TRIPSAGE_LIMIT_POLICIES_MAX policies, for instance one for a minute, an hour and a day. A decision is about all of
 * them together: when one of them refuses, nothing is taken from any. What is refused costs nothing, however often it is asked for.
 *
 * Where it is counted: in the process, or, over a cache on a server (tripsage/cache.h), there: servers that share it admit together no
 * more than one alone would. A decision there is one round trip of one script, on that server's clock, and its counts go by themselves
 * when their bucket is empty.
 *
 * In the process the clock is the machine's monotonic one: that somebody sets the time of day does not matter. A server's clock that
 * steps back counts as if it had stood still since the key was last admitted; one that steps forward empties buckets as that time would
 * have.
 *
 * Memory in the process is bounded by `max_keys`, all of it asked for when the limiter is opened (56 bytes for each), and used from then
 * on without another allocation. A key whose buckets are empty is not kept. When there is no room for a new one, the one of sixteen
 * whose buckets would be empty soonest is forgotten and begins anew: so a flood of new keys pushes out itself, and not who has asked
 * much. How often that happened stands in the statistics (`evicted`); it is 0 while the keys that are counted at one time are some two
 * thirds of `max_keys`.
 *
 * Threads: limiters and rules are shared by any number of threads.
 */
#ifndef TRIPSAGE_LIMIT_H
#define TRIPSAGE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "cache.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_limiter tripsage_limiter;
typedef struct tripsage_limit_rule tripsage_limit_rule;

/* "1 in a minute, in an hour, in a day", and one to spare; a header that tells them all is to be read by people. */
#define TRIPSAGE_LIMIT_POLICIES_MAX 4

#define TRIPSAGE_LIMIT_NAME_MAX 64u
#define TRIPSAGE_LIMIT_KEY_MAX  256u

/* Beyond these the counts would not be exact on a server, whose scripts have numbers of 53 bits. A longer window is not for a limiter,
 * whose counts may be gone, but for an account that is kept. */
#define TRIPSAGE_LIMIT_QUOTA_MAX  1000000u
#define TRIPSAGE_LIMIT_WINDOW_MAX (INT64_C(31) * 24 * 3600 * 1000)

typedef struct tripsage_limit_policy {
    const char *name;  /* letters, digits, "_", "-" and ".": it goes into headers; "minute" */
    uint32_t quota;    /* so many in each window */
    int64_t window_ms; /* 1 to TRIPSAGE_LIMIT_WINDOW_MAX */
    uint32_t burst;    /* so many at once, at most `quota`; 0: `quota` */
} tripsage_limit_policy;

/* What a decision is while the server that counts cannot be asked. */
typedef enum tripsage_limit_away {
    TRIPSAGE_LIMIT_LOCAL = 0, /* counted in this process meanwhile */
    TRIPSAGE_LIMIT_OPEN = 1,  /* admitted */
    TRIPSAGE_LIMIT_CLOSED = 2 /* refused */
} tripsage_limit_away;

typedef struct tripsage_limit_rule_options {
    uint32_t version; /* 1; set by TRIPSAGE_LIMIT_RULE_OPTIONS_INIT */

    /* What is limited: keys of one rule are not those of another. Letters, digits, "_", "-" and ".". */
    const char *name;
    const tripsage_limit_policy *policies;
    size_t policy_count;
    tripsage_limit_away when_away;

    /* 1: decided and counted as always, but never refused: to see what a limit would do. */
    int shadow;
} tripsage_limit_rule_options;

#define TRIPSAGE_LIMIT_RULE_OPTIONS_INIT                                                                               \
    {                                                                                                                  \
        1, NULL, NULL, 0, TRIPSAGE_LIMIT_LOCAL, 0                                                                      \
    }

typedef struct tripsage_limiter_options {
    uint32_t version; /* 1; set by TRIPSAGE_LIMITER_OPTIONS_INIT */

    uint32_t max_keys; /* counted in the process at one time, with the rules they are of; 0: 65,536 */

    /* Where it is counted, borrowed: a cache on a server, under its `key_prefix`, "limit:{key}:rule:" and what tells rules of one name
     * apart. NULL, or one in the process: in the process. */
    tripsage_cache *cache;

    /* Microseconds from any start on, of a clock that nobody sets, for what is counted in the process. NULL: the machine's monotonic
     * clock. */
    int64_t (*clock_us)(void *user);
    void *clock_user;
} tripsage_limiter_options;

#define TRIPSAGE_LIMITER_OPTIONS_INIT                                                                                  \
    {                                                                                                                  \
        1, 0, NULL, NULL, NULL                                                                                         \
    }

/* What one policy says. */
typedef struct tripsage_limit_state {
    uint32_t remaining;     /* so many more would be admitted at once */
    int64_t reset_ms;       /* until the whole burst is there again, if nobody asks */
    int64_t retry_after_ms; /* until there is room for what was refused; 0: there was, or nothing was refused */
} tripsage_limit_state;

typedef struct tripsage_limit_decision {
    int allowed; /* 1: go ahead. Of a rule in shadow mode always */
    int refused; /* 1: a policy has refused, or would have, of a rule in shadow mode */
    int away; /* 1: the server could not be asked, and the rule's `when_away` has decided; if without counting, the states below are
                   * those of a key that never asked */

    /* The policy that decides: of those that refuse the one with the longest wait, else the one with the fewest remaining. */
    size_t binding;
    size_t policy_count;
    tripsage_limit_state states[TRIPSAGE_LIMIT_POLICIES_MAX]; /* in the order of the rule's */
} tripsage_limit_decision;

typedef struct tripsage_limiter_stats {
    uint64_t admitted;    /* of this handle, as all of these */
    uint64_t refused;     /* really refused */
    uint64_t shadowed;    /* admitted, but only since the rule is in shadow mode */
    uint64_t away;        /* decided while the server could not be asked */
    uint64_t evicted;     /* forgotten to make room, though their buckets were not empty */
    uint64_t keys;        /* counted in the process; some of them have ended */
    uint64_t bytes;       /* of the process's memory */
    uint64_t reserved[5]; /* 0: room for what later versions count, so that this struct keeps its size */
} tripsage_limiter_stats;

/* `options` and `runtime` may be NULL. Does not wait for a server.
 * Errors: TRIPSAGE_EINVALID ("#options"), TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (no random source). */
TRIPSAGE_API tripsage_status tripsage_limiter_open(tripsage_limiter **out, const tripsage_limiter_options *options,
                                                   const tripsage_runtime *runtime);

/* Before its cache is closed. NULL is fine. */
TRIPSAGE_API void tripsage_limiter_close(tripsage_limiter *limiter);

/* 1: it is counted on a server that others may share; 0: in this process. */
TRIPSAGE_API int tripsage_limiter_is_shared(const tripsage_limiter *limiter);

/* What was decided so far, and what it takes. */
TRIPSAGE_API void tripsage_limiter_get_stats(tripsage_limiter_stats *out, tripsage_limiter *limiter);

/* A rule, immutable, for any number of limiters. Everything is copied. Errors: TRIPSAGE_EINVALID (fields "#options", "#name",
 * "#policies" and "/0/quota" for what is wrong with the first policy: "/name", "/quota", "/window_ms", "/burst"), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_limit_rule_new(tripsage_limit_rule **out,
                                                     const tripsage_limit_rule_options *options);

/* NULL is fine. */
TRIPSAGE_API void tripsage_limit_rule_free(tripsage_limit_rule *rule);

/* The rule as it was given, each burst filled in. Borrowed from it. */
TRIPSAGE_API const tripsage_limit_rule_options *tripsage_limit_rule_get(const tripsage_limit_rule *rule);

/* Asks for `cost` at once (1 for a request; more for one that counts for more), and takes them when every policy admits them. Whether it
 * may be done is out->allowed: to be refused is no error. `key`: who asks, 1 to TRIPSAGE_LIMIT_KEY_MAX bytes. Errors: TRIPSAGE_EINVALID
 * (fields "#key"; "#cost": 0, or more than a policy ever admits at once), TRIPSAGE_ENOMEM (on a server). */
TRIPSAGE_API tripsage_status tripsage_limit_decide(tripsage_limit_decision *out, tripsage_limiter *limiter,
                                                   const tripsage_limit_rule *rule, const void *key, size_t key_size,
                                                   uint32_t cost);

/* What tripsage_limit_decide would say, without taking anything. The same errors. */
TRIPSAGE_API tripsage_status tripsage_limit_peek(tripsage_limit_decision *out, tripsage_limiter *limiter,
                                                 const tripsage_limit_rule *rule, const void *key, size_t key_size,
                                                 uint32_t cost);

/* Gives back what was taken for something that in the end is not to count. More than is there gives back all of it. While the server
 * cannot be asked, what this process counts meanwhile is given back. The same errors. */
TRIPSAGE_API tripsage_status tripsage_limit_give_back(tripsage_limiter *limiter, const tripsage_limit_rule *rule,
                                                      const void *key, size_t key_size, uint32_t cost);

/* Forgets what was counted for the key. Errors: TRIPSAGE_EINVALID (field "#key"), TRIPSAGE_EUNAVAILABLE (what this process counts
 * is forgotten), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_limit_reset(tripsage_limiter *limiter, const tripsage_limit_rule *rule,
                                                  const void *key, size_t key_size);

TRIPSAGE_END_DECLS

#endif
