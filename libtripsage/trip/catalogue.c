/* catalogue.c: bringing the catalogue that comes with the library into the store. What was loaded is remembered by its checksum; another
 * one means another library has been here.
 *
 * Rows and full text are written when a database is opened, vectors before the first search that compares them: making those takes longer
 * than all the rest of making a database. Each is one write, so that no reader ever sees a part of it.
 *
 * The full text is FTS5's, with its stems and its BM25. A store on another engine has rows and vectors only, both from its first opening
 * on, since other programs search it, too; its handle keeps all three in a store in memory, made by the first search, which asks nobody
 * over a network and gives the same ranking. */
#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "destination.h"
#include "similar.h"

/* From catalogue/destinations.json, at build. */
extern const unsigned char tripsage__embedded_destinations[];
extern const size_t tripsage__embedded_destinations_size;

const tripsage__collection tripsage__destination_collection = {
    TRIPSAGE__COLLECTION_CATALOGUE, TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS, TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN};

/* $1 the checksum, $2 of what: one of these */
#define ROWS    "destinations"
#define VECTORS "destination_vectors"
const tripsage__statement tripsage__sql_catalogue_checksum = {"catalogue_checksum",
                                                              "SELECT 1 FROM meta WHERE key = $2 AND value = $1", NULL};
const tripsage__statement tripsage__sql_catalogue_clear = {"catalogue_clear", "DELETE FROM destination", NULL};
const tripsage__statement tripsage__sql_catalogue_insert = {
    "catalogue_insert",
    "INSERT INTO destination (seq, id, name, folded, country, country_code, continent, latitude, longitude, timezone, "
    "currency, "
    "tags, best_months, daily_cost, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
    "$15)",
    NULL};
enum { INSERT_PARAMS = 15 };
const tripsage__statement tripsage__sql_catalogue_reindex = {
    "catalogue_reindex", "INSERT INTO destination_text (destination_text) VALUES ('rebuild')", ""};
const tripsage__statement tripsage__sql_catalogue_mark = {
    "catalogue_mark",
    "INSERT INTO meta (key, value) VALUES ($2, $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value", NULL};
enum { MARK_PARAMS = 2 };

/* ---- what is written ---- */

typedef struct loading {
    const tripsage__destination_index *index;
    tripsage__value rows_mark[MARK_PARAMS], vectors_mark[MARK_PARAMS];
    tripsage__value *rows; /* INSERT_PARAMS for each place */
    tripsage__buf text;    /* everything that is text and not the index's: tags, months, and what is embedded */
    size_t *offsets;       /* where the three of each place begin in it, and the end of the last */
    tripsage_vector_item *items;
    tripsage__collection_params make, empty, outdate_trips, make_trips;
    tripsage__vector_batch batch;
    tripsage__step *steps;
} loading;

/* Beside one for each place. */
enum { TEXTS = 3, ROW_STEPS = 6, VECTOR_STEPS = TRIPSAGE__COLLECTION_EMPTY_STEPS + TRIPSAGE__VECTOR_BATCH_STEPS + 1 };

static void put_months(tripsage__buf *buf, unsigned months)
{
    const char *separator = "[";

    for (unsigned month = 1; month <= 12; month++)
        if (months & 1u << month) {
            tripsage__buf_printf(buf, "%s%u", separator, month);
            separator = ",";
        }
    tripsage__buf_putc(buf, ']');
}

/* What a place's vector is made from: who it is, what it is tagged with, what is said about it. The name comes four times, which counts
 * twice: it is one word beside sixty, and the one people search for. */
static void put_embedded_text(tripsage__buf *buf, const tripsage__destination *d)
{
    for (int i = 0; i < 4; i++)
        tripsage__buf_printf(buf, "%s. ", d->name);
    tripsage__buf_printf(buf, "%s. %s. ", d->country, d->continent);
    for (const tripsage__json *t = tripsage__json_first(d->tags); t; t = tripsage__json_next(t))
        tripsage__buf_printf(buf, "%s. ", tripsage__json_text(t));
    tripsage__buf_puts(buf, d->description);
}

/* All text first: a buffer moves while it grows, so that pointers into it are taken when it is complete. */
static tripsage_status write_texts(loading *l)
{
    for (size_t i = 0; i < l->index->count; i++) {
        const tripsage__destination *d = &l->index->all[i];

        l->offsets[i * TEXTS] = l->text.size;
        tripsage__json_put(&l->text, d->tags);
        tripsage__buf_putc(&l->text, '\0');
        l->offsets[i * TEXTS + 1] = l->text.size;
        put_months(&l->text, d->months);
        tripsage__buf_putc(&l->text, '\0');
        l->offsets[i * TEXTS + 2] = l->text.size;
        put_embedded_text(&l->text, d);
        tripsage__buf_putc(&l->text, '\0');
    }
    return tripsage__buf_status(&l->text);
}

