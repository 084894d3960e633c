/* trip/collaborator.c: who else is on a trip: share, list, change, remove or leave, and hand the trip over.
 *
 * Invariants
 *   1. The owner is never a collaborator of his own trip.
 *   2. A level of admin is given, changed and taken away by the owner (or the service role) only.
 *   3. trip_search.acl names exactly the members; every change here renews it in the same transaction. */
#include "trip.h"

#include <stdio.h>

#include "auth/auth.h"
#include "record.h"
#include "similar.h"
#include "statements.h"

#define COLLABORATORS_MAX 100 /* as tripsage/trip.h says; the number is in the SQL of share too */
#define NAMED_MAX         50

static const char *const levels[] = {"view", "edit", "admin", NULL};

static int level_of(const char *word)
{
    return strcmp(word, levels[0]) == 0   ? TRIPSAGE__ROLE_VIEW
           : strcmp(word, levels[1]) == 0 ? TRIPSAGE__ROLE_EDIT
                                          : TRIPSAGE__ROLE_ADMIN;
}

/* ---- writing collaborators ---- */

#define COLLABORATOR_COLUMNS "c.user_id, a.email, a.full_name, c.level, c.added_by, c.added_at"
#define COLLABORATOR_FROM    " FROM trip_collaborator c LEFT JOIN account a ON a.id = c.user_id "

/* Room for what is written after the last row, a total and an id: taken while rows come, because a write that was committed must not fail
 * for want of memory. */
enum { ENDING = 128 };

static void listing_begin(void *context)
{
    tripsage__collaborator_listing *l = context;

    l->json.size = 0;
    l->json.failed = TRIPSAGE_OK;
    l->count = 0;
    if (l->before)
        tripsage__buf_puts(&l->json, l->before);
    tripsage__buf_reserve(&l->json, ENDING);
}

static void put_column(tripsage__buf *buf, const char *before, const tripsage__row *row, int column)
{
    size_t size;
    const char *text = tripsage__row_text(row, column, &size);

    tripsage__buf_puts(buf, before);
    tripsage__json_put_text(buf, text, size);
}

static tripsage_status listing_row(void *context, const tripsage__row *row)
{
    tripsage__collaborator_listing *l = context;

    if (l->count++)
        tripsage__buf_putc(&l->json, ',');
    put_column(&l->json, "{\"user_id\":", row, 0);
    put_column(&l->json, ",\"email\":", row, 1);
    put_column(&l->json, ",\"name\":", row, 2);
    TRIPSAGE__LIT(&l->json, ",\"permission_level\":\"");
    tripsage__buf_puts(&l->json, tripsage__role_word((int)tripsage__row_int(row, 3)));
    put_column(&l->json, "\",\"added_by\":", row, 4);
    TRIPSAGE__LIT(&l->json, ",\"added_at\":");
    tripsage__json_put_instant(&l->json, tripsage__row_int(row, 5));
    tripsage__buf_putc(&l->json, '}');
    tripsage__buf_reserve(&l->json, ENDING);
    return tripsage__buf_status(&l->json);
}

/* An answer: the listing, into which its rows are gathered, and the document that takes its text over in the end. */
typedef struct answer {
    tripsage__collaborator_listing listing;
    tripsage_doc *doc;
} answer;

#define ANSWER_INIT(before)                                                                                            \
    {                                                                                                                  \
        {TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT), 0, (before)}, NULL                                                \
    }

/* Writes the end, unless NULL is given for it, and hands the document out, or frees all. */
static tripsage_status answer_finish(tripsage_doc **out, answer *a, const char *owner_id, tripsage_status status)
{
    tripsage__collaborator_listing *l = &a->listing;

    if (status == TRIPSAGE_OK) {
        if (owner_id)
            tripsage__buf_printf(&l->json, "],\"total\":%lld,\"owner_id\":\"%s\"}", (long long)l->count, owner_id);
        tripsage__buf_free(&a->doc->json);
        a->doc->json = l->json;
    } else {
        tripsage__buf_free(&l->json);
    }
    return tripsage__doc_finish(out, a->doc, status);
}

/* ---- list ---- */

const tripsage__statement tripsage__sql_collaborator_list = {
    "collaborator_list",
    "SELECT " COLLABORATOR_COLUMNS COLLABORATOR_FROM "WHERE c.trip_id = $3 AND EXISTS"
    " (SELECT 1 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_VIEW ") ORDER BY c.position",
    NULL};

