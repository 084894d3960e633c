/* auth/factors_raise.c: sessions raised to the second assurance level, by a code of an authenticator app or a recovery code.
 *
 * What is used up (a code's step, a challenge, a recovery code) and the session change in one write, which does nothing unless all of
 * them are still as they were read: a code is good once, for one session. */
#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/factors.h"
#include "auth/statements.h"
#include "auth/totp.h"
#include "base/crypto.h"

static tripsage_status wrong_code(const char *what)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ECREDENTIALS, "mfa_verification_failed", "Invalid %s code entered", what);
}

/* ---- what is read ---- */

typedef struct reading {
    tripsage__account account;
    tripsage__session session;
    unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE];
    char sealed[256]; /* "": no such factor */
    int64_t last_step;
    int64_t challenged_at; /* 0: no such challenge */
    int64_t verified_at;
    int same_address; /* as the one now */
    const char *address;
} reading;

static void no_factor(void *context)
{
    ((reading *)context)->sealed[0] = '\0';
}

static tripsage_status take_factor(void *context, const tripsage__row *row)
{
    reading *r = context;

    snprintf(r->sealed, sizeof r->sealed, "%s", tripsage__row_text(row, 0, NULL));
    r->last_step = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static void no_challenge(void *context)
{
    ((reading *)context)->challenged_at = 0;
}

static tripsage_status take_challenge(void *context, const tripsage__row *row)
{
    reading *r = context;
    const char *address = tripsage__row_text(row, 2, NULL);

    r->challenged_at = tripsage__row_int(row, 0);
    r->verified_at = tripsage__row_int(row, 1);
    r->same_address = address && r->address ? strcmp(address, r->address) == 0 : address == r->address;
    return TRIPSAGE_OK;
}

/* Without a factor's id the session and its user alone. */
static tripsage_status read_all(reading *r, const tripsage_auth *auth, const tripsage_actor *actor,
                                const tripsage__origin *origin, const char *factor_id, const char *challenge_id)
{
    const tripsage__value session = tripsage__text(actor->session_id), user = tripsage__text(actor->user_id);
    const tripsage__value factor[] = {tripsage__text(factor_id), tripsage__text(actor->user_id)};
    const tripsage__value challenge[] = {tripsage__text(challenge_id), tripsage__text(factor_id)};
    const tripsage__step steps[] = {tripsage__session_step(&r->session, &session),
                                    tripsage__account_step(&r->account, &tripsage__sql_account_by_id, &user),
                                    {.statement = &tripsage__sql_factor_by_id,
                                     .params = factor,
                                     .param_count = 2,
                                     .on_begin = no_factor,
                                     .on_row = take_factor,
                                     .context = r},
                                    {.statement = &tripsage__sql_challenge_by_id,
                                     .params = challenge,
                                     .param_count = 2,
                                     .on_begin = no_challenge,
                                     .on_row = take_challenge,
                                     .context = r}};
    tripsage_status status;

    memset(r, 0, sizeof *r);
    r->address = origin ? origin->address : NULL;
    status = tripsage__store_read(auth->store, NULL, steps, factor_id ? 4 : 2);
    if (status == TRIPSAGE_OK && (!r->account.block || !r->session.id[0]))
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "session_not_found",
                                    "Session from session_id claim in JWT does not exist");
    return status;
}

static void end_reading(reading *r)
{
    tripsage__wipe(r->secret, sizeof r->secret);
    tripsage__account_free(&r->account);
}

/* ---- the code ---- */

static tripsage_status check_challenge(const reading *r, const char *challenge_id, int64_t now_ms)
{
    if (!r->sealed[0])
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", "Factor not found");
    if (!r->challenged_at)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ECREDENTIALS, "mfa_factor_not_found",
                                    "MFA factor with the provided challenge ID not found");
    if (r->verified_at || !r->same_address)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ECREDENTIALS, "mfa_ip_address_mismatch",
                                    "Challenge and verify IP addresses mismatch.");
    if (now_ms >= r->challenged_at + TRIPSAGE__CHALLENGE_LIFE_MS)
        return TRIPSAGE_FAIL_REASON(
            TRIPSAGE_EEXPIRED, "mfa_challenge_expired",
            "MFA challenge %s has expired, verify against another challenge or create a new challenge.", challenge_id);
    return TRIPSAGE_OK;
}

