/* memory_preferences.c: preferences under keys: memories whose id is that of their key, so that a new value takes the place of the old. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "listing.h"
#include "memories.h"

#define KEY_MAX 64
/* 900 bytes: with its key a memory, which has 1,000 characters. */
#define VALUE_MAX 900

/* $1 the user. */
const tripsage__statement tripsage__sql_memory_preferences = {
    "memory_preferences",
    "SELECT m.name, m.metadata FROM memory m WHERE m.user_id = $1 AND m.name IS NOT NULL ORDER BY m.name", NULL};
/* $2 JSON array of keys. */
const tripsage__statement tripsage__sql_memory_unword_named = {
    "memory_unword_named",
    TRIPSAGE__SQL_MEMORY_UNWORD(
        "SELECT m.id FROM memory m WHERE m.user_id = $1 AND m.name IN (SELECT j.value FROM json_each($2) j)"),
    ""};
const tripsage__statement tripsage__sql_memory_preferences_drop = {
    "memory_preferences_drop",
    "DELETE FROM memory WHERE user_id = $1 AND name IN (SELECT j.value FROM json_each($2) j)",
    "DELETE FROM memory WHERE user_id = $1 AND name = ANY (ARRAY(SELECT json_array_elements_text($2::json)))"};
/* $2 JSON array of ids. */
const tripsage__statement tripsage__sql_memory_by_id = {
    "memory_by_id",
    "SELECT " TRIPSAGE__SQL_MEMORY
    " FROM memory m WHERE m.user_id = $1 AND m.id IN (SELECT j.value FROM json_each($2) j)",
    "SELECT " TRIPSAGE__SQL_MEMORY " FROM memory m WHERE m.user_id = $1 AND m.id = ANY (ARRAY(SELECT "
    "json_array_elements_text($2::json)))"};

/* "seat: window": what is embedded and shown. */
static tripsage_status add(tripsage__memory_batch *batch, const char *key, const tripsage__json *value,
                           const char *category)
{
    tripsage__buf content = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT),
                  json = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__memory_draft draft = {.source = "preference", .key = key, .category = category};
    char folded[TRIPSAGE__SAID_FOLDED];
    tripsage_status status;

    tripsage__json_put(&json, value);
    tripsage__buf_puts(&content, key);
    TRIPSAGE__LIT(&content, ": ");
    tripsage__buf_puts(&content, tripsage__json_is_string(value) ? tripsage__json_text(value)
                                 : json.data                     ? json.data
                                                                 : "");
    TRIPSAGE_TRY(tripsage__buf_status(&json));
    TRIPSAGE_TRY(tripsage__buf_status(&content));
    if (!tripsage__said_fold(folded, content.data, content.size)) {
        status = TRIPSAGE_FAIL_FIELD("#key", "there is no word in it, nor in the value");
        goto out;
    }
    draft.value = json.data;
    draft.said.text = content.data;
    draft.said.length = content.size;
    tripsage__said_read(&draft.said, batch->trips->destinations);
    draft.said.buckets |= 1u << TRIPSAGE__BUCKET_PREFERENCES;
    draft.said.type = "user_preference";
    status = tripsage__memory_batch_add(batch, &draft);
out:
    tripsage__buf_free(&content);
    tripsage__buf_free(&json);
    return status;
}

/* ---- all of them ---- */

/* Members of an object. */
static tripsage_status on_preference(void *context, const tripsage__row *row)
{
    tripsage__listing *l = context;
    size_t size;
    const char *metadata = tripsage__row_text(row, 1, &size);
    tripsage__json *parsed = NULL;
    tripsage_status status = tripsage__json_parse_trusted(&parsed, metadata, size);
    const tripsage__json *value;

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__listing_next(l);
    tripsage__json_put_string(l->json, tripsage__row_text(row, 0, NULL));
    tripsage__buf_putc(l->json, ':');
    value = tripsage__json_member(parsed, "value");
    if (value)
        tripsage__json_put(l->json, value);
    else /* somebody has written the row himself */
        TRIPSAGE__LIT(l->json, "null");
    tripsage__json_free(parsed);
    return tripsage__buf_status(l->json);
}

