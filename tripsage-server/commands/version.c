/* commands/version.c: the versions of the program and of the library it runs with. */
#include <stdio.h>
#include <string.h>
#include <tripsage/tripsage.h>

#include "commands/commands.h"

int command_version(int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        printf(
            "Usage: tripsage-server version\n\nPrints the version of the program and of the library it runs with.\n");
        return 0;
    }
    printf("tripsage-server %s (libtripsage %s)\n", TRIPSAGE_VERSION, tripsage_version());
    return 0;
}
