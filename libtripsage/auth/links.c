/* auth/links.c: links and invitations that administrators ask for. */
#include "auth/links.h"

#include <string.h>

#include "auth/audit.h"
#include "auth/otp.h"
#include "auth/statements.h"
#include "base/crypto.h"

const char *const tripsage__link_types[] = {
    "signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new", NULL};

/* As links have it; both sides of a change are one type. */
static const char *type_in_link(tripsage__link_type type)
{
    return type >= TRIPSAGE__LINK_CHANGE_CURRENT ? "email_change" : tripsage__link_types[type];
}

static tripsage__purpose purpose_of(tripsage__link_type type)
{
    static const tripsage__purpose purposes[TRIPSAGE__LINK_TYPES] = {
        TRIPSAGE__CONFIRMATION, TRIPSAGE__CONFIRMATION,         TRIPSAGE__RECOVERY,
        TRIPSAGE__RECOVERY,     TRIPSAGE__EMAIL_CHANGE_CURRENT, TRIPSAGE__EMAIL_CHANGE_NEW};

    return purposes[type];
}

static tripsage_status email_exists(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "email_exists",
                                "A user with this email address has already been registered");
}

/* ---- whom it is for ---- */

typedef struct target {
    char id[TRIPSAGE__UUID_SIZE]; /* "": nobody yet */
    int is_confirmed, is_new_taken, is_made;
} target;

static void no_target(void *context)
{
    ((target *)context)->id[0] = '\0';
}

static tripsage_status take_target(void *context, const tripsage__row *row)
{
    target *t = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    memcpy(t->id, account.id, strlen(account.id) + 1);
    t->is_confirmed = account.email_confirmed_at != 0;
    return TRIPSAGE_OK;
}

static tripsage_status take_taken(void *context, const tripsage__row *row)
{
    (void)row;
    ((target *)context)->is_new_taken = 1;
    return TRIPSAGE_OK;
}

static tripsage_status read_target(target *t, const tripsage_auth *auth, const tripsage__link_wanted *wanted)
{
    const tripsage__value email = tripsage__text(wanted->email);
    const tripsage__value new_email = tripsage__text(wanted->new_email ? wanted->new_email : "");
    const tripsage__step steps[] = {{.statement = &tripsage__sql_account_by_email,
                                     .params = &email,
                                     .param_count = 1,
                                     .on_begin = no_target,
                                     .on_row = take_target,
                                     .context = t},
                                    {.statement = &tripsage__sql_account_by_email,
                                     .params = &new_email,
                                     .param_count = 1,
                                     .on_row = take_taken,
                                     .context = t}};

    memset(t, 0, sizeof *t);
    return tripsage__store_read(auth->store, NULL, steps, 2);
}

static tripsage_status make_account(target *t, tripsage_auth *auth, const tripsage__link_wanted *wanted)
{
    const tripsage__admin_account who = {.email = wanted->email,
                                         .password = wanted->password,
                                         .user_metadata = wanted->data,
                                         .invited_at =
                                             wanted->type == TRIPSAGE__LINK_INVITE ? tripsage__now_ms(auth->env) : 0};
    tripsage_doc *user;
    const char *id;
    tripsage_status status = tripsage__admin_create(&user, auth, &who, 0);

    if (status != TRIPSAGE_OK)
        return status;
    id = tripsage_doc_text(user, "/id");
    if (id)
        memcpy(t->id, id, strlen(id) + 1);
    else /* the document could not be read */
        status = TRIPSAGE_NOMEM();
    t->is_made = 1;
    tripsage_doc_free(user);
    return status;
}

/* Whoever confirmed his address has nothing to sign up for. */
static tripsage_status check_target(const target *t, const tripsage__link_wanted *wanted)
{
    int is_first = wanted->type == TRIPSAGE__LINK_SIGNUP || wanted->type == TRIPSAGE__LINK_INVITE;

    if (!t->id[0] && !is_first)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User with this email not found");
    if ((is_first && t->is_confirmed) || t->is_new_taken)
        return email_exists();
    if (wanted->type >= TRIPSAGE__LINK_CHANGE_CURRENT && !wanted->new_email)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed", "An email address is required");
    return TRIPSAGE_OK;
}

/* ---- the token ---- */

typedef struct making {
    tripsage__otp otp;
    tripsage__buf *json;
    int64_t stored;
    int flags;
} making;

static void begin_user(void *context)
{
    tripsage__buf *json = ((making *)context)->json;

    json->size = 0;
    json->failed = TRIPSAGE_OK;
}

static tripsage_status put_user(void *context, const tripsage__row *row)
{
    making *m = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    tripsage__account_put(m->json, &account, m->flags);
    return tripsage__buf_status(m->json);
}

