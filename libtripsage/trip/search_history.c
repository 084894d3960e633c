/* search_history.c: what a user searched for: saved, noted, counted. */
#include <string.h>

#include <stdio.h>

#include "listing.h"
#include "searches.h"
#include "vector/vector.h"

/* 100: further back nobody looks. */
#define NOTED_MAX 100
/* 200: a list nobody reads to its end. */
#define SAVED_MAX 200
/* 90 days: a quarter, to compare one with. */
#define TALLIED_DAYS 90

/* $1 id, $2 user, $3 digest, $4 query, $5 request, $6 now */
#define ENTER "INSERT INTO search_entry (id, user_id, digest, query, request, times, searched_at, saved_at) "
static const tripsage__statement sql_note = {
    "search_note",
    ENTER "VALUES ($1, $2, $3, $4, $5, 1, $6, NULL) ON CONFLICT (user_id, digest) DO UPDATE SET times = "
          "search_entry.times + 1, searched_at = excluded.searched_at",
    NULL};
/* $7 how many may be saved */
static const tripsage__statement sql_save = {
    "search_save",
    ENTER "SELECT $1, $2, $3, $4, $5, 0, $6, $6 WHERE (SELECT count(*) FROM search_entry s WHERE s.user_id = $2 AND "
          "s.saved_at IS NOT NULL AND s.digest <> $3) < $7 "
          "ON CONFLICT (user_id, digest) DO UPDATE SET saved_at = excluded.saved_at",
    NULL};
static const tripsage__statement sql_saved_id = {
    "search_saved_id", "SELECT id FROM search_entry WHERE user_id = $2 AND digest = $3 AND saved_at IS NOT NULL", NULL};
/* $1 user, $2 how many stay. PostgreSQL gathers the ids first, and asks for them once. */
#define OLD(limit)                                                                                                     \
    "SELECT e.id FROM search_entry e WHERE e.user_id = $1 AND e.saved_at IS NULL ORDER BY e.searched_at DESC, e.id "   \
    "DESC " limit "OFFSET $2"
static const tripsage__statement sql_forget_old = {
    "search_forget_old", "DELETE FROM search_entry WHERE user_id = $1 AND id IN (" OLD("LIMIT -1 ") ")",
    "DELETE FROM search_entry WHERE user_id = $1 AND id = ANY (ARRAY(" OLD("") "))"};
/* $1 user, $2 limit */
#define LIST(only)                                                                                                     \
    "SELECT e.id, e.query, e.request, e.times, e.searched_at, e.saved_at FROM search_entry e WHERE e.user_id = "       \
    "$1 " only "ORDER BY e.searched_at DESC, e.id DESC LIMIT $2"
static const tripsage__statement sql_recent = {"search_recent", LIST(""), NULL};
static const tripsage__statement sql_recent_saved = {"search_recent_saved", LIST("AND e.saved_at IS NOT NULL "), NULL};
/* $1 user, $2 id */
static const tripsage__statement sql_delete = {"search_delete",
                                               "DELETE FROM search_entry WHERE user_id = $1 AND id = $2", NULL};
/* $1 user, $2 day, $3 query, $4 hits */
static const tripsage__statement sql_tally = {
    "search_tally",
    "INSERT INTO search_tally (user_id, day, query, searches, hits) VALUES ($1, $2, $3, 1, $4) "
    "ON CONFLICT (user_id, day, query) DO UPDATE SET searches = search_tally.searches + 1, hits = search_tally.hits + "
    "excluded.hits",
    NULL};
/* $1 user, $2 the first day that stays */
static const tripsage__statement sql_tally_old = {"search_tally_old",
                                                  "DELETE FROM search_tally WHERE user_id = $1 AND day < $2", NULL};
/* $1 user, $2 day */
static const tripsage__statement sql_tally_sum = {
    "search_tally_sum",
    "SELECT CAST(COALESCE(sum(t.searches), 0) AS bigint), CAST(COALESCE(sum(t.hits), 0) AS bigint) FROM search_tally t "
    "WHERE t.user_id = $1 AND t.day = $2",
    NULL};
