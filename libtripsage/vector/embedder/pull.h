/* vector/embedder/pull.h: JSON (RFC 8259) read from its first byte to its last without a tree: for a vocabulary of a million members, and
 * for answers that are numbers by the megabyte, of which base/json.h would make a node each.
 *
 *     tripsage__pull s;
 *     tripsage__pull_begin(&s, text, size);
 *     for (int more = tripsage__pull_object(&s); more; more = tripsage__pull_more(&s)) {
 *         tripsage__pull_name(&s, &name);
 *         ... exactly one value: pull_string, pull_number, pull_skip, another object
 *     }
 *     if (!tripsage__pull_end(&s)) it was no JSON
 *
 * What is not as asked for makes the pulling fail, and what failed answers 0 to everything from then on. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_PULL_H
#define TRIPSAGE_VECTOR_EMBEDDER_PULL_H

#include <stddef.h>

#include "base/buf.h"

/* 64: a tokenizer nests six deep, answers four. Bounds the recursion of passing over a value. */
#define TRIPSAGE__PULL_DEPTH_MAX 64

typedef struct tripsage__pull {
    const char *at, *end;
    int failed;
    int nomem; /* it failed for want of memory */
    char open[TRIPSAGE__PULL_DEPTH_MAX];
    size_t depth;
} tripsage__pull;

void tripsage__pull_begin(tripsage__pull *s, const char *text, size_t size);

/* What the next value is: one of { [ " 0 t f n, or NUL when there is none. */
char tripsage__pull_peek(tripsage__pull *s);

/* Enters: 1 when something is in it. Leaves by itself at its end. */
int tripsage__pull_object(tripsage__pull *s);
int tripsage__pull_array(tripsage__pull *s);
/* After a member or an element: 1 when there is another one. */
int tripsage__pull_more(tripsage__pull *s);

/* Of the member to come, into an emptied buffer with a NUL behind; 1 when it is there. */
int tripsage__pull_name(tripsage__pull *s, tripsage__buf *out);

int tripsage__pull_string(tripsage__pull *s, tripsage__buf *out);
int tripsage__pull_number(tripsage__pull *s, double *out);
int tripsage__pull_bool(tripsage__pull *s, int *out);
/* 1 when the next value is null, which is then behind us. */
int tripsage__pull_null(tripsage__pull *s);
/* Passes over a value of any kind. */
int tripsage__pull_skip(tripsage__pull *s);

/* 1 when all went well and nothing is left. */
int tripsage__pull_end(tripsage__pull *s);

/* A decimal number as JSON has it, also with a plus, or without a digit before the point; gives how many characters it is, 0 when it
 * is none. Correctly rounded, whatever the locale is. */
size_t tripsage__pull_decimal(double *out, const char *text, size_t size);

#endif
