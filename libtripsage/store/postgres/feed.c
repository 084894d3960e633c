/* store/postgres/feed.c: listens for what triggers announce (migrations/postgres/0003_trips.sql), on a connection and a thread of its
 * own.
 *
 * Notifications arrive in the order of commits. So one that we send ourselves, a beat, says when it comes back that everything
 * committed before it was sent has been told; and that it does not come back says that the server or the network is gone. Each beat
 * extends the lease without which the triggers are silent. Nothing is set for the session: it may turn out to be one that a pooler
 * shares with others. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "postgres.h"
#include "store/changes.h"

/* tripsage/feed.h promises that a loss is noticed within 10 s: an interval, and an answer that does not come. */
#define BEAT_EVERY_MS   2500
#define ANSWER_MS       5000
#define BEAT_FASTEST_MS 25

/* For a connection, and for those who write to end (a lease waits for them). */
#define START_MS 10000

/* How long a notification may take that is to show whether any arrive. */
#define PROBE_MS 2000

/* Between attempts to come back. */
#define BACK_OFF_MS     250
#define BACK_OFF_MAX_MS 8000

typedef struct feed {
    engine *engine;
    const engine *where; /* whose parameters are connected with */
    tripsage__changes *changes;
    connection c;
    char beat_channel[32];
    int64_t beat_every, beat_sent_at, beaten_at; /* beaten_at: the last beat that came back was sent then */
    unsigned beats;
    int stop; /* readable when it is time to end */
    pthread_t thread;
} feed;

/* ---- waiting ---- */

/* 1: the server has something to say (or is ready to be written to); 0: it is `until`; -1: it is time to end. */
static int wait_for(const feed *f, short events, int64_t until)
{
    for (;;) {
        struct pollfd ready[2] = {{f->stop, POLLIN, 0}, {PQsocket(f->c.pg), events, 0}};
        int64_t left = until - tripsage__monotonic_ms();
        int got = poll(ready, 2, left > 0 ? (int)left : 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        return ready[0].revents ? -1 : 1;
    }
}

/* 0: it is time to end. */
static int sleep_until(const feed *f, int64_t until)
{
    struct pollfd ready = {f->stop, POLLIN, 0};
    int64_t left;

    while ((left = until - tripsage__monotonic_ms()) > 0)
        if (poll(&ready, 1, (int)left) > 0)
            return 0;
    return 1;
}

/* ---- asking ---- */

static tripsage_status connect_to(feed *f, int64_t deadline)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    f->c.pg = PQconnectStartParams((const char *const *)f->where->keywords, (const char *const *)f->where->values, 0);
    if (!f->c.pg)
        return TRIPSAGE_NOMEM();
    while (PQstatus(f->c.pg) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        if (wait_for(f, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) != 1)
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "cannot connect to PostgreSQL to listen: no answer in time");
        state = PQconnectPoll(f->c.pg);
    }
    if (PQstatus(f->c.pg) != CONNECTION_OK)
        return PG_FAILED(TRIPSAGE_EUNAVAILABLE, &f->c, NULL, "cannot connect to PostgreSQL to listen");
    return TRIPSAGE_OK;
}

static tripsage_status judge(const feed *f, const PGresult *result)
{
    ExecStatusType state = PQresultStatus(result);

    if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK)
        return TRIPSAGE_OK;
    return PG_FAILED(tripsage__pg_status_of_result(result), &f->c, result, "listening");
}

enum { VALUE_SIZE = 16 };

