/* bench_backup: what writers feel of a backup. Each round has a quiet half, as long as a backup takes, and one in which another process
 * backs the database up, as the command does: copied, verified by a restore. Writers come at a steady rate, and what they waited for is
 * measured from the moment they were due, so that one that is held up does not hide those that would have come behind it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tripsage/tripsage.h>
#include <unistd.h>

#include "bench.h"
#include "data.h"

#define WRITERS     4
#define SAMPLES_MAX 200000
#define ROUNDS_MAX  16
/* 50 trips a second each, 200 together: far more than people plan, far less than the store takes. */
#define INTERVAL_S 0.02

static struct {
    unsigned trips, rounds;
    double quiet_s; /* of the first quiet half */
} scale = {520000, 3, 5.0};

static char folder[512] = "build/bench/backup";
static char path[600], url[620], vault[600], restored[620];

/* ---- the writers ---- */

typedef enum phase { REST = 0, QUIET, BACKUP, PHASES } phase;

static struct {
    tripsage *ts;
    atomic_int phase, ended, failed;
} world;

typedef struct writer {
    unsigned number;
    double *ms[PHASES];
    size_t count[PHASES];
} writer;

static void sleep_until(double when)
{
    double left = when - bench_now();

    if (left > 0)
        usleep((useconds_t)(left * 1e6));
}

static void *write_on(void *context)
{
    writer *w = context;
    tripsage_actor *actor = data_actor(w->number);
    double due = bench_now() + INTERVAL_S * w->number / WRITERS;

    for (; !world.ended; due += INTERVAL_S) {
        int during;
        tripsage_doc *trip = NULL;

        sleep_until(due);
        during = world.phase;
        if (tripsage_trip_create(&trip, tripsage_get_trips(world.ts), actor, data_trip, TRIPSAGE_NUL, NULL) !=
            TRIPSAGE_OK)
            world.failed = 1;
        tripsage_doc_free(trip);
        if (w->count[during] < SAMPLES_MAX)
            w->ms[during][w->count[during]++] = (bench_now() - due) * 1e3;
    }
    tripsage_actor_free(actor);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of all writers together; forgets what was measured. */
static double p99(writer *writers, phase of)
{
    size_t count = 0, at = 0;
    double *all, value;

    for (int i = 0; i < WRITERS; i++)
        count += writers[i].count[of];
    if (count == 0)
        bench_fail("no writer came");
    all = malloc(count * sizeof *all);
    if (!all)
        bench_fail("out of memory");
    for (int i = 0; i < WRITERS; i++) {
        memcpy(all + at, writers[i].ms[of], writers[i].count[of] * sizeof *all);
        at += writers[i].count[of];
        writers[i].count[of] = 0;
    }
    qsort(all, count, sizeof *all, compare);
    value = all[count * 99 / 100];
    free(all);
    return value;
}

/* ---- the other process ---- */

/* Begun before anything is open here: a handle does not cross a fork. It backs up once for each byte it is sent, and answers with one. */
typedef struct other {
    pid_t pid;
    int to, from;
} other;

static void serve(int from, int to)
{
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    char byte;

    options.keep = 1;
    (void)nice(10); /* as the command does */
    while (read(from, &byte, 1) == 1) {
        tripsage_doc *made = NULL;

        byte = tripsage_backup(&made, url, vault, &options) == TRIPSAGE_OK && tripsage_doc_bool(made, "/verified", 0)
                   ? '1'
                   : '0';
        if (byte == '0')
            fprintf(stderr, "bench: %s\n", tripsage_last_error()->message);
        tripsage_doc_free(made);
        if (write(to, &byte, 1) != 1)
            break;
    }
    _exit(0);
}

static other start_other(void)
{
    int there[2], back[2];
    other o;

    if (pipe(there) != 0 || pipe(back) != 0 || (o.pid = fork()) < 0)
        bench_fail("no other process is to be had");
    if (o.pid == 0) {
        close(there[1]);
        close(back[0]);
        serve(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    o.to = there[1];
    o.from = back[0];
    return o;
}

/* Gives the seconds. */
static double back_up(const other *o)
{
    double began = bench_now();
    char answer = '0';

    if (write(o->to, "b", 1) != 1 || read(o->from, &answer, 1) != 1 || answer != '1')
        bench_fail("the backup failed");
    return bench_now() - began;
}

static void end_other(const other *o)
{
    close(o->to);
    close(o->from);
    waitpid(o->pid, NULL, 0);
}

/* ---- the backup, afterwards ---- */

static void find_backup(char out[1200])
{
    char command[1300];
    FILE *listed;

    snprintf(command, sizeof command, "ls %s/*.db", vault);
    listed = popen(command, "r");
    if (!listed || !fgets(out, 1200, listed))
        bench_fail("there is no backup in %s", vault);
    out[strcspn(out, "\n")] = '\0';
    pclose(listed);
}

static void measure_restore(const char *file)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
    tripsage_doc *done = NULL;
    struct stat found;
    double began = bench_now();

    options.force = 1;
    if (tripsage_restore(&done, restored, file, &options) != TRIPSAGE_OK)
        bench_fail("restore: %s", tripsage_last_error()->message);
    tripsage_doc_free(done);
    bench_figure("backup_restore_s", bench_now() - began, "s");
    if (stat(file, &found) != 0 || truncate(file, found.st_size - 1) != 0)
        bench_fail("cannot cut %s", file);
    bench_figure("backup_truncated_refused", tripsage_restore(&done, restored, file, &options) == TRIPSAGE_ECORRUPT,
                 "yes = 1");
    bench_figure("backup_mib", (double)found.st_size / 1048576, "MiB");
}

/* ---- the rounds ---- */

static void run_rounds(const other *o, writer *writers)
{
    double added[ROUNDS_MAX], quiet[ROUNDS_MAX], during[ROUNDS_MAX], seconds[ROUNDS_MAX], rest = scale.quiet_s;

    for (unsigned i = 0; i < scale.rounds; i++) {
        world.phase = QUIET;
        usleep((useconds_t)(rest * 1e6));
        world.phase = BACKUP;
        rest = seconds[i] = back_up(o);
        world.phase = REST;
        usleep(200000);
        quiet[i] = p99(writers, QUIET);
        during[i] = p99(writers, BACKUP);
        added[i] = during[i] - quiet[i];
        bench_progress("round %u: %.1f s, p99 %.2f ms quiet, %.2f ms during the backup", i + 1, seconds[i], quiet[i],
                       during[i]);
    }
    bench_figure("backup_writers_p99_added_ms", bench_median(added, scale.rounds), "ms");
    bench_figure("backup_writers_p99_quiet_ms", bench_median(quiet, scale.rounds), "ms");
    bench_figure("backup_writers_p99_during_ms", bench_median(during, scale.rounds), "ms");
    bench_figure("backup_s", bench_median(seconds, scale.rounds), "s");
}

static void measure(void)
{
    writer writers[WRITERS];
    pthread_t threads[WRITERS];
    other o = start_other();
    char file[1200];

    memset(writers, 0, sizeof writers);
    world.ts = data_open(path);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        for (int p = 0; p < PHASES; p++)
            writers[i].ms[p] = malloc(SAMPLES_MAX * sizeof(double));
        if (pthread_create(&threads[i], NULL, write_on, &writers[i]) != 0)
            bench_fail("no thread is to be had");
    }
    usleep(500000);
    run_rounds(&o, writers);
    world.ended = 1;
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        for (int p = 0; p < PHASES; p++)
            free(writers[i].ms[p]);
    }
    tripsage_close(world.ts);
    end_other(&o);
    if (world.failed)
        bench_fail("a write failed");
    find_backup(file);
    measure_restore(file);
}