tripsage__step tripsage__collaborator_list_step(tripsage__collaborator_listing *listing,
                                                const tripsage__trip_gate *gate)
{
    tripsage__step step = {&tripsage__sql_collaborator_list, NULL, 3, listing_begin, listing_row, NULL, NULL};

    step.params = gate->params;
    step.context = listing;
    return step;
}

tripsage_status tripsage_collaborator_list(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                           const char *trip_id)
{
    tripsage__trip_gate gate;
    answer a = ANSWER_INIT("{\"collaborators\":[");
    tripsage__step steps[2];
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__doc_new(&a.doc, 0));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__collaborator_list_step(&a.listing, &gate);
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_VIEW, 0));
out:
    return answer_finish(out, &a, gate.owner_id, status);
}

/* ---- share ----
 *
 * $4 is a JSON array of those named, each an e-mail address (it has an @) or a user id; $5 the level, $6 now. All of it is one
 * write, whose statements stand behind one condition. It holds before the first of them and still after the last. */

/* n: the position in $4 and the user's id; null for an address without an account. PostgreSQL shows people the accounts of their companions
 * only, so there a function looks for those who may invite. */
#define NAMED_SQLITE                                                                                                   \
    "WITH n AS (SELECT j.key AS position, CASE WHEN instr(j.value, '@') > 0"                                           \
    " THEN (SELECT a.id FROM account a WHERE a.email = j.value) ELSE j.value END AS user_id FROM json_each($4) j) "
#define NAMED_POSTGRES                                                                                                 \
    "WITH n AS (SELECT j.number - 1 AS position, CASE WHEN strpos(j.value, '@') > 0"                                   \
    " THEN account_id_for($3, j.value) ELSE j.value END AS user_id"                                                    \
    " FROM json_array_elements_text(CAST($4 AS json)) WITH ORDINALITY AS j (value, number)) "

#define STATEMENT_OF_NAMED(name, text)                                                                                 \
    const tripsage__statement tripsage__sql_##name = {#name, NAMED_SQLITE text, NAMED_POSTGRES text};

/* How many collaborators there are with those named. */
#define SQL_TOTAL                                                                                                      \
    "(SELECT count(*) FROM (SELECT user_id FROM trip_collaborator WHERE trip_id = $3 UNION"                            \
    " SELECT user_id FROM n) AS m)"

#define SQL_MAY_SHARE                                                                                                  \
    TRIPSAGE__SQL_MAY_INVITE                                                                                           \
    " AND NOT EXISTS (SELECT 1 FROM n LEFT JOIN trip_collaborator o ON o.trip_id = $3 AND o.user_id = n.user_id"       \
    " WHERE n.user_id IS NULL OR n.user_id = t.user_id OR ((o.level = 4 OR $5 = 4) AND " TRIPSAGE__SQL_ROLE " < 5))"   \
    " AND " SQL_TOTAL " <= 100"

/* Who was named, for the explanation of a refusal. Only for those who may invite: nobody learns who has an account by sharing a
 * trip that is not his to share. */
STATEMENT_OF_NAMED(share_named, "SELECT n.position, n.user_id IS NULL, n.user_id = t.user_id, o.level, " SQL_TOTAL
                                " FROM n JOIN trip t ON t.id = $3"
                                " LEFT JOIN trip_collaborator o ON o.trip_id = $3 AND o.user_id = n.user_id"
                                " WHERE " TRIPSAGE__SQL_MAY_INVITE " ORDER BY n.position")

STATEMENT_OF_NAMED(share_open, "UPDATE trip AS t SET visibility = 'shared', version = t.version + 1, updated_at = $6"
                               " WHERE t.id = $3 AND t.visibility = 'private' AND " SQL_MAY_SHARE)

/* The service role adds in the owner's name. */
STATEMENT_OF_NAMED(share_add,
                   "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)"
                   " SELECT t.id, n.user_id, $5, min(n.position) + 1"
                   " + COALESCE((SELECT max(o.position) FROM trip_collaborator o WHERE o.trip_id = $3), 0),"
                   " CASE WHEN $2 = 1 THEN t.user_id ELSE $1 END, $6"
                   " FROM n JOIN trip t ON t.id = $3 WHERE " SQL_MAY_SHARE " GROUP BY n.user_id, t.id, t.user_id"
                   " ON CONFLICT (trip_id, user_id) DO UPDATE SET level = excluded.level")

