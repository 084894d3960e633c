/* bench_backup: what writers feel of a backup. Each round has a quiet half, as long as a backup takes, and one in which another process
 * backs the database up, as the command does: copied, verified by a restore. Writers come at a steady rate, and what they waited for is
 * measured from the moment they were due, so that one that is held up does not hide those that would have come behind it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
} scale = {640000, 3, 5.0};

static char folder[512] = "build/bench/backup";
static char path[600], url[620], vault[600], restored[620];

/* ---- what is measured ---- */

/* What goes on while a writer waits: nothing that counts, nothing but writers, or what the backup tells that it does. */
typedef enum phase { REST = 0, QUIET, BEGUN, COPY, CHECKSUM, RESTORE, CHECK, PHASES } phase;

static const char *const told[PHASES] = {"", "", "", "copy", "checksum", "restore", "check"};

static struct {
    tripsage *ts;
    atomic_uint round;
    atomic_int ended, failed;
} world;

/* Shared with the other process, which tells what it does. */
static atomic_int *going_on;

typedef struct sample {
    double due;
    float ms;
    uint8_t round, phase;
} sample;

typedef struct writer {
    unsigned number;
    sample *samples;
    atomic_size_t count; /* of whole ones */
} writer;

/* ---- the machine ---- */

/* A virtual machine may be stopped for seconds by its host, or by who takes its memory away. No backup at a lower priority keeps a thread
 * that only sleeps from waking for so long, and what was due while the machine stood still, or soon after, says nothing of either side. */
#define STOPPED_S 0.2
#define SOON_S    0.5
#define STOPS_MAX 1024

typedef struct stop {
    double from, to;
} stop;

static struct {
    stop all[STOPS_MAX];
    atomic_size_t count;
} stops;

static void *only_sleep(void *context)
{
    (void)context;
    while (!world.ended) {
        double before = bench_now(), after;

        usleep(5000);
        after = bench_now();
        if (after - before > STOPPED_S && stops.count < STOPS_MAX) {
            stops.all[stops.count] = (stop){before, after + SOON_S};
            stops.count++;
        }
    }
    return NULL;
}

static int stood_still(const sample *s)
{
    for (size_t i = 0; i < stops.count; i++)
        if (s->due + (double)s->ms / 1e3 >= stops.all[i].from && s->due <= stops.all[i].to)
            return 1;
    return 0;
}

/* ---- writing ---- */

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
    size_t seen = stops.count;

    for (; !world.ended; due += INTERVAL_S) {
        tripsage_doc *trip = NULL;
        sample *s = &w->samples[w->count];

        sleep_until(due);
        if (stops.count != seen) { /* nobody has asked meanwhile */
            seen = stops.count;
            due = bench_now();
        }
        s->phase = (uint8_t)*going_on;
        s->round = (uint8_t)world.round;
        s->due = due;
        if (tripsage_trip_create(&trip, tripsage_get_trips(world.ts), actor, data_trip, TRIPSAGE_NUL, NULL) !=
            TRIPSAGE_OK)
            world.failed = 1;
        tripsage_doc_free(trip);
        s->ms = (float)((bench_now() - due) * 1e3);
        if (w->count < SAMPLES_MAX - 1)
            w->count++;
    }
    tripsage_actor_free(actor);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Of all writers together, from one phase to another, in one round or in all (-1); -1 where none came. */
static double p99(const writer *writers, int round, phase from, phase to)
{
    size_t count = 0;
    float *all = malloc((size_t)WRITERS * SAMPLES_MAX * sizeof *all);
    double value;

    if (!all)
        bench_fail("out of memory");
    for (int i = 0; i < WRITERS; i++)
        for (size_t n = 0; n < writers[i].count; n++) {
            const sample *s = &writers[i].samples[n];

            if (s->phase >= from && s->phase <= to && (round < 0 || s->round == round) && !stood_still(s))
                all[count++] = s->ms;
        }
    if (count)
        qsort(all, count, sizeof *all, compare);
    value = count ? (double)all[count * 99 / 100] : -1;
    free(all);
    return value;
}

/* ---- the other process ---- */

/* Begun before anything is open here: a handle does not cross a fork. It backs up once for each byte it is sent, and answers with one. */
typedef struct other {
    pid_t pid;
    int to, from;
} other;

static void listen_to(void *user, const char *doing, int64_t done, int64_t total)
{
    (void)user;
    (void)done;
    (void)total;
    for (int i = COPY; i < PHASES; i++)
        if (strcmp(doing, told[i]) == 0)
            *going_on = i;
}

