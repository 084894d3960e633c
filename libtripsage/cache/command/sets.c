/* sets.c: commands on sets. */
#include "base/memory.h"
#include "cache/memory/set.h"
#include "command.h"
#include "scan.h"

/* The set of a key among the arguments; *out NULL: there is nothing. 0: an error was replied. */
static int set_at(tripsage__command *c, size_t at, tripsage__set **out)
{
    tripsage__object *object;
    int good = tripsage__command_object(c, c->args[at], &tripsage__set_type, &object);

    *out = (tripsage__set *)object;
    return good;
}

static void reply_member(tripsage__command *c, const tripsage__dict *dict, const tripsage__dict_node *node)
{
    tripsage__cache_bytes name = tripsage__dict_name(dict, node);

    tripsage__reply_bytes(c->reply, name.data, name.size);
}

static void reply_all(tripsage__command *c, const tripsage__set *set)
{
    tripsage__reply_array(c->reply, set ? set->dict.count : 0);
    for (tripsage__dict_node *node = NULL; set && (node = tripsage__dict_next(&set->dict, node)) != NULL;)
        reply_member(c, &set->dict, node);
}

static int has(const tripsage__set *set, tripsage__cache_bytes member)
{
    return set && tripsage__dict_find(&set->dict, member);
}

/* ---- members ---- */

/* Adds all members from the second argument on; 0: there was no memory, and none of them was added. */
static int add_members(tripsage__command *c, tripsage__set *set, size_t *added)
{
    tripsage__dict_node **made = tripsage__malloc((c->count - 2) * sizeof *made);
    size_t i = made ? 2 : 0;

    for (*added = 0; made && i < c->count; i++) {
        int is_new;
        tripsage__dict_node *node = tripsage__set_add(set, c->args[i], &is_new);

        if (!node)
            break;
        if (is_new)
            made[(*added)++] = node;
    }
    if (i < c->count)
        while (*added > 0)
            tripsage__set_remove(set, made[--*added]);
    tripsage__free(made);
    return i == c->count;
}

static void sadd(tripsage__command *c)
{
    tripsage__set *set, *fresh = NULL;
    tripsage_status status = TRIPSAGE_OK;
    size_t added = 0;

    if (!set_at(c, 1, &set))
        return;
    if (!set)
        set = fresh = tripsage__set_new(c->space->memory->hash_key);
    if (!set || !add_members(c, set, &added))
        status = TRIPSAGE_ENOMEM;
    if (status == TRIPSAGE_OK && fresh)
        status = tripsage__keyspace_put(c->space, c->args[1], &fresh->object, TRIPSAGE__CACHE_FOREVER);
    else if (fresh)
        fresh->object.type->free(&fresh->object);
    if (status == TRIPSAGE_OK)
        tripsage__reply_integer(c->reply, (int64_t)added);
    else
        tripsage__command_failed(c, status);
}

static void srem(tripsage__command *c)
{
    tripsage__set *set;
    int64_t removed = 0;

    if (!set_at(c, 1, &set))
        return;
    for (size_t i = 2; set && i < c->count; i++) {
        tripsage__dict_node *node = tripsage__dict_find(&set->dict, c->args[i]);

        if (!node)
            continue;
        tripsage__set_remove(set, node);
        removed++;
    }
    tripsage__reply_integer(c->reply, removed);
}

static void smembers(tripsage__command *c)
{
    tripsage__set *set;

    if (set_at(c, 1, &set))
        reply_all(c, set);
}

static void scard(tripsage__command *c)
{
    tripsage__set *set;

    if (set_at(c, 1, &set))
        tripsage__reply_integer(c->reply, set ? (int64_t)set->dict.count : 0);
}

static void sismember(tripsage__command *c)
{
    tripsage__set *set;

    if (set_at(c, 1, &set))
        tripsage__reply_integer(c->reply, has(set, c->args[2]));
}

static void smismember(tripsage__command *c)
{
    tripsage__set *set;

    if (!set_at(c, 1, &set))
        return;
    tripsage__reply_array(c->reply, c->count - 2);
    for (size_t i = 2; i < c->count; i++)
        tripsage__reply_integer(c->reply, has(set, c->args[i]));
}

