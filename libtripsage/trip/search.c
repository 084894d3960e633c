/* trip/search.c: full-text search over trips, items and notes.
 *
 * A query has two legs. The members' leg asks for rows whose acl names the actor and looks at all of their text; the public leg asks for
 * rows everybody may read, those the actor is a member of excepted, and looks at their public text only. The acl is a copy of the rights made for
 * the index, so each leg asks the trip itself as well. The service role has one leg, without an acl.
 *
 * An engine gives the page: what was found, best first, and its texts. Order, scores and texts are the same on every engine; the snippets are made
 * here. */
#include "trip.h"

#include "record.h"
#include "remembered.h"
#include "statements.h"
#include "terms.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
#define SKIP_MAX      1000
/* 1,000 bytes: a long sentence. Every word costs a list to be walked, so a page of text must not become a query. */
#define QUERY_MAX 1000

/* ---- the statements ----
 * $1 actor, $2 service, $3 scope, $4 status, $5 limit, $6 skip, $7 the terms (terms.h); on SQLite $8 the members' query and $9 the public one. The
 * first column is the place in the answer. What is equally good is in the order of its kind (trip, item, note) and then of its making.
 *
 * SQLite's ranks and scores are those of store/sqlite/rank.c. A title weighs ten times as much as the rest of a record; who may find it nothing,
 * nor, for everybody, what only members may read. FTS5 gives each leg in the order of its ranks, so nothing but the page is read. Where nothing is
 * public the second leg asks for nothing: a prefix has to be gathered from the whole index before the first row, in each leg.
 *
 * On PostgreSQL a function does all this (migrations/postgres/0004_itinerary.sql); trips are read under row level security beside it. */

#define SQLITE_LEG(private, rank, match)                                                                                     \
    "SELECT s.rank, tripsage_score(s.rank), s.kind, s.id, s.trip_id, s.title, s.body, " private ","                          \
                                                                                                " " TRIPSAGE__SQL_ROLE       \
                                                                                                ","                          \
                                                                                                " " TRIPSAGE__SQL_TRIP_ENTRY \
                                                                                                " FROM trip_search s "       \
                                                                                                "JOIN trip t ON t.id "       \
                                                                                                "= s.trip_id"                \
                                                                                                " WHERE ($4 IS NULL "        \
                                                                                                "OR t.status = $4) "         \
                                                                                                "AND s.rank MATCH "          \
                                                                                                "'tripsage_rank(0.0, "       \
                                                                                                "10.0, 1.0, " rank           \
                                                                                                ")'"                         \
                                                                                                " AND trip_search "          \
                                                                                                "MATCH " match
#define SQLITE_MEMBERS                                                                                                 \
    SQLITE_LEG("s.private", "1.0", "$8")                                                                               \
    " AND " TRIPSAGE__SQL_MAY_VIEW " AND ($3 = 0 OR ($3 = 1 AND t.user_id = $1) OR ($3 = 2 AND t.user_id <> $1))"
#define SQLITE_EVERYBODY                                                                                               \
    SQLITE_LEG("''", "0.0",                                                                                            \
               "CASE WHEN EXISTS (SELECT 1 FROM trip_search p WHERE p.trip_search MATCH 'acl:public') THEN $9"         \
               " ELSE 'acl:nobody' END")                                                                               \
    " AND $3 = 0 AND s.kind <> 'note' AND " TRIPSAGE__SQL_MAY_READ
#define PAGE " ORDER BY 1 LIMIT $5 OFFSET $6"

#define POSTGRES(find)                                                                                                 \
    "SELECT f.place, f.score, f.kind, f.id, f.trip_id, f.title, f.body, f.private, " TRIPSAGE__SQL_ROLE                \
    ", " TRIPSAGE__SQL_TRIP_ENTRY " FROM " find                                                                        \
    "($7, $3, $4, $5, $6) f JOIN trip t ON t.id = f.trip_id ORDER BY f.place"

const tripsage__statement tripsage__sql_search = {"search", SQLITE_MEMBERS " UNION ALL " SQLITE_EVERYBODY PAGE,
                                                  POSTGRES("trip_find")};
const tripsage__statement tripsage__sql_search_all = {"search_all", SQLITE_MEMBERS PAGE, POSTGRES("trip_find_all")};
enum { SEARCH_PARAMS = 9 }; /* search_all has no public leg, and no $9 */

