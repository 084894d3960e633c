/* cache/command/lua/internal.h: what the files of this folder share: the one interpreter of a cache, and the script that runs in it. */
#ifndef TRIPSAGE_CACHE_COMMAND_LUA_INTERNAL_H
#define TRIPSAGE_CACHE_COMMAND_LUA_INTERNAL_H

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>

#include "scripts.h"

/* How deep a table may lie in tables on its way to a reply or to JSON: replies are walked by recursion. */
#define TRIPSAGE__LUA_DEPTH_MAX 32

typedef enum lua_task { NO_TASK, CHECK, RUN, END } lua_task;

struct tripsage__lua {
    tripsage__commands *commands;

    /* The thread, and what it is to do. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    int has_thread;
    lua_task task;

    /* The interpreter; NULL: to be made. */
    lua_State *state;
    size_t memory;      /* what it holds */
    int function_count; /* compiled and kept */
    int is_spoilt;      /* it ran out of memory or time, and is to be made anew */

    /* The script that runs. */
    const tripsage__lua_script *script;
    const tripsage__cache_bytes *keys, *args;
    size_t key_count, arg_count;
    tripsage__reply *reply;
    int64_t until_ms; /* of the monotonic clock */
    int is_over;      /* that has come */
    int is_compiled;
    tripsage__reply inner; /* of the command it carries out */
};

/* The interpreter's own. */
tripsage__lua *tripsage__lua_of(lua_State *state);

/* sandbox.c: opens the libraries that scripts get copies of; and pushes an environment with such copies, keys and arguments. */
void tripsage__lua_open(lua_State *state);
void tripsage__lua_push_environment(lua_State *state, const tripsage__lua *lua);

/* redis.c: the functions of `redis`; the value on top of the stack as one item, as Redis converts it; {err = text}, with a code in front where there is none. */
void tripsage__lua_push_redis(lua_State *state);
void tripsage__lua_put_reply(lua_State *state, tripsage__reply *reply);
void tripsage__lua_push_error(lua_State *state, const char *text);

/* json.c: the functions of `cjson`. */
void tripsage__lua_push_json(lua_State *state);

#endif
