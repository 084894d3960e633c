/* redis/tracking.c: see tracking.h. */
#include "tracking.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "connection.h"
#include "deadline.h"

/* How long it may be silent before it is asked whether it is there: what was written meanwhile is told no later than that and a
 * deadline. */
#define SILENCE_MS 1000

#define CHANNEL "__redis__:invalidate"

struct tripsage__redis_tracking {
    tripsage__env *env;
    tripsage__redis_listener listener;
    tripsage__redis_address address;
    tripsage__tls_trust *trust;
    char *prefix;
    uint32_t deadline_ms, retry_after_ms;
    int wake; /* an eventfd; -1: none */
    pthread_t thread;
    int has_thread;
    _Atomic int stopped;

    /* The thread's own. */
    tripsage__redis_connection *connection;
    tripsage__redis_flight flight; /* what comes next */
    size_t pending;                /* bytes of it so far */
    int is_told;                   /* that it could not stand, in the log */
};

typedef tripsage__redis_tracking tracking;
typedef tripsage__cache_bytes bytes;

static tripsage_status not_understood(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the server's messages are none of client tracking");
}

/* ---- asking for it ---- */

/* One command and its reply. */
static tripsage_status ask(tripsage_cache_reply **out, tracking *t, const bytes *words, size_t count)
{
    tripsage__redis_flight flight = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_ONE);
    tripsage_status status;

    *out = NULL;
    tripsage__redis_put(&flight, words, count);
    TRIPSAGE_TRY(tripsage__redis_exchange(&flight, t->connection, tripsage__monotonic_ms() + t->deadline_ms));
    TRIPSAGE_TRY(tripsage__reply_finish(out, &flight.reply));
    if ((*out)->type == TRIPSAGE_CACHE_ERROR)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the server refuses client tracking: %.*s",
                               (int)strspn((*out)->data, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), (*out)->data);
out:
    tripsage__redis_flight_free(&flight);
    return status;
}

#define WORD TRIPSAGE__REDIS_WORD

static tripsage_status switch_on(tracking *t, int64_t id)
{
    char number[TRIPSAGE__CACHE_INTEGER_MAX + 1];
    bytes words[8] = {WORD("CLIENT"), WORD("TRACKING"), WORD("ON"), WORD("REDIRECT")};
    size_t count = 4;
    tripsage_cache_reply *reply;
    tripsage_status status;

    snprintf(number, sizeof number, "%" PRId64, id);
    words[count++] = (bytes){number, strlen(number)};
    words[count++] = WORD("BCAST");
    if (t->prefix[0]) {
        words[count++] = WORD("PREFIX");
        words[count++] = (bytes){t->prefix, strlen(t->prefix)};
    }
    status = ask(&reply, t, words, count);
    tripsage_cache_reply_free(reply);
    return status;
}

/* What is told goes to a subscriber only, and a subscriber may not ask for it. So its confirmation is the first message. */
static tripsage_status subscribe(tracking *t)
{
    static const char command[] = "SUBSCRIBE " CHANNEL "\r\n";

    return tripsage__redis_stream_send(&t->connection->stream, command, sizeof command - 1,
                                       tripsage__monotonic_ms() + t->deadline_ms);
}

static tripsage_status begin(tracking *t)
{
    const bytes words[] = {WORD("CLIENT"), WORD("ID")};
    tripsage__trouble trouble;
    tripsage_cache_reply *id = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__redis_connect(&t->connection, &trouble, &t->address, t->trust,
                                         tripsage__monotonic_ms() + t->deadline_ms));
    TRIPSAGE_TRY(ask(&id, t, words, 2));
    if (id->type != TRIPSAGE_CACHE_INTEGER) {
        status = not_understood();
        goto out;
    }
    TRIPSAGE_TRY(switch_on(t, id->integer));
    status = subscribe(t);
out:
    tripsage_cache_reply_free(id);
    return status;
}

/* ---- listening ---- */

static int is_word(const tripsage_cache_reply *message, size_t index, const char *word)
{
    const tripsage_cache_reply *item = message->count > index ? &message->items[index] : NULL;

    return item && item->type == TRIPSAGE_CACHE_STRING && strcmp(item->data, word) == 0;
}

/* "subscribe", "pong", or "message" with the keys; nil in their place: all of them. */
static tripsage_status hear(tracking *t, const tripsage_cache_reply *message)
{
    const tripsage_cache_reply *keys;

    if (is_word(message, 0, "subscribe")) {
        t->is_told = 0;
        tripsage__log(t->env, TRIPSAGE_LOG_DEBUG, "cache", "%s tells what is written", t->address.shown);
        t->listener.stands(t->listener.user);
        return TRIPSAGE_OK;
    }
    if (is_word(message, 0, "pong"))
        return TRIPSAGE_OK;
    if (!is_word(message, 0, "message") || !is_word(message, 1, CHANNEL) || message->count != 3)
        return not_understood();
    keys = &message->items[2];
    if (keys->type == TRIPSAGE_CACHE_NIL)
        t->listener.flushed(t->listener.user);
    else if (keys->type != TRIPSAGE_CACHE_ARRAY)
        return not_understood();
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].type == TRIPSAGE_CACHE_STRING)
            t->listener.written(t->listener.user, (bytes){keys->items[i].data, keys->items[i].size});
    return TRIPSAGE_OK;
}

