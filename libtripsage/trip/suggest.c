/* suggest.c: destinations ranked for an actor.
 *
 * What is known about the actor: the interests of the call, or else what the actor's own trips say; the tags of those trips and of the
 * places they go to; the month and the budget of the call. Each gives a place a value from 0 to 1, the weighted mean of
 * those that are known is the score. Places the trips go to already are left out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/json.h"
#include "base/memory.h"
#include "suggest.h"

#define LIMIT_MAX     100u
#define LIMIT_DEFAULT 20u
#define DAYS_DEFAULT  7
#define DAYS_MAX      365
/* 2,000 bytes: a paragraph about oneself. */
#define INTERESTS_MAX 2000u
/* 10^12 cents: far above what anybody spends, far below where products overflow. */
#define BUDGET_MAX INT64_C(1000000000000)
/* What the last trips say; older ones are of another life. 1 MiB: 50 trips with the longest titles, descriptions and tags are 640 KiB. */
#define TRIPS_CONSIDERED "50"
#define PROFILE_MAX      ((size_t)1024 * 1024)

/* Similarities of the built-in embedder below the first are chance; those above the second are as near as texts get that are not copies. */
#define MEANING_LOW  0.10
#define MEANING_HIGH 0.55
enum { WEIGHT_MEANING = 5, WEIGHT_TAGS = 2, WEIGHT_MONTH = 2, WEIGHT_NOW = 1, WEIGHT_BUDGET = 1 };

const tripsage__statement tripsage__sql_suggest_trips = {
    "suggest_trips",
    "SELECT t.title, t.description, t.tags, t.destinations FROM trip t WHERE t.user_id = $1 AND t.deleted_at IS NULL "
    "ORDER BY t.id DESC LIMIT " TRIPS_CONSIDERED,
    NULL};

/* ---- what the trips say ---- */

static void begin_trips(void *context)
{
    tripsage__suggesting *s = context;

    s->profile.size = 0;
    s->liking_count = 0;
    memset(s->visited, 0, s->index->count + 1);
}

static void like(tripsage__suggesting *s, const char *tag)
{
    char folded[sizeof s->likings[0].tag];

    if (!tag || !tripsage__words_fold(folded, sizeof folded, tag, strlen(tag)))
        return;
    for (size_t i = 0; i < s->liking_count; i++)
        if (strcmp(s->likings[i].tag, folded) == 0) {
            s->likings[i].count++;
            return;
        }
    if (s->liking_count < TRIPSAGE__LIKINGS_MAX) {
        tripsage__liking *l = &s->likings[s->liking_count++];

        strcpy(l->tag, folded);
        l->count = 1;
    }
}

static void say(tripsage__suggesting *s, const char *text)
{
    if (!text)
        return;
    tripsage__buf_puts(&s->profile, text);
    TRIPSAGE__LIT(&s->profile, ". ");
}

static void take_tags(tripsage__suggesting *s, const tripsage__json *tags)
{
    for (const tripsage__json *t = tripsage__json_first(tags); t; t = tripsage__json_next(t)) {
        like(s, tripsage__json_text(t));
        say(s, tripsage__json_text(t));
    }
}

static const char *text_of(const tripsage__json *object, const char *name)
{
    return tripsage__json_text(tripsage__json_member(object, name));
}

static void take_stop(tripsage__suggesting *s, const tripsage__json *stop)
{
    const tripsage__destination *d =
        tripsage__destination_find(s->index, text_of(stop, "destination_id"), text_of(stop, "name"),
                                   text_of(stop, "country"), text_of(stop, "country_code"));

    if (!d || s->visited[d - s->index->all])
        return;
    s->visited[d - s->index->all] = 1;
    take_tags(s, d->tags);
}

static tripsage_status on_trip(void *context, const tripsage__row *row)
{
    tripsage__suggesting *s = context;
    tripsage__json *tags = NULL, *stops = NULL;
    size_t size;
    const char *text;
    tripsage_status status;

    say(s, tripsage__row_text(row, 0, NULL));
    say(s, tripsage__row_text(row, 1, NULL));
    text = tripsage__row_text(row, 2, &size);
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&tags, text, size));
    text = tripsage__row_text(row, 3, &size);
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&stops, text, size));
    take_tags(s, tags);
    for (const tripsage__json *stop = tripsage__json_first(stops); stop; stop = tripsage__json_next(stop))
        take_stop(s, stop);
    status = tripsage__buf_status(&s->profile);
out:
    tripsage__json_free(tags);
    tripsage__json_free(stops);
    return status;
}

/* ---- asking the store ---- */

