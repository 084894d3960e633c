/* auth/admin.h: the accounts of others, for the service role. For both doors: the calls of tripsage/auth.h, and Supabase Auth's wire
 * (v1/). Who asks was checked by the door. */
#ifndef TRIPSAGE_AUTH_ADMIN_H
#define TRIPSAGE_AUTH_ADMIN_H

#include "auth/auth_internal.h"
#include "base/json.h"

/* What is to be made, or changed. NULL and 0: not given. Borrowed. */
typedef struct tripsage__admin_account {
    const char *id;            /* lower-case; of a new one only */
    const char *email;         /* normalized; a new one has one */
    const char *password;      /* good enough */
    const char *password_hash; /* in its place: one that is known */
    const char *role;          /* tripsage__role_is_good */
    const tripsage__json *user_metadata,
        *app_metadata;                   /* objects; null members take away, the others replace (not RFC 7396) */
    const tripsage__json *identity_data; /* of a new one: an object for its identity as well, or NULL */
    int email_confirm;
    int has_ban;
    int64_t banned_until; /* ms; 0: no longer */
    int64_t invited_at;   /* ms; of a new one */
} tripsage__admin_account;

/* 1 for what a person may be. Nobody is the service role: whoever has its key would be everybody. */
int tripsage__role_is_good(const char *role);

#define TRIPSAGE__DURATION_COMPLAINT_SIZE 160

/* A duration as Go writes it: "24h", "1h30m", "-1.5s". 0, and a complaint in Go's words, for what is none. */
int tripsage__duration_parse(int64_t *ms, char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE], const char *text);

/* Until when a ban of this duration lasts ("none": 0, none). 0 and a complaint, as above. */
int tripsage__ban_parse(int64_t *until, char complaint[TRIPSAGE__DURATION_COMPLAINT_SIZE], const char *text,
                        int64_t now_ms);

/* Give the user as he is then; `flags` are those of account.h. One round trip each.
 * Errors: TRIPSAGE_EEXISTS ("email_exists", "user_already_exists": the id), TRIPSAGE_ENOTFOUND ("user_not_found"), TRIPSAGE_EINVALID
 * (fields "/user_metadata" and "/app_metadata"). */
tripsage_status tripsage__admin_create(tripsage_doc **out, tripsage_auth *auth, const tripsage__admin_account *who,
                                       int flags);
tripsage_status tripsage__admin_get(tripsage_doc **out, tripsage_auth *auth, const char *id, int flags);
tripsage_status tripsage__admin_update(tripsage_doc **out, tripsage_auth *auth, const char *id,
                                       const tripsage__admin_account *who, int flags);

/* `soft`: leaves the row, without anything that tells who it was; two round trips. TRIPSAGE_ENOTFOUND ("user_not_found"). */
tripsage_status tripsage__admin_delete(tripsage_auth *auth, const char *id, int soft);

/* ---- lists ---- */

/* 1,000 users are some megabytes of JSON. */
#define TRIPSAGE__ADMIN_PAGE_MAX 1000
/* 100,000: what is counted, and what a filter looks through, is a tenth of a second of work. */
#define TRIPSAGE__ADMIN_LOOK_MAX   100000
#define TRIPSAGE__ADMIN_FILTER_MAX 255 /* bytes: an address */

typedef struct tripsage__admin_query {
    int64_t page;       /* from 1 */
    int64_t per_page;   /* 1 to TRIPSAGE__ADMIN_PAGE_MAX */
    const char *filter; /* part of address or name; NULL: all */
    const char *email;  /* normalized: that one alone; NULL: all */
    int oldest_first;
} tripsage__admin_query;

/* Appends the page as a JSON array. `total`: how many there are; beyond TRIPSAGE__ADMIN_LOOK_MAX no more than what is needed to turn to
 * the next page. One round trip. */
tripsage_status tripsage__admin_list(tripsage__buf *out, int64_t *total, tripsage_auth *auth,
                                     const tripsage__admin_query *query, int flags);

#endif