/* Each message that is whole. */
static tripsage_status take(tracking *t, const char *chunk, size_t size)
{
    tripsage_status status;
    size_t done;

    t->pending += size;
    if (t->pending > TRIPSAGE__BUF_DOCUMENT)
        return not_understood();
    do {
        done = 0;
        TRIPSAGE_TRY(tripsage__redis_feed(&t->flight, &done, t->connection, chunk, size));
        size = 0; /* the reader has what is left */
        if (done) {
            tripsage_cache_reply *message;

            t->pending = 0;
            TRIPSAGE_TRY(tripsage__reply_finish(&message, &t->flight.reply));
            status = hear(t, message);
            tripsage_cache_reply_free(message);
        }
    } while (done && status == TRIPSAGE_OK);
out:
    return status;
}

/* Until the connection is lost, or it is to stop. */
static tripsage_status follow(tracking *t)
{
    char chunk[4096];
    int is_asked = 0;
    tripsage_status status = TRIPSAGE_OK;

    while (!atomic_load(&t->stopped)) {
        int64_t until = tripsage__monotonic_ms() + (is_asked ? t->deadline_ms : SILENCE_MS);
        size_t got;

        TRIPSAGE_TRY(tripsage__redis_stream_take(&got, &t->connection->stream, chunk, sizeof chunk, t->wake, until));
        if (got == 0 && is_asked && !atomic_load(&t->stopped))
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "no answer in time");
        is_asked = got == 0;
        if (got)
            TRIPSAGE_TRY(take(t, chunk, got));
        else
            TRIPSAGE_TRY(tripsage__redis_stream_send(&t->connection->stream, "PING\r\n", 6,
                                                     tripsage__monotonic_ms() + t->deadline_ms));
    }
out:
    return status;
}

/* ---- the thread ---- */

static void pause_for(const tracking *t, uint32_t ms)
{
    struct pollfd polled = {t->wake, POLLIN, 0};

    if (!atomic_load(&t->stopped))
        poll(&polled, 1, (int)(ms < INT32_MAX ? ms : INT32_MAX));
}

static void *run(void *argument)
{
    tracking *t = argument;

    while (!atomic_load(&t->stopped)) {
        tripsage_status status = begin(t);

        if (status == TRIPSAGE_OK)
            status = follow(t);
        t->listener.lost(t->listener.user);
        if (status != TRIPSAGE_OK && !t->is_told)
            tripsage__log(t->env, TRIPSAGE_LOG_WARN, "cache",
                          "%s does not tell what is written, so it is asked each time: %s", t->address.shown,
                          tripsage_last_error()->message);
        t->is_told = 1;
        tripsage__redis_disconnect(t->connection);
        t->connection = NULL;
        tripsage__reply_free(&t->flight.reply);
        t->pending = 0;
        pause_for(t, t->retry_after_ms);
    }
    return NULL;
}

void tripsage__redis_tracking_free(tracking *t)
{
    if (!t)
        return;
    atomic_store(&t->stopped, 1);
    if (t->has_thread) {
        (void)eventfd_write(t->wake, 1);
        pthread_join(t->thread, NULL);
    }
    if (t->wake >= 0)
        close(t->wake);
    tripsage__redis_flight_free(&t->flight);
    tripsage__tls_trust_free(t->trust);
    tripsage__redis_address_free(&t->address);
    tripsage__free(t->prefix);
    tripsage__free(t);
}

tripsage_status tripsage__redis_tracking_new(tracking **out, const tripsage_cache_options *options, const char *prefix,
                                             tripsage__redis_listener listener, tripsage__env *env)
{
    static const tripsage__redis_flight next = TRIPSAGE__REDIS_FLIGHT_INIT(TRIPSAGE__CACHE_ONE);
    tracking *t = tripsage__calloc(1, sizeof *t);
    tripsage_status status;

    *out = NULL;
    if (!t)
        return TRIPSAGE_NOMEM();
    t->env = env;
    t->listener = listener;
    t->deadline_ms = options->deadline_ms;
    t->retry_after_ms = options->retry_after_ms;
    t->flight = next;
    t->flight.count = 1;
    t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->prefix = tripsage__strdup(prefix);
    if (!t->prefix) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(tripsage__redis_address_read(&t->address, options->url, options->password));
    if (t->address.tls)
        TRIPSAGE_TRY(tripsage__tls_trust_new(&t->trust, t->address.ca_file));
    t->has_thread = t->wake >= 0 && tripsage__thread_start(&t->thread, 0, run, t) == 0;
    if (!t->has_thread) {
        status = TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "no thread to hear from the cache's server");
        goto out;
    }
    *out = t;
    return TRIPSAGE_OK;
out:
    tripsage__redis_tracking_free(t);
    return status;
}
