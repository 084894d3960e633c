/* contract/cache/command_geo.c: commands about places. Of places near to each other the order is the distance's; what is at the very
 * ends of the world, where Redis does not find it, is in tests/unit/cache/command_sets_test.c. */
#include "../contract.h"
#include "support/commands.h"

#include <stdio.h>

#define NO_TYPE  "-WRONGTYPE Operation against a key holding the wrong kind of value"
#define NO_INT   "-ERR value is not an integer or out of range"
#define NO_FLOAT "-ERR value is not a valid float"
#define SYNTAX   "-ERR syntax error"

static void with_sicily(void)
{
    SAYS("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "2");
    SAYS("GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2", "2");
    SAYS("SET word x", "OK");
}

START_TEST(adds_places)
{
    SAYS("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "2");
    SAYS("TYPE g", "zset");
    SAYS("ZRANGE g 0 -1 WITHSCORES", "[\"Palermo\" \"3479099956230698\" \"Catania\" \"3479447370796909\"]");
    SAYS("GEOADD g NX 1 1 Palermo 2 2 new", "1");
    SAYS("GEOADD g XX 1 1 none", "0");
    SAYS("GEOADD g CH 13.361389 38.115556 Palermo 3 3 new 4 4 more", "2");
    SAYS("GEOADD g XX CH 5 5 new 6 6 none", "1");
    SAYS("ZCARD g", "4");
    SAYS("ZADD h 3479099956230698 Palermo 3479447370796909 Catania", "2");
    SAYS("GEODIST h Palermo Catania", "\"166274.1516\"");
    SAYS("GEOADD g 180 85.05112878 ne -180 -85.05112878 sw", "2");
    SAYS("ZSCORE g ne", "\"13510798882111488\"");
    SAYS("ZSCORE g sw", "\"0\"");
}
END_TEST

START_TEST(refuses_places_that_are_none)
{
    with_sicily();
    SAYS("GEOADD g 1 1", "-ERR wrong number of arguments for 'geoadd' command");
    SAYS("GEOADD g 1 1 a b", SYNTAX);
    SAYS("GEOADD g NX XX 1 1 a", SYNTAX);
    SAYS("GEOADD g GT 1 1 a", SYNTAX);
    SAYS("GEOADD g 1 1 a 181 1 b", "-ERR invalid longitude,latitude pair 181.000000,1.000000");
    SAYS("GEOADD g 1 1 a 1 -85.06 b", "-ERR invalid longitude,latitude pair 1.000000,-85.060000");
    SAYS("GEOADD g x 1 a", NO_FLOAT);
    SAYS("ZSCORE g a", "nil");
    SAYS("GEOADD word 1 1 a", NO_TYPE);
    SAYS("GEOPOS word a", NO_TYPE);
    SAYS("GEOHASH word a", NO_TYPE);
    SAYS("GEODIST word a b", NO_TYPE);
    SAYS("GEOSEARCH word FROMLONLAT 1 1 BYRADIUS 1 m", NO_TYPE);
}
END_TEST

START_TEST(tells_where_members_are)
{
    with_sicily();
    SAYS("GEOPOS g Palermo none", "[[\"13.36138933897018433\" \"38.11555639549629859\"] nil]");
    SAYS("GEOPOS none a", "[nil]");
    SAYS("GEOPOS g", "[]");
    SAYS("GEOHASH g Palermo none Catania", "[\"sqc8b49rny0\" nil \"sqdtr74hyu0\"]");
    SAYS("GEOHASH none a", "[nil]");
    SAYS("GEODIST g Palermo Catania", "\"166274.1516\"");
    SAYS("GEODIST g Palermo Catania KM", "\"166.2742\"");
    SAYS("GEODIST g Palermo Catania ft", "\"545518.8700\"");
    SAYS("GEODIST g Catania Palermo mi", "\"103.3182\"");
    SAYS("GEODIST g Palermo Palermo", "\"0.0000\"");
    SAYS("GEODIST g Palermo none", "nil");
    SAYS("GEODIST none a b", "nil");
    SAYS("GEODIST g Palermo Catania yd", "-ERR unsupported unit provided. please use M, KM, FT, MI");
    SAYS("GEODIST g Palermo Catania m m", SYNTAX);
    SAYS("GEOADD g 180 85.05112878 ne 0 0 zero", "2");
    SAYS("GEOPOS g ne zero", "[[\"180\" \"85.0511287799999991\"] [\"0.00000268220901489\" \"0.00000126736058093\"]]");
    SAYS("GEOHASH g ne zero", "[\"bp05b5048p0\" \"s0000000000\"]");
}
END_TEST

START_TEST(finds_what_is_near)
{
    with_sicily();
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC", "[\"Catania\" \"Palermo\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC", "[\"Catania\" \"Palermo\" \"edge2\" \"edge1\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km DESC", "[\"edge1\" \"edge2\" \"Palermo\" \"Catania\"]");
    SAYS("GEOSEARCH g BYRADIUS 170 km FROMMEMBER Palermo ASC", "[\"Palermo\" \"edge1\" \"Catania\"]");
    SAYS("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m", "[\"Palermo\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m", "[]");
    SAYS_ANY_ORDER("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 30000 km", "[\"Catania\" \"Palermo\" \"edge1\" \"edge2\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", "[\"Catania\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC COUNT 1", "[\"Palermo\"]");
    SAYS("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m COUNT 1 ANY", "[\"Palermo\"]");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH",
         "[[\"Catania\" \"56.4413\" 3479447370796909 [\"15.08726745843887329\" \"37.50266842333162032\"]] "
         "[\"Palermo\" \"190.4424\" 3479099956230698 [\"13.36138933897018433\" \"38.11555639549629859\"]]]");
    SAYS("GEOSEARCH none FROMMEMBER a BYRADIUS 1 m", "[]");
}
END_TEST

START_TEST(finds_beyond_the_date_line)
{
    SAYS("GEOADD g 179.5 0.5 west -179.5 0.5 east 178 0.5 far", "3");
    SAYS("GEOSEARCH g FROMLONLAT 179.9 0.5 BYRADIUS 100 km ASC", "[\"west\" \"east\"]");
    SAYS("GEOSEARCH g FROMLONLAT -179.9 0.5 BYRADIUS 100 km ASC", "[\"east\" \"west\"]");
    SAYS("GEOSEARCH g FROMMEMBER east BYRADIUS 300 km ASC WITHDIST",
         "[[\"east\" \"0.0000\"] [\"west\" \"111.2218\"] [\"far\" \"278.0553\"]]");
}
END_TEST

START_TEST(refuses_searches_that_are_none)
{
    with_sicily();
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km", "-ERR radius cannot be negative");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km", "-ERR need numeric radius");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 yd", "-ERR unsupported unit provided. please use M, KM, FT, MI");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km", "-ERR need numeric width");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km", "-ERR need numeric height");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km", "-ERR height or width cannot be negative");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km ANY", "-ERR the ANY argument requires COUNT argument");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0", "-ERR COUNT must be > 0");
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT x", NO_INT);
    SAYS("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km COUNT", SYNTAX);
    SAYS("GEOSEARCH g FROMLONLAT 200 1 BYRADIUS 1 km", "-ERR invalid longitude,latitude pair 200.000000,1.000000");
    SAYS("GEOSEARCH g FROMMEMBER none BYRADIUS 1 km", "-ERR could not decode requested zset member");
    SAYS("GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 km", SYNTAX);
    SAYS("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km BYBOX 1 1 km", SYNTAX);
    SAYS("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km STOREDIST", SYNTAX);
    SAYS("GEOSearch g BYRADIUS 1 km ASC DESC",
         "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSearch");
    SAYS("GEOSEARCH g FROMMEMBER Palermo ASC ASC ASC",
         "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH");
    SAYS("GEOSEARCH g FROMMEMBER Palermo", "-ERR wrong number of arguments for 'geosearch' command");
    SAYS("GEOSEARCHSTORE to g FROMMEMBER Palermo BYRADIUS 1 km WITHDIST",
         "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
}
END_TEST

