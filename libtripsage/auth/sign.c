/* auth/sign.c: making accounts and signing in.
 *
 * Each way is at most one read and one write of the store; passwords are hashed in between, in no transaction. What must not change between the
 * two is guarded in the write's SQL (see statements.c). */
#include "auth/sign.h"

#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/otp.h"
#include "auth/statements.h"
#include "base/crypto.h"
#include "base/memory.h"

/* ---- the parts ---- */

/* When a session ends by itself, if it is not carried on: whatever comes first of the options; 0: never. */
static int64_t end_of(const tripsage_auth *auth, int64_t created_at, int64_t now_ms)
{
    int64_t box = auth->session_timebox_s ? created_at + (int64_t)auth->session_timebox_s * 1000 : 0;
    int64_t rest = auth->session_inactivity_s ? now_ms + (int64_t)auth->session_inactivity_s * 1000 : 0;

    return box && rest ? (box < rest ? box : rest) : box + rest;
}

void tripsage__session_renew(tripsage__session *session, const tripsage_auth *auth, int64_t now_ms)
{
    session->not_after = end_of(auth, session->created_at, now_ms);
    session->issued_at = now_ms;
    session->expires_at = (now_ms / 1000 + auth->token_ttl_s) * 1000;
}

tripsage_status tripsage__session_begin(tripsage__session *out, const tripsage_auth *auth, const char *method)
{
    int64_t now = tripsage__now_ms(auth->env);
    tripsage_status status;

    memset(out, 0, sizeof *out);
    out->created_at = out->refreshed_at = now;
    out->aal = 1;
    tripsage__session_renew(out, auth, now);
    status = tripsage__amr_add(out->amr, method, now);
    return status == TRIPSAGE_OK ? tripsage__uuid7(auth->env, out->id) : status;
}

tripsage__step tripsage__session_start_step(tripsage__value params[TRIPSAGE__SESSION_START_PARAMS],
                                            const tripsage__account *account, const tripsage__session *session,
                                            const tripsage__origin *origin, int64_t *changes)
{
    params[0] = tripsage__text(account->id);
    params[1] = tripsage__int(account->password_version);
    params[2] = tripsage__text(session->id);
    params[3] = tripsage__int(session->created_at);
    params[4] = tripsage__int(session->not_after);
    params[5] = tripsage__text(session->amr);
    params[6] = tripsage__text(origin ? origin->user_agent : NULL);
    params[7] = tripsage__text(origin ? origin->address : NULL);
    return (tripsage__step){.statement = &tripsage__sql_session_start,
                            .params = params,
                            .param_count = TRIPSAGE__SESSION_START_PARAMS,
                            .changes = changes};
}

tripsage_status tripsage__grant_make(tripsage__grant *out, const tripsage_auth *auth, const tripsage__account *account,
                                     const tripsage__session *session, int flags)
{
    char refresh[TRIPSAGE__REFRESH_TOKEN_SIZE] = "";
    tripsage_doc *doc = NULL;
    char *token = NULL;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(tripsage__refresh_token_make(refresh, auth->refresh_key, session->id, session->refresh_counter));
    TRIPSAGE_TRY(tripsage__auth_sign(&token, auth, account, session));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    TRIPSAGE__LIT(&doc->json, "{\"access_token\":\"");
    tripsage__buf_puts(&doc->json, token); /* base64url and dots: nothing to escape */
    TRIPSAGE__LIT(&doc->json, "\",\"token_type\":\"bearer\",\"expires_in\":");
    tripsage__buf_int(&doc->json, auth->token_ttl_s);
    TRIPSAGE__LIT(&doc->json, ",\"expires_at\":");
    tripsage__buf_int(&doc->json, session->expires_at / 1000);
    TRIPSAGE__LIT(&doc->json, ",\"refresh_token\":\"");
    tripsage__buf_puts(&doc->json, refresh);
    TRIPSAGE__LIT(&doc->json, "\",\"user\":");
    tripsage__account_put(&doc->json, account, flags);
    tripsage__buf_puts(&doc->json, flags & TRIPSAGE__GRANT_WEAK_PASSWORD ? ",\"weak_password\":null}" : "}");
    status = tripsage__doc_finish(&out->doc, doc, status);
out:
    snprintf(out->user_id, sizeof out->user_id, "%s", account->id);
    snprintf(out->session_id, sizeof out->session_id, "%s", session->id);
    snprintf(out->refresh_prefix, sizeof out->refresh_prefix, "%.5s", refresh);
    tripsage__free(token);
    return status;
}

