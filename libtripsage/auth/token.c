/* auth/token.c: access tokens, HS256 and nothing else. The home of jwt.h.
 *
 * We write tokens ourselves: the claims are JSON of ours already, and a signature is one HMAC. libjwt's own writer would read them into
 * a tree and write them again, every number with 17 digits; and it ends the program when memory runs out (1.10, jwt_encode_str).
 *
 * Signatures of tokens given to us are checked by libjwt, 1.10 or 1.17. It reads header and claims before it looks at the signature, with
 * a parser that follows nesting 2,048 deep and lets the last of two equal members win. So both parts go through our own strict parser
 * first, the algorithm is pinned from what that saw, and times are compared with the handle's clock here. What a caller gets as the
 * actor's claims are the very bytes that were signed. */
#include "auth/token.h"

#include <string.h>

#include <jwt.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
/* Others add a key id and more. */
#define HEADER_MAX 512
/* The parts of our claims that vary in length, and 560 bytes for the rest: names, ids and times are some 450, an issuer full of quotation marks is
 * written twice as long. */
#define CLAIMS_MAX                                                                                                     \
    (TRIPSAGE__ISSUER_MAX + TRIPSAGE__EMAIL_SIZE + TRIPSAGE__ACCOUNT_METADATA_MAX + TRIPSAGE__AMR_SIZE + 560)
/* In base64url, with header, signature and dots. */
_Static_assert(4 * (sizeof HEADER + CLAIMS_MAX + TRIPSAGE__SHA256_SIZE) / 3 + 16 < TRIPSAGE__TOKEN_MAX,
               "a token of ours must not be longer than one we look at");
/* 9999-12-31T23:59:59Z, the last second RFC 3339 can write. */
#define NUMERIC_DATE_MAX 253402300799.0

/* ---- making ---- */

static void put_claims(tripsage__buf *buf, const tripsage__signer *signer, const tripsage__account *account,
                       const tripsage__session *session)
{
    int64_t issued = session->issued_at / 1000;

    TRIPSAGE__LIT(buf, "{\"iss\":");
    tripsage__json_put_string(buf, signer->issuer);
    TRIPSAGE__LIT(buf, ",\"sub\":");
    tripsage__json_put_string(buf, account->id);
    TRIPSAGE__LIT(buf, ",\"aud\":\"authenticated\",\"exp\":");
    tripsage__buf_int(buf, session->expires_at / 1000);
    TRIPSAGE__LIT(buf, ",\"iat\":");
    tripsage__buf_int(buf, issued);
    TRIPSAGE__LIT(buf, ",\"email\":");
    tripsage__json_put_string(buf, tripsage__account_address(account));
    TRIPSAGE__LIT(buf, ",\"role\":");
    tripsage__json_put_string(buf, account->role);
    TRIPSAGE__LIT(buf, ",\"session_id\":");
    tripsage__json_put_string(buf, session->id);
    tripsage__buf_puts(buf, session->aal == 2 ? ",\"aal\":\"aal2\",\"amr\":" : ",\"aal\":\"aal1\",\"amr\":");
    tripsage__buf_puts(buf, session->amr);
    tripsage__buf_puts(buf, account->is_anonymous ? ",\"is_anonymous\":true" : ",\"is_anonymous\":false");
    TRIPSAGE__LIT(buf, ",\"app_metadata\":");
    tripsage__buf_puts(buf, account->app_metadata);
    TRIPSAGE__LIT(buf, ",\"user_metadata\":");
    tripsage__buf_puts(buf, account->user_metadata);
    tripsage__buf_putc(buf, '}');
}

tripsage_status tripsage__token_sign(char **out, const tripsage__signer *signer, const tripsage__account *account,
                                     const tripsage__session *session)
{
    tripsage__buf claims = TRIPSAGE__BUF_INIT(CLAIMS_MAX);
    tripsage__buf token = TRIPSAGE__BUF_INIT(TRIPSAGE__TOKEN_MAX + 1);
    unsigned char code[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    *out = NULL;
    put_claims(&claims, signer, account, session);
    TRIPSAGE_TRY(tripsage__buf_status(&claims));
    tripsage__base64url_put(&token, HEADER, sizeof HEADER - 1);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, claims.data, claims.size);
    TRIPSAGE_TRY(tripsage__buf_status(&token));
    TRIPSAGE_TRY(tripsage__hmac_sha256(code, signer->key, signer->key_size, token.data, token.size));
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, code, sizeof code);
    TRIPSAGE_TRY(tripsage__buf_status(&token));
    *out = tripsage__buf_take(&token, NULL);
out:
    tripsage__buf_free(&token);
    tripsage__buf_free(&claims);
    return status;
}

/* ---- reading ---- */

/* A token being read. */
struct reading {
    const char *header, *payload, *signature; /* inside the token, which starts with its header */
    size_t header_length, payload_length, signature_length;
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
    r->signature = second + 1;
    r->signature_length = (size_t)(end - second - 1);
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

/* The signature compared without libjwt. */
static tripsage_status compare_signature(const struct reading *r, const tripsage__signer *signer)
{
    unsigned char given[TRIPSAGE__SHA256_SIZE], right[TRIPSAGE__SHA256_SIZE];
    size_t signed_length = (size_t)(r->signature - r->header - 1);
    tripsage_status status = tripsage__hmac_sha256(right, signer->key, signer->key_size, r->header, signed_length);

    if (status != TRIPSAGE_OK)
        return status;
    if (tripsage__base64url_decode(given, sizeof given, r->signature, r->signature_length) != sizeof given ||
        !tripsage__equal_constant_time(given, right, sizeof right))
        return refuse("has a signature that is not ours");
    return TRIPSAGE_OK;
}

/* libjwt says "invalid" of a wrong signature, and as well of a failed allocation and of numbers it has no type for. A good token must not
 * be called bad for that, so what it does not take is looked at again. */
static tripsage_status check_signature(const struct reading *r, const tripsage__signer *signer)
{
    jwt_t *jwt = NULL;
    int code = jwt_decode(&jwt, r->header, (const unsigned char *)signer->key, (int)signer->key_size);
    int good = code == 0 && jwt_get_alg(jwt) == JWT_ALG_HS256;

    if (jwt)
        jwt_free(jwt);
    return good ? TRIPSAGE_OK : compare_signature(r, signer);
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
    TRIPSAGE_TRY(check_signature(&r, signer));
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
