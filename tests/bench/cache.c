/* bench_cache: a value of 300 bytes that is there, from the cache in the process, from GLib's hash table under a mutex, and from a
 * Redis server over loopback; what an entry takes beside its key and value; and the round trips of a look on a server. */
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tripsage/tripsage.h>

#include "bench.h"

#ifdef BENCH_GLIB
#include <glib.h>
#endif

/* How long a run is; --quick only shows that everything runs. */
static struct {
    unsigned rounds, looks, remote_looks, keys, entries;
} scale = {15, 500000, 4000, 5000, 1000000};

#define ROUNDS_MAX 64
#define VALUE_SIZE 300u
#define KEY_SIZE   24u
#define PICKS      (1u << 18)

/* SplitMix64 (Steele, Lea and Flood, 2014), below a limit. */
static uint64_t draw(uint64_t *seed, uint64_t limit)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % limit;
}

/* ---- which key is asked for ---- */

static char (*keys)[KEY_SIZE];
static uint32_t picks[2][PICKS]; /* for each thread */

/* Zipf's law with exponent 0.99, as in YCSB: rank r is asked for in proportion to r^-0.99. Ranks are dealt onto keys by chance. */
static void choose_keys(void)
{
    double *sums = malloc(scale.keys * sizeof *sums), sum = 0;
    uint32_t *order = malloc(scale.keys * sizeof *order);
    uint64_t seed = 7;

    keys = malloc(scale.keys * sizeof *keys);
    if (!sums || !order || !keys)
        bench_fail("no memory for the keys");
    for (unsigned i = 0; i < scale.keys; i++) {
        snprintf(keys[i], KEY_SIZE, "trip:%08u:summary", i);
        sums[i] = sum += pow(i + 1, -0.99);
        order[i] = i;
    }
    for (unsigned i = scale.keys - 1; i > 0; i--) {
        unsigned other = (unsigned)draw(&seed, i + 1);
        uint32_t kept = order[i];

        order[i] = order[other];
        order[other] = kept;
    }
    for (unsigned t = 0; t < 2; t++)
        for (unsigned i = 0; i < PICKS; i++) {
            double at = (double)draw(&seed, UINT64_C(1) << 53) / (double)(UINT64_C(1) << 53) * sum;
            unsigned low = 0, high = scale.keys - 1;

            while (low < high) {
                unsigned middle = (low + high) / 2;

                if (sums[middle] < at)
                    low = middle + 1;
                else
                    high = middle;
            }
            picks[t][i] = order[low];
        }
    free(sums);
    free(order);
}

/* What every side does with a value, so that it is read. */
static unsigned touch(const void *value)
{
    const unsigned char *bytes = value;

    return (unsigned)bytes[0] + bytes[VALUE_SIZE - 1];
}

/* ---- the sides: each gives a thread's looks ---- */

static tripsage_cache *cache;

static void fill_cache(void)
{
    char value[VALUE_SIZE];

    if (tripsage_cache_open(&cache, NULL, NULL) != TRIPSAGE_OK)
        bench_fail("open: %s", tripsage_last_error()->message);
    memset(value, 'v', sizeof value);
    for (unsigned i = 0; i < scale.keys; i++)
        if (tripsage_cache_set(cache, keys[i], strlen(keys[i]), value, sizeof value, 0, TRIPSAGE_CACHE_ALWAYS) !=
            TRIPSAGE_OK)
            bench_fail("set: %s", tripsage_last_error()->message);
}

static unsigned look_in_cache(unsigned thread, unsigned looks)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < looks; i++) {
        const char *key = keys[picks[thread][i % PICKS]];
        tripsage_cache_value value;

        if (tripsage_cache_get(&value, cache, key, strlen(key)) != TRIPSAGE_OK)
            bench_fail("get: %s", tripsage_last_error()->message);
        sum += touch(value.data);
        tripsage_cache_value_free(&value);
    }
    return sum;
}

#ifdef BENCH_GLIB
static GHashTable *table;
static GMutex table_lock;

