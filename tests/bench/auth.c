/* bench_auth: what it costs to know who somebody is: tokens met again, tokens never met, beside bare libjwt, and signatures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <tripsage/tripsage.h>

#include "auth/auth_internal.h"
#include "base/memory.h"
#include "bench.h"

/* How long a run is; --quick only shows that everything runs. */
static struct {
    unsigned rounds, checks, signatures;
} scale = {11, 20000, 1000};

#define SECRET     "a-secret-of-a-benchmark-of-32-bytes!"
#define ROUNDS_MAX 64

static tripsage_auth *open_auth(const char *algorithm)
{
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_auth *auth;

    options.jwt_secret = SECRET;
    options.algorithm = algorithm;
    options.argon2_memory_kib = 8;
    options.argon2_passes = 1;
    if (tripsage_auth_open(&auth, "sqlite::memory:", &options, NULL) != TRIPSAGE_OK)
        bench_fail("open: %s", tripsage_last_error()->message);
    return auth;
}

/* The token of a user as there are many: a name, two settings. */
static tripsage_doc *sign_up(tripsage_auth *auth)
{
    static const char json[] =
        "{\"email\":\"ada@example.com\",\"password\":\"correct horse\",\"full_name\":\"Ada Lovelace\","
        "\"data\":{\"theme\":\"dark\",\"lang\":\"en\"}}";
    tripsage_doc *session;

    if (tripsage_auth_sign_up(&session, auth, NULL, json, sizeof json - 1) != TRIPSAGE_OK)
        bench_fail("sign up: %s", tripsage_last_error()->message);
    return session;
}

/* ---- a token that was verified a moment ago ---- */

/* Microseconds for one tripsage_auth_verify. */
static double time_hot(tripsage_auth *auth, const char *token, size_t length)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.checks; i++) {
        tripsage_actor *actor;

        if (tripsage_auth_verify(&actor, auth, token, length) != TRIPSAGE_OK)
            bench_fail("verify: %s", tripsage_last_error()->message);
        tripsage_actor_free(actor);
    }
    return (bench_now() - start) / scale.checks * 1e6;
}

static void bench_hot(void)
{
    tripsage_auth *auth = open_auth("ES256");
    tripsage_doc *session = sign_up(auth);
    const char *token = tripsage_doc_text(session, "/access_token");
    double times[ROUNDS_MAX];

    bench_method("hot_verify_us: tripsage_auth_verify of an ES256 token that was verified before, and the freeing of "
                 "its actor; one thread.");
    time_hot(auth, token, strlen(token));
    for (unsigned round = 0; round < scale.rounds; round++)
        times[round] = time_hot(auth, token, strlen(token));
    bench_figure("hot_verify_us", bench_median(times, scale.rounds), "us");
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}

/* ---- a token that was not ---- */

/* All that tripsage_auth_verify does but for reading the session: the look into the cache, key, signature, claims, the cache again. */
static double time_cold(tripsage_auth *auth, const char *text, size_t length)
{
    tripsage__held_key held;
    double start = bench_now();

    for (unsigned i = 0; i < scale.checks; i++) {
        int64_t now = tripsage__now_ms(auth->env);
        tripsage__verified_key name;
        tripsage__token token;
        tripsage_actor *actor;
        uint32_t generation;

        tripsage__verified_name(&name, auth->verified, text, length);
        if (tripsage__verified_find(&actor, auth->verified, &name, now) == TRIPSAGE_OK)
            bench_fail("the token is not cold");
        if (tripsage__token_open(&token, text, length) != TRIPSAGE_OK ||
            tripsage__signing_keys_find(&held, auth->signing_keys, token.algorithm, token.kid) != TRIPSAGE_OK ||
            !held.found || tripsage__token_actor(&actor, &token, &held.key, auth->issuer, now) != TRIPSAGE_OK)
            bench_fail("cold: %s", tripsage_last_error()->message);
        tripsage__held_key_release(&held);
        generation = tripsage__verified_generation(auth->verified, actor->user_id);
        tripsage__verified_keep(auth->verified, &name, actor, generation, now);
        tripsage__verified_forget(auth->verified, actor->user_id); /* what was kept is not believed the next time */
        tripsage_actor_free(actor);
    }
    return (bench_now() - start) / scale.checks * 1e6;
}

static double time_libjwt(const char *token)
{
    double start = bench_now();

    for (unsigned i = 0; i < scale.checks; i++) {
        jwt_t *jwt;

        if (jwt_decode(&jwt, token, (const unsigned char *)SECRET, (int)strlen(SECRET)) != 0)
            bench_fail("libjwt does not take our token");
        jwt_free(jwt);
    }
    return (bench_now() - start) / scale.checks * 1e6;
}

