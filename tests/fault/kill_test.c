/* fault/kill_test.c: a program that writes from many threads is killed at moments of chance, again and again.
 *
 * The writer tells of each write before it begins and after it was acknowledged, over a pipe, so that whoever killed it knows of every thread what was
 * done for certain and which one write may or may not have been. Then the database is opened and read through the public API:
 *   - every acknowledged write is there, the open one is there whole or not at all, and nothing else is;
 *   - a key used for a creation gives the acknowledged record, or makes exactly one now;
 *   - what lies in the tables is found by search, and what was deleted is not;
 *   - tripsage_check finds nothing, and at the end neither do SQLite's own checks.
 *
 * TRIPSAGE_KILLS sets how many kills there are (200). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/threads.h"
#include "support/world.h"

enum {
    THREADS = 8,
    TRIPS_EACH = 400, /* more than a thread makes before it is killed */
    ITEMS_EACH = 64,  /* of one trip */
    KILLS = 200,
    KILLS_PER_FILE = 10, /* then a new file, whose first kill falls into its making */
    MAKING_MS = 60,      /* about what that takes */
    OPENING_MS = 10,     /* and the opening of an old one */
    WRITING_MS = 150,
    ID_SIZE = 37
};

/* ---- what is told over the pipe ---- */

typedef enum deed {
    DEED_CREATE = 0, /* with the idempotency key of its number */
    DEED_RENAME,     /* the title holds the number */
    DEED_ADD_ITEM,
    DEED_REMOVE_ITEM,
    DEED_NOTE,
    DEED_SHARE,
    DEED_UNSHARE,
    DEED_DELETE,
    DEEDS
} deed;

/* Smaller than PIPE_BUF, so that a write of one is never torn. */
typedef struct word {
    int thread;
    int done; /* 0: it begins; 1: it was acknowledged */
    deed deed;
    int trip;   /* index among the thread's */
    int number; /* counts the thread's deeds */
    char id[ID_SIZE];
} word;

/* ---- the writer ---- */

typedef struct writer {
    tripsage_trips *trips;
    tripsage_actor *actor;
    const char *owner;
    int pipe;
} writer;

/* What the writing thread knows of one of its trips. */
typedef struct own_trip {
    char id[ID_SIZE];
    char item[ITEMS_EACH][ID_SIZE];
    int items, shared, deleted;
} own_trip;

static void tell(const writer *w, word *said, int done)
{
    said->done = done;
    if (write(w->pipe, said, sizeof *said) != (ssize_t)sizeof *said)
        _exit(3);
}

static void title_of(char out[64], int thread, int trip, int number)
{
    snprintf(out, 64, "word%dx%d version%d", thread, trip, number);
}

static tripsage_status do_create(const writer *w, own_trip *trip, const word *said, tripsage_doc **doc)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    char json[256], title[64], key[64];

    (void)trip;
    title_of(title, said->thread, said->trip, said->number);
    snprintf(key, sizeof key, "key-%d-%d", said->thread, said->trip);
    snprintf(json, sizeof json,
             "{\"title\":\"%s\",\"start_date\":\"2026-11-02\",\"end_date\":\"2026-11-09\",\"destinations\":[{\"name\":"
             "\"Atlantis\"}]}",
             title);
    options.idempotency_key = key;
    return tripsage_trip_create(doc, w->trips, w->actor, json, TRIPSAGE_NUL, &options);
}

static tripsage_status do_rename(const writer *w, const own_trip *trip, const word *said, tripsage_doc **doc)
{
    char json[128], title[64];

    title_of(title, said->thread, said->trip, said->number);
    snprintf(json, sizeof json, "{\"title\":\"%s\"}", title);
    return tripsage_trip_update(doc, w->trips, w->actor, trip->id, json, TRIPSAGE_NUL, NULL);
}

static tripsage_status do_add_item(const writer *w, const own_trip *trip, const word *said, tripsage_doc **doc)
{
    char json[160];

    snprintf(
        json, sizeof json,
        "{\"item_type\":\"meal\",\"title\":\"item%dx%d n%d\",\"item_date\":\"2026-11-03\",\"start_time\":\"12:00\"}",
        said->thread, said->trip, said->number);
    return tripsage_item_create(doc, w->trips, w->actor, trip->id, json, TRIPSAGE_NUL, NULL);
}

static tripsage_status do_note(const writer *w, const own_trip *trip, const word *said, tripsage_doc **doc)
{
    char json[64];

    snprintf(json, sizeof json, "{\"content\":\"note%dx%d n%d\"}", said->thread, said->trip, said->number);
    return tripsage_note_create(doc, w->trips, w->actor, trip->id, json, TRIPSAGE_NUL, NULL);
}

