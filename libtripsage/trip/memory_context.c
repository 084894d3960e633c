/* memory_context.c: what is known about a user, in buckets and in a few sentences. One read: his memories, his trips, the places he saved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "memories.h"

/* $1 the user. 1,000: what was said before that has been said again, or holds no more. The number is in the SQL. */
const tripsage__statement tripsage__sql_memory_newest = {
    "memory_newest",
    "SELECT m.id, m.content, m.name, m.categories, m.metadata, m.created_at FROM memory m WHERE m.user_id = $1 "
    "ORDER BY m.updated_at DESC, m.place DESC, m.id DESC LIMIT 1000",
    NULL};
/* $2 today. 50: as many as a bucket has. */
const tripsage__statement tripsage__sql_memory_trips = {
    "memory_trips",
    "SELECT t.id, t.title, t.start_date, t.end_date, t.created_at FROM trip t WHERE t.user_id = $1 AND t.deleted_at "
    "IS NULL AND t.end_date < $2 AND t.status <> 'cancelled' ORDER BY t.start_date DESC, t.id DESC LIMIT 50",
    NULL};
const tripsage__statement tripsage__sql_memory_trip_count = {
    "memory_trip_count",
    "SELECT count(*) FROM trip t WHERE t.user_id = $1 AND t.deleted_at IS NULL AND t.status <> 'cancelled'", NULL};
const tripsage__statement tripsage__sql_memory_places = {
    "memory_places",
    "SELECT s.id, s.destination_id, s.saved_at FROM saved_destination s WHERE s.user_id = $1 "
    "ORDER BY s.saved_at DESC, s.id DESC LIMIT 50",
    NULL};

/* 50: what a program can put before a user, or into a prompt. */
#define BUCKET_MAX 50
/* 10: the rest are names that fell once. */
#define MENTIONED_MAX 10
/* More are a regular traveller's. */
#define OCCASIONAL_MAX 5

enum { CURRENCIES = 3, NAMES_MAX = 32 };

typedef struct bucket {
    tripsage__buf json; /* elements of an array */
    size_t count;
} bucket;

typedef struct mention {
    const char *name;
    int64_t count;
} mention;

typedef struct money {
    char currency[4];
    int64_t count, sum, least, most;
} money;

typedef struct knowledge {
    const tripsage__destination_index *index;
    bucket buckets[TRIPSAGE__BUCKET_COUNT];
    mention activities[NAMES_MAX], styles[NAMES_MAX];
    mention *countries; /* one for each place of the catalogue, the first of its country's counts */
    money sums[CURRENCIES];
    size_t currency_count;
    tripsage__buf diet; /* what was said last about it */
    int64_t trips, memories;
} knowledge;

/* ---- rows ---- */

static void put_text(tripsage__buf *buf, const char *name, const char *text, size_t size)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_text(buf, text, size);
}

/* Begins an entry, unless the bucket is full; the text follows. */
static int begin_entry(bucket *b, const tripsage__row *row)
{
    size_t size;
    const char *id = tripsage__row_text(row, 0, &size);

    if (b->count == BUCKET_MAX)
        return 0;
    put_text(&b->json, b->count++ ? ",{\"id\":" : "{\"id\":", id, size);
    return 1;
}

static tripsage_status end_entry(bucket *b, const char *source, int64_t at_ms)
{
    tripsage__buf_printf(&b->json, ",\"source\":\"%s\",\"created_at\":", source);
    tripsage__json_put_instant(&b->json, at_ms);
    tripsage__buf_putc(&b->json, '}');
    return tripsage__buf_status(&b->json);
}

/* The steps come in this order, so the first one forgets for all of them. */
static void begin_memories(void *context)
{
    knowledge *k = context;

    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++)
        k->buckets[i].json.size = k->buckets[i].count = 0;
    for (size_t i = 0; i < NAMES_MAX; i++)
        k->activities[i].count = k->styles[i].count = 0;
    for (size_t i = 0; i < k->index->count; i++)
        k->countries[i].count = 0;
    memset(k->sums, 0, sizeof k->sums);
    k->diet.size = k->currency_count = 0;
    k->trips = k->memories = 0;
}

static void count_names(mention *mentions, uint32_t names)
{
    for (size_t i = 0; i < NAMES_MAX; i++)
        mentions[i].count += (names >> i) & 1u;
}

