/* contract/cache/main.c: what holds of a cache wherever it is, in one program. TRIPSAGE_TEST_CACHE_URL names where. */
#include <stdlib.h>
#include <string.h>

#include "../contract.h"

int contract_cache_in_process(void)
{
    return strcmp(getenv("TRIPSAGE_TEST_CACHE_URL"), "memory:") == 0;
}

int contract_cache_by_rest(void)
{
    return strncmp(getenv("TRIPSAGE_TEST_CACHE_URL"), "{upstash}", 9) == 0;
}

int main(void)
{
    /* clang-format off */
    static Suite *(*const suites[])(void) = { /* one to a line */
        contract_cache_history,
        contract_cache_load,
        contract_command_server,
        contract_command_keys,
        contract_command_strings,
        contract_command_bits,
        contract_command_hyperloglog,
        contract_command_scripting,
        contract_command_hashes,
        contract_command_lists,
        contract_command_sets,
        contract_command_zsets,
        contract_command_geo,
        contract_command_pubsub,
        contract_cache_serve,
        contract_limit,
    };
    /* clang-format on */
    SRunner *runner = srunner_create(contract_cache());

    world_cache_only = 1;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    if (contract_cache_in_process()) { /* a server has bounds of its own */
        srunner_add_suite(runner, contract_cache_bounds());
        srunner_add_suite(runner, contract_command_stream());
    }
    return test_run(runner);
}
