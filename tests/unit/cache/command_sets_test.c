/* command_sets_test.c: sets, sorted sets and places in the process beyond what Redis 7.0 can be asked as well: what later versions say,
 * chance, and answers against those of a plain table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tripsage/cache.h>

#include "../suite.h"
#include "support/commands.h"

static tripsage_cache_reply *ask(tripsage_cache *cache, const char *const *words, size_t count)
{
    tripsage_cache_argument arguments[16];
    tripsage_cache_reply *reply;

    for (size_t i = 0; i < count; i++)
        arguments[i] = (tripsage_cache_argument){words[i], strlen(words[i])};
    OK(tripsage_cache_command(&reply, cache, arguments, count));
    return reply;
}

#define ASK(cache, ...)                                                                                                \
    ask((cache), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

enum { PICKED = 500, PICKS = 50000, SPREAD = PICKS / PICKED };

static int counts[PICKED];

static void put_name(char word[TEST_WORD_SIZE], int i, int from)
{
    snprintf(word, TEST_WORD_SIZE, "%d", from + i);
}

static void put_name_and_zero(char word[TEST_WORD_SIZE], int i, int from)
{
    snprintf(word, TEST_WORD_SIZE, "%d", i % 2 ? from + i / 2 : 0);
}

/* ---- what later versions say ---- */

START_TEST(writes_doubles_as_redis_has_since_7_2)
{
    static const char *const written[][2] = {
        {"0.1", "0.1"},
        {"3.0", "3"},
        {"-0", "0"},
        {"1e17", "100000000000000000"},
        {"4611686018427387904", "4611686018427387904"},
        {"1e19", "1e+19"},
        {"1e20", "1e+20"},
        {"12345678901234567890", "12345678901234567000"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"5e-324", "5e-324"},
        {"0.0001", "0.0001"},
        {"0.000001", "0.000001"},
        {"0.0000001", "1e-7"},
        {"-0.00000015", "-1.5e-7"},
        {"0.123456789012", "0.123456789012"},
        {"123.4567890123", "123.4567890123"},
        {"1234.5678901234", "1234.5678901234"},
        {"12345.678901", "12345.678901"},
        {"12345.6789012", "1.23456789012e+4"},
        {"1700000000.123456", "1700000000.123456"},
        {"2.5", "2.5"},
        {"0.30000000000000004", "0.30000000000000004"},
    };

    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        (void)test_command(world->cache, test_format("ZADD z %s m", written[i][0]));
        SAYS("ZSCORE z m", test_format("\"%s\"", written[i][1]));
    }
}
END_TEST

START_TEST(tells_scores_with_ranks)
{
    SAYS("ZADD z 1.5 a 2 b", "2");
    SAYS("ZRANK z b WITHSCORE", "[1 \"2\"]");
    SAYS("ZREVRANK z a withscore", "[1 \"1.5\"]");
    SAYS("ZRANK z x WITHSCORE", "nil");
    SAYS("ZRANK z a WITHSCORES", "-ERR syntax error");
}
END_TEST

/* Steps through all of it, a few at a time; gives how many members came. */
static int count_by_scanning(const char *name, const char *key, int step)
{
    const char *cursor = "0";
    int count = 0;

    do {
        tripsage_cache_reply *reply = ASK(world->cache, name, key, cursor, "COUNT", "7");
        const tripsage_cache_reply *items = &reply->items[1];

        cursor = test_format("%s", reply->items[0].data);
        for (size_t i = 0; i < items->count; i += (size_t)step)
            counts[atoi(items->items[i].data)]++;
        count += (int)items->count / step;
        tripsage_cache_reply_free(reply);
    } while (strcmp(cursor, "0") != 0);
    return count;
}

START_TEST(steps_through_everything)
{
    (void)test_long_command(world->cache, "SADD", "s", PICKED, put_name, 0);
    (void)test_long_command(world->cache, "ZADD", "z", 2 * PICKED, put_name_and_zero, 0);
    ck_assert_int_ge(count_by_scanning("SSCAN", "s", 1), PICKED);
    ck_assert_int_ge(count_by_scanning("ZSCAN", "z", 2), PICKED);
    for (int i = 0; i < PICKED; i++)
        ck_assert_int_ge(counts[i], 2);
    memset(counts, 0, sizeof counts);
    (void)test_long_command(world->cache, "SADD", "few", 128, put_name, 0);
    ck_assert_int_eq(count_by_scanning("SSCAN", "few", 1), 128);
}
END_TEST

START_TEST(takes_no_blank_for_a_number)
{
    SAYS("ZADD z 1 a", "1");
    SAYS("ZRANGEBYSCORE z \"\" 9", "-ERR min or max is not a float");
    SAYS("ZRANGEBYSCORE z ( 9", "-ERR min or max is not a float");
    SAYS("ZCOUNT z \" 1\" 9", "-ERR min or max is not a float");
    SAYS("SSCAN z -1", "-ERR invalid cursor");
}
END_TEST