static tripsage_status unseal_secret(reading *r, const tripsage_auth *auth, const char *factor_id)
{
    char purpose[TRIPSAGE__UUID_SIZE + 8];
    tripsage__buf secret = TRIPSAGE__BUF_INIT(TRIPSAGE__TOTP_SECRET_SIZE + 1);
    tripsage_status status;

    snprintf(purpose, sizeof purpose, "factor:%s", factor_id);
    TRIPSAGE_TRY(tripsage__unseal(&secret, auth->sealer, purpose, r->sealed, strlen(r->sealed)));
    if (secret.size == sizeof r->secret)
        memcpy(r->secret, secret.data, sizeof r->secret);
    else
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "factor %s has a secret of %zu bytes", factor_id, secret.size);
out:
    tripsage__buf_free_wiped(&secret);
    return status;
}

static tripsage_status find_step(int64_t *step, reading *r, const tripsage_auth *auth, const char *factor_id,
                                 const char *code, int64_t now_ms)
{
    tripsage_status status;

    TRIPSAGE_TRY(unseal_secret(r, auth, factor_id));
    TRIPSAGE_TRY(tripsage__totp_find(step, r->secret, code, now_ms, r->last_step));
    if (*step < 0)
        status = wrong_code("TOTP");
out:
    return status;
}

/* ---- raising ---- */

/* As it will be, verified, where it is the one; else as it is. */
static void put_factor(tripsage__buf *out, const tripsage__json *factor, int is_verified_now, int64_t now_ms)
{
    const char *comma = "{";

    for (const tripsage__json *m = tripsage__json_first(factor); m; m = tripsage__json_next(m)) {
        const char *name = tripsage__json_name(m);

        tripsage__buf_puts(out, comma);
        comma = ",";
        tripsage__json_put_string(out, name);
        tripsage__buf_putc(out, ':');
        if (is_verified_now && strcmp(name, "status") == 0)
            TRIPSAGE__LIT(out, "\"verified\"");
        else if (is_verified_now && strcmp(name, "updated_at") == 0)
            tripsage__json_put_instant(out, now_ms);
        else
            tripsage__json_put(out, m);
    }
    tripsage__buf_putc(out, '}');
}

/* The user's factors as they will be: no unverified ones beside it. */
static tripsage_status put_factors(tripsage__buf *out, const char *before, const char *factor_id, int64_t now_ms)
{
    tripsage__json *factors = NULL;
    const char *comma = "[";
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__json_parse_trusted(&factors, before, strlen(before)));
    for (const tripsage__json *f = tripsage__json_first(factors); f; f = tripsage__json_next(f)) {
        int is_it = strcmp(tripsage__json_text(tripsage__json_member(f, "id")), factor_id) == 0;

        if (!is_it && strcmp(tripsage__json_text(tripsage__json_member(f, "status")), "verified") != 0)
            continue;
        tripsage__buf_puts(out, comma);
        comma = ",";
        put_factor(out, f, is_it, now_ms);
    }
    tripsage__buf_putc(out, ']');
    status = tripsage__buf_status(out);
out:
    tripsage__json_free(factors);
    return status;
}

/* account_factors is the last of a factor's steps, and is given two parameters everywhere. */
enum { RAISE_PARAMS = 10, RAISE_STEPS = 6, ACCOUNT_FACTORS = 5 };

/* What a code is used up by: a factor's step with its challenge, or a recovery code's hash. */
typedef struct proof {
    const char *factor_id; /* NULL: a recovery code */
    const char *challenge_id;
    int64_t step;
    const char *hash;
} proof;

