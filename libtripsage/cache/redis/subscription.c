/* redis/subscription.c: see subscription.h.
 *
 * A connection that is subscribed takes no other commands but PING, and answers as it publishes: an array that begins with a word. While
 * the server confirms one channel, messages to another may come already, and are kept. */
#include "subscription.h"

#include <string.h>

#include "base/memory.h"

/* What is read at once. */
#define CHUNK (16u * 1024)

/* A server that says nothing may have nothing to say, or may be gone without a word: it is asked after as long a silence. */
#define SILENCE_MS 10000

/* In the place of a descriptor. */
#define NOTHING_WAKES (-1)

typedef struct subscription {
    tripsage_cache_subscription calls;
    tripsage__redis_connection *connection;
    tripsage__redis_flight flight; /* what comes next */
    size_t pending;                /* bytes of it so far */
    uint32_t deadline_ms;
    int64_t heard_ms, asked_ms;   /* when something came last; when it was asked since then, 0: it was not */
    tripsage_cache_reply **early; /* messages that came before all was confirmed */
    size_t early_count, early_next;
    tripsage_cache_reply *handed_out;
    tripsage_status over; /* TRIPSAGE_OK: it is not */
} subscription;

static void close_subscription(tripsage_cache_subscription *given)
{
    subscription *s = (subscription *)given;

    while (s->early_next < s->early_count)
        tripsage_cache_reply_free(s->early[s->early_next++]);
    tripsage__free(s->early);
    tripsage_cache_reply_free(s->handed_out); /* NULL is fine */
    tripsage__redis_flight_free(&s->flight);
    tripsage__redis_disconnect(s->connection);
    tripsage__free(s);
}

/* ---- what comes ---- */

static int begins_with(const tripsage_cache_reply *reply, const char *word, size_t count)
{
    return reply->type == TRIPSAGE_CACHE_ARRAY && reply->count == count &&
           reply->items[0].type == TRIPSAGE_CACHE_STRING && strcmp(reply->items[0].data, word) == 0;
}

static int is_message(const tripsage_cache_reply *reply)
{
    size_t strings = 0;

    if (!begins_with(reply, "message", 3) && !begins_with(reply, "pmessage", 4))
        return 0;
    while (strings < reply->count && reply->items[strings].type == TRIPSAGE_CACHE_STRING)
        strings++;
    return strings == reply->count;
}

static int is_confirmation(const tripsage_cache_reply *reply)
{
    return begins_with(reply, "subscribe", 3) || begins_with(reply, "psubscribe", 3);
}

static tripsage_status not_understood(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server sends what is no message");
}

/* By its code alone: the sentence behind it may quote what was sent. */
static tripsage_status refused(const tripsage_cache_reply *error)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %.*s",
                         (int)strspn(error->data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), error->data);
}

/* The next that has come whole; NULL: none by the deadline. What is there already is looked at in any case, but once: there may be no end
 * of it. */
static tripsage_status receive(tripsage_cache_reply **out, subscription *s, int64_t deadline)
{
    char chunk[CHUNK];
    size_t got = 0, done = 0;
    tripsage_status status;

    *out = NULL;
    for (;;) {
        TRIPSAGE_TRY(
            tripsage__redis_feed(&s->flight, &done, s->connection, chunk, got)); /* the reader has what is left */
        if (done || (got && tripsage__monotonic_ms() >= deadline))
            break;
        TRIPSAGE_TRY(
            tripsage__redis_stream_take(&got, &s->connection->stream, chunk, sizeof chunk, NOTHING_WAKES, deadline));
        s->pending += got;
        if (s->pending > TRIPSAGE__BUF_DOCUMENT)
            return not_understood();
        if (!got)
            break;
    }
    if (done) {
        s->pending = 0;
        status = tripsage__reply_finish(out, &s->flight.reply);
    }
out:
    return status;
}

/* ---- subscribing ---- */

static tripsage_status keep_early(subscription *s, tripsage_cache_reply *reply)
{
    tripsage_cache_reply **grown = tripsage__realloc(s->early, (s->early_count + 1) * sizeof *grown);

    if (!grown) {
        tripsage_cache_reply_free(reply);
        return TRIPSAGE_NOMEM();
    }
    s->early = grown;
    s->early[s->early_count++] = reply;
    return TRIPSAGE_OK;
}

static tripsage_status await_confirmations(subscription *s, size_t count, int64_t deadline)
{
    tripsage_cache_reply *reply;
    tripsage_status status = TRIPSAGE_OK;

    while (count > 0) {
        TRIPSAGE_TRY(receive(&reply, s, deadline));
        if (!reply)
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "no answer in time");
        if (is_message(reply)) {
            TRIPSAGE_TRY(keep_early(s, reply));
            continue;
        }
        if (reply->type == TRIPSAGE_CACHE_ERROR)
            status = refused(reply);
        else if (!is_confirmation(reply))
            status = not_understood();
        tripsage_cache_reply_free(reply);
        if (status != TRIPSAGE_OK)
            return status;
        count--;
    }
out:
    return status;
}

