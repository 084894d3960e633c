/* contract/main.c: all contract suites in one program. TRIPSAGE_TEST_URL names the engine; CK_RUN_SUITE picks one suite. */
#include "contract.h"

int main(void)
{
    /* clang-format off */
    static Suite *(*const suites[])(void) = { /* one to a line */
        contract_trip_create,
        contract_trip_update,
        contract_trip_life,
        contract_trip_duplicate,
        contract_trip_list,
        contract_trip_summary,
        contract_trip_export,
        contract_idempotency,
        contract_item,
        contract_conflict,
        contract_optimize,
        contract_note,
        contract_collaborator,
        contract_search,
        contract_trip_similar,
        contract_search_unified,
        contract_destination,
        contract_memory,
        contract_auth,
        contract_auth_session,
        contract_auth_mail,
        contract_auth_wire,
        contract_vector,
        contract_vector_hybrid,
        contract_embedder,
        contract_store,
        contract_doc,
        contract_feed,
        contract_auth_admin,
        contract_secrets,
        contract_auth_factors,
        contract_webhook,
    };
    /* clang-format on */
    SRunner *runner = srunner_create(contract_roles());

    world_limits = 1;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    return test_run(runner);
}
