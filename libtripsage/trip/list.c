/* trip/list.c: pages of trips.
 *
 * A page is found by the sort key and id of the row before it, so any page costs the same. A list has up to three legs, the
 * actor's own trips, those shared with him, and his deleted ones, merged in their order (each leg is read no further than the page needs); a scope
 * switches legs on and off by $2, which is decided before a leg is opened. In SQLite the legs give row numbers and keys, which the index holds;
 * only the rows of the page itself are looked up. PostgreSQL looks rows up for their policies anyway, so its legs give them whole; and it merges
 * in order only what each leg has put in order and cut by itself.
 *
 * The service role has one leg: all trips, or all deleted ones. */
#include "trip.h"

#include "cursor.h"
#include "record.h"
#include "statements.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
/* As tripsage/trip.h says: skipping costs as many reads. */
#define SKIP_MAX 10000
/* As much as a title or description can hold of it: 2,000 characters of four bytes. */
#define TEXT_MAX 8000

/* ---- the statements ----
 * $1 actor, $2 scope, $3 key and $4 id of the row before, $5 status, $6 trip_type, $7 visibility, $8 tag, $9 place, $10 from, $11 to,
 * $12 starts_from, $13 ends_to, $14 text, $15 limit, $16 skip */

#define FILTERS(has_tag, has_place, has_text)                                                                          \
    " AND ($5 IS NULL OR t.status = $5) AND ($6 IS NULL OR t.trip_type = $6)"                                          \
    " AND ($7 IS NULL OR t.visibility = $7) AND ($8 IS NULL OR " has_tag ") AND ($9 IS NULL OR " has_place ")"         \
    " AND ($10 IS NULL OR t.end_date >= $10) AND ($11 IS NULL OR t.start_date <= $11)"                                 \
    " AND ($12 IS NULL OR t.start_date >= $12) AND ($13 IS NULL OR t.end_date <= $13)"                                 \
    " AND ($14 IS NULL OR " has_text ") "

/* Places and texts are compared whatever the case of ASCII letters is, and of no others. */
#define IN_SQLITE                                                                                                      \
    FILTERS("EXISTS (SELECT 1 FROM json_each(t.tags) g WHERE g.value = $8)",                                           \
            "EXISTS (SELECT 1 FROM json_each(t.destinations) d WHERE $9 COLLATE NOCASE"                                \
            " IN (d.value ->> '$.name', d.value ->> '$.city', d.value ->> '$.country'))",                              \
            "instr(lower(t.title), lower($14)) > 0 OR instr(lower(t.description), lower($14)) > 0")
#define IN_POSTGRES                                                                                                    \
    FILTERS("EXISTS (SELECT 1 FROM json_array_elements_text(CAST(t.tags AS json)) g (value) WHERE g.value = $8)",      \
            "EXISTS (SELECT 1 FROM json_array_elements(CAST(t.destinations AS json)) d (value)"                        \
            " WHERE lower($9 COLLATE \"C\") IN (lower((d.value ->> 'name') COLLATE \"C\"),"                            \
            " lower((d.value ->> 'city') COLLATE \"C\"), lower((d.value ->> 'country') COLLATE \"C\")))",              \
            "strpos(lower(t.title), lower($14 COLLATE \"C\")) > 0"                                                     \
            " OR strpos(lower(t.description), lower($14 COLLATE \"C\")) > 0")

/* What a leg reads; the dialect's filters follow. */
#define OWN     " FROM trip t WHERE $2 <= 1 AND t.user_id = $1 AND t.deleted_at IS NULL"
#define DELETED " FROM trip t WHERE $2 = 3 AND t.user_id = $1 AND t.deleted_at IS NOT NULL"
#define SHARED                                                                                                         \
    " FROM trip_collaborator c JOIN trip t ON t.id = c.trip_id WHERE $2 IN (0, 2) AND c.user_id = $1"                  \
    " AND t.deleted_at IS NULL"
#define EVERY " FROM trip t WHERE ($2 = 0 AND t.deleted_at IS NULL OR $2 = 3 AND t.deleted_at IS NOT NULL)"

/* ---- SQLite's pages ---- */

#define PAGE_BEGIN "SELECT p.role, p.k, " TRIPSAGE__SQL_TRIP_ENTRY " FROM (SELECT t.seq AS seq, "
#define PAGE_END   ") p JOIN trip t ON t.seq = p.seq ORDER BY p.k "

