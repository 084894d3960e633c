/* demo_data.c: fills a database with two people and three trips, for looking around (`make run`).
 *
 *     demo_data sqlite:trips.db
 *
 * It may be run again: who and what is there already is left alone. A trip is known by its tag and title; what it holds is written with
 * idempotency keys, so that a run that was cut short is completed by the next. */
#include <stdio.h>
#include <string.h>

#include <tripsage/tripsage.h>

#define PASSWORD             "demo: plan a journey"
#define ACCOUNT(email, name) "{\"email\":\"" email "\",\"full_name\":\"" name "\",\"password\":\"" PASSWORD "\"}"

/* Everything below stops at the first failure and passes it on. */
#define CHECK(call)                                                                                                    \
    do {                                                                                                               \
        tripsage_status status_of_call = (call);                                                                       \
        if (status_of_call != TRIPSAGE_OK)                                                                             \
            return status_of_call;                                                                                     \
    } while (0)

typedef struct demo_trip {
    const char *title; /* as in `json` */
    const char *json;
    const char *items[8]; /* ends with NULL */
    const char *note;     /* or NULL */
    const char *share;    /* or NULL */
} demo_trip;

/* clang-format off */
static const demo_trip adas[] = {
    {"Kyoto in autumn",
     TRIPSAGE_JSON({"title": "Kyoto in autumn", "description": "Maples, temples and a day in Nara",
                    "start_date": "2026-11-02", "end_date": "2026-11-09", "status": "planning", "travelers": 2,
                    "tags": ["demo", "culture"], "budget": {"total": 420000, "currency": "JPY"},
                    "destinations": [{"name": "Kyoto", "arrival_date": "2026-11-02", "departure_date": "2026-11-07"},
                                     {"name": "Osaka", "arrival_date": "2026-11-07", "departure_date": "2026-11-09"}]}),
     {TRIPSAGE_JSON({"item_type": "accommodation", "title": "Ryokan near Gion", "item_date": "2026-11-02",
                     "start_time": "15:00", "end_date": "2026-11-07", "end_time": "10:00", "cost": 150000,
                     "booking_status": "booked", "booking_reference": "GION-4711"}),
      TRIPSAGE_JSON({"item_type": "activity", "title": "Fushimi Inari before the crowds",
                     "item_date": "2026-11-03", "start_time": "06:30", "end_time": "09:30"}),
      TRIPSAGE_JSON({"item_type": "activity", "title": "Tea ceremony", "item_date": "2026-11-04",
                     "start_time": "10:00", "end_time": "11:30", "cost": 6000, "booking_status": "reserved"}),
      /* Collides with the tea ceremony. */
      TRIPSAGE_JSON({"item_type": "transport", "title": "Train to Nara", "item_date": "2026-11-04",
                     "start_time": "11:00", "end_time": "11:45", "cost": 1440}),
      TRIPSAGE_JSON({"item_type": "meal", "title": "Dinner in Pontocho", "item_date": "2026-11-05",
                     "start_time": "19:00", "end_time": "21:00", "cost": 14000, "is_flexible": true}),
      TRIPSAGE_JSON({"item_type": "accommodation", "title": "Hotel in Namba", "item_date": "2026-11-07",
                     "start_time": "15:00", "end_date": "2026-11-09", "end_time": "11:00", "cost": 38000}),
      NULL},
     "Grace asks for one evening without a plan.",
     TRIPSAGE_JSON({"user_emails": ["grace@example.org"], "permission_level": "edit"})},

    {"Lisbon long weekend",
     TRIPSAGE_JSON({"title": "Lisbon long weekend", "start_date": "2027-04-30", "end_date": "2027-05-03",
                    "trip_type": "solo", "tags": ["demo", "city"], "budget": {"total": 60000, "currency": "EUR"},
                    "destinations": [{"name": "Lisbon"}]}),
     {TRIPSAGE_JSON({"item_type": "transport", "title": "Flight Berlin to Lisbon", "item_date": "2027-04-30",
                     "start_time": "07:10", "timezone": "Europe/Berlin", "end_time": "09:45",
                     "end_timezone": "Europe/Lisbon", "cost": 18900, "booking_status": "booked"}),
      TRIPSAGE_JSON({"item_type": "activity", "title": "Tram 28 and the Alfama", "item_date": "2027-05-01",
                     "start_time": "10:00", "end_time": "13:00"}),
      NULL},
     NULL, NULL},
};

static const demo_trip graces[] = {
    {"Summer in Norway",
     TRIPSAGE_JSON({"title": "Summer in Norway", "description": "By train and ferry from Oslo to Bergen",
                    "start_date": "2026-07-04", "end_date": "2026-07-12", "trip_type": "family", "travelers": 4,
                    "visibility": "public", "tags": ["demo", "nature"],
                    "destinations": [{"name": "Oslo"}, {"name": "Bergen"}]}),
     {TRIPSAGE_JSON({"item_type": "transport", "title": "Bergen line", "item_date": "2026-07-06",
                     "start_time": "08:25", "end_time": "15:00", "cost": 380000, "currency": "NOK",
                     "notes": "Sit on the left side"}),
      TRIPSAGE_JSON({"item_type": "activity", "title": "Fjord cruise to Flam", "item_date": "2026-07-08",
                     "start_time": "09:00", "end_time": "14:30", "cost": 420000, "currency": "NOK"}),
      NULL},
     NULL, NULL},
};
/* clang-format on */

