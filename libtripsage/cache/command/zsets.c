/* zsets.c: commands on one sorted set. */
#include "zsets.h"

#include <math.h>

#include "base/memory.h"
#include "scan.h"

int tripsage__zsets_at(tripsage__command *c, size_t at, tripsage__zset **out)
{
    tripsage__object *object;
    int good = tripsage__command_object(c, c->args[at], &tripsage__zset_type, &object);

    *out = (tripsage__zset *)object;
    return good;
}

static void reply_member(tripsage__command *c, const tripsage__zset *zset, const tripsage__zset_node *node)
{
    tripsage__cache_bytes member = tripsage__zset_member(zset, node);

    tripsage__reply_bytes(c->reply, member.data, member.size);
}

void tripsage__zsets_reply(tripsage__command *c, const tripsage__zset *zset, const tripsage__zset_node *node,
                           int with_score)
{
    reply_member(c, zset, node);
    if (with_score)
        tripsage__reply_double(c->reply, node->score);
}

static tripsage__zset_node *find(const tripsage__zset *zset, tripsage__cache_bytes member)
{
    return zset ? tripsage__zset_find(zset, member) : NULL;
}

/* ---- adding ---- */

/* What was done, to be undone when there is no memory for the rest. */
typedef struct change {
    tripsage__zset_node *node;
    double before;
    int is_new;
} change;

typedef struct addition {
    tripsage__command *c;
    tripsage__zset *zset;
    unsigned flags;
    change *changes;
    size_t change_count, added;
    int met; /* the last pair was heeded, if only by finding its score there already */
    double score;
    tripsage_status status;
} addition;

/* The score that a member gets; 0: none. */
static int wanted_score(addition *a, const tripsage__zset_node *node, double *score)
{
    if (!node)
        return !(a->flags & TRIPSAGE__ZADD_XX);
    if (a->flags & TRIPSAGE__ZADD_NX)
        return 0;
    if (a->flags & TRIPSAGE__ZADD_INCR)
        *score += node->score;
    if (isnan(*score)) {
        tripsage__reply_error(a->c->reply, "ERR resulting score is not a number (NaN)");
        a->status = TRIPSAGE_EINVALID;
        return 0;
    }
    return !(a->flags & TRIPSAGE__ZADD_LT && *score >= node->score) &&
           !(a->flags & TRIPSAGE__ZADD_GT && *score <= node->score);
}

static void add_pair(addition *a, const tripsage__zset_pair *pair)
{
    tripsage__zset_node *node = tripsage__zset_find(a->zset, pair->member);
    change done = {node, node ? node->score : 0, node == NULL};

    a->score = pair->score;
    a->met = wanted_score(a, node, &a->score);
    if (!a->met || (node && node->score == a->score))
        return;
    done.node = tripsage__zset_set(a->zset, pair->member, a->score, &done.is_new);
    if (!done.node) {
        a->status = TRIPSAGE_ENOMEM;
        return;
    }
    a->changes[a->change_count++] = done;
    a->added += (size_t)done.is_new;
}

static void undo(addition *a)
{
    while (a->change_count > 0) {
        const change *done = &a->changes[--a->change_count];

        if (done->is_new)
            tripsage__zset_remove(a->zset, done->node);
        else
            tripsage__zset_move(a->zset, done->node, done->before);
    }
}

static void add_pairs(addition *a, const tripsage__zset_pair *pairs, size_t count)
{
    a->changes = tripsage__malloc(count * sizeof *a->changes);
    if (!a->changes)
        a->status = TRIPSAGE_ENOMEM;
    for (size_t i = 0; i < count && a->status == TRIPSAGE_OK; i++)
        add_pair(a, &pairs[i]);
    if (a->status != TRIPSAGE_OK)
        undo(a);
    tripsage__free(a->changes);
}

static void reply_added(const addition *a)
{
    if (a->flags & TRIPSAGE__ZADD_INCR && a->met)
        tripsage__reply_double(a->c->reply, a->score);
    else if (a->flags & TRIPSAGE__ZADD_INCR)
        tripsage__reply_nil(a->c->reply);
    else
        tripsage__reply_integer(a->c->reply, (int64_t)(a->flags & TRIPSAGE__ZADD_CH ? a->change_count : a->added));
}

