/* tripsage/feed.h: what changed: a stream of small events, one for each record of a trip that was made, changed or removed, whoever did
 * it.
 *
 * For programs that keep something: drop what an event names, and what is kept is never older than the delay stated below.
 *
 *     tripsage_feed *feed;
 *     tripsage_change change;
 *
 *     tripsage_feed_open(&feed, tripsage_get_trips(ts), service, NULL);
 *     while (tripsage_feed_next(&change, feed, 1000) == TRIPSAGE_OK)
 *         if (change.kind == TRIPSAGE_CHANGE_RESYNC)
 *             forget_everything(change.live);
 *         else if (change.kind != TRIPSAGE_CHANGE_NONE)
 *             forget(change.trip_id);
 *
 * What is promised. A change committed after tripsage_feed_open returned is told at least once, after its commit, never before; those
 * of one record in the order of their commits. Where something may have been missed, a TRIPSAGE_CHANGE_RESYNC is told in its place. An
 * event says which record and holds nothing of it; tripsage_feed_record reads it under the rights of the feed's actor.
 *
 * Who is told what. The service role: everything. A user: what happens on trips he may see, to notes and collaborators where he is a
 * member, and the event with which a trip leaves his sight: it was deleted, was made private, or he was removed. Rights are those at
 * the moment of tripsage_feed_next, which reads them: one read of the store for each event of a user's feed, none for the service
 * role's.
 *
 * Delay. SQLite: when a writing call has returned, its events are there for every feed of the same handle. What others wrote to the
 * file (other handles, other processes) is told as a TRIPSAGE_CHANGE_RESYNC within 100 ms, or, while a write of this handle waits for
 * theirs, within 100 ms after that. PostgreSQL: as soon as the server's notification arrives, from whichever process, or by plain SQL.
 * That the server or the network is gone is noticed within 10 s at most, told by a TRIPSAGE_CHANGE_RESYNC with `live` 0, and by one
 * with `live` 1 when it was reached again.
 *
 * PostgreSQL notifies over one connection per handle, opened by the first feed and closed with the last, for which there is
 * tripsage_options.listen_url: LISTEN needs a session of its own, so a pooler in transaction mode does not do. Events are made by
 * triggers while somebody listens, at a cost for each change; nothing is paid while nobody does. SQLite's are free for whoever does not
 * listen.
 *
 * Threads: a feed is used by one thread at a time; only tripsage_feed_wake may be called from another meanwhile. Any number of feeds
 * may be open on a handle. Close them before the handle.
 *
 * Errors every call may give besides those named: TRIPSAGE_ENOMEM, and what the store gives (tripsage/store.h).
 */
#ifndef TRIPSAGE_FEED_H
#define TRIPSAGE_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "doc.h"
#include "trip.h"

TRIPSAGE_BEGIN_DECLS

typedef enum tripsage_change_kind {
    TRIPSAGE_CHANGE_NONE = 0,   /* nothing came in time */
    TRIPSAGE_CHANGE_RESYNC = 1, /* changes may have been missed: drop everything you keep */
    TRIPSAGE_CHANGE_TRIP = 2,   /* also when only its updated_at moved, which a change of its items does */
    TRIPSAGE_CHANGE_ITEM = 3,
    TRIPSAGE_CHANGE_NOTE = 4,
    TRIPSAGE_CHANGE_COLLABORATOR = 5
} tripsage_change_kind;

/* To delete a trip is TRIPSAGE_CHANGE_DELETE, to restore it TRIPSAGE_CHANGE_INSERT, to purge it TRIPSAGE_CHANGE_DELETE again. What it
 * holds goes with it in one event: nothing is told of its items, notes and collaborators then. */
typedef enum tripsage_change_op {
    TRIPSAGE_CHANGE_INSERT = 1,
    TRIPSAGE_CHANGE_UPDATE = 2,
    TRIPSAGE_CHANGE_DELETE = 3
} tripsage_change_op;

