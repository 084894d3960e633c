/* fault/vector_kill_test.c: a program that writes vectors, searches them and saves their index is killed at moments of chance, again and
 * again.
 *
 * The writer tells over a pipe of each write before it begins and after it was acknowledged. Then the database is opened, and each item
 * asked for by its own vector:
 *   - what was acknowledged is found, as it was written last, and what was deleted is not;
 *   - the open write is there whole or not at all;
 *   - what was refused is not there;
 *   - after a close in order the next open takes the index up from its file and builds nothing.
 *
 * TRIPSAGE_KILLS sets how many kills there are (25). */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/threads.h"
#include "support/world.h"

enum {
    DIMENSIONS = 12,
    ITEMS = 2800, /* more than a scan is made for, so that there is an index */
    WRITERS = 2,  /* each has a half of the items for itself */
    HALF = ITEMS / WRITERS,
    BATCH = 40,
    KILLS = 25,
    KILLS_PER_FILE = 10,
    WRITING_MS = 250
};

/* Makes numbers of vectors that no other item or version has. */
static void values_of(float out[DIMENSIONS], int item, int version)
{
    uint64_t seed = (uint64_t)item * 1000003 + (uint64_t)version * 7919 + 1;

    for (int d = 0; d < DIMENSIONS; d++)
        out[d] = (float)test_draw(&seed, 2001) / 1000 - 1;
}

/* ---- what is told over the pipe ---- */

typedef struct word {
    int writer, done;
    int first, count; /* items */
    int version;      /* 0: deleted */
} word;

/* What is known of the items: also in the writer, who is a copy of whom it tells. */
static int versions[ITEMS]; /* 0: none */
static int newest[WRITERS]; /* versions that were used */

/* ---- the writer ---- */

typedef struct writers {
    tripsage_vector *vector;
    tripsage_actor *service, *stranger;
    int pipe;
} writers;

static void tell(const writers *w, word *said, int done)
{
    said->done = done;
    if (write(w->pipe, said, sizeof *said) != (ssize_t)sizeof *said)
        _exit(3);
}

static tripsage_status put(const writers *w, const tripsage_actor *actor, int first, int count, int version)
{
    tripsage_vector_item items[BATCH];
    char ids[BATCH][16];
    float values[BATCH][DIMENSIONS];

    for (int i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "i%d", first + i);
        values_of(values[i], first + i, version);
        items[i] = (tripsage_vector_item){ids[i], NULL, NULL, NULL, values[i], DIMENSIONS};
    }
    return tripsage_vector_upsert(w->vector, actor, "v", items, (size_t)count);
}

static void must(tripsage_status status, const char *what)
{
    if (status == TRIPSAGE_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, tripsage_last_error()->message);
    _exit(4);
}

/* One write; what stands in it must not change while it is open. */
static void write_one(const writers *w, int writer, uint64_t *seed)
{
    word said = {.writer = writer, .count = 1 + (int)test_draw(seed, BATCH)};
    char id[16];

    said.first = writer * HALF + (int)test_draw(seed, (uint64_t)(HALF - said.count));
    if (test_draw(seed, 4) == 0) {
        said.count = 1;
        if (!versions[said.first])
            return;
        tell(w, &said, 0);
        snprintf(id, sizeof id, "i%d", said.first);
        must(tripsage_vector_delete(w->vector, w->service, "v", id), "delete");
    } else {
        said.version = ++newest[writer];
        tell(w, &said, 0);
        must(put(w, w->service, said.first, said.count, said.version), "put");
    }
    for (int i = 0; i < said.count; i++)
        versions[said.first + i] = said.version;
    tell(w, &said, 1);
    /* Somebody's whose the items are not: all of it is refused. */
    if (said.version && put(w, w->stranger, said.first, said.count, 1000000) != TRIPSAGE_EFORBIDDEN)
        _exit(6);
}

static void search_one(const writers *w, uint64_t *seed)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc = NULL;
    float values[DIMENSIONS];

    values_of(values, (int)test_draw(seed, ITEMS), 1);
    query.values = values;
    query.value_count = DIMENSIONS;
    must(tripsage_vector_search(&doc, w->vector, w->service, "v", &query), "search");
    tripsage_doc_free(doc);
}

