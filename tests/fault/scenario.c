/* fault/scenario.c: see scenario.h. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#include "support/app.h"
#include "support/inbox.h"
#include "support/webhook.h"

#define N TRIPSAGE_NUL
#define T world->trips

/* ---- putting the stage up ---- */

static void copy_id(char out[ID_SIZE], const char *id)
{
    snprintf(out, ID_SIZE, "%s", id);
}

/* Records near their limits, so that an answer outgrows what was set aside for it: a failure must come before the commit. */
static void with_trip(stage *s)
{
    copy_id(s->trip,
            test_cast_trip(test_format(
                "{\"visibility\":\"public\",\"budget\":{\"total\":9000,\"currency\":\"EUR\"},\"tags\":[\"a\",\"b\"],"
                "\"description\":\"%s\",\"preferences\":{\"k\":\"%s\"}}",
                test_repeat("slow ", 390), test_repeat("p", 9000))));
}

static void with_parts(stage *s)
{
    with_trip(s);
    copy_id(
        s->item,
        id_of(test_item(
            world->owner, s->trip,
            test_format("{\"item_type\":\"activity\",\"title\":\"Museum\",\"item_date\":\"2026-11-03\",\"start_time\":"
                        "\"09:00\","
                        "\"end_time\":\"11:00\",\"timezone\":\"Asia/Tokyo\",\"cost\":100,\"booking_reference\":\"R\","
                        "\"description\":\"%s\",\"notes\":\"%s\"}",
                        test_repeat("art ", 490), test_repeat("cash ", 390)))));
    test_item(
        world->owner, s->trip,
        TRIPSAGE_JSON({"item_type" : "meal", "title" : "Lunch", "item_date" : "2026-11-03", "start_time" : "10:00"}));
    copy_id(s->note, id_of(test_note(world->owner, s->trip, test_repeat("A note. ", 1200))));
}

static void deleted_trip(stage *s)
{
    with_parts(s);
    OK(tripsage_trip_delete(T, world->owner, s->trip, NULL));
}

/* ---- trips ---- */

static tripsage_status trip_create(stage *s)
{
    return tripsage_trip_create(&s->doc, T, world->owner, TRIP_JSON, N, NULL);
}

static tripsage_status trip_create_keyed(stage *s)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    char key[32];

    snprintf(key, sizeof key, "key-%lld", (long long)s->number);
    options.idempotency_key = key;
    return tripsage_trip_create(&s->doc, T, world->owner, TRIP_JSON, N, &options);
}

static tripsage_status trip_create_again(stage *s)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.idempotency_key = "again";
    return tripsage_trip_create(&s->doc, T, world->owner, TRIP_JSON, N, &options);
}

static void created_once(stage *s)
{
    with_trip(s);
    OK(trip_create_again(s));
    test_stage_clear(s);
}

static tripsage_status trip_create_invalid(stage *s)
{
    return tripsage_trip_create(&s->doc, T, world->owner, "{\"title\":\"\",\"start_date\":\"x\"}", N, NULL);
}

static tripsage_status trip_get(stage *s)
{
    return tripsage_trip_get(&s->doc, T, world->owner, s->trip);
}

static tripsage_status trip_get_as_member(stage *s)
{
    return tripsage_trip_get(&s->doc, T, world->view, s->trip);
}

static tripsage_status trip_update(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"title\":\"Title %lld\",\"tags\":[\"x\"],\"status\":\"planning\"}",
             (long long)s->number);
    return tripsage_trip_update(&s->doc, T, world->owner, s->trip, json, N, NULL);
}

static tripsage_status trip_patch(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"budget\":{\"total\":%lld},\"preferences\":{\"n\":1}}",
             (long long)(9000 + s->number));
    return tripsage_trip_patch(&s->doc, T, world->owner, s->trip, json, N, NULL);
}

static tripsage_status trip_delete(stage *s)
{
    return tripsage_trip_delete(T, world->owner, s->trip, NULL);
}

static tripsage_status trip_restore(stage *s)
{
    return tripsage_trip_restore(&s->doc, T, world->owner, s->trip);
}

static tripsage_status trip_purge(stage *s)
{
    return tripsage_trip_purge(T, world->owner, s->trip);
}

static tripsage_status trip_duplicate(stage *s)
{
    return tripsage_trip_duplicate(&s->doc, T, world->owner, s->trip, "{\"start_date\":\"2027-01-01\"}", N, NULL);
}

static tripsage_status trip_list(stage *s)
{
    return tripsage_trip_list(&s->doc, T, world->owner, NULL);
}

static tripsage_status trip_list_filtered(stage *s)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;

    options.sort = TRIPSAGE_SORT_TITLE;
    options.with_total = 1;
    options.limit = 1;
    options.tag = "a";
    options.destination = "kyoto";
    options.from = "2026-01-01";
    options.cursor = s->cursor;
    return tripsage_trip_list(&s->doc, T, world->owner, &options);
}

static void with_cursor(stage *s)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    const char *next;

    with_trip(s);
    with_trip(s);
    options.sort = TRIPSAGE_SORT_TITLE;
    options.limit = 1;
    next = tripsage_doc_next(OK(tripsage_trip_list(OUT, T, world->owner, &options)));
    ck_assert_ptr_nonnull(next);
    snprintf(s->cursor, sizeof s->cursor, "%s", next);
}

static tripsage_status trip_similar(stage *s)
{
    return tripsage_trip_similar(&s->doc, T, world->owner, s->trip, 0);
}

static tripsage_status trip_similar_fill(stage *s)
{
    int64_t count;

    (void)s;
    return tripsage_trip_similar_fill(&count, T, world->service);
}

static tripsage_status trip_summary(stage *s)
{
    return tripsage_trip_summary(&s->doc, T, world->owner, s->trip);
}

static tripsage_status trip_transfer(stage *s)
{
    return tripsage_trip_transfer(&s->doc, T, world->service, s->trip, "{\"user_id\":\"" VIEW_ID "\"}", N, NULL);
}

static tripsage_status export_as(stage *s, const char *format)
{
    size_t length;
    const char *media_type;

    return tripsage_trip_export(&s->content, &length, &media_type, T, world->owner, s->trip, format);
}

static tripsage_status export_json(stage *s)
{
    return export_as(s, "json");
}

static tripsage_status export_csv(stage *s)
{
    return export_as(s, "csv");
}

static tripsage_status export_ics(stage *s)
{
    return export_as(s, "ics");
}

static tripsage_status trip_search(stage *s)
{
    return tripsage_trip_search(&s->doc, T, world->owner, "kyoto \"museum\" lun", NULL);
}

static tripsage_status trip_search_found(stage *s)
{
    return tripsage_trip_search(&s->doc, T, world->owner, "kyoto", NULL);
}

/* ---- itinerary, notes, collaborators ---- */

static tripsage_status item_create(stage *s)
{
    return tripsage_item_create(&s->doc, T, world->edit, s->trip,
                                "{\"item_type\":\"meal\",\"title\":\"Dinner\",\"item_date\":\"2026-11-04\",\"start_"
                                "time\":\"19:00\",\"cost\":5}",
                                N, NULL);
}

/* Nothing is left to be taken from the trip. */
static tripsage_status item_create_complete(stage *s)
{
    return tripsage_item_create(&s->doc, T, world->edit, s->trip,
                                "{\"item_type\":\"meal\",\"title\":\"Dinner\",\"item_date\":\"2026-11-04\",\"start_"
                                "time\":\"19:00\",\"timezone\":\"Asia/Tokyo\",\"cost\":5,\"currency\":\"JPY\"}",
                                N, NULL);
}

static tripsage_status item_get(stage *s)
{
    return tripsage_item_get(&s->doc, T, world->owner, s->trip, s->item);
}

static tripsage_status item_update(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"title\":\"Item %lld\",\"start_time\":\"08:00\"}", (long long)s->number);
    return tripsage_item_update(&s->doc, T, world->owner, s->trip, s->item, json, N, NULL);
}

static tripsage_status item_delete(stage *s)
{
    return tripsage_item_delete(T, world->owner, s->trip, s->item, NULL);
}

static tripsage_status itinerary_get(stage *s)
{
    return tripsage_itinerary_get(&s->doc, T, world->owner, s->trip);
}

static tripsage_status itinerary_conflicts(stage *s)
{
    return tripsage_itinerary_conflicts(&s->doc, T, world->owner, s->trip);
}

/* A day on which every objective moves something: two at the same time, and one far from both. */
static void with_a_bad_day(stage *s)
{
    with_parts(s);
    for (int i = 0; i < 3; i++)
        test_item(world->owner, s->trip,
                  test_format("{\"item_type\":\"activity\",\"title\":\"Sight %d\",\"item_date\":\"2026-11-05\","
                              "\"start_time\":\"%02d:00\",\"end_time\":\"%02d:30\",\"is_flexible\":true,"
                              "\"location\":{\"latitude\":35,\"longitude\":135.0%d}}",
                              i, 7 + i * i * 3, 10 + i * i * 3, i));
}

static tripsage_status itinerary_optimize(stage *s)
{
    return tripsage_itinerary_optimize(&s->doc, T, world->owner, s->trip, NULL);
}

static tripsage_status itinerary_optimize_wrong(stage *s)
{
    return tripsage_itinerary_optimize(&s->doc, T, world->owner, s->trip, "beauty");
}

static tripsage_status note_create(stage *s)
{
    return tripsage_note_create(&s->doc, T, world->owner, s->trip, "{\"content\":\"Another\"}", N, NULL);
}

static tripsage_status note_list(stage *s)
{
    return tripsage_note_list(&s->doc, T, world->owner, s->trip);
}

static tripsage_status note_get(stage *s)
{
    return tripsage_note_get(&s->doc, T, world->owner, s->trip, s->note);
}

static tripsage_status note_update(stage *s)
{
    char json[9600];

    snprintf(json, sizeof json, "{\"content\":\"Note %lld %09000d\"}", (long long)s->number, 0);
    return tripsage_note_update(&s->doc, T, world->owner, s->trip, s->note, json, N, NULL);
}

static tripsage_status note_delete(stage *s)
{
    return tripsage_note_delete(T, world->owner, s->trip, s->note, NULL);
}

static tripsage_status trip_share(stage *s)
{
    return tripsage_trip_share(
        &s->doc, T, world->owner, s->trip,
        "{\"user_emails\":[\"friend@example.org\",\"" STRANGER_ID "\"],\"permission_level\":\"edit\"}", N);
}

static void with_friend(stage *s)
{
    (void)s;
    world_account("friend@example.org");
}

static tripsage_status collaborator_list(stage *s)
{
    return tripsage_collaborator_list(&s->doc, T, world->owner, s->trip);
}

static tripsage_status collaborator_update(stage *s)
{
    return tripsage_collaborator_update(&s->doc, T, world->owner, s->trip, VIEW_ID, "{\"permission_level\":\"edit\"}",
                                        N);
}

static tripsage_status collaborator_remove(stage *s)
{
    return tripsage_collaborator_remove(T, world->owner, s->trip, VIEW_ID);
}

/* ---- destinations ---- */

static tripsage_status destination_get(stage *s)
{
    return tripsage_destination_get(&s->doc, T, world->owner, "kyoto-jp");
}

static tripsage_status destination_search(stage *s)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;

    query.text = "quiet temples and gardens";
    query.continent = "Asia";
    return tripsage_destination_search(&s->doc, T, world->owner, &query);
}

/* On PostgreSQL the first search makes what is searched, which `suggest` meets. Another text: what was asked is remembered. */
static void searched_before(stage *s)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;

    (void)s;
    query.text = "noodles";
    OK(tripsage_destination_search(OUT, T, world->owner, &query));
}

static tripsage_status destination_filter(stage *s)
{
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;

    query.has_near = 1;
    query.latitude = 35;
    query.longitude = 135;
    query.radius_km = 500;
    return tripsage_destination_search(&s->doc, T, world->owner, &query);
}

static tripsage_status destination_complete(stage *s)
{
    return tripsage_destination_complete(&s->doc, T, world->owner, "san", 0);
}

static void with_trip_searched(stage *s)
{
    with_trip(s);
    searched_before(s);
}

static tripsage_status suggest(stage *s)
{
    return tripsage_suggest(&s->doc, T, world->owner, NULL);
}

