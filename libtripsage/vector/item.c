/* item.c: items: checking, packing and writing them. Searching among them is hybrid.c.
 *
 * A batch is a few statements whatever its size: one that asks whether the collection is there and whether an id belongs to somebody
 * else, one that inserts or replaces every row, and those that keep the words of the texts. The rows come as one JSON text and one blob,
 * so that the guard in front of all of them is evaluated once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "hybrid_terms.h"
#include "kernels/kernels.h"
#include "metadata.h"
#include "vector_internal.h"

#define ITEM_ID_MAX 128
/* 1,000 rows of 4,096 dimensions are 16 MB: one transaction's worth. */
#define ITEMS_MAX 1000

/* An id in $5 belongs to somebody else than $6, and the actor is no service ($7). CROSS JOIN keeps SQLite to this order: each id is looked
 * up, rather than each item of the collection compared with each id. PostgreSQL's policies hide just those, so a function asks that sees
 * past them; the items' vectors are cut out of one long row of numbers. */
#define SQL_FOREIGN                                                                                                    \
    "EXISTS (SELECT 1 FROM json_each($5) f CROSS JOIN vector_item o WHERE o.collection_id = " TRIPSAGE__SQL_COLLECTION \
    " AND o.id = json_extract(f.value, '$[0]') AND $7 = 0 AND o.owner_id <> $6)"
#define PG_COLLECTION "c.name = $1 AND c.dimensions = $2 AND c.metric = $3 AND c.embedder = $4"
#define PG_FOREIGN    "$7 = 0 AND vector_is_foreign(c.id, $5::json)"

const tripsage__statement tripsage__vector_sql_batch_gate = {
    "vector_batch_gate", "SELECT " SQL_FOREIGN " WHERE EXISTS " TRIPSAGE__SQL_COLLECTION,
    "SELECT " PG_FOREIGN " FROM vector_collection c WHERE " PG_COLLECTION};
const tripsage__statement tripsage__vector_sql_batch_put = {
    "vector_batch_put",
    "INSERT INTO vector_item (collection_id, id, owner_id, metadata, embedding, updated_at) "
    "SELECT " TRIPSAGE__SQL_COLLECTION ", json_extract(j.value, '$[0]'), json_extract(j.value, '$[1]'), "
    "json_extract(j.value, '$[2]'), substr($8, 1 + j.key * $2 * 4, $2 * 4), $9 "
    "FROM json_each($5) j WHERE EXISTS " TRIPSAGE__SQL_COLLECTION " AND NOT " SQL_FOREIGN
    " ON CONFLICT (collection_id, id) DO UPDATE SET owner_id = excluded.owner_id, metadata = excluded.metadata, "
    "embedding = excluded.embedding, updated_at = excluded.updated_at",
    "INSERT INTO vector_item (collection_id, id, owner_id, metadata, embedding, updated_at) "
    "SELECT c.id, j.item ->> 0, j.item ->> 1, j.item ->> 2, ($8)[(j.n - 1) * $2 + 1 : j.n * $2], $9 "
    "FROM vector_collection c, json_array_elements($5::json) WITH ORDINALITY j (item, n) WHERE " PG_COLLECTION
    " AND NOT (" PG_FOREIGN ") ON CONFLICT (collection_id, id) DO UPDATE SET owner_id = excluded.owner_id, "
    "metadata = excluded.metadata, embedding = excluded.embedding, updated_at = excluded.updated_at"};
/* The texts of the batch's items: what stands there goes, what comes is put. $5 has the text, its words and their number behind the
 * metadata. */
#define SQL_OLD_TEXTS                                                                                                  \
    "json_each($5) j CROSS JOIN vector_item o CROSS JOIN vector_text t WHERE o.collection_id "                         \
    "= " TRIPSAGE__SQL_COLLECTION " AND o.id = json_extract(j.value, '$[0]') AND t.seq = o.seq AND NOT " SQL_FOREIGN
/* On PostgreSQL each id is looked up, too: left to itself the planner, which knows neither how many come nor that they are few beside the
 * collection, reads all of it. Ids are taken out of the JSON first: what takes them out might tell somebody of rows that he may not see, so
 * inside of a comparison it would keep the policies from leaving that to an index. */
#define PG_BATCH_IDS "ARRAY(SELECT j ->> 0 FROM json_array_elements($5::json) j)"
#define PG_IS_MINE   "NOT ($7 = 0 AND vector_is_foreign(" TRIPSAGE__SQL_COLLECTION ", $5::json))"