void tripsage__zsets_add(tripsage__command *c, const tripsage__zset_pair *pairs, size_t count, unsigned flags)
{
    addition a = {.c = c, .flags = flags, .status = TRIPSAGE_OK};
    tripsage__zset *fresh = NULL;

    if (!tripsage__zsets_at(c, 1, &a.zset))
        return;
    if (!a.zset && flags & TRIPSAGE__ZADD_XX) {
        reply_added(&a);
        return;
    }
    if (!a.zset)
        a.zset = fresh = tripsage__zset_new(c->space->memory->hash_key);
    if (a.zset)
        add_pairs(&a, pairs, count);
    else
        a.status = TRIPSAGE_ENOMEM;
    if (a.status == TRIPSAGE_OK && fresh)
        a.status = tripsage__keyspace_put(c->space, c->args[1], &fresh->object, TRIPSAGE__CACHE_FOREVER);
    else if (fresh)
        fresh->object.type->free(&fresh->object);
    if (a.status == TRIPSAGE_OK)
        reply_added(&a);
    else if (a.status != TRIPSAGE_EINVALID) /* that one was told */
        tripsage__command_failed(c, a.status);
}

/* The options from the second argument on; gives where the first pair begins. */
static size_t read_add_options(const tripsage__command *c, unsigned *flags)
{
    static const char *const names[] = {"NX", "XX", "GT", "LT", "CH", "INCR"};
    size_t at = 2, option;

    for (*flags = 0; at < c->count; at++) {
        for (option = 0; option < sizeof names / sizeof *names; option++)
            if (tripsage__command_is(c->args[at], names[option]))
                break;
        if (option == sizeof names / sizeof *names)
            break;
        *flags |= 1u << option;
    }
    return at;
}

static const char *wrong_add(unsigned flags, size_t words)
{
    unsigned conditions = flags & (TRIPSAGE__ZADD_NX | TRIPSAGE__ZADD_GT | TRIPSAGE__ZADD_LT);

    if (words == 0 || words % 2)
        return "ERR syntax error";
    if (flags & TRIPSAGE__ZADD_NX && flags & TRIPSAGE__ZADD_XX)
        return "ERR XX and NX options at the same time are not compatible";
    if (conditions & (conditions - 1))
        return "ERR GT, LT, and/or NX options at the same time are not compatible";
    if (flags & TRIPSAGE__ZADD_INCR && words > 2)
        return "ERR INCR option supports a single increment-element pair";
    return NULL;
}

static void zadd(tripsage__command *c)
{
    unsigned flags;
    size_t at = read_add_options(c, &flags), count = (c->count - at) / 2, read = 0;
    const char *wrong = wrong_add(flags, c->count - at);
    tripsage__zset_pair *pairs;

    if (wrong) {
        tripsage__reply_error(c->reply, "%s", wrong);
        return;
    }
    pairs = tripsage__malloc(count * sizeof *pairs);
    if (!pairs) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    for (; read < count && tripsage__command_double(c, at + 2 * read, &pairs[read].score); read++)
        pairs[read].member = c->args[at + 2 * read + 1];
    if (read == count)
        tripsage__zsets_add(c, pairs, count, flags);
    tripsage__free(pairs);
}

static void zincrby(tripsage__command *c)
{
    tripsage__zset_pair pair = {0, c->args[3]};

    if (tripsage__command_double(c, 2, &pair.score))
        tripsage__zsets_add(c, &pair, 1, TRIPSAGE__ZADD_INCR);
}

/* ---- members ---- */

static void zrem(tripsage__command *c)
{
    tripsage__zset *zset;
    int64_t removed = 0;

    if (!tripsage__zsets_at(c, 1, &zset))
        return;
    for (size_t i = 2; i < c->count; i++) {
        tripsage__zset_node *node = find(zset, c->args[i]);

        if (!node)
            continue;
        tripsage__zset_remove(zset, node);
        removed++;
    }
    tripsage__reply_integer(c->reply, removed);
}

static void zcard(tripsage__command *c)
{
    tripsage__zset *zset;

    if (tripsage__zsets_at(c, 1, &zset))
        tripsage__reply_integer(c->reply, zset ? (int64_t)zset->dict.count : 0);
}