static void bind_row(loading *l, size_t i)
{
    const tripsage__destination *d = &l->index->all[i];
    tripsage__value *p = &l->rows[i * INSERT_PARAMS];

    *p++ = tripsage__int((int64_t)i + 1);
    *p++ = tripsage__text(d->id);
    *p++ = tripsage__text(d->name);
    *p++ = tripsage__text(d->folded);
    *p++ = tripsage__text(d->country);
    *p++ = tripsage__text(d->country_code);
    *p++ = tripsage__text(d->continent);
    *p++ = tripsage__real(d->latitude);
    *p++ = tripsage__real(d->longitude);
    *p++ = tripsage__text(d->timezone);
    *p++ = tripsage__text(d->currency);
    *p++ = tripsage__text(l->text.data + l->offsets[i * TEXTS]);
    *p++ = tripsage__text(l->text.data + l->offsets[i * TEXTS + 1]);
    *p++ = tripsage__int(d->daily_cost);
    *p++ = tripsage__text(d->description);
    l->items[i].id = d->id;
    l->items[i].text = l->text.data + l->offsets[i * TEXTS + 2];
}

static tripsage__step mark_step(const tripsage__value mark[MARK_PARAMS])
{
    const tripsage__step step = {&tripsage__sql_catalogue_mark, mark, MARK_PARAMS, NULL, NULL, NULL, NULL};

    return step;
}

/* The rows and their full text, and the collections, empty. */
static size_t make_row_steps(loading *l, tripsage__step *steps, int64_t now_ms)
{
    tripsage__step *step = steps;
    const tripsage__step clear = {&tripsage__sql_catalogue_clear, NULL, 0, NULL, NULL, NULL, NULL};
    const tripsage__step reindex = {&tripsage__sql_catalogue_reindex, NULL, 0, NULL, NULL, NULL, NULL};

    *step++ = tripsage__collection_make_step(&l->make, &tripsage__destination_collection, now_ms);
    *step++ = clear;
    for (size_t i = 0; i < l->index->count; i++) {
        const tripsage__step insert = {
            &tripsage__sql_catalogue_insert, &l->rows[i * INSERT_PARAMS], INSERT_PARAMS, NULL, NULL, NULL, NULL};
        *step++ = insert;
    }
    *step++ = reindex;
    *step++ = tripsage__collection_outdate_step(&l->outdate_trips, &tripsage__trip_collection);
    *step++ = tripsage__collection_make_step(&l->make_trips, &tripsage__trip_collection, now_ms);
    *step++ = mark_step(l->rows_mark);
    return (size_t)(step - steps);
}

static size_t make_vector_steps(loading *l, tripsage__step *steps)
{
    tripsage__collection_empty_steps(&l->empty, &tripsage__destination_collection, steps);
    tripsage__vector_batch_steps(&l->batch, steps + TRIPSAGE__COLLECTION_EMPTY_STEPS);
    steps[VECTOR_STEPS - 1] = mark_step(l->vectors_mark);
    return VECTOR_STEPS;
}

/* ---- loading ---- */

static void unload(loading *l)
{
    tripsage__vector_batch_free(&l->batch);
    tripsage__buf_free(&l->text);
    tripsage__free(l->rows);
    tripsage__free(l->offsets);
    tripsage__free(l->items);
    tripsage__free(l->steps);
}

static tripsage_status prepare(loading *l, const tripsage__destination_index *index, tripsage__value checksum)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    size_t count = index->count;
    tripsage_status status;

    l->index = index;
    l->text = empty;
    l->rows_mark[0] = l->vectors_mark[0] = checksum;
    l->rows_mark[1] = tripsage__text(ROWS);
    l->vectors_mark[1] = tripsage__text(VECTORS);
    l->rows = tripsage__calloc(count * INSERT_PARAMS + 1, sizeof *l->rows);
    l->offsets = tripsage__calloc(count * TEXTS + 1, sizeof *l->offsets);
    l->items = tripsage__calloc(count + 1, sizeof *l->items);
    l->steps = tripsage__calloc(count + ROW_STEPS + VECTOR_STEPS, sizeof *l->steps);
    if (!l->rows || !l->offsets || !l->items || !l->steps)
        return TRIPSAGE_NOMEM();
    status = write_texts(l);
    if (status != TRIPSAGE_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        bind_row(l, i);
    return TRIPSAGE_OK;
}

/* `what`: bits. */
enum { LOAD_ROWS = 1, LOAD_VECTORS = 2 };

