/* config/security_secrets.c: whether secrets are there, and are secrets. No sentence repeats a part of one. */
#include <string.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "security.h"
#include "strength.h"

/* Bits, as strength.h estimates them. 96 of a key that everything is under: what "openssl rand -hex 16" prints has 128, and is estimated
 * at 100 or more. 64 of a token that is asked for over a network. 40 of a password that a server checks, which does not take millions of
 * guesses. */
#define KEY_BITS      96
#define TOKEN_BITS    64
#define PASSWORD_BITS 40

#define MAKE_ONE "set it to what \"openssl rand -hex 32\" prints"

static const char *text_of(const tripsage__look *look, setting_id id)
{
    return look->config->values[id].text;
}

static const char *name_of(setting_id id)
{
    return tripsage_config_setting(id)->name;
}

static tripsage__verdict judge(tripsage__look *look, const char *name, tripsage__strength strength, const char *fix)
{
    if (strength == TRIPSAGE__SECRET_STRONG)
        return tripsage__passes(look, "%s is strong", name);
    return tripsage__fails(look, fix, "%s %s", name, tripsage__strength_words(strength));
}

tripsage__verdict tripsage__check_secret_key(tripsage__look *look)
{
    const char *key = text_of(look, SECRET_KEY);

    if (!key)
        return tripsage__fails(look, MAKE_ONE ", then run \"tripsage-server keys rotate-secret\"",
                               "SECRET_KEY is not set, so the key to the secrets in the database lies beside them");
    return judge(look, "SECRET_KEY", tripsage__secret_strength(key, KEY_BITS), MAKE_ONE);
}

tripsage__verdict tripsage__check_previous_key(tripsage__look *look)
{
    if (text_of(look, SECRET_KEY_PREVIOUS))
        return tripsage__fails(look, "run \"tripsage-server keys rotate-secret\", then take SECRET_KEY_PREVIOUS away",
                               "SECRET_KEY_PREVIOUS is set, so the key that was to be replaced is still good");
    return tripsage__passes(look, "no earlier SECRET_KEY is in use");
}

/* Those that two programs or two purposes would share. */
tripsage__verdict tripsage__check_distinct(tripsage__look *look)
{
    static const setting_id ids[] = {
        SECRET_KEY,  SECRET_KEY_PREVIOUS,  DATABASE_JWT_SECRET, DATABASE_PASSWORD, REDIS_PASSWORD,
        CACHE_TOKEN, CACHE_READONLY_TOKEN, METRICS_TOKEN,       WEBHOOK_SECRET,    SMTP_PASS};
    enum { COUNT = sizeof ids / sizeof ids[0] };

    for (size_t a = 0; a < COUNT; a++)
        for (size_t b = a + 1; b < COUNT; b++) {
            const char *first = text_of(look, ids[a]), *second = text_of(look, ids[b]);

            if (first && second && strcmp(first, second) == 0)
                return tripsage__fails(look, "give each a value of its own: openssl rand -hex 32",
                                       "%s and %s are the same: who learns one has the other", name_of(ids[a]),
                                       name_of(ids[b]));
        }
    return tripsage__passes(look, "no two secrets are the same");
}

tripsage__verdict tripsage__check_jwt_secret(tripsage__look *look)
{
    const char *secret = text_of(look, DATABASE_JWT_SECRET);

    if (!secret)
        return tripsage__passes(look, "tokens are signed with keys that the database keeps, or the project's");
    return judge(look, "DATABASE_JWT_SECRET", tripsage__secret_strength(secret, KEY_BITS),
                 look->config->address.size
                     ? "rotate the project's JWT secret (dashboard: Settings, JWT Keys), and set it"
                     : MAKE_ONE ", or take it away");
}

tripsage__verdict tripsage__check_project_key(tripsage__look *look)
{
    const char *key = text_of(look, look->of), *name = name_of(look->of);
    int of_project = look->config->address.size != 0;

    if (!key && of_project)
        return tripsage__fails(look, "set it to the project's (dashboard: Settings, API Keys)", "%s is not set", name);
    if (!key)
        return tripsage__passes(look, "%s is this server's own, and random", name);
    return judge(look, name, tripsage__supabase_key_strength(key),
                 of_project ? "set it to the project's (dashboard: Settings, API Keys)"
                            : "take it away, and \"tripsage-server keys show\" makes one");
}