static void reply_score(tripsage__command *c, const tripsage__zset *zset, tripsage__cache_bytes member)
{
    const tripsage__zset_node *node = find(zset, member);

    if (node)
        tripsage__reply_double(c->reply, node->score);
    else
        tripsage__reply_nil(c->reply);
}

static void zscore(tripsage__command *c)
{
    tripsage__zset *zset;

    if (tripsage__zsets_at(c, 1, &zset))
        reply_score(c, zset, c->args[2]);
}

static void zmscore(tripsage__command *c)
{
    tripsage__zset *zset;

    if (!tripsage__zsets_at(c, 1, &zset))
        return;
    tripsage__reply_array(c->reply, c->count - 2);
    for (size_t i = 2; i < c->count; i++)
        reply_score(c, zset, c->args[i]);
}

static void reply_rank(tripsage__command *c, int reverse)
{
    int with_score = c->count == 4;
    tripsage__zset *zset;
    const tripsage__zset_node *node;
    size_t rank;

    if (c->count > 4) {
        tripsage__command_arity(c);
        return;
    }
    if (with_score && !tripsage__command_is(c->args[3], "WITHSCORE")) {
        tripsage__command_syntax(c);
        return;
    }
    if (!tripsage__zsets_at(c, 1, &zset))
        return;
    node = find(zset, c->args[2]);
    if (!node) {
        tripsage__reply_nil(c->reply);
        return;
    }
    rank = tripsage__zset_rank(zset, node);
    if (with_score)
        tripsage__reply_array(c->reply, 2);
    tripsage__reply_integer(c->reply, (int64_t)(reverse ? zset->dict.count - 1 - rank : rank));
    if (with_score)
        tripsage__reply_double(c->reply, node->score);
}

static void zrank(tripsage__command *c)
{
    reply_rank(c, 0);
}

static void zrevrank(tripsage__command *c)
{
    reply_rank(c, 1);
}

/* ---- intervals ---- */

typedef enum kind { BY_ANY, BY_RANK, BY_SCORE, BY_MEMBER } kind; /* BY_ANY: as options say */

typedef struct range {
    kind by;
    int reverse, with_scores;
    int64_t first, last; /* BY_RANK */
    tripsage__zset_bound min, max;
    int64_t offset, limit; /* -1: no limit */
} range;

static int parse_score(tripsage__cache_bytes text, tripsage__zset_bound *out)
{
    int open = text.size > 0 && *(const char *)text.data == '(';

    *out = (tripsage__zset_bound){.open = open};
    return tripsage__command_parse_double(
        (tripsage__cache_bytes){(const char *)text.data + open, text.size - (size_t)open}, &out->score);
}

static int parse_member(tripsage__cache_bytes text, tripsage__zset_bound *out)
{
    char first = text.size > 0 ? *(const char *)text.data : '\0';

    *out = (tripsage__zset_bound){.by_member = 1};
    if (text.size == 1 && (first == '-' || first == '+')) {
        out->infinite = first == '-' ? -1 : 1;
        return 1;
    }
    if (first != '(' && first != '[')
        return 0;
    out->open = first == '(';
    out->member = (tripsage__cache_bytes){(const char *)text.data + 1, text.size - 1};
    return 1;
}

/* From two arguments; by score or member in reverse the greater one stands first. */
static int read_ends(tripsage__command *c, size_t at, range *r)
{
    tripsage__cache_bytes min = c->args[at + (r->reverse ? 1 : 0)], max = c->args[at + (r->reverse ? 0 : 1)];

    if (r->by == BY_RANK)
        return tripsage__command_integer(c, at, &r->first) && tripsage__command_integer(c, at + 1, &r->last);
    if (r->by == BY_SCORE ? parse_score(min, &r->min) && parse_score(max, &r->max)
                          : parse_member(min, &r->min) && parse_member(max, &r->max))
        return 1;
    tripsage__reply_error(c->reply, r->by == BY_SCORE ? "ERR min or max is not a float"
                                                      : "ERR min or max not valid string range item");
    return 0;
}

