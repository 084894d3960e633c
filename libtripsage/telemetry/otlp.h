/* telemetry/otlp.h: spans as OTLP sends them: an ExportTraceServiceRequest (opentelemetry-proto, collector/trace/v1/trace_service.proto),
 * as protobuf or as JSON. A request is written span by span into one buffer, so that a span's place in the queue is free again as soon as
 * it is written, and no byte of it is moved later. */
#ifndef TRIPSAGE_TELEMETRY_OTLP_H
#define TRIPSAGE_TELEMETRY_OTLP_H

#include <string.h>

#include "base/buf.h"
#include "queue.h"
#include "telemetry.h"

/* Of whose names the attributes are. */
#define TRIPSAGE__SCHEMA_URL "https://opentelemetry.io/schemas/1.37.0"

/* 16 MiB: what a batch of 512 spans, each as full as it may be, has ten times over. */
#define TRIPSAGE__OTLP_MAX ((size_t)16 * 1024 * 1024)

typedef struct tripsage__otlp {
    void (*begin)(tripsage__buf *out, const tripsage__pairs *resource); /* a request, in an empty buffer */
    void (*put)(tripsage__buf *out, const tripsage__record *record);    /* a span, behind those that it has */
    /* Gives where in the buffer the request begins, which ends where the buffer does. */
    size_t (*end)(tripsage__buf *out, const tripsage__pairs *resource);
    /* How many of them the answer says that it has not taken; `why` gets its sentence. 0: all were, or it cannot be read. */
    int64_t (*rejected)(const char *answer, size_t size, char why[160]);
    const char *content_type;
} tripsage__otlp;

extern const tripsage__otlp tripsage__otlp_protobuf, tripsage__otlp_json;

/* Sampled; that it is known whether the parent is another process's (256), and whether it is (512). */
static inline uint32_t tripsage__otlp_flags(const tripsage__record *record)
{
    return 1u | 256u | (record->is_remote_parent ? 512u : 0u);
}

static inline int tripsage__otlp_has_parent(const tripsage__record *record)
{
    static const unsigned char none[8];

    return memcmp(record->parent_id, none, sizeof none) != 0;
}

#endif