static tripsage_status destination_save(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"destination_id\":\"kyoto-jp\",\"notes\":\"n %lld\"}", (long long)s->number);
    return tripsage_destination_save(&s->doc, T, world->owner, json, N);
}

static tripsage_status destination_saved(stage *s)
{
    return tripsage_destination_saved(&s->doc, T, world->owner);
}

static tripsage_status destination_unsave(stage *s)
{
    (void)s;
    return tripsage_destination_unsave(T, world->owner, "kyoto-jp");
}

static void saved_destination(stage *s)
{
    OK(destination_save(s));
    test_stage_clear(s);
}

static const char *look_saved(stage *s)
{
    (void)s;
    return json_of(OK(tripsage_destination_saved(OUT, T, world->owner)));
}

/* ---- memories ---- */

/* One known statement, and two that are new each time. */
static tripsage_status memory_remember(stage *s)
{
    char json[512];

    snprintf(json, sizeof json,
             "{\"messages\":[{\"role\":\"user\",\"content\":\"I am vegan. I like train %lld in Japan. My budget is "
             "$%lld.\"}],\"session_id\":\"s\"}",
             (long long)s->number, (long long)s->number);
    return tripsage_memory_remember(&s->doc, T, world->owner, json, N);
}

static tripsage_status memory_preferences_merge(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"preferences\":{\"seat\":%lld,\"pace\":null}}", (long long)s->number);
    return tripsage_memory_preferences_merge(&s->doc, T, world->owner, json, N);
}

static tripsage_status memory_preference_put(stage *s)
{
    char value[32];

    snprintf(value, sizeof value, "train %lld", (long long)s->number);
    return tripsage_memory_preference_put(&s->doc, T, world->owner, "travels", value, "Style");
}

static void with_memories(stage *s)
{
    OK(memory_remember(s));
    test_stage_clear(s);
    OK(memory_preference_put(s));
    test_stage_clear(s);
}

static tripsage_status memory_search(stage *s)
{
    return tripsage_memory_search(
        &s->doc, T, world->owner,
        "{\"query\":\"trains in Japan\",\"similarity_threshold\":0,\"filters\":{\"categories\":[\"preferences\"]}}", N);
}

static tripsage_status memory_context(stage *s)
{
    return tripsage_memory_context(&s->doc, T, world->owner);
}

static tripsage_status memory_stats(stage *s)
{
    return tripsage_memory_stats(&s->doc, T, world->owner);
}

static void with_one_memory(stage *s)
{
    OK(tripsage_memory_remember(OUT, T, world->owner,
                                "{\"messages\":[{\"role\":\"user\",\"content\":\"I am vegan.\"}]}", N));
    copy_id(s->item,
            text_of(OK(tripsage_memory_search(OUT, T, world->owner, "{\"query\":\"vegan\"}", N)), "/results/0/id"));
}

static tripsage_status memory_delete(stage *s)
{
    return tripsage_memory_delete(T, world->owner, s->item);
}

static tripsage_status memory_clear(stage *s)
{
    return tripsage_memory_clear(&s->doc, T, world->owner, 1);
}

static const char *look_memories(stage *s)
{
    const char *context = json_of(OK(tripsage_memory_context(OUT, T, world->owner)));

    (void)s;
    return test_format(
        "%s\n%s", context,
        json_of(OK(tripsage_memory_search(OUT, T, world->owner,
                                          "{\"query\":\"vegan\",\"similarity_threshold\":0,\"limit\":100}", N))));
}

/* ---- searches over everything ---- */

static void with_parts_searched(stage *s)
{
    with_parts(s);
    searched_before(s);
}

static tripsage_status search_unified(stage *s)
{
    char json[256];

    snprintf(json, sizeof json,
             "{\"query\":\"museum "
             "%lld\",\"types\":[\"trip\",\"destination\",\"memory\"],\"sort_by\":\"price\",\"destination\":"
             "\"Japan\"}",
             (long long)s->number);
    return tripsage_search_unified(&s->doc, T, world->owner, json, N, 0);
}

static tripsage_status search_unified_noted(stage *s)
{
    char json[64];

    snprintf(json, sizeof json, "{\"query\":\"museum %lld\"}", (long long)s->number);
    return tripsage_search_unified(&s->doc, T, world->owner, json, N, 1);
}

static tripsage_status search_bulk(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "[{\"query\":\"kyoto %lld\",\"types\":[\"destination\"]},{\"limit\":0}]",
             (long long)s->number);
    return tripsage_search_bulk(&s->doc, T, world->owner, json, N, 0);
}

static tripsage_status search_save(stage *s)
{
    char json[64];

    snprintf(json, sizeof json, "{\"query\":\"museum %lld\"}", (long long)(s->number % 150));
    return tripsage_search_save(&s->doc, T, world->owner, json, N);
}

static void saved_search(stage *s)
{
    OK(search_save(s));
    copy_id(s->item, id_of(s->doc));
    test_stage_clear(s);
}

static tripsage_status search_recent(stage *s)
{
    return tripsage_search_recent(&s->doc, T, world->owner, 0, 0);
}

static tripsage_status search_unsave(stage *s)
{
    return tripsage_search_unsave(T, world->owner, s->item);
}

static tripsage_status search_analytics(stage *s)
{
    return tripsage_search_analytics(&s->doc, T, world->owner, NULL);
}

static void noted_search(stage *s)
{
    OK(search_unified_noted(s));
    test_stage_clear(s);
}

static const char *look_searches(stage *s)
{
    const char *recent = json_of(OK(tripsage_search_recent(OUT, T, world->owner, 0, 0)));

    (void)s;
    return test_format("%s\n%s", recent, json_of(OK(tripsage_search_analytics(OUT, T, world->owner, NULL))));
}

/* ---- the feed ---- */

/* A change that was made is told, whatever failed on the way; where it cannot be, a resync is. */
static tripsage_status feed_of_changes(stage *s)
{
    tripsage_feed *feed = NULL;
    tripsage_doc *doc = NULL;
    tripsage_change change;
    tripsage_status status = tripsage_feed_open(&feed, T, world->view, NULL);

    if (status == TRIPSAGE_OK)
        status = tripsage_trip_update(&doc, T, world->owner, s->trip, "{\"travelers\":2}", N, NULL);
    tripsage_doc_free(doc);
    if (status == TRIPSAGE_OK)
        status = tripsage_feed_next(&change, feed, 10000);
    if (status == TRIPSAGE_OK)
        ck_assert_int_ne(change.kind, TRIPSAGE_CHANGE_NONE);
    tripsage_feed_close(feed);
    return status;
}

/* ---- webhooks ---- */

static tripsage_status webhook_receive(stage *s)
{
    const char *id = test_format("msg_%lld", (long long)s->number), *body;
    int64_t now = world->chance.now_ms / 1000;
    tripsage_webhook hook = TRIPSAGE_WEBHOOK_INIT;

    body = test_webhook_of_collaborator(s->trip, VIEW_ID, 3, 0);
    hook.id = id;
    hook.timestamp = test_format("%lld", (long long)now);
    hook.signature = test_webhook_sign(TEST_WEBHOOK_SECRET, id, now, body);
    hook.body = body;
    hook.size = strlen(body);
    return tripsage_webhook_receive(&s->doc, world->ts, TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION, TEST_WEBHOOK_SECRET, &hook);
}

/* ---- accounts ---- */

static tripsage_status sign_up(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"email\":\"u%lld@example.org\",\"password\":\"correct horse\"}",
             (long long)s->number);
    return tripsage_auth_sign_up(&s->doc, world->auth, NULL, json, N);
}

static tripsage_status sign_in(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, NULL,
                                 "{\"email\":\"friend@example.org\",\"password\":\"" TEST_PASSWORD "\"}", N);
}

static tripsage_status sign_in_wrong(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, NULL,
                                 "{\"email\":\"friend@example.org\",\"password\":\"wrong one\"}", N);
}

static tripsage_status sign_in_as_guest(stage *s)
{
    return tripsage_auth_sign_in_anonymously(&s->doc, world->auth, NULL, "{\"data\":{\"a\":1}}", N);
}

static void with_refresh_token(stage *s)
{
    OK(sign_in(s));
    snprintf(s->token, sizeof s->token, "%s", tripsage_doc_text(s->doc, "/refresh_token"));
    test_stage_clear(s);
}

static tripsage_status refresh(stage *s)
{
    return tripsage_auth_refresh(&s->doc, world->auth, NULL, s->token);
}

static void with_token(stage *s)
{
    OK(sign_in(s));
    snprintf(s->token, sizeof s->token, "%s", tripsage_doc_text(s->doc, "/access_token"));
    test_stage_clear(s);
}

static tripsage_status verify(stage *s)
{
    return tripsage_auth_verify(&s->made_actor, world->auth, s->token, strlen(s->token));
}

static void signed_in(stage *s)
{
    with_token(s);
    tripsage_actor_free(s->actor);
    OK(tripsage_auth_verify(&s->actor, world->auth, s->token, strlen(s->token)));
}

static tripsage_status sign_out(stage *s)
{
    return tripsage_auth_sign_out(world->auth, s->actor, TRIPSAGE_SIGN_OUT_LOCAL);
}

static tripsage_status user(stage *s)
{
    return tripsage_auth_user(&s->doc, world->auth, s->actor);
}

static tripsage_status find_user(stage *s)
{
    return tripsage_auth_find_user(&s->doc, world->auth, world->service, "friend@example.org");
}

static tripsage_status user_update(stage *s)
{
    char json[64];

    snprintf(json, sizeof json, "{\"full_name\":\"N %lld\",\"data\":{\"a\":1}}", (long long)s->number);
    return tripsage_auth_user_update(&s->doc, world->auth, s->actor, json, N);
}

static tripsage_status password_update(stage *s)
{
    return tripsage_auth_user_update(&s->doc, world->auth, s->actor, "{\"password\":\"" TEST_PASSWORD "\"}", N);
}

/* ---- Supabase Auth's wire ---- */

static const char *wire_header(void *context, const char *name)
{
    static char bearer[sizeof((stage *)0)->token + 8];

    if (strcmp(name, "authorization") != 0)
        return NULL;
    snprintf(bearer, sizeof bearer, "Bearer %s", ((stage *)context)->token);
    return bearer;
}

/* An answer of 500 or more tells of a failure inside, which is the thread's last one; any other is one. */
static tripsage_status ask(stage *s, const char *method, const char *path, const char *query, const char *body)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response;
    tripsage_status status;

    request.method = method;
    request.path = path;
    request.query = query;
    request.header = wire_header;
    request.context = s;
    request.address = s->client;
    request.body = body;
    request.length = body ? strlen(body) : 0;
    status = tripsage_auth_serve(&response, world->auth, &request);
    if (status == TRIPSAGE_OK && tripsage_auth_response_status(response) >= 500)
        status = tripsage_last_error()->status;
    tripsage_auth_response_free(response);
    return status;
}

static tripsage_status wire_meta(stage *s)
{
    tripsage_status status = ask(s, "GET", "/settings", NULL, NULL);

    if (status == TRIPSAGE_OK)
        status = ask(s, "GET", "/.well-known/openid-configuration", NULL, NULL);
    return status == TRIPSAGE_OK ? ask(s, "GET", "/nope", NULL, NULL) : status;
}

static tripsage_status wire_sign_up(stage *s)
{
    char json[160];

    snprintf(json, sizeof json, "{\"email\":\"w%lld@example.org\",\"password\":\"correct horse\",\"data\":{\"a\":1}}",
             (long long)s->number);
    return ask(s, "POST", "/signup", NULL, json);
}

static tripsage_status wire_sign_in(stage *s)
{
    return ask(s, "POST", "/token", "grant_type=password",
               "{\"email\":\"friend@example.org\",\"password\":\"" TEST_PASSWORD "\"}");
}

static tripsage_status wire_refresh(stage *s)
{
    char json[2200];

    snprintf(json, sizeof json, "{\"refresh_token\":\"%s\"}", s->token);
    return ask(s, "POST", "/token", "grant_type=refresh_token", json);
}

static tripsage_status wire_user(stage *s)
{
    return ask(s, "GET", "/user", NULL, NULL);
}

