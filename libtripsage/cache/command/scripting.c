/* scripting.c: EVAL, EVALSHA, SCRIPT: scripts by their digests, and what their first line says of them. They run in lua/. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "lua/scripts.h"
#include "table.h"

/* What scripts may be kept, for EVALSHA: beyond that all are forgotten, and clients send them again, as they do behind a SCRIPT FLUSH. */
#define SCRIPTS_MAX 1024
#define TEXT_MAX    ((size_t)256 * 1024) /* of one: a script is a page; Lua compiles a MiB in some 50 ms */
#define BYTES_MAX   ((size_t)8 * 1024 * 1024)

typedef struct kept {
    tripsage__lua_script script; /* its text is behind */
} kept;

struct tripsage__scripting {
    tripsage__lua *lua;
    tripsage__dict scripts; /* by digest: kept * */
    uint64_t hash_key[2];
    size_t bytes;
};

/* ---- made and freed ---- */

static kept **slot_of(tripsage__dict_node *node)
{
    return tripsage__dict_payload(node);
}

static void free_kept(tripsage__dict_node *node)
{
    tripsage__free(*slot_of(node));
}

static void forget_all(tripsage__scripting *s)
{
    tripsage__dict_clear(&s->scripts, free_kept);
    s->bytes = 0;
}

tripsage__scripting *tripsage__scripting_new(tripsage__commands *commands)
{
    tripsage__scripting *s = tripsage__calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->lua = tripsage__lua_new(commands);
    if (!s->lua) {
        tripsage__free(s);
        return NULL;
    }
    for (size_t i = 0; i < 2; i++)
        s->hash_key[i] = tripsage__commands_chance(commands);
    tripsage__dict_init(&s->scripts, sizeof(kept *), s->hash_key);
    return s;
}

void tripsage__scripting_free(tripsage__scripting *s)
{
    if (!s)
        return;
    forget_all(s);
    tripsage__lua_free(s->lua);
    tripsage__free(s);
}

/* ---- the first line ---- */

static int is_word(const char *word, size_t size, const char *wanted)
{
    return size == strlen(wanted) && memcmp(word, wanted, size) == 0;
}

/* One flag of "flags=a,b"; 0: there is no such flag. Those that speak of replicas, clusters and full servers change nothing here. */
static int take_flag(unsigned *flags, const char *word, size_t size)
{
    if (is_word(word, size, "no-writes"))
        *flags |= TRIPSAGE__LUA_READS_ONLY;
    else if (is_word(word, size, "allow-key-locking"))
        *flags |= TRIPSAGE__LUA_LOCKS_KEYS;
    else
        return is_word(word, size, "allow-oom") || is_word(word, size, "allow-stale") ||
               is_word(word, size, "no-cluster") || is_word(word, size, "allow-cross-slot-keys");
    return 1;
}

static int take_flags(tripsage__reply *reply, unsigned *flags, const char *text, size_t size)
{
    while (size > 0) {
        const char *comma = memchr(text, ',', size);
        size_t length = comma ? (size_t)(comma - text) : size;

        if (!take_flag(flags, text, length)) {
            tripsage__reply_error(reply, "ERR Unexpected flag in script shebang: %.*s", (int)length, text);
            return 0;
        }
        text += length + (comma != NULL);
        size -= length + (comma != NULL);
    }
    return 1;
}

/* "#!lua flags=no-writes,allow-key-locking": what Redis 7 calls a script's shebang. The text goes on with the end of that line, so that lines keep
 * their numbers. 0 after it replied an error. */
static int take_shebang(tripsage__reply *reply, tripsage__lua_script *script)
{
    const char *text = script->text, *end;

    if (script->size < 2 || memcmp(text, "#!", 2) != 0)
        return 1;
    end = memchr(text, '\n', script->size);
    if (!end) {
        tripsage__reply_error(reply, "ERR Invalid script shebang");
        return 0;
    }
    script->size -= (size_t)(end - text);
    script->text = end;
    for (text += 2; text < end;) {
        size_t length = 0;

        while (text + length < end && text[length] != ' ')
            length++;
        if (length >= 6 && memcmp(text, "flags=", 6) == 0) {
            if (!take_flags(reply, &script->flags, text + 6, length - 6))
                return 0;
        } else if (length && !is_word(text, length, "lua")) {
            tripsage__reply_error(reply, "ERR Unexpected engine or option in script shebang: %.*s", (int)length, text);
            return 0;
        }
        text += length + 1;
    }
    return 1;
}

