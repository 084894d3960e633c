/* contract/memory.c: what a traveller said, kept once, found by meaning, and nobody else's. */
#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "support/postgres.h"

static tripsage_doc *remember(const tripsage_actor *actor, const char *content)
{
    return OK(tripsage_memory_remember(OUT, world->trips, actor,
                                       test_format("{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", content),
                                       TRIPSAGE_NUL));
}

static tripsage_doc *find(const tripsage_actor *actor, const char *query)
{
    return OK(tripsage_memory_search(OUT, world->trips, actor, test_format("{\"query\":\"%s\"}", query), TRIPSAGE_NUL));
}

static int64_t total_of(const tripsage_actor *actor)
{
    return tripsage_doc_int(OK(tripsage_memory_stats(OUT, world->trips, actor)), "/total_memories", -1);
}

/* Vectors in the collection that belong to the actor. */
static int64_t vectors_of(const tripsage_actor *actor)
{
    tripsage_doc *all = OK(tripsage_vector_collections(OUT, world->vector, actor));

    for (size_t i = 0; i < tripsage_doc_count(all, "/items"); i++)
        if (strcmp(tripsage_doc_text(all, test_format("/items/%zu/name", i)), "memories") == 0)
            return tripsage_doc_int(all, test_format("/items/%zu/count", i), -1);
    return 0;
}

START_TEST(a_conversation_becomes_memories)
{
    tripsage_doc *said = OK(tripsage_memory_remember(
        OUT, world->trips, world->owner,
        TRIPSAGE_JSON({"messages" : [
            {"role" : "system", "content" : "I prefer to be brief."},
            {"role" : "user", "content" : "Hello! I'm vegetarian. I love hiking in Japan and my budget is $150 a night."},
            {"role" : "assistant", "content" : "I like that. Which hotel?"},
            {"role" : "user", "content" : "We stayed in a ryokan last year. Can you find one?"}
        ],
                       "session_id" : "s-1"}),
            TRIPSAGE_NUL));

    IS_COUNT(said, "/results", 3);
    IS_TEXT(said, "/results/0/memory", "I'm vegetarian");
    IS_TEXT(said, "/results/0/event", "ADD");
    IS_JSON(said, "/results/0/categories", "[\"dietary_restrictions\"]");
    IS_TEXT(said, "/results/1/memory", "I love hiking in Japan and my budget is $150 a night");
    IS_JSON(said, "/results/1/categories", "[\"preferences\",\"budget_patterns\",\"activity_preferences\"]");
    IS_TEXT(said, "/results/2/memory", "We stayed in a ryokan last year");
    IS_JSON(said, "/usage", "{\"messages\":4,\"statements\":3,\"added\":3,\"forgotten\":0}");
    ck_assert_int_eq(total_of(world->owner), 3);
    ck_assert_int_eq(vectors_of(world->owner), 3);
    IS_JSON(remember(world->owner, "What is it?"), "",
            "{\"results\":[],\"usage\":{\"messages\":1,\"statements\":0,\"added\":0,\"forgotten\":0}}");
}
END_TEST

START_TEST(the_same_thing_is_remembered_once)
{
    const char *id = text_of(remember(world->owner, "I prefer window seats."), "/results/0/id");
    tripsage_doc *again = remember(world->owner, "i PREFER window  seats!!! I prefer window seats");

    IS_COUNT(again, "/results", 1);
    IS_TEXT(again, "/results/0/id", id);
    IS_TEXT(again, "/results/0/event", "NONE");
    IS_INT(again, "/usage/statements", 2);
    IS_INT(again, "/usage/added", 0);
    ck_assert_int_eq(total_of(world->owner), 1);
    ck_assert_int_eq(vectors_of(world->owner), 1);
    IS_INT(find(world->owner, "window seats"), "/results/0/version", 2);
    /* Of another user it is another memory. */
    ck_assert_str_ne(text_of(remember(world->stranger, "I prefer window seats."), "/results/0/id"), id);
    ck_assert_int_eq(total_of(world->stranger), 1);
}
END_TEST

