/* redis.c: the library `redis` of a script: redis.call() and its like; replies as Lua's values, and back. As Redis documents it in "Lua API
 * reference". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "internal.h"

/* ---- errors ---- */

/* "-CODE words" and "CODE words" are told apart by the minus, as Redis does: without it the words have no code. */
void tripsage__lua_push_error(lua_State *state, const char *text)
{
    lua_newtable(state);
    if (text[0] == '-' && strchr(text, ' '))
        lua_pushstring(state, text + 1);
    else
        lua_pushfstring(state, "ERR %s", text + (text[0] == '-'));
    lua_setfield(state, -2, "err");
}

/* ---- a reply of a command as a value ---- */

static void push_field(lua_State *state, const char *name, const char *data, size_t size)
{
    lua_createtable(state, 0, 1);
    lua_pushlstring(state, data, size);
    lua_setfield(state, -2, name);
}

/* Pushes the item at `at`, and gives where the next one begins. */
static size_t push_item(lua_State *state, const tripsage__reply *reply, size_t at)
{
    const tripsage__reply_item *item = &reply->items[at++];
    const char *data = item->size ? reply->bytes.data + item->at : "";

    luaL_checkstack(state, 4, "the reply is too deep");
    switch (item->type) {
    case TRIPSAGE_CACHE_INTEGER:
        lua_pushnumber(state, (lua_Number)item->integer);
        break;
    case TRIPSAGE_CACHE_STRING:
        lua_pushlstring(state, data, item->size);
        break;
    case TRIPSAGE_CACHE_STATUS:
        push_field(state, "ok", data, item->size);
        break;
    case TRIPSAGE_CACHE_ERROR:
        push_field(state, "err", data, item->size);
        break;
    case TRIPSAGE_CACHE_ARRAY:
        lua_createtable(state, (int)item->size, 0);
        for (size_t i = 0; i < item->size; i++) {
            at = push_item(state, reply, at);
            lua_rawseti(state, -2, (int)i + 1);
        }
        break;
    case TRIPSAGE_CACHE_NIL:
        lua_pushboolean(state, 0);
        break;
    }
    return at;
}

/* ---- commands ---- */

/* Room for the digits of a number as Redis writes it. */
#define DIGITS_MAX 32

/* The arguments on the stack as words, in a block that Lua frees; or an error. */
static const tripsage__cache_bytes *words_of(lua_State *state, size_t count)
{
    tripsage__cache_bytes *words = lua_newuserdata(state, count * (sizeof *words + DIGITS_MAX));
    char *digits = (char *)(words + count);

    for (size_t i = 0; i < count; i++, digits += DIGITS_MAX) {
        int type = lua_type(state, (int)i + 1);

        if (type == LUA_TNUMBER) {
            words[i].data = digits;
            words[i].size = (size_t)snprintf(digits, DIGITS_MAX, "%.17g", lua_tonumber(state, (int)i + 1));
        } else if (type == LUA_TSTRING) {
            words[i].data = lua_tolstring(state, (int)i + 1, &words[i].size);
        } else {
            tripsage__lua_push_error(state, "Lua redis lib command arguments must be strings or integers");
            lua_error(state);
        }
    }
    return words;
}

static int is_key_of(const tripsage__lua *lua, tripsage__cache_bytes key)
{
    for (size_t i = 0; i < lua->key_count; i++)
        if (lua->keys[i].size == key.size && (key.size == 0 || memcmp(lua->keys[i].data, key.data, key.size) == 0))
            return 1;
    return 0;
}

/* Upstash's allow-key-locking: what the script touches it has named. */
static int names_its_keys(tripsage__lua *lua, const tripsage__command_spec *spec, const tripsage__cache_bytes *words,
                          size_t count)
{
    if (!(lua->script->flags & TRIPSAGE__LUA_LOCKS_KEYS))
        return 1;
    if (spec->flags & TRIPSAGE__COMMAND_LISTS_KEYS) {
        tripsage__reply_error(
            &lua->inner, "ERR '%s' is not allowed in Lua scripts when 'allow-key-locking' flag is set", spec->name);
        return 0;
    }
    for (size_t i = 0, at; (at = tripsage__commands_key(spec, words, count, i)) != 0; i++)
        if (!is_key_of(lua, words[at])) {
            tripsage__reply_error(
                &lua->inner,
                "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: %.*s",
                (int)words[at].size, (const char *)words[at].data);
            return 0;
        }
    return 1;
}

