/* sandbox.c: what a script sees: copies of those functions of Lua's libraries that reach nothing outside, and none that a script could hang or crash the program with. */
#include <lualib.h>
#include <math.h>
#include <string.h>

#include "internal.h"

/* Steps a match may take, at worst: about a second. Lua's matcher tries every way, and is not interrupted in between. */
#define STEPS_MAX 1e9
/* A match recurses for each item of its pattern. */
#define PATTERN_MAX 4096

static const char libraries[] = "tripsage libraries", environment[] = "tripsage environment";

/* ---- functions that are guarded ---- */

/* How many steps a match takes at worst: each "*", "+" or "-" tries every length, each "?" two, and a pattern that is not anchored every place. */
static double steps_of(const char *pattern, size_t size, double subject)
{
    double steps = size && pattern[0] == '^' ? 1 : subject + 1;

    for (size_t i = 0; i < size; i++) {
        if (pattern[i] == '%')
            i++;
        else if (pattern[i] == '?')
            steps *= 2;
        else if (pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '-')
            steps *= subject + 1;
    }
    return steps;
}

/* string.find, match, gmatch, gsub; upvalue: the function itself. */
static int match(lua_State *state)
{
    size_t subject, size;
    const char *pattern;

    (void)luaL_checklstring(state, 1, &subject);
    pattern = luaL_checklstring(state, 2, &size);
    if (size > PATTERN_MAX)
        return luaL_error(state, "a pattern has at most %d bytes", PATTERN_MAX);
    if (steps_of(pattern, size, (double)subject) > STEPS_MAX)
        return luaL_error(state, "the pattern might take too long on a text of %d bytes", (int)subject);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, lua_gettop(state) - 1, LUA_MULTRET);
    return lua_gettop(state);
}

/* string.rep; upvalue: the function itself, which counts through the repetitions of nothing, too. */
static int repeat(lua_State *state)
{
    size_t size;

    (void)luaL_checklstring(state, 1, &size);
    (void)luaL_checkinteger(state, 2);
    if (size == 0) {
        lua_settop(state, 1);
        return 1;
    }
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, lua_gettop(state) - 1, 1);
    return 1;
}

/* math.random, without the generator of the whole program. */
static int chance(lua_State *state)
{
    lua_Number unit = (lua_Number)(tripsage__commands_chance(tripsage__lua_of(state)->commands) >> 11) * 0x1p-53;
    int count = lua_gettop(state);
    lua_Number low = count == 2 ? luaL_checknumber(state, 1) : 1, high = count ? luaL_checknumber(state, count) : 0;

    if (count > 2)
        return luaL_error(state, "wrong number of arguments");
    luaL_argcheck(state, count == 0 || low <= high, count, "interval is empty");
    lua_pushnumber(state, count ? floor(low) + floor(unit * (floor(high) - floor(low) + 1)) : unit);
    return 1;
}

/* math.randomseed: there is nothing to be repeated. */
static int seed(lua_State *state)
{
    (void)luaL_checknumber(state, 1);
    return 0;
}

/* loadstring, load of a text: what was compiled elsewhere can do anything. The function sees what the script sees. */
static int load_text(lua_State *state)
{
    size_t size;
    const char *text = luaL_checklstring(state, 1, &size);
    const char *name = luaL_optstring(state, 2, text);

    if (size && text[0] == LUA_SIGNATURE[0]) {
        lua_pushnil(state);
        lua_pushliteral(state, "it is no text");
        return 2;
    }
    if (luaL_loadbuffer(state, text, size, name) != 0) {
        lua_pushnil(state);
        lua_insert(state, -2);
        return 2;
    }
    lua_getfield(state, LUA_REGISTRYINDEX, environment);
    lua_setfenv(state, -2);
    return 1;
}

/* ---- what is copied ---- */

static const char *const base_names[] = {"assert",   "error",    "getmetatable", "ipairs", "next",   "pairs",
                                         "pcall",    "rawequal", "rawget",       "rawset", "select", "setmetatable",
                                         "tonumber", "tostring", "type",         "unpack", "xpcall", NULL};
static const char *const string_names[] = {"byte", "char", "format", "len", "lower", "reverse", "sub", "upper", NULL};
static const char *const matching_names[] = {"find", "match", "gmatch", "gsub", NULL};
static const char *const table_names[] = {"concat", "foreach", "foreachi", "getn", "insert",
                                          "maxn",   "remove",  "sort",     NULL};
static const char *const math_names[] = {"abs",   "acos", "asin",  "atan", "atan2", "ceil", "cos",   "cosh",
                                         "deg",   "exp",  "floor", "fmod", "frexp", "huge", "ldexp", "log",
                                         "log10", "max",  "min",   "modf", "pi",    "pow",  "rad",   "sin",
                                         "sinh",  "sqrt", "tan",   "tanh", NULL};