/* Runs plain SQL, several statements if need be. `value`, if it is wanted, receives the first value of a row. */
static tripsage_status ask(feed *f, const char *sql, char value[VALUE_SIZE])
{
    int64_t deadline = tripsage__monotonic_ms() + ANSWER_MS;
    tripsage_status status = TRIPSAGE_OK;

    if (!PQsendQuery(f->c.pg, sql))
        return PG_FAILED(TRIPSAGE_EUNAVAILABLE, &f->c, NULL, "listening");
    for (;;) {
        PGresult *result;

        while (PQisBusy(f->c.pg))
            if (wait_for(f, POLLIN, deadline) != 1 || !PQconsumeInput(f->c.pg))
                return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "PostgreSQL does not answer who listens");
        result = PQgetResult(f->c.pg);
        if (!result)
            return status;
        if (status == TRIPSAGE_OK)
            status = judge(f, result);
        if (value && PQntuples(result) == 1)
            snprintf(value, VALUE_SIZE, "%s", PQgetvalue(result, 0, 0));
        PQclear(result);
    }
}

/* ---- what is told ---- */

static const char *const kinds[] = {
    [TRIPSAGE_CHANGE_TRIP] = "trip",
    [TRIPSAGE_CHANGE_ITEM] = "item",
    [TRIPSAGE_CHANGE_NOTE] = "note",
    [TRIPSAGE_CHANGE_COLLABORATOR] = "collaborator",
};
static const char *const ops[] = {
    [TRIPSAGE_CHANGE_INSERT] = "insert", [TRIPSAGE_CHANGE_UPDATE] = "update", [TRIPSAGE_CHANGE_DELETE] = "delete"};

static int word_at(const char *const words[], size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] && strcmp(words[i], word) == 0)
            return (int)i;
    return 0;
}

/* 0 for what no trigger of ours wrote: anybody may notify. */
static int read_change(tripsage__change *change, const char *payload)
{
    char kind[16], op[8], version[24], trip[40], record[40], owner[40] = "", was[8] = "";

    memset(change, 0, sizeof *change);
    if (sscanf(payload, "%15s %7s %23s %39s %39s %39s %7s", kind, op, version, trip, record, owner, was) < 5 ||
        !tripsage__uuid_parse(trip, change->trip_id) || !tripsage__uuid_parse(record, change->record_id) ||
        (*owner && !tripsage__uuid_parse(owner, change->owner_id)))
        return 0;
    change->kind = (tripsage_change_kind)word_at(kinds, sizeof kinds / sizeof kinds[0], kind);
    change->op = (tripsage_change_op)word_at(ops, sizeof ops / sizeof ops[0], op);
    change->version = strtoll(version, NULL, 10);
    change->was_public = strcmp(was, "public") == 0;
    return change->kind && change->op;
}

static void take_beat(feed *f, const char *payload)
{
    if (strtoul(payload, NULL, 10) == f->beats) {
        f->beaten_at = f->beat_sent_at;
        tripsage__changes_fresh(f->changes, f->beaten_at);
    }
}

/* In their order: a beat speaks for all that stand before it. */
static void take_notifications(feed *f)
{
    PGnotify *n;

    while ((n = PQnotifies(f->c.pg)) != NULL) {
        tripsage__change change;

        if (strcmp(n->relname, f->beat_channel) == 0)
            take_beat(f, n->extra);
        else if (read_change(&change, n->extra))
            tripsage__changes_tell(f->changes, &change, 1);
        PQfreemem(n);
    }
}

/* *held: the lease had not run out. */
static tripsage_status beat(feed *f, int *held)
{
    char sql[256], value[VALUE_SIZE] = "";
    tripsage_status status;

    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL ROLE service_role; SET LOCAL lock_timeout = '500ms';"
             " SELECT tripsage.listen_on(), pg_notify('%s', '%u'); COMMIT",
             f->beat_channel, ++f->beats);
    f->beat_sent_at = tripsage__monotonic_ms();
    status = ask(f, sql, value);
    *held = strcmp(value, "t") == 0;
    return status;
}

/* ---- beginning ---- */

static void disconnect(feed *f)
{
    PQfinish(f->c.pg);
    f->c.pg = NULL;
}

