/* cache/command/lua/scripts.h: scripts in Lua 5.1, whose home this folder is: Redis's redis.call() and what belongs to it, in a sandbox.
 *
 * Scripts of a cache run one at a time, on a thread of their own: Lua's parser and matcher take more of a stack than the threads of a server have. Nothing
 * of one script is left for the next: each has an environment of its own, of copies of the libraries. What a script may take is bounded, in time and in memory: one that is over
 * is ended where it is, and what its commands did stays done, as with Redis. */
#ifndef TRIPSAGE_CACHE_COMMAND_LUA_SCRIPTS_H
#define TRIPSAGE_CACHE_COMMAND_LUA_SCRIPTS_H

#include "cache/command/table.h"

typedef struct tripsage__lua tripsage__lua;

/* SHA-1, in hexadecimal digits. */
#define TRIPSAGE__LUA_SHA_SIZE 41

enum {
    TRIPSAGE__LUA_READS_ONLY = 1, /* commands that write are refused */
    TRIPSAGE__LUA_LOCKS_KEYS = 2, /* commands on other keys than the script's are refused */
};

typedef struct tripsage__lua_script {
    char sha[TRIPSAGE__LUA_SHA_SIZE];
    unsigned flags;
    const char *text; /* borrowed for the call */
    size_t size;
} tripsage__lua_script;

/* The thread begins with the first script. NULL: no memory. */
tripsage__lua *tripsage__lua_new(tripsage__commands *commands);
void tripsage__lua_free(tripsage__lua *lua); /* NULL is fine */

/* Whether the script can be compiled; replies the error when it cannot. Within a turn. */
int tripsage__lua_check(tripsage__lua *lua, tripsage__reply *reply, const tripsage__lua_script *script);

/* Runs the script and writes one item: what it gives, or its error. Within a turn; its commands are carried out in it. */
void tripsage__lua_run(tripsage__lua *lua, tripsage__reply *reply, const tripsage__lua_script *script,
                       const tripsage__cache_bytes *keys, size_t key_count, const tripsage__cache_bytes *args,
                       size_t arg_count);

#endif
