/* collector.c: see collector.h. */
#include "collector.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"

static const cJSON *at(const cJSON *value, const char *array)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(value, array), 0);
}

/* Under the lock. */
static void keep_spans(test_collector *c, const test_web_request *r)
{
    cJSON *json = cJSON_ParseWithLength(r->body, r->body_size);
    cJSON *spans = cJSON_GetObjectItem(at(at(json, "resourceSpans"), "scopeSpans"), "spans");

    while (cJSON_GetArraySize(spans))
        cJSON_AddItemToArray(c->spans, cJSON_DetachItemFromArray(spans, 0));
    cJSON_Delete(json);
}

static void keep_bytes(test_collector *c, const test_web_request *r)
{
    char *longer = realloc(c->all, c->size + r->body_size);

    if (!longer)
        exit(EXIT_FAILURE);
    memcpy(longer + c->size, r->body, r->body_size);
    c->all = longer;
    c->size += r->body_size;
}

static void collect(test_web_reply *reply, const test_web_request *r, void *user)
{
    test_collector *c = user;
    int is_json = test_web_header_is(r, "Content-Type", "application/json");

    pthread_mutex_lock(&c->lock);
    reply->status = strcmp(r->method, "POST") != 0 || strcmp(r->target, "/v1/traces") != 0 ? 404 : c->status;
    reply->delay_ms = c->delay_ms;
    reply->body = is_json ? "{\"partialSuccess\":{}}" : "";
    if (is_json)
        keep_spans(c, r);
    keep_bytes(c, r);
    pthread_mutex_unlock(&c->lock);
}

void test_collector_open(test_collector *c)
{
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->spans = cJSON_CreateArray();
    c->web = test_web_open(collect, c, TEST_PEER_PLAIN);
}

void test_collector_answers(test_collector *c, int status, int delay_ms)
{
    pthread_mutex_lock(&c->lock);
    c->status = status;
    c->delay_ms = delay_ms;
    pthread_mutex_unlock(&c->lock);
}

void test_collector_close(test_collector *c)
{
    test_web_close(c->web);
    cJSON_Delete(c->spans);
    free(c->all);
    pthread_mutex_destroy(&c->lock);
}

const char *test_collector_variable(const test_collector *c, const char *name)
{
    return test_format("%s=%s", name, test_web_url(c->web));
}

const char *test_span_text(const cJSON *span, const char *member)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(span, member));

    return text ? text : "";
}

const char *test_span_attribute(const cJSON *span, const char *key)
{
    const cJSON *attribute;

    cJSON_ArrayForEach(attribute, cJSON_GetObjectItem(span, "attributes"))
    {
        const cJSON *value = cJSON_GetObjectItem(attribute, "value");

        if (strcmp(test_span_text(attribute, "key"), key) == 0)
            return cJSON_GetObjectItem(value, "intValue") ? test_span_text(value, "intValue")
                                                          : test_span_text(value, "stringValue");
    }
    return "";
}

/* The last of that name, of that trace and with that attribute; NULL: any. */
typedef struct wanted {
    const char *name, *trace_id, *key, *value;
} wanted;

static int is_wanted(const cJSON *span, const wanted *w)
{
    return (!w->name || strcmp(test_span_text(span, "name"), w->name) == 0) &&
           (!w->trace_id || strcmp(test_span_text(span, "traceId"), w->trace_id) == 0) &&
           (!w->key || strcmp(test_span_attribute(span, w->key), w->value) == 0);
}

static const cJSON *find(test_collector *c, const wanted *w)
{
    const cJSON *span, *found = NULL;

    pthread_mutex_lock(&c->lock);
    cJSON_ArrayForEach(span, c->spans)
    {
        if (is_wanted(span, w))
            found = span;
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}

static const cJSON *await(test_collector *c, const wanted *w)
{
    for (int tries = 0; tries < 1000; tries++) {
        const cJSON *found = find(c, w);

        if (found)
            return found;
        usleep(10000);
    }
    ck_abort_msg("no span \"%s\" has come", w->name ? w->name : w->value);
    return NULL;
}

const cJSON *test_collector_span(test_collector *c, const char *name, const char *trace_id)
{
    return await(c, &(wanted){name, trace_id, NULL, NULL});
}

const cJSON *test_collector_span_with(test_collector *c, const char *key, const char *value)
{
    return await(c, &(wanted){NULL, NULL, key, value});
}