/* By creation, which is by id. */
#define BY_ID(is_after, direction)                                                                                     \
    PAGE_BEGIN "5 AS role, t.id AS k" OWN IN_SQLITE "AND t.id " is_after " $4 "                                        \
               "UNION ALL SELECT t.seq, c.level, c.trip_id" SHARED IN_SQLITE "AND c.trip_id " is_after " $4 "          \
               "UNION ALL SELECT t.seq, 5, t.id" DELETED IN_SQLITE "AND t.id " is_after " $4 "                         \
               "ORDER BY 3 " direction " LIMIT $15 OFFSET $16" PAGE_END direction
#define ALL_BY_ID(is_after, direction)                                                                                 \
    PAGE_BEGIN "6 AS role, t.id AS k" EVERY IN_SQLITE "AND t.id " is_after " $4 "                                      \
               "ORDER BY 3 " direction " LIMIT $15 OFFSET $16" PAGE_END direction

/* By a column, and by id where that is equal. */
#define BY(column, is_after, direction)                                                                                \
    PAGE_BEGIN "5 AS role, " column " AS k, t.id AS id" OWN IN_SQLITE "AND (" column ", t.id) " is_after " ($3, $4) "  \
               "UNION ALL SELECT t.seq, c.level, " column ", t.id" SHARED IN_SQLITE "AND (" column ", t.id) " is_after \
               " ($3, $4) "                                                                                            \
               "UNION ALL SELECT t.seq, 5, " column ", t.id" DELETED IN_SQLITE "AND (" column ", t.id) " is_after      \
               " ($3, $4) "                                                                                            \
               "ORDER BY 3 " direction ", 4 " direction " LIMIT $15 OFFSET $16" PAGE_END direction ", p.id " direction
#define ALL_BY(column, is_after, direction)                                                                            \
    PAGE_BEGIN "6 AS role, " column " AS k, t.id AS id" EVERY IN_SQLITE "AND (" column ", t.id) " is_after             \
               " ($3, $4) "                                                                                            \
               "ORDER BY 3 " direction ", 4 " direction " LIMIT $15 OFFSET $16" PAGE_END direction ", p.id " direction

/* ---- PostgreSQL's pages ---- */

#define ROWS(role, key, from, after, order, limit)                                                                     \
    "SELECT " role ", " key " AS k, " TRIPSAGE__SQL_TRIP_ENTRY from IN_POSTGRES "AND " after " ORDER BY " order        \
    " LIMIT " limit
#define LEG(role, key, from, after, order) "(" ROWS(role, key, from, after, order, "$15 + $16") ")"
#define MERGED(own, shared, deleted, order)                                                                            \
    own " UNION ALL " shared " UNION ALL " deleted " ORDER BY " order " LIMIT $15 OFFSET $16"

#define LEGS_BY_ID(is_after, direction)                                                                                \
    MERGED(LEG("5", "t.id", OWN, "t.id " is_after " $4", "t.id " direction),                                           \
           LEG("c.level", "c.trip_id", SHARED, "c.trip_id " is_after " $4", "c.trip_id " direction),                   \
           LEG("5", "t.id", DELETED, "t.id " is_after " $4", "t.id " direction), "2 " direction)
#define LEG_ALL_BY_ID(is_after, direction)                                                                             \
    ROWS("6", "t.id", EVERY, "t.id " is_after " $4", "t.id " direction, "$15 OFFSET $16")

#define IS_AFTER(column, is_after)  "(" column ", t.id) " is_after " ($3, $4)"
#define IN_ORDER(column, direction) column " " direction ", t.id " direction
#define LEG_BY(role, from, column, is_after, direction)                                                                \
    LEG(role, column, from, IS_AFTER(column, is_after), IN_ORDER(column, direction))
#define LEGS_BY(column, is_after, direction)                                                                           \
    MERGED(LEG_BY("5", OWN, column, is_after, direction), LEG_BY("c.level", SHARED, column, is_after, direction),      \
           LEG_BY("5", DELETED, column, is_after, direction), "2 " direction ", 4 " direction)
#define LEG_ALL_BY(column, is_after, direction)                                                                        \
    ROWS("6", column, EVERY, IS_AFTER(column, is_after), IN_ORDER(column, direction), "$15 OFFSET $16")

/* ---- in both ---- */

