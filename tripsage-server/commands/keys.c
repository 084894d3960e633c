/* commands/keys.c: API keys of programs, and the secret key that the database's secrets are sealed under.
 *
 * No secret is taken from the command line, where every process of the machine could read it: what is sealed comes from standard input, and
 * secret keys from the environment or files. A key that is made is printed by the command that made it, and never again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "buffer.h"
#include "commands/commands.h"
#include "commands/open.h"
#include "doc_item.h"
#include "settings.h"

/* tripsage_config_seal takes no more. */
#define VALUE_MAX ((size_t)64 * 1024)
/* More scopes than there are. */
#define SCOPES_MAX 16
/* A day: long enough to give every program the new key. */
#define OVERLAP_DEFAULT 86400

typedef struct options {
    const char *id; /* of the key that the command is about */
    const char *name, *kind, *user, *expires_in, *overlap;
    const char *scopes[SCOPES_MAX];
    size_t scope_count;
    int json;
} options;

/* What a subcommand works with. */
typedef struct work {
    const options *given;
    settings *settings;
    tripsage_auth *auth; /* NULL for those that open no database */
    tripsage_actor *service;
} work;

static int complain(void)
{
    fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
    return tripsage_last_error()->status == TRIPSAGE_EINVALID ? EXIT_USAGE : EXIT_FAILURE;
}

/* Of a key that was asked for: members have the names of the options that gave them. */
static int complain_of_request(void)
{
    static const char *const names[][2] = {{"/name", "--name"},
                                           {"/kind", "--kind"},
                                           {"/scopes", "--scope"},
                                           {"/user_id", "--user"},
                                           {"/expires_in", "--expires-in"}};
    const tripsage_error *error = tripsage_last_error();

    for (size_t i = 0; i < sizeof names / sizeof names[0] && error->field_count; i++)
        if (strncmp(error->fields[0].pointer, names[i][0], strlen(names[i][0])) == 0) {
            fprintf(stderr, "tripsage-server: %s: %s\n", names[i][1], error->fields[0].message);
            return EXIT_USAGE;
        }
    return complain();
}

static int print_json(tripsage_doc *doc)
{
    printf("%s\n", tripsage_doc_json(doc, NULL));
    tripsage_doc_free(doc);
    return EXIT_SUCCESS;
}

/* ---- a key that was made ---- */

/* At `at`, "" or "/publishable". */
static void print_key(tripsage_doc *doc, const char *at)
{
    static const struct {
        const char *member, *label;
    } lines[] = {{"kind", "kind"}, {"name", "name"}, {"id", "id"}, {"expires_at", "expires"}, {"key", "key"}};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char pointer[64];
        const char *text;

        snprintf(pointer, sizeof pointer, "%s/%s", at, lines[i].member);
        text = tripsage_doc_text(doc, pointer);
        if (text)
            printf("%-8s %s\n", lines[i].label, text);
    }
}

static int print_made(const work *w, tripsage_doc *doc)
{
    if (w->given->json)
        return print_json(doc);
    print_key(doc, "");
    if (strcmp(tripsage_doc_text(doc, "/kind"), "publishable") != 0)
        fprintf(stderr, "Keep it now: it is not shown again.\n");
    tripsage_doc_free(doc);
    return EXIT_SUCCESS;
}

/* ---- the subcommands ---- */

static int show(const work *w)
{
    tripsage_doc *keys;

    if (tripsage_auth_key_defaults(&keys, w->auth, w->service, 1) != TRIPSAGE_OK)
        return complain();
    if (w->given->json)
        return print_json(keys);
    print_key(keys, "/publishable");
    printf("\n");
    print_key(keys, "/secret");
    if (!tripsage_doc_text(keys, "/secret/key"))
        fprintf(stderr, "The secret key was shown when it was made. \"keys rotate\" makes another in its place.\n");
    else
        fprintf(stderr, "Keep the secret key now: it is not shown again.\n");
    tripsage_doc_free(keys);
    return EXIT_SUCCESS;
}

static void write_request(buffer *b, const options *o)
{
    BUFFER_LIT(b, "{\"name\":");
    buffer_jsonz(b, o->name);
    BUFFER_LIT(b, ",\"kind\":");
    buffer_jsonz(b, o->kind ? o->kind : o->scope_count || o->user ? "scoped" : "secret");
    for (size_t i = 0; i < o->scope_count; i++) {
        buffer_puts(b, i ? "," : ",\"scopes\":[");
        buffer_jsonz(b, o->scopes[i]);
    }
    if (o->scope_count)
        BUFFER_LIT(b, "]");
    if (o->user) {
        BUFFER_LIT(b, ",\"user_id\":");
        buffer_jsonz(b, o->user);
    }
    if (o->expires_in) {
        BUFFER_LIT(b, ",\"expires_in\":");
        buffer_integer(b, strtoll(o->expires_in, NULL, 10));
    }
    BUFFER_LIT(b, "}");
}

