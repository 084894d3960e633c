/* trip/item_record.c: an item as a record: its words, its members in and out of JSON, its row, and its place in time. */
#include "trip/item.h"

#include "base/memory.h"

const char *const tripsage__item_types[] = {"activity", "accommodation", "transport", "meal", "event", "other", NULL};
const char *const tripsage__bookings[] = {"planned", "reserved", "booked", "completed", "cancelled", NULL};
const char *const tripsage__categories[] = {"accommodation", "transportation", "food",
                                            "activities",    "miscellaneous",  NULL};

int tripsage__word_index(const char *const *words, const char *word)
{
    for (int i = 0; word && words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return 0;
}

int tripsage__item_category(const tripsage__item *item)
{
    static const int of_type[] = {3, 0, 1, 2, 3, 4}; /* tripsage__categories by tripsage__item_types */

    return item->category >= 0 ? item->category : of_type[item->type];
}

/* ---- from JSON ---- */

/* A member that has no default. */
static tripsage__found must_have(tripsage__reader *r, const char *name, tripsage__found found)
{
    if (found == TRIPSAGE__NULL_VALUE)
        tripsage__reader_complain(r, name, "must not be null");
    return found;
}

/* An optional text; null takes it away. */
static void read_optional(tripsage__reader *r, const char *name, size_t max, const char **slot)
{
    if (tripsage__read_text(r, name, TRIPSAGE__OPTIONAL, 0, max, slot) == TRIPSAGE__NULL_VALUE)
        *slot = NULL;
}

typedef tripsage__found (*text_reader)(tripsage__reader *, const char *, int, const char **);

static void read_optional_as(tripsage__reader *r, const char *name, text_reader read, const char **slot)
{
    if (read(r, name, TRIPSAGE__OPTIONAL, slot) == TRIPSAGE__NULL_VALUE)
        *slot = NULL;
}

/* A word; null or nothing at all gives the default. */
static void read_word(tripsage__reader *r, const char *name, const char *const *words, int otherwise, int *slot)
{
    const char *word;
    tripsage__found found = tripsage__read_word(r, name, TRIPSAGE__OPTIONAL, words, &word);

    if (found == TRIPSAGE__PRESENT)
        *slot = tripsage__word_index(words, word);
    if (found == TRIPSAGE__NULL_VALUE)
        *slot = otherwise;
}

static void read_identity(tripsage__item *item, tripsage__reader *r, int required)
{
    const char *word;
    tripsage__found found = tripsage__read_word(r, "item_type", required, tripsage__item_types, &word);

    must_have(r, "item_type", found);
    if (found == TRIPSAGE__PRESENT)
        item->type = tripsage__word_index(tripsage__item_types, word);
    must_have(r, "title", tripsage__read_text(r, "title", required, 1, 200, &item->title));
    read_optional(r, "description", 2000, &item->description);
}

/* "time_slot" is another way to say the two times. */
static void read_time_slot(tripsage__item *item, tripsage__reader *r, int times_given)
{
    const tripsage__json *slot;
    tripsage__found found = tripsage__read_object(r, "time_slot", TRIPSAGE__OPTIONAL, 0, &slot);

    if (found == TRIPSAGE__NULL_VALUE && !times_given)
        item->start_time = item->end_time = NULL;
    if (found != TRIPSAGE__PRESENT)
        return;
    if (times_given)
        tripsage__reader_complain(r, "time_slot", "give either time_slot or start_time and end_time");
    tripsage__reader_enter(r, "time_slot", slot);
    tripsage__read_time(r, "start_time", TRIPSAGE__REQUIRED, &item->start_time);
    tripsage__read_time(r, "end_time", TRIPSAGE__REQUIRED, &item->end_time);
    tripsage__reader_close_object(r);
}

static void read_times(tripsage__item *item, tripsage__reader *r, int required)
{
    tripsage__found start, end;

    must_have(r, "item_date", tripsage__read_date(r, "item_date", required, &item->item_date));
    read_optional_as(r, "end_date", tripsage__read_date, &item->end_date);
    start = tripsage__read_time(r, "start_time", TRIPSAGE__OPTIONAL, &item->start_time);
    end = tripsage__read_time(r, "end_time", TRIPSAGE__OPTIONAL, &item->end_time);
    if (start == TRIPSAGE__NULL_VALUE)
        item->start_time = NULL;
    if (end == TRIPSAGE__NULL_VALUE)
        item->end_time = NULL;
    read_time_slot(item, r, start >= TRIPSAGE__PRESENT || end >= TRIPSAGE__PRESENT);
    read_optional_as(r, "timezone", tripsage__read_zone, &item->timezone);
    read_optional_as(r, "end_timezone", tripsage__read_zone, &item->end_timezone);
}

/* Replaced whole: a new place without coordinates has none. */
static void read_location(tripsage__item *item, tripsage__reader *r)
{
    const tripsage__json *location;
    tripsage__found found = tripsage__read_object(r, "location", TRIPSAGE__OPTIONAL, 0, &location);
    tripsage__found has_latitude, has_longitude;

    if (found != TRIPSAGE__PRESENT && found != TRIPSAGE__NULL_VALUE)
        return;
    item->location_name = item->location_address = NULL;
    item->has_coordinates = 0;
    if (found == TRIPSAGE__NULL_VALUE)
        return;
    tripsage__reader_enter(r, "location", location);
    tripsage__read_text(r, "name", TRIPSAGE__OPTIONAL, 0, 200, &item->location_name);
    tripsage__read_text(r, "address", TRIPSAGE__OPTIONAL, 0, 500, &item->location_address);
    has_latitude = tripsage__read_number(r, "latitude", TRIPSAGE__OPTIONAL, -90, 90, &item->latitude);
    has_longitude = tripsage__read_number(r, "longitude", TRIPSAGE__OPTIONAL, -180, 180, &item->longitude);
    item->has_coordinates = has_latitude == TRIPSAGE__PRESENT && has_longitude == TRIPSAGE__PRESENT;
    if ((has_latitude >= TRIPSAGE__PRESENT) != (has_longitude >= TRIPSAGE__PRESENT))
        tripsage__reader_complain(r, has_latitude >= TRIPSAGE__PRESENT ? "longitude" : "latitude",
                                  "latitude and longitude go together");
    tripsage__reader_close_object(r);
}

static void read_cost(tripsage__item *item, tripsage__reader *r)
{
    tripsage__found found = tripsage__read_int(r, "cost", TRIPSAGE__OPTIONAL, 0, TRIPSAGE__JSON_INT_MAX, &item->cost);

    if (found == TRIPSAGE__PRESENT)
        item->has_cost = 1;
    if (found == TRIPSAGE__NULL_VALUE)
        item->has_cost = 0;
    read_optional_as(r, "currency", tripsage__read_currency, &item->currency);
    read_word(r, "category", tripsage__categories, -1, &item->category);
}

static void read_details(tripsage__item *item, tripsage__reader *r, tripsage__buf *out)
{
    const tripsage__json *details;
    tripsage__found found = tripsage__read_object(r, "details", TRIPSAGE__OPTIONAL, 8 * 1024, &details);

    if (found == TRIPSAGE__NULL_VALUE) {
        item->details = "{}";
        item->details_size = 2;
    }
    if (found != TRIPSAGE__PRESENT)
        return;
    tripsage__json_put(out, details);
    item->details = out->data;
    item->details_size = out->size;
}

void tripsage__item_read(tripsage__item *item, tripsage__reader *r, tripsage__buf *details, int is_update)
{
    static const char *const read_only[] = {"id",      "trip_id",    "start_at",  "end_at",
                                            "version", "created_at", "updated_at"};

    if (!is_update) {
        memset(item, 0, sizeof *item);
        item->category = -1;
        item->details = "{}";
        item->details_size = 2;
    }
    read_identity(item, r, !is_update);
    read_times(item, r, !is_update);
    read_location(item, r);
    read_cost(item, r);
    read_optional(r, "booking_reference", 100, &item->booking_reference);
    read_word(r, "booking_status", tripsage__bookings, TRIPSAGE__BOOKING_PLANNED, &item->booking);
    read_optional(r, "notes", 2000, &item->notes);
    if (tripsage__read_bool(r, "is_flexible", TRIPSAGE__OPTIONAL, &item->is_flexible) == TRIPSAGE__NULL_VALUE)
        item->is_flexible = 0;
    read_details(item, r, details);
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++)
        tripsage__read_ignored(r, read_only[i]);
    tripsage__reader_close_object(r);
}

