/* trip/record.h: the trip's record on its two ways: JSON text from a caller into columns, and columns into JSON text. */
#ifndef TRIPSAGE_TRIP_RECORD_H
#define TRIPSAGE_TRIP_RECORD_H

#include "trip.h"

/* ---- in ---- */

/* Which members an input gave; also the presence mask of the update statement, so the numbers are in its SQL. */
enum {
    TRIPSAGE__HAS_TITLE = 1,
    TRIPSAGE__HAS_DESCRIPTION = 2,
    TRIPSAGE__HAS_START_DATE = 4,
    TRIPSAGE__HAS_END_DATE = 8,
    TRIPSAGE__HAS_DESTINATIONS = 16,
    TRIPSAGE__HAS_STATUS = 32,
    TRIPSAGE__HAS_TRIP_TYPE = 64,
    TRIPSAGE__HAS_VISIBILITY = 128,
    TRIPSAGE__HAS_TAGS = 256,
    TRIPSAGE__HAS_TRAVELERS = 512,
    TRIPSAGE__HAS_BUDGET = 1024,
    TRIPSAGE__HAS_PREFERENCES = 2048,
    TRIPSAGE__MERGES_BUDGET = 4096, /* objects of a merge patch */
    TRIPSAGE__MERGES_PREFERENCES = 8192,

    /* What the search index mirrors. */
    TRIPSAGE__HAS_SEARCHED =
        TRIPSAGE__HAS_TITLE | TRIPSAGE__HAS_DESCRIPTION | TRIPSAGE__HAS_DESTINATIONS | TRIPSAGE__HAS_TAGS
};

/* A validated trip, or the part of one that an update gives. Members that were left out, or given as null, hold their
 * defaults. Text is borrowed from the reader. */
typedef struct tripsage__trip_input {
    tripsage__reader reader;
    int64_t present;
    const char *title, *description; /* description may be NULL */
    const char *start_date, *end_date;
    const char *status, *trip_type, *visibility;
    int64_t travelers;
    int has_budget;
    int64_t budget_total;
    const char *budget_currency; /* NULL without a budget */

    /* Columns' texts, written while reading. */
    tripsage__buf breakdown; /* empty: none */
    tripsage__buf destinations, destination_names, tags, preferences;
    tripsage__buf places;                          /* the stops as the search index has them */
    tripsage__buf labels;                          /* the tags likewise */
    tripsage__buf budget_patch, preferences_patch; /* what the statement is to merge; empty: nothing */
} tripsage__trip_input;

typedef enum tripsage__trip_purpose {
    TRIPSAGE__TO_CREATE, /* members without a default must be there */
    TRIPSAGE__TO_UPDATE,
    TRIPSAGE__TO_PATCH /* a budget or preferences that is an object is merged with the stored one (RFC 7396) */
} tripsage__trip_purpose;

/* 16 KiB: preferences are for what a form remembers, not for files. The number is in the SQL of the update too. */
#define TRIPSAGE__PREFERENCES_MAX ((size_t)16 * 1024)

/* Free on every path. */
tripsage_status tripsage__trip_input_read(tripsage__trip_input *input, tripsage_trips *trips, const char *json,
                                          size_t length, tripsage__trip_purpose purpose);
void tripsage__trip_input_free(tripsage__trip_input *input);

/* The words of the enumerations, each list ended by NULL. */
extern const char *const tripsage__trip_statuses[];
extern const char *const tripsage__trip_types[];
extern const char *const tripsage__trip_visibilities[];

/* Complains of "#name" (see tripsage__fields_begin) when the word, unless NULL, is not of the list. */
void tripsage__check_word(const char *name, const char *word, const char *const *list);

/* ---- out ---- */

/* A text that is borrowed; NULL is SQL's and JSON's null. */
typedef struct tripsage__slice {
    const char *text;
    size_t size;
} tripsage__slice;

/* The columns of a trip. Those that hold JSON, ids, days and words go out as they are; title and description are escaped. */
typedef struct tripsage__trip_columns {
    int role;
    int64_t version, created_at, updated_at;
    int deleted;
    int64_t deleted_at;
    tripsage__slice id, user_id, title, description, start_date, end_date, destinations, status, trip_type, visibility,
        tags, budget_currency, budget_breakdown, preferences;
    int64_t travelers, budget_total;
} tripsage__trip_columns;

/* From a row of TRIPSAGE__SQL_TRIP_COLUMNS or TRIPSAGE__PG_TRIP_COLUMNS; borrowed from the row. */
void tripsage__trip_columns_of(tripsage__trip_columns *out, const tripsage__row *row);
void tripsage__trip_columns_put(tripsage__buf *buf, const tripsage__trip_columns *columns);

/* Columns of a list's entry, and the entry from a row that has them from column `first` on. */
#define TRIPSAGE__SQL_TRIP_ENTRY                                                                                       \
    "t.version, t.id, t.user_id, t.title, t.start_date, t.end_date, t.destination_names, t.status, t.trip_type, "      \
    "t.visibility, t.tags, t.travelers, t.created_at, t.updated_at, t.deleted_at"
void tripsage__trip_entry_put(tripsage__buf *buf, const tripsage__row *row, int role, int first);

/* end - start + 1. */
int32_t tripsage__trip_days(const char *start_date, const char *end_date);

/* A document being filled from the row of one trip, as a step's context. */
typedef struct tripsage__trip_reading {
    tripsage_doc *doc;
    int role; /* 0 until a row came */
    int deleted;
} tripsage__trip_reading;

/* The step that fills it; `params` are a gate's. It gives the trip whoever asks, so look at the role, or let a gate stand before it. */
tripsage__step tripsage__trip_reading_step(tripsage__trip_reading *reading, const tripsage__value *params);

/* The text of a trip's row in the search index: "description\nKyoto, Japan; Osaka, Japan\ntemples, food". The two have to give the
 * same: the first from an input that is being created, the second in SQL from the row t. */
void tripsage__trip_body_put(tripsage__buf *buf, const tripsage__trip_input *input);
#define TRIPSAGE__SQL_TRIP_BODY                                                                                        \
    "COALESCE(t.description || char(10), '') || COALESCE((SELECT group_concat((d.value ->> '$.name') || "              \
    "COALESCE(', ' || (d.value ->> '$.city'), '') || COALESCE(', ' || (d.value ->> '$.country'), ''), '; ') "          \
    "FROM json_each(t.destinations) d), '') || "                                                                       \
    "COALESCE((SELECT char(10) || group_concat(g.value, ', ') FROM json_each(t.tags) g), '')"

#endif
