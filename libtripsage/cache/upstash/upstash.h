/* cache/upstash/upstash.h: the way to a Redis by REST, as Upstash's databases are reached: HTTP requests with commands in JSON
 * (https://upstash.com/docs/redis/features/restapi). */
#ifndef TRIPSAGE_CACHE_UPSTASH_UPSTASH_H
#define TRIPSAGE_CACHE_UPSTASH_UPSTASH_H

#include "cache/remote/remote.h"

/* 1 when the scheme is https:// or http://. */
int tripsage__upstash_is_url(const char *url);

/* What is wrong with such a URL, in words that repeat nothing of it; NULL: nothing. Static. */
const char *tripsage__upstash_url_problem(const char *url);

extern const tripsage__cache_transport tripsage__cache_by_upstash;

#endif
