/* unit/cache/command_scripting_test.c: what a script in the process may not do, and what it may take. */
#include <string.h>

#include "../suite.h"
#include "support/commands.h"
#include "support/locale.h"

static tripsage_cache *opened;

static void setup(void)
{
    OK(tripsage_cache_open(&opened, NULL, NULL));
}

static void teardown(void)
{
    tripsage_cache_close(opened);
}

#undef SAYS
#define SAYS(line, want) SAME_TEXT(test_command(opened, (line)), (want))

static void says_in_part(const char *line, const char *part)
{
    const char *reply = test_command(opened, line);

    ck_assert_msg(strstr(reply, part) != NULL, "%s replies %.300s, without %s", line, reply, part);
}

/* Nothing of what reaches files, processes, other environments, compiled code or the interpreter's insides. */
START_TEST(reaches_nothing_outside)
{
    static const char *const names[] = {"os",       "io",      "debug",       "package",   "require",  "dofile",
                                        "loadfile", "getfenv", "setfenv",     "coroutine", "newproxy", "collectgarbage",
                                        "module",   "print",   "string.dump", "gcinfo"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *reply = test_command(opened, test_format("EVAL \"return %s\" 0", names[i]));

        ck_assert_msg(strcmp(reply, "nil") == 0 || strstr(reply, "nonexistent global variable"), "%s: %s", names[i],
                      reply);
    }
    SAYS("EVAL \"return getmetatable('')\" 0", "nil");
    SAYS("EVAL \"return getmetatable(_G)\" 0", "nil");
    SAYS("EVAL \"return (loadstring('\\x1bLua'))\" 0", "nil");
    SAYS("EVAL \"return loadstring('return KEYS[1]')()\" 1 k", "\"k\"");
    says_in_part("EVAL \"return loadstring('x = 1')()\" 0", "readonly");
    says_in_part("EVAL \"\\x1bLuaQ\" 0", "-ERR Error compiling script");
}
END_TEST

START_TEST(one_is_ended_when_its_time_is_over)
{
    says_in_part("EVAL \"while true do end\" 0", "took longer than");
    says_in_part("EVAL \"while true do pcall(function() while true do end end) end\" 0", "took longer than");
    says_in_part("EVAL \"while true do redis.call('PING') end\" 0", "took longer than");
    SAYS("EVAL \"return 1\" 0", "1");
}
END_TEST

START_TEST(matches_that_would_never_end_are_refused)
{
    says_in_part("EVAL \"return string.find(('a'):rep(10000), '.-.-.-.-b')\" 0", "might take too long");
    says_in_part("EVAL \"return ('a'):rep(100000):match(('a?'):rep(40))\" 0", "might take too long");
    says_in_part("EVAL \"return ('a'):match(('a?'):rep(100000))\" 0", "a pattern has at most");
    SAYS("EVAL \"return ('trip:12:view'):match('^(%a+):(%d+):(%a+)$')\" 0", "\"trip\"");
    SAYS("EVAL \"return #string.rep('', 1e9)\" 0", "0");
}
END_TEST

START_TEST(one_may_not_take_all_memory)
{
    says_in_part("EVAL \"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000000) .. i end\" 0", "-OOM");
    says_in_part("EVAL \"return ('x'):rep(1e9)\" 0", "-OOM");
    SAYS("EVAL \"return 1\" 0", "1");
}
END_TEST

START_TEST(depth_is_bounded)
{
    says_in_part("EVAL \"local function f() return f() + 1 end return f()\" 0", "stack overflow");
    says_in_part("EVAL \"local t = {} local at = t for i = 1, 100 do at[1] = {} at = at[1] end return t\" 0",
                 "stack limit");
    says_in_part("EVAL \"local t = {} t[1] = t return cjson.encode(t)\" 0", "excessive depth");
    says_in_part(
        "EVAL \"local function f(n) return (('x'):gsub('x', function() return f(n + 1) end)) end return f(1)\" 0",
        "C stack overflow");
}
END_TEST

/* Upstash's flag, which its limiter sets. */
START_TEST(locked_keys_are_the_only_ones)
{
    SAYS("EVAL \"#!lua flags=allow-key-locking\\nreturn redis.call('ECHO', 'x')\" 1 k", "\"x\"");
    says_in_part("EVAL \"#!lua flags=allow-key-locking\\nreturn redis.call('FLUSHDB')\" 0", "allow-key-locking");
}
END_TEST

START_TEST(numbers_do_not_speak_the_language_of_the_program)
{
    test_locale_move_to("ps_AF");
    SAYS("EVAL \"return {tostring(1.5), 2.5 * 2, ARGV[1] + 1, cjson.encode(0.5)}\" 0 1.5", "[\"1.5\" 5 2 \"0.5\"]");
    SAYS("SET n 1.5", "OK");
    SAYS("INCRBYFLOAT n 1.25", "\"2.75\"");
    SAYS("ZADD z 1.5 a", "1");
    SAYS("ZSCORE z a", "\"1.5\"");
}
END_TEST

START_TEST(many_scripts_are_forgotten_together)
{
    for (int i = 0; i < 1500; i++)
        SAYS(test_format("EVAL \"return %d\" 0", i), test_format("%d", i));
}
END_TEST

SUITE_MAIN_WITH("cache/command_scripting", setup, teardown, reaches_nothing_outside, one_is_ended_when_its_time_is_over,
                matches_that_would_never_end_are_refused, one_may_not_take_all_memory, depth_is_bounded,
                locked_keys_are_the_only_ones, many_scripts_are_forgotten_together,
                numbers_do_not_speak_the_language_of_the_program)