/* Puts a member into the set of a key, which may have none yet; 0: an error was replied. */
static int put_member(tripsage__command *c, tripsage__cache_bytes key, tripsage__set *set, tripsage__cache_bytes member)
{
    tripsage__set *fresh = set ? NULL : tripsage__set_new(c->space->memory->hash_key);
    tripsage_status status = TRIPSAGE_OK;
    int added;

    if (set && !tripsage__command_may_grow(c, &set->object))
        return 0;
    set = set ? set : fresh;
    if (!set || !tripsage__set_add(set, member, &added))
        status = TRIPSAGE_ENOMEM;
    if (status == TRIPSAGE_OK && fresh)
        status = tripsage__keyspace_put(c->space, key, &fresh->object, TRIPSAGE__CACHE_FOREVER);
    else if (fresh)
        fresh->object.type->free(&fresh->object);
    if (status != TRIPSAGE_OK)
        tripsage__command_failed(c, status);
    return status == TRIPSAGE_OK;
}

static void smove(tripsage__command *c)
{
    tripsage__set *from, *to;
    tripsage__dict_node *node;

    if (!set_at(c, 1, &from))
        return;
    if (!from) {
        tripsage__reply_integer(c->reply, 0);
        return;
    }
    if (!set_at(c, 2, &to))
        return;
    node = tripsage__dict_find(&from->dict, c->args[3]);
    if (node && from != to) {
        if (!put_member(c, c->args[2], to, c->args[3]))
            return;
        tripsage__set_remove(from, node);
    }
    tripsage__reply_integer(c->reply, node != NULL);
}

/* ---- chance ---- */

/* Replies `count` different members. The nodes are for tripsage__free; NULL: there was no memory, which was replied. */
static tripsage__dict_node **reply_sample(tripsage__command *c, const tripsage__set *set, size_t count, size_t *given)
{
    tripsage__dict_node **nodes;

    if (!tripsage__dict_sample(&nodes, given, &set->dict, count, tripsage__command_chance(c))) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return NULL;
    }
    tripsage__reply_array(c->reply, *given);
    for (size_t i = 0; i < *given; i++)
        reply_member(c, &set->dict, nodes[i]);
    return nodes;
}

static void pop_one(tripsage__command *c)
{
    tripsage__set *set;
    tripsage__dict_node *node;

    if (!set_at(c, 1, &set))
        return;
    node = set ? tripsage__dict_pick(&set->dict, tripsage__command_chance(c)) : NULL;
    if (!node) {
        tripsage__reply_nil(c->reply);
        return;
    }
    reply_member(c, &set->dict, node);
    tripsage__set_remove(set, node);
}

static void pop_some(tripsage__command *c)
{
    tripsage__set *set;
    tripsage__dict_node **nodes;
    int64_t count;
    size_t given;

    if (!tripsage__command_at_least(c, 2, 0, TRIPSAGE__MUST_BE_POSITIVE, &count) || !set_at(c, 1, &set))
        return;
    if (!set) {
        tripsage__reply_array(c->reply, 0);
        return;
    }
    nodes = reply_sample(c, set, (size_t)count, &given);
    for (size_t i = 0; nodes && i < given && !tripsage__reply_has_failed(c->reply); i++)
        tripsage__set_remove(set, nodes[i]);
    tripsage__free(nodes);
}

static void spop(tripsage__command *c)
{
    if (c->count > 3)
        tripsage__command_syntax(c);
    else if (c->count == 3)
        pop_some(c);
    else
        pop_one(c);
}

/* As many as asked for, whichever come up. */
static void reply_any(tripsage__command *c, const tripsage__set *set, int64_t count)
{
    tripsage__reply_array(c->reply, set ? (size_t)count : 0);
    for (; set && count > 0 && !tripsage__reply_has_failed(c->reply); count--)
        reply_member(c, &set->dict, tripsage__dict_pick(&set->dict, tripsage__command_chance(c)));
}

static void srandmember(tripsage__command *c)
{
    tripsage__set *set;
    int64_t count = -1;
    size_t given;

    if (c->count > 3) {
        tripsage__command_syntax(c);
        return;
    }
    if (c->count == 3 && !tripsage__command_random_count(c, 2, &count))
        return;
    if (!set_at(c, 1, &set))
        return;
    if (c->count == 2 && set)
        reply_member(c, &set->dict, tripsage__dict_pick(&set->dict, tripsage__command_chance(c)));
    else if (c->count == 2)
        tripsage__reply_nil(c->reply);
    else if (count < 0 || !set)
        reply_any(c, set, -count);
    else
        tripsage__free(reply_sample(c, set, (size_t)count, &given));
}

/* ---- several sets ---- */

/* Where the members of a result go: into a set, or into the reply, or they are counted only. */
typedef struct result {
    tripsage__command *c;
    tripsage__set *into; /* NULL: not into a set */
    int in_reply;
    size_t count, limit;
    tripsage_status status;
} result;

