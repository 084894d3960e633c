/* trip/statements.h: the room's statement catalogue. One list declares every statement and makes the table that the plan
 * test walks, so that none can be forgotten: a statement that is not in it has no declaration. */
#ifndef TRIPSAGE_TRIP_STATEMENTS_H
#define TRIPSAGE_TRIP_STATEMENTS_H

#include "store/store.h"

#define TRIPSAGE__TRIP_STATEMENT_LIST(XX)                                                                              \
    XX(trip_gate)                                                                                                      \
    XX(trip_insert)                                                                                                    \
    XX(trip_insert_once)                                                                                               \
    XX(trip_index)                                                                                                     \
    XX(trip_index_once)                                                                                                \
    XX(trip_select)                                                                                                    \
    XX(trip_delete)                                                                                                    \
    XX(trip_restore)                                                                                                   \
    XX(trip_unindex)                                                                                                   \
    XX(trip_purge)                                                                                                     \
    XX(trip_unindex_old)                                                                                               \
    XX(trip_purge_old)                                                                                                 \
    XX(trip_acl_renew)                                                                                                 \
    XX(idempotency_find)                                                                                               \
    XX(idempotency_keep_trip)                                                                                          \
    XX(idempotency_keep_item)                                                                                          \
    XX(idempotency_keep_note)                                                                                          \
    XX(idempotency_purge)

#define XX(name) extern const tripsage__statement tripsage__sql_##name;
TRIPSAGE__TRIP_STATEMENT_LIST(XX)
#undef XX

#endif
