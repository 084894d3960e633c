/* pubsub.c: see pubsub.h; and the commands PUBLISH and PUBSUB.
 *
 * Locks: the hub's is around the list of subscriptions, a subscription's own around its queue. A publisher takes the first and within it
 * the second; a subscriber who waits for messages takes the second alone. */
#include "pubsub.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "table.h"

typedef tripsage__cache_bytes bytes;

/* What was published, shared by the queues it is in. */
typedef struct message {
    atomic_size_t holders;
    size_t channel_size, payload_size;
    char bytes[]; /* the channel, the payload */
} message;

typedef struct waiting {
    struct waiting *next;
    message *what;
    const bytes *pattern; /* of the subscription; NULL: for a channel */
} waiting;

typedef struct subscription {
    tripsage_cache_subscription calls;
    tripsage__pubsub *hub;
    struct subscription *next, *previous;
    size_t channel_count, pattern_count;
    bytes *topics; /* the channels, the patterns; their bytes stand behind them */

    pthread_mutex_t lock;
    pthread_cond_t came;
    waiting *first, *last;
    size_t backlog;          /* bytes that wait */
    tripsage_status dropped; /* why; TRIPSAGE_OK: it is not */
    waiting *handed_out;
} subscription;

struct tripsage__pubsub {
    pthread_mutex_t lock;
    subscription *subscriptions;
};

/* ---- the hub ---- */

tripsage__pubsub *tripsage__pubsub_new(void)
{
    tripsage__pubsub *hub = tripsage__calloc(1, sizeof *hub);

    if (hub && pthread_mutex_init(&hub->lock, NULL) != 0) {
        tripsage__free(hub);
        return NULL;
    }
    return hub;
}

void tripsage__pubsub_free(tripsage__pubsub *hub)
{
    if (!hub)
        return;
    pthread_mutex_destroy(&hub->lock);
    tripsage__free(hub);
}

/* ---- messages ---- */

static message *message_new(bytes channel, bytes payload)
{
    message *made = tripsage__malloc(sizeof *made + channel.size + payload.size);

    if (!made)
        return NULL;
    atomic_init(&made->holders, 1);
    made->channel_size = channel.size;
    made->payload_size = payload.size;
    if (channel.size)
        memcpy(made->bytes, channel.data, channel.size);
    if (payload.size)
        memcpy(made->bytes + channel.size, payload.data, payload.size);
    return made;
}

static void message_drop(message *what)
{
    if (atomic_fetch_sub_explicit(&what->holders, 1, memory_order_acq_rel) == 1)
        tripsage__free(what);
}

static size_t cost_of(const message *what)
{
    return sizeof(waiting) + sizeof *what + what->channel_size + what->payload_size;
}

static void waiting_free(waiting *w)
{
    if (!w)
        return;
    message_drop(w->what);
    tripsage__free(w);
}

/* Under the subscription's lock. */
static void forget_all(subscription *s)
{
    while (s->first) {
        waiting *next = s->first->next;

        waiting_free(s->first);
        s->first = next;
    }
    s->last = NULL;
    s->backlog = 0;
}

/* Under the subscription's lock. */
static void drop_subscriber(subscription *s, tripsage_status why)
{
    forget_all(s);
    s->dropped = why;
    pthread_cond_signal(&s->came);
}

/* 1 when it is in the queue. */
static int deliver(subscription *s, message *what, const bytes *pattern)
{
    waiting *w = tripsage__malloc(sizeof *w);
    int delivered = 0;

    pthread_mutex_lock(&s->lock);
    if (s->dropped) {
        /* nobody is there any more */
    } else if (!w) {
        drop_subscriber(s, TRIPSAGE_ENOMEM);
    } else if (s->backlog + cost_of(what) > TRIPSAGE_CACHE_BACKLOG_MAX && s->first) { /* a single one always fits */
        drop_subscriber(s, TRIPSAGE_EBUSY);
    } else {
        atomic_fetch_add_explicit(&what->holders, 1, memory_order_relaxed);
        *w = (waiting){NULL, what, pattern};
        if (s->last)
            s->last->next = w;
        else
            s->first = w;
        s->last = w;
        s->backlog += cost_of(what);
        pthread_cond_signal(&s->came);
        delivered = 1;
    }
    pthread_mutex_unlock(&s->lock);
    if (!delivered)
        tripsage__free(w);
    return delivered;
}

/* ---- subscriptions ---- */

static const bytes *channels_of(const subscription *s)
{
    return s->topics;
}

static const bytes *patterns_of(const subscription *s)
{
    return s->topics + s->channel_count;
}

