/* trip/item.c: the calls on one item: create, get, update, delete.
 *
 * Creating is one write, unless the item leaves its zone or currency to the trip: then the trip is read first, and the write holds only
 * while the trip is at the version that was read. Updating reads the item, changes it in memory and writes it back while it is at
 * the version that was read. Either begins again when another write came between, unless the caller named the version. */
#include "trip/itinerary.h"

#include "base/memory.h"

/* Lost races before a call gives up. Each one is a write of somebody else to the same trip or item within the same milliseconds. */
#define ATTEMPTS_MAX 32

/* ---- statements: $1..$3 are the gate's, $4 the item's id ---- */

/* The trip at the version whose zone or currency was taken; 0: nothing was taken. */
#define TRIP_IS_AT(version) "(" version " = 0 OR t.version = " version ")"
#define MAY_EDIT_TRIP       "EXISTS (SELECT 1 FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT ")"

/* $5 now, $6..$29 the item's values, $30 the trip's version, $31..$33 the idempotency key */
const tripsage__statement tripsage__sql_item_insert = {
    "item_insert",
    "INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, item_type, booking_status, category,"
    " is_flexible, title, description, item_date, start_time, end_date, end_time, timezone, end_timezone, sort_at,"
    " start_at, end_at, location_name, location_address, latitude, longitude, cost, currency, booking_reference, notes,"
    " details)"
    " SELECT $4, t.id, 1, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,"
    " $24, $25, $26, $27, $28, $29"
    " FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT
    " AND " TRIP_IS_AT("$30") " AND " TRIPSAGE__SQL_FIRST_TIME(
        "$1", "$31", "$32", "$33") " AND (SELECT count(*) FROM itinerary_item i WHERE i.trip_id ="
                                   " $3) < 1000", /* TRIPSAGE__ITEMS_MAX */
    NULL};

/* $1 the item's id */
const tripsage__statement tripsage__sql_item_index = {
    "item_index",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
    " SELECT i.seq * 4 + 1, " TRIPSAGE__SQL_ACL_READERS ", i.title, " TRIPSAGE__SQL_ITEM_BODY
    ", " TRIPSAGE__SQL_ITEM_PRIVATE ", 'item', i.id, t.id"
    " FROM itinerary_item i JOIN trip t ON t.id = i.trip_id WHERE i.id = $1 AND changes() > 0",
    ""};

/* The trip was changed by a change of the item. $5 now, $6 the item's version, $7 the trip's; 0: any */
const tripsage__statement tripsage__sql_item_touch = {
    "item_touch",
    "UPDATE trip AS t SET updated_at = $5 WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT
    " AND " TRIP_IS_AT("$7") " AND EXISTS (SELECT 1 FROM itinerary_item i WHERE i.id = $4 AND i.trip_id = $3"
                             " AND ($6 = 0 OR i.version = $6))",
    NULL};

/* $5 now, $6..$29 the item's values, $30 the version it is changed from, $31 the trip's version */
const tripsage__statement tripsage__sql_item_update = {
    "item_update",
    "UPDATE itinerary_item SET version = version + 1, updated_at = $5, item_type = $6, booking_status = $7,"
    " category = $8, is_flexible = $9, title = $10, description = $11, item_date = $12, start_time = $13,"
    " end_date = $14, end_time = $15, timezone = $16, end_timezone = $17, sort_at = $18, start_at = $19, end_at = $20,"
    " location_name = $21, location_address = $22, latitude = $23, longitude = $24, cost = $25, currency = $26,"
    " booking_reference = $27, notes = $28, details = $29"
    " WHERE id = $4 AND trip_id = $3 AND version = $30 AND EXISTS (SELECT 1 FROM trip t WHERE t.id = $3"
    " AND " TRIPSAGE__SQL_MAY_EDIT " AND " TRIP_IS_AT("$31") ")",
    NULL};

/* $1 the item's id */
const tripsage__statement tripsage__sql_item_reindex = {
    "item_reindex",
    "UPDATE trip_search SET (title, body, private) = (SELECT i.title, " TRIPSAGE__SQL_ITEM_BODY
    ", " TRIPSAGE__SQL_ITEM_PRIVATE " FROM itinerary_item i WHERE i.id = $1)"
    " WHERE rowid = (SELECT seq * 4 + 1 FROM itinerary_item WHERE id = $1) AND changes() > 0",
    ""};

