/* buffer.h: a growing run of bytes, and JSON written into it.
 *
 * A buffer remembers that it ran out of memory: writers write on and look at `failed` once, at the end. What is in it
 * is not NUL-terminated; its length is `size`. */
#ifndef SERVER_BUFFER_H
#define SERVER_BUFFER_H

#include <stddef.h>
#include <stdint.h>

typedef struct buffer {
    char *data;
    size_t size, capacity;
    int failed;
} buffer;

/* 0 when there is no room for `more` bytes and none can be had. */
int buffer_reserve(buffer *b, size_t more);
void buffer_put(buffer *b, const void *bytes, size_t size);
void buffer_puts(buffer *b, const char *text);
void buffer_integer(buffer *b, int64_t value);

/* Empties it, and gives the memory back when it has grown past `keep` bytes. */
void buffer_clear(buffer *b, size_t keep);
void buffer_free(buffer *b);

/* A literal: its length is known when compiling. */
#define BUFFER_LIT(b, literal) buffer_put((b), "" literal, sizeof(literal) - 1)

/* A quoted, escaped JSON string. Bytes that are not UTF-8 become U+FFFD, so that the line or body stays JSON whatever
 * a client sent. The z form takes a NUL-terminated text, NULL becomes null. */
void buffer_json(buffer *b, const char *text, size_t length);
void buffer_jsonz(buffer *b, const char *text);
/* A number as JSON has them, three decimals. */
void buffer_decimal(buffer *b, double value);

/* The length of the UTF-8 sequence that starts at `at` (Unicode 15, table 3-7), or 0 when there is none. */
size_t utf8_sequence(const char *at, const char *end);

#endif
