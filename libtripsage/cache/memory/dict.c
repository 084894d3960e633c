/* dict.c: see dict.h. */
#include "dict.h"

#include <string.h>

#include "base/chance.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "budget.h"

/* 8 buckets: what a small hash or set needs, in a cache line. */
#define FIRST_TABLE ((size_t)8)

/* Up to so many buckets are counted through for a random item; in more it is looked for by chance. At most one bucket in a million has
 * more than eight items, since there are no more items than buckets; and since there are an eighth as many at least, a probe in 64 finds
 * one, and a thousand in a row find none once in ten million times. */
#define PICK_WALK   ((size_t)64)
#define PICK_DEPTH  ((size_t)8)
#define PICK_PROBES 1024

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

/* ---- chance ---- */

static size_t chain_length(const tripsage__dict *dict, size_t bucket)
{
    size_t length = 0;

    for (const tripsage__dict_node *node = dict->buckets[bucket]; node; node = node->next)
        length++;
    return length;
}

static tripsage__dict_node *nth_of_chain(const tripsage__dict *dict, size_t bucket, size_t nth)
{
    tripsage__dict_node *node = dict->buckets[bucket];

    for (; nth > 0; nth--)
        node = node->next;
    return node;
}

static tripsage__dict_node *nth_of_all(const tripsage__dict *dict, size_t nth)
{
    size_t bucket = 0;

    for (size_t length; nth >= (length = chain_length(dict, bucket)); bucket++)
        nth -= length;
    return nth_of_chain(dict, bucket, nth);
}

tripsage__dict_node *tripsage__dict_pick(const tripsage__dict *dict, uint64_t chance)
{
    if (dict->count == 0)
        return NULL;
    /* A place in a bucket of PICK_DEPTH places: whoever is there was as likely as anybody else, and where nobody is another is tried. */
    for (int probe = 0; dict->bucket_count > PICK_WALK && probe < PICK_PROBES; probe++) {
        size_t bucket = (size_t)tripsage__chance_next(&chance) & (dict->bucket_count - 1);
        size_t length = chain_length(dict, bucket);
        size_t nth = (size_t)(tripsage__chance_next(&chance) % (length > PICK_DEPTH ? length : PICK_DEPTH));

        if (nth < length)
            return nth_of_chain(dict, bucket, nth);
    }
    return nth_of_all(dict, (size_t)(chance % dict->count));
}

/* Most of them, or all: the first so many of a shuffled row of them (Fisher and Yates, by Durstenfeld, 1964). */
static tripsage__dict_node **shuffled(const tripsage__dict *dict, size_t count, uint64_t chance)
{
    tripsage__dict_node **row = tripsage__malloc((dict->count ? dict->count : 1) * sizeof *row);
    tripsage__dict_node *node = NULL;

    if (!row)
        return NULL;
    for (size_t i = 0; i < dict->count; i++)
        row[i] = node = tripsage__dict_next(dict, node);
    for (size_t i = 0; i < count && i < dict->count; i++) {
        size_t other = i + (size_t)(tripsage__chance_next(&chance) % (dict->count - i));

        node = row[i];
        row[i] = row[other];
        row[other] = node;
    }
    return row;
}

/* A few of many: one is picked anew as long as it was picked before. */
static tripsage__dict_node **picked(const tripsage__dict *dict, size_t count, uint64_t chance)
{
    tripsage__dict_node **row = tripsage__malloc((count ? count : 1) * sizeof *row);
    tripsage__dict seen;
    int added = 1;

    tripsage__dict_init(&seen, 0, dict->key);
    for (size_t i = 0; i < count && row; i += (size_t)added) {
        row[i] = tripsage__dict_pick(dict, tripsage__chance_next(&chance));
        if (!tripsage__dict_add(&seen, (tripsage__cache_bytes){&row[i], sizeof row[i]}, &added)) {
            tripsage__free(row);
            row = NULL;
        }
    }
    tripsage__dict_clear(&seen, NULL);
    return row;
}

int tripsage__dict_sample(tripsage__dict_node ***out, size_t *given, const tripsage__dict *dict, size_t count,
                          uint64_t chance)
{
    *given = count < dict->count ? count : dict->count;
    *out = *given >= dict->count / 3 ? shuffled(dict, *given, chance) : picked(dict, *given, chance);
    return *out != NULL;
}

/* ---- steps ---- */

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