static const tripsage__statement sql_tally_popular = {
    "search_tally_popular",
    "SELECT t.query, t.searches FROM search_tally t WHERE t.user_id = $1 AND t.day = $2 ORDER BY t.searches DESC, "
    "t.query LIMIT 10",
    NULL};

const tripsage__statement *const *tripsage__searches_statements(size_t *count)
{
    static const tripsage__statement *const all[] = {
        &sql_note,   &sql_save,  &sql_saved_id,  &sql_forget_old, &sql_recent,        &sql_recent_saved,
        &sql_delete, &sql_tally, &sql_tally_old, &sql_tally_sum,  &sql_tally_popular,
    };

    *count = sizeof all / sizeof all[0];
    return all;
}

static tripsage_status check_actor(const tripsage_actor *actor, uint32_t scope)
{
    tripsage_status status = tripsage__actor_check_scope(actor, scope);

    if (status == TRIPSAGE_OK && actor->is_service)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "the service role keeps no searches");
    return status;
}

/* ---- notes ---- */

/* The words of a query, in lower case and without marks; of one without words the query itself. */
static void put_words(tripsage__buf *out, const char *query)
{
    tripsage__words words;
    tripsage__word word;

    tripsage__words_begin(&words, query, strlen(query));
    while (tripsage__words_next(&words, &word)) {
        if (out->size)
            tripsage__buf_putc(out, ' ');
        tripsage__buf_put(out, word.text, word.length);
    }
    if (!out->size)
        tripsage__buf_puts(out, query);
}

tripsage_status tripsage__search_note_init(tripsage__search_note *note, tripsage_trips *trips,
                                           const tripsage__search_request *q)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    memset(note, 0, sizeof *note);
    note->request = note->words = empty;
    note->query = q->query;
    tripsage__json_put(&note->request, q->reader.root);
    put_words(&note->words, q->query);
    TRIPSAGE_TRY(tripsage__buf_status(&note->request));
    TRIPSAGE_TRY(tripsage__buf_status(&note->words));
    TRIPSAGE_TRY(tripsage__uuid7(trips->env, note->id));
    TRIPSAGE_TRY(tripsage__sha256(digest, note->request.data, note->request.size));
    tripsage__hex(note->digest, digest, sizeof digest);
out:
    return status;
}

void tripsage__search_note_free(tripsage__search_note *note)
{
    tripsage__buf_free(&note->request);
    tripsage__buf_free(&note->words);
}

enum { ENTRY_PARAMS = 7, TALLY_PARAMS = 4 };

/* $1..$6 of an entry. */
static void bind_entry(tripsage__value params[ENTRY_PARAMS], const tripsage__search_note *note,
                       const tripsage_actor *actor, int64_t now_ms)
{
    params[0] = tripsage__text(note->id);
    params[1] = tripsage__text(actor->user_id);
    params[2] = tripsage__text(note->digest);
    params[3] = tripsage__text(note->query);
    params[4] = tripsage__textn(note->request.data, note->request.size);
    params[5] = tripsage__int(now_ms);
    params[6] = tripsage__int(SAVED_MAX);
}

