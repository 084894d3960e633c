/* trip/feed.c: the feed of changes: a queue between those who write and the one who reads it.
 *
 * Whoever commits puts events in and never waits; the reader takes them out and asks then whether its actor may know of them.
 * `descriptor` is readable while the queue holds something or a wake was asked for: that is what the reader waits for, and what
 * programs poll. */
#include <tripsage/feed.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "statements.h"
#include "trip.h"

#define QUEUE_STANDARD 4096u
#define QUEUE_MAX      1048576u

struct tripsage_feed {
    tripsage_trips *trips;
    tripsage_actor *actor;
    char trip_id[TRIPSAGE__UUID_SIZE]; /* "": all */
    tripsage__listener listener;
    int descriptor;
    atomic_int woken;

    pthread_mutex_t lock; /* guards the rest */
    int resync, live;     /* a TRIPSAGE_CHANGE_RESYNC stands before the queue */
    tripsage__change *queue;
    size_t first, count, capacity, max; /* a ring */
};

/* ---- putting in: on the thread of whoever tells ---- */

static void raise_descriptor(tripsage_feed *feed)
{
    const uint64_t one = 1;
    ssize_t written = write(feed->descriptor, &one, sizeof one);

    (void)written; /* fails only when it is readable as it can be */
}

static void put_resync(tripsage_feed *feed, int live)
{
    feed->first = feed->count = 0;
    feed->resync = 1;
    feed->live = live;
}

/* Twice the room, with the oldest event at its beginning. */
static int grow(tripsage_feed *feed)
{
    size_t capacity = feed->capacity ? 2 * feed->capacity : 16;
    tripsage__change *queue;

    if (capacity > feed->max)
        capacity = feed->max;
    if (capacity == feed->capacity)
        return 0;
    queue = tripsage__malloc(capacity * sizeof *queue);
    if (!queue)
        return 0;
    for (size_t i = 0, from = feed->first; i < feed->count; i++) {
        queue[i] = feed->queue[from++];
        if (from == feed->capacity)
            from = 0;
    }
    tripsage__free(feed->queue);
    feed->queue = queue;
    feed->capacity = capacity;
    feed->first = 0;
    return 1;
}

static void put(tripsage_feed *feed, const tripsage__change *change)
{
    if (feed->count < feed->capacity || grow(feed))
        feed->queue[(feed->first + feed->count++) % feed->capacity] = *change;
    else
        put_resync(feed, feed->live);
}

static void on_change(void *context, const tripsage__change *change)
{
    tripsage_feed *feed = context;
    int was_empty;

    if (change->kind != TRIPSAGE_CHANGE_RESYNC && feed->trip_id[0] && strcmp(feed->trip_id, change->trip_id) != 0)
        return;
    pthread_mutex_lock(&feed->lock);
    was_empty = !feed->resync && !feed->count;
    if (change->kind == TRIPSAGE_CHANGE_RESYNC)
        put_resync(feed, change->live);
    else
        put(feed, change);
    if (was_empty)
        raise_descriptor(feed);
    pthread_mutex_unlock(&feed->lock);
}

/* ---- taking out ---- */

/* The queue is empty. A wake that nobody has seen yet keeps it readable. */
static void lower_descriptor(tripsage_feed *feed)
{
    uint64_t count;
    ssize_t got = read(feed->descriptor, &count, sizeof count);

    (void)got;
    if (atomic_load(&feed->woken))
        raise_descriptor(feed);
}

static int take(tripsage__change *out, tripsage_feed *feed)
{
    int taken = 1;

    pthread_mutex_lock(&feed->lock);
    if (feed->resync) {
        *out = (tripsage__change){.kind = TRIPSAGE_CHANGE_RESYNC, .live = feed->live};
        feed->resync = 0;
    } else if (feed->count) {
        *out = feed->queue[feed->first];
        feed->first = (feed->first + 1) % feed->capacity;
        feed->count--;
    } else {
        taken = 0;
    }
    if (!feed->count)
        lower_descriptor(feed);
    pthread_mutex_unlock(&feed->lock);
    return taken;
}

