/* attack_test.c: tokens made to be taken for good ones, each refused with its status, its reason, and for the cause it is here for.
 *
 * The handle has all there is to confuse: pairs of both kinds, and a secret. A row is a header and claims, what signs them, and what is done
 * to the token then. */
#include "base/crypto.h"
#include "base/memory.h"
#include "fixture.h"

/* 2026-03-01T12:00:00Z, and an hour later. */
#define IAT "1772366400"
#define EXP "1772370000"

/* ---- the scene ---- */

enum { ES, RS, KINDS };

static tripsage__store *store;
static tripsage_auth *auths[KINDS];     /* two handles on one database, one for each kind of pairs */
static tripsage__held_key held[KINDS];  /* its keys */
static tripsage__key *strangers[KINDS]; /* somebody else's */
static char standby_kid[TRIPSAGE__THUMBPRINT_SIZE];
static tripsage_doc *session;

static void find_standby(void)
{
    tripsage_actor *service;
    tripsage_doc *doc;

    ck_assert_ok(tripsage_actor_service(&service));
    ck_assert_ok(tripsage_auth_signing_keys(&doc, auths[ES], service));
    for (int i = 0; i < 4; i++) {
        char state[32], alg[32], kid[32];

        snprintf(state, sizeof state, "/keys/%d/state", i);
        snprintf(alg, sizeof alg, "/keys/%d/alg", i);
        snprintf(kid, sizeof kid, "/keys/%d/kid", i);
        if (strcmp(tripsage_doc_text(doc, state), "standby") == 0 && strcmp(tripsage_doc_text(doc, alg), "ES256") == 0)
            snprintf(standby_kid, sizeof standby_kid, "%s", tripsage_doc_text(doc, kid));
    }
    ck_assert_uint_eq(strlen(standby_kid), 43);
    tripsage_doc_free(doc);
    tripsage_actor_free(service);
}

static void setup(void)
{
    static const char *const names[] = {"ES256", "RS256"};
    static const tripsage__algorithm algorithms[] = {TRIPSAGE__ES256, TRIPSAGE__RS256};
    tripsage_auth_options options = cheap_options();

    store = open_store();
    for (int i = 0; i < KINDS; i++) {
        options.algorithm = names[i];
        auths[i] = auth_over(store, &options);
        ck_assert_ok(tripsage__signing_keys_current(&held[i], auths[i]->signing_keys));
        ck_assert_ok(tripsage__key_make(&strangers[i], algorithms[i]));
    }
    clock_ms += 2000; /* so that each knows the other's */
    find_standby();
    session = new_session(auths[ES]);
}

static void teardown(void)
{
    tripsage_doc_free(session);
    for (int i = 0; i < KINDS; i++) {
        tripsage__held_key_release(&held[i]);
        tripsage__key_free(strangers[i]);
        tripsage__auth_free(auths[i]);
    }
    tripsage__store_release(store);
}

/* ---- forging ---- */

/* Writes a template: $ES, $RS and $NEXT are ids of the database's keys, $USER and $SID those of a good session, $GOOD its claims but
 * for their braces. */
static void put_template(tripsage__buf *out, const char *text)
{
    static const char good[] = "\"iss\":\"tripsage\",\"sub\":\"$USER\",\"aud\":\"authenticated\",\"exp\":" EXP
                               ",\"iat\":" IAT ",\"role\":\"authenticated\",\"session_id\":\"$SID\"";
    tripsage_actor *actor = actor_of(auths[ES], session);
    const char *const words[][2] = {{"$ES", held[ES].kid},     {"$RS", held[RS].kid},       {"$NEXT", standby_kid},
                                    {"$USER", actor->user_id}, {"$SID", actor->session_id}, {"$GOOD", NULL}};

    while (*text) {
        size_t i = 0;

        while (i < 6 && strncmp(text, words[i][0], strlen(words[i][0])) != 0)
            i++;
        if (i < 5)
            tripsage__buf_puts(out, words[i][1]);
        else if (i == 5)
            put_template(out, good);
        else
            tripsage__buf_putc(out, *text);
        text += i < 6 ? strlen(words[i][0]) : 1;
    }
    tripsage_actor_free(actor);
}