START_TEST(it_is_found_by_meaning)
{
    tripsage_doc *found;

    remember(world->owner, "I am vegan and allergic to peanuts. I love scuba diving on coral reefs. We like quiet "
                           "hotels with a pool. My budget is $2,000. We visited the temples of Kyoto last year.");
    found = find(world->owner, "snorkelling over a reef");
    IS_TEXT(found, "/results/0/memory", "I love scuba diving on coral reefs");
    IS_TEXT(found, "/query", "snorkelling over a reef");
    SAME_TEXT(
        test_members(test_json_at(json_of(found), "/results/0"), ""),
        "id,memory,memory_type,categories,metadata,version,created_at,updated_at,user_id,score,similarity,matched");
    IS_TEXT(found, "/results/0/user_id", OWNER_ID);
    IS_TEXT(found, "/results/0/memory_type", "user_preference");
    IS_TEXT(found, "/results/0/metadata/source", "conversation");
    IS_TEXT(found, "/results/0/metadata/context_type", "travel_planning");
    ck_assert(tripsage_doc_number(found, "/results/0/similarity", 0) >= 0.2);
    for (size_t i = 1; i < tripsage_doc_count(found, "/results"); i++)
        ck_assert(tripsage_doc_number(found, test_format("/results/%zu/score", i - 1), -1) >=
                  tripsage_doc_number(found, test_format("/results/%zu/score", i), 2));
    IS_TEXT(find(world->owner, "old temple in Japan"), "/results/0/memory",
            "We visited the temples of Kyoto last year");
}
END_TEST

#define SEARCH(json) OK(tripsage_memory_search(OUT, world->trips, world->owner, (json), TRIPSAGE_NUL))

START_TEST(filters_thresholds_and_limits_hold)
{
    tripsage_doc *found;

    OK(tripsage_memory_remember(
        OUT, world->trips, world->owner,
        TRIPSAGE_JSON({"messages" : [ {"role" : "user", "content" : "I like hotels in Paris. We visited hotels in Rome. I need a cheap hotel."} ],
                       "session_id" : "s-2",
                       "context_type" : "booking"}),
                      TRIPSAGE_NUL));
    remember(world->owner, "I like hotels with gardens");
    OK(tripsage_memory_preference_put(OUT, world->trips, world->owner, "hotels", "small ones", "Lodging"));

    found = SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0}");
    IS_INT(found, "/total", 5);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"limit\":2}"), "/total", 2);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":1}"), "/total", 0);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"session_id\":\"s-2\"}}"), "/total",
           3);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"memory_type\":\"trip_history\"}}"),
           "/total", 1);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"source\":\"preference\",\"key\":"
                  "\"hotels\"}}"),
           "/total", 1);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"has_location\":true}}"), "/total",
           2);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"has_location\":false,\"has_budget\":"
                  "true}}"),
           "/total", 1);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"categories\":[\"accommodation_"
                  "preferences\",\"preferences\"]}}"),
           "/total", 3);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"categories\":[\"lodging\"]}}"),
           "/total", 1);
    IS_INT(SEARCH("{\"query\":\"hotels\",\"similarity_threshold\":0,\"filters\":{\"context_type\":\"nothing\"}}"),
           "/total", 0);
}
END_TEST

