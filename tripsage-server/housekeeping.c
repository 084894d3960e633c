/* housekeeping.c: see housekeeping.h. */
#include "housekeeping.h"

#include "log.h"

/* An hour: the shortest keeping is that of idempotency keys, a day. Replicas on one database may all do it; what is gone is gone. */
#define EVERY_MS 3600000

static int remove_expired(void *library)
{
    tripsage_doc *removed = NULL;
    int64_t keys, trips, sessions, signing_keys;

    if (tripsage_purge_expired(&removed, library, 0) != TRIPSAGE_OK) {
        log_event(TRIPSAGE_LOG_WARN, "purge", "what is past its keeping stays for another hour: %s",
                  tripsage_last_error()->message);
        return EVERY_MS;
    }
    keys = tripsage_doc_int(removed, "/idempotency_keys", 0);
    trips = tripsage_doc_int(removed, "/trips", 0);
    sessions = tripsage_doc_int(removed, "/sessions", 0);
    signing_keys = tripsage_doc_int(removed, "/signing_keys", 0);
    if (keys || trips || sessions || signing_keys)
        log_event(TRIPSAGE_LOG_INFO, "purge",
                  "past their keeping: %lld idempotency keys, %lld trips, %lld sessions, %lld signing keys",
                  (long long)keys, (long long)trips, (long long)sessions, (long long)signing_keys);
    tripsage_doc_free(removed);
    return EVERY_MS;
}

ticker *housekeeping_start(tripsage *library)
{
    return ticker_start(remove_expired, library);
}
