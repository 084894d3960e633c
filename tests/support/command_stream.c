/* command_stream.c: see command_stream.h. */
#include "command_stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the families ---- */

static const test_form keys[] = {
    {"DEL {any}", TEST_AS_IT_IS},
    {"UNLINK {any} {any}", TEST_AS_IT_IS},
    {"EXISTS {any}+", TEST_AS_IT_IS},
    {"TOUCH {any}+", TEST_AS_IT_IS},
    {"TYPE {any}", TEST_AS_IT_IS},
    {"EXPIRE {any} {seconds} [NX|XX|GT|LT|XX GT|XX LT|NX GT|GT LT|EVER]", TEST_AS_IT_IS},
    {"PEXPIRE {any} {ms} [NX|XX|GT|LT|XX GT|XX LT]", TEST_AS_IT_IS},
    {"EXPIREAT {any} {at} [NX|XX|GT|LT]", TEST_AS_IT_IS},
    {"PEXPIREAT {any} {at_ms} [NX|XX|GT|LT]", TEST_AS_IT_IS},
    {"TTL {any}", TEST_AS_IT_IS},
    {"PTTL {any}", TEST_AS_IT_IS},
    {"EXPIRETIME {any}", TEST_AS_IT_IS},
    {"PEXPIRETIME {any}", TEST_AS_IT_IS},
    {"PERSIST {any}", TEST_AS_IT_IS},
    {"RENAME {any} {any}", TEST_AS_IT_IS},
    {"RENAMENX {any} {any}", TEST_AS_IT_IS},
    {"COPY {any} {another} [REPLACE] [DB 0|DB a]", TEST_AS_IT_IS},
    {"KEYS (*|?tring:*|*[0-2]|*:[^0-2]|nothing|bi\\ts:?)", TEST_ANY_ORDER},
    {"SCAN 0 COUNT (1000 MATCH *[35]|2000|1000 TYPE string|0|a)", TEST_ANY_ORDER},
    {"SCAN (a|0 MATCH|0 COUNT|0 EVER x)", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form strings[] = {
    {"GET {key}", TEST_AS_IT_IS},
    {"SET {key} {value}", TEST_AS_IT_IS},
    {"SET {key} {value} [NX|XX] [GET] [EX {seconds}|PX {ms}|EXAT {at}|PXAT {at_ms}|KEEPTTL]", TEST_AS_IT_IS},
    {"SET {key} {value} [KEEPTTL|PERSIST|EX|EVER] [NX|XX|PX {ms}] [XX|EX {seconds}]", TEST_AS_IT_IS},
    {"SETEX {key} {seconds} {value}", TEST_AS_IT_IS},
    {"PSETEX {key} {ms} {value}", TEST_AS_IT_IS},
    {"SETNX {key} {value}", TEST_AS_IT_IS},
    {"GETSET {key} {value}", TEST_AS_IT_IS},
    {"GETDEL {key}", TEST_AS_IT_IS},
    {"GETEX {key} [EX {seconds}|PX {ms}|EXAT {at}|PXAT {at_ms}|PERSIST|NX|PERSIST EX {seconds}]", TEST_AS_IT_IS},
    {"APPEND {key} {value}", TEST_AS_IT_IS},
    {"STRLEN {key}", TEST_AS_IT_IS},
    {"(GETRANGE|SUBSTR) {key} {index} {index}", TEST_AS_IT_IS},
    {"GETRANGE {key} {integer} {integer}", TEST_AS_IT_IS},
    {"SETRANGE {key} (-1|{count}|{offset}|600000000|abc) {value}", TEST_AS_IT_IS},
    {"MGET {key}+", TEST_AS_IT_IS},
    {"MSET ({key} {value})+", TEST_AS_IT_IS},
    {"MSET {key} {value} {key}", TEST_AS_IT_IS},
    {"MSETNX ({key} {value})+", TEST_AS_IT_IS},
    {"(INCR|DECR) {key}", TEST_AS_IT_IS},
    {"(INCRBY|DECRBY) {key} {integer}", TEST_AS_IT_IS},
    {"INCRBYFLOAT {key} {float}", TEST_AS_IT_IS},
    {"SET {key} ({float}|{integer})", TEST_AS_IT_IS},
    {"LCS {key} {key} [IDX|LEN|IDX LEN] [WITHMATCHLEN] [MINMATCHLEN {count}]", TEST_AS_IT_IS},
    {"(GET|STRLEN|INCR|GETDEL) {key} {key}", TEST_AS_IT_IS},
    {"(SET|APPEND|GETSET|SETEX|SETRANGE|GETRANGE|INCRBY) {key}", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form bits[] = {
    {"SETBIT {key} {offset} {bit}", TEST_AS_IT_IS},
    {"SETBIT {key} (-1|4294967296|abc|{count}) (0|1|2|abc)", TEST_AS_IT_IS},
    {"GETBIT {key} ({offset}|-1|4294967295|4294967296|abc)", TEST_AS_IT_IS},
    {"SET {key} {value}", TEST_AS_IT_IS},
    {"GET {key}", TEST_AS_IT_IS},
    {"BITCOUNT {key} [{index} {index}|{integer} {integer}|{index}]", TEST_AS_IT_IS},
    {"BITCOUNT {key} {integer} {integer} (BIT|BYTE)", TEST_AS_IT_IS},
    {"BITPOS {key} {bit} [{index}|{index} {index}|{integer} {integer} BIT|{index} {index} BYTE]", TEST_AS_IT_IS},
    {"BITPOS {key} (2|abc|1 1 2 BITS|0 0 1 BIT 2)", TEST_AS_IT_IS},
    {"BITOP (AND|OR|XOR) {key} {key}+", TEST_AS_IT_IS},
    {"BITOP NOT {key} {key}", TEST_AS_IT_IS},
    {"BITOP (NOT|NOR) {key} {key} {key}", TEST_AS_IT_IS},
    {"BITFIELD {key} ([OVERFLOW (WRAP|SAT|FAIL)] (SET {field} {small}|INCRBY {field} {small}|GET {field}))+",
     TEST_AS_IT_IS},
    {"BITFIELD {key} [OVERFLOW (WRAP|SAT|FAIL)] (INCRBY|SET) (i64 0|i64 #1) {integer}", TEST_AS_IT_IS},
    {"BITFIELD {key} [OVERFLOW (WRAP|SAT|FAIL)] (INCRBY|SET) (u63 3|i1 0|u1 0|i5 7|u60 1) {small}", TEST_AS_IT_IS},
    {"BITFIELD {key} (GET u64 0|GET i65 0|GET f8 0|OVERFLOW EVER|GET u8|GET u8 -1|GET u0 0|SET u8 0)", TEST_AS_IT_IS},
    {"BITFIELD_RO {key} (GET {field}|SET {field} 1)+", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form hyperloglog[] = {
    {"PFADD {key} {value}+", TEST_AS_IT_IS},
    {"PFADD {key} ({integer} {value} {integer} {value} {integer})+", TEST_AS_IT_IS},
    {"PFADD {key}", TEST_AS_IT_IS},
    {"PFCOUNT {key}+", TEST_AS_IT_IS},
    {"PFMERGE {key}+", TEST_AS_IT_IS},
    {"DEL {key}", TEST_AS_IT_IS},
    {"EXISTS {key}+", TEST_AS_IT_IS},
    {"SET {key} (HYLL|HYL|HYLL0123456789abcdef)", TEST_AS_IT_IS},
    {"EXPIRE {key} {seconds}", TEST_AS_IT_IS},
    {"PTTL {key}", TEST_AS_IT_IS},
    {"COPY {key} {another} [REPLACE]", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form hashes[] = {
    {"HSET {key} ({member} {value})+", TEST_AS_IT_IS},
    {"HSET {key} ({member} {value})+", TEST_AS_IT_IS},
    {"HMSET {key} ({member} {value})+ [{member}]", TEST_AS_IT_IS},
    {"HSETNX {key} {member} {value}", TEST_AS_IT_IS},
    {"HINCRBY {key} {member} {integer}", TEST_AS_IT_IS},
    {"HINCRBYFLOAT {key} {member} {float}", TEST_AS_IT_IS},
    {"HGET {key} {member}", TEST_AS_IT_IS},
    {"HMGET {key} {member}+", TEST_AS_IT_IS},
    {"HGETALL {key}", TEST_ANY_PAIR_ORDER},
    {"(HKEYS|HVALS) {key}", TEST_ANY_ORDER},
    {"HLEN {key}", TEST_AS_IT_IS},
    {"(HEXISTS|HSTRLEN) {key} {member}", TEST_AS_IT_IS},
    {"HSCAN {key} 0 [MATCH m1*] COUNT 1000", TEST_ANY_PAIR_ORDER},
    {"HSCAN {key} {count} [COUNT {integer}]", TEST_KIND_ONLY},
    {"HRANDFIELD {key} [{integer}] [WITHVALUES]", TEST_KIND_ONLY},
    {"HDEL {key} {member}+", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form lists[] = {
    {"(LPUSH|RPUSH) {key} {value}+", TEST_AS_IT_IS},
    {"(LPUSH|RPUSH) {key} {letter}+", TEST_AS_IT_IS},
    {"(LPUSHX|RPUSHX) {key} {value}+", TEST_AS_IT_IS},
    {"(LPOP|RPOP) {key} [{integer}]", TEST_AS_IT_IS},
    {"LLEN {key}", TEST_AS_IT_IS},
    {"LRANGE {key} {index} {index}", TEST_AS_IT_IS},
    {"LRANGE {key} 0 -1", TEST_AS_IT_IS},
    {"LINDEX {key} {integer}", TEST_AS_IT_IS},
    {"LINDEX {key} {index}", TEST_AS_IT_IS},
    {"LSET {key} {index} {value}", TEST_AS_IT_IS},
    {"LINSERT {key} (BEFORE|AFTER) ({letter}|{value}) {value}", TEST_AS_IT_IS},
    {"LREM {key} ({index}|{integer}) ({letter}|{value})", TEST_AS_IT_IS},
    {"LTRIM {key} {index} {index}", TEST_AS_IT_IS},
    {"LPOS {key} ({letter}|{value}) [RANK {index}] [COUNT {integer}] [MAXLEN {count}]", TEST_AS_IT_IS},
    {"LMOVE {key} {key} (LEFT|RIGHT) (LEFT|RIGHT)", TEST_AS_IT_IS},
    {"RPOPLPUSH {key} {key}", TEST_AS_IT_IS},
    {"LMPOP ({count}|2) {key} {key} (LEFT|RIGHT) [COUNT {integer}]", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form sets[] = {
    {"SADD {key} {member}+", TEST_AS_IT_IS},
    {"SADD {key} ({member}|{value})+", TEST_AS_IT_IS},
    {"SREM {key} {member}+", TEST_AS_IT_IS},
    {"SMEMBERS {key}", TEST_ANY_ORDER},
    {"SCARD {key}", TEST_AS_IT_IS},
    {"(SISMEMBER|SMISMEMBER) {key} {member}", TEST_AS_IT_IS},
    {"SMISMEMBER {key} {member}+", TEST_AS_IT_IS},
    {"SMOVE {key} {key} {member}", TEST_AS_IT_IS},
    {"(SINTER|SUNION|SDIFF) {key}+", TEST_ANY_ORDER},
    {"(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) {key} {key}+", TEST_AS_IT_IS},
    {"SINTERCARD (2|1|{count}|a) {key} {key} [LIMIT {count}|LIMIT {integer}|EVER]", TEST_AS_IT_IS},
    {"SPOP {key} (100|0|-1|a) [1]", TEST_ANY_ORDER},
    {"SRANDMEMBER {key} 100", TEST_ANY_ORDER},
    {"SRANDMEMBER {key} [{integer}]", TEST_KIND_ONLY},
    {"SSCAN {key} 0 [MATCH m1*] COUNT 1000", TEST_ANY_ORDER},
    {"SSCAN {key} {count} [COUNT {integer}]", TEST_KIND_ONLY},
    {NULL, TEST_AS_IT_IS},
};

/* By member only where scores are alike: under a key of its own. */
static const test_form zsets[] = {
    {"ZADD {key} ({score} {member})+", TEST_AS_IT_IS},
    {"ZADD {key} ({score} {member})+", TEST_AS_IT_IS},
    {"ZADD {key} [NX|XX] [GT|LT] [CH] [INCR] ({score} {member})+", TEST_AS_IT_IS},
    {"ZADD zset:lex (0 {member})+", TEST_AS_IT_IS},
    {"ZINCRBY {key} {score} {member}", TEST_AS_IT_IS},
    {"ZREM {key} {member}+", TEST_AS_IT_IS},
    {"ZCARD {key}", TEST_AS_IT_IS},
    {"(ZSCORE|ZRANK|ZREVRANK) {key} {member}", TEST_AS_IT_IS},
    {"ZMSCORE {key} {member}+", TEST_AS_IT_IS},
    {"ZCOUNT {key} {end} {end}", TEST_AS_IT_IS},
    {"(ZLEXCOUNT|ZREMRANGEBYLEX) zset:lex {lex} {lex}", TEST_AS_IT_IS},
    {"(ZRANGE|ZREVRANGE) {key} {index} {index} [WITHSCORES|LIMIT 1 2]", TEST_AS_IT_IS},
    {"ZRANGE {key} {integer} {integer} [REV] [WITHSCORES] [EVER]", TEST_AS_IT_IS},
    {"ZRANGE {key} {end} {end} BYSCORE [REV] [WITHSCORES] [LIMIT {index} {index}|LIMIT 1 {integer}|LIMIT 1]",
     TEST_AS_IT_IS},
    {"ZRANGE zset:lex {lex} {lex} BYLEX [REV] [LIMIT {count} {index}] [WITHSCORES|REV]", TEST_AS_IT_IS},
    {"(ZRANGEBYSCORE|ZREVRANGEBYSCORE) {key} {end} {end} [WITHSCORES] [LIMIT {count} {index}|REV]", TEST_AS_IT_IS},
    {"(ZRANGEBYLEX|ZREVRANGEBYLEX) zset:lex {lex} {lex} [LIMIT {count} {index}]", TEST_AS_IT_IS},
    {"ZRANGESTORE {key} {key} {index} {index} [REV|WITHSCORES]", TEST_AS_IT_IS},
    {"ZRANGESTORE {key} {key} {end} {end} BYSCORE [REV] [LIMIT {count} {index}]", TEST_AS_IT_IS},
    {"ZREMRANGEBYRANK {key} {index} {index}", TEST_AS_IT_IS},
    {"ZREMRANGEBYSCORE {key} {end} {end}", TEST_AS_IT_IS},
    {"(ZPOPMIN|ZPOPMAX) {key} [{count}|{integer}] [1]", TEST_AS_IT_IS},
    {"ZMPOP (2|1|{count}) {key} {key} (MIN|MAX|a) [COUNT {count}|COUNT {integer}|COUNT]", TEST_AS_IT_IS},
    {"ZRANDMEMBER {key} 100", TEST_ANY_ORDER},
    {"ZRANDMEMBER {key} [{integer}] [WITHSCORES]", TEST_KIND_ONLY},
    {"ZSCAN {key} {count} [MATCH m1*] [COUNT {count}]", TEST_AS_IT_IS},
    {"(ZUNION|ZINTER) 2 {key} {key} [WEIGHTS (1|2) (1|2|inf|a)] [AGGREGATE (SUM|MIN|MAX|a)] [WITHSCORES]",
     TEST_AS_IT_IS},
    {"(ZUNION|ZINTER|ZDIFF) (2|{count}|a) {key} {key} [WITHSCORES|WEIGHTS 1]", TEST_AS_IT_IS},
    {"ZDIFF (1|2) {key} set:1 [WITHSCORES]", TEST_AS_IT_IS},
    {"(ZUNIONSTORE|ZINTERSTORE) {key} 2 {key} (set:1|{key}) [WEIGHTS 1 (1|2)] [AGGREGATE (SUM|MIN|MAX)]",
     TEST_AS_IT_IS},
    {"ZDIFFSTORE {key} 2 {key} {key} [WITHSCORES]", TEST_AS_IT_IS},
    {"ZINTERCARD (2|1|{count}) {key} {key} [LIMIT {count}|LIMIT {integer}]", TEST_AS_IT_IS},
    {NULL, TEST_AS_IT_IS},
};

static const test_form geo[] = {
    {"GEOADD {key} ({place} {member})+", TEST_AS_IT_IS},
    {"GEOADD {key} [NX|XX] [CH] ({place} {member})+", TEST_AS_IT_IS},
    {"(GEOPOS|GEOHASH|ZREM) {key} {member}+", TEST_AS_IT_IS},
    {"ZSCORE {key} {member}", TEST_AS_IT_IS},
    {"GEODIST {key} {member} {member} [M|km|FT|mi|yd]", TEST_AS_IT_IS},
    {"GEOSEARCH {key} (FROMMEMBER {member}|FROMLONLAT {place}) {shape} [WITHCOORD] [WITHDIST] [WITHHASH]",
     TEST_ANY_ORDER},
    {"GEOSEARCH {key} (FROMMEMBER {member}|FROMLONLAT {place}) {shape} (ASC|DESC) [COUNT {count}|COUNT 2] [WITHDIST]",
     TEST_AS_IT_IS},
    {"GEOSEARCH {key} [FROMMEMBER {member}] [FROMLONLAT {place}] [{shape}] [{shape}] [ANY] [COUNT a|EVER]",
     TEST_ANY_ORDER},
    {"GEOSEARCHSTORE {key} {key} (FROMMEMBER {member}|FROMLONLAT {place}) {shape} [COUNT 2|WITHDIST]", TEST_AS_IT_IS},
    {"GEORADIUS {key} {place} (300 km|1000 mi|a m|-1 m|1 yd) [WITHDIST] [ASC|DESC|STORE geo:1]", TEST_ANY_ORDER},
    {"GEORADIUS_RO {key} {place} (300|2000) km [WITHHASH] [COUNT 2 DESC|STORE geo:1]", TEST_ANY_ORDER},
    {"(GEORADIUSBYMEMBER|GEORADIUSBYMEMBER_RO) {key} {member} (300|2000) km [WITHCOORD] [ASC]", TEST_ANY_ORDER},
    {NULL, TEST_AS_IT_IS},
};

/* clang-format off */
const test_family test_families[] = { /* one to a line */
    {"key", keys, 0},
    {"string", strings, 0},
    {"bits", bits, 0},
    {"hyperloglog", hyperloglog, 1}, /* its strings are not Redis's */
    {"hash", hashes, 0},
    {"list", lists, 0},
    {"set", sets, 0},
    {"zset", zsets, 0},
    {"geo", geo, 1}, /* other scores than geohashes are places at the ends of the world, where Redis finds nobody */
    {NULL, NULL, 0},
};
/* clang-format on */

/* ---- words ---- */

enum { KEYS = 6, REPEATS = 4 };

typedef struct maker {
    test_stream_line *line;
    uint64_t *seed;
    const test_family *family;
} maker;

static uint64_t draw(maker *m, uint64_t limit)
{
    return test_draw(m->seed, limit);
}

static void add_bytes(maker *m, const void *data, size_t size)
{
    test_stream_line *line = m->line;

    ck_assert_uint_lt(line->count, sizeof line->words / sizeof *line->words);
    ck_assert_uint_le(line->used + size, sizeof line->bytes);
    memcpy(line->bytes + line->used, data, size);
    line->words[line->count++] = (tripsage_cache_argument){line->bytes + line->used, size};
    line->used += size;
}

static void add(maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(maker *m, const char *format, ...)
{
    char text[64];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_bytes(m, text, (size_t)length);
}

static void add_key_of(maker *m, const test_family *family)
{
    add(m, "%s:%d", family->name, (int)draw(m, KEYS));
}

static void add_any_key(maker *m)
{
    const test_family *chosen = m->family;
    uint64_t count = 0;

    for (const test_family *family = test_families; family->name && !m->family->alone; family++)
        if (!family->alone && draw(m, ++count) == 0)
            chosen = family;
    add_key_of(m, chosen);
}

static void add_key(maker *m)
{
    if (draw(m, 16) == 0)
        add_any_key(m);
    else
        add_key_of(m, m->family);
}

/* Not the key that stands before it. */
static void add_another_key(maker *m)
{
    tripsage_cache_argument before = m->line->words[m->line->count - 1], *word;

    do {
        add_any_key(m);
        word = &m->line->words[--m->line->count];
    } while (word->size == before.size && memcmp(word->data, before.data, word->size) == 0);
    m->line->count++;
}

static void add_integer(maker *m)
{
    static const char *const odd[] = {
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "01", "-0", "+1", "1.0", "", " 1", "abc",
    };

    if (draw(m, 12) == 0)
        add(m, "%s", odd[draw(m, sizeof odd / sizeof *odd)]);
    else
        add(m, "%d", (int)draw(m, 201) - 100);
}

static void add_float(maker *m)
{
    static const char *const odd[] = {"inf", "-inf", "nan", "1e300", "-1e-10", "abc", "", "0x10", "5", "1e400"};

    if (draw(m, 12) == 0)
        add(m, "%s", odd[draw(m, sizeof odd / sizeof *odd)]);
    else
        add(m, "%g", ((double)draw(m, 4001) - 2000) / 8);
}

static void add_value(maker *m)
{
    static const char *const words[] = {"", "a", "hello", "hello world", "10", "-3", "1.5", "  ", "foobar"};
    unsigned char bytes[40];
    size_t size = (size_t)draw(m, sizeof bytes);

    switch (draw(m, 4)) {
    case 0:
        for (size_t i = 0; i < size; i++)
            bytes[i] = (unsigned char)draw(m, 256);
        add_bytes(m, bytes, size);
        break;
    case 1:
        add_integer(m);
        break;
    default:
        add(m, "%s", words[draw(m, sizeof words / sizeof *words)]);
    }
}

static void add_small(maker *m)
{
    int64_t number = (int64_t)draw(m, UINT64_C(1) << 31);

    number /= INT64_C(1) << draw(m, 32);
    add(m, "%lld", (long long)(draw(m, 2) ? number : -number));
}

/* A field of a row of bits: type and offset. */
static void add_field(maker *m)
{
    char sign = draw(m, 2) ? 'i' : 'u';
    const char *counted = draw(m, 3) ? "" : "#";

    add(m, "%c%d", sign, (int)draw(m, 63) + 1);
    add(m, "%s%d", counted, (int)draw(m, 12));
}

static void add_life(maker *m, int64_t unit)
{
    static const int64_t odd[] = {0, -1, INT64_MAX, INT64_MIN, 100};
    /* Seconds never come to a multiple of the clock's step, nor do milliseconds that end in 5. */
    int64_t life = unit == 1 ? (int64_t)draw(m, 300) * 10 + 5 : (int64_t)draw(m, 5) + 1;

    if (draw(m, 12) == 0)
        life = odd[draw(m, sizeof odd / sizeof *odd)];
    add(m, "%lld", (long long)life);
}

static void add_instant(maker *m, int64_t unit)
{
    int64_t at = TEST_NOON / unit + (int64_t)draw(m, 33) - 3;

    if (unit == 1)
        at = TEST_NOON + ((int64_t)draw(m, 3000) - 300) * 10 + 5;
    add(m, "%lld", (long long)at);
}

/* Halves and whole ones: all versions of Redis write them alike. */
static void add_score(maker *m)
{
    static const char *const odd[] = {"inf", "-inf", "nan", "abc", "1e3", "0x10"};

    if (draw(m, 16) == 0)
        add(m, "%s", odd[draw(m, sizeof odd / sizeof *odd)]);
    else
        add(m, "%g", ((double)draw(m, 81) - 40) / 2);
}

static void add_end(maker *m)
{
    static const char *const odd[] = {"-inf", "+inf", "(inf", "a", "(nan", "(a"};

    if (draw(m, 4) == 0)
        add(m, "%s", odd[draw(m, draw(m, 4) ? 3 : sizeof odd / sizeof *odd)]);
    else
        add(m, "%s%g", draw(m, 3) ? "" : "(", ((double)draw(m, 81) - 40) / 2);
}

static void add_lex(maker *m)
{
    static const char *const odd[] = {"-", "+", "[", "(", "", "m1"};

    if (draw(m, 3) == 0)
        add(m, "%s", odd[draw(m, draw(m, 4) ? 2 : sizeof odd / sizeof *odd)]);
    else
        add(m, "%sm%d", draw(m, 2) ? "[" : "(", (int)draw(m, 12));
}

static void add_place(maker *m)
{
    if (draw(m, 40) == 0) {
        add(m, "%d", (int)draw(m, 400) - 200);
        add(m, "%s", draw(m, 2) ? "86" : "a");
    } else {
        add(m, "%.4f", (double)draw(m, 100000) / 10000 + 10);
        add(m, "%.4f", (double)draw(m, 150000) / 10000 + 30);
    }
}

static void add_shape(maker *m)
{
    static const char *const units[] = {"m", "KM", "ft", "mi", "yd"};
    int numbers = draw(m, 2) ? 1 : 2;

    add(m, numbers == 1 ? "BYRADIUS" : "BYBOX");
    for (; numbers > 0; numbers--)
        if (draw(m, 30))
            add(m, "%d", (int)draw(m, draw(m, 2) ? 500000 : 3000));
        else
            add(m, draw(m, 2) ? "a" : "-1");
    add(m, "%s", units[draw(m, draw(m, 8) ? 4 : 5)]);
}

static void add_placeholder(maker *m, const char *name, size_t size)
{
#define IS(word) (size == sizeof(word) - 1 && memcmp(name, word, size) == 0)
    if (IS("key"))
        add_key(m);
    else if (IS("any"))
        add_any_key(m);
    else if (IS("another"))
        add_another_key(m);
    else if (IS("value"))
        add_value(m);
    else if (IS("member"))
        add(m, "m%d", (int)draw(m, 12));
    else if (IS("integer"))
        add_integer(m);
    else if (IS("small"))
        add_small(m);
    else if (IS("count"))
        add(m, "%d", (int)draw(m, 10));
    else if (IS("index"))
        add(m, "%d", (int)draw(m, 41) - 20);
    else if (IS("bit"))
        add(m, "%d", (int)draw(m, 2));
    else if (IS("offset"))
        add(m, "%d", (int)draw(m, 301));
    else if (IS("field"))
        add_field(m);
    else if (IS("float"))
        add_float(m);
    else if (IS("seconds"))
        add_life(m, 1000);
    else if (IS("ms"))
        add_life(m, 1);
    else if (IS("at"))
        add_instant(m, 1000);
    else if (IS("at_ms"))
        add_instant(m, 1);
    else if (IS("score"))
        add_score(m);
    else if (IS("end"))
        add_end(m);
    else if (IS("lex"))
        add_lex(m);
    else if (IS("place"))
        add_place(m);
    else if (IS("shape"))
        add_shape(m);
    else if (IS("letter"))
        add(m, "%c", 'a' + (int)draw(m, 26));
    else
        ck_abort_msg("no such placeholder: %.*s", (int)size, name);
#undef IS
}

/* ---- forms ---- */

/* Where the group that begins at `at` ends: at its bracket. */
static const char *end_of(const char *at)
{
    int depth = 0;

    for (;; at++) {
        depth += *at == '(' || *at == '[' || *at == '{';
        depth -= *at == ')' || *at == ']' || *at == '}';
        ck_assert_int_ne(*at, '\0');
        if (depth == 0)
            return at;
    }
}

/* Where the alternative that begins at `at` ends. */
static const char *end_of_alternative(const char *at, const char *end)
{
    while (at < end && *at != '|')
        at = *at == '(' || *at == '[' || *at == '{' ? end_of(at) + 1 : at + 1;
    return at;
}

static void expand(maker *m, const char *at, const char *end);

static void expand_one_of(maker *m, const char *at, const char *end)
{
    uint64_t count = 1, chosen;

    for (const char *p = at; (p = end_of_alternative(p, end)) < end; p++)
        count++;
    for (chosen = draw(m, count); chosen > 0; chosen--)
        at = end_of_alternative(at, end) + 1;
    expand(m, at, end_of_alternative(at, end));
}

static void expand_group(maker *m, const char *at, const char *end)
{
    uint64_t times = *at == '[' ? draw(m, 2) : end[1] == '+' ? draw(m, REPEATS) + 1 : 1;

    for (; times > 0; times--)
        if (*at == '{')
            add_placeholder(m, at + 1, (size_t)(end - at - 1));
        else
            expand_one_of(m, at + 1, end);
}

static void expand(maker *m, const char *at, const char *end)
{
    while (at < end) {
        const char *behind = at;

        if (*at == '(' || *at == '[' || *at == '{') {
            behind = end_of(at);
            expand_group(m, at, behind);
            behind += behind[1] == '+' ? 2 : 1;
        } else {
            while (behind < end && *behind != ' ')
                behind++;
            if (behind > at)
                add_bytes(m, at, (size_t)(behind - at));
        }
        at = behind + (behind < end && *behind == ' ');
    }
}

/* ---- lines ---- */

void test_stream_next(test_stream_line *line, uint64_t *seed, const test_family *family)
{
    maker m = {line, seed, family};
    size_t families = 0, forms = 0;
    const test_form *form;

    while (!family && test_families[families].name)
        families++;
    if (!family)
        m.family = &test_families[draw(&m, families)];
    while (m.family->forms[forms].text)
        forms++;
    form = &m.family->forms[draw(&m, forms)];
    line->count = line->used = 0;
    line->order = form->order;
    expand(&m, form->text, form->text + strlen(form->text));
}

const char *test_stream_text(const test_stream_line *line)
{
    const char *text = "";

    for (size_t i = 0; i < line->count; i++) {
        tripsage_cache_reply word = {TRIPSAGE_CACHE_STRING, 0, line->words[i].data, line->words[i].size, NULL, 0};

        text = test_format("%s%s%s", text, i ? " " : "", test_reply_text(&word, TEST_AS_IT_IS));
    }
    return text;
}