START_TEST(bad_input_is_refused_by_name)
{
    static const struct {
        const char *json;
        const char *pointers[3];
    } conversations[] = {
        {"{}", {"/messages"}},
        {"{\"messages\":[]}", {"/messages"}},
        {"{\"messages\":[{\"role\":\"king\",\"content\":\"I\"},{\"role\":\"user\"}],\"x\":1}",
         {"/messages/0/role", "/messages/1/content", "/x"}},
        {"{\"messages\":[7],\"session_id\":\"\"}", {"/messages/0", "/session_id"}},
    };
    static const struct {
        const char *json;
        const char *pointers[3];
    } searches[] = {
        {"{}", {"/query"}},
        {"{\"query\":\"x\",\"limit\":101,\"similarity_threshold\":1.5}", {"/limit", "/similarity_threshold"}},
        {"{\"query\":\"x\",\"filters\":{\"memory_type\":\"dream\",\"owner\":\"me\"}}",
         {"/filters/memory_type", "/filters/owner"}},
        {"{\"query\":\"x\",\"filters\":{\"categories\":[1]}}", {"/filters/categories"}},
    };
    tripsage_doc *out = NULL;

    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        ck_assert_int_eq(
            tripsage_memory_remember(&out, world->trips, world->owner, conversations[i].json, TRIPSAGE_NUL),
            TRIPSAGE_EINVALID);
        ck_assert_ptr_null(out);
        for (size_t p = 0; p < 3 && conversations[i].pointers[p]; p++)
            ck_assert_msg(strstr(test_error_text(), conversations[i].pointers[p]) != NULL, "%s: %s",
                          conversations[i].json, test_error_text());
    }
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        ck_assert_int_eq(tripsage_memory_search(&out, world->trips, world->owner, searches[i].json, TRIPSAGE_NUL),
                         TRIPSAGE_EINVALID);
        for (size_t p = 0; p < 3 && searches[i].pointers[p]; p++)
            ck_assert_msg(strstr(test_error_text(), searches[i].pointers[p]) != NULL, "%s: %s", searches[i].json,
                          test_error_text());
    }
    remember(world->owner, "I like trains");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_memory_search(OUT, world->trips, world->owner, "{\"query\":\"?!\"}", TRIPSAGE_NUL), "/query");
}
END_TEST

START_TEST(more_than_fits_is_refused_whole)
{
    char text[32000] = "";
    size_t size = 0;

    for (int i = 0; i < 501; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "I like train number %d. ", i);
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_memory_remember(OUT, world->trips, world->owner,
                                      test_format("{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", text),
                                      TRIPSAGE_NUL),
             "/messages");
    ck_assert_int_eq(total_of(world->owner), 0);
}
END_TEST

START_TEST(preferences_are_merged_by_key)
{
    tripsage_doc *all = OK(tripsage_memory_preferences_merge(
        OUT, world->trips, world->owner,
        "{\"preferences\":{\"seat\":\"window\",\"pace\":\"slow\",\"nights\":3,\"diet\":{\"vegan\":true}}}",
        TRIPSAGE_NUL));

    IS_JSON(
        all, "",
        "{\"preferences\":{\"diet\":{\"vegan\":true},\"nights\":3,\"pace\":\"slow\",\"seat\":\"window\"},\"total\":4}");
    ck_assert_int_eq(vectors_of(world->owner), 4);
    all = OK(tripsage_memory_preferences_merge(OUT, world->trips, world->owner,
                                               "{\"preferences\":{\"seat\":\"aisle\",\"pace\":null,\"none\":null}}",
                                               TRIPSAGE_NUL));
    IS_JSON(all, "", "{\"preferences\":{\"diet\":{\"vegan\":true},\"nights\":3,\"seat\":\"aisle\"},\"total\":3}");
    ck_assert_int_eq(vectors_of(world->owner), 3);
    IS_TEXT(find(world->owner, "aisle seat"), "/results/0/memory", "seat: aisle");
    IS_INT(OK(tripsage_memory_preferences_merge(OUT, world->trips, world->owner, "{\"preferences\":{}}", TRIPSAGE_NUL)),
           "/total", 3);
    IS_JSON(OK(tripsage_memory_preferences_merge(OUT, world->trips, world->owner,
                                                 "{\"preferences\":{\"diet\":null,\"nights\":null,\"seat\":null}}",
                                                 TRIPSAGE_NUL)),
            "", "{\"preferences\":{},\"total\":0}");
    ck_assert_int_eq(vectors_of(world->owner), 0);
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_memory_preferences_merge(OUT, world->trips, world->owner, "{\"preferences\":7}", TRIPSAGE_NUL),
             "/preferences");
    FAILS_AT(TRIPSAGE_EINVALID,
             tripsage_memory_preferences_merge(
                 OUT, world->trips, world->owner,
                 test_format("{\"preferences\":{\"\":1,\"long\":\"%s\",\"?\":\"!\"}}", test_repeat("x", 901)),
                 TRIPSAGE_NUL),
             "/preferences", "/preferences/long", "/preferences/?");
}
END_TEST

