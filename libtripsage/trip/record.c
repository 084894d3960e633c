/* trip/record.c: reading a trip's JSON with every complaint it deserves, and writing a trip's JSON from its columns. */
#include "record.h"

#include <stdio.h>

#include "base/calendar.h"
#include "destination.h"
#include "statements.h"

/* 50 stops: one a week of a year on the road. */
#define STOPS_MAX 50
/* 10 years: whoever stays longer has moved. */
#define STAY_DAYS_MAX 3650
#define TAGS_MAX      20
/* What a column's text may grow to: the input is at most 1 MiB, and escaping makes a character six bytes at worst. */
#define COLUMN_MAX ((size_t)8 * 1024 * 1024)

const char *const tripsage__trip_statuses[] = {"planning", "booked", "in_progress", "completed", "cancelled", NULL};
const char *const tripsage__trip_types[] = {"leisure", "business", "family", "solo", "other", NULL};
const char *const tripsage__trip_visibilities[] = {"private", "shared", "public", NULL};

void tripsage__check_word(const char *name, const char *word, const char *const *list)
{
    char expected[128] = "";

    if (!word)
        return;
    for (const char *const *each = list; *each; each++) {
        size_t length = strlen(expected);

        if (strcmp(word, *each) == 0)
            return;
        snprintf(expected + length, sizeof expected - length, "%s%s", length ? ", " : "", *each);
    }
    tripsage__fields_add(__FILE__, __LINE__, name, "expected one of: %s", expected);
}

/* ---- small parts of the input ---- */

/* Notes that a member was given; 1 when its value is to be read, that is unless it was left out. A null is refused for members
 * without a default. */
static int given(tripsage__trip_input *input, tripsage__found found, const char *name, int64_t bit, int has_default)
{
    if (found == TRIPSAGE__NULL_VALUE && !has_default)
        tripsage__reader_complain(&input->reader, name, "must not be null");
    else if (found == TRIPSAGE__NULL_VALUE || found == TRIPSAGE__PRESENT)
        input->present |= bit;
    return found == TRIPSAGE__PRESENT;
}

static void read_plain(tripsage__trip_input *input, int creating)
{
    tripsage__reader *r = &input->reader;

    given(input, tripsage__read_text(r, "title", creating, 1, 200, &input->title), "title", TRIPSAGE__HAS_TITLE, 0);
    given(input, tripsage__read_text(r, "description", TRIPSAGE__OPTIONAL, 0, 2000, &input->description), "description",
          TRIPSAGE__HAS_DESCRIPTION, 1);
    given(input, tripsage__read_date(r, "start_date", creating, &input->start_date), "start_date",
          TRIPSAGE__HAS_START_DATE, 0);
    given(input, tripsage__read_date(r, "end_date", creating, &input->end_date), "end_date", TRIPSAGE__HAS_END_DATE, 0);
    given(input, tripsage__read_word(r, "status", TRIPSAGE__OPTIONAL, tripsage__trip_statuses, &input->status),
          "status", TRIPSAGE__HAS_STATUS, 1);
    given(input, tripsage__read_word(r, "trip_type", TRIPSAGE__OPTIONAL, tripsage__trip_types, &input->trip_type),
          "trip_type", TRIPSAGE__HAS_TRIP_TYPE, 1);
    given(input,
          tripsage__read_word(r, "visibility", TRIPSAGE__OPTIONAL, tripsage__trip_visibilities, &input->visibility),
          "visibility", TRIPSAGE__HAS_VISIBILITY, 1);
    given(input, tripsage__read_int(r, "travelers", TRIPSAGE__OPTIONAL, 1, 100, &input->travelers), "travelers",
          TRIPSAGE__HAS_TRAVELERS, 1);
    if (input->start_date && input->end_date && strcmp(input->end_date, input->start_date) < 0)
        tripsage__reader_complain(r, "end_date", "must not be before the start_date, %s", input->start_date);
}

