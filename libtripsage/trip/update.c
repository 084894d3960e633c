/* trip/update.c: changing a trip, in whole members (update) or by merge patch (patch).
 *
 * Either is one write. A presence mask says which members were given; what the change has to agree with in the stored row (its version,
 * the other date, the status it comes from, the rest of a budget) is decided by the statement itself, so that of two changes at
 * once neither is built on what the other has just replaced. Objects of a patch are merged by the statement too, for the same
 * reason: read, merge and write back on the version read would lose races for as long as others keep writing. What was read
 * before the update, in the same write, tells afterwards which condition refused. */
#include "trip.h"

#include <stdio.h>

#include "record.h"
#include "similar.h"
#include "statements.h"

/* ---- the status ---- */

static const struct {
    const char *from;
    const char *to; /* what may follow, for people; each word between spaces or commas */
} transitions[] = {
    {"planning", "booked, cancelled"},
    {"booked", "planning, in_progress, completed, cancelled"},
    {"in_progress", "completed, cancelled"},
    {"completed", NULL},
    {"cancelled", NULL},
};
enum { TRANSITIONS = sizeof transitions / sizeof transitions[0] };

static const char *what_follows(const char *from)
{
    for (size_t i = 0; i < TRANSITIONS; i++)
        if (strcmp(transitions[i].from, from) == 0)
            return transitions[i].to;
    return NULL;
}

/* No status is part of another, so a search for the word is enough. */
static int may_follow(const char *from, const char *to)
{
    const char *allowed = what_follows(from);

    return strcmp(from, to) == 0 || (allowed && strstr(allowed, to));
}

/* The statuses from which `to` may be reached, itself included: the statement looks the stored one up in here. */
static void write_origins(char out[64], const char *to)
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; i < TRANSITIONS; i++)
        if (may_follow(transitions[i].from, to))
            length += (size_t)snprintf(out + length, 64 - length, " %s", transitions[i].from);
}

/* ---- the statements ---- */

/* $4 presence mask, whose bits are those of record.h, $5..$19 the values, $20 the statuses the new one may follow, $21 now,
 * $22 if_version, $23 and $24 what is to be merged into the budget and the preferences (4096 and 8192 in the mask). */

/* What the dialects word differently beside what store/store.h has: members of the patch of the budget, and the type of one. */
#define SQLITE_TOTAL          "$23 ->> '$.total'"
#define SQLITE_CURRENCY       "$23 ->> '$.currency'"
#define SQLITE_BREAKDOWN      "$23 -> '$.breakdown'"
#define SQLITE_BREAKDOWN_TYPE "json_type($23, '$.breakdown')"

#define POSTGRES_TOTAL          "CAST(CAST($23 AS json) ->> 'total' AS bigint)"
#define POSTGRES_CURRENCY       "CAST($23 AS json) ->> 'currency'"
#define POSTGRES_BREAKDOWN      "CAST(CAST($23 AS json) -> 'breakdown' AS text)"
#define POSTGRES_BREAKDOWN_TYPE "json_typeof(CAST($23 AS json) -> 'breakdown')"

#define NO_BREAKDOWN "'{\"accommodation\":0,\"transportation\":0,\"food\":0,\"activities\":0,\"miscellaneous\":0}'"

/* What a merge makes, in the dialect D. */
#define TOTAL(D)    "COALESCE(" D##_TOTAL ", t.budget_total)"
#define CURRENCY(D) "COALESCE(" D##_CURRENCY ", t.budget_currency)"
#define BREAKDOWN_OF(type, merged)                                                                                     \
    "CASE " type " WHEN 'object' THEN " merged " WHEN 'null' THEN NULL ELSE t.budget_breakdown END"
