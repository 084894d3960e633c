/* trip/destination_query.h: what search and suggestions share: limits, filters, and the two rankings of the catalogue. */
#ifndef TRIPSAGE_TRIP_DESTINATION_QUERY_H
#define TRIPSAGE_TRIP_DESTINATION_QUERY_H

#include <tripsage/destination.h>

#include "destination.h"

/* 0 becomes 10; EINVALID "#limit" over 50. */
tripsage_status tripsage__destination_limit(uint32_t *limit);

/* The six continents of the catalogue are 13 characters at most; a text filter longer than this equals nothing. */
#define TRIPSAGE__FILTER_TEXT_MAX 64
#define TRIPSAGE__FILTER_TAGS_MAX 16

/* What a place has to be. */
typedef struct tripsage__destination_filter {
    const char *continent; /* the catalogue's own spelling, or NULL */
    char country_code[3];  /* "" for any */
    const char *const *tags;
    size_t tag_count;
    int month;              /* 0: any */
    int64_t max_daily_cost; /* 0: any */
    int has_near;
    double latitude, longitude, radius_km;
} tripsage__destination_filter;

/* Errors: TRIPSAGE_EINVALID with the query's member. */
tripsage_status tripsage__destination_filter_init(tripsage__destination_filter *filter,
                                                  const tripsage_destination_query *query);

/* *distance_km receives the distance when the filter asks for nearness. */
int tripsage__destination_passes(const tripsage__destination_filter *filter, const tripsage__destination *d,
                                 double *distance_km);

/* On a sphere of the Earth's mean radius (haversine): within half a per cent of the ellipsoid. */
double tripsage__distance_km(double latitude_a, double longitude_a, double latitude_b, double longitude_b);

#endif
