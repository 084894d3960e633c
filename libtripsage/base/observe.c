/* observe.c: the spans that a thread is in. */
#include "observe.h"

#include <string.h>

#include "crypto.h"

static _Thread_local tripsage__span *innermost;

const tripsage__span *tripsage__span_current(void)
{
    return innermost;
}

void tripsage__span_enter(tripsage__span *span)
{
    span->outer = innermost;
    span->entered = 1;
    innermost = span;
}

void tripsage__span_leave(tripsage__span *span)
{
    if (span->entered)
        innermost = span->outer;
    span->entered = 0;
}

void tripsage__span_traceparent(char out[TRIPSAGE__TRACEPARENT_SIZE], const tripsage__span *span)
{
    strcpy(out, "00-");
    tripsage__hex(out + 3, span->trace_id, sizeof span->trace_id);
    out[35] = '-';
    tripsage__hex(out + 36, span->id, sizeof span->id);
    strcpy(out + 52, span->sampled ? "-01" : "-00");
}