STATEMENT_OF_NAMED(share_answer,
                   "SELECT " COLLABORATOR_COLUMNS COLLABORATOR_FROM
                   "JOIN (SELECT user_id, min(position) AS position FROM n GROUP BY user_id) m ON m.user_id = c.user_id"
                   " WHERE c.trip_id = $3 ORDER BY m.position")

/* What the second step of a share found, by position. */
typedef struct named {
    int unknown[NAMED_MAX], is_owner[NAMED_MAX];
    int is_admin; /* some of them is one already */
    int64_t total;
} named;

static void named_begin(void *context)
{
    memset(context, 0, sizeof(named));
}

static tripsage_status named_row(void *context, const tripsage__row *row)
{
    named *n = context;
    int64_t position = tripsage__row_int(row, 0);

    if (position >= 0 && position < NAMED_MAX) {
        n->unknown[position] = (int)tripsage__row_int(row, 1);
        n->is_owner[position] = (int)tripsage__row_int(row, 2);
    }
    n->is_admin |= tripsage__row_int(row, 3) == TRIPSAGE__ROLE_ADMIN;
    n->total = tripsage__row_int(row, 4);
    return TRIPSAGE_OK;
}

/* An address or an id as it is kept; 0 when the text is neither. */
static int put_named(tripsage__buf *buf, const char *text)
{
    char kept[TRIPSAGE__EMAIL_SIZE];
    int is_email = text && strchr(text, '@');

    if (!text || !(is_email ? tripsage__email_normalize(text, kept) : tripsage__uuid_parse(text, kept)))
        return 0;
    tripsage__json_put_string(buf, kept);
    return 1;
}

static void read_named(tripsage__buf *people, tripsage__reader *r)
{
    const tripsage__json *array = NULL;
    size_t index = 0;

    if (tripsage__read_array(r, "user_emails", TRIPSAGE__REQUIRED, 1, NAMED_MAX, &array) != TRIPSAGE__PRESENT)
        return;
    tripsage__buf_putc(people, '[');
    tripsage__reader_enter(r, "user_emails", array);
    for (const tripsage__json *node = tripsage__json_first(array); node; node = tripsage__json_next(node), index++) {
        char name[8];

        snprintf(name, sizeof name, "%zu", index);
        if (index)
            tripsage__buf_putc(people, ',');
        if (!put_named(people, tripsage__json_text(node)))
            tripsage__reader_complain(r, name, "expected an e-mail address or a user's id");
    }
    tripsage__reader_close_object(r);
    tripsage__buf_putc(people, ']');
}

static tripsage_status read_share(tripsage__buf *people, int *level, const char *json, size_t length)
{
    tripsage__reader r;
    const char *word = levels[0];
    tripsage_status status = tripsage__reader_open(&r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    read_named(people, &r);
    tripsage__read_word(&r, "permission_level", TRIPSAGE__OPTIONAL, levels, &word);
    tripsage__reader_close_object(&r);
    status = tripsage__reader_status(&r);
    *level = level_of(word);
    tripsage__reader_free(&r);
    return status == TRIPSAGE_OK ? tripsage__buf_status(people) : status;
}

static tripsage_status explain_share(const tripsage__trip_gate *gate, const named *n, int level)
{
    tripsage_status status = tripsage__trip_gate_check(gate, TRIPSAGE__ROLE_ADMIN, 0);

    if (status != TRIPSAGE_OK)
        return status;
    if (level == TRIPSAGE__ROLE_ADMIN && gate->role < TRIPSAGE__ROLE_OWNER)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the owner makes somebody an admin");
    tripsage__fields_begin();
    for (int i = 0; i < NAMED_MAX; i++) {
        char pointer[32];

        snprintf(pointer, sizeof pointer, "/user_emails/%d", i);
        if (n->unknown[i])
            tripsage__fields_add(__FILE__, __LINE__, pointer, "nobody has an account with this address");
        if (n->is_owner[i])
            tripsage__fields_add(__FILE__, __LINE__, pointer, "is the owner of the trip");
    }
    status = tripsage__fields_end();
    if (status != TRIPSAGE_OK)
        return status;
    if (n->is_admin && gate->role < TRIPSAGE__ROLE_OWNER)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the owner changes the level of an admin");
    if (n->total > COLLABORATORS_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "a trip has at most %d collaborators; this would make %lld",
                             COLLABORATORS_MAX, (long long)n->total);
    return TRIPSAGE_OK;
}

tripsage_status tripsage_trip_share(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                    const char *trip_id, const char *json, size_t length)
{
    tripsage__trip_gate gate;
    tripsage__buf people = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    answer a = ANSWER_INIT("{\"items\":[");
    named n;
    int level = 0;
    tripsage__value params[6];
    tripsage__step steps[6] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_share_named, params, 4, named_begin, named_row, &n, NULL},
        {&tripsage__sql_share_open, params, 6, NULL, NULL, NULL, NULL},
        {&tripsage__sql_share_add, params, 6, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_share_answer, params, 4, listing_begin, listing_row, &a.listing, NULL},
    };
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(read_share(&people, &level, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&a.doc, 0));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__textn(people.data, people.size);
    params[4] = tripsage__int(level);
    params[5] = tripsage__int(tripsage__now_ms(trips->env));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[4] = tripsage__trip_acl_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 6));
    TRIPSAGE_TRY(explain_share(&gate, &n, level));
