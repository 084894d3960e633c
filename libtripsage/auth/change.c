/* auth/change.c: changing an account's data, password and address.
 *
 * Data and password are one write. An address, and a password that needs a code, are looked into by a read before it; what was
 * found is guarded in the write. */
#include "auth/change.h"

#include "auth/audit.h"
#include "auth/otp.h"
#include "auth/statements.h"
#include "base/crypto.h"

void tripsage__shallow_put(tripsage__buf *replaced, const tripsage__json *data)
{
    const char *comma = "";

    tripsage__buf_putc(replaced, '{');
    for (const tripsage__json *m = tripsage__json_first(data); m; m = tripsage__json_next(m)) {
        if (!tripsage__json_is_object(m))
            continue;
        tripsage__buf_puts(replaced, comma);
        tripsage__json_put_string(replaced, tripsage__json_name(m));
        TRIPSAGE__LIT(replaced, ":null");
        comma = ",";
    }
    tripsage__buf_putc(replaced, '}');
}

/* A session as old as that may be one that somebody has left open. */
#define SESSION_OLD_MS INT64_C(86400000)

/* How a change goes on, and what comes of it: what merging makes of the metadata, and the account. */
typedef struct changing {
    int64_t size, members, is_strong;
    tripsage_doc *doc;
    int is_anonymous;
    int flags;

    /* Of what was looked into. */
    tripsage__account account;
    tripsage__session session;
    int64_t version;
    int email_taken;

    /* A code is used up: its hash, and by whom; "" where none is needed. */
    char nonce_hash[TRIPSAGE__HASH_SIZE], by[TRIPSAGE__UUID_SIZE];
    /* Mails are sent to confirm an address; or a guest gets it at once. */
    int asks, adopts;
    tripsage__ask ask;
    char identity[TRIPSAGE__UUID_SIZE];
    tripsage__buf identity_data;

    int64_t changed, taken, adopted;
    tripsage__audit_event event;
    tripsage__audit_entry entry;
    tripsage__value update[11], end[3], take[6], look[2], adopt[6];
    tripsage__step steps[16];
    size_t count;
} changing;

static tripsage_status look_row(void *context, const tripsage__row *row)
{
    changing *c = context;

    c->size = tripsage__row_int(row, 0);
    c->members = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static tripsage_status strength_row(void *context, const tripsage__row *row)
{
    ((changing *)context)->is_strong = tripsage__row_int(row, 0);
    return TRIPSAGE_OK;
}

static void begin_doc(void *context)
{
    changing *c = context;

    c->doc->json.size = 0;
    c->doc->json.failed = TRIPSAGE_OK;
}

static tripsage_status put_row(void *context, const tripsage__row *row)
{
    changing *c = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    c->is_anonymous = account.is_anonymous;
    tripsage__account_put(&c->doc->json, &account, c->flags);
    return tripsage__buf_status(&c->doc->json);
}

/* ---- looking into it ---- */

static tripsage_status take_look(void *context, const tripsage__row *row)
{
    changing *c = context;

    c->version = tripsage__row_int(row, 0);
    c->email_taken = (int)tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static tripsage_status look_into(changing *c, const tripsage_auth *auth, const tripsage_actor *actor,
                                 const tripsage__account_change *change)
{
    const tripsage__value user[] = {tripsage__text(actor->user_id), tripsage__text(change->email)};
    const tripsage__value session = tripsage__text(actor->session_id);
    const tripsage__step steps[] = {
        tripsage__account_step(&c->account, &tripsage__sql_account_by_id, user),
        {.statement = &tripsage__sql_account_look, .params = user, .param_count = 2, .on_row = take_look, .context = c},
        tripsage__session_step(&c->session, &session)};
    tripsage_status status = tripsage__store_read(auth->store, NULL, steps, 3);

    if (status == TRIPSAGE_OK && !c->account.block)
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    return status;
}

static tripsage_status plan_password(changing *c, const tripsage_auth *auth, const tripsage__account_change *change)
{
    int64_t now = tripsage__now_ms(auth->env);
    tripsage_status status;

    if (c->account.is_anonymous || (c->session.id[0] && now < c->session.created_at + SESSION_OLD_MS))
        return TRIPSAGE_OK;
    if (!change->nonce || !*change->nonce)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "reauthentication_needed",
                                    "Password update requires reauthentication");
    status = tripsage__uuid7(auth->env, c->by);
    return status == TRIPSAGE_OK
               ? tripsage__otp_hash(c->nonce_hash, auth, TRIPSAGE__REAUTHENTICATION, c->account.email, change->nonce, 0)
               : status;
}

static tripsage_status email_exists(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "email_exists",
                                "A user with this email address has already been registered");
}