tripsage__audit_event tripsage__account_event(const char *action, const tripsage__account *account,
                                              const tripsage__origin *origin)
{
    return (tripsage__audit_event){.action = action,
                                   .actor = account->id,
                                   .subject = account->id,
                                   .address = origin ? origin->address : NULL,
                                   .if_changed = 1};
}

/* ---- sign up ---- */

/* What a newcomer brings along, and what Supabase Auth puts beside it for an account with an address. There, its identity is verified in the
 * answer and not in the database. */
static tripsage_status make_data(tripsage__buf *out, const tripsage__newcomer *who, const char *id, int verified)
{
    tripsage__json *own = NULL, *theirs = NULL;
    tripsage__buf first = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX + 1);
    tripsage__buf brought = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX + 1);
    tripsage_status status;

    TRIPSAGE__LIT(&brought, "{");
    if (who->full_name) {
        TRIPSAGE__LIT(&brought, "\"full_name\":");
        tripsage__json_put_string(&brought, who->full_name);
    }
    if (who->email) {
        tripsage__buf_puts(&brought, who->full_name ? ",\"email\":" : "\"email\":");
        tripsage__json_put_string(&brought, who->email);
        tripsage__buf_puts(&brought, verified ? ",\"email_verified\":true" : ",\"email_verified\":false");
        TRIPSAGE__LIT(&brought, ",\"phone_verified\":false,\"sub\":");
        tripsage__json_put_string(&brought, id);
    }
    TRIPSAGE__LIT(&brought, "}");
    if (who->data)
        tripsage__json_put(&first, who->data);
    else
        TRIPSAGE__LIT(&first, "{}");
    TRIPSAGE_TRY(tripsage__buf_status(&brought));
    TRIPSAGE_TRY(tripsage__buf_status(&first));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&own, brought.data, brought.size));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&theirs, first.data, first.size));
    tripsage__json_put_merged(out, theirs, own);
    status = out->failed == TRIPSAGE_ETOOLARGE
                 ? TRIPSAGE_FAIL_FIELD("/data", "is more than %zu bytes together with name and address",
                                       TRIPSAGE__ACCOUNT_METADATA_MAX)
                 : tripsage__buf_status(out);
out:
    tripsage__json_free(own);
    tripsage__json_free(theirs);
    tripsage__buf_free(&first);
    tripsage__buf_free(&brought);
    return status;
}

tripsage_status tripsage__draft_make(tripsage__draft *draft, tripsage_auth *auth, const tripsage__newcomer *who,
                                     int confirmed)
{
    int64_t now = tripsage__now_ms(auth->env);
    tripsage_status status;

    draft->account = (tripsage__account){
        .id = draft->id,
        .email = who->email ? who->email : draft->id,
        .password_hash = draft->hash,
        .full_name = who->full_name,
        .role = "authenticated",
        .app_metadata = who->email ? TRIPSAGE__EMAIL_PROVIDER : "{}",
        .new_email = "",
        .identity_id = draft->identity,
        .identity_data = "{}",
        .password_version = 1,
        .created_at = now,
        .updated_at = now,
        .last_sign_in_at = confirmed ? now : 0,
        .email_confirmed_at = who->email && confirmed ? now : 0,
        .identity_created_at = who->email ? now : 0,
        .identity_updated_at = who->email ? now : 0,
        .is_anonymous = !who->email,
    };
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, draft->id));
    if (who->email)
        TRIPSAGE_TRY(tripsage__uuid7(auth->env, draft->identity));
    TRIPSAGE_TRY(make_data(&draft->metadata, who, draft->id, confirmed));
    TRIPSAGE_TRY(make_data(&draft->identity_data, who, draft->id, 0));
    draft->account.user_metadata = draft->metadata.data;
    if (who->email)
        draft->account.identity_data = draft->identity_data.data;
    if (who->password)
        status = tripsage__password_hash(draft->hash, auth->passwords, auth->env, who->password);