static void free_bytes(gpointer bytes)
{
    g_bytes_unref(bytes);
}

static void fill_table(void)
{
    char value[VALUE_SIZE];

    memset(value, 'v', sizeof value);
    table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_bytes);
    for (unsigned i = 0; i < scale.keys; i++)
        g_hash_table_insert(table, g_strdup(keys[i]), g_bytes_new(value, sizeof value));
}

/* As with the cache, what is handed out stays valid: it is counted. */
static unsigned look_in_table(unsigned thread, unsigned looks)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < looks; i++) {
        GBytes *bytes;

        g_mutex_lock(&table_lock);
        bytes = g_bytes_ref(g_hash_table_lookup(table, keys[picks[thread][i % PICKS]]));
        g_mutex_unlock(&table_lock);
        sum += touch(g_bytes_get_data(bytes, NULL));
        g_bytes_unref(bytes);
    }
    return sum;
}
#endif

/* ---- timing ---- */

typedef struct crew {
    unsigned (*look)(unsigned thread, unsigned looks);
    unsigned looks;
    pthread_barrier_t start;
} crew;

typedef struct member {
    crew *crew;
    unsigned thread, sum;
    double began, ended;
} member;

static void *work(void *context)
{
    member *m = context;

    pthread_barrier_wait(&m->crew->start);
    m->began = bench_now();
    m->sum = m->crew->look(m->thread, m->crew->looks);
    m->ended = bench_now();
    return NULL;
}

/* Looks in a second, of all threads together. */
static double time_looks(unsigned (*look)(unsigned thread, unsigned looks), unsigned looks, unsigned threads)
{
    crew c = {.look = look, .looks = looks};
    member members[2] = {{&c, 0, 0, 0, 0}, {&c, 1, 0, 0, 0}};
    pthread_t ids[2];
    double began, ended;

    pthread_barrier_init(&c.start, NULL, threads);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, &members[i]))
            bench_fail("no thread");
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    pthread_barrier_destroy(&c.start);
    began = members[0].began;
    ended = members[0].ended;
    if (threads == 2 && members[1].began < began)
        began = members[1].began;
    if (threads == 2 && members[1].ended > ended)
        ended = members[1].ended;
    return looks * threads / (ended - began);
}

/* ---- a plot: looks in a second, each bar ten times as much for a grid line ---- */

static struct bar {
    const char *label, *color;
    double looks;
} bars[5];
static size_t bar_count;

static void add_bar(const char *label, const char *color, double looks)
{
    bars[bar_count++] = (struct bar){label, color, looks};
}

#define PLOT_LEFT 220.0
#define PLOT_STEP 90.0 /* for ten times as much */
#define PLOT_FROM 1e3

static double plot_x(double looks)
{
    return PLOT_LEFT + PLOT_STEP * log10(looks / PLOT_FROM);
}

static void write_plot(FILE *out)
{
    static const char *const ticks[] = {"1 k", "10 k", "100 k", "1 M", "10 M", "100 M"};
    double bottom = 30 + 30.0 * (double)bar_count;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"%.0f\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<title>Looks in a second, values of 300 bytes</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            bottom + 40);
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++)
        fprintf(out,
                "<path d=\"M%.0f 20V%.0f\" stroke=\"#e0e0e0\"/><text x=\"%.0f\" y=\"%.0f\" "
                "text-anchor=\"middle\">%s</text>\n",
                PLOT_LEFT + PLOT_STEP * (double)i, bottom, PLOT_LEFT + PLOT_STEP * (double)i, bottom + 16, ticks[i]);
    for (size_t i = 0; i < bar_count; i++)
        fprintf(out,
                "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%s</text><rect x=\"%.0f\" y=\"%.0f\" width=\"%.1f\" "
                "height=\"18\" fill=\"%s\"/><text x=\"%.1f\" y=\"%.0f\">%.0f</text>\n",
                PLOT_LEFT - 8, 44 + 30.0 * (double)i, bars[i].label, PLOT_LEFT, 30 + 30.0 * (double)i,
                plot_x(bars[i].looks) - PLOT_LEFT, bars[i].color, plot_x(bars[i].looks) + 6, 44 + 30.0 * (double)i,
                bars[i].looks);
    fputs("</svg>\n", out);
}

