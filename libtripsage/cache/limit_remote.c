/* cache/limit_remote.c: see limit_remote.h.
 *
 * One script of one key: what it does is done as a whole, on the server's clock, which is one for all who share it. It keeps the time of
 * the last change and each bucket's level in a string that lives until all are empty, and writes when something was taken or given back,
 * or its clock has stepped back. Numbers are whole and below 2^53 (limit_meter.h), which Lua's doubles hold exactly. */
#include "limit_remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cache.h"

/* `take`, `look` or `give`, how many, and of each policy its unit, drain and capacity; gives whether there is room, and the levels. */
static const char script[] =
    "local time = redis.call('TIME')\n"
    "local now = time[1] * 1000000 + time[2]\n"
    "local kept = redis.call('GET', KEYS[1])\n"
    "local cost, count = tonumber(ARGV[2]), (#ARGV - 2) / 3\n"
    "local last, level, field = now, {}, 0\n"
    "for number in string.gmatch(kept or '', '%d+') do\n"
    "  if field == 0 then last = tonumber(number) else level[field] = tonumber(number) end\n"
    "  field = field + 1\n"
    "end\n"
    "local passed, unit, drain, room = math.max(now - last, 0), {}, {}, 1\n"
    "for i = 1, count do\n"
    "  unit[i], drain[i] = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])\n"
    "  level[i] = math.max((level[i] or 0) - passed * drain[i], 0)\n"
    "  if level[i] + cost * unit[i] > tonumber(ARGV[3 * i + 2]) then room = 0 end\n"
    "end\n"
    "local change = 0\n"
    "if ARGV[1] == 'take' and room == 1 then change = cost elseif ARGV[1] == 'give' then change = -cost end\n"
    "if change ~= 0 or now < last then\n"
    "  local life, text = 0, string.format('%.0f', now)\n"
    "  for i = 1, count do\n"
    "    level[i] = math.max(level[i] + change * unit[i], 0)\n"
    "    life = math.max(life, level[i] / drain[i])\n"
    "    text = text .. string.format(' %.0f', level[i])\n"
    "  end\n"
    "  if life > 0 then redis.call('SET', KEYS[1], text, 'PX', math.ceil(life / 1000)) elseif kept then "
    "redis.call('DEL', KEYS[1]) end\n"
    "end\n"
    "return {room, unpack(level)}";

/* What EVALSHA calls it by; a test compares it with what a server makes of the script. */
static const char script_sha1[] = "df03fe02eca3fe07a61e134e5477ba9bf2890784";

#define DIGITS        21 /* of 64 bits, and a NUL */
#define ARGUMENTS_MAX (3 + 1 + 2 + 3 * TRIPSAGE_LIMIT_POLICIES_MAX)

typedef tripsage__cache_bytes bytes;

const char *tripsage__limit_script(const char **sha1)
{
    *sha1 = script_sha1;
    return script;
}

/* ---- the command ---- */

/* "tripsage:limit:{ada}:default:0123456789abcdef": a cluster keeps all of one key together, whatever the rule. */
typedef struct name {
    char text[TRIPSAGE__CACHE_PREFIX_MAX + TRIPSAGE_LIMIT_KEY_MAX + TRIPSAGE_LIMIT_NAME_MAX + 32];
} name;

static bytes name_of(name *out, const char *prefix, const tripsage_limit_rule *rule, bytes key)
{
    size_t size = (size_t)snprintf(out->text, sizeof out->text, "%slimit:{", prefix);

    memcpy(out->text + size, key.data, key.size);
    size += key.size;
    size += (size_t)snprintf(out->text + size, sizeof out->text - size, "}:%s:%016" PRIx64, rule->options.name,
                             rule->signature);
    return (bytes){out->text, size};
}

typedef struct command {
    name name;
    char digits[1 + 3 * TRIPSAGE_LIMIT_POLICIES_MAX][DIGITS];
    bytes arguments[ARGUMENTS_MAX];
    size_t count;
} command;

static void put(command *c, const void *data, size_t size)
{
    c->arguments[c->count++] = (bytes){data, size};
}

static void put_number(command *c, char digits[DIGITS], uint64_t number)
{
    put(c, digits, (size_t)snprintf(digits, DIGITS, "%" PRIu64, number));
}