/* Before the item goes, while its row can still be found. $5 the item's version; 0: any */
const tripsage__statement tripsage__sql_item_unindex = {
    "item_unindex",
    "DELETE FROM trip_search WHERE rowid = (SELECT i.seq * 4 + 1 FROM itinerary_item i JOIN trip t ON t.id = i.trip_id"
    " WHERE i.id = $4 AND t.id = $3 AND ($5 = 0 OR i.version = $5) AND " TRIPSAGE__SQL_MAY_EDIT ")",
    ""};

/* $5 the item's version; 0: any */
const tripsage__statement tripsage__sql_item_delete = {
    "item_delete",
    "DELETE FROM itinerary_item WHERE id = $4 AND trip_id = $3 AND ($5 = 0 OR version = $5) AND " MAY_EDIT_TRIP, NULL};

#define ITEM_SELECT(items, may_read)                                                                                   \
    "SELECT " TRIPSAGE__SQL_ITEM_COLUMNS " FROM trip t" items " WHERE i.id = $4 AND t.id = $3 AND " may_read
/* In PostgreSQL the function that gives a public trip's items to strangers reads all of them: members go past it. */
#define EITHER(one, other) one " UNION ALL " other
const tripsage__statement tripsage__sql_item_select = {
    "item_select", ITEM_SELECT(TRIPSAGE__SQL_ITEMS_SQLITE, TRIPSAGE__SQL_MAY_READ),
    EITHER(ITEM_SELECT(TRIPSAGE__SQL_ITEMS_SQLITE, TRIPSAGE__SQL_MAY_VIEW),
           ITEM_SELECT(TRIPSAGE__SQL_ITEMS_POSTGRES, TRIPSAGE__SQL_ROLE " = 1"))};

const tripsage__statement tripsage__sql_item_version = {
    "item_version",
    "SELECT i.version FROM itinerary_item i JOIN trip t ON t.id = i.trip_id"
    " WHERE i.id = $4 AND t.id = $3 AND " TRIPSAGE__SQL_MAY_READ,
    NULL};

const tripsage__statement tripsage__sql_item_stops = {
    "item_stops", "SELECT t.destinations FROM trip t WHERE t.id = $3 AND " TRIPSAGE__SQL_MAY_EDIT, NULL};

/* ---- what an item takes from its trip ---- */

typedef struct defaults {
    tripsage__buf stops; /* JSON text */
    char zone[TRIPSAGE__ZONE_NAME_SIZE];
    char currency[4];
} defaults;

static void stops_begin(void *context)
{
    ((tripsage__buf *)context)->size = 0;
}

static tripsage_status stops_row(void *context, const tripsage__row *row)
{
    size_t size;
    const char *text = tripsage__row_text(row, 0, &size);

    tripsage__buf_put(context, text, size);
    return tripsage__buf_status(context);
}

static tripsage__step stops_step(defaults *d, const tripsage__trip_gate *gate)
{
    tripsage__step step = tripsage__step_of(&tripsage__sql_item_stops, gate->params, 3);

    step.on_begin = stops_begin;
    step.on_row = stops_row;
    step.context = &d->stops;
    return step;
}

static int lacks_something(const tripsage__item *item)
{
    return !item->timezone || (item->has_cost && !item->currency);
}

static tripsage_status take_defaults(tripsage__item *item, defaults *d, const tripsage__trip_gate *gate)
{
    tripsage_status status;

    if (!item->timezone) {
        status = tripsage__trip_zone(d->zone, d->stops.data, item->item_date);
        if (status != TRIPSAGE_OK)
            return status;
        item->timezone = d->zone;
    }
    if (item->has_cost && !item->currency) {
        if (!gate->budget_currency[0])
            return TRIPSAGE_FAIL_FIELD("/currency",
                                       "is required with a cost, as the trip has no budget to take it from");
        memcpy(d->currency, gate->budget_currency, sizeof d->currency);
        item->currency = d->currency;
    }
    return TRIPSAGE_OK;
}

