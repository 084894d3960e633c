/* trip/duplicate.c: a copy of a trip and its items, for whoever may read them.
 *
 * This call is a read and then a write, where others are one: the copy's dates may move, and an item's instants after the move follow from its
 * local times and the rules of its zone on the new day, which SQL does not know. What is written is the state that was read, in one snapshot, so
 * the write needs no look at the source again: what one may read, one may copy. */
#include "create.h"

#include "base/memory.h"
#include "itinerary.h"
#include "statements.h"

/* $1 the new trip, $2 now, $3 the items: JSON arrays of an id and the values of tripsage__item_values() */
#define COPY_ITEMS(elements)                                                                                           \
    "INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, item_type, booking_status, category,"   \
    " is_flexible, title, description, item_date, start_time, end_date, end_time, timezone, end_timezone, sort_at,"    \
    " start_at, end_at, location_name, location_address, latitude, longitude, cost, currency, booking_reference,"      \
    " notes, details)"                                                                                                 \
    " SELECT j.value ->> 0, $1, 1, $2, $2, j.value ->> 1, j.value ->> 2, j.value ->> 3,"                               \
    " CAST(j.value ->> 4 AS BIGINT), j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9,"       \
    " j.value ->> 10, j.value ->> 11, j.value ->> 12, CAST(j.value ->> 13 AS BIGINT),"                                 \
    " CAST(j.value ->> 14 AS BIGINT), CAST(j.value ->> 15 AS BIGINT), j.value ->> 16, j.value ->> 17,"                 \
    " CAST(j.value ->> 18 AS DOUBLE PRECISION), CAST(j.value ->> 19 AS DOUBLE PRECISION),"                             \
    " CAST(j.value ->> 20 AS BIGINT), j.value ->> 21, j.value ->> 22, j.value ->> 23, j.value ->> 24"                  \
    " FROM " elements " WHERE EXISTS (SELECT 1 FROM trip t WHERE t.id = $1) ORDER BY j.key"

const tripsage__statement tripsage__sql_copy_items = {
    "copy_items", COPY_ITEMS("json_each($3) j"),
    COPY_ITEMS("json_array_elements(CAST($3 AS json)) WITH ORDINALITY AS j (value, key)")};

/* $1 the new trip */
const tripsage__statement tripsage__sql_copy_index = {
    "copy_index",
    "INSERT INTO trip_search (rowid, acl, title, body, private, kind, id, trip_id)"
    " SELECT i.seq * 4 + 1, " TRIPSAGE__SQL_ACL_READERS ", i.title, " TRIPSAGE__SQL_ITEM_BODY
    ", " TRIPSAGE__SQL_ITEM_PRIVATE ", 'item', i.id, t.id"
    " FROM itinerary_item i JOIN trip t ON t.id = i.trip_id WHERE i.trip_id = $1 AND changes() > 0 ORDER BY i.seq",
    ""};

/* ---- what is asked for ---- */

typedef struct wish {
    tripsage__reader reader;
    const char *title;      /* NULL: "Copy of ..." */
    const char *start_date; /* NULL: the source's */
} wish;

static tripsage_status read_wish(wish *w, const char *json, size_t length)
{
    tripsage_status status;

    if (!json)
        return TRIPSAGE_OK;
    status = tripsage__reader_open(&w->reader, json, length);
    if (status != TRIPSAGE_OK)
        return status;
    tripsage__read_text(&w->reader, "title", TRIPSAGE__OPTIONAL, 1, 200, &w->title);
    tripsage__read_date(&w->reader, "start_date", TRIPSAGE__OPTIONAL, &w->start_date);
    tripsage__reader_close_object(&w->reader);
    return tripsage__reader_status(&w->reader);
}

/* ---- the source ---- */

typedef struct source {
    tripsage__trip_gate gate;
    tripsage__trip_reading reading;
    tripsage__item **items; /* each one block of its own */
    size_t count, capacity;
} source;

static void items_begin(void *context)
{
    source *s = context;

    while (s->count)
        tripsage__free(s->items[--s->count]);
}