static void make_command(command *c, const char *prefix, const tripsage_limit_rule *rule, bytes key,
                         tripsage__limit_operation operation, uint32_t cost)
{
    static const char *const operations[] = {
        [TRIPSAGE__LIMIT_TAKE] = "take", [TRIPSAGE__LIMIT_LOOK] = "look", [TRIPSAGE__LIMIT_GIVE] = "give"};
    bytes called = name_of(&c->name, prefix, rule, key);

    c->count = 0;
    put(c, "EVALSHA", 7);
    put(c, script_sha1, sizeof script_sha1 - 1);
    put(c, "1", 1);
    put(c, called.data, called.size);
    put(c, operations[operation], 4);
    put_number(c, c->digits[0], cost);
    for (size_t i = 0; i < rule->count; i++) {
        put_number(c, c->digits[1 + 3 * i], rule->meters[i].unit);
        put_number(c, c->digits[2 + 3 * i], rule->meters[i].drain);
        put_number(c, c->digits[3 + 3 * i], rule->meters[i].capacity);
    }
}

/* ---- the reply ---- */

static int is_error(const tripsage_cache_reply *reply, const char *code)
{
    size_t length = strlen(code);

    return reply->type == TRIPSAGE_CACHE_ERROR && reply->size >= length && memcmp(reply->data, code, length) == 0;
}

static int is_understood(const tripsage_cache_reply *reply, const tripsage_limit_rule *rule)
{
    if (reply->type != TRIPSAGE_CACHE_ARRAY || reply->count != 1 + rule->count)
        return 0;
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i].type != TRIPSAGE_CACHE_INTEGER || reply->items[i].integer < 0 ||
            (i && (uint64_t)reply->items[i].integer > rule->meters[i - 1].capacity))
            return 0;
    return 1;
}

/* Of an error the code alone is told: the sentence may quote what was sent. */
static tripsage_status read_reply(int *room, tripsage__limit_levels *out, const tripsage_cache_reply *reply,
                                  const tripsage_limit_rule *rule)
{
    if (reply->type == TRIPSAGE_CACHE_ERROR)
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server refuses: %.*s", (int)strcspn(reply->data, " "),
                             reply->data);
    if (!is_understood(reply, rule))
        return TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE,
                             "the cache's server answers with something else than was asked for");
    *room = (int)reply->items[0].integer;
    for (size_t i = 0; i < rule->count; i++)
        out->level[i] = (uint64_t)reply->items[1 + i].integer;
    return TRIPSAGE_OK;
}

/* ---- the calls ---- */

tripsage_status tripsage__limit_remote_run(int *room, tripsage__limit_levels *out, tripsage_cache *cache,
                                           const tripsage_limit_rule *rule, bytes key,
                                           tripsage__limit_operation operation, uint32_t cost)
{
    tripsage_cache_reply *reply = NULL;
    command c;
    tripsage_status status;

    make_command(&c, tripsage__cache_key_prefix(cache), rule, key, operation, cost);
    TRIPSAGE_TRY(tripsage_cache_command(&reply, cache, c.arguments, c.count));
    if (is_error(reply, "NOSCRIPT")) { /* it was started anew, or has never seen it */
        tripsage_cache_reply_free(reply);
        reply = NULL;
        c.arguments[0] = (bytes){"EVAL", 4};
        c.arguments[1] = (bytes){script, sizeof script - 1};
        TRIPSAGE_TRY(tripsage_cache_command(&reply, cache, c.arguments, c.count));
    }
    status = read_reply(room, out, reply, rule);
out:
    tripsage_cache_reply_free(reply);
    return status;
}

tripsage_status tripsage__limit_remote_forget(tripsage_cache *cache, const tripsage_limit_rule *rule, bytes key)
{
    name n;
    const bytes arguments[] = {{"DEL", 3}, name_of(&n, tripsage__cache_key_prefix(cache), rule, key)};
    tripsage_cache_reply *reply = NULL;
    tripsage_status status = tripsage_cache_command(&reply, cache, arguments, 2);

    if (status == TRIPSAGE_OK && reply->type != TRIPSAGE_CACHE_INTEGER)
        status = TRIPSAGE_FAIL(TRIPSAGE_EUNAVAILABLE, "the cache's server does not delete");
    tripsage_cache_reply_free(reply);
    return status;
}