/* ---- who may know ---- */

/* $1 the user, $2 the trip. Of a deleted trip too: its members are told that it is. */
const tripsage__statement tripsage__sql_feed_role = {
    "feed_role",
    "SELECT CASE WHEN t.user_id = $1 THEN 5 ELSE COALESCE("
    "(SELECT c.level FROM trip_collaborator c WHERE c.trip_id = t.id AND c.user_id = $1),"
    " CASE WHEN t.visibility = 'public' AND t.deleted_at IS NULL THEN 1 ELSE 0 END) END FROM trip t WHERE t.id = $2",
    NULL};

static void forget_role(void *context)
{
    *(int *)context = TRIPSAGE__ROLE_NONE;
}

static tripsage_status take_role(void *context, const tripsage__row *row)
{
    *(int *)context = (int)tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

/* What needs no look at the trip: it left his sight just now, or is gone. */
static int concerns(const tripsage__change *change, const char *user_id)
{
    return (change->kind == TRIPSAGE_CHANGE_TRIP && (change->was_public || strcmp(change->owner_id, user_id) == 0)) ||
           (change->kind == TRIPSAGE_CHANGE_COLLABORATOR && strcmp(change->record_id, user_id) == 0);
}

static tripsage_status may_know(int *may, const tripsage_feed *feed, const tripsage__change *change)
{
    const char *user_id = feed->actor->user_id;
    tripsage__value params[2] = {tripsage__text(user_id), tripsage__text(change->trip_id)};
    int role = TRIPSAGE__ROLE_NONE, members_only;
    const tripsage__step step = {&tripsage__sql_feed_role, params, 2, forget_role, take_role, &role, NULL};
    tripsage_status status = TRIPSAGE_OK;

    *may = feed->actor->is_service || change->kind == TRIPSAGE_CHANGE_RESYNC || concerns(change, user_id);
    if (*may)
        return TRIPSAGE_OK;
    members_only = change->kind == TRIPSAGE_CHANGE_NOTE || change->kind == TRIPSAGE_CHANGE_COLLABORATOR;
    /* As the service role: what a deleted trip's members are told they cannot read any more. */
    status = tripsage__store_read(feed->trips->store, NULL, &step, 1);
    *may = role >= (members_only ? TRIPSAGE__ROLE_VIEW : TRIPSAGE__ROLE_PUBLIC);
    return status;
}

/* What was taken out could not be told. */
static void lose(tripsage_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    put_resync(feed, feed->live);
    raise_descriptor(feed);
    pthread_mutex_unlock(&feed->lock);
}

/* ---- waiting ---- */

/* 0: the time is over. `until` is negative for no end. */
static int wait_until(const tripsage_feed *feed, int64_t until)
{
    struct pollfd waiting = {feed->descriptor, POLLIN, 0};
    int64_t left = until < 0 ? -1 : until - tripsage__monotonic_ms();

    if (until >= 0 && left <= 0)
        return 0;
    return poll(&waiting, 1, (int)left) != 0; /* a signal handler of the program's may have run */
}

static void fill(tripsage_change *out, const tripsage__change *change)
{
    memset(out, 0, sizeof *out);
    out->kind = change->kind;
    out->op = change->op;
    out->version = change->version;
    out->live = change->live;
    memcpy(out->trip_id, change->trip_id, sizeof out->trip_id);
    memcpy(out->record_id, change->record_id, sizeof out->record_id);
}

tripsage_status tripsage_feed_next(tripsage_change *out, tripsage_feed *feed, int timeout_ms)
{
    int64_t until = timeout_ms < 0 ? -1 : tripsage__monotonic_ms() + timeout_ms;
    tripsage__change change;
    tripsage_status status;
    int may;

    memset(out, 0, sizeof *out);
    do {
        while (take(&change, feed)) {
            status = may_know(&may, feed, &change);
            if (status != TRIPSAGE_OK) {
                lose(feed);
                return status;
            }
            if (may) {
                fill(out, &change);
                return TRIPSAGE_OK;
            }
        }
    } while (!atomic_exchange(&feed->woken, 0) && wait_until(feed, until));
    return TRIPSAGE_OK;
}

int tripsage_feed_fd(const tripsage_feed *feed)
{
    return feed->descriptor;
}

void tripsage_feed_wake(tripsage_feed *feed)
{
    int before = errno; /* of the code that a signal handler interrupted */

    atomic_store(&feed->woken, 1);
    raise_descriptor(feed);
    errno = before;
}

/* ---- the record ---- */

tripsage_status tripsage_feed_record(tripsage_doc **out, tripsage_feed *feed, const tripsage_change *change)
{
    tripsage_trips *trips = feed->trips;

    *out = NULL;
    switch (change->kind) {
    case TRIPSAGE_CHANGE_TRIP:
        return tripsage_trip_get(out, trips, feed->actor, change->trip_id);
    case TRIPSAGE_CHANGE_ITEM:
        return tripsage_item_get(out, trips, feed->actor, change->trip_id, change->record_id);
    case TRIPSAGE_CHANGE_NOTE:
        return tripsage_note_get(out, trips, feed->actor, change->trip_id, change->record_id);
    case TRIPSAGE_CHANGE_COLLABORATOR:
        return tripsage_collaborator_list(out, trips, feed->actor, change->trip_id);
    case TRIPSAGE_CHANGE_NONE:
    case TRIPSAGE_CHANGE_RESYNC:
        break;
    }
    return TRIPSAGE_FAIL_FIELD("#change", "names no record");
}

/* ---- opening and closing ---- */

static tripsage_status read_options(tripsage_feed *feed, const tripsage_feed_options *options)
{
    static const tripsage_feed_options standard = TRIPSAGE_FEED_OPTIONS_INIT;

    if (!options)
        options = &standard;
    if (options->version != standard.version)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_FEED_OPTIONS_INIT",
                                   options->version);
    if (options->queue_max > QUEUE_MAX)
        return TRIPSAGE_FAIL_FIELD("#queue_max", "expected at most %u", QUEUE_MAX);
    if (options->trip_id && !tripsage__uuid_parse(options->trip_id, feed->trip_id))
        return TRIPSAGE_FAIL_FIELD("#trip_id", "expected a trip's id");
    feed->max = options->queue_max ? options->queue_max : QUEUE_STANDARD;
    return TRIPSAGE_OK;
}

