/* support/commands.h: Redis's commands of a cache as lines of text, and replies as text, as redis-cli would take and print them, shorter.
 *
 *     SAYS("SADD k a \"b c\" \"\\x00\"", "3");
 *     SAYS("LRANGE l 0 -1", "[\"a\" \"b\"]");
 *     SAYS("GET missing", "nil");
 *     SAYS("INCR word", "-ERR value is not an integer or out of range");
 *
 * A line is split at blanks; within double quotes stand blanks, and \" \\ \n and \xHH. In a reply an integer is a number, a status a
 * word (OK), a string is quoted, with \xHH for what is not printable, an array is in brackets, and an error begins with a minus. */
#ifndef TEST_SUPPORT_COMMANDS_H
#define TEST_SUPPORT_COMMANDS_H

#include "world.h"

/* On the world's cache. */
#define SAYS(line, want) SAME_TEXT(test_command(world->cache, (line)), test_wanted((line), (want)))
/* In any order of the members of the array. */
#define SAYS_ANY_ORDER(line, want) SAME_TEXT(test_command_sorted(world->cache, (line)), (want))
/* Lines of one transaction, each ended by a newline. */
#define SAYS_AT_ONCE(lines, want) SAME_TEXT(test_transaction(world->cache, (lines)), (want))

/* What is to come of a command that replies this, where the cache is: by REST a script's word is a string (tripsage/cache.h). */
const char *test_wanted(const char *line, const char *want);

/* The reply as a text that is kept like any of support/json.h. The call must succeed. */
const char *test_command(tripsage_cache *cache, const char *line);
const char *test_command_sorted(tripsage_cache *cache, const char *line);
const char *test_pipeline(tripsage_cache *cache, const char *lines);
const char *test_transaction(tripsage_cache *cache, const char *lines);

/* One command with many words, such as no line has room for: `put` writes the i-th of `count` words behind the name and the key into
 * `word`. Gives the reply. */
enum { TEST_WORD_SIZE = 32 };
const char *test_long_command(tripsage_cache *cache, const char *name, const char *key, int count,
                              void (*put)(char word[TEST_WORD_SIZE], int i, int from), int from);

/* How the items of an array are put before they are told. */
typedef enum test_order {
    TEST_AS_IT_IS,
    TEST_ANY_ORDER,      /* of the items of every array */
    TEST_ANY_PAIR_ORDER, /* of the pairs of them: fields with their values */
    TEST_KIND_ONLY,      /* nothing is told but what kind of reply it is, and how many items it has */
} test_order;

/* A reply as a text, kept like the others. */
const char *test_reply_text(const tripsage_cache_reply *reply, test_order order);

/* The string under a key as a text that is kept, too, NULL when there is none. */
const char *test_cached(tripsage_cache *cache, const char *key);

#endif