/* ---- SQLite's queries ---- */

typedef struct expressions {
    tripsage__buf members, everybody;
} expressions;

/* The actor's token in the acl. */
static void put_token(tripsage__buf *out, const tripsage_actor *actor)
{
    TRIPSAGE__LIT(out, "acl:u");
    for (const char *p = actor->user_id; *p; p++)
        if (*p != '-')
            tripsage__buf_putc(out, *p);
}

static void write_expressions(expressions *e, const tripsage_actor *actor, const char *terms)
{
    if (!actor->is_service) {
        put_token(&e->members, actor);
        TRIPSAGE__LIT(&e->members, " AND ");
    }
    TRIPSAGE__LIT(&e->members, "{title body private}:(");
    tripsage__terms_put_fts5(&e->members, terms);
    tripsage__buf_putc(&e->members, ')');
    if (actor->is_service)
        return;
    TRIPSAGE__LIT(&e->everybody, "acl:public AND {title body}:(");
    tripsage__terms_put_fts5(&e->everybody, terms);
    TRIPSAGE__LIT(&e->everybody, ") NOT ");
    put_token(&e->everybody, actor);
}

/* ---- rows ---- */

typedef struct results {
    tripsage__buf *buf;
    size_t begin; /* where the rows start in it */
    int64_t count;
    const char *terms;
} results;

static void results_begin(void *context)
{
    results *r = context;

    r->buf->size = r->begin;
    r->buf->failed = TRIPSAGE_OK;
    r->count = 0;
}

static void put_text_column(tripsage__buf *buf, const char *before, const tripsage__row *row, int index)
{
    size_t size;
    const char *text = tripsage__row_text(row, index, &size);

    tripsage__buf_puts(buf, before);
    tripsage__json_put_text(buf, text, size);
}

static tripsage_status results_row(void *context, const tripsage__row *row)
{
    results *r = context;
    /* Where the words were found, the title last, since it is shown anyway. */
    const char *const texts[] = {tripsage__row_text(row, 6, NULL), tripsage__row_text(row, 7, NULL),
                                 tripsage__row_text(row, 5, NULL)};
    tripsage_status status;

    put_text_column(r->buf, r->count++ ? ",{\"kind\":" : "{\"kind\":", row, 2);
    put_text_column(r->buf, ",\"id\":", row, 3);
    put_text_column(r->buf, ",\"trip_id\":", row, 4);
    put_text_column(r->buf, ",\"title\":", row, 5);
    TRIPSAGE__LIT(r->buf, ",\"snippet\":");
    status = tripsage__snippet_put(r->buf, texts, sizeof texts / sizeof texts[0], r->terms);
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(r->buf, ",\"score\":");
    tripsage__json_put_number(r->buf, tripsage__row_real(row, 1));
    TRIPSAGE__LIT(r->buf, ",\"trip\":");
    tripsage__trip_entry_put(r->buf, row, (int)tripsage__row_int(row, 8), 9);
    tripsage__buf_putc(r->buf, '}');
    return tripsage__buf_status(r->buf);
}

/* ---- the call ---- */

/* Puts the query's own text, checked to be UTF-8 by reading it as the JSON it will be sent as. */
static tripsage_status put_query(tripsage__buf *buf, const char *query)
{
    tripsage__buf quoted = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage__json *parsed = NULL;
    tripsage_status status;

    tripsage__json_put_string(&quoted, query);
    TRIPSAGE_TRY(tripsage__buf_status(&quoted));
    status = tripsage__json_parse(&parsed, quoted.data, quoted.size);
    if (status == TRIPSAGE_EMALFORMED)
        status = TRIPSAGE_FAIL_FIELD("#query", "expected UTF-8");
    tripsage__buf_put(buf, quoted.data, quoted.size);
out:
    tripsage__json_free(parsed);
    tripsage__buf_free(&quoted);
    return status;
}