static void read_ignored_members(tripsage__reader *r)
{
    static const char *const names[] = {"id",      "user_id",    "duration_days", "role",
                                        "version", "created_at", "updated_at",    "deleted_at"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        tripsage__read_ignored(r, names[i]);
}

/* ---- budget ---- */

static const char *const budget_parts[] = {"accommodation", "transportation", "food", "activities", "miscellaneous"};
enum { BUDGET_PARTS = sizeof budget_parts / sizeof budget_parts[0] };

/* All five parts, those left out as 0; for a patch those that were given, null as 0. Gives their sum. */
static int64_t read_parts(tripsage__buf *out, tripsage__reader *r, int patching)
{
    int64_t sum = 0; /* five times 2^53 fit */
    int written = 0;

    tripsage__buf_putc(out, '{');
    for (size_t i = 0; i < BUDGET_PARTS; i++) {
        int64_t amount = 0;
        tripsage__found found =
            tripsage__read_int(r, budget_parts[i], TRIPSAGE__OPTIONAL, 0, TRIPSAGE__JSON_INT_MAX, &amount);

        if (patching && found == TRIPSAGE__ABSENT)
            continue;
        tripsage__buf_printf(out, "%s\"%s\":%lld", written++ ? "," : "", budget_parts[i], (long long)amount);
        sum += amount;
    }
    tripsage__buf_putc(out, '}');
    return sum;
}

static void read_whole_budget(tripsage__trip_input *input)
{
    tripsage__reader *r = &input->reader;
    const tripsage__json *breakdown = NULL;
    int64_t total = INT64_MAX, sum; /* without a total nothing is more than it: complained of once is enough */

    tripsage__read_int(r, "total", TRIPSAGE__REQUIRED, 0, TRIPSAGE__JSON_INT_MAX, &total);
    tripsage__read_currency(r, "currency", TRIPSAGE__REQUIRED, &input->budget_currency);
    input->budget_total = total;
    if (tripsage__read_object(r, "breakdown", TRIPSAGE__OPTIONAL, 0, &breakdown) != TRIPSAGE__PRESENT)
        return;
    tripsage__reader_enter(r, "breakdown", breakdown);
    sum = read_parts(&input->breakdown, r, 0);
    if (sum > total)
        tripsage__reader_complain(r, "", "the parts sum to %lld, more than the total of %lld", (long long)sum,
                                  (long long)total);
    tripsage__reader_close_object(r);
}

/* {"total"?, "currency"?, "breakdown"?: object or null}, for the update to merge. What every budget has cannot be taken away by a null. */
static void read_budget_patch(tripsage__trip_input *input)
{
    tripsage__reader *r = &input->reader;
    tripsage__buf *out = &input->budget_patch;
    const tripsage__json *breakdown = NULL;
    const char *currency = NULL;
    int64_t total = 0;
    tripsage__found found = tripsage__read_int(r, "total", TRIPSAGE__OPTIONAL, 0, TRIPSAGE__JSON_INT_MAX, &total);

    if (found == TRIPSAGE__NULL_VALUE)
        tripsage__reader_complain(r, "total", "must not be null");
    if (found == TRIPSAGE__PRESENT)
        tripsage__buf_printf(out, "{\"total\":%lld,", (long long)total);
    else
        tripsage__buf_putc(out, '{');
    found = tripsage__read_currency(r, "currency", TRIPSAGE__OPTIONAL, &currency);
    if (found == TRIPSAGE__NULL_VALUE)
        tripsage__reader_complain(r, "currency", "must not be null");
    if (found == TRIPSAGE__PRESENT)
        tripsage__buf_printf(out, "\"currency\":\"%s\",", currency);
    found = tripsage__read_object(r, "breakdown", TRIPSAGE__OPTIONAL, 0, &breakdown);
    if (found == TRIPSAGE__PRESENT) {
        TRIPSAGE__LIT(out, "\"breakdown\":");
        tripsage__reader_enter(r, "breakdown", breakdown);
        read_parts(out, r, 1);
        tripsage__reader_close_object(r);
    } else if (found == TRIPSAGE__NULL_VALUE) {
        TRIPSAGE__LIT(out, "\"breakdown\":null");
    }
    if (out->size && out->data[out->size - 1] == ',')
        out->size--;
    tripsage__buf_putc(out, '}');
}

static void read_budget(tripsage__trip_input *input, int patching)
{
    tripsage__reader *r = &input->reader;
    const tripsage__json *budget = NULL;
    tripsage__found found = tripsage__read_object(r, "budget", TRIPSAGE__OPTIONAL, 0, &budget);

    if (found == TRIPSAGE__PRESENT && patching) {
        input->present |= TRIPSAGE__MERGES_BUDGET;
        tripsage__reader_enter(r, "budget", budget);
        read_budget_patch(input);
        tripsage__reader_close_object(r);
    } else if (given(input, found, "budget", TRIPSAGE__HAS_BUDGET, 1)) {
        input->has_budget = 1;
        tripsage__reader_enter(r, "budget", budget);
        read_whole_budget(input);
        tripsage__reader_close_object(r);
    }
}

/* ---- stops ---- */

typedef struct stop {
    const char *name, *country, *country_code, *city, *timezone, *arrival_date, *departure_date, *destination_id;
    int64_t duration_days; /* 0: not known */
    int has_coordinates, has_altitude;
    double latitude, longitude, altitude;
    char derived_date[TRIPSAGE__DATE_SIZE]; /* what one of the two dates points at when only the other was given */
} stop;

static int is_country_code(const char *code)
{
    return strlen(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
}

static void read_coordinates(tripsage__reader *r, stop *s)
{
    const tripsage__json *coordinates = NULL;

    if (tripsage__read_object(r, "coordinates", TRIPSAGE__OPTIONAL, 0, &coordinates) != TRIPSAGE__PRESENT)
        return;
    tripsage__reader_enter(r, "coordinates", coordinates);
    s->has_coordinates = 1; /* should one of the two be bad, the input is refused as a whole */
    tripsage__read_number(r, "latitude", TRIPSAGE__REQUIRED, -90, 90, &s->latitude);
    tripsage__read_number(r, "longitude", TRIPSAGE__REQUIRED, -180, 180, &s->longitude);
    /* Metres above the sea: from below the shore of the Dead Sea to above Mount Everest. */
    s->has_altitude =
        tripsage__read_number(r, "altitude", TRIPSAGE__OPTIONAL, -500, 9000, &s->altitude) == TRIPSAGE__PRESENT;
    tripsage__reader_close_object(r);
}

/* The other date of a stay of which one is known; NULL, and a complaint, when no trip may be planned on it. */
static const char *derive_date(tripsage__reader *r, stop *s, int32_t day)
{
    tripsage__date_format(day, s->derived_date);
    if (tripsage__date_parse(s->derived_date, &day))
        return s->derived_date;
    tripsage__reader_complain(r, "duration_days", "leads out of the years that dates may be in");
    return NULL;
}

/* Arrival, departure and the days between, both counted: two of them give the third, and the dates win. */
static void read_stay(tripsage__reader *r, stop *s)
{
    int32_t arrival, departure, days;

    tripsage__read_date(r, "arrival_date", TRIPSAGE__OPTIONAL, &s->arrival_date);
    tripsage__read_date(r, "departure_date", TRIPSAGE__OPTIONAL, &s->departure_date);
    tripsage__read_int(r, "duration_days", TRIPSAGE__OPTIONAL, 1, STAY_DAYS_MAX, &s->duration_days);
    days = (int32_t)s->duration_days;
    if (tripsage__date_parse(s->arrival_date, &arrival) && tripsage__date_parse(s->departure_date, &departure)) {
        if (departure < arrival)
            tripsage__reader_complain(r, "departure_date", "must not be before the arrival_date, %s", s->arrival_date);
        s->duration_days = departure - arrival + 1;
    } else if (days && tripsage__date_parse(s->arrival_date, &arrival)) {
        s->departure_date = derive_date(r, s, arrival + days - 1);
    } else if (days && tripsage__date_parse(s->departure_date, &departure)) {
        s->arrival_date = derive_date(r, s, departure - days + 1);
    }
}

static void read_stop(tripsage__reader *r, stop *s)
{
    tripsage__read_text(r, "name", TRIPSAGE__REQUIRED, 1, 200, &s->name);
    tripsage__read_text(r, "country", TRIPSAGE__OPTIONAL, 1, 100, &s->country);
    tripsage__read_text(r, "country_code", TRIPSAGE__OPTIONAL, 1, 2, &s->country_code);
    if (s->country_code && !is_country_code(s->country_code))
        tripsage__reader_complain(r, "country_code", "expected two capital letters (ISO 3166-1) such as JP");
    tripsage__read_text(r, "city", TRIPSAGE__OPTIONAL, 1, 200, &s->city);
    read_coordinates(r, s);
    tripsage__read_zone(r, "timezone", TRIPSAGE__OPTIONAL, &s->timezone);
    read_stay(r, s);
    tripsage__read_text(r, "destination_id", TRIPSAGE__OPTIONAL, 1, 100, &s->destination_id);
}

/* What the stop lacks and the catalogue knows. */
static void complete_stop(stop *s, const tripsage__destination_index *index)
{
    const tripsage__destination *d =
        tripsage__destination_find(index, s->destination_id, s->name, s->country, s->country_code);

    if (!d)
        return;
    s->country = s->country ? s->country : d->country;
    s->country_code = s->country_code ? s->country_code : d->country_code;
    s->timezone = s->timezone ? s->timezone : d->timezone;
    if (!s->has_coordinates) {
        s->has_coordinates = 1;
        s->latitude = d->latitude;
        s->longitude = d->longitude;
    }
}

static void put_member(tripsage__buf *buf, const char *name, const char *text)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_text(buf, text, text ? strlen(text) : 0);
}

static void put_stop(tripsage__buf *buf, const stop *s)
{
    put_member(buf, "{\"name\":", s->name);
    put_member(buf, ",\"country\":", s->country);
    put_member(buf, ",\"country_code\":", s->country_code);
    put_member(buf, ",\"city\":", s->city);
    if (s->has_coordinates) {
        TRIPSAGE__LIT(buf, ",\"coordinates\":{\"latitude\":");
        tripsage__json_put_number(buf, s->latitude);
        TRIPSAGE__LIT(buf, ",\"longitude\":");
        tripsage__json_put_number(buf, s->longitude);
        if (s->has_altitude) {
            TRIPSAGE__LIT(buf, ",\"altitude\":");
            tripsage__json_put_number(buf, s->altitude);
        }
        tripsage__buf_putc(buf, '}');
    } else {
        TRIPSAGE__LIT(buf, ",\"coordinates\":null");
    }
    put_member(buf, ",\"timezone\":", s->timezone);
    put_member(buf, ",\"arrival_date\":", s->arrival_date);
    put_member(buf, ",\"departure_date\":", s->departure_date);
    TRIPSAGE__LIT(buf, ",\"duration_days\":");
    if (s->duration_days)
        tripsage__buf_int(buf, s->duration_days);
    else
        TRIPSAGE__LIT(buf, "null");
    put_member(buf, ",\"destination_id\":", s->destination_id);
    tripsage__buf_putc(buf, '}');
}

/* The stop as TRIPSAGE__SQL_TRIP_BODY words it. */
static void put_place(tripsage__buf *buf, const stop *s)
{
    if (buf->size)
        TRIPSAGE__LIT(buf, "; ");
    tripsage__buf_puts(buf, s->name);
    if (s->city) {
        TRIPSAGE__LIT(buf, ", ");
        tripsage__buf_puts(buf, s->city);
    }
    if (s->country) {
        TRIPSAGE__LIT(buf, ", ");
        tripsage__buf_puts(buf, s->country);
    }
}

static void read_stops(tripsage__trip_input *input, const tripsage__destination_index *catalogue, int creating)
{
    tripsage__reader *r = &input->reader;
    const tripsage__json *array = NULL;
    size_t index = 0;

    if (!given(input, tripsage__read_array(r, "destinations", creating, 1, STOPS_MAX, &array), "destinations",
               TRIPSAGE__HAS_DESTINATIONS, 0))
        return;
    tripsage__buf_putc(&input->destinations, '[');
    tripsage__buf_putc(&input->destination_names, '[');
    for (const tripsage__json *node = tripsage__json_first(array); node; node = tripsage__json_next(node), index++) {
        stop s;

        memset(&s, 0, sizeof s);
        tripsage__reader_enter_index(r, "destinations", index, node);
        read_stop(r, &s);
        tripsage__reader_close_object(r);
        if (!s.name)
            continue; /* complained of */
        complete_stop(&s, catalogue);
        if (index) {
            tripsage__buf_putc(&input->destinations, ',');
            tripsage__buf_putc(&input->destination_names, ',');
        }
        put_stop(&input->destinations, &s);
        tripsage__json_put_string(&input->destination_names, s.name);
        put_place(&input->places, &s);
    }
    tripsage__buf_putc(&input->destinations, ']');
    tripsage__buf_putc(&input->destination_names, ']');
}

/* ---- tags ---- */

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t count_characters(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* One tag, trimmed, unless it is there already. */
static void put_tag(tripsage__trip_input *input, tripsage__slice *seen, size_t *count, const char *index,
                    const tripsage__json *node)
{
    const char *text = tripsage__json_text(node);
    size_t size, characters;

    while (text && is_space(*text))
        text++;
    size = text ? strlen(text) : 0;
    while (size && is_space(text[size - 1]))
        size--;
    characters = count_characters(text, size);
    if (characters < 1 || characters > 50) {
        tripsage__reader_complain(&input->reader, index, "expected text of 1 to 50 characters");
        return;
    }
    for (size_t i = 0; i < *count; i++)
        if (seen[i].size == size && memcmp(seen[i].text, text, size) == 0)
            return;
    seen[*count].text = text;
    seen[(*count)++].size = size;
    if (input->labels.size) {
        tripsage__buf_putc(&input->tags, ',');
        TRIPSAGE__LIT(&input->labels, ", ");
    }
    tripsage__json_put_stringn(&input->tags, text, size);
    tripsage__buf_put(&input->labels, text, size);
}

static void read_tags(tripsage__trip_input *input)
{
    tripsage__reader *r = &input->reader;
    const tripsage__json *array = NULL;
    tripsage__slice seen[TAGS_MAX];
    size_t count = 0, index = 0;

    tripsage__buf_putc(&input->tags, '[');
    if (given(input, tripsage__read_array(r, "tags", TRIPSAGE__OPTIONAL, 0, TAGS_MAX, &array), "tags",
              TRIPSAGE__HAS_TAGS, 1)) {
        tripsage__reader_enter(r, "tags", array);
        for (const tripsage__json *node = tripsage__json_first(array); node; node = tripsage__json_next(node)) {
            char name[4] = {(char)('0' + index / 10), (char)('0' + index % 10), '\0', '\0'};

            put_tag(input, seen, &count, index < 10 ? name + 1 : name, node);
            index++;
        }
        tripsage__reader_close_object(r);
    }
    tripsage__buf_putc(&input->tags, ']');
}

/* ---- the whole input ---- */

static void read_preferences(tripsage__trip_input *input, int patching)
{
    const tripsage__json *preferences = NULL;
    tripsage__found found = tripsage__read_object(&input->reader, "preferences", TRIPSAGE__OPTIONAL,
                                                  TRIPSAGE__PREFERENCES_MAX, &preferences);

    if (found == TRIPSAGE__PRESENT && patching) {
        input->present |= TRIPSAGE__MERGES_PREFERENCES;
        tripsage__json_put(&input->preferences_patch, preferences);
    } else if (given(input, found, "preferences", TRIPSAGE__HAS_PREFERENCES, 1)) {
        tripsage__json_put(&input->preferences, preferences);
    } else {
        TRIPSAGE__LIT(&input->preferences, "{}");
    }
}

static tripsage_status buffers_status(const tripsage__trip_input *input)
{
    const tripsage__buf *const all[] = {&input->breakdown, &input->destinations, &input->destination_names,
                                        &input->tags,      &input->preferences,  &input->places,
                                        &input->labels,    &input->budget_patch, &input->preferences_patch};
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < sizeof all / sizeof all[0] && status == TRIPSAGE_OK; i++)
        status = tripsage__buf_status(all[i]);
    return status;
}

tripsage_status tripsage__trip_input_read(tripsage__trip_input *input, tripsage_trips *trips, const char *json,
                                          size_t length, tripsage__trip_purpose purpose)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(COLUMN_MAX);
    tripsage_status status;

    memset(input, 0, sizeof *input);
    input->breakdown = input->destinations = input->destination_names = input->tags = input->preferences =
        input->places = input->labels = input->budget_patch = input->preferences_patch = empty;
    input->status = tripsage__trip_statuses[0];
    input->trip_type = tripsage__trip_types[0];
    input->visibility = tripsage__trip_visibilities[0];
    input->travelers = 1;
    status = tripsage__reader_open(&input->reader, json, length);
    if (status != TRIPSAGE_OK)
        return status;
    read_plain(input, purpose == TRIPSAGE__TO_CREATE);
    read_stops(input, trips->destinations, purpose == TRIPSAGE__TO_CREATE);
    read_tags(input);
    read_budget(input, purpose == TRIPSAGE__TO_PATCH);
    read_preferences(input, purpose == TRIPSAGE__TO_PATCH);
    read_ignored_members(&input->reader);
    tripsage__reader_close_object(&input->reader);
    status = tripsage__reader_status(&input->reader);
    return status == TRIPSAGE_OK ? buffers_status(input) : status;
}

