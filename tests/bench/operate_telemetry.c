/* bench_operate_telemetry: what metrics and traces cost the server, and what it feels of a collector that is silent or gone. Servers that
 * differ in their settings alone run beside each other and are asked in turn. */
#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "data.h"
#include "http.h"

#define CONNECTIONS     64
#define P99_CONNECTIONS 4
#define ROUNDS_MAX      64

/* A round of throughput goes from server to server several times: what a machine does besides comes and goes within a second. And each
 * round has servers of its own: two processes of one program differ by several percent, by where their memory lies. */
static struct {
    unsigned rounds, turns, p99_rounds;
    double seconds, p99_seconds; /* of one server's turn, and of its part of a round */
} scale = {25, 5, 15, 0.2, 2.0};

/* ---- a collector ---- */

/* Takes each request whole, as its length says, and answers that all is well. */
static void *take_spans(void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
    int fd = (int)(long)context;
    char *data = malloc(1 << 20);
    size_t size = 0;
    ssize_t got;

    while (data && (got = read(fd, data + size, (1 << 20) - 1 - size)) > 0) {
        const char *end, *length;
        size_t whole;

        size += (size_t)got;
        data[size] = '\0';
        end = strstr(data, "\r\n\r\n");
        length = end ? strcasestr(data, "content-length:") : NULL;
        whole = length ? (size_t)(end + 4 - data) + strtoul(length + 15, NULL, 10) : 0;
        if (!whole || size < whole)
            continue;
        if (write(fd, answer, sizeof answer - 1) < 0)
            break;
        memmove(data, data + whole, size - whole);
        size -= whole;
    }
    close(fd);
    free(data);
    return NULL;
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        bench_fail("no port for a collector");
    *port = ntohs(address.sin_port);
    return fd;
}