static tripsage_status write_raise(int64_t *raised, const tripsage_auth *auth, const tripsage_actor *actor,
                                   const tripsage__session *session, const tripsage__origin *origin, const proof *p)
{
    const tripsage__value params[RAISE_PARAMS] = {tripsage__text(session->id),
                                                  tripsage__text(actor->user_id),
                                                  tripsage__int(session->refresh_counter - 1),
                                                  tripsage__text(session->amr),
                                                  tripsage__text(p->factor_id),
                                                  tripsage__int(session->refreshed_at),
                                                  tripsage__text(origin ? origin->user_agent : NULL),
                                                  tripsage__text(origin ? origin->address : NULL),
                                                  tripsage__int(p->step),
                                                  tripsage__text(p->factor_id ? p->challenge_id : p->hash)};
    static const tripsage__statement *const by_factor[RAISE_STEPS] = {
        &tripsage__sql_session_raise,         &tripsage__sql_factor_verified,    &tripsage__sql_challenge_verified,
        &tripsage__sql_factor_end_unverified, &tripsage__sql_session_end_weaker, &tripsage__sql_account_factors};
    static const tripsage__statement *const by_code[] = {
        &tripsage__sql_session_raise_by_code, &tripsage__sql_recovery_code_used, &tripsage__sql_session_end_weaker};
    const tripsage__audit_event event = {.action = "mfa_code_login",
                                         .actor = actor->user_id,
                                         .subject = p->factor_id,
                                         .address = origin ? origin->address : NULL,
                                         .if_changed = 1};
    tripsage__audit_entry entry;
    tripsage__step steps[RAISE_STEPS + 1];
    size_t count = p->factor_id ? RAISE_STEPS : sizeof by_code / sizeof by_code[0];

    *raised = 0;
    for (size_t i = 0; i < count; i++)
        steps[i + (i > 0)] = (tripsage__step){.statement = p->factor_id ? by_factor[i] : by_code[i],
                                              .params = params,
                                              .param_count = i == ACCOUNT_FACTORS ? 2 : RAISE_PARAMS,
                                              .changes = i == 0 ? raised : NULL};
    steps[1] = tripsage__audit_step(&entry, auth->env, &event);
    return tripsage__store_write(auth->store, NULL, steps, count + 1);
}

/* The grant is made before anything is written, so that nothing is left to fail behind it. */
static tripsage_status raise_session(tripsage__grant *out, int *again, tripsage_auth *auth, const tripsage_actor *actor,
                                     const tripsage__origin *origin, reading *r, const proof *p, int64_t now_ms,
                                     int flags)
{
    tripsage__buf factors = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    int64_t raised;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__amr_add(r->session.amr, p->factor_id ? "totp" : "recovery_code", now_ms));
    if (p->factor_id) {
        TRIPSAGE_TRY(put_factors(&factors, r->account.factors, p->factor_id, now_ms));
        r->account.factors = factors.data;
    }
    r->session.aal = 2;
    r->session.refresh_counter++;
    r->session.refreshed_at = now_ms;
    tripsage__session_renew(&r->session, auth, now_ms);
    TRIPSAGE_TRY(tripsage__grant_make(out, auth, &r->account, &r->session, flags));
    TRIPSAGE_TRY(write_raise(&raised, auth, actor, &r->session, origin, p));
    *again = !raised; /* what was read has changed since */
out:
    if (status != TRIPSAGE_OK || *again) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__verified_forget(auth->verified, actor->user_id); /* even where the outcome is unknown */
    tripsage__buf_free(&factors);
    return status;
}

/* ---- the ways ---- */

/* Whether one may guess once more: a guess counts before it is looked at. */
static tripsage_status ask(const tripsage_auth *auth, const tripsage_actor *actor, const tripsage__origin *origin)
{
    tripsage_status status = tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_FACTOR, NULL, origin);

    return status == TRIPSAGE_OK ? tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_CODE, actor->user_id, origin) : status;
}

static tripsage_status verify_once(tripsage__grant *out, int *again, tripsage_auth *auth, const tripsage_actor *actor,
                                   const tripsage__origin *origin, const char *factor_id, const char *challenge_id,
                                   const char *code, int flags)
{
    int64_t now = tripsage__now_ms(auth->env);
    proof p = {factor_id, challenge_id, 0, NULL};
    reading r;
    tripsage_status status;

    *again = 0;
    TRIPSAGE_TRY(read_all(&r, auth, actor, origin, factor_id, challenge_id));
    TRIPSAGE_TRY(check_challenge(&r, challenge_id, now));
    TRIPSAGE_TRY(find_step(&p.step, &r, auth, factor_id, code, now));
    status = raise_session(out, again, auth, actor, origin, &r, &p, now, flags);
out:
    end_reading(&r);
    return status;
}

tripsage_status tripsage__factor_verify(tripsage__grant *out, tripsage_auth *auth, const tripsage_actor *actor,
                                        const tripsage__origin *origin, const char *factor_id, const char *challenge_id,
                                        const char *code, int flags)
{
    tripsage_status status = ask(auth, actor, origin);
    int again = 1;

    memset(out, 0, sizeof *out);
    while (status == TRIPSAGE_OK && again)
        status = verify_once(out, &again, auth, actor, origin, factor_id, challenge_id, code, flags);
    if (status == TRIPSAGE_OK)
        tripsage__auth_forgive(auth, TRIPSAGE__THROTTLE_CODE, actor->user_id, origin);
    return status;
}