START_TEST(one_preference_has_a_category)
{
    tripsage_doc *one =
        OK(tripsage_memory_preference_put(OUT, world->trips, world->owner, "airline", "Lufthansa", " Flights "));
    const char *id = text_of(one, "/id");

    IS_TEXT(one, "/memory", "airline: Lufthansa");
    IS_JSON(one, "/categories", "[\"preferences\",\"flights\"]");
    IS_TEXT(one, "/metadata/value", "Lufthansa");
    IS_TEXT(one, "/metadata/category", "flights");
    IS_INT(one, "/version", 1);
    one = OK(tripsage_memory_preference_put(OUT, world->trips, world->owner, "airline", "KLM \\\"\\n", NULL));
    IS_TEXT(one, "/id", id);
    IS_INT(one, "/version", 2);
    IS_JSON(one, "/categories", "[\"preferences\",\"general\"]");
    ck_assert_int_eq(total_of(world->owner), 1);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "", "x", NULL), "#key");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "k", "", NULL),
             "#value");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "k", NULL, NULL),
             "#value");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "k", "v", "  "),
             "#category");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "?", "!", NULL),
             "#key");
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_preference_put(OUT, world->trips, world->owner, "k", "\xff", NULL),
             "#value");
}
END_TEST

START_TEST(the_context_has_buckets_insights_and_a_summary)
{
    tripsage_doc *context = OK(tripsage_memory_context(OUT, world->trips, world->owner));

    SAME_TEXT(test_members(json_of(context), ""),
              "preferences,past_trips,saved_destinations,budget_patterns,travel_style,dietary_restrictions,"
              "accommodation_preferences,activity_preferences,insights,summary");
    IS_TEXT(context, "/summary", "New traveller, 0 trips, 0 memories.");
    IS_TEXT(context, "/insights/frequency", "New");

    test_trip(world->owner, "{\"title\":\"Old days\",\"start_date\":\"2001-05-01\",\"end_date\":\"2001-05-04\"}");
    test_trip(world->owner, NULL);
    OK(tripsage_destination_save(OUT, world->trips, world->owner, "{\"destination_id\":\"kyoto-jp\"}", TRIPSAGE_NUL));
    remember(world->owner, "I travel solo. I love hiking in Japan. Kyoto is where I would like to see temples. I spend "
                           "$100 a day. I spent $300.50 on a hotel. I am vegan. I have been to Italy");
    context = OK(tripsage_memory_context(OUT, world->trips, world->owner));
    IS_TEXT(context, "/past_trips/0/memory", "I have been to Italy");
    IS_TEXT(context, "/past_trips/0/source", "conversation");
    IS_TEXT(context, "/past_trips/1/memory", "Old days, 2001-05-01 to 2001-05-04");
    IS_TEXT(context, "/past_trips/1/source", "trip");
    IS_COUNT(context, "/past_trips", 2);
    IS_TEXT(context, "/saved_destinations/1/memory", "Kyoto, Japan");
    IS_TEXT(context, "/dietary_restrictions/0/memory", "I am vegan");
    IS_JSON(context, "/insights/countries",
            "[{\"name\":\"Japan\",\"mentions\":2},{\"name\":\"Italy\",\"mentions\":1}]");
    IS_JSON(context, "/insights/budget",
            "[{\"currency\":\"USD\",\"average\":20025,\"maximum\":30050,\"minimum\":10000,\"mentions\":2}]");
    IS_JSON(context, "/insights/styles", "[{\"name\":\"solo\",\"mentions\":1}]");
    IS_INT(context, "/insights/trips", 2);
    IS_TEXT(context, "/summary",
            "Occasional traveller, 2 trips, 7 memories. Style: solo. Activities: hiking, history. Countries: Japan, "
            "Italy. Diet: I am vegan. Sums spoken of: USD 100.00 to 300.50.");
    /* A stranger's is his own. */
    IS_TEXT(OK(tripsage_memory_context(OUT, world->trips, world->stranger)), "/summary",
            "New traveller, 0 trips, 0 memories.");
}
END_TEST

