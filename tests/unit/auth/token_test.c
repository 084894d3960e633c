/* token_test.c: tokens as we make them, and every other one refused: attacks on header, signature, claims, times and form. */
#include "auth/token.h"

#include <stdio.h>
#include <string.h>

#include "../suite.h"
#include "auth/auth.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"

#define KEY     "a-test-secret-of-at-least-32-bytes!"
#define USER    "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e"
#define SESSION "018f6b1e-7c3a-7d10-9d5c-000000000001"
#define NOON_S  INT64_C(1772366400) /* 2026-03-01T12:00:00Z */
#define NOON_MS (NOON_S * 1000)

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
/* Claims as they should be, with room for one more in front of them. */
#define CLAIMS_WITH(more)                                                                                              \
    "{" more "\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,"                 \
    "\"session_id\":\"" SESSION "\"}"
#define CLAIMS CLAIMS_WITH("")

static const tripsage__token_key secret = {"", NULL, KEY, sizeof KEY - 1};

/* A token out of any two texts, signed with any key; free with tripsage__free. */
static char *forge(const char *header, const char *claims, const char *key)
{
    tripsage__buf token = TRIPSAGE__BUF_INIT(64 * 1024);
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    tripsage__base64url_put(&token, header, strlen(header));
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, claims, strlen(claims));
    ck_assert_int_eq(tripsage__hmac_sha256(code, key, strlen(key), token.data, token.size), TRIPSAGE_OK);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, code, sizeof code);
    ck_assert_int_eq(tripsage__buf_status(&token), TRIPSAGE_OK);
    return tripsage__buf_take(&token, NULL);
}

static tripsage_status read_n(tripsage_actor **actor, const char *issuer, const char *text, size_t length,
                              int64_t now_ms)
{
    tripsage__token token;
    tripsage_status status = tripsage__token_open(&token, text, length);

    *actor = NULL;
    return status == TRIPSAGE_OK ? tripsage__token_actor(actor, &token, &secret, issuer, now_ms) : status;
}

static tripsage_status read_at(tripsage_actor **actor, const char *token, int64_t now_ms)
{
    return read_n(actor, "tripsage", token, strlen(token), now_ms);
}

/* The token is answered with `expected`, and with no actor. */
static void check_refused(const char *token, tripsage_status expected, const char *what)
{
    tripsage_actor *actor = (tripsage_actor *)(uintptr_t)token;
    tripsage_status status = read_at(&actor, token, NOON_MS);

    ck_assert_msg(status == expected, "%s: %s (%s)", what, tripsage_status_name(status),
                  tripsage_last_error()->message);
    ck_assert_int_eq(tripsage_last_error()->status, expected);
    ck_assert_str_eq(tripsage_last_error()->reason, "bad_jwt");
    ck_assert_ptr_null(actor);
}

static void refuse_forged(const char *header, const char *claims, const char *key)
{
    char *token = forge(header, claims, key);

    check_refused(token, TRIPSAGE_ETOKEN, token);
    tripsage__free(token);
}

static void take_forged(const char *header, const char *claims)
{
    char *token = forge(header, claims, KEY);
    tripsage_actor *actor;

    ck_assert_msg(read_at(&actor, token, NOON_MS) == TRIPSAGE_OK, "%s.%s: %s", header, claims,
                  tripsage_last_error()->message);
    ck_assert_str_eq(tripsage_actor_user_id(actor), USER);
    ck_assert_str_eq(tripsage_actor_session_id(actor), SESSION);
    ck_assert_str_eq(tripsage_actor_claims(actor), claims);
    tripsage_actor_free(actor);
    tripsage__free(token);
}

/* ---- our own ---- */

static char *sign(const char *metadata)
{
    const tripsage__account account = {.id = USER,
                                       .email = "ada@example.com",
                                       .role = "authenticated",
                                       .user_metadata = metadata,
                                       .app_metadata = "{\"provider\":\"email\",\"providers\":[\"email\"]}"};
    const tripsage__session session = {.id = SESSION,
                                       .issued_at = NOON_MS + 123,
                                       .expires_at = NOON_MS + 3600000,
                                       .aal = 1,
                                       .amr = "[{\"method\":\"password\",\"timestamp\":1772366400}]"};
    char *token;

    ck_assert_int_eq(tripsage__token_sign(&token, &secret, "tripsage", &account, &session), TRIPSAGE_OK);
    return token;
}

