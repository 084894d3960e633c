/* cache/command/command.h: a Redis command while it is carried out on memory, and what each family of commands hands to the table.
 *
 * A handler looks at its arguments, works on `space`, and writes exactly one item (with what is in it) into `reply`. What it replies with an error it has not done: it
 * checks first and changes then. Commands behave as those of Redis 7.4 (https://redis.io/commands), with Upstash's differences where they are told. */
#ifndef TRIPSAGE_CACHE_COMMAND_COMMAND_H
#define TRIPSAGE_CACHE_COMMAND_COMMAND_H

#include "cache/memory/dict.h"
#include "cache/memory/keyspace.h"
#include "reply.h"

typedef struct tripsage__commands tripsage__commands;

typedef struct tripsage__command {
    tripsage__commands *commands; /* what all commands of one cache share: table.h */
    tripsage__keyspace *space;
    tripsage__reply *reply;
    const struct tripsage__command_spec *spec;
    const tripsage__cache_bytes *args; /* args[0] is the name */
    size_t count;
} tripsage__command;

enum {
    TRIPSAGE__COMMAND_WRITES = 1,    /* may change what is kept */
    TRIPSAGE__COMMAND_GROWS = 2,     /* may make it more: refused when one entry may not be as large */
    TRIPSAGE__COMMAND_NO_SCRIPT = 4, /* not from a script */
    TRIPSAGE__COMMAND_LISTS_KEYS =
        8, /* shows or touches keys that were not named: not for a token that only reads, not where keys are locked */
};

typedef struct tripsage__command_spec {
    const char *name; /* in capitals */
    void (*run)(tripsage__command *c);
    int arity; /* how many arguments, the name among them; negative: at least as many */
    unsigned flags;
    /* Where keys are, as in COMMAND INFO: first, last (negative: from the end, -1 is the last), step; 0: none there. */
    signed char first, last, step;
    signed char numkeys; /* the argument that says how many keys follow it; 0: there is none */
} tripsage__command_spec;

/* Each family's commands; the last has no name. */
/* clang-format off */
extern const tripsage__command_spec tripsage__commands_server[]; /* server.c: PING, TIME, DBSIZE ... */
extern const tripsage__command_spec tripsage__commands_scripting_family[]; /* scripting.c: EVAL ... */
extern const tripsage__command_spec tripsage__commands_keys[]; /* keys.c: DEL, EXPIRE, SCAN ... */
extern const tripsage__command_spec tripsage__commands_strings[]; /* strings.c: GET, SET, INCR ... */
extern const tripsage__command_spec tripsage__commands_bits[]; /* bits.c: SETBIT, BITFIELD ... */
extern const tripsage__command_spec tripsage__commands_hyperloglog[]; /* hyperloglog.c: PFADD ... */
extern const tripsage__command_spec tripsage__commands_hashes[]; /* hashes.c: HSET, HGETALL ... */
extern const tripsage__command_spec tripsage__commands_hash_ends[]; /* hash_ends.c: HEXPIRE, HGETEX ... */
extern const tripsage__command_spec tripsage__commands_lists[]; /* lists.c: LPUSH, LRANGE ... */
extern const tripsage__command_spec tripsage__commands_sets[]; /* sets.c: SADD, SINTER ... */
extern const tripsage__command_spec tripsage__commands_zsets[]; /* zsets.c: ZADD, ZRANGE ... */
extern const tripsage__command_spec tripsage__commands_zset_results[]; /* zset_results.c: ZUNION, ZINTER ... */
extern const tripsage__command_spec tripsage__commands_geo[]; /* geo.c: GEOADD, GEOSEARCH ... */
extern const tripsage__command_spec tripsage__commands_pubsub_family[]; /* pubsub.c: PUBLISH, PUBSUB */
/* clang-format on */

/* ---- for handlers ---- */

/* Each of these replies an error and gives 0 when it is not so. */
int tripsage__command_integer(tripsage__command *c, size_t at,
                              int64_t *out); /* "ERR value is not an integer or out of range" */