static int create(const work *w)
{
    buffer request = {0};
    tripsage_doc *made;
    int status;

    write_request(&request, w->given);
    if (request.failed) {
        fprintf(stderr, "tripsage-server: out of memory\n");
        status = EXIT_FAILURE;
    } else if (tripsage_auth_key_create(&made, w->auth, w->service, request.data, request.size) != TRIPSAGE_OK) {
        status = complain_of_request();
    } else {
        status = print_made(w, made);
    }
    buffer_free(&request);
    return status;
}

/* As a table has it. */
static const char *text_at(tripsage_doc *doc, const char *list, size_t index, const char *member)
{
    const char *text = doc_item_text(doc, list, index, member);

    return text ? text : "-";
}

static const char *state_of(tripsage_doc *keys, size_t index)
{
    if (strcmp(text_at(keys, "/items", index, "/revoked_at"), "-") != 0)
        return "revoked";
    return strcmp(text_at(keys, "/items", index, "/replaced_by"), "-") != 0 ? "replaced" : "";
}

static int list(const work *w)
{
    tripsage_doc *keys;

    if (tripsage_auth_key_list(&keys, w->auth, w->service) != TRIPSAGE_OK)
        return complain();
    if (w->given->json)
        return print_json(keys);
    printf("%-36s  %-11s  %-24s  %-24s  %-8s  %s\n", "id", "kind", "last used", "expires", "", "name and key");
    for (size_t i = 0; i < tripsage_doc_count(keys, "/items"); i++)
        printf("%-36s  %-11s  %-24s  %-24s  %-8s  %s  %s\n", text_at(keys, "/items", i, "/id"),
               text_at(keys, "/items", i, "/kind"), text_at(keys, "/items", i, "/last_used_at"),
               text_at(keys, "/items", i, "/expires_at"), state_of(keys, i), text_at(keys, "/items", i, "/name"),
               text_at(keys, "/items", i, "/shown"));
    tripsage_doc_free(keys);
    return EXIT_SUCCESS;
}

static int rotate(const work *w)
{
    const char *overlap = w->given->overlap;
    tripsage_doc *made;

    if (tripsage_auth_key_rotate(&made, w->auth, w->service, w->given->id,
                                 overlap ? (uint32_t)strtoul(overlap, NULL, 10) : OVERLAP_DEFAULT) != TRIPSAGE_OK)
        return complain();
    return print_made(w, made);
}

static int end(const work *w)
{
    if (tripsage_auth_key_revoke(w->auth, w->service, w->given->id) != TRIPSAGE_OK)
        return complain();
    if (w->given->json)
        printf("{\"revoked\":true}\n");
    else
        printf("revoked\n");
    return EXIT_SUCCESS;
}

static int rotate_secret(const work *w)
{
    tripsage_doc *report;

    if (tripsage_auth_reseal(&report, w->auth, w->service) != TRIPSAGE_OK)
        return complain();
    if (w->given->json)
        return print_json(report);
    printf("%lld secrets sealed anew, under the key %s\n", (long long)tripsage_doc_int(report, "/resealed", 0),
           tripsage_doc_text(report, "/key_id"));
    tripsage_doc_free(report);
    return EXIT_SUCCESS;
}

static int signing(const work *w)
{
    tripsage_doc *keys;

    if (tripsage_auth_signing_keys(&keys, w->auth, w->service) != TRIPSAGE_OK)
        return complain();
    if (w->given->json)
        return print_json(keys);
    printf("%-43s  %-5s  %-8s  %-24s  %s\n", "kid", "alg", "state", "made", "ends");
    for (size_t i = 0, count = tripsage_doc_count(keys, "/keys"); i < count; i++)
        printf("%-43s  %-5s  %-8s  %-24s  %s\n", text_at(keys, "/keys", i, "/kid"), text_at(keys, "/keys", i, "/alg"),
               text_at(keys, "/keys", i, "/state"), text_at(keys, "/keys", i, "/created_at"),
               text_at(keys, "/keys", i, "/expires_at"));
    tripsage_doc_free(keys);
    return EXIT_SUCCESS;
}