static void put_part(tripsage__buf *token, const char *template)
{
    tripsage__buf text = TRIPSAGE__BUF_INIT(64 * 1024);

    put_template(&text, template);
    tripsage__base64url_put(token, text.data ? text.data : "", text.size);
    tripsage__buf_free(&text);
}

typedef enum signing {
    BY_ES, /* the database's current pairs */
    BY_RS,
    BY_SECRET,
    BY_STRANGER_ES,
    BY_STRANGER_RS,
    BY_OTHER_SECRET,
    HMAC_OF_JWK, /* HMAC with the public key as the secret, in each text it is found in */
    HMAC_OF_NUMBERS,
    HMAC_OF_RSA_NUMBER,
    HMAC_OF_NOTHING,
    UNSIGNED
} signing;

static void hmac(tripsage__buf *token, const void *key, size_t size)
{
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    ck_assert_ok(tripsage__hmac_sha256(code, key, size, token->data, token->size));
    tripsage__buf_putc(token, '.');
    tripsage__base64url_put(token, code, sizeof code);
}

static void hmac_of_public(tripsage__buf *token, signing by)
{
    tripsage__buf jwk = TRIPSAGE__BUF_INIT(8192);
    tripsage__public numbers;
    unsigned char point[64];

    ck_assert_ok(tripsage__jwk_put(&jwk, held[ES].kid, held[ES].key.pair));
    ck_assert_ok(tripsage__key_public(&numbers, held[by == HMAC_OF_RSA_NUMBER ? RS : ES].key.pair));
    memcpy(point, numbers.bytes[0], 32);
    memcpy(point + 32, numbers.bytes[1], 32);
    if (by == HMAC_OF_JWK)
        hmac(token, jwk.data, jwk.size);
    else if (by == HMAC_OF_NUMBERS)
        hmac(token, point, sizeof point);
    else
        hmac(token, numbers.bytes[0], numbers.size[0]);
    tripsage__buf_free(&jwk);
}

static void sign_pair(tripsage__buf *token, const tripsage__key *pair)
{
    unsigned char signature[TRIPSAGE__SIGNATURE_MAX];
    size_t size;

    ck_assert_ok(tripsage__key_sign(signature, &size, pair, token->data, token->size));
    tripsage__buf_putc(token, '.');
    tripsage__base64url_put(token, signature, size);
}

static void sign_token(tripsage__buf *token, signing by)
{
    switch (by) {
    case BY_ES:
        sign_pair(token, held[ES].key.pair);
        break;
    case BY_RS:
        sign_pair(token, held[RS].key.pair);
        break;
    case BY_STRANGER_ES:
        sign_pair(token, strangers[ES]);
        break;
    case BY_STRANGER_RS:
        sign_pair(token, strangers[RS]);
        break;
    case BY_SECRET:
        hmac(token, SECRET, strlen(SECRET));
        break;
    case BY_OTHER_SECRET:
        hmac(token, "a-test-secret-of-at-least-32-bytes?", strlen(SECRET));
        break;
    case HMAC_OF_NOTHING:
        hmac(token, "", 0);
        break;
    case UNSIGNED:
        tripsage__buf_putc(token, '.');
        break;
    default:
        hmac_of_public(token, by);
    }
}

static tripsage__buf forge(const char *header, const char *claims, signing by)
{
    tripsage__buf token = TRIPSAGE__BUF_INIT(256 * 1024);

    put_part(&token, header);
    tripsage__buf_putc(&token, '.');
    put_part(&token, claims);
    sign_token(&token, by);
    ck_assert_ok(tripsage__buf_status(&token));
    return token;
}

/* Refused by both handles, with this status, for this cause. */
static void check_refused(const char *name, const tripsage__buf *token, tripsage_status status, const char *cause)
{
    for (int i = 0; i < KINDS; i++) {
        tripsage_actor *actor = (tripsage_actor *)(uintptr_t)token;
        tripsage_status real = tripsage_auth_verify(&actor, auths[i], token->data, token->size);
        const tripsage_error *error = tripsage_last_error();

        ck_assert_msg(real == status, "%s: %s instead of %s: %s", name, tripsage_status_name(real),
                      tripsage_status_name(status), error->message);
        ck_assert_msg(strcmp(error->reason, "bad_jwt") == 0, "%s: reason \"%s\"", name, error->reason);
        ck_assert_msg(strstr(error->message, cause), "%s: \"%s\" and not \"%s\"", name, error->message, cause);
        ck_assert_ptr_null(actor);
    }
}

