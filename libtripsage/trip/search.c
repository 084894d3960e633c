/* trip/search.c: full-text search over trips, items and notes.
 *
 * A query has two legs. The members' leg asks for rows whose acl names the actor and looks at all of their text; the public leg asks for
 * rows everybody may read, those the actor is a member of excepted, and looks at their public text only. The acl is a copy of the rights made for
 * the index, so each leg asks the trip itself as well.
 *
 * The caller's words become FTS5 strings, in which nothing is an operator. */
#include "trip.h"

#include "record.h"
#include "statements.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
#define SKIP_MAX      1000
/* 1,000 bytes: a long sentence. Every word costs a list to be walked, so a page of text must not become a query. */
#define QUERY_MAX 1000

/* ---- the statement ----
 * $1 actor, $2 service, $3 scope, $4 status, $5 the members' query, $6 the public one, $7 limit, $8 skip, $9 and $10 the legs' ranks, which
 * are those of store/sqlite/rank.c. A snippet is of about 24 words. Where nothing is public the second leg asks for
 * nothing: a prefix has to be gathered from the whole index before the first row, in each leg. */

#define FOUND                                                                                                          \
    "SELECT s.rank, s.kind, s.id, s.trip_id, s.title, snippet(trip_search, 1, char(57344), char(57345), '…', 24), "  \
    "snippet(trip_search, 2, char(57344), char(57345), '…', 24), "
#define WHERE                                                                                                          \
    ", " TRIPSAGE__SQL_ROLE ", " TRIPSAGE__SQL_TRIP_ENTRY                                                              \
    " FROM trip_search s JOIN trip t ON t.id = s.trip_id WHERE ($4 IS NULL OR t.status = $4) AND s.rank MATCH "

const tripsage__statement tripsage__sql_search = {
    "search",
    FOUND "snippet(trip_search, 3, char(57344), char(57345), '…', 24)" WHERE
          "$9 AND trip_search MATCH $5 AND " TRIPSAGE__SQL_MAY_VIEW
          " AND ($3 = 0 OR ($3 = 1 AND t.user_id = $1) OR ($3 = 2 AND t.user_id <> $1))"
          " UNION ALL " FOUND "''" WHERE "$10 AND trip_search MATCH CASE WHEN EXISTS (SELECT 1 FROM trip_search p"
          " WHERE p.trip_search MATCH 'acl:public') THEN $6 ELSE 'acl:nobody' END"
          " AND $3 = 0 AND $2 = 0 AND s.kind <> 'note' AND " TRIPSAGE__SQL_MAY_READ " ORDER BY 1 LIMIT $7 OFFSET $8",
    NULL};
enum { SEARCH_PARAMS = 10 };

/* A title weighs ten times as much as the rest of a record; who may find it nothing, nor, for everybody, what only members may read. */
#define RANK_OF_MEMBERS   "tripsage_rank(0.0, 10.0, 1.0, 1.0)"
#define RANK_OF_EVERYBODY "tripsage_rank(0.0, 10.0, 1.0, 0.0)"

/* The characters around a match inside the statement: U+E000 and U+E001, which have no meaning of their own. */
#define MARK_BEGIN "\xee\x80\x80"
#define MARK_END   "\xee\x80\x81"
#define MARK_SIZE  3

/* ---- the caller's words ---- */

/* Whether an ASCII text has nothing in it that could be a word; other texts are left to FTS5 to judge. */
static int is_punctuation(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            return 0;
    }
    return 1;
}

/* One word or phrase as an FTS5 string. It holds no quotation mark: these ended it. */
static int put_string(tripsage__buf *out, const char *text, size_t size)
{
    if (is_punctuation(text, size))
        return 0;
    if (out->size)
        tripsage__buf_putc(out, ' ');
    tripsage__buf_putc(out, '"');
    tripsage__buf_put(out, text, size);
    tripsage__buf_putc(out, '"');
    return 1;
}

static int put_words(tripsage__buf *out, const char *text, size_t size)
{
    int count = 0;
    size_t start = 0;

    for (size_t i = 0; i <= size; i++) {
        if (i < size && text[i] != ' ' && (text[i] < '\t' || text[i] > '\r'))
            continue;
        if (i > start)
            count += put_string(out, text + start, i - start);
        start = i + 1;
    }
    return count;
}

/* What a query becomes. */
typedef struct expressions {
    tripsage__buf terms;
    tripsage__buf members, everybody;
} expressions;

/* `kyoto "golden temple" gar` becomes `"kyoto" "golden temple" "gar"*`: strings side by side must all be there. What was quoted to its
 * end is meant as it is; the last word otherwise may go on. */
static void put_terms(expressions *e, const char *query)
{
    int open_ended = 0;

    while (*query) {
        size_t size = strcspn(query, "\"");
        int words = put_words(&e->terms, query, size);
        size_t phrase;

        if (words)
            open_ended = 1;
        query += size;
        if (*query != '"')
            break;
        phrase = strcspn(++query, "\"");
        if (put_string(&e->terms, query, phrase))
            open_ended = query[phrase] != '"';
        query += phrase + (query[phrase] == '"');
    }
    if (open_ended)
        tripsage__buf_putc(&e->terms, '*');
}

/* The actor's token in the acl. */
static void put_token(tripsage__buf *out, const tripsage_actor *actor)
{
    TRIPSAGE__LIT(out, "acl:u");
    for (const char *p = actor->user_id; *p; p++)
        if (*p != '-')
            tripsage__buf_putc(out, *p);
}