static tripsage_status items_row(void *context, const tripsage__row *row)
{
    source *s = context;
    tripsage__item item;

    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 32;
        tripsage__item **grown = tripsage__realloc(s->items, capacity * sizeof(tripsage__item *));

        if (!grown)
            return TRIPSAGE_NOMEM();
        s->items = grown;
        s->capacity = capacity;
    }
    tripsage__item_from_row(&item, row);
    s->items[s->count] = tripsage__item_copy(&item);
    if (!s->items[s->count])
        return TRIPSAGE_NOMEM();
    s->count++;
    return TRIPSAGE_OK;
}

static void source_free(source *s)
{
    items_begin(s);
    tripsage__free(s->items);
    tripsage_doc_free(s->reading.doc);
}

/* The trip, its items, and whether the call was made before, in one snapshot. */
static tripsage_status read_source(source *s, tripsage_trips *trips, const tripsage_actor *actor,
                                   tripsage__idempotency *key)
{
    tripsage__step steps[4];
    size_t count = 0;
    tripsage_status status = tripsage__doc_new(&s->reading.doc, 1024);

    if (status != TRIPSAGE_OK)
        return status;
    steps[count++] = tripsage__trip_gate_step(&s->gate);
    steps[count++] = tripsage__trip_reading_step(&s->reading, s->gate.params);
    steps[count++] = (tripsage__step){&tripsage__sql_item_list, s->gate.params, 3, items_begin, items_row, s, NULL};
    if (key->used)
        steps[count++] = tripsage__idempotency_find_step(key);
    return tripsage__store_read(trips->store, actor, steps, count);
}

/* ---- moving by days ---- */

/* `date` moved by `days`; NULL stays NULL. Days outside of what a date may be are the new start_date's fault. */
static tripsage_status move(char out[TRIPSAGE__DATE_SIZE], const char **date, int32_t days)
{
    int32_t day;

    if (!*date || days == 0)
        return TRIPSAGE_OK;
    if (!tripsage__date_parse(*date, &day))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a stored date is none: %s", *date);
    tripsage__date_format(day + days, out);
    if (!tripsage__date_parse(out, &day))
        return TRIPSAGE_FAIL_FIELD("/start_date", "would move %s out of the years 1900 to 2200", *date);
    *date = out;
    return TRIPSAGE_OK;
}

static tripsage_status days_between(int32_t *days, const char *from, const char *to)
{
    int32_t first = 0, last = 0;

    if (!tripsage__date_parse(from, &first) || !tripsage__date_parse(to, &last))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a stored date is none: %s", from);
    *days = last - first;
    return TRIPSAGE_OK;
}

/* ---- the trip of the copy, as the input of a creation ---- */

static tripsage_status put_moved_date(tripsage__buf *out, const tripsage__json *date, int32_t days)
{
    char moved[TRIPSAGE__DATE_SIZE];
    const char *text = tripsage__json_text(date);
    tripsage_status status = move(moved, &text, days);

    tripsage__json_put_text(out, text, text ? strlen(text) : 0);
    return status;
}

static int is_stop_date(const char *name)
{
    return strcmp(name, "arrival_date") == 0 || strcmp(name, "departure_date") == 0;
}

static tripsage_status put_stops(tripsage__buf *out, const tripsage__json *stops, int32_t days)
{
    tripsage_status status = TRIPSAGE_OK;
    const tripsage__json *stop, *member;

    tripsage__buf_putc(out, '[');
    for (stop = tripsage__json_first(stops); stop; stop = tripsage__json_next(stop)) {
        tripsage__buf_putc(out, '{');
        for (member = tripsage__json_first(stop); member; member = tripsage__json_next(member)) {
            tripsage__json_put_string(out, tripsage__json_name(member));
            tripsage__buf_putc(out, ':');
            if (!is_stop_date(tripsage__json_name(member)))
                tripsage__json_put(out, member);
            else
                TRIPSAGE_TRY(put_moved_date(out, member, days));
            tripsage__buf_puts(out, tripsage__json_next(member) ? "," : "");
        }
        tripsage__buf_puts(out, tripsage__json_next(stop) ? "}," : "}");
    }
    tripsage__buf_putc(out, ']');
out:
    return status;
}

