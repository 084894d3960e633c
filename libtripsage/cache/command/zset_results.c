/* zset_results.c: commands that make a sorted set of several: ZUNION, ZINTER, ZDIFF and their kin. A set counts as a sorted one with
 * scores of 1. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cache/memory/set.h"
#include "zsets.h"

/* One of the sets that a result is made of; an empty one has no dict. */
typedef struct source {
    const tripsage__dict *dict;
    int has_scores;
    double weight;
} source;

typedef enum aggregate { SUM, MIN, MAX } aggregate;

typedef struct result {
    tripsage__command *c;
    source *sources;
    size_t source_count;
    int weighted; /* WEIGHTS and AGGREGATE are options */
    int is_stored, is_counted, with_scores;
    aggregate aggregate;
    size_t count, limit;
    tripsage__zset *into; /* NULL: the members are only counted */
    tripsage_status status;
} result;

typedef void operation(result *r);

/* ---- arguments ---- */

static int read_source(tripsage__command *c, size_t at, source *out)
{
    int failed;
    const tripsage__entry *entry = tripsage__keyspace_find(c->space, c->args[at], &failed);
    const tripsage__object *object = entry ? tripsage__entry_object(entry) : NULL;
    tripsage__zset *zset;

    *out = (source){NULL, 0, 1};
    if (failed) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return 0;
    }
    if (object && object->type == &tripsage__set_type) {
        out->dict = &((const tripsage__set *)object)->dict;
        return 1;
    }
    if (!tripsage__zsets_at(c, at, &zset))
        return 0;
    out->dict = zset ? &zset->dict : NULL;
    out->has_scores = 1;
    return 1;
}

/* The sets of the keys behind their number. */
static int read_sources(result *r, size_t at)
{
    tripsage__command *c = r->c;
    int64_t numkeys;
    char name[32];

    if (!tripsage__command_integer(c, at, &numkeys))
        return 0;
    if (numkeys < 1) {
        tripsage__reply_error(c->reply, "ERR at least 1 input key is needed for '%s' command",
                              tripsage__command_name(c, name));
        return 0;
    }
    if (numkeys > (int64_t)(c->count - at - 1)) {
        tripsage__command_syntax(c);
        return 0;
    }
    r->sources = tripsage__malloc((size_t)numkeys * sizeof *r->sources);
    if (!r->sources) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return 0;
    }
    for (; r->source_count < (size_t)numkeys; r->source_count++)
        if (!read_source(c, at + 1 + r->source_count, &r->sources[r->source_count]))
            return 0;
    return 1;
}

static int read_weights(result *r, size_t at)
{
    for (size_t i = 0; i < r->source_count; i++)
        if (!tripsage__command_parse_double(r->c->args[at + i], &r->sources[i].weight)) {
            tripsage__reply_error(r->c->reply, "ERR weight value is not a float");
            return 0;
        }
    return 1;
}

static int read_aggregate(result *r, tripsage__cache_bytes word)
{
    if (tripsage__command_is(word, "SUM"))
        r->aggregate = SUM;
    else if (tripsage__command_is(word, "MIN"))
        r->aggregate = MIN;
    else if (tripsage__command_is(word, "MAX"))
        r->aggregate = MAX;
    else
        return 0;
    return 1;
}

/* Takes one option, and moves *at to its last word; 0: an error was replied. */
static int read_option(result *r, size_t *at)
{
    tripsage__command *c = r->c;
    tripsage__cache_bytes word = c->args[*at];
    size_t left = c->count - *at - 1;
    int64_t limit;

    if (r->weighted && left >= r->source_count && tripsage__command_is(word, "WEIGHTS")) {
        *at += r->source_count;
        return read_weights(r, *at - r->source_count + 1);
    }
    if (r->weighted && left > 0 && tripsage__command_is(word, "AGGREGATE") && read_aggregate(r, c->args[*at + 1])) {
        ++*at;
        return 1;
    }
    if (!r->is_stored && !r->is_counted && tripsage__command_is(word, "WITHSCORES"))
        return r->with_scores = 1;
    if (r->is_counted && left > 0 && tripsage__command_is(word, "LIMIT")) {
        ++*at;
        if (!tripsage__command_at_least(c, *at, 0, "ERR LIMIT can't be negative", &limit))
            return 0;
        r->limit = limit ? (size_t)limit : SIZE_MAX;
        return 1;
    }
    tripsage__command_syntax(c);
    return 0;
}

static int read_arguments(result *r, size_t at)
{
    if (!read_sources(r, at))
        return 0;
    for (size_t i = at + 1 + r->source_count; i < r->c->count; i++)
        if (!read_option(r, &i))
            return 0;
    return 1;
}

/* ---- members ---- */

static size_t count_of(const source *s)
{
    return s->dict ? s->dict->count : 0;
}

static double raw_score(const source *s, const tripsage__dict_node *node)
{
    return s->has_scores ? tripsage__zset_named(node)->score : 1;
}

/* What is no number (0 times infinity, or infinity less infinity) counts as 0, as in Redis. */
static double number(double value)
{
    return isnan(value) ? 0 : value;
}

static double aggregated(const result *r, double a, double b)
{
    if (r->aggregate == SUM)
        return number(a + b);
    return r->aggregate == MIN ? (b < a ? b : a) : (b > a ? b : a);
}

/* Puts a member into the result, with a score that is aggregated with the one it has there; 0: no more are wanted. */
static int take(result *r, tripsage__cache_bytes member, double score)
{
    int added;
    double *kept = r->into ? tripsage__zset_loose(r->into, member, &added) : NULL;

    r->count++;
    if (kept)
        *kept = added ? score : aggregated(r, *kept, score);
    else if (r->into)
        r->status = TRIPSAGE_ENOMEM;
    if (r->into && r->is_stored && r->into->object.bytes > r->c->space->memory->cost_max)
        r->status = TRIPSAGE_ETOOLARGE;
    return r->status == TRIPSAGE_OK && r->count < r->limit;
}

