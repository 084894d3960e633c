/* auth/auth.c: the handle: its options looked at, opened and closed; and the purge. */
#include <string.h>

#include "auth/auth_internal.h"
#include "auth/otp.h"
#include "auth/statements.h"
#include "base/crypto.h"
#include "base/memory.h"

/* RFC 7518, 3.2: as long as the digest. At the other end, what fits a line of a settings file. */
#define KEY_MIN 32
#define KEY_MAX 1024
/* A year: a token is no account. */
#define TTL_MAX_S 31536000u
/* An hour: who comes with an old token later than that is no tab of the same browser. */
#define REUSE_MAX_S 3600u
/* A day: whoever lost a mail must get another one. */
#define MAIL_INTERVAL_MAX_S 86400u
/* A week, in which an invitation is read or forgotten. */
#define OTP_TTL_MAX_S 604800u
/* Asking for more characters than that keeps people out instead of attackers. */
#define PASSWORD_MIN_MAX 128u

static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

/* ---- options ---- */

/* A name or an address of a service: printable ASCII. */
static int is_issuer(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > TRIPSAGE__ISSUER_MAX)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return 0;
    return 1;
}

static int is_between(const char *text, size_t min, size_t max)
{
    size_t length = strlen(text);

    return length >= min && length <= max;
}

static tripsage_status check_secrets(const tripsage_auth_options *o)
{
    const char *masters[] = {o->secret_key, o->previous_secret_key};
    const char *api_keys[] = {o->public_key, o->service_key};

    for (size_t i = 0; i < 2; i++)
        if (masters[i] && !is_between(masters[i], TRIPSAGE__MASTER_MIN, TRIPSAGE__MASTER_MAX))
            return TRIPSAGE_FAIL_FIELD("#options", "auth.%s must have %d to %d bytes",
                                       i ? "previous_secret_key" : "secret_key", TRIPSAGE__MASTER_MIN,
                                       TRIPSAGE__MASTER_MAX);
    for (size_t i = 0; i < 2; i++)
        if (api_keys[i] && !is_between(api_keys[i], TRIPSAGE__API_KEY_MIN, TRIPSAGE__API_KEY_MAX))
            return TRIPSAGE_FAIL_FIELD("#options", "auth.%s must have %d to %d characters",
                                       i ? "service_key" : "public_key", TRIPSAGE__API_KEY_MIN, TRIPSAGE__API_KEY_MAX);
    return TRIPSAGE_OK;
}

/* What signs; none when it is no name of one that does. */
static tripsage__algorithm algorithm_of(const tripsage_auth_options *o)
{
    tripsage__algorithm given = tripsage__algorithm_of(o->algorithm);

    if (!o->algorithm)
        return o->jwt_secret ? TRIPSAGE__HS256 : TRIPSAGE__ES256;
    return given == TRIPSAGE__EDDSA ? TRIPSAGE__NO_ALGORITHM : given;
}

static tripsage_status check_options(const tripsage_auth_options *o)
{
    size_t key_size = o->jwt_secret ? strlen(o->jwt_secret) : KEY_MIN;

    if (o->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.version is %u; start from TRIPSAGE_AUTH_OPTIONS_INIT", o->version);
    if (key_size < KEY_MIN || key_size > KEY_MAX)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.jwt_secret must have %d to %d bytes", KEY_MIN, KEY_MAX);
    if (!algorithm_of(o))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.algorithm must be ES256, RS256 or HS256");
    if (o->issuer && !is_issuer(o->issuer))
        return TRIPSAGE_FAIL_FIELD("#options",
                                   "auth.issuer must have 1 to %d printable ASCII characters without spaces",
                                   TRIPSAGE__ISSUER_MAX);
    if (o->token_ttl_s > TTL_MAX_S)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.token_ttl_s must be at most %u, a year", TTL_MAX_S);
    if (o->refresh_reuse_s > REUSE_MAX_S)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.refresh_reuse_s must be at most %u, an hour", REUSE_MAX_S);
    if (o->mail_interval_s > MAIL_INTERVAL_MAX_S)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail_interval_s must be at most %u, a day", MAIL_INTERVAL_MAX_S);
    if (o->otp_ttl_s > OTP_TTL_MAX_S)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.otp_ttl_s must be at most %u, a week", OTP_TTL_MAX_S);
    if (o->password_min > PASSWORD_MIN_MAX)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.password_min must be at most %u", PASSWORD_MIN_MAX);
    if (o->argon2_memory_kib &&
        (o->argon2_memory_kib < TRIPSAGE__ARGON2_MEMORY_MIN || o->argon2_memory_kib > TRIPSAGE__ARGON2_MEMORY_MAX))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.argon2_memory_kib must be from %u to %u",
                                   TRIPSAGE__ARGON2_MEMORY_MIN, TRIPSAGE__ARGON2_MEMORY_MAX);
    if (o->argon2_passes > TRIPSAGE__ARGON2_PASSES_MAX)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.argon2_passes must be at most %u", TRIPSAGE__ARGON2_PASSES_MAX);
    return check_secrets(o);
}