static int is_equal(bytes a, bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static size_t size_of(const bytes *names, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += sizeof *names + names[i].size;
    return size;
}

/* Those that are not among the ones before them: who subscribes twice gets a message once. */
static size_t copy_names(bytes *to, char **space, const bytes *names, size_t count)
{
    size_t copied = 0;

    for (size_t i = 0; i < count; i++) {
        size_t same = 0;

        while (same < copied && !is_equal(to[same], names[i]))
            same++;
        if (same < copied)
            continue;
        memcpy(*space, names[i].data, names[i].size);
        to[copied++] = (bytes){*space, names[i].size};
        *space += names[i].size;
    }
    return copied;
}

static subscription *subscription_new(const tripsage_cache_topics *topics)
{
    subscription *s = tripsage__calloc(1, sizeof *s);
    size_t size = size_of(topics->channels, topics->channel_count) + size_of(topics->patterns, topics->pattern_count);
    char *space;

    if (!s)
        return NULL;
    s->topics = tripsage__malloc(size);
    if (!s->topics) {
        tripsage__free(s);
        return NULL;
    }
    space = (char *)(s->topics + topics->channel_count + topics->pattern_count);
    s->channel_count = copy_names(s->topics, &space, topics->channels, topics->channel_count);
    s->pattern_count = copy_names(s->topics + s->channel_count, &space, topics->patterns, topics->pattern_count);
    return s;
}

static void subscription_free(subscription *s)
{
    tripsage__free(s->topics);
    tripsage__free(s);
}

static void close_subscription(tripsage_cache_subscription *given)
{
    subscription *s = (subscription *)given;

    pthread_mutex_lock(&s->hub->lock);
    if (s->next)
        s->next->previous = s->previous;
    if (s->previous)
        s->previous->next = s->next;
    else
        s->hub->subscriptions = s->next;
    pthread_mutex_unlock(&s->hub->lock);
    forget_all(s); /* no publisher knows it any more */
    waiting_free(s->handed_out);
    pthread_cond_destroy(&s->came);
    pthread_mutex_destroy(&s->lock);
    subscription_free(s);
}

/* Takes the first of the queue, waiting for one; NULL: there is none, or there will be none. */
static waiting *take(subscription *s, uint32_t timeout_ms, tripsage_status *dropped)
{
    int64_t deadline = tripsage__monotonic_ms() + timeout_ms;
    const struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
    waiting *w;
    int late = 0;

    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->dropped && !late)
        late = pthread_cond_clockwait(&s->came, &s->lock, CLOCK_MONOTONIC, &until) != 0;
    w = s->first;
    if (w) {
        s->first = w->next;
        if (!s->first)
            s->last = NULL;
        s->backlog -= cost_of(w->what);
    }
    *dropped = s->dropped;
    pthread_mutex_unlock(&s->lock);
    return w;
}

static tripsage_status next_message(tripsage_cache_message *out, tripsage_cache_subscription *given,
                                    uint32_t timeout_ms)
{
    subscription *s = (subscription *)given;
    tripsage_status dropped;
    const message *what;

    waiting_free(s->handed_out);
    s->handed_out = take(s, timeout_ms, &dropped);
    if (dropped == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    if (dropped != TRIPSAGE_OK)
        return TRIPSAGE_FAIL(dropped, "this subscriber took its messages too slowly");
    if (!s->handed_out)
        return tripsage__cache_no_message();
    what = s->handed_out->what;
    if (s->handed_out->pattern)
        out->pattern = *s->handed_out->pattern;
    out->channel = (bytes){what->bytes, what->channel_size};
    out->payload = (bytes){what->bytes + what->channel_size, what->payload_size};
    return TRIPSAGE_OK;
}

tripsage_status tripsage__pubsub_subscribe(tripsage_cache_subscription **out, tripsage__pubsub *hub,
                                           const tripsage_cache_topics *topics)
{
    subscription *s = subscription_new(topics);

    if (!s)
        return TRIPSAGE_NOMEM();
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        subscription_free(s);
        return TRIPSAGE_NOMEM();
    }
    if (pthread_cond_init(&s->came, NULL) != 0) {
        pthread_mutex_destroy(&s->lock);
        subscription_free(s);
        return TRIPSAGE_NOMEM();
    }
    s->calls = (tripsage_cache_subscription){next_message, close_subscription};
    s->hub = hub;
    pthread_mutex_lock(&hub->lock);
    s->next = hub->subscriptions;
    if (s->next)
        s->next->previous = s;
    hub->subscriptions = s;
    pthread_mutex_unlock(&hub->lock);
    *out = &s->calls;
    return TRIPSAGE_OK;
}

/* ---- commands ---- */