tripsage_status tripsage__search_notes_write(tripsage_trips *trips, const tripsage_actor *actor,
                                             const tripsage__search_note *notes, size_t count)
{
    tripsage__value entries[TRIPSAGE__SEARCH_BULK_MAX][ENTRY_PARAMS], tallies[TRIPSAGE__SEARCH_BULK_MAX][TALLY_PARAMS];
    tripsage__value old[2], old_tally[2];
    tripsage__step steps[2 * TRIPSAGE__SEARCH_BULK_MAX + 2];
    const tripsage__step forget = {&sql_forget_old, old, 2, NULL, NULL, NULL, NULL};
    const tripsage__step forget_tally = {&sql_tally_old, old_tally, 2, NULL, NULL, NULL, NULL};
    char today[TRIPSAGE__DATE_SIZE], first[TRIPSAGE__DATE_SIZE];
    int64_t now_ms = tripsage__now_ms(trips->env);
    size_t n = 0;

    tripsage__today(today, trips);
    tripsage__date_format((int32_t)(now_ms / INT64_C(86400000)) - TALLIED_DAYS, first);
    for (size_t i = 0; i < count; i++) {
        const tripsage__step enter = {&sql_note, entries[i], 6, NULL, NULL, NULL, NULL};
        const tripsage__step tally = {&sql_tally, tallies[i], TALLY_PARAMS, NULL, NULL, NULL, NULL};

        bind_entry(entries[i], &notes[i], actor, now_ms);
        tallies[i][0] = tripsage__text(actor->user_id);
        tallies[i][1] = tripsage__text(today);
        tallies[i][2] = tripsage__textn(notes[i].words.data, notes[i].words.size);
        tallies[i][3] = tripsage__int(notes[i].hit);
        steps[n++] = enter;
        steps[n++] = tally;
    }
    old[0] = old_tally[0] = tripsage__text(actor->user_id);
    old[1] = tripsage__int(NOTED_MAX);
    old_tally[1] = tripsage__text(first);
    steps[n++] = forget;
    steps[n++] = forget_tally;
    return tripsage__store_write(trips->store, actor, steps, n);
}

/* ---- saving ---- */

static void begin_id(void *context)
{
    *(char *)context = '\0';
}

static tripsage_status on_id(void *context, const tripsage__row *row)
{
    snprintf(context, TRIPSAGE__UUID_SIZE, "%s", tripsage__row_text(row, 0, NULL));
    return TRIPSAGE_OK;
}

static tripsage_status save(char id[TRIPSAGE__UUID_SIZE], tripsage_trips *trips, const tripsage_actor *actor,
                            const tripsage__search_note *note)
{
    tripsage__value params[ENTRY_PARAMS];
    const tripsage__step steps[] = {{&sql_save, params, ENTRY_PARAMS, NULL, NULL, NULL, NULL},
                                    {&sql_saved_id, params, 3, begin_id, on_id, id, NULL}};
    tripsage_status status;

    bind_entry(params, note, actor, tripsage__now_ms(trips->env));
    status = tripsage__store_write(trips->store, actor, steps, 2);
    if (status == TRIPSAGE_OK && !id[0])
        status = TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "there are %d saved searches: let go of one first", SAVED_MAX);
    return status;
}