const tripsage__statement tripsage__vector_sql_batch_unindex = {"vector_batch_unindex",
                                                                TRIPSAGE__SQL_FORGET_WORDS SQL_OLD_TEXTS, ""};
const tripsage__statement tripsage__vector_sql_batch_unword = {
    "vector_batch_unword", "DELETE FROM vector_text WHERE seq IN (SELECT t.seq FROM " SQL_OLD_TEXTS ")",
    "DELETE FROM vector_text WHERE seq = ANY (ARRAY(SELECT i.seq FROM vector_item i WHERE i.collection_id "
    "= " TRIPSAGE__SQL_COLLECTION " AND i.id = ANY (" PG_BATCH_IDS "))) AND " PG_IS_MINE};
const tripsage__statement tripsage__vector_sql_batch_word = {
    "vector_batch_word",
    "INSERT INTO vector_text (seq, collection_id, owner_id, length, text, terms, scope) "
    "SELECT i.seq, i.collection_id, i.owner_id, json_extract(j.value, '$[5]'), json_extract(j.value, '$[3]'), "
    "json_extract(j.value, '$[4]'), 'c' || i.collection_id || ' c' || i.collection_id || "
    "CASE i.owner_id WHEN '' THEN 'e' ELSE 'u' || replace(i.owner_id, '-', '') END "
    "FROM json_each($5) j CROSS JOIN vector_item i WHERE i.collection_id = " TRIPSAGE__SQL_COLLECTION
    " AND i.id = json_extract(j.value, '$[0]') AND json_extract(j.value, '$[3]') IS NOT NULL AND NOT " SQL_FOREIGN,
    "INSERT INTO vector_text (seq, collection_id, owner_id, length, text, terms) "
    "SELECT i.seq, i.collection_id, i.owner_id, j.length, j.said, j.terms "
    "FROM (SELECT r ->> 0 AS id, r ->> 3 AS said, r ->> 4 AS terms, (r ->> 5)::bigint AS length "
    "FROM json_array_elements($5::json) r OFFSET 0) j, LATERAL (SELECT o.seq, o.collection_id, o.owner_id "
    "FROM vector_item o WHERE o.collection_id = " TRIPSAGE__SQL_COLLECTION " AND o.id = j.id OFFSET 0) i "
    "WHERE j.said IS NOT NULL AND " PG_IS_MINE};
const tripsage__statement tripsage__vector_sql_batch_index = {
    "vector_batch_index",
    "INSERT INTO vector_words (rowid, scope, terms) SELECT t.seq, t.scope, t.terms FROM " SQL_OLD_TEXTS, ""};

/* Whether the actor may change the item; $1 the collection's name, $2 the id, $3 service, $4 the actor. */
const tripsage__statement tripsage__vector_sql_item_unindex = {
    "vector_item_unindex",
    TRIPSAGE__SQL_FORGET_WORDS
    "vector_item i CROSS JOIN vector_text t WHERE i.collection_id = (SELECT c.id FROM vector_collection c WHERE "
    "c.name = $1) AND i.id = $2 AND ($3 = 1 OR i.owner_id = $4) AND t.seq = i.seq",
    ""};
const tripsage__statement tripsage__vector_sql_item_delete = {
    "vector_item_delete",
    "DELETE FROM vector_item WHERE collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = $1) AND id = "
    "$2 "
    "AND ($3 = 1 OR owner_id = $4)",
    NULL};

/* ---- vectors that come in ---- */

static tripsage_status check_values(const float *values, size_t n, int needs_direction, const char *field)
{
    int some = 0;

    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(values[i]) <= TRIPSAGE__VECTOR_VALUE_MAX))
            return TRIPSAGE_FAIL_FIELD(field, "value %zu is not a finite number of at most 1e17", i);
        some |= values[i] > 0.0f || values[i] < 0.0f;
    }
    if (needs_direction && !some)
        return TRIPSAGE_FAIL_FIELD(field, "all values are zero: that has no direction to compare");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__vector_resolve(float *out, tripsage_vector *vector, const tripsage__collection *collection,
                                         const char *text, const float *values, size_t value_count,
                                         const char *text_field, const char *values_field)
{
    int is_cosine = collection->metric == TRIPSAGE_COSINE;
    tripsage_status status;

    if (!values == !text)
        return TRIPSAGE_FAIL_FIELD(values_field, "expected either a text or values");
    if (!values) {
        if (vector && tripsage__vector_embeds_before(collection))
            return tripsage__vector_embed(out, vector, collection, TRIPSAGE_EMBED_QUERY, &text, 1, NULL, text_field);
        if (tripsage__vector_embeds_before(collection))
            return TRIPSAGE_FAIL_FIELD(text_field, "collection %s has no embedder here: give values", collection->name);
        if (!tripsage__embed(out, text, strlen(text)) && is_cosine)
            return TRIPSAGE_FAIL_FIELD(text_field, "there is no word in the text");
        return TRIPSAGE_OK;
    }
    if (value_count != collection->dimensions)
        return TRIPSAGE_FAIL_FIELD(values_field, "collection %s has %u dimensions, not %zu", collection->name,
                                   collection->dimensions, value_count);
    status = check_values(values, value_count, is_cosine, values_field);
    if (status == TRIPSAGE_OK)
        memcpy(out, values, collection->dimensions * sizeof *values);
    return status;
}