/* An error of Redis's for the next. */
#define TRIPSAGE__MUST_BE_POSITIVE "ERR value is out of range, must be positive"
/* An integer of at least `min`, with an error of its own. */
int tripsage__command_at_least(tripsage__command *c, size_t at, int64_t min, const char *error, int64_t *out);
/* How many random ones: negative, the same may come more than once. "ERR value is out of range ..." for the one integer that has no opposite. */
int tripsage__command_random_count(tripsage__command *c, size_t at, int64_t *out);
int tripsage__command_double(tripsage__command *c, size_t at,
                             double *out); /* "ERR value is not a valid float"; no NaN */
/* A time in units of `unit` ms that counts from `from`, as an instant that is not FOREVER; past 64 bits
 * "ERR invalid expire time in 'set' command". */
int tripsage__command_instant(tripsage__command *c, size_t at, int64_t unit, int64_t from, int64_t *out);
/* The key's string; *out NULL: there is nothing. WRONGTYPE for anything else. */
int tripsage__command_string(tripsage__command *c, tripsage__cache_bytes key, tripsage__entry **out);
/* The key's object of this type; *out NULL: there is nothing. WRONGTYPE for anything else. */
int tripsage__command_object(tripsage__command *c, tripsage__cache_bytes key, const tripsage__object_type *type,
                             tripsage__object **out);
/* Whether the object may grow by as much as the arguments bring; OOM. Of a command that GROWS each object is asked about when it is
 * found. */
int tripsage__command_may_grow(tripsage__command *c, const tripsage__object *object);
/* Puts a new object there, in the place of whatever was, or nothing when it is empty, and replies how many it has. It is taken over. */
void tripsage__command_store(tripsage__command *c, tripsage__cache_bytes key, tripsage__object *object);
/* Says why a keyspace call failed. */
void tripsage__command_failed(tripsage__command *c, tripsage_status status);
void tripsage__command_syntax(tripsage__command *c); /* "ERR syntax error" */
void tripsage__command_arity(tripsage__command *c);  /* "ERR wrong number of arguments for 'get' command" */

void tripsage__command_invalid_expire(tripsage__command *c);
/* The command's name as errors tell it: in small letters. Gives `name`. */
const char *tripsage__command_name(const tripsage__command *c, char name[32]);

/* Whether an argument is this word, which is in capitals, whatever its case. */
int tripsage__command_is(tripsage__cache_bytes argument, const char *word);
/* Redis's glob patterns: ? * [a-c] [^a] \ . */
int tripsage__command_matches(tripsage__cache_bytes pattern, tripsage__cache_bytes text);
/* From places that count from the end when they are negative to places in `size` things; 0: there are none between them. */
int tripsage__command_range(int64_t *first, int64_t *last, int64_t size);
/* The same of a range whose ends are taken for the first place when they are before it, both of them too. */
int tripsage__command_clamp(int64_t *first, int64_t *last, int64_t size);
/* A decimal integer as Redis takes it: no blanks, no plus, no leading zero. */
int tripsage__command_parse_integer(tripsage__cache_bytes text, int64_t *out);
int tripsage__command_parse_double(tripsage__cache_bytes text, double *out); /* also inf, -inf; not NaN */
/* What INCRBYFLOAT and HINCRBYFLOAT count with: a long double, also infinite, not NaN; written with 17 digits behind the point, without zeroes at its end, as Redis
 * writes it. Gives the text's size; there is no NUL that counts. */
#define TRIPSAGE__COMMAND_FLOAT_SIZE 5120 /* 4,933 digits before the point */
int tripsage__command_parse_float(tripsage__cache_bytes text, long double *out);
size_t tripsage__command_print_float(char out[TRIPSAGE__COMMAND_FLOAT_SIZE], long double value);
/* Uniform; for RANDOMKEY and its like. */
uint64_t tripsage__command_chance(tripsage__command *c);

static inline tripsage__cache_bytes tripsage__command_value(const tripsage__entry *entry)
{
    return (tripsage__cache_bytes){entry->bytes, tripsage__entry_value_size(entry)};
}

#endif