static int rotate_signing(const work *w)
{
    if (tripsage_auth_rotate_signing_key(w->auth, w->service) != TRIPSAGE_OK)
        return complain();
    return signing(w);
}

/* Whether a terminal is asked, without showing what is typed; `before` is how it was. */
static int hide_typing(struct termios *before)
{
    struct termios hidden;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before) != 0)
        return 0;
    fprintf(stderr, "What is to be sealed: ");
    hidden = *before;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

/* A line of a terminal, or all of a file or pipe, without the newlines at its end. */
static size_t read_value(char value[VALUE_MAX + 1])
{
    struct termios before;
    int hidden = hide_typing(&before);
    size_t size = 0;

    if (hidden) {
        if (fgets(value, VALUE_MAX + 1, stdin))
            size = strlen(value);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    } else {
        size = fread(value, 1, VALUE_MAX + 1, stdin);
    }
    while (size && (value[size - 1] == '\n' || value[size - 1] == '\r'))
        size--;
    return size;
}

static int seal(const work *w)
{
    static char value[VALUE_MAX + 1];
    size_t size;
    char *sealed = NULL;
    tripsage_status status;

    if (!tripsage_config_options(w->settings->config)->auth->secret_key) { /* before somebody types */
        fprintf(stderr, "tripsage-server: SECRET_KEY is not set: there is nothing to seal under\n");
        return EXIT_CONFIG;
    }
    size = read_value(value);
    if (size == 0) {
        fprintf(stderr, "tripsage-server: expected what is to be sealed on standard input, which has nothing\n");
        return EXIT_USAGE;
    }
    status = tripsage_config_seal(&sealed, w->settings->config, value, size);
    explicit_bzero(value, sizeof value);
    if (status != TRIPSAGE_OK)
        return complain();
    printf(w->given->json ? "{\"sealed\":\"%s\"}\n" : "%s\n", sealed);
    tripsage_free(sealed);
    return EXIT_SUCCESS;
}

static const struct subcommand {
    const char *name, *arguments, *summary;
    int (*run)(const work *w);
    int takes_id, opens;
} subcommands[] = {
    {"show", "", "the project's publishable and secret key, made by the first who asks; the secret one is shown once",
     show, 0, 1},
    {"create", "--name NAME [--kind KIND] [--scope SCOPE]... [--user ID] [--expires-in SECONDS]",
     "a key: publishable, secret (the default), or scoped, which acts for one user", create, 0, 1},
    {"list", "", "the keys there are", list, 0, 1},
    {"rotate", "ID [--overlap SECONDS]", "a new key in the place of one, which is good for a while longer (a day)",
     rotate, 1, 1},
    {"revoke", "ID", "ends a key", end, 1, 1},
    {"seal", "", "seals what comes from standard input under SECRET_KEY, for a secret setting", seal, 0, 0},
    {"signing", "", "the keys that access tokens are signed and verified with", signing, 0, 1},
    {"rotate-signing", "", "signs new tokens with a new key; the one before verifies until its last token has ended",
     rotate_signing, 0, 1},
    {"rotate-secret", "", "seals anew, under SECRET_KEY, what is sealed under SECRET_KEY_PREVIOUS", rotate_secret, 0,
     1},
};
#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof subcommands[0])

static void help(FILE *to)
{
    fprintf(to, "Usage: tripsage-server keys [subcommand] [--json] [options]\n\n");
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        fprintf(to, "  %s%s%s\n      %s\n", subcommands[i].name, subcommands[i].arguments[0] ? " " : "",
                subcommands[i].arguments, subcommands[i].summary);
    fprintf(
        to,
        "\nScopes: trips:read, trips:write, vectors:read, vectors:write. No secret is taken from the command line.\n"
        "\nTo change SECRET_KEY: give every server the new one as SECRET_KEY and the old one as SECRET_KEY_PREVIOUS,\n"
        "run \"keys rotate-secret\", then take SECRET_KEY_PREVIOUS away. It may be interrupted and run again.\n");
    settings_help(to, SETTINGS_DATABASE);
}

/* ---- the command line ---- */

static int is_number(const char *text)
{
    return text[0] && strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text);
}

