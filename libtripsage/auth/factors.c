/* auth/factors.c: second factors, enrolled and taken away. What raises a session by them is in factors_raise.c. */
#include "auth/factors.h"

#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/statements.h"
#include "auth/totp.h"
#include "base/crypto.h"

/* An app is shown its secret for an hour: what was not verified by then does not count towards how many there may be. */
#define GIVE_UP_MS INT64_C(3600000)
/* Challenges are kept that long, so that one that is over is told from one that never was. */
#define CHALLENGE_KEPT_MS INT64_C(3600000)

static tripsage_status not_found(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "mfa_factor_not_found", "Factor not found");
}

static tripsage_status name_conflict(const char *name)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "mfa_factor_name_conflict",
                                "A factor with the friendly name \"%s\" for this user already exists", name);
}

/* Behind the statement that does it. */
static tripsage__step trail_step(tripsage__audit_entry *entry, const tripsage_auth *auth, const char *action,
                                 const char *actor, const char *factor_id)
{
    const tripsage__audit_event event = {.action = action, .actor = actor, .subject = factor_id, .if_changed = 1};

    return tripsage__audit_step(entry, auth->env, &event);
}

/* ---- enrolment ---- */

static void put_totp(tripsage__buf *json, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE], const char *uri,
                     const char *svg)
{
    char text[TRIPSAGE__TOTP_TEXT_SIZE];

    tripsage__totp_text(text, secret);
    TRIPSAGE__LIT(json, ",\"totp\":{\"qr_code\":");
    tripsage__json_put_string(json, svg);
    TRIPSAGE__LIT(json, ",\"secret\":");
    tripsage__json_put_string(json, text);
    TRIPSAGE__LIT(json, ",\"uri\":");
    tripsage__json_put_string(json, uri);
    tripsage__buf_puts(json, "}}");
    tripsage__wipe(text, sizeof text);
}

static tripsage_status make_doc(tripsage_doc *doc, const char *id, const char *name, const char *issuer,
                                const char *address, const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE])
{
    tripsage__buf uri = TRIPSAGE__BUF_INIT(4096), svg = TRIPSAGE__BUF_INIT((size_t)64 * 1024);
    tripsage_status status;

    tripsage__totp_put_uri(&uri, secret, issuer, address);
    TRIPSAGE_TRY(tripsage__buf_status(&uri));
    TRIPSAGE_TRY(tripsage__qr_put_svg(&svg, uri.data));
    TRIPSAGE_TRY(tripsage__buf_status(&svg));
    TRIPSAGE__LIT(&doc->json, "{\"id\":");
    tripsage__json_put_string(&doc->json, id);
    TRIPSAGE__LIT(&doc->json, ",\"type\":\"totp\",\"friendly_name\":");
    tripsage__json_put_string(&doc->json, name);
    put_totp(&doc->json, secret, uri.data, svg.data);
    status = tripsage__buf_status(&doc->json);
out:
    tripsage__buf_free_wiped(&uri);
    tripsage__buf_free_wiped(&svg);
    return status;
}

/* What is there, and whether there may be another. */
typedef struct standing {
    int64_t count;
    int named, has_factor, is_strong;
} standing;

static tripsage_status take_standing(void *context, const tripsage__row *row)
{
    standing *s = context;

    s->count = tripsage__row_int(row, 0);
    s->named = (int)tripsage__row_int(row, 1);
    s->has_factor = (int)tripsage__row_int(row, 2);
    s->is_strong = (int)tripsage__row_int(row, 3);
    return TRIPSAGE_OK;
}

static tripsage_status explain(const standing *s, const char *name)
{
    if (s->count >= TRIPSAGE__FACTORS_MAX)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ELIMIT, "too_many_enrolled_mfa_factors",
                                    "Maximum number of verified factors reached, unenroll to continue");
    if (s->has_factor && !s->is_strong)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "insufficient_aal", "AAL2 required to enroll a new factor");
    if (s->named)
        return name_conflict(name);
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
}

