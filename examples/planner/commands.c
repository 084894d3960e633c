/* commands.c: one function per command: build the JSON, make the call, print what came back. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planner.h"
#include "vector.h"

/* ---- arguments to JSON ---- */

/* Each adds ,"member":value when the option was given; a number that is none is a wrong usage. */
static void add_text(text *json, const arguments *given, const char *name, const char *member)
{
    const char *value = argument(given, name);
    if (!value)
        return;
    text_add(json, ",\"");
    text_add(json, member);
    text_add(json, "\":");
    text_add_json(json, value);
}

int read_int(const arguments *given, const char *name, long long *out)
{
    const char *value = argument(given, name);
    char *end = NULL;
    if (!value)
        return DONE;
    errno = 0;
    *out = strtoll(value, &end, 10);
    if (end == value || *end)
        return wrong_usage("a whole number belongs after --", name);
    if (errno == ERANGE)
        return wrong_usage("the number is out of range after --", name);
    return DONE;
}

/* The same for an option of the library that is an int: what does not fit is no number it could mean. */
int read_small(const arguments *given, const char *name, int *out)
{
    long long value = *out;
    int code = read_int(given, name, &value);
    if (code == DONE && (value < INT_MIN || value > INT_MAX))
        return wrong_usage("the number is out of range after --", name);
    *out = (int)value;
    return code;
}

static int add_int(text *json, const arguments *given, const char *name, const char *member)
{
    long long value = 0;
    int code = read_int(given, name, &value);
    if (code == DONE && argument(given, name)) {
        text_add(json, ",\"");
        text_add(json, member);
        text_add(json, "\":");
        text_add_int(json, value);
    }
    return code;
}

int need(const arguments *given, const char *name)
{
    return argument(given, name) ? DONE : wrong_usage("this command needs --", name);
}

/* The words from `first` on, with a space between them. */
void add_words(text *out, const arguments *given, size_t first)
{
    for (size_t i = first; i < given->word_count; i++) {
        if (i > first)
            text_add(out, " ");
        text_add(out, given->words[i]);
    }
}

/* ---- naming a trip ---- */

static int contains_ignoring_case(const char *text_of, const char *part)
{
    for (; *text_of; text_of++) {
        size_t i = 0;
        while (part[i] && tolower((unsigned char)text_of[i]) == tolower((unsigned char)part[i]))
            i++;
        if (!part[i])
            return 1;
    }
    return 0;
}

/* Counts the trips of one page whose title holds `words`; keeps the id of the last. */
static size_t match_page(tripsage_doc *page, const char *words, char id[ACCOUNT_ID_SIZE])
{
    size_t matches = 0;
    for (size_t i = 0; i < tripsage_doc_count(page, "/items"); i++) {
        char pointer[48];
        snprintf(pointer, sizeof pointer, "/items/%zu/title", i);
        const char *title = tripsage_doc_text(page, pointer);
        if (!title || !contains_ignoring_case(title, words))
            continue;
        snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
        snprintf(id, ACCOUNT_ID_SIZE, "%s", tripsage_doc_text(page, pointer));
        matches++;
    }
    return matches;
}

/* The id of the trip a person means: an id, or words of the title of exactly one trip. */
static int find_trip(char id[ACCOUNT_ID_SIZE], planner *p, const char *meant)
{
    if (strlen(meant) == ACCOUNT_ID_SIZE - 1 && strspn(meant, "0123456789abcdefABCDEF-") == ACCOUNT_ID_SIZE - 1) {
        memcpy(id, meant, ACCOUNT_ID_SIZE);
        return DONE;
    }
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *page = NULL;
    size_t matches = 0;
    options.limit = 100;
    do {
        tripsage_doc *next = NULL;
        tripsage_status status = tripsage_trip_list(&next, p->trips, p->actor, &options);
        tripsage_doc_free(page);
        if (status != TRIPSAGE_OK)
            return refused();
        page = next;
        matches += match_page(page, meant, id);
        options.cursor = tripsage_doc_next(page);
    } while (options.cursor);
    tripsage_doc_free(page);
    if (matches == 1)
        return DONE;
    fprintf(stderr, "tripsage: %s trip is called \"%s\" (tripsage list)\n", matches ? "more than one" : "no", meant);
    return REFUSED;
}

/* ---- printing ---- */

/* Prints a document as JSON or by `show`, and frees it. */
int finish(planner *p, tripsage_status status, tripsage_doc *doc, void (*show)(tripsage_doc *))
{
    if (status != TRIPSAGE_OK)
        return refused();
    if (p->json)
        puts(tripsage_doc_json(doc, NULL));
    else
        show(doc);
    tripsage_doc_free(doc);
    return DONE;
}

/* ---- create ---- */