START_TEST(stats_count_what_is_there)
{
    tripsage_doc *stats = OK(tripsage_memory_stats(OUT, world->trips, world->owner));

    IS_JSON(stats, "", "{\"total_memories\":0,\"by_type\":{},\"by_category\":{},\"preferences\":0,\"limit\":5000}");
    remember(world->owner, "I like trains. We visited Rome.");
    world_advance(1000);
    OK(tripsage_memory_preference_put(OUT, world->trips, world->owner, "seat", "window", "Zoo"));
    stats = OK(tripsage_memory_stats(OUT, world->trips, world->owner));
    IS_JSON(stats, "/by_type", "{\"trip_history\":1,\"user_preference\":2}");
    IS_JSON(stats, "/by_category", "{\"past_trips\":1,\"preferences\":2,\"zoo\":1}");
    IS_INT(stats, "/preferences", 1);
    ck_assert_str_lt(text_of(stats, "/first_memory_at"), text_of(stats, "/last_memory_at"));
}
END_TEST

START_TEST(forgetting_takes_the_vector_along)
{
    tripsage_doc *said = remember(world->owner, "I like trains. I like boats. I like planes.");
    const char *id = text_of(said, "/results/0/id");

    OK(tripsage_memory_delete(world->trips, world->owner, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_memory_delete(world->trips, world->owner, id));
    ck_assert_int_eq(vectors_of(world->owner), 2);
    FAILS_AT(TRIPSAGE_EINVALID, tripsage_memory_clear(OUT, world->trips, world->owner, 0), "#confirm");
    ck_assert_int_eq(total_of(world->owner), 2);
    IS_INT(OK(tripsage_memory_clear(OUT, world->trips, world->owner, 1)), "/deleted", 2);
    ck_assert_int_eq(vectors_of(world->owner), 0);
    IS_INT(find(world->owner, "trains"), "/total", 0);
    IS_INT(OK(tripsage_memory_clear(OUT, world->trips, world->owner, 1)), "/deleted", 0);
    IS_JSON(OK(tripsage_check(OUT, world->ts)), "/problems", "[]");
    /* What was forgotten can be said again. */
    IS_TEXT(remember(world->owner, "I like trains."), "/results/0/event", "ADD");
}
END_TEST

START_TEST(nobody_sees_what_is_not_his)
{
    const char *id = text_of(remember(world->owner, "I like trains."), "/results/0/id");
    static const char said[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"I like trains.\"}]}";

    IS_INT(find(world->stranger, "trains"), "/total", 0);
    ck_assert_int_eq(total_of(world->stranger), 0);
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_memory_delete(world->trips, world->stranger, id));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_memory_delete(world->trips, world->owner, NO_SUCH_ID));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_memory_delete(world->trips, world->owner, "nonsense"));
    FAILS(TRIPSAGE_ENOTFOUND, tripsage_memory_delete(world->trips, world->owner, NULL));
    IS_INT(OK(tripsage_memory_clear(OUT, world->trips, world->stranger, 1)), "/deleted", 0);
    ck_assert_int_eq(total_of(world->owner), 1);

    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_remember(OUT, world->trips, NULL, said, TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED,
          tripsage_memory_search(OUT, world->trips, NULL, "{\"query\":\"x\"}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_context(OUT, world->trips, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_stats(OUT, world->trips, NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_delete(world->trips, NULL, id));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_clear(OUT, world->trips, NULL, 1));
    FAILS(TRIPSAGE_EUNAUTHENTICATED, tripsage_memory_preference_put(OUT, world->trips, NULL, "k", "v", NULL));
    FAILS(TRIPSAGE_EUNAUTHENTICATED,
          tripsage_memory_preferences_merge(OUT, world->trips, NULL, "{\"preferences\":{}}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_memory_remember(OUT, world->trips, world->service, said, TRIPSAGE_NUL));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_memory_context(OUT, world->trips, world->service));
    FAILS(TRIPSAGE_EFORBIDDEN, tripsage_memory_delete(world->trips, world->service, id));
}
END_TEST

START_TEST(what_was_said_longest_ago_makes_room)
{
    char text[32000];
    int64_t forgotten = 0;

    OK(tripsage_memory_preference_put(OUT, world->trips, world->owner, "seat", "window", NULL));
    for (int call = 0; call < 11; call++) {
        size_t size = 0;

        for (int i = 0; i < 500; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "I like train number %d. ", call * 480 + i);
        world_advance(1000);
        forgotten += tripsage_doc_int(remember(world->owner, text), "/usage/forgotten", -1);
        if (strncmp(world->url, "postgresql", strlen("postgresql")) ==
            0) /* as a server does by itself, which the rig's does not */
            test_pg_exec(TEST_PG_SUPERUSER, "ANALYZE");
    }
    ck_assert_int_eq(forgotten, 300);
    ck_assert_int_eq(total_of(world->owner), 5001);
    ck_assert_int_eq(vectors_of(world->owner), 5001);
    IS_INT(SEARCH("{\"query\":\"train number 299\",\"similarity_threshold\":0.99}"), "/total", 0);
    IS_TEXT(remember(world->owner, "I like train number 300."), "/results/0/event", "NONE");
    IS_TEXT(remember(world->owner, "I like train number 299."), "/results/0/event", "ADD");
}
END_TEST

START_TEST(they_go_with_the_account)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    NOT_WITH_A_PROJECT("the accounts are elsewhere");
    const char *users[] = {world_account("hard@example.org"), world_account("soft@example.org"),
                           world_account("stays@example.org")};

    for (size_t i = 0; i < 3; i++)
        remember(world_user(users[i]), "I like trains. I like boats.");
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, users[0], 0));
    OK(tripsage_auth_admin_user_delete(world->auth, world->service, users[1], 1));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(total_of(world_user(users[i])), i == 2 ? 2 : 0);
        ck_assert_int_eq(vectors_of(world_user(users[i])), i == 2 ? 2 : 0);
    }
    query.words = "trains";
    IS_COUNT(OK(tripsage_vector_search(OUT, world->vector, world->service, "memories", &query)), "/items", 1);
}
END_TEST

