/* contract/cache/command_server.c: commands about the connection and the whole of the cache; pipelines and transactions. */
#include "../contract.h"

#include <string.h>

#include "support/commands.h"

START_TEST(talks)
{
    SAYS("PING", "PONG");
    SAYS("ping hello", "\"hello\"");
    SAYS("ECHO \"a b\\x00\"", "\"a b\\x00\"");
    SAYS("ECHO", "-ERR wrong number of arguments for 'echo' command");
}
END_TEST

START_TEST(counts_and_empties)
{
    OK(tripsage_cache_set(world->cache, "a", 1, "1", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    OK(tripsage_cache_set(world->cache, "b", 1, "1", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    SAYS("DBSIZE", "2");
    SAYS("FLUSHDB", "OK");
    SAYS("DBSIZE", "0");
    SAYS("FLUSHALL ASYNC", "OK");
    SAYS("FLUSHDB NEVER", "-ERR syntax error");
}
END_TEST

START_TEST(tells_of_itself)
{
    OK(tripsage_cache_set(world->cache, "a", 1, "1", 1, 0, TRIPSAGE_CACHE_ALWAYS));
    ck_assert_ptr_nonnull(strstr(test_command(world->cache, "INFO"), "\\x0d\\x0aexpired_keys:0\\x0d"));
    ck_assert_ptr_nonnull(strstr(test_command(world->cache, "INFO memory"), "# Memory\\x0d\\x0aused_memory:"));
    ck_assert_ptr_null(strstr(test_command(world->cache, "INFO memory"), "expired_keys"));
    ck_assert_ptr_nonnull(strstr(test_command(world->cache, "info KEYSPACE"), "db0:keys=1"));
    SAYS("INFO nosuch", "\"\"");
}
END_TEST

START_TEST(goes_on_behind_what_is_refused)
{
    SAME_TEXT(test_pipeline(world->cache, "ECHO a\nECHO\nECHO b\n"),
              "[\"a\" -ERR wrong number of arguments for 'echo' command \"b\"]");
    SAME_TEXT(test_transaction(world->cache, "ECHO a\nDBSIZE\n"), "[\"a\" 0]");
    SAME_TEXT(test_transaction(world->cache, "FLUSHDB\nECHO\n"), "-ERR wrong number of arguments for 'echo' command");
}
END_TEST

/* What waits, or is about a connection, is nobody's to ask for: by itself, in its own place of a pipeline, and for a whole transaction. */
START_TEST(nobody_has_the_connection)
{
    const char *refusal =
        contract_cache_in_process() ? "-ERR unknown command 'SUBSCRIBE'" : "-ERR Command is not available: 'SUBSCRIBE'";

    SAYS("SUBSCRIBE news", refusal);
    SAME_TEXT(test_pipeline(world->cache, "ECHO a\nSUBSCRIBE news\nLRANGE missing 0 -1\nECHO b\n"),
              test_format("[\"a\" %s [] \"b\"]", refusal));
    SAME_TEXT(test_pipeline(world->cache, "SUBSCRIBE news\n"), test_format("[%s]", refusal));
    SAME_TEXT(test_transaction(world->cache, "ECHO a\nSUBSCRIBE news\n"), refusal);
}
END_TEST

Suite *contract_command_server(void)
{
    Suite *suite = suite_create("command_server");
    TCase *tcase = test_case(suite, "command_server");

    tcase_add_test(tcase, talks);
    tcase_add_test(tcase, counts_and_empties);
    tcase_add_test(tcase, tells_of_itself);
    tcase_add_test(tcase, goes_on_behind_what_is_refused);
    tcase_add_test(tcase, nobody_has_the_connection);
    return suite;
}
