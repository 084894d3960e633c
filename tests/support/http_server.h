/* support/http_server.h: the built tripsage-server as a child process, as an operator would start it. */
#ifndef TEST_SUPPORT_HTTP_SERVER_H
#define TEST_SUPPORT_HTTP_SERVER_H

#include <sys/types.h>

#include "support/temp.h"

typedef struct http_server {
    pid_t pid;
    int port;
    int admin_port;              /* 0: none */
    char folder[TEST_PATH_SIZE]; /* its working directory, new and empty */
} http_server;

/* Starts `program` on a free port with these variables ("NAME=value", ended by NULL; may be NULL) and nothing else in its environment
 * but TRIPSAGE_MAX_CONNECTIONS=32 where they do not say another number, and waits until it listens. Ends the test when it does not. */
void http_server_start(http_server *s, const char *program, const char *const *variables);

/* An unchecked fixture: from now on servers that are told nothing begin with a copy of a database (support/migrated.h). */
void http_server_migrated(void);

/* The two halves of it, so that several may start at once. `network` is where the server listens (support/network.h); -1: where the test
 * is. */
void http_server_launch(http_server *s, const char *program, const char *const *variables, int network);
void http_server_await(http_server *s);

/* SIGTERM; gives the exit status (128 + signal when it died of one), and in *ms how long it took. Removes the folder. */
int http_server_stop(http_server *s, int *ms);

/* Waits for the end of a server that got its signal already. */
int http_server_wait(http_server *s, int *ms);

/* What it has written to stderr so far; kept. */
const char *http_server_log(const http_server *s);

/* Runs the program to its end in `folder`; gives the exit status, and what it wrote to stdout and stderr (kept). */
int http_program(const char *program, const char *folder, const char *const *arguments, const char *const *variables,
                 const char **output);

#endif
