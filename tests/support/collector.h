/* support/collector.h: a collector of OpenTelemetry, of the test's own: it takes what is exported to it and keeps it. */
#ifndef TEST_SUPPORT_COLLECTOR_H
#define TEST_SUPPORT_COLLECTOR_H

#include <cJSON.h>
#include <pthread.h>

#include "web.h"

typedef struct test_collector {
    test_web *web;
    pthread_mutex_t lock; /* over what follows */
    int status;           /* of the next answers; 0: 200 */
    int delay_ms;
    char *all; /* every body that came, one behind the other */
    size_t size;
    cJSON *spans; /* of bodies in JSON: an array of them all */
} test_collector;

void test_collector_open(test_collector *collector);
void test_collector_close(test_collector *collector);
/* How the next answers are: `status` 0 is 200. */
void test_collector_answers(test_collector *collector, int status, int delay_ms);

/* "NAME=http://127.0.0.1:port", kept. */
const char *test_collector_variable(const test_collector *collector, const char *name);

/* Waits until a span of this name has come, and gives it; ends the test when none does within ten seconds. Of several the last; `trace_id`
 * NULL: of any trace. It stays until the collector is closed. */
const cJSON *test_collector_span(test_collector *collector, const char *name, const char *trace_id);

/* The same of the span that has this attribute. */
const cJSON *test_collector_span_with(test_collector *collector, const char *key, const char *value);

/* A member's text, or an attribute's: a number's digits; "" when it is not there. */
const char *test_span_text(const cJSON *span, const char *member);
const char *test_span_attribute(const cJSON *span, const char *key);

#endif