/* Does it; on success `said` holds the id of what was made and the thread's knowledge is up to date. */
static tripsage_status perform(const writer *w, own_trip *trip, word *said)
{
    tripsage_doc *doc = NULL;
    tripsage_status status = TRIPSAGE_EINTERNAL;

    switch (said->deed) {
    case DEED_CREATE:
        status = do_create(w, trip, said, &doc);
        break;
    case DEED_RENAME:
        status = do_rename(w, trip, said, &doc);
        break;
    case DEED_ADD_ITEM:
        status = do_add_item(w, trip, said, &doc);
        break;
    case DEED_REMOVE_ITEM:
        status = tripsage_item_delete(w->trips, w->actor, trip->id, said->id, NULL);
        break;
    case DEED_NOTE:
        status = do_note(w, trip, said, &doc);
        break;
    case DEED_SHARE:
        status = tripsage_trip_share(&doc, w->trips, w->actor, trip->id, "{\"user_emails\":[\"" VIEW_ID "\"]}",
                                     TRIPSAGE_NUL);
        break;
    case DEED_UNSHARE:
        status = tripsage_collaborator_remove(w->trips, w->actor, trip->id, VIEW_ID);
        break;
    case DEED_DELETE:
        status = tripsage_trip_delete(w->trips, w->actor, trip->id, NULL);
        break;
    case DEEDS:
        break;
    }
    if (status == TRIPSAGE_OK && doc && tripsage_doc_text(doc, "/id"))
        snprintf(said->id, ID_SIZE, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
    return status;
}

/* A deed that makes sense for the trip as it is. */
static deed choose(const own_trip *trip, uint64_t *seed)
{
    switch (test_draw(seed, 10)) {
    case 0:
    case 1:
        return DEED_RENAME;
    case 2:
    case 3:
        return trip->items < ITEMS_EACH ? DEED_ADD_ITEM : DEED_RENAME;
    case 4:
        return trip->items > 0 ? DEED_REMOVE_ITEM : DEED_ADD_ITEM;
    case 5:
        return DEED_NOTE;
    case 6:
        return trip->shared ? DEED_UNSHARE : DEED_SHARE;
    case 7:
        return DEED_DELETE;
    default:
        return DEED_CREATE;
    }
}

static void learn(own_trip *trip, const word *said)
{
    if (said->deed == DEED_CREATE)
        memcpy(trip->id, said->id, ID_SIZE);
    else if (said->deed == DEED_ADD_ITEM)
        memcpy(trip->item[trip->items++], said->id, ID_SIZE);
    else if (said->deed == DEED_REMOVE_ITEM)
        trip->items--;
    else if (said->deed == DEED_SHARE || said->deed == DEED_UNSHARE)
        trip->shared = said->deed == DEED_SHARE;
    else if (said->deed == DEED_DELETE)
        trip->deleted = 1;
}

static void write_on(size_t index, void *context)
{
    const writer *w = context;
    own_trip *trips = calloc(TRIPS_EACH, sizeof *trips);
    uint64_t seed = (uint64_t)getpid() * 100 + index;
    int count = 0;

    for (int number = 0; trips && count < TRIPS_EACH; number++) {
        word said = {.thread = (int)index, .number = number, .deed = DEED_CREATE, .trip = count};
        if (count > 0) {
            said.trip = (int)test_draw(&seed, (uint64_t)count);
            said.deed = trips[said.trip].deleted ? DEED_CREATE : choose(&trips[said.trip], &seed);
        }
        if (said.deed == DEED_CREATE)
            said.trip = count;
        if (said.deed == DEED_REMOVE_ITEM)
            memcpy(said.id, trips[said.trip].item[trips[said.trip].items - 1], ID_SIZE);
        tell(w, &said, 0);
        if (perform(w, &trips[said.trip], &said) != TRIPSAGE_OK) {
            fprintf(stderr, "deed %d: %s, %s\n", (int)said.deed, tripsage_status_name(tripsage_last_error()->status),
                    tripsage_last_error()->message);
            _exit(4);
        }
        learn(&trips[said.trip], &said);
        count += said.deed == DEED_CREATE;
        tell(w, &said, 1);
    }
    pause(); /* done with all its trips: waits to be killed */
}

static void run_writer(const char *url, const char *owner, int pipe_end)
{
    writer w = {.owner = owner, .pipe = pipe_end};

    if (tripsage_trips_open(&w.trips, url, NULL) != TRIPSAGE_OK ||
        tripsage_actor_user(&w.actor, owner) != TRIPSAGE_OK) {
        fprintf(stderr, "open: %s\n", tripsage_last_error()->message);
        _exit(5);
    }
    test_threads_run(THREADS, write_on, &w);
    _exit(0);
}

/* ---- what the survivor knows ---- */

typedef struct known_trip {
    char id[ID_SIZE];
    int number; /* in the title */
    char item[ITEMS_EACH][ID_SIZE];
    int items, notes, shared, deleted;
} known_trip;

typedef struct known_thread {
    known_trip *trips; /* TRIPS_EACH */
    int count;
    word open; /* begun and not acknowledged, when has_open */
    int has_open;
} known_thread;

static void note_done(known_thread *t, const word *said)
{
    known_trip *trip = &t->trips[said->trip];

    t->has_open = 0;
    switch (said->deed) {
    case DEED_CREATE:
        memcpy(trip->id, said->id, ID_SIZE);
        trip->number = said->number;
        t->count++;
        break;
    case DEED_RENAME:
        trip->number = said->number;
        break;
    case DEED_ADD_ITEM:
        memcpy(trip->item[trip->items++], said->id, ID_SIZE);
        break;
    case DEED_REMOVE_ITEM:
        trip->items--;
        break;
    case DEED_NOTE:
        trip->notes++;
        break;
    case DEED_SHARE:
    case DEED_UNSHARE:
        trip->shared = said->deed == DEED_SHARE;
        break;
    case DEED_DELETE:
        trip->deleted = 1;
        break;
    case DEEDS:
        break;
    }
}

static void hear(known_thread *threads, const word *said)
{
    if (said->done) {
        note_done(&threads[said->thread], said);
    } else {
        threads[said->thread].open = *said;
        threads[said->thread].has_open = 1;
    }
}

/* Reads what the writer says; until `deadline_ms` (monotonic), or, with -1, until the pipe ends. Gives how much was heard. */
static long listen_until(int pipe_end, known_thread *threads, int64_t deadline_ms)
{
    long heard = 0;

    for (;;) {
        struct pollfd look = {.fd = pipe_end, .events = POLLIN};
        struct timespec now;
        word said;
        int left = -1;

        clock_gettime(CLOCK_MONOTONIC, &now);
        if (deadline_ms >= 0)
            left = (int)(deadline_ms - (now.tv_sec * 1000 + now.tv_nsec / 1000000));
        if (deadline_ms >= 0 && left <= 0)
            return heard;
        if (poll(&look, 1, left) <= 0)
            continue;
        if (read(pipe_end, &said, sizeof said) != (ssize_t)sizeof said)
            return heard;
        hear(threads, &said);
        heard++;
    }
}

/* ---- looking ---- */

/* Whether the open deed of the thread is this one on this trip. */
static int may_have(const known_thread *t, int trip, deed what)
{
    return t->has_open && t->open.trip == trip && t->open.deed == what;
}

static size_t found_by(const tripsage_actor *actor, const char *query)
{
    return tripsage_doc_count(OK(tripsage_trip_search(OUT, world->trips, actor, query, NULL)), "/items");
}

static void check_count(const char *what, int thread, int trip, int64_t got, int certain, int more, int less)
{
    ck_assert_msg(got >= certain - less && got <= certain + more, "%s of trip %d of thread %d: %lld, not %d(+%d-%d)",
                  what, trip, thread, (long long)got, certain, more, less);
}

/* The items are those that were acknowledged, give or take the open one; and each is found. */
static void check_items(const known_thread *t, int thread, int index, const tripsage_actor *actor)
{
    const known_trip *trip = &t->trips[index];
    tripsage_doc *all = OK(tripsage_itinerary_get(OUT, world->trips, actor, trip->id));
    int64_t total = tripsage_doc_int(all, "/total_items", -1);

    check_count("items", thread, index, total, trip->items, may_have(t, index, DEED_ADD_ITEM),
                may_have(t, index, DEED_REMOVE_ITEM));
    for (int i = 0; i < trip->items; i++)
        ck_assert_msg(strstr(json_of(all), trip->item[i]) ||
                          (may_have(t, index, DEED_REMOVE_ITEM) && strcmp(t->open.id, trip->item[i]) == 0),
                      "item %s is gone", trip->item[i]);
    if (total > 0 && total <= 20)
        ck_assert_int_eq((int)found_by(actor, test_format("\"item%dx%d\"", thread, index)), (int)total);
}

static void check_live(const known_thread *t, int thread, int index, const tripsage_actor *actor)
{
    const known_trip *trip = &t->trips[index];
    tripsage_doc *read = test_get(actor, trip->id);
    char certain[64], open_title[64];
    const char *title = tripsage_doc_text(read, "/title");

    title_of(certain, thread, index, trip->number);
    title_of(open_title, thread, index, t->open.number);
    ck_assert_msg(strcmp(title, certain) == 0 || (may_have(t, index, DEED_RENAME) && strcmp(title, open_title) == 0),
                  "\"%s\" instead of \"%s\"", title, certain);
    ck_assert_uint_eq(found_by(actor, test_format("\"%s\"", title)), 1);
    check_items(t, thread, index, actor);
    check_count("notes", thread, index,
                tripsage_doc_int(OK(tripsage_note_list(OUT, world->trips, actor, trip->id)), "/total", -1), trip->notes,
                may_have(t, index, DEED_NOTE), 0);
    check_count("collaborators", thread, index,
                tripsage_doc_int(OK(tripsage_collaborator_list(OUT, world->trips, actor, trip->id)), "/total", -1),
                trip->shared, may_have(t, index, DEED_SHARE), may_have(t, index, DEED_UNSHARE));
}

static void check_trip(const known_thread *t, int thread, int index, const tripsage_actor *actor)
{
    const known_trip *trip = &t->trips[index];
    tripsage_doc *read = NULL;
    tripsage_status status = tripsage_trip_get(&read, world->trips, actor, trip->id);

    tripsage_doc_free(read);
    if (status == TRIPSAGE_OK && !trip->deleted) {
        check_live(t, thread, index, actor);
        return;
    }
    ck_assert_msg(status == TRIPSAGE_ENOTFOUND && (trip->deleted || may_have(t, index, DEED_DELETE)),
                  "trip %d of thread %d (%s): %s", index, thread, trip->deleted ? "deleted" : "alive",
                  test_error_text());
    ck_assert_uint_eq(found_by(actor, test_format("\"word%dx%d\"", thread, index)), 0);
    ck_assert_uint_eq(found_by(actor, test_format("\"item%dx%d\"", thread, index)), 0);
}

/* A creation sent once more: it gives the acknowledged trip, and an open one exists exactly once afterwards. */
static void check_key(const known_thread *t, int thread, const tripsage_actor *actor)
{
    int was_open = t->has_open && t->open.deed == DEED_CREATE;
    writer w = {.trips = world->trips};
    word said = {.thread = thread, .deed = DEED_CREATE};
    tripsage_doc *again = NULL;

    if (!was_open && t->count == 0)
        return;
    w.actor = (tripsage_actor *)(void *)(uintptr_t)actor;
    said.trip = was_open ? t->open.trip : t->count - 1;
    said.number = was_open ? t->open.number : t->trips[said.trip].number;
    if (!was_open) {
        /* Renamed since, it is another input; then the key must at least be known. */
        tripsage_status status = do_create(&w, NULL, &said, &again);
        ck_assert_msg(status == TRIPSAGE_EIDEMPOTENCY ||
                          (status == TRIPSAGE_OK && tripsage_doc_replayed(again) &&
                           strcmp(tripsage_doc_text(again, "/id"), t->trips[said.trip].id) == 0),
                      "the key of an acknowledged creation: %s", tripsage_status_name(status));
        tripsage_doc_free(again);
        return;
    }
    for (int i = 0; i < 2; i++) {
        const char *id;
        OK(do_create(&w, NULL, &said, &again));
        id = test_format("%s", tripsage_doc_text(again, "/id"));
        tripsage_doc_free(again);
        again = NULL;
        OK(tripsage_trip_get(OUT, world->trips, actor, id));
        ck_assert_uint_eq(found_by(actor, test_format("\"word%dx%d\"", thread, said.trip)), 1);
    }
}

static void look_after(known_thread *threads, const char *owner)
{
    tripsage_actor *actor = NULL;
    int certain = 0, open_ones = 0;
    tripsage_list_options all = TRIPSAGE_LIST_OPTIONS_INIT;

    OK(tripsage_actor_user(&actor, owner));
    for (int i = 0; i < THREADS; i++) {
        for (int k = 0; k < threads[i].count; k++) {
            check_trip(&threads[i], i, k, actor);
            certain += !threads[i].trips[k].deleted;
        }
        open_ones +=
            threads[i].has_open && (threads[i].open.deed == DEED_CREATE || threads[i].open.deed == DEED_DELETE);
        test_docs_free();
        test_keep_free();
    }
    all.with_total = 1;
    all.limit = 1;
    {
        int64_t total = tripsage_doc_int(OK(tripsage_trip_list(OUT, world->trips, actor, &all)), "/total", -1);
        ck_assert_msg(total >= certain - open_ones && total <= certain + open_ones, "%lld trips, not %d(+-%d)",
                      (long long)total, certain, open_ones);
    }
    for (int i = 0; i < THREADS; i++)
        check_key(&threads[i], i, actor);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "", "{\"ok\":true,\"problems\":[]}");
    tripsage_actor_free(actor);
}

