/* routes.h: the table of everything the server answers: the one source of method, path, permission, body, query, handler
 * and OpenAPI operation. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "request.h"

/* A query member a route knows. Others are ignored; one with a value outside these bounds is answered with 422. */
typedef enum parameter_type {
    PARAMETER_TEXT,    /* min..max characters */
    PARAMETER_INTEGER, /* min..max */
    PARAMETER_NUMBER,  /* the same, with a fraction */
    PARAMETER_BOOLEAN,
    PARAMETER_DATE,
    PARAMETER_WORD /* one of words */
} parameter_type;

typedef struct parameter {
    const char *name;
    parameter_type type;
    int required;
    int64_t min, max;
    const char *words; /* separated by blanks */
    const char *summary;
} parameter;

enum {
    ROUTE_PUBLIC = 1,        /* needs no token */
    ROUTE_HEALTH = 2,        /* also on the admin port, and when there are too many connections */
    ROUTE_BODY = 4,          /* takes JSON */
    ROUTE_BODY_OPTIONAL = 8, /* takes JSON or nothing */
    ROUTE_CONDITIONAL = 16,  /* heeds If-Match (writes) or If-None-Match (reads) */
    ROUTE_IDEMPOTENT = 32,   /* heeds Idempotency-Key */
    ROUTE_SUBTREE = 64,  /* all that is below the path, whatever the method: the handler reads query and body itself */
    ROUTE_COSTLY = 128,  /* has the limits of searches: see ratelimit.c */
    ROUTE_MEMORY = 1024, /* has the limits of memories */
    ROUTE_ROOT = 256,    /* and a subtree's own path */
    ROUTE_VALUES = 512   /* the path may hold values, which no log is to have; problems have a sentence in `error` */
};

/* 1 MiB: the library's own bound on a document. */
#define BODY_MAX ((size_t)1024 * 1024)

typedef struct route {
    method method;
    unsigned flags;
    const char *path; /* "/api/trips/{trip_id}" */
    const char *operation, *summary;
    handler handle;
    const char *request;    /* name of the body's schema in OpenAPI, NULL: any object */
    const char *response;   /* name of the answer's schema, NULL: none or any object */
    const parameter *query; /* ends with a NULL name; NULL: none */
    int success;            /* the HTTP status when all goes well */
} route;

const route *routes_all(size_t *count);

/* The OpenAPI 3.1 document of the table, for free(); NULL: no memory. */
char *openapi_document(size_t *length);

/* Checks r->members against the route's table; 0 after it answered with 422. */
int query_check(request *r);

/* Values of checked members; the fallback when they are absent. */
const char *query_text(const request *r, const char *name, const char *fallback);
int64_t query_integer(const request *r, const char *name, int64_t fallback);
double query_number(const request *r, const char *name, double fallback);
int query_boolean(const request *r, const char *name, int fallback);
/* The place of a value among the blank-separated words, or the fallback. */
int query_word(const request *r, const char *name, const char *words, int fallback);

/* Splits r->query into r->members. 0: malformed or too long. */
int query_split(request *r);

#endif
