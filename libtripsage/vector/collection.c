/* collection.c: collections: making, deleting, listing, and remembering what they are. */
#include <string.h>

#include "base/error.h"
#include "vector_internal.h"

const tripsage__statement tripsage__vector_sql_collection_make = {
    "vector_collection_make",
    "INSERT INTO vector_collection (name, dimensions, metric, embedder, created_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (name) DO NOTHING",
    NULL};
const tripsage__statement tripsage__vector_sql_collection_read = {
    "vector_collection_read", "SELECT name, dimensions, metric, embedder FROM vector_collection WHERE name = $1", NULL};
const tripsage__statement tripsage__vector_sql_collection_delete = {
    "vector_collection_delete", "DELETE FROM vector_collection WHERE name = $1", NULL};
const tripsage__statement tripsage__vector_sql_collection_id = {
    "vector_collection_id_of", "SELECT id FROM vector_collection WHERE name = $1", NULL};
const tripsage__statement tripsage__vector_sql_collection_empty = {
    "vector_collection_empty", "DELETE FROM vector_item WHERE collection_id = " TRIPSAGE__SQL_COLLECTION, NULL};
const tripsage__statement tripsage__vector_sql_collection_outdate = {
    "vector_collection_outdate",
    "DELETE FROM vector_collection WHERE name = $1 AND NOT (dimensions = $2 AND metric = $3 AND embedder = $4)", NULL};
/* Before its items go, by either of the two; $1 the name. */
const tripsage__statement tripsage__vector_sql_collection_unindex = {
    "vector_collection_unindex",
    TRIPSAGE__SQL_FORGET_WORDS
    "vector_text t WHERE t.collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = $1)",
    ""};
const tripsage__statement tripsage__vector_sql_collection_list = {
    "vector_collection_list",
    "SELECT c.name, c.dimensions, c.metric, c.embedder, (SELECT count(*) FROM vector_item i WHERE i.collection_id = "
    "c.id "
    "AND i.owner_id IN ('', $1)) FROM vector_collection c ORDER BY c.name",
    NULL};
const tripsage__statement tripsage__vector_sql_collection_list_service = {
    "vector_collection_list_service",
    "SELECT c.name, c.dimensions, c.metric, c.embedder, (SELECT count(*) FROM vector_item i WHERE i.collection_id = "
    "c.id) "
    "FROM vector_collection c ORDER BY c.name",
    NULL};

/* ---- as steps ---- */

void tripsage__collection_values(tripsage__value out[4], const tripsage__collection *collection)
{
    out[0] = tripsage__text(collection->name);
    out[1] = tripsage__int(collection->dimensions);
    out[2] = tripsage__int(collection->metric);
    out[3] = tripsage__text(collection->embedder);
}

tripsage__step tripsage__collection_make_step(tripsage__collection_params *params,
                                              const tripsage__collection *collection, int64_t now_ms)
{
    tripsage__step step = {&tripsage__vector_sql_collection_make, params->values, 5, NULL, NULL, NULL, NULL};

    tripsage__collection_values(params->values, collection);
    params->values[4] = tripsage__int(now_ms);
    return step;
}

tripsage__step tripsage__collection_outdate_step(tripsage__collection_params *params,
                                                 const tripsage__collection *collection)
{
    tripsage__step step = {&tripsage__vector_sql_collection_outdate, params->values, 4, NULL, NULL, NULL, NULL};

    tripsage__collection_values(params->values, collection);
    return step;
}

void tripsage__collection_empty_steps(tripsage__collection_params *params, const tripsage__collection *collection,
                                      tripsage__step out[TRIPSAGE__COLLECTION_EMPTY_STEPS])
{
    const tripsage__step unindex = {
        &tripsage__vector_sql_collection_unindex, params->values, 1, NULL, NULL, NULL, NULL};
    const tripsage__step empty = {&tripsage__vector_sql_collection_empty, params->values, 4, NULL, NULL, NULL, NULL};

    tripsage__collection_values(params->values, collection);
    out[0] = unindex;
    out[1] = empty;
}

/* ---- what a collection is ---- */

typedef struct reading {
    tripsage__collection collection;
    int found;
} reading;

static void forget_reading(void *context)
{
    ((reading *)context)->found = 0;
}

/* 0 when it does not fit: nothing this library wrote. */
static int copy_text(char *out, size_t capacity, const tripsage__row *row, int column)
{
    size_t size = 0;
    const char *text = tripsage__row_text(row, column, &size);

    if (!text || size >= capacity)
        return 0;
    memcpy(out, text, size + 1);
    return 1;
}