out:
    return status;
}

void tripsage__draft_params(tripsage__value params[TRIPSAGE__DRAFT_PARAMS], const tripsage__draft *draft)
{
    const tripsage__account *account = &draft->account;

    params[0] = tripsage__text(account->id);
    params[1] = tripsage__text(account->email);
    params[2] = tripsage__text(account->password_hash);
    params[3] = tripsage__text(account->full_name);
    params[4] = tripsage__text(account->role);
    params[5] = tripsage__text(account->user_metadata);
    params[6] = tripsage__text(account->app_metadata);
    params[7] = tripsage__text(account->identity_id);
    params[8] = tripsage__text(account->identity_data);
    params[9] = tripsage__int(account->is_anonymous);
    params[10] = tripsage__int(account->email_confirmed_at);
    params[11] = tripsage__int(account->last_sign_in_at);
    params[12] = tripsage__int(account->invited_at);
    params[13] = tripsage__int(account->created_at);
    params[14] = tripsage__int(account->identity_created_at);
}

void tripsage__draft_free(tripsage__draft *draft)
{
    tripsage__buf_free(&draft->metadata);
    tripsage__buf_free(&draft->identity_data);
}

static tripsage_status write_account(const tripsage_auth *auth, const tripsage__draft *draft,
                                     const tripsage__session *session, const tripsage__origin *origin)
{
    tripsage__value insert[TRIPSAGE__DRAFT_PARAMS], start[TRIPSAGE__SESSION_START_PARAMS];
    tripsage__audit_entry entry;
    const tripsage__audit_event event = tripsage__account_event("user_signedup", &draft->account, origin);
    int64_t inserted = 0;
    const tripsage__step steps[] = {{.statement = &tripsage__sql_account_insert,
                                     .params = insert,
                                     .param_count = TRIPSAGE__DRAFT_PARAMS,
                                     .changes = &inserted},
                                    tripsage__session_start_step(start, &draft->account, session, origin, NULL),
                                    tripsage__audit_step(&entry, auth->env, &event)};
    tripsage_status status;

    tripsage__draft_params(insert, draft);
    status = tripsage__store_write(auth->store, NULL, steps, 3);
    if (status == TRIPSAGE_OK && !inserted)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "user_already_exists", "User already registered");
    return status;
}

static tripsage_status sign_up_at_once(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                       const tripsage__newcomer *who, int flags)
{
    tripsage__draft draft = TRIPSAGE__DRAFT_INIT;
    tripsage__account shown;
    tripsage__session session;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__draft_make(&draft, auth, who, 1));
    TRIPSAGE_TRY(tripsage__session_begin(&session, auth, who->email ? "password" : "anonymous"));
    shown = draft.account;
    if (who->email && (flags & TRIPSAGE__USER_UNREAD))
        shown.identity_data = shown.user_metadata;
    TRIPSAGE_TRY(tripsage__grant_make(out, auth, &shown, &session, flags));
    status = write_account(auth, &draft, &session, origin);
out:
    if (status != TRIPSAGE_OK) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__draft_free(&draft);
    return status;
}

/* ---- sign up, and confirm it ---- */

static tripsage_status show_unconfirmed(tripsage__grant *out, const tripsage__account *account, int flags)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 1024);

    if (status != TRIPSAGE_OK)
        return status;
    if (flags & TRIPSAGE__USER_NATIVE)
        TRIPSAGE__LIT(&doc->json, "{\"user\":");
    tripsage__account_put(&doc->json, account, flags);
    if (flags & TRIPSAGE__USER_NATIVE)
        TRIPSAGE__LIT(&doc->json, "}");
    snprintf(out->user_id, sizeof out->user_id, "%s", account->id);
    return tripsage__doc_finish(&out->doc, doc, status);
}

