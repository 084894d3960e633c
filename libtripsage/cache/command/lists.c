/* lists.c: commands about lists. */
#include "cache/memory/list.h"
#include "command.h"

/* ---- in common ---- */

/* The key's list; *out NULL: there is none. 0 after it replied the error. */
static int find(tripsage__command *c, tripsage__cache_bytes key, tripsage__list **out)
{
    tripsage__object *object;

    if (!tripsage__command_object(c, key, &tripsage__list_type, &object))
        return 0;
    *out = (tripsage__list *)(void *)object;
    return 1;
}

/* Whether "LEFT" or "RIGHT" stands there. */
static int read_side(tripsage__command *c, size_t at, int *is_left)
{
    *is_left = tripsage__command_is(c->args[at], "LEFT");
    if (*is_left || tripsage__command_is(c->args[at], "RIGHT"))
        return 1;
    tripsage__command_syntax(c);
    return 0;
}

static void reply_item(tripsage__command *c, const tripsage__list_item *item)
{
    tripsage__reply_bytes(c->reply, item->bytes, item->size);
}

/* A place as counted from either end; negative, or beyond the last: there is none. */
static int64_t place_of(const tripsage__list *list, int64_t index)
{
    return index < 0 ? index + (int64_t)list->count : index;
}

/* The places from the first to the last of a range that are there; gives how many, with the first in *from. */
static size_t range_of(const tripsage__list *list, int64_t first, int64_t last, size_t *from)
{
    first = place_of(list, first);
    last = place_of(list, last);
    if (first < 0)
        first = 0;
    if (last >= (int64_t)list->count)
        last = (int64_t)list->count - 1;
    *from = (size_t)first;
    return first > last ? 0 : (size_t)(last - first + 1);
}

/* ---- more ---- */

/* Makes room for so many items, which take `bytes`; replies the error. */
static int make_room(tripsage__command *c, tripsage__list *list, size_t more, size_t bytes)
{
    if (list->object.bytes + tripsage__list_room_bytes(list, more) + bytes > c->space->memory->cost_max)
        tripsage__command_failed(c, TRIPSAGE_ETOOLARGE);
    else if (!tripsage__list_reserve(list, more))
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    else
        return 1;
    return 0;
}

static tripsage__list_item *new_item(tripsage__command *c, tripsage__cache_bytes bytes)
{
    tripsage__list_item *item = tripsage__list_item_new(bytes);

    if (!item)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    return item;
}

/* Puts all the arguments from `first` on at one end, or none; replies the error. */
static int push_all(tripsage__command *c, tripsage__list *list, size_t first, int is_left)
{
    size_t bytes = 0;

    for (size_t i = first; i < c->count; i++)
        bytes += tripsage__list_item_bytes(c->args[i].size);
    if (!make_room(c, list, c->count - first, bytes))
        return 0;
    for (size_t i = first; i < c->count; i++) {
        tripsage__list_item *item = new_item(c, c->args[i]);

        if (!item) {
            tripsage__list_remove(list, is_left ? 0 : list->count - (i - first), i - first);
            return 0;
        }
        tripsage__list_insert(list, is_left ? 0 : list->count, item);
    }
    return 1;
}

/* Puts a filled list under a key that has none; frees an empty one, whose error was replied. */
static int put(tripsage__command *c, tripsage__cache_bytes key, tripsage__list *list)
{
    tripsage_status status;

    if (list->count == 0) {
        list->object.type->free(&list->object);
        return 0;
    }
    status = tripsage__keyspace_put(c->space, key, &list->object, TRIPSAGE__CACHE_FOREVER);
    if (status != TRIPSAGE_OK)
        tripsage__command_failed(c, status);
    return status == TRIPSAGE_OK;
}

static void push(tripsage__command *c, int is_left, int only_if_there)
{
    tripsage__list *list, *made = NULL;
    size_t count;

    if (!find(c, c->args[1], &list))
        return;
    if (!list && only_if_there) {
        tripsage__reply_integer(c->reply, 0);
        return;
    }
    if (!list) {
        list = made = tripsage__list_new();
        if (!made) {
            tripsage__command_failed(c, TRIPSAGE_ENOMEM);
            return;
        }
    }
    if (!push_all(c, list, 2, is_left) && !made)
        return;
    count = list->count;
    if (!made || put(c, c->args[1], made))
        tripsage__reply_integer(c->reply, (int64_t)count);
}

