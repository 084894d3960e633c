/* contract/contract.h: the promises of the public headers, one suite per subject; the same program runs against every engine
 * (TRIPSAGE_TEST_URL, see support/world.h). A new engine is a new URL, not a new test. */
#ifndef TEST_CONTRACT_H
#define TEST_CONTRACT_H

#include "support/threads.h"
#include "support/world.h"

Suite *contract_roles(void);
Suite *contract_trip_create(void);
Suite *contract_trip_update(void);
Suite *contract_trip_life(void);
Suite *contract_trip_duplicate(void);
Suite *contract_trip_list(void);
Suite *contract_trip_similar(void);
Suite *contract_trip_summary(void);
Suite *contract_trip_export(void);
Suite *contract_idempotency(void);
Suite *contract_item(void);
Suite *contract_conflict(void);
Suite *contract_optimize(void);
Suite *contract_note(void);
Suite *contract_collaborator(void);
Suite *contract_search(void);
Suite *contract_search_unified(void);
Suite *contract_destination(void);
Suite *contract_memory(void);
Suite *contract_auth(void);
Suite *contract_auth_wire(void);
Suite *contract_auth_session(void);
Suite *contract_auth_admin(void);
Suite *contract_auth_factors(void);
Suite *contract_auth_mail(void);
Suite *contract_vector(void);
Suite *contract_webhook(void);
Suite *contract_vector_hybrid(void);
Suite *contract_embedder(void);
Suite *contract_cache(void);
Suite *contract_cache_bounds(void);
Suite *contract_cache_history(void);
Suite *contract_cache_load(void);
Suite *contract_command_server(void);
Suite *contract_command_hashes(void);
Suite *contract_command_lists(void);
Suite *contract_command_sets(void);
Suite *contract_command_zsets(void);
Suite *contract_command_geo(void);
Suite *contract_limit(void);
Suite *contract_command_stream(void);
Suite *contract_command_keys(void);
Suite *contract_command_strings(void);
Suite *contract_command_bits(void);
Suite *contract_command_hyperloglog(void);
Suite *contract_command_scripting(void);
Suite *contract_command_pubsub(void);
Suite *contract_cache_serve(void);
Suite *contract_store(void);
Suite *contract_doc(void);
Suite *contract_feed(void);
Suite *contract_secrets(void);

/* 1: the cache is in the process, and not on a server. */
int contract_cache_in_process(void);
/* 1: it is by REST, where there are no subscriptions. */
int contract_cache_by_rest(void);

/* Short forms of calls the suites make all the time; `trips` is the world's. */
#define CREATE(actor, json)       tripsage_trip_create(OUT, world->trips, (actor), (json), TRIPSAGE_NUL, NULL)
#define UPDATE(actor, trip, json) tripsage_trip_update(OUT, world->trips, (actor), (trip), (json), TRIPSAGE_NUL, NULL)
#define PATCH(actor, trip, json)  tripsage_trip_patch(OUT, world->trips, (actor), (trip), (json), TRIPSAGE_NUL, NULL)
#define GET(actor, trip)          tripsage_trip_get(OUT, world->trips, (actor), (trip))
#define ITEM_CREATE(actor, trip, json)                                                                                 \
    tripsage_item_create(OUT, world->trips, (actor), (trip), (json), TRIPSAGE_NUL, NULL)
#define ITEM_UPDATE(actor, trip, item, json)                                                                           \
    tripsage_item_update(OUT, world->trips, (actor), (trip), (item), (json), TRIPSAGE_NUL, NULL)

/* One unacceptable member: an input and the pointers its answer must name. */
typedef struct bad_input {
    const char *changes; /* members put into a good input */
    const char *pointers[4];
} bad_input;

#endif