#define STATEMENT(name, sqlite, postgres) const tripsage__statement tripsage__sql_##name = {#name, sqlite, postgres};
STATEMENT(list_created_up, BY_ID(">", "ASC"), LEGS_BY_ID(">", "ASC"))
STATEMENT(list_created_down, BY_ID("<", "DESC"), LEGS_BY_ID("<", "DESC"))
STATEMENT(list_all_created_up, ALL_BY_ID(">", "ASC"), LEG_ALL_BY_ID(">", "ASC"))
STATEMENT(list_all_created_down, ALL_BY_ID("<", "DESC"), LEG_ALL_BY_ID("<", "DESC"))
#define LISTS_BY(name, column)                                                                                         \
    STATEMENT(list_##name##_up, BY(column, ">", "ASC"), LEGS_BY(column, ">", "ASC"))                                   \
    STATEMENT(list_##name##_down, BY(column, "<", "DESC"), LEGS_BY(column, "<", "DESC"))                               \
    STATEMENT(list_all_##name##_up, ALL_BY(column, ">", "ASC"), LEG_ALL_BY(column, ">", "ASC"))                        \
    STATEMENT(list_all_##name##_down, ALL_BY(column, "<", "DESC"), LEG_ALL_BY(column, "<", "DESC"))
LISTS_BY(updated, "t.updated_at")
LISTS_BY(start, "t.start_date")
LISTS_BY(title, "t.title")

/* $1, $2, $5..$14 as above. $3 is text here whatever the order: a parameter has one type in all calls of a statement. */
#define COUNTS(filters)                                                                                                \
    "SELECT (SELECT count(*)" OWN filters ") + (SELECT count(*)" SHARED filters ") + (SELECT count(*)" DELETED filters \
    ")"
STATEMENT(list_count, COUNTS(IN_SQLITE), COUNTS(IN_POSTGRES))
STATEMENT(list_all_count, "SELECT count(*)" EVERY IN_SQLITE, "SELECT count(*)" EVERY IN_POSTGRES)

/* [service][sort][descending] */
static const tripsage__statement *const pages[2][4][2] = {
    {{&tripsage__sql_list_created_up, &tripsage__sql_list_created_down},
     {&tripsage__sql_list_updated_up, &tripsage__sql_list_updated_down},
     {&tripsage__sql_list_start_up, &tripsage__sql_list_start_down},
     {&tripsage__sql_list_title_up, &tripsage__sql_list_title_down}},
    {{&tripsage__sql_list_all_created_up, &tripsage__sql_list_all_created_down},
     {&tripsage__sql_list_all_updated_up, &tripsage__sql_list_all_updated_down},
     {&tripsage__sql_list_all_start_up, &tripsage__sql_list_all_start_down},
     {&tripsage__sql_list_all_title_up, &tripsage__sql_list_all_title_down}},
};
enum { PAGE_PARAMS = 16, COUNT_PARAMS = 14 };

/* ---- options ---- */

typedef struct query {
    tripsage_list_options options; /* checked, with the defaults in place */
    tripsage__cursor after;        /* where the page before ended */
} query;

static void check_date(const char *name, const char *date)
{
    int32_t days;

    if (date && !tripsage__date_parse(date, &days))
        tripsage__fields_add(__FILE__, __LINE__, name, "expected a date YYYY-MM-DD from 1900 to 2200");
}

static void check_number(const char *name, int64_t value, int64_t min, int64_t max)
{
    if (value < min || value > max)
        tripsage__fields_add(__FILE__, __LINE__, name, "expected %lld to %lld", (long long)min, (long long)max);
}

/* Where the list begins: before every row there can be. Text keys of a list that goes down begin above the last code point, as often
 * as a title is long. */
static void begin_list(query *q)
{
    int descending = q->options.descending;

    memset(&q->after, 0, sizeof q->after);
    strcpy(q->after.id, descending ? "~" : "");
    q->after.number = descending ? INT64_MAX : INT64_MIN;
    if (descending)
        for (size_t i = 0; i + 4 <= TRIPSAGE__CURSOR_KEY_MAX; i += 4)
            memcpy(q->after.key + i, "\xf4\x8f\xbf\xbf", 4);
}

static tripsage_status read_cursor(query *q, const tripsage_trips *trips)
{
    int genuine = 1;
    tripsage_status status;

    if (!q->options.cursor) {
        begin_list(q);
        return TRIPSAGE_OK;
    }
    status = tripsage__cursor_read(&genuine, &q->after, trips, q->options.cursor);
    if (status != TRIPSAGE_OK)
        return status;
    if (!genuine)
        return TRIPSAGE_FAIL_FIELD("#cursor", "not a cursor that was given here");
    if (q->after.sort != (unsigned char)q->options.sort ||
        q->after.descending != (unsigned char)q->options.descending ||
        q->after.scope != (unsigned char)q->options.scope)
        return TRIPSAGE_FAIL_FIELD("#cursor", "belongs to a list of another scope, sort or direction");
    return TRIPSAGE_OK;
}

static tripsage_status read_options(query *q, const tripsage_trips *trips, const tripsage_list_options *options)
{
    static const tripsage_list_options standard = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_list_options *o = &q->options;
    tripsage_status status;

    *o = options ? *options : standard;
    if (o->version != standard.version)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_list_options has version %u, which this library does not know",
                             o->version);
    if (o->limit == 0)
        o->limit = LIMIT_DEFAULT;
    tripsage__fields_begin();
    check_number("#limit", o->limit, 1, LIMIT_MAX);
    check_number("#skip", o->skip, 0, SKIP_MAX);
    check_number("#scope", (int64_t)o->scope, TRIPSAGE_SCOPE_ALL, TRIPSAGE_SCOPE_DELETED);
    check_number("#sort", (int64_t)o->sort, TRIPSAGE_SORT_CREATED, TRIPSAGE_SORT_TITLE);
    check_number("#descending", o->descending, -1, 1);
    tripsage__check_word("#status", o->status, tripsage__trip_statuses);
    tripsage__check_word("#trip_type", o->trip_type, tripsage__trip_types);
    tripsage__check_word("#visibility", o->visibility, tripsage__trip_visibilities);
    check_date("#starts_from", o->starts_from);
    check_date("#from", o->from);
    check_date("#to", o->to);
    check_date("#ends_to", o->ends_to);
    if (o->text && strlen(o->text) > TEXT_MAX)
        tripsage__fields_add(__FILE__, __LINE__, "#text", "expected at most %d bytes", TEXT_MAX);
    status = tripsage__fields_end();
    if (status != TRIPSAGE_OK)
        return status;
    if (o->descending == -1)
        o->descending = o->sort == TRIPSAGE_SORT_CREATED || o->sort == TRIPSAGE_SORT_UPDATED;
    return read_cursor(q, trips);
}

/* ---- rows ---- */

typedef struct page {
    tripsage_doc *doc;
    const query *query;
    uint32_t count;        /* entries written */
    int more;              /* the row after the page was seen */
    tripsage__cursor last; /* of the last entry */
    int64_t total;
} page;

static tripsage__slice column(const tripsage__row *row, int index)
{
    tripsage__slice slice;

    slice.text = tripsage__row_text(row, index, &slice.size);
    return slice;
}

static void put_raw(tripsage__buf *buf, const char *before, tripsage__slice slice)
{
    tripsage__buf_puts(buf, before);
    tripsage__buf_put(buf, slice.text, slice.size);
}

void tripsage__trip_entry_put(tripsage__buf *buf, const tripsage__row *row, int role, int first)
{
    tripsage__slice title = column(row, first + 3);
    tripsage__slice start = column(row, first + 4), end = column(row, first + 5);

    put_raw(buf, "{\"id\":\"", column(row, first + 1));
    put_raw(buf, "\",\"user_id\":\"", column(row, first + 2));
    TRIPSAGE__LIT(buf, "\",\"title\":");
    tripsage__json_put_stringn(buf, title.text, title.size);
    put_raw(buf, ",\"start_date\":\"", start);
    put_raw(buf, "\",\"end_date\":\"", end);
    TRIPSAGE__LIT(buf, "\",\"duration_days\":");
    tripsage__buf_int(buf, tripsage__trip_days(start.text, end.text));
    put_raw(buf, ",\"destinations\":", column(row, first + 6));
    put_raw(buf, ",\"status\":\"", column(row, first + 7));
    put_raw(buf, "\",\"trip_type\":\"", column(row, first + 8));
    put_raw(buf, "\",\"visibility\":\"", column(row, first + 9));
    put_raw(buf, "\",\"tags\":", column(row, first + 10));
    TRIPSAGE__LIT(buf, ",\"travelers\":");
    tripsage__buf_int(buf, tripsage__row_int(row, first + 11));
    TRIPSAGE__LIT(buf, ",\"role\":\"");
    tripsage__buf_puts(buf, tripsage__role_word(role));
    TRIPSAGE__LIT(buf, "\",\"version\":");
    tripsage__buf_int(buf, tripsage__row_int(row, first));
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, first + 12));
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, tripsage__row_int(row, first + 13));
    TRIPSAGE__LIT(buf, ",\"deleted_at\":");
    if (tripsage__row_is_null(row, first + 14))
        TRIPSAGE__LIT(buf, "null");
    else
        tripsage__json_put_instant(buf, tripsage__row_int(row, first + 14));
    tripsage__buf_putc(buf, '}');
}