/* ---- its place in time ---- */

static tripsage_status local_to_ms(int64_t *ms, const tripsage__zone *zone, const char *date, const char *time)
{
    int32_t day;
    int minutes = 0;

    if (!tripsage__date_parse(date, &day) || (time && !tripsage__time_parse(time, &minutes)))
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "an item has no readable date");
    *ms = tripsage__zone_local(zone, day, minutes) * 1000;
    return TRIPSAGE_OK;
}

/* Two instants where there are two; else the days, of which one zone's may be called otherwise in the other, but no item is planned so. */
static tripsage_status check_order(const tripsage__item *item)
{
    if (item->start_time && item->end_time) {
        if (item->end_at < item->start_at)
            return TRIPSAGE_FAIL_FIELD("/end_time", "the end lies before the start");
    } else if (item->end_date && strcmp(item->end_date, item->item_date) < 0) {
        return TRIPSAGE_FAIL_FIELD("/end_date", "the end lies before the start");
    }
    return TRIPSAGE_OK;
}

tripsage_status tripsage__item_place(tripsage__item *item)
{
    tripsage__zone *zone = NULL, *other = NULL;
    const tripsage__zone *end_zone;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__zone_open(&zone, item->timezone));
    if (item->end_time && item->end_timezone)
        TRIPSAGE_TRY(tripsage__zone_open(&other, item->end_timezone));
    end_zone = other ? other : zone;
    TRIPSAGE_TRY(local_to_ms(&item->sort_at, zone, item->item_date, item->start_time));
    item->start_at = item->start_time ? item->sort_at : 0;
    item->end_at = 0;
    if (item->end_time)
        TRIPSAGE_TRY(
            local_to_ms(&item->end_at, end_zone, item->end_date ? item->end_date : item->item_date, item->end_time));
    status = check_order(item);