static tripsage_status scan(tripsage__suggesting *s, tripsage_trips *trips, const tripsage_actor *actor)
{
    tripsage__step steps[TRIPSAGE__VECTOR_SCAN_STEPS];
    tripsage__store *catalogue;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__catalogue_store(&catalogue, trips, 1));
    TRIPSAGE_TRY(tripsage__vector_scan_init(&s->scan, &tripsage__destination_collection, actor, s->query,
                                            (uint32_t)s->index->count, NULL, -HUGE_VAL));
    tripsage__vector_scan_steps(&s->scan, steps);
    TRIPSAGE_TRY(tripsage__store_read(catalogue, actor, steps, TRIPSAGE__VECTOR_SCAN_STEPS));
    status = tripsage__vector_scan_end(&s->scan);
out:
    return status;
}

/* The trips first: without interests they say what to look for. */
static tripsage_status ask(tripsage__suggesting *s, tripsage_trips *trips, const tripsage_actor *actor)
{
    const char *interests = s->options.interests;
    tripsage__value user = tripsage__text(actor->user_id);
    const tripsage__step look = {&tripsage__sql_suggest_trips, &user, 1, begin_trips, on_trip, s, NULL};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__store_read(trips->store, actor, &look, 1));
    s->has_meaning = interests && tripsage__embed(s->query, interests, strlen(interests));
    if (!s->has_meaning) {
        s->options.interests = NULL; /* there is no word in them */
        s->has_meaning = s->profile.size && tripsage__embed(s->query, s->profile.data, s->profile.size);
    }
    if (s->has_meaning)
        status = scan(s, trips, actor);
out:
    return status;
}

/* ---- values from 0 to 1 ---- */

static double bounded(double value)
{
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

double tripsage__suggest_meaning_value(double similarity)
{
    return bounded((similarity - MEANING_LOW) / (MEANING_HIGH - MEANING_LOW));
}

const tripsage__liking *tripsage__suggest_liking(const tripsage__suggesting *s, const char *tag)
{
    char folded[sizeof s->likings[0].tag];

    tripsage__words_fold(folded, sizeof folded, tag, strlen(tag));
    for (size_t i = 0; i < s->liking_count; i++)
        if (strcmp(s->likings[i].tag, folded) == 0)
            return &s->likings[i];
    return NULL;
}

/* Two tags that are on three trips or more each are all one can share. */
static double tags_value(const tripsage__suggesting *s, const tripsage__destination *d)
{
    double sum = 0.0;

    for (const tripsage__json *t = tripsage__json_first(d->tags); t; t = tripsage__json_next(t)) {
        const tripsage__liking *l = tripsage__suggest_liking(s, tripsage__json_text(t));

        if (l)
            sum += l->count > 3 ? 1.0 : l->count / 3.0;
    }
    return bounded(sum / 2.0);
}

int tripsage__suggest_in_season(const tripsage__destination *d, int month)
{
    return (d->months >> month & 1u) != 0;
}

/* A month beside the season is half as good. */
static double season_value(const tripsage__destination *d, int month)
{
    if (tripsage__suggest_in_season(d, month))
        return 1.0;
    return tripsage__suggest_in_season(d, month == 12 ? 1 : month + 1) ||
                   tripsage__suggest_in_season(d, month == 1 ? 12 : month - 1)
               ? 0.5
               : 0.0;
}

static double score_of(const tripsage__suggesting *s, const tripsage__suggestion *c)
{
    double weight = s->options.month ? WEIGHT_MONTH : WEIGHT_NOW;
    double sum = weight * season_value(c->place, s->season);

    if (s->has_meaning) {
        sum += WEIGHT_MEANING * tripsage__suggest_meaning_value(c->meaning);
        weight += WEIGHT_MEANING;
    }
    if (s->liking_count) {
        sum += WEIGHT_TAGS * tags_value(s, c->place);
        weight += WEIGHT_TAGS;
    }
    if (s->options.budget_max) {
        sum += WEIGHT_BUDGET * (double)(s->options.budget_max - c->price) / (double)s->options.budget_max;
        weight += WEIGHT_BUDGET;
    }
    return sum / weight;
}

/* ---- ranking ---- */

/* Of equals the order is always the same, and not that of the alphabet. */
static uint32_t lot_of(const char *id)
{
    uint32_t lot = 2166136261u;

    for (; *id; id++)
        lot = (lot ^ (unsigned char)*id) * 16777619u;
    return lot;
}

static int compare_suggestions(const void *a, const void *b)
{
    const tripsage__suggestion *x = a, *y = b;
    uint32_t p, q;

    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    p = lot_of(x->place->id);
    q = lot_of(y->place->id);
    return p < q ? -1 : p > q ? 1 : strcmp(x->place->id, y->place->id);
}

/* Where a suggestion goes while they stand in the order of ids. */
static int compare_id(const void *key, const void *element)
{
    return strcmp(key, ((const tripsage__suggestion *)element)->place->id);
}

static void take_meanings(tripsage__suggesting *s)
{
    for (size_t i = 0; i < s->scan.count; i++) {
        tripsage__suggestion *c = bsearch(s->scan.hits[i].id, s->all, s->count, sizeof *s->all, compare_id);

        if (c)
            c->meaning = s->scan.hits[i].score;
    }
}

static int is_wanted(const tripsage__suggesting *s, const tripsage__destination *d, int64_t price)
{
    if (s->visited[d - s->index->all] || (s->options.budget_max && price > s->options.budget_max))
        return 0;
    return !s->options.category || tripsage__destination_has_tag(d, s->options.category);
}

static tripsage_status rank(tripsage__suggesting *s)
{
    s->all = tripsage__calloc(s->index->count + 1, sizeof *s->all);
    if (!s->all)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < s->index->count; i++) {
        const tripsage__destination *d = s->index->by_id[i];
        tripsage__suggestion c = {d, d->daily_cost * s->options.days, 0.0, 0.0};

        if (is_wanted(s, d, c.price))
            s->all[s->count++] = c;
    }
    take_meanings(s);
    for (size_t i = 0; i < s->count; i++)
        s->all[i].score = score_of(s, &s->all[i]);
    qsort(s->all, s->count, sizeof *s->all, compare_suggestions);
    return TRIPSAGE_OK;
}