/* ---- scripts by their digests ---- */

static int digest_of(tripsage__reply *reply, char out[TRIPSAGE__LUA_SHA_SIZE], tripsage__cache_bytes text)
{
    unsigned char digest[TRIPSAGE__SHA1_SIZE];

    if (tripsage__sha1(digest, text.data, text.size) != TRIPSAGE_OK) {
        tripsage__reply_error(reply, "ERR the script's digest cannot be computed");
        return 0;
    }
    tripsage__hex(out, digest, sizeof digest);
    return 1;
}

static const tripsage__lua_script *find(const tripsage__scripting *s, const char *sha)
{
    tripsage__dict_node *node =
        tripsage__dict_find(&s->scripts, (tripsage__cache_bytes){sha, TRIPSAGE__LUA_SHA_SIZE - 1});

    return node ? &(*slot_of(node))->script : NULL;
}

/* Keeps a copy of the text; NULL after it replied an error. */
static const tripsage__lua_script *keep(tripsage__command *c, tripsage__scripting *s, const char *sha,
                                        tripsage__cache_bytes text)
{
    kept *k = tripsage__calloc(1, sizeof *k + text.size + 1);
    tripsage__dict_node *node;
    int added;

    if (!k) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return NULL;
    }
    memcpy(k->script.sha, sha, TRIPSAGE__LUA_SHA_SIZE);
    memcpy(k + 1, text.data, text.size);
    k->script.text = (const char *)(k + 1);
    k->script.size = text.size;
    if (!take_shebang(c->reply, &k->script) || !tripsage__lua_check(s->lua, c->reply, &k->script)) {
        tripsage__free(k);
        return NULL;
    }
    if (s->scripts.count >= SCRIPTS_MAX || s->bytes + text.size > BYTES_MAX)
        forget_all(s);
    node = tripsage__dict_add(&s->scripts, (tripsage__cache_bytes){sha, TRIPSAGE__LUA_SHA_SIZE - 1}, &added);
    if (!node) {
        tripsage__free(k);
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return NULL;
    }
    *slot_of(node) = k;
    s->bytes += text.size;
    return &k->script;
}

static const tripsage__lua_script *script_of_text(tripsage__command *c, tripsage__scripting *s,
                                                  tripsage__cache_bytes text)
{
    char sha[TRIPSAGE__LUA_SHA_SIZE];
    const tripsage__lua_script *script;

    if (text.size > TEXT_MAX) {
        tripsage__reply_error(c->reply, "ERR a script has at most %zu bytes", TEXT_MAX);
        return NULL;
    }
    if (!digest_of(c->reply, sha, text))
        return NULL;
    script = find(s, sha);
    return script ? script : keep(c, s, sha, text);
}

/* In any case of its letters. */
static const tripsage__lua_script *script_of_digest(tripsage__command *c, tripsage__scripting *s,
                                                    tripsage__cache_bytes digest)
{
    char sha[TRIPSAGE__LUA_SHA_SIZE] = "";
    const tripsage__lua_script *script = NULL;

    if (digest.size == TRIPSAGE__LUA_SHA_SIZE - 1) {
        memcpy(sha, digest.data, digest.size);
        for (char *at = sha; *at; at++)
            *at = (char)(*at >= 'A' && *at <= 'F' ? *at - 'A' + 'a' : *at);
        script = find(s, sha);
    }
    if (!script)
        tripsage__reply_error(c->reply, "NOSCRIPT No matching script. Please use EVAL.");
    return script;
}

/* ---- commands ---- */

static tripsage__scripting *scripting_of(tripsage__command *c)
{
    tripsage__scripting *s = tripsage__commands_scripting(c->commands);

    if (!s)
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
    return s;
}