typedef struct tripsage_change {
    tripsage_change_kind kind;
    tripsage_change_op op; /* 0 for TRIPSAGE_CHANGE_NONE and TRIPSAGE_CHANGE_RESYNC */

    /* Of the record after the change, or before its removal; 0 where it has none (a collaborator) or it is not told. */
    int64_t version;

    /* Of TRIPSAGE_CHANGE_RESYNC. 1: all that happens from now on is told. 0: what happens now is not told: keep nothing until a
     * TRIPSAGE_CHANGE_RESYNC with 1 comes. */
    int live;

    char trip_id[37];   /* "" for TRIPSAGE_CHANGE_NONE and TRIPSAGE_CHANGE_RESYNC */
    char record_id[37]; /* the trip's again, the item's, the note's; of a collaborator, the user's */
    char reserved[64];  /* 0: room for later versions, so that this struct keeps its size */
} tripsage_change;

typedef struct tripsage_feed tripsage_feed;

typedef struct tripsage_feed_options {
    uint32_t version; /* 1; set by TRIPSAGE_FEED_OPTIONS_INIT */

    /* Events kept for a reader that is slower than the writers; one more, and all of them become one TRIPSAGE_CHANGE_RESYNC. 0: 4,096,
     * which take 600 KiB when they are all there; at most 1,048,576. */
    uint32_t queue_max;

    /* Only events of this trip, which need not exist; NULL: of all. Copied. */
    const char *trip_id;
} tripsage_feed_options;

#define TRIPSAGE_FEED_OPTIONS_INIT                                                                                     \
    {                                                                                                                  \
        1, 0, NULL                                                                                                     \
    }

/* Opens a feed for the actor, who is copied. `options` may be NULL. On failure *out is NULL.
 * Errors: TRIPSAGE_EUNAUTHENTICATED, TRIPSAGE_EINVALID (field "#options", "#queue_max" or "#trip_id"), TRIPSAGE_EUNAVAILABLE (the
 * server cannot be reached), TRIPSAGE_ENOTSUP (the connection goes through a pooler that loses notifications: set
 * tripsage_options.listen_url). */
TRIPSAGE_API tripsage_status tripsage_feed_open(tripsage_feed **out, tripsage_trips *trips, const tripsage_actor *actor,
                                                const tripsage_feed_options *options);

/* The next event, or TRIPSAGE_CHANGE_NONE when none came within `timeout_ms` (0: no waiting; negative: no end) or tripsage_feed_wake
 * was called. After a failure, which the reading of rights can have, the next event is a TRIPSAGE_CHANGE_RESYNC. */
TRIPSAGE_API tripsage_status tripsage_feed_next(tripsage_change *out, tripsage_feed *feed, int timeout_ms);

/* A descriptor for poll, select and epoll; readable while something waits, which may turn out to be nothing the actor may see: call
 * tripsage_feed_next with a timeout of 0 until it gives TRIPSAGE_CHANGE_NONE. It belongs to the feed: do not read from it, do not close
 * it. */
TRIPSAGE_API int tripsage_feed_fd(const tripsage_feed *feed);

/* Ends the wait of tripsage_feed_next, or the next one if none waits. From any thread, and from a signal handler. */
TRIPSAGE_API void tripsage_feed_wake(tripsage_feed *feed);

/* The record an event names as it is now: Trip, Item or Note of tripsage/trip.h, of a collaborator the list that
 * tripsage_collaborator_list gives.
 * Errors: TRIPSAGE_ENOTFOUND (it is gone, or gone from the actor's sight), TRIPSAGE_EINVALID (field "#change": the event names no
 * record). */
TRIPSAGE_API tripsage_status tripsage_feed_record(tripsage_doc **out, tripsage_feed *feed,
                                                  const tripsage_change *change);

/* NULL is fine. */
TRIPSAGE_API void tripsage_feed_close(tripsage_feed *feed);

TRIPSAGE_END_DECLS

#endif
