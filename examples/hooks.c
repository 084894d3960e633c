/* hooks.c: what a program can replace: the allocator, the clock, the random source, the log.
 *
 * With all four in its hands a program sees the same ids and times at every run, which is how one tests code that uses the library. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <tripsage/tripsage.h>

/* ---- allocator: counts the blocks that are out ---- */

static atomic_long blocks_made, blocks_out;

static void *counting_malloc(size_t size, void *user)
{
    void *block = malloc(size);
    (void)user;
    if (block) {
        atomic_fetch_add(&blocks_made, 1);
        atomic_fetch_add(&blocks_out, 1);
    }
    return block;
}

static void *counting_realloc(void *block, size_t size, void *user)
{
    int was_none = block == NULL;
    void *moved = realloc(block, size);
    (void)user;
    if (moved && was_none) {
        atomic_fetch_add(&blocks_made, 1);
        atomic_fetch_add(&blocks_out, 1);
    }
    return moved;
}

static void counting_free(void *block, void *user)
{
    (void)user;
    if (block)
        atomic_fetch_sub(&blocks_out, 1);
    free(block);
}

/* ---- clock, chance, log ---- */

/* 2026-01-02T03:04:05.000Z, for ever. */
static int64_t fixed_clock(void *user)
{
    (void)user;
    return INT64_C(1767323045000);
}

/* A counter: good for a test, never for a program with secrets. */
static int counted_bytes(unsigned char *out, size_t size, void *user)
{
    atomic_uchar *next = user;
    for (size_t i = 0; i < size; i++)
        out[i] = atomic_fetch_add(next, 1);
    return 0;
}

static void print_event(tripsage_log_level level, const char *room, const char *message, void *user)
{
    static const char *const names[] = {"", "error", "warn", "info", "debug"};
    fprintf(user, "log: %s %s: %s\n", names[level], room, message);
}

/* ---- the program ---- */

static tripsage_status plan_a_trip(const tripsage_runtime *runtime)
{
    const char *plan = TRIPSAGE_JSON({"title": "Lisbon", "start_date": "2026-05-01", "end_date": "2026-05-03",
                                      "destinations": [{"name": "Lisbon"}]});
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage *ts = NULL;
    tripsage_actor *user = NULL;
    tripsage_doc *trip = NULL;

    options.runtime = runtime;
    tripsage_status status = tripsage_open(&ts, "sqlite::memory:", &options);
    if (status == TRIPSAGE_OK)
        status = tripsage_actor_user(&user, "01900000-0000-7000-8000-000000000001");
    if (status == TRIPSAGE_OK)
        status = tripsage_trip_create(&trip, tripsage_get_trips(ts), user, plan, TRIPSAGE_NUL, NULL);
    if (status == TRIPSAGE_OK)
        printf("trip %s made at %s\n", tripsage_doc_text(trip, "/id"), tripsage_doc_text(trip, "/created_at"));

    tripsage_doc_free(trip);
    tripsage_actor_free(user);
    tripsage_close(ts);
    return status;
}

int main(void)
{
    static atomic_uchar next_byte;
    tripsage_allocator allocator = {counting_malloc, counting_realloc, counting_free, NULL};
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    runtime.now_ms = fixed_clock;
    runtime.random_bytes = counted_bytes;
    runtime.random_user = &next_byte;
    runtime.log = print_event;
    runtime.log_user = stdout;
    runtime.log_level = TRIPSAGE_LOG_DEBUG;

    if (tripsage_set_allocator(&allocator) != TRIPSAGE_OK || plan_a_trip(&runtime) != TRIPSAGE_OK) {
        fprintf(stderr, "hooks: %s\n", tripsage_last_error()->message);
        return 1;
    }
    printf("allocator used: %s, blocks still out: %ld\n", atomic_load(&blocks_made) > 0 ? "yes" : "no",
           atomic_load(&blocks_out));
    return atomic_load(&blocks_out) != 0;
}
