/* command_hash_ends_test.c: fields of hashes that end, with a clock of the test's own: what Redis 7.4 and 8.0 have, and the server of the
 * contract's tests does not know. */
#include <tripsage/cache.h>

#include "../suite.h"
#include "support/commands.h"

#define NO_TYPE "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT  "-ERR value is not an integer or out of range"

static tripsage_cache_stats stats(void)
{
    tripsage_cache_stats out;

    OK(tripsage_cache_get_stats(&out, world->cache));
    return out;
}

START_TEST(fields_end_exactly)
{
    SAYS("HSET h a 1 b 2 c 3", "3");
    SAYS("HEXPIRE h 10 FIELDS 2 a none", "[1 -2]");
    SAYS("HPEXPIRE h 10500 FIELDS 1 b", "[1]");
    SAYS("HTTL h FIELDS 4 a b c none", "[10 11 -1 -2]");
    SAYS("HPTTL h FIELDS 3 a b c", "[10000 10500 -1]");
    SAYS("HPEXPIRETIME h FIELDS 2 a c", test_format("[%lld -1]", (long long)(TEST_NOON + 10000)));
    SAYS("HEXPIRETIME h FIELDS 2 a b",
         test_format("[%lld %lld]", (long long)(TEST_NOON / 1000 + 10), (long long)(TEST_NOON / 1000 + 11)));
    world_advance(9999);
    SAYS("HPTTL h FIELDS 1 a", "[1]");
    SAYS("HTTL h FIELDS 1 a", "[1]");
    SAYS("HGET h a", "\"1\"");
    SAYS("HLEN h", "3");
    world_advance(1);
    SAYS("HGET h a", "nil");
    SAYS("HLEN h", "2");
    SAYS("HEXISTS h a", "0");
    SAYS("HSTRLEN h a", "0");
    SAYS("HMGET h a b", "[nil \"2\"]");
    SAYS("HGETALL h", "[\"b\" \"2\" \"c\" \"3\"]");
    SAYS("HSCAN h 0", "[\"0\" [\"b\" \"2\" \"c\" \"3\"]]");
    SAYS("HSCAN h 0 NOVALUES MATCH ?", "[\"0\" [\"b\" \"c\"]]");
    SAYS("HTTL h FIELDS 1 a", "[-2]");
    SAYS("HDEL h a", "0");
    SAYS("HSETNX h a 4", "1");
    SAYS("HTTL h FIELDS 1 a", "[-1]");
    world_advance(500);
    SAYS("HRANDFIELD h 9", "[\"c\" \"a\"]");
    SAYS("HINCRBY h b 1", "1");
}
END_TEST

START_TEST(ends_are_set_at_an_instant)
{
    SAYS("HSET h a 1 b 2", "2");
    SAYS(test_format("HEXPIREAT h %lld FIELDS 1 a", (long long)(TEST_NOON / 1000 + 7)), "[1]");
    SAYS(test_format("HPEXPIREAT h %lld FIELDS 1 b", (long long)(TEST_NOON + 7)), "[1]");
    SAYS("HPTTL h FIELDS 2 a b", "[7000 7]");
    SAYS(test_format("HPEXPIREAT h %lld FIELDS 1 b", (long long)TEST_NOON), "[2]");
    SAYS("HKEYS h", "[\"a\"]");
    /* Upstash takes milliseconds for seconds, far away as that is. */
    SAYS(test_format("HEXPIREAT none %lld FIELDS 1 a", (long long)TEST_NOON), "[-2]");
    SAYS(test_format("HEXPIREAT h %lld FIELDS 1 a", (long long)TEST_NOON), "[1]");
    SAYS("HEXPIRETIME h FIELDS 1 a", test_format("[%lld]", (long long)TEST_NOON));
    SAYS("HPEXPIREAT h 9223372036854775807 FIELDS 1 a", "[1]");
    SAYS("HPEXPIRETIME h FIELDS 1 a", "[9223372036854775806]");
}
END_TEST

