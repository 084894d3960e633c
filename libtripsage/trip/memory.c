/* memory.c: memories as they stand: written as JSON, forgotten, counted; and the collection of their vectors. */
#include <string.h>

#include "base/json.h"
#include "memories.h"

const tripsage__statement tripsage__sql_memory_unword = {"memory_unword", TRIPSAGE__SQL_MEMORY_UNWORD("$2"), ""};
const tripsage__statement tripsage__sql_memory_unword_all = {
    "memory_unword_all", TRIPSAGE__SQL_MEMORY_UNWORD("SELECT m.id FROM memory m WHERE m.user_id = $1"), ""};
/* $1 the user, $2 the id. The vector goes by a trigger, as it does whoever deletes. */
const tripsage__statement tripsage__sql_memory_delete = {"memory_delete",
                                                         "DELETE FROM memory WHERE user_id = $1 AND id = $2", NULL};
const tripsage__statement tripsage__sql_memory_clear = {"memory_clear", "DELETE FROM memory WHERE user_id = $1", NULL};
/* $1 the user. */
const tripsage__statement tripsage__sql_memory_types = {
    "memory_types",
    "SELECT m.memory_type, count(*), count(m.name), min(m.created_at), max(m.updated_at) FROM memory m "
    "WHERE m.user_id = $1 GROUP BY m.memory_type ORDER BY m.memory_type",
    NULL};
const tripsage__statement tripsage__sql_memory_categories = {
    "memory_categories",
    "SELECT c.value, count(*) FROM memory m, json_each(m.categories) c WHERE m.user_id = $1 GROUP BY 1 ORDER BY 1",
    "SELECT c.value, count(*) FROM memory m, json_array_elements_text(m.categories::json) c (value) "
    "WHERE m.user_id = $1 GROUP BY c.value COLLATE \"C\", c.value ORDER BY c.value COLLATE \"C\""};

/* ---- what calls begin with ---- */

tripsage_status tripsage__memory_check(const tripsage_actor *actor, uint32_t scope)
{
    tripsage_status status = tripsage__actor_check_scope(actor, scope);

    if (status == TRIPSAGE_OK && actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role has no memories");
    return status;
}

/* ---- the collection ---- */

tripsage_status tripsage__memory_collection(tripsage__collection *out, tripsage_trips *trips)
{
    tripsage_status status = tripsage__collection_find(out, trips->vector, TRIPSAGE__COLLECTION_MEMORIES);

    if (status == TRIPSAGE_OK && !out->embedder[0])
        status = TRIPSAGE_FAIL(TRIPSAGE_ECONFLICT, "the collection %s was made without an embedder: it takes no texts",
                               out->name);
    return status;
}

/* Users make no collections, so the library does, for the embedder that is the standard one on that day. */
static tripsage_status make(tripsage_trips *trips)
{
    const tripsage_embedder *embedder = tripsage_vector_embedder(trips->vector, NULL);
    tripsage__collection usual = {TRIPSAGE__COLLECTION_MEMORIES, tripsage_embedder_dimensions(embedder),
                                  TRIPSAGE_COSINE, ""};
    tripsage__collection_params params;
    tripsage__step step;

    strcpy(usual.embedder, tripsage_embedder_name(embedder));
    step = tripsage__collection_make_step(&params, &usual, tripsage__now_ms(trips->env));
    return tripsage__store_write(trips->store, NULL, &step, 1);
}

tripsage_status tripsage__memory_collection_make(tripsage__collection *out, tripsage_trips *trips)
{
    tripsage_status status = tripsage__memory_collection(out, trips);

    if (status != TRIPSAGE_ENOTFOUND)
        return status;
    status = make(trips);
    return status == TRIPSAGE_OK ? tripsage__memory_collection(out, trips) : status;
}

/* ---- as JSON ---- */

static void put_text(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_puts(buf, name);
    tripsage__json_put_text(buf, text, size);
}

void tripsage__memory_put_open(tripsage__buf *buf, const tripsage__row *row)
{
    put_text(buf, "{\"id\":", row, 0);
    put_text(buf, ",\"memory\":", row, 1);
    put_text(buf, ",\"memory_type\":", row, 2);
    TRIPSAGE__LIT(buf, ",\"categories\":");
    tripsage__buf_puts(buf, tripsage__row_text(row, 3, NULL));
    TRIPSAGE__LIT(buf, ",\"metadata\":");
    tripsage__buf_puts(buf, tripsage__row_text(row, 4, NULL));
    TRIPSAGE__LIT(buf, ",\"version\":");
    tripsage__buf_int(buf, tripsage__row_int(row, 5));
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, 6));
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, 7));
    put_text(buf, ",\"user_id\":", row, 8);
}

/* ---- forgetting ---- */

