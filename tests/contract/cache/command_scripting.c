/* contract/cache/command_scripting.c: EVAL and its like. */
#include "../contract.h"

#include <string.h>

#include "support/commands.h"

#define EVAL(script, rest, want) SAYS("EVAL \"" script "\" " rest, want)

/* What Lua's values become. */
START_TEST(values_become_replies)
{
    EVAL("return 1", "0", "1");
    EVAL("return 3.99", "0", "3");
    EVAL("return -3.99", "0", "-3");
    EVAL("return '3.99'", "0", "\"3.99\"");
    EVAL("return true", "0", "1");
    EVAL("return false", "0", "nil");
    EVAL("return nil", "0", "nil");
    EVAL("return", "0", "nil");
    EVAL("return {1,2,{3,'four'},nil,5}", "0", "[1 2 [3 \"four\"]]");
    EVAL("return {}", "0", "[]");
    EVAL("return {ok='FINE'}", "0", "FINE");
    EVAL("return {err='MY error'}", "0", "-MY error");
    EVAL("return redis.error_reply('MY other error')", "0", "-MY other error");
    EVAL("return redis.error_reply('plain')", "0", "-ERR plain");
    EVAL("return redis.status_reply('WELL')", "0", "WELL");
    EVAL("return 'a\\\\0b'", "0", "\"a\\x00b\"");
    EVAL("return {true, false, 1}", "0", "[1 nil 1]");
}
END_TEST

START_TEST(keys_and_arguments_come_in)
{
    EVAL("return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}", "2 k1 \"\" a1", "[\"k1\" \"\" \"a1\" 2 1]");
    EVAL("return ARGV[1] + ARGV[2]", "0 10 20", "30");
    EVAL("return 1", "1", "-ERR Number of keys can't be greater than number of args");
    EVAL("return 1", "-1", "-ERR Number of keys can't be negative");
    EVAL("return 1", "x", "-ERR value is not an integer or out of range");
}
END_TEST

START_TEST(commands_are_carried_out)
{
    EVAL("return redis.call('PING')", "0", "PONG");
    EVAL("return redis.call('ECHO', 12)", "0", "\"12\"");
    EVAL("return redis.call('echo', 12345678901)", "0", "\"12345678901\"");
    EVAL("return redis.call('ECHO', 0.1)", "0", "\"0.10000000000000001\"");
    EVAL("return redis.pcall('ECHO').err ~= nil", "0", "1");
    EVAL("local r = redis.pcall('NOSUCH'); return type(r) .. ' ' .. type(r.err)", "0", "\"table string\"");
    EVAL("return redis.call('PING').ok", "0", "\"PONG\"");
    EVAL("return redis.call('DBSIZE') + 1", "0", "1");
    EVAL("return redis.sha1hex('')", "0", "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"");
}
END_TEST

START_TEST(scripts_are_known_by_their_digests)
{
    SAYS("SCRIPT LOAD \"return 'hi'\"", "\"2f31ba2bb6d6a0f42cc159d2e2dad55440778de3\"");
    SAYS("EVALSHA 2f31ba2bb6d6a0f42cc159d2e2dad55440778de3 0", "\"hi\"");
    SAYS("EVALSHA 2F31BA2BB6D6A0F42CC159D2E2DAD55440778DE3 0", "\"hi\"");
    SAYS("SCRIPT EXISTS 2f31ba2bb6d6a0f42cc159d2e2dad55440778de3 ffffffffffffffffffffffffffffffffffffffff x",
         "[1 0 0]");
    SAYS("SCRIPT FLUSH", "OK");
    SAYS("EVALSHA 2f31ba2bb6d6a0f42cc159d2e2dad55440778de3 0", "-NOSCRIPT No matching script. Please use EVAL.");
    SAYS("EVAL \"return 'hi'\" 0", "\"hi\"");
    SAYS("EVALSHA 2f31ba2bb6d6a0f42cc159d2e2dad55440778de3 0", "\"hi\"");
}
END_TEST

START_TEST(what_only_reads_writes_nothing)
{
    SAYS("EVAL_RO \"return redis.call('DBSIZE')\" 0", "0");
    ck_assert_ptr_nonnull(strstr(test_command(world->cache, "EVAL_RO \"return redis.call('FLUSHDB')\" 0"),
                                 "-ERR Write commands are not allowed from read-only scripts"));
    ck_assert_ptr_nonnull(
        strstr(test_command(world->cache, "EVAL \"#!lua flags=no-writes\\nreturn redis.call('FLUSHDB')\" 0"),
               "-ERR Write commands are not allowed from read-only scripts"));
}
END_TEST

static void says_in_part(const char *line, const char *part)
{
    const char *reply = test_command(world->cache, line);

    ck_assert_msg(strstr(reply, part) != NULL, "%s replies %s, without %s", line, reply, part);
}

START_TEST(mistakes_are_told)
{
    says_in_part("EVAL \"return (\" 0",
                 "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'");
    says_in_part("EVAL \"error('mine')\" 0", "-ERR user_script:1: mine script: ");
    says_in_part("EVAL \"\\nerror('mine')\" 0", ", on @user_script:2.");
    says_in_part("EVAL \"error({err='MY own'})\" 0", "-MY own script: ");
    says_in_part("EVAL \"return redis.call('ECHO')\" 0", " script: ");
    says_in_part("EVAL \"return nosuch\" 0", "Script attempted to access nonexistent global variable 'nosuch'");
    says_in_part("EVAL \"redis.call({})\" 0", "Lua redis lib command arguments must be strings or integers");
    says_in_part("EVAL \"redis.call()\" 0", "Please specify at least one argument for this redis lib call");
    says_in_part("EVAL \"#!lua flags=nosuch\\nreturn 1\" 0", "-ERR Unexpected flag in script shebang: nosuch");
    says_in_part("EVAL \"return redis.call('EVAL', 'return 1', 0)\" 0",
                 "This Redis command is not allowed from script");
    says_in_part("EVAL \"return redis.call('NOSUCH')\" 0", "Unknown Redis command called from script");
}
END_TEST

START_TEST(nothing_is_left_for_the_next)
{
    says_in_part("EVAL \"leftover = 1\" 0", "-ERR ");
    EVAL("pcall(function() string.upper = nil end) return 1", "0", "1");
    EVAL("return string.upper('a') .. ('b'):upper()", "0", "\"AB\"");
}
END_TEST

START_TEST(json_goes_both_ways)
{
    EVAL("return cjson.encode({1,'a',false,cjson.null})", "0", "\"[1,\\\"a\\\",false,null]\"");
    EVAL("return cjson.decode(ARGV[1]).a[2]", "0 \"{\\\"a\\\":[1,\\\"x\\\"]}\"", "\"x\"");
    EVAL("return cjson.decode(cjson.encode({n=1.5})).n * 2", "0", "3");
}
END_TEST

Suite *contract_command_scripting(void)
{
    Suite *suite = suite_create("command_scripting");
    TCase *tcase = test_case(suite, "command_scripting");

    tcase_add_test(tcase, values_become_replies);
    tcase_add_test(tcase, keys_and_arguments_come_in);
    tcase_add_test(tcase, commands_are_carried_out);
    tcase_add_test(tcase, scripts_are_known_by_their_digests);
    tcase_add_test(tcase, what_only_reads_writes_nothing);
    tcase_add_test(tcase, mistakes_are_told);
    tcase_add_test(tcase, nothing_is_left_for_the_next);
    tcase_add_test(tcase, json_goes_both_ways);
    return suite;
}
