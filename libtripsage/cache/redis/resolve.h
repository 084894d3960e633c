/* cache/redis/resolve.h: from a host's name to its addresses, within a time. */
#ifndef TRIPSAGE_CACHE_REDIS_RESOLVE_H
#define TRIPSAGE_CACHE_REDIS_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

#include "base/error.h"

/* A list for freeaddrinfo. A name is looked up on a thread of its own, since the system's resolver may take half a minute to say that it
 * does not know; when nobody waits any more, that thread ends with the answer and takes it along.
 * Errors: TRIPSAGE_EUNAVAILABLE (no such name, or no answer by the deadline), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__redis_resolve(struct addrinfo **out, const char *host, const char *port, int64_t deadline);

#endif