/* ---- batches ---- */

/* The pointer to a member of item i, for an error. */
static const char *pointer_to(char out[64], size_t i, const char *member)
{
    snprintf(out, 64, "/%zu/%s", i, member);
    return out;
}

static tripsage_status check_id(const char *id, size_t i)
{
    size_t length = id ? strlen(id) : 0;
    char field[64];

    if (length < 1 || length > ITEM_ID_MAX || !tripsage__utf8_valid(id, length))
        return TRIPSAGE_FAIL_FIELD(pointer_to(field, i, "id"), "expected 1 to %d bytes of UTF-8", ITEM_ID_MAX);
    return TRIPSAGE_OK;
}

/* Whose the item will be: `out` is "" for everybody's. */
static tripsage_status owner_of(char out[TRIPSAGE__UUID_SIZE], const tripsage_actor *actor,
                                const tripsage_vector_item *item, size_t i)
{
    char field[64];

    strcpy(out, actor->user_id);
    if (!item->owner_id)
        return TRIPSAGE_OK;
    if (!tripsage__uuid_parse(item->owner_id, out))
        return TRIPSAGE_FAIL_FIELD(pointer_to(field, i, "owner_id"), "expected a UUID");
    if (!actor->is_service && strcmp(out, actor->user_id) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "item %zu would belong to somebody else", i);
    return TRIPSAGE_OK;
}

/* The text and its words, as the last three members of a row. */
static tripsage_status pack_text(tripsage__vector_batch *batch, const tripsage_vector_item *item, size_t i)
{
    tripsage__buf terms = TRIPSAGE__BUF_INIT(4 * TRIPSAGE__VECTOR_TEXT_MAX);
    size_t length = item->text ? strlen(item->text) : 0, count;
    char field[64];
    tripsage_status status;

    if (length > TRIPSAGE__VECTOR_TEXT_MAX || (length && !tripsage__utf8_valid(item->text, length)))
        return TRIPSAGE_FAIL_FIELD(pointer_to(field, i, "text"), "expected at most %zu bytes of UTF-8",
                                   TRIPSAGE__VECTOR_TEXT_MAX);
    if (!length) {
        TRIPSAGE__LIT(&batch->rows, ",null,null,0");
        return tripsage__buf_status(&batch->rows);
    }
    count = tripsage__item_terms_put(&terms, item->text, length);
    TRIPSAGE_TRY(tripsage__buf_status(&terms));
    tripsage__buf_putc(&batch->rows, ',');
    tripsage__json_put_stringn(&batch->rows, item->text, length);
    tripsage__buf_putc(&batch->rows, ',');
    tripsage__json_put_stringn(&batch->rows, terms.data ? terms.data : "", terms.size);
    tripsage__buf_putc(&batch->rows, ',');
    tripsage__buf_int(&batch->rows, (int64_t)count);
    status = tripsage__buf_status(&batch->rows);
out:
    tripsage__buf_free(&terms);
    return status;
}

