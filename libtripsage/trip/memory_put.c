/* memory_put.c: memories on their way into the store. A memory's id is made from its owner and from what is said (of a preference: from its key),
 * so that the same thing comes to the same row whoever writes it first, and its vector to the same item. Rows go in the order of their ids:
 * of two writes that meet in some of them, one waits for the other. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "memories.h"

/* $1..$4 the collection, $5 the rows, $6 the user, $7 now. Without the collection nothing is written: a memory has a vector. */
#define PUT_COLUMNS                                                                                                    \
    "INSERT INTO memory (id, user_id, memory_type, name, content, categories, metadata, place, version, created_at, "  \
    "updated_at) "
#define PUT_CONFLICT                                                                                                   \
    " ON CONFLICT (id) DO UPDATE SET memory_type = excluded.memory_type, content = excluded.content, categories = "    \
    "excluded.categories, metadata = excluded.metadata, place = excluded.place, version = memory.version + 1, "        \
    "updated_at = excluded.updated_at RETURNING id, version"
const tripsage__statement tripsage__sql_memory_put = {
    "memory_put",
    PUT_COLUMNS
    "SELECT json_extract(j.value, '$[0]'), $6, json_extract(j.value, '$[1]'), json_extract(j.value, '$[2]'), "
    "json_extract(j.value, '$[3]'), json_extract(j.value, '$[4]'), json_extract(j.value, '$[5]'), "
    "json_extract(j.value, '$[6]'), 1, $7, $7 "
    "FROM json_each($5) j WHERE EXISTS " TRIPSAGE__SQL_COLLECTION PUT_CONFLICT,
    PUT_COLUMNS "SELECT j.item ->> 0, $6, j.item ->> 1, j.item ->> 2, j.item ->> 3, j.item ->> 4, j.item ->> 5, "
                "(j.item ->> 6)::bigint, 1, $7, $7 "
                "FROM json_array_elements($5::json) j (item) WHERE EXISTS " TRIPSAGE__SQL_COLLECTION PUT_CONFLICT};

/* $1 the user, $2 how many stay. Preferences are few, and replaced by their keys. PostgreSQL gathers the ids first, and asks for them once. */
#define OLD(limit)                                                                                                     \
    "SELECT m.id FROM memory m WHERE m.user_id = $1 AND m.name IS NULL ORDER BY m.updated_at DESC, m.place DESC, "     \
    "m.id DESC " limit "OFFSET $2"
const tripsage__statement tripsage__sql_memory_unword_old = {"memory_unword_old",
                                                             TRIPSAGE__SQL_MEMORY_UNWORD(OLD("LIMIT -1 ")), ""};
const tripsage__statement tripsage__sql_memory_forget_old = {
    "memory_forget_old", "DELETE FROM memory WHERE user_id = $1 AND id IN (" OLD("LIMIT -1 ") ")",
    "DELETE FROM memory WHERE user_id = $1 AND id = ANY (ARRAY(" OLD("") "))"};

/* ---- one entry ---- */

void tripsage__memory_batch_init(tripsage__memory_batch *batch, tripsage_trips *trips, const tripsage_actor *actor)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    memset(batch, 0, sizeof *batch);
    batch->trips = trips;
    batch->actor = actor;
    batch->texts = batch->rows = empty;
}

void tripsage__memory_batch_free(tripsage__memory_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        tripsage__buf_free(&batch->row_of[i]);
    tripsage__free(batch->row_of);
    tripsage__free(batch->entries);
    tripsage__buf_free(&batch->texts);
    tripsage__buf_free(&batch->rows);
}

static tripsage_status make_room(tripsage__memory_batch *batch)
{
    size_t capacity = batch->capacity ? 2 * batch->capacity : 8;
    tripsage__memory_entry *entries;
    tripsage__buf *row_of;

    if (batch->count < batch->capacity)
        return TRIPSAGE_OK;
    entries = tripsage__realloc(batch->entries, capacity * sizeof *entries);
    if (!entries)
        return TRIPSAGE_NOMEM();
    batch->entries = entries;
    row_of = tripsage__realloc(batch->row_of, capacity * sizeof *row_of);
    if (!row_of)
        return TRIPSAGE_NOMEM();
    batch->row_of = row_of;
    batch->capacity = capacity;
    return TRIPSAGE_OK;
}

/* A UUID of version 8 (RFC 9562, 5.8): HMAC-SHA256 under the database's own key, so that nobody can tell from an id what was said, nor make
 * the id of what another one says. */
