/* commands/version.c: the versions of the program and of the library it runs with. */
#include <stdio.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "commands/commands.h"
#include "settings.h"

int command_version(int argc, char **argv)
{
    int json = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("Usage: tripsage-server version [--json]\n\n"
                   "Prints the version of the program and of the library it runs with.\n");
            return 0;
        }
        if (strcmp(argv[i], "--json") != 0) {
            fprintf(stderr, "tripsage-server: \"%.40s\" is not an option of this command; see --help\n", argv[i]);
            return EXIT_USAGE;
        }
        json = 1;
    }
    printf(json ? "{\"version\":\"%s\",\"library\":\"%s\"}\n" : "tripsage-server %s (libtripsage %s)\n",
           TRIPSAGE_VERSION, tripsage_version());
    return 0;
}
