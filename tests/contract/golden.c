/* contract/golden.c: every engine writes the same bytes. One script of calls, with clock and chance in hand, is played on each engine; what
 * it answered is compared as text. The first engine's answers are left in the build folder, to be looked at.
 *
 *     golden FILE URL URL...    plays all, writes the first to FILE, compares the others with it
 *     golden --print URL        plays one and prints it
 */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *transcript;

/* Writes what a call answered, and frees its document. */
static void say(const char *call, tripsage_status status, tripsage_doc *doc)
{
    fprintf(transcript, "%s\n  %s\n", call, tripsage_status_name(status));
    if (status != TRIPSAGE_OK) {
        const tripsage_error *error = tripsage_last_error();
        fprintf(transcript, "  %s\n", error->message);
        for (size_t i = 0; i < error->field_count; i++)
            fprintf(transcript, "  %s: %s\n", error->fields[i].pointer, error->fields[i].message);
    } else if (doc) {
        fprintf(transcript, "  %s\n", tripsage_doc_json(doc, NULL));
    }
    tripsage_doc_free(doc);
}

/* A call that gives a document, written as `out` in it. */
#define SAY(call)                                                                                                      \
    do {                                                                                                               \
        tripsage_doc *out_doc = NULL;                                                                                  \
        tripsage_doc **out = &out_doc;                                                                                 \
        tripsage_status said = (call);                                                                                 \
        say(#call, said, out_doc);                                                                                     \
    } while (0)

/* A call that gives none. */
#define SAY_STATUS(call) say(#call, (call), NULL)

/* The id of the `index`-th trip in the actor's list by title; "" when there is none. */
static const char *trip_at(const tripsage_actor *actor, size_t index)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *list = NULL;
    const char *id;

    options.sort = TRIPSAGE_SORT_TITLE;
    (void)tripsage_trip_list(&list, world->trips, actor, &options);
    id = tripsage_doc_text(list, test_format("/items/%zu/id", index));
    id = test_format("%s", id ? id : "");
    tripsage_doc_free(list);
    return id;
}

static const char *item_at(const char *trip, size_t index)
{
    tripsage_doc *all = NULL;
    const char *id;

    (void)tripsage_itinerary_get(&all, world->trips, world->owner, trip);
    id = tripsage_doc_text(all, test_format("/items/%zu/id", index));
    id = test_format("%s", id ? id : "");
    tripsage_doc_free(all);
    return id;
}

#define T world->trips
#define N TRIPSAGE_NUL

