/* Spans: where they belong, which are exported, what is said of them, and what becomes of them when a collector answers, refuses, is
 * silent or gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/telemetry.h>
#include <zlib.h>

#include "support/failing.h"
#include "support/json.h"
#include "support/threads.h"
#include "support/web.h"
#include "telemetry/otlp.h"
#include "telemetry/telemetry_internal.h"
#include "unit/suite.h"

#define CALLER "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static tripsage_telemetry *telemetry;
static test_web *web;

/* What a collector of the test's own got, on its thread. */
static struct {
    pthread_mutex_t lock;
    char body[1 << 20];
    size_t size;
    int is_gzip, has_token, status, hang_up, delay_ms, failures;
    const char *answer, *headers;
} got = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void collect(test_web_reply *reply, const test_web_request *r, void *user)
{
    (void)user;
    pthread_mutex_lock(&got.lock);
    got.size = r->body_size < sizeof got.body - 1 ? r->body_size : sizeof got.body - 1;
    memcpy(got.body, r->body, got.size);
    got.body[got.size] = '\0';
    got.is_gzip = test_web_header_is(r, "Content-Encoding", "gzip");
    got.has_token = test_web_header_is(r, "Authorization", "Bearer a,b");
    reply->status = got.failures-- > 0 ? 503 : got.status;
    reply->headers = got.headers;
    reply->hang_up = got.hang_up;
    reply->delay_ms = got.delay_ms;
    reply->body = got.answer ? got.answer : "{}";
    pthread_mutex_unlock(&got.lock);
}

static void set_up(void)
{
    test_heap_install();
    memset(&got.size, 0, sizeof got - offsetof(__typeof__(got), size));
    got.status = 200;
    web = test_web_open(collect, NULL, TEST_PEER_PLAIN);
}

static void tear_down(void)
{
    tripsage_telemetry_close(telemetry);
    telemetry = NULL;
    test_web_close(web);
    test_keep_free();
}

static tripsage_telemetry_options options(void)
{
    tripsage_telemetry_options o = TRIPSAGE_TELEMETRY_OPTIONS_INIT;

    o.endpoint = test_format("%s/v1/traces", test_web_url(web));
    o.json = 1;
    return o;
}

static void open_with(const tripsage_telemetry_options *o)
{
    ck_assert_ok(tripsage_telemetry_open(&telemetry, o, NULL));
}

static void open_standard(void)
{
    tripsage_telemetry_options o = options();

    open_with(&o);
}

static void make_span(const tripsage_span_options *how, const char *name)
{
    const tripsage_span_end end = {name, NULL, NULL, 0, 0, 0};
    tripsage_telemetry_span span;

    tripsage_telemetry_span_begin(&span, telemetry, how);
    tripsage_telemetry_span_end(&span, &end);
}

static tripsage_telemetry_stats stats(void)
{
    tripsage_telemetry_stats s;

    tripsage_telemetry_get_stats(&s, telemetry);
    return s;
}

/* ---- trace context ---- */