static void feed_free(tripsage_feed *feed)
{
    if (feed->descriptor >= 0)
        close(feed->descriptor);
    pthread_mutex_destroy(&feed->lock);
    tripsage_actor_free(feed->actor);
    tripsage__free(feed->queue);
    tripsage__free(feed);
}

tripsage_status tripsage_feed_open(tripsage_feed **out, tripsage_trips *trips, const tripsage_actor *actor,
                                   const tripsage_feed_options *options)
{
    tripsage_feed *feed;
    tripsage_status status = tripsage__actor_check_scope(actor, TRIPSAGE__SCOPE_TRIPS_READ);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    feed = tripsage__calloc(1, sizeof *feed);
    if (!feed)
        return TRIPSAGE_NOMEM();
    feed->trips = trips;
    feed->live = 1;
    feed->listener.on_change = on_change;
    feed->listener.context = feed;
    pthread_mutex_init(&feed->lock, NULL);
    feed->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (feed->descriptor < 0)
        TRIPSAGE_TRY(TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ENOMEM, errno, "no descriptor for a feed: %s", strerror(errno)));
    TRIPSAGE_TRY(read_options(feed, options));
    TRIPSAGE_TRY(tripsage__actor_copy(&feed->actor, actor));
    TRIPSAGE_TRY(tripsage__store_listen(trips->store, &feed->listener));
    *out = feed;
    return TRIPSAGE_OK;
out:
    feed_free(feed);
    return status;
}

void tripsage_feed_close(tripsage_feed *feed)
{
    if (!feed)
        return;
    tripsage__store_unlisten(feed->trips->store, &feed->listener);
    feed_free(feed);
}
