/* run.c: the interpreter and its thread: made, fed, bounded. See scripts.h. */
#include <string.h>

#include "base/locale.h"
#include "base/memory.h"
#include "base/thread.h"
#include "internal.h"

/* One second: everybody else's commands wait as long. Redis complains after five; but there a script is the operator's own. */
#define TIME_MAX_MS 1000
/* So many instructions lie between two looks at the clock. Each may be a call that works through 32 MiB, which takes some milliseconds. */
#define INSTRUCTIONS 100
/* 32 MiB: the largest value four times over. */
#define MEMORY_MAX ((size_t)32 * 1024 * 1024)
/* Compiled scripts that are kept; at one more all are compiled anew as they come. */
#define FUNCTIONS_MAX 256
/* C calls nest 200 deep at most (LUAI_MAXCCALLS), each with a buffer of 8 KiB; a match recurses for each item of a pattern (sandbox.c). */
#define STACK_SIZE ((size_t)4 * 1024 * 1024)

/* ---- memory and time ---- */

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    tripsage__lua *lua = context;
    void *grown;

    if (!block)
        old_size = 0;
    if (new_size == 0) {
        tripsage__free(block);
        lua->memory -= old_size;
        return NULL;
    }
    if (new_size > old_size && lua->memory + (new_size - old_size) > MEMORY_MAX)
        return NULL;
    grown = tripsage__realloc(block, new_size);
    if (grown)
        lua->memory = lua->memory + new_size - old_size;
    return grown;
}

tripsage__lua *tripsage__lua_of(lua_State *state)
{
    void *context;

    (void)lua_getallocf(state, &context);
    return context;
}

/* From the end of its time on at every instruction: a script that catches the error has it again behind its catch. */
static void look_at_clock(lua_State *state, lua_Debug *where)
{
    tripsage__lua *lua = tripsage__lua_of(state);

    (void)where;
    if (!lua->is_over && tripsage__monotonic_ms() < lua->until_ms)
        return;
    lua->is_over = lua->is_spoilt = 1;
    lua_sethook(state, look_at_clock, LUA_MASKCOUNT, 1);
    luaL_error(state, "the script took longer than %d ms", TIME_MAX_MS);
}

/* ---- the interpreter ---- */

static void close_state(tripsage__lua *lua)
{
    if (lua->state)
        lua_close(lua->state);
    lua->state = NULL;
    lua->function_count = 0;
    lua->is_spoilt = 0;
}

static int open_in_state(lua_State *state)
{
    tripsage__lua_open(state);
    return 0;
}

static int open_state(tripsage__lua *lua)
{
    if (lua->state && (lua->is_spoilt || lua->function_count >= FUNCTIONS_MAX))
        close_state(lua);
    if (lua->state)
        return 1;
    lua->state = lua_newstate(allocate, lua);
    if (!lua->state)
        return 0;
    if (lua_cpcall(lua->state, open_in_state, NULL) == 0)
        return 1;
    close_state(lua);
    return 0;
}

/* Pushes the script's function, compiled at most once; or raises an error that begins as Redis's does. Functions lie in the registry, by digest. */
static void push_function(lua_State *state, tripsage__lua *lua)
{
    const tripsage__lua_script *script = lua->script;

    lua_getfield(state, LUA_REGISTRYINDEX, script->sha);
    if (!lua_isnil(state, -1))
        return;
    lua_pop(state, 1);
    if (script->size && script->text[0] == LUA_SIGNATURE[0]) /* what was compiled elsewhere can do anything */
        luaL_error(state, "Error compiling script (new function): it is no text");
    if (luaL_loadbuffer(state, script->text, script->size, "@user_script") != 0) {
        lua_pushfstring(state, "ERR Error compiling script (new function): %s", lua_tostring(state, -1));
        lua_error(state);
    }
    lua_pushvalue(state, -1);
    lua_setfield(state, LUA_REGISTRYINDEX, script->sha);
    lua->function_count++;
}

/* Makes of whatever was raised a table with `err`, `source` and `line`. */
static int tell_where(lua_State *state)
{
    lua_Debug where;
    int known = lua_getstack(state, 1, &where) && lua_getinfo(state, "Sl", &where);

    if (known && where.what[0] == 'C')
        known = lua_getstack(state, 2, &where) && lua_getinfo(state, "Sl", &where);
    if (!lua_istable(state, 1)) {
        lua_newtable(state);
        lua_pushfstring(state, "ERR %s", lua_isstring(state, 1) ? lua_tostring(state, 1) : "unknown error");
        lua_setfield(state, -2, "err");
        lua_replace(state, 1);
    }
    if (known) {
        lua_pushstring(state, "source");
        lua_pushstring(state, where.source);
        lua_rawset(state, 1);
        lua_pushstring(state, "line");
        lua_pushinteger(state, where.currentline);
        lua_rawset(state, 1);
    }
    lua_settop(state, 1);
    return 1;
}

static const char *text_in(lua_State *state, const char *name)
{
    const char *text;

    lua_pushstring(state, name);
    lua_rawget(state, -2);
    text = lua_isstring(state, -1) ? lua_tostring(state, -1) : NULL;
    lua_pop(state, 1); /* the table keeps it */
    return text;
}

/* Of the table on top of the stack. */
static void put_error(lua_State *state, const tripsage__lua *lua)
{
    const char *text = text_in(state, "err"), *source = text_in(state, "source"), *line = text_in(state, "line");

    if (source && line)
        tripsage__reply_error(lua->reply, "%.300s script: %s, on %s:%s.", text ? text : "ERR unknown error",
                              lua->script->sha, source, line);
    else
        tripsage__reply_error(lua->reply, "%.400s", text ? text : "ERR unknown error");
}

