/* support/relevance.h: how good a ranking of destinations is: the written questions of tests/data/destination_queries.txt and nDCG.
 *
 * A place that is exactly what is asked for is worth 3, one that a person would accept 1 (2^grade - 1), each divided by log2(1 + its
 * rank); the sum over the first ten is divided by the best there could be (Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR
 * techniques, 2002; the gain as Burges and others have it, 2005). */
#ifndef TEST_RELEVANCE_H
#define TEST_RELEVANCE_H

#include <stddef.h>

enum { RELEVANCE_RANKS = 10, RELEVANCE_QUESTIONS_MAX = 200 };

typedef struct relevance_question {
    char text[160];
    char exact[640], fine[640]; /* ids with a space before and behind each */
} relevance_question;

/* All questions; *count receives how many. Static; NULL when the file cannot be read, or a line of it. */
const relevance_question *relevance_questions(size_t *count, const char *path);

int relevance_grade(const relevance_question *question, const char *id); /* 2, 1 or 0 */
double relevance_ndcg(const relevance_question *question, const char *const *ids, size_t count);

#endif