/* 0: no more are wanted. */
static int take(result *to, const tripsage__dict *dict, const tripsage__dict_node *node)
{
    int added = 1;

    if (to->into && !tripsage__set_add(to->into, tripsage__dict_name(dict, node), &added))
        to->status = TRIPSAGE_ENOMEM;
    else if (to->into && to->into->object.bytes > to->c->space->memory->cost_max && !to->in_reply)
        to->status = TRIPSAGE_ETOOLARGE;
    else if (to->in_reply && !to->into)
        reply_member(to->c, dict, node);
    to->count += (size_t)added;
    return to->status == TRIPSAGE_OK && to->count < to->limit && !tripsage__reply_has_failed(to->c->reply);
}

/* In all sets: what the smallest has, and the others as well. */
static void intersect(result *to, tripsage__set *const *sets, size_t count)
{
    const tripsage__set *least = sets[0];

    for (size_t i = 0; i < count; i++) {
        if (!sets[i])
            return;
        if (sets[i]->dict.count < least->dict.count)
            least = sets[i];
    }
    for (tripsage__dict_node *node = NULL; (node = tripsage__dict_next(&least->dict, node)) != NULL;) {
        tripsage__cache_bytes member = tripsage__dict_name(&least->dict, node);
        size_t i = 0;

        while (i < count && (sets[i] == least || has(sets[i], member)))
            i++;
        if (i == count && !take(to, &least->dict, node))
            return;
    }
}

static void subtract(result *to, tripsage__set *const *sets, size_t count)
{
    for (tripsage__dict_node *node = NULL; sets[0] && (node = tripsage__dict_next(&sets[0]->dict, node)) != NULL;) {
        tripsage__cache_bytes member = tripsage__dict_name(&sets[0]->dict, node);
        size_t i = 1;

        while (i < count && !has(sets[i], member))
            i++;
        if (i == count && !take(to, &sets[0]->dict, node))
            return;
    }
}

static void unite(result *to, tripsage__set *const *sets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (tripsage__dict_node *node = NULL; sets[i] && (node = tripsage__dict_next(&sets[i]->dict, node)) != NULL;)
            if (!take(to, &sets[i]->dict, node))
                return;
}

typedef void operation(result *to, tripsage__set *const *sets, size_t count);

/* The sets of `count` keys, for tripsage__free; NULL: an error was replied. */
static tripsage__set **sets_at(tripsage__command *c, size_t first, size_t count)
{
    tripsage__set **sets = tripsage__malloc(count * sizeof *sets);
    size_t i = 0;

    if (!sets)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    while (sets && i < count && set_at(c, first + i, &sets[i]))
        i++;
    if (i == count)
        return sets;
    tripsage__free(sets);
    return NULL;
}

/* The result straight into the reply: for what comes upon no member twice. */
static void reply_result(tripsage__command *c, operation *operate)
{
    tripsage__set **sets = sets_at(c, 1, c->count - 1);
    result to = {c, NULL, 1, 0, SIZE_MAX, TRIPSAGE_OK};
    size_t begun;

    if (!sets)
        return;
    begun = tripsage__reply_begin(c->reply);
    operate(&to, sets, c->count - 1);
    tripsage__reply_end(c->reply, begun);
    tripsage__free(sets);
}

/* The result as a new set of the keys from `first` on; NULL: an error was replied. */
static tripsage__set *make_result(tripsage__command *c, size_t first, operation *operate, int in_reply)
{
    tripsage__set **sets = sets_at(c, first, c->count - first);
    result to = {c, NULL, in_reply, 0, SIZE_MAX, TRIPSAGE_OK};

    if (!sets)
        return NULL;
    to.into = tripsage__set_new(c->space->memory->hash_key);
    if (to.into)
        operate(&to, sets, c->count - first);
    else
        to.status = TRIPSAGE_ENOMEM;
    tripsage__free(sets);
    if (to.status == TRIPSAGE_OK)
        return to.into;
    if (to.into)
        to.into->object.type->free(&to.into->object);
    tripsage__command_failed(c, to.status);
    return NULL;
}

static void store_result(tripsage__command *c, operation *operate)
{
    tripsage__set *set = make_result(c, 2, operate, 0);

    if (set)
        tripsage__command_store(c, c->args[1], &set->object);
}

static void sinter(tripsage__command *c)
{
    reply_result(c, intersect);
}

static void sdiff(tripsage__command *c)
{
    reply_result(c, subtract);
}

static void sunion(tripsage__command *c)
{
    tripsage__set *set = make_result(c, 1, unite, 1);

    if (!set)
        return;
    reply_all(c, set);
    set->object.type->free(&set->object);
}

