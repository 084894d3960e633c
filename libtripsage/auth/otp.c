/* auth/otp.c: making codes and links, and the mails that are asked for.
 *
 * What asks for a mail is one write, with the same statements whether anybody is known under the address or not; see statements.c. */
#include "auth/otp.h"

#include <stdio.h>
#include <string.h>

#include "auth/statements.h"
#include "base/crypto.h"

/* ---- names ---- */

const char *tripsage__purpose_name(tripsage__purpose purpose)
{
    static const char *const names[] = {"confirmation", "recovery", "email_change_current", "email_change_new",
                                        "reauthentication"};

    return names[purpose];
}

/* ---- tokens ---- */

/* HMAC of texts, each with its NUL, so that no two lists of them are the same bytes. */
static tripsage_status hash_texts(char out[2 * TRIPSAGE__SHA224_SIZE + 1], const tripsage_auth *auth,
                                  const char *const *texts, size_t count)
{
    tripsage__buf all = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT); /* a code that is given back may be anything */
    unsigned char digest[TRIPSAGE__SHA224_SIZE];
    tripsage_status status;

    for (size_t i = 0; i < count; i++)
        tripsage__buf_put(&all, texts[i], strlen(texts[i]) + 1);
    TRIPSAGE_TRY(tripsage__buf_status(&all));
    TRIPSAGE_TRY(tripsage__hmac_sha224(digest, auth->otp_key, sizeof auth->otp_key, all.data, all.size));
    tripsage__hex(out, digest, sizeof digest);
out:
    tripsage__wipe(all.data, all.size);
    tripsage__buf_free(&all);
    return status;
}

tripsage_status tripsage__otp_hash(char out[TRIPSAGE__HASH_SIZE], const tripsage_auth *auth, tripsage__purpose purpose,
                                   const char *address, const char *code, int pkce)
{
    const char *texts[] = {tripsage__purpose_name(purpose), address, code};

    return hash_texts(stpcpy(out, pkce ? TRIPSAGE__PKCE_PREFIX : ""), auth, texts, 3);
}

/* Each of the million codes as often as any other: what is left over at the end of 32 bits is drawn again. */
static tripsage_status make_code(char out[TRIPSAGE__CODE_SIZE], tripsage__env *env)
{
    const uint32_t codes = 1000000, fair = UINT32_MAX - UINT32_MAX % codes;
    uint32_t drawn;

    do {
        tripsage_status status = tripsage__random(env, &drawn, sizeof drawn);

        if (status != TRIPSAGE_OK)
            return status;
    } while (drawn >= fair);
    snprintf(out, TRIPSAGE__CODE_SIZE, "%06u", (unsigned)(drawn % codes));
    return TRIPSAGE_OK;
}

tripsage_status tripsage__otp_make(tripsage__otp *out, const tripsage_auth *auth, tripsage__purpose purpose,
                                   const char *address, int pkce)
{
    tripsage_status status = make_code(out->code, auth->env);

    out->purpose = purpose;
    return status == TRIPSAGE_OK ? tripsage__otp_hash(out->hash, auth, purpose, address, out->code, pkce) : status;
}

