/* options.h: the options that a command has for itself; the others are the settings'. */
#ifndef SERVER_COMMAND_OPTIONS_H
#define SERVER_COMMAND_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

typedef struct command_option {
    const char *name;   /* "--keep" */
    const char **value; /* where its value goes, or */
    int *flag;          /* what is set to 1 */
} command_option;

/* Takes ours, and up to `words_max` words that are no options, out of the arguments; what is left is in argv[0..*argc), for
 * settings_read. 0, or the exit status after a sentence on stderr. */
int command_options(int *argc, char **argv, const command_option *options, size_t count, const char **words,
                    size_t words_max);

/* Reads a number of at least `min` and at most `max`; 0, or the exit status after a sentence that names the option. NULL text leaves *out
 * alone. */
int command_number(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *out);

#endif