void tripsage__trip_input_free(tripsage__trip_input *input)
{
    tripsage__buf_free(&input->breakdown);
    tripsage__buf_free(&input->destinations);
    tripsage__buf_free(&input->destination_names);
    tripsage__buf_free(&input->tags);
    tripsage__buf_free(&input->preferences);
    tripsage__buf_free(&input->places);
    tripsage__buf_free(&input->labels);
    tripsage__buf_free(&input->budget_patch);
    tripsage__buf_free(&input->preferences_patch);
    tripsage__reader_free(&input->reader);
}

void tripsage__trip_body_put(tripsage__buf *buf, const tripsage__trip_input *input)
{
    if (input->description) {
        tripsage__buf_puts(buf, input->description);
        tripsage__buf_putc(buf, '\n');
    }
    tripsage__buf_put(buf, input->places.data, input->places.size);
    if (input->labels.size) {
        tripsage__buf_putc(buf, '\n');
        tripsage__buf_put(buf, input->labels.data, input->labels.size);
    }
}

/* ---- out ---- */

int32_t tripsage__trip_days(const char *start_date, const char *end_date)
{
    int32_t start = 0, end = 0;

    if (!start_date || !end_date || !tripsage__date_parse(start_date, &start) || !tripsage__date_parse(end_date, &end))
        return 0; /* SQLite found no memory for the text; the call is about to fail */
    return end - start + 1;
}