/* ---- PostgreSQL ---- */

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* What is percent-encoded in a URL that was checked when it was read. For tripsage__free; NULL without memory. */
static char *decoded(tripsage__span span)
{
    char *text = tripsage__malloc(span.size + 1);
    size_t size = 0;

    for (size_t i = 0; text && i < span.size; i++) {
        if (span.at[i] == '%' && i + 2 < span.size) {
            text[size++] = (char)(digit_of(span.at[i + 1]) << 4 | digit_of(span.at[i + 2]));
            i += 2;
        } else {
            text[size++] = span.at[i];
        }
    }
    if (text)
        text[size] = '\0';
    return text;
}

static void forget(char *secret)
{
    if (secret)
        tripsage__wipe(secret, strlen(secret));
    tripsage__free(secret);
}

tripsage__verdict tripsage__check_database_password(tripsage__look *look)
{
    tripsage__url url;
    tripsage__span password;
    char *text;
    tripsage__verdict verdict;

    if (!look->config->url.data || !tripsage__url_is_postgres(look->config->url.data) ||
        !tripsage__url_parse(&url, look->config->url.data))
        return tripsage__skips(look, "the database is not PostgreSQL");
    password = tripsage__url_parameter(&url, "password");
    if (!password.size)
        password = url.password;
    if (!password.size)
        return tripsage__skips(look, "the settings have no password of the database");
    text = decoded(password);
    if (!text) {
        look->message.failed = TRIPSAGE_ENOMEM;
        return TRIPSAGE__SKIP;
    }
    verdict =
        judge(look, "the password of the database", tripsage__secret_strength(text, PASSWORD_BITS),
              "ALTER ROLE ... PASSWORD to what \"openssl rand -hex 16\" prints, and set DATABASE_PASSWORD to that");
    forget(text);
    return verdict;
}

/* ---- caches ---- */

static tripsage__verdict check_redis(tripsage__look *look, const char *name, const char *url, const char *beside)
{
    tripsage__cache_address address;
    const char *password;
    tripsage__verdict verdict = TRIPSAGE__PASS;
    tripsage_status status = tripsage__cache_address_read(&address, url);

    if (status != TRIPSAGE_OK) {
        look->message.failed = status;
        return TRIPSAGE__SKIP;
    }
    password = address.password ? address.password : beside;
    if (password)
        verdict =
            judge(look, name, tripsage__secret_strength(password, PASSWORD_BITS),
                  "set requirepass, or the user's password, to what \"openssl rand -hex 16\" prints, here and there");
    else if (address.host && !tripsage__is_this_machine(address.host, strlen(address.host)))
        verdict = tripsage__fails(look, "give the server a password, and set REDIS_PASSWORD to it",
                                  "%s is missing: whoever reaches the server has the cache", name);
    tripsage__cache_address_free(&address);
    return verdict;
}

tripsage__verdict tripsage__check_redis_password(tripsage__look *look)
{
    const char *url = text_of(look, REDIS_URL), *served = text_of(look, CACHE_URL);
    tripsage__verdict verdict = TRIPSAGE__PASS;

    if (!url && !served)
        return tripsage__skips(look, "there is no Redis");
    if (url)
        verdict = check_redis(look, "the password of REDIS_URL", url, text_of(look, REDIS_PASSWORD));
    if (served && verdict == TRIPSAGE__PASS) {
        look->message.size = 0;
        verdict = check_redis(look, "the password of TRIPSAGE_CACHE_URL", served, NULL);
    }
    if (verdict == TRIPSAGE__PASS && !look->message.size)
        return tripsage__passes(look, "Redis is on this machine");
    return verdict;
}

tripsage__verdict tripsage__check_upstash_token(tripsage__look *look)
{
    const char *token = text_of(look, UPSTASH_TOKEN);

    if (!token)
        return tripsage__skips(look, "no cache is asked by REST");
    return judge(look, "UPSTASH_REDIS_REST_TOKEN", tripsage__secret_strength(token, TOKEN_BITS),
                 "set it to the database's (console: REST API)");
}

