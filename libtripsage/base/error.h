/* base/error.h: telling an error once, where it is known.
 *
 *     if (trip_is_gone)
 *         return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "no trip %s", id);
 *
 * Everyone above passes the status on. The error lives in thread-local memory of fixed size, so that running out of
 * memory can be told too. */
#ifndef TRIPSAGE_BASE_ERROR_H
#define TRIPSAGE_BASE_ERROR_H

#include <tripsage/status.h>

#if defined(__GNUC__)
#define TRIPSAGE__PRINTF(position, first) __attribute__((format(printf, position, first)))
#else
#define TRIPSAGE__PRINTF(position, first)
#endif

/* These give their status as well as recording it, so that a compiler sees that it is no success. `status` is evaluated twice. */
#define TRIPSAGE_FAIL(status, ...) (tripsage__fail((status), 0, __FILE__, __LINE__, __VA_ARGS__), (status))
#define TRIPSAGE_FAIL_NATIVE(status, native, ...)                                                                      \
    (tripsage__fail((status), (native), __FILE__, __LINE__, __VA_ARGS__), (status))
/* With a code of its own for programs: `reason` in tripsage/status.h. */
#define TRIPSAGE_FAIL_REASON(status, reason, ...)                                                                      \
    (tripsage__fail((status), 0, __FILE__, __LINE__, __VA_ARGS__), tripsage__error_reason((reason)), (status))
/* TRIPSAGE_ERATELIMITED with when it may be asked again. */
#define TRIPSAGE_FAIL_UNTIL(wait_ms, reason, ...)                                                                      \
    (tripsage__fail(TRIPSAGE_ERATELIMITED, 0, __FILE__, __LINE__, __VA_ARGS__), tripsage__error_reason((reason)),      \
     tripsage__error_retry_after((wait_ms)), TRIPSAGE_ERATELIMITED)
#define TRIPSAGE_NOMEM() TRIPSAGE_FAIL(TRIPSAGE_ENOMEM, "out of memory")

/* Adds a finer code to what was just recorded. */
void tripsage__error_reason(const char *reason);

/* Adds to what was just recorded when it may be asked again: at least a second. */
void tripsage__error_retry_after(int64_t wait_ms);

/* Adds PostgreSQL's code to what was just recorded. */
void tripsage__error_sqlstate(const char *sqlstate);

/* TRIPSAGE_EINVALID about one value: a JSON Pointer, or "#name" for an argument of the call. */
#define TRIPSAGE_FAIL_FIELD(pointer, ...)                                                                              \
    (tripsage__fail_field(TRIPSAGE_EINVALID, __FILE__, __LINE__, (pointer), __VA_ARGS__), TRIPSAGE_EINVALID)

/* Returns `status` after recording it with a message. */
tripsage_status tripsage__fail(tripsage_status status, int native, const char *file, int line, const char *format, ...)
    TRIPSAGE__PRINTF(5, 6);

/* Records `status` with exactly one field error; the message of the whole is made from it. */
tripsage_status tripsage__fail_field(tripsage_status status, const char *file, int line, const char *pointer,
                                     const char *format, ...) TRIPSAGE__PRINTF(5, 6);

/* Adds one more field error to the TRIPSAGE_EINVALID being built on this thread (see base/json.h: reader). The first after
 * tripsage__fields_begin() starts it; past TRIPSAGE_FIELD_ERRORS_MAX they are counted in the message only. */
void tripsage__fields_begin(void);
void tripsage__fields_add(const char *file, int line, const char *pointer, const char *format, ...)
    TRIPSAGE__PRINTF(4, 5);
tripsage_status tripsage__fields_end(void); /* TRIPSAGE_OK when none was added */

/* Takes the beginning of a character off the end of a text that was cut to fit. */
void tripsage__end_with_character(char *text);

/* The thread's error, to carry it to another thread (a shared commit fails for everybody in it). */
void tripsage__error_save(tripsage_error *out);
tripsage_status tripsage__error_restore(const tripsage_error *error); /* returns error->status */

/* Passes a failure on: if (x) goto out with `status` set. */
#define TRIPSAGE_TRY(expression)                                                                                       \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != TRIPSAGE_OK)                                                                                     \
            goto out;                                                                                                  \
    } while (0)

#endif
