/* commands/security.c: see security.h. */
#include "commands/security.h"

#include <stdlib.h>
#include <string.h>

#include "ratelimit.h"

/* Where metrics are shown, as telemetry.c decides of a request. */
static void metrics_facts(tripsage_security_facts *facts, const settings *s)
{
    const tripsage_telemetry_options *telemetry = tripsage_config_telemetry(s->config);

    if (!telemetry || telemetry->no_metrics || s->metrics == METRICS_OFF)
        return;
    facts->metrics_host = s->metrics == METRICS_ON ? s->host : NULL;
    facts->metrics_admin_host = s->admin_port ? s->admin_host : NULL;
}

void security_facts(tripsage_security_facts *facts, const settings *s)
{
    const tripsage_options *library = tripsage_config_options(s->config);

    *facts = (tripsage_security_facts)TRIPSAGE_SECURITY_FACTS_INIT;
    facts->host = s->host;
    facts->tls_certificate = s->tls_certificate;
    facts->tls_key = s->tls_key;
    facts->proxies = s->proxies;
    facts->request_timeout_s = s->request_timeout_s;
    facts->origins = s->origins;
    facts->origin_count = s->origin_count;
    facts->limits_off = limits_mode_of(s, library->cache->url != NULL) != LIMITS_ON;
    facts->limits_open = s->rate_limit_away == TRIPSAGE_LIMIT_OPEN;
    facts->exempt = s->exempt_text;
    metrics_facts(facts, s);
    facts->debug = s->debug;
    facts->log_level = s->log_level;
    facts->variables_file = tripsage_environment_file(s->variables);
    facts->database_url = s->database_url;
}

int security_admit(const settings *s)
{
    int is_production = strcmp(s->environment, "production") == 0;
    tripsage_security_facts facts;
    tripsage_doc *report;
    size_t count;

    if (!is_production && strcmp(s->environment, "staging") != 0)
        return 0;
    security_facts(&facts, s);
    if (tripsage_security_report(&report, s->config, &facts, NULL) != TRIPSAGE_OK) {
        fprintf(stderr, "tripsage-server: %s\n", tripsage_last_error()->message);
        return EXIT_FAILURE;
    }
    count = tripsage_doc_count(report, "/refusals");
    for (size_t i = 0; i < count; i++) {
        char at[32];

        snprintf(at, sizeof at, "/refusals/%zu", i);
        fprintf(stderr, "tripsage-server: %s%s\n",
                is_production ? "" : "warning: production would not start: ", tripsage_doc_text(report, at));
    }
    tripsage_doc_free(report);
    return count && is_production ? EXIT_CONFIG : 0;
}