static void play_trips(const tripsage_actor *owner)
{
    tripsage_write_options keyed = TRIPSAGE_WRITE_OPTIONS_INIT;

    keyed.idempotency_key = "golden-1";
    SAY(tripsage_trip_create(out, T, owner, TRIP_JSON, N, NULL));
    test_clock_advance(&world->chance, 1234);
    SAY(tripsage_trip_create(
        out, T, owner,
        TRIPSAGE_JSON({"title" : "Winter été", "description" : "a b", "start_date" : "2026-12-24", "end_date" : "2027-01-02",
                                            "destinations" : [ {"name" : "Reykjavik"}, {"name" : "Atlantis", "coordinates" : {"latitude" : 0.1,
                                            "longitude" : -33.333333333}, "timezone" : "Atlantic/Azores"} ], "status" : "booked", "trip_type" : "family",
                                            "visibility" : "public", "tags" : [ " snow ", "light" ], "travelers" : 3, "budget" : {"total" : 123456, "currency" : "ISK",
                                            "breakdown" : {"food" : 1000}}, "preferences" : {"z" : 1, "a" : [ 1.5, null, true ], "n" : 1e21}}),
                                                   N, &keyed));
    SAY(tripsage_trip_create(out, T, owner, "{\"title\":\"\",\"start_date\":\"x\",\"colour\":1}", N, NULL));
    SAY(tripsage_trip_create(out, T, owner, "{\"title\":", N, NULL));
    SAY(tripsage_trip_create(out, T, NULL, TRIP_JSON, N, NULL));
    SAY(tripsage_trip_get(out, T, owner, trip_at(owner, 0)));
    SAY(tripsage_trip_get(out, T, world->stranger, trip_at(owner, 0)));
    SAY(tripsage_trip_get(out, T, world->stranger, trip_at(owner, 1)));
    SAY(tripsage_trip_update(out, T, owner, trip_at(owner, 0), "{\"tags\":[\"x\"],\"status\":\"booked\"}", N, NULL));
    SAY(tripsage_trip_update(out, T, owner, trip_at(owner, 0), "{\"status\":\"planning\",\"travelers\":0}", N, NULL));
    SAY(tripsage_trip_update(out, T, owner, trip_at(owner, 1), "{\"status\":\"planning\"}", N, NULL));
    SAY(tripsage_trip_update(out, T, owner, trip_at(owner, 1), "{\"status\":\"completed\"}", N, NULL));
    test_clock_advance(&world->chance, 1);
    SAY(tripsage_trip_patch(out, T, owner, trip_at(owner, 1),
                            "{\"budget\":{\"breakdown\":{\"food\":null}},\"preferences\":{\"z\":null}}", N, NULL));
    SAY(tripsage_trip_share(out, T, owner, trip_at(owner, 0),
                            "{\"user_emails\":[\"" EDIT_ID "\",\"" VIEW_ID "\"],\"permission_level\":\"edit\"}", N));
    SAY(tripsage_collaborator_update(out, T, owner, trip_at(owner, 0), VIEW_ID, "{\"permission_level\":\"view\"}", N));
    SAY(tripsage_collaborator_list(out, T, world->view, trip_at(owner, 0)));
    SAY(tripsage_trip_update(out, T, world->view, trip_at(owner, 0), "{\"title\":\"no\"}", N, NULL));
}

static void play_itinerary(const tripsage_actor *owner)
{
    const char *trip = trip_at(owner, 0);

    SAY(tripsage_item_create(out, T, owner, trip,
                             TRIPSAGE_JSON({"item_type" : "transport", "title" : "Train", "item_date" : "2026-11-03", "start_time" : "09:00",
        "end_time" : "11:30", "cost" : 1500, "currency" : "JPY", "booking_reference" : "R1", "booking_status" : "booked", "location" : {"name" : "Station", "latitude" : 35.5}}),
                                            N, NULL));
    SAY(tripsage_item_create(out, T, world->edit, trip,
                             TRIPSAGE_JSON({"item_type" : "meal", "title" : "=Lunch", "item_date" : "2026-11-03", "start_time" : "11:00",
        "timezone" : "Europe/Paris", "is_flexible" : true, "notes" : "quiet"}),
                                           N, NULL));
    SAY(tripsage_item_create(out, T, owner, trip,
                             TRIPSAGE_JSON({"item_type" : "accommodation", "title" : "Ryokan", "item_date" : "2026-11-02", "end_date" : "2026-11-06",
        "start_time" : "15:00", "end_time" : "10:00", "cost" : 40000, "currency" : "JPY"}),
                                           N, NULL));
    SAY(tripsage_item_create(out, T, owner, trip, "{\"item_type\":\"party\",\"cost\":1}", N, NULL));
    SAY(tripsage_item_create(out, T, owner, trip,
                             TRIPSAGE_JSON({"item_type" : "event", "title" : "Festival", "item_date" : "2026-11-30"}),
                                           N, NULL));
    SAY(tripsage_itinerary_get(out, T, owner, trip));
    SAY(tripsage_itinerary_conflicts(out, T, owner, trip));
    SAY(tripsage_item_update(out, T, owner, trip, item_at(trip, 1),
                             "{\"start_time\":\"09:30\",\"timezone\":\"Asia/Tokyo\"}", N, NULL));
    SAY(tripsage_item_get(out, T, world->view, trip, item_at(trip, 1)));
    SAY(tripsage_itinerary_conflicts(out, T, owner, trip));
    SAY(tripsage_item_create(out, T, owner, trip,
                             TRIPSAGE_JSON({"item_type" : "activity", "title" : "Walk", "item_date" : "2026-11-03", "start_time" : "10:00",
        "end_time" : "11:00", "is_flexible" : true, "location" : {"latitude" : 35.1, "longitude" : 135.7}}),
                                            N, NULL));
    SAY(tripsage_itinerary_optimize(out, T, owner, trip, NULL));
    SAY(tripsage_itinerary_optimize(out, T, world->view, trip, "convenience"));
    SAY(tripsage_itinerary_optimize(out, T, owner, trip, "beauty"));
    SAY(tripsage_note_create(out, T, world->edit, trip, "{\"content\":\"Mind the \\\"gap\\\"\"}", N, NULL));
    SAY(tripsage_note_create(out, T, world->view, trip, "{\"content\":\"no\"}", N, NULL));
    SAY(tripsage_note_list(out, T, owner, trip));
    SAY(tripsage_trip_summary(out, T, owner, trip));
    SAY_STATUS(tripsage_item_delete(T, owner, trip, item_at(trip, 0), NULL));
}

