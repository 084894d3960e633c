/* config/url.h: a PostgreSQL URL taken apart as libpq does it (PostgreSQL's manual, 34.1.1.2):
 * scheme://[user[:password]@][host[:port],...][/database][?name=value&...]. The pieces point into the text. */
#ifndef TRIPSAGE_CONFIG_URL_H
#define TRIPSAGE_CONFIG_URL_H

#include <stddef.h>

#include "base/buf.h"

typedef struct tripsage__span {
    const char *at;
    size_t size;
} tripsage__span;

typedef struct tripsage__url {
    tripsage__span all, user, password, hosts, query;
} tripsage__url;

/* 1 for "postgresql://" and "postgres://". */
int tripsage__url_is_postgres(const char *text);

/* 0 when it is not well-formed, which is how a password with an unescaped '@', '/' or '%' shows. */
int tripsage__url_parse(tripsage__url *out, const char *text);

/* The value of a parameter, still percent-encoded; {NULL, 0} when it is not there. */
tripsage__span tripsage__url_parameter(const tripsage__url *url, const char *name);

/* Walks the list of hosts: 1 and the next one, or 0 at the end. `place` starts at 0. */
int tripsage__url_next_host(const tripsage__url *url, size_t *place, tripsage__span *host, tripsage__span *port);

/* Writes the URL with "***" where it holds secrets. */
void tripsage__url_put_masked(tripsage__buf *buf, const tripsage__url *url);

int tripsage__span_is(tripsage__span span, const char *text);
int tripsage__span_ends(tripsage__span span, const char *end);
int tripsage__span_equal(tripsage__span a, tripsage__span b);

#endif
