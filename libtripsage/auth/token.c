/* auth/token.c: access tokens, HS256 and nothing else, through libjwt. The home of jwt.h.
 *
 * Works with libjwt 1.10 and 1.17. Of it we use the signature only. It reads header and claims before it looks at the signature, with a
 * parser that follows nesting 2,048 deep and lets the last of two equal members win. So both parts go through our own strict parser
 * first, the algorithm is pinned from what that saw, and times are compared with the handle's clock here. What a caller gets as the
 * actor's claims are the very bytes that were signed. */
#include "auth/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

/* A header of ours has 27 bytes; others add a key id and a type. */
#define HEADER_MAX 512
/* Claims before they are encoded: the longest token's worth (see TRIPSAGE__TOKEN_MAX) and more, so that the token's own limit decides. */
#define CLAIMS_MAX ((size_t)16 * 1024)
/* 9999-12-31T23:59:59Z, the last second RFC 3339 can write. */
#define NUMERIC_DATE_MAX 253402300799.0

/* ---- making ---- */

static void put_claims(tripsage__buf *buf, const tripsage__signer *signer, const tripsage__account *account,
                       const tripsage__session *session)
{
    int64_t issued = session->created_at / 1000;

    TRIPSAGE__LIT(buf, "{\"iss\":");
    tripsage__json_put_string(buf, signer->issuer);
    TRIPSAGE__LIT(buf, ",\"sub\":");
    tripsage__json_put_string(buf, account->id);
    TRIPSAGE__LIT(buf, ",\"aud\":\"authenticated\",\"exp\":");
    tripsage__buf_int(buf, session->expires_at / 1000);
    TRIPSAGE__LIT(buf, ",\"iat\":");
    tripsage__buf_int(buf, issued);
    TRIPSAGE__LIT(buf, ",\"email\":");
    tripsage__json_put_string(buf, account->email);
    TRIPSAGE__LIT(buf, ",\"role\":");
    tripsage__json_put_string(buf, account->role);
    TRIPSAGE__LIT(buf, ",\"session_id\":");
    tripsage__json_put_string(buf, session->id);
    TRIPSAGE__LIT(buf, ",\"aal\":\"aal1\",\"amr\":[{\"method\":\"password\",\"timestamp\":");
    tripsage__buf_int(buf, issued);
    TRIPSAGE__LIT(buf, "}],\"is_anonymous\":false,\"app_metadata\":");
    tripsage__buf_puts(buf, account->app_metadata);
    TRIPSAGE__LIT(buf, ",\"user_metadata\":");
    tripsage__buf_puts(buf, account->user_metadata);
    tripsage__buf_putc(buf, '}');
}

/* libjwt's own text back to its own allocator, which a program may have replaced from 1.12 on. */
static void free_encoded(char *text)
{
#ifdef JWT_VALIDATION_SUCCESS /* came with jwt_free_str */
    jwt_free_str(text);
#else
    free(text);
#endif
}

tripsage_status tripsage__token_sign(char **out, const tripsage__signer *signer, const tripsage__account *account,
                                     const tripsage__session *session)
{
    tripsage__buf claims = TRIPSAGE__BUF_INIT(CLAIMS_MAX);
    tripsage_status status;
    jwt_t *jwt = NULL;
    char *encoded = NULL;
    int code;

    *out = NULL;
    put_claims(&claims, signer, account, session);
    TRIPSAGE_TRY(tripsage__buf_status(&claims));
    code = jwt_new(&jwt);
    if (!code)
        code = jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)signer->key, (int)signer->key_size);
    if (!code)
        code = jwt_add_grants_json(jwt, claims.data);
    if (!code && !(encoded = jwt_encode_str(jwt)))
        code = errno;
    if (!encoded) {
        status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, code, "libjwt could not make a token");
        goto out;
    }
    *out = tripsage__strdup(encoded);
    if (!*out)
        status = TRIPSAGE_NOMEM();
out:
    free_encoded(encoded);
    if (jwt)
        jwt_free(jwt);
    tripsage__buf_free(&claims);
    return status;
}

/* ---- reading ---- */

/* A token being read. */
struct reading {
    const char *header, *payload; /* inside the token */
    size_t header_length, payload_length;
    char *claims;         /* the payload's bytes, NUL-terminated; owned */
    tripsage__json *tree; /* of the claims; owned */
};

static tripsage_status refuse(const char *why)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "the token %s", why);
}

/* Three parts between exactly two dots, and no NUL: libjwt would stop reading there. */
static int split(struct reading *r, const char *token, size_t length)
{
    const char *end = token + length;
    const char *first = memchr(token, '.', length);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)) || memchr(token, '\0', length))
        return 0;
    r->header = token;
    r->header_length = (size_t)(first - token);
    r->payload = first + 1;
    r->payload_length = (size_t)(second - first - 1);
    return 1;
}

/* Parses a part; what is not strict JSON, or no object, is no token. */
static tripsage_status parse_part(tripsage__json **out, const char *text, size_t size)
{
    tripsage_status status = tripsage__json_parse(out, text, size);

    if (status == TRIPSAGE_ENOMEM)
        return status;
    if (status != TRIPSAGE_OK || !tripsage__json_is_object(*out))
        return refuse("is malformed");
    return TRIPSAGE_OK;
}

