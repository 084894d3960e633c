/* bench_auth_storm: what trip reads over HTTP feel of a storm of sign-ins. Each round has a quiet half and one in which every connection of
 * the storm signs in, waits for the answer, and signs in again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "data.h"
#include "http.h"

#define STORM_CONNECTIONS 64
#define READ_CONNECTIONS  4
#define ROUNDS_MAX        32

static struct {
    unsigned rounds;
    double seconds; /* of half a round */
} scale = {5, 2.0};

static http_pair pair;
static _Atomic int storming, ended;
static _Atomic unsigned sign_ins, turned_away; /* where the machine is busy, the last in line wait too long */

static void *sign_in_again(void *unused)
{
    char request[512];
    int fd = http_connect(pair.port);

    (void)unused;
    snprintf(request, sizeof request,
             "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
             "%zu\r\n\r\n%s",
             strlen(HTTP_ACCOUNT), HTTP_ACCOUNT);
    while (!ended)
        if (storming) {
            if (http_exchange(fd, request, 503) == 200)
                sign_ins++;
            else
                turned_away++;
        } else {
            usleep(10000);
        }
    close(fd);
    return NULL;
}

/* ---- the comparison ---- */

static void measure(void)
{
    double quiet[ROUNDS_MAX], storm[ROUNDS_MAX], ratio[ROUNDS_MAX];
    double stormed = 0, signed_in = 0;

    bench_method("Reads of a trip over HTTP, four connections that rest 2 ms after each, alone and while 64 "
                 "connections sign in as fast as they\n"
                 "get answers, in turn. The figure is the median of the rounds' ratios of their 99th percentiles.");
    for (unsigned round = 0; round < scale.rounds; round++) {
        unsigned before;
        double start;

        quiet[round] = http_p99(pair.port, pair.request, READ_CONNECTIONS, scale.seconds);
        storming = 1;
        usleep(200000); /* until all of them stand in line */
        start = bench_now();
        before = sign_ins;
        storm[round] = http_p99(pair.port, pair.request, READ_CONNECTIONS, scale.seconds);
        stormed += bench_now() - start;
        signed_in += sign_ins - before;
        storming = 0;
        ratio[round] = storm[round] / quiet[round];
        bench_progress("round %u: %.0f us, in the storm %.0f us", round + 1, quiet[round], storm[round]);
        sleep(3); /* until the last of them has its answer */
    }
    bench_figure("read_p99_quiet_us", bench_median(quiet, scale.rounds), "us");
    bench_figure("read_p99_storm_us", bench_median(storm, scale.rounds), "us");
    bench_figure("sign_ins_per_second", signed_in / stormed, "1/s");
    bench_figure("sign_ins_turned_away", turned_away, "sign-ins");
    bench_figure("read_p99_under_signin_storm", bench_median(ratio, scale.rounds), "x");
}

static const char usage[] =
    "usage: bench_auth_storm [--quick] [--data FOLDER] [OUTPUT.json]\n"
    "Measures reads over HTTP beside a storm of sign-ins; writes to OUTPUT.json (build/bench/auth-storm.json).\n";

int main(int argc, char **argv)
{
    const char *folder = "build/bench-data", *output = "build/bench/auth-storm.json";
    const bench_option options[] = {{"--data", &folder, NULL}, {NULL, NULL, NULL}};
    pthread_t threads[STORM_CONNECTIONS];

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.seconds = 0.5;
    }
    mkdir(folder, 0700);
    setenv("RATE_LIMIT_ENABLED", "false", 1); /* what is measured is their work, not that they are sent away */
    http_pair_start(&pair, TRIPSAGE_SERVER_PROGRAM, NULL, folder, data_trip);
    for (size_t i = 0; i < STORM_CONNECTIONS; i++)
        if (pthread_create(&threads[i], NULL, sign_in_again, NULL) != 0)
            bench_fail("no thread to sign in on");
    measure();
    ended = 1;
    for (size_t i = 0; i < STORM_CONNECTIONS; i++)
        pthread_join(threads[i], NULL);
    http_pair_stop(&pair);
    bench_write("auth_storm", output);
    return EXIT_SUCCESS;
}
