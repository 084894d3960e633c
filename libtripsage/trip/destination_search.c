/* destination_search.c: search by words and by meaning together.
 *
 * Two rankings of the places that pass the filters: full text (BM25, any of the words; Robertson and Zaragoza, 2009) and nearness of
 * the embeddings. They are fused by reciprocal rank (Cormack, Clarke and Buettcher, 2009): each
 * ranking gives a place 1 / (60 + its rank), and the sums decide. Scores of different kinds never have to be compared. Where a text
 * says where ("island hopping in Greece"), being there is a third ranking, with one rank: the country's name is one word among others to
 * the full text and next to nothing to the embeddings. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "destination_query.h"
#include "remembered.h"

/* 500: a long sentence; more words only make everything match. */
#define TEXT_MAX    500u
#define QUERY_WORDS 64u
#define RRF_K       60.0
/* A similarity below this is chance, and a ranking further down than this is no recommendation. */
#define NEAR_ENOUGH   0.20
#define MEANING_RANKS 100u
#define TEXT_RANKS    100u
/* Who says where wants to go there: it counts as much as the first place in both rankings. */
#define THERE_WEIGHT 2.0
/* Half of the letters in their order. */
#define LIKE_ENOUGH    0.5
#define DISTANCE_ROUND 10.0 /* a tenth of a kilometre */

/* $1: the match expression. Weights: a name says most, then a tag. Asked of the catalogue's store. */
const tripsage__statement tripsage__sql_destination_match = {
    "destination_match",
    "SELECT d.id FROM destination_text JOIN destination d ON d.seq = destination_text.rowid WHERE destination_text "
    "MATCH $1 "
    "ORDER BY bm25(destination_text, 10.0, 4.0, 2.0, 5.0, 1.0), d.id",
    ""};

typedef struct candidate {
    const tripsage__destination *place;
    double distance_km;
    unsigned text_rank; /* from 1; 0: not in that ranking */
    unsigned meaning_rank;
    int is_there;     /* where the text says */
    int is_in_region; /* which has other countries, too: their names say less than that */
    double score;
} candidate;

typedef struct search {
    const tripsage__destination_index *index;
    tripsage__destination_filter filter;
    candidate *candidates; /* those that pass, in the order of ids */
    size_t count;
    unsigned matches;      /* rows of the full text, whatever the filters say */
    unsigned text_ranks;   /* those among them that pass */
    tripsage__named named; /* what of the catalogue the text names */
    const char *meant;     /* the name that a text nearly says; NULL: it says what it says */
    tripsage__buf match;
    tripsage__vector_scan scan;
} search;

/* ---- candidates ---- */

static tripsage_status gather(search *s)
{
    s->candidates = tripsage__calloc(s->index->count + 1, sizeof *s->candidates);
    if (!s->candidates)
        return TRIPSAGE_NOMEM();
    for (size_t i = 0; i < s->index->count; i++) {
        candidate c = {s->index->by_id[i], 0.0, 0, 0, 0, 0, 0.0};

        if (tripsage__destination_passes(&s->filter, c.place, &c.distance_km))
            s->candidates[s->count++] = c;
    }
    return TRIPSAGE_OK;
}

static int compare_id(const void *key, const void *element)
{
    return strcmp(key, ((const candidate *)element)->place->id);
}

static candidate *candidate_of(const search *s, const char *id)
{
    return bsearch(id, s->candidates, s->count, sizeof *s->candidates, compare_id);
}

static int compare_names(const void *a, const void *b)
{
    const tripsage__destination *x = ((const candidate *)a)->place, *y = ((const candidate *)b)->place;
    int order = strcmp(x->folded, y->folded);

    return order ? order : strcmp(x->id, y->id);
}

static int compare_distances(const void *a, const void *b)
{
    double x = ((const candidate *)a)->distance_km, y = ((const candidate *)b)->distance_km;

    return x < y ? -1 : x > y ? 1 : compare_names(a, b);
}