static void count_sum(knowledge *k, const tripsage__said_sum *sum)
{
    money *m = k->sums;

    while (m < k->sums + k->currency_count && strcmp(m->currency, sum->currency) != 0)
        m++;
    if (m == k->sums + k->currency_count) {
        strcpy(m->currency, sum->currency);
        m->least = m->most = sum->minor;
        k->currency_count++;
    }
    m->count++;
    m->sum += sum->minor;
    m->least = sum->minor < m->least ? sum->minor : m->least;
    m->most = sum->minor > m->most ? sum->minor : m->most;
}

static tripsage_status count_countries(knowledge *k, const char *metadata, size_t size)
{
    tripsage__json *parsed = NULL;
    tripsage_status status = tripsage__json_parse_trusted(&parsed, metadata, size);

    if (status != TRIPSAGE_OK)
        return status;
    for (const tripsage__json *c = tripsage__json_first(tripsage__json_member(parsed, "countries")); c;
         c = tripsage__json_next(c))
        for (size_t i = 0; i < k->index->count; i++)
            if (tripsage__json_text(c) && strcmp(k->index->all[i].country, tripsage__json_text(c)) == 0) {
                k->countries[i].count++;
                break;
            }
    tripsage__json_free(parsed);
    return TRIPSAGE_OK;
}

static tripsage_status count_memory(knowledge *k, const char *content, size_t size, const tripsage__row *row)
{
    char folded[TRIPSAGE__SAID_FOLDED];
    size_t metadata_size;
    const char *metadata = tripsage__row_text(row, 4, &metadata_size), *at = content;
    tripsage__said_sum sum;

    k->memories++;
    tripsage__said_fold(folded, content, size);
    count_names(k->activities, tripsage__said_activities(folded));
    count_names(k->styles, tripsage__said_styles(folded));
    while (tripsage__said_sum_next(&sum, &at, content + size))
        count_sum(k, &sum);
    if (tripsage__buf_status(&k->diet) != TRIPSAGE_OK)
        return TRIPSAGE_ENOMEM;
    return strstr(metadata, "\"countries\"") ? count_countries(k, metadata, metadata_size) : TRIPSAGE_OK;
}

static tripsage_status on_memory(void *context, const tripsage__row *row)
{
    knowledge *k = context;
    size_t size;
    const char *content = tripsage__row_text(row, 1, &size), *categories = tripsage__row_text(row, 3, NULL);
    char quoted[64];

    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++) {
        bucket *b = &k->buckets[i];

        snprintf(quoted, sizeof quoted, "\"%s\"", tripsage__bucket_names[i]);
        if (!strstr(categories, quoted))
            continue;
        if (i == TRIPSAGE__BUCKET_DIETARY && !k->diet.size)
            tripsage__buf_put(&k->diet, content, size);
        if (!begin_entry(b, row))
            continue;
        put_text(&b->json, ",\"memory\":", content, size);
        if (end_entry(b, tripsage__row_is_null(row, 2) ? "conversation" : "preference", tripsage__row_int(row, 5)) !=
            TRIPSAGE_OK)
            return tripsage__buf_status(&b->json);
    }
    return count_memory(k, content, size, row);
}

/* "Kyoto in autumn, 2026-11-02 to 2026-11-09" */
static tripsage_status on_trip(void *context, const tripsage__row *row)
{
    bucket *b = &((knowledge *)context)->buckets[TRIPSAGE__BUCKET_PAST_TRIPS];
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    if (!begin_entry(b, row))
        return TRIPSAGE_OK;
    for (int column = 1; column <= 3; column++) {
        tripsage__buf_puts(&text, column == 1 ? "" : column == 2 ? ", " : " to ");
        tripsage__buf_puts(&text, tripsage__row_text(row, column, NULL));
    }
    status = tripsage__buf_status(&text);
    if (status == TRIPSAGE_OK) {
        put_text(&b->json, ",\"memory\":", text.data, text.size);
        status = end_entry(b, "trip", tripsage__row_int(row, 4));
    }
    tripsage__buf_free(&text);
    return status;
}