static tripsage_status wire_user_put(stage *s)
{
    char json[160];

    snprintf(json, sizeof json, "{\"data\":{\"a\":{\"n\":%lld}},\"password\":\"correct horse %lld\"}",
             (long long)s->number, (long long)s->number);
    return ask(s, "PUT", "/user", NULL, json);
}

static tripsage_status wire_logout(stage *s)
{
    return ask(s, "POST", "/logout", "scope=local", NULL);
}

/* ---- mails ---- */

#define FRIEND    "friend@example.org"
#define CHALLENGE "0123456789012345678901234567890123456789012"
#define PKCE      ",\"code_challenge\":\"" CHALLENGE "\",\"code_challenge_method\":\"plain\""

/* Another mail may be asked for. A call that fails where it hands the mail over has counted it. */
static void minute_later(void)
{
    test_clock_advance(&world->chance, 60 * TEST_SECOND);
}

static tripsage_status recover(stage *s)
{
    (void)s;
    minute_later();
    return tripsage_auth_recover(world->auth, NULL, "{\"email\":\"" FRIEND "\"" PKCE "}", N);
}

static tripsage_status recover_stranger(stage *s)
{
    (void)s;
    minute_later();
    return tripsage_auth_recover(world->auth, NULL, "{\"email\":\"stranger@example.org\"" PKCE "}", N);
}

/* With a handle that demands it. */
static tripsage_status sign_up_to_confirm(stage *s)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_auth *auth;
    char json[128];
    tripsage_status status;

    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    options.confirm_email = 1;
    options.mail = &test_inbox_options;
    runtime.log = test_inbox_log;
    snprintf(json, sizeof json, "{\"email\":\"c%lld@example.org\",\"password\":\"correct horse\"}",
             (long long)s->number);
    minute_later();
    status = tripsage_auth_open(&auth, world->url, &options, &runtime);
    if (status == TRIPSAGE_OK)
        status = tripsage_auth_sign_up(&s->doc, auth, NULL, json, N);
    tripsage_auth_close(auth);
    return status;
}

static tripsage_status otp_send(stage *s)
{
    (void)s;
    minute_later();
    return tripsage_auth_otp_send(world->auth, NULL, "{\"email\":\"" FRIEND "\"}", N);
}

static tripsage_status otp_send_new(stage *s)
{
    char json[64];

    minute_later();
    snprintf(json, sizeof json, "{\"email\":\"n%lld@example.org\"}", (long long)s->number);
    return tripsage_auth_otp_send(world->auth, NULL, json, N);
}

static tripsage_status resend(stage *s)
{
    (void)s;
    minute_later();
    return tripsage_auth_resend(world->auth, NULL, "{\"type\":\"signup\",\"email\":\"" FRIEND "\"}", N);
}

static tripsage_status resend_change(stage *s)
{
    (void)s;
    minute_later();
    return tripsage_auth_resend(world->auth, NULL, "{\"type\":\"email_change\",\"email\":\"" FRIEND "\"}", N);
}

static tripsage_status email_update(stage *s)
{
    minute_later();
    return tripsage_auth_user_update(&s->doc, world->auth, s->actor, "{\"email\":\"new@example.org\"" PKCE "}", N);
}

static void with_email_change(stage *s)
{
    signed_in(s);
    OK(email_update(s));
    test_stage_clear(s);
}

static tripsage_status reauthenticate(stage *s)
{
    minute_later();
    return tripsage_auth_reauthenticate(world->auth, s->actor);
}

static void with_code(stage *s)
{
    OK(recover(s));
    snprintf(s->key, sizeof s->key, "%s", test_inbox_newest("recovery", FRIEND)->code);
}

static tripsage_status otp_verify(stage *s)
{
    char json[256];

    snprintf(json, sizeof json, "{\"type\":\"recovery\",\"email\":\"" FRIEND "\",\"token\":\"%s\"}", s->key);
    return tripsage_auth_otp_verify(&s->doc, world->auth, NULL, json, N);
}

static tripsage_status otp_verify_wrong(stage *s)
{
    return tripsage_auth_otp_verify(&s->doc, world->auth, NULL,
                                    "{\"type\":\"email\",\"email\":\"" FRIEND "\",\"token\":\"wrong\"}", N);
}

static tripsage_auth_response *follow(const test_mail *mail)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response = NULL;

    request.method = "GET";
    request.path = "/verify";
    request.query = strchr(mail->link, '?') + 1;
    OK(tripsage_auth_serve(&response, world->auth, &request));
    return response;
}

static void with_auth_code(stage *s)
{
    tripsage_auth_response *response;
    const char *name, *value;

    with_code(s);
    response = follow(test_inbox_newest("recovery", FRIEND));
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++)
        if (strcmp(name, "location") == 0)
            snprintf(s->key, sizeof s->key, "%s", strstr(value, "code=") + strlen("code="));
    tripsage_auth_response_free(response);
}

static tripsage_status exchange_code(stage *s)
{
    char json[256];

    snprintf(json, sizeof json, "{\"auth_code\":\"%s\",\"code_verifier\":\"" CHALLENGE "\"}", s->key);
    return tripsage_auth_exchange_code(&s->doc, world->auth, NULL, json, N);
}

/* ---- API keys ---- */

/* `number` counts calls, and a name has one key: the ones before are revoked, so that there are never too many. */
static tripsage_status key_create(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"name\":\"k%lld\",\"kind\":\"secret\",\"expires_in\":3600}", (long long)s->number);
    return tripsage_auth_key_create(&s->doc, world->auth, world->service, json, N);
}

static void no_keys(stage *s)
{
    tripsage_doc *list = OK(tripsage_auth_key_list(OUT, world->auth, world->service));

    (void)s;
    for (size_t i = 0; i < tripsage_doc_count(list, "/items"); i++)
        if (!tripsage_doc_text(list, test_format("/items/%zu/revoked_at", i)))
            OK(tripsage_auth_key_revoke(world->auth, world->service,
                                        tripsage_doc_text(list, test_format("/items/%zu/id", i))));
    test_docs_free();
}

static void with_key(stage *s)
{
    no_keys(s);
    OK(key_create(s));
    copy_id(s->trip, id_of(s->doc));
    snprintf(s->key, sizeof s->key, "%s", tripsage_doc_text(s->doc, "/key"));
    test_stage_clear(s);
}

static tripsage_status key_defaults(stage *s)
{
    return tripsage_auth_key_defaults(&s->doc, world->auth, world->service, 1);
}

static tripsage_status key_list(stage *s)
{
    return tripsage_auth_key_list(&s->doc, world->auth, world->service);
}

static tripsage_status key_rotate(stage *s)
{
    return tripsage_auth_key_rotate(&s->doc, world->auth, world->service, s->trip, 60);
}

static tripsage_status key_revoke(stage *s)
{
    return tripsage_auth_key_revoke(world->auth, world->service, s->trip);
}

static tripsage_status key_verify(stage *s)
{
    return tripsage_auth_key_verify(&s->made_actor, NULL, world->auth, s->key, N);
}

/* ---- users' secrets ---- */

static void with_secret(stage *s)
{
    OK(tripsage_auth_secret_put(world->auth, s->actor, "openai", "sk-0123456789abcdef", N));
}

static tripsage_status secret_put(stage *s)
{
    return tripsage_auth_secret_put(world->auth, s->actor, "openai", "sk-0123456789abcdef", N);
}

static tripsage_status secret_list(stage *s)
{
    return tripsage_auth_secret_list(&s->doc, world->auth, s->actor);
}

static tripsage_status secret_get(stage *s)
{
    return tripsage_auth_secret_get(&s->content, NULL, world->auth, world->service, tripsage_actor_user_id(s->actor),
                                    "openai");
}

static tripsage_status secret_delete(stage *s)
{
    return tripsage_auth_secret_delete(world->auth, s->actor, "openai");
}

/* Seals what is under the database's own key anew under another one; where the database is its handle's, nothing is to be done. */
static tripsage_status reseal(stage *s)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_auth *rotated;
    tripsage_status status;

    if (!world->persists)
        return tripsage_auth_reseal(&s->doc, world->auth, world->service);
    options.secret_key = "a secret key of thirty-two bytes or more";
    status = tripsage_auth_open(&rotated, world->url, &options, &runtime);
    if (status == TRIPSAGE_OK)
        status = tripsage_auth_reseal(&s->doc, rotated, world->service);
    tripsage_auth_close(rotated);
    return status;
}

/* ---- the audit trail ---- */

static tripsage_status audit_list(stage *s)
{
    return tripsage_auth_audit_list(&s->doc, world->auth, world->service, 0, 10);
}

static tripsage_status audit_find(stage *s)
{
    tripsage_audit_options options = TRIPSAGE_AUDIT_OPTIONS_INIT;

    options.action = "api_key_created";
    options.limit = 1;
    return tripsage_auth_audit_find(&s->doc, world->auth, world->service, &options);
}

static tripsage_status audit_find_own(stage *s)
{
    tripsage_audit_options options = TRIPSAGE_AUDIT_OPTIONS_INIT;

    options.own = 1;
    options.limit = 1;
    return tripsage_auth_audit_find(&s->doc, world->auth, s->actor, &options);
}

static tripsage_status audit_verify(stage *s)
{
    return tripsage_auth_audit_verify(&s->doc, world->auth, world->service, NULL);
}

/* What must stay when a call fails. */
static const char *look_keys(stage *s)
{
    (void)s;
    return test_format("%s%s", json_of(OK(tripsage_auth_key_list(OUT, world->auth, world->service))),
                       json_of(OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 10))));
}

static const char *look_secrets(stage *s)
{
    return test_format("%s%s", json_of(OK(tripsage_auth_secret_list(OUT, world->auth, s->actor))),
                       json_of(OK(tripsage_auth_audit_list(OUT, world->auth, world->service, 0, 10))));
}

/* It goes from place to place, each in a transaction of its own that the trail tells of: what was done stays done. */
static const char *look_sealed(stage *s)
{
    return json_of(OK(tripsage_auth_secret_list(OUT, world->auth, s->actor)));
}

static tripsage_status jwks(stage *s)
{
    return tripsage_auth_jwks(&s->doc, world->auth);
}

static tripsage_status auth_ping(stage *s)
{
    (void)s;
    return tripsage_auth_ping(world->auth);
}

static tripsage_status signing_keys(stage *s)
{
    return tripsage_auth_signing_keys(&s->doc, world->auth, world->service);
}

/* So that there is room: the keys before are over. */
static void two_hours_later(stage *s)
{
    (void)s;
    test_clock_advance(&world->chance, 2 * TEST_HOUR);
}

static tripsage_status rotate_signing_key(stage *s)
{
    (void)s;
    return tripsage_auth_rotate_signing_key(world->auth, world->service);
}

static tripsage_status session_list(stage *s)
{
    return tripsage_auth_session_list(&s->doc, world->auth, s->actor);
}

static tripsage_status session_revoke(stage *s)
{
    return tripsage_auth_session_revoke(world->auth, s->actor, tripsage_actor_session_id(s->actor));
}

/* An account to be looked after; its id goes where ids go. */
static void with_account(stage *s)
{
    static long long made;
    char json[192];

    snprintf(json, sizeof json,
             "{\"email\":\"a%lld@example.org\",\"user_metadata\":{\"full_name\":\"Ann\",\"k\":\"%.60s\"}}", ++made,
             test_repeat("m", 60));
    OK(tripsage_auth_admin_user_create(&s->doc, world->auth, world->service, json, N));
    copy_id(s->item, tripsage_doc_text(s->doc, "/id"));
    test_stage_clear(s);
}

static tripsage_status admin_create(stage *s)
{
    char json[192];

    snprintf(json, sizeof json,
             "{\"email\":\"made%lld@example.org\",\"password\":\"correct horse\",\"email_confirm\":true,"
             "\"user_metadata\":{\"a\":1},\"app_metadata\":{\"b\":2},\"ban_duration\":\"1h\"}",
             (long long)s->number);
    return tripsage_auth_admin_user_create(&s->doc, world->auth, world->service, json, N);
}

static tripsage_status admin_get(stage *s)
{
    return tripsage_auth_admin_user_get(&s->doc, world->auth, world->service, s->item);
}