/* "Copy of ..." of at most 200 characters, whole ones. */
static void put_title(tripsage__buf *out, const wish *w, const char *title)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(4096); /* 200 characters of four bytes and the words before */
    size_t characters = 0, size = 0;

    if (w->title) {
        tripsage__json_put_string(out, w->title);
        return;
    }
    TRIPSAGE__LIT(&text, "Copy of ");
    tripsage__buf_puts(&text, title);
    while (size < text.size && (((unsigned char)text.data[size] & 0xc0) == 0x80 || characters++ < 200))
        size++;
    tripsage__json_put_stringn(out, text.data ? text.data : "", size);
    if (text.failed)
        out->failed = text.failed;
    tripsage__buf_free(&text);
}

static tripsage_status put_copy(tripsage__buf *out, const source *s, const wish *w, int32_t days)
{
    static const char *const same[] = {"description", "trip_type", "tags", "travelers", "budget", "preferences"};
    tripsage__json *trip = NULL;
    tripsage_status status = tripsage__json_parse_trusted(&trip, s->reading.doc->json.data, s->reading.doc->json.size);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(out, "{\"title\":");
    put_title(out, w, tripsage__json_text(tripsage__json_member(trip, "title")));
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        tripsage__buf_printf(out, ",\"%s\":", same[i]);
        tripsage__json_put(out, tripsage__json_member(trip, same[i]));
    }
    TRIPSAGE__LIT(out, ",\"start_date\":");
    TRIPSAGE_TRY(put_moved_date(out, tripsage__json_member(trip, "start_date"), days));
    TRIPSAGE__LIT(out, ",\"end_date\":");
    TRIPSAGE_TRY(put_moved_date(out, tripsage__json_member(trip, "end_date"), days));
    TRIPSAGE__LIT(out, ",\"destinations\":");
    TRIPSAGE_TRY(put_stops(out, tripsage__json_member(trip, "destinations"), days));
    tripsage__buf_putc(out, '}');
    status = tripsage__buf_status(out);
out:
    tripsage__json_free(trip);
    return status;
}

/* ---- the items of the copy ---- */

static void put_value(tripsage__buf *out, const tripsage__value *value)
{
    switch (value->type) {
    case TRIPSAGE__INT:
        tripsage__buf_int(out, value->integer);
        break;
    case TRIPSAGE__REAL:
        tripsage__json_put_number(out, value->real);
        break;
    case TRIPSAGE__TEXT:
        tripsage__json_put_stringn(out, value->bytes, value->size);
        break;
    default:
        TRIPSAGE__LIT(out, "null");
    }
}

/* Places a moved item. On a day when clocks change, an end shortly after its start can come to lie before it; local times stay, so the
 * item becomes a moment. */
static tripsage_status place(tripsage__item *item)
{
    tripsage_status status = tripsage__item_place(item);

    if (status == TRIPSAGE_EINVALID && item->start_time && item->end_time && item->end_at < item->start_at) {
        item->end_at = item->start_at;
        status = TRIPSAGE_OK;
    }
    return status;
}

static tripsage_status put_item(tripsage__buf *out, tripsage__item *item, tripsage_trips *trips, int is_member,
                                int32_t days)
{
    char id[TRIPSAGE__UUID_SIZE], item_date[TRIPSAGE__DATE_SIZE], end_date[TRIPSAGE__DATE_SIZE];
    tripsage__value values[TRIPSAGE__ITEM_VALUES];
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__uuid7(trips->env, id));
    TRIPSAGE_TRY(move(item_date, &item->item_date, days));
    TRIPSAGE_TRY(move(end_date, &item->end_date, days));
    if (days)
        TRIPSAGE_TRY(place(item));
    item->booking = TRIPSAGE__BOOKING_PLANNED;
    item->booking_reference = NULL;
    if (!is_member)
        item->notes = NULL; /* they are not for strangers, in a copy neither */
    tripsage__item_values(values, item);
    tripsage__buf_printf(out, "[\"%s\"", id);
    for (size_t i = 0; i < TRIPSAGE__ITEM_VALUES; i++) {
        tripsage__buf_putc(out, ',');
        put_value(out, &values[i]);
    }
    tripsage__buf_putc(out, ']');
    status = tripsage__buf_status(out);
