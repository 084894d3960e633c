/* cache/near/near.h: an engine of copies in the process before an engine on a server.
 *
 * A copy is dropped when this handle writes its key, when the server tells that somebody has, and when it is as old as the options say.
 * While a Redis server cannot tell, there are no copies; a server by REST never tells, and there the age is the bound. */
#ifndef TRIPSAGE_CACHE_NEAR_NEAR_H
#define TRIPSAGE_CACHE_NEAR_NEAR_H

#include "cache/engine.h"
#include "cache/remote/remote.h"

extern const tripsage__cache_engine tripsage__cache_on_near;

/* As tripsage__cache_server_open, with `near_max_bytes` of memory before it. */
tripsage_status tripsage__cache_near_open(void **out, const tripsage__cache_transport *by,
                                          const tripsage_cache_options *options, tripsage__env *env);

#endif
