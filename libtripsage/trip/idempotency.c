/* trip/idempotency.c: the first answer to a creating call is kept for a day and given again to calls that repeat it.
 *
 * The table's row is (actor, operation, key) -> what was asked, what was answered. It is written in the transaction that makes the
 * record, after it, and only if it was made: a refused call leaves its key free. */
#include "trip.h"

#include "base/crypto.h"
#include "base/memory.h"
#include "statements.h"

/* 24 hours, as tripsage/trip.h promises. */
#define KEPT_MS (INT64_C(24) * 60 * 60 * 1000)
/* One write of a purge removes at most this many answers, so that it holds the writer for milliseconds. */
#define PURGE_BATCH 500

/* $1 actor, $2 operation, $3 key, $4 cutoff */
const tripsage__statement tripsage__sql_idempotency_find = {
    "idempotency_find",
    "SELECT fingerprint, response FROM idempotency_key"
    " WHERE user_id = $1 AND operation = $2 AND key = $3 AND created_at > $4",
    NULL};

/* $1..$4 as above, $5 fingerprint, $6 answer, $7 now, $8 the new record. A row that is past its keeping is written over; one goes with its
 * trip when that is purged. */
#define KEEP(table, trip_id)                                                                                           \
    "INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)"                \
    " SELECT $1, $2, $3, $5, $6, " trip_id ", $7 FROM " table " WHERE id = $8"                                         \
    " ON CONFLICT (user_id, operation, key) DO UPDATE SET fingerprint = excluded.fingerprint,"                         \
    " response = excluded.response, trip_id = excluded.trip_id, created_at = excluded.created_at"                      \
    " WHERE idempotency_key.created_at <= $4"

const tripsage__statement tripsage__sql_idempotency_keep_trip = {"idempotency_keep_trip", KEEP("trip", "id"), NULL};
const tripsage__statement tripsage__sql_idempotency_keep_item = {"idempotency_keep_item",
                                                                 KEEP("itinerary_item", "trip_id"), NULL};
const tripsage__statement tripsage__sql_idempotency_keep_note = {"idempotency_keep_note", KEEP("trip_note", "trip_id"),
                                                                 NULL};

static const struct {
    const char *name;
    const tripsage__statement *keep;
} operations[] = {
    [TRIPSAGE__CREATES_TRIP] = {"trip_create", &tripsage__sql_idempotency_keep_trip},
    [TRIPSAGE__CREATES_COPY] = {"trip_duplicate", &tripsage__sql_idempotency_keep_trip},
    [TRIPSAGE__CREATES_ITEM] = {"item_create", &tripsage__sql_idempotency_keep_item},
    [TRIPSAGE__CREATES_NOTE] = {"note_create", &tripsage__sql_idempotency_keep_note},
};

/* SHA-256 of "scope \0 input". */
static tripsage_status fingerprint(unsigned char out[32], const char *scope, const char *input, size_t length)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX * 2);
    tripsage_status status;

    tripsage__buf_put(&text, scope, strlen(scope) + 1);
    if (input)
        tripsage__buf_put(&text, input, length == TRIPSAGE_NUL ? strlen(input) : length);
    TRIPSAGE_TRY(tripsage__buf_status(&text));
    TRIPSAGE_TRY(tripsage__sha256(out, text.data, text.size));
out:
    tripsage__buf_free(&text);
    return status;
}

tripsage_status tripsage__idempotency_init(tripsage__idempotency *key, tripsage_trips *trips,
                                           const tripsage_actor *actor, const char *idempotency_key,
                                           tripsage__creates creates, const char *scope, const char *input,
                                           size_t length)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    int64_t now;

    memset(key, 0, sizeof *key);
    key->answer = empty;
    key->creates = creates;
    key->params[0] = tripsage__text(actor->user_id);
    key->params[1] = tripsage__text(operations[creates].name);
    key->params[2] = tripsage__text(idempotency_key);
    key->params[3] = tripsage__null_of(TRIPSAGE__INT);
    if (!idempotency_key)
        return TRIPSAGE_OK;
    now = tripsage__now_ms(trips->env);
    key->used = 1;
    key->params[3] = tripsage__int(now - KEPT_MS);
    key->params[4] = tripsage__blob(key->fingerprint, sizeof key->fingerprint);
    key->params[6] = tripsage__int(now);
    return fingerprint(key->fingerprint, scope, input, length);
}

