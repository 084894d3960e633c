/* trip/gate.c: what an actor may do on a trip, and how a write is to be made. */
#include "trip.h"

#include "statements.h"

/* ---- roles ---- */

const char *tripsage__role_word(int role)
{
    static const char *const words[] = {"none", "public", "view", "edit", "admin", "owner", "service"};

    return role > 0 && (size_t)role < sizeof words / sizeof words[0] ? words[role] : words[0];
}

/* ---- the gate ---- */

#define SELECT_GATE(role)                                                                                              \
    "SELECT " role ", t.deleted_at IS NOT NULL, t.version, t.user_id, t.status, t.visibility, t.start_date, "          \
    "t.end_date, t.budget_currency FROM trip t WHERE t.id = $3"

const tripsage__statement tripsage__sql_trip_gate = {"trip_gate", SELECT_GATE(TRIPSAGE__SQL_ROLE),
                                                     SELECT_GATE(TRIPSAGE__PG_ROLE)};

tripsage_status tripsage__trip_gate_init(tripsage__trip_gate *gate, const tripsage_actor *actor, const char *trip_id)
{
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ);

    if (status != TRIPSAGE_OK)
        return status;
    gate->found = gate->role = gate->deleted = 0;
    if (!trip_id || !tripsage__uuid_parse(trip_id, gate->trip_id))
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such trip");
    gate->params[0] = tripsage__text(actor->user_id);
    gate->params[1] = tripsage__int(actor->is_service);
    gate->params[2] = tripsage__textn(gate->trip_id, TRIPSAGE__UUID_SIZE - 1);
    return TRIPSAGE_OK;
}

static void gate_begin(void *context)
{
    tripsage__trip_gate *gate = context;

    gate->found = gate->role = gate->deleted = 0;
}

/* Columns are within their bounds by the schema's CHECKs; a damaged database is cut, not followed. */
static void take_text(char *out, size_t size, const tripsage__row *row, int column)
{
    size_t length;
    const char *text = tripsage__row_text(row, column, &length);

    if (length >= size)
        length = size - 1;
    if (text)
        memcpy(out, text, length);
    out[text ? length : 0] = '\0';
}

static tripsage_status gate_row(void *context, const tripsage__row *row)
{
    tripsage__trip_gate *gate = context;

    gate->found = 1;
    gate->role = (int)tripsage__row_int(row, 0);
    gate->deleted = (int)tripsage__row_int(row, 1);
    gate->version = tripsage__row_int(row, 2);
    take_text(gate->owner_id, sizeof gate->owner_id, row, 3);
    take_text(gate->status, sizeof gate->status, row, 4);
    take_text(gate->visibility, sizeof gate->visibility, row, 5);
    take_text(gate->start_date, sizeof gate->start_date, row, 6);
    take_text(gate->end_date, sizeof gate->end_date, row, 7);
    take_text(gate->budget_currency, sizeof gate->budget_currency, row, 8);
    return TRIPSAGE_OK;
}

tripsage__step tripsage__trip_gate_step(tripsage__trip_gate *gate)
{
    tripsage__step step = {&tripsage__sql_trip_gate, NULL, 3, gate_begin, gate_row, NULL, NULL};

    step.params = gate->params;
    step.context = gate;
    return step;
}

tripsage_status tripsage__trip_gate_check(const tripsage__trip_gate *gate, int minimum, int64_t if_version)
{
    if (!gate->found || gate->deleted || gate->role < TRIPSAGE__ROLE_PUBLIC)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such trip");
    if (gate->role < minimum)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "this takes the role %s on the trip; yours is %s",
                             tripsage__role_word(minimum), tripsage__role_word(gate->role));
    if (if_version && gate->version != if_version)
        return TRIPSAGE_FAIL(TRIPSAGE_EPRECONDITION, "the trip is at version %lld, not %lld", (long long)gate->version,
                             (long long)if_version);
    return TRIPSAGE_OK;
}

/* ---- how a write is to be made ---- */

tripsage_status tripsage__write_options_read(tripsage_write_options *out, const tripsage_write_options *options)
{
    static const tripsage_write_options none = TRIPSAGE_WRITE_OPTIONS_INIT;
    const char *key;

    *out = none;
    if (!options)
        return TRIPSAGE_OK;
    if (options->version != none.version)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE,
                             "tripsage_write_options has version %u, which this library does not know",
                             options->version);
    if (options->if_version < 0)
        return TRIPSAGE_FAIL_FIELD("#if_version", "expected 0 or a version");
    key = options->idempotency_key;
    for (const char *p = key; p && *p; p++)
        if (*p < ' ' || *p > '~')
            return TRIPSAGE_FAIL_FIELD("#idempotency_key", "expected printable ASCII characters");
    if (key && (key[0] == '\0' || strlen(key) > 255))
        return TRIPSAGE_FAIL_FIELD("#idempotency_key", "expected 1 to 255 characters");
    out->if_version = options->if_version;
    out->idempotency_key = key;
    return TRIPSAGE_OK;
}