out:
    tripsage__zone_free(zone);
    tripsage__zone_free(other);
    return status;
}

/* Whether a stop says when it begins and ends, and the day lies between. */
static int holds_day(const tripsage__json *stop, const char *date)
{
    const char *arrival = tripsage__json_text(tripsage__json_member(stop, "arrival_date"));
    const char *departure = tripsage__json_text(tripsage__json_member(stop, "departure_date"));

    return arrival && departure && strcmp(arrival, date) <= 0 && strcmp(date, departure) <= 0;
}

tripsage_status tripsage__trip_zone(char out[TRIPSAGE__ZONE_NAME_SIZE], const char *destinations, const char *date)
{
    tripsage__json *stops;
    const char *chosen = NULL;
    tripsage_status status = tripsage__json_parse_trusted(&stops, destinations, strlen(destinations));

    if (status != TRIPSAGE_OK)
        return status;
    for (const tripsage__json *stop = tripsage__json_first(stops); stop; stop = tripsage__json_next(stop)) {
        const char *zone = tripsage__json_text(tripsage__json_member(stop, "timezone"));

        if (zone && holds_day(stop, date)) {
            chosen = zone;
            break;
        }
        if (!chosen)
            chosen = zone;
    }
    if (!chosen || strlen(chosen) >= TRIPSAGE__ZONE_NAME_SIZE)
        chosen = "UTC";
    memcpy(out, chosen, strlen(chosen) + 1);
    tripsage__json_free(stops);
    return TRIPSAGE_OK;
}

/* ---- to JSON ---- */

static void put_text(tripsage__buf *buf, const char *text)
{
    tripsage__json_put_text(buf, text, text ? strlen(text) : 0);
}

static void put_instant(tripsage__buf *buf, int has, int64_t ms)
{
    if (has)
        tripsage__json_put_instant(buf, ms);
    else
        TRIPSAGE__LIT(buf, "null");
}

static void put_times(tripsage__buf *buf, const tripsage__item *item)
{
    TRIPSAGE__LIT(buf, ",\"item_date\":");
    put_text(buf, item->item_date);
    TRIPSAGE__LIT(buf, ",\"start_time\":");
    put_text(buf, item->start_time);
    TRIPSAGE__LIT(buf, ",\"end_date\":");
    put_text(buf, item->end_date);
    TRIPSAGE__LIT(buf, ",\"end_time\":");
    put_text(buf, item->end_time);
    TRIPSAGE__LIT(buf, ",\"timezone\":");
    put_text(buf, item->timezone);
    TRIPSAGE__LIT(buf, ",\"end_timezone\":");
    put_text(buf, item->end_timezone);
}

