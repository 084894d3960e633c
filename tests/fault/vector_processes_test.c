/* fault/vector_processes_test.c: two programs work on one collection of vectors and one file of its index at once: both write, search,
 * save, open the file anew while the other one saves it, and one of them is killed in between, again and again.
 *
 * What they know of the items stands in memory that they share: for each item the version that was acknowledged, and a count that is odd
 * while a write of it is open. Whoever looks at an item, of whichever program, takes both, searches, and takes both again: if nothing was
 * written meanwhile, the item is found by the vector of this version, or, where it was deleted, by none. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/threads.h"
#include "support/world.h"

enum {
    PROCESSES = 2,
    DIMENSIONS = 12,
    ITEMS = 2800, /* more than a scan is made for, so that there is an index */
    HALF = ITEMS / PROCESSES,
    BATCH = 40,
    KILLS = 3,
    /* Of each program before the next thing happens to it. */
    LOOKS = 60,
    WRITES = 20,
    SAVES = 1
};

/* ---- what they share ---- */

typedef struct item_state {
    atomic_int version; /* 0: deleted */
    atomic_int count;   /* of beginnings and ends of writes */
    atomic_int tried;   /* the last version that somebody tried to write */
} item_state;

typedef struct shared {
    item_state items[ITEMS];
    struct progress {
        atomic_int looks, writes, saves, stop;
    } of[PROCESSES];
    atomic_int wrong;
    char what[200]; /* the first one */
} shared;

static shared *all;

static void complain(const char *what, int item, int version)
{
    char text[200];

    snprintf(text, sizeof text, "%s: item %d, version %d: %.120s", what, item, version, tripsage_last_error()->message);
    fprintf(stderr, "process %d: %s\n", (int)getpid(), text);
    if (atomic_fetch_add(&all->wrong, 1) == 0)
        memcpy(all->what, text, sizeof text);
}

static void values_of(float out[DIMENSIONS], int item, int version)
{
    uint64_t seed = (uint64_t)item * 1000003 + (uint64_t)version * 7919 + 1;

    for (int d = 0; d < DIMENSIONS; d++)
        out[d] = (float)test_draw(&seed, 2001) / 1000 - 1;
}

/* ---- one program ---- */

typedef struct program {
    int number;
    const char *url;
    tripsage_vector *vector;
    tripsage_actor *service;
} program;

static tripsage_status put(const program *p, int first, int count)
{
    tripsage_vector_item items[BATCH];
    char ids[BATCH][16];
    float values[BATCH][DIMENSIONS];

    for (int i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "i%d", first + i);
        values_of(values[i], first + i, atomic_load(&all->items[first + i].tried));
        items[i] = (tripsage_vector_item){ids[i], NULL, NULL, NULL, values[i], DIMENSIONS};
    }
    return tripsage_vector_upsert(p->vector, p->service, "v", items, (size_t)count);
}

/* Writes a program's own items anew, whatever became of a write that was open when it was killed. */
static void write_items(const program *p, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        atomic_fetch_add(&all->items[i].tried, 1);
        if (atomic_load(&all->items[i].count) % 2 == 0)
            atomic_fetch_add(&all->items[i].count, 1);
    }
    if (put(p, first, count) != TRIPSAGE_OK) {
        complain("writing", first, atomic_load(&all->items[first].tried));
        return;
    }
    for (int i = first; i < first + count; i++) {
        atomic_store(&all->items[i].version, atomic_load(&all->items[i].tried));
        atomic_fetch_add(&all->items[i].count, 1);
    }
    atomic_fetch_add(&all->of[p->number].writes, 1);
}

static void delete_item(const program *p, int item)
{
    item_state *state = &all->items[item];
    char id[16];

    if (!atomic_load(&state->version))
        return;
    snprintf(id, sizeof id, "i%d", item);
    atomic_fetch_add(&state->count, 1);
    if (tripsage_vector_delete(p->vector, p->service, "v", id) != TRIPSAGE_OK)
        complain("deleting", item, 0);
    atomic_store(&state->version, 0);
    atomic_fetch_add(&state->count, 1);
    atomic_fetch_add(&all->of[p->number].writes, 1);
}