START_TEST(a_collection_of_another_day_is_noticed)
{
    remember(world->owner, "I like trains.");
    OK(tripsage_vector_collection_delete(world->vector, world->service, "memories"));
    IS_INT(find(world->owner, "trains"), "/total", 0);
    IS_TEXT(remember(world->owner, "I like boats."), "/results/0/event", "ADD");
    IS_TEXT(find(world->owner, "boats"), "/results/0/memory", "I like boats");
    /* Saying it again gives it a vector again. */
    IS_TEXT(remember(world->owner, "I like trains."), "/results/0/event", "NONE");
    IS_TEXT(find(world->owner, "trains"), "/results/0/memory", "I like trains");
}
END_TEST

START_TEST(without_an_embedder_nothing_is_remembered)
{
    OK(tripsage_vector_collection_create(world->vector, world->service, "memories", 4, TRIPSAGE_COSINE, NULL));
    FAILS(TRIPSAGE_ECONFLICT, tripsage_memory_remember(
                                  OUT, world->trips, world->owner,
                                  "{\"messages\":[{\"role\":\"user\",\"content\":\"I like trains.\"}]}", TRIPSAGE_NUL));
    FAILS(TRIPSAGE_ECONFLICT,
          tripsage_memory_search(OUT, world->trips, world->owner, "{\"query\":\"x\"}", TRIPSAGE_NUL));
    ck_assert_int_eq(total_of(world->owner), 0);
}
END_TEST