/* HS256's secret where none is given: the database's own in hexadecimal, so that it can be handed to other verifiers as text. */
static tripsage_status own_secret(char out[2 * 32 + 1], tripsage__store *store)
{
    unsigned char secret[32];
    tripsage_status status = tripsage__store_secret(secret, store, "jwt_secret");

    if (status == TRIPSAGE_OK)
        tripsage__hex(out, secret, sizeof secret);
    tripsage__wipe(secret, sizeof secret);
    return status;
}

static tripsage_status take_signing_keys(tripsage_auth *auth, const tripsage_auth_options *options)
{
    tripsage__algorithm algorithm = algorithm_of(options);
    const char *secret = options->jwt_secret;
    char text[2 * 32 + 1];
    tripsage_status status = TRIPSAGE_OK;

    if (algorithm == TRIPSAGE__HS256 && !secret) {
        status = own_secret(text, auth->store);
        secret = text;
    }
    if (status == TRIPSAGE_OK)
        status = tripsage__signing_keys_new(&auth->signing_keys, auth->store, auth->sealer, algorithm, secret);
    tripsage__wipe(text, sizeof text);
    return status;
}

tripsage_status tripsage__auth_sealer(tripsage__sealer **out, tripsage__store *store,
                                      const tripsage_auth_options *options)
{
    const char *previous = options->previous_secret_key;
    unsigned char own[32];
    tripsage__master masters[3];
    size_t count = 0;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__store_secret(own, store, "secret_key"));
    if (options->secret_key)
        masters[count++] = (tripsage__master){options->secret_key, strlen(options->secret_key)};
    masters[count++] = (tripsage__master){own, sizeof own};
    if (previous)
        masters[count++] = (tripsage__master){previous, strlen(previous)};
    TRIPSAGE_TRY(tripsage__sealer_new(out, masters, count));
out:
    tripsage__wipe(own, sizeof own);
    return status;
}

/* One secret of the database's is enough: the others follow from it. */
static tripsage_status take_throttle(tripsage_auth *auth, tripsage_cache *cache, const tripsage_auth_options *options)
{
    unsigned char secret[TRIPSAGE__SHA256_SIZE];
    tripsage_status status;

    if (options->no_limits)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__hmac_sha256(secret, auth->refresh_key, sizeof auth->refresh_key, "throttle", 8));
    status = tripsage__throttle_new(&auth->throttle, auth->env, cache, secret);
out:
    tripsage__wipe(secret, sizeof secret);
    return status;
}

tripsage_status tripsage__auth_ask(const tripsage_auth *auth, tripsage__throttle_kind kind, const char *account,
                                   const tripsage__origin *origin)
{
    int64_t wait_ms = 0;
    tripsage_status status = TRIPSAGE_OK;

    if (auth->throttle)
        status = tripsage__throttle_ask(&wait_ms, auth->throttle, kind, account, origin ? origin->address : NULL);
    if (status == TRIPSAGE_OK && wait_ms > 0)
        return TRIPSAGE_FAIL_UNTIL(wait_ms, "over_request_rate_limit", "Request rate limit reached");
    return status;
}