static tripsage_status take_collection(void *context, const tripsage__row *row)
{
    reading *r = context;
    tripsage__collection *c = &r->collection;

    if (!copy_text(c->name, sizeof c->name, row, 0) || !copy_text(c->embedder, sizeof c->embedder, row, 3))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a vector collection has a name that is too long");
    c->dimensions = (uint32_t)tripsage__row_int(row, 1);
    c->metric = (tripsage_metric)tripsage__row_int(row, 2);
    r->found = 1;
    return TRIPSAGE_OK;
}

static int recall(tripsage__collection *out, tripsage_vector *vector, const char *name)
{
    int found = 0;

    pthread_mutex_lock(&vector->lock);
    for (size_t i = 0; i < TRIPSAGE__COLLECTIONS_REMEMBERED && !found; i++)
        if (strcmp(vector->remembered[i].name, name) == 0) {
            *out = vector->remembered[i];
            found = 1;
        }
    pthread_mutex_unlock(&vector->lock);
    return found;
}

static void remember(tripsage_vector *vector, const tripsage__collection *collection)
{
    pthread_mutex_lock(&vector->lock);
    vector->remembered[vector->remembered_count++ % TRIPSAGE__COLLECTIONS_REMEMBERED] = *collection;
    pthread_mutex_unlock(&vector->lock);
}

void tripsage__collection_forget(tripsage_vector *vector, const char *name)
{
    if (!name)
        return;
    pthread_mutex_lock(&vector->lock);
    for (size_t i = 0; i < TRIPSAGE__COLLECTIONS_REMEMBERED; i++)
        if (strcmp(vector->remembered[i].name, name) == 0)
            vector->remembered[i].name[0] = '\0';
    pthread_mutex_unlock(&vector->lock);
}

int tripsage__collection_is_of_another_day(tripsage_status status)
{
    return status == TRIPSAGE_ENOTFOUND || status == TRIPSAGE_EINVALID;
}

static int is_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length >= 1 && length <= TRIPSAGE__COLLECTION_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

tripsage_status tripsage__collection_find(tripsage__collection *out, tripsage_vector *vector, const char *name)
{
    tripsage__value param = tripsage__text(name);
    reading r;
    const tripsage__step step = {
        &tripsage__vector_sql_collection_read, &param, 1, forget_reading, take_collection, &r, NULL};
    tripsage_status status;

    if (!is_name(name))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such collection");
    if (recall(out, vector, name))
        return TRIPSAGE_OK;
    status = tripsage__store_read(vector->store, NULL, &step, 1);
    if (status != TRIPSAGE_OK)
        return status;
    if (!r.found)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no collection %s", name);
    remember(vector, &r.collection);
    *out = r.collection;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__collection_check_changeable(const char *name)
{
    if (name && strcmp(name, TRIPSAGE__COLLECTION_CATALOGUE) == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "collection %s is the catalogue's: it can only be searched", name);
    if (name && strcmp(name, TRIPSAGE__COLLECTION_TRIPS) == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "collection %s follows the trips: it can only be searched", name);
    return TRIPSAGE_OK;
}

/* ---- public calls ---- */

static tripsage_status check_service(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role makes and deletes collections");
    return status;
}

static tripsage_status describe(tripsage__collection *out, tripsage_vector *vector, const char *name,
                                uint32_t dimensions, tripsage_metric metric, const char *embedder)
{
    const tripsage_embedder *known;

    memset(out, 0, sizeof *out);
    if (!is_name(name))
        return TRIPSAGE_FAIL_FIELD("#name", "expected 1 to %d of a-z, 0-9, _ and -", TRIPSAGE__COLLECTION_NAME_MAX);
    if (dimensions < 1 || dimensions > TRIPSAGE_VECTOR_DIMENSIONS_MAX)
        return TRIPSAGE_FAIL_FIELD("#dimensions", "expected 1 to %u", TRIPSAGE_VECTOR_DIMENSIONS_MAX);
    if (metric != TRIPSAGE_COSINE && metric != TRIPSAGE_INNER_PRODUCT && metric != TRIPSAGE_L2)
        return TRIPSAGE_FAIL_FIELD("#metric", "expected cosine, inner product or L2");
    if (embedder && (!*embedder || strlen(embedder) > TRIPSAGE__EMBEDDER_NAME_MAX ||
                     !tripsage__utf8_valid(embedder, strlen(embedder))))
        return TRIPSAGE_FAIL_FIELD("#embedder", "expected 1 to %d bytes of UTF-8", TRIPSAGE__EMBEDDER_NAME_MAX);
    known = embedder ? tripsage_vector_embedder(vector, embedder) : NULL;
    if (known && dimensions != tripsage_embedder_dimensions(known))
        return TRIPSAGE_FAIL_FIELD("#dimensions", "%s makes vectors of %u", embedder,
                                   tripsage_embedder_dimensions(known));
    strcpy(out->name, name);
    out->dimensions = dimensions;
    out->metric = metric;
    strcpy(out->embedder, embedder ? embedder : "");
    return TRIPSAGE_OK;
}

tripsage_status tripsage_vector_collection_create(tripsage_vector *vector, const tripsage_actor *actor,
                                                  const char *name, uint32_t dimensions, tripsage_metric metric,
                                                  const char *embedder)
{
    tripsage__collection wanted;
    tripsage__collection_params params;
    reading r;
    tripsage__step steps[2] = {
        {&tripsage__vector_sql_collection_make, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__vector_sql_collection_read, params.values, 1, forget_reading, take_collection, &r, NULL}};
    tripsage_status status;

    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__collection_check_changeable(name));
    TRIPSAGE_TRY(describe(&wanted, vector, name, dimensions, metric, embedder));
    steps[0] = tripsage__collection_make_step(&params, &wanted, tripsage__now_ms(vector->env));
    TRIPSAGE_TRY(tripsage__store_write(vector->store, actor, steps, 2));
    if (r.collection.dimensions != dimensions || r.collection.metric != metric ||
        strcmp(r.collection.embedder, wanted.embedder) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXISTS, "collection %s exists with other properties", name);
out:
    return status;
}