static tripsage__slice column(const tripsage__row *row, int index)
{
    tripsage__slice slice;

    slice.text = tripsage__row_text(row, index, &slice.size);
    return slice;
}

/* The role of who neither owns the trip nor runs the service; see TRIPSAGE__ROLE_BY. */
static int role_of_other(const tripsage__trip_columns *trip, int level)
{
    if (trip->deleted)
        return TRIPSAGE__ROLE_NONE;
    if (level)
        return level;
    if (!trip->visibility.text) /* no memory for it; the call is about to fail */
        return TRIPSAGE__ROLE_NONE;
    return strcmp(trip->visibility.text, "public") == 0 ? TRIPSAGE__ROLE_PUBLIC : TRIPSAGE__ROLE_NONE;
}

void tripsage__trip_columns_of(tripsage__trip_columns *out, const tripsage__row *row)
{
    enum {
        ROLE,
        SEQ,
        ID,
        USER_ID,
        VERSION,
        CREATED_AT,
        UPDATED_AT,
        DELETED_AT,
        START_DATE,
        END_DATE,
        STATUS,
        TRIP_TYPE,
        VISIBILITY,
        TRAVELERS,
        BUDGET_TOTAL,
        BUDGET_CURRENCY,
        TITLE,
        DESCRIPTION,
        DESTINATION_NAMES,
        TAGS,
        BUDGET_BREAKDOWN,
        DESTINATIONS,
        PREFERENCES
    }; /* the last ones as the table has them */

    out->id = column(row, ID);
    out->user_id = column(row, USER_ID);
    out->version = tripsage__row_int(row, VERSION);
    out->created_at = tripsage__row_int(row, CREATED_AT);
    out->updated_at = tripsage__row_int(row, UPDATED_AT);
    out->deleted = !tripsage__row_is_null(row, DELETED_AT);
    out->deleted_at = tripsage__row_int(row, DELETED_AT);
    out->start_date = column(row, START_DATE);
    out->end_date = column(row, END_DATE);
    out->status = column(row, STATUS);
    out->trip_type = column(row, TRIP_TYPE);
    out->visibility = column(row, VISIBILITY);
    out->role = (int)tripsage__row_int(row, ROLE); /* 0 for NULL */
    if (out->role < TRIPSAGE__ROLE_OWNER)
        out->role = role_of_other(out, out->role);
    out->travelers = tripsage__row_int(row, TRAVELERS);
    out->budget_total = tripsage__row_int(row, BUDGET_TOTAL);
    out->budget_currency = column(row, BUDGET_CURRENCY);
    out->title = column(row, TITLE);
    out->description = column(row, DESCRIPTION);
    out->tags = column(row, TAGS);
    out->budget_breakdown = column(row, BUDGET_BREAKDOWN);
    out->destinations = column(row, DESTINATIONS);
    out->preferences = column(row, PREFERENCES);
}

