/* cache/limit_local.h: what is counted in the process: a table of fixed size, in shards with a lock each.
 *
 * A key is known by 64 bits of a keyed hash, under a key that its rule takes part in; that two keys are taken for one is as likely as to
 * guess those. It may stand in either of two buckets of eight (two choices: Azar, Broder, Karlin and Upfal, 1999), which leaves a table
 * without an overflow until it is nearly full. What has ended is a free place: nobody has to sweep. */
#ifndef TRIPSAGE_CACHE_LIMIT_LOCAL_H
#define TRIPSAGE_CACHE_LIMIT_LOCAL_H

#include "base/env.h"
#include "limit_meter.h"

typedef struct tripsage__limit_table tripsage__limit_table;

/* Errors: TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL. */
tripsage_status tripsage__limit_table_new(tripsage__limit_table **out, uint32_t max_keys, tripsage__env *env);
void tripsage__limit_table_free(tripsage__limit_table *table); /* NULL is fine */

/* Runs the operation on a key's levels and gives those, after it. 1 when there was room for `cost`. Taking counts among the decisions. */
int tripsage__limit_table_run(tripsage__limit_levels *out, tripsage__limit_table *table,
                              const tripsage_limit_rule *rule, const void *key, size_t key_size,
                              tripsage__limit_operation operation, uint32_t cost, int64_t now_us);

void tripsage__limit_table_forget(tripsage__limit_table *table, const tripsage_limit_rule *rule, const void *key,
                                  size_t key_size);

/* Adds what the table has counted. */
void tripsage__limit_table_stats(tripsage_limiter_stats *out, tripsage__limit_table *table);

#endif