/* ---- killing ---- */

typedef struct sum {
    long heard, kills, before_first, in_making;
} sum;

static known_thread *new_knowledge(void)
{
    known_thread *threads = calloc(THREADS, sizeof *threads);

    ck_assert_ptr_nonnull(threads);
    for (int i = 0; i < THREADS; i++) {
        threads[i].trips = calloc(TRIPS_EACH, sizeof *threads[i].trips);
        ck_assert_ptr_nonnull(threads[i].trips);
    }
    return threads;
}

static void free_knowledge(known_thread *threads)
{
    for (int i = 0; i < THREADS; i++)
        free(threads[i].trips);
    free(threads);
}

static int64_t in_ms(int64_t more)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000 + more;
}

/* Starts the writer, kills it after some milliseconds of chance, and hears all it said. It dies while it makes a new file, and
 * one in eight while it opens an old one. */
static void write_and_kill(known_thread *threads, const char *url, const char *owner, int is_new, uint64_t *seed,
                           sum *s)
{
    int ends[2], status;
    int early = is_new || test_draw(seed, 8) == 0;
    uint64_t within = is_new ? MAKING_MS : early ? OPENING_MS : WRITING_MS;
    long heard = 0;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        run_writer(url, owner, ends[1]);
    }
    close(ends[1]);
    if (!early) /* the first words say that it is open */
        while (heard == 0 && waitpid(child, &status, WNOHANG) == 0)
            heard += listen_until(ends[0], threads, in_ms(20));
    heard += listen_until(ends[0], threads, in_ms(1 + (int64_t)test_draw(seed, within)));
    kill(child, SIGKILL);
    heard += listen_until(ends[0], threads, -1);
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the writer ended by itself: status %d", status);
    s->heard += heard;
    s->kills++;
    s->before_first += heard == 0;
    s->in_making += heard == 0 && is_new;
}

