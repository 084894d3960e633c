/* vector/embedder/walk.h: JSON (RFC 8259) read from its first byte to its last without a tree: for a vocabulary of a million members, and
 * for answers that are numbers by the megabyte, of which base/json.h would make a node each.
 *
 *     tripsage__walk s;
 *     tripsage__walk_begin(&s, text, size);
 *     for (int more = tripsage__walk_object(&s); more; more = tripsage__walk_more(&s)) {
 *         tripsage__walk_name(&s, &name);
 *         ... exactly one value: walk_string, walk_number, walk_skip, another object
 *     }
 *     if (!tripsage__walk_end(&s)) it was no JSON
 *
 * What is not as asked for makes the walk fail, and a walk that failed answers 0 to everything from then on. */
#ifndef TRIPSAGE_VECTOR_EMBEDDER_WALK_H
#define TRIPSAGE_VECTOR_EMBEDDER_WALK_H

#include <stddef.h>

#include "base/buf.h"

/* 64: a tokenizer nests six deep, answers four. Bounds the recursion of passing over a value. */
#define TRIPSAGE__WALK_DEPTH_MAX 64

typedef struct tripsage__walk {
    const char *at, *end;
    int failed;
    int nomem; /* it failed for want of memory */
    char open[TRIPSAGE__WALK_DEPTH_MAX];
    size_t depth;
} tripsage__walk;

void tripsage__walk_begin(tripsage__walk *s, const char *text, size_t size);

/* What the next value is: one of { [ " 0 t f n, or NUL when there is none. */
char tripsage__walk_peek(tripsage__walk *s);

/* Enters: 1 when something is in it. Leaves by itself at its end. */
int tripsage__walk_object(tripsage__walk *s);
int tripsage__walk_array(tripsage__walk *s);
/* After a member or an element: 1 when there is another one. */
int tripsage__walk_more(tripsage__walk *s);

/* Of the member to come, into an emptied buffer with a NUL behind; 1 when it is there. */
int tripsage__walk_name(tripsage__walk *s, tripsage__buf *out);

int tripsage__walk_string(tripsage__walk *s, tripsage__buf *out);
int tripsage__walk_number(tripsage__walk *s, double *out);
int tripsage__walk_bool(tripsage__walk *s, int *out);
/* 1 when the next value is null, which is then behind us. */
int tripsage__walk_null(tripsage__walk *s);
/* Passes over a value of any kind. */
int tripsage__walk_skip(tripsage__walk *s);

/* 1 when all went well and nothing is left. */
int tripsage__walk_end(tripsage__walk *s);

/* A decimal number as JSON has it, also with a plus, or without a digit before the point; gives how many characters it is, 0 when it
 * is none. Correctly rounded, whatever the locale is. */
size_t tripsage__walk_decimal(double *out, const char *text, size_t size);

#endif
