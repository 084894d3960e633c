/* table.c: see table.h. */
#include "table.h"

#include <pthread.h>
#include <string.h>

#include "base/chance.h"
#include "base/locale.h"
#include "base/memory.h"
#include "pubsub.h"

/* Twice as many places as there are commands, and a power of two. */
#define PLACES 1024u

/* Longest name, and most arguments of one line: a pipeline's thousand commands have ten each, and a script's results are unpacked to no more. */
#define NAME_MAX_SIZE 32u

/* clang-format off */
static const tripsage__command_spec *const families[] = { /* one to a line */
    tripsage__commands_server,
    tripsage__commands_scripting_family,
    tripsage__commands_keys,
    tripsage__commands_strings,
    tripsage__commands_bits,
    tripsage__commands_hyperloglog,
    tripsage__commands_hashes,
    tripsage__commands_hash_ends,
    tripsage__commands_lists,
    tripsage__commands_sets,
    tripsage__commands_zsets,
    tripsage__commands_zset_results,
    tripsage__commands_geo,
    tripsage__commands_pubsub_family,
};
/* clang-format on */

struct tripsage__commands {
    tripsage__cache_memory *memory;
    pthread_mutex_t turn;
    tripsage__locale locale; /* of who has it */
    uint64_t chance;
    tripsage__scripting *scripting;
    tripsage__pubsub *pubsub;
};

/* ---- by name ---- */

/* FNV-1a over the name in capitals. */
static size_t place_of(tripsage__cache_bytes name)
{
    const unsigned char *text = name.data;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32u : text[i])) * 16777619u;
    return hash & (PLACES - 1);
}

static const tripsage__command_spec *places[PLACES];
static pthread_once_t enlisted = PTHREAD_ONCE_INIT;

static void enlist(const tripsage__command_spec *spec)
{
    size_t place = place_of((tripsage__cache_bytes){spec->name, strlen(spec->name)});

    while (places[place])
        place = (place + 1) & (PLACES - 1);
    places[place] = spec;
}

static void enlist_all(void)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (const tripsage__command_spec *spec = families[i]; spec->name; spec++)
            enlist(spec);
}

const tripsage__command_spec *tripsage__command_spec_of(tripsage__cache_bytes name)
{
    if (name.size > NAME_MAX_SIZE)
        return NULL;
    pthread_once(&enlisted, enlist_all);
    for (size_t place = place_of(name); places[place]; place = (place + 1) & (PLACES - 1))
        if (tripsage__command_is(name, places[place]->name))
            return places[place];
    return NULL;
}

/* A script may do anything, whatever the flags of its command say. */
int tripsage__commands_only_reads(tripsage__cache_bytes name)
{
    static const char *const scripts[] = {"EVAL",   "EVALSHA", "EVAL_RO",  "EVALSHA_RO",
                                          "SCRIPT", "FCALL",   "FCALL_RO", "FUNCTION"};
    const tripsage__command_spec *spec;

    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (tripsage__command_is(name, scripts[i]))
            return 0;
    spec = tripsage__command_spec_of(name);
    return spec && !(spec->flags & (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS));
}

tripsage__commands *tripsage__commands_new(tripsage__cache_memory *memory)
{
    tripsage__commands *commands = tripsage__calloc(1, sizeof *commands);

    if (!commands)
        return NULL;
    commands->memory = memory;
    commands->pubsub = tripsage__pubsub_new();
    if (!commands->pubsub || tripsage__random(memory->env, &commands->chance, sizeof commands->chance) != TRIPSAGE_OK ||
        pthread_mutex_init(&commands->turn, NULL)) {
        tripsage__pubsub_free(commands->pubsub);
        tripsage__free(commands);
        return NULL;
    }
    return commands;
}

void tripsage__commands_free(tripsage__commands *commands)
{
    if (!commands)
        return;
    tripsage__scripting_free(commands->scripting);
    pthread_mutex_destroy(&commands->turn);
    tripsage__pubsub_free(commands->pubsub);
    tripsage__free(commands);
}

