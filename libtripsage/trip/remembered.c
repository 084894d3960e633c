/* trip/remembered.c: see remembered.h. */
#include "trip/remembered.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"

/* 1,024 answers: one commit puts an end to most of them, so only those count that are asked for again at once, and these are few; what is asked of the catalogue stays. */
#define KEPT_MAX 1024
/* 4 MiB: as many answers of 4 KiB. A usual trip has one KiB, a page of search results ten. */
#define KEPT_BYTES (4u * 1024 * 1024)
/* One answer: a 64th of it all. */
#define ANSWER_MAX (KEPT_BYTES / 64)

const char tripsage__while_nothing_changes[] = "", tripsage__for_good[] = "*";

struct tripsage__remembered {
    tripsage_cache *cache;
    /* Part of the stamp that the last trip read had: where writes are as frequent as reads, no trip is kept. */
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

/* ---- what is asked ---- */

void tripsage__asked_bytes(tripsage__asked *asked, const void *data, size_t size)
{
    if (asked->size <= sizeof asked->key && size <= sizeof asked->key - asked->size)
        memcpy(asked->key + asked->size, data, size);
    asked->size += size;
}

void tripsage__asked_text(tripsage__asked *asked, const char *text)
{
    tripsage__asked_bytes(asked, text ? "+" : "-", 1);
    if (text)
        tripsage__asked_bytes(asked, text, strlen(text) + 1);
}

/* The service role has no id. */
void tripsage__asked_begin(tripsage__asked *asked, tripsage__asked_kind kind, const tripsage_actor *actor)
{
    asked->size = 0;
    asked->kind = kind;
    tripsage__asked_bytes(asked, &kind, sizeof kind);
    tripsage__asked_text(asked, actor ? actor->user_id : NULL);
}

static int take_stamp(tripsage__asked *asked, tripsage_trips *trips, const char *of)
{
    memset(&asked->stamp, 0, sizeof asked->stamp);
    if (of == tripsage__for_good)
        return 1;
    return tripsage__store_stamp(trips->store, of == tripsage__while_nothing_changes ? NULL : of, &asked->stamp);
}

/* ---- answers ---- */

tripsage_doc *tripsage__remembered_find(tripsage__asked *asked, tripsage_trips *trips, const char *of)
{
    tripsage_cache_value value;
    tripsage_doc *doc = NULL;
    entry e;

    asked->is_fresh = asked->size <= sizeof asked->key && take_stamp(asked, trips, of);
    if (!asked->is_fresh || !tripsage__cache_look(&value, trips->remembered->cache, asked->key, asked->size))
        return NULL;
    memcpy(&e, value.data, sizeof e);
    if (memcmp(&e.stamp, &asked->stamp, sizeof e.stamp) == 0)
        doc = document_of(&e, &value);
    tripsage_cache_value_free(&value);
    if (doc)
        doc->cached = TRIPSAGE__DOC_HIT;
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

/* A trip is read in less time than it takes to keep it; what is searched for is not. */
static int is_worth_it(tripsage_trips *trips, const tripsage__asked *asked)
{
    return asked->kind != TRIPSAGE__ASKED_TRIP || nothing_written_since(trips->remembered, &asked->stamp);
}

void tripsage__remembered_keep(tripsage_trips *trips, const tripsage__asked *asked, tripsage_doc *doc)
{
    tripsage__buf value = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    entry e;

    if (!asked->is_fresh)
        return;
    doc->cached = TRIPSAGE__DOC_MISS;
    if (doc->json.size > ANSWER_MAX || !is_worth_it(trips, asked))
        return;
    memset(&e, 0, sizeof e);
    e.stamp = asked->stamp;
    e.version = doc->version;
    tripsage__buf_put(&value, &e, sizeof e);
    tripsage__buf_put(&value, doc->json.data, doc->json.size);
    if (tripsage__buf_status(&value) == TRIPSAGE_OK)
        (void)tripsage_cache_set(trips->remembered->cache, asked->key, asked->size, value.data, value.size, 0,
                                 TRIPSAGE_CACHE_ALWAYS);
    tripsage__buf_free(&value);
}
