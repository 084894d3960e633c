/* contract/cache/command_bits.c: strings as rows of bits, and as rows of integers of so many bits. */
#include "../contract.h"
#include "support/commands.h"

#define NO_INT  "-ERR value is not an integer or out of range"
#define NO_BIT  "-ERR bit offset is not an integer or out of range"
#define NO_TYPE "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."

START_TEST(are_set_and_got)
{
    SAYS("SETBIT a 7 1", "0");
    SAYS("SETBIT a 7 0", "1");
    SAYS("SETBIT a 7 1", "0");
    SAYS("GET a", "\"\\x01\"");
    SAYS("SETBIT a 16 1", "0");
    SAYS("GET a", "\"\\x01\\x00\\x80\"");
    SAYS("GETBIT a 16", "1");
    SAYS("GETBIT a 15", "0");
    SAYS("GETBIT a 4294967295", "0");
    SAYS("GETBIT missing 0", "0");
    SAYS("EXPIRE a 10", "1");
    SAYS("SETBIT a 0 1", "0");
    SAYS("TTL a", "10");
    SAYS("SETBIT b 100 0", "0");
    SAYS("STRLEN b", "13");
}
END_TEST

START_TEST(have_places_and_values)
{
    SAYS("SETBIT a -1 1", NO_BIT);
    SAYS("SETBIT a 4294967296 1", NO_BIT);
    SAYS("SETBIT a one 1", NO_BIT);
    SAYS("SETBIT a 0 2", "-ERR bit is not an integer or out of range");
    SAYS("SETBIT a 0 one", "-ERR bit is not an integer or out of range");
    SAYS("GETBIT a -1", NO_BIT);
    SAYS("GETBIT a #1", NO_BIT);
    SAYS("EXISTS a", "0");
    SAYS("SETBIT a 0", "-ERR wrong number of arguments for 'setbit' command");
}
END_TEST

START_TEST(are_counted)
{
    SAYS("SET a foobar", "OK");
    SAYS("BITCOUNT a", "26");
    SAYS("BITCOUNT a 0 0", "4");
    SAYS("BITCOUNT a 1 1", "6");
    SAYS("BITCOUNT a 1 1 BYTE", "6");
    SAYS("BITCOUNT a 5 30 BIT", "17");
    SAYS("BITCOUNT a 5 5 bit", "1");
    SAYS("BITCOUNT a -2 -1", "7");
    SAYS("BITCOUNT a -100 100", "26");
    SAYS("BITCOUNT a 3 2", "0");
    SAYS("BITCOUNT a -1 -3", "0");
    SAYS("BITCOUNT a 10 20", "0");
    SAYS("BITCOUNT missing", "0");
    SAYS("BITCOUNT a 0", "-ERR syntax error");
    SAYS("BITCOUNT a 0 1 NIBBLE", "-ERR syntax error");
    SAYS("BITCOUNT a 0 1 BIT 2", "-ERR syntax error");
    SAYS("BITCOUNT a x 1", NO_INT);
    SAYS("SETRANGE b 9999 \"\\xff\"", "10000");
    SAYS("BITCOUNT b", "8");
    SAYS("BITCOUNT b 79993 79998 BIT", "6");
}
END_TEST

START_TEST(are_found)
{
    SAYS("SET a \"\\xff\\xf0\\x00\"", "OK");
    SAYS("BITPOS a 0", "12");
    SAYS("BITPOS a 1", "0");
    SAYS("BITPOS a 1 2", "-1");
    SAYS("BITPOS a 0 -1", "16");
    SAYS("BITPOS a 1 1 1", "8");
    SAYS("BITPOS a 1 9 -1 BIT", "9");
    SAYS("BITPOS a 0 2 5 BIT", "-1");
    SAYS("BITPOS a 1 2 1", "-1");
    SAYS("SET a \"\\xff\\xff\"", "OK");
    SAYS("BITPOS a 0", "16");
    SAYS("BITPOS a 0 0", "16");
    SAYS("BITPOS a 0 0 -1", "-1");
    SAYS("BITPOS a 0 5", "-1");
    SAYS("BITPOS missing 0", "0");
    SAYS("BITPOS missing 1", "-1");
    SAYS("SET a \"\"", "OK");
    SAYS("BITPOS a 0", "-1");
    SAYS("BITPOS a 2", "-ERR The bit argument must be 1 or 0.");
    SAYS("BITPOS a one", NO_INT);
}
END_TEST

START_TEST(are_combined)
{
    SAYS("MSET a \"\\xf0\\x0f\" b \"\\x3c\"", "OK");
    SAYS("SET to x EX 10", "OK");
    SAYS("BITOP AND to a b", "2");
    SAYS("GET to", "\"0\\x00\"");
    SAYS("TTL to", "-1");
    SAYS("BITOP or to a b", "2");
    SAYS("GET to", "\"\\xfc\\x0f\"");
    SAYS("BITOP XOR to a b missing", "2");
    SAYS("GET to", "\"\\xcc\\x0f\"");
    SAYS("BITOP NOT to a", "2");
    SAYS("GET to", "\"\\x0f\\xf0\"");
    SAYS("BITOP AND to a missing", "2");
    SAYS("GET to", "\"\\x00\\x00\"");
    SAYS("BITOP AND to missing", "0");
    SAYS("EXISTS to", "0");
    SAYS("BITOP NOT a a", "2");
    SAYS("GET a", "\"\\x0f\\xf0\"");
    SAYS("BITOP NOT to a b", "-ERR BITOP NOT must be called with a single source key.");
    SAYS("BITOP NAND to a b", "-ERR syntax error");
    SAYS("BITOP AND to", "-ERR wrong number of arguments for 'bitop' command");
}
END_TEST