static tripsage_status load(tripsage__store *store, const tripsage__destination_index *index, tripsage__value checksum,
                            int what)
{
    static const tripsage_actor service = {.is_service = 1};
    int64_t now_ms = tripsage__now_ms(tripsage__store_env(store));
    size_t count = 0;
    loading l;
    tripsage_status status;

    memset(&l, 0, sizeof l);
    TRIPSAGE_TRY(prepare(&l, index, checksum));
    if (what & LOAD_ROWS)
        count += make_row_steps(&l, l.steps, now_ms);
    if (what & LOAD_VECTORS) {
        TRIPSAGE_TRY(tripsage__vector_batch_init(&l.batch, &tripsage__destination_collection, &service, l.items,
                                                 index->count, now_ms));
        count += make_vector_steps(&l, l.steps + count);
    }
    TRIPSAGE_TRY(tripsage__store_write(store, NULL, l.steps, count));
    if (what & LOAD_VECTORS)
        status = tripsage__vector_batch_check(&l.batch);
out:
    unload(&l);
    return status;
}

/* ---- is it there? ---- */

static void begin_checksum(void *context)
{
    *(int *)context = 0;
}

static tripsage_status on_checksum(void *context, const tripsage__row *row)
{
    (void)row;
    *(int *)context = 1;
    return TRIPSAGE_OK;
}

/* Whatever the rows are made by beside the catalogue: another one makes others. The collection of trips, which is made in the same write,
 * is of the same embedder. */
#define MADE_BY TRIPSAGE_EMBEDDER_BUILTIN " and words"

static tripsage_status make_checksum(unsigned char out[TRIPSAGE__SHA256_SIZE])
{
    return tripsage__hmac_sha256(out, MADE_BY, sizeof MADE_BY - 1, tripsage__embedded_destinations,
                                 tripsage__embedded_destinations_size);
}

/* Loads what is not in the store as it is in this library; `mark` says whether. */
static tripsage_status load_missing(tripsage__store *store, const tripsage__destination_index *index, const char *mark,
                                    int what)
{
    unsigned char bytes[TRIPSAGE__SHA256_SIZE] = {0};
    const tripsage__value params[MARK_PARAMS] = {tripsage__blob(bytes, sizeof bytes), tripsage__text(mark)};
    int current = 0;
    const tripsage__step look = {
        &tripsage__sql_catalogue_checksum, params, MARK_PARAMS, begin_checksum, on_checksum, &current, NULL};
    tripsage_status status;

    TRIPSAGE_TRY(make_checksum(bytes));
    TRIPSAGE_TRY(tripsage__store_read(store, NULL, &look, 1));
    if (!current)
        status = load(store, index, params[0], what);
out:
    return status;
}

tripsage_status tripsage__catalogue_load(tripsage_trips *trips)
{
    tripsage__destination_index *index = NULL;
    tripsage_status status;

    if (trips->destinations)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__destination_index_new(&index, (const char *)tripsage__embedded_destinations,
                                                 tripsage__embedded_destinations_size));
    TRIPSAGE_TRY(load_missing(trips->store, index, ROWS,
                              tripsage__store_has_fts5(trips->store) ? LOAD_ROWS : LOAD_ROWS | LOAD_VECTORS));
    trips->destinations = index;
    return TRIPSAGE_OK;
out:
    tripsage__destination_index_free(index);
    return status;
}

/* ---- where it is searched ---- */

static tripsage_status make_in_memory(tripsage_trips *trips)
{
    tripsage__store *store = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__store_open(&store, "sqlite::memory:", NULL));
    TRIPSAGE_TRY(load_missing(store, trips->destinations, ROWS, LOAD_ROWS));
    trips->catalogue = store;
    store = NULL;
out:
    tripsage__store_release(store);
    return status;
}

/* Under the lock: others who come while it is made wait for it. */
static tripsage_status find_store(tripsage__store **out, tripsage_trips *trips, int compares)
{
    tripsage_status status = TRIPSAGE_OK;

    if (!tripsage__store_has_fts5(trips->store)) {
        if (!trips->catalogue)
            TRIPSAGE_TRY(make_in_memory(trips));
        *out = trips->catalogue;
    }
    if (compares && !atomic_load(&trips->has_vectors)) {
        TRIPSAGE_TRY(load_missing(*out, trips->destinations, VECTORS, LOAD_VECTORS));
        atomic_store(&trips->has_vectors, 1);
    }
out:
    return status;
}

tripsage_status tripsage__catalogue_store(tripsage__store **out, tripsage_trips *trips, int compares)
{
    tripsage_status status;

    *out = trips->store;
    if (tripsage__store_has_fts5(trips->store) && (!compares || atomic_load(&trips->has_vectors)))
        return TRIPSAGE_OK;
    pthread_mutex_lock(&trips->catalogue_lock);
    status = find_store(out, trips, compares);
    pthread_mutex_unlock(&trips->catalogue_lock);
    return status;
}