#define BREAKDOWN(D)                                                                                                   \
    BREAKDOWN_OF(D##_BREAKDOWN_TYPE,                                                                                   \
                 TRIPSAGE__##D##_MERGE("COALESCE(t.budget_breakdown, " NO_BREAKDOWN ")", D##_BREAKDOWN))
#define PREFERENCES(D) TRIPSAGE__##D##_MERGE("t.preferences", "$24")

/* A statement's text with the dialect's expressions for the above, and for what has to hold after the merge: parts that sum to no more than
 * the total, and preferences that could be sent back. */
#define IN(D, TEXT)                                                                                                    \
    TEXT(TOTAL(D), CURRENCY(D), BREAKDOWN(D), PREFERENCES(D), TRIPSAGE__##D##_SUM(BREAKDOWN(D)),                       \
         TRIPSAGE__##D##_SIZE(PREFERENCES(D)), TRIPSAGE__##D##_MEMBERS(PREFERENCES(D)))

#define TRIP_UPDATE(total, currency, breakdown, preferences, sum, size, members)                                       \
    "UPDATE trip AS t SET version = t.version + 1, updated_at = $21"                                                   \
    ", title = CASE WHEN ($4 & 1) <> 0 THEN $5 ELSE t.title END"                                                       \
    ", description = CASE WHEN ($4 & 2) <> 0 THEN $6 ELSE t.description END"                                           \
    ", start_date = CASE WHEN ($4 & 4) <> 0 THEN $7 ELSE t.start_date END"                                             \
    ", end_date = CASE WHEN ($4 & 8) <> 0 THEN $8 ELSE t.end_date END"                                                 \
    ", destinations = CASE WHEN ($4 & 16) <> 0 THEN $9 ELSE t.destinations END"                                        \
    ", destination_names = CASE WHEN ($4 & 16) <> 0 THEN $10 ELSE t.destination_names END"                             \
    ", status = CASE WHEN ($4 & 32) <> 0 THEN $11 ELSE t.status END"                                                   \
    ", trip_type = CASE WHEN ($4 & 64) <> 0 THEN $12 ELSE t.trip_type END"                                             \
    ", visibility = CASE WHEN ($4 & 128) <> 0 THEN $13 ELSE t.visibility END"                                          \
    ", tags = CASE WHEN ($4 & 256) <> 0 THEN $14 ELSE t.tags END"                                                      \
    ", travelers = CASE WHEN ($4 & 512) <> 0 THEN $15 ELSE t.travelers END"                                            \
    ", budget_total = CASE WHEN ($4 & 1024) <> 0 THEN $16 WHEN ($4 & 4096) <> 0 THEN " total                           \
    " ELSE t.budget_total END"                                                                                         \
    ", budget_currency = CASE WHEN ($4 & 1024) <> 0 THEN $17 WHEN ($4 & 4096) <> 0 THEN " currency                     \
    " ELSE t.budget_currency END"                                                                                      \
    ", budget_breakdown = CASE WHEN ($4 & 1024) <> 0 THEN $18 WHEN ($4 & 4096) <> 0 THEN " breakdown                   \
    " ELSE t.budget_breakdown END"                                                                                     \
    ", preferences = CASE WHEN ($4 & 2048) <> 0 THEN $19 WHEN ($4 & 8192) <> 0 THEN " preferences                      \
    " ELSE t.preferences END"                                                                                          \
    " WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT " AND ($22 = 0 OR t.version = $22)"                                 \
    " AND (($4 & 128) = 0 OR t.visibility = $13 OR " TRIPSAGE__SQL_ROLE " >= 5)"                                       \
    " AND (($4 & 32) = 0 OR $20 LIKE '% ' || t.status || '%')"                                                         \
    " AND CASE WHEN ($4 & 8) <> 0 THEN $8 ELSE t.end_date END"                                                         \
    " >= CASE WHEN ($4 & 4) <> 0 THEN $7 ELSE t.start_date END"                                                        \
    " AND (($4 & 4096) = 0 OR (" total " >= COALESCE(" sum ", 0) AND " currency " <> ''))"                             \
    " AND (($4 & 8192) = 0 OR (" size " <= 16384 AND COALESCE(" members ", 0) <= 256))"

const tripsage__statement tripsage__sql_trip_update = {"trip_update", IN(SQLITE, TRIP_UPDATE),
                                                       IN(POSTGRES, TRIP_UPDATE)};
enum { UPDATE_PARAMS = 24 };

/* What a merge will make; the parameters are those of the update. */
#define TRIP_MERGE_LOOK(total, currency, breakdown, preferences, sum, size, members)                                   \
    "SELECT " total ", " currency " IS NULL, " sum ", " size ", " members                                              \
    " FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT

const tripsage__statement tripsage__sql_trip_merge_look = {"trip_merge_look", IN(SQLITE, TRIP_MERGE_LOOK),
                                                           IN(POSTGRES, TRIP_MERGE_LOOK)};

/* $1 the trip */
const tripsage__statement tripsage__sql_trip_reindex = {
    "trip_reindex",
    "UPDATE trip_search SET (title, body) = (SELECT t.title, " TRIPSAGE__SQL_TRIP_BODY
    " FROM trip t WHERE t.id = $1) WHERE changes() > 0 AND rowid = (SELECT seq * 4 FROM trip WHERE id = $1)",
    ""};

static tripsage__value column_of(const tripsage__buf *buf)
{
    return tripsage__textn(buf->data, buf->size);
}

static void bind_update(tripsage__value p[UPDATE_PARAMS], const tripsage__trip_gate *gate,
                        const tripsage__trip_input *input, const char *origins, int64_t now, int64_t if_version)
{
    memcpy(p, gate->params, sizeof gate->params);
    p += 3;
    *p++ = tripsage__int(input->present);
    *p++ = tripsage__text(input->title);
    *p++ = tripsage__text(input->description);
    *p++ = tripsage__text(input->start_date);
    *p++ = tripsage__text(input->end_date);
    *p++ = column_of(&input->destinations);
    *p++ = column_of(&input->destination_names);
    *p++ = tripsage__text(input->status);
    *p++ = tripsage__text(input->trip_type);
    *p++ = tripsage__text(input->visibility);
    *p++ = column_of(&input->tags);
    *p++ = tripsage__int(input->travelers);
    *p++ = input->has_budget ? tripsage__int(input->budget_total) : tripsage__null_of(TRIPSAGE__INT);
    *p++ = tripsage__text(input->budget_currency);
    *p++ = column_of(&input->breakdown);
    *p++ = column_of(&input->preferences);
    *p++ = tripsage__text(origins);
    *p++ = tripsage__int(now);
    *p++ = tripsage__int(if_version);
    *p++ = column_of(&input->budget_patch); /* NULL when they were never written */
    *p++ = column_of(&input->preferences_patch);
}

/* What trip_merge_look found. */
typedef struct merge_look {
    int lacks_total, lacks_currency;
    int64_t total, sum, size, members;
} merge_look;

static tripsage_status merge_look_row(void *context, const tripsage__row *row)
{
    merge_look *look = context;

    look->lacks_total = tripsage__row_is_null(row, 0);
    look->total = tripsage__row_int(row, 0);
    look->lacks_currency = (int)tripsage__row_int(row, 1);
    look->sum = tripsage__row_int(row, 2); /* 0 for NULL */
    look->size = tripsage__row_int(row, 3);
    look->members = tripsage__row_int(row, 4);
    return TRIPSAGE_OK;
}

/* ---- why it was refused ---- */

static tripsage_status explain_merge(const merge_look *look, const tripsage__trip_input *input)
{
    tripsage__fields_begin();
    if (input->present & TRIPSAGE__MERGES_BUDGET) {
        if (look->lacks_total)
            tripsage__fields_add(__FILE__, __LINE__, "/budget/total", "is required");
        if (look->lacks_currency)
            tripsage__fields_add(__FILE__, __LINE__, "/budget/currency", "is required");
        if (!look->lacks_total && look->sum > look->total)
            tripsage__fields_add(
                __FILE__, __LINE__,
                strstr(input->budget_patch.data, "\"breakdown\"") ? "/budget/breakdown" : "/budget/total",
                "the parts sum to %lld, more than the total of %lld", (long long)look->sum, (long long)look->total);
    }
    if (input->present & TRIPSAGE__MERGES_PREFERENCES) {
        if (look->size > (int64_t)TRIPSAGE__PREFERENCES_MAX)
            tripsage__fields_add(__FILE__, __LINE__, "/preferences", "would have %lld bytes; the limit is %zu",
                                 (long long)look->size, TRIPSAGE__PREFERENCES_MAX);
        if (look->members > TRIPSAGE__JSON_MEMBERS_MAX)
            tripsage__fields_add(__FILE__, __LINE__, "/preferences",
                                 "would hold an object with %lld members; the limit is %d", (long long)look->members,
                                 TRIPSAGE__JSON_MEMBERS_MAX);
    }
    return tripsage__fields_end();
}

static tripsage_status explain(const tripsage__trip_gate *gate, const tripsage__trip_input *input, int64_t if_version)
{
    const char *start = input->start_date ? input->start_date : gate->start_date;
    const char *end = input->end_date ? input->end_date : gate->end_date;
    const char *allowed = what_follows(gate->status);
    tripsage_status status = tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_EDIT, if_version);

    if (status != TRIPSAGE_OK)
        return status;
    if ((input->present & TRIPSAGE__HAS_VISIBILITY) && gate->role < TRIPSAGE__ROLE_OWNER &&
        strcmp(gate->visibility, input->visibility) != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the owner changes who may see a trip");
    if ((input->present & TRIPSAGE__HAS_STATUS) && !may_follow(gate->status, input->status))
        return tripsage__fail_field(TRIPSAGE_ECONFLICT, __FILE__, __LINE__, "/status",
                                    allowed ? "from %s a trip goes to: %s"
                                            : "%s is final; duplicate the trip to plan it again",
                                    gate->status, allowed);
    if (strcmp(end, start) < 0 && input->end_date)
        return TRIPSAGE_FAIL_FIELD("/end_date", "must not be before the start_date, %s", start);
    if (strcmp(end, start) < 0)
        return TRIPSAGE_FAIL_FIELD("/start_date", "must not be after the end_date, %s", end);
    return TRIPSAGE_OK;
}

/* ---- the calls ---- */

static tripsage_status write_update(tripsage__trip_reading *reading, tripsage_trips *trips, const tripsage_actor *actor,
                                    tripsage__trip_gate *gate, const tripsage__trip_input *input, int64_t if_version)
{
    char origins[64];
    merge_look look = {0, 0, 0, 0, 0, 0};
    tripsage__value params[UPDATE_PARAMS];
    tripsage__step steps[9];
    int64_t changed = 0;
    size_t n = 0;
    tripsage_status status;

    write_origins(origins, input->status);
    bind_update(params, gate, input, origins, tripsage__now_ms(trips->env), if_version);
    steps[n++] = tripsage__trip_gate_step(gate);
    if (input->present & (TRIPSAGE__MERGES_BUDGET | TRIPSAGE__MERGES_PREFERENCES))
        steps[n++] =
            (tripsage__step){&tripsage__sql_trip_merge_look, params, UPDATE_PARAMS, NULL, merge_look_row, &look, NULL};
    steps[n++] = (tripsage__step){&tripsage__sql_trip_update, params, UPDATE_PARAMS, NULL, NULL, NULL, &changed};
    if (input->present & TRIPSAGE__HAS_SEARCHED)
        steps[n++] = (tripsage__step){&tripsage__sql_trip_reindex, &gate->params[2], 1, NULL, NULL, NULL, NULL};
    if (input->present & TRIPSAGE__HAS_VISIBILITY)
        steps[n++] = tripsage__trip_acl_step(gate);
    if (input->present & TRIPSAGE__HAS_SEARCHED) {
        tripsage__trip_vector_want_steps(gate, &steps[n]);
        n += TRIPSAGE__TRIP_VECTOR_STEPS;
    }
    if (input->present & TRIPSAGE__HAS_VISIBILITY)
        steps[n++] = tripsage__trip_vector_owner_step(gate);
    steps[n++] = tripsage__trip_reading_step(reading, gate->params);
    tripsage__take_turn(trips, 0);
    status = tripsage__store_write(trips->store, actor, steps, n);
    tripsage__end_turn(trips);
    if (status != TRIPSAGE_OK)
        goto out;
    TRIPSAGE_TRY(explain(gate, input, if_version));
    TRIPSAGE_TRY(explain_merge(&look, input));
    if (changed != 1)
        status = TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "an update was refused for no reason that is known");
out:
    return status;
}

/* Nothing was given: nothing changes, and the answer is the trip as it is. */
static tripsage_status read_unchanged(tripsage__trip_reading *reading, tripsage_trips *trips,
                                      const tripsage_actor *actor, tripsage__trip_gate *gate, int64_t if_version)
{
    const tripsage__step steps[2] = {tripsage__trip_gate_step(gate),
                                     tripsage__trip_reading_step(reading, gate->params)};
    tripsage_status status = tripsage__store_read(trips->store, actor, steps, 2);

    return status == TRIPSAGE_OK ? tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_EDIT, if_version) : status;
}