static void carry_out(tripsage__lua *lua, const tripsage__cache_bytes *words, size_t count)
{
    const tripsage__command_spec *spec = tripsage__command_spec_of(words[0]);

    if (!spec)
        tripsage__reply_error(&lua->inner, "ERR Unknown Redis command called from script");
    else if (spec->flags & TRIPSAGE__COMMAND_NO_SCRIPT)
        tripsage__reply_error(&lua->inner, "ERR This Redis command is not allowed from script");
    else if (lua->script->flags & TRIPSAGE__LUA_READS_ONLY && spec->flags & TRIPSAGE__COMMAND_WRITES)
        tripsage__reply_error(&lua->inner, "ERR Write commands are not allowed from read-only scripts.");
    else if (names_its_keys(lua, spec, words, count))
        tripsage__commands_run(lua->commands, &lua->inner, words, count);
}

/* Pushes what the command on the stack replies. */
static void push_outcome(lua_State *state)
{
    static const tripsage__reply empty = TRIPSAGE__REPLY_INIT;
    tripsage__lua *lua = tripsage__lua_of(state);
    size_t count = (size_t)lua_gettop(state);
    const tripsage__cache_bytes *words;

    if (count == 0) {
        tripsage__lua_push_error(state, "Please specify at least one argument for this redis lib call");
        lua_error(state);
    }
    words = words_of(state, count);
    tripsage__reply_free(&lua->inner);
    lua->inner = empty;
    carry_out(lua, words, count);
    if (lua->inner.failed != TRIPSAGE_OK || lua->inner.bytes.failed != TRIPSAGE_OK)
        luaL_error(state, "there is no memory for the reply");
    (void)push_item(state, &lua->inner, 0);
}

static int call(lua_State *state)
{
    push_outcome(state);
    if (tripsage__lua_of(state)->inner.items[0].type == TRIPSAGE_CACHE_ERROR)
        return lua_error(state);
    return 1;
}

static int protected_call(lua_State *state)
{
    push_outcome(state);
    return 1;
}

/* ---- the rest of the library ---- */

static int error_reply(lua_State *state)
{
    size_t size;
    const char *text = luaL_checklstring(state, 1, &size);

    if (strchr(text, ' ') && text[0] != '-') {
        lua_pushfstring(state, "-%s", text);
        text = lua_tostring(state, -1);
    }
    tripsage__lua_push_error(state, text);
    return 1;
}

static int status_reply(lua_State *state)
{
    size_t size;
    const char *text = luaL_checklstring(state, 1, &size);

    push_field(state, "ok", text, size);
    return 1;
}

static int sha1_hex(lua_State *state)
{
    unsigned char digest[TRIPSAGE__SHA1_SIZE];
    char digits[2 * TRIPSAGE__SHA1_SIZE + 1];
    size_t size;
    const char *text = luaL_checklstring(state, 1, &size);

    if (tripsage__sha1(digest, text, size) != TRIPSAGE_OK)
        return luaL_error(state, "the digest cannot be computed");
    tripsage__hex(digits, digest, sizeof digest);
    lua_pushstring(state, digits);
    return 1;
}

/* redis.log(level, ...): into the log of the cache's owner, for whom it is a detail. */
static int log_line(lua_State *state)
{
    tripsage__lua *lua = tripsage__lua_of(state);

    (void)luaL_checknumber(state, 1);
    tripsage__log(tripsage__commands_env(lua->commands), TRIPSAGE_LOG_DEBUG, "cache", "script %s: %.400s",
                  lua->script->sha, luaL_optstring(state, 2, ""));
    return 0;
}