static tripsage_status admin_update(stage *s)
{
    char json[192];

    snprintf(json, sizeof json,
             "{\"email\":\"d%lld@example.org\",\"password\":\"battery staple\",\"user_metadata\":{\"o\":{\"a\":1}},"
             "\"app_metadata\":{\"roles\":[\"x\"]}}",
             (long long)s->number);
    return tripsage_auth_admin_user_update(&s->doc, world->auth, world->service, s->item, json, N);
}

static tripsage_status admin_list(stage *s)
{
    return tripsage_auth_admin_user_list(&s->doc, world->auth, world->service, NULL);
}

static tripsage_status admin_find(stage *s)
{
    tripsage_user_list_options options = TRIPSAGE_USER_LIST_OPTIONS_INIT;

    options.filter = "ann";
    return tripsage_auth_admin_user_list(&s->doc, world->auth, world->service, &options);
}

static tripsage_status admin_generate_link(stage *s)
{
    return tripsage_auth_admin_generate_link(&s->doc, world->auth, world->service,
                                             "{\"type\":\"recovery\",\"email\":\"friend@example.org\"}", N);
}

/* Who is not there yet gets his account first, which stays. */
static tripsage_status admin_invite(stage *s)
{
    return tripsage_auth_admin_invite(&s->doc, world->auth, world->service, "{\"email\":\"guest@example.org\"}", N);
}

static void with_invited(stage *s)
{
    OK(admin_invite(s));
    test_stage_clear(s);
}

static tripsage_status admin_delete(stage *s)
{
    return tripsage_auth_admin_user_delete(world->auth, world->service, s->item, 0);
}

static tripsage_status admin_delete_softly(stage *s)
{
    return tripsage_auth_admin_user_delete(world->auth, world->service, s->item, 1);
}

/* Second factors. The factor's id goes where items' go, its secret where cursors go, that of the challenge where notes' go, and the code
 * to the token. */
static void with_factor(stage *s)
{
    OK(tripsage_auth_factor_enroll(&s->doc, world->auth, s->actor, NULL, "{\"issuer\":\"ts\"}", N));
    copy_id(s->item, tripsage_doc_text(s->doc, "/id"));
    snprintf(s->cursor, sizeof s->cursor, "%s", tripsage_doc_text(s->doc, "/totp/secret"));
    test_stage_clear(s);
}

static void with_challenge(stage *s)
{
    test_clock_advance(&world->chance, 30 * TEST_SECOND); /* the next code */
    OK(tripsage_auth_factor_challenge(&s->doc, world->auth, s->actor, NULL, s->item));
    copy_id(s->note, tripsage_doc_text(s->doc, "/id"));
    test_app_code(s->token, s->cursor, world->chance.now_ms);
    test_stage_clear(s);
}

static tripsage_status factor_enroll(stage *s)
{
    return tripsage_auth_factor_enroll(&s->doc, world->auth, s->actor, NULL, "{}", N);
}

static tripsage_status factor_challenge(stage *s)
{
    return tripsage_auth_factor_challenge(&s->doc, world->auth, s->actor, NULL, s->item);
}

static tripsage_status factor_verify(stage *s)
{
    return tripsage_auth_factor_verify(&s->doc, world->auth, s->actor, NULL, s->item, s->note, s->token);
}

static tripsage_status factor_unenroll(stage *s)
{
    return tripsage_auth_factor_unenroll(world->auth, s->actor, s->item);
}

static tripsage_status factor_list(stage *s)
{
    return tripsage_auth_factor_list(&s->doc, world->auth, s->actor);
}

static tripsage_status recovery_codes(stage *s)
{
    return tripsage_auth_recovery_codes(&s->doc, world->auth, s->actor);
}

static void with_codes(stage *s)
{
    OK(recovery_codes(s));
    snprintf(s->cursor, sizeof s->cursor, "%s", tripsage_doc_text(s->doc, "/recovery_codes/0"));
    test_stage_clear(s);
}

static tripsage_status recovery_verify(stage *s)
{
    return tripsage_auth_recovery_verify(&s->doc, world->auth, s->actor, NULL, s->cursor);
}

static tripsage_status actor_user(stage *s)
{
    return tripsage_actor_user(&s->made_actor, OWNER_ID);
}

static tripsage_status actor_service(stage *s)
{
    return tripsage_actor_service(&s->made_actor);
}

static void friend_signed_in(stage *s)
{
    with_friend(s);
    signed_in(s);
}

static void friend_with_factor(stage *s)
{
    friend_signed_in(s);
    with_factor(s);
}

static void friend_raised(stage *s)
{
    friend_with_factor(s);
    with_challenge(s);
    OK(factor_verify(s));
    test_stage_clear(s);
}

static const char *look_factors(stage *s)
{
    return json_of(OK(tripsage_auth_factor_list(OUT, world->auth, s->actor)));
}

static void friend_changes(stage *s)
{
    with_friend(s);
    with_email_change(s);
}

static const char *look_nothing(stage *s)
{
    (void)s;
    return "";
}

/* ---- vectors ---- */

static const float east[4] = {1, 0, 0, 0}, north[4] = {0, 1, 0, 0};

static tripsage_status collection_create(stage *s)
{
    char name[32];

    snprintf(name, sizeof name, "c%lld", (long long)s->number);
    return tripsage_vector_collection_create(world->vector, world->service, name, 4, TRIPSAGE_COSINE, NULL);
}

static void with_collection(stage *s)
{
    (void)s;
    OK(tripsage_vector_collection_create(world->vector, world->service, "v", 4, TRIPSAGE_COSINE, NULL));
    OK(tripsage_vector_collection_create(world->vector, world->service, "t", TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS,
                                         TRIPSAGE_COSINE, TRIPSAGE_EMBEDDER_BUILTIN));
}

static tripsage_status collection_delete(stage *s)
{
    (void)s;
    return tripsage_vector_collection_delete(world->vector, world->service, "v");
}

static tripsage_status collections(stage *s)
{
    return tripsage_vector_collections(&s->doc, world->vector, world->owner);
}

static tripsage_status vector_upsert(stage *s)
{
    char id[2][32];
    tripsage_vector_item items[2] = {{id[0], NULL, "{\"k\":1}", NULL, east, 4}, {id[1], NULL, NULL, NULL, north, 4}};

    snprintf(id[0], sizeof id[0], "e%lld", (long long)s->number);
    snprintf(id[1], sizeof id[1], "n%lld", (long long)s->number);
    return tripsage_vector_upsert(world->vector, world->owner, "v", items, 2);
}

static tripsage_status vector_upsert_text(stage *s)
{
    tripsage_vector_item item = {"text", NULL, NULL, "warm sand and coral reefs", NULL, 0};

    (void)s;
    return tripsage_vector_upsert(world->vector, world->owner, "t", &item, 1);
}

static void with_vectors(stage *s)
{
    with_collection(s);
    OK(vector_upsert(s));
    OK(vector_upsert_text(s));
}

static void with_vector(stage *s)
{
    OK(vector_upsert(s));
}

static tripsage_status vector_delete(stage *s)
{
    char id[32];

    snprintf(id, sizeof id, "e%lld", (long long)s->number);
    return tripsage_vector_delete(world->vector, world->owner, "v", id);
}

static tripsage_status vector_index(stage *s)
{
    return tripsage_vector_index(&s->doc, world->vector, world->service, "v");
}

static tripsage_status vector_index_build(stage *s)
{
    return tripsage_vector_index_build(&s->doc, world->vector, world->service, "v", 1, NULL, NULL);
}

static tripsage_status vector_search(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.values = east;
    query.value_count = 4;
    query.filter = "{\"k\":1}";
    return tripsage_vector_search(&s->doc, world->vector, world->owner, "v", &query);
}

static tripsage_status vector_search_text(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = "a beach to snorkel";
    return tripsage_vector_search(&s->doc, world->vector, world->owner, "t", &query);
}

static tripsage_status vector_search_words(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.words = "warm reefs";
    return tripsage_vector_search(&s->doc, world->vector, world->owner, "t", &query);
}

static tripsage_status vector_search_hybrid(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;

    query.text = query.words = "a beach with reefs";
    return tripsage_vector_search(&s->doc, world->vector, world->service, "t", &query);
}

static tripsage_status vector_search_many(stage *s)
{
    tripsage_vector_query like = TRIPSAGE_VECTOR_QUERY_INIT, both = like, words = like;
    const tripsage_vector_query *const queries[] = {&like, &both, &words};

    like.like = "text";
    both.text = both.words = "a beach with reefs";
    words.words = "warm reefs";
    words.filter = "{\"k\":1}";
    return tripsage_vector_search_many(&s->doc, world->vector, world->owner, "t", queries, 3);
}

static const char *look_vectors(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    const char *text = json_of(OK(tripsage_vector_collections(OUT, world->vector, world->owner)));

    (void)s;
    query.values = east;
    query.value_count = 4;
    query.k = 1000;
    if (!strstr(text, "\"v\""))
        return text;
    return test_format("%s\n%s", text,
                       json_of(OK(tripsage_vector_search(OUT, world->vector, world->owner, "v", &query))));
}

/* ---- embedders ---- */

#define SERVERS_MODEL "served"

/* A server with one answer, which takes no memory of the library's. It stays until the program ends. */
static void one_vector(test_web_reply *reply, const test_web_request *request, void *user)
{
    (void)request;
    (void)user;
    reply->status = 200;
    reply->body = "{\"data\":[{\"index\":0,\"embedding\":[1,0,0,0]}]}";
}

static const char *embedding_server(void)
{
    static test_web *web;

    if (!web)
        web = test_web_open(one_vector, NULL, TEST_PEER_PLAIN);
    return test_web_url(web);
}

static tripsage_status open_embedder(tripsage_embedder **out, const char *source)
{
    tripsage_embedder_options options = TRIPSAGE_EMBEDDER_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    options.source = source;
    options.base_url = embedding_server();
    options.api_key = "secret";
    options.model = SERVERS_MODEL;
    options.dimensions = strcmp(source, "openai") == 0 ? 4 : 0;
    options.query_prefix = "query: ";
    return tripsage_embedder_open(out, &options, &runtime);
}

static tripsage_status embedder_open_server(stage *s)
{
    return open_embedder(&s->embedder, "openai");
}

static tripsage_status embedder_open_model(stage *s)
{
    return open_embedder(&s->embedder, TRIPSAGE_SOURCE_DIR "/tests/data/model2vec/plain");
}

/* A folder for files beside the database, wherever that is; it goes with the world. */
static const char *own_folder(void)
{
    if (!world->folder[0])
        test_temp_make(world->folder);
    return world->folder;
}

static const char *words_path(void)
{
    static char path[TEST_PATH_SIZE];

    test_path_join(path, own_folder(), "words.txt");
    return path;
}

static void with_words(stage *s)
{
    FILE *file = fopen(words_path(), "w");

    (void)s;
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 5000; i++) /* more than one piece of what remembers them */
        fprintf(file, "w%d %d 1\n", 9999 - i, i);
    fclose(file);
}

static tripsage_status embedder_open_words(stage *s)
{
    return open_embedder(&s->embedder, words_path());
}

static tripsage_status embed_with(const char *source, const char *text)
{
    float row[16];
    tripsage_embedder *embedder;
    tripsage_status status = open_embedder(&embedder, source);

    if (status == TRIPSAGE_OK)
        status = tripsage_embedder_embed(row, embedder, TRIPSAGE_EMBED_QUERY, &text, 1);
    tripsage_embedder_close(embedder);
    return status;
}

static tripsage_status embedder_embed_server(stage *s)
{
    (void)s;
    return embed_with("openai", "warm sand");
}

static tripsage_status embedder_embed_model(stage *s)
{
    (void)s;
    return embed_with(TRIPSAGE_SOURCE_DIR "/tests/data/model2vec/mapped", "warm sand and coral reefs");
}

static tripsage_status embedder_embed_words(stage *s)
{
    (void)s;
    return embed_with(words_path(), "W9999, w5001 and no other");
}

static void with_served_collection(stage *s)
{
    with_collection(s);
    (void)embedding_server();
    OK(tripsage_vector_collection_create(world->vector, world->service, "s", 4, TRIPSAGE_COSINE, SERVERS_MODEL));
}