START_TEST(stores_what_it_finds)
{
    with_sicily();
    SAYS("GEOSEARCHSTORE to g FROMLONLAT 15 37 BYRADIUS 200 km", "2");
    SAYS("ZRANGE to 0 -1 WITHSCORES", "[\"Palermo\" \"3479099956230698\" \"Catania\" \"3479447370796909\"]");
    SAYS("GEOSEARCHSTORE word g FROMMEMBER Palermo BYRADIUS 200 km COUNT 2", "2");
    SAYS("ZRANGE word 0 -1", "[\"Palermo\" \"edge1\"]");
    SAYS("GEOSEARCHSTORE to g FROMMEMBER Palermo BYRADIUS 0 km STOREDIST", "1");
    SAYS("ZRANGE to 0 -1 WITHSCORES", "[\"Palermo\" \"0\"]");
    SAYS("GEOSEARCHSTORE to none FROMMEMBER a BYRADIUS 1 km", "0");
    SAYS("EXISTS to", "0");
}
END_TEST

START_TEST(has_the_older_forms)
{
    with_sicily();
    SAYS("GEORADIUS g 15 37 200 km ASC WITHDIST", "[[\"Catania\" \"56.4413\"] [\"Palermo\" \"190.4424\"]]");
    SAYS("GEORADIUS_RO g 15 37 200 km DESC", "[\"Palermo\" \"Catania\"]");
    SAYS("GEORADIUSBYMEMBER g Palermo 170 km ASC", "[\"Palermo\" \"edge1\" \"Catania\"]");
    SAYS("GEORADIUSBYMEMBER_RO g Palermo 170 km COUNT 1", "[\"Palermo\"]");
    SAYS("GEORADIUS g 15 37 200 km STORE to", "2");
    SAYS("ZRANGE to 0 -1", "[\"Palermo\" \"Catania\"]");
    SAYS("GEORADIUSBYMEMBER g Palermo 0 km STOREDIST to", "1");
    SAYS("ZRANGE to 0 -1 WITHSCORES", "[\"Palermo\" \"0\"]");
    SAYS("GEORADIUS_RO g 15 37 200 km STORE to", SYNTAX);
    SAYS("GEORADIUS g 15 37 200 km WITHDIST STORE to",
         "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
    SAYS("GEORADIUSBYMEMBER g none 200 km", "-ERR could not decode requested zset member");
    SAYS("GEORADIUSBYMEMBER none none 200 km", "[]");
    SAYS("GEORADIUS g 15 37 x km", "-ERR need numeric radius");
}
END_TEST

/* ---- many ---- */

enum { SIDE = 200 };

/* A grid of SIDE by SIDE places, a hundredth of a degree apart: longitude, latitude and name of each. */
static void put_place(char word[TEST_WORD_SIZE], int i, int row)
{
    int column = i / 3;

    if (i % 3 == 2)
        snprintf(word, TEST_WORD_SIZE, "%d:%d", column, row);
    else
        snprintf(word, TEST_WORD_SIZE, "%.2f", i % 3 ? 45 + row / 100.0 : 10 + column / 100.0);
}

static void add_grid(void)
{
    for (int row = 0; row < SIDE; row++)
        SAME_TEXT(test_long_command(world->cache, "GEOADD", "g", 3 * SIDE, put_place, row), test_format("%d", SIDE));
}

START_TEST(finds_few_of_many)
{
    add_grid();
    SAYS("ZCARD g", "40000");
    SAYS("GEOSEARCH g FROMLONLAT 11 46 BYRADIUS 1 km ASC", "[\"100:100\" \"101:100\" \"99:100\"]");
    SAYS("GEOSEARCH g FROMMEMBER 0:0 BYBOX 1 3 km ASC", "[\"0:0\" \"0:1\"]");
    SAYS("GEOSEARCH g FROMLONLAT 11 46 BYRADIUS 1000 km COUNT 1", "[\"100:100\"]");
    SAYS("GEOSEARCHSTORE to g FROMLONLAT 11 46 BYRADIUS 1000 km", "40000");
    SAYS("GEOSEARCHSTORE to g FROMLONLAT 11 46 BYBOX 100 50 km", "5805");
}
END_TEST

Suite *contract_command_geo(void)
{
    Suite *suite = suite_create("command_geo");
    TCase *tcase = test_case(suite, "command_geo");

    tcase_add_test(tcase, adds_places);
    tcase_add_test(tcase, refuses_places_that_are_none);
    tcase_add_test(tcase, tells_where_members_are);
    tcase_add_test(tcase, finds_what_is_near);
    tcase_add_test(tcase, finds_beyond_the_date_line);
    tcase_add_test(tcase, refuses_searches_that_are_none);
    tcase_add_test(tcase, stores_what_it_finds);
    tcase_add_test(tcase, has_the_older_forms);
    tcase_add_test(tcase, finds_few_of_many);
    return suite;
}