/* redis.setresp(2): there are no other replies. */
static int set_protocol(lua_State *state)
{
    if (luaL_checkinteger(state, 1) != 2)
        return luaL_error(state, "RESP version must be 2.");
    return 0;
}

/* redis.replicate_commands(), set_repl(): there is nothing to replicate to. */
static int replicate(lua_State *state)
{
    lua_pushboolean(state, 1);
    return 1;
}

void tripsage__lua_push_redis(lua_State *state)
{
    static const struct {
        const char *name;
        lua_CFunction function;
    } functions[] = {
        {"call", call},
        {"pcall", protected_call},
        {"error_reply", error_reply},
        {"log", log_line},
        {"sha1hex", sha1_hex},
        {"status_reply", status_reply},
        {"setresp", set_protocol},
        {"set_repl", replicate},
        {"replicate_commands", replicate},
    };
    static const struct {
        const char *name;
        int value;
    } numbers[] = {
        {"LOG_DEBUG", 0},  {"LOG_VERBOSE", 1},  {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}, {"REPL_NONE", 0},
        {"REPL_SLAVE", 1}, {"REPL_REPLICA", 1}, {"REPL_AOF", 2},   {"REPL_ALL", 3},
    };

    lua_newtable(state);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushcfunction(state, functions[i].function);
        lua_setfield(state, -2, functions[i].name);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        lua_pushinteger(state, numbers[i].value);
        lua_setfield(state, -2, numbers[i].name);
    }
}

/* ---- a value as a reply ---- */

/* Truncated; what is beyond 64 bits, or no number, is as near as it gets. */
static int64_t integer_of(lua_Number number)
{
    if (isnan(number))
        return 0;
    return number >= 0x1p63 ? INT64_MAX : number < -0x1p63 ? INT64_MIN : (int64_t)number;
}

static void put_value(lua_State *state, tripsage__reply *reply, int depth);

/* Pushes the field when it is there. */
static int push_named(lua_State *state, const char *name)
{
    lua_pushstring(state, name);
    lua_rawget(state, -2);
    if (!lua_isnil(state, -1))
        return 1;
    lua_pop(state, 1);
    return 0;
}

/* Until the first that is nil. */
static void put_table(lua_State *state, tripsage__reply *reply, int depth)
{
    size_t begun;

    if (push_named(state, "err")) {
        tripsage__reply_error(reply, "%s", luaL_optstring(state, -1, "ERR unknown error"));
    } else if (push_named(state, "ok")) {
        tripsage__reply_status(reply, luaL_optstring(state, -1, ""));
    } else if (push_named(state, "double")) {
        tripsage__reply_double(reply, lua_tonumber(state, -1));
    } else {
        begun = tripsage__reply_begin(reply);
        for (int i = 1;; i++) {
            lua_rawgeti(state, -1, i);
            if (lua_isnil(state, -1))
                break;
            put_value(state, reply, depth + 1);
            lua_pop(state, 1);
        }
        tripsage__reply_end(reply, begun);
    }
    lua_pop(state, 1);
}

static void put_value(lua_State *state, tripsage__reply *reply, int depth)
{
    size_t size;
    const char *text;

    if (depth > TRIPSAGE__LUA_DEPTH_MAX || !lua_checkstack(state, 4)) {
        tripsage__reply_error(reply, "ERR reached lua stack limit");
        return;
    }
    switch (lua_type(state, -1)) {
    case LUA_TSTRING:
        text = lua_tolstring(state, -1, &size);
        tripsage__reply_bytes(reply, text, size);
        break;
    case LUA_TNUMBER:
        tripsage__reply_integer(reply, integer_of(lua_tonumber(state, -1)));
        break;
    case LUA_TBOOLEAN:
        if (lua_toboolean(state, -1))
            tripsage__reply_integer(reply, 1);
        else
            tripsage__reply_nil(reply);
        break;
    case LUA_TTABLE:
        put_table(state, reply, depth);
        break;
    default:
        tripsage__reply_nil(reply);
    }
}

void tripsage__lua_put_reply(lua_State *state, tripsage__reply *reply)
{
    put_value(state, reply, 0);
}