tripsage_status tripsage_memory_delete(tripsage_trips *trips, const tripsage_actor *actor, const char *memory_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__value params[2];
    int64_t changes = 0;
    const tripsage__step steps[] = {{&tripsage__sql_memory_unword, params, 2, NULL, NULL, NULL, NULL},
                                    {&tripsage__sql_memory_delete, params, 2, NULL, NULL, NULL, &changes}};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    if (!memory_id || !tripsage__uuid_parse(memory_id, id))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such memory");
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__text(id);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 2));
    if (changes == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such memory");
out:
    return status;
}

tripsage_status tripsage_memory_clear(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                      int confirm)
{
    tripsage__value user;
    int64_t changes = 0;
    const tripsage__step steps[] = {{&tripsage__sql_memory_unword_all, &user, 1, NULL, NULL, NULL, NULL},
                                    {&tripsage__sql_memory_clear, &user, 1, NULL, NULL, NULL, &changes}};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    if (!confirm)
        return TRIPSAGE_FAIL_FIELD("#confirm", "this forgets everything: it has to be confirmed");
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 64));
    user = tripsage__text(actor->user_id);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 2));
    TRIPSAGE__LIT(&doc->json, "{\"deleted\":");
    tripsage__buf_int(&doc->json, changes);
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(out, doc, status);
}

/* ---- counting ---- */

typedef struct counting {
    tripsage__buf types, categories; /* members of an object */
    int64_t total, preferences, first, last;
} counting;

static void begin_types(void *context)
{
    counting *c = context;

    c->types.size = 0;
    c->total = c->preferences = c->first = c->last = 0;
}

static void begin_categories(void *context)
{
    ((counting *)context)->categories.size = 0;
}

static tripsage_status put_count(tripsage__buf *buf, const tripsage__row *row)
{
    put_text(buf, buf->size ? "," : "", row, 0);
    tripsage__buf_putc(buf, ':');
    tripsage__buf_int(buf, tripsage__row_int(row, 1));
    return tripsage__buf_status(buf);
}

static tripsage_status on_type(void *context, const tripsage__row *row)
{
    counting *c = context;
    int64_t first = tripsage__row_int(row, 3), last = tripsage__row_int(row, 4);

    c->first = c->total && c->first < first ? c->first : first;
    c->last = c->last > last ? c->last : last;
    c->total += tripsage__row_int(row, 1);
    c->preferences += tripsage__row_int(row, 2);
    return put_count(&c->types, row);
}

static tripsage_status on_category(void *context, const tripsage__row *row)
{
    return put_count(&((counting *)context)->categories, row);
}

static void put_stats(tripsage__buf *buf, const counting *c)
{
    TRIPSAGE__LIT(buf, "{\"total_memories\":");
    tripsage__buf_int(buf, c->total);
    TRIPSAGE__LIT(buf, ",\"by_type\":{");
    tripsage__buf_put(buf, c->types.data, c->types.size);
    TRIPSAGE__LIT(buf, "},\"by_category\":{");
    tripsage__buf_put(buf, c->categories.data, c->categories.size);
    TRIPSAGE__LIT(buf, "},\"preferences\":");
    tripsage__buf_int(buf, c->preferences);
    if (c->total) {
        TRIPSAGE__LIT(buf, ",\"first_memory_at\":");
        tripsage__json_put_instant(buf, c->first);
        TRIPSAGE__LIT(buf, ",\"last_memory_at\":");
        tripsage__json_put_instant(buf, c->last);
    }
    TRIPSAGE__LIT(buf, ",\"limit\":");
    tripsage__buf_int(buf, TRIPSAGE__MEMORIES_MAX);
    tripsage__buf_putc(buf, '}');
}

tripsage_status tripsage_memory_stats(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor)
{
    counting c = {.types = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT),
                  .categories = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    tripsage__value user;
    const tripsage__step steps[] = {
        {&tripsage__sql_memory_types, &user, 1, begin_types, on_type, &c, NULL},
        {&tripsage__sql_memory_categories, &user, 1, begin_categories, on_category, &c, NULL}};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    user = tripsage__text(actor->user_id);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    put_stats(&doc->json, &c);
out:
    tripsage__buf_free(&c.types);
    tripsage__buf_free(&c.categories);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- statements ---- */

const tripsage__statement *const *tripsage__memory_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
        &tripsage__sql_memory_put,
        &tripsage__sql_memory_forget_old,
        &tripsage__sql_memory_by_id,
        &tripsage__sql_memory_delete,
        &tripsage__sql_memory_clear,
        &tripsage__sql_memory_types,
        &tripsage__sql_memory_categories,
        &tripsage__sql_memory_newest,
        &tripsage__sql_memory_trips,
        &tripsage__sql_memory_trip_count,
        &tripsage__sql_memory_places,
        &tripsage__sql_memory_preferences,
        &tripsage__sql_memory_preferences_drop,
        &tripsage__sql_memory_unword,
        &tripsage__sql_memory_unword_all,
        &tripsage__sql_memory_unword_old,
        &tripsage__sql_memory_unword_named,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}
