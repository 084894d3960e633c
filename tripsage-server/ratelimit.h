/* ratelimit.h: how often a client may ask for what: the rule of each route, and what an answer says of it.
 *
 * A rule is written as policies, each so many in a time and, where fewer may come at once, how many: "60/m:20,1000/h,10000/d",
 * "100/15m". After them may stand what else holds: "open", "closed" or "local" (what happens while the server that counts is away),
 * "shadow" (refuse nobody), and in the place of policies "off". */
#ifndef SERVER_RATELIMIT_H
#define SERVER_RATELIMIT_H

#include "request.h"

#define LIMITS_DEFAULT "60/m,1000/h,10000/d"

/* NULL, or what was expected of a rule, or of a list of them by route, "POST /api/search=30/m; /api/trips=off". Static. */
const char *limits_check_rule(const char *at);
const char *limits_check_routes(const char *at);

/* What holds, where the cache that counts is shared or not. */
limits_mode limits_mode_of(const settings *s, int is_shared);

struct limits;

/* 0, or the exit status after a sentence on stderr. Nothing is limited when *out is NULL then. */
int limits_open(struct limits **out, const settings *s, tripsage *library, tripsage_telemetry *telemetry);
void limits_close(struct limits *limits); /* NULL is fine */

/* Counts a request whose route is known, by its actor or address. 0 after it answered that there are too many, in the place of any
 * answer before. */
int limits_admit(request *r);

/* What holds, as JSON. */
void limits_describe(const struct server *s, buffer *b);

#endif
