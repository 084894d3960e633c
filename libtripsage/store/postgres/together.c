/* store/postgres/together.c: reads that share a round trip.
 *
 * Where the server is near, most of what a small read costs is waking up, on both sides, and sending and receiving by system calls. So
 * only one pipeline of single reads more is under way than there are processors; whoever comes meanwhile waits for the next of them to come
 * back, and whoever brought it takes all who wait along in his next one (flat combining: Hendler, Incze, Shavit and Tzafrir, 2010). Each is
 * asked as its own actor; they share a transaction, not a snapshot.
 *
 * Nobody waits for long: where reads take long there may be as many pipelines as connections, and where nothing came back for a while,
 * because a slow statement is in each of them, there is one more. When the server refuses one of them, all go alone. */
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "call.h"

/* PostgreSQL hands its answers over 8 KiB at a time, and each time who waits for them is woken: that is a handful of records. */
#define TOGETHER_NEAR 6

/* 32 reads of one record are some 300 us of a server's time: who leads waits no longer for his own. */
#define TOGETHER_FAR 32

/* 300 us: less than any network but the one inside of a machine, and more than a small read takes within it. */
#define FAR_US 300

/* 1 ms: what a pipeline of near reads takes at most. Who comes when none has come back for so long takes all who wait along at once. */
#define STUCK_MS 1

/* 10 ms: when nobody comes, the first who waits looks for himself. */
#define PATIENCE_MS 10

/* What becomes of a read. Who decides it writes it before he wakes the guest, and does not touch the guest after that. */
enum { WAITS, LEADS, SERVED, ALONE };

/* A read in the queue. */
typedef struct tripsage__pg_guest {
    request *request;
    sem_t wake;
    atomic_int fate;
    struct tripsage__pg_guest *next;
} guest;

static void join(engine *e, guest *g)
{
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

static int is_far(const engine *e)
{
    return e->read_us > FAR_US;
}

/* Takes those who wait, as many as go along. */
static guest *take_guests(engine *e)
{
    guest *first = e->first_guest, *last = first;
    int most = is_far(e) ? TOGETHER_FAR : TOGETHER_NEAR;

    for (int i = 2; last && last->next && i < most; i++)
        last = last->next;
    if (last) {
        e->first_guest = last->next;
        last->next = NULL;
    }
    return first;
}

/* How many pipelines there may be. Where a read takes long, for the way or for what it asks, none should wait for another's; else one more than
 * can be worked on, so that none waits for who takes the last one's answers apart. */
static uint32_t leaders_max(const engine *e)
{
    return is_far(e) ? e->pool_size : e->processors + 1;
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static guest *set_out(engine *e)
{
    guest *guests;

    pthread_mutex_lock(&e->together_lock);
    guests = take_guests(e);
    pthread_mutex_unlock(&e->together_lock);
    return guests;
}

/* Hands the lead to the first who waits, or gives it up. `us`: what each read of the pipeline took. */
static void resign(engine *e, int64_t us)
{
    guest *heir = NULL;

    pthread_mutex_lock(&e->together_lock);
    e->together_count++;
    e->together_at = tripsage__monotonic_ms();
    e->read_us = us < e->read_us ? us : e->read_us + (us - e->read_us) / 256;
    if (e->first_guest && e->leaders <= leaders_max(e)) {
        heir = e->first_guest;
        e->first_guest = heir->next;
        atomic_store(&heir->fate, LEADS);
    } else {
        e->leaders--;
    }
    pthread_mutex_unlock(&e->together_lock);
    if (heir)
        sem_post(&heir->wake);
}

/* The requests of the guests one behind the other. */
static request *requests_of(guest *guests)
{
    for (guest *g = guests; g; g = g->next)
        g->request->next = g->next ? g->next->request : NULL;
    return guests ? guests->request : NULL;
}

static void wake(guest *guests, int fate)
{
    for (guest *g = guests, *next; g; g = next) {
        next = g->next; /* the guest is on his thread's stack: gone once he is woken */
        g->request->next = NULL;
        atomic_store(&g->fate, fate);
        sem_post(&g->wake);
    }
}

static tripsage_status lead(const attempt *a, request *own)
{
    guest *guests = set_out(a->engine);
    int64_t began = now_us(), took, count = 0;
    tripsage_error before;
    tripsage_status status;

    if (guests)
        tripsage__error_save(&before);
    own->next = requests_of(guests);
    status = tripsage__pg_perform(a, own);
    for (request *r = own; r; r = r->next)
        count++;
    own->next = NULL;
    took = (now_us() - began) / count;
    wake(guests, status == TRIPSAGE_OK ? SERVED : ALONE); /* first: what they ask next goes along at once */
    resign(a->engine, took);
    if (!guests || status == TRIPSAGE_OK)
        return status;
    tripsage__error_restore(&before); /* whose failure it is will be seen */
    return tripsage__pg_perform(a, own);
}

/* Takes the lead when nothing came back since `seen`, past those that are stuck; else notes what has come back. 0: he will be woken. */
static int take_lead(engine *e, const guest *g, uint64_t *seen)
{
    int takes;

    pthread_mutex_lock(&e->together_lock);
    takes = e->together_count == *seen && leave(e, g);
    e->leaders += (uint32_t)takes;
    *seen = e->together_count;
    pthread_mutex_unlock(&e->together_lock);
    return takes;
}

/* Gives what becomes of him. Only who watches does so by a timer, which costs as much as a good part of a read. */
static int wait_for_turn(engine *e, guest *g, uint64_t seen, int watches)
{
    int woken = 0;

    while (!woken) {
        struct timespec until;

        /* The clock that may be set, since sem_timedwait() has no other: who waits longer for that is served by the next pipeline. */
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PATIENCE_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        woken = (watches ? sem_timedwait(&g->wake, &until) : sem_wait(&g->wake)) == 0;
        if (!woken && errno == ETIMEDOUT && take_lead(e, g, &seen))
            return LEADS;
    }
    return atomic_load(&g->fate);
}

tripsage_status tripsage__pg_read_together(const attempt *a, request *r)
{
    engine *e = a->engine;
    guest g = {.request = r};
    uint64_t seen;
    int leads, watches = 0, fate;

    pthread_mutex_lock(&e->together_lock);
    seen = e->together_count;
    leads = e->leaders < leaders_max(e) || tripsage__monotonic_ms() - e->together_at > STUCK_MS;
    if (leads) {
        e->together_at = tripsage__monotonic_ms(); /* one at a time gets past those that are stuck */
        e->leaders++;
    } else {
        sem_init(&g.wake, 0, 0);
        watches = e->first_guest == NULL;
        join(e, &g);
    }
    pthread_mutex_unlock(&e->together_lock);
    if (leads)
        return lead(a, r);
    fate = wait_for_turn(e, &g, seen, watches);
    sem_destroy(&g.wake);
    if (fate == SERVED)
        return TRIPSAGE_OK;
    return fate == LEADS ? lead(a, r) : tripsage__pg_perform(a, r);
}
