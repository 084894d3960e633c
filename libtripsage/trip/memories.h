/* trip/memories.h: what users said about themselves: the rules by which it is recognised, and rows of it on their way into the store. */
#ifndef TRIPSAGE_TRIP_MEMORIES_H
#define TRIPSAGE_TRIP_MEMORIES_H

#include <tripsage/memory.h>

#include "destination.h"
#include "trip.h"
#include "vector/vector.h"

/* ---- what is said: pure, a text in and statements out ---- */

typedef enum tripsage__bucket {
    TRIPSAGE__BUCKET_PREFERENCES,
    TRIPSAGE__BUCKET_PAST_TRIPS,
    TRIPSAGE__BUCKET_SAVED_DESTINATIONS,
    TRIPSAGE__BUCKET_BUDGET,
    TRIPSAGE__BUCKET_STYLE,
    TRIPSAGE__BUCKET_DIETARY,
    TRIPSAGE__BUCKET_ACCOMMODATION,
    TRIPSAGE__BUCKET_ACTIVITY,
    TRIPSAGE__BUCKET_COUNT
} tripsage__bucket;

extern const char *const tripsage__bucket_names[TRIPSAGE__BUCKET_COUNT];

/* 500: a long sentence; what is longer was pasted, and its beginning is kept. */
#define TRIPSAGE__SAID_MAX 500u
/* Folded, a text has hardly more bytes than before; framed by spaces. */
#define TRIPSAGE__SAID_FOLDED (2 * TRIPSAGE__SAID_MAX + 3)

/* 8: whoever names more is reading from an atlas. */
#define TRIPSAGE__SAID_COUNTRIES 8u

/* One statement. */
typedef struct tripsage__said {
    const char *text; /* in the message */
    size_t length;
    unsigned buckets; /* 1 << tripsage__bucket */
    const char *type; /* memory_type */
    const char *countries
        [TRIPSAGE__SAID_COUNTRIES]; /* names of those it speaks of, by their places or their own; the index's */
    size_t country_count;
    int has_budget, has_accommodation;
} tripsage__said;

/* The next statement worth keeping from *at on, which it moves; 0 at the end. `index` knows the places; NULL: none are known. */
int tripsage__said_next(tripsage__said *out, const char **at, const char *end,
                        const tripsage__destination_index *index);

/* The same of a text that is to be kept whatever it says: everything but `text` and `length`, which are given. */
void tripsage__said_read(tripsage__said *said, const tripsage__destination_index *index);

/* The words of a text as they are compared, between spaces; 0 when it has none. */
size_t tripsage__said_fold(char out[TRIPSAGE__SAID_FOLDED], const char *text, size_t length);

/* What insights are made of: bit i stands for the i-th name. */
extern const char *const tripsage__activity_names[], *const tripsage__style_names[];
extern const size_t tripsage__activity_count, tripsage__style_count;
uint32_t tripsage__said_activities(const char *folded);
uint32_t tripsage__said_styles(const char *folded);

/* The next sum of money ("$1,200.50") from *at on, in minor units; 0 when there is none. */
typedef struct tripsage__said_sum {
    char currency[4];
    int64_t minor;
} tripsage__said_sum;
int tripsage__said_sum_next(tripsage__said_sum *out, const char **at, const char *end);

/* ---- rows on their way into the store, with their vectors ---- */

/* What is to be kept. Texts are the caller's until it is added. */
typedef struct tripsage__memory_draft {
    tripsage__said said;      /* the content, and what is known of it */
    const char *source;       /* "conversation" | "preference" */
    const char *key, *value;  /* of a preference, else NULL; the value is JSON */
    const char *category;     /* one more than the buckets, or NULL */
    const char *session_id;   /* or NULL */
    const char *context_type; /* or NULL */
} tripsage__memory_draft;

typedef struct tripsage__memory_entry {
    char id[TRIPSAGE__UUID_SIZE];
    size_t content, content_size; /* where in the batch's texts */
    size_t categories, item;      /* and these: JSON, and the vector's metadata */
    int64_t version;              /* after the write; 1: it is new */
} tripsage__memory_entry;