static tripsage_status make_id(char out[TRIPSAGE__UUID_SIZE], const tripsage__memory_batch *batch,
                               const tripsage__memory_draft *draft)
{
    char text[64 + TRIPSAGE__SAID_FOLDED], folded[TRIPSAGE__SAID_FOLDED], hex[2 * 16 + 1];
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    size_t size = 0;
    tripsage_status status;

    size += (size_t)snprintf(text, sizeof text, "memory %s %s ", batch->actor->user_id, draft->key ? "key" : "said");
    if (!draft->key)
        tripsage__said_fold(folded, draft->said.text, draft->said.length);
    size += (size_t)snprintf(text + size, sizeof text - size, "%s", draft->key ? draft->key : folded);
    status = tripsage__hmac_sha256(digest, batch->trips->cursor_key, sizeof batch->trips->cursor_key, text, size);
    if (status != TRIPSAGE_OK)
        return status;
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    tripsage__hex(hex, digest, 16);
    snprintf(out, TRIPSAGE__UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return TRIPSAGE_OK;
}

/* The buckets it is in, and the category it was given; "general" without any. */
static size_t categories_of(const char *out[TRIPSAGE__BUCKET_COUNT + 1], const tripsage__memory_draft *draft)
{
    size_t count = 0;
    int is_there = !draft->category;

    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++) {
        if (!(draft->said.buckets & 1u << i))
            continue;
        is_there |= draft->category && strcmp(draft->category, tripsage__bucket_names[i]) == 0;
        out[count++] = tripsage__bucket_names[i];
    }
    if (!is_there)
        out[count++] = draft->category;
    if (!count)
        out[count++] = "general";
    return count;
}

static void put_categories(tripsage__buf *buf, const tripsage__memory_draft *draft)
{
    const char *categories[TRIPSAGE__BUCKET_COUNT + 1];
    size_t count = categories_of(categories, draft);

    for (size_t i = 0; i < count; i++) {
        tripsage__buf_putc(buf, i ? ',' : '[');
        tripsage__json_put_string(buf, categories[i]);
    }
    tripsage__buf_putc(buf, ']');
}

void tripsage__memory_put_category(tripsage__buf *buf, const char *category)
{
    char name[16 + 4 * TRIPSAGE__CATEGORY_MAX];

    snprintf(name, sizeof name, "category:%s", category);
    tripsage__json_put_string(buf, name);
    TRIPSAGE__LIT(buf, ":true");
}

static void put_member(tripsage__buf *buf, const char *name, const char *text)
{
    if (!text)
        return;
    tripsage__buf_puts(buf, name);
    tripsage__json_put_string(buf, text);
}

/* What row and vector both say. */
static void put_facts(tripsage__buf *buf, const tripsage__memory_draft *draft)
{
    put_member(buf, "\"source\":", draft->source);
    put_member(buf, ",\"context_type\":", draft->context_type);
    put_member(buf, ",\"session_id\":", draft->session_id);
    put_member(buf, ",\"key\":", draft->key);
    tripsage__buf_printf(buf, ",\"has_location\":%s,\"has_budget\":%s,\"has_accommodation\":%s",
                         draft->said.country_count ? "true" : "false", draft->said.has_budget ? "true" : "false",
                         draft->said.has_accommodation ? "true" : "false");
}

static void put_metadata(tripsage__buf *buf, const tripsage__memory_draft *draft)
{
    tripsage__buf_putc(buf, '{');
    put_facts(buf, draft);
    for (size_t i = 0; i < draft->said.country_count; i++) {
        tripsage__buf_puts(buf, i ? "," : ",\"countries\":[");
        tripsage__json_put_string(buf, draft->said.countries[i]);
    }
    if (draft->said.country_count)
        tripsage__buf_putc(buf, ']');
    if (draft->value) {
        put_member(buf, ",\"category\":", draft->category ? draft->category : "general");
        TRIPSAGE__LIT(buf, ",\"value\":");
        tripsage__buf_puts(buf, draft->value);
    }
    tripsage__buf_putc(buf, '}');
}