/* What needs no escaping: ids, days, words, and JSON as it is stored. */
#define PUT_RAW(buf, before, slice, after)                                                                             \
    do {                                                                                                               \
        TRIPSAGE__LIT((buf), before);                                                                                  \
        tripsage__buf_put((buf), (slice).text, (slice).size);                                                          \
        TRIPSAGE__LIT((buf), after);                                                                                   \
    } while (0)

static void put_budget(tripsage__buf *buf, const tripsage__trip_columns *c)
{
    if (!c->budget_currency.text) {
        TRIPSAGE__LIT(buf, ",\"budget\":null");
        return;
    }
    TRIPSAGE__LIT(buf, ",\"budget\":{\"total\":");
    tripsage__buf_int(buf, c->budget_total);
    PUT_RAW(buf, ",\"currency\":\"", c->budget_currency, "\"");
    if (c->budget_breakdown.text)
        PUT_RAW(buf, ",\"breakdown\":", c->budget_breakdown, "}");
    else
        TRIPSAGE__LIT(buf, ",\"breakdown\":null}");
}

void tripsage__trip_columns_put(tripsage__buf *buf, const tripsage__trip_columns *c)
{
    PUT_RAW(buf, "{\"id\":\"", c->id, "\"");
    PUT_RAW(buf, ",\"user_id\":\"", c->user_id, "\"");
    TRIPSAGE__LIT(buf, ",\"title\":");
    tripsage__json_put_stringn(buf, c->title.text, c->title.size);
    TRIPSAGE__LIT(buf, ",\"description\":");
    tripsage__json_put_text(buf, c->description.text, c->description.size);
    PUT_RAW(buf, ",\"start_date\":\"", c->start_date, "\"");
    PUT_RAW(buf, ",\"end_date\":\"", c->end_date, "\"");
    TRIPSAGE__LIT(buf, ",\"duration_days\":");
    tripsage__buf_int(buf, tripsage__trip_days(c->start_date.text, c->end_date.text));
    PUT_RAW(buf, ",\"destinations\":", c->destinations, "");
    PUT_RAW(buf, ",\"status\":\"", c->status, "\"");
    PUT_RAW(buf, ",\"trip_type\":\"", c->trip_type, "\"");
    PUT_RAW(buf, ",\"visibility\":\"", c->visibility, "\"");
    PUT_RAW(buf, ",\"tags\":", c->tags, "");
    TRIPSAGE__LIT(buf, ",\"travelers\":");
    tripsage__buf_int(buf, c->travelers);
    put_budget(buf, c);
    PUT_RAW(buf, ",\"preferences\":", c->preferences, "");
    TRIPSAGE__LIT(buf, ",\"role\":\"");
    tripsage__buf_puts(buf, tripsage__role_word(c->role));
    TRIPSAGE__LIT(buf, "\",\"version\":");
    tripsage__buf_int(buf, c->version);
    TRIPSAGE__LIT(buf, ",\"created_at\":");
    tripsage__json_put_instant(buf, c->created_at);
    TRIPSAGE__LIT(buf, ",\"updated_at\":");
    tripsage__json_put_instant(buf, c->updated_at);
    TRIPSAGE__LIT(buf, ",\"deleted_at\":");
    if (c->deleted)
        tripsage__json_put_instant(buf, c->deleted_at);
    else
        TRIPSAGE__LIT(buf, "null");
    tripsage__buf_putc(buf, '}');
}

