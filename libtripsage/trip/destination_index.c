/* destination_index.c: the catalogue in memory, see destination.h. Text stays where the parser put it. */
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "destination.h"

/* 128: twice the longest name. */
#define FOLDED_MAX 128

/* ---- making ---- */

static const char *text_of(const tripsage__json *object, const char *name)
{
    return tripsage__json_text(tripsage__json_member(object, name));
}

static unsigned months_of(const tripsage__json *array)
{
    unsigned months = 0;

    for (const tripsage__json *m = tripsage__json_first(array); m; m = tripsage__json_next(m)) {
        double month = tripsage__json_number(m);

        if (month >= 1 && month <= 12)
            months |= 1u << (unsigned)month;
    }
    return months;
}

/* 0 when a member is missing. */
static int read_place(tripsage__destination *d, const tripsage__json *object)
{
    d->id = text_of(object, "id");
    d->name = text_of(object, "name");
    d->country = text_of(object, "country");
    d->country_code = text_of(object, "country_code");
    d->continent = text_of(object, "continent");
    d->timezone = text_of(object, "timezone");
    d->currency = text_of(object, "currency");
    d->description = text_of(object, "description");
    d->tags = tripsage__json_member(object, "tags");
    d->months = months_of(tripsage__json_member(object, "best_months"));
    d->latitude = tripsage__json_number(tripsage__json_member(object, "latitude"));
    d->longitude = tripsage__json_number(tripsage__json_member(object, "longitude"));
    d->daily_cost = (int64_t)tripsage__json_number(tripsage__json_member(object, "daily_cost"));
    return d->id && d->name && d->country && d->country_code && d->continent && d->timezone && d->currency &&
           d->description && tripsage__json_is_array(d->tags);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const tripsage__destination *const *)a)->id, (*(const tripsage__destination *const *)b)->id);
}

static int compare_names(const void *a, const void *b)
{
    int order =
        strcmp((*(const tripsage__destination *const *)a)->folded, (*(const tripsage__destination *const *)b)->folded);

    return order ? order : compare_ids(a, b);
}

static tripsage_status fill(tripsage__destination_index *index)
{
    size_t i = 0;

    for (const tripsage__json *node = tripsage__json_first(index->json); node; node = tripsage__json_next(node), i++) {
        tripsage__destination *d = &index->all[i];
        char *folded = index->folded + i * FOLDED_MAX;

        if (!read_place(d, node))
            return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "place %zu of the catalogue is not complete", i);
        tripsage__words_fold(folded, FOLDED_MAX, d->name, strlen(d->name));
        d->folded = folded;
        index->by_id[i] = index->by_name[i] = d;
    }
    qsort(index->by_id, index->count, sizeof *index->by_id, compare_ids);
    qsort(index->by_name, index->count, sizeof *index->by_name, compare_names);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__destination_index_new(tripsage__destination_index **out, const char *json, size_t length)
{
    tripsage__destination_index *index = tripsage__calloc(1, sizeof *index);
    size_t count;
    tripsage_status status;

    *out = NULL;
    if (!index)
        return TRIPSAGE_NOMEM();
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&index->json, json, length));
    count = tripsage__json_count(index->json);
    index->all = tripsage__calloc(count + 1, sizeof *index->all);
    index->folded = tripsage__calloc(count + 1, FOLDED_MAX);
    index->by_id = tripsage__calloc(count + 1, sizeof *index->by_id);
    index->by_name = tripsage__calloc(count + 1, sizeof *index->by_name);
    if (!index->all || !index->folded || !index->by_id || !index->by_name) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    index->count = count;
    TRIPSAGE_TRY(fill(index));
    *out = index;
    return TRIPSAGE_OK;
out:
    tripsage__destination_index_free(index);
    return status;
}

void tripsage__destination_index_free(tripsage__destination_index *index)
{
    if (!index)
        return;
    tripsage__free(index->by_id);
    tripsage__free(index->by_name);
    tripsage__free(index->all);
    tripsage__free(index->folded);
    tripsage__json_free(index->json);
    tripsage__free(index);
}

/* ---- finding ---- */

const tripsage__destination *tripsage__destination_by_id(const tripsage__destination_index *index, const char *id)
{
    tripsage__destination wanted;
    const tripsage__destination *key = &wanted;
    const tripsage__destination **found;

    if (!index || !id)
        return NULL;
    wanted.id = id;
    found = bsearch(&key, index->by_id, index->count, sizeof *index->by_id, compare_ids);
    return found ? *found : NULL;
}