/* 122 random bits in the form of a UUID (RFC 9562, 5.4): what is exchanged for a session must not be guessed. */
static tripsage_status make_auth_code(char out[TRIPSAGE__UUID_SIZE], tripsage__env *env)
{
    unsigned char bytes[16];
    char hex[2 * sizeof bytes + 1];
    tripsage_status status = tripsage__random(env, bytes, sizeof bytes);

    if (status != TRIPSAGE_OK)
        return status;
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    tripsage__hex(hex, bytes, sizeof bytes);
    snprintf(out, TRIPSAGE__UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    return TRIPSAGE_OK;
}

/* ---- asking ---- */

static tripsage_status make_tokens(tripsage__ask *ask, const tripsage_auth *auth)
{
    const tripsage__asked *asked = &ask->asked;
    int pkce = asked->pkce.challenge != NULL;
    tripsage_status status = tripsage__otp_make(&ask->otp[0], auth, asked->purpose,
                                                asked->new_email ? asked->new_email : asked->account, pkce);

    ask->otp_count = 1;
    if (status == TRIPSAGE_OK && asked->new_email && !auth->email_change_single && strchr(asked->account, '@')) {
        status = tripsage__otp_make(&ask->otp[1], auth, TRIPSAGE__EMAIL_CHANGE_CURRENT, asked->account, pkce);
        ask->otp_count = 2;
    }
    return status;
}

static void fill_token(tripsage__value params[9], const tripsage__ask *ask, const tripsage__otp *otp)
{
    const tripsage__asked *asked = &ask->asked;
    int is_new = otp->purpose == TRIPSAGE__EMAIL_CHANGE_NEW;

    params[0] = tripsage__text(asked->account);
    params[1] = tripsage__text(tripsage__purpose_name(otp->purpose));
    params[2] = tripsage__int(ask->now);
    params[3] = tripsage__text(ask->recipient);
    params[4] = tripsage__text(ask->otp[0].hash);
    params[5] = tripsage__int(asked->to);
    params[6] = tripsage__text(asked->new_email);
    params[7] = tripsage__text(otp->hash);
    params[8] = tripsage__text(is_new ? asked->new_email : asked->account);
}

tripsage_status tripsage__ask_begin(tripsage__ask *ask, const tripsage_auth *auth, const tripsage__asked *asked)
{
    const char *texts[] = {"mail", asked->limited_as ? asked->limited_as : tripsage__purpose_name(asked->purpose),
                           asked->account};
    tripsage_status status;

    memset(ask, 0, sizeof *ask);
    ask->asked = *asked;
    ask->now = tripsage__now_ms(auth->env);
    ask->interval = (int64_t)auth->mail_interval_s * 1000;
    TRIPSAGE_TRY(hash_texts(ask->recipient, auth, texts, 3));
    TRIPSAGE_TRY(make_tokens(ask, auth));
    if (asked->pkce.challenge) {
        TRIPSAGE_TRY(tripsage__uuid7(auth->env, ask->flow_id));
        TRIPSAGE_TRY(make_auth_code(ask->auth_code, auth->env));
    }
out:
    return status;
}

static void forget_before(void *context)
{
    ((tripsage__ask *)context)->before = 0;
}

static tripsage_status take_before(void *context, const tripsage__row *row)
{
    ((tripsage__ask *)context)->before = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

size_t tripsage__ask_first_steps(tripsage__step steps[TRIPSAGE__ASK_FIRST_STEPS], tripsage__ask *ask)
{
    ask->request[0] = tripsage__text(ask->recipient);
    ask->request[1] = tripsage__text(ask->otp[0].hash);
    ask->request[2] = tripsage__int(ask->now);
    ask->request[3] = tripsage__int(ask->now - ask->interval);
    steps[0] = (tripsage__step){.statement = &tripsage__sql_mail_asked,
                                .params = ask->request,
                                .param_count = 1,
                                .on_begin = forget_before,
                                .on_row = take_before,
                                .context = ask};
    steps[1] = (tripsage__step){
        .statement = &tripsage__sql_mail_ask, .params = ask->request, .param_count = 4, .changes = &ask->goes};
    return 2;
}

size_t tripsage__ask_last_steps(tripsage__step steps[TRIPSAGE__ASK_LAST_STEPS], tripsage__ask *ask)
{
    const tripsage__pkce *pkce = &ask->asked.pkce;
    size_t count = 0;

    for (size_t i = 0; i < ask->otp_count; i++)
        fill_token(ask->token[i], ask, &ask->otp[i]);
    steps[count++] =
        (tripsage__step){.statement = &tripsage__sql_account_mailed, .params = ask->token[0], .param_count = 7};
    for (size_t i = 0; i < ask->otp_count; i++)
        steps[count++] = (tripsage__step){.statement = &tripsage__sql_one_time_token_put,
                                          .params = ask->token[i],
                                          .param_count = 9,
                                          .changes = &ask->mailed};
    if (!pkce->challenge)
        return count;
    ask->flow[0] = tripsage__text(ask->otp[0].hash);
    ask->flow[1] = tripsage__text(ask->flow_id);
    ask->flow[2] = tripsage__text(ask->auth_code);
    ask->flow[3] = tripsage__text(pkce->challenge);
    ask->flow[4] = tripsage__text(pkce->method);
    ask->flow[5] = tripsage__text(ask->asked.amr_method);
    ask->flow[6] = tripsage__int(ask->now);
    steps[count++] =
        (tripsage__step){.statement = &tripsage__sql_flow_state_put, .params = ask->flow, .param_count = 7};
    return count;
}

tripsage__step tripsage__ask_insert_step(tripsage__value params[TRIPSAGE__DRAFT_PARAMS + 2],
                                         const tripsage__draft *draft, const tripsage__ask *ask)
{
    tripsage__draft_params(params, draft);
    params[TRIPSAGE__DRAFT_PARAMS] = tripsage__text(ask->recipient);
    params[TRIPSAGE__DRAFT_PARAMS + 1] = tripsage__text(ask->otp[0].hash);
    return (tripsage__step){
        .statement = &tripsage__sql_account_insert_asked, .params = params, .param_count = TRIPSAGE__DRAFT_PARAMS + 2};
}

/* Whole seconds, as Supabase Auth counts them. */
tripsage_status tripsage__ask_check(const tripsage__ask *ask)
{
    int64_t wait_ms = ask->before + ask->interval - ask->now;

    if (ask->goes)
        return TRIPSAGE_OK;
    return TRIPSAGE_FAIL_UNTIL(wait_ms, "over_email_send_rate_limit",
                               "For security purposes, you can only request this after %lld seconds.",
                               (long long)(wait_ms / 1000));
}

/* ---- handing over ---- */

tripsage_status tripsage__ask_send(const tripsage__ask *ask, const tripsage_auth *auth, const char *redirect_to,
                                   tripsage__mail_kind kind)
{
    const tripsage__asked *asked = &ask->asked;
    tripsage_status status = TRIPSAGE_OK;

    for (size_t i = 0; i < ask->otp_count && status == TRIPSAGE_OK; i++) {
        int is_new = ask->otp[i].purpose == TRIPSAGE__EMAIL_CHANGE_NEW;
        const tripsage__account_mail mail = {.kind = kind,
                                             .to = is_new ? asked->new_email : asked->account,
                                             .email = strchr(asked->account, '@') ? asked->account : "",
                                             .new_email = asked->new_email,
                                             .code = ask->otp[i].code,
                                             .token_hash = ask->otp[i].hash,
                                             .redirect_to = redirect_to};

        status = tripsage__mailer_send(auth->mailer, &mail);
    }
    return status;
}

/* `draft`: somebody new who is written along with it, or NULL. */
static tripsage_status ask(tripsage_auth *auth, const tripsage__asked *asked, const tripsage__draft *draft,
                           const char *redirect_to, tripsage__mail_kind kind)
{
    tripsage__step steps[TRIPSAGE__ASK_FIRST_STEPS + 1 + TRIPSAGE__ASK_LAST_STEPS];
    tripsage__value insert[TRIPSAGE__DRAFT_PARAMS + 2];
    tripsage__ask a;
    size_t count;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__ask_begin(&a, auth, asked));
    count = tripsage__ask_first_steps(steps, &a);
    if (draft)
        steps[count++] = tripsage__ask_insert_step(insert, draft, &a);
    count += tripsage__ask_last_steps(steps + count, &a);
    TRIPSAGE_TRY(tripsage__store_write(auth->store, NULL, steps, count));
    TRIPSAGE_TRY(tripsage__ask_check(&a));
    if (a.mailed)
        status = tripsage__ask_send(&a, auth, redirect_to, kind);
out:
    tripsage__wipe(&a, sizeof a);
    return status;
}

/* ---- the ways ---- */

tripsage_status tripsage__recover(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                  const char *redirect_to)
{
    const tripsage__asked asked = {.purpose = TRIPSAGE__RECOVERY,
                                   .account = email,
                                   .to = TRIPSAGE__TO_ANYBODY,
                                   .pkce = *pkce,
                                   .amr_method = "recovery"};
    tripsage_status status = tripsage__mailer_check(auth->mailer);

    return status == TRIPSAGE_OK ? ask(auth, &asked, NULL, redirect_to, TRIPSAGE__MAIL_RECOVERY) : status;
}

tripsage_status tripsage__resend_signup(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                        const char *redirect_to)
{
    const tripsage__asked asked = {.purpose = TRIPSAGE__CONFIRMATION,
                                   .account = email,
                                   .to = TRIPSAGE__TO_UNCONFIRMED,
                                   .pkce = *pkce,
                                   .amr_method = "email/signup"};
    tripsage_status status = tripsage__mailer_check(auth->mailer);

    return status == TRIPSAGE_OK ? ask(auth, &asked, NULL, redirect_to, TRIPSAGE__MAIL_CONFIRMATION) : status;
}

static tripsage_status look_up(tripsage__account *account, const tripsage_auth *auth, const char *email)
{
    tripsage_status status = tripsage__account_read(account, auth->store, &tripsage__sql_account_by_email, email);

    return status == TRIPSAGE_ENOTFOUND ? TRIPSAGE_OK : status; /* account->block is NULL */
}

/* Who has confirmed his address gets a link to sign in; who has not, or is new, one that confirms it as well. Without confirmation
 * whoever is new is taken at his word, as when he signs up. */
static void choose_mail(tripsage__asked *asked, tripsage__mail_kind *kind, int confirmed)
{
    asked->purpose = confirmed ? TRIPSAGE__RECOVERY : TRIPSAGE__CONFIRMATION;
    asked->to = confirmed ? TRIPSAGE__TO_CONFIRMED : TRIPSAGE__TO_UNCONFIRMED;
    asked->amr_method = confirmed ? "magiclink" : "email/signup";
    *kind = confirmed ? TRIPSAGE__MAIL_MAGIC_LINK : TRIPSAGE__MAIL_CONFIRMATION;
}

tripsage_status tripsage__otp_send(tripsage_auth *auth, const tripsage__newcomer *who, int create)
{
    tripsage__account account = {.block = NULL};
    tripsage__draft draft = TRIPSAGE__DRAFT_INIT;
    tripsage__asked asked = {.account = who->email, .limited_as = "recovery", .pkce = who->pkce};
    tripsage__mail_kind kind;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__mailer_check(auth->mailer));
    TRIPSAGE_TRY(look_up(&account, auth, who->email));
    if (account.block) {
        choose_mail(&asked, &kind, account.email_confirmed_at != 0);
        status = ask(auth, &asked, NULL, who->redirect_to, kind);
        goto out;
    }
    if (!create) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "otp_disabled", "Signups not allowed for otp");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__draft_make(&draft, auth, who, !auth->confirm_email));
    choose_mail(&asked, &kind, !auth->confirm_email);
    status = ask(auth, &asked, &draft, who->redirect_to, kind);