START_TEST(a_reply_has_an_end)
{
    static const char *const lines[][3] = {
        {"SRANDMEMBER", "s", "-9223372036854775807"},
        {"ZRANDMEMBER", "z", "-4000000000000000000"},
    };
    tripsage_cache_reply *reply;

    SAYS("SADD s a", "1");
    SAYS("ZADD z 1 a", "1");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tripsage_cache_argument words[3];

        for (int word = 0; word < 3; word++)
            words[word] = (tripsage_cache_argument){lines[i][word], strlen(lines[i][word])};
        FAILS(TRIPSAGE_ENOMEM, tripsage_cache_command(&reply, world->cache, words, 3));
        ck_assert_ptr_null(reply);
    }
}
END_TEST

/* ---- chance ---- */

static void count_all(tripsage_cache_reply *reply)
{
    ck_assert_int_eq(reply->type, TRIPSAGE_CACHE_ARRAY);
    for (size_t i = 0; i < reply->count; i++)
        counts[atoi(reply->items[i].data)]++;
    tripsage_cache_reply_free(reply);
}

/* Of so many picks each member has its share: by a sum of squares (Pearson's test) that is above this bound once in a hundred thousand
 * times. */
static void assert_even(void)
{
    double sum = 0;

    for (int i = 0; i < PICKED; i++)
        sum += (counts[i] - SPREAD) * (counts[i] - SPREAD) / (double)SPREAD;
    ck_assert_double_lt(sum, PICKED + 4.5 * sqrt(2.0 * PICKED));
    ck_assert_double_gt(sum, PICKED - 4.5 * sqrt(2.0 * PICKED));
    memset(counts, 0, sizeof counts);
}

/* Half of a thousand: some of the table's places are empty. */
START_TEST(picks_evenly)
{
    (void)test_long_command(world->cache, "SADD", "s", PICKED, put_name, 0);
    (void)test_long_command(world->cache, "SADD", "s", 600, put_name, PICKED);
    (void)test_long_command(world->cache, "SREM", "s", 600, put_name, PICKED);
    (void)test_long_command(world->cache, "ZADD", "z", 2 * PICKED, put_name_and_zero, 0);
    count_all(ASK(world->cache, "SRANDMEMBER", "s", test_format("-%d", PICKS)));
    assert_even();
    count_all(ASK(world->cache, "ZRANDMEMBER", "z", test_format("-%d", PICKS)));
    assert_even();
}
END_TEST

/* Drawn without putting back, shares are more even than that. */
START_TEST(picks_different_ones)
{
    static const int sizes[] = {100, 400};

    (void)test_long_command(world->cache, "SADD", "s", PICKED, put_name, 0);
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        for (int i = 0; i < PICKS / sizes[size]; i++) {
            int before[PICKED];

            memcpy(before, counts, sizeof before);
            count_all(ASK(world->cache, "SRANDMEMBER", "s", test_format("%d", sizes[size])));
            for (int j = 0; j < PICKED; j++)
                ck_assert_int_le(counts[j] - before[j], 1);
        }
        for (int i = 0; i < PICKED; i++)
            ck_assert_int_lt(abs(counts[i] - SPREAD), SPREAD / 2);
        memset(counts, 0, sizeof counts);
    }
}
END_TEST

/* ---- against a table ---- */

enum { MEMBERS = 400, STEPS = 6000 };

#define NO_SCORE (-1000)

static int scores[MEMBERS]; /* NO_SCORE in the place of none */

static int comes_before(int a, int b)
{
    return scores[a] != scores[b] ? scores[a] < scores[b] : strcmp(test_format("m%d", a), test_format("m%d", b)) < 0;
}

static void assert_rank(int member)
{
    int rank = 0, count = 0, below = 0;

    for (int i = 0; i < MEMBERS; i++) {
        if (scores[i] == NO_SCORE)
            continue;
        rank += i != member && comes_before(i, member);
        below += scores[i] < scores[member];
        count++;
    }
    SAYS(test_format("ZRANK z m%d", member), test_format("%d", rank));
    SAYS(test_format("ZREVRANK z m%d", member), test_format("%d", count - 1 - rank));
    SAYS(test_format("ZRANGE z %d %d WITHSCORES", rank, rank), test_format("[\"m%d\" \"%d\"]", member, scores[member]));
    SAYS(test_format("ZRANGE z %d %d REV", count - 1 - rank, count - 1 - rank), test_format("[\"m%d\"]", member));
    SAYS(test_format("ZCOUNT z -inf (%d", scores[member]), test_format("%d", below));
    SAYS(test_format("ZRANGE z %d +inf BYSCORE LIMIT %d 1", scores[member], rank - below),
         test_format("[\"m%d\"]", member));
}

