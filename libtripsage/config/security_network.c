/* config/security_network.c: what goes over networks, to whom, and who may call. */
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "cache/cache.h"
#include "security.h"

/* Two are usual: a CDN and a load balancer. One more may be a platform's own. */
#define PROXIES_MAX 4

static int is_word(const char *host, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(host, word, size) == 0;
}

int tripsage__is_this_machine(const char *host, size_t size)
{
    return size == 0 || host[0] == '/' || (size >= 3 && strncasecmp(host, "%2f", 3) == 0) ||
           is_word(host, size, "localhost") || (size > 4 && strncmp(host, "127.", 4) == 0) ||
           is_word(host, size, "::1") || is_word(host, size, "[::1]");
}

/* The host of a URL, with the brackets of an address. */
static tripsage__span host_of(const char *url)
{
    const char *begin = strstr(url, "://"), *at;
    tripsage__span host = {url, 0};

    if (!begin)
        return host;
    begin += 3;
    at = memchr(begin, '@', strcspn(begin, "/?#"));
    host.at = at ? at + 1 : begin;
    host.size = host.at[0] == '[' ? strcspn(host.at, "]") + 1 : strcspn(host.at, ":/?#");
    return host;
}

static int is_local_url(const char *url)
{
    tripsage__span host = host_of(url);

    return tripsage__is_this_machine(host.at, host.size);
}