/* In a process of its own, as collectors are. */
static pid_t start_collector(int *port)
{
    int fd = listen_somewhere(port);
    pid_t child = fork();

    if (child != 0) {
        close(fd);
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (;;) {
        pthread_t thread;
        int taken = accept(fd, NULL, NULL);

        if (taken >= 0 && pthread_create(&thread, NULL, take_spans, (void *)(long)taken) == 0)
            pthread_detach(thread);
    }
}

/* ---- servers ---- */

typedef enum kind { OFF, ON, SAMPLED, SILENT, GONE, KINDS } kind;
static const char *const names[KINDS] = {"off", "on", "sampled", "silent", "gone"};
static http_pair pairs[KINDS];
static char lists[KINDS][2048]; /* requests for a page of trips */
static struct {
    const char *folder;
    int takes, silent, gone; /* ports of collectors */
} place;

static void set_endpoint(int port)
{
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
}

/* A page of ten, of which the first is there. */
#define PAGE 10

static void fill_page(kind which)
{
    const char *head = strstr(pairs[which].request, " HTTP/1.1");
    char request[8192];

    snprintf(lists[which], sizeof lists[which], "GET /api/trips?limit=%d%s", PAGE, head);
    snprintf(request, sizeof request,
             "POST /api/trips HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %zu%s%s", strlen(data_trip),
             strstr(head, "\r\n"), data_trip);
    for (int i = 1; i < PAGE; i++) {
        char *answer = http_ask(pairs[which].port, request);

        if (strncmp(answer, "HTTP/1.1 201", 12) != 0)
            bench_fail("%.300s", answer);
        free(answer);
    }
}

static void start_server(kind which)
{
    char own[600];

    snprintf(own, sizeof own, "%s/%s", place.folder, names[which]);
    mkdir(own, 0700);
    unsetenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    unsetenv("OTEL_TRACES_SAMPLER");
    setenv("OTEL_SDK_DISABLED", which == OFF ? "true" : "false", 1);
    setenv("TRIPSAGE_METRICS", "on", 1);
    if (which != OFF)
        set_endpoint(which == SILENT ? place.silent : which == GONE ? place.gone : place.takes);
    if (which == SAMPLED) {
        setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
        setenv("OTEL_TRACES_SAMPLER_ARG", "0.1", 1);
    }
    http_pair_start(&pairs[which], TRIPSAGE_SERVER_PROGRAM, NULL, own, data_trip);
    if (which == OFF || which == ON)
        fill_page(which);
}

/* The first `count` kinds, each asked for a while before it is measured. */
static void start_servers(unsigned count)
{
    for (unsigned which = 0; which < count; which++)
        start_server((kind)which);
    for (unsigned which = 0; which < count; which++)
        http_run(pairs[which].port, pairs[which].request, CONNECTIONS, scale.seconds);
}

static void stop_servers(unsigned count)
{
    for (unsigned which = 0; which < count; which++)
        http_pair_stop(&pairs[which]);
}

/* Seconds of processors that the server has used, all its threads together. */
static double processor_time(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        bench_fail("the processor time of %d cannot be read", (int)pid);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

static double metric(const http_pair *pair, const char *line)
{
    char *answer = http_ask(pair->port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const char *at = strstr(answer, line);
    double value = at ? strtod(at + strlen(line), NULL) : 0;

    free(answer);
    return value;
}

/* ---- comparisons ---- */

typedef struct measured {
    double per_second[ROUNDS_MAX], us[ROUNDS_MAX]; /* of processors, for each request */
} measured;

/* Which comes first, second and so on: by chance, since each feels what the one before it has left to be done. */
static void shuffle(unsigned *order, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned other = (unsigned)(random() % (i + 1));

        order[i] = order[other];
        order[other] = i;
    }
}

/* One round of the first `count` kinds, in turns. */
static void run(measured *all, unsigned round, unsigned count, const char *const *requests)
{
    double answers[KINDS] = {0}, used[KINDS] = {0}, rates[KINDS] = {0};
    unsigned order[KINDS] = {0};

    for (unsigned i = 0; i < scale.turns * count; i++) {
        unsigned which;
        double before;
        http_load load;

        if (i % count == 0)
            shuffle(order, count);
        which = order[i % count];
        before = processor_time(pairs[which].server);
        load = http_run(pairs[which].port, requests[which], CONNECTIONS, scale.seconds);
        used[which] += processor_time(pairs[which].server) - before;
        answers[which] += load.mean * CONNECTIONS;
        rates[which] += load.per_second / scale.turns;
    }
    for (unsigned which = 0; which < count; which++) {
        all[which].per_second[round] = rates[which];
        all[which].us[round] = used[which] * 1e6 / answers[which];
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of the rounds' values, and on stderr between which two of them the median of endlessly many lies with 95 % confidence: by
 * rank, since nothing is known of how they are distributed (David and Nagaraja, "Order Statistics", 7.1, with the normal approximation). */
static void tell(const char *name, double *values, const char *unit)
{
    double median = bench_median(values, scale.rounds);
    double rank = (scale.rounds - 1.96 * sqrt(scale.rounds)) / 2;
    size_t low = rank > 0 ? (size_t)rank : 0;

    qsort(values, scale.rounds, sizeof *values, compare);
    bench_progress("%s: %.2f to %.2f %s", name, values[low], values[scale.rounds - 1 - low], unit);
    bench_figure(name, median, unit);
}

/* What is on against what is off, within each round. */
static void tell_cost(const char *percent, const char *us, const measured *off, const measured *on)
{
    double percents[ROUNDS_MAX], differences[ROUNDS_MAX];

    for (unsigned i = 0; i < scale.rounds; i++) {
        percents[i] = (1 - on->per_second[i] / off->per_second[i]) * 100;
        differences[i] = on->us[i] - off->us[i];
    }
    tell(percent, percents, "%");
    if (us)
        tell(us, differences, "us");
}

static void compare_reads(void)
{
    static measured all[KINDS];
    const char *const requests[] = {pairs[OFF].request, pairs[ON].request, pairs[SAMPLED].request};
    double exported = 0, dropped = 0;

    bench_method("A trip read over HTTP by 64 connections as fast as answers come: telemetry off, on with every trace "
                 "exported to a collector\n"
                 "on this machine, and with one trace in ten, in turns of a fifth of a second. Figures are "
                 "medians of what the rounds\n"
                 "differ by, each with servers of its own. The trip is in the server's cache: of all that it answers, "
                 "little is cheaper. Throughput "
                 "has the time of clients and\n"
                 "collector in it, which share the processors; microseconds are the server's own, exporting included.");
    for (unsigned round = 0; round < scale.rounds; round++) {
        start_servers(3);
        run(all, round, 3, requests);
        exported += metric(&pairs[ON], "\notel_sdk_exporter_span_exported_total ");
        dropped += metric(&pairs[ON], "otel_sdk_processor_span_processed_total{error_type=\"queue_full\"} ");
        stop_servers(3);
        bench_progress("round %u: %.0f, on %.0f, sampled %.0f per second", round + 1, all[OFF].per_second[round],
                       all[ON].per_second[round], all[SAMPLED].per_second[round]);
    }
    bench_figure("telemetry_off_per_second", bench_median(all[OFF].per_second, scale.rounds), "1/s");
    bench_figure("telemetry_on_per_second", bench_median(all[ON].per_second, scale.rounds), "1/s");
    bench_figure("telemetry_off_processor_us_per_request", bench_median(all[OFF].us, scale.rounds), "us");
    tell_cost("telemetry_throughput_cost_percent", "telemetry_processor_us_per_request", &all[OFF], &all[ON]);
    tell_cost("telemetry_sampled_throughput_cost_percent", NULL, &all[OFF], &all[SAMPLED]);
    bench_figure("telemetry_spans_exported_at_full_load_percent", exported / (exported + dropped) * 100, "%");
}

static void compare_lists(void)
{
    static measured all[2];
    const char *const requests[] = {lists[OFF], lists[ON]};

    bench_method("The same of a page of ten trips, which is asked of the database: two spans.");
    for (unsigned round = 0; round < scale.rounds; round++) {
        start_servers(2);
        run(all, round, 2, requests);
        stop_servers(2);
        bench_progress("round %u: %.0f, on %.0f per second", round + 1, all[OFF].per_second[round],
                       all[ON].per_second[round]);
    }
    bench_figure("telemetry_list_off_per_second", bench_median(all[OFF].per_second, scale.rounds), "1/s");
    tell_cost("telemetry_list_throughput_cost_percent", "telemetry_list_processor_us_per_request", &all[OFF], &all[ON]);
}

/* Until spans are dropped. */
static void fill_queue(kind which)
{
    for (int tries = 0; tries < 100; tries++) {
        http_run(pairs[which].port, pairs[which].request, CONNECTIONS, 0.5);
        if (metric(&pairs[which], "otel_sdk_processor_span_processed_total{error_type=\"queue_full\"} ") > 0)
            return;
    }
    bench_fail("no span was dropped where the collector is %s", names[which]);
}

static void compare_collectors(void)
{
    double us[KINDS][ROUNDS_MAX], silent[ROUNDS_MAX], gone[ROUNDS_MAX];

    bench_method("The same by four connections that rest 2 ms after each answer: how long 99 of 100 answers take at "
                 "most, with a collector that takes\n"
                 "spans, one that takes connections and says nothing, and one that is not there.");
    start_servers(KINDS);
    for (kind which = SILENT; which < KINDS; which++)
        fill_queue(which);
    for (unsigned round = 0; round < scale.p99_rounds; round++) {
        static const kind asked[] = {ON, SILENT, GONE};

        for (unsigned i = 0; i < 3; i++) {
            kind which = asked[(i + round) % 3];

            us[which][round] = http_p99(pairs[which].port, pairs[which].request, P99_CONNECTIONS, scale.p99_seconds);
        }
        silent[round] = us[SILENT][round] / us[ON][round];
        gone[round] = us[GONE][round] / us[ON][round];
        bench_progress("round %u: %.0f us, silent %.0f us, gone %.0f us", round + 1, us[ON][round], us[SILENT][round],
                       us[GONE][round]);
    }
    bench_figure("telemetry_p99_us", bench_median(us[ON], scale.p99_rounds), "us");
    bench_figure("telemetry_p99_silent_collector_ratio", bench_median(silent, scale.p99_rounds), "x");
    bench_figure("telemetry_p99_no_collector_ratio", bench_median(gone, scale.p99_rounds), "x");
    stop_servers(KINDS);
}

static const char usage[] =
    "usage: bench_operate_telemetry [--quick] [--data FOLDER] [OUTPUT.json]\n"
    "Measures what metrics and traces cost; writes to OUTPUT.json (build/bench/operate-telemetry.json).\n";

int main(int argc, char **argv)
{
    const char *output = "build/bench/operate-telemetry.json";
    const bench_option options[] = {{"--data", &place.folder, NULL}, {NULL, NULL, NULL}};
    int silent_fd;
    pid_t child;

    place.folder = "build/bench-data";
    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = scale.turns = scale.p99_rounds = 1;
        scale.seconds = scale.p99_seconds = 0.5;
    }
    mkdir(place.folder, 0700);
    child = start_collector(&place.takes);
    silent_fd = listen_somewhere(&place.silent);
    close(listen_somewhere(&place.gone));
    compare_reads();
    compare_lists();
    compare_collectors();
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    close(silent_fd);
    bench_write("operate", output);
    return EXIT_SUCCESS;
}