static void serve(int from, int to)
{
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    char byte;

    options.keep = 1;
    options.progress = listen_to;
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

static void run_rounds(const other *o, const writer *writers)
{
    double added[ROUNDS_MAX], quiet[ROUNDS_MAX], during[ROUNDS_MAX], seconds[ROUNDS_MAX], rest = scale.quiet_s;
    unsigned lost = 0;

    for (unsigned i = 0; i < scale.rounds; i++) {
        world.round = i;
        *going_on = QUIET;
        usleep((useconds_t)(rest * 1e6));
        *going_on = BEGUN;
        rest = seconds[i] = back_up(o);
        *going_on = REST;
        usleep(200000);
        quiet[i] = p99(writers, (int)i, QUIET, QUIET);
        during[i] = p99(writers, (int)i, BEGUN, CHECK);
        if (quiet[i] < 0 || during[i] < 0) {
            bench_progress("round %u: the machine stood still all the time", i + 1);
            if (++lost > ROUNDS_MAX)
                bench_fail("the machine stands still");
            i--;
            continue;
        }
        added[i] = during[i] - quiet[i];
        bench_progress("round %u: %.1f s, p99 %.2f ms quiet, %.2f ms during the backup", i + 1, seconds[i], quiet[i],
                       during[i]);
    }
    bench_figure("backup_writers_p99_added_ms", bench_median(added, scale.rounds), "ms");
    bench_figure("backup_writers_p99_quiet_ms", bench_median(quiet, scale.rounds), "ms");
    bench_figure("backup_writers_p99_during_ms", bench_median(during, scale.rounds), "ms");
    bench_figure("backup_writers_p99_copy_ms", p99(writers, -1, COPY, COPY), "ms");
    bench_figure("backup_writers_p99_checksum_ms", p99(writers, -1, CHECKSUM, CHECKSUM), "ms");
    bench_figure("backup_writers_p99_restore_ms", p99(writers, -1, RESTORE, RESTORE), "ms");
    bench_figure("backup_writers_p99_check_ms", p99(writers, -1, CHECK, CHECK), "ms");
    bench_figure("backup_machine_stops", (double)stops.count, "not counted");
    bench_figure("backup_s", bench_median(seconds, scale.rounds), "s");
}

/* As after its weekly upkeep. Where half a million rows were just put in, every sixtieth commit goes on merging the full-text index for a
 * tenth of a second, which is more than any backup adds, and comes and goes. */
static void settle(void)
{
    tripsage_maintain_options options = TRIPSAGE_MAINTAIN_OPTIONS_INIT;
    tripsage_doc *done = NULL;
    tripsage *ts = data_open(path);

    options.upkeep = TRIPSAGE_UPKEEP_ANALYZE;
    if (tripsage_maintain(&done, ts, &options) != TRIPSAGE_OK)
        bench_fail("maintain: %s", tripsage_last_error()->message);
    tripsage_doc_free(done);
    tripsage_close(ts);
    sync();
}

static void measure(void)
{
    writer writers[WRITERS];
    pthread_t threads[WRITERS], sleeper;
    other o;
    char file[1200];

    going_on = mmap(NULL, sizeof *going_on, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (going_on == MAP_FAILED)
        bench_fail("no shared memory is to be had");
    o = start_other();

    memset(writers, 0, sizeof writers);
    world.ts = data_open(path);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].number = i;
        writers[i].samples = malloc(SAMPLES_MAX * sizeof *writers[i].samples);
        if (!writers[i].samples || pthread_create(&threads[i], NULL, write_on, &writers[i]) != 0)
            bench_fail("no thread is to be had");
    }
    if (pthread_create(&sleeper, NULL, only_sleep, NULL) != 0)
        bench_fail("no thread is to be had");
    usleep(500000);
    run_rounds(&o, writers);
    world.ended = 1;
    pthread_join(sleeper, NULL);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        free(writers[i].samples);
    }
    tripsage_close(world.ts);
    end_other(&o);
    if (world.failed)
        bench_fail("a write failed");
    find_backup(file);
    measure_restore(file);
}

static unsigned number_of(const char *text, unsigned most)
{
    unsigned long value = strtoul(text, NULL, 10);

    if (value < 1 || value > most)
        bench_fail("expected a number from 1 to %u, not %s", most, text);
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    static const char usage[] = "Usage: bench_backup [--quick] [--trips N] [--rounds N] [--data FOLDER] [REPORT]\n\n"
                                "What writers feel of a backup of a database of 1 GiB (640,000 trips), and whether it "
                                "comes back.\n";
    const char *report = "build/bench/backup.json", *data = NULL, *trips = NULL, *rounds = NULL;
    const bench_option options[] = {
        {"--data", &data, NULL}, {"--trips", &trips, NULL}, {"--rounds", &rounds, NULL}, {NULL, NULL, NULL}};
    char command[1300];

    if (bench_arguments(argc, argv, usage, options, &report)) {
        scale.trips = 8000;
        scale.rounds = 2;
        scale.quiet_s = 0.5;
    }
    if (trips)
        scale.trips = number_of(trips, 10000000);
    if (rounds)
        scale.rounds = number_of(rounds, ROUNDS_MAX);
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
                 "verifies the backup by a restore. What was due while the machine stood still is not counted.");
    bench_progress("filling %s", path);
    data_fill(path, scale.trips, 500, 1);
    settle();
    measure();
    bench_write("operate", report);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