static const option create_options[] = {
    {"from", "DATE", "first day, YYYY-MM-DD"},
    {"to", "DATE", "last day"},
    {"stop", "NAME", "where to; may be repeated, the first is the main one"},
    {"description", "TEXT", "a few words about it"},
    {"travelers", "N", "how many people (1)"},
    {"budget", "AMOUNT", "what it may cost, in minor units of the currency"},
    {"currency", "CODE", "of the budget, ISO 4217 (EUR)"},
    {"tag", "WORD", "may be repeated"},
    {NULL, NULL, NULL},
};

static void show_created(tripsage_doc *trip)
{
    printf("%s  ", tripsage_doc_text(trip, "/id"));
    print_plain(tripsage_doc_text(trip, "/title"));
    putchar('\n');
}

static void add_stops_and_tags(text *json, const arguments *given)
{
    const char *value;
    text_add(json, ",\"destinations\":[");
    for (size_t i = 0; (value = argument_nth(given, "stop", i)); i++) {
        text_add(json, i ? ",{\"name\":" : "{\"name\":");
        text_add_json(json, value);
        text_add(json, "}");
    }
    text_add(json, "],\"tags\":[");
    for (size_t i = 0; (value = argument_nth(given, "tag", i)); i++) {
        text_add(json, i ? "," : "");
        text_add_json(json, value);
    }
    text_add(json, "]");
}

static int add_budget(text *json, const arguments *given)
{
    const char *currency = argument(given, "currency");
    long long total = 0;
    if (!argument(given, "budget"))
        return DONE;
    text_add(json, ",\"budget\":{\"currency\":");
    text_add_json(json, currency ? currency : "EUR");
    text_add(json, ",\"total\":");
    int code = read_int(given, "budget", &total);
    text_add_int(json, total);
    text_add(json, "}");
    return code;
}

static int run_create(planner *p, const arguments *given)
{
    text json = {0};
    tripsage_doc *trip = NULL;
    if (need(given, "from") != DONE || need(given, "to") != DONE || need(given, "stop") != DONE)
        return USAGE;
    text_add(&json, "{\"title\":");
    text_add_json(&json, given->words[0]);
    add_text(&json, given, "from", "start_date");
    add_text(&json, given, "to", "end_date");
    add_text(&json, given, "description", "description");
    add_stops_and_tags(&json, given);
    int code = add_int(&json, given, "travelers", "travelers");
    if (code == DONE)
        code = add_budget(&json, given);
    text_add(&json, "}");
    if (code == DONE) {
        tripsage_status status = tripsage_trip_create(&trip, p->trips, p->actor, json.bytes, json.size, NULL);
        code = finish(p, status, trip, show_created);
    }
    text_free(&json);
    return code;
}

/* ---- list, show ---- */

static const option list_options[] = {
    {"status", "STATUS", "only planning, booked, in_progress, completed or cancelled"},
    {"tag", "WORD", "only trips with this tag"},
    {"shared", NULL, "only those of other people"},
    {"limit", "N", "at most so many (20)"},
    {NULL, NULL, NULL},
};

static int run_list(planner *p, const arguments *given)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *list = NULL;
    int limit = 20;
    int code = read_small(given, "limit", &limit);
    if (code != DONE)
        return code;
    options.limit = (uint32_t)limit;
    options.status = argument(given, "status");
    options.tag = argument(given, "tag");
    options.scope = argument(given, "shared") ? TRIPSAGE_SCOPE_SHARED : TRIPSAGE_SCOPE_ALL;
    options.sort = TRIPSAGE_SORT_START_DATE;
    tripsage_status status = tripsage_trip_list(&list, p->trips, p->actor, &options);
    return finish(p, status, list, show_trips);
}

/* The four documents that `show` is made of. */
enum { TRIP, SUMMARY, ITINERARY, CONFLICTS, PARTS };

static tripsage_status read_parts(tripsage_doc *parts[PARTS], planner *p, const char *id)
{
    tripsage_status status = tripsage_trip_get(&parts[TRIP], p->trips, p->actor, id);
    if (status == TRIPSAGE_OK)
        status = tripsage_trip_summary(&parts[SUMMARY], p->trips, p->actor, id);
    if (status == TRIPSAGE_OK)
        status = tripsage_itinerary_get(&parts[ITINERARY], p->trips, p->actor, id);
    if (status == TRIPSAGE_OK)
        status = tripsage_itinerary_conflicts(&parts[CONFLICTS], p->trips, p->actor, id);
    return status;
}