static tripsage_status no_such_item(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such item");
}

static tripsage_status too_many_races(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "the trip was changed by others each time this call tried to");
}

static tripsage_status wrong_version(int64_t version, int64_t wanted)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EPRECONDITION, "the item is at version %lld, not %lld", (long long)version,
                         (long long)wanted);
}

/* ---- create ---- */

typedef struct creation {
    tripsage_trips *trips;
    const tripsage_actor *actor;
    tripsage__trip_gate gate;
    tripsage__idempotency key;
    tripsage__reader reader;
    tripsage__buf details;
    tripsage__item given; /* as the input has it */
    tripsage__item item;  /* complete */
    defaults defaults;
    int64_t trip_version; /* the one whose defaults were taken, or 0 */
    tripsage_doc *doc;
} creation;

/* Completes the item from the trip as it is now. *done: an earlier call with the same key has the answer. */
static tripsage_status complete_from_trip(creation *c, tripsage_doc **out, int *done)
{
    tripsage__step steps[3];
    size_t count = 0;
    tripsage_status status;

    steps[count++] = tripsage__trip_gate_step(&c->gate);
    steps[count++] = stops_step(&c->defaults, &c->gate);
    if (c->key.used)
        steps[count++] = tripsage__idempotency_find_step(&c->key);
    TRIPSAGE_TRY(tripsage__store_read(c->trips->store, c->actor, steps, count));
    *done = tripsage__idempotency_replay(&status, out, &c->key);
    if (*done)
        return status;
    TRIPSAGE_TRY(tripsage__trip_gate_check(&c->gate, TRIPSAGE__ROLE_EDIT, 0));
    TRIPSAGE_TRY(take_defaults(&c->item, &c->defaults, &c->gate));
    c->trip_version = c->gate.version;
out:
    return status;
}

static tripsage_status write_created(creation *c, int64_t *inserted)
{
    tripsage__value params[33], index_params[1], touch_params[7];
    tripsage__step steps[6];
    size_t count = 0;

    memcpy(params, c->gate.params, sizeof c->gate.params);
    params[3] = tripsage__text(c->item.id);
    params[4] = tripsage__int(c->item.created_at);
    tripsage__item_values(&params[5], &c->item);
    params[29] = tripsage__int(c->trip_version);
    tripsage__idempotency_params(&c->key, &params[30]);
    index_params[0] = params[3];
    memcpy(touch_params, params, 5 * sizeof params[0]);
    touch_params[5] = touch_params[6] = tripsage__int(0); /* a new id is there only if it was inserted just now */

    steps[count++] = tripsage__trip_gate_step(&c->gate);
    if (c->key.used)
        steps[count++] = tripsage__idempotency_find_step(&c->key);
    steps[count] = tripsage__step_of(&tripsage__sql_item_insert, params, 33);
    steps[count++].changes = inserted;
    steps[count++] = tripsage__step_of(&tripsage__sql_item_index, index_params, 1);
    steps[count++] = tripsage__step_of(&tripsage__sql_item_touch, touch_params, 7);
    if (c->key.used)
        steps[count++] = tripsage__idempotency_keep_step(&c->key, c->item.id, c->doc);
    return tripsage__store_write(c->trips->store, c->actor, steps, count);
}

/* One attempt. *done is 0 when it lost a race. */
static tripsage_status try_to_create(creation *c, tripsage_doc **out, int *done)
{
    int64_t inserted = 0;
    tripsage_status status;

    *done = 0;
    c->item = c->given;
    c->trip_version = 0;
    if (lacks_something(&c->item)) {
        status = complete_from_trip(c, out, done);
        if (status != TRIPSAGE_OK || *done)
            return status;
    }
    TRIPSAGE_TRY(tripsage__item_place(&c->item));
    c->doc->json.size = 0;
    tripsage__item_put(&c->doc->json, &c->item, c->gate.trip_id, 1);
    TRIPSAGE_TRY(tripsage__buf_status(&c->doc->json));
    TRIPSAGE_TRY(write_created(c, &inserted));
    *done = tripsage__idempotency_replay(&status, out, &c->key);
    if (*done)
        return status;
    TRIPSAGE_TRY(tripsage__trip_gate_check(&c->gate, TRIPSAGE__ROLE_EDIT, 0));
    if (!inserted && (!c->trip_version || c->trip_version == c->gate.version))
        return TRIPSAGE_FAIL(TRIPSAGE_ELIMIT, "a trip holds at most %d items", TRIPSAGE__ITEMS_MAX);
    *done = inserted > 0;
    if (*done) {
        c->doc->version = 1;
        *out = c->doc;
        c->doc = NULL;
    }
out:
    return status;
}

