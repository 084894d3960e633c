/* trip/check.c: whether the search index says what the records say. On SQLite it is kept by statements beside each change
 * (see trip.h), so a change without its statement, or with a wrong one, would show nowhere else; on PostgreSQL by triggers. */
#include "trip.h"

#include "note.h"
#include "record.h"

/* The row of a record in the index is not what the record makes of it; no row at all is NULL in every column. */
#define DIFFERS(acl, title, body, private, kind, id)                                                                   \
    "s.acl IS NOT (" acl ") OR s.title IS NOT " title " OR s.body IS NOT (" body                                       \
    ") OR s.private IS NOT (" private ") OR s.kind IS NOT '" kind "' OR s.id IS NOT " id " OR s.trip_id IS NOT t.id"

#define TRIPS                                                                                                          \
    "SELECT count(*) FROM trip t LEFT JOIN trip_search s ON s.rowid = t.seq * 4 WHERE " DIFFERS(                       \
        TRIPSAGE__SQL_ACL_READERS, "t.title", TRIPSAGE__SQL_TRIP_BODY, "''", "trip", "t.id")
#define ITEMS                                                                                                          \
    "SELECT count(*) FROM itinerary_item i JOIN trip t ON t.id = i.trip_id"                                            \
    " LEFT JOIN trip_search s ON s.rowid = i.seq * 4 + 1 WHERE " DIFFERS(                                              \
        TRIPSAGE__SQL_ACL_READERS, "i.title", TRIPSAGE__SQL_ITEM_BODY, TRIPSAGE__SQL_ITEM_PRIVATE, "item", "i.id")
#define NOTES                                                                                                          \
    "SELECT count(*) FROM trip_note n JOIN trip t ON t.id = n.trip_id"                                                 \
    " LEFT JOIN trip_search s ON s.rowid = n.seq * 4 + 2 WHERE " DIFFERS(TRIPSAGE__SQL_ACL_MEMBERS, "''", "n.content", \
                                                                         "''", "note", "n.id")

/* How many records have no row or another one, and how many rows there are beyond the records. Reads everything, and so stands in no
 * catalogue of statements that may not. */
static const tripsage__statement compare = {
    "trip_check",
    "SELECT (" TRIPS ") + (" ITEMS ") + (" NOTES "), (SELECT count(*) FROM trip_search) - (SELECT count(*) FROM trip)"
    " - (SELECT count(*) FROM itinerary_item) - (SELECT count(*) FROM trip_note)",
    "SELECT wrong, surplus FROM search_check()"};

typedef struct counts {
    int64_t wrong, surplus;
} counts;

static tripsage_status take_counts(void *context, const tripsage__row *row)
{
    counts *c = context;

    c->wrong = tripsage__row_int(row, 0);
    c->surplus = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

/* ---- making it anew ---- */

static const tripsage__statement forget_all = {"trip_search_forget_all", "DELETE FROM trip_search", ""};
static const tripsage__statement put_trips = {
    "trip_search_put_trips",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id) SELECT t.seq * "
    "4, " TRIPSAGE__SQL_ACL_READERS ", t.title, " TRIPSAGE__SQL_TRIP_BODY ", '', 'trip', t.id, t.id FROM trip t",
    ""};
static const tripsage__statement put_items = {
    "trip_search_put_items",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id) SELECT i.seq * 4 + "
    "1, " TRIPSAGE__SQL_ACL_READERS ", i.title, " TRIPSAGE__SQL_ITEM_BODY ", " TRIPSAGE__SQL_ITEM_PRIVATE
    ", 'item', i.id, t.id FROM itinerary_item i JOIN trip t ON t.id = i.trip_id",
    ""};
static const tripsage__statement put_notes = {
    "trip_search_put_notes",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id) SELECT n.seq * 4 + "
    "2, " TRIPSAGE__SQL_ACL_MEMBERS
    ", '', n.content, '', 'note', n.id, t.id FROM trip_note n JOIN trip t ON t.id = n.trip_id",
    ""};

tripsage_status tripsage__trips_reindex(tripsage_trips *trips)
{
    const tripsage__step steps[] = {{&forget_all, NULL, 0, NULL, NULL, NULL, NULL},
                                    {&put_trips, NULL, 0, NULL, NULL, NULL, NULL},
                                    {&put_items, NULL, 0, NULL, NULL, NULL, NULL},
                                    {&put_notes, NULL, 0, NULL, NULL, NULL, NULL}};

    if (!tripsage__store_has_fts5(trips->store))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "the search index is kept by the database's triggers");
    return tripsage__store_write(trips->store, NULL, steps, sizeof steps / sizeof steps[0]);
}

static void add_problem(tripsage__buf *problems, size_t *count, const char *text, int64_t rows)
{
    tripsage__buf_printf(problems, "%s\"%s: %lld\"", (*count)++ ? "," : "", text, (long long)rows);
}

tripsage_status tripsage__trips_check(tripsage__buf *problems, size_t *count, tripsage_trips *trips)
{
    counts c = {0, 0};
    const tripsage__step step = {&compare, NULL, 0, NULL, take_counts, &c, NULL};
    tripsage_status status = tripsage__store_scan(trips->store, &step, 1);

    if (status != TRIPSAGE_OK)
        return status;
    if (c.wrong)
        add_problem(problems, count, "records that the search index lacks or has otherwise", c.wrong);
    if (c.surplus > 0)
        add_problem(problems, count, "rows of the search index without a record", c.surplus);
    return TRIPSAGE_OK;
}