static int run_show(planner *p, const arguments *given)
{
    char id[ACCOUNT_ID_SIZE];
    tripsage_doc *parts[PARTS] = {NULL};
    int code = find_trip(id, p, given->words[0]);
    if (code != DONE)
        return code;
    if (read_parts(parts, p, id) != TRIPSAGE_OK) {
        code = refused();
    } else if (p->json) {
        printf("{\"trip\":%s,\"summary\":%s,\"itinerary\":%s,\"conflicts\":%s}\n", tripsage_doc_json(parts[TRIP], NULL),
               tripsage_doc_json(parts[SUMMARY], NULL), tripsage_doc_json(parts[ITINERARY], NULL),
               tripsage_doc_json(parts[CONFLICTS], NULL));
    } else {
        show_trip(parts[TRIP], parts[SUMMARY]);
        show_itinerary(parts[ITINERARY]);
        show_conflicts(parts[CONFLICTS]);
    }
    for (size_t i = 0; i < PARTS; i++)
        tripsage_doc_free(parts[i]);
    return code;
}

/* ---- add ---- */

static const option add_options[] = {
    {"on", "DATE", "the day"},
    {"at", "HH:MM", "when it starts, local time of the place"},
    {"until", "HH:MM", "when it ends"},
    {"until-date", "DATE", "on which day it ends (the same)"},
    {"type", "TYPE", "activity, accommodation, transport, meal, event or other (activity)"},
    {"place", "NAME", "where"},
    {"zone", "ZONE", "its time zone, IANA (the trip's)"},
    {"cost", "AMOUNT", "in minor units of the currency"},
    {"currency", "CODE", "of the cost (the budget's)"},
    {"reference", "TEXT", "of the booking"},
    {"notes", "TEXT", "anything else"},
    {NULL, NULL, NULL},
};

static int item_json(text *json, const arguments *given)
{
    const char *place = argument(given, "place");
    text_add(json, "{\"title\":");
    text_add_json(json, given->words[1]);
    if (!argument(given, "type"))
        text_add(json, ",\"item_type\":\"activity\"");
    add_text(json, given, "type", "item_type");
    add_text(json, given, "on", "item_date");
    add_text(json, given, "at", "start_time");
    add_text(json, given, "until", "end_time");
    add_text(json, given, "until-date", "end_date");
    add_text(json, given, "zone", "timezone");
    add_text(json, given, "currency", "currency");
    add_text(json, given, "reference", "booking_reference");
    add_text(json, given, "notes", "notes");
    if (place) {
        text_add(json, ",\"location\":{\"name\":");
        text_add_json(json, place);
        text_add(json, "}");
    }
    int code = add_int(json, given, "cost", "cost");
    text_add(json, "}");
    return code;
}

static int show_what_collides(planner *p, const char *id, const char *item_id)
{
    tripsage_doc *conflicts = NULL;
    if (tripsage_itinerary_conflicts(&conflicts, p->trips, p->actor, id) != TRIPSAGE_OK)
        return refused();
    show_conflicts_of(conflicts, item_id);
    tripsage_doc_free(conflicts);
    return DONE;
}

static int run_add(planner *p, const arguments *given)
{
    char id[ACCOUNT_ID_SIZE], item_id[ACCOUNT_ID_SIZE] = "";
    text json = {0};
    tripsage_doc *item = NULL;
    int code = need(given, "on");
    if (code == DONE)
        code = find_trip(id, p, given->words[0]);
    if (code == DONE)
        code = item_json(&json, given);
    if (code == DONE) {
        tripsage_status status = tripsage_item_create(&item, p->trips, p->actor, id, json.bytes, json.size, NULL);
        if (status == TRIPSAGE_OK)
            snprintf(item_id, sizeof item_id, "%s", tripsage_doc_text(item, "/id"));
        code = finish(p, status, item, show_created);
    }
    text_free(&json);
    return code == DONE && !p->json ? show_what_collides(p, id, item_id) : code;
}

/* ---- share ---- */

static const option share_options[] = {
    {"level", "LEVEL", "view, edit or admin (view)"},
    {NULL, NULL, NULL},
};

static tripsage_status share_json(text *json, planner *p, const arguments *given)
{
    text_add(json, "{\"user_emails\":[");
    for (size_t i = 1; i < given->word_count; i++) {
        char id[ACCOUNT_ID_SIZE];
        tripsage_status status = account_for(id, p->ts, given->words[i]);
        if (status != TRIPSAGE_OK)
            return status;
        text_add(json, i > 1 ? "," : "");
        text_add_json(json, id);
    }
    text_add(json, "]");
    add_text(json, given, "level", "permission_level");
    text_add(json, "}");
    return TRIPSAGE_OK;
}

