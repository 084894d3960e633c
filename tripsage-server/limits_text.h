/* limits_text.h: limits as they are written in a setting (see ratelimit.h). */
#ifndef SERVER_LIMITS_TEXT_H
#define SERVER_LIMITS_TEXT_H

#include "routes.h"

#define POLICY_NAME_MAX 12 /* "999999999s", and a NUL */

/* A rule. */
typedef struct limit_text {
    tripsage_limit_policy policies[TRIPSAGE_LIMIT_POLICIES_MAX];
    char names[TRIPSAGE_LIMIT_POLICIES_MAX][POLICY_NAME_MAX];
    size_t count;
    int away; /* -1: not said */
    int shadow, off;
} limit_text;

/* One member of a list by route. */
typedef struct limit_entry {
    int method; /* METHOD_ROUTABLE: any */
    text path, rule;
} limit_entry;

extern const char limit_text_expected[];

/* Reads a rule; its policies' names point into it. NULL, or what was expected: limit_text_expected. */
const char *limit_text_read(limit_text *w, const char *at, size_t length);

/* The next member at *at; 0 at the end. A member that is none has an empty path. */
int limit_entry_next(limit_entry *out, const char **at);

/* 1 when a route is meant by the entry: its path is the entry's, or below it, and has limits at all. */
int limit_entry_means(const limit_entry *e, const route *r);

#endif