tripsage__verdict tripsage__check_cache_tokens(tripsage__look *look)
{
    static const setting_id ids[] = {CACHE_TOKEN, CACHE_READONLY_TOKEN};

    if (!text_of(look, CACHE_TOKEN))
        return tripsage__skips(look, "no cache is served");
    for (size_t i = 0; i < 2; i++) {
        const char *token = text_of(look, ids[i]);

        if (token && tripsage__secret_strength(token, TOKEN_BITS) != TRIPSAGE__SECRET_STRONG)
            return judge(look, name_of(ids[i]), tripsage__secret_strength(token, TOKEN_BITS), MAKE_ONE);
    }
    return tripsage__passes(look, "the tokens of the served cache are strong");
}

/* ---- what this server is asked with ---- */

/* Metrics tell how much is asked, of what, and how long it takes. At an address of this machine alone they are for its operators; but
 * where proxies stand in front of it, those let others in. */
tripsage__verdict tripsage__check_metrics_token(tripsage__look *look)
{
    static const char fix[] = MAKE_ONE ", or TRIPSAGE_METRICS to admin and TRIPSAGE_ADMIN_HOST to 127.0.0.1";
    const char *const hosts[] = {look->facts->metrics_host, look->facts->metrics_admin_host};
    const char *token = text_of(look, METRICS_TOKEN);

    if (!hosts[0] && !hosts[1])
        return tripsage__skips(look, "no metrics are shown");
    if (token)
        return judge(look, "TRIPSAGE_METRICS_TOKEN", tripsage__secret_strength(token, TOKEN_BITS), MAKE_ONE);
    for (size_t i = 0; i < 2; i++)
        if (hosts[i] && !tripsage__is_this_machine(hosts[i], strlen(hosts[i])))
            return tripsage__fails(
                look, fix, "TRIPSAGE_METRICS_TOKEN is not set, so /metrics is for whoever reaches %.100s", hosts[i]);
    if (hosts[0] && look->facts->proxies)
        return tripsage__fails(look, fix,
                               "TRIPSAGE_METRICS_TOKEN is not set, so /metrics is for whoever the proxies let in");
    return tripsage__passes(look, "metrics can be read from this machine alone");
}

/* The database itself knows whether it sends any, where it is looked at. */
tripsage__verdict tripsage__check_webhook_secret(tripsage__look *look)
{
    const char *secret = text_of(look, WEBHOOK_SECRET);

    if (secret)
        return judge(look, "WEBHOOK_SECRET", tripsage__secret_strength(secret, KEY_BITS),
                     MAKE_ONE ", then run \"make supa.functions.deploy-all\"");
    if (look->database && tripsage_doc_bool(look->database, "/sends_webhooks", 0))
        return tripsage__fails(look, "set it to the secret in the database's vault (tripsage_webhook_secret)",
                               "WEBHOOK_SECRET is not set, so nothing that the database's webhooks tell is heard");
    return tripsage__skips(look, "no webhooks are received");
}

/* ---- others' ---- */

tripsage__verdict tripsage__check_smtp_password(tripsage__look *look)
{
    const char *password = text_of(look, SMTP_PASS);

    if (!look->config->mail.host || (!password && !text_of(look, SMTP_USER)))
        return tripsage__skips(look, "nobody signs in to a mail server");
    if (!password)
        return tripsage__fails(look, "set it to the mail server's password, or take SMTP_USER away",
                               "SMTP_PASS is not set");
    return judge(look, "SMTP_PASS", tripsage__secret_strength(password, PASSWORD_BITS),
                 "set it to a password of the mail server's own making");
}

tripsage__verdict tripsage__check_openai_key(tripsage__look *look)
{
    const char *source = look->config->embedder.source, *key = text_of(look, OPENAI_KEY);

    if (!key || !source || strcmp(source, "openai") != 0)
        return tripsage__skips(look, "no server makes vectors with a key");
    return judge(look, "OPENAI_API_KEY", tripsage__secret_strength(key, PASSWORD_BITS),
                 "set it to a key of the server's (platform.openai.com: API keys)");
}
