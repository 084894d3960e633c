/* tests/bench/http.h: two servers that give the same bytes, and a load generator that counts answers per connection. */
#ifndef TRIPSAGE_TESTS_BENCH_HTTP_H
#define TRIPSAGE_TESTS_BENCH_HTTP_H

#include <sys/types.h>

typedef struct http_pair {
    pid_t server, bare;
    int port, bare_port;
    char request[2048]; /* GET of a trip with its token */
} http_pair;

typedef struct http_load {
    double per_second;
    double mean, fewest; /* answers per connection */
} http_load;

#define HTTP_ACCOUNT "{\"email\":\"bench@example.org\",\"password\":\"a long enough password\"}"

/* Starts tripsage-server over a new database in `folder`, makes an account and a trip, and, where `bare` is not NULL, starts the bare
 * handler with the very answer the server gives. */
void http_pair_start(http_pair *pair, const char *server, const char *bare, const char *folder, const char *trip);
void http_pair_stop(http_pair *pair);

/* `connections` keep-alive connections, each sending the request again as soon as it has its answer, from one thread (epoll). A connection
 * that is refused, closed or answered with anything but 200 ends the program. */
http_load http_run(int port, const char *request, unsigned connections, double seconds);

/* Microseconds that 99 of 100 answers come within, where each of so many connections (16 at most) rests 2 ms after an answer, as a client
 * does that has something to show: latency is measured, not throughput. It goes on after its time where there are not 100 answers yet. */
double http_p99(int port, const char *request, unsigned connections, double seconds);

/* The whole answer to a request on a connection of its own. Free it. */
char *http_ask(int port, const char *request);

/* A connection for one request at a time. Gives the answer's status; one that is neither 200 nor `other` (0: none) ends the program. */
int http_connect(int port);
int http_exchange(int fd, const char *request, int other);

#endif
