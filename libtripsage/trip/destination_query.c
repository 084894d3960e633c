/* destination_query.c: see destination_query.h. */
#include "destination_query.h"

#include <math.h>

#define LIMIT_MAX     50u
#define LIMIT_DEFAULT 10u

#define EARTH_RADIUS_KM 6371.0088 /* mean radius of the IUGG */
#define PI              3.14159265358979323846
/* Half the way around: nothing is further away. */
#define RADIUS_MAX_KM 20040.0

tripsage_status tripsage__destination_limit(uint32_t *limit)
{
    if (*limit > LIMIT_MAX)
        return TRIPSAGE_FAIL_FIELD("#limit", "expected 1 to %u, or 0 for %u", LIMIT_MAX, LIMIT_DEFAULT);
    if (*limit == 0)
        *limit = LIMIT_DEFAULT;
    return TRIPSAGE_OK;
}

/* ---- filters ---- */

/* The catalogue's spelling of a continent, whatever the case; NULL for what is none. */
static const char *continent_of(const char *text)
{
    static const char *const continents[] = {"Africa", "Asia", "Europe", "North America", "South America", "Oceania"};
    char wanted[TRIPSAGE__FILTER_TEXT_MAX], folded[TRIPSAGE__FILTER_TEXT_MAX];

    tripsage__words_fold(wanted, sizeof wanted, text, strlen(text));
    for (size_t i = 0; i < sizeof continents / sizeof *continents; i++) {
        tripsage__words_fold(folded, sizeof folded, continents[i], strlen(continents[i]));
        if (strcmp(folded, wanted) == 0)
            return continents[i];
    }
    return NULL;
}

static int read_country_code(char out[3], const char *text)
{
    for (size_t i = 0; i < 2; i++) {
        char c = text[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            return 0;
        out[i] = c;
    }
    out[2] = '\0';
    return text[2] == '\0';
}

static tripsage_status check_near(const tripsage_destination_query *query)
{
    if (!query->has_near)
        return TRIPSAGE_OK;
    if (!(query->latitude >= -90.0 && query->latitude <= 90.0))
        return TRIPSAGE_FAIL_FIELD("#latitude", "expected -90 to 90 degrees");
    if (!(query->longitude >= -180.0 && query->longitude <= 180.0))
        return TRIPSAGE_FAIL_FIELD("#longitude", "expected -180 to 180 degrees");
    if (!(query->radius_km > 0.0 && query->radius_km <= RADIUS_MAX_KM))
        return TRIPSAGE_FAIL_FIELD("#radius_km", "expected more than 0 and at most %.0f", RADIUS_MAX_KM);
    return TRIPSAGE_OK;
}

static tripsage_status check_tags(const tripsage_destination_query *query)
{
    if (query->tag_count > TRIPSAGE__FILTER_TAGS_MAX || (query->tag_count && !query->tags))
        return TRIPSAGE_FAIL_FIELD("#tags", "expected at most %d tags", TRIPSAGE__FILTER_TAGS_MAX);
    for (size_t i = 0; i < query->tag_count; i++)
        if (!query->tags[i])
            return TRIPSAGE_FAIL_FIELD("#tags", "tag %zu is missing", i);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__destination_filter_init(tripsage__destination_filter *filter,
                                                  const tripsage_destination_query *query)
{
    tripsage_status status;

    memset(filter, 0, sizeof *filter);
    if (query->continent && !(filter->continent = continent_of(query->continent)))
        return TRIPSAGE_FAIL_FIELD("#continent",
                                   "expected Africa, Asia, Europe, North America, South America or Oceania");
    if (query->country_code && !read_country_code(filter->country_code, query->country_code))
        return TRIPSAGE_FAIL_FIELD("#country_code", "expected two letters (ISO 3166-1) such as JP");
    if (query->month < 0 || query->month > 12)
        return TRIPSAGE_FAIL_FIELD("#month", "expected 1 to 12, or 0 for any");
    if (query->max_daily_cost < 0)
        return TRIPSAGE_FAIL_FIELD("#max_daily_cost", "expected US cents, or 0 for any");
    status = check_tags(query);
    if (status == TRIPSAGE_OK)
        status = check_near(query);
    filter->tags = query->tags;
    filter->tag_count = query->tag_count;
    filter->month = query->month;
    filter->max_daily_cost = query->max_daily_cost;
    filter->has_near = query->has_near;
    filter->latitude = query->latitude;
    filter->longitude = query->longitude;
    filter->radius_km = query->radius_km;
    return status;
}

double tripsage__distance_km(double latitude_a, double longitude_a, double latitude_b, double longitude_b)
{
    double half_height = sin((latitude_b - latitude_a) * PI / 360.0);
    double half_width = sin((longitude_b - longitude_a) * PI / 360.0);
    double chord = half_height * half_height +
                   cos(latitude_a * PI / 180.0) * cos(latitude_b * PI / 180.0) * half_width * half_width;

    return 2.0 * EARTH_RADIUS_KM * asin(sqrt(chord > 1.0 ? 1.0 : chord));
}

int tripsage__destination_passes(const tripsage__destination_filter *filter, const tripsage__destination *d,
                                 double *distance_km)
{
    if (filter->continent && strcmp(filter->continent, d->continent) != 0)
        return 0;
    if (filter->country_code[0] && strcmp(filter->country_code, d->country_code) != 0)
        return 0;
    if (filter->month && !(d->months & 1u << filter->month))
        return 0;
    if (filter->max_daily_cost && d->daily_cost > filter->max_daily_cost)
        return 0;
    for (size_t i = 0; i < filter->tag_count; i++)
        if (!tripsage__destination_has_tag(d, filter->tags[i]))
            return 0;
    if (!filter->has_near)
        return 1;
    *distance_km = tripsage__distance_km(filter->latitude, filter->longitude, d->latitude, d->longitude);
    return *distance_km <= filter->radius_km;
}