START_TEST(ends_are_set_on_condition)
{
    SAYS("HSET h a 1 b 2", "2");
    SAYS("HEXPIRE h 10 XX FIELDS 1 a", "[0]");
    SAYS("HEXPIRE h 10 GT FIELDS 1 a", "[0]");
    SAYS("HEXPIRE h 10 NX FIELDS 1 a", "[1]");
    SAYS("HEXPIRE h 20 NX FIELDS 2 a b", "[0 1]");
    SAYS("HEXPIRE h 9 GT FIELDS 1 a", "[0]");
    SAYS("HEXPIRE h 10 GT FIELDS 1 a", "[0]");
    SAYS("HEXPIRE h 11 gt FIELDS 1 a", "[1]");
    SAYS("HEXPIRE h 11 LT FIELDS 1 a", "[0]");
    SAYS("HEXPIRE h 5 LT FIELDS 1 a", "[1]");
    SAYS("HEXPIRE h 6 XX FIELDS 1 a", "[1]");
    SAYS("HTTL h FIELDS 2 a b", "[6 20]");
    SAYS("HPERSIST h FIELDS 2 a none", "[1 -2]");
    SAYS("HPERSIST h FIELDS 1 a", "[-1]");
    SAYS("HEXPIRE h 5 LT FIELDS 1 a", "[1]"); /* no end is later than any */
    SAYS("HEXPIRE h 0 NX FIELDS 2 a b", "[0 0]");
    SAYS("HEXPIRE h 0 FIELDS 2 a a", "[2 -2]");
    SAYS("HEXPIRE h 0 LT FIELDS 1 b", "[2]");
    SAYS("EXISTS h", "0");
    SAYS("HEXPIRE h 5 FIELDS 2 a b", "[-2 -2]");
    SAYS("HPERSIST h FIELDS 1 a", "[-2]");
    SAYS("HTTL h FIELDS 1 a", "[-2]");
}
END_TEST

START_TEST(what_is_set_anew_does_not_end)
{
    SAYS("HSET h a 1 b 2 c 3 d 4 e 5", "5");
    SAYS("HEXPIRE h 10 FIELDS 5 a b c d e", "[1 1 1 1 1]");
    SAYS("HSET h a 1", "0");
    SAYS("HINCRBY h b 1", "3");
    SAYS("HINCRBYFLOAT h c 0.5", "\"3.5\"");
    SAYS("HSETNX h d 1", "0");
    SAYS("HSETEX h KEEPTTL FIELDS 1 e 6", "1");
    SAYS("HTTL h FIELDS 5 a b c d e", "[-1 10 10 10 10]");
    SAYS("HSETEX h FIELDS 1 e 6", "1");
    SAYS("HMSET h d 6", "OK");
    SAYS("HTTL h FIELDS 2 d e", "[-1 -1]");
}
END_TEST

START_TEST(a_hash_ends_with_its_last_field)
{
    uint64_t expired = stats().expired;

    SAYS("HSET h a 1 b 2", "2");
    SAYS("HPEXPIRE h 100 FIELDS 1 a", "[1]");
    SAYS("HPEXPIRE h 200 FIELDS 1 b", "[1]");
    SAYS("TTL h", "-1");
    world_advance(199);
    SAYS("EXISTS h", "1");
    SAYS("DBSIZE", "1");
    SAYS("SCAN 0", "[\"0\" [\"h\"]]");
    world_advance(1);
    SAYS("SCAN 0", "[\"0\" []]");
    SAYS("KEYS *", "[]");
    SAYS("RANDOMKEY", "nil");
    SAYS("DBSIZE", "0");
    ck_assert_uint_eq(stats().expired, expired + 1);

    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    world_advance(5);
    SAYS("EXISTS h", "0");
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    world_advance(5);
    SAYS("TYPE h", "none");
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    world_advance(5);
    SAYS("DEL h", "0");
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    world_advance(5);
    SAYS("TTL h", "-2");
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    world_advance(5);
    SAYS("RENAME h k", "-ERR no such key");
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    FAILS(TRIPSAGE_ECONFLICT, tripsage_cache_set(world->cache, "h", 1, "1", 1, 0, TRIPSAGE_CACHE_IF_ABSENT));
    world_advance(5);
    OK(tripsage_cache_set(world->cache, "h", 1, "1", 1, 0, TRIPSAGE_CACHE_IF_ABSENT));
    SAYS("TYPE h", "string");
}
END_TEST

START_TEST(a_new_hash_is_no_part_of_one_that_ended)
{
    SAYS("HSETEX h PX 5 FIELDS 1 a 1", "1");
    SAYS("EXPIRE h 100", "1");
    world_advance(5);
    SAYS("HSET h b 1", "1");
    SAYS("TTL h", "-1");
    SAYS("HSETEX h PX 5 FIELDS 1 b 2", "1");
    world_advance(5);
    SAYS("HINCRBY h b 7", "7");
    SAYS("HTTL h FIELDS 1 b", "[-1]");
}
END_TEST