/* ---- the call ---- */

const char *tripsage__suggest_category(const char *text)
{
    static const char *const categories[] = {"adventure", "relaxation", "culture", "nature", "city", "beach"};

    for (size_t i = 0; text && i < sizeof categories / sizeof *categories; i++)
        if (strcmp(categories[i], text) == 0)
            return categories[i];
    return NULL;
}

static tripsage_status read_options(tripsage_suggest_options *out, const tripsage_suggest_options *given)
{
    const tripsage_suggest_options defaults = TRIPSAGE_SUGGEST_OPTIONS_INIT;

    *out = given ? *given : defaults;
    if (out->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "the version must be 1: set by TRIPSAGE_SUGGEST_OPTIONS_INIT");
    if (out->limit > LIMIT_MAX)
        return TRIPSAGE_FAIL_FIELD("#limit", "expected 1 to %u, or 0 for %u", LIMIT_MAX, LIMIT_DEFAULT);
    if (out->budget_max < 0 || out->budget_max > BUDGET_MAX)
        return TRIPSAGE_FAIL_FIELD("#budget_max", "expected US cents, or 0 for any");
    if (out->days < 0 || out->days > DAYS_MAX)
        return TRIPSAGE_FAIL_FIELD("#days", "expected 1 to %d, or 0 for %d", DAYS_MAX, DAYS_DEFAULT);
    if (out->month < 0 || out->month > 12)
        return TRIPSAGE_FAIL_FIELD("#month", "expected 1 to 12, or 0 for any");
    if (out->category && !tripsage__suggest_category(out->category))
        return TRIPSAGE_FAIL_FIELD("#category", "expected adventure, relaxation, culture, nature, city or beach");
    if (out->interests &&
        (strlen(out->interests) > INTERESTS_MAX || !tripsage__utf8_valid(out->interests, strlen(out->interests))))
        return TRIPSAGE_FAIL_FIELD("#interests", "expected at most %u bytes of UTF-8", INTERESTS_MAX);
    out->limit = out->limit ? out->limit : LIMIT_DEFAULT;
    out->days = out->days ? out->days : DAYS_DEFAULT;
    out->category = tripsage__suggest_category(out->category);
    return TRIPSAGE_OK;
}

static int month_of(int64_t now_ms)
{
    int year, month, day;

    tripsage__civil_from_days((int32_t)(now_ms / 86400000), &year, &month, &day);
    return month;
}

tripsage_status tripsage_suggest(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                 const tripsage_suggest_options *options)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(PROFILE_MAX);
    tripsage__suggesting *s = NULL;
    tripsage_status status;

    *out = NULL;
    status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ);
    if (status != TRIPSAGE_OK)
        return status;
    s = tripsage__calloc(1, sizeof *s);
    if (!s)
        return TRIPSAGE_NOMEM();
    s->profile = empty;
    s->index = trips->destinations;
    TRIPSAGE_TRY(read_options(&s->options, options));
    s->season = s->options.month ? s->options.month : month_of(tripsage__now_ms(trips->env));
    s->visited = tripsage__calloc(s->index->count + 1, 1);
    if (!s->visited) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(ask(s, trips, actor));
    TRIPSAGE_TRY(rank(s));
    status = tripsage__suggest_answer(out, s);
out:
    tripsage__vector_scan_free(&s->scan);
    tripsage__buf_free(&s->profile);
    tripsage__free(s->visited);
    tripsage__free(s->all);
    tripsage__free(s);
    return status;
}