void tripsage__idempotency_free(tripsage__idempotency *key)
{
    tripsage__buf_free(&key->answer);
}

void tripsage__idempotency_params(const tripsage__idempotency *key, tripsage__value out[3])
{
    memcpy(out, &key->params[1], 3 * sizeof out[0]);
}

static void find_begin(void *context)
{
    tripsage__idempotency *key = context;

    key->found = key->same = 0;
    tripsage__buf_free(&key->answer);
}

static tripsage_status find_row(void *context, const tripsage__row *row)
{
    tripsage__idempotency *key = context;
    size_t size;
    const void *kept = tripsage__row_blob(row, 0, &size);
    const char *answer;

    key->found = 1;
    key->same = size == sizeof key->fingerprint && memcmp(kept, key->fingerprint, size) == 0;
    answer = tripsage__row_text(row, 1, &size);
    if (key->same)
        tripsage__buf_put(&key->answer, answer, size);
    return tripsage__buf_status(&key->answer);
}

tripsage__step tripsage__idempotency_find_step(tripsage__idempotency *key)
{
    tripsage__step step = {&tripsage__sql_idempotency_find, NULL, 4, find_begin, find_row, NULL, NULL};

    step.params = key->params;
    step.context = key;
    return step;
}

tripsage__step tripsage__idempotency_keep_step(tripsage__idempotency *key, const char *id, const tripsage_doc *answer)
{
    tripsage__step step = {NULL, NULL, 8, NULL, NULL, NULL, NULL};

    key->params[5] = tripsage__textn(answer->json.data, answer->json.size);
    key->params[7] = tripsage__text(id);
    step.statement = operations[key->creates].keep;
    step.params = key->params;
    return step;
}

int tripsage__idempotency_replay(tripsage_status *status, tripsage_doc **out, tripsage__idempotency *key)
{
    tripsage_doc *doc = NULL;

    if (!key->used || !key->found)
        return 0;
    *out = NULL;
    if (!key->same) {
        *status = TRIPSAGE_FAIL(TRIPSAGE_EIDEMPOTENCY, "this idempotency key was used for another input");
        return 1;
    }
    *status = tripsage__doc_new(&doc, 0);
    if (*status == TRIPSAGE_OK) {
        tripsage__buf_free(&doc->json);
        doc->json = key->answer;
        memset(&key->answer, 0, sizeof key->answer);
        doc->version = 1; /* that of every record when it is made */
        doc->replayed = 1;
        *out = doc;
    }
    return 1;
}

/* $1 cutoff. PostgreSQL joins with what IN gives, and may read all answers for that; the members of an array it looks up. */
#define OLDEST "SELECT seq FROM idempotency_key WHERE created_at <= $1 ORDER BY created_at LIMIT 500"
const tripsage__statement tripsage__sql_idempotency_purge = {
    "idempotency_purge", "DELETE FROM idempotency_key WHERE seq IN (" OLDEST ")",
    "DELETE FROM idempotency_key WHERE seq = ANY (ARRAY(" OLDEST "))"};

tripsage_status tripsage__idempotency_purge(int64_t *count, tripsage_trips *trips)
{
    tripsage__value params[1];
    int64_t removed = 0;
    const tripsage__step step = {&tripsage__sql_idempotency_purge, params, 1, NULL, NULL, NULL, &removed};
    tripsage_status status;

    *count = 0;
    params[0] = tripsage__int(tripsage__now_ms(trips->env) - KEPT_MS);
    do {
        status = tripsage__store_write(trips->store, NULL, &step, 1);
        if (status == TRIPSAGE_OK)
            *count += removed;
    } while (status == TRIPSAGE_OK && removed == PURGE_BATCH);
    return status;
}
