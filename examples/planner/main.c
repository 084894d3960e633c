/* main.c: `tripsage`, a trip planner on the command line over one local file.
 *
 * It is a tool for one person at one machine: whoever can read the file may do everything in it, so --user only says as whom,
 * and an address that is new to the file gets an account at its first use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner.h"

static const option global_options[] = {
    {"database", "FILE", "the trips; made when it is missing ($TRIPSAGE_DATABASE, else trips.db)"},
    {"user", "EMAIL", "as whom ($TRIPSAGE_USER, else me@localhost); a new address gets an account"},
    {"json", NULL, "print the library's JSON instead of tables"},
    {"help", NULL, "print this"},
    {NULL, NULL, NULL},
};

/* ---- help ---- */

static void print_options(const char *title, const option *options)
{
    if (!options->name)
        return;
    printf("\n%s\n", title);
    for (; options->name; options++) {
        char left[40];
        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-22s %s\n", left, options->help);
    }
}

static void print_commands(const command *list)
{
    for (; list->name; list++)
        printf("  %-13s %.*s\n", list->name, (int)strcspn(list->help, "\n"), list->help);
}

static int print_help(const command *chosen)
{
    if (chosen) {
        printf("usage: tripsage %s %s\n\n%s\n", chosen->name, chosen->usage, chosen->help);
        print_options("Options", chosen->options);
        if (chosen->below) {
            puts("\nCommands");
            print_commands(chosen->below);
            printf("\n`tripsage %s --help` says more about one.\n", chosen->below->name);
        }
    } else {
        puts("usage: tripsage [OPTION...] COMMAND [ARGUMENT...]\n\nPlans trips in a local file.\n\nCommands");
        print_commands(commands);
        puts("\n`tripsage COMMAND --help` says more about one. TRIP is a trip's id, or words of its title.\n"
             "Amounts are integers in the currency's minor unit: 12000 EUR is 120 euro, 12000 JPY is 12,000 yen.\n"
             "Exit code: 0 done, 1 refused (the reason is on stderr), 2 wrong usage.");
    }
    print_options("Everywhere", global_options);
    return DONE;
}

/* ---- what went wrong ---- */

int wrong_usage(const char *what, const char *which)
{
    fprintf(stderr, "tripsage: %s%s (tripsage --help)\n", what, which);
    return USAGE;
}

int refused(void)
{
    const tripsage_error *error = tripsage_last_error();
    fprintf(stderr, "tripsage: %s\n", error->message);
    for (size_t i = 0; error->field_count > 1 && i < error->field_count; i++) /* one alone is the message */
        fprintf(stderr, "  %s: %s\n", error->fields[i].pointer, error->fields[i].message);
    return REFUSED;
}

/* ---- taking the command line apart ---- */

const char *argument_nth(const arguments *given, const char *name, size_t n)
{
    for (size_t i = 0; i < given->option_count; i++)
        if (strcmp(given->names[i], name) == 0 && n-- == 0)
            return given->values[i];
    return NULL;
}

const char *argument(const arguments *given, const char *name)
{
    const char *last = NULL;
    for (size_t i = 0; i < given->option_count; i++)
        if (strcmp(given->names[i], name) == 0)
            last = given->values[i];
    return last;
}

static const option *find_option(const option *options, const char *name, size_t length)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

/* In a list of commands by the last word of their names. */
static const command *find_command(const command *list, const char *name)
{
    for (; list->name; list++) {
        const char *space = strrchr(list->name, ' ');
        if (strcmp(space ? space + 1 : list->name, name) == 0)
            return list;
    }
    return NULL;
}

/* Takes --name, --name VALUE or --name=VALUE at argv[*at]. */
static int take_option(arguments *given, const command *chosen, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const option *found = find_option(global_options, name, length);
    if (!found && chosen)
        found = find_option(chosen->options, name, length);
    if (!found)
        return wrong_usage("unknown option ", argv[*at]);
    if (!found->value && equals)
        return wrong_usage("no value belongs to ", argv[*at]);

    const char *value = found->value ? (equals ? equals + 1 : argv[++*at]) : "";
    if (!value)
        return wrong_usage("a value is missing after --", found->name);
    given->names[given->option_count] = found->name;
    given->values[given->option_count] = value;
    given->option_count++;
    return DONE;
}

static int take_arguments(arguments *given, const command **chosen, int argc, char **argv)
{
    int options_are_over = 0;
    if (argc > ARGUMENTS_MAX)
        return wrong_usage("too many arguments", "");
    for (int i = 1; i < argc; i++) {
        if (!options_are_over && strcmp(argv[i], "--") == 0) {
            options_are_over = 1;
        } else if (!options_are_over && strncmp(argv[i], "--", 2) == 0) {
            int code = take_option(given, *chosen, argv, &i);
            if (code != DONE)
                return code;
        } else if (!*chosen || (*chosen)->below) {
            *chosen = find_command(*chosen ? (*chosen)->below : commands, argv[i]);
            if (!*chosen)
                return wrong_usage("no such command: ", argv[i]);
        } else {
            given->words[given->word_count++] = argv[i];
        }
    }
    return DONE;
}

/* ---- opening ---- */

static const char *setting(const arguments *given, const char *name, const char *variable, const char *otherwise)
{
    const char *value = argument(given, name);
    if (!value)
        value = getenv(variable);
    return value && *value ? value : otherwise;
}

static tripsage_status open_planner(planner *p, const arguments *given)
{
    text url = {0};
    text_add(&url, "sqlite:");
    text_add(&url, setting(given, "database", "TRIPSAGE_DATABASE", "trips.db"));
    tripsage_status status = tripsage_open(&p->ts, url.bytes, NULL);
    text_free(&url);
    if (status != TRIPSAGE_OK)
        return status;
    p->trips = tripsage_get_trips(p->ts);
    char id[ACCOUNT_ID_SIZE];
    status = account_for(id, p->ts, setting(given, "user", "TRIPSAGE_USER", "me@localhost"));
    return status == TRIPSAGE_OK ? tripsage_actor_user(&p->actor, id) : status;
}

static int run(int argc, char **argv)
{
    arguments given = {0};
    const command *chosen = NULL;
    int code = take_arguments(&given, &chosen, argc, argv);
    if (code != DONE)
        return code;
    if (argument(&given, "help"))
        return print_help(chosen);
    if (!chosen)
        return wrong_usage("which command?", "");
    if (given.word_count < chosen->min_words || given.word_count > chosen->max_words) {
        fprintf(stderr, "usage: tripsage %s %s\n", chosen->name, chosen->usage);
        return USAGE;
    }

    if (chosen->below)
        return wrong_usage("which command of ", chosen->name);

    planner p = {0};
    p.json = argument(&given, "json") != NULL;
    code = chosen->is_apart || open_planner(&p, &given) == TRIPSAGE_OK ? chosen->run(&p, &given) : refused();
    tripsage_actor_free(p.actor);
    tripsage_close(p.ts);
    return code;
}

int main(int argc, char **argv)
{
    int code = run(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == DONE) {
        fputs("tripsage: the output could not be written\n", stderr);
        code = REFUSED;
    }
    return code;
}
