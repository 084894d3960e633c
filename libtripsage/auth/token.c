/* auth/token.c: access tokens, made and checked.
 *
 * We write tokens ourselves: the claims are JSON of ours already, and what is left is one signature.
 *
 * A token given to us is read by our own strict parser: two equal members, deep nesting, a byte behind the end make it none. Its header
 * only says which key to look for; the key says how it is used (RFC 8725, 3.1), so that a public key is never the secret of an HMAC. The
 * claims are looked at after the signature, and times are compared with the handle's clock. What a caller gets as the actor's claims are
 * the very bytes that were signed.
 *
 * Messages are Supabase Auth's own where it has one. */
#include "auth/token.h"

#include <string.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

/* Others add more than a key's id. */
#define HEADER_MAX 512
/* A header of ours, with a thumbprint as the key's id; and the signature of a pair of ours, which is RSA's of 2,048 bits at most. */
#define OWN_HEADER_MAX    96
#define OWN_SIGNATURE_MAX (TRIPSAGE__RSA_BITS_MIN / 8)
/* The parts of our claims that vary in length, and 560 bytes for the rest: names, ids and times are some 450, an issuer full of quotation marks is
 * written twice as long. */
#define CLAIMS_MAX                                                                                                     \
    (TRIPSAGE__ISSUER_MAX + TRIPSAGE__EMAIL_SIZE + TRIPSAGE__ACCOUNT_METADATA_MAX + TRIPSAGE__AMR_SIZE + 560)
/* In base64url, with dots. */
_Static_assert(4 * (OWN_HEADER_MAX + CLAIMS_MAX + OWN_SIGNATURE_MAX) / 3 + 16 < TRIPSAGE__TOKEN_MAX,
               "a token of ours must not be longer than one we look at");
/* 9999-12-31T23:59:59Z, the last second RFC 3339 can write. */
#define NUMERIC_DATE_MAX 253402300799.0

static tripsage__algorithm algorithm_of(const tripsage__token_key *key)
{
    return key->pair ? tripsage__key_algorithm(key->pair) : TRIPSAGE__HS256;
}

/* ---- making ---- */

static void put_header(tripsage__buf *buf, const tripsage__token_key *key)
{
    TRIPSAGE__LIT(buf, "{\"alg\":\"");
    tripsage__buf_puts(buf, tripsage__algorithm_name(algorithm_of(key)));
    if (key->kid[0]) {
        TRIPSAGE__LIT(buf, "\",\"kid\":\"");
        tripsage__buf_puts(buf, key->kid); /* base64url: nothing to escape */
    }
    TRIPSAGE__LIT(buf, "\",\"typ\":\"JWT\"}");
}

static void put_claims(tripsage__buf *buf, const char *issuer, const tripsage__account *account,
                       const tripsage__session *session)
{
    TRIPSAGE__LIT(buf, "{\"iss\":");
    tripsage__json_put_string(buf, issuer);
    TRIPSAGE__LIT(buf, ",\"sub\":");
    tripsage__json_put_string(buf, account->id);
    TRIPSAGE__LIT(buf, ",\"aud\":\"authenticated\",\"exp\":");
    tripsage__buf_int(buf, session->expires_at / 1000);
    TRIPSAGE__LIT(buf, ",\"iat\":");
    tripsage__buf_int(buf, session->issued_at / 1000);
    TRIPSAGE__LIT(buf, ",\"email\":");
    tripsage__json_put_string(buf, tripsage__account_address(account));
    TRIPSAGE__LIT(buf, ",\"phone\":\"\",\"app_metadata\":");
    tripsage__buf_puts(buf, account->app_metadata);
    TRIPSAGE__LIT(buf, ",\"user_metadata\":");
    tripsage__buf_puts(buf, account->user_metadata);
    TRIPSAGE__LIT(buf, ",\"role\":");
    tripsage__json_put_string(buf, account->role);
    tripsage__buf_puts(buf, session->aal == 2 ? ",\"aal\":\"aal2\",\"amr\":" : ",\"aal\":\"aal1\",\"amr\":");
    tripsage__buf_puts(buf, session->amr);
    TRIPSAGE__LIT(buf, ",\"session_id\":");
    tripsage__json_put_string(buf, session->id);
    tripsage__buf_puts(buf, account->is_anonymous ? ",\"is_anonymous\":true}" : ",\"is_anonymous\":false}");
}

