/* libjwt_test.c: libjwt, which others use, takes our tokens, and we take those it makes: with a secret, and with pairs of both kinds. */
#include <jwt.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "fixture.h"

/* ---- keys as PEM (RFC 7468), the form libjwt takes ---- */

/* What stands before x and y, and before n (of 2,048 bits), in a SubjectPublicKeyInfo; and e = 65537 behind that. */
static const unsigned char ec_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                          0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                          0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const unsigned char rsa_prefix[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                           0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                           0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
static const unsigned char rsa_suffix[] = {0x02, 0x03, 0x01, 0x00, 0x01};

static tripsage__buf pem_of(const char *what, const tripsage__buf *der)
{
    tripsage__buf pem = TRIPSAGE__BUF_INIT(16 * 1024), text = TRIPSAGE__BUF_INIT(16 * 1024);

    tripsage__base64url_put(&text, der->data, der->size);
    while (text.size % 4)
        tripsage__buf_putc(&text, '=');
    tripsage__buf_printf(&pem, "-----BEGIN %s-----\n", what);
    for (size_t i = 0; i < text.size; i++) {
        tripsage__buf_putc(&pem, text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : text.data[i]);
        if (i % 64 == 63)
            tripsage__buf_putc(&pem, '\n');
    }
    tripsage__buf_printf(&pem, "\n-----END %s-----\n", what);
    tripsage__buf_free(&text);
    return pem;
}

static tripsage__buf public_pem(const tripsage__key *pair)
{
    tripsage__buf der = TRIPSAGE__BUF_INIT(4096), pem;
    tripsage__public numbers;

    ck_assert_ok(tripsage__key_public(&numbers, pair));
    if (tripsage__key_algorithm(pair) == TRIPSAGE__ES256) {
        tripsage__buf_put(&der, ec_prefix, sizeof ec_prefix);
        tripsage__buf_put(&der, numbers.bytes[0], 32);
        tripsage__buf_put(&der, numbers.bytes[1], 32);
    } else {
        tripsage__buf_put(&der, rsa_prefix, sizeof rsa_prefix);
        tripsage__buf_put(&der, numbers.bytes[0], 256);
        tripsage__buf_put(&der, rsa_suffix, sizeof rsa_suffix);
    }
    pem = pem_of("PUBLIC KEY", &der);
    tripsage__buf_free(&der);
    return pem;
}

static tripsage__buf private_pem(const tripsage__key *pair)
{
    tripsage__buf der = TRIPSAGE__BUF_INIT(16 * 1024), pem;

    ck_assert_ok(tripsage__key_put_private(&der, pair));
    pem = pem_of("PRIVATE KEY", &der);
    tripsage__buf_free(&der);
    return pem;
}

/* ---- both ways ---- */

static void check_ours(const char *token, const void *key, size_t size, jwt_alg_t algorithm, const char *user_id)
{
    char changed[TRIPSAGE__TOKEN_MAX];
    jwt_t *jwt = NULL;

    ck_assert_int_eq(jwt_decode(&jwt, token, key, (int)size), 0);
    ck_assert_int_eq(jwt_get_alg(jwt), algorithm);
    ck_assert_str_eq(jwt_get_grant(jwt, "sub"), user_id);
    ck_assert_str_eq(jwt_get_grant(jwt, "aud"), "authenticated");
    ck_assert_int_eq(jwt_get_grant_int(jwt, "exp"), NOON / 1000 + 3600);
    jwt_free(jwt);
    snprintf(changed, sizeof changed, "%s", token);
    changed[strlen(changed) - 10] ^= 1;
    ck_assert_int_ne(jwt_decode(&jwt, changed, key, (int)size), 0);
}

static void check_theirs(tripsage_auth *auth, const tripsage_actor *actor, const char *kid, const void *key,
                         size_t size, jwt_alg_t algorithm)
{
    tripsage_actor *again;
    jwt_t *jwt;
    char *token;

    ck_assert_int_eq(jwt_new(&jwt), 0);
    ck_assert_int_eq(jwt_set_alg(jwt, algorithm, key, (int)size), 0);
    if (kid[0])
        ck_assert_int_eq(jwt_add_header(jwt, "kid", kid), 0);
    ck_assert_int_eq(jwt_add_grant(jwt, "iss", "tripsage"), 0);
    ck_assert_int_eq(jwt_add_grant(jwt, "aud", "authenticated"), 0);
    ck_assert_int_eq(jwt_add_grant(jwt, "sub", actor->user_id), 0);
    ck_assert_int_eq(jwt_add_grant(jwt, "session_id", actor->session_id), 0);
    ck_assert_int_eq(jwt_add_grant_int(jwt, "exp", NOON / 1000 + 60), 0);
    token = jwt_encode_str(jwt);
    ck_assert_ptr_nonnull(token);
    ck_assert_ok(tripsage_auth_verify(&again, auth, token, TRIPSAGE_NUL));
    ck_assert_str_eq(again->user_id, actor->user_id);
    tripsage_actor_free(again);
    free(token); /* 1.10 has no jwt_free_str */
    jwt_free(jwt);
}

static void check_both_ways(const char *algorithm, jwt_alg_t theirs)
{
    tripsage_auth_options options = cheap_options();
    tripsage__store *store = open_store();
    tripsage__buf public = TRIPSAGE__BUF_INIT(4096), private = TRIPSAGE__BUF_INIT(4096);
    tripsage__held_key held;
    tripsage_auth *auth;
    tripsage_doc *session;
    tripsage_actor *actor;

    options.algorithm = algorithm;
    auth = auth_over(store, &options);
    session = new_session(auth);
    actor = actor_of(auth, session);
    ck_assert_ok(tripsage__signing_keys_current(&held, auth->signing_keys));
    if (held.key.pair) {
        public = public_pem(held.key.pair);
        private = private_pem(held.key.pair);
    } else {
        tripsage__buf_puts(&public, SECRET);
        tripsage__buf_puts(&private, SECRET);
    }
    check_ours(token_of(session), public.data, public.size, theirs, actor->user_id);
    check_theirs(auth, actor, held.kid, private.data, private.size, theirs);
    tripsage__buf_free(&public);
    tripsage__buf_free(&private);
    tripsage__held_key_release(&held);
    tripsage_actor_free(actor);
    tripsage_doc_free(session);
    tripsage__auth_free(auth);
    tripsage__store_release(store);
}

START_TEST(hs256)
{
    check_both_ways("HS256", JWT_ALG_HS256);
}
END_TEST

START_TEST(es256)
{
    check_both_ways("ES256", JWT_ALG_ES256);
}
END_TEST

START_TEST(rs256)
{
    check_both_ways("RS256", JWT_ALG_RS256);
}
END_TEST

SUITE_MAIN("auth/libjwt", hs256, es256, rs256)