static tripsage_status read_input(creation *c, const char *json, size_t length)
{
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__reader_open(&c->reader, json, length));
    tripsage__item_read(&c->given, &c->reader, &c->details, 0);
    TRIPSAGE_TRY(tripsage__reader_status(&c->reader));
    TRIPSAGE_TRY(tripsage__buf_status(&c->details));
    TRIPSAGE_TRY(tripsage__uuid7(c->trips->env, c->given.id));
    c->given.version = 1;
    c->given.created_at = c->given.updated_at = tripsage__now_ms(c->trips->env);
out:
    return status;
}

tripsage_status tripsage_item_create(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *trip_id, const char *json, size_t length,
                                     const tripsage_write_options *options)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_write_options how;
    creation c;
    tripsage_status status;
    int done = 0;

    *out = NULL;
    memset(&c, 0, sizeof c);
    c.trips = trips;
    c.actor = actor;
    c.details = c.defaults.stops = empty;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&c.gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(read_input(&c, json, length));
    TRIPSAGE_TRY(tripsage__idempotency_init(&c.key, trips, actor, how.idempotency_key, TRIPSAGE__CREATES_ITEM,
                                            c.gate.trip_id, json, length));
    TRIPSAGE_TRY(tripsage__doc_new(&c.doc, 1024));
    for (int attempt = 0; attempt < ATTEMPTS_MAX && !done; attempt++) {
        tripsage__take_turn(trips, attempt);
        status = try_to_create(&c, out, &done);
        tripsage__end_turn(trips);
        if (status != TRIPSAGE_OK)
            goto out;
    }
    if (!done)
        status = too_many_races();
out:
    tripsage_doc_free(c.doc);
    tripsage__idempotency_free(&c.key);
    tripsage__reader_free(&c.reader);
    tripsage__buf_free(&c.details);
    tripsage__buf_free(&c.defaults.stops);
    return status;
}

/* ---- get ---- */

typedef struct reading {
    const tripsage__trip_gate *gate;
    tripsage_doc *doc;
} reading;

static void reading_begin(void *context)
{
    reading *r = context;

    r->doc->json.size = 0;
    r->doc->version = 0;
}

static tripsage_status reading_row(void *context, const tripsage__row *row)
{
    reading *r = context;
    tripsage__item item;

    tripsage__item_from_row(&item, row);
    tripsage__item_put(&r->doc->json, &item, r->gate->trip_id, r->gate->role >= TRIPSAGE__ROLE_VIEW);
    r->doc->version = item.version;
    return TRIPSAGE_OK;
}

tripsage_status tripsage_item_get(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                  const char *trip_id, const char *item_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__trip_gate gate;
    tripsage__value params[4];
    tripsage__step steps[2];
    reading r = {&gate, NULL};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    if (!item_id || !tripsage__uuid_parse(item_id, id))
        return no_such_item();
    TRIPSAGE_TRY(tripsage__doc_new(&r.doc, 1024));
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(id);
    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__step_of(&tripsage__sql_item_select, params, 4);
    steps[1].on_begin = reading_begin;
    steps[1].on_row = reading_row;
    steps[1].context = &r;
    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, steps, 2));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_PUBLIC, 0));
    if (!r.doc->version)
        status = no_such_item();
out:
    return tripsage__doc_finish(out, r.doc, status);
}

/* ---- update ---- */

typedef struct change {
    tripsage_trips *trips;
    const tripsage_actor *actor;
    const char *json;
    size_t length;
    int64_t if_version;
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__trip_gate gate;
    tripsage__item *stored; /* owned */
    tripsage__reader reader;
    tripsage__buf details;
    tripsage__item item; /* as it shall be */
    defaults defaults;
    int64_t trip_version;
    tripsage_doc *doc;
} change;

