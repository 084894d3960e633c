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
    XX(trip_update)                                                                                                    \
    XX(copy_items)                                                                                                     \
    XX(copy_index)                                                                                                     \
    XX(trip_merge_look)                                                                                                \
    XX(trip_last)                                                                                                      \
    XX(trip_vector_done)                                                                                               \
    XX(trip_vector_drop)                                                                                               \
    XX(trip_vector_owner)                                                                                              \
    XX(trip_vector_put)                                                                                                \
    XX(trip_vector_want)                                                                                               \
    XX(trip_vector_want_new)                                                                                           \
    XX(trip_vector_want_once)                                                                                          \
    XX(trip_vectors_lack)                                                                                              \
    XX(trip_vectors_want)                                                                                              \
    XX(trip_vectors_wanted)                                                                                            \
    XX(trip_reindex)                                                                                                   \
    XX(trip_delete)                                                                                                    \
    XX(trip_restore)                                                                                                   \
    XX(trip_unindex)                                                                                                   \
    XX(trip_purge)                                                                                                     \
    XX(trip_unindex_old)                                                                                               \
    XX(trip_purge_old)                                                                                                 \
    XX(trip_acl_renew)                                                                                                 \
    XX(list_created_up)                                                                                                \
    XX(list_created_down)                                                                                              \
    XX(list_updated_up)                                                                                                \
    XX(list_updated_down)                                                                                              \
    XX(list_start_up)                                                                                                  \
    XX(list_start_down)                                                                                                \
    XX(list_title_up)                                                                                                  \
    XX(list_title_down)                                                                                                \
    XX(list_all_created_up)                                                                                            \
    XX(list_all_created_down)                                                                                          \
    XX(list_all_updated_up)                                                                                            \
    XX(list_all_updated_down)                                                                                          \
    XX(list_all_start_up)                                                                                              \
    XX(list_all_start_down)                                                                                            \
    XX(list_all_title_up)                                                                                              \
    XX(list_all_title_down)                                                                                            \
    XX(list_count)                                                                                                     \
    XX(list_all_count)                                                                                                 \
    XX(collaborator_list)                                                                                              \
    XX(share_named)                                                                                                    \
    XX(share_open)                                                                                                     \
    XX(share_add)                                                                                                      \
    XX(share_answer)                                                                                                   \
    XX(collaborator_level)                                                                                             \
    XX(collaborator_change)                                                                                            \
    XX(collaborator_one)                                                                                               \
    XX(collaborator_remove)                                                                                            \
    XX(transfer_stay)                                                                                                  \
    XX(transfer_give)                                                                                                  \
    XX(transfer_rise)                                                                                                  \
    XX(feed_role)                                                                                                      \
    XX(search)                                                                                                         \
    XX(search_all)                                                                                                     \
    XX(similar)                                                                                                        \
    XX(similar_all)                                                                                                    \
    XX(similar_to)                                                                                                     \
    XX(trip_unvector)                                                                                                  \
    XX(trip_unvector_old)                                                                                              \
    XX(idempotency_find)                                                                                               \
    XX(idempotency_keep_trip)                                                                                          \
    XX(idempotency_keep_item)                                                                                          \
    XX(idempotency_keep_note)                                                                                          \
    XX(idempotency_purge)

#define XX(name) extern const tripsage__statement tripsage__sql_##name;
TRIPSAGE__TRIP_STATEMENT_LIST(XX)
#undef XX

#endif
