/* base/json.h: reading JSON, over cJSON.
 *
 * tripsage__json_parse refuses what cJSON would let through: invalid UTF-8, NUL characters, nesting deeper than 32, a member
 * twice in one object, bytes after the value, a number beyond a double, more than 1 MiB.
 *
 * tripsage__reader walks an input document, keeps the JSON Pointer of where it is, and collects every unacceptable value
 * before it answers, so that a caller can fix them all in one go:
 *
 *     tripsage__reader r;
 *     TRIPSAGE_TRY(tripsage__reader_open(&r, text, length));
 *     tripsage__read_text(&r, "title", TRIPSAGE__REQUIRED, 1, 200, &title);
 *     tripsage__reader_close_object(&r);            // complains about members nobody asked for
 *     TRIPSAGE_TRY(tripsage__reader_status(&r));
 */
#ifndef TRIPSAGE_BASE_JSON_H
#define TRIPSAGE_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

typedef struct cJSON tripsage__json;

/* 1 MiB: the largest input is a trip with 50 stops and 16 KiB of preferences, far below it. */
#define TRIPSAGE__JSON_INPUT_MAX ((size_t)1024 * 1024)
/* 32: our records nest four deep; the rest is for people's own preferences. Bounds cJSON's recursion on 100 KiB stacks. */
#define TRIPSAGE__JSON_DEPTH_MAX 32
/* 256 members in one object: looking for a member twice compares each with each. */
#define TRIPSAGE__JSON_MEMBERS_MAX 256
/* 63 characters in a number: cJSON reads it out of a buffer of 64. A double written in full has 24. */
#define TRIPSAGE__JSON_NUMBER_MAX 63
/* 2^53: the largest range in which every integer is a double. */
#define TRIPSAGE__JSON_INT_MAX INT64_C(9007199254740992)

/* `length` may be TRIPSAGE_NUL. Errors: TRIPSAGE_EMALFORMED (with the byte position), TRIPSAGE_ETOOLARGE, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__json_parse(tripsage__json **out, const char *text, size_t length);
/* The same for text known to be JSON, as what the library wrote itself: no limits, no second look. Errors: TRIPSAGE_ENOMEM, and
 * TRIPSAGE_ECORRUPT when it is no JSON after all. */
tripsage_status tripsage__json_parse_trusted(tripsage__json **out, const char *text, size_t length);
/* As tripsage__json_parse, with another limit than TRIPSAGE__JSON_INPUT_MAX: for what a server of others answers. */
tripsage_status tripsage__json_parse_within(tripsage__json **out, const char *text, size_t length, size_t max);
void tripsage__json_free(tripsage__json *json);

/* Any of these may be asked of NULL (and answers as for null). */
const tripsage__json *tripsage__json_member(const tripsage__json *object, const char *name);
const tripsage__json *tripsage__json_first(const tripsage__json *container); /* first element or member */
const tripsage__json *tripsage__json_next(const tripsage__json *node);
const char *tripsage__json_name(const tripsage__json *member);
size_t tripsage__json_count(const tripsage__json *container);
int tripsage__json_is_null(const tripsage__json *node); /* also for NULL */
int tripsage__json_is_object(const tripsage__json *node);
int tripsage__json_is_array(const tripsage__json *node);
int tripsage__json_is_string(const tripsage__json *node);
int tripsage__json_is_number(const tripsage__json *node);
int tripsage__json_is_bool(const tripsage__json *node);
const char *tripsage__json_text(const tripsage__json *node); /* NULL unless a string */
double tripsage__json_number(const tripsage__json *node);    /* 0 unless a number */
int tripsage__json_true(const tripsage__json *node);

/* Writes a value compactly, members in their order. */
void tripsage__json_put(tripsage__buf *buf, const tripsage__json *node);

/* Merge patch (RFC 7396): writes `target` changed by `patch`, both JSON values; null members of the patch vanish. */
void tripsage__json_put_merged(tripsage__buf *buf, const tripsage__json *target, const tripsage__json *patch);

/* 1 when the bytes are UTF-8: for text that comes in as an argument, not inside of JSON, and goes out as JSON. */
int tripsage__utf8_valid(const char *text, size_t length);

/* ---- reader ---- */

enum { TRIPSAGE__OPTIONAL = 0, TRIPSAGE__REQUIRED = 1 };

/* What was found at a member. NULL_VALUE lets an update tell "leave it" from "take it away". */
typedef enum tripsage__found {
    TRIPSAGE__ABSENT = 0,
    TRIPSAGE__NULL_VALUE = 1,
    TRIPSAGE__PRESENT = 2,
    TRIPSAGE__BAD = 3
} tripsage__found;