static tripsage_status pack_row(tripsage__vector_batch *batch, const tripsage_actor *actor,
                                const tripsage_vector_item *item, size_t i)
{
    tripsage__buf metadata = TRIPSAGE__BUF_INIT(4 * TRIPSAGE__METADATA_MAX);
    char owner[TRIPSAGE__UUID_SIZE], field[64];
    tripsage_status status;

    TRIPSAGE_TRY(check_id(item->id, i));
    TRIPSAGE_TRY(owner_of(owner, actor, item, i));
    TRIPSAGE_TRY(tripsage__metadata_put(&metadata, item->metadata, pointer_to(field, i, "metadata")));
    tripsage__buf_puts(&batch->rows, i ? ",[" : "[");
    tripsage__json_put_string(&batch->rows, item->id);
    tripsage__buf_putc(&batch->rows, ',');
    tripsage__json_put_string(&batch->rows, owner);
    tripsage__buf_putc(&batch->rows, ',');
    tripsage__json_put_stringn(&batch->rows, metadata.data, metadata.size);
    TRIPSAGE_TRY(pack_text(batch, item, i));
    tripsage__buf_putc(&batch->rows, ']');
    status = tripsage__buf_status(&batch->rows);
out:
    tripsage__buf_free(&metadata);
    return status;
}

static tripsage_status pack_vector(tripsage__vector_batch *batch, const tripsage__collection *collection,
                                   const tripsage_vector_item *item, size_t i, float *scratch)
{
    size_t n = collection->dimensions;
    char text_field[64], values_field[64];
    tripsage_status status = tripsage__vector_resolve(
        scratch, NULL, collection, item->values ? NULL : item->text, item->values, item->value_count,
        pointer_to(text_field, i, "text"), pointer_to(values_field, i, "values"));

    if (status != TRIPSAGE_OK)
        return status;
    if (collection->metric == TRIPSAGE_COSINE)
        tripsage__kernel_normalise(scratch, scratch, n);
    tripsage__kernel_store(batch->vectors + i * n * 4, scratch, n);
    return TRIPSAGE_OK;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const tripsage_vector_item *const *)a)->id, (*(const tripsage_vector_item *const *)b)->id);
}

/* The same id twice in one batch would leave open which of the two stays. */
static tripsage_status check_distinct(const tripsage_vector_item *items, size_t count)
{
    const tripsage_vector_item **sorted = tripsage__calloc(count, sizeof *sorted);
    tripsage_status status = TRIPSAGE_OK;
    char field[64];

    if (!sorted)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < count; i++)
        sorted[i] = &items[i];
    qsort(sorted, count, sizeof *sorted, compare_ids);
    for (size_t i = 1; i < count && status == TRIPSAGE_OK; i++)
        if (compare_ids(&sorted[i - 1], &sorted[i]) == 0)
            status = TRIPSAGE_FAIL_FIELD(pointer_to(field, (size_t)(sorted[i] - items), "id"),
                                         "the same id comes twice in one call");
    tripsage__free(sorted);
    return status;
}

static void bind_batch(tripsage__vector_batch *batch, const tripsage__collection *collection,
                       const tripsage_actor *actor, size_t count, int64_t now_ms)
{
    tripsage__collection_values(batch->values, collection);
    batch->values[4] = tripsage__textn(batch->rows.data, batch->rows.size);
    batch->values[5] = tripsage__text(actor->user_id);
    batch->values[6] = tripsage__int(actor->is_service);
    batch->values[7] = tripsage__floats(batch->vectors, count * collection->dimensions * 4);
    batch->values[8] = tripsage__int(now_ms);
}

tripsage_status tripsage__vector_batch_init(tripsage__vector_batch *batch, const tripsage__collection *collection,
                                            const tripsage_actor *actor, const tripsage_vector_item *items,
                                            size_t count, int64_t now_ms)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    float *scratch = NULL;
    tripsage_status status = TRIPSAGE_OK;

    memset(batch, 0, sizeof *batch);
    batch->rows = empty;
    scratch = tripsage__malloc(collection->dimensions * sizeof *scratch);
    batch->vectors = tripsage__malloc(count * collection->dimensions * 4);
    if (!scratch || !batch->vectors) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    tripsage__buf_putc(&batch->rows, '[');
    for (size_t i = 0; i < count; i++) {
        TRIPSAGE_TRY(pack_row(batch, actor, &items[i], i));
        TRIPSAGE_TRY(pack_vector(batch, collection, &items[i], i, scratch));
    }
    TRIPSAGE_TRY(check_distinct(items, count));
    tripsage__buf_putc(&batch->rows, ']');
    TRIPSAGE_TRY(tripsage__buf_status(&batch->rows));
    bind_batch(batch, collection, actor, count, now_ms);
out:
    tripsage__free(scratch);
    return status;
}

void tripsage__vector_batch_free(tripsage__vector_batch *batch)
{
    tripsage__buf_free(&batch->rows);
    tripsage__free(batch->vectors);
}

