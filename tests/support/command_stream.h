/* support/command_stream.h: random lines of Redis's commands, the same for the same seed: what two caches are given to see that they
 * answer alike.
 *
 * A family is a table of forms, of which each line takes one:
 *
 *     {"SET {key} {value} [EX {seconds}|PX {ms}] [NX|XX]", TEST_AS_IT_IS},
 *     {"HSET {key} ({member} {value})+", TEST_AS_IT_IS},
 *
 * [a|b] is nothing, or one of those; (a|b) is one of those; a plus behind ) or } repeats it one to four times. Placeholders:
 *
 *     {key}     a key of the family's own few, now and then another's, so that commands meet what they are not for
 *     {any}     a key of any family; {another}: one that is not the word before it
 *     {value}   bytes: numbers, words, nothing, whatever
 *     {member}  one of a few names
 *     {integer} mostly small, now and then at the ends of 64 bits, now and then none
 *     {small}   a number of up to 31 bits
 *     {count}   0 to 9
 *     {index}   -20 to 20
 *     {bit}     0 or 1
 *     {offset}  0 to 300
 *     {field}   a type and an offset: u7 #3
 *     {float}   a number with a fraction, now and then infinite or none
 *     {seconds} {ms} a life, now and then none; {at} {at_ms} an instant around TEST_NOON. The clock goes by multiples of
 *               TEST_STREAM_STEP from there: it is never at the very end of a life, where a cache in the process has let go of a key and
 *               Redis has not.
 *     {score} {end} {lex}  of a sorted set: a score, where a range of scores ends, where one of members does
 *     {place}   a longitude and a latitude around Italy, now and then none; {shape} BYRADIUS or BYBOX with what belongs to it
 *     {letter}  a word of one letter */
#ifndef TEST_SUPPORT_COMMAND_STREAM_H
#define TEST_SUPPORT_COMMAND_STREAM_H

#include "commands.h"

#define TEST_STREAM_STEP INT64_C(370)

typedef struct test_form {
    const char *text; /* NULL ends a table */
    test_order order; /* what has no order in the reply */
} test_form;

typedef struct test_family {
    const char *name; /* its keys are name:0, name:1 ... */
    const test_form *forms;
    int alone; /* its keys are for nobody else */
} test_family;

/* All of them; the last has no name. */
extern const test_family test_families[];

typedef struct test_stream_line {
    tripsage_cache_argument words[64];
    size_t count;
    test_order order;
    char bytes[4096];
    size_t used;
} test_stream_line;

/* The next line: of this family, or of any for NULL. */
void test_stream_next(test_stream_line *line, uint64_t *seed, const test_family *family);

/* The line as text, kept like any of support/json.h. */
const char *test_stream_text(const test_stream_line *line);

#endif