static tripsage_status plan_adoption(changing *c, const tripsage_auth *auth, const char *email)
{
    tripsage__buf *data = &c->identity_data;
    tripsage_status status = tripsage__uuid7(auth->env, c->identity);

    if (status != TRIPSAGE_OK)
        return status;
    c->adopts = 1;
    if (!(c->flags & TRIPSAGE__USER_NATIVE)) /* Supabase Auth does not read it again */
        c->flags |= TRIPSAGE__USER_UNREAD;
    TRIPSAGE__LIT(data, "{\"email\":");
    tripsage__json_put_string(data, email);
    TRIPSAGE__LIT(data, ",\"email_verified\":true,\"phone_verified\":false,\"sub\":");
    tripsage__json_put_string(data, c->account.id);
    TRIPSAGE__LIT(data, "}");
    return tripsage__buf_status(data);
}

static tripsage_status plan_email(changing *c, const tripsage_auth *auth, const tripsage__account_change *change)
{
    tripsage_status status;

    if (strcmp(change->email, c->account.email) == 0)
        return TRIPSAGE_OK;
    if (c->email_taken)
        return email_exists();
    if (c->account.is_anonymous && !auth->confirm_email)
        return plan_adoption(c, auth, change->email);
    status = tripsage__mailer_check(auth->mailer);
    if (status == TRIPSAGE_OK) {
        const tripsage__asked asked = {.purpose = TRIPSAGE__EMAIL_CHANGE_NEW,
                                       .account = c->account.email,
                                       .to = TRIPSAGE__TO_ANYBODY,
                                       .new_email = change->email,
                                       .pkce = change->pkce,
                                       .amr_method = "email_change"};

        c->asks = 1;
        status = tripsage__ask_begin(&c->ask, auth, &asked);
    }
    return status;
}

/* ---- writing ---- */

static void add(changing *c, const tripsage__statement *statement, const tripsage__value *params, size_t count,
                int64_t *changes)
{
    c->steps[c->count++] =
        (tripsage__step){.statement = statement, .params = params, .param_count = count, .changes = changes};
}

static void add_nonce(changing *c, const tripsage_auth *auth, int64_t now)
{
    c->take[0] = tripsage__text(c->nonce_hash);
    c->take[1] = tripsage__text(c->by);
    c->take[2] = tripsage__int(now - (int64_t)auth->otp_ttl_s * 1000);
    c->take[3] = tripsage__int(TRIPSAGE__CODE_ATTEMPTS_MAX);
    c->take[4] = tripsage__int(c->version);
    c->take[5] = tripsage__text(NULL);
    add(c, &tripsage__sql_one_time_token_take, c->take, 6, &c->taken);
}

static void add_update(changing *c, const tripsage_auth *auth, const tripsage_actor *actor,
                       const tripsage__account_change *change, int64_t now)
{
    c->update[0] = tripsage__text(actor->user_id);
    c->update[1] = tripsage__text(change->replaced ? change->replaced : "{}");
    c->update[2] = tripsage__text(change->data);
    c->update[3] = tripsage__int(now);
    c->update[4] = tripsage__text(change->new_hash);
    c->update[5] = tripsage__text(actor->session_id);
    c->update[6] = tripsage__text(c->nonce_hash[0] ? c->nonce_hash : NULL);
    c->update[7] = tripsage__text(c->nonce_hash[0] ? c->by : NULL);
    c->update[8] = tripsage__text(c->asks ? c->ask.recipient : NULL);
    c->update[9] = tripsage__text(c->asks ? c->ask.otp[0].hash : NULL);
    c->update[10] = tripsage__int(c->asks || c->adopts);
    c->event = (tripsage__audit_event){.action = change->new_hash ? "user_updated_password" : "user_modified",
                                       .actor = actor->user_id,
                                       .subject = actor->user_id,
                                       .if_changed = 1};
    if (change->data) {
        add(c, &tripsage__sql_account_merge_look, c->update, 3, NULL);
        c->steps[c->count - 1].on_row = look_row;
        c->steps[c->count - 1].context = c;
    }
    if (change->new_hash || c->asks || c->adopts) {
        add(c, &tripsage__sql_account_strength_look, c->update, 6, NULL);
        c->steps[c->count - 1].on_row = strength_row;
        c->steps[c->count - 1].context = c;
    }
    add(c, &tripsage__sql_account_update, c->update, 11, &c->changed);
    c->steps[c->count++] = tripsage__audit_step(&c->entry, auth->env, &c->event);
}

/* Somebody else may have had the old password, or have asked for a code. */
static void add_end(changing *c, const tripsage_actor *actor, const char *new_hash)
{
    c->end[0] = tripsage__text(actor->user_id);
    c->end[1] = tripsage__text(actor->session_id);
    c->end[2] = tripsage__text(new_hash);
    add(c, &tripsage__sql_session_end_outdated, c->end, 3, NULL);
    add(c, &tripsage__sql_one_time_token_end_outdated, c->end, 3, NULL);
}

