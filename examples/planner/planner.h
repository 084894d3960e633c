/* planner.h: what the files of the command-line planner share.
 *
 * main.c reads the command line and opens the library, account.c knows people, commands.c has one function per command, show.c
 * prints, text.c holds growing text (JSON to send) and aligned tables (text to read). */
#ifndef PLANNER_H
#define PLANNER_H

#include <stddef.h>
#include <tripsage/tripsage.h>

/* ---- text.c ---- */

/* Growing text. The program is short-lived and has nothing to save, so running out of memory ends it (give_up). */
typedef struct text {
    char *bytes; /* NUL-terminated; NULL while empty */
    size_t size, capacity;
} text;

void text_add(text *t, const char *more);
void text_add_json(text *t, const char *value); /* quoted and escaped (RFC 8259) */
void text_add_int(text *t, long long value);
void text_free(text *t);

/* Prints a value others may have written, on the line it belongs to: control characters, which could steer a terminal, become spaces. */
void print_plain(const char *value);

enum { TABLE_COLUMNS_MAX = 8 };

/* Rows of cells, printed with columns as wide as their longest cell. */
typedef struct table {
    size_t columns;
    char **cells;
    size_t count, capacity;
} table;

void table_begin(table *t, size_t columns, const char *const *titles);
void table_cell(table *t, const char *value); /* NULL is an empty cell */
void table_cell_int(table *t, long long value);
void table_print(const table *t);
void table_free(table *t);

/* Ends the program for want of something it cannot go on without. */
_Noreturn void give_up(const char *why);

/* ---- account.c ---- */

enum { ACCOUNT_ID_SIZE = 37 };

/* The id of the account with this address, which is made when there is none. */
tripsage_status account_for(char id[ACCOUNT_ID_SIZE], tripsage *ts, const char *email);

/* ---- main.c ---- */

/* One --option of a command. */
typedef struct option {
    const char *name;
    const char *value; /* how the help calls what follows; NULL: a flag */
    const char *help;
} option;

enum { ARGUMENTS_MAX = 64 };

/* A command line taken apart; all of it borrowed from argv. */
typedef struct arguments {
    const char *names[ARGUMENTS_MAX]; /* options in the order given */
    const char *values[ARGUMENTS_MAX];
    size_t option_count;
    const char *words[ARGUMENTS_MAX]; /* what is no option */
    size_t word_count;
} arguments;

/* The last value given for an option ("" for a flag), or NULL. */
const char *argument(const arguments *given, const char *name);
/* The n-th one of an option that may be repeated, or NULL. */
const char *argument_nth(const arguments *given, const char *name, size_t n);

typedef struct planner {
    tripsage *ts;
    tripsage_trips *trips;
    tripsage_actor *actor;
    int json; /* --json: print documents as they are */
} planner;

/* What a command answers: the program's exit code. */
enum { DONE = 0, REFUSED = 1, USAGE = 2 };

typedef struct command {
    const char *name;
    const char *usage;
    const char *help;
    const option *options; /* ends with a name of NULL */
    size_t min_words, max_words;
    int (*run)(planner *p, const arguments *given);
    const struct command *below; /* commands with names of two words, of which one has to follow; or NULL */
    int is_apart;                /* it opens no database */
} command;

/* Says how a command was used wrongly, and answers USAGE. */
int wrong_usage(const char *what, const char *which);
/* Says what the library said went wrong, and answers REFUSED. */
int refused(void);

/* ---- commands.c ---- */

/* Reads the whole number of an option; leaves `out` alone without one. read_small(): where the library takes an int. */
int read_int(const arguments *given, const char *name, long long *out);
int read_small(const arguments *given, const char *name, int *out);
/* Says that an option is missing; answers DONE or USAGE. */
int need(const arguments *given, const char *name);
/* The words from `first` on, with a space between them. */
void add_words(text *out, const arguments *given, size_t first);
/* Prints a document as JSON or by `show`, and frees it. */
int finish(planner *p, tripsage_status status, tripsage_doc *doc, void (*show)(tripsage_doc *));

extern const command commands[]; /* ends with a name of NULL */

/* ---- show.c ---- */

void show_trips(tripsage_doc *list);
void show_trip(tripsage_doc *trip, tripsage_doc *summary);
void show_itinerary(tripsage_doc *itinerary);
void show_conflicts(tripsage_doc *conflicts);
void show_conflicts_of(tripsage_doc *conflicts, const char *item_id); /* NULL: of all items */
void show_collaborators(tripsage_doc *collaborators);
void show_found(tripsage_doc *found);
void show_suggestions(tripsage_doc *suggestions);
void show_destinations(tripsage_doc *destinations);

#endif