/* The handle is another one after a while, and has to learn of the server again. */
static tripsage_status use_server(void)
{
    tripsage_embedder *embedder;
    tripsage_status status;

    if (tripsage_vector_embedder(world->vector, SERVERS_MODEL))
        return TRIPSAGE_OK;
    status = open_embedder(&embedder, "openai");
    if (status == TRIPSAGE_OK)
        status = tripsage_vector_use_embedder(world->vector, embedder);
    tripsage_embedder_close(embedder);
    return status;
}

/* A text that nobody has embedded yet, since what was embedded is remembered, also by a call that failed afterwards. */
static const char *new_text(void)
{
    static char text[32];
    static long number;

    snprintf(text, sizeof text, "text %ld", ++number);
    return text;
}

static tripsage_status vector_upsert_served(stage *s)
{
    tripsage_vector_item item = {"served", NULL, NULL, new_text(), NULL, 0};
    tripsage_status status = use_server();

    (void)s;
    return status == TRIPSAGE_OK ? tripsage_vector_upsert(world->vector, world->owner, "s", &item, 1) : status;
}

static tripsage_status vector_search_served(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_status status = use_server();

    query.text = new_text();
    return status == TRIPSAGE_OK ? tripsage_vector_search(&s->doc, world->vector, world->owner, "s", &query) : status;
}

static tripsage_status vector_search_known(stage *s)
{
    tripsage_vector_query query = TRIPSAGE_VECTOR_QUERY_INIT;
    tripsage_status status = use_server();

    query.text = "known";
    return status == TRIPSAGE_OK ? tripsage_vector_search(&s->doc, world->vector, world->owner, "s", &query) : status;
}

/* ---- the cache ---- */

static tripsage_status cache_set(stage *s)
{
    char key[32];

    snprintf(key, sizeof key, "k%lld", (long long)s->number);
    return tripsage_cache_set(world->cache, key, strlen(key), "value", 5, 0, TRIPSAGE_CACHE_ALWAYS);
}

static tripsage_status cache_replace(stage *s)
{
    char value[32];

    snprintf(value, sizeof value, "v%lld", (long long)s->number);
    return tripsage_cache_set(world->cache, "same", 4, value, strlen(value), 0, TRIPSAGE_CACHE_ALWAYS);
}

static void with_cached(stage *s)
{
    OK(cache_replace(s));
    OK(tripsage_cache_set(world->cache, "n", 1, "1", 1, 0, TRIPSAGE_CACHE_ALWAYS));
}

static tripsage_status cache_get(stage *s)
{
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get(&value, world->cache, "same", 4);

    (void)s;
    if (status == TRIPSAGE_OK)
        tripsage_cache_value_free(&value);
    return status;
}

static tripsage_status cache_increment(stage *s)
{
    int64_t sum;

    (void)s;
    return tripsage_cache_increment(&sum, world->cache, "n", 1, 1, 0);
}

static tripsage_status cache_expire(stage *s)
{
    (void)s;
    return tripsage_cache_expire(world->cache, "same", 4, 1000000);
}

static tripsage_status cache_clear(stage *s)
{
    uint64_t count;

    (void)s;
    return tripsage_cache_clear(&count, world->cache, "k", 1);
}

static tripsage_status cache_put(stage *s)
{
    static const tripsage_cache_tag tags[] = {{"new", 3}, {"old", 3}};
    tripsage_cache_put_options options = TRIPSAGE_CACHE_PUT_OPTIONS_INIT;

    (void)s;
    options.tags = tags;
    options.tag_count = 2;
    return tripsage_cache_put(world->cache, "same", 4, "tagged", 6, &options);
}

static void with_tagged(stage *s)
{
    with_cached(s);
    OK(cache_put(s));
}

static tripsage_status cache_invalidate_tag(stage *s)
{
    (void)s;
    return tripsage_cache_invalidate_tag(NULL, world->cache, "old", 3);
}

static tripsage_status load_something(tripsage_cache_loading *loading, void *context)
{
    (void)context;
    return tripsage_cache_loaded(loading, "loaded", 6);
}

static tripsage_status cache_get_or_load(stage *s)
{
    tripsage_cache_value value;
    tripsage_status status = tripsage_cache_get_or_load(&value, world->cache, "absent", 6, NULL, load_something, NULL);

    (void)s;
    tripsage_cache_value_free(&value);
    return status;
}

static const char *look_cache(stage *s)
{
    static const char *const keys[] = {"same", "n"};
    const char *text = "";

    (void)s;
    for (size_t i = 0; i < 2; i++) {
        tripsage_cache_value value;
        if (tripsage_cache_get(&value, world->cache, keys[i], strlen(keys[i])) != TRIPSAGE_OK)
            continue;
        text = test_format("%s %s=%.*s", text, keys[i], (int)value.size, (const char *)value.data);
        tripsage_cache_value_free(&value);
    }
    return text;
}

static const char *cache_wire_header(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "authorization") == 0      ? "Bearer a token of 16 or more"
           : strcmp(name, "upstash-encoding") == 0 ? "base64"
                                                   : NULL;
}

/* An answer of 503 tells of a failure inside. */
static tripsage_status ask_cache(const char *path, const char *query, const char *body)
{
    tripsage_cache_serve_options options = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;
    tripsage_cache_request request = TRIPSAGE_CACHE_REQUEST_INIT;
    tripsage_cache_response *response;
    tripsage_status status;

    options.token = "a token of 16 or more";
    request.method = "POST";
    request.path = path;
    request.query = query;
    request.header = cache_wire_header;
    request.body = body;
    request.length = body ? strlen(body) : 0;
    status = tripsage_cache_serve(&response, world->cache, &options, &request);
    if (status == TRIPSAGE_OK && tripsage_cache_response_status(response) == 503)
        status = tripsage_last_error()->status;
    tripsage_cache_response_free(response);
    return status;
}

static tripsage_status cache_wire_path(stage *s)
{
    (void)s;
    return ask_cache("/echo", "a%20b&_token=x", NULL);
}

static tripsage_status cache_wire_pipeline(stage *s)
{
    (void)s;
    return ask_cache("/pipeline", NULL, "[[\"ECHO\",\"a\"],[\"nonsense\"],[\"PING\"]]");
}

static tripsage_status cache_wire_transaction(stage *s)
{
    (void)s;
    return ask_cache("/multi-exec", NULL, "[[\"ECHO\",\"\\u00e4\"],[\"TIME\"]]");
}

static tripsage_status cache_wire_subscribe(stage *s)
{
    (void)s;
    return ask_cache("/subscribe/news/sport", NULL, "[]");
}

/* Benign: what is published where there is no memory for it is an error in the reply, and reaches nobody. */
static tripsage_status cache_messages(stage *s)
{
    static const tripsage_cache_argument names[] = {{"news", 4}};
    static const tripsage_cache_argument line[] = {{"PUBLISH", 7}, {"news", 4}, {"hello", 5}};
    const tripsage_cache_topics topics = {names, 1, NULL, 0};
    tripsage_cache_subscription *subscription;
    tripsage_cache_reply *reply = NULL;
    tripsage_cache_message message;
    tripsage_status status = tripsage_cache_subscribe(&subscription, world->cache, &topics);

    (void)s;
    if (status == TRIPSAGE_OK)
        status = tripsage_cache_command(&reply, world->cache, line, 3);
    if (status == TRIPSAGE_OK && reply->type == TRIPSAGE_CACHE_INTEGER)
        status = tripsage_cache_subscription_next(&message, subscription, 0);
    tripsage_cache_reply_free(reply);
    tripsage_cache_subscription_close(subscription);
    return status;
}

static tripsage_status cache_open(stage *s)
{
    return tripsage_cache_open(&s->cache, NULL, NULL);
}

/* Nobody is there, and nothing is sent. */
static tripsage_status telemetry_open(stage *s)
{
    tripsage_telemetry_options options = TRIPSAGE_TELEMETRY_OPTIONS_INIT;

    options.endpoint = "http://127.0.0.1:9/v1/traces";
    options.headers = "Authorization=Bearer%20x";
    options.resource = "service.name=mine";
    return tripsage_telemetry_open(&s->telemetry, &options, NULL);
}

static tripsage_status telemetry_metrics(stage *s)
{
    tripsage_telemetry *telemetry;
    const char *type;
    size_t length;
    tripsage_status status = tripsage_telemetry_open(&telemetry, NULL, NULL);

    if (status == TRIPSAGE_OK)
        status = tripsage_telemetry_metrics(&s->content, &length, &type, telemetry, NULL);
    tripsage_telemetry_close(telemetry);
    return status;
}

/* Without memory there is no series, and adding to none does nothing. */
static tripsage_status telemetry_series(stage *s)
{
    static const double bounds[] = {1, 10};
    static const char *const values[] = {"tea"};
    const tripsage_instrument_options options = {TRIPSAGE_HISTOGRAM, "cups", "{cup}", "Cups.", {"drink"}, bounds, 2};
    tripsage_telemetry *telemetry;
    tripsage_instrument *cups;
    tripsage_series *series = NULL;
    tripsage_status status = tripsage_telemetry_open(&telemetry, NULL, NULL);

    (void)s;
    if (status == TRIPSAGE_OK)
        status = tripsage_telemetry_instrument(&cups, telemetry, &options);
    if (status == TRIPSAGE_OK) {
        series = tripsage_telemetry_series(cups, values);
        tripsage_telemetry_series_add(series, 3);
        status = series ? TRIPSAGE_OK : TRIPSAGE_ENOMEM;
    }
    tripsage_telemetry_close(telemetry);
    return status;
}

static tripsage_status limiter_open(stage *s)
{
    return tripsage_limiter_open(&s->limiter, NULL, NULL);
}

static tripsage_status limit_rule_new(stage *s)
{
    static const tripsage_limit_policy policy = {"minute", 60, 60000, 0};
    tripsage_limit_rule_options options = TRIPSAGE_LIMIT_RULE_OPTIONS_INIT;

    options.name = "default";
    options.policies = &policy;
    options.policy_count = 1;
    return tripsage_limit_rule_new(&s->rule, &options);
}

/* Decisions in the process ask for no memory, so they hold whatever fails. */
static tripsage_status limit_decide(stage *s)
{
    tripsage_limit_decision decision;
    tripsage_status status = limiter_open(s);

    if (status == TRIPSAGE_OK)
        status = limit_rule_new(s);
    if (status == TRIPSAGE_OK)
        status = tripsage_limit_decide(&decision, s->limiter, s->rule, "ada", 3, 1);
    if (status == TRIPSAGE_OK)
        status = tripsage_limit_peek(&decision, s->limiter, s->rule, "ada", 3, 1);
    if (status == TRIPSAGE_OK)
        status = tripsage_limit_give_back(s->limiter, s->rule, "ada", 3, 1);
    if (status == TRIPSAGE_OK)
        status = tripsage_limit_reset(s->limiter, s->rule, "ada", 3);
    if (status != TRIPSAGE_OK) {
        tripsage_limiter_close(s->limiter);
        s->limiter = NULL;
    }
    return status;
}

/* ---- the store, and opening ---- */

static tripsage_status ping(stage *s)
{
    (void)s;
    return tripsage_ping(world->ts);
}

static tripsage_status database_security(stage *s)
{
    return tripsage_database_security(&s->doc, world->ts);
}

static tripsage_status migrations(stage *s)
{
    return tripsage_migrations(&s->doc, world->ts);
}

static tripsage_status check(stage *s)
{
    return tripsage_check(&s->doc, world->ts);
}

static tripsage_status purge_expired(stage *s)
{
    return tripsage_purge_expired(&s->doc, world->ts, 0);
}

/* Something to sweep of each kind, past its keeping. */
static void with_expired(stage *s)
{
    s->number++;
    OK(trip_create_keyed(s));
    test_stage_clear(s);
    OK(sign_in(s));
    test_stage_clear(s);
    deleted_trip(s);
    test_clock_advance(&world->chance, 31 * TEST_DAY);
}

static tripsage_options chosen_options(tripsage_runtime *runtime)
{
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;

    *runtime = test_chance_runtime(&world->chance);
    options.runtime = runtime;
    return options;
}