typedef struct tripsage__memory_batch {
    tripsage_trips *trips;
    const tripsage_actor *actor;
    tripsage__buf texts;             /* each ends with a NUL */
    tripsage__buf rows;              /* JSON: [[id, type, key, content, categories, metadata, place], ...], by id */
    tripsage__memory_entry *entries; /* in the order in which they were added */
    tripsage__buf *row_of;           /* one of each entry, until they are put into `rows` */
    size_t count, capacity;
    int64_t forgotten; /* old ones that made room, after the write */
} tripsage__memory_batch;

/* 5,000 of one user besides preferences: a search looks at all their vectors, some 10 MiB then, in a few milliseconds, and nobody says more about
 * himself that still holds. */
#define TRIPSAGE__MEMORIES_MAX 5000

/* 500: what fits into one transaction, some 1 MiB of vectors. */
#define TRIPSAGE__MEMORY_BATCH_MAX 500u

/* Free on every path. */
void tripsage__memory_batch_init(tripsage__memory_batch *batch, tripsage_trips *trips, const tripsage_actor *actor);
void tripsage__memory_batch_free(tripsage__memory_batch *batch);

/* Adds one, unless it is there already. The caller sees to TRIPSAGE__MEMORY_BATCH_MAX. */
tripsage_status tripsage__memory_batch_add(tripsage__memory_batch *batch, const tripsage__memory_draft *draft);

/* Writes all in one transaction: `before`, the memories and their vectors, then `after`. */
tripsage_status tripsage__memory_batch_write(tripsage__memory_batch *batch, const tripsage__step *before,
                                             size_t before_count, const tripsage__step *after, size_t after_count);

/* {"id":...,"memory":...,"memory_type":...,"categories":[...],"metadata":{...},"version":...,"created_at":...,"updated_at":...,"user_id":...
 * without the closing brace, from a row of these columns. */
#define TRIPSAGE__SQL_MEMORY                                                                                           \
    "m.id, m.content, m.memory_type, m.categories, m.metadata, m.version, m.created_at, m.updated_at, m.user_id"
void tripsage__memory_put_open(tripsage__buf *buf, const tripsage__row *row);

/* The first line of every call: signed in, allowed by its scopes, and no service role, which has no memories. */
tripsage_status tripsage__memory_check(const tripsage_actor *actor, uint32_t scope);

/* The collection of memories. Read where it is not remembered; `make` makes it when it is not there. Errors: TRIPSAGE_ENOTFOUND until something
 * was remembered, TRIPSAGE_ECONFLICT for one that takes no texts. */
#define TRIPSAGE__COLLECTION_MEMORIES "memories"
tripsage_status tripsage__memory_collection(tripsage__collection *out, tripsage_trips *trips);
tripsage_status tripsage__memory_collection_make(tripsage__collection *out, tripsage_trips *trips);

/* 64 characters: a word or two. */
#define TRIPSAGE__CATEGORY_MAX 64u
/* The member of a vector's metadata that says so: "category:food":true. */
void tripsage__memory_put_category(tripsage__buf *buf, const char *category);

/* Every statement about memories, for the plan test. */
const tripsage__statement *const *tripsage__memory_statements(size_t *count);

/* Stands before what deletes the user's memories with these ids: SQLite's full text is told of the words that go. $1 the user. */
#define TRIPSAGE__SQL_MEMORY_UNWORD(ids)                                                                               \
    TRIPSAGE__SQL_FORGET_WORDS                                                                                         \
    "vector_item i CROSS JOIN vector_text t WHERE i.collection_id = (SELECT c.id FROM vector_collection c WHERE "      \
    "c.name = 'memories') AND i.owner_id = $1 AND i.id IN (" ids ") AND t.seq = i.seq"

extern const tripsage__statement tripsage__sql_memory_unword, tripsage__sql_memory_unword_all,
    tripsage__sql_memory_unword_old, tripsage__sql_memory_unword_named, tripsage__sql_memory_put,
    tripsage__sql_memory_forget_old, tripsage__sql_memory_by_id, tripsage__sql_memory_delete,
    tripsage__sql_memory_clear, tripsage__sql_memory_types, tripsage__sql_memory_categories,
    tripsage__sql_memory_newest, tripsage__sql_memory_trips, tripsage__sql_memory_trip_count,
    tripsage__sql_memory_places, tripsage__sql_memory_preferences, tripsage__sql_memory_preferences_drop;

#endif