out:
    tripsage__buf_free(&people);
    return answer_finish(out, &a, gate.owner_id, status);
}

/* ---- one collaborator ---- */

/* $4 the user; 0 rows unless he is a collaborator of a trip the actor is a member of */
const tripsage__statement tripsage__sql_collaborator_level = {
    "collaborator_level",
    "SELECT o.level FROM trip_collaborator o JOIN trip t ON t.id = o.trip_id"
    " WHERE o.trip_id = $3 AND o.user_id = $4 AND " TRIPSAGE__SQL_MAY_VIEW,
    NULL};

/* $5 the new level */
const tripsage__statement tripsage__sql_collaborator_change = {
    "collaborator_change",
    "UPDATE trip_collaborator AS o SET level = $5 WHERE o.trip_id = $3 AND o.user_id = $4 AND $4 <> $1"
    " AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_INVITE " AND (" TRIPSAGE__SQL_ROLE
    " >= 5 OR (o.level < 4 AND $5 < 4)))",
    NULL};

const tripsage__statement tripsage__sql_collaborator_one = {
    "collaborator_one", "SELECT " COLLABORATOR_COLUMNS COLLABORATOR_FROM "WHERE c.trip_id = $1 AND c.user_id = $2",
    NULL};

const tripsage__statement tripsage__sql_collaborator_remove = {
    "collaborator_remove",
    "DELETE FROM trip_collaborator AS o WHERE o.trip_id = $3 AND o.user_id = $4"
    " AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $3 AND t.deleted_at IS NULL AND ($4 = $1 OR " TRIPSAGE__SQL_ROLE
    " >= 5 OR (" TRIPSAGE__SQL_ROLE " >= 4 AND o.level < 4)))",
    NULL};

/* The present level of the user a call is about, as a step's context; 0: he is no collaborator. */
static void level_begin(void *context)
{
    *(int *)context = 0;
}

static tripsage_status level_row(void *context, const tripsage__row *row)
{
    *(int *)context = (int)tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static tripsage_status no_collaborator(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such collaborator on the trip");
}

static tripsage_status read_level(int *level, const char *json, size_t length)
{
    tripsage__reader r;
    const char *word = levels[0];
    tripsage_status status = tripsage__reader_open(&r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__read_word(&r, "permission_level", TRIPSAGE__REQUIRED, levels, &word);
    tripsage__reader_close_object(&r);
    status = tripsage__reader_status(&r);
    *level = level_of(word);
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_collaborator_update(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                             const char *trip_id, const char *user_id, const char *json, size_t length)
{
    tripsage__trip_gate gate;
    char id[TRIPSAGE__UUID_SIZE];
    int before = 0, level = 0;
    answer a = ANSWER_INIT(NULL);
    tripsage__value params[5];
    tripsage__step steps[4] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_collaborator_level, params, 4, level_begin, level_row, &before, NULL},
        {&tripsage__sql_collaborator_change, params, 5, NULL, NULL, NULL, NULL},
        {&tripsage__sql_collaborator_one, params + 2, 2, listing_begin, listing_row, &a.listing, NULL},
    };
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(read_level(&level, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&a.doc, 0));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(user_id && tripsage__uuid_parse(user_id, id) ? id : "");
    params[4] = tripsage__int(level);
    steps[0] = tripsage__trip_gate_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_ADMIN, 0));
    if (params[3].size && strcmp(id, actor->user_id) == 0)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "nobody changes his own level");
    else if (!before)
        status = no_collaborator();
    else if (gate.role < TRIPSAGE__ROLE_OWNER && (before == TRIPSAGE__ROLE_ADMIN || level == TRIPSAGE__ROLE_ADMIN))
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the owner makes and changes admins");
out:
    return answer_finish(out, &a, NULL, status);
}