static tripsage_status open_again(stage *s)
{
    tripsage_runtime runtime;
    tripsage_options options = chosen_options(&runtime);

    return tripsage_open(&s->ts, world->url, &options);
}

static tripsage_status open_new(stage *s)
{
    tripsage_runtime runtime;
    tripsage_options options = chosen_options(&runtime);

    return tripsage_open(&s->ts, "sqlite::memory:", &options);
}

/* ---- looking after a database: a file of its own, whatever the world's is ---- */

static void kept_url(char url[TEST_URL_SIZE])
{
    char path[TEST_PATH_SIZE];

    test_path_join(path, own_folder(), "kept.db");
    snprintf(url, TEST_URL_SIZE, "sqlite://%s", path);
}

static void with_kept(stage *s)
{
    char url[TEST_URL_SIZE];
    tripsage *ts;

    (void)s;
    kept_url(url);
    OK(tripsage_open(&ts, url, NULL));
    tripsage_close(ts);
}

static tripsage_status backup(stage *s)
{
    tripsage_backup_options options = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    char url[TEST_URL_SIZE];

    kept_url(url);
    options.runtime = &runtime;
    options.keep = 2;
    return tripsage_backup(&s->doc, url, own_folder(), &options);
}

/* Backups are named by the time. */
static void a_moment_later(stage *s)
{
    (void)s;
    test_clock_advance(&world->chance, 1);
}

/* The name of its file is kept in the stage. */
static void with_backup(stage *s)
{
    char url[TEST_URL_SIZE];
    tripsage_doc *made;

    with_kept(s);
    kept_url(url);
    made = OK(tripsage_backup(OUT, url, own_folder(), NULL));
    snprintf(s->token, sizeof s->token, "%s", tripsage_doc_text(made, "/file"));
}

static tripsage_status backup_verify(stage *s)
{
    return tripsage_backup_verify(&s->doc, NULL, s->token, NULL);
}

static tripsage_status restore(stage *s)
{
    tripsage_restore_options options = TRIPSAGE_RESTORE_OPTIONS_INIT;
    char url[TEST_URL_SIZE];

    kept_url(url);
    options.force = 1;
    return tripsage_restore(&s->doc, url, s->token, &options);
}

static tripsage_status migrations_plan(stage *s)
{
    char path[TEST_PATH_SIZE], url[TEST_URL_SIZE];

    test_path_join(path, own_folder(), "none.db");
    snprintf(url, sizeof url, "sqlite://%s", path);
    return tripsage_migrations_plan(&s->doc, url, NULL, 1);
}

/* All but what only the owner of the tables may do, where there is one. */
static tripsage_status maintain(stage *s)
{
    tripsage_maintain_options options = TRIPSAGE_MAINTAIN_OPTIONS_INIT;

    if (strncmp(world->url, "postgres", 8) == 0)
        options.upkeep = TRIPSAGE_UPKEEP_CHECK;
    return tripsage_maintain(&s->doc, world->ts, &options);
}

static const char *no_variable(const char *name, void *user)
{
    (void)name;
    (void)user;
    return NULL;
}

static tripsage_status doctor(stage *s)
{
    tripsage_doctor_options options = TRIPSAGE_DOCTOR_OPTIONS_INIT;
    char url[TEST_URL_SIZE];
    tripsage_config *config;
    tripsage_status status = tripsage_config_read(&config, no_variable, NULL);

    if (status != TRIPSAGE_OK)
        return status;
    kept_url(url);
    options.url = url;
    status = tripsage_doctor(&s->doc, config, &options);
    tripsage_config_free(config);
    return status;
}

/* ---- an index by itself ---- */

static void index_path(char path[TEST_PATH_SIZE])
{
    test_path_join(path, own_folder(), "index");
}

static tripsage_status index_put_two(tripsage_index *index)
{
    static const float values[2][4] = {{1.0f, 0.0f, 0.0f, 0.0f}, {0.0f, 1.0f, 0.0f, 0.0f}};
    static const uint64_t terms[2] = {7, 9};
    tripsage_status status = TRIPSAGE_OK;

    for (uint64_t i = 0; i < 2 && status == TRIPSAGE_OK; i++) {
        const tripsage_index_item item = {i, values[i], terms, 2};

        status = tripsage_index_put(index, &item);
    }
    return status;
}

static tripsage_status index_save(stage *s)
{
    tripsage_index_options options = TRIPSAGE_INDEX_OPTIONS_INIT;
    tripsage_index *index;
    char path[TEST_PATH_SIZE];
    tripsage_status status;

    (void)s;
    index_path(path);
    options.dimensions = 4;
    status = tripsage_index_new(&index, &options, NULL);
    if (status == TRIPSAGE_OK)
        status = index_put_two(index);
    if (status == TRIPSAGE_OK)
        status = tripsage_index_save(index, path, 3);
    tripsage_index_free(index);
    return status;
}

static void with_saved_index(stage *s)
{
    OK(index_save(s));
}

/* The file as it is, asked and changed. */
static tripsage_status index_open(stage *s)
{
    static const float values[4] = {1.0f, 1.0f, 0.0f, 0.0f};
    tripsage_index_query query = TRIPSAGE_INDEX_QUERY_INIT;
    tripsage_index_hit hits[2];
    tripsage_index_result result;
    tripsage_index *index;
    char path[TEST_PATH_SIZE];
    tripsage_status status;

    (void)s;
    index_path(path);
    memset(&result, 0, sizeof result);
    result.hits = hits;
    result.capacity = 2;
    query.values = values;
    query.k = 2;
    status = tripsage_index_open(&index, path, NULL);
    ck_assert((status == TRIPSAGE_OK) == (index != NULL));
    if (status == TRIPSAGE_OK)
        status = tripsage_index_search(&result, index, &query);
    if (status == TRIPSAGE_OK)
        status = index_put_two(index);
    tripsage_index_free(index);
    return status;
}

/* The catalogue's vectors are made by the first search. */
static tripsage_status destination_search_first(stage *s)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);
    tripsage_destination_query query = TRIPSAGE_DESTINATION_QUERY_INIT;
    tripsage_trips *trips;
    tripsage_status status = tripsage_trips_open(&trips, "sqlite::memory:", &runtime);

    query.text = "temples";
    if (status == TRIPSAGE_OK)
        status = tripsage_destination_search(&s->doc, trips, world->owner, &query);
    tripsage_trips_close(trips);
    return status;
}

static tripsage_status trips_open(stage *s)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    return tripsage_trips_open(&s->trips, world->url, &runtime);
}

static tripsage_status auth_open(stage *s)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    return tripsage_auth_open(&s->auth, world->url, NULL, &runtime);
}

static tripsage_status vector_open(stage *s)
{
    tripsage_runtime runtime = test_chance_runtime(&world->chance);

    return tripsage_vector_open(&s->vector, world->url, &runtime);
}

static tripsage_status doc_parse(stage *s)
{
    return tripsage_doc_parse(&s->doc, "{\"a\":[1,2,{\"b\":\"text\"}],\"c\":null}", N);
}

/* ---- limits ---- */

/* Somebody who has never asked before, long enough after the last one. */
static const tripsage_auth_client *stranger(void)
{
    static char address[32];
    static unsigned count;
    static tripsage_auth_client client = TRIPSAGE_AUTH_CLIENT_INIT;

    snprintf(address, sizeof address, "10.%u.%u.%u", count >> 16 & 255, count >> 8 & 255, count & 255);
    count++;
    client.address = address;
    minute_later();
    return &client;
}

#define OWNERS 200

static const tripsage_auth_client guessers = {1, "198.51.100.7", NULL};

#define FRIENDS_GUESS    "{\"email\":\"" FRIEND "\",\"password\":\"wrong one\"}"
#define FRIENDS_PASSWORD "{\"email\":\"" FRIEND "\",\"password\":\"" TEST_PASSWORD "\"}"

static tripsage_status sign_in_anew(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, stranger(), FRIENDS_PASSWORD, N);
}

static tripsage_status guess_anew(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, stranger(), FRIENDS_GUESS, N);
}

/* Guesses from many addresses, more than the account bears. */
static void guessed_at(stage *s)
{
    tripsage_status status = TRIPSAGE_ECREDENTIALS;
    char address[32];
    tripsage_auth_client client = TRIPSAGE_AUTH_CLIENT_INIT;

    client.address = address;
    for (int i = 0; status == TRIPSAGE_ECREDENTIALS; i++) {
        snprintf(address, sizeof address, "172.16.0.%d", i);
        status = tripsage_auth_sign_in(&s->doc, world->auth, &client, FRIENDS_GUESS, N);
    }
    ck_assert_int_eq(status, TRIPSAGE_ERATELIMITED);
}

/* One of the addresses that the account knows: failing calls are guesses as well, of which an address has ten. */
static const tripsage_auth_client *owner(void)
{
    static char address[32];
    static unsigned count;
    static tripsage_auth_client client = TRIPSAGE_AUTH_CLIENT_INIT;

    snprintf(address, sizeof address, "192.0.2.%u", count++ % OWNERS);
    client.address = address;
    return &client;
}

static tripsage_status sign_in_known(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, owner(), FRIENDS_PASSWORD, N);
}

static void friend_is_known(stage *s)
{
    with_friend(s);
    for (int i = 0; i < OWNERS; i++) {
        OK(sign_in_known(s));
        test_stage_clear(s);
    }
}

static void friend_is_guessed_at(stage *s)
{
    tripsage_status status = TRIPSAGE_ECREDENTIALS;

    with_friend(s);
    while (status == TRIPSAGE_ECREDENTIALS)
        status = tripsage_auth_sign_in(&s->doc, world->auth, &guessers, FRIENDS_GUESS, N);
    ck_assert_int_eq(status, TRIPSAGE_ERATELIMITED);
}

static tripsage_status sign_in_refused(stage *s)
{
    return tripsage_auth_sign_in(&s->doc, world->auth, &guessers, FRIENDS_PASSWORD, N);
}

static tripsage_status wire_refused(stage *s)
{
    s->client = guessers.address;
    return ask(s, "POST", "/token", "grant_type=password", FRIENDS_PASSWORD);
}

static tripsage_status sign_up_anew(stage *s)
{
    char json[128];

    snprintf(json, sizeof json, "{\"email\":\"u%lld@example.org\",\"password\":\"correct horse\"}",
             (long long)s->number);
    return tripsage_auth_sign_up(&s->doc, world->auth, stranger(), json, N);
}

static tripsage_status refresh_anew(stage *s)
{
    return tripsage_auth_refresh(&s->doc, world->auth, stranger(), s->token);
}

static void with_refresh_token_anew(stage *s)
{
    OK(sign_in_anew(s));
    snprintf(s->token, sizeof s->token, "%s", tripsage_doc_text(s->doc, "/refresh_token"));
    test_stage_clear(s);
}

static tripsage_status recover_anew(stage *s)
{
    (void)s;
    return tripsage_auth_recover(world->auth, stranger(), "{\"email\":\"" FRIEND "\"}", N);
}

static void recovered(stage *s)
{
    with_friend(s);
    OK(recover(s));
}

static tripsage_status recover_again(stage *s)
{
    (void)s;
    return tripsage_auth_recover(world->auth, NULL, "{\"email\":\"" FRIEND "\"}", N);
}

static tripsage_status wire_recover_again(stage *s)
{
    s->client = NULL;
    return ask(s, "POST", "/recover", NULL, "{\"email\":\"" FRIEND "\"}");
}

static tripsage_status otp_verify_anew(stage *s)
{
    char json[256];

    snprintf(json, sizeof json, "{\"type\":\"recovery\",\"email\":\"" FRIEND "\",\"token\":\"%s\"}", s->key);
    return tripsage_auth_otp_verify(&s->doc, world->auth, stranger(), json, N);
}

/* ---- the list ----
 *
 * Benign, that is, the call may succeed although an allocation of the library itself failed:
 *   verify              a token that cannot be remembered is verified again the next time
 *   key_verify          that its use cannot be noted is logged */
