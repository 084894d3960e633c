/* tripsage/doc.h: documents, the form in which records enter and leave the library.
 *
 * Records are JSON (RFC 8259) on both sides: what a call takes is JSON text, what it gives is a tripsage_doc that
 * holds JSON text, ready to be sent as it is, with accessors for a C program that wants single values. Both
 * engines write the same bytes for the same record.
 *
 * Text in: UTF-8, with its length, or TRIPSAGE_NUL for a string that ends at its NUL. At most 1 MiB, nested at
 * most 32 deep, at most 256 members in an object and none twice; numbers are doubles, integers exact up to 2^53,
 * written with at most 63 characters.
 *
 * A document is owned by whoever received it: free it with tripsage_doc_free. It may be handed from thread to
 * thread but not used by two at once. What an accessor returns is borrowed until the document is freed.
 */
#ifndef TRIPSAGE_DOC_H
#define TRIPSAGE_DOC_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

TRIPSAGE_BEGIN_DECLS

/* As a length: the text ends at its first NUL. */
#define TRIPSAGE_NUL ((size_t)-1)

/* Writes a JSON text in C source without escaping: TRIPSAGE_JSON({"title": "Kyoto in autumn"}). It is a string
 * literal, so pass TRIPSAGE_NUL as its length. */
#define TRIPSAGE_JSON(...) #__VA_ARGS__

typedef struct tripsage_doc tripsage_doc;

/* A document of the caller's own text, to be read with the accessors below.
 * Errors: TRIPSAGE_EMALFORMED (with the byte position), TRIPSAGE_ETOOLARGE, TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_doc_parse(tripsage_doc **out, const char *json, size_t length);

/* The whole text, compact, NUL-terminated. `length` may be NULL. */
TRIPSAGE_API const char *tripsage_doc_json(const tripsage_doc *doc, size_t *length);

/* The record's version for optimistic concurrency (ETag, If-Match), or 0 where the document is not one record. */
TRIPSAGE_API int64_t tripsage_doc_version(const tripsage_doc *doc);

/* The cursor of the next page of a list, or NULL on the last page and for anything that is not a list. */
TRIPSAGE_API const char *tripsage_doc_next(const tripsage_doc *doc);

/* 1 when an idempotency key matched and this is the answer given the first time, 0 otherwise. */
TRIPSAGE_API int tripsage_doc_replayed(const tripsage_doc *doc);

/* 1 when this answer was remembered from an earlier call, 0 when it was read now and may be remembered, -1 where nothing is. What is
 * remembered is as fresh as what is read: see tripsage_options.max_staleness_ms. */
TRIPSAGE_API int tripsage_doc_cached(const tripsage_doc *doc);

/* Single values by JSON Pointer (RFC 6901): "/title", "/destinations/0/name". The first use parses the text once
 * (cost: one pass over it). A value that is absent, null, of another type, or cannot be parsed for want of
 * memory gives the fallback (NULL for text, 0 for count). */
TRIPSAGE_API const char *tripsage_doc_text(tripsage_doc *doc, const char *pointer);
TRIPSAGE_API int64_t tripsage_doc_int(tripsage_doc *doc, const char *pointer, int64_t fallback);
TRIPSAGE_API double tripsage_doc_number(tripsage_doc *doc, const char *pointer, double fallback);
TRIPSAGE_API int tripsage_doc_bool(tripsage_doc *doc, const char *pointer, int fallback);

/* How many elements the array has, or members the object, at `pointer`. */
TRIPSAGE_API size_t tripsage_doc_count(tripsage_doc *doc, const char *pointer);

typedef enum tripsage_kind {
    TRIPSAGE_KIND_ABSENT = 0, /* nothing is there */
    TRIPSAGE_KIND_NULL = 1,
    TRIPSAGE_KIND_BOOL = 2,
    TRIPSAGE_KIND_NUMBER = 3,
    TRIPSAGE_KIND_TEXT = 4,
    TRIPSAGE_KIND_ARRAY = 5,
    TRIPSAGE_KIND_OBJECT = 6
} tripsage_kind;

/* What is at `pointer`. */
TRIPSAGE_API tripsage_kind tripsage_doc_kind(tripsage_doc *doc, const char *pointer);

/* The value at `pointer` as JSON text of its own, compact, NUL-terminated; NULL when there is none or no memory. It is
 * written anew at each call and kept until the document is freed. `length` may be NULL. */
TRIPSAGE_API const char *tripsage_doc_value(tripsage_doc *doc, const char *pointer, size_t *length);

/* NULL is fine. */
TRIPSAGE_API void tripsage_doc_free(tripsage_doc *doc);

TRIPSAGE_END_DECLS

#endif
