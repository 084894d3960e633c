/* config/foreign.c: variables of the Python server's settings, of its scripts and of its edge functions that have no meaning here, and
 * why. */
#include "config_internal.h"

#define NOT_HERE "there is nothing here that it would be about"
#define ALWAYS   "what it switches is always on here"

static const tripsage_foreign_setting foreign[] = {
    {"API_TITLE", "the title in /openapi.json is the product's"},
    {"API_VERSION", "the version is the program's own"},
    {"OPENAI_MODEL", "what is remembered is found by rules; set EMBEDDING_MODEL for the model of embeddings"},
    {"MODEL_TEMPERATURE", "no language model is asked"},
    {"RATE_LIMIT_BURST_SIZE", "a rule says it itself: TRIPSAGE_RATE_LIMIT_DEFAULT=60/m:10"},
    {"RATE_LIMIT_STRATEGY", "limits have one algorithm, GCRA"},
    {"RATE_LIMIT_ENABLE_MONITORING", ALWAYS},
    {"OUTBOUND_DEFAULT_QPM", "the services asked have limits and waits of their own"},
    {"OUTBOUND_QPM__*", "the services asked have limits and waits of their own"},
    {"ENABLE_DATABASE_MONITORING", ALWAYS},
    {"ENABLE_SECURITY_MONITORING", ALWAYS},
    {"ENABLE_AUTO_RECOVERY", ALWAYS},
    {"ENABLE_API_KEY_CACHING", "a verified token stays in the process for a minute at most, always"},
    {"DB_HEALTH_CHECK_INTERVAL", "health looks when it is asked"},
    {"DB_SECURITY_CHECK_INTERVAL", "run \"tripsage-server security-report\" as often as wanted"},
    {"DB_MAX_RECOVERY_ATTEMPTS", "a connection is tried again for as long as a call may wait"},
    {"DB_RECOVERY_DELAY", "a connection is tried again for as long as a call may wait"},
    {"OTEL_INSTRUMENTATION", "there are no libraries to instrument one by one"},
    {"OPENROUTER_REFERER", "no language model is asked"},
    {"OPENROUTER_TITLE", "no language model is asked"},
    {"LANGGRAPH_FEATURES", "there are no agents here"},
    {"GOOGLE_MAPS_API_KEY", "the catalogue of destinations is inside"},
    {"GOOGLE_MAPS_TIMEOUT", "the catalogue of destinations is inside"},
    {"GOOGLE_MAPS_RETRY_TIMEOUT", "the catalogue of destinations is inside"},
    {"GOOGLE_MAPS_QUERIES_PER_SECOND", "the catalogue of destinations is inside"},
    {"TRIPSAGE_API_HOST", "set TRIPSAGE_HOST"},
    {"TRIPSAGE_API_PORT", "set PORT"},
    {"TRIPSAGE_API_RELOAD", "a program that was compiled does not load its source anew"},
    {"SUPABASE_URL", "set DATABASE_URL"},
    {"SUPABASE_ANON_KEY", "set DATABASE_PUBLIC_KEY"},
    {"SUPABASE_SERVICE_ROLE_KEY", "set DATABASE_SERVICE_KEY"},
    {"RESEND_API_KEY", "mail goes by SMTP: SMTP_HOST=smtp.resend.com, SMTP_USER=resend, and the key as SMTP_PASS"},
    {"STORAGE_BUCKET", NOT_HERE ": no files are kept"},
    {"VIRUS_SCAN_API_KEY", NOT_HERE ": no files are kept"},
    {"CLOUDFLARE_AI_TOKEN", NOT_HERE ": see TRIPSAGE_EMBEDDER"},
    {"MAX_FILE_SIZE", NOT_HERE ": no files are kept"},
};

const tripsage_foreign_setting *tripsage_config_foreign(size_t index)
{
    return index < sizeof foreign / sizeof foreign[0] ? &foreign[index] : NULL;
}