/* ---- merging ---- */

typedef struct merge {
    tripsage__reader reader;
    tripsage__memory_batch batch;
    tripsage__buf dropped; /* JSON array of keys */
    int has_dropped;
} merge;

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void check_member(tripsage__reader *r, const tripsage__json *member)
{
    tripsage__buf json = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    const char *key = tripsage__json_name(member);
    size_t characters = count_characters(key);
    char folded[TRIPSAGE__SAID_FOLDED];

    if (characters < 1 || characters > KEY_MAX) {
        tripsage__reader_complain(r, "preferences", "a key has 1 to %d characters", KEY_MAX);
        return;
    }
    tripsage__reader_enter(r, "preferences", NULL);
    tripsage__json_put(&json, member);
    if (tripsage__buf_status(&json) != TRIPSAGE_OK)
        r->failed = TRIPSAGE_ENOMEM;
    else if (json.size > VALUE_MAX)
        tripsage__reader_complain(r, key, "expected at most %d bytes", VALUE_MAX);
    else if (!tripsage__said_fold(folded, key, strlen(key)) && !tripsage__said_fold(folded, json.data, json.size))
        tripsage__reader_complain(r, key, "there is no word in it, nor in the value");
    tripsage__reader_close_object(r);
    tripsage__buf_free(&json);
}

static tripsage_status read_members(merge *m, const tripsage__json *preferences)
{
    tripsage_status status = TRIPSAGE_OK;

    for (const tripsage__json *p = tripsage__json_first(preferences); p; p = tripsage__json_next(p))
        check_member(&m->reader, p);
    tripsage__reader_close_object(&m->reader);
    TRIPSAGE_TRY(tripsage__reader_status(&m->reader));
    for (const tripsage__json *p = tripsage__json_first(preferences); p; p = tripsage__json_next(p)) {
        if (!tripsage__json_is_null(p)) {
            TRIPSAGE_TRY(add(&m->batch, tripsage__json_name(p), p, NULL));
            continue;
        }
        tripsage__buf_putc(&m->dropped, m->has_dropped ? ',' : '[');
        tripsage__json_put_string(&m->dropped, tripsage__json_name(p));
        m->has_dropped = 1;
    }
    tripsage__buf_putc(&m->dropped, ']');
    status = tripsage__buf_status(&m->dropped);
out:
    return status;
}

