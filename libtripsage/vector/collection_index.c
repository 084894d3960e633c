/* collection_index.c: the index of a collection: how it is, and having it built.
 *
 * Where the engine has indexes of its own, it says what to do next, in its own words; it is asked again after each step, so that a build that was cut
 * off, or that somebody else began, is taken up from where it is. Where it has none, there are those of live/. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "vector_internal.h"

/* $1 collection, $2 whether to build a good one again. The last column is the next thing to do, NULL: none. */
const tripsage__statement tripsage__vector_sql_index = {
    "vector_index",
    "SELECT (SELECT count(*) FROM vector_item i WHERE i.collection_id = c.id), 'none', 0, NULL FROM vector_collection "
    "c "
    "WHERE c.name = $1",
    "SELECT x.items, x.state, x.bytes, x.work FROM vector_index($1, $2) x"};

/* 16: clearing away a broken index, and those that collections left behind; more of them wait for the next call. */
#define STEPS_MAX 16

typedef struct index_state {
    int found;
    int64_t items, bytes;
    char state[16];
    char *work;
    tripsage__live_state live; /* `word` is NULL where the engine has indexes of its own */
} index_state;

static void forget_state(void *context)
{
    index_state *s = context;

    tripsage__free(s->work);
    memset(s, 0, sizeof *s);
}

static tripsage_status take_state(void *context, const tripsage__row *row)
{
    index_state *s = context;
    const char *state = tripsage__row_text(row, 1, NULL), *work = tripsage__row_text(row, 3, NULL);

    s->found = 1;
    s->items = tripsage__row_int(row, 0);
    s->bytes = tripsage__row_int(row, 2);
    strncpy(s->state, state, sizeof s->state - 1);
    if (work && !(s->work = tripsage__strdup(work)))
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_OK;
}

/* The engine has none: in this process. */
static tripsage_status look_here(index_state *s, tripsage_vector *vector, const char *name)
{
    tripsage__collection collection;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__collection_find(&collection, vector, name));
    status = tripsage__live_look(&s->live, vector->live, &collection, s->items);
    if (status == TRIPSAGE_ENOTFOUND) { /* what was remembered is of another day */
        tripsage__collection_forget(vector, name);
        TRIPSAGE_TRY(tripsage__collection_find(&collection, vector, name));
        status = tripsage__live_look(&s->live, vector->live, &collection, s->items);
    }
    if (status == TRIPSAGE_OK) {
        strncpy(s->state, s->live.word, sizeof s->state - 1);
        s->bytes = s->live.bytes;
    }
out:
    return status;
}

static tripsage_status look(index_state *s, tripsage_vector *vector, const tripsage_actor *actor, const char *name,
                            int rebuild)
{
    const tripsage__value params[] = {tripsage__text(name), tripsage__int(rebuild != 0)};
    const tripsage__step step = {&tripsage__vector_sql_index, params, 2, forget_state, take_state, s, NULL};
    tripsage_status status = tripsage__actor_check(actor);

    if (status != TRIPSAGE_OK)
        return status;
    if (!actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role looks after indexes");
    if (name)
        status = tripsage__store_read(vector->store, actor, &step, 1);
    if (status == TRIPSAGE_OK && !s->found)
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such collection");
    if (status == TRIPSAGE_OK && vector->live)
        status = look_here(s, vector, name);
    return status;
}

static int needs_build(const index_state *s)
{
    return strcmp(s->state, "missing") == 0 || strcmp(s->state, "broken") == 0;
}

static void put_live(tripsage__buf *out, const tripsage__live_state *s)
{
    int is_ready = strcmp(s->word, "ready") == 0;

    if (is_ready)
        tripsage__buf_printf(out, ",\"from\":\"%s\",\"pending\":%lld", s->is_from_file ? "snapshot" : "rows",
                             (long long)s->pending);
    if (strcmp(s->word, "building") == 0)
        tripsage__buf_printf(out, ",\"done\":%lld,\"total\":%lld", (long long)s->done, (long long)s->total);
    if (*s->reason) {
        TRIPSAGE__LIT(out, ",\"reason\":");
        tripsage__json_put_string(out, s->reason);
    }
}

static tripsage_status put_state(tripsage_doc **out, const index_state *s, const char *name)
{
    tripsage_doc *doc = NULL;
    tripsage_status status = tripsage__doc_new(&doc, 256);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(&doc->json, "{\"collection\":");
    tripsage__json_put_string(&doc->json, name);
    tripsage__buf_printf(&doc->json, ",\"items\":%lld,\"index\":\"%s\",\"bytes\":%lld,\"needs_build\":%s",
                         (long long)s->items, s->state, (long long)s->bytes, needs_build(s) ? "true" : "false");
    if (s->live.word)
        put_live(&doc->json, &s->live);
    tripsage__buf_putc(&doc->json, '}');
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_vector_index(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                      const char *collection)
{
    index_state s = {0};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(look(&s, vector, actor, collection, 0));
    status = put_state(out, &s, collection);
out:
    forget_state(&s);
    return status;
}

static tripsage_status build_here(index_state *s, tripsage_vector *vector, const tripsage_actor *actor,
                                  const char *name, int rebuild, tripsage_vector_progress_fn progress, void *user)
{
    tripsage__collection collection;
    tripsage_status status = TRIPSAGE_OK;

    if (!needs_build(s) && !(rebuild && strcmp(s->state, "ready") == 0))
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__collection_find(&collection, vector, name));
    TRIPSAGE_TRY(tripsage__live_build(vector->live, &collection, progress, user));
    status = look(s, vector, actor, name, 0);
out:
    return status;
}

tripsage_status tripsage_vector_index_build(tripsage_doc **out, tripsage_vector *vector, const tripsage_actor *actor,
                                            const char *collection, int rebuild, tripsage_vector_progress_fn progress,
                                            void *user)
{
    index_state s = {0};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(look(&s, vector, actor, collection, rebuild));
    if (vector->live)
        TRIPSAGE_TRY(build_here(&s, vector, actor, collection, rebuild, progress, user));
    for (int i = 0; s.work && i < STEPS_MAX; i++) {
        /* Built just now, or asked to be: once is enough. */
        rebuild = rebuild && strcmp(s.state, "ready") != 0 && strcmp(s.state, "missing") != 0;
        TRIPSAGE_TRY(tripsage__store_maintain(vector->store, s.work, progress, user));
        TRIPSAGE_TRY(look(&s, vector, actor, collection, rebuild));
    }
    status = put_state(out, &s, collection);
out:
    forget_state(&s);
    return status;
}
