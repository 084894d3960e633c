/* show.c: documents as text for people. */
#include <stdio.h>
#include <string.h>

#include "planner.h"

/* "/items/3/title" of a list at "/items". Borrowed from the document, NULL when absent. */
static const char *at(tripsage_doc *doc, const char *list, size_t index, const char *member)
{
    char pointer[96];
    snprintf(pointer, sizeof pointer, "%s/%zu%s", list, index, member);
    return tripsage_doc_text(doc, pointer);
}

static long long int_at(tripsage_doc *doc, const char *list, size_t index, const char *member)
{
    char pointer[96];
    snprintf(pointer, sizeof pointer, "%s/%zu%s", list, index, member);
    return tripsage_doc_int(doc, pointer, 0);
}

/* The texts of an array with commas between them. */
static void add_list(text *out, tripsage_doc *doc, const char *pointer, const char *member)
{
    for (size_t i = 0; i < tripsage_doc_count(doc, pointer); i++) {
        const char *value = at(doc, pointer, i, member);
        if (i > 0)
            text_add(out, ", ");
        text_add(out, value ? value : "?");
    }
}

static void cell_list(table *t, tripsage_doc *doc, const char *pointer)
{
    text joined = {0};
    add_list(&joined, doc, pointer, "");
    table_cell(t, joined.bytes);
    text_free(&joined);
}

void show_trips(tripsage_doc *list)
{
    static const char *const titles[] = {"ID", "TITLE", "FROM", "TO", "DAYS", "STATUS", "ROLE", "WHERE"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(list, "/items"); i++) {
        char pointer[48];
        table_cell(&t, at(list, "/items", i, "/id"));
        table_cell(&t, at(list, "/items", i, "/title"));
        table_cell(&t, at(list, "/items", i, "/start_date"));
        table_cell(&t, at(list, "/items", i, "/end_date"));
        table_cell_int(&t, int_at(list, "/items", i, "/duration_days"));
        table_cell(&t, at(list, "/items", i, "/status"));
        table_cell(&t, at(list, "/items", i, "/role"));
        snprintf(pointer, sizeof pointer, "/items/%zu/destinations", i);
        cell_list(&t, list, pointer);
    }
    table_print(&t);
    table_free(&t);
}

void show_trip(tripsage_doc *trip, tripsage_doc *summary)
{
    text stops = {0};
    const char *description = tripsage_doc_text(trip, "/description");
    const char *currency = tripsage_doc_text(summary, "/budget_summary/currency");
    add_list(&stops, trip, "/destinations", "/name");
    print_plain(tripsage_doc_text(trip, "/title"));
    printf("\n%s, %lld days in ", tripsage_doc_text(summary, "/date_range"),
           (long long)tripsage_doc_int(trip, "/duration_days", 0));
    print_plain(stops.bytes ? stops.bytes : "?");
    printf(", %s\n", tripsage_doc_text(trip, "/status"));
    text_free(&stops);
    if (description) {
        print_plain(description);
        putchar('\n');
    }
    if (currency)
        printf("Spent %lld of %lld %s, %lld left\n", (long long)tripsage_doc_int(summary, "/budget_summary/spent", 0),
               (long long)tripsage_doc_int(summary, "/budget_summary/total", 0), currency,
               (long long)tripsage_doc_int(summary, "/budget_summary/remaining", 0));
    printf("Planned to %lld %%\n", (long long)tripsage_doc_number(summary, "/completion_percentage", 0));
}

/* "10:00-11:30", or "15:00 - 11-07 10:00" when it ends on another day. */
static void cell_times(table *t, tripsage_doc *doc, size_t i)
{
    text times = {0};
    const char *start = at(doc, "/items", i, "/start_time"), *end = at(doc, "/items", i, "/end_time");
    const char *day = at(doc, "/items", i, "/item_date"), *last_day = at(doc, "/items", i, "/end_date");
    int over_night = last_day && strcmp(day, last_day) != 0;
    text_add(&times, start ? start : "");
    if (over_night) {
        text_add(&times, " - ");
        text_add(&times, last_day + 5); /* without the year */
        text_add(&times, " ");
    } else if (end) {
        text_add(&times, "-");
    }
    text_add(&times, end ? end : "");
    table_cell(t, times.bytes);
    text_free(&times);
}

static void cell_cost(table *t, tripsage_doc *doc, size_t i)
{
    char cost[64] = "";
    const char *currency = at(doc, "/items", i, "/currency");
    if (currency)
        snprintf(cost, sizeof cost, "%lld %s", int_at(doc, "/items", i, "/cost"), currency);
    table_cell(t, cost);
}

void show_itinerary(tripsage_doc *itinerary)
{
    static const char *const titles[] = {"DATE", "TIME", "WHAT", "TITLE", "WHERE", "COST", "BOOKING"};
    table t;
    if (tripsage_doc_count(itinerary, "/items") == 0) {
        puts("Nothing planned yet.");
        return;
    }
    putchar('\n');
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(itinerary, "/items"); i++) {
        table_cell(&t, at(itinerary, "/items", i, "/item_date"));
        cell_times(&t, itinerary, i);
        table_cell(&t, at(itinerary, "/items", i, "/item_type"));
        table_cell(&t, at(itinerary, "/items", i, "/title"));
        table_cell(&t, at(itinerary, "/items", i, "/location/name"));
        cell_cost(&t, itinerary, i);
        table_cell(&t, at(itinerary, "/items", i, "/booking_status"));
    }
    table_print(&t);
    table_free(&t);
}