/* As Supabase Auth makes up somebody: with what he brought along, and no more. */
static tripsage_status show_made_up(tripsage__grant *out, tripsage__draft *draft, const tripsage__json *data, int flags)
{
    tripsage__buf brought = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_METADATA_MAX);
    tripsage_status status;

    if (data)
        tripsage__json_put(&brought, data);
    else
        TRIPSAGE__LIT(&brought, "{}");
    TRIPSAGE_TRY(tripsage__buf_status(&brought));
    draft->account.role = "";
    draft->account.identity_id = "";
    draft->account.user_metadata = brought.data;
    status = show_unconfirmed(out, &draft->account, flags);
out:
    tripsage__buf_free(&brought);
    return status;
}

static tripsage_status write_unconfirmed(tripsage__account *there, tripsage__ask *ask, const tripsage_auth *auth,
                                         const tripsage__draft *draft)
{
    const tripsage__value email = tripsage__text(draft->account.email);
    tripsage__value insert[TRIPSAGE__DRAFT_PARAMS + 2];
    tripsage__step steps[TRIPSAGE__ASK_FIRST_STEPS + 1 + TRIPSAGE__ASK_LAST_STEPS + 1];
    size_t count = tripsage__ask_first_steps(steps, ask);

    steps[count++] = tripsage__ask_insert_step(insert, draft, ask);
    count += tripsage__ask_last_steps(steps + count, ask);
    steps[count++] = tripsage__account_step(there, &tripsage__sql_account_by_email, &email);
    return tripsage__store_write(auth->store, NULL, steps, count);
}

/* Who is new, who comes again before he confirmed, and who comes again after: the same work but for the mail. Natively the same answer,
 * too: of who is new, whoever it is. */
static tripsage_status sign_up_to_confirm(tripsage__grant *out, tripsage_auth *auth, const tripsage__newcomer *who,
                                          int flags)
{
    const tripsage__asked asked = {.purpose = TRIPSAGE__CONFIRMATION,
                                   .account = who->email,
                                   .to = TRIPSAGE__TO_UNCONFIRMED,
                                   .pkce = who->pkce,
                                   .amr_method = "email/signup"};
    tripsage__draft draft = TRIPSAGE__DRAFT_INIT;
    tripsage__account there = {.block = NULL};
    tripsage__ask ask = {.mailed = 0};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__mailer_check(auth->mailer));
    TRIPSAGE_TRY(tripsage__draft_make(&draft, auth, who, 0));
    TRIPSAGE_TRY(tripsage__ask_begin(&ask, auth, &asked));
    TRIPSAGE_TRY(write_unconfirmed(&there, &ask, auth, &draft));
    TRIPSAGE_TRY(tripsage__ask_check(&ask));
    draft.account.confirmation_sent_at = ask.now;
    if (flags & TRIPSAGE__USER_NATIVE)
        TRIPSAGE_TRY(show_unconfirmed(out, &draft.account, flags));
    else if (ask.mailed)
        TRIPSAGE_TRY(show_unconfirmed(out, &there, flags));
    else
        TRIPSAGE_TRY(show_made_up(out, &draft, who->data, flags));
    if (ask.mailed)
        status = tripsage__ask_send(&ask, auth, who->redirect_to, TRIPSAGE__MAIL_CONFIRMATION);
out:
    if (status != TRIPSAGE_OK) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__wipe(&ask, sizeof ask);
    tripsage__account_free(&there);
    tripsage__draft_free(&draft);
    return status;
}

tripsage_status tripsage__sign_up(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const tripsage__newcomer *who, int flags)
{
    tripsage_status status =
        tripsage__auth_ask(auth, who->email ? TRIPSAGE__THROTTLE_SIGNUP : TRIPSAGE__THROTTLE_ANONYMOUS, NULL, origin);

    memset(out, 0, sizeof *out);
    if (status != TRIPSAGE_OK)
        return status;
    return who->email && auth->confirm_email ? sign_up_to_confirm(out, auth, who, flags)
                                             : sign_up_at_once(out, auth, origin, who, flags);
}

/* ---- sign in ---- */

static tripsage_status wrong_credentials(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ECREDENTIALS, "invalid_credentials", "Invalid login credentials");
}