static void copy_text(char *out, size_t size, tripsage__slice slice)
{
    size_t length = slice.size < size ? slice.size : size - 1;

    if (slice.text)
        memcpy(out, slice.text, length);
    out[length] = '\0';
}

static void page_begin(void *context)
{
    page *p = context;

    p->doc->json.size = 0;
    p->doc->json.failed = TRIPSAGE_OK;
    p->count = 0;
    p->more = 0;
    TRIPSAGE__LIT(&p->doc->json, "{\"items\":[");
}

static tripsage_status page_row(void *context, const tripsage__row *row)
{
    page *p = context;

    if (p->count == p->query->options.limit) {
        p->more = 1;
        return TRIPSAGE_OK;
    }
    if (p->count++)
        tripsage__buf_putc(&p->doc->json, ',');
    tripsage__trip_entry_put(&p->doc->json, row, (int)tripsage__row_int(row, 0), 2);
    if (p->count == p->query->options.limit) {
        copy_text(p->last.id, sizeof p->last.id, column(row, 3));
        if (p->query->options.sort == TRIPSAGE_SORT_UPDATED)
            p->last.number = tripsage__row_int(row, 1);
        else if (p->query->options.sort != TRIPSAGE_SORT_CREATED)
            copy_text(p->last.key, sizeof p->last.key, column(row, 1));
    }
    return tripsage__buf_status(&p->doc->json);
}