static tripsage_status put_signature(tripsage__buf *token, const tripsage__token_key *key)
{
    unsigned char signature[TRIPSAGE__SIGNATURE_MAX];
    size_t size = TRIPSAGE__SHA256_SIZE;
    tripsage_status status =
        key->pair ? tripsage__key_sign(signature, &size, key->pair, token->data, token->size)
                  : tripsage__hmac_sha256(signature, key->secret, key->secret_size, token->data, token->size);

    if (status != TRIPSAGE_OK)
        return status;
    tripsage__buf_putc(token, '.');
    tripsage__base64url_put(token, signature, size);
    return tripsage__buf_status(token);
}

tripsage_status tripsage__token_sign(char **out, const tripsage__token_key *key, const char *issuer,
                                     const tripsage__account *account, const tripsage__session *session)
{
    tripsage__buf header = TRIPSAGE__BUF_INIT(OWN_HEADER_MAX + 1);
    tripsage__buf claims = TRIPSAGE__BUF_INIT(CLAIMS_MAX);
    tripsage__buf token = TRIPSAGE__BUF_INIT(TRIPSAGE__TOKEN_MAX + 1);
    tripsage_status status;

    *out = NULL;
    put_header(&header, key);
    put_claims(&claims, issuer, account, session);
    TRIPSAGE_TRY(tripsage__buf_status(&header));
    TRIPSAGE_TRY(tripsage__buf_status(&claims));
    tripsage__base64url_put(&token, header.data, header.size);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, claims.data, claims.size);
    TRIPSAGE_TRY(tripsage__buf_status(&token));
    TRIPSAGE_TRY(put_signature(&token, key));
    *out = tripsage__buf_take(&token, NULL);
out:
    tripsage__buf_free(&token);
    tripsage__buf_free(&claims);
    tripsage__buf_free(&header);
    return status;
}

/* ---- form and header ---- */

#define UNVERIFIED "invalid JWT: unable to parse or verify signature, "

#define REFUSE(...) TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "bad_jwt", __VA_ARGS__)

static tripsage_status malformed(void)
{
    return REFUSE(UNVERIFIED "token is malformed");
}

/* Three parts between exactly two dots. */
static int split(tripsage__token *t, const char *token, size_t length)
{
    const char *end = token + length;
    const char *first = memchr(token, '.', length);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return 0;
    t->header = token;
    t->header_length = (size_t)(first - token);
    t->payload = first + 1;
    t->payload_length = (size_t)(second - first - 1);
    t->signature = second + 1;
    t->signature_length = (size_t)(end - second - 1);
    return 1;
}

/* Parses a part; what is not strict JSON, or no object, is no token. */
static tripsage_status parse_part(tripsage__json **out, const char *text, size_t size)
{
    tripsage_status status = tripsage__json_parse(out, text, size);

    if (status == TRIPSAGE_ENOMEM)
        return status;
    if (status != TRIPSAGE_OK || !tripsage__json_is_object(*out))
        return malformed();
    return TRIPSAGE_OK;
}

static int text_is(const tripsage__json *node, const char *expected)
{
    const char *text = tripsage__json_text(node);

    return text && strcmp(text, expected) == 0;
}

/* The key's id of the header; 0 when it is none that a key could have. */
static int take_kid(tripsage__token *t, const tripsage__json *header)
{
    const tripsage__json *node = tripsage__json_member(header, "kid");
    const char *kid = node ? tripsage__json_text(node) : "";
    size_t length = kid ? strlen(kid) : sizeof t->kid;

    if (length >= sizeof t->kid)
        return 0;
    memcpy(t->kid, kid, length + 1);
    return 1;
}

/* What may be repeated of an algorithm: a name of the kind that algorithms have. */
static const char *name_of(const tripsage__json *algorithm)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *name = tripsage__json_text(algorithm);

    return name && *name && strlen(name) <= 16 && strspn(name, letters) == strlen(name) ? name : "(unspecified)";
}

