/* telemetry.h: what the server tells of its exchanges (tripsage/telemetry.h): a span and a duration of each, and how many are under way. */
#ifndef SERVER_TELEMETRY_H
#define SERVER_TELEMETRY_H

#include "request.h"

/* As the settings say; *out is NULL where OpenTelemetry is switched off. 0, or the exit status after a sentence on stderr. */
int telemetry_open(tripsage_telemetry **out, const settings *s);

/* The server's own instruments. 0, or the exit status after a sentence on stderr. */
int telemetry_prepare(server *s);

/* When no request is under way, and after what was opened with it. */
void telemetry_close(server *s);

/* Around everything that is done for a request, on its thread. Nothing where there is no telemetry. */
void telemetry_begin(request *r);
void telemetry_end(request *r);

/* ,"trace_id":"...","span_id":"...", where there are such. */
void telemetry_put_ids(buffer *line, const tripsage_trace_ids *ids);

/* Says how many requests are under way now, before somebody reads the metrics: nobody else wants to know, and a request need not count. */
void telemetry_tell_active(server *s);

/* Whether metrics are to be had of this listener. */
int telemetry_is_served(const request *r);

#endif