tripsage__env *tripsage__commands_env(const tripsage__commands *commands)
{
    return commands->memory->env;
}

tripsage__scripting *tripsage__commands_scripting(tripsage__commands *commands)
{
    if (!commands->scripting)
        commands->scripting = tripsage__scripting_new(commands);
    return commands->scripting;
}

void tripsage__commands_enter(tripsage__commands *commands)
{
    pthread_mutex_lock(&commands->turn);
    tripsage__locale_enter(&commands->locale);
}

void tripsage__commands_leave(tripsage__commands *commands)
{
    tripsage__locale_leave(&commands->locale);
    pthread_mutex_unlock(&commands->turn);
}

tripsage__pubsub *tripsage__commands_pubsub(const tripsage__commands *commands)
{
    return commands->pubsub;
}

uint64_t tripsage__commands_chance(tripsage__commands *commands)
{
    return tripsage__chance_next(&commands->chance);
}

/* ---- keys ---- */

size_t tripsage__commands_key(const tripsage__command_spec *spec, const tripsage__cache_bytes *args, size_t count,
                              size_t index)
{
    int64_t last = spec->last < 0 ? (int64_t)count + spec->last : spec->last, numkeys;
    size_t fixed = spec->first ? (size_t)((last - spec->first) / spec->step + 1) : 0;
    size_t at;

    if (index < fixed) {
        at = (size_t)spec->first + index * (size_t)spec->step;
        return at < count ? at : 0;
    }
    if (!spec->numkeys || (size_t)spec->numkeys >= count ||
        !tripsage__command_parse_integer(args[spec->numkeys], &numkeys) || (int64_t)(index - fixed) >= numkeys)
        return 0;
    at = (size_t)spec->numkeys + 1 + index - fixed;
    return at < count ? at : 0;
}

/* ---- carrying out ---- */

static int fits(const tripsage__command_spec *spec, size_t count)
{
    return spec->arity < 0 ? count >= (size_t)-spec->arity : count == (size_t)spec->arity;
}

/* A name as an error may repeat it: cut, and without what would break the line. */
static void unknown(tripsage__reply *reply, tripsage__cache_bytes name)
{
    char shown[129];
    size_t size = name.size < sizeof shown - 1 ? name.size : sizeof shown - 1;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = ((const unsigned char *)name.data)[i];

        shown[i] = c < 0x20 || c == '\'' || c >= 0x7f ? '?' : (char)c;
    }
    shown[size] = '\0';
    tripsage__reply_error(reply, "ERR unknown command '%s'", shown);
}

static int check_keys(tripsage__command *c)
{
    for (size_t i = 0, at; (at = tripsage__commands_key(c->spec, c->args, c->count, i)) != 0; i++)
        if (c->args[at].size > TRIPSAGE_CACHE_KEY_MAX) {
            tripsage__reply_error(c->reply, "ERR max key size exceeded. Limit: %u bytes, Actual: %zu bytes",
                                  TRIPSAGE_CACHE_KEY_MAX, c->args[at].size);
            return 0;
        }
    return 1;
}

const tripsage__command_spec *tripsage__commands_check(tripsage__commands *commands, tripsage__reply *reply,
                                                       const tripsage__cache_bytes *args, size_t count)
{
    tripsage__command c = {
        .commands = commands, .reply = reply, .spec = tripsage__command_spec_of(args[0]), .args = args, .count = count};

    if (!c.spec)
        unknown(reply, args[0]);
    else if (!fits(c.spec, count))
        tripsage__command_arity(&c);
    else if (check_keys(&c))
        return c.spec;
    return NULL;
}

void tripsage__commands_run(tripsage__commands *commands, tripsage__reply *reply, const tripsage__cache_bytes *args,
                            size_t count)
{
    tripsage__keyspace space;
    tripsage__command c = {commands, &space, reply, tripsage__commands_check(commands, reply, args, count),
                           args,     count};

    if (!c.spec)
        return;
    tripsage__keyspace_begin(&space, commands->memory);
    c.spec->run(&c);
    tripsage__keyspace_end(&space);
}
