/* commands/explain_config.c: what the settings come to, and where each came from. */
#include <stdio.h>

#include "commands/commands.h"
#include "settings.h"

static void help(void)
{
    printf("Usage: tripsage-server explain-config [options]\n\n"
           "Prints as JSON what the settings come to and which variable or option each came from, with *** for "
           "secrets.\nNothing is opened or changed.\n");
    settings_help(stdout, SETTINGS_DATABASE | SETTINGS_SERVER);
}

int command_explain_config(int argc, char **argv)
{
    const unsigned groups = SETTINGS_DATABASE | SETTINGS_SERVER;
    settings s;
    int exit_status = settings_read(&s, groups, argc, argv);

    if (exit_status == 0 && s.help)
        help();
    else if (exit_status == 0)
        exit_status = settings_explain(&s, groups);
    settings_free(&s);
    return exit_status;
}