START_TEST(a_sorted_set_is_in_order)
{
    uint64_t seed = 5;
    int count = 0;

    for (int i = 0; i < MEMBERS; i++)
        scores[i] = NO_SCORE;
    for (int step = 0; step < STEPS; step++) {
        int member = (int)test_draw(&seed, MEMBERS), score = (int)test_draw(&seed, 50) - 25;
        int is_new = scores[member] == NO_SCORE;

        if (test_draw(&seed, step % 3000 < 2000 ? 6 : 2)) {
            SAYS(test_format("ZADD z %d m%d", score, member), is_new ? "1" : "0");
            scores[member] = score;
            count += is_new;
        } else {
            SAYS(test_format("ZREM z m%d", member), is_new ? "0" : "1");
            scores[member] = NO_SCORE;
            count -= !is_new;
        }
        SAYS("ZCARD z", test_format("%d", count));
        if (scores[member] != NO_SCORE && step % 4 == 0)
            assert_rank(member);
    }
}
END_TEST

START_TEST(a_large_sorted_set_is_quick_to_ask)
{
    enum { MANY = 100000, PER_COMMAND = 1000 };
    tripsage_cache_options options = TRIPSAGE_CACHE_OPTIONS_INIT;
    tripsage_cache *cache;

    options.max_bytes = 256 * 1024 * 1024;
    OK(tripsage_cache_open(&cache, &options, NULL));
    for (int from = 0; from < MANY; from += PER_COMMAND)
        (void)test_long_command(cache, "ZADD", "z", 2 * PER_COMMAND, put_name_and_zero, from);
    SAME_TEXT(test_command(cache, "ZCARD z"), "100000");
    SAME_TEXT(test_command(cache, "ZRANK z 99999"), "99999"); /* all have one score: by name */
    SAME_TEXT(test_command(cache, "ZRANGE z 50000 50001"), "[\"54999\" \"55\"]");
    SAME_TEXT(test_command(cache, "ZLEXCOUNT z [5 (6"), "11111");
    SAME_TEXT(test_command(cache, "ZUNIONSTORE y 2 z z WEIGHTS 1 2"), "100000");
    SAME_TEXT(test_command(cache, "ZRANK y 99999"), "99999");
    SAME_TEXT(test_command(cache, "ZRANGE y 50000 50001"), "[\"54999\" \"55\"]");
    SAME_TEXT(test_command(cache, "ZREVRANGE y 99998 99999"), "[\"1\" \"0\"]");
    SAME_TEXT(test_command(cache, "ZINTERCARD 2 y z"), "100000");
    SAME_TEXT(test_command(cache, "ZREM y 5 99998"), "2");
    SAME_TEXT(test_command(cache, "ZADD y -1 99999 1 5"), "1");
    SAME_TEXT(test_command(cache, "ZRANK y 99997"), "99997");
    SAME_TEXT(test_command(cache, "ZRANGE y -2 -1 WITHSCORES"), "[\"99997\" \"0\" \"5\" \"1\"]");
    SAME_TEXT(test_command(cache, "ZREMRANGEBYRANK z 1 -2"), "99998");
    SAME_TEXT(test_command(cache, "ZRANGE z 0 -1"), "[\"0\" \"99999\"]");
    tripsage_cache_close(cache);
}
END_TEST

/* ---- places against a table ---- */

enum { PLACES = 300, SEARCHES = 150 };

#define PI 3.14159265358979323846

static double at[PLACES][2];

static double number(const tripsage_cache_reply *reply)
{
    return strtod(reply->data, NULL);
}

/* Some are near the date line, some near a pole's end of the map, some near the equator. */
static void add_places(void)
{
    uint64_t seed = 11;

    for (int i = 0; i < PLACES; i++) {
        double longitude = (double)test_draw(&seed, 3600001) / 10000 - 180;
        double latitude = (double)test_draw(&seed, 1700001) / 10000 - 85;
        tripsage_cache_reply *reply;

        if (i % 3 == 1)
            longitude = longitude > 0 ? 180 - longitude / 100 : -180 - longitude / 100;
        if (i % 5 == 1)
            latitude = latitude > 0 ? 85.05 - latitude / 100 : -85.05 - latitude / 100;
        if (i % 7 == 1)
            longitude = 180;
        if (i % 4 == 2)
            latitude /= 200;
        SAYS(test_format("GEOADD g %.6f %.6f %d", longitude, latitude, i), "1");
        reply = ASK(world->cache, "GEOPOS", "g", test_format("%d", i));
        at[i][0] = number(&reply->items[0].items[0]);
        at[i][1] = number(&reply->items[0].items[1]);
        tripsage_cache_reply_free(reply);
    }
}