/* A collection that comes and goes. */
static void make_another(const writers *w)
{
    float values[1] = {1};
    const tripsage_vector_item item = {"x", NULL, NULL, NULL, values, 1};

    must(tripsage_vector_collection_create(w->vector, w->service, "w", 1, TRIPSAGE_L2, NULL), "create");
    must(tripsage_vector_upsert(w->vector, w->service, "w", &item, 1), "put");
    must(tripsage_vector_collection_delete(w->vector, w->service, "w"), "delete");
}

static void work_on(size_t index, void *context)
{
    const writers *w = context;
    uint64_t seed = (uint64_t)getpid() * 100 + index;
    tripsage_doc *doc = NULL;

    for (;;) {
        if (index < WRITERS) {
            write_one(w, (int)index, &seed);
        } else if (index == WRITERS) {
            search_one(w, &seed);
        } else {
            must(tripsage_vector_index_build(&doc, w->vector, w->service, "v", 1, NULL, NULL), "build"); /* and saves */
            tripsage_doc_free(doc);
            make_another(w);
        }
    }
}

static void run_writers(const char *url, int pipe_end)
{
    writers w = {.pipe = pipe_end};

    must(tripsage_actor_service(&w.service), "service");
    must(tripsage_actor_user(&w.stranger, STRANGER_ID), "stranger");
    must(tripsage_vector_open(&w.vector, url, NULL), "open");
    test_threads_run(WRITERS + 2, work_on, &w);
    _exit(0);
}

/* ---- who kills ---- */

static word open_writes[WRITERS];
static int is_open[WRITERS];

static void hear(const word *said)
{
    if (said->version > newest[said->writer])
        newest[said->writer] = said->version;
    is_open[said->writer] = !said->done;
    open_writes[said->writer] = *said;
    for (int i = 0; said->done && i < said->count; i++)
        versions[said->first + i] = said->version;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until `deadline_ms`, or, with -1, until the pipe ends. Gives how much was heard. */
static int listen_until(int pipe_end, int64_t deadline_ms)
{
    for (int heard = 0;; heard++) {
        struct pollfd look = {.fd = pipe_end, .events = POLLIN};
        int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();
        word said;

        if ((deadline_ms >= 0 && left <= 0) || poll(&look, 1, (int)left) <= 0 ||
            read(pipe_end, &said, sizeof said) != (ssize_t)sizeof said)
            return heard;
        hear(&said);
    }
}

static void write_and_kill(const char *url, uint64_t *seed)
{
    int ends[2], status;
    pid_t child;

    memset(is_open, 0, sizeof is_open);
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        run_writers(url, ends[1]);
    }
    close(ends[1]);
    (void)listen_until(ends[0], now_ms() + 1 + (int64_t)test_draw(seed, WRITING_MS));
    kill(child, SIGKILL);
    (void)listen_until(ends[0], -1);
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the writer ended by itself: status %d", status);
}

/* ---- looking ---- */

static tripsage_vector *open_vector(const char *url)
{
    tripsage_vector *vector = NULL;

    OK(tripsage_vector_open(&vector, url, NULL));
    return vector;
}

/* Whether the item is there with this version: its vector finds it, at no distance. */
static int has(tripsage_vector *vector, int item, int version)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_doc *doc = NULL;
    float values[DIMENSIONS];
    char id[16];
    int is_found;

    values_of(values, item, version);
    query.values = values;
    query.value_count = DIMENSIONS;
    query.k = 1;
    OK(tripsage_vector_search(&doc, vector, world->service, "v", &query));
    snprintf(id, sizeof id, "i%d", item);
    is_found = tripsage_doc_count(doc, "/items") == 1 && strcmp(tripsage_doc_text(doc, "/items/0/id"), id) == 0 &&
               tripsage_doc_number(doc, "/items/0/score", -1) > -1e-6;
    tripsage_doc_free(doc);
    return is_found;
}

/* Learns what became of an open write; it is whole or it is not. */
static void settle_open(tripsage_vector *vector, const word *said)
{
    int came = 0;

    for (int i = said->first; i < said->first + said->count; i++)
        came += said->version ? has(vector, i, said->version) : !has(vector, i, versions[i]);
    ck_assert_msg(came == 0 || came == said->count, "%d of %d items of one write", came, said->count);
    for (int i = said->first; came && i < said->first + said->count; i++)
        versions[i] = said->version;
}