static void play_lists(const tripsage_actor *owner)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_search_options search = TRIPSAGE_SEARCH_OPTIONS_INIT;

    SAY(tripsage_trip_duplicate(out, T, world->view, trip_at(owner, 0), "{\"start_date\":\"2027-03-25\"}", N, NULL));
    SAY(tripsage_trip_list(out, T, owner, NULL));
    options.limit = 1;
    options.with_total = 1;
    for (int sort = TRIPSAGE_SORT_CREATED; sort <= TRIPSAGE_SORT_TITLE; sort++) {
        options.sort = (tripsage_sort)sort;
        SAY(tripsage_trip_list(out, T, owner, &options));
    }
    options.cursor = "forged";
    SAY(tripsage_trip_list(out, T, owner, &options));
    SAY(tripsage_trip_search(out, T, owner, "kyo", NULL));
    SAY(tripsage_trip_search(out, T, world->stranger, "ete", NULL));
    search.scope = TRIPSAGE_SCOPE_DELETED;
    SAY(tripsage_trip_search(out, T, owner, "x", &search));
    SAY_STATUS(tripsage_trip_delete(T, owner, trip_at(owner, 1), NULL));
    options = (tripsage_list_options)TRIPSAGE_LIST_OPTIONS_INIT;
    options.scope = TRIPSAGE_SCOPE_DELETED;
    SAY(tripsage_trip_list(out, T, owner, &options));
    SAY(tripsage_trip_transfer(out, T, owner, trip_at(owner, 0), "{\"user_id\":\"" VIEW_ID "\"}", N, NULL));
}

static void play_exports(void)
{
    static const char *const formats[] = {"json", "csv", "ics", "pdf"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char *content = NULL;
        size_t length = 0;
        const char *media_type = NULL;
        tripsage_status status =
            tripsage_trip_export(&content, &length, &media_type, T, world->edit, trip_at(world->edit, 0), formats[i]);
        say(formats[i], status, NULL);
        if (content)
            fprintf(transcript, "  %s %zu\n%s\n", media_type, length, content);
        tripsage_free(content);
    }
}

static void play_destinations(const tripsage_actor *owner)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_suggest_options wishes = TRIPSAGE_SUGGEST_OPTIONS_INIT;

    query.text = "quiet temples and gardens";
    query.limit = 5;
    wishes.limit = 5;
    wishes.month = 5;
    SAY(tripsage_destination_get(out, T, owner, "kyoto-jp"));
    SAY(tripsage_destination_search(out, T, owner, &query));
    SAY(tripsage_destination_complete(out, T, owner, "san", 5));
    SAY(tripsage_suggest(out, T, owner, &wishes));
    SAY(tripsage_destination_save(out, T, owner, "{\"destination_id\":\"lisbon-pt\",\"notes\":\"tiles\"}", N));
    SAY(tripsage_destination_saved(out, T, owner));
}

