/* maintain.c: upkeep of all that a handle has: first what is wrong is found, then it is built anew where it can be made of the rest, then
 * the engine tends its space and indexes, then the indexes of vectors follow; at the end what is still wrong is told. */
#include <stdio.h>
#include <string.h>
#include <tripsage/maintenance.h>

#include "base/doc.h"
#include "base/memory.h"
#include "handle.h"

typedef struct upkeep {
    tripsage *ts;
    const tripsage_maintain_options *options;
    tripsage__upkeep store;
    tripsage__buf problems, vectors;
    size_t found, left; /* problems: before, and after */
} upkeep;

static void say_phase(const upkeep *u, const char *phase)
{
    if (u->options->progress)
        u->options->progress(u->options->user, phase, 0, 0);
}

/* ---- the stored data ---- */

/* What is wrong now, in the place of what was. */
static tripsage_status check(upkeep *u, tripsage__buf *problems, size_t *count)
{
    problems->size = 0;
    *count = 0;
    say_phase(u, "check");
    return tripsage__handle_check(problems, count, u->ts);
}

/* The search index of trips, where it is not what the records make of it. */
static tripsage_status repair_search(upkeep *u, const tripsage__buf *problems)
{
    tripsage_status status;

    if (!strstr(problems->data, "search index") || !tripsage__store_has_fts5(u->ts->store))
        return TRIPSAGE_OK;
    say_phase(u, "rebuild");
    status = tripsage__trips_reindex(u->ts->trips);
    if (status == TRIPSAGE_OK)
        tripsage__upkeep_say(&u->store.done, "the search index of trips was made anew of the records");
    return status;
}

/* After the engine has built its indexes anew, their rows can be compared with the records, and made anew as well. What is damaged otherwise
 * comes from a backup. */
static tripsage_status repair(upkeep *u)
{
    tripsage__buf problems = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    TRIPSAGE_TRY(check(u, &problems, &u->left));
    if (u->left) {
        TRIPSAGE_TRY(repair_search(u, &problems));
        status = check(u, &problems, &u->left);
    }
out:
    tripsage__buf_free(&problems);
    return status;
}

/* ---- indexes of vectors ---- */

static tripsage_status tend_collection(upkeep *u, const tripsage_actor *service, const char *name)
{
    tripsage_doc *state = NULL, *built = NULL;
    int reindex = (u->options->upkeep & TRIPSAGE_UPKEEP_REINDEX) != 0, was_broken, rebuilt = 0;
    const char *word;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage_vector_index(&state, u->ts->vector, service, name));
    TRIPSAGE_TRY(tripsage__doc_read(state));
    word = tripsage_doc_text(state, "/index");
    was_broken = word && (strcmp(word, "broken") == 0 || strcmp(word, "missing") == 0);
    if (word && strcmp(word, "none") != 0 && (reindex || (was_broken && u->options->upkeep & TRIPSAGE_UPKEEP_REPAIR))) {
        TRIPSAGE_TRY(tripsage_vector_index_build(&built, u->ts->vector, service, name, reindex, u->options->progress,
                                                 u->options->user));
        TRIPSAGE_TRY(tripsage__doc_read(built));
        rebuilt = 1;
        word = tripsage_doc_text(built, "/index");
    }
    tripsage__buf_puts(&u->vectors, u->vectors.size ? ",{\"collection\":" : "{\"collection\":");
    tripsage__json_put_string(&u->vectors, name);
    tripsage__buf_printf(&u->vectors, ",\"state\":\"%s\",\"items\":%lld,\"rebuilt\":%s}", word ? word : "none",
                         (long long)tripsage_doc_int(state, "/items", 0), rebuilt ? "true" : "false");
    if (word && strcmp(word, "broken") == 0) {
        u->left++;
        tripsage__upkeep_say(&u->problems, "the index of the collection %s is broken", name);
    }
out:
    tripsage_doc_free(state);
    tripsage_doc_free(built);
    return status;
}