static int compare_scores(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    if (!x->text_rank != !y->text_rank)
        return x->text_rank ? -1 : 1; /* of equals, the one that has the very words */
    return strcmp(x->place->id, y->place->id);
}

/* ---- words ---- */

static void put_word(tripsage__buf *match, const char *word)
{
    tripsage__buf_puts(match, match->size ? " OR \"" : "\"");
    tripsage__buf_puts(match, word); /* letters and digits only: nothing of it is an operator */
    tripsage__buf_putc(match, '"');
}

/* Any of the words that say something; of all words when none does. 0: there is no word at all. */
static int put_match(tripsage__buf *match, const char *text, int with_stop_words)
{
    tripsage__words words;
    tripsage__word word;
    unsigned count = 0;

    tripsage__words_begin(&words, text, strlen(text));
    while (count < QUERY_WORDS && tripsage__words_next(&words, &word))
        if (with_stop_words || !tripsage__word_is_stop(&word)) {
            const char *place = tripsage__word_place(&word);

            put_word(match, word.text);
            if (place) /* "greek" is in Greece */
                put_word(match, place);
            count++;
        }
    return count != 0 || (!with_stop_words && put_match(match, text, 1));
}

/* ---- where ---- */

/* The words, and for those that point at a place its name; between spaces. What is "indian" of an ocean is not in India, and "usa" says
 * more than the name it is embedded by. */
static void fold_places(char *out, size_t capacity, const char *text)
{
    tripsage__words words;
    tripsage__word word;
    size_t size = 1, before = 0;

    out[0] = ' ';
    tripsage__words_begin(&words, text, strlen(text));
    while (tripsage__words_next(&words, &word)) {
        const char *place = word.length > 3 ? tripsage__word_place(&word) : NULL;
        const char *said = place ? place : word.text;
        size_t length = strlen(said);

        if (before && strcmp(word.text, "ocean") == 0)
            size = before;
        if (size + length + 2 > capacity)
            break;
        before = place ? size : 0;
        memcpy(out + size, said, length);
        size += length;
        out[size++] = ' ';
    }
    out[size] = '\0';
}

/* Two letters as a number. */
static size_t slot_of(const char *country_code)
{
    return ((size_t)(country_code[0] - 'A') * 26 + (size_t)(country_code[1] - 'A')) % (26 * 26);
}

/* What only other languages, or no catalogue, have a name for: 1 a country, 2 one of several. */
static void find_regions(unsigned char in_region[26 * 26], const char *folded)
{
    size_t at = 0;

    for (const char *codes; (codes = tripsage__destination_place_in(&at, folded)) != NULL;)
        for (const char *code = codes;; code += 3) {
            in_region[slot_of(code)] = codes[2] ? 2 : 1;
            if (!code[2])
                break;
        }
}

/* A continent counts when no country is named: "south africa" is one country of Africa. A place is where its country is, so that each country
 * is looked for once. */
static void find_place(search *s, const char *text)
{
    char folded[2 * TEXT_MAX]; /* names are hardly longer than the words that point at them */
    unsigned char known[26 * 26] = {0}, named[26 * 26] = {0}, in_region[26 * 26] = {0};

    fold_places(folded, sizeof folded, text);
    find_regions(in_region, folded);
    for (size_t i = 0; i < s->index->count; i++) {
        size_t slot = slot_of(s->index->all[i].country_code);

        if (known[slot])
            continue;
        known[slot] = 1;
        named[slot] = (unsigned char)tripsage__destination_named(&s->index->all[i], folded);
        if (named[slot] == TRIPSAGE__NAMED_COUNTRY)
            in_region[slot] = 0;
        else if (in_region[slot])
            named[slot] = TRIPSAGE__NAMED_COUNTRY;
        if (named[slot] > s->named)
            s->named = (tripsage__named)named[slot];
    }
    for (size_t i = 0; i < s->count; i++) {
        size_t slot = slot_of(s->candidates[i].place->country_code);

        s->candidates[i].is_there = s->named && named[slot] == s->named;
        s->candidates[i].is_in_region = in_region[slot] == 2;
    }
}