/* clang-format off */
const scenario test_scenarios[] = {
    {.name = "trip_create", .prepare = with_trip, .act = trip_create},
    {.name = "trip_create with a key", .prepare = with_trip, .act = trip_create_keyed},
    {.name = "trip_create again", .prepare = created_once, .act = trip_create_again},
    {.name = "trip_create invalid", .prepare = with_trip, .act = trip_create_invalid, .want = TRIPSAGE_EINVALID},
    {.name = "trip_get", .prepare = with_trip, .act = trip_get},
    {.name = "trip_get as a member", .prepare = with_trip, .act = trip_get_as_member},
    {.name = "trip_update", .prepare = with_trip, .act = trip_update},
    {.name = "trip_patch", .prepare = with_trip, .act = trip_patch},
    {.name = "trip_delete", .before = with_parts, .act = trip_delete},
    {.name = "trip_restore", .before = deleted_trip, .act = trip_restore},
    {.name = "trip_purge", .before = deleted_trip, .act = trip_purge},
    {.name = "trip_duplicate", .prepare = with_parts, .act = trip_duplicate},
    {.name = "trip_list", .prepare = with_trip, .act = trip_list},
    {.name = "trip_list filtered", .prepare = with_cursor, .act = trip_list_filtered},
    {.name = "trip_summary", .prepare = with_parts, .act = trip_summary},
    {.name = "trip_similar", .prepare = with_parts, .act = trip_similar, .benign = 1},
    /* Those that could not be made are not found yet. */
    {.name = "trip_similar lacking", .before = with_trip, .act = trip_similar, .benign = 1, .stride = 37},
    {.name = "trip_similar_fill", .before = with_trip, .act = trip_similar_fill},
    {.name = "trip_transfer", .before = with_trip, .act = trip_transfer},
    {.name = "trip_export json", .prepare = with_parts, .act = export_json},
    {.name = "trip_export csv", .prepare = with_parts, .act = export_csv},
    {.name = "trip_export ics", .prepare = with_parts, .act = export_ics},
    /* What is found is given without being remembered, when there is no memory for that. */
    {.name = "trip_search", .prepare = with_parts, .act = trip_search, .benign = 1},
    {.name = "trip_search found", .prepare = with_parts, .act = trip_search_found, .benign = 1},
    {.name = "item_create", .prepare = with_trip, .act = item_create},
    {.name = "item_create complete", .prepare = with_trip, .act = item_create_complete},
    {.name = "item_get", .prepare = with_parts, .act = item_get},
    {.name = "item_update", .prepare = with_parts, .act = item_update},
    {.name = "item_delete", .before = with_parts, .act = item_delete},
    {.name = "itinerary_get", .prepare = with_parts, .act = itinerary_get},
    {.name = "itinerary_conflicts", .prepare = with_parts, .act = itinerary_conflicts},
    {.name = "itinerary_optimize", .prepare = with_a_bad_day, .act = itinerary_optimize},
    {.name = "itinerary_optimize wrong", .prepare = with_parts, .act = itinerary_optimize_wrong, .want = TRIPSAGE_EINVALID},
    {.name = "note_create", .prepare = with_trip, .act = note_create},
    {.name = "note_list", .prepare = with_parts, .act = note_list},
    {.name = "note_get", .prepare = with_parts, .act = note_get},
    {.name = "note_update", .prepare = with_parts, .act = note_update},
    {.name = "note_delete", .before = with_parts, .act = note_delete},
    {.name = "trip_share", .prepare = with_friend, .before = with_trip, .act = trip_share},
    {.name = "collaborator_list", .prepare = with_trip, .act = collaborator_list},
    {.name = "collaborator_update", .before = with_trip, .act = collaborator_update},
    {.name = "collaborator_remove", .before = with_trip, .act = collaborator_remove},
    {.name = "destination_get", .act = destination_get, .look = look_nothing},
    {.name = "destination_search", .prepare = searched_before, .act = destination_search, .look = look_nothing, .benign = 1},
    {.name = "destination_search filtered", .act = destination_filter, .look = look_nothing, .benign = 1},
    {.name = "destination_complete", .act = destination_complete, .look = look_nothing},
    {.name = "suggest", .prepare = with_trip_searched, .act = suggest, .look = look_nothing},
    {.name = "destination_save", .act = destination_save, .look = look_saved},
    {.name = "destination_saved", .prepare = saved_destination, .act = destination_saved, .look = look_saved},
    {.name = "memory_remember", .act = memory_remember, .look = look_memories},
    {.name = "memory_preferences_merge", .prepare = with_memories, .act = memory_preferences_merge, .look = look_memories},
    {.name = "memory_preference_put", .act = memory_preference_put, .look = look_memories},
    {.name = "memory_search", .prepare = with_memories, .act = memory_search, .look = look_memories, .benign = 1},
    {.name = "memory_context", .prepare = with_memories, .act = memory_context, .look = look_memories},
    {.name = "memory_stats", .prepare = with_memories, .act = memory_stats, .look = look_memories},
    {.name = "memory_delete", .before = with_one_memory, .act = memory_delete, .look = look_memories},
    {.name = "memory_clear", .before = with_memories, .act = memory_clear, .look = look_memories},
    /* What is found is given without being remembered, and a search that cannot be noted is answered. */
    {.name = "search_unified", .prepare = with_parts_searched, .act = search_unified, .look = look_searches, .benign = 1},
    {.name = "search_unified noted", .prepare = with_parts_searched, .act = search_unified_noted, .look = look_nothing, .benign = 1},
    {.name = "search_bulk", .prepare = with_parts_searched, .act = search_bulk, .look = look_searches, .benign = 1},
    {.name = "search_save", .act = search_save, .look = look_searches},
    {.name = "search_recent", .prepare = saved_search, .act = search_recent, .look = look_searches},
    {.name = "search_unsave", .before = saved_search, .act = search_unsave, .look = look_searches},
    {.name = "search_analytics", .prepare = noted_search, .act = search_analytics, .look = look_searches},
    {.name = "destination_unsave", .before = saved_destination, .act = destination_unsave, .look = look_saved},
    {.name = "feed", .prepare = with_trip, .act = feed_of_changes, .look = look_nothing, .benign = 1},
    /* That it was heard cannot always be remembered. */
    /* Where the cache cannot say whether a message was heard before, it is taken for new. */
    {.name = "webhook_receive", .prepare = with_trip, .act = webhook_receive, .look = look_nothing, .benign = 1},
    {.name = "auth_sign_up", .act = sign_up, .look = look_nothing},
    {.name = "auth_sign_in", .prepare = with_friend, .act = sign_in, .look = look_nothing},
    {.name = "auth_sign_in wrong", .prepare = with_friend, .act = sign_in_wrong, .want = TRIPSAGE_ECREDENTIALS, .look = look_nothing},
    {.name = "auth_sign_in_anonymously", .act = sign_in_as_guest, .look = look_nothing},
    {.name = "auth_refresh", .prepare = with_friend, .before = with_refresh_token, .act = refresh, .look = look_nothing},
    {.name = "auth_verify", .prepare = with_friend, .before = with_token, .act = verify, .look = look_nothing, .benign = 1},
    {.name = "auth_sign_out", .prepare = with_friend, .before = signed_in, .act = sign_out, .look = look_nothing, .benign = 1},
    {.name = "auth_user", .prepare = friend_signed_in, .act = user, .look = look_nothing},
    {.name = "auth_find_user", .prepare = with_friend, .act = find_user, .look = look_nothing},
    {.name = "auth_user_update", .prepare = friend_signed_in, .act = user_update, .look = look_nothing},
    {.name = "auth_serve about itself", .act = wire_meta, .look = look_nothing},
    {.name = "auth_serve signup", .act = wire_sign_up, .look = look_nothing},
    {.name = "auth_serve token", .prepare = with_friend, .act = wire_sign_in, .look = look_nothing},
    {.name = "auth_serve refresh", .prepare = with_friend, .before = with_refresh_token, .act = wire_refresh, .look = look_nothing},
    {.name = "auth_serve user", .prepare = friend_signed_in, .act = wire_user, .look = look_nothing, .benign = 1},
    {.name = "auth_serve change", .prepare = friend_signed_in, .act = wire_user_put, .look = look_nothing, .benign = 1},
    {.name = "auth_serve logout", .prepare = with_friend, .before = with_token, .act = wire_logout, .look = look_nothing, .benign = 1},
    {.name = "auth_jwks", .before = two_hours_later, .act = jwks, .look = look_nothing},
    {.name = "auth_ping", .before = two_hours_later, .act = auth_ping, .look = look_nothing},
    {.name = "auth_signing_keys", .act = signing_keys, .look = look_nothing},
    {.name = "auth_rotate_signing_key", .before = two_hours_later, .act = rotate_signing_key, .look = look_nothing},
    {.name = "auth_user_update password", .prepare = friend_signed_in, .act = password_update, .look = look_nothing},
    {.name = "auth_sign_up to confirm", .act = sign_up_to_confirm, .look = look_nothing, .stride = 97},
    {.name = "auth_recover", .prepare = with_friend, .act = recover, .look = look_nothing},
    {.name = "auth_recover stranger", .act = recover_stranger, .look = look_nothing},
    {.name = "auth_otp_send", .prepare = with_friend, .act = otp_send, .look = look_nothing},
    {.name = "auth_otp_send new", .act = otp_send_new, .look = look_nothing},
    {.name = "auth_resend", .prepare = with_friend, .act = resend, .look = look_nothing},
    {.name = "auth_resend change", .prepare = friend_changes, .act = resend_change, .look = look_nothing},
    {.name = "auth_user_update email", .prepare = friend_signed_in, .act = email_update, .look = look_nothing},
    {.name = "auth_reauthenticate", .prepare = friend_signed_in, .act = reauthenticate, .look = look_nothing},
    {.name = "auth_otp_verify", .prepare = with_friend, .before = with_code, .act = otp_verify, .look = look_nothing},
    {.name = "auth_otp_verify wrong", .prepare = with_friend, .act = otp_verify_wrong, .want = TRIPSAGE_ETOKEN, .look = look_nothing},
    {.name = "auth_exchange_code", .prepare = with_friend, .before = with_auth_code, .act = exchange_code, .look = look_nothing},
    {.name = "auth_key_create", .before = no_keys, .act = key_create, .look = look_keys},
    {.name = "auth_key_defaults", .before = no_keys, .act = key_defaults, .look = look_nothing},
    {.name = "auth_key_list", .prepare = with_key, .act = key_list, .look = look_keys},
    {.name = "auth_key_rotate", .before = with_key, .act = key_rotate, .look = look_keys},
    {.name = "auth_key_revoke", .before = with_key, .act = key_revoke, .look = look_keys},
    {.name = "auth_key_verify", .before = with_key, .act = key_verify, .look = look_nothing, .benign = 1},
    {.name = "auth_secret_put", .prepare = friend_signed_in, .act = secret_put, .look = look_secrets},
    {.name = "auth_secret_list", .prepare = friend_signed_in, .before = with_secret, .act = secret_list, .look = look_secrets},
    {.name = "auth_secret_get", .prepare = friend_signed_in, .before = with_secret, .act = secret_get, .look = look_secrets},
    {.name = "auth_secret_delete", .prepare = friend_signed_in, .before = with_secret, .act = secret_delete, .look = look_secrets},
    {.name = "auth_reseal", .prepare = friend_signed_in, .before = with_secret, .act = reseal, .look = look_sealed},
    {.name = "auth_audit_list", .prepare = with_key, .act = audit_list, .look = look_keys},
    {.name = "auth_audit_find", .prepare = with_key, .act = audit_find, .look = look_keys},
    {.name = "auth_audit_find own", .prepare = friend_signed_in, .before = with_secret, .act = audit_find_own, .look = look_secrets},
    {.name = "auth_audit_verify", .prepare = with_key, .act = audit_verify, .look = look_keys},
    {.name = "auth_session_list", .prepare = friend_signed_in, .act = session_list, .look = look_nothing},
    {.name = "auth_session_revoke", .prepare = with_friend, .before = signed_in, .act = session_revoke, .look = look_nothing, .benign = 1},
    {.name = "auth_admin_user_create", .act = admin_create, .look = look_nothing},
    {.name = "auth_admin_user_get", .prepare = with_account, .act = admin_get, .look = look_nothing},
    {.name = "auth_admin_user_update", .before = with_account, .act = admin_update, .look = look_nothing},
    {.name = "auth_admin_user_list", .prepare = with_account, .act = admin_list, .look = look_nothing},
    {.name = "auth_admin_user_list filtered", .prepare = with_account, .act = admin_find, .look = look_nothing},
    {.name = "auth_admin_generate_link", .prepare = with_friend, .act = admin_generate_link, .look = look_nothing},
    {.name = "auth_admin_invite", .prepare = with_invited, .act = admin_invite, .look = look_nothing},
    {.name = "auth_admin_user_delete", .before = with_account, .act = admin_delete, .look = look_nothing},
    {.name = "auth_admin_user_delete softly", .before = with_account, .act = admin_delete_softly, .look = look_nothing},
    {.name = "auth_factor_enroll", .prepare = friend_signed_in, .before = two_hours_later, .act = factor_enroll, .look = look_factors},
    {.name = "auth_factor_challenge", .prepare = friend_with_factor, .act = factor_challenge, .look = look_factors},
    {.name = "auth_factor_verify", .prepare = friend_with_factor, .before = with_challenge, .act = factor_verify, .look = look_factors},
    {.name = "auth_factor_unenroll", .prepare = friend_signed_in, .before = with_factor, .act = factor_unenroll, .look = look_factors},
    {.name = "auth_factor_list", .prepare = friend_with_factor, .act = factor_list, .look = look_factors},
    {.name = "auth_recovery_codes", .prepare = friend_raised, .act = recovery_codes, .look = look_factors},
    {.name = "auth_recovery_verify", .prepare = friend_raised, .before = with_codes, .act = recovery_verify, .look = look_factors},
    {.name = "actor_user", .act = actor_user, .look = look_nothing},
    {.name = "actor_service", .act = actor_service, .look = look_nothing},
    {.name = "vector_collection_create", .act = collection_create, .look = look_vectors},
    /* Without memory for its name, the file of an index that is gone stays; its token is nobody's. */
    {.name = "vector_collection_delete", .before = with_collection, .act = collection_delete, .look = look_vectors, .benign = 1},
    {.name = "vector_collections", .prepare = with_collection, .act = collections, .look = look_vectors},
    {.name = "vector_upsert", .prepare = with_collection, .act = vector_upsert, .look = look_vectors},
    {.name = "vector_upsert text", .prepare = with_collection, .act = vector_upsert_text, .look = look_vectors},
    {.name = "vector_delete", .prepare = with_collection, .before = with_vector, .act = vector_delete, .look = look_vectors},
    /* Where the index cannot be opened, also for want of memory, all rows are looked at. */
    {.name = "vector_search", .prepare = with_vectors, .act = vector_search, .look = look_vectors, .benign = 1},
    {.name = "vector_search text", .prepare = with_vectors, .act = vector_search_text, .look = look_vectors, .benign = 1},
    {.name = "vector_search words", .prepare = with_vectors, .act = vector_search_words, .look = look_vectors, .benign = 1},
    {.name = "vector_search both", .prepare = with_vectors, .act = vector_search_hybrid, .look = look_vectors, .benign = 1},
    {.name = "vector_search_many", .prepare = with_vectors, .act = vector_search_many, .look = look_vectors, .benign = 1},
    {.name = "cache_open", .act = cache_open, .look = look_nothing},
    {.name = "limiter_open", .act = limiter_open, .look = look_nothing},
    {.name = "telemetry_open", .act = telemetry_open, .look = look_nothing, .in_memory = 1},
    {.name = "telemetry_metrics", .act = telemetry_metrics, .look = look_nothing, .in_memory = 1},
    {.name = "telemetry_series", .act = telemetry_series, .look = look_nothing, .in_memory = 1},
    {.name = "limit_rule_new", .act = limit_rule_new, .look = look_nothing},
    {.name = "limit_decide", .act = limit_decide, .look = look_nothing},
    {.name = "cache_set", .prepare = with_cached, .act = cache_set, .look = look_cache, .in_memory = 1},
    {.name = "cache_set again", .prepare = with_cached, .act = cache_replace, .look = look_cache, .in_memory = 1},
    {.name = "cache_get", .prepare = with_cached, .act = cache_get, .look = look_cache, .in_memory = 1},
    {.name = "cache_increment", .prepare = with_cached, .act = cache_increment, .look = look_cache, .in_memory = 1},
    {.name = "cache_expire", .prepare = with_cached, .act = cache_expire, .look = look_cache, .in_memory = 1},
    /* Without memory to put the keys in order it looks at all of them. */
    {.name = "cache_clear", .prepare = with_cached, .act = cache_clear, .look = look_cache, .in_memory = 1, .benign = 1},
    {.name = "cache_put", .prepare = with_cached, .act = cache_put, .look = look_cache, .in_memory = 1},
    {.name = "cache_invalidate_tag", .prepare = with_cached, .before = with_tagged, .act = cache_invalidate_tag, .look = look_cache, .in_memory = 1},
    /* Given without being kept, when there is no memory for that. */
    {.name = "cache_get_or_load", .prepare = with_cached, .act = cache_get_or_load, .look = look_cache, .in_memory = 1, .benign = 1},
    {.name = "cache_serve path", .act = cache_wire_path, .look = look_nothing, .in_memory = 1},
    {.name = "cache_serve pipeline", .act = cache_wire_pipeline, .look = look_nothing, .in_memory = 1},
    {.name = "cache_serve transaction", .act = cache_wire_transaction, .look = look_nothing, .in_memory = 1},
    {.name = "cache_serve subscribe", .act = cache_wire_subscribe, .look = look_nothing, .in_memory = 1},
    {.name = "cache_subscribe", .act = cache_messages, .look = look_nothing, .in_memory = 1, .benign = 1},
    {.name = "ping", .act = ping, .look = look_nothing},
    {.name = "migrations", .act = migrations, .look = look_nothing},
    {.name = "database_security", .act = database_security, .look = look_nothing},
    {.name = "check", .prepare = with_parts, .act = check},
    {.name = "purge_expired", .prepare = with_friend, .before = with_expired, .act = purge_expired, .look = look_nothing},
    {.name = "backup", .prepare = with_kept, .before = a_moment_later, .act = backup, .look = look_nothing, .in_memory = 1, .stride = 1499, .is_long = 1},
    {.name = "backup_verify", .prepare = with_backup, .act = backup_verify, .look = look_nothing, .in_memory = 1, .stride = 1499, .is_long = 1},
    {.name = "restore", .prepare = with_backup, .act = restore, .look = look_nothing, .in_memory = 1, .stride = 1499, .is_long = 1},
    {.name = "migrations_plan", .act = migrations_plan, .look = look_nothing, .in_memory = 1, .stride = 1499, .is_long = 1},
    {.name = "maintain", .prepare = with_parts, .act = maintain, .stride = 1499, .is_long = 1},
    /* What cannot be opened for want of memory is a check that failed. */
    {.name = "doctor", .prepare = with_kept, .act = doctor, .look = look_nothing, .in_memory = 1, .benign = 1, .stride = 1499, .is_long = 1},
    {.name = "doc_parse", .act = doc_parse, .look = look_nothing},
    {.name = "open new", .act = open_new, .look = look_nothing, .opens = 1, .in_memory = 1, .stride = 401},
    {.name = "open", .act = open_again, .look = look_nothing, .opens = 1, .stride = 149},
    {.name = "trips_open", .act = trips_open, .look = look_nothing, .opens = 1, .stride = 149},
    {.name = "auth_open", .act = auth_open, .look = look_nothing, .opens = 1, .stride = 149},
    {.name = "destination_search first", .act = destination_search_first, .look = look_nothing, .opens = 1, .in_memory = 1, .benign = 1, .stride = 211, .is_long = 1},
    {.name = "index_save", .act = index_save, .look = look_nothing, .in_memory = 1},
    {.name = "index_open", .prepare = with_saved_index, .act = index_open, .look = look_nothing, .in_memory = 1},
    {.name = "vector_index", .prepare = with_vectors, .act = vector_index, .look = look_vectors},
    {.name = "vector_index_build", .prepare = with_vectors, .act = vector_index_build, .look = look_vectors},
    {.name = "vector_open", .act = vector_open, .look = look_nothing, .opens = 1},
    {.name = "embedder_open server", .act = embedder_open_server, .look = look_nothing, .in_memory = 1},
    {.name = "embedder_open model", .act = embedder_open_model, .look = look_nothing, .in_memory = 1},
    {.name = "embedder_open words", .prepare = with_words, .act = embedder_open_words, .look = look_nothing, .in_memory = 1},
    {.name = "embedder_embed server", .act = embedder_embed_server, .look = look_nothing, .in_memory = 1},
    {.name = "embedder_embed model", .act = embedder_embed_model, .look = look_nothing, .in_memory = 1},
    {.name = "embedder_embed words", .prepare = with_words, .act = embedder_embed_words, .look = look_nothing, .in_memory = 1},
    {.name = "vector_upsert served", .prepare = with_served_collection, .act = vector_upsert_served, .look = look_vectors},
    {.name = "vector_search served", .prepare = with_served_collection, .act = vector_search_served, .look = look_vectors, .benign = 1},
    {.name = "vector_search known", .prepare = with_served_collection, .act = vector_search_known, .look = look_vectors, .benign = 1},
};
/* clang-format on */