static tripsage_status read_input(merge *m, const char *json, size_t length)
{
    const tripsage__json *preferences = NULL;
    tripsage_status status = tripsage__reader_open(&m->reader, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__read_object(&m->reader, "preferences", TRIPSAGE__REQUIRED, 0, &preferences);
    return read_members(m, preferences);
}

static tripsage_status write_merge(tripsage__listing *l, merge *m, const tripsage_actor *actor)
{
    const tripsage__value params[] = {tripsage__text(actor->user_id),
                                      tripsage__textn(m->dropped.data, m->dropped.size)};
    const tripsage__step drop[] = {{&tripsage__sql_memory_unword_named, params, 2, NULL, NULL, NULL, NULL},
                                   {&tripsage__sql_memory_preferences_drop, params, 2, NULL, NULL, NULL, NULL}};
    const tripsage__step list = {
        &tripsage__sql_memory_preferences, params, 1, tripsage__listing_begin, on_preference, l, NULL};

    return tripsage__memory_batch_write(&m->batch, drop, m->has_dropped ? 2 : 0, &list, 1);
}

tripsage_status tripsage_memory_preferences_merge(tripsage_doc **out, tripsage_trips *trips,
                                                  const tripsage_actor *actor, const char *json, size_t length)
{
    merge m;
    tripsage__listing l;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_WRITE);
    if (status != TRIPSAGE_OK)
        return status;
    memset(&m, 0, sizeof m);
    m.dropped.ceiling = TRIPSAGE__BUF_DOCUMENT;
    tripsage__memory_batch_init(&m.batch, trips, actor);
    TRIPSAGE_TRY(read_input(&m, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    tripsage__listing_open(&l, &doc->json, "{\"preferences\":{");
    TRIPSAGE_TRY(write_merge(&l, &m, actor));
    tripsage__listing_close(&l, "}");
out:
    tripsage__memory_batch_free(&m.batch);
    tripsage__buf_free(&m.dropped);
    tripsage__reader_free(&m.reader);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- one ---- */

static void begin_one(void *context)
{
    ((tripsage__buf *)context)->size = 0;
}

static tripsage_status on_one(void *context, const tripsage__row *row)
{
    tripsage__buf *buf = context;

    tripsage__memory_put_open(buf, row);
    tripsage__buf_putc(buf, '}');
    return tripsage__buf_status(buf);
}

static tripsage_status check_argument(const char *field, const char *text, size_t max)
{
    if (!text || !*text || strlen(text) > 4 * max || !tripsage__utf8_valid(text, strlen(text)) ||
        count_characters(text) > max)
        return TRIPSAGE_FAIL_FIELD(field, "expected a text of 1 to %zu characters", max);
    return TRIPSAGE_OK;
}

/* Without what stands around it, in lower case. */
static tripsage_status read_category(char out[4 * TRIPSAGE__CATEGORY_MAX + 1], const char *category)
{
    size_t size;
    tripsage_status status;

    category += strspn(category, " \t");
    status = check_argument("#category", category, TRIPSAGE__CATEGORY_MAX);
    if (status != TRIPSAGE_OK)
        return status;
    size = strlen(category);
    while (category[size - 1] == ' ' || category[size - 1] == '\t')
        size--;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(category[i] >= 'A' && category[i] <= 'Z' ? category[i] + ('a' - 'A') : category[i]);
    out[size] = '\0';
    return TRIPSAGE_OK;
}

static tripsage_status put_one(tripsage_doc *doc, tripsage__memory_batch *batch, const char *key, const char *value,
                               const char *category)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__json *json = NULL;
    char ids[TRIPSAGE__UUID_SIZE + 8];
    tripsage__value params[2];
    const tripsage__step one = {&tripsage__sql_memory_by_id, params, 2, begin_one, on_one, &doc->json, NULL};
    tripsage_status status;

    tripsage__json_put_string(&text, value);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&json, text.data, text.size));
    TRIPSAGE_TRY(add(batch, key, json, category));
    snprintf(ids, sizeof ids, "[\"%s\"]", batch->entries[0].id);
    params[0] = tripsage__text(batch->actor->user_id);
    params[1] = tripsage__text(ids);
    status = tripsage__memory_batch_write(batch, NULL, 0, &one, 1);
out:
    tripsage__json_free(json);
    tripsage__buf_free(&text);
    return status;
}

tripsage_status tripsage_memory_preference_put(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                               const char *key, const char *value, const char *category)
{
    char lower[4 * TRIPSAGE__CATEGORY_MAX + 1];
    tripsage__memory_batch batch;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_WRITE);
    if (status != TRIPSAGE_OK)
        return status;
    tripsage__memory_batch_init(&batch, trips, actor);
    TRIPSAGE_TRY(check_argument("#key", key, KEY_MAX));
    if (!value || !*value || strlen(value) > VALUE_MAX || !tripsage__utf8_valid(value, strlen(value))) {
        status = TRIPSAGE_FAIL_FIELD("#value", "expected 1 to %d bytes of UTF-8", VALUE_MAX);
        goto out;
    }
    TRIPSAGE_TRY(read_category(lower, category ? category : "general"));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    status = put_one(doc, &batch, key, value, lower);
out:
    tripsage__memory_batch_free(&batch);
    return tripsage__doc_finish(out, doc, status);
}