/* ---- a document from one row ---- */

#define SELECT_TRIP(columns) "SELECT " columns " FROM trip t WHERE t.id = $3"

const tripsage__statement tripsage__sql_trip_select = {"trip_select", SELECT_TRIP(TRIPSAGE__SQL_TRIP_COLUMNS),
                                                       SELECT_TRIP(TRIPSAGE__PG_TRIP_COLUMNS)};

static void reading_begin(void *context)
{
    tripsage__trip_reading *reading = context;

    reading->doc->json.size = 0;
    reading->doc->json.failed = TRIPSAGE_OK;
    reading->role = TRIPSAGE__ROLE_NONE;
    reading->deleted = 0;
}

static tripsage_status reading_row(void *context, const tripsage__row *row)
{
    tripsage__trip_reading *reading = context;
    tripsage__trip_columns columns;

    tripsage__trip_columns_of(&columns, row);
    reading->role = columns.role;
    reading->deleted = columns.deleted;
    reading->doc->version = columns.version;
    tripsage__trip_columns_put(&reading->doc->json, &columns);
    return tripsage__buf_status(&reading->doc->json);
}

tripsage__step tripsage__trip_reading_step(tripsage__trip_reading *reading, const tripsage__value *params)
{
    tripsage__step step = {&tripsage__sql_trip_select, NULL, 3, reading_begin, reading_row, NULL, NULL};

    step.params = params;
    step.context = reading;
    return step;
}