static int text_is(const tripsage__json *node, const char *expected)
{
    const char *text = tripsage__json_text(node);

    return text && strcmp(text, expected) == 0;
}

/* `alg` is exactly HS256 (RFC 8725, 3.1); a type, where there is one, is JWT; nothing is critical that we do not know (RFC 7515, 4.1.11). */
static tripsage_status check_header(const struct reading *r)
{
    char text[HEADER_MAX];
    int64_t size = tripsage__base64url_decode(text, sizeof text, r->header, r->header_length);
    tripsage__json *header = NULL;
    const tripsage__json *type;
    tripsage_status status;

    if (size < 0)
        return refuse("is malformed");
    TRIPSAGE_TRY(parse_part(&header, text, (size_t)size));
    type = tripsage__json_member(header, "typ");
    if (!text_is(tripsage__json_member(header, "alg"), "HS256"))
        status = refuse("is not signed with HS256");
    else if (type && !text_is(type, "JWT"))
        status = refuse("is of another type than JWT");
    else if (tripsage__json_member(header, "crit"))
        status = refuse("demands an extension that is not known");
out:
    tripsage__json_free(header);
    return status;
}

static tripsage_status read_payload(struct reading *r)
{
    size_t capacity = r->payload_length / 4 * 3 + 3;
    int64_t size;

    r->claims = tripsage__malloc(capacity + 1);
    if (!r->claims)
        return TRIPSAGE_NOMEM();
    size = tripsage__base64url_decode(r->claims, capacity, r->payload, r->payload_length);
    if (size < 0)
        return refuse("is malformed");
    r->claims[size] = '\0';
    return parse_part(&r->tree, r->claims, (size_t)size);
}

static tripsage_status check_signature(const tripsage__signer *signer, const char *token)
{
    jwt_t *jwt = NULL;
    int code = jwt_decode(&jwt, token, (const unsigned char *)signer->key, (int)signer->key_size);
    int pinned = code == 0 && jwt_get_alg(jwt) == JWT_ALG_HS256;

    if (jwt)
        jwt_free(jwt);
    if (code == ENOMEM)
        return TRIPSAGE_NOMEM();
    return pinned ? TRIPSAGE_OK : refuse("has a signature that is not ours");
}

/* `aud` is one name or a list of them (RFC 7519, 4.1.3). */
static int audience_is(const tripsage__json *audience, const char *expected)
{
    if (!tripsage__json_is_array(audience))
        return text_is(audience, expected);
    for (const tripsage__json *one = tripsage__json_first(audience); one; one = tripsage__json_next(one))
        if (text_is(one, expected))
            return 1;
    return 0;
}

/* A NumericDate in milliseconds, or -1. */
static int64_t date_of(const tripsage__json *node)
{
    double seconds = tripsage__json_number(node);

    if (!tripsage__json_is_number(node) || !(seconds >= 0 && seconds <= NUMERIC_DATE_MAX))
        return -1;
    return (int64_t)(seconds * 1000.0);
}

static tripsage_status check_times(const tripsage__json *claims, int64_t now_ms, int64_t *expires_at)
{
    const tripsage__json *not_before = tripsage__json_member(claims, "nbf");

    *expires_at = date_of(tripsage__json_member(claims, "exp"));
    if (*expires_at < 0)
        return refuse("does not say when it expires");
    if (not_before && (date_of(not_before) < 0 || date_of(not_before) > now_ms + TRIPSAGE__TOKEN_SKEW_MS))
        return refuse("is not valid yet");
    if (now_ms >= *expires_at + TRIPSAGE__TOKEN_SKEW_MS)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXPIRED, "the token has expired");
    return TRIPSAGE_OK;
}

static tripsage_status check_claims(tripsage_actor *actor, const tripsage__signer *signer, const tripsage__json *claims,
                                    int64_t now_ms)
{
    if (!text_is(tripsage__json_member(claims, "iss"), signer->issuer))
        return refuse("is from another issuer");
    if (!audience_is(tripsage__json_member(claims, "aud"), "authenticated"))
        return refuse("is for another audience");
    if (!tripsage__uuid_parse(tripsage__json_text(tripsage__json_member(claims, "sub")), actor->user_id))
        return refuse("names no user");
    if (!tripsage__uuid_parse(tripsage__json_text(tripsage__json_member(claims, "session_id")), actor->session_id))
        return refuse("names no session");
    return check_times(claims, now_ms, &actor->expires_at_ms);
}

tripsage_status tripsage__token_read(tripsage_actor **out, const tripsage__signer *signer, const char *token,
                                     size_t length, int64_t now_ms)
{
    struct reading r = {0};
    tripsage_actor *actor = NULL;
    tripsage_status status;

    *out = NULL;
    if (length > TRIPSAGE__TOKEN_MAX || !split(&r, token, length))
        return refuse("is malformed");
    TRIPSAGE_TRY(check_header(&r));
    TRIPSAGE_TRY(read_payload(&r));
    TRIPSAGE_TRY(check_signature(signer, token));
    actor = tripsage__calloc(1, sizeof *actor);
    if (!actor) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(check_claims(actor, signer, r.tree, now_ms));
    actor->claims = r.claims;
    r.claims = NULL;
    *out = actor;
    actor = NULL;
out:
    tripsage_actor_free(actor);
    tripsage__json_free(r.tree);
    tripsage__free(r.claims);
    return status;
}