START_TEST(a_field_without_an_end_keeps_the_hash)
{
    SAYS("HSETEX h PX 5 FIELDS 2 a 1 b 2", "1");
    SAYS("HSET h c 3", "1");
    world_advance(5);
    SAYS("EXISTS h", "1");
    SAYS("HGETALL h", "[\"c\" \"3\"]");
    SAYS("HPEXPIRE h 5 FIELDS 1 c", "[1]");
    SAYS("HPERSIST h FIELDS 1 c", "[1]");
    world_advance(5);
    SAYS("EXISTS h", "1");
    SAYS("HPEXPIRE h 10 FIELDS 1 c", "[1]");
    SAYS("PEXPIRE h 5", "1"); /* the key's own end comes first */
    world_advance(5);
    SAYS("EXISTS h", "0");
}
END_TEST

START_TEST(copies_end_as_well)
{
    SAYS("HSETEX h PX 10 FIELDS 2 a 1 b 2", "1");
    SAYS("COPY h k", "1");
    SAYS("HPTTL k FIELDS 2 a b", "[10 10]");
    SAYS("HPERSIST h FIELDS 1 a", "[1]");
    SAYS("RENAME k l", "OK");
    world_advance(10);
    SAYS("EXISTS l", "0");
    SAYS("HGETALL h", "[\"a\" \"1\"]");
}
END_TEST

START_TEST(gets_and_deletes)
{
    SAYS("HSET h a 1 b 2 c 3", "3");
    SAYS("HGETDEL h FIELDS 3 a none a", "[\"1\" nil nil]");
    SAYS("HGETDEL none FIELDS 2 a b", "[nil nil]");
    SAYS("HKEYS h", "[\"b\" \"c\"]");
    SAYS("HGETDEL h FIELDS 2 b c", "[\"2\" \"3\"]");
    SAYS("DBSIZE", "0");
}
END_TEST

START_TEST(gets_and_expires)
{
    SAYS("HSET h a 1 b 2", "2");
    SAYS("HGETEX h FIELDS 2 a none", "[\"1\" nil]");
    SAYS("HTTL h FIELDS 1 a", "[-1]");
    SAYS("HGETEX h EX 10 FIELDS 2 a b", "[\"1\" \"2\"]");
    SAYS("HTTL h FIELDS 2 a b", "[10 10]");
    SAYS("HGETEX h FIELDS 1 a", "[\"1\"]");
    SAYS("HTTL h FIELDS 1 a", "[10]");
    SAYS("HGETEX h PERSIST FIELDS 1 a", "[\"1\"]");
    SAYS("HTTL h FIELDS 1 a", "[-1]");
    SAYS("HGETEX h PX 5 FIELDS 1 a", "[\"1\"]");
    SAYS("HPTTL h FIELDS 1 a", "[5]");
    SAYS(test_format("HGETEX h exat %lld FIELDS 1 a", (long long)(TEST_NOON / 1000 + 3)), "[\"1\"]");
    SAYS("HPTTL h FIELDS 1 a", "[3000]");
    SAYS(test_format("HGETEX h PXAT %lld FIELDS 1 a", (long long)(TEST_NOON + 3)), "[\"1\"]");
    SAYS("HPTTL h FIELDS 1 a", "[3]");
    SAYS("HGETEX h PXAT 1 FIELDS 2 a a", "[\"1\" nil]");
    SAYS("HGETEX none EX 1 FIELDS 1 a", "[nil]");
    SAYS("HKEYS h", "[\"b\"]");
}
END_TEST

START_TEST(sets_and_expires)
{
    SAYS("HSETEX h FXX FIELDS 1 a 1", "0");
    SAYS("EXISTS h", "0");
    SAYS("HSETEX h FNX EX 10 FIELDS 2 a 1 b 2", "1");
    SAYS("HSETEX h FNX FIELDS 2 b 3 c 4", "0");
    SAYS("HSETEX h FXX FIELDS 2 b 3 c 4", "0");
    SAYS("HGETALL h", "[\"a\" \"1\" \"b\" \"2\"]");
    SAYS("HSETEX h PX 700 FXX FIELDS 2 b 3 b 4", "1");
    SAYS("HPTTL h FIELDS 2 a b", "[10000 700]");
    SAYS("HGET h b", "\"4\"");
    SAYS("HSETEX h PXAT 5 FIELDS 3 a 1 a 2 c 3", "1");
    SAYS("HKEYS h", "[\"b\"]");
    SAYS("HSETEX h EXAT 0 FIELDS 1 b 2", "1");
    SAYS("DBSIZE", "0");
    SAYS("HSETEX h EXAT 0 FIELDS 1 b 2", "1");
    SAYS("DBSIZE", "0");
}
END_TEST