static tripsage_status change(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                              const char *trip_id, const char *json, size_t length,
                              const tripsage_write_options *options, tripsage__trip_purpose purpose)
{
    tripsage__trip_gate gate;
    tripsage__trip_input input;
    tripsage__trip_reading reading = {NULL, 0, 0};
    tripsage_write_options how;
    tripsage_status status;

    *out = NULL;
    memset(&input, 0, sizeof input);
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(tripsage__trip_input_read(&input, trips, json, length, purpose));
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    if (input.present)
        TRIPSAGE_TRY(write_update(&reading, trips, actor, &gate, &input, how.if_version));
    else
        TRIPSAGE_TRY(read_unchanged(&reading, trips, actor, &gate, how.if_version));
out:
    tripsage__trip_input_free(&input);
    return tripsage__doc_finish(out, reading.doc, status);
}

tripsage_status tripsage_trip_update(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *trip_id, const char *json, size_t length,
                                     const tripsage_write_options *options)
{
    return change(out, trips, actor, trip_id, json, length, options, TRIPSAGE__TO_UPDATE);
}

tripsage_status tripsage_trip_patch(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                    const char *trip_id, const char *json, size_t length,
                                    const tripsage_write_options *options)
{
    return change(out, trips, actor, trip_id, json, length, options, TRIPSAGE__TO_PATCH);
}
