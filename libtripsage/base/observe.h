/* base/observe.h: what rooms tell somebody who watches them: what they are at (an operation, from its beginning to its end), what happened
 * (a count), and, when asked, how they are (a watched part).
 *
 * Who watches is the room telemetry/; it stands to the right of some that it watches, so these know it by this table of functions alone.
 * A room keeps the observer of its env. NULL means that nobody watches, and that one comparison is all that it costs then:
 *
 *     tripsage__op op;
 *
 *     if (!store->observer)
 *         return read(...);
 *     tripsage__op_begin(&op, store->observer, TRIPSAGE__OP_DATABASE);
 *     status = read(...);
 *     op.system = "sqlite";
 *     tripsage__op_end(&op, status);
 */
#ifndef TRIPSAGE_BASE_OBSERVE_H
#define TRIPSAGE_BASE_OBSERVE_H

#include <stddef.h>
#include <stdint.h>
#include <tripsage/status.h>

struct tripsage_telemetry;

/* A part of a trace (W3C Trace Context) that has begun. Belongs to the thread that began it until it ends there; spans of a thread end in
 * the reverse order of their beginnings. */
typedef struct tripsage__span {
    struct tripsage__span *outer; /* the one that this thread was in before */
    struct tripsage_telemetry *telemetry;
    unsigned char trace_id[16], id[8], parent_id[8]; /* parent all zero: none */
    int64_t began_ns;                                /* monotonic */
    const char *state;                               /* tracestate; NULL: none. Borrowed until the end */
    unsigned char kind;                              /* of OTLP's: 1 internal, 2 server, 3 client */
    unsigned char sampled;                           /* it is to be exported */
    unsigned char unseen;                            /* neither it nor what is within it */
    unsigned char remote;                            /* the parent is another process's */
    unsigned char entered;                           /* it is among what its thread is in */
} tripsage__span;

typedef enum tripsage__op_kind {
    TRIPSAGE__OP_DATABASE, /* one call of the store; names: its statements */
    TRIPSAGE__OP_CACHE, /* one round trip to the cache's server; names: its command, of a batch where all are the same */
    TRIPSAGE__OP_HTTP,  /* one try of a request; names: the method */
    TRIPSAGE__OP_EMBEDDING, /* texts to vectors, where they were not known yet; names: the model */
    TRIPSAGE__OP_SEARCH     /* nearest neighbours; names: how it was done */
} tripsage__op_kind;

typedef struct tripsage__observer tripsage__observer;

/* All but the first two is set by the room between beginning and end; 0 or NULL says nothing. Texts are borrowed until the end, those of
 * `system` and `names` for ever, since what is done is known by their addresses: but for a method and a model, texts of the program. */
typedef struct tripsage__op {
    tripsage__observer *observer;
    tripsage__span span;
    tripsage__op_kind kind;
    const char *system; /* "sqlite", "redis", "openai" */
    const char *const *names;
    size_t name_count;
    size_t size;      /* of a batch: statements, commands, texts */
    const char *url;  /* HTTP */
    int http_status;  /* HTTP; 0: there was no answer */
    uint32_t resends; /* HTTP: tries before this one */
} tripsage__op;

/* What is counted where it happens. Labels are texts of the program: they are known by their addresses. */
typedef enum tripsage__counter {
    TRIPSAGE__COUNT_LIMIT,   /* label: "admitted", "refused", "shadowed" */
    TRIPSAGE__COUNT_SIGN_IN, /* label: how it ended */
    TRIPSAGE__COUNT_TOKEN,   /* an access token or a key was looked at; label: how it ended */
    TRIPSAGE__COUNTERS
} tripsage__counter;