static void bench_cold(void)
{
    tripsage_auth *auth = open_auth("HS256");
    tripsage_doc *session = sign_up(auth);
    const char *token = tripsage_doc_text(session, "/access_token");
    double ours[ROUNDS_MAX], bare[ROUNDS_MAX], ratios[ROUNDS_MAX];

    bench_method("cold_verify_vs_libjwt: an HS256 token that is not in the cache, verified as tripsage_auth_verify "
                 "does but for the read of "
                 "its session, beside jwt_decode of the same token with its secret, in turn.");
    for (unsigned round = 0; round < scale.rounds; round++) {
        ours[round] = time_cold(auth, token, strlen(token));
        bare[round] = time_libjwt(token);
        ratios[round] = ours[round] / bare[round];
    }
    bench_figure("cold_verify_us", bench_median(ours, scale.rounds), "us");
    bench_figure("libjwt_decode_us", bench_median(bare, scale.rounds), "us");
    bench_figure("cold_verify_vs_libjwt", bench_median(ratios, scale.rounds), "ratio");
    tripsage_doc_free(session);
    tripsage_auth_close(auth);
}

/* ---- signatures ---- */

/* Microseconds for one token signed, and for one checked with all its claims. */
static void time_pair(double *sign, double *check, tripsage_auth *auth, const tripsage__session *session)
{
    static const tripsage__account account = {.id = "018f6b1e-7c3a-7d10-9d5c-2f1b0a3c4d5e",
                                              .email = "ada@example.com",
                                              .role = "authenticated",
                                              .user_metadata = "{\"theme\":\"dark\",\"lang\":\"en\"}",
                                              .app_metadata = "{\"provider\":\"email\",\"providers\":[\"email\"]}"};
    int64_t now = session->created_at;
    char *text = NULL;
    double start = bench_now();

    for (unsigned i = 0; i < scale.signatures; i++) {
        tripsage__free(text);
        if (tripsage__auth_sign(&text, auth, &account, session) != TRIPSAGE_OK)
            bench_fail("sign: %s", tripsage_last_error()->message);
    }
    *sign = (bench_now() - start) / scale.signatures * 1e6;
    start = bench_now();
    for (unsigned i = 0; i < scale.signatures; i++) {
        tripsage__held_key held;
        tripsage__token token;
        tripsage_actor *actor;

        if (tripsage__token_open(&token, text, strlen(text)) != TRIPSAGE_OK ||
            tripsage__signing_keys_find(&held, auth->signing_keys, token.algorithm, token.kid) != TRIPSAGE_OK ||
            !held.found || tripsage__token_actor(&actor, &token, &held.key, auth->issuer, now) != TRIPSAGE_OK)
            bench_fail("check: %s", tripsage_last_error()->message);
        tripsage__held_key_release(&held);
        tripsage_actor_free(actor);
    }
    *check = (bench_now() - start) / scale.signatures * 1e6;
    tripsage__free(text);
}

static void bench_pair(const char *algorithm, const char *sign_name, const char *check_name)
{
    tripsage_auth *auth = open_auth(algorithm);
    int64_t now = tripsage__now_ms(auth->env);
    tripsage__session session = {.id = "018f6b1e-7c3a-7d10-9d5c-000000000001",
                                 .issued_at = now,
                                 .expires_at = (now / 1000 + 3600) * 1000,
                                 .aal = 1,
                                 .amr = "[{\"method\":\"password\",\"timestamp\":1772366400}]"};
    double sign[ROUNDS_MAX], check[ROUNDS_MAX];

    for (unsigned round = 0; round < scale.rounds; round++)
        time_pair(&sign[round], &check[round], auth, &session);
    bench_figure(sign_name, bench_median(sign, scale.rounds), "us");
    bench_figure(check_name, bench_median(check, scale.rounds), "us");
    tripsage_auth_close(auth);
}

static void bench_signatures(void)
{
    bench_method("..._sign_us, ..._verify_us: making a whole token, and checking one but for its session.");
    bench_pair("HS256", "hs256_sign_us", "hs256_verify_us");
    bench_pair("ES256", "es256_sign_us", "es256_verify_us");
    bench_pair("RS256", "rs256_sign_us", "rs256_verify_us");
}

static const char usage[] = "usage: bench_auth [--quick] [--only hot|cold|signatures] [OUTPUT.json]\n"
                            "Measures the verification of tokens, beside bare libjwt; prints medians and ratios,\n"
                            "and writes them to OUTPUT.json (build/bench/auth.json).\n";

int main(int argc, char **argv)
{
    const char *output = "build/bench/auth.json", *only = NULL;
    const bench_option options[] = {{"--only", &only, NULL}, {NULL, NULL, NULL}};

    if (bench_arguments(argc, argv, usage, options, &output)) {
        scale.rounds = 1;
        scale.checks = 200;
        scale.signatures = 10;
    }
    bench_make_folder();
    printf("%-46s %12s unit\n", "figure (median of the rounds)", "value");
    if (!only || strcmp(only, "hot") == 0)
        bench_hot();
    if (!only || strcmp(only, "cold") == 0)
        bench_cold();
    if (!only || strcmp(only, "signatures") == 0)
        bench_signatures();
    bench_write("auth", output);
    return EXIT_SUCCESS;
}
