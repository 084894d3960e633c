/* tripsage/status.h: what a call answers, and what went wrong.
 *
 * Every fallible function returns a tripsage_status: 0 is success, negative is an error. The list below is the
 * single source of the enum, the names, the sentences and the HTTP statuses the server answers with.
 *
 * The details of the last failure on the calling thread are read with tripsage_last_error(). They are written
 * once, where the failure is known, without allocating memory, and stay until the next failing call on the same
 * thread: read them right after the call that failed. A successful call leaves them alone.
 */
#ifndef TRIPSAGE_STATUS_H
#define TRIPSAGE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"

TRIPSAGE_BEGIN_DECLS

/* XX(name, value, HTTP status, code on the wire, sentence) */
#define TRIPSAGE_STATUS_MAP(XX)                                                                                        \
    XX(OK, 0, 200, "OK", "success")                                                                                    \
    XX(ENOMEM, -1, 503, "OUT_OF_MEMORY", "an allocation failed; nothing was changed")                                  \
    XX(EMISUSE, -2, 500, "MISUSE", "the call broke the contract in the header")                                        \
    XX(EINTERNAL, -3, 500, "INTERNAL_ERROR", "the library found itself in a state it does not expect")                 \
    XX(ENOTSUP, -4, 501, "NOT_SUPPORTED", "not supported by this engine or build")                                     \
    XX(EMALFORMED, -10, 400, "MALFORMED_REQUEST", "the input cannot be read at all")                                   \
    XX(EINVALID, -11, 422, "VALIDATION_ERROR", "the input was read, but a value is not acceptable")                    \
    XX(ETOOLARGE, -12, 413, "PAYLOAD_TOO_LARGE", "the input is larger than its limit")                                 \
    XX(EUNAUTHENTICATED, -20, 401, "AUTHENTICATION_ERROR", "the call needs a signed-in actor")                         \
    XX(ECREDENTIALS, -21, 401, "INVALID_CREDENTIALS", "the e-mail address or the password is wrong")                   \
    XX(ETOKEN, -22, 401, "INVALID_TOKEN", "the token is not one of ours, or was changed, or has been revoked")         \
    XX(EEXPIRED, -23, 401, "TOKEN_EXPIRED", "the token was good but its time is over")                                 \
    XX(EFORBIDDEN, -24, 403, "AUTHORIZATION_ERROR", "the actor may see this but not do that to it")                    \
    XX(ENOTFOUND, -30, 404, "RESOURCE_NOT_FOUND", "it does not exist, or the actor may not know that it does")         \
    XX(EEXISTS, -31, 409, "ALREADY_EXISTS", "a record with this identity exists already")                              \
    XX(ECONFLICT, -32, 409, "CONFLICT", "the record's present state does not allow this")                              \
    XX(EPRECONDITION, -33, 412, "PRECONDITION_FAILED", "the record has changed since the version given")               \
    XX(EIDEMPOTENCY, -34, 422, "IDEMPOTENCY_KEY_REUSED", "this idempotency key was used for a different request")      \
    XX(ELIMIT, -35, 409, "LIMIT_REACHED", "the record holds as many parts as it may")                                  \
    XX(ERATELIMITED, -36, 429, "RATE_LIMIT_EXCEEDED", "too many requests; wait before the next")                       \
    XX(EBUSY, -40, 503, "STORE_BUSY", "the store stayed busy for longer than the call may wait; nothing was changed")  \
    XX(EUNAVAILABLE, -41, 503, "UNAVAILABLE", "a service this needs cannot be reached")                                \
    XX(ETIMEOUT, -42, 504, "TIMEOUT", "the deadline passed; nothing was changed")                                      \
    XX(EUNKNOWN, -43, 503, "OUTCOME_UNKNOWN", "the connection broke while committing: look before you try again")      \
    XX(EIO, -50, 500, "DATABASE_ERROR", "the store could not read or write")                                           \
    XX(EFULL, -51, 507, "STORAGE_FULL", "the disk or the database is full; nothing was changed")                       \
    XX(ECORRUPT, -52, 500, "DATABASE_CORRUPT", "stored data is damaged")                                               \
    XX(EREADONLY, -53, 503, "READ_ONLY", "the store can be read but not written")                                      \
    XX(EMIGRATION, -54, 500, "MIGRATION_ERROR", "the database's schema and this library do not fit together")

typedef enum tripsage_status {
#define XX(name, value, http, code, sentence) TRIPSAGE_##name = (value),
    TRIPSAGE_STATUS_MAP(XX)
#undef XX
} tripsage_status;

/* Everything below is safe from any thread. The strings of the first four live as long as the program. */

/* "TRIPSAGE_ENOTFOUND"; "TRIPSAGE_UNKNOWN_STATUS" for a number that is not in the list. */
TRIPSAGE_API const char *tripsage_status_name(tripsage_status status);

/* One plain sentence, without the name and without a full stop. */
TRIPSAGE_API const char *tripsage_status_sentence(tripsage_status status);

/* The machine-readable `code` of an HTTP answer, for example "RESOURCE_NOT_FOUND". */
TRIPSAGE_API const char *tripsage_status_code(tripsage_status status);

/* The HTTP status that goes with it; 500 for a number that is not in the list. */
TRIPSAGE_API int tripsage_status_http(tripsage_status status);

/* One unacceptable value of an input document. */
typedef struct tripsage_field_error {
    char pointer
        [128]; /* JSON Pointer (RFC 6901) into the input, "" for the whole; "#name" for an argument or a query member */
    char message[160]; /* what was expected there, one sentence */
} tripsage_field_error;

/* Up to this many field errors are kept of one call: enough to fix a form in one go, small enough to be
 * thread-local without a cost anybody notices. */
#define TRIPSAGE_FIELD_ERRORS_MAX 16

typedef struct tripsage_error {
    tripsage_status status;
    int native;        /* SQLite extended result code, CURLcode, errno; 0 where there is none */
    char sqlstate[6];  /* PostgreSQL's SQLSTATE, "" on other engines */
    int line;          /* where in the library the failure was born */
    const char *file;  /* the same; static */
    char message[256]; /* one line for people; never holds a secret */
    char reason
        [40]; /* a finer code than the status, for programs: that of Supabase Auth ("otp_expired"); "" where there is none */
    uint32_t retry_after_s; /* TRIPSAGE_ERATELIMITED: in how many seconds there is room again; 0: nobody knows */
    size_t field_count;     /* 0 unless status is TRIPSAGE_EINVALID or TRIPSAGE_ECONFLICT */
    tripsage_field_error fields[TRIPSAGE_FIELD_ERRORS_MAX];
} tripsage_error;

/* The last failure on this thread; never NULL. Borrowed until the next failing call on this thread. */
TRIPSAGE_API const tripsage_error *tripsage_last_error(void);

TRIPSAGE_END_DECLS

#endif
