/* itinerary_memory_test.c: every call on items, notes, summary and export with its first allocation failing, then its second, and so on: the
 * answer is TRIPSAGE_ENOMEM and nothing was changed, until there are no more allocations to fail. A leak is the sanitizer's to find. */
#include "trip/export.h"

#include "failing_allocator.h"
#include "itinerary_fixture.h"

static char item_id[40], note_id[40];

static void set_up(void)
{
    tripsage_doc *doc;

    ck_assert_ok(tripsage_set_allocator(&failing_allocator));
    open_trips();
    add_item(item_id,
             "{\"item_type\":\"transport\",\"title\":\"Train\",\"item_date\":\"2026-06-02\",\"start_time\":\"10:00\","
             "\"end_time\":\"12:00\",\"end_timezone\":\"Asia/Seoul\",\"cost\":5,\"currency\":\"EUR\","
             "\"location\":{\"name\":\"L\"},\"details\":{\"a\":1}}");
    add_item(NULL,
             "{\"item_type\":\"meal\",\"title\":\"Lunch\",\"item_date\":\"2026-06-02\",\"start_time\":\"11:00\"}");
    ck_assert_ok(tripsage_note_create(&doc, trips, owner, trip_id, "{\"content\":\"x\"}", TRIPSAGE_NUL, NULL));
    snprintf(note_id, sizeof note_id, "%s", tripsage_doc_text(doc, "/id"));
    tripsage_doc_free(doc);
}

/* All that a failed call might have changed. */
static int64_t state(void)
{
    return ask_sql(
        "SELECT (SELECT COALESCE(sum(version), 0) FROM itinerary_item) * 1000 + (SELECT COALESCE(sum(version), 0) "
        "FROM trip_note) * 100 + (SELECT count(*) FROM trip_search) * 10 + (SELECT count(*) FROM "
        "idempotency_key) + 0 * length($1)",
        "");
}

#define fail_each_allocation_of(call) fail_each_allocation(#call, call)

static void fail_each_allocation(const char *name, tripsage_status (*call)(void))
{
    tripsage_status status = TRIPSAGE_ENOMEM;
    int64_t before = state();
    long n;

    for (n = 0; status == TRIPSAGE_ENOMEM; n++) {
        countdown = n;
        status = call();
        countdown = -1;
        if (status == TRIPSAGE_ENOMEM)
            ck_assert_msg(state() == before, "%s: failing allocation %ld left something behind", name, n);
        ck_assert_msg(status == TRIPSAGE_OK || status == TRIPSAGE_ENOMEM, "%s: allocation %ld: %s: %s", name, n,
                      tripsage_status_name(status), tripsage_last_error()->message);
    }
    ck_assert_msg(n > 1, "%s allocates nothing", name);
}

static tripsage_write_options keyed(void)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;

    options.idempotency_key = "k";
    return options;
}

static tripsage_status done(tripsage_doc *doc, tripsage_status status)
{
    if ((status == TRIPSAGE_OK) != (doc != NULL))
        ck_abort_msg("a document without success, or success without one");
    tripsage_doc_free(doc);
    return status;
}

#define FULL                                                                                                           \
    "{\"item_type\":\"transport\",\"title\":\"Bus\",\"item_date\":\"2026-06-03\",\"start_time\":\"10:00\","            \
    "\"end_time\":\"12:00\",\"end_timezone\":\"Asia/Seoul\",\"cost\":5,\"details\":{\"b\":[1,2]}}"

static tripsage_status create_item(void)
{
    tripsage_write_options options = keyed();
    tripsage_doc *doc;
    tripsage_status status = tripsage_item_create(&doc, trips, owner, trip_id, FULL, TRIPSAGE_NUL, &options);

    return done(doc, status);
}

static tripsage_status get_item(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_item_get(&doc, trips, owner, trip_id, item_id);

    return done(doc, status);
}

static tripsage_status update_item(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_item_update(&doc, trips, owner, trip_id, item_id, FULL, TRIPSAGE_NUL, NULL);

    return done(doc, status);
}

static tripsage_status list_items(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_itinerary_get(&doc, trips, owner, trip_id);

    return done(doc, status);
}

static tripsage_status find_conflicts(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_itinerary_conflicts(&doc, trips, owner, trip_id);

    return done(doc, status);
}

static tripsage_status optimize(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_itinerary_optimize(&doc, trips, owner, trip_id, NULL);

    return done(doc, status);
}

static tripsage_status sum_up(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_trip_summary(&doc, trips, owner, trip_id);

    return done(doc, status);
}

static tripsage_status create_note(void)
{
    tripsage_write_options options = keyed();
    tripsage_doc *doc;
    tripsage_status status =
        tripsage_note_create(&doc, trips, owner, trip_id, "{\"content\":\"y\"}", TRIPSAGE_NUL, &options);

    return done(doc, status);
}

static tripsage_status get_note(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_note_get(&doc, trips, owner, trip_id, note_id);

    return done(doc, status);
}

static tripsage_status list_notes(void)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage_note_list(&doc, trips, owner, trip_id);

    return done(doc, status);
}

static tripsage_status update_note(void)
{
    tripsage_doc *doc;
    tripsage_status status =
        tripsage_note_update(&doc, trips, owner, trip_id, note_id, "{\"content\":\"z\"}", TRIPSAGE_NUL, NULL);

    return done(doc, status);
}

static tripsage_status delete_note(void)
{
    return tripsage_note_delete(trips, owner, trip_id, note_id, NULL);
}

static const char *export_format;

static tripsage_status export_trip(void)
{
    const char *type;
    char *content;
    size_t length;
    tripsage_status status = tripsage_trip_export(&content, &length, &type, trips, owner, trip_id, export_format);

    if ((status == TRIPSAGE_OK) != (content != NULL))
        ck_abort_msg("content without success, or success without content");
    tripsage_free(content);
    return status;
}

START_TEST(items_survive_the_lack_of_memory)
{
    fail_each_allocation_of(create_item);
    fail_each_allocation_of(create_item); /* the answer of before */
    fail_each_allocation_of(get_item);
    fail_each_allocation_of(update_item);
    fail_each_allocation_of(list_items);
}
END_TEST

START_TEST(notes_survive_the_lack_of_memory)
{
    fail_each_allocation_of(create_note);
    fail_each_allocation_of(create_note);
    fail_each_allocation_of(get_note);
    fail_each_allocation_of(list_notes);
    fail_each_allocation_of(update_note);
    fail_each_allocation_of(delete_note);
}
END_TEST

START_TEST(sums_survive_the_lack_of_memory)
{
    fail_each_allocation_of(find_conflicts);
    add_item(NULL, "{\"item_type\":\"meal\",\"title\":\"Tea\",\"item_date\":\"2026-06-02\",\"start_time\":\"11:00\","
                   "\"end_time\":\"11:30\",\"is_flexible\":true}");
    fail_each_allocation_of(optimize);
    fail_each_allocation_of(sum_up);
}
END_TEST

START_TEST(exports_survive_the_lack_of_memory)
{
    static const char *const formats[] = {"json", "csv", "ics"};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        export_format = formats[i];
        fail_each_allocation_of(export_trip);
    }
}
END_TEST

SUITE_MAIN_WITH("trip/itinerary_memory", set_up, close_trips, items_survive_the_lack_of_memory,
                notes_survive_the_lack_of_memory, sums_survive_the_lack_of_memory, exports_survive_the_lack_of_memory)