/* The vector's metadata: what can be filtered by. Categories are members of their own, since a filter compares members. */
static void put_item(tripsage__buf *buf, const tripsage__memory_draft *draft)
{
    const char *categories[TRIPSAGE__BUCKET_COUNT + 1];
    size_t count = categories_of(categories, draft);

    TRIPSAGE__LIT(buf, "{\"content\":");
    tripsage__json_put_stringn(buf, draft->said.text, draft->said.length);
    put_member(buf, ",\"memory_type\":", draft->said.type);
    tripsage__buf_putc(buf, ',');
    put_facts(buf, draft);
    for (size_t i = 0; i < count; i++) {
        tripsage__buf_putc(buf, ',');
        tripsage__memory_put_category(buf, categories[i]);
    }
    tripsage__buf_putc(buf, '}');
}

/* Into the texts; gives where it stands. */
static size_t end_text(tripsage__memory_batch *batch, size_t at)
{
    tripsage__buf_putc(&batch->texts, '\0');
    return at;
}

static void write_texts(tripsage__memory_batch *batch, tripsage__memory_entry *entry,
                        const tripsage__memory_draft *draft)
{
    size_t at = batch->texts.size;

    tripsage__buf_put(&batch->texts, draft->said.text, draft->said.length);
    entry->content_size = draft->said.length;
    entry->content = end_text(batch, at);
    at = batch->texts.size;
    put_categories(&batch->texts, draft);
    entry->categories = end_text(batch, at);
    at = batch->texts.size;
    put_item(&batch->texts, draft);
    entry->item = end_text(batch, at);
}

static tripsage_status write_row(tripsage__buf *row, const tripsage__memory_batch *batch,
                                 const tripsage__memory_entry *entry, const tripsage__memory_draft *draft)
{
    tripsage__buf metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    put_metadata(&metadata, draft);
    TRIPSAGE_TRY(tripsage__buf_status(&metadata));
    TRIPSAGE_TRY(tripsage__buf_status(&batch->texts));
    tripsage__buf_printf(row, "[\"%s\",\"%s\",", entry->id, draft->said.type);
    tripsage__json_put_text(row, draft->key, draft->key ? strlen(draft->key) : 0);
    tripsage__buf_putc(row, ',');
    tripsage__json_put_stringn(row, draft->said.text, draft->said.length);
    tripsage__buf_putc(row, ',');
    tripsage__json_put_string(row, batch->texts.data + entry->categories);
    tripsage__buf_putc(row, ',');
    tripsage__json_put_stringn(row, metadata.data, metadata.size);
    tripsage__buf_putc(row, ',');
    tripsage__buf_int(row, (int64_t)batch->count);
    tripsage__buf_putc(row, ']');
    status = tripsage__buf_status(row);
out:
    tripsage__buf_free(&metadata);
    return status;
}

tripsage_status tripsage__memory_batch_add(tripsage__memory_batch *batch, const tripsage__memory_draft *draft)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__memory_entry *entry;
    tripsage_status status;

    TRIPSAGE_TRY(make_room(batch));
    entry = &batch->entries[batch->count];
    TRIPSAGE_TRY(make_id(entry->id, batch, draft));
    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(batch->entries[i].id, entry->id) == 0)
            return TRIPSAGE_OK;
    write_texts(batch, entry, draft);
    batch->row_of[batch->count] = empty;
    batch->count++;
    status = write_row(&batch->row_of[batch->count - 1], batch, entry, draft);
out:
    return status;
}

/* ---- all of them ---- */

typedef struct writing {
    tripsage__memory_batch *batch;
    tripsage_vector_item *items;
    tripsage__collection collection;
    tripsage__vector_texts texts;
    tripsage__vector_batch vectors;
    tripsage__step *steps;
    size_t step_count;
    tripsage__value put[7], old[2];
} writing;

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const tripsage__memory_entry *const *)a)->id, (*(const tripsage__memory_entry *const *)b)->id);
}

/* Rows and vectors, both by id. */
static tripsage_status sort_entries(writing *w)
{
    tripsage__memory_batch *batch = w->batch;
    const tripsage__memory_entry **sorted = tripsage__calloc(batch->count + 1, sizeof *sorted);

    if (!sorted)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < batch->count; i++)
        sorted[i] = &batch->entries[i];
    qsort(sorted, batch->count, sizeof *sorted, compare_ids);
    batch->rows.size = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const tripsage__buf *row = &batch->row_of[sorted[i] - batch->entries];

        tripsage__buf_putc(&batch->rows, i ? ',' : '[');
        tripsage__buf_put(&batch->rows, row->data, row->size);
        w->items[i].id = sorted[i]->id;
        w->items[i].text = batch->texts.data + sorted[i]->content;
        w->items[i].metadata = batch->texts.data + sorted[i]->item;
    }
    tripsage__buf_putc(&batch->rows, ']');
    tripsage__free(sorted);
    return tripsage__buf_status(&batch->rows);
}