static void add_adoption(changing *c, const char *email, int64_t now)
{
    c->adopt[0] = tripsage__text(c->account.id);
    c->adopt[1] = tripsage__text(email);
    c->adopt[2] = tripsage__int(now);
    c->adopt[3] = tripsage__text(c->identity);
    c->adopt[4] = tripsage__text(c->identity_data.data);
    c->adopt[5] = tripsage__int(c->version);
    add(c, &tripsage__sql_account_adopt, c->adopt, 6, &c->adopted);
}

static tripsage_status write_change(changing *c, const tripsage_auth *auth, const tripsage_actor *actor,
                                    const tripsage__account_change *change)
{
    int64_t now = tripsage__now_ms(auth->env);

    if (c->nonce_hash[0])
        add_nonce(c, auth, now);
    if (c->asks)
        c->count += tripsage__ask_first_steps(c->steps + c->count, &c->ask);
    add_update(c, auth, actor, change, now);
    if (change->new_hash)
        add_end(c, actor, change->new_hash);
    if (c->asks)
        c->count += tripsage__ask_last_steps(c->steps + c->count, &c->ask);
    if (c->adopts)
        add_adoption(c, change->email, now);
    c->steps[c->count++] = (tripsage__step){.statement = &tripsage__sql_account_by_id,
                                            .params = c->update,
                                            .param_count = 1,
                                            .on_begin = begin_doc,
                                            .on_row = put_row,
                                            .context = c};
    return tripsage__store_write(auth->store, NULL, c->steps, c->count);
}

/* A wrong code counts, as wherever codes are given back. */
static tripsage_status refuse_nonce(const changing *c, const tripsage_auth *auth)
{
    const char *purpose = tripsage__purpose_name(TRIPSAGE__REAUTHENTICATION);
    const tripsage__value params[] = {tripsage__text(c->account.email), tripsage__text(purpose),
                                      tripsage__text(purpose)};
    const tripsage__step step = {.statement = &tripsage__sql_one_time_token_miss, .params = params, .param_count = 3};
    tripsage_status status = tripsage__store_write(auth->store, NULL, &step, 1);

    if (status != TRIPSAGE_OK)
        return status;
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "reauthentication_not_valid", "Nonce has expired or is invalid");
}

/* Why nothing was changed. What merging makes must fit, and still be a document we read: it comes back in every token. */
static tripsage_status explain(const changing *c, const tripsage_auth *auth, const tripsage__account_change *change)
{
    if (c->doc->json.size == 0)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User not found");
    if (!c->is_strong)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "insufficient_aal",
                                    "AAL2 session is required to update email or password when MFA is enabled.");
    if (c->nonce_hash[0] && !c->taken)
        return refuse_nonce(c, auth);
    if (c->asks && !c->ask.goes)
        return tripsage__ask_check(&c->ask);
    if (change->new_hash && !c->asks && c->is_anonymous)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed",
                                    "Updating password of an anonymous user without an email or phone is not allowed");
    if (c->size > (int64_t)TRIPSAGE__ACCOUNT_METADATA_MAX)
        return TRIPSAGE_FAIL_FIELD("/data", "is more than %zu bytes together with what is there",
                                   TRIPSAGE__ACCOUNT_METADATA_MAX);
    return TRIPSAGE_FAIL_FIELD("/data", "has an object of more than %d members together with what is there",
                               TRIPSAGE__JSON_MEMBERS_MAX);
}

tripsage_status tripsage__account_change_write(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                                               const tripsage__account_change *change, int flags)
{
    changing c = {.is_strong = 1, .flags = flags, .identity_data = TRIPSAGE__BUF_INIT(1024)};
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&c.doc, 1024));
    if (change->email || (change->new_hash && auth->password_needs_nonce))
        TRIPSAGE_TRY(look_into(&c, auth, actor, change));
    if (change->new_hash && auth->password_needs_nonce)
        TRIPSAGE_TRY(plan_password(&c, auth, change));
    if (change->email)
        TRIPSAGE_TRY(plan_email(&c, auth, change));
    status = write_change(&c, auth, actor, change);
    if (change->new_hash) /* even where the outcome is unknown */
        tripsage__verified_forget(auth->verified, actor->user_id);
    if (status == TRIPSAGE_EEXISTS || (status == TRIPSAGE_OK && c.changed && c.adopts && !c.adopted))
        status = email_exists(); /* somebody took the address at this very moment */
    else if (status == TRIPSAGE_OK && !c.changed)
        status = explain(&c, auth, change);
    else if (status == TRIPSAGE_OK && c.ask.mailed)
        status = tripsage__ask_send(&c.ask, auth, change->redirect_to, TRIPSAGE__MAIL_EMAIL_CHANGE);
out:
    tripsage__wipe(&c.ask, sizeof c.ask);
    tripsage__account_free(&c.account);
    tripsage__buf_free(&c.identity_data);
    return tripsage__doc_finish(out, c.doc, status);
}