const size_t test_scenario_count = sizeof test_scenarios / sizeof test_scenarios[0];

/* Benign are those that guess: a good guess is good though nobody could note it. */
/* clang-format off */
const scenario test_limited_scenarios[] = {
    {.name = "auth_sign_in limited", .prepare = with_friend, .act = sign_in_anew, .look = look_nothing, .benign = 1},
    {.name = "auth_sign_in wrong, limited", .prepare = with_friend, .act = guess_anew, .want = TRIPSAGE_ECREDENTIALS, .look = look_nothing},
    {.name = "auth_sign_in known", .prepare = friend_is_known, .before = guessed_at, .act = sign_in_known, .look = look_nothing, .benign = 1},
    {.name = "auth_sign_in refused", .prepare = friend_is_guessed_at, .act = sign_in_refused, .want = TRIPSAGE_ERATELIMITED, .look = look_nothing},
    {.name = "auth_serve refused", .prepare = friend_is_guessed_at, .act = wire_refused, .look = look_nothing},
    {.name = "auth_sign_up limited", .act = sign_up_anew, .look = look_nothing},
    {.name = "auth_refresh limited", .prepare = with_friend, .before = with_refresh_token_anew, .act = refresh_anew, .look = look_nothing},
    {.name = "auth_recover limited", .prepare = with_friend, .act = recover_anew, .look = look_nothing},
    {.name = "auth_recover too soon", .prepare = recovered, .act = recover_again, .want = TRIPSAGE_ERATELIMITED, .look = look_nothing},
    {.name = "auth_serve too soon", .prepare = recovered, .act = wire_recover_again, .look = look_nothing},
    {.name = "auth_otp_verify limited", .prepare = with_friend, .before = with_code, .act = otp_verify_anew, .look = look_nothing, .benign = 1},
};
/* clang-format on */

const size_t test_limited_count = sizeof test_limited_scenarios / sizeof test_limited_scenarios[0];

void test_stage_end(stage *s)
{
    tripsage_actor_free(s->actor);
    s->actor = NULL;
}

void test_stage_clear(stage *s)
{
    tripsage_doc_free(s->doc);
    tripsage_free(s->content);
    tripsage_actor_free(s->made_actor);
    tripsage_trips_close(s->trips);
    tripsage_auth_close(s->auth);
    tripsage_vector_close(s->vector);
    tripsage_embedder_close(s->embedder);
    tripsage_cache_close(s->cache);
    tripsage_limiter_close(s->limiter);
    tripsage_limit_rule_free(s->rule);
    tripsage_close(s->ts);
    tripsage_telemetry_close(s->telemetry);
    s->telemetry = NULL;
    s->doc = NULL;
    s->content = NULL;
    s->made_actor = NULL;
    s->trips = NULL;
    s->auth = NULL;
    s->vector = NULL;
    s->embedder = NULL;
    s->cache = NULL;
    s->limiter = NULL;
    s->rule = NULL;
    s->ts = NULL;
}

int test_stage_holds(const stage *s)
{
    return s->doc || s->content || s->made_actor || s->trips || s->auth || s->vector || s->embedder || s->cache ||
           s->limiter || s->rule || s->ts || s->telemetry;
}