/* Signs up, or in when the account is there already. */
static tripsage_status account(tripsage_actor **actor, tripsage *ts, const char *sign_up, const char *sign_in)
{
    tripsage_auth *auth = tripsage_get_auth(ts);
    tripsage_doc *session = NULL;
    tripsage_status status = tripsage_auth_sign_up(&session, auth, NULL, sign_up, TRIPSAGE_NUL);
    if (status == TRIPSAGE_EEXISTS)
        status = tripsage_auth_sign_in(&session, auth, NULL, sign_in, TRIPSAGE_NUL);
    if (status == TRIPSAGE_OK)
        status = tripsage_actor_user(actor, tripsage_doc_text(session, "/user/id"));
    tripsage_doc_free(session);
    return status;
}

/* The id of the demo trip with this title, or "". */
static tripsage_status find(char id[64], tripsage_trips *trips, const tripsage_actor *actor, const char *title)
{
    tripsage_list_options options = TRIPSAGE_LIST_OPTIONS_INIT;
    tripsage_doc *list = NULL;
    options.scope = TRIPSAGE_SCOPE_OWN;
    options.tag = "demo";
    options.limit = 100;
    id[0] = '\0';
    CHECK(tripsage_trip_list(&list, trips, actor, &options));
    for (size_t i = 0; i < tripsage_doc_count(list, "/items"); i++) {
        char pointer[48];
        snprintf(pointer, sizeof pointer, "/items/%zu/title", i);
        if (strcmp(tripsage_doc_text(list, pointer), title) == 0) {
            snprintf(pointer, sizeof pointer, "/items/%zu/id", i);
            snprintf(id, 64, "%s", tripsage_doc_text(list, pointer));
        }
    }
    tripsage_doc_free(list);
    return TRIPSAGE_OK;
}

static size_t wanted_items(const demo_trip *demo)
{
    size_t count = 0;
    while (demo->items[count])
        count++;
    return count;
}

static tripsage_status fill(tripsage_trips *trips, const tripsage_actor *actor, const char *id, const demo_trip *demo)
{
    tripsage_write_options once = TRIPSAGE_WRITE_OPTIONS_INIT;
    char key[128];
    once.idempotency_key = key;
    for (size_t i = 0; demo->items[i]; i++) {
        tripsage_doc *item = NULL;
        snprintf(key, sizeof key, "demo-item-%zu-%s", i, id);
        CHECK(tripsage_item_create(&item, trips, actor, id, demo->items[i], TRIPSAGE_NUL, &once));
        tripsage_doc_free(item);
    }
    if (demo->note) {
        tripsage_doc *note = NULL;
        char json[256];
        snprintf(json, sizeof json, "{\"content\":\"%s\"}", demo->note);
        snprintf(key, sizeof key, "demo-note-%s", id);
        CHECK(tripsage_note_create(&note, trips, actor, id, json, TRIPSAGE_NUL, &once));
        tripsage_doc_free(note);
    }
    if (demo->share) {
        tripsage_doc *shared = NULL;
        CHECK(tripsage_trip_share(&shared, trips, actor, id, demo->share, TRIPSAGE_NUL));
        tripsage_doc_free(shared);
    }
    return TRIPSAGE_OK;
}

static tripsage_status add(size_t *made, tripsage_trips *trips, const tripsage_actor *actor, const demo_trip *demo)
{
    char id[64];
    tripsage_doc *trip = NULL, *itinerary = NULL;
    CHECK(find(id, trips, actor, demo->title));
    if (!*id) {
        CHECK(tripsage_trip_create(&trip, trips, actor, demo->json, TRIPSAGE_NUL, NULL));
        snprintf(id, sizeof id, "%s", tripsage_doc_text(trip, "/id"));
        tripsage_doc_free(trip);
        (*made)++;
    }
    CHECK(tripsage_itinerary_get(&itinerary, trips, actor, id));
    size_t items = tripsage_doc_count(itinerary, "/items");
    tripsage_doc_free(itinerary);
    return items < wanted_items(demo) ? fill(trips, actor, id, demo) : TRIPSAGE_OK;
}

static tripsage_status add_all(size_t *made, tripsage *ts)
{
    tripsage_trips *trips = tripsage_get_trips(ts);
    tripsage_actor *ada = NULL, *grace = NULL;
    tripsage_status status = account(&ada, ts, ACCOUNT("ada@example.org", "Ada Lovelace"),
                                     "{\"email\":\"ada@example.org\",\"password\":\"" PASSWORD "\"}");
    if (status == TRIPSAGE_OK)
        status = account(&grace, ts, ACCOUNT("grace@example.org", "Grace Hopper"),
                         "{\"email\":\"grace@example.org\",\"password\":\"" PASSWORD "\"}");
    for (size_t i = 0; status == TRIPSAGE_OK && i < sizeof adas / sizeof *adas; i++)
        status = add(made, trips, ada, &adas[i]);
    for (size_t i = 0; status == TRIPSAGE_OK && i < sizeof graces / sizeof *graces; i++)
        status = add(made, trips, grace, &graces[i]);
    tripsage_actor_free(grace);
    tripsage_actor_free(ada);
    return status;
}

int main(int argc, char **argv)
{
    tripsage *ts = NULL;
    size_t made = 0;
    if (argc != 2) {
        fputs("usage: demo_data URL   (for example sqlite:trips.db)\n", stderr);
        return 2;
    }
    tripsage_status status = tripsage_open(&ts, argv[1], NULL);
    if (status == TRIPSAGE_OK)
        status = add_all(&made, ts);
    tripsage_close(ts);
    if (status == TRIPSAGE_ECREDENTIALS) {
        puts("demo data: ada@example.org and grace@example.org have passwords of their own here; nothing was added");
        return 0;
    }
    if (status != TRIPSAGE_OK) {
        fprintf(stderr, "demo_data: %s\n", tripsage_last_error()->message);
        return 1;
    }
    printf("demo data: %zu trips added; sign in as ada@example.org or grace@example.org, password \"%s\"\n", made,
           PASSWORD);
    return 0;
}