/* Where the value of this option goes; NULL when it is none of ours. */
static const char **place_of(options *o, const char *flag, size_t length)
{
    const struct {
        const char *flag;
        const char **place;
    } places[] = {
        {"--name", &o->name},       {"--kind", &o->kind},
        {"--user", &o->user},       {"--expires-in", &o->expires_in},
        {"--overlap", &o->overlap}, {"--scope", o->scope_count < SCOPES_MAX ? &o->scopes[o->scope_count] : NULL},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strlen(places[i].flag) == length && strncmp(flag, places[i].flag, length) == 0) {
            o->scope_count += places[i].place == &o->scopes[o->scope_count];
            return places[i].place;
        }
    return NULL;
}

/* Takes ours and leaves the rest to the settings. */
static int read_options(options *o, int *rest_count, char **rest, int argc, char **argv)
{
    memset(o, 0, sizeof *o);
    *rest_count = 0;
    for (int i = 0; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        const char **place = place_of(o, argv[i], length);

        if (strcmp(argv[i], "--json") == 0) {
            o->json = 1;
        } else if (place && argv[i][length] == '=') {
            *place = argv[i] + length + 1;
        } else if (place && i + 1 < argc) {
            *place = argv[++i];
        } else if (place) {
            fprintf(stderr, "tripsage-server: %s needs a value\n", argv[i]);
            return EXIT_USAGE;
        } else {
            rest[(*rest_count)++] = argv[i];
            if (argv[i][0] == '-' && argv[i][length] != '=' && i + 1 < argc && argv[i + 1][0] != '-')
                rest[(*rest_count)++] = argv[++i]; /* the value of a setting's option */
        }
    }
    return 0;
}

static int check_options(const options *o, const struct subcommand *sub)
{
    const char *numbers[] = {o->expires_in, o->overlap};

    if (sub->run == create && !o->name)
        fprintf(stderr, "tripsage-server: keys create needs --name\n");
    else if (sub->run == create && (o->user || o->scope_count) && o->kind && strcmp(o->kind, "scoped") != 0)
        fprintf(stderr, "tripsage-server: %s goes with --kind scoped alone\n", o->user ? "--user" : "--scope");
    else if (sub->takes_id && !o->id)
        fprintf(stderr, "tripsage-server: keys %s needs the id of a key\n", sub->name);
    else if ((numbers[0] && !is_number(numbers[0])) || (numbers[1] && !is_number(numbers[1])))
        fprintf(stderr, "tripsage-server: expected a number of seconds, got \"%.40s\"\n",
                numbers[0] && !is_number(numbers[0]) ? numbers[0] : numbers[1]);
    else
        return 0;
    return EXIT_USAGE;
}

static int run(const struct subcommand *sub, const options *given, settings *s)
{
    work w = {given, s, NULL, NULL};
    tripsage *library = NULL;
    int status = sub->opens ? open_existing_library(&library, s, MIGRATE_AS_SET) : 0;

    if (status)
        return status;
    if (library) {
        w.auth = tripsage_get_auth(library);
        status = tripsage_actor_service(&w.service) == TRIPSAGE_OK ? 0 : complain();
    }
    if (status == 0)
        status = sub->run(&w);
    tripsage_actor_free(w.service);
    tripsage_close(library);
    return status;
}

int command_keys(int argc, char **argv)
{
    const struct subcommand *sub = NULL;
    options given;
    char **rest = calloc((size_t)argc + 1, sizeof *rest);
    settings s = {.config = NULL};
    int count, status, named, takes_id;

    for (size_t i = 0; i < SUBCOMMAND_COUNT && argc; i++)
        if (strcmp(argv[0], subcommands[i].name) == 0)
            sub = &subcommands[i];
    named = sub != NULL;
    takes_id = sub && sub->takes_id && argc > 1 && argv[1][0] != '-';
    if (!rest) {
        fprintf(stderr, "tripsage-server: out of memory\n");
        return EXIT_FAILURE;
    }
    status = read_options(&given, &count, rest, argc - named - takes_id, argv + named + takes_id);
    given.id = takes_id ? argv[1] : NULL;
    if (status == 0 && !sub && argc && argv[0][0] != '-') {
        fprintf(stderr, "tripsage-server: keys has no subcommand \"%.40s\"; see --help\n", argv[0]);
        status = EXIT_USAGE;
    }
    if (!sub)
        sub = &subcommands[0];
    if (status == 0)
        status = settings_read(&s, SETTINGS_DATABASE, count, rest);
    if (status == 0 && s.help)
        help(stdout);
    else if (status == 0)
        status = check_options(&given, sub);
    if (status == 0 && !s.help)
        status = run(sub, &given, &s);
    settings_free(&s);
    free(rest);
    return status;
}