static int is_secure_url(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* ---- who calls ---- */

tripsage__verdict tripsage__check_tls(tripsage__look *look)
{
    const tripsage_security_facts *facts = look->facts;

    if (!facts->host)
        return tripsage__skips(look, "there is no server");
    if (facts->tls_certificate)
        return tripsage__passes(look, "this server speaks TLS 1.2 or newer");
    if (tripsage__is_this_machine(facts->host, strlen(facts->host)))
        return tripsage__passes(look, "this server can be reached from this machine alone");
    if (facts->proxies)
        return tripsage__passes(look,
                                "the proxies in front speak TLS, as TRIPSAGE_TRUSTED_PROXIES says that there are some");
    return tripsage__fails(look,
                           "set TRIPSAGE_TLS_CERTIFICATE and TRIPSAGE_TLS_KEY; or, behind a proxy that speaks TLS, "
                           "TRIPSAGE_TRUSTED_PROXIES=1",
                           "passwords and tokens come in over the network as they are");
}

static tripsage__verdict check_web(tripsage__look *look, const char *name, const char *url, const char *fix)
{
    if (!is_secure_url(url))
        return tripsage__fails(look, fix, "%s is not https: what its links carry can be read on the way", name);
    if (is_local_url(url))
        return tripsage__fails(look, fix, "%s leads to the reader's own machine", name);
    return tripsage__passes(look, "%s is https", name);
}

tripsage__verdict tripsage__check_external_url(tripsage__look *look)
{
    static const char fix[] = "set API_EXTERNAL_URL to this server's https address";
    const char *url = look->config->mail.external_url;

    if (look->config->address.size)
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (!url)
        return tripsage__fails(look, fix, "API_EXTERNAL_URL is not set: links in mails lead to http://localhost");
    return check_web(look, "API_EXTERNAL_URL", url, fix);
}

tripsage__verdict tripsage__check_site_url(tripsage__look *look)
{
    static const char fix[] = "set SITE_URL to the application's https address";
    const char *url = look->config->mail.site_url;

    if (look->config->address.size)
        return tripsage__skips(look, "accounts are the Supabase project's");
    if (!url)
        return tripsage__fails(look, fix, "SITE_URL is not set: links in mails end at http://localhost:3000");
    return check_web(look, "SITE_URL", url, fix);
}

/* Whether a pattern leaves scheme or host open: a star stands before the path. */
static int is_any_host(const char *pattern, size_t size)
{
    const char *mark = memmem(pattern, size, "://", 3), *host = mark ? mark + 3 : pattern;
    size_t before = (size_t)(host - pattern) + strcspn(host, mark ? "/?#," : ",");

    return memchr(pattern, '*', before < size ? before : size) != NULL;
}

/* A pattern that lets somebody else's host in would hand him the session. */
tripsage__verdict tripsage__check_redirects(tripsage__look *look)
{
    static const char fix[] = "name each https host in ADDITIONAL_REDIRECT_URLS in full, and put stars behind it only";
    const char *at = look->config->mail.redirect_urls;

    if (!at)
        return tripsage__passes(look, "links in mails lead to SITE_URL alone");
    for (size_t size; *at; at += size + (at[size] == ',')) {
        at += strspn(at, " ");
        size = strcspn(at, ",");
        if (is_any_host(at, size))
            return tripsage__fails(look, fix,
                                   "ADDITIONAL_REDIRECT_URLS lets sessions be sent to hosts that it does not name");
        if (strncasecmp(at, "http://", 7) == 0)
            return tripsage__fails(look, fix, "ADDITIONAL_REDIRECT_URLS lets sessions be sent over http");
    }
    return tripsage__passes(look, "links in mails lead to named hosts alone");
}

tripsage__verdict tripsage__check_origins(tripsage__look *look)
{
    static const char fix[] = "name the https origins of production alone in TRIPSAGE_ALLOWED_ORIGINS";

    for (size_t i = 0; i < look->facts->origin_count; i++) {
        const char *origin = look->facts->origins[i];

        if (strchr(origin, '*'))
            return tripsage__fails(look, fix, "every web page may call");
        if (is_local_url(origin))
            return tripsage__fails(look, fix, "pages of the reader's own machine may call: %.100s", origin);
        if (!is_secure_url(origin))
            return tripsage__fails(look, fix, "a page that anybody on the way can change may call: %.100s", origin);
    }
    return look->facts->origin_count
               ? tripsage__passes(look, "pages of %zu https origins may call", look->facts->origin_count)
               : tripsage__passes(look, "no page of another origin may call");
}

tripsage__verdict tripsage__check_proxies(tripsage__look *look)
{
    unsigned proxies = look->facts->proxies;

    if (!look->facts->host)
        return tripsage__skips(look, "there is no server");
    if (proxies && look->facts->tls_certificate)
        return tripsage__fails(
            look, "set TRIPSAGE_TRUSTED_PROXIES=0, or let the proxy end TLS",
            "the callers' own word about their address is believed: TLS ends here, so no proxy can add to it");
    if (proxies > PROXIES_MAX)
        return tripsage__fails(look, "count the proxies that add to X-Forwarded-For",
                               "%u proxies are believed, more than there are anywhere: a caller may be one of them",
                               proxies);
    return tripsage__passes(look, proxies ? "%u proxies are believed about their callers" : "no proxy is believed",
                            proxies);
}

/* ---- whom this calls ---- */

typedef struct route {
    int is_postgres, leaves; /* this machine */
    char mode[16];           /* sslmode; "prefer" is libpq's own */
} route;

static void copy(char out[16], tripsage__span span)
{
    size_t size = span.size < 15 ? span.size : 15;

    memcpy(out, span.at, size);
    out[size] = '\0';
}

static route route_of(const tripsage__look *look)
{
    const char *text = look->config->url.data;
    route r = {0, 0, "prefer"};
    tripsage__url url;
    tripsage__span host, port, mode;

    if (!text || !tripsage__url_is_postgres(text) || !tripsage__url_parse(&url, text))
        return r;
    r.is_postgres = 1;
    host = tripsage__url_parameter(&url, "host");
    if (host.at)
        r.leaves = !tripsage__is_this_machine(host.at, host.size);
    else
        for (size_t place = 0; tripsage__url_next_host(&url, &place, &host, &port);)
            r.leaves |= !tripsage__is_this_machine(host.at, host.size);
    mode = tripsage__url_parameter(&url, "sslmode");
    if (mode.at)
        copy(r.mode, mode);
    else if (look->config->ssl_mode[0])
        memcpy(r.mode, look->config->ssl_mode, sizeof r.mode);
    return r;
}

tripsage__verdict tripsage__check_database_tls(tripsage__look *look)
{
    route r = route_of(look);

    if (!r.is_postgres)
        return tripsage__skips(look, "the database is not PostgreSQL");
    if (!r.leaves)
        return tripsage__passes(look, "the database is on this machine");
    if (strcmp(r.mode, "require") != 0 && strncmp(r.mode, "verify-", 7) != 0)
        return tripsage__fails(look, "set TRIPSAGE_DATABASE_CA, or write sslmode=verify-full into the URL",
                               "what is asked of the database may go over the network as it is (sslmode %s)", r.mode);
    return tripsage__passes(look, "the database is spoken to over TLS (sslmode %s)", r.mode);
}

tripsage__verdict tripsage__check_database_identity(tripsage__look *look)
{
    route r = route_of(look);

    if (!r.is_postgres || !r.leaves)
        return tripsage__skips(look, "the database is not over a network");
    if (strncmp(r.mode, "verify-", 7) != 0 && strcmp(r.mode, "require") != 0)
        return tripsage__skips(look, "the database is not spoken to over TLS");
    if (strcmp(r.mode, "verify-full") != 0)
        return tripsage__fails(look, "set TRIPSAGE_DATABASE_CA to the file of the CA's certificate",
                               "whoever answers in the database's place is believed (sslmode %s)", r.mode);
    return tripsage__passes(look, "the database's certificate is verified, its name included");
}

tripsage__verdict tripsage__check_redis_tls(tripsage__look *look)
{
    static const setting_id ids[] = {REDIS_URL, CACHE_URL};
    int count = 0;

    for (size_t i = 0; i < 2; i++) {
        const char *text = look->config->values[ids[i]].text;
        tripsage__cache_address address;
        tripsage_status status = text ? tripsage__cache_address_read(&address, text) : TRIPSAGE_OK;
        int bare;

        if (status != TRIPSAGE_OK) {
            look->message.failed = status;
            return TRIPSAGE__SKIP;
        }
        if (!text)
            continue;
        count++;
        bare = address.host && !address.tls && !tripsage__is_this_machine(address.host, strlen(address.host));
        tripsage__cache_address_free(&address);
        if (bare)
            return tripsage__fails(look, "write rediss:// for redis://",
                                   "what is kept in the cache goes over the network as it is (%s)",
                                   tripsage_config_setting(ids[i])->name);
    }
    return count ? tripsage__passes(look, "Redis is on this machine, or spoken to over TLS")
                 : tripsage__skips(look, "there is no Redis");
}

tripsage__verdict tripsage__check_embedder_tls(tripsage__look *look)
{
    const char *source = look->config->embedder.source, *url = look->config->embedder.base_url;

    if (!source || strcmp(source, "openai") != 0)
        return tripsage__skips(look, "no server makes vectors");
    if (url && !is_secure_url(url) && !is_local_url(url))
        return tripsage__fails(look, "write https:// in OPENAI_BASE_URL",
                               "what people write goes over the network as it is (OPENAI_BASE_URL)");
    return tripsage__passes(look, "vectors are made on this machine, or asked for over TLS");
}