static tripsage_status total_row(void *context, const tripsage__row *row)
{
    page *p = context;

    p->total = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* ---- the call ---- */

static void bind_page(tripsage__value p[PAGE_PARAMS], const query *q, const tripsage_actor *actor)
{
    const tripsage_list_options *o = &q->options;

    p[0] = tripsage__text(actor->user_id);
    p[1] = tripsage__int((int64_t)o->scope);
    p[2] = o->sort == TRIPSAGE_SORT_UPDATED ? tripsage__int(q->after.number) : tripsage__text(q->after.key);
    p[3] = tripsage__text(q->after.id);
    p[4] = tripsage__text(o->status);
    p[5] = tripsage__text(o->trip_type);
    p[6] = tripsage__text(o->visibility);
    p[7] = tripsage__text(o->tag);
    p[8] = tripsage__text(o->destination);
    p[9] = tripsage__text(o->from);
    p[10] = tripsage__text(o->to);
    p[11] = tripsage__text(o->starts_from);
    p[12] = tripsage__text(o->ends_to);
    p[13] = tripsage__text(o->text);
    p[14] = tripsage__int((int64_t)o->limit + 1); /* one more: is there a next page? */
    p[15] = tripsage__int(o->skip);
}

static tripsage_status finish_page(page *p, const tripsage_trips *trips)
{
    const tripsage_list_options *o = &p->query->options;
    tripsage__buf *buf = &p->doc->json;
    tripsage_status status = TRIPSAGE_OK;

    tripsage__buf_printf(buf, "],\"limit\":%u,\"skip\":%u,\"next_cursor\":", o->limit, o->skip);
    if (p->more) {
        p->last.sort = (unsigned char)o->sort;
        p->last.descending = (unsigned char)o->descending;
        p->last.scope = (unsigned char)o->scope;
        status = tripsage__cursor_write(&p->doc->next, trips, &p->last);
    }
    if (status == TRIPSAGE_OK)
        tripsage__json_put_text(buf, p->doc->next, p->doc->next ? strlen(p->doc->next) : 0);
    if (o->with_total) {
        TRIPSAGE__LIT(buf, ",\"total\":");
        tripsage__buf_int(buf, p->total);
    }
    tripsage__buf_putc(buf, '}');
    return status;
}

tripsage_status tripsage_trip_list(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                   const tripsage_list_options *options)
{
    query q;
    page p = {NULL, &q, 0, 0, {0, 0, 0, "", "", 0}, 0};
    tripsage__value params[PAGE_PARAMS], count_params[COUNT_PARAMS];
    tripsage__step steps[2];
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(read_options(&q, trips, options));
    TRIPSAGE_TRY(tripsage__doc_new(&p.doc, 4096));
    bind_page(params, &q, actor);
    memcpy(count_params, params, sizeof count_params);
    count_params[2] = tripsage__text(NULL);
    steps[0] = (tripsage__step){pages[actor->is_service][q.options.sort][q.options.descending],
                                params,
                                PAGE_PARAMS,
                                page_begin,
                                page_row,
                                &p,
                                NULL};
    steps[1] = (tripsage__step){actor->is_service ? &tripsage__sql_list_all_count : &tripsage__sql_list_count,
                                count_params,
                                COUNT_PARAMS,
                                NULL,
                                total_row,
                                &p,
                                NULL};
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, q.options.with_total ? 2 : 1));
    TRIPSAGE_TRY(finish_page(&p, trips));
out:
    return tripsage__doc_finish(out, p.doc, status);
}
