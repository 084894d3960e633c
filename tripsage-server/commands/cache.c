/* commands/cache.c: what is in a cache, and the end of it.
 *
 * A cache in the process is reached through the server that has it, at its own /cache, which is what an Upstash client would do; one on a server
 * of Redis or Upstash is reached there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "commands/commands.h"
#include "commands/progress.h"
#include "doc_item.h"
#include "settings.h"

#include <tripsage/cache.h>

/* Keys that are looked at, and removed, in one go: a millisecond of a server's time. */
#define STEP       "1000"
#define STEP_COUNT 1000

/* A command waits for this long: whoever typed it has more patience than a request. */
#define DEADLINE_MS 5000

typedef struct options {
    const char *pattern; /* of keys, or NULL */
    int of_library, json;
} options;

typedef struct work {
    const options *given;
    tripsage_cache *cache;
    const char *prefix; /* what stands before each of our keys */
    const char *url;    /* where it is, without secrets */
    const char *advice; /* what to look at when it does not answer there */
    progress *shown;    /* NULL: keys are printed as they come, which says enough */
} work;

static int complain(const work *w)
{
    const tripsage_error *error = tripsage_last_error();
    const char *advice = "";

    if (error->status == TRIPSAGE_EUNAVAILABLE)
        advice = strstr(error->message, "WRONGPASS") ? "are user and password right? tripsage-server doctor says more"
                                                     : w->advice;
    fprintf(stderr, "tripsage-server: the cache at %s: %s%s%s\n", w->url, error->message, *advice ? "; " : "", advice);
    return EXIT_FAILURE;
}

static tripsage_cache_argument word(const char *text)
{
    return (tripsage_cache_argument){text, strlen(text)};
}

/* Gives a reply of the type that was expected, or NULL after a sentence. */
static tripsage_cache_reply *ask(const work *w, const tripsage_cache_argument *words, size_t count,
                                 tripsage_cache_reply_type type)
{
    tripsage_cache_reply *reply = NULL;

    if (tripsage_cache_command(&reply, w->cache, words, count) != TRIPSAGE_OK) {
        (void)complain(w);
    } else if (reply->type != type) {
        fprintf(stderr, "tripsage-server: the cache at %s answers %s\n", w->url,
                reply->type == TRIPSAGE_CACHE_ERROR ? reply->data : "with something else than was asked for");
        tripsage_cache_reply_free(reply);
        reply = NULL;
    }
    return reply;
}

/* ---- keys by the thousand ---- */

/* Called for each step's keys; 0 ends it. */
typedef int (*visitor)(const work *w, const tripsage_cache_reply *keys, void *context);

/* Our prefix as it stands, and behind it the pattern. */
static void put_pattern(buffer *b, const work *w)
{
    for (const char *c = w->prefix; *c; c++) {
        if (strchr("*?[]\\", *c))
            BUFFER_LIT(b, "\\");
        buffer_put(b, c, 1);
    }
    buffer_puts(b, w->given->pattern ? w->given->pattern : "*");
}

static int count_keys(const work *w, int64_t *out)
{
    const tripsage_cache_argument words[] = {word("DBSIZE")};
    tripsage_cache_reply *reply = ask(w, words, 1, TRIPSAGE_CACHE_INTEGER);

    *out = reply ? reply->integer : 0;
    tripsage_cache_reply_free(reply);
    return reply != NULL;
}

/* 0, or the exit status after a sentence. */
static int scan(const work *w, visitor visit, void *context)
{
    buffer pattern = {0};
    char cursor[32] = "0";
    int status = EXIT_SUCCESS;
    int64_t total = 0, seen = 0;

    if (w->shown && !count_keys(w, &total))
        return EXIT_FAILURE;

    put_pattern(&pattern, w);
    do {
        const tripsage_cache_argument words[] = {
            word("SCAN"), word(cursor), word("MATCH"), {pattern.data, pattern.size}, word("COUNT"), word(STEP)};
        tripsage_cache_reply *reply = pattern.failed ? NULL : ask(w, words, 6, TRIPSAGE_CACHE_ARRAY);

        if (!reply || reply->count != 2 || reply->items[0].size >= sizeof cursor) {
            status = EXIT_FAILURE;
            cursor[0] = '\0';
        } else {
            snprintf(cursor, sizeof cursor, "%s", reply->items[0].data);
            if (!visit(w, &reply->items[1], context))
                status = EXIT_FAILURE;
        }
        tripsage_cache_reply_free(reply);
        seen += STEP_COUNT;
        if (w->shown)
            progress_show(w->shown, "looking", seen, total);
    } while (status == EXIT_SUCCESS && strcmp(cursor, "0") != 0);
    buffer_free(&pattern);
    return status;
}

/* ---- the subcommands ---- */

/* 0 where the text says nothing of it. */
static int number_after(const char *text, const char *name, uint64_t *out)
{
    const char *at = strstr(text, name);

    *out = at ? strtoull(at + strlen(name), NULL, 10) : 0;
    return at != NULL;
}

