/* readme.c: the program in README.md, word for word (a test compares them). */
#include <stdio.h>
#include <tripsage/tripsage.h>

int main(void)
{
    tripsage *ts = NULL;
    tripsage_doc *session = NULL, *trip = NULL, *found = NULL;
    tripsage_actor *ada = NULL;
    const char *account = TRIPSAGE_JSON({"email": "ada@example.org", "password": "a cup of green tea"});
    const char *plan =
        TRIPSAGE_JSON({"title": "Kyoto in autumn", "destinations": [{"name": "Kyoto"}],
                                      "start_date": "2026-11-02", "end_date": "2026-11-09"});

    int failed = tripsage_open(&ts, "sqlite::memory:", NULL) || /* or "sqlite:trips.db" */
                 tripsage_auth_sign_up(&session, tripsage_get_auth(ts), NULL, account, TRIPSAGE_NUL) ||
                 tripsage_actor_user(&ada, tripsage_doc_text(session, "/user/id")) ||
                 tripsage_trip_create(&trip, tripsage_get_trips(ts), ada, plan, TRIPSAGE_NUL, NULL) ||
                 tripsage_trip_search(&found, tripsage_get_trips(ts), ada, "kyo", NULL);
    if (failed)
        fprintf(stderr, "%s\n", tripsage_last_error()->message);
    else
        printf("%s\n", tripsage_doc_text(found, "/items/0/title"));

    tripsage_doc_free(found);
    tripsage_doc_free(trip);
    tripsage_doc_free(session);
    tripsage_actor_free(ada);
    tripsage_close(ts);
    return failed != 0;
}