out:
    tripsage__account_free(&account);
    tripsage__draft_free(&draft);
    return status;
}

/* Somebody who changes nothing, as somebody who is not known, is asked for as the one who moves to where he is. */
tripsage_status tripsage__resend_email_change(tripsage_auth *auth, const char *email, const tripsage__pkce *pkce,
                                              const char *redirect_to)
{
    tripsage__account account = {.block = NULL};
    tripsage__asked asked = {.purpose = TRIPSAGE__EMAIL_CHANGE_NEW,
                             .account = "",
                             .to = TRIPSAGE__TO_ANYBODY,
                             .pkce = *pkce,
                             .amr_method = "email_change"};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__mailer_check(auth->mailer));
    TRIPSAGE_TRY(look_up(&account, auth, email));
    asked.account = email;
    asked.new_email = email;
    if (account.block && *account.new_email)
        asked.new_email = account.new_email;
    else
        asked.to = TRIPSAGE__TO_NOBODY;
    status = ask(auth, &asked, NULL, redirect_to, TRIPSAGE__MAIL_EMAIL_CHANGE);
out:
    tripsage__account_free(&account);
    return status;
}

tripsage_status tripsage__reauthenticate(tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage__account account = {.block = NULL};
    tripsage__asked asked = {.purpose = TRIPSAGE__REAUTHENTICATION, .to = TRIPSAGE__TO_CONFIRMED};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__mailer_check(auth->mailer));
    TRIPSAGE_TRY(
        tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_id, tripsage_actor_user_id(actor)));
    if (!*tripsage__account_address(&account)) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed",
                                      "Reauthentication requires the user to have an email or a phone number");
        goto out;
    }
    if (!account.email_confirmed_at) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "email_not_confirmed", "Please verify your email first.");
        goto out;
    }
    asked.account = account.email;
    status = ask(auth, &asked, NULL, NULL, TRIPSAGE__MAIL_REAUTHENTICATION);
out:
    tripsage__account_free(&account);
    return status;
}