static tripsage_status read_options(tripsage_search_options *o, const tripsage_search_options *options,
                                    const char *query)
{
    static const tripsage_search_options standard = TRIPSAGE_SEARCH_OPTIONS_INIT;

    *o = options ? *options : standard;
    if (o->version != standard.version)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE,
                             "tripsage_search_options has version %u, which this library does not know", o->version);
    if (o->limit == 0)
        o->limit = LIMIT_DEFAULT;
    tripsage__fields_begin();
    if (!query || strlen(query) > QUERY_MAX)
        tripsage__fields_add(__FILE__, __LINE__, "#query", "expected text of at most %d bytes", QUERY_MAX);
    if (o->limit > LIMIT_MAX)
        tripsage__fields_add(__FILE__, __LINE__, "#limit", "expected 1 to %d", LIMIT_MAX);
    if (o->skip > SKIP_MAX)
        tripsage__fields_add(__FILE__, __LINE__, "#skip", "expected 0 to %d", SKIP_MAX);
    if (o->scope != TRIPSAGE_SCOPE_ALL && o->scope != TRIPSAGE_SCOPE_OWN && o->scope != TRIPSAGE_SCOPE_SHARED)
        tripsage__fields_add(__FILE__, __LINE__, "#scope", "expected all, own or shared");
    tripsage__check_word("#status", o->status, tripsage__trip_statuses);
    return tripsage__fields_end();
}

static tripsage_status search(results *r, tripsage_trips *trips, const tripsage_actor *actor, const char *query,
                              const tripsage_search_options *o)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(64 * 1024);
    tripsage__buf terms = empty;
    expressions e = {empty, empty};
    tripsage__value params[SEARCH_PARAMS];
    const tripsage__step step = {actor->is_service ? &tripsage__sql_search_all : &tripsage__sql_search,
                                 params,
                                 SEARCH_PARAMS - (size_t)(actor->is_service != 0),
                                 results_begin,
                                 results_row,
                                 r,
                                 NULL};
    tripsage_status status;

    tripsage__terms_read(&terms, query);
    TRIPSAGE_TRY(tripsage__buf_status(&terms));
    if (!terms.size)
        goto out; /* not a word in it: nothing is found */
    write_expressions(&e, actor, terms.data);
    TRIPSAGE_TRY(tripsage__buf_status(&e.members));
    TRIPSAGE_TRY(tripsage__buf_status(&e.everybody));
    r->terms = terms.data;
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__int(actor->is_service);
    params[2] = tripsage__int((int64_t)o->scope);
    params[3] = tripsage__text(o->status);
    params[4] = tripsage__int(o->limit);
    params[5] = tripsage__int(o->skip);
    params[6] = tripsage__textn(terms.data, terms.size);
    params[7] = tripsage__textn(e.members.data, e.members.size);
    params[8] = tripsage__textn(e.everybody.data, e.everybody.size);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
out:
    tripsage__buf_free(&terms);
    tripsage__buf_free(&e.members);
    tripsage__buf_free(&e.everybody);
    return status;
}

static void ask(tripsage__asked *asked, const tripsage_actor *actor, const char *query,
                const tripsage_search_options *o)
{
    const uint32_t numbers[] = {o->limit, o->skip, (uint32_t)o->scope, (uint32_t)actor->is_service};

    tripsage__asked_begin(asked, TRIPSAGE__ASKED_SEARCH, actor);
    tripsage__asked_bytes(asked, numbers, sizeof numbers);
    tripsage__asked_text(asked, o->status);
    tripsage__asked_text(asked, query);
}

tripsage_status tripsage_trip_search(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *query, const tripsage_search_options *options)
{
    tripsage_search_options o;
    tripsage_doc *doc = NULL;
    results r = {NULL, 0, 0, NULL};
    tripsage__asked asked;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(read_options(&o, options, query));
    ask(&asked, actor, query, &o);
    *out = tripsage__remembered_find(&asked, trips, TRIPSAGE__WHILE_NOTHING_CHANGES);
    if (*out)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE__LIT(&doc->json, "{\"query\":");
    TRIPSAGE_TRY(put_query(&doc->json, query));
    TRIPSAGE__LIT(&doc->json, ",\"items\":[");
    r.buf = &doc->json;
    r.begin = doc->json.size;
    TRIPSAGE_TRY(search(&r, trips, actor, query, &o));
    tripsage__buf_printf(&doc->json, "],\"limit\":%u,\"skip\":%u}", o.limit, o.skip);
    if (tripsage__buf_status(&doc->json) == TRIPSAGE_OK)
        tripsage__remembered_keep(trips, &asked, doc);
out:
    return tripsage__doc_finish(out, doc, status);
}