static void put_topics(tripsage__redis_flight *flight, const tripsage_cache_topics *topics)
{
    for (size_t i = 0; i < topics->channel_count; i++)
        TRIPSAGE__REDIS_PUT(flight, TRIPSAGE__REDIS_WORD("SUBSCRIBE"), topics->channels[i]);
    for (size_t i = 0; i < topics->pattern_count; i++)
        TRIPSAGE__REDIS_PUT(flight, TRIPSAGE__REDIS_WORD("PSUBSCRIBE"), topics->patterns[i]);
}

static tripsage_status send_flight(subscription *s, const tripsage__redis_flight *flight, int64_t deadline)
{
    tripsage_status status = tripsage__buf_status(&flight->commands);

    return status == TRIPSAGE_OK ? tripsage__redis_stream_send(&s->connection->stream, flight->commands.data,
                                                               flight->commands.size, deadline)
                                 : status;
}

static tripsage_status begin(subscription *s, tripsage__redis_pool *pool, const tripsage_cache_topics *topics)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_PIPELINE);
    int64_t deadline = tripsage__monotonic_ms() + s->deadline_ms;
    tripsage_status status;

    put_topics(&flight, topics);
    TRIPSAGE_TRY(tripsage__redis_pool_connect(&s->connection, pool, deadline));
    TRIPSAGE_TRY(send_flight(s, &flight, deadline));
    status = await_confirmations(s, flight.count, deadline);
    s->heard_ms = tripsage__monotonic_ms();
out:
    tripsage__redis_flight_free(&flight);
    return status;
}

/* ---- listening ---- */

static tripsage_status ask_for_life(subscription *s, int64_t now)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_PIPELINE);
    tripsage_status status;

    TRIPSAGE__REDIS_PUT(&flight, TRIPSAGE__REDIS_WORD("PING"));
    s->asked_ms = now;
    status = send_flight(s, &flight, now + s->deadline_ms);
    tripsage__redis_flight_free(&flight);
    return status;
}

/* After a silence. */
static tripsage_status look_for_life(subscription *s)
{
    int64_t now = tripsage__monotonic_ms();

    if (!s->asked_ms)
        return now - s->heard_ms >= SILENCE_MS ? ask_for_life(s, now) : TRIPSAGE_OK;
    if (now - s->asked_ms < s->deadline_ms)
        return TRIPSAGE_OK;
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server does not answer");
}

/* Until when to wait for a message before the server's life is looked after. */
static int64_t patience(const subscription *s, int64_t deadline)
{
    int64_t look = s->asked_ms ? s->asked_ms + s->deadline_ms : s->heard_ms + SILENCE_MS;

    return look < deadline ? look : deadline;
}

/* The next message, NULL: none by the deadline. */
static tripsage_status listen_until(tripsage_cache_reply **out, subscription *s, int64_t deadline)
{
    tripsage_status status = TRIPSAGE_OK;

    do {
        TRIPSAGE_TRY(receive(out, s, patience(s, deadline)));
        if (!*out) {
            TRIPSAGE_TRY(look_for_life(s));
            continue;
        }
        s->heard_ms = tripsage__monotonic_ms();
        s->asked_ms = 0;
        if (is_message(*out))
            break;
        if (!begins_with(*out, "pong", 2))
            status = not_understood();
        tripsage_cache_reply_free(*out);
        *out = NULL;
    } while (status == TRIPSAGE_OK && tripsage__monotonic_ms() < deadline);
out:
    return status;
}

static tripsage_cache_argument text_of(const tripsage_cache_reply *reply)
{
    return (tripsage_cache_argument){reply->data, reply->size};
}

static tripsage_status next_message(tripsage_cache_message *out, tripsage_cache_subscription *given,
                                    uint32_t timeout_ms)
{
    subscription *s = (subscription *)given;
    tripsage_cache_reply *reply = NULL;

    tripsage_cache_reply_free(s->handed_out);
    s->handed_out = NULL;
    if (s->early_next < s->early_count)
        reply = s->early[s->early_next++];
    else if (s->over == TRIPSAGE_OK)
        s->over = listen_until(&reply, s, tripsage__monotonic_ms() + timeout_ms);
    if (s->over == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    if (s->over != TRIPSAGE_OK)
        return TRIPSAGE_FAIL(s->over, "the connection to the cache's server was lost");
    if (!reply)
        return tripsage__cache_no_message();
    s->handed_out = reply;
    if (reply->count == 4)
        out->pattern = text_of(&reply->items[1]);
    out->channel = text_of(&reply->items[reply->count - 2]);
    out->payload = text_of(&reply->items[reply->count - 1]);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__redis_subscribe(tripsage_cache_subscription **out, tripsage__redis_pool *pool,
                                          const tripsage_cache_topics *topics)
{
    static const tripsage__redis_flight next = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_ONE);
    subscription *s = tripsage__calloc(1, sizeof *s);
    tripsage_status status;

    if (!s)
        return TRIPSAGE_NOMEM();
    s->calls = (tripsage_cache_subscription){next_message, close_subscription};
    s->flight = next;
    s->flight.count = 1;
    s->deadline_ms = tripsage__redis_pool_deadline_ms(pool);
    status = begin(s, pool, topics);
    if (status == TRIPSAGE_OK)
        *out = &s->calls;
    else
        close_subscription(&s->calls);
    return status;
}