/* Whether the item is one of those of the index-th conflict. */
static int concerns(tripsage_doc *conflicts, size_t index, const char *item_id)
{
    char items[48];
    snprintf(items, sizeof items, "/conflicts/%zu/items", index);
    for (size_t i = 0; i < tripsage_doc_count(conflicts, items); i++)
        if (strcmp(at(conflicts, items, i, "/id"), item_id) == 0)
            return 1;
    return 0;
}

void show_conflicts_of(tripsage_doc *conflicts, const char *item_id)
{
    for (size_t i = 0; i < tripsage_doc_count(conflicts, "/conflicts"); i++) {
        if (item_id && !concerns(conflicts, i, item_id))
            continue;
        printf("%s: ", at(conflicts, "/conflicts", i, "/severity"));
        print_plain(at(conflicts, "/conflicts", i, "/message"));
        putchar('\n');
    }
}

void show_conflicts(tripsage_doc *conflicts)
{
    show_conflicts_of(conflicts, NULL);
}

void show_collaborators(tripsage_doc *collaborators)
{
    static const char *const titles[] = {"WHO", "LEVEL", "SINCE"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(collaborators, "/collaborators"); i++) {
        const char *email = at(collaborators, "/collaborators", i, "/email");
        table_cell(&t, email ? email : at(collaborators, "/collaborators", i, "/user_id"));
        table_cell(&t, at(collaborators, "/collaborators", i, "/permission_level"));
        table_cell(&t, at(collaborators, "/collaborators", i, "/added_at"));
    }
    table_print(&t);
    table_free(&t);
}

/* A snippet is HTML: <mark> around the matches, and escapes. A terminal gets asterisks, and the characters themselves. */
static void cell_snippet(table *t, const char *snippet)
{
    static const char *const html[][2] = {{"<mark>", "*"},  {"</mark>", "*"}, {"&lt;", "<"}, {"&gt;", ">"},
                                          {"&quot;", "\""}, {"&#39;", "'"},   {"&amp;", "&"}};
    text plain = {0};
    while (snippet && *snippet) {
        char letter[2] = {*snippet, '\0'};
        const char *put = letter;
        size_t length = 1;
        for (size_t i = 0; i < sizeof html / sizeof *html; i++)
            if (strncmp(snippet, html[i][0], strlen(html[i][0])) == 0) {
                put = html[i][1];
                length = strlen(html[i][0]);
            }
        text_add(&plain, put);
        snippet += length;
    }
    table_cell(t, plain.bytes);
    text_free(&plain);
}

void show_found(tripsage_doc *found)
{
    static const char *const titles[] = {"KIND", "TITLE", "TRIP", "MATCH"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(found, "/items"); i++) {
        table_cell(&t, at(found, "/items", i, "/kind"));
        table_cell(&t, at(found, "/items", i, "/title"));
        table_cell(&t, at(found, "/items", i, "/trip/title"));
        cell_snippet(&t, at(found, "/items", i, "/snippet"));
    }
    table_print(&t);
    table_free(&t);
}

void show_suggestions(tripsage_doc *suggestions)
{
    static const char *const titles[] = {"WHERE", "COUNTRY", "CATEGORY", "BEST TIME", "US CENTS", "WHY"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(suggestions, "/items"); i++) {
        char pointer[48];
        table_cell(&t, at(suggestions, "/items", i, "/destination"));
        table_cell(&t, at(suggestions, "/items", i, "/country"));
        table_cell(&t, at(suggestions, "/items", i, "/category"));
        table_cell(&t, at(suggestions, "/items", i, "/best_time_to_visit"));
        table_cell_int(&t, int_at(suggestions, "/items", i, "/estimated_price"));
        snprintf(pointer, sizeof pointer, "/items/%zu/reasons", i);
        cell_list(&t, suggestions, pointer);
    }
    table_print(&t);
    table_free(&t);
}

void show_destinations(tripsage_doc *destinations)
{
    static const char *const titles[] = {"ID", "NAME", "COUNTRY", "US CENTS/DAY", "TAGS"};
    table t;
    table_begin(&t, sizeof titles / sizeof *titles, titles);
    for (size_t i = 0; i < tripsage_doc_count(destinations, "/items"); i++) {
        char pointer[48];
        table_cell(&t, at(destinations, "/items", i, "/id"));
        table_cell(&t, at(destinations, "/items", i, "/name"));
        table_cell(&t, at(destinations, "/items", i, "/country"));
        table_cell_int(&t, int_at(destinations, "/items", i, "/daily_cost/amount"));
        snprintf(pointer, sizeof pointer, "/items/%zu/tags", i);
        cell_list(&t, destinations, pointer);
    }
    table_print(&t);
    table_free(&t);
}
