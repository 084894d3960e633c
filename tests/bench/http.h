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

/* Starts tripsage-server over a new database in `folder`, makes an account and a trip, and starts the bare handler with the very answer
 * the server gives. */
void http_pair_start(http_pair *pair, const char *server, const char *bare, const char *folder, const char *trip);
void http_pair_stop(http_pair *pair);

/* `connections` keep-alive connections, each sending the request again as soon as it has its answer, from one thread (epoll). A connection that is
 * refused, closed or answered with anything but 200 ends the program. */
http_load http_run(int port, const char *request, unsigned connections, double seconds);

#endif