static void stored_begin(void *context)
{
    change *c = context;

    tripsage__free(c->stored);
    c->stored = NULL;
}

static tripsage_status stored_row(void *context, const tripsage__row *row)
{
    change *c = context;
    tripsage__item item;

    tripsage__item_from_row(&item, row);
    c->stored = tripsage__item_copy(&item);
    return c->stored ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* The item and its trip as they are now; refuses what will be refused anyway. */
static tripsage_status read_stored(change *c)
{
    tripsage__value params[4];
    tripsage__step steps[3];
    tripsage_status status;

    memcpy(params, c->gate.params, sizeof c->gate.params);
    params[3] = tripsage__text(c->id);
    steps[0] = tripsage__trip_gate_step(&c->gate);
    steps[1] = stops_step(&c->defaults, &c->gate);
    steps[2] = tripsage__step_of(&tripsage__sql_item_select, params, 4);
    steps[2].on_begin = stored_begin;
    steps[2].on_row = stored_row;
    steps[2].context = c;
    TRIPSAGE_TRY(tripsage__store_read(c->trips->store, c->actor, steps, 3));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&c->gate, TRIPSAGE__ROLE_EDIT, 0));
    if (!c->stored)
        return no_such_item();
    if (c->if_version && c->stored->version != c->if_version)
        return wrong_version(c->stored->version, c->if_version);
out:
    return status;
}

static int differs(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) != 0 : a != b;
}

static int moves(const tripsage__item *a, const tripsage__item *b)
{
    return differs(a->item_date, b->item_date) || differs(a->start_time, b->start_time) ||
           differs(a->end_date, b->end_date) || differs(a->end_time, b->end_time) ||
           differs(a->timezone, b->timezone) || differs(a->end_timezone, b->end_timezone);
}

static int is_found_otherwise(const tripsage__item *a, const tripsage__item *b)
{
    return differs(a->title, b->title) || differs(a->description, b->description) || differs(a->notes, b->notes) ||
           differs(a->location_name, b->location_name) || differs(a->location_address, b->location_address) ||
           differs(a->booking_reference, b->booking_reference);
}

/* Makes c->item out of the stored one and the input. */
static tripsage_status merge(change *c)
{
    tripsage_status status;

    c->item = *c->stored;
    c->trip_version = 0;
    tripsage__buf_free(&c->details);
    tripsage__reader_free(&c->reader);
    TRIPSAGE_TRY(tripsage__reader_open(&c->reader, c->json, c->length));
    tripsage__item_read(&c->item, &c->reader, &c->details, 1);
    TRIPSAGE_TRY(tripsage__reader_status(&c->reader));
    TRIPSAGE_TRY(tripsage__buf_status(&c->details));
    if (lacks_something(&c->item)) {
        TRIPSAGE_TRY(take_defaults(&c->item, &c->defaults, &c->gate));
        c->trip_version = c->gate.version;
    }
    if (moves(c->stored, &c->item))
        TRIPSAGE_TRY(tripsage__item_place(&c->item));
    c->item.version++;
    c->item.updated_at = tripsage__now_ms(c->trips->env);
out:
    return status;
}

static tripsage_status write_changed(change *c, int64_t *changed)
{
    tripsage__value params[31], index_params[1], touch_params[7];
    tripsage__step steps[4];
    size_t count = 0;

    memcpy(params, c->gate.params, sizeof c->gate.params);
    params[3] = index_params[0] = tripsage__text(c->id);
    params[4] = tripsage__int(c->item.updated_at);
    tripsage__item_values(&params[5], &c->item);
    params[29] = tripsage__int(c->stored->version);
    params[30] = tripsage__int(c->trip_version);
    memcpy(touch_params, params, 5 * sizeof params[0]);
    memcpy(&touch_params[5], &params[29], 2 * sizeof params[0]);

    steps[count++] = tripsage__trip_gate_step(&c->gate);
    steps[count++] = tripsage__step_of(&tripsage__sql_item_touch, touch_params, 7);
    steps[count] = tripsage__step_of(&tripsage__sql_item_update, params, 31);
    steps[count++].changes = changed;
    if (is_found_otherwise(c->stored, &c->item))
        steps[count++] = tripsage__step_of(&tripsage__sql_item_reindex, index_params, 1);
    return tripsage__store_write(c->trips->store, c->actor, steps, count);
}

