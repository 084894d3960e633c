/* crowd.c: see crowd.h. Of a connection that is in no exchange, the kernel knows how long nothing has come, and whether it was ever
 * answered (TCP_INFO, tcp(7)). Those never answered go first: a browser sends its request with the connection. Then, as in nginx, those
 * that rest between two requests, whose clients may not count on them (RFC 9112, 9.3).
 *
 * They are hung up on by ending our side's reading: what has come meanwhile is still read and answered. */
#include "crowd.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "sockets.h"
#include "ticker.h"

/* Who has asked for nothing for so long: a head comes in one piece, or in two that a lost packet and its repetition keep apart. */
#define SILENT_MS 1000
/* And where no thread is left for anybody else: longer than the head's two packets lie apart, and shorter than drops that are to keep a
 * connection alive. */
#define SILENT_FULL_MS 100
/* How often it is looked while there are too many. */
#define LOOK_MS 250

struct crowd {
    crowd_options options;
    ticker *ticker;
};

typedef struct resting {
    int fd;
    unsigned silent_ms;
} resting;

/* One look around. */
typedef struct look {
    const crowd_options *options;
    unsigned char busy[65536 / 8]; /* ports of clients in an exchange; of two with one port both are spared */
    unsigned silent_ms;
    int closed;
    size_t count;
    resting all[256]; /* answered before; more than that wait for the next look */
} look;

static void note_busy(const request *r, void *context)
{
    look *it = context;
    unsigned port = atomic_load_explicit(&r->busy_port, memory_order_relaxed) & 65535;

    it->busy[port / 8] |= (unsigned char)(1 << port % 8);
}

/* Whether it is a client in no exchange, and what is known of it. */
static int is_silent(const look *it, int fd, socket_facts *facts)
{
    return socket_look(fd, facts) && facts->own_port == it->options->port &&
           !(it->busy[facts->peer_port / 8] >> facts->peer_port % 8 & 1) && facts->silent_ms >= it->silent_ms;
}

/* The number of a socket that was closed may be another one's by now: so a second handle holds it while it is looked at once more. */
static void hang_up_on(look *it, int fd)
{
    int held = dup(fd);
    socket_facts facts;

    if (held >= 0 && is_silent(it, held, &facts)) {
        shutdown(held, SHUT_RD);
        it->closed++;
    }
    if (held >= 0)
        close(held);
}

static int look_at(int fd, const void *context)
{
    look *it = (look *)(size_t)context;
    socket_facts facts;

    if (!is_silent(it, fd, &facts))
        return 0;
    if (!facts.has_sent)
        hang_up_on(it, fd);
    else if (it->count < sizeof it->all / sizeof it->all[0])
        it->all[it->count++] = (resting){fd, facts.silent_ms};
    return 0; /* go on to the next */
}

static int longest_first(const void *a, const void *b)
{
    const resting *x = a, *y = b;

    return (x->silent_ms < y->silent_ms) - (x->silent_ms > y->silent_ms);
}

static int too_many(const crowd_options *o)
{
    return atomic_load(o->connections) - o->allowed;
}

static void make_room(const crowd_options *o)
{
    look it = {.options = o};

    it.silent_ms = atomic_load(o->connections) < o->threads ? SILENT_MS : SILENT_FULL_MS;
    pool_each(o->pool, note_busy, &it);
    socket_find(look_at, &it);
    qsort(it.all, it.count, sizeof it.all[0], longest_first);
    for (size_t i = 0; i < it.count && it.closed < too_many(o); i++)
        hang_up_on(&it, it.all[i].fd);
    if (it.closed)
        log_event(TRIPSAGE_LOG_WARN, "crowd", "more than %d clients: hung up on %d that asked for nothing", o->allowed,
                  it.closed);
}

static int look_around(void *context)
{
    const crowd *c = context;

    if (too_many(&c->options) <= 0)
        return TICKER_SLEEPS;
    make_room(&c->options);
    return LOOK_MS;
}

crowd *crowd_start(const crowd_options *options)
{
    crowd *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->options = *options;
    c->ticker = ticker_start(look_around, c);
    if (c->ticker)
        return c;
    free(c);
    return NULL;
}

void crowd_wake(crowd *c)
{
    ticker_wake(c->ticker);
}

void crowd_stop(crowd *c)
{
    if (!c)
        return;
    ticker_stop(c->ticker);
    free(c);
}