/* ---- a task, within a protected call ---- */

static void put_no_memory(tripsage__lua *lua)
{
    tripsage__reply_error(lua->reply, "OOM the script takes more than %zu MiB", MEMORY_MAX >> 20);
    lua->is_spoilt = 1;
}

static int perform(lua_State *state)
{
    tripsage__lua *lua = tripsage__lua_of(state);
    int code;

    lua_pushcfunction(state, tell_where);
    push_function(state, lua);
    lua->is_compiled = 1;
    if (lua->task == CHECK)
        return 0;
    tripsage__lua_push_environment(state, lua);
    lua_setfenv(state, -2);
    lua_sethook(state, look_at_clock, LUA_MASKCOUNT, INSTRUCTIONS);
    code = lua_pcall(state, 0, 1, -2);
    if (code == 0)
        tripsage__lua_put_reply(state, lua->reply);
    else if (code == LUA_ERRMEM)
        put_no_memory(lua);
    else if (lua_istable(state, -1))
        put_error(state, lua);
    else
        lua_error(state); /* the handler itself failed */
    return 0;
}

static void replace_by_error(tripsage__lua *lua, size_t count, int code)
{
    const char *text = lua_isstring(lua->state, -1) ? lua_tostring(lua->state, -1) : "unknown error";

    tripsage__reply_cut(lua->reply, count);
    if (code == LUA_ERRMEM)
        put_no_memory(lua);
    else
        tripsage__reply_error(lua->reply, "%s%.400s", strncmp(text, "ERR ", 4) == 0 ? "" : "ERR ", text);
}

static void work(tripsage__lua *lua)
{
    size_t count = lua->reply->count;
    int code;

    lua->is_over = lua->is_compiled = 0;
    lua->until_ms = tripsage__monotonic_ms() + TIME_MAX_MS;
    if (!open_state(lua)) {
        tripsage__reply_error(lua->reply, "OOM there is no memory for a script");
        return;
    }
    code = lua_cpcall(lua->state, perform, NULL);
    if (code)
        replace_by_error(lua, count, code);
    lua_sethook(lua->state, NULL, 0, 0);
    lua_settop(lua->state, 0);
    if (lua->memory > MEMORY_MAX / 2)
        lua->is_spoilt = 1;
    tripsage__reply_free(&lua->inner);
}

/* ---- the thread ---- */

static void *live(void *context)
{
    tripsage__lua *lua = context;
    tripsage__locale own;

    tripsage__locale_enter(&own); /* Lua reads and writes numbers by it */
    pthread_mutex_lock(&lua->lock);
    while (lua->task != END) {
        if (lua->task != NO_TASK) {
            work(lua);
            lua->task = NO_TASK;
            pthread_cond_broadcast(&lua->changed);
        }
        while (lua->task == NO_TASK)
            pthread_cond_wait(&lua->changed, &lua->lock);
    }
    pthread_mutex_unlock(&lua->lock);
    close_state(lua);
    tripsage__locale_leave(&own);
    return NULL;
}

static int start(tripsage__lua *lua)
{
    if (!lua->has_thread)
        lua->has_thread = tripsage__thread_start(&lua->thread, STACK_SIZE, live, lua) == 0;
    return lua->has_thread;
}

static void hand_over(tripsage__lua *lua, tripsage__reply *reply, const tripsage__lua_script *script, lua_task task)
{
    lua->script = script;
    lua->reply = reply;
    if (!start(lua)) {
        lua->is_compiled = 0;
        tripsage__reply_error(reply, "ERR there is no thread for a script");
        return;
    }
    pthread_mutex_lock(&lua->lock);
    lua->task = task;
    pthread_cond_broadcast(&lua->changed);
    while (lua->task != NO_TASK)
        pthread_cond_wait(&lua->changed, &lua->lock);
    pthread_mutex_unlock(&lua->lock);
}

int tripsage__lua_check(tripsage__lua *lua, tripsage__reply *reply, const tripsage__lua_script *script)
{
    hand_over(lua, reply, script, CHECK);
    return lua->is_compiled;
}

void tripsage__lua_run(tripsage__lua *lua, tripsage__reply *reply, const tripsage__lua_script *script,
                       const tripsage__cache_bytes *keys, size_t key_count, const tripsage__cache_bytes *args,
                       size_t arg_count)
{
    lua->keys = keys;
    lua->key_count = key_count;
    lua->args = args;
    lua->arg_count = arg_count;
    hand_over(lua, reply, script, RUN);
}

tripsage__lua *tripsage__lua_new(tripsage__commands *commands)
{
    tripsage__lua *lua = tripsage__calloc(1, sizeof *lua);

    if (!lua)
        return NULL;
    lua->commands = commands;
    if (pthread_mutex_init(&lua->lock, NULL)) {
        tripsage__free(lua);
        return NULL;
    }
    if (pthread_cond_init(&lua->changed, NULL)) {
        pthread_mutex_destroy(&lua->lock);
        tripsage__free(lua);
        return NULL;
    }
    return lua;
}

void tripsage__lua_free(tripsage__lua *lua)
{
    if (!lua)
        return;
    if (lua->has_thread) {
        pthread_mutex_lock(&lua->lock);
        lua->task = END;
        pthread_cond_broadcast(&lua->changed);
        pthread_mutex_unlock(&lua->lock);
        pthread_join(lua->thread, NULL);
    }
    pthread_cond_destroy(&lua->changed);
    pthread_mutex_destroy(&lua->lock);
    tripsage__free(lua);
}