/* ---- beside others ---- */

static void compare_with_glib(unsigned threads, const char *name, const char *ratio_name)
{
    double own[ROUNDS_MAX], ratio[ROUNDS_MAX];

    for (unsigned r = 0; r < scale.rounds; r++) {
        own[r] = time_looks(look_in_cache, scale.looks, threads);
#ifdef BENCH_GLIB
        ratio[r] = own[r] / time_looks(look_in_table, scale.looks, threads);
#endif
    }
    bench_figure(name, bench_median(own, scale.rounds), "1/s");
    add_bar(threads == 1 ? "TripSage, 1 thread" : "TripSage, 2 threads", "#1565c0", bench_median(own, scale.rounds));
#ifdef BENCH_GLIB
    add_bar(threads == 1 ? "GLib and a mutex, 1 thread" : "GLib and a mutex, 2 threads", "#757575",
            bench_median(own, scale.rounds) / bench_median(ratio, scale.rounds));
    bench_figure(ratio_name, bench_median(ratio, scale.rounds), "x");
#else
    (void)ratio;
    bench_progress("%s is left out: built without libglib2.0-dev", ratio_name);
#endif
}

/* ---- Redis ---- */

static pid_t server;
static int to_server = -1, port;

/* A port that was free a moment ago. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        bench_fail("no port: %s", strerror(errno));
    close(fd);
    return ntohs(address.sin_port);
}

static void send_all(const char *data, size_t size)
{
    if (write(to_server, data, size) != (ssize_t)size)
        bench_fail("redis: %s", strerror(errno));
}

static void receive(char *data, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = read(to_server, data + got, size - got);

        if (n <= 0)
            bench_fail("redis ended the connection");
        got += (size_t)n;
    }
}

/* Ends with this program, however that ends. */
static void start_redis(void)
{
    char text[16];

    port = free_port();
    snprintf(text, sizeof text, "%d", port);
    server = fork();
    if (server < 0)
        bench_fail("fork: %s", strerror(errno));
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("redis-server", "redis-server", "--port", text, "--bind", "127.0.0.1", "--save", "", "--appendonly",
               "no", "--logfile", "/dev/null", "--dir", "/tmp", (char *)NULL);
        _exit(127);
    }
}

