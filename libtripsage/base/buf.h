/* base/buf.h: a growing run of bytes, born with its ceiling, and JSON written straight into it.
 *
 * A buffer remembers its first failure: writers may write on and look once at the end, with tripsage__buf_status().
 * The text is NUL-terminated at all times. */
#ifndef TRIPSAGE_BASE_BUF_H
#define TRIPSAGE_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "error.h"

typedef struct tripsage__buf {
    char *data; /* NULL until the first write */
    size_t size;
    size_t capacity;
    size_t ceiling;
    tripsage_status failed;
} tripsage__buf;

/* Ceilings. A document is what one call gives: the largest is an export of a full trip (1,000 items and 1,000 notes of at
 * most 10,000 characters), so 64 MiB leaves room and still stops a runaway. */
#define TRIPSAGE__BUF_DOCUMENT ((size_t)64 * 1024 * 1024)

#define TRIPSAGE__BUF_INIT(limit)                                                                                      \
    {                                                                                                                  \
        NULL, 0, 0, (limit), TRIPSAGE_OK                                                                               \
    }

void tripsage__buf_free(tripsage__buf *buf);       /* frees and empties; the ceiling stays */
void tripsage__buf_free_wiped(tripsage__buf *buf); /* the same, of what nobody is to find in memory afterwards */
tripsage_status tripsage__buf_reserve(tripsage__buf *buf, size_t more);
tripsage_status
tripsage__buf_status(const tripsage__buf *buf); /* tells the first failure, as an error of this thread */
char *tripsage__buf_take(tripsage__buf *buf,
                         size_t *length); /* the block, for tripsage_free; the buffer is empty after */

void tripsage__buf_put(tripsage__buf *buf, const void *bytes, size_t size);
void tripsage__buf_puts(tripsage__buf *buf, const char *text);
void tripsage__buf_putc(tripsage__buf *buf, char c);
void tripsage__buf_printf(tripsage__buf *buf, const char *format, ...) TRIPSAGE__PRINTF(2, 3);
void tripsage__buf_int(tripsage__buf *buf, int64_t value);
/* Writes the text percent-encoded, so that it may stand anywhere in a URL. */
void tripsage__buf_put_encoded(tripsage__buf *buf, const char *text);

/* A literal: its length is known when compiling. */
#define TRIPSAGE__LIT(buf, literal) tripsage__buf_put((buf), "" literal, sizeof(literal) - 1)

/* ---- JSON (RFC 8259) ---- */

/* A quoted, escaped string; the n form takes bytes that need no NUL. Input is valid UTF-8 (it was checked when it came in). */
void tripsage__json_put_string(tripsage__buf *buf, const char *text);
void tripsage__json_put_stringn(tripsage__buf *buf, const char *text, size_t length);
/* The string, or null for NULL. */
void tripsage__json_put_text(tripsage__buf *buf, const char *text, size_t length);
/* Shortest decimal that reads back the same double; no locale; "null" for what JSON cannot say. */
void tripsage__json_put_number(tripsage__buf *buf, double value);
/* "2026-11-02T09:30:00.000Z" with its quotes. */
void tripsage__json_put_instant(tripsage__buf *buf, int64_t ms);

#endif