static tripsage_status use_once(tripsage__grant *out, int *again, tripsage_auth *auth, const tripsage_actor *actor,
                                const tripsage__origin *origin, const char *hash, int flags)
{
    const proof p = {NULL, NULL, 0, hash};
    reading r;
    tripsage_status status;

    *again = 0;
    TRIPSAGE_TRY(read_all(&r, auth, actor, origin, NULL, NULL));
    status = raise_session(out, again, auth, actor, origin, &r, &p, tripsage__now_ms(auth->env), flags);
out:
    end_reading(&r);
    return status;
}

/* Nothing was raised: the code is none of his, or was used; or the session was refreshed meanwhile. A second look tells, since a session
 * is not refreshed all the time. */
tripsage_status tripsage__recovery_code_use(tripsage__grant *out, tripsage_auth *auth, const tripsage_actor *actor,
                                            const tripsage__origin *origin, const char *code, int flags)
{
    char hash[TRIPSAGE__RECOVERY_HASH_SIZE];
    tripsage_status status = tripsage__recovery_hash(hash, actor->user_id, code);
    int again = 1;

    memset(out, 0, sizeof *out);
    if (status == TRIPSAGE_OK)
        status = ask(auth, actor, origin);
    if (status == TRIPSAGE_OK && !*hash)
        return wrong_code("recovery");
    for (int looks = 0; status == TRIPSAGE_OK && again && looks < 2; looks++)
        status = use_once(out, &again, auth, actor, origin, hash, flags);
    if (status != TRIPSAGE_OK)
        return status;
    if (again)
        return wrong_code("recovery");
    tripsage__auth_forgive(auth, TRIPSAGE__THROTTLE_CODE, actor->user_id, origin);
    return TRIPSAGE_OK;
}

/* ---- recovery codes ---- */

typedef struct strength {
    int has_factor, is_strong;
} strength;

static tripsage_status take_strength(void *context, const tripsage__row *row)
{
    strength *s = context;

    s->has_factor = (int)tripsage__row_int(row, 0);
    s->is_strong = (int)tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static tripsage_status write_codes(const tripsage_auth *auth, const tripsage_actor *actor, const char *hashes)
{
    const tripsage__value params[] = {tripsage__text(hashes), tripsage__text(actor->user_id),
                                      tripsage__text(actor->session_id)};
    strength s = {0, 0};
    const tripsage__audit_event event = {
        .action = "generate_recovery_codes", .actor = actor->user_id, .subject = actor->user_id, .if_changed = 1};
    tripsage__audit_entry entry;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_recovery_code_look,
         .params = params,
         .param_count = 3,
         .on_row = take_strength,
         .context = &s},
        {.statement = &tripsage__sql_recovery_code_replace, .params = params, .param_count = 3},
        {.statement = &tripsage__sql_recovery_code_insert, .params = params, .param_count = 3},
        tripsage__audit_step(&entry, auth->env, &event)};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, 4);

    if (status != TRIPSAGE_OK || (s.has_factor && s.is_strong))
        return status;
    if (!s.has_factor)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", "There is no verified factor");
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "insufficient_aal", "AAL2 required to make recovery codes");
}

tripsage_status tripsage__recovery_codes_make(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage__buf hashes = TRIPSAGE__BUF_INIT(TRIPSAGE__RECOVERY_CODES * (TRIPSAGE__RECOVERY_HASH_SIZE + 3));
    tripsage__recovery_codes codes;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__recovery_codes_new(&codes, auth->env, actor->user_id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 512));
    TRIPSAGE__LIT(&doc->json, "{\"recovery_codes\":[");
    for (int i = 0; i < TRIPSAGE__RECOVERY_CODES; i++) {
        tripsage__buf_puts(&doc->json, i ? "," : "");
        tripsage__json_put_string(&doc->json, codes.codes[i]);
        tripsage__buf_puts(&hashes, i ? "," : "[");
        tripsage__json_put_string(&hashes, codes.hashes[i]);
    }
    TRIPSAGE__LIT(&doc->json, "]}");
    tripsage__buf_putc(&hashes, ']');
    TRIPSAGE_TRY(tripsage__buf_status(&doc->json));
    TRIPSAGE_TRY(tripsage__buf_status(&hashes));
    status = write_codes(auth, actor, hashes.data);
out:
    tripsage__wipe(&codes, sizeof codes);
    tripsage__buf_free(&hashes);
    return tripsage__doc_finish(out, doc, status);
}
