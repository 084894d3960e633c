/* main.c: tripsage-server [command] [options]. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/commands.h"
#include "settings.h"

#include <tripsage/runtime.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", "answer HTTP until SIGTERM (what happens without a command)", command_serve},
    {"migrate", "bring the database's schema up to date, show its state, or try it", command_migrate},
    {"check", "check the stored data", command_check},
    {"doctor", "look at everything the server needs: what is wrong, and how to put it right", command_doctor},
    {"backup", "back the database up while it is in use, or verify a backup", command_backup},
    {"restore", "put a backup in the database's place", command_restore},
    {"maintain", "check, repair, analyze, vacuum: indexes of texts and vectors included", command_maintain},
    {"explain-config", "show what the settings come to, and where each came from", command_explain_config},
    {"cache", "show what is in a cache, and clear it", command_cache},
    {"keys", "make, list, replace and revoke API keys; seal settings; change the secret key", command_keys},
    {"security-report", "show what is not as safe as it can be made, and what to do", command_security_report},
    {"version", "print the version", command_version},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void help(FILE *to)
{
    fprintf(to, "Usage: tripsage-server [command] [options]\n\nThe trip planner's HTTP server. Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-16s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\ntripsage-server <command> --help tells about each.\n");
}

/* What the process holds depends on how glibc's allocator shares it out. Four arenas: with one for each of many threads, what one frees
 * lies cold and unused by the others. A fixed threshold: the 19 MiB of a password hash come from the system and go back to it, where
 * by default glibc would learn from the first one to keep them. Measured: 59 MiB resident after two sign-ups, or 17. */
static void share_memory_out(void)
{
    mallopt(M_ARENA_MAX, 4);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

int main(int argc, char **argv)
{
    umask(umask(0) | S_IRWXO); /* the database's files are nothing for strangers of the machine */
    share_memory_out();
    (void)tripsage_own_process(); /* nothing has used SQLite yet; and if it had, we would only be slower */
    if (argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0 &&
                     strcmp(argv[1], "--version") != 0))
        return command_serve(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0)
        return command_version(argc - 2, argv + 2);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    fprintf(stderr, "tripsage-server: there is no command \"%s\"\n", argv[1]);
    help(stderr);
    return EXIT_USAGE;
}