/* SQLite's own word on the file, through a connection of our own. */
static void check_by_sqlite(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    SAME_TEXT((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &stmt, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

/* Kills upon one file. A new owner for each kill keeps the rounds apart; their sums are looked at again at the end. */
static void kill_on_one_file(int kills, uint64_t *seed, sum *s)
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], url[TEST_URL_SIZE];

    test_temp_make(folder);
    test_path_join(path, folder, "trips.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    setenv("TRIPSAGE_TEST_URL", url, 1);
    for (int i = 0; i < kills; i++) {
        known_thread *threads = new_knowledge();
        char owner[ID_SIZE];

        snprintf(owner, sizeof owner, "01890000-0000-7000-8001-%012d", i);
        write_and_kill(threads, url, owner, i == 0, seed, s);
        world_open();
        /* The writer went by the real clock, and the world's chance must not give the ids of the last round again. */
        atomic_store(&world->chance.now_ms, (int64_t)time(NULL) * 1000);
        atomic_store(&world->chance.seed, *seed);
        look_after(threads, owner);
        free_knowledge(threads);
        world_close();
    }
    check_by_sqlite(path);
    test_temp_remove(folder);
}

START_TEST(acknowledged_writes_survive)
{
    const char *asked = getenv("TRIPSAGE_KILLS");
    int left = asked ? atoi(asked) : KILLS;
    uint64_t seed = 20260301;
    sum s = {0, 0, 0, 0};

    while (left > 0) {
        int now = left < KILLS_PER_FILE ? left : KILLS_PER_FILE;
        kill_on_one_file(now, &seed, &s);
        left -= now;
    }
    printf("%ld kills, %ld of them before the first word, of which %ld while the file was made; %ld words heard\n",
           s.kills, s.before_first, s.in_making, s.heard);
    ck_assert(s.kills < KILLS || s.in_making > 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kill");
    TCase *tcase = tcase_create("kill");

    tcase_set_timeout(tcase, 900);
    tcase_add_test(tcase, acknowledged_writes_survive);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