/* From places that may count from the end to ranks in the order of the set. */
static void ranks_of_places(const range *r, size_t count, size_t *from, size_t *to)
{
    int64_t size = (int64_t)count, first = r->first, last = r->last;

    first = first >= 0 ? first : first < -size ? 0 : first + size;
    last = last < 0 ? (last < -size ? -1 : last + size) : last < size ? last : size - 1;
    if (first > last)
        return;
    *from = (size_t)(r->reverse ? size - 1 - last : first);
    *to = *from + (size_t)(last - first) + 1;
}

/* Of what is within, what LIMIT leaves. */
static void apply_limit(const range *r, size_t *from, size_t *to)
{
    size_t count = *to - *from, skipped = r->offset < 0 || (uint64_t)r->offset > count ? count : (size_t)r->offset;
    size_t kept = count - skipped;

    if (r->limit >= 0 && (uint64_t)r->limit < kept)
        kept = (size_t)r->limit;
    if (r->reverse) {
        *to -= skipped;
        *from = *to - kept;
    } else {
        *from += skipped;
        *to = *from + kept;
    }
}

/* The ranks that are within: from *from to before *to. */
static void find_ranks(const tripsage__zset *zset, const range *r, size_t *from, size_t *to)
{
    *from = *to = 0;
    if (!zset)
        return;
    if (r->by == BY_RANK) {
        ranks_of_places(r, zset->dict.count, from, to);
        return;
    }
    *from = tripsage__zset_before(zset, &r->min);
    *to = tripsage__zset_up_to(zset, &r->max);
    if (*to < *from)
        *to = *from;
    apply_limit(r, from, to);
}

/* Takes one option, and moves *at to its last word; 0: an error was replied. */
static int read_range_option(tripsage__command *c, size_t *at, range *r, int *reverse_open, int stores)
{
    tripsage__cache_bytes word = c->args[*at];

    if (!stores && tripsage__command_is(word, "WITHSCORES")) {
        r->with_scores = 1;
    } else if (*at + 2 < c->count && tripsage__command_is(word, "LIMIT")) {
        *at += 2;
        return tripsage__command_integer(c, *at - 1, &r->offset) && tripsage__command_integer(c, *at, &r->limit);
    } else if (*reverse_open && tripsage__command_is(word, "REV")) {
        r->reverse = 1;
        *reverse_open = 0;
    } else if (r->by == BY_ANY && tripsage__command_is(word, "BYLEX")) {
        r->by = BY_MEMBER;
    } else if (r->by == BY_ANY && tripsage__command_is(word, "BYSCORE")) {
        r->by = BY_SCORE;
    } else {
        tripsage__command_syntax(c);
        return 0;
    }
    return 1;
}