/* Whether a version of an item is what its vector finds. -1: the search failed. */
static int has(const program *p, int item, int version)
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
    if (tripsage_vector_search(&doc, p->vector, p->service, "v", &query) != TRIPSAGE_OK)
        return -1;
    snprintf(id, sizeof id, "i%d", item);
    is_found = tripsage_doc_count(doc, "/items") == 1 && strcmp(tripsage_doc_text(doc, "/items/0/id"), id) == 0 &&
               tripsage_doc_number(doc, "/items/0/score", -1) > -1e-6;
    tripsage_doc_free(doc);
    return is_found;
}

static void look_at(const program *p, int item)
{
    item_state *state = &all->items[item];
    int count = atomic_load(&state->count), version = atomic_load(&state->version), tried = atomic_load(&state->tried);
    int found = has(p, item, version ? version : tried);

    if (count % 2 || atomic_load(&state->count) != count)
        return;
    if (found != (version != 0))
        complain(found < 0 ? "searching" : found ? "deleted and found" : "there and not found", item, version);
    atomic_fetch_add(&all->of[p->number].looks, 1);
}

/* Another handle of the same program takes the file up, as it is just then, and leaves it behind, as it is then. */
static void open_and_look(const program *p, uint64_t *seed)
{
    program another = *p;

    another.vector = NULL;
    if (tripsage_vector_open(&another.vector, p->url, NULL) != TRIPSAGE_OK) {
        complain("opening", 0, 0);
        return;
    }
    for (int i = 0; i < 10; i++)
        look_at(&another, (int)test_draw(seed, ITEMS));
    tripsage_vector_close(another.vector);
}

static void save(const program *p)
{
    tripsage_doc *doc = NULL;

    if (tripsage_vector_index_build(&doc, p->vector, p->service, "v", 1, NULL, NULL) != TRIPSAGE_OK)
        complain("saving", 0, 0);
    tripsage_doc_free(doc);
    atomic_fetch_add(&all->of[p->number].saves, 1);
}

enum { WRITER, LOOKER, SAVER, WORKERS };

/* Leaves the others a turn at the file. */
static void pause_briefly(void)
{
    const struct timespec pause = {0, 2000000};

    nanosleep(&pause, NULL);
}

static void work(size_t index, void *context)
{
    const program *p = context;
    uint64_t seed = (uint64_t)getpid() * 100 + index;
    int own = p->number * HALF;

    while (!atomic_load(&all->of[p->number].stop)) {
        if (index == WRITER)
            pause_briefly();
        if (index == LOOKER) {
            look_at(p, (int)test_draw(&seed, ITEMS));
        } else if (index == SAVER) {
            save(p);
            open_and_look(p, &seed);
        } else if (test_draw(&seed, 4)) {
            int count = 1 + (int)test_draw(&seed, BATCH);

            write_items(p, own + (int)test_draw(&seed, (uint64_t)(HALF - count)), count);
        } else {
            delete_item(p, own + (int)test_draw(&seed, HALF));
        }
    }
}

static void run_program(int number, const char *url)
{
    program p = {number, url, NULL, NULL};

    if (tripsage_actor_service(&p.service) != TRIPSAGE_OK ||
        tripsage_vector_open(&p.vector, url, NULL) != TRIPSAGE_OK) {
        complain("opening", 0, 0);
        _exit(EXIT_FAILURE);
    }
    for (int i = number * HALF; i < (number + 1) * HALF; i++) /* what was open when the one before was killed */
        if (atomic_load(&all->items[i].count) % 2)
            write_items(&p, i, 1);
    test_threads_run(WORKERS, work, &p);
    tripsage_vector_close(p.vector);
    tripsage_actor_free(p.service);
    _exit(EXIT_SUCCESS);
}

/* ---- both ---- */

static pid_t start(int number, const char *url)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run_program(number, url);
    return child;
}