static tripsage_status tend_vectors(upkeep *u)
{
    tripsage_actor *service = NULL;
    tripsage_doc *all = NULL;
    tripsage_status status;

    if (!(u->options->upkeep & (TRIPSAGE_UPKEEP_CHECK | TRIPSAGE_UPKEEP_REPAIR | TRIPSAGE_UPKEEP_REINDEX)))
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage_actor_service(&service));
    TRIPSAGE_TRY(tripsage_vector_collections(&all, u->ts->vector, service));
    TRIPSAGE_TRY(tripsage__doc_read(all));
    for (size_t i = 0; i < tripsage_doc_count(all, "/items") && status == TRIPSAGE_OK; i++) {
        char pointer[40];

        snprintf(pointer, sizeof pointer, "/items/%zu/name", i);
        status = tend_collection(u, service, tripsage_doc_text(all, pointer));
    }
out:
    tripsage_doc_free(all);
    tripsage_actor_free(service);
    return status;
}

/* ---- the report ---- */

static void put_list(tripsage__buf *json, const char *name, const tripsage__buf *list)
{
    tripsage__buf_printf(json, ",\"%s\":[", name);
    tripsage__buf_put(json, list->data, list->size);
    TRIPSAGE__LIT(json, "]");
}

static tripsage_status put_report(tripsage_doc **out, const upkeep *u)
{
    const tripsage__buf *const lists[] = {&u->problems,     &u->store.done,    &u->store.hints,
                                          &u->store.tables, &u->store.indexes, &u->vectors};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        TRIPSAGE_TRY(tripsage__buf_status(lists[i]));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    tripsage__buf_printf(&doc->json, "{\"ok\":%s,\"engine\":\"%s\",\"bytes\":%lld,\"free_bytes\":%lld",
                         u->left ? "false" : "true", tripsage__store_engine(u->ts->store), (long long)u->store.bytes,
                         (long long)u->store.free_bytes);
    put_list(&doc->json, "problems", &u->problems);
    put_list(&doc->json, "done", &u->store.done);
    put_list(&doc->json, "hints", &u->store.hints);
    put_list(&doc->json, "vectors", &u->vectors);
    if (u->store.tables.size) {
        put_list(&doc->json, "tables", &u->store.tables);
        put_list(&doc->json, "indexes", &u->store.indexes);
    }
    TRIPSAGE__LIT(&doc->json, "}");
out:
    return tripsage__doc_finish(out, doc, status);
}

static tripsage_status keep_up(upkeep *u)
{
    unsigned what = u->store.what = u->options->upkeep;
    tripsage_status status;

    if (what & (TRIPSAGE_UPKEEP_CHECK | TRIPSAGE_UPKEEP_REPAIR))
        TRIPSAGE_TRY(check(u, &u->problems, &u->found));
    u->left = u->found;
    TRIPSAGE_TRY(tripsage__store_upkeep(u->ts->store, &u->store));
    if (u->found && what & TRIPSAGE_UPKEEP_REPAIR)
        TRIPSAGE_TRY(repair(u));
    status = tend_vectors(u);
out:
    return status;
}

tripsage_status tripsage_maintain(tripsage_doc **out, tripsage *ts, const tripsage_maintain_options *options)
{
    static const tripsage_maintain_options standard = TRIPSAGE_MAINTAIN_OPTIONS_INIT;
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    upkeep u;
    tripsage_status status;

    if (!out || !ts)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_maintain needs a place for the document, and a handle");
    *out = NULL;
    options = options ? options : &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_MAINTAIN_OPTIONS_INIT",
                                   options->version);
    memset(&u, 0, sizeof u);
    u.ts = ts;
    u.options = options;
    u.problems = u.vectors = u.store.done = u.store.hints = u.store.tables = u.store.indexes = empty;
    u.store.progress = options->progress;
    u.store.context = options->user;
    TRIPSAGE_TRY(keep_up(&u));
    status = put_report(out, &u);
out:
    tripsage__buf_free(&u.problems);
    tripsage__buf_free(&u.vectors);
    tripsage__buf_free(&u.store.done);
    tripsage__buf_free(&u.store.hints);
    tripsage__buf_free(&u.store.tables);
    tripsage__buf_free(&u.store.indexes);
    return status;
}