static void put_location(tripsage__buf *buf, const tripsage__item *item)
{
    TRIPSAGE__LIT(buf, ",\"location\":");
    if (!item->location_name && !item->location_address && !item->has_coordinates) {
        TRIPSAGE__LIT(buf, "null");
        return;
    }
    TRIPSAGE__LIT(buf, "{\"name\":");
    put_text(buf, item->location_name);
    TRIPSAGE__LIT(buf, ",\"address\":");
    put_text(buf, item->location_address);
    if (item->has_coordinates) {
        TRIPSAGE__LIT(buf, ",\"latitude\":");
        tripsage__json_put_number(buf, item->latitude);
        TRIPSAGE__LIT(buf, ",\"longitude\":");
        tripsage__json_put_number(buf, item->longitude);
        TRIPSAGE__LIT(buf, "}");
    } else {
        TRIPSAGE__LIT(buf, ",\"latitude\":null,\"longitude\":null}");
    }
}

static void put_cost(tripsage__buf *buf, const tripsage__item *item)
{
    TRIPSAGE__LIT(buf, ",\"cost\":");
    if (item->has_cost)
        tripsage__buf_int(buf, item->cost);
    else
        TRIPSAGE__LIT(buf, "null");
    TRIPSAGE__LIT(buf, ",\"currency\":");
    put_text(buf, item->currency);
    TRIPSAGE__LIT(buf, ",\"category\":");
    put_text(buf, tripsage__categories[tripsage__item_category(item)]);
}

void tripsage__item_put(tripsage__buf *buf, const tripsage__item *item, const char *trip_id, int is_member)
{
    TRIPSAGE__LIT(buf, "{\"id\":");
    put_text(buf, item->id);
    TRIPSAGE__LIT(buf, ",\"trip_id\":");
    put_text(buf, trip_id);
    TRIPSAGE__LIT(buf, ",\"item_type\":");
    put_text(buf, tripsage__item_types[item->type]);
    TRIPSAGE__LIT(buf, ",\"title\":");
    put_text(buf, item->title);
    TRIPSAGE__LIT(buf, ",\"description\":");
    put_text(buf, item->description);
    put_times(buf, item);
    put_location(buf, item);
    put_cost(buf, item);
    TRIPSAGE__LIT(buf, ",\"booking_reference\":");
    put_text(buf, is_member ? item->booking_reference : NULL);
    TRIPSAGE__LIT(buf, ",\"booking_status\":");
    put_text(buf, tripsage__bookings[item->booking]);
    TRIPSAGE__LIT(buf, ",\"notes\":");
    put_text(buf, is_member ? item->notes : NULL);
    tripsage__buf_puts(buf, item->is_flexible ? ",\"is_flexible\":true" : ",\"is_flexible\":false");
    TRIPSAGE__LIT(buf, ",\"details\":");
    tripsage__buf_put(buf, item->details, item->details_size);
    TRIPSAGE__LIT(buf, ",\"start_at\":");
    put_instant(buf, item->start_time != NULL, item->start_at);
    TRIPSAGE__LIT(buf, ",\"end_at\":");
    put_instant(buf, item->end_time != NULL, item->end_at);
    TRIPSAGE__LIT(buf, ",\"version\":");
    tripsage__buf_int(buf, item->version);
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, item->created_at);
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, item->updated_at);
    TRIPSAGE__LIT(buf, "}");
}

/* ---- rows ---- */