#define NO_FIELDS "-ERR Mandatory argument FIELDS is missing or not at the right position"
#define NO_MATCH  "-ERR The `numfields` parameter must match the number of arguments"

START_TEST(says_what_is_wrong)
{
    static const char *const asking[] = {"HTTL h",    "HPTTL h",  "HEXPIRETIME h", "HPEXPIRETIME h",  "HPERSIST h",
                                         "HGETDEL h", "HGETEX h", "HGETEX h EX 5", "HGETEX h PERSIST"};

    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        SAYS(test_format("%s FIELD 1 a", asking[i]), NO_FIELDS);
        SAYS(test_format("%s FIELDS 0 a", asking[i]), "-ERR Number of fields must be a positive integer");
        SAYS(test_format("%s FIELDS x a", asking[i]), "-ERR Number of fields must be a positive integer");
        SAYS(test_format("%s FIELDS 2 a", asking[i]), NO_MATCH);
        SAYS(test_format("%s FIELDS 1 a b", asking[i]), NO_MATCH);
    }
    SAYS("HTTL h FIELDS 1", "-ERR wrong number of arguments for 'httl' command");
    SAYS("HEXPIRE h 1 FIELDS 1", "-ERR wrong number of arguments for 'hexpire' command");
    SAYS("HEXPIRE h 1 NX FIELDS 1", NO_MATCH);
    SAYS("HEXPIRE h 1 FIELDS NX a", "-ERR Parameter `numFields` should be greater than 0");
    SAYS("HEXPIRE h 1 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0");
    SAYS("HEXPIRE h 1 ZZ FIELDS 1 a", NO_FIELDS);
    SAYS("HEXPIRE h 1 FIELDS 2 a", NO_MATCH);
    SAYS("HEXPIRE h x FIELDS 1 a", NO_INT);
    SAYS("HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time, must be >= 0");
    SAYS("HEXPIRE h 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command");
    SAYS("HPEXPIRE h 9223372036854775807 FIELDS 1 a", "-ERR invalid expire time in 'hpexpire' command");
    SAYS("HGETEX h EX FIELDS 1 a", NO_INT);
    SAYS("HGETEX h EX 5 PX FIELDS 1 a", NO_FIELDS);
    SAYS("HSETEX h EX 5 PX 5 FIELDS 1 a 1",
         "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    SAYS("HSETEX h EX 5 KEEPTTL FIELDS 1 a 1",
         "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    SAYS("HSETEX h FNX FXX FIELDS 1 a 1", "-ERR Only one of FXX or FNX arguments can be specified");
    SAYS("HSETEX h ZZ FIELDS 1 a 1", "-ERR unknown argument: ZZ");
    SAYS("HSETEX h FNX KEEPTTL FXX x", "-ERR Only one of FXX or FNX arguments can be specified");
    SAYS("HSETEX h FNX KEEPTTL x y", "-ERR unknown argument: x");
    SAYS("HSETEX h FNX KEEPTTL FNX EX", "-ERR Only one of FXX or FNX arguments can be specified");
    SAYS("HSETEX h KEEPTTL FNX PX 5", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    SAYS("HSETEX h FNX EX -1 FIELDS 1 a 1", "-ERR invalid expire time, must be >= 0");
    SAYS("HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields");
    SAYS("HSETEX h FIELDS 2 a 1", "-ERR wrong number of arguments for 'hsetex' command");
    SAYS("HSETEX h FIELDS 1 a 1 b", "-ERR wrong number of arguments for 'hsetex' command");
    SAYS("HSETEX h FNX EX 5 FIELDS", "-ERR wrong number of arguments for 'hsetex' command");
    SAYS("HSETEX h FNX PX 5 EX", "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
    SAYS("HSETEX h FNX FNX PX EX", "-ERR Only one of FXX or FNX arguments can be specified");
    SAYS("RPUSH l a", "1");
    SAYS("HEXPIRE l x FIELDS 1 a", NO_TYPE);
    SAYS("HTTL l ZZ 1 a", NO_TYPE);
    SAYS("HPERSIST l FIELDS 1 a", NO_TYPE);
    SAYS("HGETDEL l FIELDS 1 a", NO_TYPE);
    SAYS("HGETEX l FIELDS 1 a", NO_TYPE);
    SAYS("HSETEX l FIELDS 1 a 1", NO_TYPE);
    SAYS("EXISTS h", "0");
}
END_TEST

/* ---- many fields, against a table of what should be there ---- */

enum { FIELDS = 300, ROUNDS = 6000 };

/* When each field ends; 0: it is not there, INT64_MAX: never. */
static int64_t ends[FIELDS];

static int is_there(int field)
{
    return ends[field] > world->chance.now_ms;
}

static void set_fields(uint64_t *seed)
{
    int field = (int)test_draw(seed, FIELDS);

    SAYS(test_format("HSET h %d x", field), is_there(field) ? "0" : "1");
    ends[field] = INT64_MAX;
}

static void end_fields(uint64_t *seed)
{
    int field = (int)test_draw(seed, FIELDS), life = (int)test_draw(seed, 400);

    SAYS(test_format("HPEXPIRE h %d FIELDS 1 %d", life, field), is_there(field) ? (life ? "[1]" : "[2]") : "[-2]");
    if (is_there(field))
        ends[field] = life ? world->chance.now_ms + life : 0;
}

static void keep_fields(uint64_t *seed)
{
    int field = (int)test_draw(seed, FIELDS);

    SAYS(test_format("HPERSIST h FIELDS 1 %d", field), !is_there(field)           ? "[-2]"
                                                       : ends[field] == INT64_MAX ? "[-1]"
                                                                                  : "[1]");
    if (is_there(field))
        ends[field] = INT64_MAX;
}

static void remove_fields(uint64_t *seed)
{
    int field = (int)test_draw(seed, FIELDS);

    SAYS(test_format("HDEL h %d", field), is_there(field) ? "1" : "0");
    ends[field] = 0;
}

static void compare(uint64_t *seed)
{
    int count = 0, field = (int)test_draw(seed, FIELDS);

    for (int i = 0; i < FIELDS; i++)
        count += is_there(i);
    SAYS("EXISTS h", count ? "1" : "0");
    SAYS("DBSIZE", count ? "1" : "0");
    SAYS("HLEN h", test_format("%d", count));
    SAYS(test_format("HEXISTS h %d", field), is_there(field) ? "1" : "0");
}

START_TEST(many_fields_end_in_any_order)
{
    static void (*const steps[])(uint64_t *) = {set_fields, set_fields,  end_fields,   end_fields,
                                                end_fields, keep_fields, remove_fields};
    uint64_t seed = 7, bytes;

    SAYS("HSET h a 1", "1");
    SAYS("HDEL h a", "1");
    bytes = stats().bytes;
    for (int i = 0; i < ROUNDS; i++) {
        steps[test_draw(&seed, sizeof steps / sizeof *steps)](&seed);
        compare(&seed);
        if (test_draw(&seed, 4) == 0)
            world_advance((int64_t)test_draw(&seed, 20));
        if (i % 1000 == 999) { /* all that is left ends */
            for (int field = 0; field < FIELDS; field++)
                if (is_there(field)) {
                    ends[field] = world->chance.now_ms + 50;
                    (void)test_command(world->cache, test_format("HPEXPIRE h 50 FIELDS 1 %d", field));
                }
            world_advance(49);
            compare(&seed);
            world_advance(1);
            SAYS("HSETNX h 0 x", "1");
            ends[0] = INT64_MAX;
        }
    }
    SAYS("DEL h", "1");
    ck_assert_uint_eq(stats().bytes, bytes);
}
END_TEST

SUITE_MAIN_WITH("cache/command_hash_ends", world_open, world_close, fields_end_exactly, ends_are_set_at_an_instant,
                ends_are_set_on_condition, what_is_set_anew_does_not_end, a_hash_ends_with_its_last_field,
                a_new_hash_is_no_part_of_one_that_ended, a_field_without_an_end_keeps_the_hash, copies_end_as_well,
                gets_and_deletes, gets_and_expires, sets_and_expires, says_what_is_wrong, many_fields_end_in_any_order)