static tripsage_status on_trip_count(void *context, const tripsage__row *row)
{
    ((knowledge *)context)->trips = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* "Kyoto, Japan"; a place that this library's catalogue does not have goes by its id. */
static tripsage_status on_place(void *context, const tripsage__row *row)
{
    knowledge *k = context;
    bucket *b = &k->buckets[TRIPSAGE__BUCKET_SAVED_DESTINATIONS];
    const char *id = tripsage__row_text(row, 1, NULL);
    const tripsage__destination *d = tripsage__destination_by_id(k->index, id);
    char text[256];

    if (!begin_entry(b, row))
        return TRIPSAGE_OK;
    if (d)
        snprintf(text, sizeof text, "%s, %s", d->name, d->country);
    put_text(&b->json, ",\"memory\":", d ? text : id, strlen(d ? text : id));
    return end_entry(b, "saved_destination", tripsage__row_int(row, 2));
}

/* ---- insights ---- */

static int compare_mentions(const void *a, const void *b)
{
    const mention *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->name ? x->name : "", y->name ? y->name : "");
}

/* How many of them, sorted, were mentioned. */
static size_t mentioned(const mention *mentions, size_t count)
{
    size_t n = 0;

    while (n < count && n < MENTIONED_MAX && mentions[n].count)
        n++;
    return n;
}

static void put_mentions(tripsage__buf *buf, const char *name, const mention *mentions, size_t count)
{
    tripsage__buf_puts(buf, name);
    for (size_t i = 0; i < mentioned(mentions, count); i++) {
        tripsage__buf_puts(buf, i ? ",{\"name\":" : "{\"name\":");
        tripsage__json_put_string(buf, mentions[i].name);
        TRIPSAGE__LIT(buf, ",\"mentions\":");
        tripsage__buf_int(buf, mentions[i].count);
        tripsage__buf_putc(buf, '}');
    }
    tripsage__buf_putc(buf, ']');
}

static void put_money(tripsage__buf *buf, const knowledge *k)
{
    TRIPSAGE__LIT(buf, ",\"budget\":[");
    for (size_t i = 0; i < k->currency_count; i++) {
        const money *m = &k->sums[i];

        tripsage__buf_printf(buf, "%s{\"currency\":\"%s\",\"average\":", i ? "," : "", m->currency);
        tripsage__buf_int(buf, (2 * m->sum + m->count) / (2 * m->count));
        TRIPSAGE__LIT(buf, ",\"maximum\":");
        tripsage__buf_int(buf, m->most);
        TRIPSAGE__LIT(buf, ",\"minimum\":");
        tripsage__buf_int(buf, m->least);
        TRIPSAGE__LIT(buf, ",\"mentions\":");
        tripsage__buf_int(buf, m->count);
        tripsage__buf_putc(buf, '}');
    }
    tripsage__buf_putc(buf, ']');
}

static const char *frequency_of(int64_t trips)
{
    return trips > OCCASIONAL_MAX ? "Regular" : trips ? "Occasional" : "New";
}

static void put_insights(tripsage__buf *buf, const knowledge *k)
{
    put_mentions(buf, ",\"insights\":{\"countries\":[", k->countries, k->index->count);
    put_mentions(buf, ",\"activities\":[", k->activities, NAMES_MAX);
    put_mentions(buf, ",\"styles\":[", k->styles, NAMES_MAX);
    put_money(buf, k);
    TRIPSAGE__LIT(buf, ",\"trips\":");
    tripsage__buf_int(buf, k->trips);
    tripsage__buf_printf(buf, ",\"frequency\":\"%s\"}", frequency_of(k->trips));
}

/* ---- the summary ---- */

static void say_mentions(tripsage__buf *text, const char *what, const mention *mentions, size_t count)
{
    size_t n = mentioned(mentions, count);

    for (size_t i = 0; i < n && i < 3; i++) {
        tripsage__buf_puts(text, i ? ", " : what);
        tripsage__buf_puts(text, mentions[i].name);
    }
    if (n)
        tripsage__buf_putc(text, '.');
}

static void say_money(tripsage__buf *text, const money *m)
{
    tripsage__buf_printf(text, " Sums spoken of: %s %lld.%02d", m->currency, (long long)(m->least / 100),
                         (int)(m->least % 100));
    if (m->most > m->least)
        tripsage__buf_printf(text, " to %lld.%02d", (long long)(m->most / 100), (int)(m->most % 100));
    tripsage__buf_putc(text, '.');
}