static int run_share(planner *p, const arguments *given)
{
    char id[ACCOUNT_ID_SIZE];
    text json = {0};
    tripsage_doc *shared = NULL, *everybody = NULL;
    int code = find_trip(id, p, given->words[0]);
    if (code != DONE)
        return code;
    tripsage_status status = share_json(&json, p, given);
    if (status == TRIPSAGE_OK)
        status = tripsage_trip_share(&shared, p->trips, p->actor, id, json.bytes, json.size);
    if (status == TRIPSAGE_OK)
        status = tripsage_collaborator_list(&everybody, p->trips, p->actor, id);
    tripsage_doc_free(shared);
    text_free(&json);
    return finish(p, status, everybody, show_collaborators);
}

/* ---- search, suggest, destinations ---- */

static const option no_options[] = {
    {NULL, NULL, NULL},
};

static int run_search(planner *p, const arguments *given)
{
    text words = {0};
    tripsage_doc *found = NULL;
    add_words(&words, given, 0);
    tripsage_status status = tripsage_trip_search(&found, p->trips, p->actor, words.bytes, NULL);
    text_free(&words);
    return finish(p, status, found, show_found);
}

static const option suggest_options[] = {
    {"month", "N", "when, 1 to 12"},
    {"days", "N", "how long (7)"},
    {"budget", "AMOUNT", "at most, in US cents for one person"},
    {"category", "WORD", "adventure, relaxation, culture, nature, city or beach"},
    {"limit", "N", "at most so many (5)"},
    {NULL, NULL, NULL},
};

static int run_suggest(planner *p, const arguments *given)
{
    tripsage_suggest_options options = TRIPSAGE_SUGGEST_OPTIONS_INIT;
    tripsage_doc *suggestions = NULL;
    text interests = {0};
    long long budget = 0;
    int limit = 5;
    if (read_small(given, "month", &options.month) != DONE || read_small(given, "days", &options.days) != DONE ||
        read_int(given, "budget", &budget) != DONE || read_small(given, "limit", &limit) != DONE)
        return USAGE;
    add_words(&interests, given, 0);
    options.budget_max = budget;
    options.limit = (uint32_t)limit;
    options.category = argument(given, "category");
    options.interests = interests.bytes;
    tripsage_status status = tripsage_suggest(&suggestions, p->trips, p->actor, &options);
    text_free(&interests);
    return finish(p, status, suggestions, show_suggestions);
}

static const option destination_options[] = {
    {"country", "CODE", "only there, ISO 3166-1 (JP)"},
    {"continent", "NAME", "only there"},
    {"month", "N", "only where this is one of the best months"},
    {"cost", "AMOUNT", "a day costs at most so many US cents"},
    {"limit", "N", "at most so many (10)"},
    {NULL, NULL, NULL},
};

static int run_destinations(planner *p, const arguments *given)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_doc *found = NULL;
    text words = {0};
    long long cost = 0;
    int limit = 10;
    if (read_small(given, "month", &query.month) != DONE || read_int(given, "cost", &cost) != DONE ||
        read_small(given, "limit", &limit) != DONE)
        return USAGE;
    add_words(&words, given, 0);
    query.text = words.bytes;
    query.country_code = argument(given, "country");
    query.continent = argument(given, "continent");
    query.max_daily_cost = cost;
    query.limit = (uint32_t)limit;
    tripsage_status status = tripsage_destination_search(&found, p->trips, p->actor, &query);
    text_free(&words);
    return finish(p, status, found, show_destinations);
}

/* ---- the table ---- */

const command commands[] = {
    {"create", "TITLE --from DATE --to DATE --stop NAME...", "Makes a trip and prints its id.", create_options, 1, 1,
     run_create, NULL, 0},
    {"list", "[OPTION...]", "Lists the trips you may see, by their first day.", list_options, 0, 0, run_list, NULL, 0},
    {"show", "TRIP", "Shows a trip: days, plan, money, conflicts.", no_options, 1, 1, run_show, NULL, 0},
    {"add", "TRIP TITLE --on DATE [OPTION...]", "Adds an item to a trip's plan and says what it collides with.",
     add_options, 2, 2, run_add, NULL, 0},
    {"share", "TRIP EMAIL... [--level LEVEL]", "Shares a trip with people.", share_options, 2, ARGUMENTS_MAX, run_share,
     NULL, 0},
    {"search", "WORD...", "Finds words in trips, items and notes; the last word may be a beginning.", no_options, 1,
     ARGUMENTS_MAX, run_search, NULL, 0},
    {"suggest", "[OPTION...] [INTERESTS...]", "Suggests where to go next.", suggest_options, 0, ARGUMENTS_MAX,
     run_suggest, NULL, 0},
    {"destinations", "[OPTION...] [WORD...]", "Searches the catalogue of destinations, by words and by meaning.",
     destination_options, 0, ARGUMENTS_MAX, run_destinations, NULL, 0},
    {"vector", "COMMAND ...", "Fills collections of vectors from files, asks them, measures an index.", no_options, 0,
     ARGUMENTS_MAX, NULL, vector_commands, 0},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, 0},
};