START_TEST(traceparents)
{
    static const struct {
        const char *text;
        int good, sampled;
    } table[] = {{CALLER, 1, 1},
                 {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", 1, 0},
                 {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", 1, 1},
                 {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 1, 1},
                 {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", 1, 1},
                 {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", 0, 0},
                 {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what", 0, 0},
                 {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 0, 0},
                 {"00-00000000000000000000000000000000-b7ad6b7169203331-01", 0, 0},
                 {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", 0, 0},
                 {"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 0, 0},
                 {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", 0, 0},
                 {"00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-010", 0, 0},
                 {"", 0, 0},
                 {NULL, 0, 0}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__span span;
        int good = tripsage__traceparent_read(&span, table[i].text);

        ck_assert_msg(good == table[i].good, "%s", table[i].text);
        if (good)
            ck_assert_int_eq(span.sampled, table[i].sampled);
    }
    ck_assert_int_eq(tripsage__tracestate_is_sound("a=b,c=d"), 1);
    ck_assert_int_eq(tripsage__tracestate_is_sound("a=b\r\nX: y"), 0);
    ck_assert_int_eq(tripsage__tracestate_is_sound(""), 0);
}
END_TEST

START_TEST(a_span_goes_on_with_the_callers_trace)
{
    const tripsage_span_options caller = {TRIPSAGE_SPAN_SERVER, 1, CALLER, "a=b", 0, 0};
    tripsage_telemetry_span outer, inner;
    const tripsage_span_end end = {"x", NULL, NULL, 0, 0, 0};
    tripsage_trace_ids ids, within;

    open_standard();
    ck_assert_int_eq(tripsage_telemetry_current(&ids), 0);
    tripsage_telemetry_span_begin(&outer, telemetry, &caller);
    ck_assert_int_eq(tripsage_telemetry_current(&ids), 1);
    ck_assert_str_eq(ids.trace_id, "0af7651916cd43dd8448eb211c80319c");
    ck_assert_int_eq(ids.sampled, 1);
    tripsage_telemetry_span_begin(&inner, telemetry, NULL);
    ck_assert_int_eq(tripsage_telemetry_current(&within), 1);
    ck_assert_str_eq(within.trace_id, ids.trace_id);
    ck_assert_str_ne(within.span_id, ids.span_id);
    tripsage_telemetry_span_end(&inner, &end);
    tripsage_telemetry_span_end(&inner, &end); /* twice is fine */
    tripsage_telemetry_current(&within);
    ck_assert_str_eq(within.span_id, ids.span_id);
    tripsage_telemetry_span_end(&outer, &end);
    ck_assert_int_eq(tripsage_telemetry_current(&ids), 0);
    ck_assert_uint_eq(stats().spans, 2);
}
END_TEST

/* ---- sampling ---- */

START_TEST(samplers)
{
    const tripsage_span_options yes = {TRIPSAGE_SPAN_SERVER, 1, CALLER, NULL, 0, 0};
    const tripsage_span_options no = {
        TRIPSAGE_SPAN_SERVER, 1, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", NULL, 0, 0};
    static const struct {
        tripsage_sampler sampler;
        unsigned of_root, of_yes, of_no; /* of one each */
    } table[] = {{TRIPSAGE_SAMPLER_PARENT_ALWAYS_ON, 1, 1, 0},
                 {TRIPSAGE_SAMPLER_PARENT_ALWAYS_OFF, 0, 1, 0},
                 {TRIPSAGE_SAMPLER_ALWAYS_ON, 1, 1, 1},
                 {TRIPSAGE_SAMPLER_ALWAYS_OFF, 0, 0, 0}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage_telemetry_options o = options();

        o.sampler = table[i].sampler;
        open_with(&o);
        make_span(NULL, "root");
        ck_assert_uint_eq(stats().spans, table[i].of_root);
        make_span(&yes, "yes");
        ck_assert_uint_eq(stats().spans, table[i].of_root + table[i].of_yes);
        make_span(&no, "no");
        ck_assert_uint_eq(stats().spans, table[i].of_root + table[i].of_yes + table[i].of_no);
        tripsage_telemetry_close(telemetry);
        telemetry = NULL;
    }
}
END_TEST

START_TEST(a_ratio_is_one)
{
    tripsage_telemetry_options o = options();

    o.sampler = TRIPSAGE_SAMPLER_PARENT_RATIO;
    o.sampler_ratio = 0.25;
    open_with(&o);
    for (int i = 0; i < 20000; i++)
        make_span(NULL, "root");
    ck_assert_uint_gt(stats().spans, 4700); /* five standard deviations */
    ck_assert_uint_lt(stats().spans, 5300);
}
END_TEST

START_TEST(what_is_unseen_hides_what_is_within)
{
    const tripsage_span_options unseen = {.kind = TRIPSAGE_SPAN_SERVER, .is_unseen = 1};
    const tripsage_span_end end = {"x", NULL, NULL, 0, 0, 0};
    tripsage_telemetry_options o = options();
    tripsage_telemetry_span span;

    o.sampler = TRIPSAGE_SAMPLER_ALWAYS_ON;
    open_with(&o);
    tripsage_telemetry_span_begin(&span, telemetry, &unseen);
    ck_assert_int_eq(tripsage_telemetry_span_is_recording(&span), 0);
    make_span(NULL, "within");
    tripsage_telemetry_span_end(&span, &end);
    ck_assert_uint_eq(stats().spans, 0);
}
END_TEST

/* ---- what is sent ---- */

START_TEST(json_has_it_all)
{
    const tripsage_span_options caller = {TRIPSAGE_SPAN_SERVER, 1, CALLER, "a=b", 0, 0};
    const tripsage_span_attribute attributes[] = {
        {"http.request.method", "GET", 0, 0}, {"http.response.status_code", NULL, 500, 0}, {"odd", "\xff\"", 0, 0}};
    const tripsage_span_end end = {"GET /x", "500", attributes, 3, 0, 0};
    tripsage_telemetry_options o = options();
    tripsage_telemetry_span span;

    o.headers = "Authorization=Bearer%20a%2Cb";
    o.resource = "service.name=mine,team=trips%20and%20more";
    open_with(&o);
    tripsage_telemetry_span_begin(&span, telemetry, &caller);
    tripsage_telemetry_span_end(&span, &end);
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    ck_assert_int_eq(got.has_token, 1);
#define IS(pointer, json) ck_assert_pstr_eq(test_json_at(got.body, pointer), json)
    IS("/resourceSpans/0/resource/attributes/0/key", "\"service.name\"");
    IS("/resourceSpans/0/resource/attributes/0/value/stringValue", "\"mine\"");
    IS("/resourceSpans/0/resource/attributes/1/value/stringValue", "\"trips and more\"");
#define SPAN "/resourceSpans/0/scopeSpans/0/spans/0"
    IS(SPAN "/traceId", "\"0af7651916cd43dd8448eb211c80319c\"");
    IS(SPAN "/parentSpanId", "\"b7ad6b7169203331\"");
    IS(SPAN "/traceState", "\"a=b\"");
    IS(SPAN "/name", "\"GET /x\"");
    IS(SPAN "/attributes/0/key", "\"error.type\"");
    IS(SPAN "/attributes/0/value/stringValue", "\"500\"");
    IS(SPAN "/attributes/2/value/intValue", "\"500\"");
    IS(SPAN "/attributes/3/value/stringValue", "\"?\\\"\"");
    IS(SPAN "/kind", "2");
    IS(SPAN "/status/code", "2");
    IS(SPAN "/flags", "769");
    ck_assert_uint_eq(stats().exported, 1);
}
END_TEST

START_TEST(protobuf_comes_compressed)
{
    static unsigned char plain[1 << 20];
    tripsage_telemetry_options o = options();
    z_stream stream = {0};

    o.json = 0;
    o.gzip = 1;
    open_with(&o);
    for (int i = 0; i < 100; i++)
        make_span(NULL, "again and again");
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    ck_assert_int_eq(got.is_gzip, 1);
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (unsigned char *)got.body;
    stream.avail_in = (unsigned)got.size;
    stream.next_out = plain;
    stream.avail_out = sizeof plain;
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_gt(stream.total_out, got.size);
    ck_assert_ptr_nonnull(memmem(plain, stream.total_out, "again and again", 15));
    inflateEnd(&stream);
}
END_TEST

/* ---- protobuf ---- */

typedef struct piece {
    const unsigned char *at, *end;
} piece;

static uint64_t take_varint(piece *from)
{
    uint64_t value = 0;
    unsigned shift = 0;

    do {
        ck_assert(from->at < from->end && shift < 64);
        value |= (uint64_t)(*from->at & 127) << shift;
        shift += 7;
    } while (*from->at++ & 128);
    return value;
}

/* The bytes of the next field that is a message or a text, which has this number; what is before it of other types is passed over. */
static piece take_field(piece *from, unsigned number)
{
    for (;;) {
        uint64_t key = take_varint(from), size = 0;
        piece found;

        switch (key & 7) {
        case 0:
            take_varint(from);
            break;
        case 1:
        case 5:
            size = (key & 7) == 1 ? 8 : 4;
            break;
        default:
            ck_assert_uint_eq(key & 7, 2);
            size = take_varint(from);
        }
        ck_assert_uint_le(size, (uint64_t)(from->end - from->at));
        found = (piece){from->at, from->at + size};
        from->at += size;
        if ((key & 7) == 2) {
            ck_assert_uint_eq(key >> 3, number);
            return found;
        }
    }
}

/* Sizes of spans are written in as many bytes as they take: names of every length around where that changes, which are not copied. */
START_TEST(protobuf_says_how_long_spans_are)
{
    static char names[5][20001];
    static const size_t middles[5] = {0, 70, 200, 16320, 19990};
    tripsage_telemetry_options o = options();
    piece all, spans;

    o.json = 0;
    o.resource = "team=trips";
    open_with(&o);
    for (size_t i = 0; i < 5; i++)
        memset(names[i], 'a' + (int)i, sizeof names[i] - 1);
    for (size_t more = 0; more < 10; more++)
        for (size_t i = 0; i < 5; i++) {
            tripsage_telemetry_span span;
            const tripsage_span_end end = {names[i] + sizeof names[i] - 1 - middles[i] - more, NULL, NULL, 0, 0, 1};

            tripsage_telemetry_span_begin(&span, telemetry, NULL);
            tripsage_telemetry_span_end(&span, &end);
        }
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    all = (piece){(unsigned char *)got.body, (unsigned char *)got.body + got.size};
    spans = take_field(&all, 1); /* resource_spans */
    ck_assert_ptr_eq(all.at, all.end);
    take_field(&spans, 1); /* resource */
    all = spans;
    spans = take_field(&all, 2); /* scope_spans */
    take_field(&all, 3);         /* schema_url */
    ck_assert_ptr_eq(all.at, all.end);
    take_field(&spans, 1); /* scope */
    for (size_t n = 0; n < 50; n++) {
        piece span = take_field(&spans, 2), name;

        take_field(&span, 1); /* trace_id */
        take_field(&span, 2); /* span_id */
        name = take_field(&span, 5);
        ck_assert_uint_eq((size_t)(name.end - name.at), middles[n % 5] + n / 5);
        ck_assert(name.at == name.end || (*name.at == 'a' + (int)(n % 5) && name.end[-1] == *name.at));
    }
    ck_assert_ptr_eq(spans.at, spans.end);
}
END_TEST

START_TEST(whoever_knows_when_says_so)
{
    const int64_t now = tripsage__monotonic_ns();
    const tripsage_span_options how = {.began_ns = now - 5000000000};
    const tripsage_span_end end = {"x", NULL, NULL, 0, now - 3000000000, 0};
    tripsage_telemetry_span span;
    int64_t began, ended;

    open_standard();
    tripsage_telemetry_span_begin(&span, telemetry, &how);
    tripsage_telemetry_span_end(&span, &end);
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    began = strtoll(test_json_at(got.body, SPAN "/startTimeUnixNano") + 1, NULL, 10);
    ended = strtoll(test_json_at(got.body, SPAN "/endTimeUnixNano") + 1, NULL, 10);
    ck_assert_int_eq(ended - began, 2000000000);
    ck_assert_int_lt(began, tripsage__system_ns() - 4000000000);
    ck_assert_int_gt(began, tripsage__system_ns() - 60000000000);
}
END_TEST

START_TEST(constants_are_not_copied)
{
    static char constant[] = "before";
    const tripsage_span_attribute attributes[] = {{"constant", constant, 0, 1}, {"copied", constant, 0, 0}};
    const tripsage_span_end end = {constant, NULL, attributes, 2, 0, 1};
    tripsage_telemetry_span span;

    open_standard();
    tripsage_telemetry_span_begin(&span, telemetry, NULL);
    tripsage_telemetry_span_end(&span, &end);
    strcpy(constant, "after");
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    IS(SPAN "/name", "\"after\"");
    IS(SPAN "/attributes/0/value/stringValue", "\"after\"");
    IS(SPAN "/attributes/1/value/stringValue", "\"before\"");
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
    tripsage_span_attribute attributes[TRIPSAGE_SPAN_ATTRIBUTES_MAX + 4];
    const tripsage_span_end end = {"x", NULL, attributes, TRIPSAGE_SPAN_ATTRIBUTES_MAX + 4, 0, 0};
    tripsage_telemetry_span span;
    char long_text[1000];

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    for (size_t i = 0; i < end.attribute_count; i++)
        attributes[i] = (tripsage_span_attribute){"key", i < 3 ? long_text : NULL, 1, 0};
    open_standard();
    tripsage_telemetry_span_begin(&span, telemetry, NULL);
    tripsage_telemetry_span_end(&span, &end);
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    ck_assert_uint_eq(strlen(test_json_at(got.body, SPAN "/attributes/0/value/stringValue")), 258); /* quotes */
    IS(SPAN "/droppedAttributesCount", "4"); /* one text, and what is past the sixteenth */
}
END_TEST

/* ---- collectors ---- */

START_TEST(a_collector_that_is_busy_is_asked_again)
{
    open_standard();
    got.failures = 2;
    got.headers = "Retry-After: 0\r\n";
    make_span(NULL, "x");
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 10000));
    ck_assert_uint_eq(stats().exported, 1);
    ck_assert_uint_eq(stats().failed, 0);
    ck_assert_int_eq((int)test_web_requests(web), 3);
}
END_TEST

START_TEST(what_is_refused_for_good_is_not_sent_again)
{
    open_standard();
    got.status = 400;
    make_span(NULL, "x");
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    ck_assert_uint_eq(stats().failed, 1);
    ck_assert_int_eq((int)test_web_requests(web), 1);
}
END_TEST

START_TEST(a_part_that_is_refused_is_counted)
{
    open_standard();
    got.answer = "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"too old\"}}";
    for (int i = 0; i < 5; i++)
        make_span(NULL, "x");
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    ck_assert_uint_eq(stats().exported, 3);
    ck_assert_uint_eq(stats().failed, 2);
}
END_TEST

START_TEST(the_answer_may_be_protobuf)
{
    static const char answer[] = "\x0a\x0b\x08\x03\x12\x07too old";
    char why[160];

    ck_assert_int_eq((int)tripsage__otlp_protobuf.rejected(answer, sizeof answer - 1, why), 3);
    ck_assert_str_eq(why, "too old");
    for (size_t size = 0; size < sizeof answer - 1; size++)
        tripsage__otlp_protobuf.rejected(answer, size, why); /* nothing is read past its end */
    ck_assert_int_eq((int)tripsage__otlp_protobuf.rejected("\xff\xff\xff", 3, why), 0);
    ck_assert_int_eq((int)tripsage__otlp_json.rejected("no json", 7, why), 0);
}
END_TEST

static int64_t spend(int spans)
{
    int64_t began = tripsage__monotonic_us();

    for (int i = 0; i < spans; i++)
        make_span(NULL, "x");
    return tripsage__monotonic_us() - began;
}

START_TEST(a_silent_collector_holds_nobody_up)
{
    tripsage_telemetry_options o = options();
    int64_t began, took;

    o.queue_max = 64;
    o.batch_max = 16;
    open_with(&o);
    got.delay_ms = 60000;
    took = spend(10000);
    ck_assert_int_lt(took, 1000000); /* 100 us each, where a wait would be 60 s */
    ck_assert_uint_ge(stats().dropped, 10000 - 64 - 2 * 16);
    ck_assert_uint_eq(stats().spans, 10000);
    began = tripsage__monotonic_ms();
    tripsage_telemetry_close(telemetry);
    telemetry = NULL;
    ck_assert_int_lt(tripsage__monotonic_ms() - began, 6000); /* a second, and what a transfer takes to stop */
}
END_TEST

START_TEST(a_collector_that_is_gone_is_left_alone)
{
    tripsage_telemetry_options o = options();
    long seen;

    o.queue_max = 64;
    o.batch_max = 16;
    o.timeout_ms = 300;
    open_with(&o);
    test_peer_refuse(test_web_peer(web));
    spend(1000);
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 5000));
    seen = (long)stats().batches;
    ck_assert_int_ge(seen, 1);
    spend(1000);
    ck_assert_int_le((long)stats().batches, seen + 1); /* the thread stays away */
    ck_assert_uint_ge(stats().dropped, 1000 - 64);
    ck_assert_uint_eq(stats().exported, 0);
}
END_TEST

START_TEST(a_close_sends_what_waits)
{
    open_standard();
    for (int i = 0; i < 3; i++)
        make_span(NULL, "x");
    tripsage_telemetry_close(telemetry);
    telemetry = NULL;
    ck_assert_int_eq((int)test_web_requests(web), 1);
}
END_TEST

static void make_many(size_t index, void *context)
{
    (void)index;
    (void)context;
    for (int i = 0; i < 2000; i++)
        make_span(NULL, "x");
}

START_TEST(threads_lose_nothing_uncounted)
{
    tripsage_telemetry_options o = options();

    o.json = 0;
    open_with(&o);
    got.answer = ""; /* an ExportTraceServiceResponse without a word */
    test_threads_run(8, make_many, NULL);
    ck_assert_ok(tripsage_telemetry_flush(telemetry, 20000));
    ck_assert_uint_eq(stats().spans, 16000);
    ck_assert_uint_eq(stats().exported + stats().dropped + stats().failed, 16000);
    ck_assert_uint_eq(stats().failed, 0);
}
END_TEST

/* ---- options ---- */

START_TEST(options_that_are_wrong)
{
    tripsage_telemetry_options o = options();
    tripsage_telemetry *t;

#define WRONG(member, value, field)                                                                                    \
    o = options();                                                                                                     \
    o.member = (value);                                                                                                \
    ck_assert_fails(tripsage_telemetry_open(&t, &o, NULL), TRIPSAGE_EINVALID);                                         \
    ck_assert_ptr_null(t);                                                                                             \
    ck_assert_str_eq(tripsage_last_error()->fields[0].pointer, field);
    WRONG(version, 2, "#options")
    WRONG(endpoint, "localhost:4318", "#endpoint")
    WRONG(endpoint, "ftp://localhost", "#endpoint")
    WRONG(headers, "no pair", "#headers")
    WRONG(headers, "a b=c", "#headers")
    WRONG(headers, "a=%0a", "#headers")
    WRONG(headers, "a=%z", "#headers")
    WRONG(resource, "=x", "#resource")
    WRONG(batch_max, 4096, "#batch_max")
    WRONG(queue_max, 100000, "#queue_max")
    WRONG(sampler, (tripsage_sampler)9, "#sampler")
    WRONG(sampler_ratio, 1.5, "#sampler_ratio")
}
END_TEST

START_TEST(without_a_telemetry_nothing_happens)
{
    const tripsage_span_end end = {"x", NULL, NULL, 0, 0, 0};
    tripsage_telemetry_span span;

    tripsage_telemetry_span_begin(&span, NULL, NULL);
    ck_assert_int_eq(tripsage_telemetry_span_is_recording(&span), 0);
    tripsage_telemetry_span_end(&span, &end);
    tripsage_telemetry_close(NULL);
}
END_TEST

SUITE_MAIN_WITH("telemetry/span", set_up, tear_down, traceparents, a_span_goes_on_with_the_callers_trace, samplers,
                a_ratio_is_one, what_is_unseen_hides_what_is_within, json_has_it_all, protobuf_comes_compressed,
                protobuf_says_how_long_spans_are, whoever_knows_when_says_so, constants_are_not_copied,
                more_than_there_is_room_for, a_collector_that_is_busy_is_asked_again,
                what_is_refused_for_good_is_not_sent_again, a_part_that_is_refused_is_counted,
                the_answer_may_be_protobuf, a_silent_collector_holds_nobody_up, a_collector_that_is_gone_is_left_alone,
                a_close_sends_what_waits, threads_lose_nothing_uncounted, options_that_are_wrong,
                without_a_telemetry_nothing_happens)