static tripsage_status notify_from_elsewhere(const feed *f, const char *channel)
{
    feed other = {.where = f->where, .stop = f->stop};
    char sql[64];
    tripsage_status status;

    snprintf(sql, sizeof sql, "NOTIFY %s", channel);
    TRIPSAGE_TRY(connect_to(&other, tripsage__monotonic_ms() + ANSWER_MS));
    TRIPSAGE_TRY(ask(&other, sql, NULL));
out:
    disconnect(&other);
    return status;
}

static int arrives(const feed *f, const char *channel)
{
    int64_t until = tripsage__monotonic_ms() + PROBE_MS;
    int found = 0;

    while (!found && wait_for(f, POLLIN, until) == 1 && PQconsumeInput(f->c.pg)) {
        PGnotify *n = PQnotifies(f->c.pg);

        found = n && strcmp(n->relname, channel) == 0;
        PQfreemem(n);
    }
    return found;
}

/* Somebody stands in between. A pooler that gives every transaction another session takes LISTEN and loses what comes of it, unless we
 * notify ourselves on that same session: so another connection has to. */
static tripsage_status probe(feed *f, int pid)
{
    char channel[32], sql[64];
    tripsage_status status;

    snprintf(channel, sizeof channel, "tripsage_probe_%d", pid);
    snprintf(sql, sizeof sql, "LISTEN %s", channel);
    TRIPSAGE_TRY(ask(f, sql, NULL));
    TRIPSAGE_TRY(notify_from_elsewhere(f, channel));
    if (!arrives(f, channel))
        status = TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP,
                               "this connection goes through a pooler in transaction mode, where LISTEN hears nothing: "
                               "set listen_url to the server itself or to a pooler in session mode");
out:
    return status;
}

/* Which of the server's processes we talk to, and whether it is the one that we were told when we connected. */
static tripsage_status find_out_where(feed *f)
{
    char value[VALUE_SIZE] = "";
    tripsage_status status = ask(f, "SELECT pg_backend_pid()", value);
    int pid = (int)strtol(value, NULL, 10);

    snprintf(f->beat_channel, sizeof f->beat_channel, "tripsage_beat_%d", pid);
    if (status == TRIPSAGE_OK && pid != PQbackendPID(f->c.pg))
        status = probe(f, pid);
    return status;
}

/* A lease waits for those who write; they may take longer than we may hold the others up. */
static tripsage_status take_lease(feed *f, int64_t deadline)
{
    int held;
    tripsage_status status = beat(f, &held);

    while (status == TRIPSAGE_EBUSY && sleep_until(f, tripsage__monotonic_ms() + BACK_OFF_MS) &&
           tripsage__monotonic_ms() < deadline) {
        status = ask(f, "ROLLBACK", NULL);
        if (status == TRIPSAGE_OK)
            status = beat(f, &held);
    }
    return status;
}

static tripsage_status begin(feed *f)
{
    int64_t deadline = tripsage__monotonic_ms() + START_MS;
    char sql[96];
    tripsage_status status;

    TRIPSAGE_TRY(connect_to(f, deadline));
    TRIPSAGE_TRY(find_out_where(f));
    snprintf(sql, sizeof sql, "LISTEN tripsage_change; LISTEN %s", f->beat_channel);
    TRIPSAGE_TRY(ask(f, sql, NULL));
    TRIPSAGE_TRY(take_lease(f, deadline));
    f->beaten_at = f->beat_sent_at;
out:
    if (status != TRIPSAGE_OK)
        disconnect(f);
    return status;
}

/* ---- going on ---- */