static int by_count(const void *a, const void *b)
{
    size_t left = count_of(a), right = count_of(b);

    return (left > right) - (left < right);
}

static void unite(result *r)
{
    qsort(r->sources, r->source_count, sizeof *r->sources, by_count);
    for (const source *s = r->sources; s < r->sources + r->source_count; s++)
        for (tripsage__dict_node *node = NULL; s->dict && (node = tripsage__dict_next(s->dict, node)) != NULL;)
            if (!take(r, tripsage__dict_name(s->dict, node), number(s->weight * raw_score(s, node))))
                return;
}

/* The score of a member of the first source in all of them; 0: one does not have it. */
static int common_score(const result *r, const tripsage__dict_node *node, double *score)
{
    const source *s = r->sources;
    tripsage__cache_bytes member = tripsage__dict_name(s->dict, node);

    *score = number(s->weight * raw_score(s, node));
    for (s++; s < r->sources + r->source_count; s++) {
        const tripsage__dict_node *there = tripsage__dict_find(s->dict, member);

        if (!there)
            return 0;
        *score = aggregated(r, *score, s->weight * raw_score(s, there));
    }
    return 1;
}

static void intersect(result *r)
{
    tripsage__dict_node *node = NULL;
    double score;

    qsort(r->sources, r->source_count, sizeof *r->sources, by_count);
    if (count_of(r->sources) == 0)
        return;
    while ((node = tripsage__dict_next(r->sources->dict, node)) != NULL)
        if (common_score(r, node, &score) && !take(r, tripsage__dict_name(r->sources->dict, node), score))
            return;
}

static void subtract(result *r)
{
    const source *first = r->sources;

    for (tripsage__dict_node *node = NULL; first->dict && (node = tripsage__dict_next(first->dict, node)) != NULL;) {
        tripsage__cache_bytes member = tripsage__dict_name(first->dict, node);
        size_t i = 1;

        while (i < r->source_count && !(r->sources[i].dict && tripsage__dict_find(r->sources[i].dict, member)))
            i++;
        if (i == r->source_count && !take(r, member, raw_score(first, node)))
            return;
    }
}

/* ---- results ---- */

/* Makes the set; 0: an error was replied. */
static int make(result *r, size_t at, operation *operate)
{
    int good = read_arguments(r, at);

    if (good && !r->is_counted)
        r->into = tripsage__zset_new(r->c->space->memory->hash_key);
    if (good && !r->is_counted && !r->into)
        r->status = TRIPSAGE_ENOMEM;
    if (good && r->status == TRIPSAGE_OK)
        operate(r);
    if (r->into && r->status == TRIPSAGE_OK && !tripsage__zset_settle(r->into))
        r->status = TRIPSAGE_ENOMEM;
    tripsage__free(r->sources);
    if (good && r->status != TRIPSAGE_OK)
        tripsage__command_failed(r->c, r->status);
    if (r->status != TRIPSAGE_OK && r->into)
        tripsage__zset_discard(r->into);
    return good && r->status == TRIPSAGE_OK;
}

static void reply_result(tripsage__command *c, operation *operate, int weighted)
{
    result r = {.c = c, .weighted = weighted, .limit = SIZE_MAX, .status = TRIPSAGE_OK};

    if (!make(&r, 1, operate))
        return;
    tripsage__reply_array(c->reply, r.into->dict.count * (r.with_scores ? 2 : 1));
    for (const tripsage__zset_node *node = r.into->heads[0].next; node; node = node->links[0].next)
        tripsage__zsets_reply(c, r.into, node, r.with_scores);
    r.into->object.type->free(&r.into->object);
}

static void store_result(tripsage__command *c, operation *operate, int weighted)
{
    result r = {.c = c, .weighted = weighted, .is_stored = 1, .limit = SIZE_MAX, .status = TRIPSAGE_OK};

    if (make(&r, 2, operate))
        tripsage__command_store(c, c->args[1], &r.into->object);
}

static void zunion(tripsage__command *c)
{
    reply_result(c, unite, 1);
}

static void zinter(tripsage__command *c)
{
    reply_result(c, intersect, 1);
}

static void zdiff(tripsage__command *c)
{
    reply_result(c, subtract, 0);
}

static void zunionstore(tripsage__command *c)
{
    store_result(c, unite, 1);
}

static void zinterstore(tripsage__command *c)
{
    store_result(c, intersect, 1);
}

static void zdiffstore(tripsage__command *c)
{
    store_result(c, subtract, 0);
}

static void zintercard(tripsage__command *c)
{
    result r = {.c = c, .is_counted = 1, .limit = SIZE_MAX, .status = TRIPSAGE_OK};

    if (make(&r, 1, intersect))
        tripsage__reply_integer(c->reply, (int64_t)r.count);
}

#define WRITES TRIPSAGE__COMMAND_WRITES

const tripsage__command_spec tripsage__commands_zset_results[] = {
    {"ZUNION", zunion, -3, 0, 0, 0, 0, 1},
    {"ZINTER", zinter, -3, 0, 0, 0, 0, 1},
    {"ZDIFF", zdiff, -3, 0, 0, 0, 0, 1},
    {"ZUNIONSTORE", zunionstore, -4, WRITES, 1, 1, 1, 2},
    {"ZINTERSTORE", zinterstore, -4, WRITES, 1, 1, 1, 2},
    {"ZDIFFSTORE", zdiffstore, -4, WRITES, 1, 1, 1, 2},
    {"ZINTERCARD", zintercard, -3, 0, 0, 0, 0, 1},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
