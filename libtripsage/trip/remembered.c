/* trip/remembered.c: see remembered.h. */
#include "trip/remembered.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"

/* 64 trips: as one commit puts an end to all of them, only those count that are read again at once, and these are few. */
#define KEPT_MAX 64
/* 1 MiB: 64 trips of 16 KiB each. A usual one has one. */
#define KEPT_BYTES (1024u * 1024)

struct tripsage__remembered {
    tripsage_cache *cache;
    /* Part of the stamp that the last read to find nothing had: where writes are as frequent as reads, nothing is kept. */
    _Atomic uint64_t last;
};

/* Before the JSON. Written and read by memcpy: a value has no alignment. */
typedef struct entry {
    tripsage__stamp stamp;
    int64_t version;
} entry;

tripsage_status tripsage__remembered_new(tripsage__remembered **out, tripsage__env *env)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage__remembered *remembered = tripsage__calloc(1, sizeof *remembered);
    tripsage_status status;

    *out = NULL;
    if (!remembered)
        return TRIPSAGE_NOMEM();
    options.max_bytes = KEPT_BYTES;
    options.max_entries = KEPT_MAX;
    status = tripsage__cache_new(&remembered->cache, &options, env);
    if (status == TRIPSAGE_OK)
        *out = remembered;
    else
        tripsage__remembered_free(remembered);
    return status;
}

void tripsage__remembered_free(tripsage__remembered *remembered)
{
    if (!remembered)
        return;
    tripsage__cache_free(remembered->cache);
    tripsage__free(remembered);
}

static tripsage_doc *document_of(const entry *e, const tripsage_cache_value *value)
{
    size_t size = value->size - sizeof *e;
    tripsage_doc *doc;

    if (tripsage__doc_new(&doc, size + 1) != TRIPSAGE_OK)
        return NULL;
    doc->version = e->version;
    tripsage__buf_put(&doc->json, (const char *)value->data + sizeof *e, size);
    if (tripsage__buf_status(&doc->json) == TRIPSAGE_OK)
        return doc;
    tripsage_doc_free(doc);
    return NULL;
}

tripsage_doc *tripsage__remembered_find(tripsage__asked *asked, tripsage_trips *trips, const tripsage_actor *actor,
                                        const char *trip_id)
{
    tripsage_cache_value value;
    tripsage_doc *doc = NULL;
    entry e;

    asked->has_stamp = tripsage__store_stamp(trips->store, trip_id, &asked->stamp);
    if (!asked->has_stamp)
        return NULL;
    memset(asked->key, 0, sizeof asked->key);
    strcpy(asked->key, actor->user_id);
    strcpy(asked->key + TRIPSAGE__UUID_SIZE, trip_id);
    if (!tripsage__cache_look(&value, trips->remembered->cache, asked->key, sizeof asked->key))
        return NULL;
    memcpy(&e, value.data, sizeof e);
    if (memcmp(&e.stamp, &asked->stamp, sizeof e.stamp) == 0)
        doc = document_of(&e, &value);
    tripsage_cache_value_free(&value);
    return doc;
}

/* The end of the stamp is a sum over the rest of it; or, where stamps are of single trips, the same for all of them. */
static int nothing_written_since(tripsage__remembered *remembered, const tripsage__stamp *stamp)
{
    uint64_t now;

    memcpy(&now, stamp->bytes + sizeof stamp->bytes - sizeof now, sizeof now);
    if (atomic_load_explicit(&remembered->last, memory_order_relaxed) == now)
        return 1;
    atomic_store_explicit(&remembered->last, now, memory_order_relaxed);
    return 0;
}

void tripsage__remembered_keep(tripsage_trips *trips, const tripsage__asked *asked, const tripsage_doc *doc)
{
    tripsage__buf value = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    entry e;

    if (!asked->has_stamp || !nothing_written_since(trips->remembered, &asked->stamp) ||
        doc->json.size > KEPT_BYTES / KEPT_MAX)
        return;
    memset(&e, 0, sizeof e);
    e.stamp = asked->stamp;
    e.version = doc->version;
    tripsage__buf_put(&value, &e, sizeof e);
    tripsage__buf_put(&value, doc->json.data, doc->json.size);
    if (tripsage__buf_status(&value) == TRIPSAGE_OK)
        (void)tripsage_cache_set(trips->remembered->cache, asked->key, sizeof asked->key, value.data, value.size, 0,
                                 TRIPSAGE_CACHE_ALWAYS);
    tripsage__buf_free(&value);
}