/* At every n-th of those that are there; gives how many there are. */
static int64_t look_at(tripsage_vector *vector, int every)
{
    int64_t count = 0;

    for (int i = 0; i < ITEMS; i++) {
        if (!versions[i] || count++ % every)
            continue;
        ck_assert_msg(has(vector, i, versions[i]), "item %d of version %d is gone", i, versions[i]);
        if (i % 16 == 0) {
            ck_assert_msg(!has(vector, i, versions[i] - 1), "item %d has its version of before", i);
            ck_assert_msg(!has(vector, i, 1000000), "item %d is what was refused", i);
        }
    }
    return count;
}

static const char *index_of(tripsage_vector *vector, const char *what)
{
    tripsage_doc *doc = OK(tripsage_vector_index(OUT, vector, world->service, "v"));

    return tripsage_doc_text(doc, what) ? test_format("%s", tripsage_doc_text(doc, what)) : "";
}

static void wait_for_index(tripsage_vector *vector)
{
    const struct timespec pause = {0, 5000000};

    while (strcmp(index_of(vector, "/index"), "building") == 0)
        nanosleep(&pause, NULL);
    SAME_TEXT(index_of(vector, "/index"), "ready");
}

static void look_after(const char *url, int *from_file)
{
    tripsage_vector *vector = open_vector(url);
    int64_t count;

    *from_file += strcmp(index_of(vector, "/from"), "snapshot") == 0;
    for (int i = 0; i < WRITERS; i++)
        if (is_open[i])
            settle_open(vector, &open_writes[i]);
    count = look_at(vector, 1);
    ck_assert_int_eq(tripsage_doc_int(OK(tripsage_vector_index(OUT, vector, world->service, "v")), "/items", -1),
                     count);
    if (count > 2450) {
        wait_for_index(vector);
        tripsage_vector_close(vector);
        vector = open_vector(url);
        SAME_TEXT(index_of(vector, "/from"), "snapshot"); /* nothing is built after a close in order */
        SAME_TEXT(index_of(vector, "/reason"), "");
        ck_assert_int_eq(look_at(vector, 7), count);
    }
    tripsage_vector_close(vector);
}

static void begin_file(const char *url)
{
    writers w = {.vector = open_vector(url), .service = world->service};

    memset(versions, 0, sizeof versions);
    memset(newest, 0, sizeof newest);
    OK(tripsage_vector_collection_create(w.vector, world->service, "v", DIMENSIONS, TRIPSAGE_L2, NULL));
    for (int i = 0; i < ITEMS; i += BATCH) {
        must(put(&w, world->service, i, BATCH, 1), "put");
        for (int k = i; k < i + BATCH; k++)
            versions[k] = 1;
    }
    newest[0] = newest[1] = 1;
    tripsage_vector_close(w.vector);
}

static void kill_on_one_file(int kills, uint64_t *seed, int *from_file)
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], url[TEST_URL_SIZE];

    test_temp_make(folder);
    test_path_join(path, folder, "vectors.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    begin_file(url);
    for (int i = 0; i < kills; i++) {
        write_and_kill(url, seed);
        look_after(url, from_file);
        test_docs_free();
        test_keep_free();
    }
    test_temp_remove(folder);
}

START_TEST(committed_vectors_are_found_after_every_kill)
{
    const char *asked = getenv("TRIPSAGE_KILLS");
    int kills = asked ? atoi(asked) : KILLS, from_file = 0;
    uint64_t seed = 20260711;

    for (int left = kills; left > 0; left -= KILLS_PER_FILE) {
        kill_on_one_file(left < KILLS_PER_FILE ? left : KILLS_PER_FILE, &seed, &from_file);
        fprintf(stderr, "%d kills left\n", left > KILLS_PER_FILE ? left - KILLS_PER_FILE : 0);
    }
    printf("%d kills; %d times the index was taken up from its file\n", kills, from_file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vector_kill");
    TCase *tcase = test_case(suite, "vector_kill");

    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, committed_vectors_are_found_after_every_kill);
    return test_run(srunner_create(suite));
}