/* Nobody asked for a mail, so there is no interval that it would have to wait for. */
static tripsage_status write_token(making *m, const tripsage_auth *auth, const tripsage__link_wanted *wanted,
                                   const char *address, const target *t)
{
    const int is_change = wanted->type >= TRIPSAGE__LINK_CHANGE_CURRENT;
    const tripsage__value token[] = {tripsage__text(wanted->email),
                                     tripsage__text(tripsage__purpose_name(m->otp.purpose)),
                                     tripsage__int(tripsage__now_ms(auth->env)),
                                     tripsage__text(NULL),
                                     tripsage__text(NULL),
                                     tripsage__int(TRIPSAGE__TO_ANYBODY),
                                     tripsage__text(is_change ? wanted->new_email : NULL),
                                     tripsage__text(m->otp.hash),
                                     tripsage__text(address)};
    const tripsage__value invited[] = {token[0], token[2]};
    const tripsage__audit_event event = {.action =
                                             wanted->type == TRIPSAGE__LINK_INVITE ? "user_invited" : "link_generated",
                                         .actor = TRIPSAGE__AUDIT_SERVICE,
                                         .subject = t->id,
                                         .if_changed = 1};
    tripsage__audit_entry entry;
    tripsage__step steps[5];
    size_t count = 0;

    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_mailed, .params = token, .param_count = 7};
    steps[count++] = (tripsage__step){
        .statement = &tripsage__sql_one_time_token_put, .params = token, .param_count = 9, .changes = &m->stored};
    if (!t->is_made || wanted->type != TRIPSAGE__LINK_INVITE) /* else the trail tells of it already */
        steps[count++] = tripsage__audit_step(&entry, auth->env, &event);
    if (wanted->type == TRIPSAGE__LINK_INVITE)
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_account_invited, .params = invited, .param_count = 2};
    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_by_email,
                                      .params = token,
                                      .param_count = 1,
                                      .on_begin = begin_user,
                                      .on_row = put_user,
                                      .context = m};
    return tripsage__store_write(auth->store, NULL, steps, count);
}

static void put_link(tripsage__buf *json, const tripsage_auth *auth, const tripsage__otp *otp,
                     const tripsage__link_wanted *wanted)
{
    tripsage__buf link = TRIPSAGE__BUF_INIT((size_t)16 * 1024);

    tripsage__mailer_put_link(&link, auth->mailer, type_in_link(wanted->type), otp->hash, wanted->redirect_to);
    json->size -= json->size > 0; /* its closing brace */
    TRIPSAGE__LIT(json, ",\"action_link\":");
    tripsage__json_put_string(json, link.data ? link.data : "");
    TRIPSAGE__LIT(json, ",\"email_otp\":");
    tripsage__json_put_string(json, otp->code);
    TRIPSAGE__LIT(json, ",\"hashed_token\":");
    tripsage__json_put_string(json, otp->hash);
    TRIPSAGE__LIT(json, ",\"verification_type\":");
    tripsage__json_put_string(json, tripsage__link_types[wanted->type]);
    TRIPSAGE__LIT(json, ",\"redirect_to\":");
    tripsage__json_put_string(json, wanted->redirect_to);
    tripsage__buf_putc(json, '}');
    if (link.failed && !json->failed)
        json->failed = link.failed;
    if (link.data)
        tripsage__wipe(link.data, link.size);
    tripsage__buf_free(&link);
}

/* Leaves the user in the document and the token in `m`. */
static tripsage_status make_token(making *m, tripsage_auth *auth, tripsage__link_wanted *wanted)
{
    target t;
    const char *address;
    tripsage_status status;

    TRIPSAGE_TRY(read_target(&t, auth, wanted));
    if (wanted->type == TRIPSAGE__LINK_MAGICLINK && !t.id[0])
        wanted->type = TRIPSAGE__LINK_SIGNUP;
    TRIPSAGE_TRY(check_target(&t, wanted));
    if (!t.id[0])
        TRIPSAGE_TRY(make_account(&t, auth, wanted));
    address = wanted->type == TRIPSAGE__LINK_CHANGE_NEW ? wanted->new_email : wanted->email;
    TRIPSAGE_TRY(tripsage__otp_make(&m->otp, auth, purpose_of(wanted->type), address, 0));
    TRIPSAGE_TRY(write_token(m, auth, wanted, address, &t));
    if (!m->stored) /* deleted since it was read */
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "user_not_found", "User with this email not found");
out:
    return status;
}

tripsage_status tripsage__link_make(tripsage_doc **out, tripsage_auth *auth, const tripsage__link_wanted *wanted,
                                    int flags)
{
    tripsage__link_wanted own = *wanted;
    making m = {.flags = flags};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    m.json = &doc->json;
    TRIPSAGE_TRY(make_token(&m, auth, &own));
    put_link(m.json, auth, &m.otp, &own);
out:
    tripsage__wipe(&m.otp, sizeof m.otp);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage__invite(tripsage_doc **out, tripsage_auth *auth, const char *email, const tripsage__json *data,
                                 const char *redirect_to, int flags)
{
    tripsage__link_wanted wanted = {
        .type = TRIPSAGE__LINK_INVITE, .email = email, .data = data, .redirect_to = redirect_to};
    tripsage__account_mail mail = {.kind = TRIPSAGE__MAIL_INVITE, .to = email, .redirect_to = redirect_to};
    making m = {.flags = flags};
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__mailer_check(auth->mailer));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    m.json = &doc->json;
    TRIPSAGE_TRY(make_token(&m, auth, &wanted));
    mail.code = m.otp.code;
    mail.token_hash = m.otp.hash;
    status = tripsage__mailer_send(auth->mailer, &mail);
out:
    tripsage__wipe(&m.otp, sizeof m.otp);
    return tripsage__doc_finish(out, doc, status);
}