/* Until the connection is lost, which last_error tells of, or it is time to end, and that is TRIPSAGE_OK. */
static tripsage_status listen_for(feed *f)
{
    for (;;) {
        int got, held = 1;

        take_notifications(f);
        if (tripsage__monotonic_ms() >= f->beat_sent_at + f->beat_every) {
            tripsage_status status = beat(f, &held);

            if (status != TRIPSAGE_OK)
                return status;
            take_notifications(f);
            if (!held)
                tripsage__changes_resync(f->changes, 1);
        }
        if (f->beat_sent_at - f->beaten_at > ANSWER_MS + f->beat_every)
            return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "PostgreSQL's notifications do not arrive any more");
        got = wait_for(f, POLLIN, f->beat_sent_at + f->beat_every);
        if (got < 0)
            return TRIPSAGE_OK;
        if (got > 0 && !PQconsumeInput(f->c.pg))
            return PG_FAILED(TRIPSAGE_EUNAVAILABLE, &f->c, NULL, "listening");
    }
}

/* Between half of it and all of it, so that replicas do not come back all at once. */
static int64_t back_off(feed *f, unsigned tries)
{
    int64_t most = tries < 5 ? BACK_OFF_MS << tries : BACK_OFF_MAX_MS;
    unsigned char chance = 0;

    (void)tripsage__random(f->engine->env, &chance, sizeof chance);
    return most / 2 + most / 2 * chance / 255;
}

/* 0: it is time to end. */
static int come_back(feed *f)
{
    for (unsigned tries = 0; sleep_until(f, tripsage__monotonic_ms() + back_off(f, tries)); tries++) {
        if (begin(f) == TRIPSAGE_OK) {
            tripsage__log(f->engine->env, TRIPSAGE_LOG_INFO, "store", "listening for changes again");
            tripsage__changes_resync(f->changes, 1);
            return 1;
        }
        tripsage__log(f->engine->env, TRIPSAGE_LOG_DEBUG, "store", "%s", tripsage_last_error()->message);
    }
    return 0;
}

static void *run(void *feed_)
{
    feed *f = feed_;

    while (listen_for(f) != TRIPSAGE_OK) {
        tripsage__log(f->engine->env, TRIPSAGE_LOG_WARN, "store", "changes are not heard of: %s",
                      tripsage_last_error()->message);
        tripsage__changes_resync(f->changes, 0);
        disconnect(f);
        if (!come_back(f))
            break;
    }
    return NULL;
}

/* ---- watching ---- */

static void feed_free(feed *f)
{
    if (f->c.pg)
        disconnect(f);
    if (f->stop >= 0)
        close(f->stop);
    tripsage__free(f);
}

/* A quarter of what answers may be old: a beat may be late without their becoming unusable. */
static int64_t interval(uint32_t max_staleness_ms)
{
    int64_t every = max_staleness_ms ? max_staleness_ms / 4 : BEAT_EVERY_MS;

    return every < BEAT_FASTEST_MS ? BEAT_FASTEST_MS : every > BEAT_EVERY_MS ? BEAT_EVERY_MS : every;
}

tripsage_status tripsage__pg_watch(void *engine_, struct tripsage__changes *changes)
{
    engine *e = engine_;
    feed *f = tripsage__calloc(1, sizeof *f);
    tripsage_status status;

    if (!f)
        return TRIPSAGE_NOMEM();
    f->engine = e;
    f->where = e->direct ? e->direct : e;
    f->changes = changes;
    f->beat_every = interval(changes->max_staleness_ms);
    f->stop = eventfd(0, EFD_CLOEXEC);
    if (f->stop < 0)
        TRIPSAGE_TRY(TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ENOMEM, errno, "no descriptor to listen with: %s", strerror(errno)));
    TRIPSAGE_TRY(begin(f));
    if (tripsage__thread_start(&f->thread, 0, run, f) != 0)
        TRIPSAGE_TRY(TRIPSAGE_FAIL(TRIPSAGE_ENOMEM, "cannot start a thread that listens for changes"));
    e->feed = f;
    return TRIPSAGE_OK;
out:
    feed_free(f);
    return status;
}

void tripsage__pg_unwatch(void *engine_)
{
    engine *e = engine_;
    const uint64_t one = 1;
    feed *f = e->feed;

    while (write(f->stop, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(f->thread, NULL);
    e->feed = NULL;
    feed_free(f);
}