void tripsage__auth_forgive(const tripsage_auth *auth, tripsage__throttle_kind kind, const char *account,
                            const tripsage__origin *origin)
{
    if (auth->throttle)
        (void)tripsage__throttle_succeeded(auth->throttle, kind, account, origin ? origin->address : NULL);
}

static tripsage_status take_options(tripsage_auth *auth, const tripsage_auth_options *options)
{
    auth->token_ttl_s = or_default(options->token_ttl_s, 3600);
    auth->password_min = or_default(options->password_min, 8);
    auth->refresh_reuse_s = or_default(options->refresh_reuse_s, 10);
    auth->session_timebox_s = options->session_timebox_s;
    auth->session_inactivity_s = options->session_inactivity_s;
    auth->session_single = options->session_single;
    auth->require_api_key = options->require_api_key || options->public_key || options->service_key;
    auth->mail_interval_s = or_default(options->mail_interval_s, 60);
    auth->otp_ttl_s = or_default(options->otp_ttl_s, 86400);
    auth->confirm_email = options->confirm_email ? options->confirm_email > 0
                                                 : options->mail && options->mail->host && options->mail->host[0];
    auth->email_change_single = options->email_change_single;
    auth->password_needs_nonce = options->password_needs_nonce;
    auth->issuer = tripsage__strdup(options->issuer ? options->issuer : "tripsage");
    if (!auth->issuer)
        return TRIPSAGE_NOMEM();
    return TRIPSAGE_OK;
}

/* ---- opened and closed ---- */

static tripsage_status open_supabase(tripsage_auth *auth, const tripsage_auth_options *o)
{
    const tripsage__supabase_options project = {
        .url = o->supabase_url, .public_key = o->public_key, .service_key = o->service_key};

    tripsage_status status;

    if (!o->supabase_url)
        return TRIPSAGE_OK;
    status = tripsage__supabase_new(&auth->supabase, auth->env, &project);
    return status == TRIPSAGE_OK ? tripsage__ended_new(&auth->ended, auth->env) : status;
}

/* What the database keeps for everybody who opens it. */
static tripsage_status take_secrets(tripsage_auth *auth)
{
    tripsage_status status = tripsage__store_secret(auth->refresh_key, auth->store, "refresh_key");

    return status != TRIPSAGE_OK
               ? status
               : tripsage__hmac_sha256(auth->otp_key, auth->refresh_key, sizeof auth->refresh_key, "otp", 3);
}

tripsage_status tripsage__auth_new(tripsage_auth **out, tripsage__store *store, tripsage_cache *cache,
                                   const tripsage_auth_options *options)
{
    static const tripsage_auth_options standard = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_auth *auth = NULL;
    tripsage_status status;

    *out = NULL;
    if (!options)
        options = &standard;
    TRIPSAGE_TRY(check_options(options));
    auth = tripsage__calloc(1, sizeof *auth);
    if (!auth) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    auth->store = tripsage__store_retain(store);
    auth->env = tripsage__store_env(store);
    auth->observer = tripsage__env_observer(auth->env);
    TRIPSAGE_TRY(take_options(auth, options));
    TRIPSAGE_TRY(tripsage__auth_sealer(&auth->sealer, auth->store, options));
    TRIPSAGE_TRY(take_signing_keys(auth, options));
    TRIPSAGE_TRY(take_secrets(auth));
    TRIPSAGE_TRY(take_throttle(auth, cache, options));
    TRIPSAGE_TRY(tripsage__passwords_new(&auth->passwords, or_default(options->argon2_memory_kib, 19456),
                                         or_default(options->argon2_passes, 2), 0));
    TRIPSAGE_TRY(tripsage__verified_new(&auth->verified, auth->env, cache));
    TRIPSAGE_TRY(tripsage__keyring_new(&auth->keyring, auth->env, options->public_key, options->service_key));
    TRIPSAGE_TRY(tripsage__mailer_new(&auth->mailer, auth->env, options->mail));
    TRIPSAGE_TRY(open_supabase(auth, options));
    *out = auth;
    auth = NULL;
out:
    tripsage__auth_free(auth);
    return status;
}