/* ---- threads ---- */

enum { TALKERS = 8, ROUNDS = 10 };

typedef struct talk {
    tripsage_status status[TALKERS];
    int64_t added[TALKERS];
} talk;

/* All say the same, each beginning somewhere else. */
static void say(size_t index, void *context)
{
    talk *t = context;

    for (int round = 0; round < ROUNDS; round++) {
        char json[4096];
        size_t size = (size_t)snprintf(json, sizeof json, "{\"messages\":[{\"role\":\"user\",\"content\":\"");
        tripsage_doc *doc = NULL;
        tripsage_status status;

        for (size_t i = 0; i < 6; i++)
            size +=
                (size_t)snprintf(json + size, sizeof json - size, "I like train %d of %zu. ", round, (i + index) % 6);
        snprintf(json + size, sizeof json - size, "\"}]}");
        status = tripsage_memory_remember(&doc, world->trips, world->owner, json, TRIPSAGE_NUL);
        if (status != TRIPSAGE_OK && t->status[index] == TRIPSAGE_OK)
            t->status[index] = status;
        t->added[index] += tripsage_doc_int(doc, "/usage/added", 0);
        tripsage_doc_free(doc);
    }
}

START_TEST(at_once_it_is_remembered_once)
{
    talk t = {{TRIPSAGE_OK}, {0}};
    int64_t added = 0;

    test_threads_run(TALKERS, say, &t);
    for (size_t i = 0; i < TALKERS; i++) {
        ck_assert_msg(t.status[i] == TRIPSAGE_OK, "talker %zu: %s", i, tripsage_status_name(t.status[i]));
        added += t.added[i];
    }
    ck_assert_int_eq(added, 6 * ROUNDS);
    ck_assert_int_eq(total_of(world->owner), 6 * ROUNDS);
    ck_assert_int_eq(vectors_of(world->owner), 6 * ROUNDS);
}
END_TEST

Suite *contract_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = test_case(suite, "memory");

    tcase_add_test(tcase, a_conversation_becomes_memories);
    tcase_add_test(tcase, the_same_thing_is_remembered_once);
    tcase_add_test(tcase, it_is_found_by_meaning);
    tcase_add_test(tcase, filters_thresholds_and_limits_hold);
    tcase_add_test(tcase, bad_input_is_refused_by_name);
    tcase_add_test(tcase, more_than_fits_is_refused_whole);
    tcase_add_test(tcase, preferences_are_merged_by_key);
    tcase_add_test(tcase, one_preference_has_a_category);
    tcase_add_test(tcase, the_context_has_buckets_insights_and_a_summary);
    tcase_add_test(tcase, stats_count_what_is_there);
    tcase_add_test(tcase, forgetting_takes_the_vector_along);
    tcase_add_test(tcase, nobody_sees_what_is_not_his);
    tcase_add_test(tcase, what_was_said_longest_ago_makes_room);
    tcase_add_test(tcase, they_go_with_the_account);
    tcase_add_test(tcase, a_collection_of_another_day_is_noticed);
    tcase_add_test(tcase, without_an_embedder_nothing_is_remembered);
    tcase_add_test(test_threads_case(suite, "memory"), at_once_it_is_remembered_once);
    return suite;
}