static void begin_batch(void *context)
{
    tripsage__vector_batch *batch = context;

    batch->found = batch->foreign = 0;
}

static tripsage_status on_batch_gate(void *context, const tripsage__row *row)
{
    tripsage__vector_batch *batch = context;

    batch->found = 1;
    batch->foreign = tripsage__row_int(row, 0) != 0;
    return TRIPSAGE_OK;
}

void tripsage__vector_batch_steps(tripsage__vector_batch *batch, tripsage__step out[TRIPSAGE__VECTOR_BATCH_STEPS])
{
    static const tripsage__statement *const changes[] = {
        &tripsage__vector_sql_batch_unindex, &tripsage__vector_sql_batch_unword, &tripsage__vector_sql_batch_put,
        &tripsage__vector_sql_batch_word, &tripsage__vector_sql_batch_index};
    const tripsage__step gate = {
        &tripsage__vector_sql_batch_gate, batch->values, 7, begin_batch, on_batch_gate, batch, NULL};

    out[0] = gate;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const tripsage__step change = {changes[i], batch->values, 9, NULL, NULL, NULL, NULL};
        out[i + 1] = change;
    }
}

tripsage_status tripsage__vector_batch_check(const tripsage__vector_batch *batch)
{
    if (!batch->found)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such collection");
    if (batch->foreign)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "an id belongs to somebody else");
    return TRIPSAGE_OK;
}

/* ---- public calls ---- */

static tripsage_status upsert_once(tripsage_vector *vector, const tripsage_actor *actor, const char *name,
                                   const tripsage_vector_item *items, size_t count)
{
    tripsage__collection collection;
    tripsage__vector_texts texts;
    tripsage__vector_batch batch;
    tripsage__step steps[TRIPSAGE__VECTOR_BATCH_STEPS];
    tripsage_status status = tripsage__collection_find(&collection, vector, name);

    if (status != TRIPSAGE_OK)
        return status;
    memset(&batch, 0, sizeof batch);
    TRIPSAGE_TRY(tripsage__vector_texts_embed(&texts, vector, &collection, items, count));
    TRIPSAGE_TRY(
        tripsage__vector_batch_init(&batch, &collection, actor, texts.items, count, tripsage__now_ms(vector->env)));
    tripsage__vector_batch_steps(&batch, steps);
    TRIPSAGE_TRY(tripsage__store_write(vector->store, actor, steps, TRIPSAGE__VECTOR_BATCH_STEPS));
    status = tripsage__vector_batch_check(&batch);
    if (status == TRIPSAGE_OK)
        tripsage__live_wrote(vector->live, name);
out:
    tripsage__vector_batch_free(&batch);
    tripsage__vector_texts_free(&texts);
    return status;
}

tripsage_status tripsage_vector_upsert(tripsage_vector *vector, const tripsage_actor *actor, const char *collection,
                                       const tripsage_vector_item *items, size_t count)
{
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_VECTORS_WRITE);

    if (status == TRIPSAGE_OK)
        status = tripsage__collection_check_changeable(collection);
    if (status != TRIPSAGE_OK)
        return status;
    if (!items || count < 1 || count > ITEMS_MAX)
        return TRIPSAGE_FAIL_FIELD("#count", "expected 1 to %d items", ITEMS_MAX);
    status = upsert_once(vector, actor, collection, items, count);
    if (tripsage__collection_is_of_another_day(status)) {
        tripsage__collection_forget(vector, collection);
        status = upsert_once(vector, actor, collection, items, count);
    }
    return status;
}

tripsage_status tripsage_vector_delete(tripsage_vector *vector, const tripsage_actor *actor, const char *collection,
                                       const char *id)
{
    tripsage__value params[4];
    int64_t changes = 0;
    const tripsage__step steps[2] = {{&tripsage__vector_sql_item_unindex, params, 4, NULL, NULL, NULL, NULL},
                                     {&tripsage__vector_sql_item_delete, params, 4, NULL, NULL, NULL, &changes}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_VECTORS_WRITE));
    TRIPSAGE_TRY(tripsage__collection_check_changeable(collection));
    params[0] = tripsage__text(collection);
    params[1] = tripsage__text(id);
    params[2] = tripsage__int(actor->is_service);
    params[3] = tripsage__text(actor->user_id);
    TRIPSAGE_TRY(tripsage__store_write(vector->store, actor, steps, 2));
    if (changes == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such item");
    tripsage__live_wrote(vector->live, collection);
out:
    return status;
}
