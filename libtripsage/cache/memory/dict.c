/* dict.c: see dict.h. */
#include "dict.h"

#include <string.h>

#include "base/memory.h"
#include "base/siphash.h"
#include "budget.h"

/* 8 buckets: what a small hash or set needs, in a cache line. */
#define FIRST_TABLE ((size_t)8)

void tripsage__dict_init(tripsage__dict *dict, size_t payload, const uint64_t key[2])
{
    *dict = (tripsage__dict){.payload = payload, .key = key};
}

static unsigned char *name_of(const tripsage__dict *dict, const tripsage__dict_node *node)
{
    return (unsigned char *)tripsage__dict_payload(node) + dict->payload;
}

tripsage__cache_bytes tripsage__dict_name(const tripsage__dict *dict, const tripsage__dict_node *node)
{
    return (tripsage__cache_bytes){name_of(dict, node), node->size};
}

static size_t node_bytes(const tripsage__dict *dict, size_t name_size)
{
    return tripsage__budget_block(sizeof(tripsage__dict_node) + dict->payload + name_size);
}

static size_t table_bytes(size_t bucket_count)
{
    return bucket_count ? tripsage__budget_block(bucket_count * sizeof(tripsage__dict_node *)) : 0;
}

static size_t place_of(const tripsage__dict *dict, uint64_t hash)
{
    return (size_t)hash & (dict->bucket_count - 1);
}

/* ---- the table ---- */

static int resize(tripsage__dict *dict, size_t bucket_count)
{
    tripsage__dict_node **old = dict->buckets,
                        **buckets = tripsage__calloc(bucket_count, sizeof(tripsage__dict_node *));
    size_t old_count = dict->bucket_count;

    if (!buckets)
        return 0;
    dict->buckets = buckets;
    dict->bucket_count = bucket_count;
    dict->bytes = dict->bytes + table_bytes(bucket_count) - table_bytes(old_count);
    for (size_t i = 0; i < old_count; i++)
        for (tripsage__dict_node *node = old[i], *next; node; node = next) {
            size_t place = place_of(dict, node->hash);

            next = node->next;
            node->next = buckets[place];
            buckets[place] = node;
        }
    tripsage__free(old);
    return 1;
}

/* Chains that grow longer, or a table that stays too large, are no failure. */
static void adapt(tripsage__dict *dict)
{
    if (dict->count > dict->bucket_count)
        (void)resize(dict, dict->bucket_count * 2);
    else if (dict->bucket_count > FIRST_TABLE && dict->count < dict->bucket_count / 8)
        (void)resize(dict, dict->bucket_count / 2);
}

void tripsage__dict_clear(tripsage__dict *dict, void (*each)(tripsage__dict_node *node))
{
    for (size_t i = 0; i < dict->bucket_count; i++)
        for (tripsage__dict_node *node = dict->buckets[i], *next; node; node = next) {
            next = node->next;
            if (each)
                each(node);
            tripsage__free(node);
        }
    tripsage__free(dict->buckets);
    tripsage__dict_init(dict, dict->payload, dict->key);
}

/* ---- items ---- */

static tripsage__dict_node *find(const tripsage__dict *dict, tripsage__cache_bytes name, uint64_t hash)
{
    tripsage__dict_node *node = dict->bucket_count ? dict->buckets[place_of(dict, hash)] : NULL;

    while (node && (node->hash != hash || node->size != name.size ||
                    (name.size && memcmp(name_of(dict, node), name.data, name.size) != 0)))
        node = node->next;
    return node;
}

tripsage__dict_node *tripsage__dict_find(const tripsage__dict *dict, tripsage__cache_bytes name)
{
    return dict->count ? find(dict, name, tripsage__siphash13(dict->key, name.data, name.size)) : NULL;
}

tripsage__dict_node *tripsage__dict_add(tripsage__dict *dict, tripsage__cache_bytes name, int *added)
{
    uint64_t hash = tripsage__siphash13(dict->key, name.data, name.size);
    tripsage__dict_node *node = find(dict, name, hash), **bucket;

    *added = 0;
    if (node)
        return node;
    if (!dict->bucket_count && !resize(dict, FIRST_TABLE))
        return NULL;
    node = tripsage__calloc(1, sizeof *node + dict->payload + name.size);
    if (!node)
        return NULL;
    node->hash = hash;
    node->size = name.size;
    if (name.size)
        memcpy(name_of(dict, node), name.data, name.size);
    bucket = &dict->buckets[place_of(dict, hash)];
    node->next = *bucket;
    *bucket = node;
    dict->count++;
    dict->bytes += node_bytes(dict, name.size);
    adapt(dict);
    *added = 1;
    return node;
}

void tripsage__dict_remove(tripsage__dict *dict, tripsage__dict_node *node)
{
    tripsage__dict_node **link = &dict->buckets[place_of(dict, node->hash)];

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    dict->count--;
    dict->bytes -= node_bytes(dict, node->size);
    tripsage__free(node);
    adapt(dict);
}

/* ---- all of them ---- */

static tripsage__dict_node *first_from(const tripsage__dict *dict, size_t bucket)
{
    for (; bucket < dict->bucket_count; bucket++)
        if (dict->buckets[bucket])
            return dict->buckets[bucket];
    return NULL;
}

tripsage__dict_node *tripsage__dict_next(const tripsage__dict *dict, const tripsage__dict_node *node)
{
    if (!node)
        return first_from(dict, 0);
    return node->next ? node->next : first_from(dict, place_of(dict, node->hash) + 1);
}

tripsage__dict_node *tripsage__dict_pick(const tripsage__dict *dict, uint64_t chance)
{
    size_t nth = dict->count ? (size_t)(chance % dict->count) : 0, length = 0;
    size_t bucket;
    tripsage__dict_node *node;

    if (!dict->count)
        return NULL;
    for (bucket = 0;; bucket++) {
        length = 0;
        for (node = dict->buckets[bucket]; node; node = node->next)
            length++;
        if (nth < length)
            break;
        nth -= length;
    }
    for (node = dict->buckets[bucket]; nth > 0; nth--)
        node = node->next;
    return node;
}

static uint64_t reversed(uint64_t bits)
{
    uint64_t out = 0;

    for (int i = 0; i < 64; i++, bits >>= 1)
        out = out << 1 | (bits & 1);
    return out;
}

uint64_t tripsage__scan_next(uint64_t cursor, size_t bucket_count)
{
    if (bucket_count == 0)
        return 0;
    return reversed(reversed(cursor | ~(uint64_t)(bucket_count - 1)) + 1);
}

uint64_t tripsage__dict_scan(const tripsage__dict *dict, uint64_t cursor, size_t count,
                             void (*visit)(void *context, const tripsage__dict_node *node), void *context)
{
    size_t seen = 0;

    if (!dict->bucket_count)
        return 0;
    do {
        for (const tripsage__dict_node *node = dict->buckets[cursor & (dict->bucket_count - 1)]; node;
             node = node->next, seen++)
            visit(context, node);
        cursor = tripsage__scan_next(cursor, dict->bucket_count);
    } while (cursor && seen < count);
    return cursor;
}
