/* commands/explain_config.c: what the settings come to, and where each came from. */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "settings.h"

static void help(void)
{
    printf("Usage: tripsage-server explain-config [--json] [options]\n\n"
           "Prints what the settings come to and which variable, file or option each came from, with *** for secrets.\n"
           "Nothing is opened or changed.\n");
    settings_help(stdout, SETTINGS_DATABASE | SETTINGS_SERVER);
}

int command_explain_config(int argc, char **argv)
{
    const unsigned groups = SETTINGS_DATABASE | SETTINGS_SERVER;
    settings s = {.config = NULL};
    int json = 0;
    const command_option options[] = {{"--json", NULL, &json}};
    int exit_status = command_options(&argc, argv, options, 1, NULL, 0);

    if (exit_status == 0)
        exit_status = settings_read(&s, groups, argc, argv);
    if (exit_status == 0 && s.help)
        help();
    else if (exit_status == 0)
        exit_status = settings_explain(&s, groups, json);
    settings_free(&s);
    return exit_status;
}