/* The countries themselves for the full text, which has no "usa". Places of one country do not stand together, so each is looked for in what
 * is there; a text names few. */
static void put_countries(search *s)
{
    for (size_t i = 0; i < s->count && s->named == TRIPSAGE__NAMED_COUNTRY; i++) {
        const tripsage__destination *d = s->candidates[i].place;
        char folded[TRIPSAGE__FILTER_TEXT_MAX], quoted[TRIPSAGE__FILTER_TEXT_MAX + 2];

        if (!s->candidates[i].is_there || s->candidates[i].is_in_region)
            continue;
        tripsage__words_fold(folded, sizeof folded, d->country, strlen(d->country));
        snprintf(quoted, sizeof quoted, "\"%s\"", folded);
        if (tripsage__buf_status(&s->match) == TRIPSAGE_OK && !strstr(s->match.data, quoted))
            put_word(&s->match, folded);
    }
}

static void begin_match(void *context)
{
    search *s = context;

    s->matches = s->text_ranks = 0;
    for (size_t i = 0; i < s->count; i++)
        s->candidates[i].text_rank = 0;
}

static tripsage_status on_match(void *context, const tripsage__row *row)
{
    search *s = context;
    candidate *c = candidate_of(s, tripsage__row_text(row, 0, NULL));

    s->matches++;
    if (c && s->text_ranks < TEXT_RANKS)
        c->text_rank = ++s->text_ranks;
    return TRIPSAGE_OK;
}

/* ---- misspelt names ---- */

/* How many of the pairs of letters of one text the other has too, from 0 to 1 (Dice, 1945); spaces count as letters. */
static double likeness(const char *a, const char *b)
{
    size_t pairs_a = strlen(a) > 1 ? strlen(a) - 1 : 0, pairs_b = strlen(b) > 1 ? strlen(b) - 1 : 0, shared = 0;

    for (size_t i = 0; i < pairs_a; i++)
        for (size_t j = 0; j < pairs_b; j++)
            if (a[i] == b[j] && a[i + 1] == b[j + 1]) {
                shared++;
                break;
            }
    return pairs_a + pairs_b ? 2.0 * (double)shared / (double)(pairs_a + pairs_b) : 0.0;
}

static int compare_likeness(const void *a, const void *b)
{
    return compare_scores(*(const candidate *const *)a, *(const candidate *const *)b);
}

/* When no word of the text stands anywhere, it may be a name with a slip in it: those like it are the text ranking then. */
static tripsage_status rank_by_likeness(search *s, const char *text)
{
    candidate **like = tripsage__calloc(s->count + 1, sizeof *like);
    char folded[TEXT_MAX + 1];
    size_t count = 0;

    if (!like)
        return TRIPSAGE_NOMEM();
    tripsage__words_fold(folded, sizeof folded, text, strlen(text));
    for (size_t i = 0; i < s->count; i++) {
        s->candidates[i].score = likeness(folded, s->candidates[i].place->folded);
        if (s->candidates[i].score >= LIKE_ENOUGH)
            like[count++] = &s->candidates[i];
    }
    qsort(like, count, sizeof *like, compare_likeness);
    for (size_t i = 0; i < count; i++)
        like[i]->text_rank = (unsigned)i + 1;
    if (count && strcmp(folded, like[0]->place->folded) != 0)
        s->meant = like[0]->place->name;
    tripsage__free(like);
    return TRIPSAGE_OK;
}

/* ---- both rankings ---- */

static void rank_by_meaning(search *s)
{
    unsigned rank = 0;

    for (size_t i = 0; i < s->scan.count && rank < MEANING_RANKS; i++) {
        candidate *c = candidate_of(s, s->scan.hits[i].id);

        if (c)
            c->meaning_rank = ++rank;
    }
}

