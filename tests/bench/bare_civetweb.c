/* bare_civetweb FILE: CivetWeb and nothing else: one handler that writes the bytes of FILE, a whole answer, in one piece. What the server can
 * at best be as fast as. */
#include <civetweb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char bytes[65536];
static size_t size;

static int answer(struct mg_connection *connection, void *data)
{
    (void)data;
    mg_write(connection, bytes, size);
    return 200;
}

int main(int argc, char **argv)
{
    /* The server's own settings, see tripsage-server/http.c. */
    static const char *options[] = {"listening_ports",
                                    "127.0.0.1:0",
                                    "num_threads",
                                    "1100",
                                    "enable_keep_alive",
                                    "yes",
                                    "keep_alive_timeout_ms",
                                    "60000",
                                    "request_timeout_ms",
                                    "30000",
                                    "tcp_nodelay",
                                    "1",
                                    "connection_queue",
                                    "1100",
                                    "listen_backlog",
                                    "1024",
                                    NULL};
    struct mg_server_port port;
    struct mg_context *context;
    sigset_t stop;
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    int signal_number;

    if (!file) {
        fputs("usage: bare_civetweb FILE\n", stderr);
        return EXIT_FAILURE;
    }
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    mg_init_library(0);
    context = mg_start(NULL, NULL, options);
    if (!context || mg_get_server_ports(context, 1, &port) != 1) {
        fputs("bare_civetweb: cannot listen\n", stderr);
        return EXIT_FAILURE;
    }
    mg_set_request_handler(context, "/", answer, NULL);
    fprintf(stderr, "listening on http://127.0.0.1:%d \n", port.port);
    sigwait(&stop, &signal_number);
    mg_stop(context);
    mg_exit_library();
    return EXIT_SUCCESS;
}