static tripsage_status put_summary(tripsage__buf *buf, const knowledge *k)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);
    tripsage_status status;

    tripsage__buf_printf(&text, "%s traveller, %lld %s, %lld %s.", frequency_of(k->trips), (long long)k->trips,
                         k->trips == 1 ? "trip" : "trips", (long long)k->memories,
                         k->memories == 1 ? "memory" : "memories");
    say_mentions(&text, " Style: ", k->styles, NAMES_MAX);
    say_mentions(&text, " Activities: ", k->activities, NAMES_MAX);
    say_mentions(&text, " Countries: ", k->countries, k->index->count);
    if (k->diet.size) {
        TRIPSAGE__LIT(&text, " Diet: ");
        tripsage__buf_put(&text, k->diet.data, k->diet.size);
        tripsage__buf_putc(&text, '.');
    }
    if (k->currency_count)
        say_money(&text, &k->sums[0]);
    status = tripsage__buf_status(&text);
    if (status == TRIPSAGE_OK)
        put_text(buf, ",\"summary\":", text.data, text.size);
    tripsage__buf_free(&text);
    return status;
}

/* ---- the call ---- */

static tripsage_status begin(knowledge *k, const tripsage_trips *trips)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT);

    k->index = trips->destinations;
    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++)
        k->buckets[i].json = empty;
    k->diet = empty;
    k->countries = tripsage__calloc(k->index->count + 1, sizeof *k->countries);
    if (!k->countries)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < k->index->count; i++)
        k->countries[i].name = k->index->all[i].country;
    for (size_t i = 0; i < tripsage__activity_count; i++)
        k->activities[i].name = tripsage__activity_names[i];
    for (size_t i = 0; i < tripsage__style_count; i++)
        k->styles[i].name = tripsage__style_names[i];
    return TRIPSAGE_OK;
}

static void end(knowledge *k)
{
    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++)
        tripsage__buf_free(&k->buckets[i].json);
    tripsage__buf_free(&k->diet);
    tripsage__free(k->countries);
}

static tripsage_status learn(knowledge *k, tripsage_trips *trips, const tripsage_actor *actor)
{
    char today[TRIPSAGE__DATE_SIZE];
    tripsage__value params[2];
    const tripsage__step steps[] = {
        {&tripsage__sql_memory_newest, params, 1, begin_memories, on_memory, k, NULL},
        {&tripsage__sql_memory_trips, params, 2, NULL, on_trip, k, NULL},
        {&tripsage__sql_memory_trip_count, params, 1, NULL, on_trip_count, k, NULL},
        {&tripsage__sql_memory_places, params, 1, NULL, on_place, k, NULL},
    };
    tripsage_status status;

    tripsage__today(today, trips);
    params[0] = tripsage__text(actor->user_id);
    params[1] = tripsage__text(today);
    status = tripsage__store_read(trips->store, actor, steps, sizeof steps / sizeof *steps);
    qsort(k->countries, k->index->count, sizeof *k->countries, compare_mentions);
    qsort(k->activities, NAMES_MAX, sizeof *k->activities, compare_mentions);
    qsort(k->styles, NAMES_MAX, sizeof *k->styles, compare_mentions);
    return status;
}

static tripsage_status put_knowledge(tripsage__buf *buf, const knowledge *k)
{
    tripsage_status status;

    for (size_t i = 0; i < TRIPSAGE__BUCKET_COUNT; i++) {
        tripsage__buf_printf(buf, "%s\"%s\":[", i ? "," : "{", tripsage__bucket_names[i]);
        tripsage__buf_put(buf, k->buckets[i].json.data, k->buckets[i].json.size);
        tripsage__buf_putc(buf, ']');
    }
    put_insights(buf, k);
    status = put_summary(buf, k);
    tripsage__buf_putc(buf, '}');
    return status;
}

tripsage_status tripsage_memory_context(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor)
{
    knowledge k;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__memory_check(actor, TRIPSAGE__SCOPE_TRIPS_READ);
    if (status != TRIPSAGE_OK)
        return status;
    memset(&k, 0, sizeof k);
    TRIPSAGE_TRY(begin(&k, trips));
    TRIPSAGE_TRY(learn(&k, trips, actor));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 4096));
    status = put_knowledge(&doc->json, &k);
out:
    end(&k);
    return tripsage__doc_finish(out, doc, status);
}