static void lpush(tripsage__command *c)
{
    push(c, 1, 0);
}

static void rpush(tripsage__command *c)
{
    push(c, 0, 0);
}

static void lpushx(tripsage__command *c)
{
    push(c, 1, 1);
}

static void rpushx(tripsage__command *c)
{
    push(c, 0, 1);
}

static void linsert(tripsage__command *c)
{
    int before = tripsage__command_is(c->args[2], "BEFORE");
    tripsage__list *list;
    tripsage__list_item *item;
    size_t place = 0;

    if (!before && !tripsage__command_is(c->args[2], "AFTER")) {
        tripsage__command_syntax(c);
        return;
    }
    if (!find(c, c->args[1], &list))
        return;
    while (list && place < list->count && !tripsage__list_equal(tripsage__list_at(list, place), c->args[3]))
        place++;
    if (!list || place == list->count) {
        tripsage__reply_integer(c->reply, list ? -1 : 0);
        return;
    }
    if (!make_room(c, list, 1, tripsage__list_item_bytes(c->args[4].size)))
        return;
    item = new_item(c, c->args[4]);
    if (!item)
        return;
    tripsage__list_insert(list, before ? place : place + 1, item);
    tripsage__reply_integer(c->reply, (int64_t)list->count);
}

static void lset(tripsage__command *c)
{
    tripsage__list *list;
    tripsage__list_item *item;
    int64_t place;

    if (!find(c, c->args[1], &list))
        return;
    if (!list) {
        tripsage__reply_error(c->reply, "ERR no such key");
        return;
    }
    if (!tripsage__command_integer(c, 2, &place))
        return;
    place = place_of(list, place);
    if (place < 0 || place >= (int64_t)list->count) {
        tripsage__reply_error(c->reply, "ERR index out of range");
        return;
    }
    item = new_item(c, c->args[3]);
    if (!item)
        return;
    tripsage__list_replace(list, (size_t)place, item);
    tripsage__reply_ok(c->reply);
}

/* ---- looking ---- */

static void llen(tripsage__command *c)
{
    tripsage__list *list;

    if (find(c, c->args[1], &list))
        tripsage__reply_integer(c->reply, list ? (int64_t)list->count : 0);
}

static void lindex(tripsage__command *c)
{
    tripsage__list *list;
    int64_t place;

    if (!find(c, c->args[1], &list))
        return;
    if (!list) {
        tripsage__reply_nil(c->reply);
        return;
    }
    if (!tripsage__command_integer(c, 2, &place))
        return;
    place = place_of(list, place);
    if (place < 0 || place >= (int64_t)list->count)
        tripsage__reply_nil(c->reply);
    else
        reply_item(c, tripsage__list_at(list, (size_t)place));
}

static void lrange(tripsage__command *c)
{
    tripsage__list *list;
    int64_t first, last;
    size_t from = 0, count;

    if (!tripsage__command_integer(c, 2, &first) || !tripsage__command_integer(c, 3, &last) ||
        !find(c, c->args[1], &list))
        return;
    count = list ? range_of(list, first, last, &from) : 0;
    tripsage__reply_array(c->reply, count);
    for (size_t i = 0; i < count; i++)
        reply_item(c, tripsage__list_at(list, from + i));
}

/* Which of the equal items LPOS wants. */
typedef struct search {
    int64_t rank;  /* the first of them: 1 from the left, -1 from the right */
    int64_t count; /* how many, 0: all of them; -1: one, told without an array */
    int64_t limit; /* how many items to look at; 0: all */
} search;

static int read_rank(tripsage__command *c, size_t at, int64_t *out)
{
    if (!tripsage__command_random_count(c, at, out))
        return 0;
    if (*out == 0)
        tripsage__reply_error(c->reply,
                              "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
                              "use negative to start from the end of the list");
    return *out != 0;
}

static int read_search(tripsage__command *c, search *out)
{
    *out = (search){1, -1, 0};
    for (size_t i = 3; i < c->count; i += 2) {
        tripsage__cache_bytes word = c->args[i];
        int read;

        if (i + 1 < c->count && tripsage__command_is(word, "RANK")) {
            read = read_rank(c, i + 1, &out->rank);
        } else if (i + 1 < c->count && tripsage__command_is(word, "COUNT")) {
            read = tripsage__command_at_least(c, i + 1, 0, "ERR COUNT can't be negative", &out->count);
        } else if (i + 1 < c->count && tripsage__command_is(word, "MAXLEN")) {
            read = tripsage__command_at_least(c, i + 1, 0, "ERR MAXLEN can't be negative", &out->limit);
        } else {
            tripsage__command_syntax(c);
            read = 0;
        }
        if (!read)
            return 0;
    }
    return 1;
}

