/* store/postgres/together.c: reads that share a round trip.
 *
 * Where the server is near, most of what a small read costs is waking up, on both sides, and sending and receiving by system calls. So
 * only as many pipelines of single reads are under way as there are processors; whoever comes meanwhile waits for the next of them to come
 * back, and whoever brought it takes all who wait along in his next one (flat combining: Hendler, Incze, Shavit and Tzafrir, 2010). Each is
 * asked as its own actor; they share a transaction, not a snapshot.
 *
 * Nobody waits for long: where nothing came back for a while, because a slow statement is in it or the server is far, a read goes
 * alone. So do all of them when the server refuses one. */
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#include "call.h"

/* 32 reads of one record are some 300 us of a server's time: who leads waits no longer for his own. */
#define TOGETHER_MAX 32

/* 1 ms: what a pipeline of near reads takes at most. */
#define PATIENCE_MS 1

/* A read in the queue. */
typedef struct tripsage__pg_guest {
    request *request;
    sem_t wake;
    int leads, done; /* neither, when woken: he goes alone */
    struct tripsage__pg_guest *next;
} guest;

static void join(engine *e, guest *g)
{
    g->next = NULL;
    if (e->first_guest)
        e->last_guest->next = g;
    else
        e->first_guest = g;
    e->last_guest = g;
}

/* 0 when somebody took him already. */
static int leave(engine *e, const guest *g)
{
    guest *before = NULL, *each = e->first_guest;

    while (each && each != g) {
        before = each;
        each = each->next;
    }
    if (!each)
        return 0;
    if (before)
        before->next = g->next;
    else
        e->first_guest = g->next;
    if (e->last_guest == g)
        e->last_guest = before;
    return 1;
}

/* Takes those who wait, as many as go along. */
static guest *take_guests(engine *e)
{
    guest *first = e->first_guest, *last = first;

    for (int i = 2; last && last->next && i < TOGETHER_MAX; i++)
        last = last->next;
    if (last) {
        e->first_guest = last->next;
        last->next = NULL;
    }
    return first;
}

/* Hands the lead to the first who waits, or gives it up. */
static void resign(engine *e)
{
    guest *heir;

    pthread_mutex_lock(&e->together_lock);
    e->together_count++;
    heir = e->first_guest;
    if (heir) {
        e->first_guest = heir->next;
        heir->leads = 1;
    } else {
        e->leaders--;
    }
    pthread_mutex_unlock(&e->together_lock);
    if (heir)
        sem_post(&heir->wake);
}

static tripsage_status lead(const attempt *a, request *own)
{
    engine *e = a->engine;
    guest *guests, *next;
    request *last = own;
    tripsage_status status;
    tripsage_error before;

    pthread_mutex_lock(&e->together_lock);
    guests = take_guests(e);
    pthread_mutex_unlock(&e->together_lock);
    for (guest *g = guests; g; g = g->next)
        last = last->next = g->request;
    last->next = NULL;
    if (guests)
        tripsage__error_save(&before);
    status = tripsage__pg_perform(a, own);
    resign(e);
    own->next = NULL;
    for (guest *g = guests; g; g = next) {
        next = g->next; /* the guest is on his thread's stack: gone once he is woken */
        g->request->next = NULL;
        g->done = status == TRIPSAGE_OK;
        sem_post(&g->wake);
    }
    if (guests && status != TRIPSAGE_OK) { /* whose failure it is will be seen */
        tripsage__error_restore(&before);
        status = tripsage__pg_perform(a, own);
    }
    return status;
}

/* Waits until he is served, leads, or has lost patience. */
static void wait_for_turn(engine *e, guest *g, uint64_t seen)
{
    for (;;) {
        struct timespec until;
        int left = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PATIENCE_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        if (sem_clockwait(&g->wake, CLOCK_MONOTONIC, &until) == 0)
            return;
        if (errno != ETIMEDOUT)
            continue;
        pthread_mutex_lock(&e->together_lock);
        if (e->together_count == seen)
            left = leave(e, g);
        seen = e->together_count;
        pthread_mutex_unlock(&e->together_lock);
        if (left)
            return;
    }
}

tripsage_status tripsage__pg_read_together(const attempt *a, request *r)
{
    engine *e = a->engine;
    guest g = {.request = r};
    uint64_t seen;
    int waits;

    pthread_mutex_lock(&e->together_lock);
    seen = e->together_count;
    g.leads = e->leaders < e->leaders_max;
    if (g.leads) {
        e->leaders++;
    } else {
        sem_init(&g.wake, 0, 0);
        join(e, &g);
    }
    waits = !g.leads; /* the lead may be handed over from now on */
    pthread_mutex_unlock(&e->together_lock);
    if (waits) {
        wait_for_turn(e, &g, seen);
        sem_destroy(&g.wake);
    }
    if (g.done)
        return TRIPSAGE_OK;
    return g.leads ? lead(a, r) : tripsage__pg_perform(a, r);
}