static int64_t send_to_all(tripsage__pubsub *hub, message *what, bytes channel)
{
    int64_t received = 0;

    pthread_mutex_lock(&hub->lock);
    for (subscription *s = hub->subscriptions; s; s = s->next) {
        for (size_t i = 0; i < s->channel_count; i++)
            if (is_equal(channels_of(s)[i], channel))
                received += deliver(s, what, NULL);
        for (size_t i = 0; i < s->pattern_count; i++)
            if (tripsage__command_matches(patterns_of(s)[i], channel))
                received += deliver(s, what, &patterns_of(s)[i]);
    }
    pthread_mutex_unlock(&hub->lock);
    return received;
}

static void publish(tripsage__command *c)
{
    message *what = message_new(c->args[1], c->args[2]);

    if (!what) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    tripsage__reply_integer(c->reply, send_to_all(tripsage__commands_pubsub(c->commands), what, c->args[1]));
    message_drop(what);
}

/* Whether a subscription before this one in the list has the channel. */
static int is_listed(const tripsage__pubsub *hub, const subscription *until, bytes channel)
{
    for (const subscription *s = hub->subscriptions; s != until; s = s->next)
        for (size_t i = 0; i < s->channel_count; i++)
            if (is_equal(channels_of(s)[i], channel))
                return 1;
    return 0;
}

static void list_channels(tripsage__command *c, const tripsage__pubsub *hub)
{
    size_t begun = tripsage__reply_begin(c->reply);

    for (const subscription *s = hub->subscriptions; s; s = s->next)
        for (size_t i = 0; i < s->channel_count; i++) {
            bytes channel = channels_of(s)[i];

            if ((c->count < 3 || tripsage__command_matches(c->args[2], channel)) && !is_listed(hub, s, channel))
                tripsage__reply_bytes(c->reply, channel.data, channel.size);
        }
    tripsage__reply_end(c->reply, begun);
}

static int64_t count_subscribers(const tripsage__pubsub *hub, bytes channel)
{
    int64_t count = 0;

    for (const subscription *s = hub->subscriptions; s; s = s->next)
        for (size_t i = 0; i < s->channel_count; i++)
            count += is_equal(channels_of(s)[i], channel);
    return count;
}

static void number_subscribers(tripsage__command *c, const tripsage__pubsub *hub)
{
    tripsage__reply_array(c->reply, 2 * (c->count - 2));
    for (size_t i = 2; i < c->count; i++) {
        tripsage__reply_bytes(c->reply, c->args[i].data, c->args[i].size);
        tripsage__reply_integer(c->reply, count_subscribers(hub, c->args[i]));
    }
}

/* Of different ones. */
static int64_t count_patterns(const tripsage__pubsub *hub)
{
    int64_t count = 0;

    for (const subscription *s = hub->subscriptions; s; s = s->next)
        for (size_t i = 0; i < s->pattern_count; i++) {
            int seen = 0;

            for (const subscription *before = hub->subscriptions; before != s && !seen; before = before->next)
                for (size_t j = 0; j < before->pattern_count && !seen; j++)
                    seen = is_equal(patterns_of(before)[j], patterns_of(s)[i]);
            count += !seen;
        }
    return count;
}

/* Carries out a subcommand if there is one of this name that takes so many arguments. */
static int ask(tripsage__command *c, const tripsage__pubsub *hub)
{
    if (tripsage__command_is(c->args[1], "CHANNELS") && c->count <= 3)
        list_channels(c, hub);
    else if (tripsage__command_is(c->args[1], "NUMSUB"))
        number_subscribers(c, hub);
    else if (tripsage__command_is(c->args[1], "NUMPAT") && c->count == 2)
        tripsage__reply_integer(c->reply, count_patterns(hub));
    else
        return 0;
    return 1;
}

static void pubsub(tripsage__command *c)
{
    tripsage__pubsub *hub = tripsage__commands_pubsub(c->commands);
    int done;

    pthread_mutex_lock(&hub->lock);
    done = ask(c, hub);
    pthread_mutex_unlock(&hub->lock);
    if (done)
        return;
    if (tripsage__command_is(c->args[1], "CHANNELS"))
        tripsage__reply_error(c->reply, "ERR wrong number of arguments for 'pubsub|channels' command");
    else if (tripsage__command_is(c->args[1], "NUMPAT"))
        tripsage__reply_error(c->reply, "ERR wrong number of arguments for 'pubsub|numpat' command");
    else
        tripsage__reply_error(c->reply, "ERR unknown subcommand '%.*s'. Try PUBSUB HELP.",
                              c->args[1].size < 128 ? (int)c->args[1].size : 128, (const char *)c->args[1].data);
}

const tripsage__command_spec tripsage__commands_pubsub_family[] = {
    {"PUBLISH", publish, 3, TRIPSAGE__COMMAND_WRITES, 0, 0, 0, 0},
    {"PUBSUB", pubsub, -2, 0, 0, 0, 0, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