/* Replies the place of each item that was searched for; gives how many. */
static int64_t reply_places(tripsage__command *c, const tripsage__list *list, const search *wanted)
{
    int64_t skip = (wanted->rank < 0 ? -wanted->rank : wanted->rank) - 1, found = 0;
    int64_t most = wanted->count < 0 ? 1 : wanted->count == 0 ? INT64_MAX : wanted->count;
    size_t look = wanted->limit && wanted->limit < (int64_t)list->count ? (size_t)wanted->limit : list->count;

    for (size_t i = 0; i < look && found < most; i++) {
        size_t place = wanted->rank < 0 ? list->count - 1 - i : i;

        if (tripsage__list_equal(tripsage__list_at(list, place), c->args[2]) && skip-- <= 0) {
            tripsage__reply_integer(c->reply, (int64_t)place);
            found++;
        }
    }
    return found;
}

static void lpos(tripsage__command *c)
{
    tripsage__list *list;
    search wanted;
    size_t begun = 0;
    int64_t found;

    if (!read_search(c, &wanted) || !find(c, c->args[1], &list))
        return;
    if (wanted.count >= 0)
        begun = tripsage__reply_begin(c->reply);
    found = list ? reply_places(c, list, &wanted) : 0;
    if (wanted.count >= 0)
        tripsage__reply_end(c->reply, begun);
    else if (!found)
        tripsage__reply_nil(c->reply);
}

/* ---- less ---- */

/* Replies so many items of one end, the outermost first, and removes them. */
static void take(tripsage__command *c, tripsage__list *list, int is_left, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reply_item(c, tripsage__list_at(list, is_left ? i : list->count - 1 - i));
    tripsage__list_remove(list, is_left ? 0 : list->count - count, count);
}

static size_t at_most(const tripsage__list *list, int64_t count)
{
    return count < (int64_t)list->count ? (size_t)count : list->count;
}

static void pop(tripsage__command *c, int is_left)
{
    tripsage__list *list;
    int64_t count = 1;

    if (c->count > 3) {
        tripsage__command_arity(c);
        return;
    }
    if (c->count == 3 && !tripsage__command_at_least(c, 2, 0, "ERR value is out of range, must be positive", &count))
        return;
    if (!find(c, c->args[1], &list))
        return;
    if (!list) {
        tripsage__reply_nil(c->reply);
        return;
    }
    if (c->count == 3)
        tripsage__reply_array(c->reply, at_most(list, count));
    take(c, list, is_left, at_most(list, count));
}

static void lpop(tripsage__command *c)
{
    pop(c, 1);
}

static void rpop(tripsage__command *c)
{
    pop(c, 0);
}

/* LMPOP's first key with something; 0 after a reply. */
static int find_first(tripsage__command *c, size_t keys, size_t *at, tripsage__list **out)
{
    for (*at = 2; *at < 2 + keys; ++*at) {
        if (!find(c, c->args[*at], out))
            return 0;
        if (*out)
            return 1;
    }
    tripsage__reply_nil(c->reply);
    return 0;
}

static void lmpop(tripsage__command *c)
{
    tripsage__list *list;
    int64_t keys, count = 1;
    int is_left;
    size_t side, at;

    if (!tripsage__command_at_least(c, 1, 1, "ERR numkeys should be greater than 0", &keys))
        return;
    if (keys > (int64_t)c->count - 3) {
        tripsage__command_syntax(c);
        return;
    }
    side = (size_t)keys + 2;
    if (!read_side(c, side, &is_left))
        return;
    if (c->count > side + 1 && (c->count != side + 3 || !tripsage__command_is(c->args[side + 1], "COUNT"))) {
        tripsage__command_syntax(c);
        return;
    }
    if (c->count > side + 1 &&
        !tripsage__command_at_least(c, side + 2, 1, "ERR count should be greater than 0", &count))
        return;
    if (!find_first(c, (size_t)keys, &at, &list))
        return;
    tripsage__reply_array(c->reply, 2);
    tripsage__reply_bytes(c->reply, c->args[at].data, c->args[at].size);
    tripsage__reply_array(c->reply, at_most(list, count));
    take(c, list, is_left, at_most(list, count));
}

