/* config/supabase.c: see supabase.h. */
#include "supabase.h"

#include <stdint.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"

/* Some 200 bytes are in the tokens Supabase makes. */
#define CLAIMS_MAX 4096

static const char label[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

static tripsage__span span(const char *at, size_t size)
{
    tripsage__span made = {at, size};

    return made;
}

/* ---- the address ---- */

static int is_this_machine(tripsage__span host)
{
    return tripsage__span_is(host, "localhost") || tripsage__span_is(host, "127.0.0.1") ||
           tripsage__span_is(host, "[::1]");
}

static int is_host_name(tripsage__span host)
{
    return host.size &&
           strspn(host.at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") >= host.size;
}

int tripsage__supabase_address(const char *text, tripsage__span *address, tripsage__span *project)
{
    int secure = strncmp(text, "https://", 8) == 0;
    const char *at = text + (secure ? 8 : 7), *port;
    tripsage__span host = span(at, 0);
    size_t digits;

    if (!secure && strncmp(text, "http://", 7) != 0)
        return 0;
    host.size = strncmp(at, "[::1]", 5) == 0 ? 5 : strcspn(at, ":/?#@");
    port = at + host.size;
    digits = *port == ':' ? strspn(port + 1, "0123456789") : 0;
    at = port + (*port == ':') + digits;
    *address = span(text, (size_t)(at - text));
    *project = span(host.at, strspn(host.at, label));
    if (!tripsage__span_is(span(host.at + project->size, host.size - project->size), ".supabase.co"))
        project->size = 0;
    return (is_this_machine(host) || (secure && is_host_name(host))) && (*port != ':' || digits) &&
           (*at == '\0' || strcmp(at, "/") == 0);
}

/* ---- SQL hosts ---- */

int tripsage__supabase_is_pooler(tripsage__span host)
{
    return tripsage__span_ends(host, ".pooler.supabase.com");
}

int tripsage__supabase_is_host(tripsage__span host)
{
    return tripsage__span_ends(host, ".supabase.co") || tripsage__supabase_is_pooler(host);
}

tripsage__span tripsage__supabase_project_of(tripsage__span host, tripsage__span user)
{
    size_t dot = 0;

    if (host.size > 3 && strncmp(host.at, "db.", 3) == 0 && tripsage__span_ends(host, ".supabase.co"))
        return span(host.at + 3, strspn(host.at + 3, label));
    for (size_t i = 0; i < user.size && tripsage__supabase_is_pooler(host); i++)
        if (user.at[i] == '.')
            dot = i + 1;
    return dot ? span(user.at + dot, user.size - dot) : span(user.at, 0);
}

/* ---- keys ---- */

/* The claims of a token: its second part, as JSON. NULL in *out when the key is no token. */
static tripsage_status read_claims(tripsage__json **out, const char *key)
{
    const char *first = strchr(key, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    char claims[CLAIMS_MAX];
    int64_t size = -1;
    tripsage_status status;

    *out = NULL;
    if (second && second[1] && !strchr(second + 1, '.'))
        size = tripsage__base64url_decode(claims, sizeof claims, first + 1, (size_t)(second - first - 1));
    if (size < 0)
        return TRIPSAGE_OK;
    status = tripsage__json_parse(out, claims, (size_t)size);
    return status == TRIPSAGE_ENOMEM ? status : TRIPSAGE_OK;
}

tripsage_status tripsage__supabase_key(tripsage__key_kind *kind, char project[64], const char *key)
{
    tripsage__json *claims = NULL;
    const char *role, *ref;
    tripsage_status status;

    project[0] = '\0';
    *kind = strncmp(key, "sb_publishable_", 15) == 0 && key[15] ? TRIPSAGE__KEY_PUBLIC
            : strncmp(key, "sb_secret_", 10) == 0 && key[10]    ? TRIPSAGE__KEY_SERVICE
                                                                : TRIPSAGE__KEY_UNKNOWN;
    if (*kind != TRIPSAGE__KEY_UNKNOWN)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(read_claims(&claims, key));
    role = tripsage__json_text(tripsage__json_member(claims, "role"));
    ref = tripsage__json_text(tripsage__json_member(claims, "ref"));
    if (role && strcmp(role, "anon") == 0)
        *kind = TRIPSAGE__KEY_PUBLIC;
    if (role && strcmp(role, "service_role") == 0)
        *kind = TRIPSAGE__KEY_SERVICE;
    if (ref && strlen(ref) < 64)
        memcpy(project, ref, strlen(ref) + 1);
out:
    tripsage__json_free(claims);
    return status;
}
