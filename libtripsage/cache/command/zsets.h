/* cache/command/zsets.h: what the commands on sorted sets have in common: zsets.c, zset_results.c, geo.c. */
#ifndef TRIPSAGE_CACHE_COMMAND_ZSETS_H
#define TRIPSAGE_CACHE_COMMAND_ZSETS_H

#include "cache/memory/zset.h"
#include "command.h"

/* The sorted set of a key among the arguments; *out NULL: there is nothing. 0: an error was replied. */
int tripsage__zsets_at(tripsage__command *c, size_t at, tripsage__zset **out);

/* A member, and its score behind it. */
void tripsage__zsets_reply(tripsage__command *c, const tripsage__zset *zset, const tripsage__zset_node *node,
                           int with_score);

enum {
    TRIPSAGE__ZADD_NX = 1,
    TRIPSAGE__ZADD_XX = 2,
    TRIPSAGE__ZADD_GT = 4,
    TRIPSAGE__ZADD_LT = 8,
    TRIPSAGE__ZADD_CH = 16,
    TRIPSAGE__ZADD_INCR = 32 /* of one pair */
};

typedef struct tripsage__zset_pair {
    double score;
    tripsage__cache_bytes member;
} tripsage__zset_pair;

/* Carries out ZADD on the first argument's key, and replies: how many are new (CH: or changed), or the score of the one (INCR). */
void tripsage__zsets_add(tripsage__command *c, const tripsage__zset_pair *pairs, size_t count, unsigned flags);

#endif