static void lrem(tripsage__command *c)
{
    tripsage__list *list;
    int64_t count;
    size_t limit;

    if (!tripsage__command_integer(c, 2, &count) || !find(c, c->args[1], &list))
        return;
    limit = count == 0 ? SIZE_MAX : count < 0 ? (size_t) - (uint64_t)count : (size_t)count;
    tripsage__reply_integer(c->reply,
                            list ? (int64_t)tripsage__list_remove_equal(list, c->args[3], limit, count < 0) : 0);
}

static void ltrim(tripsage__command *c)
{
    tripsage__list *list;
    int64_t first, last;
    size_t from, count;

    if (!tripsage__command_integer(c, 2, &first) || !tripsage__command_integer(c, 3, &last) ||
        !find(c, c->args[1], &list))
        return;
    if (list) {
        count = range_of(list, first, last, &from);
        if (count == 0)
            from = list->count;
        tripsage__list_remove(list, from + count, list->count - from - count);
        tripsage__list_remove(list, 0, from);
    }
    tripsage__reply_ok(c->reply);
}

/* ---- from one to another ---- */

/* Puts a copy of an item at one end of the other list, which is made when there is none; replies the error. */
static int put_copy(tripsage__command *c, tripsage__list *to, const tripsage__list_item *item, int is_left)
{
    tripsage__list *made = to ? NULL : tripsage__list_new(), *list = to ? to : made;
    tripsage__list_item *copy = NULL;

    if (!list)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    else if (make_room(c, list, 1, tripsage__list_item_bytes(item->size)))
        copy = new_item(c, tripsage__list_bytes(item));
    if (copy)
        tripsage__list_insert(list, is_left ? 0 : list->count, copy);
    return made ? put(c, c->args[2], made) : copy != NULL;
}

static void move(tripsage__command *c, int from_left, int to_left)
{
    tripsage__list *from, *to;
    size_t place;

    if (!find(c, c->args[1], &from))
        return;
    if (!from) {
        tripsage__reply_nil(c->reply);
        return;
    }
    if (!find(c, c->args[2], &to))
        return;
    place = from_left ? 0 : from->count - 1;
    if (from != to && !put_copy(c, to, tripsage__list_at(from, place), to_left))
        return;
    reply_item(c, tripsage__list_at(from, place));
    if (from != to)
        tripsage__list_remove(from, place, 1);
    else if (from_left != to_left)
        tripsage__list_rotate(from, from_left);
}

static void lmove(tripsage__command *c)
{
    int from_left, to_left;

    if (read_side(c, 3, &from_left) && read_side(c, 4, &to_left))
        move(c, from_left, to_left);
}

static void rpoplpush(tripsage__command *c)
{
    move(c, 0, 1);
}

enum { WRITES = TRIPSAGE__COMMAND_WRITES, GROWS = TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS };

const tripsage__command_spec tripsage__commands_lists[] = {
    {"LPUSH", lpush, -3, GROWS, 1, 1, 1, 0},
    {"RPUSH", rpush, -3, GROWS, 1, 1, 1, 0},
    {"LPUSHX", lpushx, -3, GROWS, 1, 1, 1, 0},
    {"RPUSHX", rpushx, -3, GROWS, 1, 1, 1, 0},
    {"LINSERT", linsert, 5, GROWS, 1, 1, 1, 0},
    {"LSET", lset, 4, GROWS, 1, 1, 1, 0},
    {"LLEN", llen, 2, 0, 1, 1, 1, 0},
    {"LINDEX", lindex, 3, 0, 1, 1, 1, 0},
    {"LRANGE", lrange, 4, 0, 1, 1, 1, 0},
    {"LPOS", lpos, -3, 0, 1, 1, 1, 0},
    {"LPOP", lpop, -2, WRITES, 1, 1, 1, 0},
    {"RPOP", rpop, -2, WRITES, 1, 1, 1, 0},
    {"LMPOP", lmpop, -4, WRITES, 0, 0, 0, 1},
    {"LREM", lrem, 4, WRITES, 1, 1, 1, 0},
    {"LTRIM", ltrim, 4, WRITES, 1, 1, 1, 0},
    {"LMOVE", lmove, 5, WRITES, 1, 2, 1, 0},
    {"RPOPLPUSH", rpoplpush, 3, WRITES, 1, 2, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