/* The first of those with this folded name, as a place in by_name; index->count when there is none. */
static size_t first_of_name(const tripsage__destination_index *index, const char *folded)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->by_name[middle]->folded, folded) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int same_folded(const char *a, const char *b)
{
    char x[FOLDED_MAX], y[FOLDED_MAX];

    tripsage__words_fold(x, sizeof x, a, strlen(a));
    tripsage__words_fold(y, sizeof y, b, strlen(b));
    return strcmp(x, y) == 0;
}

/* Other names under which people know countries of the catalogue, folded; ascending. */
typedef struct country_name {
    const char *name;
    const char *code;
} country_name;

static const country_name countries[] = {
    {"america", "US"},
    {"bosnia", "BA"},
    {"britain", "GB"},
    {"burma", "MM"},
    {"cabo verde", "CV"},
    {"czech republic", "CZ"},
    {"emirates", "AE"},
    {"england", "GB"},
    {"great britain", "GB"},
    {"holland", "NL"},
    {"hong kong sar", "HK"},
    {"korea", "KR"},
    {"macao", "MO"},
    {"northern ireland", "GB"},
    {"republic of korea", "KR"},
    {"scotland", "GB"},
    {"the bahamas", "BS"},
    {"the netherlands", "NL"},
    {"turkiye", "TR"},
    {"u k", "GB"},
    {"u s", "US"},
    {"u s a", "US"},
    {"uae", "AE"},
    {"uk", "GB"},
    {"united states of america", "US"},
    {"us", "US"},
    {"usa", "US"},
    {"viet nam", "VN"},
    {"wales", "GB"},
};

static int compare_country(const void *key, const void *entry)
{
    return strcmp(key, ((const country_name *)entry)->name);
}

static int is_country(const tripsage__destination *d, const char *country)
{
    char folded[FOLDED_MAX];
    const country_name *other;

    if (same_folded(country, d->country) || strcmp(country, d->country_code) == 0)
        return 1;
    tripsage__words_fold(folded, sizeof folded, country, strlen(country));
    other = bsearch(folded, countries, sizeof countries / sizeof *countries, sizeof *countries, compare_country);
    return other && strcmp(other->code, d->country_code) == 0;
}

static int is_in(const tripsage__destination *d, const char *country, const char *country_code)
{
    return (!country || is_country(d, country)) && (!country_code || strcmp(country_code, d->country_code) == 0);
}

const tripsage__destination *tripsage__destination_find(const tripsage__destination_index *index,
                                                        const char *destination_id, const char *name,
                                                        const char *country, const char *country_code)
{
    const tripsage__destination *found = NULL;
    char folded[FOLDED_MAX];

    if (!index)
        return NULL;
    if (destination_id)
        return tripsage__destination_by_id(index, destination_id);
    if (!name || tripsage__words_fold(folded, sizeof folded, name, strlen(name)) == 0)
        return NULL;
    for (size_t i = first_of_name(index, folded); i < index->count; i++) {
        const tripsage__destination *d = index->by_name[i];

        if (strcmp(d->folded, folded) != 0)
            break;
        if (!is_in(d, country, country_code))
            continue;
        if (found)
            return NULL; /* namesakes */
        found = d;
    }
    return found;
}

/* A name among the words of a text; "new mexico" is not Mexico. */
static int is_said(const char *text, const char *name)
{
    static const char new_one[] = " new";
    char framed[FOLDED_MAX + 2] = " ";
    size_t length = 1 + tripsage__words_fold(framed + 1, FOLDED_MAX, name, strlen(name));

    framed[length++] = ' ';
    framed[length] = '\0';
    for (const char *at = text; length > 2 && (at = strstr(at, framed)) != NULL; at++)
        if (at - text < 4 || memcmp(at - 4, new_one, 4) != 0)
            return 1;
    return 0;
}

/* Other names that mean something else in most texts: "show us beaches", "south america". */
static int is_vague(const char *name)
{
    return strcmp(name, "us") == 0 || strcmp(name, "america") == 0;
}

tripsage__named tripsage__destination_named(const tripsage__destination *d, const char *text)
{
    if (is_said(text, d->country))
        return TRIPSAGE__NAMED_COUNTRY;
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (strcmp(countries[i].code, d->country_code) == 0 && !is_vague(countries[i].name) &&
            is_said(text, countries[i].name))
            return TRIPSAGE__NAMED_COUNTRY;
    return is_said(text, d->continent) ? TRIPSAGE__NAMED_CONTINENT : TRIPSAGE__NAMED_NOT;
}

int tripsage__destination_has_tag(const tripsage__destination *d, const char *tag)
{
    for (const tripsage__json *t = tripsage__json_first(d->tags); t; t = tripsage__json_next(t))
        if (same_folded(tripsage__json_text(t), tag))
            return 1;
    return 0;
}