static void check_taken(const char *name, const tripsage__buf *token)
{
    for (int i = 0; i < KINDS; i++) {
        tripsage_actor *actor;

        ck_assert_msg(tripsage_auth_verify(&actor, auths[i], token->data, token->size) == TRIPSAGE_OK, "%s: %s", name,
                      tripsage_last_error()->message);
        tripsage_actor_free(actor);
    }
}

/* ---- header, key and claims ---- */

#define H_ES     "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"typ\":\"JWT\"}"
#define H_RS     "{\"alg\":\"RS256\",\"kid\":\"$RS\",\"typ\":\"JWT\"}"
#define H_HS     "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define C_GOOD   "{$GOOD}"
#define ALG(alg) "{\"alg\":\"" alg "\",\"kid\":\"$ES\",\"typ\":\"JWT\"}"
/* Good claims with these in the places of their own. */
#define C_WITH(iss, aud, exp, more)                                                                                    \
    "{\"iss\":" iss ",\"sub\":\"$USER\",\"aud\":" aud ",\"exp\":" exp ",\"session_id\":\"$SID\"" more "}"

START_TEST(good_ones_are_taken)
{
    static const struct {
        const char *header, *claims;
        signing by;
    } rows[] = {
        {H_ES, C_GOOD, BY_ES},
        {H_RS, C_GOOD, BY_RS},
        {H_HS, C_GOOD, BY_SECRET},
        {"{\"kid\":\"$ES\",\"alg\":\"ES256\"}", C_GOOD, BY_ES},
        {H_ES, C_WITH("\"tripsage\"", "[\"x\",\"authenticated\"]", EXP, ",\"nbf\":" IAT), BY_ES},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tripsage__buf token = forge(rows[i].header, rows[i].claims, rows[i].by);

        check_taken(rows[i].header, &token);
        tripsage__buf_free(&token);
    }
}
END_TEST

typedef struct attack {
    const char *name, *header, *claims;
    signing by;
    tripsage_status status;
    const char *cause; /* a part of the message */
} attack;

#define ALGORITHM "signing method"
#define SIGNATURE "signature is invalid: signature is invalid"
#define KID       "unrecognized JWT kid"
#define MALFORMED "token is malformed"