static void play_accounts(void)
{
    SAY(tripsage_auth_sign_up(
        out, world->auth, NULL,
        "{\"email\":\"Ann@Example.org\",\"password\":\"correct horse\",\"data\":{\"b\":1,\"a\":2}}", N));
    SAY(tripsage_auth_sign_in(out, world->auth, NULL, "{\"email\":\"ann@example.org\",\"password\":\"wrong\"}", N));
    SAY(tripsage_auth_sign_in(out, world->auth, NULL, "{\"email\":\"ann@example.org\",\"password\":\"correct horse\"}",
                              N));
    SAY(tripsage_auth_user(out, world->auth, world->stranger));
}

static void play_vectors(const tripsage_actor *owner)
{
    static const float east[2] = {1, 0}, north[2] = {0, 1}, both[2] = {0.6f, 0.8f};
    tripsage_vector_item items[2] = {{"e", NULL, "{\"k\":1}", NULL, east, 2}, {"n", NULL, NULL, NULL, north, 2}};
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.values = both;
    query.value_count = 2;
    SAY_STATUS(tripsage_vector_collection_create(world->vector, world->service, "c", 2, TRIPSAGE_COSINE, NULL));
    SAY_STATUS(tripsage_vector_upsert(world->vector, owner, "c", items, 2));
    SAY(tripsage_vector_search(out, world->vector, owner, "c", &query));
    SAY(tripsage_vector_search(out, world->vector, world->stranger, "c", &query));
    SAY(tripsage_vector_collections(out, world->vector, owner));
}

static void play_words(const tripsage_actor *owner)
{
    static const float here[3][2] = {{1, 0}, {0.6f, 0.8f}, {0, 1}};
    tripsage_vector_item items[3] = {
        {"a", NULL, "{\"k\":1}", "Quiet islands, and an island's reef", here[0], 2},
        {"b", NULL, NULL, "The caf\xc3\xa9s of an island", here[1], 2},
        {"c", NULL, "{\"k\":1}", "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0 by train", here[2], 2}};
    tripsage_vector_query by_words = TRIPSAGE_VECTOR_QUERY_INIT, both, like = by_words;
    const tripsage_vector_query *queries[3] = {&by_words, &both, &like};

    by_words.words = "islands with a cafe, \xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0";
    both = by_words;
    both.values = here[2];
    both.value_count = 2;
    like.like = "a";
    SAY_STATUS(tripsage_vector_upsert(world->vector, owner, "c", items, 3));
    SAY(tripsage_vector_search(out, world->vector, owner, "c", &by_words));
    SAY(tripsage_vector_search(out, world->vector, world->stranger, "c", &by_words));
    SAY(tripsage_vector_search(out, world->vector, world->service, "c", &by_words));
    SAY(tripsage_vector_search_many(out, world->vector, owner, "c", queries, 3));
    both.filter = "{\"k\":1}";
    SAY(tripsage_vector_search(out, world->vector, owner, "c", &both));
    both.text = by_words.words = both.words = "quiet islands with coral reefs";
    both.values = NULL;
    both.filter = NULL;
    SAY(tripsage_vector_search(out, world->vector, owner, "destinations", &both));
    SAY(tripsage_vector_search(out, world->vector, owner, "destinations", &by_words));
}

