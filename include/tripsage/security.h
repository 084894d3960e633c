/* tripsage/security.h: whether a deployment is as safe as it can be made, and who is told when it is not.
 *
 *     tripsage_security_facts facts = TRIPSAGE_SECURITY_FACTS_INIT;
 *
 *     facts.host = "0.0.0.0";                                     what the program knows and the library does not
 *     tripsage_security_report(&report, config, &facts, ts);
 *     ready = tripsage_doc_bool(report, "/production_ready", 0);
 *
 * The checks, why each is there, and which requirements of the OWASP Application Security Verification Standard 5.0.0 it looks at, are
 * docs/security.md; every one has a name that stays. No sentence of a report has a secret in it.
 */
#ifndef TRIPSAGE_SECURITY_H
#define TRIPSAGE_SECURITY_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "doc.h"
#include "runtime.h"
#include "store.h"

TRIPSAGE_BEGIN_DECLS

/* What a program does that its settings in tripsage/config.h do not say. What is not there (0, NULL) is not looked at. Texts are borrowed
 * for the call. */
typedef struct tripsage_security_facts {
    uint32_t version; /* 1; set by TRIPSAGE_SECURITY_FACTS_INIT */

    const char *host;                      /* the address that a server listens on; NULL: there is no server */
    const char *tls_certificate, *tls_key; /* PEM files of a server that speaks TLS itself */
    uint32_t proxies;                      /* in front of it, whose word about their caller is taken */
    uint32_t request_timeout_s;            /* the longest a client may take to send a request */

    const char *const *origins; /* web origins that may call */
    size_t origin_count;

    int limits_off;     /* nobody has to wait who asks too often: 1 */
    int limits_open;    /* 1: nobody either, while the cache that counts is away */
    const char *exempt; /* networks that never wait, "10.0.0.0/8, 2001:db8::/32" */

    const char *metrics_host; /* the address at which it shows metrics beside everything else; NULL: it does not */
    const char *metrics_admin_host; /* the same of a port of its own for those who look after it */

    int debug; /* 1: it is made to tell more than it should */
    tripsage_log_level log_level;
    const char *variables_file; /* tripsage_environment_file */
    const char *database_url;   /* what is opened, where the configuration names no database */

    const char *database_trouble; /* why the database cannot be looked at; NULL: it can, or is not to be */
    int64_t now_ms;               /* the time, in ms since 1970; 0: the system's */
} tripsage_security_facts;

#define TRIPSAGE_SECURITY_FACTS_INIT                                                                                   \
    {                                                                                                                  \
        1, NULL, NULL, NULL, 0, 0, NULL, 0, 0, 0, NULL, NULL, NULL, 0, (tripsage_log_level)0, NULL, NULL, NULL, 0      \
    }

/* Goes through all checks:
 *   {"environment":text,"production_ready":true|false,"passed":n,"failed":n,"skipped":n,
 *    "checks":[{"id":text,"severity":"critical"|"high"|"medium"|"low","status":"pass"|"fail"|"skip","message":text,"fix":text|null,
 *               "asvs":[text],"refuses":true|false}],
 *    "refusals":[text]}
 * in the order of docs/security.md. Ready for production is what fails no check. "message" is one sentence: what was found, or why a check
 * was passed over; "fix" is what to do about it, and there when it failed. A check that "refuses" keeps a program from starting in
 * production when it fails: the sentences of those that did are the refusals, whatever the environment is; tripsage-server warns with them in
 * staging.
 *
 * `facts` NULL: TRIPSAGE_SECURITY_FACTS_INIT. `ts` NULL: what has to be asked of the database is passed over.
 * Errors: TRIPSAGE_EINVALID (field "#facts"), those of tripsage_database_security, TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_security_report(tripsage_doc **out, const tripsage_config *config,
                                                      const tripsage_security_facts *facts, tripsage *ts);

/* What guards the rows of a database, asked of it in one round trip. On SQLite {"engine":"sqlite","path":text}, with "" of one in memory.
 * On PostgreSQL
 *   {"engine":"postgresql","login":text,"above_policies":[text],"owns_tables":true|false,"unguarded_tables":[text],"open_policies":[text],
 *    "open_grants":[text],"owner_views":[text],"loose_functions":[text],"sends_webhooks":true|false}
 * where those of the login, users and strangers that row level security does not hold for are above the policies; a table is unguarded that
 * lacks it, or does not force it on its owner; a policy is open that lets strangers in, or does not ask who is there; so is a right that
 * someone has who should have none, or that policies do not hold for; an owner's view shows what its owner may see, not who asks; and a
 * loose function runs as its owner with names that its caller may give another meaning, or for callers who are nobody. Webhooks are sent
 * where triggers do (migrations/supabase/webhooks.sql).
 * Errors: those of the store. */
TRIPSAGE_API tripsage_status tripsage_database_security(tripsage_doc **out, tripsage *ts);

/* What is to be served as text/plain; charset=utf-8 at /.well-known/security.txt (RFC 9116): Contact, Policy and Preferred-Languages as they
 * are set, Canonical where API_EXTERNAL_URL is https, and Expires, the beginning of the day 90 days on from `now_ms` (0: from the system's
 * time): it is made anew each day that somebody answers for it, and a copy of it ends within the quarter. *out is NULL when
 * "TRIPSAGE_SECURITY_CONTACT" is not set, for there is no such file without. Free it with tripsage_free. Errors: TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_security_txt(char **out, const tripsage_config *config, int64_t now_ms);

TRIPSAGE_END_DECLS

#endif
