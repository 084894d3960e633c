/* telemetry/telemetry.h: what the telemetry room shows its neighbours beside tripsage/telemetry.h: how lists of its settings are read.
 * Neighbours record through base/observe.h. */
#ifndef TRIPSAGE_TELEMETRY_TELEMETRY_H
#define TRIPSAGE_TELEMETRY_TELEMETRY_H

#include <tripsage/telemetry.h>

#include "base/error.h"

/* "key=value,key=value" as OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS have it: keys of RFC 9110's tokens, values
 * percent-encoded; the last of a key holds. */
typedef struct tripsage__pair {
    char *key, *value;
} tripsage__pair;

typedef struct tripsage__pairs {
    tripsage__pair *all;
    size_t count;
    char *text; /* that they lie in, and its bytes: they may be a secret */
    size_t size;
} tripsage__pairs;

/* 64: more than anybody tells of a service. */
#define TRIPSAGE__PAIRS_MAX 64

/* `text` may be NULL: none. Errors: TRIPSAGE_EINVALID (of `field`; repeats nothing of the text, which may be a secret), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__pairs_read(tripsage__pairs *out, const char *text, const char *field);
void tripsage__pairs_free(tripsage__pairs *pairs);

/* What is wrong with such a list, for a message; NULL: nothing. Static. */
const char *tripsage__pairs_problem(const char *text);

#endif