void tripsage__auth_free(tripsage_auth *auth)
{
    if (!auth)
        return;
    tripsage__mailer_free(auth->mailer); /* first: its thread still works */
    tripsage__ended_free(auth->ended);
    tripsage__supabase_free(auth->supabase);
    tripsage__keyring_free(auth->keyring);
    tripsage__throttle_free(auth->throttle);
    tripsage__verified_free(auth->verified);
    tripsage__passwords_free(auth->passwords);
    tripsage__signing_keys_free(auth->signing_keys);
    tripsage__sealer_free(auth->sealer);
    tripsage__wipe(auth->refresh_key, sizeof auth->refresh_key);
    tripsage__wipe(auth->otp_key, sizeof auth->otp_key);
    tripsage__free(auth->issuer);
    tripsage__store_release(auth->store);
    tripsage__free(auth);
}

tripsage_status tripsage_auth_open(tripsage_auth **out, const char *url, const tripsage_auth_options *options,
                                   const tripsage_runtime *runtime)
{
    tripsage__store_options store_options = {.runtime = runtime};
    tripsage__store *store = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__store_open(&store, url, &store_options));
    TRIPSAGE_TRY(tripsage__auth_new(out, store, NULL, options));
out:
    tripsage__store_release(store);
    return status;
}

void tripsage_auth_close(tripsage_auth *auth)
{
    tripsage__auth_free(auth);
}

/* ---- purge ---- */

/* What was there at `until` or before, a batch to a transaction. */
static tripsage_status purge(int64_t *count, const tripsage_auth *auth, const tripsage__statement *statement,
                             int64_t until)
{
    const tripsage__value params[] = {tripsage__int(until), tripsage__int(TRIPSAGE__AUTH_PURGE_BATCH)};
    int64_t deleted;

    *count = 0;
    do {
        const tripsage__step step = {.statement = statement, .params = params, .param_count = 2, .changes = &deleted};
        tripsage_status status;

        deleted = 0;
        status = tripsage__store_write(auth->store, NULL, &step, 1);
        if (status != TRIPSAGE_OK)
            return status;
        *count += deleted;
    } while (deleted == TRIPSAGE__AUTH_PURGE_BATCH);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__auth_purge(int64_t *sessions, int64_t *signing_keys, tripsage_auth *auth)
{
    int64_t now = tripsage__now_ms(auth->env), others;
    int64_t tokens_until = now - (int64_t)auth->otp_ttl_s * 1000;
    tripsage_status status;

    *signing_keys = 0;
    TRIPSAGE_TRY(purge(sessions, auth, &tripsage__sql_session_purge, now));
    TRIPSAGE_TRY(purge(&others, auth, &tripsage__sql_one_time_token_purge, tokens_until));
    TRIPSAGE_TRY(purge(&others, auth, &tripsage__sql_flow_state_purge, tokens_until - TRIPSAGE__AUTH_CODE_LIFE_MS));
    TRIPSAGE_TRY(purge(&others, auth, &tripsage__sql_mail_request_purge, now - (int64_t)auth->mail_interval_s * 1000));
    TRIPSAGE_TRY(tripsage__signing_keys_purge(signing_keys, auth->signing_keys));
out:
    return status;
}

tripsage_status tripsage__auth_mail_about_trip(tripsage_auth *auth, const char *to, const char *event,
                                               const char *title, const char *level)
{
    const tripsage__account_mail mail = {.kind = strcmp(event, "shared") == 0  ? TRIPSAGE__MAIL_TRIP_SHARED
                                                 : strcmp(event, "level") == 0 ? TRIPSAGE__MAIL_TRIP_LEVEL
                                                                               : TRIPSAGE__MAIL_TRIP_REMOVED,
                                         .to = to,
                                         .trip_title = title,
                                         .level = level};

    return tripsage__mailer_send(auth->mailer, &mail);
}
