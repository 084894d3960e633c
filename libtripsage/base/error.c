/* base/error.c: the status list made into tables, and the thread's last error. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tripsage/runtime.h>

/* About 5 KiB a thread, and never allocated: running out of memory must be tellable. */
static _Thread_local tripsage_error last;
/* How many fields complained in all, also those past the ones kept. */
static _Thread_local size_t complaints;

static const struct entry {
    tripsage_status status;
    int http;
    const char *name, *code, *sentence;
} entries[] = {
#define XX(name, value, http, code, sentence) {TRIPSAGE_##name, http, "TRIPSAGE_" #name, code, sentence},
    TRIPSAGE_STATUS_MAP(XX)
#undef XX
};

static const struct entry *find(tripsage_status status)
{
    static const struct entry unknown = {TRIPSAGE_EINTERNAL, 500, "TRIPSAGE_UNKNOWN_STATUS", "INTERNAL_ERROR",
                                         "a status that is not in the list"};

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (entries[i].status == status)
            return &entries[i];
    return &unknown;
}

const char *tripsage_version(void)
{
    return TRIPSAGE_VERSION;
}

const char *tripsage_status_name(tripsage_status status)
{
    return find(status)->name;
}

const char *tripsage_status_sentence(tripsage_status status)
{
    return find(status)->sentence;
}

const char *tripsage_status_code(tripsage_status status)
{
    return find(status)->code;
}

int tripsage_status_http(tripsage_status status)
{
    return find(status)->http;
}

const tripsage_error *tripsage_last_error(void)
{
    return &last;
}

void tripsage__end_with_character(char *text)
{
    size_t length = strlen(text), more = 0; /* bytes that continue the last character */
    size_t wanted;
    unsigned char lead;

    while (more < 3 && more < length && ((unsigned char)text[length - 1 - more] & 0xc0) == 0x80)
        more++;
    if (more == length)
        return;
    lead = (unsigned char)text[length - 1 - more];
    wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (more < wanted)
        text[length - 1 - more] = '\0';
}

static void begin(tripsage_status status, int native, const char *file, int line)
{
    last.status = status;
    last.native = native;
    last.sqlstate[0] = '\0';
    last.reason[0] = '\0';
    last.retry_after_s = 0;
    last.file = file;
    last.line = line;
    last.field_count = 0;
    last.message[0] = '\0';
}

tripsage_status tripsage__fail(tripsage_status status, int native, const char *file, int line, const char *format, ...)
{
    va_list arguments;

    begin(status, native, file, line);
    va_start(arguments, format);
    vsnprintf(last.message, sizeof last.message, format, arguments);
    va_end(arguments);
    tripsage__end_with_character(last.message);
    return status;
}

/* Keeps the field at most TRIPSAGE_FIELD_ERRORS_MAX times; the caller has formatted `message`. */
static void keep_field(const char *pointer, const char *format, va_list arguments)
{
    tripsage_field_error *field;

    complaints++;
    if (last.field_count == TRIPSAGE_FIELD_ERRORS_MAX)
        return;
    field = &last.fields[last.field_count++];
    snprintf(field->pointer, sizeof field->pointer, "%s", pointer);
    tripsage__end_with_character(field->pointer);
    vsnprintf(field->message, sizeof field->message, format, arguments);
    tripsage__end_with_character(field->message);
}

/* "/title: expected ..." and how many more there are. */
static void summarise(void)
{
    const tripsage_field_error *first = &last.fields[0];
    char at[91], what[121]; /* with 20 digits of a count they fit into a message */

    snprintf(at, sizeof at, "%.90s", first->pointer[0] ? first->pointer : "(document)");
    tripsage__end_with_character(at);
    snprintf(what, sizeof what, "%.120s", first->message);
    tripsage__end_with_character(what);
    if (complaints > 1)
        snprintf(last.message, sizeof last.message, "%s: %s (and %zu more)", at, what, complaints - 1);
    else
        snprintf(last.message, sizeof last.message, "%s: %s", at, first->message);
}

tripsage_status tripsage__fail_field(tripsage_status status, const char *file, int line, const char *pointer,
                                     const char *format, ...)
{
    va_list arguments;

    begin(status, 0, file, line);
    complaints = 0;
    va_start(arguments, format);
    keep_field(pointer, format, arguments);
    va_end(arguments);
    summarise();
    return status;
}

void tripsage__fields_begin(void)
{
    complaints = 0;
}

void tripsage__fields_add(const char *file, int line, const char *pointer, const char *format, ...)
{
    va_list arguments;

    if (complaints == 0)
        begin(TRIPSAGE_EINVALID, 0, file, line);
    va_start(arguments, format);
    keep_field(pointer, format, arguments);
    va_end(arguments);
}

tripsage_status tripsage__fields_end(void)
{
    if (complaints == 0)
        return TRIPSAGE_OK;
    summarise();
    return TRIPSAGE_EINVALID;
}

void tripsage__error_reason(const char *reason)
{
    snprintf(last.reason, sizeof last.reason, "%s", reason);
}

void tripsage__error_retry_after(int64_t wait_ms)
{
    int64_t seconds = wait_ms / 1000 + (wait_ms % 1000 > 0);

    last.retry_after_s = seconds < 1 ? 1 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

void tripsage__error_sqlstate(const char *sqlstate)
{
    snprintf(last.sqlstate, sizeof last.sqlstate, "%s", sqlstate);
}

void tripsage__error_save(tripsage_error *out)
{
    size_t kept = offsetof(tripsage_error, fields) + last.field_count * sizeof last.fields[0];

    memcpy(out, &last, kept);
}

tripsage_status tripsage__error_restore(const tripsage_error *error)
{
    size_t kept = offsetof(tripsage_error, fields) + error->field_count * sizeof error->fields[0];

    memcpy(&last, error, kept);
    return last.status;
}
