/* vector/hybrid_words.h: a search of a collection by words, as steps of a read.
 *
 * Scores are BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009) with k1 = 1.2 and b = 0.75, the
 * weight of a word ln(1 + (N - n + 0.5) / (n + 0.5)). N, n and the usual length are counted over what the asker may find in the
 * collection, and over nothing else: what others keep there changes no score of his, and no score tells him of it. They are computed
 * here, from the same counts on every engine. */
#ifndef TRIPSAGE_VECTOR_HYBRID_WORDS_H
#define TRIPSAGE_VECTOR_HYBRID_WORDS_H

#include "hybrid_terms.h"
#include "vector_internal.h"

#define TRIPSAGE__WORD_SCAN_STEPS 3

typedef struct tripsage__word_scan {
    tripsage__buf terms;  /* in lines */
    tripsage__buf match;  /* the same for FTS5 */
    tripsage__buf filter; /* as a tripsage__vector_scan's */
    size_t term_count;
    uint32_t k;
    double min_score;
    int is_service;
    tripsage__value values[9];

    int64_t texts;                             /* N */
    double usual;                              /* words of a text */
    int64_t spread[TRIPSAGE__QUERY_TERMS_MAX]; /* n of each word */
    tripsage__vector_hit *hits;                /* a heap while rows come; best first after tripsage__word_scan_end */
    size_t count;
} tripsage__word_scan;

/* `filter` as in tripsage_vector_query. Errors: TRIPSAGE_EINVALID ("#words": too long, or without a word; "#filter"). Free on every path. */
tripsage_status tripsage__word_scan_init(tripsage__word_scan *scan, const tripsage__collection *collection,
                                         const tripsage_actor *actor, const char *words, uint32_t k, const char *filter,
                                         double min_score);
void tripsage__word_scan_free(tripsage__word_scan *scan);
/* Steps for a read; the scan stays where it is until the read is done. */
void tripsage__word_scan_steps(tripsage__word_scan *scan, tripsage__step out[TRIPSAGE__WORD_SCAN_STEPS]);
/* After the read: puts the hits in order. */
void tripsage__word_scan_end(tripsage__word_scan *scan);

#endif