static int stats(const work *w)
{
    static const struct {
        const char *label, *name; /* as we tell it, and as INFO does */
    } lines[] = {{"bytes", "used_memory:"},
                 {"hits", "keyspace_hits:"},
                 {"misses", "keyspace_misses:"},
                 {"expired", "expired_keys:"},
                 {"evicted", "evicted_keys:"}};
    const tripsage_cache_argument words[] = {word("INFO")};
    tripsage_cache_reply *info = ask(w, words, 1, TRIPSAGE_CACHE_STRING);
    int64_t keys;

    if (!info || !count_keys(w, &keys)) {
        tripsage_cache_reply_free(info);
        return EXIT_FAILURE;
    }
    printf(w->given->json ? "{\"keys\":%" PRId64 : "keys     %" PRId64 "\n", keys);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        uint64_t value;

        if (!number_after(info->data, lines[i].name, &value))
            continue;
        if (w->given->json)
            printf(",\"%s\":%" PRIu64, lines[i].label, value);
        else
            printf("%-8s %" PRIu64 "\n", lines[i].label, value);
    }
    if (w->given->json)
        printf("}\n");
    tripsage_cache_reply_free(info);
    return EXIT_SUCCESS;
}

/* A line each, or an array; what is no text is shown as U+FFFD. */
static int print_keys(const work *w, const tripsage_cache_reply *keys, void *context)
{
    buffer line = {0};
    size_t *count = context;

    for (size_t i = 0; i < keys->count; i++) {
        if (w->given->json)
            buffer_puts(&line, (*count)++ ? "," : "[");
        buffer_json(&line, keys->items[i].data, keys->items[i].size);
        if (!w->given->json)
            BUFFER_LIT(&line, "\n");
    }
    if (!line.failed && line.size)
        fwrite(line.data, 1, line.size, stdout);
    buffer_free(&line);
    return !line.failed;
}

static int keys(const work *w)
{
    size_t count = 0;
    int status = scan(w, print_keys, &count);

    if (w->given->json && status == 0) /* an array that is not whole has no end */
        printf(count ? "]\n" : "[]\n");
    return status;
}

static int remove_keys(const work *w, const tripsage_cache_reply *keys, void *context)
{
    tripsage_cache_argument *words;
    tripsage_cache_reply *reply;

    if (keys->count == 0)
        return 1;
    words = malloc((keys->count + 1) * sizeof *words);
    if (!words) {
        fprintf(stderr, "tripsage-server: out of memory\n");
        return 0;
    }
    words[0] = word("UNLINK");
    for (size_t i = 0; i < keys->count; i++)
        words[i + 1] = (tripsage_cache_argument){keys->items[i].data, keys->items[i].size};
    reply = ask(w, words, keys->count + 1, TRIPSAGE_CACHE_INTEGER);
    if (reply)
        *(int64_t *)context += reply->integer;
    tripsage_cache_reply_free(reply);
    free(words);
    return reply != NULL;
}

static int tell_count(const work *w, const char *what, int64_t count)
{
    if (w->shown)
        progress_end(w->shown); /* its line is free for this */
    printf(w->given->json ? "{\"%s\":%" PRId64 "}\n" : "%s %" PRId64 "\n", what, count);
    return EXIT_SUCCESS;
}

static int clear(const work *w)
{
    int64_t removed = 0;
    int status = scan(w, remove_keys, &removed);

    return status ? status : tell_count(w, "removed", removed);
}

static int look_only(const work *w, const tripsage_cache_reply *keys, void *context)
{
    (void)w;
    (void)keys;
    (void)context;
    return 1;
}

/* A key whose time is over goes when it is looked at. */
static int clear_stale(const work *w)
{
    int64_t before, after;
    int status;

    if (!count_keys(w, &before))
        return EXIT_FAILURE;
    status = scan(w, look_only, NULL);
    if (status)
        return status;
    return count_keys(w, &after) ? tell_count(w, "removed", before > after ? before - after : 0) : EXIT_FAILURE;
}

static const struct subcommand {
    const char *name, *arguments, *summary;
    int (*run)(const work *w);
    int takes_pattern, shows_progress;
} subcommands[] = {
    {"stats", "", "how much is in it, and how often it was of use", stats, 0, 0},
    {"keys", "[PATTERN]", "the keys in it, or those like the pattern: * ? [abc]", keys, 1, 0},
    {"clear", "[PATTERN]", "removes them all, or those like the pattern", clear, 1, 1},
    {"clear-stale", "", "removes what has ended already and was not asked for since", clear_stale, 0, 1},
};
#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof subcommands[0])

static void help(FILE *to)
{
    fprintf(to, "Usage: tripsage-server cache SUBCOMMAND [PATTERN] [--library] [--json] [options]\n\n");
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        fprintf(to, "  %s%s%s\n      %s\n", subcommands[i].name, subcommands[i].arguments[0] ? " " : "",
                subcommands[i].arguments, subcommands[i].summary);
    fprintf(to, "\nIt is the cache that the server on this machine serves at /cache, where TRIPSAGE_CACHE_TOKEN is "
                "set; or, with\n"
                "--library or without a token, the library's own, where that is on Redis or Upstash.\n");
    settings_help(to, SETTINGS_DATABASE | SETTINGS_SERVER);
}