/* Until each of them has come so much further. A program that ended by itself has complained, and none waits for it. */
static void wait_for_progress(const pid_t programs[PROCESSES])
{
    for (int n = 0; n < PROCESSES; n++) {
        struct progress *of = &all->of[n];
        int looks = atomic_load(&of->looks) + LOOKS, writes = atomic_load(&of->writes) + WRITES;
        int saves = atomic_load(&of->saves) + SAVES;

        while (!atomic_load(&all->wrong) && (atomic_load(&of->looks) < looks || atomic_load(&of->writes) < writes ||
                                             atomic_load(&of->saves) < saves)) {
            int status;

            ck_assert_msg(waitpid(programs[n], &status, WNOHANG) == 0, "program %d ended: %d, %s", n, status,
                          all->what);
            pause_briefly();
        }
    }
}

static void end_in_order(const pid_t programs[PROCESSES])
{
    for (int n = 0; n < PROCESSES; n++)
        atomic_store(&all->of[n].stop, 1);
    for (int n = 0; n < PROCESSES; n++) {
        int status;

        ck_assert_int_eq(waitpid(programs[n], &status, 0), programs[n]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "program %d ended with %d", n, status);
    }
}

static void begin_file(program *p)
{
    OK(tripsage_actor_service(&p->service));
    OK(tripsage_vector_open(&p->vector, p->url, NULL));
    OK(tripsage_vector_collection_create(p->vector, p->service, "v", DIMENSIONS, TRIPSAGE_L2, NULL));
    for (int i = 0; i < ITEMS; i += BATCH)
        write_items(p, i, BATCH);
    tripsage_vector_close(p->vector); /* no handle goes through fork() */
}

static void look_at_all(program *p)
{
    int looked = atomic_load(&all->of[0].looks), there = 0;
    tripsage_doc *state;

    OK(tripsage_vector_open(&p->vector, p->url, NULL));
    for (int i = 0; i < ITEMS; i++) {
        look_at(p, i);
        there += atomic_load(&all->items[i].version) != 0;
    }
    ck_assert_int_eq(atomic_load(&all->of[0].looks) - looked, ITEMS); /* nothing was left open */
    state = OK(tripsage_vector_index(OUT, p->vector, p->service, "v"));
    IS_INT(state, "/items", there);
    IS_TEXT(state, "/from", "snapshot");
    ck_assert_ptr_null(tripsage_doc_text(state, "/reason"));
    tripsage_vector_close(p->vector);
    tripsage_actor_free(p->service);
}

START_TEST(two_programs_share_a_collection_and_its_file)
{
    char folder[TEST_PATH_SIZE], path[TEST_PATH_SIZE], url[TEST_URL_SIZE];
    pid_t programs[PROCESSES];
    program before = {0, url, NULL, NULL};

    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(all, MAP_FAILED);
    test_temp_make(folder);
    test_path_join(path, folder, "vectors.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    begin_file(&before);
    for (int n = 0; n < PROCESSES; n++)
        programs[n] = start(n, url);
    for (int kills = 0; kills < KILLS; kills++) {
        int victim = kills % PROCESSES, status;

        wait_for_progress(programs);
        ck_assert_int_eq(kill(programs[victim], SIGKILL), 0);
        ck_assert_int_eq(waitpid(programs[victim], &status, 0), programs[victim]);
        programs[victim] = start(victim, url);
    }
    wait_for_progress(programs);
    end_in_order(programs);
    ck_assert_msg(atomic_load(&all->wrong) == 0, "%d wrong: %s", atomic_load(&all->wrong), all->what);
    look_at_all(&before);
    ck_assert_msg(atomic_load(&all->wrong) == 0, "%d wrong: %s", atomic_load(&all->wrong), all->what);
    printf("%d and %d looks, %d and %d writes, %d and %d saves, %d kills\n", all->of[0].looks, all->of[1].looks,
           all->of[0].writes, all->of[1].writes, all->of[0].saves, all->of[1].saves, KILLS);
    test_temp_remove(folder);
    munmap(all, sizeof *all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vector_processes");
    TCase *tcase = tcase_create("vector_processes");

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, two_programs_share_a_collection_and_its_file);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