static tripsage_status check_ban(const tripsage__account *account, int64_t now_ms)
{
    if (account->banned_until > now_ms)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "user_banned", "User is banned");
    return TRIPSAGE_OK;
}

/* Looks the account up and checks the password. An unknown address takes the same read and the same hash. */
static tripsage_status check_credentials(tripsage__account *account, tripsage_auth *auth, const char *email,
                                         const char *password)
{
    tripsage_status status = tripsage__account_read(account, auth->store, &tripsage__sql_account_by_email, email);
    int matches;

    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOTFOUND)
        return status;
    if (status == TRIPSAGE_OK)
        TRIPSAGE_TRY(check_ban(account, tripsage__now_ms(auth->env)));
    TRIPSAGE_TRY(tripsage__password_verify(&matches, auth->passwords,
                                           account->block && *account->password_hash ? account->password_hash : NULL,
                                           password));
    if (!matches)
        return wrong_credentials();
    if (!account->email_confirmed_at)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "email_not_confirmed", "Email not confirmed");
out:
    return status;
}

/* `new_hash`: NULL, or the same password's at today's cost. */
static tripsage_status write_session(const tripsage_auth *auth, const tripsage__account *account,
                                     const tripsage__session *session, const tripsage__origin *origin,
                                     const char *new_hash)
{
    tripsage__value start[TRIPSAGE__SESSION_START_PARAMS];
    const tripsage__value signed_in[] = {tripsage__text(account->id), tripsage__int(account->password_version),
                                         tripsage__int(session->created_at), tripsage__text(new_hash)};
    const tripsage__value others[] = {tripsage__text(account->id), tripsage__text(session->id)};
    tripsage__audit_entry entry;
    const tripsage__audit_event event = tripsage__account_event("login", account, origin);
    int64_t started = 0;
    tripsage__step steps[4];
    size_t count = 0;
    tripsage_status status;

    steps[count++] = tripsage__session_start_step(start, account, session, origin, &started);
    if (auth->session_single)
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_session_end_others, .params = others, .param_count = 2};
    steps[count++] =
        (tripsage__step){.statement = &tripsage__sql_account_signed_in, .params = signed_in, .param_count = 4};
    steps[count++] = tripsage__audit_step(&entry, auth->env, &event);
    status = tripsage__store_write(auth->store, NULL, steps, count);

    /* Nothing started: the password was changed, or the account deleted, since it was read. */
    return status == TRIPSAGE_OK && !started ? wrong_credentials() : status;
}

tripsage_status tripsage__sign_in(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const char *email, const char *password, int flags)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    const char *new_hash = NULL;
    tripsage__account account;
    tripsage__session session;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    memset(&account, 0, sizeof account);
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_TOKEN, NULL, origin));
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_PASSWORD, email, origin));
    TRIPSAGE_TRY(check_credentials(&account, auth, email, password));
    if (tripsage__password_is_stale(auth->passwords, account.password_hash)) {
        TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, password));
        new_hash = hash;
    }
    TRIPSAGE_TRY(tripsage__session_begin(&session, auth, "password"));
    account.last_sign_in_at = account.updated_at = session.created_at;
    TRIPSAGE_TRY(tripsage__grant_make(out, auth, &account, &session, flags));
    TRIPSAGE_TRY(write_session(auth, &account, &session, origin, new_hash));
    tripsage__auth_forgive(auth, TRIPSAGE__THROTTLE_PASSWORD, email, origin);
    if (auth->session_single)
        tripsage__verified_forget(auth->verified, account.id);
out:
    tripsage__count(auth->observer, TRIPSAGE__COUNT_SIGN_IN, tripsage_status_code(status));
    if (status != TRIPSAGE_OK) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__account_free(&account);
    return status;
}

/* ---- carry on ---- */

static tripsage_status not_found(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "refresh_token_not_found",
                                "Invalid Refresh Token: Refresh Token Not Found");
}

static tripsage_status read_both(tripsage__account *account, tripsage__session *session, const tripsage_auth *auth,
                                 const char *session_id)
{
    const tripsage__value id = tripsage__text(session_id);
    const tripsage__step steps[] = {tripsage__session_step(session, &id),
                                    tripsage__account_step(account, &tripsage__sql_account_by_session, &id)};

    return tripsage__store_read(auth->store, NULL, steps, 2);
}