static tripsage_status write_factor(const tripsage_auth *auth, const tripsage_actor *actor, const char *id,
                                    const char *name, const char *sealed)
{
    int64_t now = tripsage__now_ms(auth->env), inserted = 0;
    const tripsage__value params[] = {tripsage__text(id),
                                      tripsage__text(actor->user_id),
                                      tripsage__text(actor->session_id),
                                      tripsage__text(name),
                                      tripsage__text(sealed),
                                      tripsage__int(now),
                                      tripsage__int(TRIPSAGE__FACTORS_MAX),
                                      tripsage__int(now - GIVE_UP_MS)};
    standing s = {0, 0, 0, 0};
    tripsage__audit_entry entry;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_factor_give_up, .params = params, .param_count = 8},
        {.statement = &tripsage__sql_factor_look,
         .params = params,
         .param_count = 8,
         .on_row = take_standing,
         .context = &s},
        {.statement = &tripsage__sql_factor_insert, .params = params, .param_count = 8, .changes = &inserted},
        trail_step(&entry, auth, "factor_in_progress", actor->user_id, id),
        {.statement = &tripsage__sql_account_factors, .params = params, .param_count = 2}};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, sizeof steps / sizeof steps[0]);

    return status == TRIPSAGE_OK && !inserted ? explain(&s, name) : status;
}

static tripsage_status seal_secret(tripsage__buf *out, const tripsage_auth *auth, const char *id,
                                   const unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE])
{
    char purpose[TRIPSAGE__UUID_SIZE + 8];

    snprintf(purpose, sizeof purpose, "factor:%s", id);
    return tripsage__seal(out, auth->sealer, purpose, secret, TRIPSAGE__TOTP_SECRET_SIZE);
}

tripsage_status tripsage__factor_enroll(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                        const tripsage__origin *origin, const char *name, const char *issuer)
{
    unsigned char secret[TRIPSAGE__TOTP_SECRET_SIZE];
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__buf sealed = TRIPSAGE__BUF_INIT(256);
    tripsage__account account;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    memset(&account, 0, sizeof account);
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_FACTOR, NULL, origin));
    TRIPSAGE_TRY(tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_id, actor->user_id));
    if (account.is_anonymous) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "no_authorization",
                                      "Anonymous user not allowed to perform these actions");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__totp_new_secret(secret, auth->env));
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, id));
    TRIPSAGE_TRY(seal_secret(&sealed, auth, id, secret));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 16384));
    TRIPSAGE_TRY(make_doc(doc, id, name, issuer, tripsage__account_address(&account), secret));
    status = write_factor(auth, actor, id, name, sealed.data);
out:
    tripsage__wipe(secret, sizeof secret);
    tripsage__buf_free(&sealed);
    tripsage__account_free(&account);
    return tripsage__doc_finish(out, doc, status);
}

/* ---- challenges ---- */

tripsage_status tripsage__factor_challenge(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                           const tripsage__origin *origin, const char *factor_id)
{
    int64_t now = tripsage__now_ms(auth->env), inserted = 0;
    char id[TRIPSAGE__UUID_SIZE];
    const tripsage__value params[] = {tripsage__textn(id, TRIPSAGE__UUID_SIZE - 1),
                                      tripsage__text(actor->user_id),
                                      tripsage__text(factor_id),
                                      tripsage__int(now),
                                      tripsage__text(origin ? origin->address : NULL),
                                      tripsage__int(now - CHALLENGE_KEPT_MS)};
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_challenge_purge, .params = params, .param_count = 6},
        {.statement = &tripsage__sql_challenge_insert, .params = params, .param_count = 6, .changes = &inserted},
        {.statement = &tripsage__sql_factor_challenged, .params = params, .param_count = 6},
        {.statement = &tripsage__sql_account_factors, .params = params, .param_count = 2}};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_FACTOR, NULL, origin));
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, id));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 128));
    TRIPSAGE__LIT(&doc->json, "{\"id\":");
    tripsage__json_put_string(&doc->json, id);
    TRIPSAGE__LIT(&doc->json, ",\"type\":\"totp\",\"expires_at\":");
    tripsage__buf_int(&doc->json, (now + TRIPSAGE__CHALLENGE_LIFE_MS) / 1000);
    tripsage__buf_putc(&doc->json, '}');
    TRIPSAGE_TRY(tripsage__buf_status(&doc->json));
    TRIPSAGE_TRY(tripsage__store_write(auth->store, NULL, steps, sizeof steps / sizeof steps[0]));
    if (!inserted)
        status = not_found();
out:
    return tripsage__doc_finish(out, doc, status);
}

/* ---- taking one away ---- */

static tripsage_status take_found(void *context, const tripsage__row *row)
{
    (void)row;
    *(int *)context = 1;
    return TRIPSAGE_OK;
}