static void sinterstore(tripsage__command *c)
{
    store_result(c, intersect);
}

static void sdiffstore(tripsage__command *c)
{
    store_result(c, subtract);
}

static void sunionstore(tripsage__command *c)
{
    store_result(c, unite);
}

static void sintercard(tripsage__command *c)
{
    int64_t numkeys, limit = 0;
    tripsage__set **sets;
    result to = {c, NULL, 0, 0, SIZE_MAX, TRIPSAGE_OK};

    if (!tripsage__command_at_least(c, 1, 1, "ERR numkeys should be greater than 0", &numkeys))
        return;
    if (numkeys > (int64_t)c->count - 2) {
        tripsage__reply_error(c->reply, "ERR Number of keys can't be greater than number of args");
        return;
    }
    for (size_t i = 2 + (size_t)numkeys; i < c->count; i += 2) {
        if (i + 1 == c->count || !tripsage__command_is(c->args[i], "LIMIT")) {
            tripsage__command_syntax(c);
            return;
        }
        if (!tripsage__command_at_least(c, i + 1, 0, "ERR LIMIT can't be negative", &limit))
            return;
    }
    sets = sets_at(c, 2, (size_t)numkeys);
    if (!sets)
        return;
    to.limit = limit ? (size_t)limit : SIZE_MAX;
    intersect(&to, sets, (size_t)numkeys);
    tripsage__free(sets);
    tripsage__reply_integer(c->reply, (int64_t)to.count);
}

/* ---- steps ---- */

typedef struct visit {
    tripsage__command *c;
    const tripsage__scan *scan;
    const tripsage__dict *dict;
} visit;

static void show(void *context, const tripsage__dict_node *node)
{
    const visit *v = context;

    if (tripsage__scan_wants(v->scan, tripsage__dict_name(v->dict, node)))
        reply_member(v->c, v->dict, node);
}

/* What Redis keeps in one piece comes at once, whatever the cursor. */
static uint64_t scan_members(visit *v)
{
    int at_once = v->dict->count <= TRIPSAGE__SCAN_AT_ONCE;

    return tripsage__dict_scan(v->dict, at_once ? 0 : v->scan->cursor,
                               at_once ? TRIPSAGE__SCAN_AT_ONCE : v->scan->count, show, v);
}

static void sscan(tripsage__command *c)
{
    tripsage__scan scan;
    tripsage__set *set;
    visit v = {c, &scan, NULL};
    uint64_t next = 0;

    if (!tripsage__scan_cursor(&scan, c, 2) || !set_at(c, 1, &set))
        return;
    if (set && !tripsage__scan_options(&scan, c, 3, 0))
        return;
    tripsage__scan_begin(&scan, c);
    if (set) {
        v.dict = &set->dict;
        next = scan_members(&v);
    }
    tripsage__scan_end(&scan, c, next);
}

#define WRITES TRIPSAGE__COMMAND_WRITES
#define GROWS  (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS)

const tripsage__command_spec tripsage__commands_sets[] = {
    {"SADD", sadd, -3, GROWS, 1, 1, 1, 0},
    {"SREM", srem, -3, WRITES, 1, 1, 1, 0},
    {"SMEMBERS", smembers, 2, 0, 1, 1, 1, 0},
    {"SISMEMBER", sismember, 3, 0, 1, 1, 1, 0},
    {"SMISMEMBER", smismember, -3, 0, 1, 1, 1, 0},
    {"SCARD", scard, 2, 0, 1, 1, 1, 0},
    {"SPOP", spop, -2, WRITES, 1, 1, 1, 0},
    {"SRANDMEMBER", srandmember, -2, 0, 1, 1, 1, 0},
    {"SMOVE", smove, 4, WRITES, 1, 2, 1, 0}, /* looks itself at the set that grows: the other may be full */
    {"SINTER", sinter, -2, 0, 1, -1, 1, 0},
    {"SINTERCARD", sintercard, -3, 0, 0, 0, 0, 1},
    {"SINTERSTORE", sinterstore, -3, WRITES, 1, -1, 1, 0},
    {"SUNION", sunion, -2, 0, 1, -1, 1, 0},
    {"SUNIONSTORE", sunionstore, -3, WRITES, 1, -1, 1, 0},
    {"SDIFF", sdiff, -2, 0, 1, -1, 1, 0},
    {"SDIFFSTORE", sdiffstore, -3, WRITES, 1, -1, 1, 0},
    {"SSCAN", sscan, -3, 0, 1, 1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
