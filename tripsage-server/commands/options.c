/* commands/options.c: see options.h. */
#include "commands/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static const command_option *find(const command_option *options, size_t count, const char *argument, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == length && strncmp(argument, options[i].name, length) == 0)
            return &options[i];
    return NULL;
}

int command_options(int *argc, char **argv, const command_option *options, size_t count, const char **words,
                    size_t words_max)
{
    int kept = 0;
    size_t found = 0;

    for (int i = 0; i < *argc; i++) {
        size_t length = strcspn(argv[i], "=");
        const command_option *option = find(options, count, argv[i], length);

        if (option && option->flag && argv[i][length] == '\0') {
            *option->flag = 1;
        } else if (option && option->value && argv[i][length] == '=') {
            *option->value = argv[i] + length + 1;
        } else if (option && option->value && i + 1 < *argc) {
            *option->value = argv[++i];
        } else if (option) {
            fprintf(stderr, "tripsage-server: %s %s\n", option->name,
                    option->value ? "needs a value" : "takes no value");
            return EXIT_USAGE;
        } else if (argv[i][0] != '-' && found < words_max) {
            words[found++] = argv[i];
        } else {
            argv[kept++] = argv[i];
            if (argv[i][0] == '-' && argv[i][1] == '-' && argv[i][length] != '=' && i + 1 < *argc &&
                argv[i + 1][0] != '-')
                argv[kept++] = argv[++i]; /* the value of a setting's option */
        }
    }
    *argc = kept;
    return 0;
}

int command_number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    unsigned long number;
    char *end;

    if (!text)
        return 0;
    number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || number < min || number > max) {
        fprintf(stderr, "tripsage-server: %s: expected a number from %u to %u, got \"%.40s\"\n", name, min, max, text);
        return EXIT_USAGE;
    }
    *out = (uint32_t)number;
    return 0;
}