/* `statement` deletes it, or refuses to. */
static tripsage_status delete_factor(int *found, int64_t *deleted, tripsage_auth *auth,
                                     const tripsage__statement *statement, const char *user_id, const char *factor_id,
                                     const char *session_id)
{
    const tripsage__value params[] = {tripsage__text(factor_id), tripsage__text(user_id), tripsage__text(session_id)};
    const int is_own = statement == &tripsage__sql_factor_delete;
    tripsage__audit_entry entry;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_factor_delete_look,
         .params = params,
         .param_count = 2,
         .on_row = take_found,
         .context = found},
        {.statement = statement, .params = params, .param_count = is_own ? 3 : 2, .changes = deleted},
        trail_step(&entry, auth, is_own ? "factor_unenrolled" : "factor_deleted",
                   is_own ? user_id : TRIPSAGE__AUDIT_SERVICE, factor_id),
        {.statement = &tripsage__sql_session_lower, .params = params, .param_count = 3},
        {.statement = &tripsage__sql_recovery_code_end, .params = params, .param_count = 3},
        {.statement = &tripsage__sql_account_factors, .params = params, .param_count = 2}};

    *found = 0;
    *deleted = 0;
    return tripsage__store_write(auth->store, NULL, steps, sizeof steps / sizeof steps[0]);
}

tripsage_status tripsage__factor_unenroll(tripsage_auth *auth, const tripsage_actor *actor, const char *factor_id)
{
    int found;
    int64_t deleted;
    tripsage_status status = delete_factor(&found, &deleted, auth, &tripsage__sql_factor_delete, actor->user_id,
                                           factor_id, actor->session_id);

    if (status != TRIPSAGE_OK || deleted)
        return status;
    if (!found)
        return not_found();
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "insufficient_aal", "AAL2 required to unenroll verified factor");
}

/* ---- looked at by others ---- */

tripsage_status tripsage__factor_list(tripsage__buf *out, tripsage_auth *auth, const char *user_id)
{
    tripsage__account account;
    tripsage_status status = tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_id, user_id);

    if (status == TRIPSAGE_OK)
        tripsage__buf_puts(out, account.factors);
    tripsage__account_free(&account);
    return status == TRIPSAGE_OK ? tripsage__buf_status(out) : status;
}

/* Appends that one of the user's factors. */
static tripsage_status put_factor(tripsage__buf *out, tripsage_auth *auth, const char *user_id, const char *factor_id)
{
    tripsage__buf list = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX);
    tripsage__json *factors = NULL;
    const tripsage__json *factor;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__factor_list(&list, auth, user_id));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&factors, list.data, list.size));
    factor = tripsage__json_first(factors);
    while (factor && strcmp(tripsage__json_text(tripsage__json_member(factor, "id")), factor_id) != 0)
        factor = tripsage__json_next(factor);
    if (!factor) {
        status = not_found();
        goto out;
    }
    tripsage__json_put(out, factor);
    status = tripsage__buf_status(out);
out:
    tripsage__json_free(factors);
    tripsage__buf_free(&list);
    return status;
}

tripsage_status tripsage__factor_delete(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                        const char *factor_id)
{
    int found;
    int64_t deleted;
    tripsage_status status;

    TRIPSAGE_TRY(put_factor(out, auth, user_id, factor_id));
    TRIPSAGE_TRY(delete_factor(&found, &deleted, auth, &tripsage__sql_factor_delete_any, user_id, factor_id, ""));
    if (!deleted)
        status = not_found();
out:
    return status;
}

tripsage_status tripsage__factor_rename(tripsage__buf *out, tripsage_auth *auth, const char *user_id,
                                        const char *factor_id, const char *name)
{
    const tripsage__value params[] = {tripsage__text(factor_id), tripsage__text(user_id), tripsage__text(name),
                                      tripsage__int(tripsage__now_ms(auth->env))};
    tripsage__audit_entry entry;
    int64_t renamed = 0;
    const tripsage__step steps[] = {
        {.statement = &tripsage__sql_factor_rename, .params = params, .param_count = 4, .changes = &renamed},
        trail_step(&entry, auth, "factor_updated", TRIPSAGE__AUDIT_SERVICE, factor_id),
        {.statement = &tripsage__sql_account_factors, .params = params, .param_count = 2}};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, 3);

    if (status == TRIPSAGE_EEXISTS)
        return name_conflict(name);
    if (status != TRIPSAGE_OK)
        return status;
    return renamed ? put_factor(out, auth, user_id, factor_id) : not_found();
}