static const attack attacks[] = {
    /* no algorithm, or one that nobody has */
    {"alg none", ALG("none"), C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, ALGORITHM " none"},
    {"alg None", ALG("None"), C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, ALGORITHM " None"},
    {"alg NONE", ALG("NONE"), C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, ALGORITHM " NONE"},
    {"alg nOnE", ALG("nOnE"), C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, ALGORITHM " nOnE"},
    {"alg none, signed", ALG("none"), C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " none"},
    {"alg empty", ALG(""), C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, ALGORITHM},
    {"alg lower-case", ALG("es256"), C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " es256"},
    {"alg HS384", ALG("HS384"), C_GOOD, BY_SECRET, TRIPSAGE_ETOKEN, ALGORITHM " HS384"},
    {"alg ES384", ALG("ES384"), C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " ES384"},
    {"alg PS256", ALG("PS256"), C_GOOD, BY_RS, TRIPSAGE_ETOKEN, ALGORITHM " PS256"},
    {"alg in another script", ALG("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9x"), C_GOOD, BY_ES,
     TRIPSAGE_ETOKEN, ALGORITHM " (unspecified)"},
    {"alg long", ALG("none of those that anybody knows"), C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " (unspecified)"},
    {"alg missing", "{\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " (unspecified)"},
    {"alg null", "{\"alg\":null,\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " (unspecified)"},
    {"alg a list", "{\"alg\":[\"ES256\"],\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, ALGORITHM " (unspecified)"},
    {"alg twice", "{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"alg twice, escaped", "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN,
     MALFORMED},
    /* one algorithm's key taken for another's */
    {"HS256 with the JWK as the secret", ALG("HS256"), C_GOOD, HMAC_OF_JWK, TRIPSAGE_ETOKEN, SIGNATURE},
    {"HS256 with the point as the secret", ALG("HS256"), C_GOOD, HMAC_OF_NUMBERS, TRIPSAGE_ETOKEN, SIGNATURE},
    {"HS256 with RSA's number as the secret", "{\"alg\":\"HS256\",\"kid\":\"$RS\"}", C_GOOD, HMAC_OF_RSA_NUMBER,
     TRIPSAGE_ETOKEN, SIGNATURE},
    {"HS256 with an empty secret", H_HS, C_GOOD, HMAC_OF_NOTHING, TRIPSAGE_ETOKEN, SIGNATURE},
    {"ES256 with the secret's HMAC", H_ES, C_GOOD, BY_SECRET, TRIPSAGE_ETOKEN, SIGNATURE},
    {"RS256 with the secret's HMAC", H_RS, C_GOOD, BY_SECRET, TRIPSAGE_ETOKEN, SIGNATURE},
    {"RS256 under the id of an ES256 key", "{\"alg\":\"RS256\",\"kid\":\"$ES\"}", C_GOOD, BY_RS, TRIPSAGE_ETOKEN, KID},
    {"ES256 under the id of an RS256 key", "{\"alg\":\"ES256\",\"kid\":\"$RS\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    {"EdDSA under the id of an ES256 key", ALG("EdDSA"), C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    /* the wrong key of the right kind */
    {"somebody's ES256 key", H_ES, C_GOOD, BY_STRANGER_ES, TRIPSAGE_ETOKEN, SIGNATURE},
    {"somebody's RS256 key", H_RS, C_GOOD, BY_STRANGER_RS, TRIPSAGE_ETOKEN, SIGNATURE},
    {"another secret", H_HS, C_GOOD, BY_OTHER_SECRET, TRIPSAGE_ETOKEN, SIGNATURE},
    {"unsigned ES256", H_ES, C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, SIGNATURE},
    {"unsigned HS256", H_HS, C_GOOD, UNSIGNED, TRIPSAGE_ETOKEN, SIGNATURE},
    /* the right key under a wrong id */
    {"the id of the standby key", "{\"alg\":\"ES256\",\"kid\":\"$NEXT\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, SIGNATURE},
    {"an unknown id", "{\"alg\":\"ES256\",\"kid\":\"nobody\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    {"an empty id", "{\"alg\":\"ES256\",\"kid\":\"\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    {"no id", "{\"alg\":\"ES256\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    {"an id that is a path", "{\"alg\":\"ES256\",\"kid\":\"../../../dev/null\"}", C_GOOD, HMAC_OF_NOTHING,
     TRIPSAGE_ETOKEN, KID},
    {"an id that is SQL", "{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, KID},
    {"an id of another type", "{\"alg\":\"ES256\",\"kid\":[\"$ES\"]}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN,
     "its kid is no key's"},
    {"an id that is null", "{\"alg\":\"ES256\",\"kid\":null}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, "its kid is no key's"},
    {"two ids", "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"kid\":\"$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"a long id", "{\"alg\":\"ES256\",\"kid\":\"$ES$ES$ES$ES\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN,
     "its kid is no key's"},
    /* a key that comes along */
    {"a key in the header",
     "{\"alg\":\"ES256\",\"kid\":\"nobody\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
     "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9"
     "uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}}",
     C_GOOD, BY_STRANGER_ES, TRIPSAGE_ETOKEN, KID},
    {"an address of keys in the header",
     "{\"alg\":\"ES256\",\"kid\":\"nobody\",\"jku\":\"http://127.0.0.1/jwks.json\"}", C_GOOD, BY_STRANGER_ES,
     TRIPSAGE_ETOKEN, KID},
    /* what the header demands */
    {"a critical header", "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"crit\":[\"b64\"],\"b64\":false}", C_GOOD, BY_ES,
     TRIPSAGE_ETOKEN, "an extension that is not known"},
    {"an empty critical header", "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"crit\":[]}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN,
     "an extension that is not known"},
    {"a critical header that is null", "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"crit\":null}", C_GOOD, BY_ES,
     TRIPSAGE_ETOKEN, "an extension that is not known"},
    {"another type", "{\"alg\":\"ES256\",\"kid\":\"$ES\",\"typ\":\"at+jwt\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN,
     "another type than JWT"},
    {"a header that is no object", "[\"ES256\"]", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"no header", "", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"more behind the header", H_ES "x", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"a NUL in the id", "{\"alg\":\"ES256\",\"kid\":\"$ES\\u0000\"}", C_GOOD, BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    /* claims */
    {"expired", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", "1772366300", ""), BY_ES, TRIPSAGE_EEXPIRED,
     "token has invalid claims: token is expired"},
    {"no end", H_ES, "{\"iss\":\"tripsage\",\"sub\":\"$USER\",\"aud\":\"authenticated\",\"session_id\":\"$SID\"}",
     BY_ES, TRIPSAGE_ETOKEN, "exp claim is required"},
    {"an end that is a text", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", "\"" EXP "\"", ""), BY_ES,
     TRIPSAGE_ETOKEN, "exp claim is required"},
    {"an end beyond time", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", "1e300", ""), BY_ES, TRIPSAGE_ETOKEN,
     "exp claim is required"},
    {"two ends", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", "1", ",\"exp\":" EXP), BY_ES, TRIPSAGE_ETOKEN,
     MALFORMED},
    {"not yet valid", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", EXP, ",\"nbf\":1772366463"), BY_ES,
     TRIPSAGE_ETOKEN, "token is not valid yet"},
    {"another issuer", H_ES, C_WITH("\"https://evil.example\"", "\"authenticated\"", EXP, ""), BY_ES, TRIPSAGE_ETOKEN,
     "another issuer"},
    {"an issuer that begins like ours", H_ES, C_WITH("\"tripsage.evil.example\"", "\"authenticated\"", EXP, ""), BY_ES,
     TRIPSAGE_ETOKEN, "another issuer"},
    {"an issuer in a list", H_ES, C_WITH("[\"tripsage\"]", "\"authenticated\"", EXP, ""), BY_ES, TRIPSAGE_ETOKEN,
     "another issuer"},
    {"another audience", H_ES, C_WITH("\"tripsage\"", "\"anon\"", EXP, ""), BY_ES, TRIPSAGE_ETOKEN, "another audience"},
    {"no audience", H_ES, C_WITH("\"tripsage\"", "[]", EXP, ""), BY_ES, TRIPSAGE_ETOKEN, "another audience"},
    {"an audience deep inside", H_ES, C_WITH("\"tripsage\"", "[[\"authenticated\"]]", EXP, ""), BY_ES, TRIPSAGE_ETOKEN,
     "another audience"},
    {"nobody", H_ES, "{\"iss\":\"tripsage\",\"aud\":\"authenticated\",\"exp\":" EXP ",\"role\":\"service_role\"}",
     BY_ES, TRIPSAGE_ETOKEN, "missing sub claim"},
    {"a user that is no id", H_ES, "{\"iss\":\"tripsage\",\"aud\":\"authenticated\",\"exp\":" EXP ",\"sub\":\"admin\"}",
     BY_ES, TRIPSAGE_ETOKEN, "sub claim must be a UUID"},
    {"two users", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", EXP, ",\"sub\":\"$SID\""), BY_ES, TRIPSAGE_ETOKEN,
     MALFORMED},
    {"a session that is no id", H_ES,
     "{\"iss\":\"tripsage\",\"sub\":\"$USER\",\"aud\":\"authenticated\",\"exp\":" EXP ",\"session_id\":7}", BY_ES,
     TRIPSAGE_ETOKEN, "session_id claim must be a UUID"},
    {"claims that are no object", H_ES, "\"tripsage\"", BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"no claims", H_ES, "", BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"broken text", H_ES, C_WITH("\"tripsage\xff\"", "\"authenticated\"", EXP, ""), BY_ES, TRIPSAGE_ETOKEN, MALFORMED},
    {"a NUL in the issuer", H_ES, C_WITH("\"tripsage\\u0000\"", "\"authenticated\"", EXP, ""), BY_ES, TRIPSAGE_ETOKEN,
     MALFORMED},
    /* only who has a key learns what is wrong behind the signature */
    {"expired, and somebody else's", H_ES, C_WITH("\"tripsage\"", "\"authenticated\"", "1", ""), BY_STRANGER_ES,
     TRIPSAGE_ETOKEN, SIGNATURE},
    {"broken, and somebody else's", H_ES, "{", BY_STRANGER_ES, TRIPSAGE_ETOKEN, SIGNATURE},
};

START_TEST(forged_ones_are_refused)
{
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        const attack *a = &attacks[i];
        tripsage__buf token = forge(a->header, a->claims, a->by);

        check_refused(a->name, &token, a->status, a->cause);
        tripsage__buf_free(&token);
    }
}
END_TEST

/* ---- the text of a token ---- */

static tripsage__buf good(void)
{
    return forge(H_ES, C_GOOD, BY_ES);
}

static void replace_signature(tripsage__buf *token, const void *signature, size_t size)
{
    token->size = (size_t)(strrchr(token->data, '.') + 1 - token->data);
    token->data[token->size] = '\0';
    tripsage__base64url_put(token, signature, size);
}

START_TEST(signatures_of_another_form)
{
    static const char order[] =
        "\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9"
        "\xca\xc2\xfc\x63\x25\x51";
    tripsage__buf token = good();
    unsigned char raw[65] = {0}, der[72] = {0x30, 70, 0x02, 33, 0}, changed[65];
    const char *text = strrchr(token.data, '.') + 1;

    ck_assert_int_eq(tripsage__base64url_decode(raw, sizeof raw, text, strlen(text)), 64);
    /* DER, as OpenSSL gives it (with numbers of 33 bytes each, which is right for half of all) */
    memcpy(der + 5, raw, 32);
    der[37] = 0x02;
    der[38] = 33;
    memcpy(der + 40, raw + 32, 32);
    replace_signature(&token, der, sizeof der);
    check_refused("DER", &token, TRIPSAGE_ETOKEN, SIGNATURE);
    for (size_t size = 0; size <= 65; size++) {
        if (size == 64)
            continue;
        replace_signature(&token, raw, size);
        check_refused("of another size", &token, TRIPSAGE_ETOKEN, SIGNATURE);
    }
    for (size_t half = 0; half < 64; half += 32) {
        memcpy(changed, raw, sizeof raw);
        memset(changed + half, 0, 32);
        replace_signature(&token, changed, 64);
        check_refused("a number of zero", &token, TRIPSAGE_ETOKEN, SIGNATURE);
        memcpy(changed + half, order, 32);
        replace_signature(&token, changed, 64);
        check_refused("a number as large as the order", &token, TRIPSAGE_ETOKEN, SIGNATURE);
        memset(changed + half, 0xff, 32);
        replace_signature(&token, changed, 64);
        check_refused("a number of ones", &token, TRIPSAGE_ETOKEN, SIGNATURE);
    }
    memset(changed, 0, sizeof changed);
    replace_signature(&token, changed, 64);
    check_refused("zeros", &token, TRIPSAGE_ETOKEN, SIGNATURE);
    replace_signature(&token, raw, 64);
    check_taken("as it was", &token);
    tripsage__buf_free(&token);
}
END_TEST

START_TEST(more_than_a_signature)
{
    static const char *const tails[] = {"A", "=", "==", ".", "..", ".AAAA", " ", "\n", "%00", "\xff"};
    char large[TRIPSAGE__SIGNATURE_MAX + 1];

    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        tripsage__buf token = good();

        tripsage__buf_puts(&token, tails[i]);
        check_refused(tails[i], &token, TRIPSAGE_ETOKEN, "invalid JWT");
        tripsage__buf_free(&token);
    }
    for (int i = 0; i < 3; i++) { /* behind, in front, and a NUL */
        tripsage__buf token = good(), other = TRIPSAGE__BUF_INIT(8192);

        if (i == 1)
            tripsage__buf_putc(&other, ' ');
        tripsage__buf_put(&other, token.data, token.size);
        if (i == 0)
            tripsage__buf_puts(&other, "AAAA");
        if (i == 2)
            tripsage__buf_putc(&other, '\0');
        check_refused("one more", &other, TRIPSAGE_ETOKEN, i == 0 ? SIGNATURE : MALFORMED);
        tripsage__buf_free(&other);
        tripsage__buf_free(&token);
    }
    {
        tripsage__buf token = good();

        memset(large, 1, sizeof large);
        replace_signature(&token, large, sizeof large);
        check_refused("larger than any", &token, TRIPSAGE_ETOKEN, MALFORMED);
        tripsage__buf_free(&token);
    }
}
END_TEST

/* Bits that carry nothing in the last character of a part: one token has one text. */
START_TEST(another_text_of_the_same_bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    tripsage__buf token = good();
    char *last = token.data + token.size - 1, kept = *last;

    for (const char *c = alphabet; *c; c++) {
        *last = *c;
        if (*c != kept)
            check_refused("last character", &token, TRIPSAGE_ETOKEN, "invalid JWT");
    }
    *last = kept;
    check_taken("as it was", &token);
    tripsage__buf_free(&token);
}
END_TEST

START_TEST(parts_missing_and_too_many)
{
    static const char *const texts[] = {".",
                                        "..",
                                        "...",
                                        "a",
                                        "a.b",
                                        "a.b.c.d",
                                        "eyJhbGciOiJub25lIn0..",
                                        "{}.{}.x",
                                        "null",
                                        "eyJhbGciOiJFUzI1NiJ9",
                                        ".eyJhbGciOiJFUzI1NiJ9."};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tripsage__buf token = TRIPSAGE__BUF_INIT(64);

        tripsage__buf_puts(&token, texts[i]);
        check_refused(texts[i], &token, TRIPSAGE_ETOKEN, strstr(texts[i], "bGciOiJub25l") ? ALGORITHM : MALFORMED);
        tripsage__buf_free(&token);
    }
}
END_TEST

static tripsage__buf with_claim(const char *text, size_t count)
{
    tripsage__buf claims = TRIPSAGE__BUF_INIT(128 * 1024), token;

    tripsage__buf_puts(&claims, "{$GOOD,\"x\":\"");
    for (size_t i = 0; i < count; i++)
        tripsage__buf_puts(&claims, text);
    tripsage__buf_puts(&claims, "\"}");
    token = forge(H_ES, claims.data, BY_ES);
    tripsage__buf_free(&claims);
    return token;
}

START_TEST(oversized_ones)
{
    tripsage__buf token = with_claim("x", 5000);

    ck_assert_uint_le(token.size, TRIPSAGE__TOKEN_MAX);
    check_taken("large", &token);
    tripsage__buf_free(&token);
    for (size_t size = 6200; size <= 60000; size += 53800) {
        token = with_claim("x", size);
        ck_assert_uint_gt(token.size, TRIPSAGE__TOKEN_MAX);
        check_refused("too large", &token, TRIPSAGE_ETOKEN, "characters");
        tripsage__buf_free(&token);
    }
}
END_TEST

/* Nesting that would end a small thread in a parser that recurses. */
START_TEST(nested_ones)
{
    char claims[5600];
    tripsage__buf token;

    memset(claims, '[', sizeof claims - 1);
    claims[sizeof claims - 1] = '\0';
    token = forge(H_ES, claims, BY_ES);
    check_refused("nested claims", &token, TRIPSAGE_ETOKEN, MALFORMED);
    tripsage__buf_free(&token);
    claims[400] = '\0';
    token = forge(claims, C_GOOD, BY_ES);
    check_refused("a nested header", &token, TRIPSAGE_ETOKEN, MALFORMED);
    tripsage__buf_free(&token);
}
END_TEST

START_TEST(a_signed_out_session)
{
    tripsage__buf token = good();
    tripsage_actor *actor = actor_of(auths[ES], session), *none;

    ck_assert_ok(tripsage_auth_sign_out(auths[ES], actor, TRIPSAGE_SIGN_OUT_LOCAL));
    ck_assert_fails(tripsage_auth_verify(&none, auths[ES], token.data, token.size), TRIPSAGE_ETOKEN);
    ck_assert_str_eq(tripsage_last_error()->reason, "session_not_found");
    ck_assert_ptr_null(none);
    tripsage_actor_free(actor);
    tripsage__buf_free(&token);
}
END_TEST

SUITE_MAIN_WITH("auth/attack", setup, teardown, good_ones_are_taken, forged_ones_are_refused,
                signatures_of_another_form, more_than_a_signature, another_text_of_the_same_bytes,
                parts_missing_and_too_many, oversized_ones, nested_ones, a_signed_out_session)