/* `alg` is one we know; a type, where there is one, is JWT; nothing is critical, since we know no extension (RFC 7515, 4.1.11). Members that
 * would bring a key along or say where one is (jwk, jku, x5c, x5u) are not looked at. */
static tripsage_status take_header(tripsage__token *t, const tripsage__json *header)
{
    const tripsage__json *algorithm = tripsage__json_member(header, "alg"),
                         *type = tripsage__json_member(header, "typ");

    t->algorithm = tripsage__algorithm_of(tripsage__json_text(algorithm));
    if (!t->algorithm)
        return REFUSE(UNVERIFIED "token signature is invalid: signing method %s is invalid", name_of(algorithm));
    if (type && !text_is(type, "JWT"))
        return REFUSE(UNVERIFIED "token is of another type than JWT");
    if (tripsage__json_member(header, "crit"))
        return REFUSE(UNVERIFIED "token demands an extension that is not known");
    if (!take_kid(t, header))
        return REFUSE(UNVERIFIED "token is unverifiable: its kid is no key's");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__token_open(tripsage__token *out, const char *text, size_t length)
{
    char decoded[HEADER_MAX];
    tripsage__json *header = NULL;
    tripsage_status status;
    int64_t size;

    if (length > TRIPSAGE__TOKEN_MAX)
        return REFUSE("a token has 1 to %zu characters", TRIPSAGE__TOKEN_MAX);
    if (!split(out, text, length))
        return REFUSE(UNVERIFIED "token is malformed: token contains an invalid number of segments");
    size = tripsage__base64url_decode(decoded, sizeof decoded, out->header, out->header_length);
    if (size < 0)
        return malformed();
    TRIPSAGE_TRY(parse_part(&header, decoded, (size_t)size));
    status = take_header(out, header);
out:
    tripsage__json_free(header);
    return status;
}

/* ---- signature ---- */

static tripsage_status is_right(int *right, const tripsage__token *t, const tripsage__token_key *key,
                                const unsigned char *signature, size_t size)
{
    size_t signed_length = (size_t)(t->signature - t->header - 1);
    unsigned char code[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    if (key->pair)
        return tripsage__key_check(right, key->pair, t->header, signed_length, signature, size);
    status = tripsage__hmac_sha256(code, key->secret, key->secret_size, t->header, signed_length);
    *right = status == TRIPSAGE_OK && size == sizeof code && tripsage__equal_constant_time(signature, code, size);
    return status;
}

static tripsage_status check_signature(const tripsage__token *t, const tripsage__token_key *key)
{
    unsigned char signature[TRIPSAGE__SIGNATURE_MAX];
    int64_t size = tripsage__base64url_decode(signature, sizeof signature, t->signature, t->signature_length);
    tripsage_status status;
    int right;

    if (!key || algorithm_of(key) != t->algorithm)
        return REFUSE(UNVERIFIED "token is unverifiable: unrecognized JWT kid for algorithm %s",
                      tripsage__algorithm_name(t->algorithm));
    if (size < 0)
        return malformed();
    status = is_right(&right, t, key, signature, (size_t)size);
    if (status == TRIPSAGE_OK && !right)
        return REFUSE(UNVERIFIED "token signature is invalid: signature is invalid");
    return status;
}

/* ---- claims ---- */

/* The claims of a token whose signature is right: their bytes with a NUL behind them, and as a tree. Both owned. */
struct claims {
    char *text;
    tripsage__json *tree;
};

static void free_claims(struct claims *claims)
{
    tripsage__json_free(claims->tree);
    tripsage__free(claims->text);
}

static tripsage_status read_claims(struct claims *out, const tripsage__token *t, const tripsage__token_key *key)
{
    size_t capacity = t->payload_length / 4 * 3 + 3;
    tripsage_status status = check_signature(t, key);
    int64_t size;

    if (status != TRIPSAGE_OK)
        return status;
    out->text = tripsage__malloc(capacity + 1);
    if (!out->text)
        return TRIPSAGE_NOMEM();
    size = tripsage__base64url_decode(out->text, capacity, t->payload, t->payload_length);
    if (size < 0)
        return malformed();
    out->text[size] = '\0';
    return parse_part(&out->tree, out->text, (size_t)size);
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
        return REFUSE(UNVERIFIED "token has invalid claims: exp claim is required");
    if (not_before && (date_of(not_before) < 0 || date_of(not_before) > now_ms + TRIPSAGE__TOKEN_SKEW_MS))
        return REFUSE(UNVERIFIED "token has invalid claims: token is not valid yet");
    if (now_ms >= *expires_at + TRIPSAGE__TOKEN_SKEW_MS)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXPIRED, "bad_jwt",
                                    UNVERIFIED "token has invalid claims: token is expired");
    return TRIPSAGE_OK;
}

static tripsage_status take_claims(tripsage_actor *actor, const tripsage__json *claims, const char *issuer,
                                   int64_t now_ms)
{
    const tripsage__json *subject = tripsage__json_member(claims, "sub");
    const tripsage__json *session = tripsage__json_member(claims, "session_id");
    tripsage_status status = check_times(claims, now_ms, &actor->expires_at_ms);

    if (status != TRIPSAGE_OK)
        return status;
    if (!subject)
        return REFUSE("invalid claim: missing sub claim");
    if (!tripsage__uuid_parse(tripsage__json_text(subject), actor->user_id))
        return REFUSE("invalid claim: sub claim must be a UUID");
    if (!text_is(tripsage__json_member(claims, "iss"), issuer))
        return REFUSE("invalid claim: the token is from another issuer");
    if (!audience_is(tripsage__json_member(claims, "aud"), "authenticated"))
        return REFUSE("invalid claim: the token is for another audience");
    /* A token without a session is taken, and ends with its time alone. */
    if (session && !tripsage__uuid_parse(tripsage__json_text(session), actor->session_id))
        return REFUSE("invalid claim: session_id claim must be a UUID");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__token_actor(tripsage_actor **out, const tripsage__token *token,
                                      const tripsage__token_key *key, const char *issuer, int64_t now_ms)
{
    struct claims claims = {NULL, NULL};
    tripsage_actor *actor = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(read_claims(&claims, token, key));
    actor = tripsage__calloc(1, sizeof *actor);
    if (!actor) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    TRIPSAGE_TRY(take_claims(actor, claims.tree, issuer, now_ms));
    actor->claims = claims.text;
    claims.text = NULL;
    *out = actor;
    actor = NULL;
out:
    tripsage_actor_free(actor);
    free_claims(&claims);
    return status;
}

static tripsage_status take_role(tripsage__token_role *out, const tripsage__json *claims, int64_t now_ms)
{
    const tripsage__json *role = tripsage__json_member(claims, "role");
    tripsage_status status;
    int64_t expires_at;

    /* They live for years, or without an end. */
    status = tripsage__json_member(claims, "exp") ? check_times(claims, now_ms, &expires_at) : TRIPSAGE_OK;
    if (status != TRIPSAGE_OK)
        return status;
    if (tripsage__json_member(claims, "sub")) /* a user's: it has a session, which nobody has looked at here */
        return REFUSE("invalid claim: a project's key names no user");
    *out = text_is(role, "anon")           ? TRIPSAGE__ROLE_ANON
           : text_is(role, "service_role") ? TRIPSAGE__ROLE_SERVICE
                                           : TRIPSAGE__ROLE_NONE;
    if (*out == TRIPSAGE__ROLE_NONE)
        return REFUSE("invalid claim: a project's key has the role anon or service_role");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__token_role_of(tripsage__token_role *out, const tripsage__token *token,
                                        const tripsage__token_key *key, int64_t now_ms)
{
    struct claims claims = {NULL, NULL};
    tripsage_status status = read_claims(&claims, token, key);

    *out = TRIPSAGE__ROLE_NONE;
    if (status == TRIPSAGE_OK)
        status = take_role(out, claims.tree, now_ms);
    free_claims(&claims);
    return status;
}