START_TEST(makes_the_claims_of_supabase)
{
    char *token = sign("{\"theme\":\"dark\",\"n\":0.1}");
    tripsage_actor *actor;
    tripsage__json *claims;
    const tripsage__json *method;

    ck_assert_int_eq(read_at(&actor, token, NOON_MS), TRIPSAGE_OK);
    ck_assert_int_eq(actor->expires_at_ms, NOON_MS + 3600000);
    ck_assert_int_eq(tripsage__json_parse(&claims, tripsage_actor_claims(actor), TRIPSAGE_NUL), TRIPSAGE_OK);
    ck_assert_uint_eq(tripsage__json_count(claims), 14);
#define TEXT(name)   tripsage__json_text(tripsage__json_member(claims, name))
#define NUMBER(name) ((int64_t)tripsage__json_number(tripsage__json_member(claims, name)))
    ck_assert_str_eq(TEXT("iss"), "tripsage");
    ck_assert_str_eq(TEXT("sub"), USER);
    ck_assert_str_eq(TEXT("aud"), "authenticated");
    ck_assert_int_eq(NUMBER("exp"), NOON_S + 3600);
    ck_assert_int_eq(NUMBER("iat"), NOON_S);
    ck_assert_str_eq(TEXT("email"), "ada@example.com");
    ck_assert_str_eq(TEXT("role"), "authenticated");
    ck_assert_str_eq(TEXT("session_id"), SESSION);
    ck_assert_str_eq(TEXT("aal"), "aal1");
    ck_assert(tripsage__json_is_bool(tripsage__json_member(claims, "is_anonymous")));
    ck_assert(!tripsage__json_true(tripsage__json_member(claims, "is_anonymous")));
#undef TEXT
#undef NUMBER
    method = tripsage__json_first(tripsage__json_member(claims, "amr"));
    ck_assert_str_eq(tripsage__json_text(tripsage__json_member(method, "method")), "password");
    ck_assert(tripsage__json_number(tripsage__json_member(method, "timestamp")) == (double)NOON_S);
    ck_assert_str_eq(
        tripsage__json_text(tripsage__json_member(tripsage__json_member(claims, "app_metadata"), "provider")), "email");
    ck_assert_str_eq(
        tripsage__json_text(tripsage__json_member(tripsage__json_member(claims, "user_metadata"), "theme")), "dark");
    ck_assert(tripsage__json_number(tripsage__json_member(tripsage__json_member(claims, "user_metadata"), "n")) == 0.1);
    tripsage__json_free(claims);
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

START_TEST(signs_with_hs256_as_anybody_can_check)
{
    char *token = sign("{}");
    char *again;
    char header[64] = "", claims[1024] = "";
    char *first = strchr(token, '.');
    char *second = strchr(first + 1, '.');

    ck_assert_int_gt(tripsage__base64url_decode(header, sizeof header - 1, token, (size_t)(first - token)), 0);
    ck_assert_int_gt(tripsage__base64url_decode(claims, sizeof claims - 1, first + 1, (size_t)(second - first - 1)), 0);
    ck_assert_ptr_nonnull(strstr(header, "\"alg\":\"HS256\""));
    ck_assert_ptr_nonnull(strstr(header, "\"typ\":\"JWT\""));
    again = forge(header, claims, KEY);
    ck_assert_str_eq(again, token);
    tripsage__free(again);
    tripsage__free(token);
}
END_TEST

START_TEST(writes_the_claims_in_the_order_of_supabase)
{
    static const char expected[] =
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"iat\":1772366400,"
        "\"email\":\"ada@example.com\",\"phone\":\"\","
        "\"app_metadata\":{\"provider\":\"email\",\"providers\":[\"email\"]},\"user_metadata\":{\"n\":[0.1,1e+300]},"
        "\"role\":\"authenticated\",\"aal\":\"aal1\",\"amr\":[{\"method\":\"password\",\"timestamp\":1772366400}],"
        "\"session_id\":\"" SESSION "\",\"is_anonymous\":false}";
    char *token = sign("{\"n\":[0.1,1e+300]}");
    tripsage_actor *actor;

    ck_assert_int_eq(read_at(&actor, token, NOON_MS), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_actor_claims(actor), expected);
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

/* Everything as long as it may be, and an issuer of characters that are written as two. */
START_TEST(the_longest_token_is_not_too_long)
{
    char metadata[TRIPSAGE__ACCOUNT_METADATA_MAX + 1], issuer[TRIPSAGE__ISSUER_MAX + 1], email[TRIPSAGE__EMAIL_SIZE];
    tripsage__account account = {.id = USER,
                                 .email = email,
                                 .role = "authenticated",
                                 .user_metadata = metadata,
                                 .app_metadata = "{\"provider\":\"email\",\"providers\":[\"email\"]}"};
    tripsage__session session = {.id = SESSION, .issued_at = NOON_MS, .expires_at = INT64_C(253402300799000), .aal = 1};
    tripsage_actor *actor;
    char *token;

    snprintf(metadata, sizeof metadata, "{\"k\":\"%04440d\"}", 0);
    ck_assert_uint_eq(strlen(metadata), TRIPSAGE__ACCOUNT_METADATA_MAX);
    memset(session.amr, ' ', sizeof session.amr - 1);
    memcpy(session.amr, "[]", 2);
    memset(issuer, '"', sizeof issuer - 1);
    issuer[sizeof issuer - 1] = '\0';
    memset(email, 'e', sizeof email - 1);
    email[sizeof email - 1] = '\0';
    ck_assert_int_eq(tripsage__token_sign(&token, &secret, issuer, &account, &session), TRIPSAGE_OK);
    ck_assert_int_eq(read_n(&actor, issuer, token, strlen(token), NOON_MS), TRIPSAGE_OK);
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

/* ---- taken from others ---- */

START_TEST(takes_other_good_tokens)
{
    take_forged(HEADER, CLAIMS);
    take_forged("{\"alg\":\"HS256\"}", CLAIMS);
    take_forged("{\"typ\":\"JWT\",\"kid\":\"k1\",\"alg\":\"HS256\"}", CLAIMS);
    take_forged(HEADER, CLAIMS_WITH("\"nbf\":1772366400,"));
    take_forged(HEADER, CLAIMS_WITH("\"nbf\":1772366460,"));
    take_forged(HEADER, CLAIMS_WITH("\"more\":{\"of\":[\"anything\",1.5,null]},"));
    take_forged(HEADER, CLAIMS_WITH("\"large\":[99999999999999999999,1e300],")); /* some have no type for these */
    take_forged(HEADER, "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":[\"other\",\"authenticated\"],"
                        "\"exp\":1772370000.5,\"session_id\":\"" SESSION "\"}");
}
END_TEST

/* As Supabase Auth takes it: it ends with its time alone. */
START_TEST(takes_a_token_without_a_session)
{
    char *token =
        forge(HEADER, "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000}", KEY);
    tripsage_actor *actor;

    ck_assert_int_eq(read_at(&actor, token, NOON_MS), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_actor_session_id(actor), "");
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

START_TEST(says_how_sure_it_is)
{
    const tripsage__account account = {.id = USER,
                                       .email = USER,
                                       .role = "authenticated",
                                       .user_metadata = "{}",
                                       .app_metadata = "{}",
                                       .is_anonymous = 1};
    const tripsage__session session = {.id = SESSION,
                                       .issued_at = NOON_MS,
                                       .expires_at = NOON_MS + 3600000,
                                       .aal = 2,
                                       .amr = "[{\"method\":\"totp\",\"timestamp\":1772366400}]"};
    tripsage_actor *actor;
    char *token;

    ck_assert_int_eq(tripsage__token_sign(&token, &secret, "tripsage", &account, &session), TRIPSAGE_OK);
    ck_assert_int_eq(read_at(&actor, token, NOON_MS), TRIPSAGE_OK);
    ck_assert_ptr_nonnull(strstr(tripsage_actor_claims(actor),
                                 "\"aal\":\"aal2\",\"amr\":[{\"method\":\"totp\",\"timestamp\":1772366400}],"
                                 "\"session_id\":\"" SESSION "\",\"is_anonymous\":true}"));
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

START_TEST(ids_are_lowered)
{
    char *token = forge(HEADER,
                        "{\"iss\":\"tripsage\",\"sub\":\"018F6B1E-7C3A-7D10-9D5C-2F1B0A3C4D5E\","
                        "\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
                        KEY);
    tripsage_actor *actor;

    ck_assert_int_eq(read_at(&actor, token, NOON_MS), TRIPSAGE_OK);
    ck_assert_str_eq(tripsage_actor_user_id(actor), USER);
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

/* ---- attacks on the header ---- */

START_TEST(no_algorithm_but_hs256)
{
    static const char *const headers[] = {"{\"alg\":\"none\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"None\"}",
                                          "{\"alg\":\"NONE\"}",
                                          "{\"alg\":\"\"}",
                                          "{\"alg\":null}",
                                          "{\"alg\":256}",
                                          "{\"alg\":[\"HS256\"]}",
                                          "{\"alg\":\"hs256\"}",
                                          "{\"alg\":\"HS256 \"}",
                                          "{\"alg\":\"HS384\"}",
                                          "{\"alg\":\"HS512\"}",
                                          "{\"alg\":\"RS256\"}",
                                          "{\"alg\":\"ES256\"}",
                                          "{\"alg\":\"PS256\"}",
                                          "{\"typ\":\"JWT\"}",
                                          "{}"};

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        refuse_forged(headers[i], CLAIMS, KEY);
}
END_TEST

/* Whoever looks the key up may be mistaken; the key still says how it is used. */
START_TEST(a_key_is_for_its_own_algorithm)
{
    tripsage__token_key key = {"", NULL, KEY, sizeof KEY - 1};
    char *text = forge(HEADER, CLAIMS, KEY);
    tripsage__token token;
    tripsage_actor *actor;
    tripsage__key *pair;

    ck_assert_int_eq(tripsage__key_make(&pair, TRIPSAGE__ES256), TRIPSAGE_OK);
    key.pair = pair;
    ck_assert_int_eq(tripsage__token_open(&token, text, strlen(text)), TRIPSAGE_OK);
    ck_assert_int_eq(tripsage__token_actor(&actor, &token, &key, "tripsage", NOON_MS), TRIPSAGE_ETOKEN);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "unrecognized JWT kid"));
    ck_assert_int_eq(tripsage__token_actor(&actor, &token, NULL, "tripsage", NOON_MS), TRIPSAGE_ETOKEN);
    ck_assert_ptr_null(actor);
    tripsage__free(text);
    tripsage__key_free(pair);
}
END_TEST

START_TEST(alg_none_without_signature)
{
    tripsage__buf token = TRIPSAGE__BUF_INIT(4096);

    tripsage__base64url_put(&token, "{\"alg\":\"none\"}", 14);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, CLAIMS, strlen(CLAIMS));
    tripsage__buf_putc(&token, '.');
    check_refused(token.data, TRIPSAGE_ETOKEN, "alg none");
    token.data[token.size - 1] = '\0'; /* and without the last dot */
    check_refused(token.data, TRIPSAGE_ETOKEN, "alg none, two parts");
    tripsage__buf_free(&token);
}
END_TEST

START_TEST(a_member_twice_in_the_header)
{
    refuse_forged("{\"alg\":\"none\",\"alg\":\"HS256\"}", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\",\"alg\":\"none\"}", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", CLAIMS, KEY);
}
END_TEST

START_TEST(other_types_and_critical_extensions)
{
    refuse_forged("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\",\"typ\":null}", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\",\"crit\":[]}", CLAIMS, KEY);
}
END_TEST

START_TEST(headers_that_are_no_json_objects)
{
    char large[600];

    refuse_forged("", CLAIMS, KEY);
    refuse_forged("null", CLAIMS, KEY);
    refuse_forged("[\"alg\",\"HS256\"]", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\"", CLAIMS, KEY);
    refuse_forged("{\"alg\":\"HS256\"}}", CLAIMS, KEY);
    refuse_forged("{alg:\"HS256\"}", CLAIMS, KEY);
    snprintf(large, sizeof large, "{\"alg\":\"HS256\",\"kid\":\"%0500d\"}", 1);
    refuse_forged(large, CLAIMS, KEY);
}
END_TEST

/* ---- attacks on the signature ---- */

START_TEST(another_key)
{
    refuse_forged(HEADER, CLAIMS, "a-test-secret-of-at-least-32-bytes?");
    refuse_forged(HEADER, CLAIMS, "");
}
END_TEST

/* Each single character of a good token changed: none is a good token. */
START_TEST(every_changed_character)
{
    char *token = forge(HEADER, CLAIMS, KEY);

    for (size_t i = 0; token[i]; i++) {
        char kept = token[i];

        token[i] = kept == 'A' ? 'B' : 'A';
        check_refused(token, TRIPSAGE_ETOKEN, token);
        token[i] = kept;
    }
    tripsage__free(token);
}
END_TEST

/* Also the last character's bits that carry nothing: one token has one text. */
START_TEST(another_text_of_the_same_signature)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *token = forge(HEADER, CLAIMS, KEY);
    char *last = token + strlen(token) - 1;
    char kept = *last;

    for (const char *c = alphabet; *c; c++) {
        *last = *c;
        if (*c != kept)
            check_refused(token, TRIPSAGE_ETOKEN, token);
    }
    tripsage__free(token);
}
END_TEST

START_TEST(every_truncation)
{
    char *token = forge(HEADER, CLAIMS, KEY);

    for (size_t length = strlen(token); length-- > 0;) {
        token[length] = '\0';
        check_refused(token, TRIPSAGE_ETOKEN, token);
    }
    tripsage__free(token);
}
END_TEST

START_TEST(more_behind_the_token)
{
    char *token = forge(HEADER, CLAIMS, KEY);
    size_t length = strlen(token);
    char longer[1024];
    tripsage_actor *actor;

    for (const char *more = "A.= \n"; *more; more++) {
        snprintf(longer, sizeof longer, "%s%c", token, *more);
        check_refused(longer, TRIPSAGE_ETOKEN, longer);
        snprintf(longer, sizeof longer, "%c%s", *more, token);
        check_refused(longer, TRIPSAGE_ETOKEN, longer);
    }
    snprintf(longer, sizeof longer, "%s%c%s", token, '\0', "more");
    ck_assert_int_eq(read_n(&actor, "tripsage", longer, length + 1, NOON_MS), TRIPSAGE_ETOKEN);
    ck_assert_int_eq(read_n(&actor, "tripsage", longer, length, NOON_MS), TRIPSAGE_OK);
    tripsage_actor_free(actor);
    tripsage__free(token);
}
END_TEST

/* ---- attacks on the claims ---- */

START_TEST(claims_that_are_not_ours)
{
    static const char *const claims[] = {
        "",
        "[]",
        "{}",
        "{\"iss\":\"tripsage\"",
        /* each one missing, of another type, or another's */
        "{\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"Tripsage\",\"sub\":\"" USER
        "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":[\"tripsage\"],\"sub\":\"" USER
        "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"anon\",\"exp\":1772370000,\"session_id\":\"" SESSION
        "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":[],\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":[\"anon\",1],\"exp\":1772370000,\"session_id\":\"" SESSION
        "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER
        "\",\"aud\":{\"a\":\"authenticated\"},\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"ada\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION
        "\"}",
        "{\"iss\":\"tripsage\",\"sub\":7,\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":\"\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,\"session_id\":null}",
        /* times */
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER
        "\",\"aud\":\"authenticated\",\"exp\":\"1772370000\",\"session_id\":\"" SESSION "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":-1,\"session_id\":\"" SESSION
        "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1e300,\"session_id\":\"" SESSION
        "\"}",
        "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1e999,\"session_id\":\"" SESSION
        "\"}",
        CLAIMS_WITH("\"nbf\":1772366461,"),
        CLAIMS_WITH("\"nbf\":\"1772366400\","),
        CLAIMS_WITH("\"nbf\":null,"),
        /* a member twice */
        CLAIMS_WITH("\"iss\":\"other\","),
        CLAIMS_WITH("\"sub\":\"" SESSION "\","),
        CLAIMS_WITH("\"exp\":1,"),
    };

    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        refuse_forged(HEADER, claims[i], KEY);
}
END_TEST

/* A recursion that follows this ends a small thread. */
START_TEST(claims_nested_deep)
{
    char claims[6000];
    char *token;

    memset(claims, '[', sizeof claims - 1);
    claims[sizeof claims - 1] = '\0';
    token = forge(HEADER, claims, "somebody else's key");
    ck_assert_uint_lt(strlen(token), TRIPSAGE__TOKEN_MAX);
    check_refused(token, TRIPSAGE_ETOKEN, "nested deep");
    tripsage__free(token);
}
END_TEST

START_TEST(expiry_has_a_minute_of_grace)
{
    char *token = forge(HEADER, CLAIMS, KEY);
    tripsage_actor *actor;
    int64_t end = INT64_C(1772370000) * 1000 + 60000;

    ck_assert_int_eq(read_at(&actor, token, end - 1), TRIPSAGE_OK);
    tripsage_actor_free(actor);
    ck_assert_int_eq(read_at(&actor, token, end), TRIPSAGE_EEXPIRED);
    ck_assert_ptr_null(actor);
    ck_assert_int_eq(read_at(&actor, token, end + INT64_C(86400000)), TRIPSAGE_EEXPIRED);
    tripsage__free(token);
}
END_TEST

/* Only who has the key learns that a token has expired. */
START_TEST(expired_and_forged_is_forged)
{
    char *token = forge(HEADER, CLAIMS, "a-test-secret-of-at-least-32-bytes?");
    tripsage_actor *actor;

    ck_assert_int_eq(read_at(&actor, token, INT64_C(1772380000) * 1000), TRIPSAGE_ETOKEN);
    tripsage__free(token);
}
END_TEST

/* ---- form ---- */

START_TEST(too_long)
{
    char claims[8192];
    char *token;

    snprintf(claims, sizeof claims,
             "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,"
             "\"session_id\":\"" SESSION "\",\"x\":\"%05000d\"}",
             1);
    take_forged(HEADER, claims);
    snprintf(claims, sizeof claims,
             "{\"iss\":\"tripsage\",\"sub\":\"" USER "\",\"aud\":\"authenticated\",\"exp\":1772370000,"
             "\"session_id\":\"" SESSION "\",\"x\":\"%06000d\"}",
             1);
    token = forge(HEADER, claims, KEY);
    ck_assert_uint_gt(strlen(token), TRIPSAGE__TOKEN_MAX);
    check_refused(token, TRIPSAGE_ETOKEN, "too long");
    tripsage__free(token);
}
END_TEST

START_TEST(no_token_at_all)
{
    static const char *const texts[] = {"", ".", "..", "...", "a.b.c", "Bearer x", "a.b", ".b.c", "\xff\xfe.x.y"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_refused(texts[i], TRIPSAGE_ETOKEN, texts[i]);
}
END_TEST

SUITE_MAIN("auth/token", makes_the_claims_of_supabase, signs_with_hs256_as_anybody_can_check,
           writes_the_claims_in_the_order_of_supabase, the_longest_token_is_not_too_long, takes_other_good_tokens,
           takes_a_token_without_a_session, says_how_sure_it_is, ids_are_lowered, no_algorithm_but_hs256,
           a_key_is_for_its_own_algorithm, alg_none_without_signature, a_member_twice_in_the_header,
           other_types_and_critical_extensions, headers_that_are_no_json_objects, another_key, every_changed_character,
           another_text_of_the_same_signature, every_truncation, more_behind_the_token, claims_that_are_not_ours,
           claims_nested_deep, expiry_has_a_minute_of_grace, expired_and_forged_is_forged, too_long, no_token_at_all)
