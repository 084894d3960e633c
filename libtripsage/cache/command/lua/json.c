/* json.c: the library `cjson` of a script: encode and decode, as Redis has them; cjson.null stands for null. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "internal.h"

/* ---- encoding ---- */

/* What is being written is freed in the end whatever error Lua raises: it hangs on a userdata with a finalizer. */
static const char buffer_type[] = "tripsage buffer";

static int free_buffer(lua_State *state)
{
    tripsage__buf_free(lua_touserdata(state, 1));
    return 0;
}

static tripsage__buf *push_buffer(lua_State *state)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(TRIPSAGE_CACHE_VALUE_MAX);
    tripsage__buf *buf = lua_newuserdata(state, sizeof *buf);

    *buf = empty;
    if (luaL_newmetatable(state, buffer_type)) {
        lua_pushcfunction(state, free_buffer);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    return buf;
}

static void put_value(lua_State *state, tripsage__buf *buf, int depth);

/* How long an array is; 0 and *is_array 0 for what has other keys. Places between may be empty, but not most of them. */
static size_t length_of(lua_State *state, int *is_array)
{
    size_t count = 0;
    lua_Number last = 0;

    *is_array = 1;
    lua_pushnil(state);
    while (lua_next(state, -2)) {
        lua_Number key = lua_type(state, -2) == LUA_TNUMBER ? lua_tonumber(state, -2) : 0;

        lua_pop(state, 1);
        count++;
        if (key < 1 || floor(key) != key)
            *is_array = 0;
        last = key > last ? key : last;
    }
    if (count == 0)
        *is_array = 0;
    if (*is_array && last > 2 * (lua_Number)count + 10)
        luaL_error(state, "Cannot serialise table: excessively sparse array");
    return *is_array ? (size_t)last : 0;
}

static void put_array(lua_State *state, tripsage__buf *buf, size_t length, int depth)
{
    tripsage__buf_putc(buf, '[');
    for (size_t i = 1; i <= length; i++) {
        if (i > 1)
            tripsage__buf_putc(buf, ',');
        lua_rawgeti(state, -1, (int)i);
        put_value(state, buf, depth + 1);
        lua_pop(state, 1);
    }
    tripsage__buf_putc(buf, ']');
}

static void put_name(lua_State *state, tripsage__buf *buf)
{
    size_t size;
    const char *name;

    if (lua_type(state, -2) != LUA_TNUMBER && lua_type(state, -2) != LUA_TSTRING)
        luaL_error(state, "Cannot serialise table: table key must be a number or string");
    lua_pushvalue(state, -2); /* converting the key itself would lose the place */
    name = lua_tolstring(state, -1, &size);
    tripsage__json_put_stringn(buf, name, size);
    lua_pop(state, 1);
}

static void put_object(lua_State *state, tripsage__buf *buf, int depth)
{
    int first = 1;

    tripsage__buf_putc(buf, '{');
    lua_pushnil(state);
    while (lua_next(state, -2)) {
        if (!first)
            tripsage__buf_putc(buf, ',');
        first = 0;
        put_name(state, buf);
        tripsage__buf_putc(buf, ':');
        put_value(state, buf, depth + 1);
        lua_pop(state, 1);
    }
    tripsage__buf_putc(buf, '}');
}

/* Of the value on top of the stack. */
static void put_value(lua_State *state, tripsage__buf *buf, int depth)
{
    size_t size;
    const char *text;
    int is_array;

    if (depth > TRIPSAGE__LUA_DEPTH_MAX)
        luaL_error(state, "Cannot serialise, excessive depth (%d)", depth);
    luaL_checkstack(state, 6, "too deep");
    switch (lua_type(state, -1)) {
    case LUA_TSTRING:
        text = lua_tolstring(state, -1, &size);
        tripsage__json_put_stringn(buf, text, size);
        break;
    case LUA_TNUMBER:
        if (!isfinite(lua_tonumber(state, -1)))
            luaL_error(state, "Cannot serialise number: must not be NaN or Inf");
        tripsage__json_put_number(buf, lua_tonumber(state, -1));
        break;
    case LUA_TBOOLEAN:
        tripsage__buf_puts(buf, lua_toboolean(state, -1) ? "true" : "false");
        break;
    case LUA_TTABLE:
        size = length_of(state, &is_array);
        if (is_array)
            put_array(state, buf, size, depth);
        else
            put_object(state, buf, depth);
        break;
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA: /* cjson.null */
        tripsage__buf_puts(buf, "null");
        break;
    default:
        luaL_error(state, "Cannot serialise %s: type not supported", luaL_typename(state, -1));
    }
}

static int encode(lua_State *state)
{
    tripsage__buf *buf;

    luaL_argcheck(state, lua_gettop(state) == 1, 1, "expected 1 argument");
    buf = push_buffer(state);
    lua_insert(state, 1);
    put_value(state, buf, 0);
    if (buf->failed != TRIPSAGE_OK)
        return luaL_error(state, "Cannot serialise: the text is too large");
    lua_pushlstring(state, buf->data ? buf->data : "", buf->size);
    return 1;
}

/* ---- decoding ---- */

static const char document_type[] = "tripsage document";

static int free_document(lua_State *state)
{
    tripsage__json_free(*(tripsage__json **)lua_touserdata(state, 1));
    return 0;
}

static tripsage__json **push_document(lua_State *state)
{
    tripsage__json **json = lua_newuserdata(state, sizeof *json);

    *json = NULL;
    if (luaL_newmetatable(state, document_type)) {
        lua_pushcfunction(state, free_document);
        lua_setfield(state, -2, "__gc");
    }
    lua_setmetatable(state, -2);
    return json;
}

/* No deeper than what was parsed may be (base/json.h). */
static void push_value(lua_State *state, const tripsage__json *json)
{
    int place = 0;

    luaL_checkstack(state, 4, "too deep");
    if (tripsage__json_is_string(json)) {
        lua_pushstring(state, tripsage__json_text(json));
    } else if (tripsage__json_is_number(json)) {
        lua_pushnumber(state, tripsage__json_number(json));
    } else if (tripsage__json_is_bool(json)) {
        lua_pushboolean(state, tripsage__json_true(json));
    } else if (tripsage__json_is_array(json) || tripsage__json_is_object(json)) {
        lua_newtable(state);
        for (const tripsage__json *node = tripsage__json_first(json); node; node = tripsage__json_next(node)) {
            if (tripsage__json_is_object(json))
                lua_pushstring(state, tripsage__json_name(node));
            else
                lua_pushinteger(state, ++place);
            push_value(state, node);
            lua_rawset(state, -3);
        }
    } else {
        lua_pushlightuserdata(state, NULL);
    }
}

static int decode(lua_State *state)
{
    size_t size;
    const char *text = luaL_checklstring(state, 1, &size);
    tripsage__json **json = push_document(state);

    if (tripsage__json_parse_within(json, text, size, TRIPSAGE_CACHE_VALUE_MAX) != TRIPSAGE_OK)
        return luaL_error(state, "%s", tripsage_last_error()->message);
    push_value(state, *json);
    return 1;
}

void tripsage__lua_push_json(lua_State *state)
{
    lua_newtable(state);
    lua_pushcfunction(state, encode);
    lua_setfield(state, -2, "encode");
    lua_pushcfunction(state, decode);
    lua_setfield(state, -2, "decode");
    lua_pushlightuserdata(state, NULL);
    lua_setfield(state, -2, "null");
}