tripsage_status tripsage_search_save(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *json, size_t length)
{
    tripsage__search_request q;
    tripsage__search_note note;
    char id[TRIPSAGE__UUID_SIZE] = "";
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    memset(&q, 0, sizeof q);
    memset(&note, 0, sizeof note);
    TRIPSAGE_TRY(check_actor(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__search_request_read(&q, json, length));
    TRIPSAGE_TRY(tripsage__search_note_init(&note, trips, &q));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    TRIPSAGE_TRY(save(id, trips, actor, &note));
    tripsage__buf_printf(&doc->json, "{\"id\":\"%s\",\"message\":\"the search is saved\"}", id);
out:
    tripsage__search_note_free(&note);
    tripsage__search_request_free(&q);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_search_unsave(tripsage_trips *trips, const tripsage_actor *actor, const char *search_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__value params[2];
    int64_t changes = 0;
    const tripsage__step step = {&sql_delete, params, 2, NULL, NULL, NULL, &changes};
    tripsage_status status;

    TRIPSAGE_TRY(check_actor(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    if (!search_id || !tripsage__uuid_parse(search_id, id))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such search");
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__text(id);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, &step, 1));
    if (changes == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such search");
out:
    return status;
}

/* ---- listing ---- */

static void put_text(tripsage__buf *buf, const char *name, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_puts(buf, name);
    tripsage__json_put_text(buf, text, size);
}

static tripsage_status on_entry(void *context, const tripsage__row *row)
{
    tripsage__listing *l = context;

    tripsage__listing_next(l);
    put_text(l->json, "{\"id\":", row, 0);
    put_text(l->json, ",\"query\":", row, 1);
    TRIPSAGE__LIT(l->json, ",\"request\":");
    tripsage__buf_puts(l->json, tripsage__row_text(row, 2, NULL));
    TRIPSAGE__LIT(l->json, ",\"times\":");
    tripsage__buf_int(l->json, tripsage__row_int(row, 3));
    TRIPSAGE__LIT(l->json, ",\"searched_at\":");
    tripsage__json_put_instant(l->json, tripsage__row_int(row, 4));
    if (tripsage__row_is_null(row, 5)) {
        TRIPSAGE__LIT(l->json, ",\"saved\":false}");
    } else {
        TRIPSAGE__LIT(l->json, ",\"saved\":true,\"saved_at\":");
        tripsage__json_put_instant(l->json, tripsage__row_int(row, 5));
        tripsage__buf_putc(l->json, '}');
    }
    return tripsage__buf_status(l->json);
}

tripsage_status tripsage_search_recent(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                       uint32_t limit, int saved_only)
{
    tripsage__listing l;
    tripsage__value params[2];
    const tripsage__step step = {
        saved_only ? &sql_recent_saved : &sql_recent, params, 2, tripsage__listing_begin, on_entry, &l, NULL};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check_actor(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    if (limit > 100)
        return TRIPSAGE_FAIL_FIELD("#limit", "expected 1 to 100");
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    tripsage__listing_open(&l, &doc->json, "{\"items\":[");
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__int(limit ? limit : 20);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
    tripsage__listing_close(&l, "]");
out:
    return tripsage__doc_finish(out, doc, status);
}

/* ---- counting ---- */

typedef struct counting {
    int64_t searches, hits;
    tripsage__buf popular; /* elements of an array */
} counting;

static void begin_sum(void *context)
{
    counting *c = context;

    c->searches = c->hits = 0;
}

static tripsage_status on_sum(void *context, const tripsage__row *row)
{
    counting *c = context;

    c->searches = tripsage__row_int(row, 0);
    c->hits = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static void begin_popular(void *context)
{
    ((counting *)context)->popular.size = 0;
}

static tripsage_status on_popular(void *context, const tripsage__row *row)
{
    tripsage__buf *buf = &((counting *)context)->popular;

    put_text(buf, buf->size ? ",{\"query\":" : "{\"query\":", row, 0);
    TRIPSAGE__LIT(buf, ",\"count\":");
    tripsage__buf_int(buf, tripsage__row_int(row, 1));
    tripsage__buf_putc(buf, '}');
    return tripsage__buf_status(buf);
}

static void put_analytics(tripsage__buf *buf, const counting *c, const char *day)
{
    double rate = c->searches ? (double)c->hits / (double)c->searches : 0.0;

    tripsage__buf_printf(buf, "{\"date\":\"%s\",\"total_searches\":", day);
    tripsage__buf_int(buf, c->searches);
    TRIPSAGE__LIT(buf, ",\"cache_hits\":");
    tripsage__buf_int(buf, c->hits);
    TRIPSAGE__LIT(buf, ",\"cache_misses\":");
    tripsage__buf_int(buf, c->searches - c->hits);
    TRIPSAGE__LIT(buf, ",\"cache_hit_rate\":");
    tripsage__json_put_number(buf, (double)(int64_t)(rate * 1e4 + 0.5) / 1e4);
    TRIPSAGE__LIT(buf, ",\"popular_queries\":[");
    tripsage__buf_put(buf, c->popular.data, c->popular.size);
    TRIPSAGE__LIT(buf, "]}");
}

tripsage_status tripsage_search_analytics(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                          const char *date)
{
    counting c = {0, 0, TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    char today[TRIPSAGE__DATE_SIZE];
    tripsage__value params[2];
    const tripsage__step steps[] = {{&sql_tally_sum, params, 2, begin_sum, on_sum, &c, NULL},
                                    {&sql_tally_popular, params, 2, begin_popular, on_popular, &c, NULL}};
    int32_t days;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(check_actor(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    if (date && !tripsage__date_parse(date, &days))
        return TRIPSAGE_FAIL_FIELD("#date", "expected a day, YYYY-MM-DD");
    tripsage__today(today, trips);
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__text(date ? date : today);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    put_analytics(&doc->json, &c, date ? date : today);
out:
    tripsage__buf_free(&c.popular);
    return tripsage__doc_finish(out, doc, status);
}