/* From the table at `from` into the one on top of the stack. */
static void copy_fields(lua_State *state, int from, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(state, from, *names);
        lua_setfield(state, -2, *names);
    }
}

static void put_function(lua_State *state, const char *name, lua_CFunction function)
{
    lua_pushcfunction(state, function);
    lua_setfield(state, -2, name);
}

/* In the place of the function of that name of the table at `from`, one that calls it, into the table on top. */
static void put_guard(lua_State *state, int from, const char *name, lua_CFunction guard)
{
    lua_getfield(state, from, name);
    lua_pushcclosure(state, guard, 1);
    lua_setfield(state, -2, name);
}

/* A copy of a whole table on top of the stack in its place. */
static void copy_whole(lua_State *state)
{
    lua_newtable(state);
    lua_pushnil(state);
    while (lua_next(state, -3)) {
        lua_pushvalue(state, -2);
        lua_insert(state, -2);
        lua_rawset(state, -4);
    }
    lua_remove(state, -2);
}

static void open_library(lua_State *state, lua_CFunction open, const char *name)
{
    lua_pushcfunction(state, open);
    lua_pushstring(state, name);
    lua_call(state, 1, 0);
}

/* Pushes a table of what stays of a library that is a global. */
static void push_library(lua_State *state, const char *name, const char *const *names)
{
    lua_getfield(state, LUA_GLOBALSINDEX, name);
    lua_newtable(state);
    copy_fields(state, lua_gettop(state) - 1, names);
}

/* Leaves one table of tables in the registry: "" is the base library's. */
void tripsage__lua_open(lua_State *state)
{
    int all;

    open_library(state, luaopen_base, "");
    open_library(state, luaopen_string, LUA_STRLIBNAME);
    open_library(state, luaopen_table, LUA_TABLIBNAME);
    open_library(state, luaopen_math, LUA_MATHLIBNAME);
    lua_newtable(state);
    all = lua_gettop(state);

    lua_newtable(state);
    copy_fields(state, LUA_GLOBALSINDEX, base_names);
    put_function(state, "loadstring", load_text);
    put_function(state, "load", load_text);
    lua_setfield(state, all, "");

    push_library(state, LUA_STRLIBNAME, string_names);
    for (const char *const *name = matching_names; *name; name++)
        put_guard(state, lua_gettop(state) - 1, *name, match);
    put_guard(state, lua_gettop(state) - 1, "rep", repeat);
    /* ("x"):rep(3) finds its function in the metatable of all strings, which nobody may get at. */
    lua_pushliteral(state, "");
    lua_getmetatable(state, -1);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_pop(state, 2);
    lua_setfield(state, all, LUA_STRLIBNAME);

    push_library(state, LUA_TABLIBNAME, table_names);
    lua_setfield(state, all, LUA_TABLIBNAME);

    push_library(state, LUA_MATHLIBNAME, math_names);
    put_function(state, "random", chance);
    put_function(state, "randomseed", seed);
    lua_setfield(state, all, LUA_MATHLIBNAME);

    tripsage__lua_push_redis(state);
    lua_setfield(state, all, "redis");
    tripsage__lua_push_json(state);
    lua_setfield(state, all, "cjson");
    lua_settop(state, all);
    lua_setfield(state, LUA_REGISTRYINDEX, libraries);
}

/* ---- an environment ---- */

static int no_such_global(lua_State *state)
{
    return luaL_error(state, "Script attempted to access nonexistent global variable '%s'",
                      luaL_optstring(state, 2, "?"));
}

static int no_new_global(lua_State *state)
{
    return luaL_error(state, "Attempt to modify a readonly table");
}

static void put_texts(lua_State *state, const char *name, const tripsage__cache_bytes *texts, size_t count)
{
    lua_createtable(state, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(state, texts[i].data, texts[i].size);
        lua_rawseti(state, -2, (int)i + 1);
    }
    lua_setfield(state, -2, name);
}

void tripsage__lua_push_environment(lua_State *state, const tripsage__lua *lua)
{
    lua_getfield(state, LUA_REGISTRYINDEX, libraries);
    lua_getfield(state, -1, "");
    copy_whole(state); /* what becomes the environment */
    lua_pushnil(state);
    while (lua_next(state, -3)) { /* the libraries, by name */
        if (*lua_tostring(state, -2)) {
            copy_whole(state);
            lua_setfield(state, -3, lua_tostring(state, -2));
        } else {
            lua_pop(state, 1);
        }
    }
    lua_remove(state, -2);
    lua_pushvalue(state, -1);
    lua_setfield(state, -2, "_G");
    put_texts(state, "KEYS", lua->keys, lua->key_count);
    put_texts(state, "ARGV", lua->args, lua->arg_count);
    lua_newtable(state);
    put_function(state, "__index", no_such_global);
    put_function(state, "__newindex", no_new_global);
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    lua_pushvalue(state, -1);
    lua_setfield(state, LUA_REGISTRYINDEX, environment);
}