static void end_redis(void)
{
    close(to_server);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static void connect_to_redis(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    for (double until = bench_now() + 10; bench_now() < until; usleep(20000)) {
        to_server = socket(AF_INET, SOCK_STREAM, 0);
        if (to_server >= 0 && connect(to_server, (struct sockaddr *)&address, sizeof address) == 0) {
            setsockopt(to_server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return;
        }
        close(to_server);
    }
    bench_fail("redis-server does not answer at port %d", port);
}

/* Values are set in the bench's own words, and so is a look: no client could be faster. */
static void fill_redis(void)
{
    static char request[KEY_SIZE + VALUE_SIZE + 128], reply[8];
    char value[VALUE_SIZE + 1];

    memset(value, 'v', VALUE_SIZE);
    value[VALUE_SIZE] = 0;
    for (unsigned i = 0; i < scale.keys; i++) {
        int n = snprintf(request, sizeof request, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%u\r\n%s\r\n", strlen(keys[i]),
                         keys[i], VALUE_SIZE, value);

        send_all(request, (size_t)n);
        receive(reply, 5); /* +OK */
    }
}

static unsigned look_in_redis(unsigned thread, unsigned looks)
{
    char request[KEY_SIZE + 64], reply[VALUE_SIZE + 8]; /* $300\r\n, the value, \r\n */
    unsigned sum = 0;

    for (unsigned i = 0; i < looks; i++) {
        const char *key = keys[picks[thread][i % PICKS]];
        int n = snprintf(request, sizeof request, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(key), key);

        send_all(request, (size_t)n);
        receive(reply, sizeof reply);
        sum += touch(reply + 6);
    }
    return sum;
}

static void compare_with_redis(void)
{
    double ratio[ROUNDS_MAX], redis[ROUNDS_MAX];

    fill_redis();
    for (unsigned r = 0; r < scale.rounds; r++) {
        redis[r] = time_looks(look_in_redis, scale.remote_looks, 1);
        ratio[r] = time_looks(look_in_cache, scale.looks, 1) / redis[r];
    }
    add_bar("Redis over loopback, 1 connection", "#c62828", bench_median(redis, scale.rounds));
    bench_figure("get_vs_redis_loopback", bench_median(ratio, scale.rounds), "x");
}

/* How many times the server has read from its clients, this question included. */
static long server_reads(void)
{
    static const char question[] = "*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n", name[] = "total_reads_processed:";
    char text[8192];
    size_t got = 0;
    const char *at;

    send_all(question, sizeof question - 1);
    do {
        ssize_t n = read(to_server, text + got, sizeof text - 1 - got);

        if (n <= 0)
            bench_fail("redis ended the connection");
        got += (size_t)n;
        text[got] = 0;
        at = strstr(text, name);
    } while (!at || !strchr(at, '\n') || strcmp(text + got - 2, "\r\n") != 0);
    return strtol(at + strlen(name), NULL, 10);
}

static void count_round_trips(void)
{
    enum { LOOKS = 1000 };
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    char url[64];
    tripsage_cache *remote;
    long before, after;

    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    options.url = url;
    if (tripsage_cache_open(&remote, &options, NULL) != TRIPSAGE_OK ||
        tripsage_cache_set(remote, "k", 1, "v", 1, 0, TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK)
        bench_fail("redis: %s", tripsage_last_error()->message);
    before = server_reads();
    for (int i = 0; i < LOOKS; i++) {
        tripsage_cache_value value;

        if (tripsage_cache_get(&value, remote, "k", 1) != TRIPSAGE_OK)
            bench_fail("redis: %s", tripsage_last_error()->message);
        tripsage_cache_value_free(&value);
    }
    after = server_reads();
    bench_figure("remote_round_trips_get", (double)(after - before - 1) / LOOKS, "round trips");
    tripsage_cache_close(remote);
}

/* ---- what an entry takes ---- */

static _Atomic size_t heap; /* of all blocks, with the word that the C library keeps before each */

static void count_in(void *block)
{
    if (block)
        atomic_fetch_add_explicit(&heap, malloc_usable_size(block) + sizeof(size_t), memory_order_relaxed);
}

static void count_out(void *block)
{
    if (block)
        atomic_fetch_sub_explicit(&heap, malloc_usable_size(block) + sizeof(size_t), memory_order_relaxed);
}

static void *counting_malloc(size_t size, void *user)
{
    void *block = malloc(size);

    (void)user;
    count_in(block);
    return block;
}

static void *counting_realloc(void *block, size_t size, void *user)
{
    void *grown;

    (void)user;
    count_out(block);
    grown = realloc(block, size);
    count_in(grown ? grown : block);
    return grown;
}

static void counting_free(void *block, void *user)
{
    (void)user;
    count_out(block);
    free(block);
}

/* The n-th key and the size of its value: 15 to 46 bytes and 64 to 1,023, each as likely as any other. */
static size_t nth(char key[64], size_t *value_size, unsigned n)
{
    uint64_t seed = n;
    size_t size = (size_t)snprintf(key, 64, "user:%010u", n), more = (size_t)draw(&seed, 32);

    memset(key + size, 'k', more);
    *value_size = 64 + (size_t)draw(&seed, 960);
    return size + more;
}

/* A cache that is full by its entries, and was filled half again, so that the policy remembers who left. */
static void measure_overhead(void)
{
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    size_t before = heap, after, carried = 0, value_size;
    static char value[1024];
    char key[64];
    tripsage_cache_stats stats;
    tripsage_cache *full;

    options.max_bytes = UINT64_C(8) << 30;
    options.max_entries = scale.entries;
    if (tripsage_cache_open(&full, &options, NULL) != TRIPSAGE_OK)
        bench_fail("open: %s", tripsage_last_error()->message);
    for (unsigned n = 0; n < scale.entries / 2 * 3; n++) {
        size_t key_size = nth(key, &value_size, n);

        if (tripsage_cache_set(full, key, key_size, value, value_size, 60000000, TRIPSAGE_CACHE_ALWAYS) != TRIPSAGE_OK)
            bench_fail("set: %s", tripsage_last_error()->message);
    }
    if (tripsage_cache_get_stats(&stats, full) != TRIPSAGE_OK)
        bench_fail("stats: %s", tripsage_last_error()->message);
    after = heap;
    for (unsigned n = 0; n < scale.entries / 2 * 3; n++) {
        tripsage_cache_value found;
        size_t key_size = nth(key, &value_size, n);

        if (tripsage_cache_get(&found, full, key, key_size) != TRIPSAGE_OK)
            continue;
        carried += key_size + found.size;
        tripsage_cache_value_free(&found);
    }
    bench_progress("%llu entries, %.1f MB of keys and values, %.1f MB of heap, %.1f MB by the cache's own account",
                   (unsigned long long)stats.entries, (double)carried / 1e6, (double)(after - before) / 1e6,
                   (double)stats.bytes / 1e6);
    bench_figure("bytes_overhead_per_entry", (double)(after - before - carried) / (double)stats.entries, "bytes");
    bench_figure("bytes_accounted_vs_heap", (double)stats.bytes / (double)(after - before), "x");
    tripsage_cache_close(full);
}

static const char usage[] = "usage: bench_cache [--quick] [--plot PATH.svg] [report.json]\n";

int main(int argc, char **argv)
{
    const char *output = "build/bench/cache-memory.json", *plot = NULL;
    const bench_option options[] = {{"--plot", &plot, NULL}, {NULL, NULL, NULL}};
    const tripsage_allocator counting = {counting_malloc, counting_realloc, counting_free, NULL};

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.looks = 20000;
        scale.remote_looks = 200;
        scale.keys = 2000;
        scale.entries = 20000;
    }
    bench_make_folder();

    bench_method("What an entry takes of the heap beside its key and value: all blocks of a full cache, counted by "
                 "their usable size\n"
                 "and the word before it, with tables, what the policy remembers and all else; keys of 15 to 46 bytes, "
                 "values of 64 to 1,023.");
    if (tripsage_set_allocator(&counting) != TRIPSAGE_OK)
        bench_fail("allocator: %s", tripsage_last_error()->message);
    measure_overhead();
    if (tripsage_set_allocator(NULL) != TRIPSAGE_OK)
        bench_fail("allocator: %s", tripsage_last_error()->message);

    bench_method("Values of 300 bytes that are there, keys by Zipf's law (0.99), each handed out and given back, by "
                 "one thread and by two at\n"
                 "once; GLib's hash table of counted values under a mutex, in turn, round by round.");
    choose_keys();
    fill_cache();
#ifdef BENCH_GLIB
    fill_table();
#endif
    compare_with_glib(1, "get_per_second_1", "get_vs_glib_1");
    compare_with_glib(2, "get_per_second_2", "get_vs_glib_2");

    bench_method("The same keys from a Redis server by GET over TCP on loopback, one connection, written and read "
                 "without a client library.");
    start_redis();
    connect_to_redis();
    compare_with_redis();
    bench_method("Reads of the server for each look of a cache that is on it.");
    count_round_trips();
    end_redis();

    bench_write_to(plot, write_plot);
    bench_write("cache", output);
    tripsage_cache_close(cache);
#ifdef BENCH_GLIB
    g_hash_table_destroy(table);
#endif
    free(keys);
    return EXIT_SUCCESS;
}