/* How a part is at the moment: what it tells when somebody asks. Amounts of several parts under one label are added up. */
typedef enum tripsage__gauge {
    TRIPSAGE__GAUGE_POOL_IDLE,      /* connections, by system */
    TRIPSAGE__GAUGE_POOL_USED,      /* the same */
    TRIPSAGE__GAUGE_POOL_MAX,       /* the same */
    TRIPSAGE__GAUGE_POOL_PENDING,   /* who waits for one */
    TRIPSAGE__GAUGE_CACHE_HITS,     /* since the beginning, by where it is: "memory", "redis" */
    TRIPSAGE__GAUGE_CACHE_MISSES,   /* the same */
    TRIPSAGE__GAUGE_CACHE_HIT_RATE, /* in billionths; made of the two above */
    TRIPSAGE__GAUGE_CACHE_ENTRIES,
    TRIPSAGE__GAUGE_CACHE_BYTES,
    TRIPSAGE__GAUGE_CACHE_EVICTED,      /* since the beginning */
    TRIPSAGE__GAUGE_CACHE_LOADS,        /* the same */
    TRIPSAGE__GAUGE_CACHE_UNREACHABLE,  /* the same: calls that the server did not answer */
    TRIPSAGE__GAUGE_CACHE_BREAKER_OPEN, /* 1: it is left alone for a moment */
    TRIPSAGE__GAUGES
} tripsage__gauge;

/* Owned by the part; stays where it is from watch to unwatch. `tell` calls tripsage__tell() as often as it likes; it does not wait for a
 * network. */
typedef struct tripsage__watched {
    void (*tell)(void *context, tripsage__observer *observer);
    void *context;
    struct tripsage__watched *next;
} tripsage__watched;

struct tripsage__observer {
    void (*begin)(tripsage__observer *observer, tripsage__op *op);
    void (*end)(tripsage__observer *observer, tripsage__op *op, tripsage_status status);
    void (*count)(tripsage__observer *observer, tripsage__counter what, const char *label);
    void (*tell)(tripsage__observer *observer, tripsage__gauge what, const char *label, int64_t amount);
    void (*watch)(tripsage__observer *observer, tripsage__watched *part);
    void (*unwatch)(tripsage__observer *observer, tripsage__watched *part);
};

static inline void tripsage__op_begin(tripsage__op *op, tripsage__observer *observer, tripsage__op_kind kind)
{
    static const tripsage__op empty = {0};

    *op = empty;
    op->observer = observer;
    op->kind = kind;
    observer->begin(observer, op);
}

/* Keeps the thread's error as it is. */
static inline void tripsage__op_end(tripsage__op *op, tripsage_status status)
{
    op->observer->end(op->observer, op, status);
}

/* `observer` may be NULL. */
static inline void tripsage__count(tripsage__observer *observer, tripsage__counter what, const char *label)
{
    if (observer)
        observer->count(observer, what, label);
}

static inline void tripsage__tell(tripsage__observer *observer, tripsage__gauge what, const char *label, int64_t amount)
{
    observer->tell(observer, what, label, amount);
}

static inline void tripsage__watch(tripsage__observer *observer, tripsage__watched *part,
                                   void (*tell)(void *context, tripsage__observer *observer), void *context)
{
    part->tell = tell;
    part->context = context;
    if (observer)
        observer->watch(observer, part);
}

/* What was never watched is left alone. */
static inline void tripsage__unwatch(tripsage__observer *observer, tripsage__watched *part)
{
    if (observer && part->tell)
        observer->unwatch(observer, part);
}

/* ---- the trace a thread is in ---- */

/* The innermost span that this thread is in; NULL: none. */
const tripsage__span *tripsage__span_current(void);
void tripsage__span_enter(tripsage__span *span);
void tripsage__span_leave(tripsage__span *span);

#define TRIPSAGE__TRACEPARENT_SIZE 56 /* "00-" 32 "-" 16 "-" 2, and the NUL */

/* What is sent along to others, so that they go on with the trace: version 00 of the header traceparent. */
void tripsage__span_traceparent(char out[TRIPSAGE__TRACEPARENT_SIZE], const tripsage__span *span);

#endif