int main(int argc, char **argv)
{
    static const char usage[] = "Usage: bench_backup [--quick] [--data FOLDER] [REPORT]\n\n"
                                "What writers feel of a backup of a database of 1 GiB, and whether it comes back.\n";
    const char *report = "build/bench/backup.json", *data = NULL;
    const bench_option options[] = {{"--data", &data, NULL}, {NULL, NULL, NULL}};
    char command[1300];

    if (bench_arguments(argc, argv, usage, options, &report)) {
        scale.trips = 8000;
        scale.rounds = 2;
        scale.quiet_s = 0.5;
    }
    if (data)
        snprintf(folder, sizeof folder, "%s", data);
    else
        bench_make_folder();
    snprintf(path, sizeof path, "%s/backup.db", folder);
    snprintf(url, sizeof url, "sqlite:%s%s", path[0] == '/' ? "//" : "", path);
    snprintf(restored, sizeof restored, "sqlite:%s%s/restored.db", path[0] == '/' ? "//" : "", folder);
    snprintf(vault, sizeof vault, "%s/vault", folder);
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s'", folder, vault);
    if (system(command) != 0)
        bench_fail("cannot make %s", folder);
    bench_method("Four writers make 50 trips a second each, in one process; another one backs the database up, and "
                 "verifies the backup by a restore.");
    bench_progress("filling %s", path);
    data_fill(path, scale.trips, 500, 1);
    measure();
    bench_write("operate", report);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