/* One attempt; *changed stays 0 when another write came between. */
static tripsage_status try_to_update(change *c, int64_t *changed)
{
    tripsage_status status;

    *changed = 0;
    TRIPSAGE_TRY(read_stored(c));
    TRIPSAGE_TRY(merge(c));
    c->doc->json.size = 0;
    c->doc->version = c->item.version;
    tripsage__item_put(&c->doc->json, &c->item, c->gate.trip_id, 1);
    TRIPSAGE_TRY(tripsage__buf_status(&c->doc->json));
    TRIPSAGE_TRY(write_changed(c, changed));
    status = tripsage__trip_gate_check(&c->gate, TRIPSAGE__ROLE_EDIT, 0);
out:
    return status;
}

tripsage_status tripsage_item_update(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                     const char *trip_id, const char *item_id, const char *json, size_t length,
                                     const tripsage_write_options *options)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_write_options how;
    int64_t changed = 0;
    change c;
    tripsage_status status;

    *out = NULL;
    memset(&c, 0, sizeof c);
    c.trips = trips;
    c.actor = actor;
    c.json = json;
    c.length = length;
    c.details = c.defaults.stops = empty;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&c.gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    c.if_version = how.if_version;
    if (!item_id || !tripsage__uuid_parse(item_id, c.id))
        return no_such_item();
    TRIPSAGE_TRY(tripsage__doc_new(&c.doc, 1024));
    for (int attempt = 0; attempt < ATTEMPTS_MAX && !changed; attempt++) {
        tripsage__take_turn(trips, attempt);
        status = try_to_update(&c, &changed);
        tripsage__end_turn(trips);
        if (status != TRIPSAGE_OK)
            goto out;
    }
    if (!changed)
        status = too_many_races();
out:
    tripsage__free(c.stored);
    tripsage__reader_free(&c.reader);
    tripsage__buf_free(&c.details);
    tripsage__buf_free(&c.defaults.stops);
    return tripsage__doc_finish(out, c.doc, status);
}

/* ---- delete ---- */

static void version_begin(void *context)
{
    *(int64_t *)context = 0;
}

static tripsage_status version_row(void *context, const tripsage__row *row)
{
    *(int64_t *)context = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

tripsage_status tripsage_item_delete(tripsage_trips *trips, const tripsage_actor *actor, const char *trip_id,
                                     const char *item_id, const tripsage_write_options *options)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_write_options how;
    tripsage__trip_gate gate;
    tripsage__value params[5], touch_params[7];
    tripsage__step steps[5];
    int64_t version = 0, deleted = 0;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    if (!item_id || !tripsage__uuid_parse(item_id, id))
        return no_such_item();
    memcpy(params, gate.params, sizeof gate.params);
    params[3] = tripsage__text(id);
    params[4] = tripsage__int(how.if_version);
    memcpy(touch_params, params, 4 * sizeof params[0]);
    touch_params[4] = tripsage__int(tripsage__now_ms(trips->env));
    touch_params[5] = params[4];
    touch_params[6] = tripsage__int(0);

    steps[0] = tripsage__trip_gate_step(&gate);
    steps[1] = tripsage__step_of(&tripsage__sql_item_version, params, 4);
    steps[1].on_begin = version_begin;
    steps[1].on_row = version_row;
    steps[1].context = &version;
    steps[2] = tripsage__step_of(&tripsage__sql_item_touch, touch_params, 7);
    steps[3] = tripsage__step_of(&tripsage__sql_item_unindex, params, 5);
    steps[4] = tripsage__step_of(&tripsage__sql_item_delete, params, 5);
    steps[4].changes = &deleted;
    TRIPSAGE_TRY(tripsage__store_write(trips->store, actor, steps, 5));
    TRIPSAGE_TRY(tripsage__trip_gate_check(&gate, TRIPSAGE__ROLE_EDIT, 0));
    if (!version)
        return no_such_item();
    if (!deleted)
        return wrong_version(version, how.if_version);
out:
    return status;
}