/* Scores from 0 to 1, where 1 is the first place in all rankings; leaves those that have one, best first. */
static void fuse(search *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        candidate c = s->candidates[i];

        c.score =
            (c.text_rank ? 1.0 / (RRF_K + c.text_rank) : 0.0) + (c.meaning_rank ? 1.0 / (RRF_K + c.meaning_rank) : 0.0);
        if (c.score > 0.0 && c.is_there)
            c.score += THERE_WEIGHT / (RRF_K + 1.0);
        c.score *= (RRF_K + 1.0) / (s->named ? 2.0 + THERE_WEIGHT : 2.0);
        if (c.score > 0.0)
            s->candidates[kept++] = c;
    }
    s->count = kept;
    qsort(s->candidates, s->count, sizeof *s->candidates, compare_scores);
}

static tripsage_status rank(search *s, tripsage_trips *trips, const tripsage_actor *actor, const char *text)
{
    float query[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__step steps[1 + TRIPSAGE__VECTOR_SCAN_STEPS];
    tripsage__value param;
    const tripsage__step match = {&tripsage__sql_destination_match, &param, 1, begin_match, on_match, s, NULL};
    int has_meaning = tripsage__embed(query, text, strlen(text));
    tripsage__store *catalogue;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__catalogue_store(&catalogue, trips, has_meaning));
    find_place(s, text);
    put_countries(s);
    TRIPSAGE_TRY(tripsage__buf_status(&s->match));
    param = tripsage__textn(s->match.data, s->match.size);
    steps[0] = match;
    if (has_meaning) {
        TRIPSAGE_TRY(tripsage__vector_scan_init(&s->scan, &tripsage__destination_collection, actor, query,
                                                (uint32_t)s->index->count, NULL, NEAR_ENOUGH));
        tripsage__vector_scan_steps(&s->scan, steps + 1);
    }
    TRIPSAGE_TRY(tripsage__store_read(catalogue, actor, steps, has_meaning ? 1 + TRIPSAGE__VECTOR_SCAN_STEPS : 1));
    if (has_meaning)
        TRIPSAGE_TRY(tripsage__vector_scan_end(&s->scan));
    if (!s->matches)
        TRIPSAGE_TRY(rank_by_likeness(s, text));
    rank_by_meaning(s);
    fuse(s);
out:
    return status;
}

/* ---- answer ---- */

static void put_candidate(tripsage__buf *buf, const search *s, const candidate *c)
{
    tripsage__destination_put_open(buf, c->place);
    TRIPSAGE__LIT(buf, ",\"score\":");
    tripsage__json_put_number(buf, floor(c->score * 1e6 + 0.5) / 1e6);
    if (s->filter.has_near) {
        TRIPSAGE__LIT(buf, ",\"distance_km\":");
        tripsage__json_put_number(buf, floor(c->distance_km * DISTANCE_ROUND + 0.5) / DISTANCE_ROUND);
    }
    TRIPSAGE__LIT(buf, ",\"matched\":[");
    if (c->text_rank)
        TRIPSAGE__LIT(buf, "\"text\"");
    if (c->text_rank && c->meaning_rank)
        tripsage__buf_putc(buf, ',');
    if (c->meaning_rank)
        TRIPSAGE__LIT(buf, "\"meaning\"");
    TRIPSAGE__LIT(buf, "]}");
}