static void begin_put(void *context)
{
    tripsage__memory_batch *batch = context;

    for (size_t i = 0; i < batch->count; i++)
        batch->entries[i].version = 0;
}

static tripsage_status on_put(void *context, const tripsage__row *row)
{
    tripsage__memory_batch *batch = context;
    const char *id = tripsage__row_text(row, 0, NULL);

    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(batch->entries[i].id, id) == 0)
            batch->entries[i].version = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static void add_steps(writing *w, const tripsage__step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w->steps[w->step_count++] = steps[i];
}

static void make_steps(writing *w, int64_t now_ms)
{
    tripsage__memory_batch *batch = w->batch;
    tripsage__step vectors[TRIPSAGE__VECTOR_BATCH_STEPS];
    const tripsage__step put = {&tripsage__sql_memory_put, w->put, 7, begin_put, on_put, batch, NULL};
    const tripsage__step unword = {&tripsage__sql_memory_unword_old, w->old, 2, NULL, NULL, NULL, NULL};
    const tripsage__step old = {&tripsage__sql_memory_forget_old, w->old, 2, NULL, NULL, NULL, &batch->forgotten};

    tripsage__collection_values(w->put, &w->collection);
    w->put[4] = tripsage__textn(batch->rows.data, batch->rows.size);
    w->put[5] = w->old[0] = tripsage__text(batch->actor->user_id);
    w->put[6] = tripsage__int(now_ms);
    w->old[1] = tripsage__int(TRIPSAGE__MEMORIES_MAX);
    tripsage__vector_batch_steps(&w->vectors, vectors);
    add_steps(w, &put, 1);
    add_steps(w, vectors, TRIPSAGE__VECTOR_BATCH_STEPS);
    add_steps(w, &unword, 1);
    add_steps(w, &old, 1);
}

enum { OWN_STEPS = 3 + TRIPSAGE__VECTOR_BATCH_STEPS };

static tripsage_status write_once(writing *w, const tripsage__step *before, size_t before_count,
                                  const tripsage__step *after, size_t after_count)
{
    tripsage__memory_batch *batch = w->batch;
    int64_t now_ms = tripsage__now_ms(batch->trips->env);
    tripsage_status status;

    w->step_count = 0;
    if (batch->count) {
        TRIPSAGE_TRY(tripsage__memory_collection_make(&w->collection, batch->trips));
        TRIPSAGE_TRY(
            tripsage__vector_texts_embed(&w->texts, batch->trips->vector, &w->collection, w->items, batch->count));
        TRIPSAGE_TRY(tripsage__vector_batch_init(&w->vectors, &w->collection, batch->actor, w->texts.items,
                                                 batch->count, now_ms));
    }
    add_steps(w, before, before_count);
    if (batch->count)
        make_steps(w, now_ms);
    add_steps(w, after, after_count);
    TRIPSAGE_TRY(tripsage__store_write(batch->trips->store, batch->actor, w->steps, w->step_count));
    if (batch->count)
        status = tripsage__vector_batch_check(&w->vectors);
out:
    tripsage__vector_batch_free(&w->vectors);
    tripsage__vector_texts_free(&w->texts);
    memset(&w->vectors, 0, sizeof w->vectors);
    memset(&w->texts, 0, sizeof w->texts);
    return status;
}

tripsage_status tripsage__memory_batch_write(tripsage__memory_batch *batch, const tripsage__step *before,
                                             size_t before_count, const tripsage__step *after, size_t after_count)
{
    writing w;
    tripsage_status status;

    memset(&w, 0, sizeof w);
    w.batch = batch;
    w.items = tripsage__calloc(batch->count + 1, sizeof *w.items);
    w.steps = tripsage__calloc(OWN_STEPS + before_count + after_count, sizeof *w.steps);
    if (!w.items || !w.steps) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(sort_entries(&w));
    status = write_once(&w, before, before_count, after, after_count);
    if (status == TRIPSAGE_ENOTFOUND && batch->count) { /* what was remembered of the collection was of another day */
        tripsage__collection_forget(batch->trips->vector, TRIPSAGE__COLLECTION_MEMORIES);
        status = write_once(&w, before, before_count, after, after_count);
    }
out:
    tripsage__free(w.items);
    tripsage__free(w.steps);
    return status;
}