/* On the sphere that Redis has, by the angle between two vectors. */
static double metres(double longitude, double latitude, const double to[2])
{
    double a = longitude * PI / 180, b = latitude * PI / 180, c = to[0] * PI / 180, d = to[1] * PI / 180;
    double x = cos(b) * cos(a) - cos(d) * cos(c), y = cos(b) * sin(a) - cos(d) * sin(c), z = sin(b) - sin(d);
    double chord = sqrt(x * x + y * y + z * z) / 2;

    return 6372797.560856 * 2 * asin(chord > 1 ? 1 : chord);
}

/* Compares what is found with who is within; whoever is as good as on the border may be either. */
static void assert_found(const char *shape, const double from[2], double radius, double width, double height)
{
    tripsage_cache_reply *reply;
    int found[PLACES] = {0};
    const char *line = test_format("GEOSEARCH g FROMLONLAT %.6f %.6f %s", from[0], from[1], shape);
    char words[16][TEST_WORD_SIZE];
    const char *pointers[16];
    size_t count = 0;

    for (const char *p = line; *p; p += *p == ' ') {
        size_t size = strcspn(p, " ");

        memcpy(words[count], p, size);
        words[count][size] = '\0';
        pointers[count] = words[count];
        count++;
        p += size;
    }
    reply = ask(world->cache, pointers, count);
    ck_assert_int_eq(reply->type, TRIPSAGE_CACHE_ARRAY);
    for (size_t i = 0; i < reply->count; i++)
        found[atoi(reply->items[i].data)]++;
    tripsage_cache_reply_free(reply);
    for (int i = 0; i < PLACES; i++) {
        double far = metres(from[0], from[1], at[i]) - radius;
        double east = metres(from[0], at[i][1], at[i]) - width / 2;
        double north = metres(at[i][0], from[1], at[i]) - height / 2;
        double margin = radius > 0 ? far : east > north ? east : north;

        if (fabs(margin) > 0.01)
            ck_assert_msg(found[i] == (margin < 0), "%s: %d at %f %f is %d times, with %f m to the border", line, i,
                          at[i][0], at[i][1], found[i], margin);
        ck_assert_int_le(found[i], 1);
    }
}

START_TEST(finds_who_is_within)
{
    static const double wide[][2] = {{100, 0.1}, {-120, -0.1}, {0, 0}};
    uint64_t seed = 17;

    add_places();
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) /* so that it all but meets itself behind */
        assert_found("BYBOX 38000 100 km", wide[i], 0, 38000000, 100000);
    for (int i = 0; i < SEARCHES; i++) {
        const double from[2] = {(double)test_draw(&seed, 3601) / 10 - 180, (double)test_draw(&seed, 1701) / 10 - 85};
        int width = (int)test_draw(&seed, i % 2 ? 2000 : 45000) + 1,
            height = (int)test_draw(&seed, i % 3 ? 2000 : 22000) + 1;
        int radius = (int)test_draw(&seed, i % 3 ? 3000 : 21000) + 1;

        assert_found(test_format("BYRADIUS %d km", radius), from, radius * 1000.0, 0, 0);
        assert_found(test_format("BYBOX %d %d km", width, height), from, 0, width * 1000.0, height * 1000.0);
    }
}
END_TEST

START_TEST(finds_who_is_at_the_end_of_the_world)
{
    SAYS("GEOADD g 180 85.05112878 ne -180 -85.05112878 sw", "2");
    SAYS("GEOSEARCH g FROMMEMBER ne BYRADIUS 1 km", "[\"ne\"]");
    SAYS("GEOSEARCH g FROMLONLAT -180 85 BYRADIUS 10 km", "[\"ne\"]");
    SAYS("GEOSEARCH g FROMLONLAT 180 -85 BYBOX 20 20 km", "[\"sw\"]");
    SAYS("GEOSEARCH g FROMLONLAT 0 0 BYRADIUS inf km ASC", "[\"ne\" \"sw\"]");
    SAYS("GEOSEARCH g FROMLONLAT 0 0 BYBOX inf inf km ASC", "[\"ne\" \"sw\"]");
    SAYS(test_format("GEORADIUS g 0 0 1 km STORE %01100d", 0),
         "-ERR max key size exceeded. Limit: 1024 bytes, Actual: 1100 bytes");
}
END_TEST

SUITE_MAIN_WITH("cache/command_sets", world_open, world_close, writes_doubles_as_redis_has_since_7_2,
                tells_scores_with_ranks, steps_through_everything, takes_no_blank_for_a_number, a_reply_has_an_end,
                picks_evenly, picks_different_ones, a_sorted_set_is_in_order, a_large_sorted_set_is_quick_to_ask,
                finds_who_is_within, finds_who_is_at_the_end_of_the_world)
