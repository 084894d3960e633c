/* support/json.h: looking into JSON answers and making JSON input, apart from the library's own reader. What is returned is kept until
 * test_keep_free (the world's teardown calls it). */
#ifndef TEST_SUPPORT_JSON_H
#define TEST_SUPPORT_JSON_H

#include <stddef.h>

/* Keeps a block from malloc and gives it back as it is. */
void *test_keep(void *block);
void test_keep_free(void);

/* printf into a kept string. */
const char *test_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `piece` written `count` times. */
const char *test_repeat(const char *piece, size_t count);

/* `text` as a JSON string with its quotes. */
const char *test_quoted(const char *text);

/* The value at a JSON Pointer, written compactly, members in their order; NULL when it is not there. Ends the test when the text is not JSON. */
const char *test_json_at(const char *json, const char *pointer);

/* The object `base` with the members of the object `changes` in place of its own; a member that `base` lacks is added. */
const char *test_with(const char *base, const char *changes);

/* The object without one member. */
const char *test_without(const char *base, const char *name);

/* The names of the object's members at `pointer`, separated by commas, in their order. */
const char *test_members(const char *json, const char *pointer);

/* The text with every occurrence of `old` replaced. */
const char *test_replaced(const char *text, const char *old, const char *with);

#endif