tripsage_status tripsage_collaborator_remove(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id,
                                             const char *user_id)
{
    tripsage__trip_gate gate;
    char id[TRIPSAGE__UUID_SIZE];
    int before = 0, leaving;
    tripsage__value params[4];
    tripsage__step steps[4] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_collaborator_level, params, 4, level_begin, level_row, &before, NULL},
        {&tripsage__sql_collaborator_remove, params, 4, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(user_id && tripsage__uuid_parse(user_id, id) ? id : "");
    leaving = params[3].size && strcmp(id, actor->user_id) == 0;
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[3] = tripsage__trip_acl_step(&gate);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 4));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, leaving ? TRIPSAGE__ROLE_PUBLIC : TRIPSAGE__ROLE_ADMIN, 0));
    if (!before)
        status = no_collaborator();
    else if (before == TRIPSAGE__ROLE_ADMIN && !leaving && gate.role < TRIPSAGE__ROLE_OWNER)
        status = TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the owner removes an admin");
out:
    return status;
}

/* ---- transfer ----
 * $4 the new owner, $5 if_version, $6 now. The old owner becomes an admin first, while he is still the owner; the new one stops being
 * a collaborator last, once he is the owner. */

#define SQL_MAY_TRANSFER                                                                                               \
    "t.id = $3 AND " TRIPSAGE__SQL_MAY_OWN " AND ($5 = 0 OR t.version = $5)"                                           \
    " AND EXISTS (SELECT 1 FROM trip_collaborator o WHERE o.trip_id = $3 AND o.user_id = $4)"

const tripsage__statement tripsage__sql_transfer_stay = {
    "transfer_stay",
    "INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)"
    " SELECT t.id, t.user_id, 4, (SELECT max(o.position) FROM trip_collaborator o WHERE o.trip_id = $3) + 1,"
    " t.user_id, $6 FROM trip t WHERE " SQL_MAY_TRANSFER,
    NULL};

const tripsage__statement tripsage__sql_transfer_give = {
    "transfer_give",
    "UPDATE trip AS t SET user_id = $4, version = t.version + 1, updated_at = $6 WHERE " SQL_MAY_TRANSFER, NULL};

/* $1 the trip, $2 the new owner: whoever owns a trip is no collaborator of it */
const tripsage__statement tripsage__sql_transfer_rise = {
    "transfer_rise",
    "DELETE FROM trip_collaborator WHERE trip_id = $1 AND user_id = $2"
    " AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $1 AND t.user_id = $2)",
    NULL};

static tripsage_status read_user(char id[TRIPSAGE__UUID_SIZE], const char *json, size_t length)
{
    tripsage__reader r;
    tripsage_status status = tripsage__reader_open(&r, json, length);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__read_uuid(&r, "user_id", TRIPSAGE__REQUIRED, id);
    tripsage__reader_close_object(&r);
    status = tripsage__reader_status(&r);
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_trip_transfer(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                       const char *trip_id, const char *json, size_t length,
                                       const tripsage_write_options *options)
{
    tripsage__trip_gate gate;
    tripsage_write_options how;
    tripsage__trip_reading reading = {NULL, 0, 0};
    char id[TRIPSAGE__UUID_SIZE] = "";
    int before = 0;
    tripsage__value params[6];
    tripsage__step steps[8] = {
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {&tripsage__sql_collaborator_level, params, 4, level_begin, level_row, &before, NULL},
        {&tripsage__sql_transfer_stay, params, 6, NULL, NULL, NULL, NULL},
        {&tripsage__sql_transfer_give, params, 6, NULL, NULL, NULL, NULL},
        {&tripsage__sql_transfer_rise, params + 2, 2, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
        {NULL, NULL, 0, NULL, NULL, NULL, NULL},
    };
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(read_user(id, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&reading.doc, 1024));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(id);
    params[4] = tripsage__int(how.if_version);
    params[5] = tripsage__int(tripsage__now_ms(trips->env));
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[5] = tripsage__trip_acl_step(&gate);
    steps[6] = tripsage__trip_vector_owner_step(&gate);
    steps[7] = tripsage__trip_reading_step(&reading, gate.params);
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 8));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_OWNER, how.if_version));
    if (!before)
        status = TRIPSAGE_FAIL_FIELD("/user_id", "is no collaborator of the trip; share it first");
out:
    return tripsage__doc_finish(out, reading.doc, status);
}