/* A stolen token or a broken client: nobody goes on with this session. */
static tripsage_status end_reused(tripsage_auth *auth, const tripsage__account *account,
                                  const tripsage__session *session)
{
    const tripsage__value params[] = {tripsage__text(session->id), tripsage__text(account->id)};
    const tripsage__step step = {.statement = &tripsage__sql_session_end, .params = params, .param_count = 2};
    tripsage_status status = tripsage__store_write(auth->store, NULL, &step, 1);

    tripsage__verified_forget(auth->verified, account->id);
    if (status != TRIPSAGE_OK)
        return status;
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "refresh_token_already_used", "Invalid Refresh Token: Already Used");
}

static tripsage_status check_session_life(const tripsage__session *session, int64_t now)
{
    if (session->not_after && now >= session->not_after)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "session_expired", "Invalid Refresh Token: Session Expired");
    return TRIPSAGE_OK;
}

/* Writes that the token now given is the last one, if the one before it still is. */
static tripsage_status advance(int64_t *advanced, const tripsage_auth *auth, const tripsage__session *session,
                               const tripsage__origin *origin, int64_t now)
{
    const tripsage__value params[] = {tripsage__text(session->id),
                                      tripsage__int(session->refresh_counter - 1),
                                      tripsage__int(now),
                                      tripsage__text(origin ? origin->user_agent : NULL),
                                      tripsage__text(origin ? origin->address : NULL),
                                      tripsage__int(session->not_after)};
    const tripsage__step step = {
        .statement = &tripsage__sql_session_refresh, .params = params, .param_count = 6, .changes = advanced};

    *advanced = 0;
    return tripsage__store_write(auth->store, NULL, &step, 1);
}

/* The token given last leads to the next one. Whoever lost that answer comes again with the one before it, however late, and gets the next one
 * once more; who is a little behind, as other tabs of a browser are, does so within the reuse interval. */
static tripsage_status sign_on_once(tripsage__grant *out, int *again, tripsage_auth *auth,
                                    const tripsage__origin *origin, const tripsage__refresh_token *given, int flags)
{
    tripsage__account account = {.block = NULL};
    tripsage__session session;
    int64_t now = tripsage__now_ms(auth->env), behind, advanced = 1;
    tripsage_status status;

    *again = 0;
    TRIPSAGE_TRY(read_both(&account, &session, auth, given->session_id));
    if (!session.id[0] || !account.block) {
        status = not_found();
        goto out;
    }
    TRIPSAGE_TRY(check_ban(&account, now));
    TRIPSAGE_TRY(check_session_life(&session, now));
    behind = session.refresh_counter - given->counter;
    if (behind < 0) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed",
                                      "Refresh token is not valid: Not Issued By This Server");
        goto out;
    }
    if (behind > 1 && now >= session.refreshed_at + (int64_t)auth->refresh_reuse_s * 1000) {
        status = end_reused(auth, &account, &session);
        goto out;
    }
    tripsage__session_renew(&session, auth, now);
    session.refresh_counter += behind == 0;
    TRIPSAGE_TRY(tripsage__grant_make(out, auth, &account, &session, flags));
    out->behind = behind;
    if (behind == 0)
        TRIPSAGE_TRY(advance(&advanced, auth, &session, origin, now));
    *again = !advanced; /* somebody else came first: his is the next one */
out:
    if (status != TRIPSAGE_OK || *again) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__account_free(&account);
    return status;
}

tripsage_status tripsage__sign_on(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                  const char *refresh_token, int flags)
{
    tripsage__refresh_token given;
    tripsage_status status = tripsage__refresh_token_read(&given, auth->refresh_key, refresh_token);
    int again = 1;

    memset(out, 0, sizeof *out);
    if (status == TRIPSAGE_OK)
        status = tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_TOKEN, NULL, origin);
    while (status == TRIPSAGE_OK && again) /* twice at most: then the token given is the one before the last */
        status = sign_on_once(out, &again, auth, origin, &given, flags);
    return status;
}