/* A text is NULL in a column that may not be null when SQLite found no memory for it. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;

    memcpy(out, text ? text : "", length);
    out[length] = '\0';
}

void tripsage__item_from_row(tripsage__item *item, const tripsage__row *row)
{
    memset(item, 0, sizeof *item);
    copy_text(item->id, sizeof item->id, tripsage__row_text(row, 0, NULL));
    item->version = tripsage__row_int(row, 1);
    item->created_at = tripsage__row_int(row, 2);
    item->updated_at = tripsage__row_int(row, 3);
    item->type = tripsage__word_index(tripsage__item_types, tripsage__row_text(row, 4, NULL));
    item->booking = tripsage__word_index(tripsage__bookings, tripsage__row_text(row, 5, NULL));
    item->category = tripsage__row_is_null(row, 6)
                         ? -1
                         : tripsage__word_index(tripsage__categories, tripsage__row_text(row, 6, NULL));
    item->is_flexible = tripsage__row_int(row, 7) != 0;
    item->title = tripsage__row_text(row, 8, NULL);
    item->description = tripsage__row_text(row, 9, NULL);
    item->item_date = tripsage__row_text(row, 10, NULL);
    item->start_time = tripsage__row_text(row, 11, NULL);
    item->end_date = tripsage__row_text(row, 12, NULL);
    item->end_time = tripsage__row_text(row, 13, NULL);
    item->timezone = tripsage__row_text(row, 14, NULL);
    item->end_timezone = tripsage__row_text(row, 15, NULL);
    item->sort_at = tripsage__row_int(row, 16);
    item->start_at = tripsage__row_int(row, 17);
    item->end_at = tripsage__row_int(row, 18);
    item->location_name = tripsage__row_text(row, 19, NULL);
    item->location_address = tripsage__row_text(row, 20, NULL);
    item->has_coordinates = !tripsage__row_is_null(row, 21);
    item->latitude = tripsage__row_real(row, 21);
    item->longitude = tripsage__row_real(row, 22);
    item->has_cost = !tripsage__row_is_null(row, 23);
    item->cost = tripsage__row_int(row, 23);
    item->currency = tripsage__row_text(row, 24, NULL);
    item->booking_reference = tripsage__row_text(row, 25, NULL);
    item->notes = tripsage__row_text(row, 26, NULL);
    item->details = tripsage__row_text(row, 27, &item->details_size);
}

/* Where an item keeps its texts. */
static const size_t text_members[] = {
    offsetof(tripsage__item, title),         offsetof(tripsage__item, description),
    offsetof(tripsage__item, item_date),     offsetof(tripsage__item, start_time),
    offsetof(tripsage__item, end_date),      offsetof(tripsage__item, end_time),
    offsetof(tripsage__item, timezone),      offsetof(tripsage__item, end_timezone),
    offsetof(tripsage__item, location_name), offsetof(tripsage__item, location_address),
    offsetof(tripsage__item, currency),      offsetof(tripsage__item, booking_reference),
    offsetof(tripsage__item, notes),         offsetof(tripsage__item, details),
};

static const char **text_member(tripsage__item *item, size_t i)
{
    return (const char **)(void *)((char *)item + text_members[i]);
}

tripsage__item *tripsage__item_copy(const tripsage__item *item)
{
    tripsage__item source = *item;
    tripsage__item *copy;
    size_t size = sizeof *copy;
    char *at;

    for (size_t i = 0; i < sizeof text_members / sizeof text_members[0]; i++)
        if (*text_member(&source, i))
            size += strlen(*text_member(&source, i)) + 1;
    copy = tripsage__malloc(size);
    if (!copy)
        return NULL;
    *copy = source;
    at = (char *)(copy + 1);
    for (size_t i = 0; i < sizeof text_members / sizeof text_members[0]; i++) {
        const char *text = *text_member(&source, i);

        if (!text)
            continue;
        memcpy(at, text, strlen(text) + 1);
        *text_member(copy, i) = at;
        at += strlen(text) + 1;
    }
    return copy;
}

static tripsage__value optional_int(int has, int64_t value)
{
    return has ? tripsage__int(value) : tripsage__null_of(TRIPSAGE__INT);
}

static tripsage__value optional_real(int has, double value)
{
    return has ? tripsage__real(value) : tripsage__null_of(TRIPSAGE__REAL);
}

void tripsage__item_values(tripsage__value out[TRIPSAGE__ITEM_VALUES], const tripsage__item *item)
{
    const tripsage__value values[TRIPSAGE__ITEM_VALUES] = {
        tripsage__text(tripsage__item_types[item->type]),
        tripsage__text(tripsage__bookings[item->booking]),
        tripsage__text(item->category >= 0 ? tripsage__categories[item->category] : NULL),
        tripsage__int(item->is_flexible),
        tripsage__text(item->title),
        tripsage__text(item->description),
        tripsage__text(item->item_date),
        tripsage__text(item->start_time),
        tripsage__text(item->end_date),
        tripsage__text(item->end_time),
        tripsage__text(item->timezone),
        tripsage__text(item->end_timezone),
        tripsage__int(item->sort_at),
        optional_int(item->start_time != NULL, item->start_at),
        optional_int(item->end_time != NULL, item->end_at),
        tripsage__text(item->location_name),
        tripsage__text(item->location_address),
        optional_real(item->has_coordinates, item->latitude),
        optional_real(item->has_coordinates, item->longitude),
        optional_int(item->has_cost, item->cost),
        tripsage__text(item->currency),
        tripsage__text(item->booking_reference),
        tripsage__text(item->notes),
        tripsage__textn(item->details, item->details_size),
    };

    memcpy(out, values, sizeof values);
}