static tripsage_status answer(tripsage_doc **out, const search *s, uint32_t limit, const char *method)
{
    tripsage_doc *doc = NULL;
    size_t given = s->count < limit ? s->count : limit;
    tripsage_status status = tripsage__doc_new(&doc, 64 + given * 1024);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    for (size_t i = 0; i < given; i++) {
        if (i)
            tripsage__buf_putc(&doc->json, ',');
        put_candidate(&doc->json, s, &s->candidates[i]);
    }
    TRIPSAGE__LIT(&doc->json, "],\"total_results\":");
    tripsage__buf_int(&doc->json, (int64_t)s->count);
    if (s->meant) {
        TRIPSAGE__LIT(&doc->json, ",\"did_you_mean\":");
        tripsage__json_put_string(&doc->json, s->meant);
    }
    tripsage__buf_printf(&doc->json, ",\"method\":\"%s\"}", method);
    return tripsage__doc_finish(out, doc, status);
}

/* Without a text every place that passes is as good as the next. */
static tripsage_status list(tripsage_doc **out, search *s, uint32_t limit)
{
    for (size_t i = 0; i < s->count; i++)
        s->candidates[i].score = 1.0;
    qsort(s->candidates, s->count, sizeof *s->candidates, s->filter.has_near ? compare_distances : compare_names);
    return answer(out, s, limit, "filter");
}

static tripsage_status check_query(const tripsage_destination_query *query)
{
    if (!query || query->version != 1)
        return TRIPSAGE_FAIL_FIELD("#query", "the version must be 1: set by TRIPSAGE_DESTINATION_QUERY_INIT");
    if (query->text && (strlen(query->text) > TEXT_MAX || !tripsage__utf8_valid(query->text, strlen(query->text))))
        return TRIPSAGE_FAIL_FIELD("#text", "expected at most %u bytes of UTF-8", TEXT_MAX);
    return TRIPSAGE_OK;
}

static void ask(tripsage__asked *asked, const tripsage_destination_query *query, uint32_t limit)
{
    const double place[] = {query->latitude, query->longitude, query->radius_km};

    tripsage__asked_begin(asked, TRIPSAGE__ASKED_DESTINATIONS, NULL);
    tripsage__asked_bytes(asked, &limit, sizeof limit);
    tripsage__asked_bytes(asked, &query->month, sizeof query->month);
    tripsage__asked_bytes(asked, &query->max_daily_cost, sizeof query->max_daily_cost);
    tripsage__asked_bytes(asked, &query->has_near, sizeof query->has_near);
    if (query->has_near)
        tripsage__asked_bytes(asked, place, sizeof place);
    tripsage__asked_text(asked, query->continent);
    tripsage__asked_text(asked, query->country_code);
    tripsage__asked_bytes(asked, &query->tag_count, sizeof query->tag_count);
    for (size_t i = 0; i < query->tag_count; i++)
        tripsage__asked_text(asked, query->tags[i]);
    tripsage__asked_text(asked, query->text);
}

tripsage_status tripsage_destination_search(tripsage_doc **out, tripsage_trips *trips, const tripsage_actor *actor,
                                            const tripsage_destination_query *query)
{
    search s = {.match = TRIPSAGE__BUF_INIT(64 * 1024)};
    tripsage__asked asked;
    uint32_t limit;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ));
    TRIPSAGE_TRY(check_query(query));
    limit = query->limit;
    TRIPSAGE_TRY(tripsage__destination_limit(&limit));
    TRIPSAGE_TRY(tripsage__destination_filter_init(&s.filter, query));
    ask(&asked, query, limit);
    *out = tripsage__remembered_find(&asked, trips, TRIPSAGE__FOR_GOOD);
    if (*out)
        return TRIPSAGE_OK;
    s.index = trips->destinations;
    TRIPSAGE_TRY(gather(&s));
    if (!query->text || !put_match(&s.match, query->text, 0)) {
        status = list(out, &s, limit);
        goto out;
    }
    TRIPSAGE_TRY(rank(&s, trips, actor, query->text));
    status = answer(out, &s, limit, "hybrid");
out:
    if (status == TRIPSAGE_OK)
        tripsage__remembered_keep(trips, &asked, *out);
    tripsage__vector_scan_free(&s.scan);
    tripsage__buf_free(&s.match);
    tripsage__free(s.candidates);
    return status;
}