START_TEST(are_integers)
{
    SAYS("BITFIELD a SET u8 0 255 GET u4 2 GET i4 #0 INCRBY i5 100 1", "[0 15 -1 1]");
    SAYS("STRLEN a", "14");
    SAYS("BITFIELD a SET i64 #1 -9223372036854775808 GET i64 64", "[8388608 -9223372036854775808]");
    SAYS("BITFIELD a GET u63 64", "[4611686018427387904]");
    SAYS("BITFIELD a", "[]");
    SAYS("BITFIELD missing GET u8 1000", "[0]");
    SAYS("EXISTS missing", "0");
    SAYS("BITFIELD_RO a GET u8 0 GET u8 #0", "[255 255]");
    SAYS("BITFIELD_RO a SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand");
}
END_TEST

START_TEST(do_not_fit)
{
    SAYS("BITFIELD a SET u8 0 300", "[0]");
    SAYS("BITFIELD a GET u8 0 INCRBY u8 0 250 INCRBY u8 0 -100", "[44 38 194]");
    SAYS("BITFIELD a OVERFLOW SAT INCRBY u8 0 100 INCRBY u8 0 -1000 SET u8 0 -5", "[255 0 0]");
    SAYS("BITFIELD a GET u8 0 OVERFLOW FAIL INCRBY u8 0 1 INCRBY i8 0 127", "[255 nil 126]");
    SAYS("BITFIELD a SET i8 0 -128 OVERFLOW SAT INCRBY i8 0 -1 OVERFLOW WRAP INCRBY i8 0 -1", "[126 -128 127]");
    SAYS("BITFIELD a OVERFLOW FAIL SET u4 0 16 SET u4 0 15 SET u4 0 -1", "[nil 7 nil]");
    SAYS("BITFIELD b SET i64 0 9223372036854775807 INCRBY i64 0 1", "[0 -9223372036854775808]");
    SAYS("BITFIELD b OVERFLOW SAT INCRBY i64 0 -1 INCRBY i64 0 9223372036854775807 INCRBY i64 0 9223372036854775807",
         "[-9223372036854775808 -1 9223372036854775806]");
    SAYS("BITFIELD b OVERFLOW SAT INCRBY i64 0 2 OVERFLOW FAIL INCRBY i64 0 1", "[9223372036854775807 nil]");
    SAYS("BITFIELD c OVERFLOW FAIL INCRBY u8 8 300", "[nil]");
    SAYS("GET c", "\"\\x00\\x00\"");
}
END_TEST

START_TEST(are_of_a_type_and_a_place)
{
    SAYS("BITFIELD a GET u64 0", NO_TYPE);
    SAYS("BITFIELD a GET i65 0", NO_TYPE);
    SAYS("BITFIELD a GET u0 0", NO_TYPE);
    SAYS("BITFIELD a GET f8 0", NO_TYPE);
    SAYS("BITFIELD a GET \"\" 0", NO_TYPE);
    SAYS("BITFIELD a GET u8 -1", NO_BIT);
    SAYS("BITFIELD a GET u8 #-1", NO_BIT);
    SAYS("BITFIELD a GET u8 #", NO_BIT);
    SAYS("BITFIELD a GET u8 #536870912", NO_BIT);
    SAYS("BITFIELD a GET u8 #1152921504606846976", NO_BIT);
    SAYS("BITFIELD a SET u8 0 x", NO_INT);
    SAYS("BITFIELD a SET u8 0", "-ERR syntax error");
    SAYS("BITFIELD a SET u8 0 1 GET", "-ERR syntax error");
    SAYS("BITFIELD a PUT u8 0 1", "-ERR syntax error");
    SAYS("BITFIELD a OVERFLOW", "-ERR syntax error");
    SAYS("BITFIELD a OVERFLOW NEVER GET u8 0", "-ERR Invalid OVERFLOW type specified");
    SAYS("EXISTS a", "0");
}
END_TEST

START_TEST(are_in_no_list)
{
    static const char *const lines[] = {
        "SETBIT l 0 1",     "GETBIT l 0",     "BITCOUNT l",          "BITCOUNT l 0",          "BITPOS l 1",
        "BITOP AND to s l", "BITOP NOT to l", "BITFIELD l GET u8 0", "BITFIELD l SET u8 0 1", "BITFIELD_RO l GET u8 0",
    };

    SAYS("RPUSH l a", "1");
    SAYS("SET s text", "OK");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        SAYS(lines[i], "-WRONGTYPE Operation against a key holding the wrong kind of value");
    SAYS("LRANGE l 0 -1", "[\"a\"]");
    SAYS("GET s", "\"text\"");
    SAYS("DBSIZE", "2");
}
END_TEST

Suite *contract_command_bits(void)
{
    Suite *suite = suite_create("command_bits");
    TCase *tcase = test_case(suite, "command_bits");

    tcase_add_test(tcase, are_set_and_got);
    tcase_add_test(tcase, have_places_and_values);
    tcase_add_test(tcase, are_counted);
    tcase_add_test(tcase, are_found);
    tcase_add_test(tcase, are_combined);
    tcase_add_test(tcase, are_integers);
    tcase_add_test(tcase, do_not_fit);
    tcase_add_test(tcase, are_of_a_type_and_a_place);
    tcase_add_test(tcase, are_in_no_list);
    return suite;
}