static int count_keys(tripsage__command *c, int64_t *count)
{
    if (!tripsage__command_integer(c, 2, count))
        return 0;
    if (*count > (int64_t)c->count - 3)
        tripsage__reply_error(c->reply, "ERR Number of keys can't be greater than number of args");
    else if (*count < 0)
        tripsage__reply_error(c->reply, "ERR Number of keys can't be negative");
    else
        return 1;
    return 0;
}

static void evaluate(tripsage__command *c, int by_digest, unsigned flags)
{
    tripsage__scripting *s = scripting_of(c);
    const tripsage__lua_script *found;
    tripsage__lua_script script;
    int64_t keys;

    if (!s || !count_keys(c, &keys))
        return;
    found = by_digest ? script_of_digest(c, s, c->args[1]) : script_of_text(c, s, c->args[1]);
    if (!found)
        return;
    script = *found;
    script.flags |= flags;
    tripsage__lua_run(s->lua, c->reply, &script, c->args + 3, (size_t)keys, c->args + 3 + keys,
                      c->count - 3 - (size_t)keys);
}

static void eval(tripsage__command *c)
{
    evaluate(c, 0, 0);
}

static void eval_ro(tripsage__command *c)
{
    evaluate(c, 0, TRIPSAGE__LUA_READS_ONLY);
}

static void evalsha(tripsage__command *c)
{
    evaluate(c, 1, 0);
}

static void evalsha_ro(tripsage__command *c)
{
    evaluate(c, 1, TRIPSAGE__LUA_READS_ONLY);
}

static void script_load(tripsage__command *c, tripsage__scripting *s)
{
    const tripsage__lua_script *script = script_of_text(c, s, c->args[2]);

    if (script)
        tripsage__reply_text(c->reply, script->sha);
}

static void script_exists(tripsage__command *c, const tripsage__scripting *s)
{
    tripsage__reply_array(c->reply, c->count - 2);
    for (size_t i = 2; i < c->count; i++) {
        char sha[TRIPSAGE__LUA_SHA_SIZE] = "";

        if (c->args[i].size == TRIPSAGE__LUA_SHA_SIZE - 1)
            memcpy(sha, c->args[i].data, c->args[i].size);
        tripsage__reply_integer(c->reply, find(s, sha) != NULL);
    }
}

static void script_flush(tripsage__command *c, tripsage__scripting *s)
{
    if (c->count == 3 && !tripsage__command_is(c->args[2], "SYNC") && !tripsage__command_is(c->args[2], "ASYNC")) {
        tripsage__reply_error(c->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    forget_all(s);
    tripsage__reply_ok(c->reply);
}

static void script(tripsage__command *c)
{
    tripsage__scripting *s = scripting_of(c);

    if (!s)
        return;
    if (tripsage__command_is(c->args[1], "LOAD") && c->count == 3)
        script_load(c, s);
    else if (tripsage__command_is(c->args[1], "EXISTS") && c->count >= 3)
        script_exists(c, s);
    else if (tripsage__command_is(c->args[1], "FLUSH") && c->count <= 3)
        script_flush(c, s);
    else
        tripsage__reply_error(c->reply,
                              "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try SCRIPT HELP.",
                              (int)(c->args[1].size < 64 ? c->args[1].size : 64), (const char *)c->args[1].data);
}

#define SCRIPT TRIPSAGE__COMMAND_NO_SCRIPT
#define WRITES TRIPSAGE__COMMAND_WRITES
const tripsage__command_spec tripsage__commands_scripting_family[] = {
    {"EVAL", eval, -3, SCRIPT | WRITES, 0, 0, 0, 2},       {"EVAL_RO", eval_ro, -3, SCRIPT, 0, 0, 0, 2},
    {"EVALSHA", evalsha, -3, SCRIPT | WRITES, 0, 0, 0, 2}, {"EVALSHA_RO", evalsha_ro, -3, SCRIPT, 0, 0, 0, 2},
    {"SCRIPT", script, -2, SCRIPT | WRITES, 0, 0, 0, 0},   {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