static void write_expressions(expressions *e, const tripsage_actor *actor, const char *query)
{
    put_terms(e, query);
    if (!e->terms.size)
        return;
    if (!actor->is_service) {
        put_token(&e->members, actor);
        TRIPSAGE__LIT(&e->members, " AND ");
    }
    TRIPSAGE__LIT(&e->members, "{title body private}:(");
    tripsage__buf_put(&e->members, e->terms.data, e->terms.size);
    tripsage__buf_putc(&e->members, ')');

    TRIPSAGE__LIT(&e->everybody, "acl:public AND {title body}:(");
    tripsage__buf_put(&e->everybody, e->terms.data, e->terms.size);
    tripsage__buf_putc(&e->everybody, ')');
    if (!actor->is_service) {
        TRIPSAGE__LIT(&e->everybody, " NOT ");
        put_token(&e->everybody, actor);
    }
}

/* ---- rows ---- */

typedef struct results {
    tripsage__buf *buf;
    size_t begin; /* where the rows start in it */
    int64_t count;
} results;

static void put_escaped(tripsage__buf *out, char c)
{
    switch (c) {
    case '&':
        TRIPSAGE__LIT(out, "&amp;");
        break;
    case '<':
        TRIPSAGE__LIT(out, "&lt;");
        break;
    case '>':
        TRIPSAGE__LIT(out, "&gt;");
        break;
    case '"':
        TRIPSAGE__LIT(out, "&quot;");
        break;
    case '\'':
        TRIPSAGE__LIT(out, "&#39;");
        break;
    default:
        tripsage__buf_putc(out, c);
    }
}

/* The text with its matches in <mark>, fit for HTML. The two characters may be in somebody's text as well: marks always come in pairs. */
static tripsage_status put_snippet(tripsage__buf *out, const char *text)
{
    tripsage__buf html = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;
    int open = 0;

    while (*text) {
        int begins = strncmp(text, MARK_BEGIN, MARK_SIZE) == 0, ends = strncmp(text, MARK_END, MARK_SIZE) == 0;

        if (begins && !open)
            TRIPSAGE__LIT(&html, "<mark>");
        if (ends && open)
            TRIPSAGE__LIT(&html, "</mark>");
        if (begins || ends)
            open = begins;
        else
            put_escaped(&html, *text);
        text += begins || ends ? MARK_SIZE : 1;
    }
    if (open)
        TRIPSAGE__LIT(&html, "</mark>");
    status = tripsage__buf_status(&html);
    tripsage__json_put_stringn(out, html.data ? html.data : "", html.size);
    tripsage__buf_free(&html);
    return status;
}

/* Of title, body and private text the one to show: where the words were found, the title last, since it is shown anyway. */
static const char *choose_snippet(const tripsage__row *row)
{
    static const int order[] = {6, 7, 5};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const char *text = tripsage__row_text(row, order[i], NULL);

        if (text && strstr(text, MARK_BEGIN))
            return text;
    }
    return tripsage__row_text(row, 5, NULL);
}

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
    const char *snippet = choose_snippet(row);
    tripsage_status status;

    put_text_column(r->buf, r->count++ ? ",{\"kind\":" : "{\"kind\":", row, 1);
    put_text_column(r->buf, ",\"id\":", row, 2);
    put_text_column(r->buf, ",\"trip_id\":", row, 3);
    put_text_column(r->buf, ",\"title\":", row, 4);
    TRIPSAGE__LIT(r->buf, ",\"snippet\":");
    status = put_snippet(r->buf, snippet ? snippet : "");
    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(r->buf, ",\"score\":");
    tripsage__json_put_number(r->buf, -tripsage__row_real(row, 0)); /* FTS5's is better the lower it is */
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
    expressions e = {empty, empty, empty};
    tripsage__value params[SEARCH_PARAMS];
    const tripsage__step step = {&tripsage__sql_search, params, SEARCH_PARAMS, results_begin, results_row, r, NULL};
    tripsage_status status;

    write_expressions(&e, actor, query);
    TRIPSAGE_TRY(tripsage__buf_status(&e.terms));
    TRIPSAGE_TRY(tripsage__buf_status(&e.members));
    TRIPSAGE_TRY(tripsage__buf_status(&e.everybody));
    if (!e.terms.size)
        goto out; /* not a word in it: nothing is found */
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__int(actor->is_service);
    params[2] = tripsage__int((int64_t)o->scope);
    params[3] = tripsage__text(o->status);
    params[4] = tripsage__textn(e.members.data, e.members.size);
    params[5] = tripsage__textn(e.everybody.data, e.everybody.size);
    params[6] = tripsage__int(o->limit);
    params[7] = tripsage__int(o->skip);
    params[8] = tripsage__text(RANK_OF_MEMBERS);
    params[9] = tripsage__text(RANK_OF_EVERYBODY);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &step, 1));
out:
    tripsage__buf_free(&e.terms);
    tripsage__buf_free(&e.members);
    tripsage__buf_free(&e.everybody);
    return status;
}

tripsage_status tripsage_trip_search(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *query, const tripsage_search_options *options)
{
    tripsage_search_options o;
    tripsage_doc *doc = NULL;
    results r = {NULL, 0, 0};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    TRIPSAGE_TRY(read_options(&o, options, query));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    TRIPSAGE__LIT(&doc->json, "{\"query\":");
    TRIPSAGE_TRY(put_query(&doc->json, query));
    TRIPSAGE__LIT(&doc->json, ",\"items\":[");
    r.buf = &doc->json;
    r.begin = doc->json.size;
    TRIPSAGE_TRY(search(&r, trips, actor, query, &o));
    tripsage__buf_printf(&doc->json, "],\"limit\":%u,\"skip\":%u}", o.limit, o.skip);
out:
    return tripsage__doc_finish(out, doc, status);
}