/* ---- where it is ---- */

static int is_in_process(const tripsage_cache_options *cache)
{
    return !cache->url || strcmp(cache->url, "memory:") == 0;
}

/* Where it is, as people are told: without secrets, and with the name of the variable that says so. */
typedef struct place {
    char url[1024], advice[160];
} place;

/* By the first of these two settings that is set; the second may be NULL. 0, or the exit status after a sentence. */
static int name_place(place *p, const settings *s, const char *first, const char *second)
{
    tripsage_doc *explained = NULL;

    if (tripsage_config_explain(&explained, s->config) != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        return EXIT_FAILURE;
    }
    for (size_t i = 0, count = tripsage_doc_count(explained, "/settings"); i < count; i++) {
        const char *name = doc_item_text(explained, "/settings", i, "/name");
        const char *source = doc_item_text(explained, "/settings", i, "/source");

        if (!source || (strcmp(name, first) != 0 && (p->url[0] || !second || strcmp(name, second) != 0)))
            continue;
        snprintf(p->url, sizeof p->url, "%s", doc_item_text(explained, "/settings", i, "/value"));
        snprintf(p->advice, sizeof p->advice, "is it running, and is %s right?", source);
    }
    tripsage_doc_free(explained);
    return 0;
}

/* The server of this machine at its /cache. */
static void use_own_server(tripsage_cache_options *out, place *p, const settings *s)
{
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d/cache", s->port);
    snprintf(p->advice, sizeof p->advice,
             "is the server running on this machine, with this PORT and this TRIPSAGE_CACHE_TOKEN?");
    out->url = p->url;
    out->password = tripsage_config_cache_serve(s->config)->token;
    out->key_prefix = "";
}

/* 0, or the exit status after a sentence. */
static int choose(tripsage_cache_options *out, place *p, const settings *s, const options *given)
{
    const tripsage_cache_options *served = given->of_library ? NULL : tripsage_config_served_cache(s->config);
    int status = 0;

    memset(p, 0, sizeof *p);
    *out = served ? *served : *tripsage_config_options(s->config)->cache;
    if (is_in_process(out) && served) {
        use_own_server(out, p, s);
    } else if (is_in_process(out)) {
        fprintf(stderr,
                "tripsage-server: this cache is in the memory of the server alone: set TRIPSAGE_CACHE_TOKEN, for the "
                "server and for this command, or a cache elsewhere (REDIS_URL)\n");
        status = EXIT_CONFIG;
    } else if (served) {
        status = name_place(p, s, "TRIPSAGE_CACHE_URL", NULL);
    } else {
        status = name_place(p, s, "REDIS_URL", "UPSTASH_REDIS_REST_URL");
    }
    out->deadline_ms = DEADLINE_MS;
    return status;
}

static int run(const struct subcommand *sub, const options *given, const settings *s)
{
    tripsage_cache_options where;
    place told;
    int status = choose(&where, &told, s, given);
    work w = {given, NULL, NULL, told.url, told.advice, NULL};
    progress p;

    if (status)
        return status;
    w.prefix = where.key_prefix ? where.key_prefix : TRIPSAGE_CACHE_KEY_PREFIX;
    if (tripsage_cache_open(&w.cache, &where, NULL) != TRIPSAGE_OK)
        return complain(&w);
    progress_begin(&p);
    w.shown = sub->shows_progress ? &p : NULL;
    status = sub->run(&w);
    progress_end(&p);
    tripsage_cache_close(w.cache);
    return status;
}

/* ---- the command line ---- */

/* Takes ours out of the arguments, of which the rest is the settings'. */
static int read_options(options *o, int argc, char **argv)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            o->json = 1;
        else if (strcmp(argv[i], "--library") == 0)
            o->of_library = 1;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        if (strcmp(name, subcommands[i].name) == 0)
            return &subcommands[i];
    return NULL;
}

int command_cache(int argc, char **argv)
{
    const struct subcommand *sub = argc ? find(argv[0]) : NULL;
    options given = {NULL, 0, 0};
    settings s = {.config = NULL};
    int status, taken = sub != NULL;

    if (argc && !sub && argv[0][0] != '-') {
        fprintf(stderr, "tripsage-server: cache has no subcommand \"%.40s\"; see --help\n", argv[0]);
        return EXIT_USAGE;
    }
    if (sub && sub->takes_pattern && argc > 1 && argv[1][0] != '-')
        given.pattern = argv[taken++];
    argc = read_options(&given, argc - taken, argv + taken);
    status = settings_read(&s, SETTINGS_DATABASE | SETTINGS_SERVER, argc, argv + taken);
    if (status == 0 && s.help) {
        help(stdout);
    } else if (status == 0 && !sub) {
        fprintf(stderr, "tripsage-server: cache needs a subcommand: stats, keys, clear or clear-stale; see --help\n");
        status = EXIT_USAGE;
    } else if (status == 0) {
        status = run(sub, &given, &s);
    }
    settings_free(&s);
    return status;
}
