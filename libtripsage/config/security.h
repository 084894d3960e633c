/* config/security.h: the checks of a security report, for the files of this room that make them.
 *
 * A check looks at one thing and says in one sentence what it found. It is a row in security.c's table, with the name, the weight and the
 * requirements that docs/security.md has of it. */
#ifndef TRIPSAGE_CONFIG_SECURITY_H
#define TRIPSAGE_CONFIG_SECURITY_H

#include <tripsage/security.h>

#include "config_internal.h"

/* Two weeks: a renewal that failed is noticed by a person before it hurts. */
#define TRIPSAGE__CERTIFICATE_LEFT_MS ((int64_t)14 * 86400 * 1000)

typedef enum tripsage__verdict { TRIPSAGE__PASS, TRIPSAGE__FAIL, TRIPSAGE__SKIP } tripsage__verdict;

/* What a check looks at, and where it says what it found. */
typedef struct tripsage__look {
    const tripsage_config *config;
    const tripsage_security_facts *facts;
    const char *database_url; /* what is opened; NULL: not known */
    tripsage_doc *database;   /* tripsage_database_security(); NULL: it was not asked */
    int64_t now_ms;
    setting_id of; /* the setting that a check of several is about */
    tripsage__buf message, fix;
} tripsage__look;

/* Each says its sentence, and gives the verdict for the caller to return. `fix` is what to do. */
tripsage__verdict tripsage__passes(tripsage__look *look, const char *format, ...) TRIPSAGE__PRINTF(2, 3);
tripsage__verdict tripsage__skips(tripsage__look *look, const char *format, ...) TRIPSAGE__PRINTF(2, 3);
tripsage__verdict tripsage__fails(tripsage__look *look, const char *fix, const char *format, ...)
    TRIPSAGE__PRINTF(3, 4);

/* 1 of this machine's own names and addresses, "" and the path of a socket. */
int tripsage__is_this_machine(const char *host, size_t size);

typedef tripsage__verdict tripsage__check_fn(tripsage__look *look);

/* security_secrets.c */
tripsage__check_fn tripsage__check_secret_key, tripsage__check_previous_key, tripsage__check_distinct,
    tripsage__check_jwt_secret, tripsage__check_project_key, tripsage__check_database_password,
    tripsage__check_redis_password, tripsage__check_upstash_token, tripsage__check_cache_tokens,
    tripsage__check_metrics_token, tripsage__check_webhook_secret, tripsage__check_smtp_password,
    tripsage__check_openai_key;

/* security_files.c */
tripsage__check_fn tripsage__check_secret_files, tripsage__check_variables_file, tripsage__check_database_file,
    tripsage__check_tls_key_file, tripsage__check_tls_certificate;

/* security_network.c */
tripsage__check_fn tripsage__check_tls, tripsage__check_external_url, tripsage__check_site_url,
    tripsage__check_redirects, tripsage__check_origins, tripsage__check_proxies, tripsage__check_database_tls,
    tripsage__check_database_identity, tripsage__check_redis_tls, tripsage__check_embedder_tls;

/* security_database.c */
tripsage__check_fn tripsage__check_database, tripsage__check_rls_login, tripsage__check_rls_owner,
    tripsage__check_rls_tables, tripsage__check_rls_policies, tripsage__check_rls_grants, tripsage__check_rls_views,
    tripsage__check_rls_functions;

#endif