/* Ends and options from the argument `at` on. */
static int read_range(tripsage__command *c, size_t at, range *r, int stores)
{
    int reverse_open = r->by == BY_ANY;

    r->limit = -1;
    for (size_t i = at + 2; i < c->count; i++)
        if (!read_range_option(c, &i, r, &reverse_open, stores))
            return 0;
    if (r->by == BY_ANY)
        r->by = BY_RANK;
    if (r->limit != -1 && r->by == BY_RANK) {
        tripsage__reply_error(c->reply, "ERR syntax error, LIMIT is only supported in combination with either BYSCORE "
                                        "or BYLEX");
        return 0;
    }
    if (r->with_scores && r->by == BY_MEMBER) {
        tripsage__reply_error(c->reply, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return 0;
    }
    return read_ends(c, at, r);
}

static void reply_range(tripsage__command *c, kind by, int reverse)
{
    range r = {.by = by, .reverse = reverse};
    tripsage__zset *zset;
    size_t from, to;
    const tripsage__zset_node *node;

    if (!read_range(c, 2, &r, 0) || !tripsage__zsets_at(c, 1, &zset))
        return;
    find_ranks(zset, &r, &from, &to);
    tripsage__reply_array(c->reply, (to - from) * (r.with_scores ? 2 : 1));
    node = from < to ? tripsage__zset_at(zset, r.reverse ? to - 1 : from) : NULL;
    for (; from < to; from++, node = r.reverse ? node->previous : node->links[0].next)
        tripsage__zsets_reply(c, zset, node, r.with_scores);
}

static void zrange(tripsage__command *c)
{
    reply_range(c, BY_ANY, 0);
}

static void zrevrange(tripsage__command *c)
{
    reply_range(c, BY_RANK, 1);
}

static void zrangebyscore(tripsage__command *c)
{
    reply_range(c, BY_SCORE, 0);
}

static void zrevrangebyscore(tripsage__command *c)
{
    reply_range(c, BY_SCORE, 1);
}

static void zrangebylex(tripsage__command *c)
{
    reply_range(c, BY_MEMBER, 0);
}

static void zrevrangebylex(tripsage__command *c)
{
    reply_range(c, BY_MEMBER, 1);
}

static void zrangestore(tripsage__command *c)
{
    range r = {.by = BY_ANY};
    tripsage__zset *zset, *into;
    size_t from, to;
    int added, done;

    if (!read_range(c, 3, &r, 1) || !tripsage__zsets_at(c, 2, &zset))
        return;
    find_ranks(zset, &r, &from, &to);
    into = tripsage__zset_new(c->space->memory->hash_key);
    done = into != NULL;
    for (const tripsage__zset_node *node = from < to ? tripsage__zset_at(zset, from) : NULL; done && from < to;
         from++, node = node->links[0].next)
        done = tripsage__zset_set(into, tripsage__zset_member(zset, node), node->score, &added) != NULL;
    if (done) {
        tripsage__command_store(c, c->args[1], &into->object);
        return;
    }
    if (into)
        into->object.type->free(&into->object);
    tripsage__command_failed(c, TRIPSAGE_ENOMEM);
}

static void reply_count(tripsage__command *c, kind by)
{
    range r = {.by = by, .limit = -1};
    tripsage__zset *zset;
    size_t from, to;

    if (!read_ends(c, 2, &r) || !tripsage__zsets_at(c, 1, &zset))
        return;
    find_ranks(zset, &r, &from, &to);
    tripsage__reply_integer(c->reply, (int64_t)(to - from));
}

static void zcount(tripsage__command *c)
{
    reply_count(c, BY_SCORE);
}

static void zlexcount(tripsage__command *c)
{
    reply_count(c, BY_MEMBER);
}

static void remove_ranks(tripsage__zset *zset, size_t from, size_t to)
{
    tripsage__zset_node *node = from < to ? tripsage__zset_at(zset, from) : NULL, *next;

    for (; from < to; from++, node = next) {
        next = node->links[0].next;
        tripsage__zset_remove(zset, node);
    }
}

static void remove_range(tripsage__command *c, kind by)
{
    range r = {.by = by, .limit = -1};
    tripsage__zset *zset;
    size_t from, to;

    if (!read_ends(c, 2, &r) || !tripsage__zsets_at(c, 1, &zset))
        return;
    find_ranks(zset, &r, &from, &to);
    remove_ranks(zset, from, to);
    tripsage__reply_integer(c->reply, (int64_t)(to - from));
}

static void zremrangebyrank(tripsage__command *c)
{
    remove_range(c, BY_RANK);
}

static void zremrangebyscore(tripsage__command *c)
{
    remove_range(c, BY_SCORE);
}

static void zremrangebylex(tripsage__command *c)
{
    remove_range(c, BY_MEMBER);
}

/* ---- popping ---- */

/* Replies the first or last `count` with their scores, in one row or as pairs, and removes them when that could be written. */
static void pop(tripsage__command *c, tripsage__zset *zset, int64_t count, int from_end, int as_pairs)
{
    size_t size = zset ? zset->dict.count : 0, taken = (uint64_t)count < size ? (size_t)count : size;
    const tripsage__zset_node *node = !taken ? NULL : from_end ? zset->last : zset->heads[0].next;

    tripsage__reply_array(c->reply, as_pairs ? taken : taken * 2);
    for (size_t i = 0; i < taken; i++, node = from_end ? node->previous : node->links[0].next) {
        if (as_pairs)
            tripsage__reply_array(c->reply, 2);
        tripsage__zsets_reply(c, zset, node, 1);
    }
    if (taken && !tripsage__reply_has_failed(c->reply))
        remove_ranks(zset, from_end ? size - taken : 0, from_end ? size : taken);
}

static void pop_end(tripsage__command *c, int from_end)
{
    tripsage__zset *zset;
    int64_t count = 1;

    if (c->count > 3)
        tripsage__command_syntax(c);
    else if ((c->count < 3 || tripsage__command_at_least(c, 2, 0, TRIPSAGE__MUST_BE_POSITIVE, &count)) &&
             tripsage__zsets_at(c, 1, &zset))
        pop(c, zset, count, from_end, 0);
}

static void zpopmin(tripsage__command *c)
{
    pop_end(c, 0);
}

static void zpopmax(tripsage__command *c)
{
    pop_end(c, 1);
}

/* What stands behind the keys of ZMPOP. */
static int read_multi_pop(tripsage__command *c, size_t at, int *from_end, int64_t *count)
{
    int counted = 0;

    *from_end = at < c->count && tripsage__command_is(c->args[at], "MAX");
    if (at >= c->count || (!*from_end && !tripsage__command_is(c->args[at], "MIN"))) {
        tripsage__command_syntax(c);
        return 0;
    }
    for (at++; at < c->count; at += 2, counted = 1) {
        if (counted || at + 1 == c->count || !tripsage__command_is(c->args[at], "COUNT")) {
            tripsage__command_syntax(c);
            return 0;
        }
        if (!tripsage__command_at_least(c, at + 1, 1, "ERR count should be greater than 0", count))
            return 0;
    }
    return 1;
}

static void zmpop(tripsage__command *c)
{
    int64_t numkeys, count = 1;
    int from_end;
    tripsage__zset *zset = NULL;
    size_t key = 2;

    if (!tripsage__command_at_least(c, 1, 1, "ERR numkeys should be greater than 0", &numkeys))
        return;
    if (numkeys > (int64_t)c->count - 3) {
        tripsage__command_syntax(c);
        return;
    }
    if (!read_multi_pop(c, 2 + (size_t)numkeys, &from_end, &count))
        return;
    for (; key < 2 + (size_t)numkeys; key++) {
        if (!tripsage__zsets_at(c, key, &zset))
            return;
        if (zset)
            break;
    }
    if (!zset) {
        tripsage__reply_nil(c->reply);
        return;
    }
    tripsage__reply_array(c->reply, 2);
    tripsage__reply_bytes(c->reply, c->args[key].data, c->args[key].size);
    pop(c, zset, count, from_end, 1);
}

/* ---- chance ---- */

static tripsage__zset_node *pick(tripsage__command *c, const tripsage__zset *zset)
{
    return tripsage__zset_named(tripsage__dict_pick(&zset->dict, tripsage__command_chance(c)));
}

static void reply_different(tripsage__command *c, const tripsage__zset *zset, size_t count, int with_scores)
{
    tripsage__dict_node **nodes;
    size_t given;

    if (!tripsage__dict_sample(&nodes, &given, &zset->dict, count, tripsage__command_chance(c))) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    tripsage__reply_array(c->reply, given * (with_scores ? 2 : 1));
    for (size_t i = 0; i < given; i++)
        tripsage__zsets_reply(c, zset, tripsage__zset_named(nodes[i]), with_scores);
    tripsage__free(nodes);
}

static void reply_random(tripsage__command *c, const tripsage__zset *zset, int64_t count, int with_scores)
{
    if (!zset) {
        tripsage__reply_array(c->reply, 0);
        return;
    }
    if (count >= 0) {
        reply_different(c, zset, (size_t)count, with_scores);
        return;
    }
    tripsage__reply_array(c->reply, (size_t)-count * (with_scores ? 2 : 1));
    for (; count < 0 && !tripsage__reply_has_failed(c->reply); count++)
        tripsage__zsets_reply(c, zset, pick(c, zset), with_scores);
}

static void zrandmember(tripsage__command *c)
{
    tripsage__zset *zset;
    int64_t count = 0;

    if (c->count > 2 && !tripsage__command_random_count(c, 2, &count))
        return;
    if (c->count > 4 || (c->count == 4 && !tripsage__command_is(c->args[3], "WITHSCORES"))) {
        tripsage__command_syntax(c);
        return;
    }
    if (c->count == 4 && (count < -INT64_MAX / 2 || count > INT64_MAX / 2)) {
        tripsage__reply_error(c->reply, "ERR value is out of range");
        return;
    }
    if (!tripsage__zsets_at(c, 1, &zset))
        return;
    if (c->count > 2)
        reply_random(c, zset, count, c->count == 4);
    else if (zset)
        tripsage__zsets_reply(c, zset, pick(c, zset), 0);
    else
        tripsage__reply_nil(c->reply);
}

/* ---- steps ---- */

typedef struct visit {
    tripsage__command *c;
    const tripsage__scan *scan;
    const tripsage__zset *zset;
} visit;

static void show(void *context, const tripsage__dict_node *named)
{
    const visit *v = context;

    if (tripsage__scan_wants(v->scan, tripsage__dict_name(&v->zset->dict, named)))
        tripsage__zsets_reply(v->c, v->zset, tripsage__zset_named(named), 1);
}

/* What Redis keeps in one piece comes at once and in order, whatever the cursor. */
static uint64_t scan_members(visit *v)
{
    if (v->zset->dict.count > TRIPSAGE__SCAN_AT_ONCE)
        return tripsage__dict_scan(&v->zset->dict, v->scan->cursor, v->scan->count, show, v);
    for (const tripsage__zset_node *node = v->zset->heads[0].next; node; node = node->links[0].next)
        show(v, node->named);
    return 0;
}

static void zscan(tripsage__command *c)
{
    tripsage__scan scan;
    tripsage__zset *zset;
    visit v = {c, &scan, NULL};
    uint64_t next = 0;

    if (!tripsage__scan_cursor(&scan, c, 2) || !tripsage__zsets_at(c, 1, &zset))
        return;
    if (zset && !tripsage__scan_options(&scan, c, 3, 0))
        return;
    tripsage__scan_begin(&scan, c);
    if (zset) {
        v.zset = zset;
        next = scan_members(&v);
    }
    tripsage__scan_end(&scan, c, next);
}

#define WRITES TRIPSAGE__COMMAND_WRITES
#define GROWS  (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS)

const tripsage__command_spec tripsage__commands_zsets[] = {
    {"ZADD", zadd, -4, GROWS, 1, 1, 1, 0},
    {"ZINCRBY", zincrby, 4, GROWS, 1, 1, 1, 0},
    {"ZREM", zrem, -3, WRITES, 1, 1, 1, 0},
    {"ZCARD", zcard, 2, 0, 1, 1, 1, 0},
    {"ZSCORE", zscore, 3, 0, 1, 1, 1, 0},
    {"ZMSCORE", zmscore, -3, 0, 1, 1, 1, 0},
    {"ZRANK", zrank, -3, 0, 1, 1, 1, 0},
    {"ZREVRANK", zrevrank, -3, 0, 1, 1, 1, 0},
    {"ZCOUNT", zcount, 4, 0, 1, 1, 1, 0},
    {"ZLEXCOUNT", zlexcount, 4, 0, 1, 1, 1, 0},
    {"ZRANGE", zrange, -4, 0, 1, 1, 1, 0},
    {"ZRANGESTORE", zrangestore, -5, WRITES, 1, 2, 1, 0},
    {"ZREVRANGE", zrevrange, -4, 0, 1, 1, 1, 0},
    {"ZRANGEBYSCORE", zrangebyscore, -4, 0, 1, 1, 1, 0},
    {"ZREVRANGEBYSCORE", zrevrangebyscore, -4, 0, 1, 1, 1, 0},
    {"ZRANGEBYLEX", zrangebylex, -4, 0, 1, 1, 1, 0},
    {"ZREVRANGEBYLEX", zrevrangebylex, -4, 0, 1, 1, 1, 0},
    {"ZREMRANGEBYRANK", zremrangebyrank, 4, WRITES, 1, 1, 1, 0},
    {"ZREMRANGEBYSCORE", zremrangebyscore, 4, WRITES, 1, 1, 1, 0},
    {"ZREMRANGEBYLEX", zremrangebylex, 4, WRITES, 1, 1, 1, 0},
    {"ZPOPMIN", zpopmin, -2, WRITES, 1, 1, 1, 0},
    {"ZPOPMAX", zpopmax, -2, WRITES, 1, 1, 1, 0},
    {"ZMPOP", zmpop, -4, WRITES, 0, 0, 0, 1},
    {"ZRANDMEMBER", zrandmember, -2, 0, 1, 1, 1, 0},
    {"ZSCAN", zscan, -3, 0, 1, 1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