out:
    return status;
}

static tripsage_status put_items(tripsage__buf *out, source *s, tripsage_trips *trips, int32_t days)
{
    tripsage_status status = TRIPSAGE_OK;

    tripsage__buf_putc(out, '[');
    for (size_t i = 0; i < s->count && status == TRIPSAGE_OK; i++) {
        if (i)
            tripsage__buf_putc(out, ',');
        status = put_item(out, s->items[i], trips, s->gate.role >= TRIPSAGE__ROLE_VIEW, days);
    }
    tripsage__buf_putc(out, ']');
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

/* ---- the call ---- */

typedef struct copying {
    wish wish;
    source source;
    tripsage__creation creation;
    tripsage__buf trip, items;
} copying;

static tripsage_status write_copy(tripsage_doc **out, copying *c, tripsage_trips *trips, const tripsage_actor *actor)
{
    int32_t days = 0;
    tripsage__value params[3];
    const tripsage__step more[2] = {{&tripsage__sql_copy_items, params, 3, NULL, NULL, NULL, NULL},
                                    {&tripsage__sql_copy_index, params, 1, NULL, NULL, NULL, NULL}};
    tripsage_status status;

    if (c->wish.start_date)
        TRIPSAGE_TRY(days_between(&days, c->source.gate.start_date, c->wish.start_date));
    TRIPSAGE_TRY(put_copy(&c->trip, &c->source, &c->wish, days));
    TRIPSAGE_TRY(put_items(&c->items, &c->source, trips, days));
    TRIPSAGE_TRY(tripsage__creation_prepare(&c->creation, trips, actor, c->trip.data, c->trip.size));
    params[0] = tripsage__text(c->creation.id);
    params[1] = tripsage__int(c->creation.now);
    params[2] = tripsage__textn(c->items.data, c->items.size);
    TRIPSAGE_TRY(tripsage__creation_write(out, &c->creation, trips, actor, more, c->source.count ? 2 : 0));
out:
    return status;
}

tripsage_status tripsage_trip_duplicate(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                        const char *trip_id, const char *json, size_t length,
                                        const tripsage_write_options *options)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    copying c;
    tripsage_write_options how;
    tripsage_status status;

    *out = NULL;
    memset(&c.wish, 0, sizeof c.wish);
    memset(&c.source, 0, sizeof c.source);
    tripsage__creation_init(&c.creation);
    c.trip = c.items = empty;
    TRIPSAGE_TRY(tripsage__creation_check_actor(actor));
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_WRITE));
    TRIPSAGE_TRY(tripsage__trip_gate_init(&c.source.gate, actor, trip_id));
    TRIPSAGE_TRY(tripsage__write_options_read(&how, options));
    TRIPSAGE_TRY(read_wish(&c.wish, json, length));
    TRIPSAGE_TRY(tripsage__idempotency_init(&c.creation.key, trips, actor, how.idempotency_key, TRIPSAGE__CREATES_COPY,
                                            c.source.gate.trip_id, json, length));
    TRIPSAGE_TRY(read_source(&c.source, trips, actor, &c.creation.key));
    if (tripsage__idempotency_replay(&status, out, &c.creation.key))
        goto out;
    TRIPSAGE_TRY(tripsage__trip_gate_check(&c.source.gate, TRIPSAGE__ROLE_PUBLIC, 0));
    TRIPSAGE_TRY(write_copy(out, &c, trips, actor));
out:
    tripsage__reader_free(&c.wish.reader);
    source_free(&c.source);
    tripsage__creation_free(&c.creation);
    tripsage__buf_free(&c.trip);
    tripsage__buf_free(&c.items);
    return status;
}