static void forget_id(void *context)
{
    *(int64_t *)context = 0;
}

static tripsage_status take_id(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

tripsage_status tripsage_vector_collection_delete(tripsage_vector *vector, const tripsage_actor *actor,
                                                  const char *name)
{
    tripsage__value param = tripsage__text(name);
    int64_t id = 0;
    const tripsage__step steps[] = {
        {&tripsage__vector_sql_collection_id, &param, 1, forget_id, take_id, &id, NULL},
        {&tripsage__vector_sql_collection_unindex, &param, 1, NULL, NULL, NULL, NULL},
        {&tripsage__vector_sql_collection_delete, &param, 1, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    TRIPSAGE_TRY(check_service(actor));
    TRIPSAGE_TRY(tripsage__collection_check_changeable(name));
    if (!is_name(name))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such collection");
    TRIPSAGE_TRY(tripsage__store_write(vector->store, actor, steps, 3));
    tripsage__collection_forget(vector, name);
    if (!id)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no collection %s", name);
    tripsage__live_deleted(vector->live, id);
out:
    return status;
}

static const char *metric_word(int64_t metric)
{
    return metric == TRIPSAGE_COSINE ? "cosine" : metric == TRIPSAGE_INNER_PRODUCT ? "inner_product" : "l2";
}

static tripsage_status put_collection(void *context, const tripsage__row *row)
{
    tripsage__buf *out = context;
    size_t size;
    const char *text = tripsage__row_text(row, 0, &size);

    tripsage__buf_puts(out, out->size ? ",{\"name\":" : "{\"name\":");
    tripsage__json_put_text(out, text, size);
    TRIPSAGE__LIT(out, ",\"dimensions\":");
    tripsage__buf_int(out, tripsage__row_int(row, 1));
    tripsage__buf_printf(out, ",\"metric\":\"%s\",\"embedder\":", metric_word(tripsage__row_int(row, 2)));
    text = tripsage__row_text(row, 3, &size);
    tripsage__json_put_text(out, size ? text : NULL, size);
    TRIPSAGE__LIT(out, ",\"count\":");
    tripsage__buf_int(out, tripsage__row_int(row, 4));
    tripsage__buf_putc(out, '}');
    return tripsage__buf_status(out);
}

tripsage_status tripsage_vector_collections(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor)
{
    tripsage__buf rows = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__value param;
    tripsage__step step = {&tripsage__vector_sql_collection_list, &param, 1, NULL, put_collection, &rows, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_VECTORS_READ));
    param = tripsage__text(actor->user_id);
    if (actor->is_service) {
        step.statement = &tripsage__vector_sql_collection_list_service;
        step.param_count = 0;
    }
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    TRIPSAGE_TRY(tripsage__store_read(vector->store, actor, &step, 1));
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    tripsage__buf_put(&doc->json, rows.data, rows.size);
    TRIPSAGE__LIT(&doc->json, "]}");
out:
    tripsage__buf_free(&rows);
    return tripsage__doc_finish(out, doc, status);
}
