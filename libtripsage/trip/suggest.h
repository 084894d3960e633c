/* trip/suggest.h: a suggestion in the making: what suggest.c has found out and suggest_put.c puts into words. */
#ifndef TRIPSAGE_TRIP_SUGGEST_H
#define TRIPSAGE_TRIP_SUGGEST_H

#include <tripsage/destination.h>

#include "destination.h"

/* A tag of the actor's trips, folded, and on how many of them. */
typedef struct tripsage__liking {
    char tag[32];
    unsigned count;
} tripsage__liking;

/* 64: there are 44 tags in the catalogue; people's own beyond that match none of them. */
#define TRIPSAGE__LIKINGS_MAX 64

typedef struct tripsage__suggestion {
    const tripsage__destination *place;
    int64_t price;  /* of the stay, US cents */
    double meaning; /* similarity to what is looked for */
    double score;
} tripsage__suggestion;

typedef struct tripsage__suggesting {
    const tripsage__destination_index *index;
    tripsage_suggest_options options; /* defaults filled in */
    int season;                       /* the month asked for, else the present one */
    tripsage__buf profile;            /* what the actor's trips say */
    unsigned char *visited;           /* by place in index->all */
    tripsage__liking likings[TRIPSAGE__LIKINGS_MAX];
    size_t liking_count;
    int has_meaning; /* `query` is something to look for */
    float query[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    tripsage__vector_scan scan;
    tripsage__suggestion *all; /* best first */
    size_t count;
} tripsage__suggesting;

const tripsage__liking *tripsage__suggest_liking(const tripsage__suggesting *s, const char *tag);

/* From 0 to 1. */
double tripsage__suggest_meaning_value(double similarity);

int tripsage__suggest_in_season(const tripsage__destination *d, int month);

/* The static word of a category, or NULL. */
const char *tripsage__suggest_category(const char *text);

tripsage_status tripsage__suggest_answer(tripsage_doc **out, const tripsage__suggesting *s);

/* "Mar-Apr, Oct-Nov"; a run over the end of the year is one: "Nov-Feb". */
void tripsage__suggest_put_best_time(tripsage__buf *buf, const tripsage__destination *d);

#endif