#define TRIPSAGE__READER_MEMBERS_MAX 64 /* names one object of ours may know: the trip has 22 */
#define TRIPSAGE__READER_DEPTH_MAX   8

typedef struct tripsage__reader {
    tripsage__json *root;
    const tripsage__json *node; /* the object the reads below look into */
    char pointer[128];
    size_t pointer_length;
    struct {
        const tripsage__json *node;
        size_t pointer_length;
        size_t known_count;
    } stack[TRIPSAGE__READER_DEPTH_MAX];
    size_t depth;
    const char *known[TRIPSAGE__READER_MEMBERS_MAX * 2]; /* names asked for so far, all levels */
    size_t known_count;
    const char *zone; /* the last one of the input that was looked up and found: most inputs name one again and again */
    tripsage_status failed; /* no memory, or no look at the zones: tripsage__reader_status() tells it */
} tripsage__reader;

/* Parses; the value must be an object. Starts collecting. Close with tripsage__reader_free on every path. */
tripsage_status tripsage__reader_open(tripsage__reader *reader, const char *text, size_t length);
void tripsage__reader_free(tripsage__reader *reader);

/* TRIPSAGE_OK, TRIPSAGE_EINVALID with everything collected, TRIPSAGE_ENOMEM, or TRIPSAGE_EIO. */
tripsage_status tripsage__reader_status(tripsage__reader *reader);

/* Reads a member of the current object. Out parameters are written only when PRESENT; text is borrowed from the reader.
 * Lengths are in characters (code points). A wrong type or a value out of bounds is collected and gives BAD. */
tripsage__found tripsage__read_text(tripsage__reader *r, const char *name, int required, size_t min, size_t max,
                                    const char **out);
tripsage__found tripsage__read_int(tripsage__reader *r, const char *name, int required, int64_t min, int64_t max,
                                   int64_t *out);
tripsage__found tripsage__read_number(tripsage__reader *r, const char *name, int required, double min, double max,
                                      double *out);
tripsage__found tripsage__read_bool(tripsage__reader *r, const char *name, int required, int *out);
/* One of a NULL-terminated list of words; gives the list's own (static) string. */
tripsage__found tripsage__read_word(tripsage__reader *r, const char *name, int required, const char *const *words,
                                    const char **out);
tripsage__found tripsage__read_date(tripsage__reader *r, const char *name, int required,
                                    const char **out); /* a real day, 1900..2200 */
tripsage__found tripsage__read_time(tripsage__reader *r, const char *name, int required, const char **out); /* HH:MM */
tripsage__found tripsage__read_zone(tripsage__reader *r, const char *name, int required,
                                    const char **out); /* IANA, present in tzdata */
tripsage__found tripsage__read_currency(tripsage__reader *r, const char *name, int required, const char **out);
tripsage__found tripsage__read_uuid(tripsage__reader *r, const char *name, int required, char out[37]);
/* An object; one of the caller's own making is at most `max` bytes when written compactly (0: not measured). */
tripsage__found tripsage__read_object(tripsage__reader *r, const char *name, int required, size_t max,
                                      const tripsage__json **out);
/* An array with a bounded count. Walk it with tripsage__json_first/next and reader_enter_index. */
tripsage__found tripsage__read_array(tripsage__reader *r, const char *name, int required, size_t min, size_t max,
                                     const tripsage__json **out);
/* A member that is accepted and ignored (what was read may be sent back). */
void tripsage__read_ignored(tripsage__reader *r, const char *name);

/* Steps into a member object, or into element `index` of an array member; every enter has its leave. Inside, reads look into `node`.
 * tripsage__reader_enter_index may be given a node of any type: an element that is not an object is collected as an error and read as empty. */
void tripsage__reader_enter(tripsage__reader *r, const char *name, const tripsage__json *node);
void tripsage__reader_enter_index(tripsage__reader *r, const char *name, size_t index, const tripsage__json *node);
/* Complains about members of the current object nobody asked for, and steps out (at the top: only complains). */
void tripsage__reader_close_object(tripsage__reader *r);

/* Collects an error about a member of the current object ("" for the object itself). */
#define tripsage__reader_complain(r, name, ...)                                                                        \
    tripsage__reader_complain_at((r), __FILE__, __LINE__, (name), __VA_ARGS__)
void tripsage__reader_complain_at(tripsage__reader *r, const char *file, int line, const char *name, const char *format,
                                  ...) TRIPSAGE__PRINTF(5, 6);

#endif
