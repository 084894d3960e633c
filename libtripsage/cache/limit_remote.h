/* cache/limit_remote.h: what is counted on a server, by a script that does there what limit_local.c does here. */
#ifndef TRIPSAGE_CACHE_LIMIT_REMOTE_H
#define TRIPSAGE_CACHE_LIMIT_REMOTE_H

#include "engine.h"
#include "limit_meter.h"

/* Runs the operation on a key's levels: one round trip. `out` is of the server's clock, which is all the time that is in it.
 * Errors: TRIPSAGE_EUNAVAILABLE (whether it was taken is not known), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__limit_remote_run(int *room, tripsage__limit_levels *out, tripsage_cache *cache,
                                           const tripsage_limit_rule *rule, tripsage__cache_bytes key,
                                           tripsage__limit_operation operation, uint32_t cost);

/* Errors: TRIPSAGE_EUNAVAILABLE, TRIPSAGE_ENOMEM. */
tripsage_status tripsage__limit_remote_forget(tripsage_cache *cache, const tripsage_limit_rule *rule,
                                              tripsage__cache_bytes key);

/* The script, and the SHA-1 it is called by. */
const char *tripsage__limit_script(const char **sha1);

#endif