/* The last: on SQLite the index that follows a collection draws from chance. */
static void play_memories(const tripsage_actor *owner)
{
    SAY(tripsage_memory_context(out, T, owner));
    SAY(tripsage_memory_search(out, T, owner, "{\"query\":\"food\"}", N));
    SAY(tripsage_memory_remember(
        out, T, owner,
        TRIPSAGE_JSON({"messages" : [ {"role" : "user", "content" : "I'm vegan; we visited Lisbon last year. Caf\u00e9s under $12.50!"} ],
                       "session_id" : "golden"}),
                      N));
    SAY(tripsage_memory_remember(out, T, owner, "{\"messages\":[{\"role\":\"user\",\"content\":\"I'm VEGAN\"}]}", N));
    SAY(tripsage_memory_preferences_merge(out, T, owner, "{\"preferences\":{\"z\":[1.5,null],\"a\":\"x\"}}", N));
    SAY(tripsage_memory_preferences_merge(out, T, owner, "{\"preferences\":{\"z\":null}}", N));
    SAY(tripsage_memory_preference_put(out, T, owner, "seat", "window", "Train"));
    SAY(tripsage_memory_search(out, T, owner, "{\"query\":\"vegan food in Lisbon\"}", N));
    SAY(tripsage_memory_search(out, T, owner, "{\"query\":\"vegan food\",\"similarity_threshold\":0}", N));
    SAY(tripsage_memory_context(out, T, owner));
    SAY(tripsage_memory_stats(out, T, owner));
    SAY(tripsage_search_analytics(out, T, owner, NULL));
    SAY(tripsage_memory_clear(out, T, owner, 0));
    SAY(tripsage_memory_clear(out, T, owner, 1));
}

/* Plays the script on a fresh database; gives what was said, from malloc. */
static char *play(const char *url)
{
    char *text = NULL;
    size_t size = 0;

    setenv("TRIPSAGE_TEST_URL", url, 1);
    setenv("TRIPSAGE_TEST_ALGORITHM", "HS256", 1); /* a signature of ECDSA's is another one each time */
    transcript = open_memstream(&text, &size);
    world_open();
    play_trips(world->owner);
    play_itinerary(world->owner);
    play_lists(world->owner);
    play_exports();
    play_destinations(world->owner);
    play_accounts();
    play_vectors(world->owner);
    play_words(world->owner);
    play_memories(world->owner);
    SAY(tripsage_purge_expired(out, world->ts, 0));
    SAY(tripsage_check(out, world->ts));
    world_close();
    fclose(transcript);
    return text;
}

/* Ends the test at the first line that differs. */
static void compare(const char *first, const char *other, const char *url)
{
    long at = 0, line = 0;

    while (first[at] && first[at] == other[at]) {
        if (first[at] == '\n')
            line = at + 1;
        at++;
    }
    if (first[at] != other[at])
        ck_abort_msg("%s differs:\n- %.*s\n+ %.*s", url, (int)strcspn(first + line, "\n"), first + line,
                     (int)strcspn(other + line, "\n"), other + line);
}

/* The program's arguments. */
static const char *golden_file; /* NULL: print */
static char **urls;             /* ends with NULL */

START_TEST(engines_write_the_same_bytes)
{
    char *first = play(urls[0]);
    FILE *file = golden_file ? fopen(golden_file, "w") : stdout;

    ck_assert_msg(file != NULL, "%s cannot be written", golden_file);
    ck_assert_int_ge(fputs(first, file), 0);
    ck_assert_int_eq(golden_file ? fclose(file) : fflush(file), 0);
    for (int i = 1; urls[i]; i++) {
        char *other = play(urls[i]);
        compare(first, other, urls[i]);
        free(other);
    }
    free(first);
}
END_TEST

int main(int count, char **arguments)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");

    if (count < 3 || (strcmp(arguments[1], "--print") == 0) != (count == 3)) {
        fprintf(stderr, "usage: golden FILE URL URL...\n       golden --print URL\n");
        return EXIT_FAILURE;
    }
    golden_file = count == 3 ? NULL : arguments[1];
    urls = arguments + 2;
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, engines_write_the_same_bytes);
    suite_add_tcase(suite, tcase);
    return test_run(srunner_create(suite));
}
