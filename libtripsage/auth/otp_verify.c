/* auth/otp_verify.c: what comes back of a mail: codes and links that are used up, and codes that are exchanged for a session.
 *
 * One read says what is to become of the account, one write does it: who uses the token up is written first, and holds its account as it
 * was read; everything else follows where that was so (see statements.c). Who came too late, or found the account changed, looks again. */
#include <stdio.h>
#include <string.h>

#include "auth/otp.h"
#include "auth/statements.h"
#include "base/crypto.h"
#include "base/memory.h"

/* Whoever loses three times in a row is one of many who change this account at this moment. */
#define TRIES 3

enum { HASHES = 4 }; /* of two purposes, with and without PKCE */

/* A token as it was read, and its account. */
typedef struct found {
    char hash[TRIPSAGE__HASH_SIZE];
    tripsage__purpose purpose;
    char address[TRIPSAGE__EMAIL_SIZE];
    int64_t created_at, attempts, version;
    int new_email_taken;
    char flow_id[TRIPSAGE__UUID_SIZE], auth_code[TRIPSAGE__UUID_SIZE]; /* of its flow; "" where there is none */
    tripsage__account account;
} found;

/* What becomes of the account. */
typedef struct settlement {
    tripsage__account after; /* its texts are the account's, or these */
    tripsage__buf user_metadata, app_metadata, identity_data;
    char identity[TRIPSAGE__UUID_SIZE];
    const char *moves_to; /* the address it will have; NULL: the one it has */
    int is_half;          /* the other mailbox has still to confirm */
    int drops_all;        /* what else was sent is of no use any more */
    int forgets;          /* and as good as never sent */
} settlement;

/* ---- which tokens ---- */

/* Gives how many purposes a type may have; 0: there is no such type. */
static size_t purposes_of(tripsage__purpose out[2], const char *type)
{
    static const struct {
        const char *type;
        size_t count;
        tripsage__purpose purposes[2];
    } types[] = {
        {"signup", 1, {TRIPSAGE__CONFIRMATION, TRIPSAGE__CONFIRMATION}},
        {"invite", 1, {TRIPSAGE__CONFIRMATION, TRIPSAGE__CONFIRMATION}},
        {"recovery", 1, {TRIPSAGE__RECOVERY, TRIPSAGE__RECOVERY}},
        {"magiclink", 1, {TRIPSAGE__RECOVERY, TRIPSAGE__RECOVERY}},
        {"email", 2, {TRIPSAGE__CONFIRMATION, TRIPSAGE__RECOVERY}},
        {"email_change", 2, {TRIPSAGE__EMAIL_CHANGE_CURRENT, TRIPSAGE__EMAIL_CHANGE_NEW}},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].type, type) == 0) {
            memcpy(out, types[i].purposes, sizeof types[i].purposes);
            return types[i].count;
        }
    return 0;
}

static tripsage_status expired(const tripsage__given *given)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "otp_expired",
                                given->email ? "Token has expired or is invalid"
                                             : "Email link is invalid or has expired");
}

/* The hashes that the token may have. */
static tripsage_status make_hashes(char hashes[HASHES][TRIPSAGE__HASH_SIZE], const tripsage_auth *auth,
                                   const tripsage__given *given, const tripsage__purpose purposes[2], size_t count)
{
    tripsage_status status = TRIPSAGE_OK;

    memset(hashes, 0, HASHES * sizeof hashes[0]);
    if (!given->email) {
        if (strlen(given->token_hash) < TRIPSAGE__HASH_SIZE)
            snprintf(hashes[0], sizeof hashes[0], "%s", given->token_hash);
        return TRIPSAGE_OK;
    }
    for (size_t i = 0; i < 2 * count && status == TRIPSAGE_OK; i++)
        status = tripsage__otp_hash(hashes[i], auth, purposes[i / 2], given->email, given->code, i % 2);
    return status;
}

/* ---- reading ---- */

static void forget_token(void *context)
{
    found *f = context;

    f->hash[0] = '\0';
}

static tripsage_status take_token(void *context, const tripsage__row *row)
{
    found *f = context;
    const char *purpose = tripsage__row_text(row, 1, NULL);

    snprintf(f->hash, sizeof f->hash, "%s", tripsage__row_text(row, 0, NULL));
    f->purpose = TRIPSAGE__CONFIRMATION;
    while (f->purpose < TRIPSAGE__REAUTHENTICATION && strcmp(purpose, tripsage__purpose_name(f->purpose)) != 0)
        f->purpose++;
    snprintf(f->address, sizeof f->address, "%s", tripsage__row_text(row, 2, NULL));
    f->created_at = tripsage__row_int(row, 3);
    f->attempts = tripsage__row_int(row, 4);
    f->version = tripsage__row_int(row, 5);
    f->new_email_taken = (int)tripsage__row_int(row, 6);
    return TRIPSAGE_OK;
}

static void forget_flow(void *context)
{
    found *f = context;

    f->flow_id[0] = f->auth_code[0] = '\0';
}

static tripsage_status take_flow(void *context, const tripsage__row *row)
{
    found *f = context;

    snprintf(f->flow_id, sizeof f->flow_id, "%s", tripsage__row_text(row, 0, NULL));
    snprintf(f->auth_code, sizeof f->auth_code, "%s", tripsage__row_text(row, 1, NULL));
    return TRIPSAGE_OK;
}

/* Zeroed where there is none. */
static tripsage_status read_token(found *f, const tripsage_auth *auth, char hashes[HASHES][TRIPSAGE__HASH_SIZE])
{
    const tripsage__value params[HASHES] = {tripsage__text(hashes[0]), tripsage__text(hashes[1]),
                                            tripsage__text(hashes[2]), tripsage__text(hashes[3])};
    tripsage__step account = tripsage__account_step(&f->account, &tripsage__sql_account_by_token, params);
    const tripsage__step flow = {.statement = &tripsage__sql_flow_state_by_token,
                                 .params = params,
                                 .param_count = HASHES,
                                 .on_begin = forget_flow,
                                 .on_row = take_flow,
                                 .context = f};
    tripsage__step steps[3] = {{.statement = &tripsage__sql_one_time_token_find,
                                .params = params,
                                .param_count = HASHES,
                                .on_begin = forget_token,
                                .on_row = take_token,
                                .context = f}};

    memset(f, 0, sizeof *f);
    account.param_count = HASHES;
    steps[1] = account;
    steps[2] = flow;
    return tripsage__store_read(auth->store, NULL, steps, 3);
}

/* Whether what was found is what was given: for this purpose, of this address still, in its time. */
static int is_good(const found *f, const tripsage_auth *auth, const tripsage__purpose purposes[2], int64_t now)
{
    const char *address = f->purpose == TRIPSAGE__EMAIL_CHANGE_NEW ? f->account.new_email : f->account.email;

    return f->hash[0] && f->account.block && (f->purpose == purposes[0] || f->purpose == purposes[1]) &&
           f->attempts < TRIPSAGE__CODE_ATTEMPTS_MAX && now < f->created_at + (int64_t)auth->otp_ttl_s * 1000 &&
           !f->account.deleted_at && strcmp(f->address, address) == 0;
}

/* ---- what becomes of the account ---- */

static tripsage_status merge(tripsage__buf *out, const char **text, const char *patch)
{
    tripsage__json *before = NULL, *changes = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__json_parse_trusted(&before, *text, TRIPSAGE_NUL));
    TRIPSAGE_TRY(tripsage__json_parse_trusted(&changes, patch, TRIPSAGE_NUL));
    tripsage__json_put_merged(out, before, changes);
    TRIPSAGE_TRY(tripsage__buf_status(out));
    *text = out->data;
out:
    tripsage__json_free(before);
    tripsage__json_free(changes);
    return status;
}

static tripsage_status confirm(settlement *s, int64_t now)
{
    s->drops_all = 1;
    s->after.email_confirmed_at = now;
    return merge(&s->user_metadata, &s->after.user_metadata, "{\"email_verified\":true}");
}

/* The account moves to its new address; who had none gets his first identity with it. */
static tripsage_status move(settlement *s, const tripsage_auth *auth, int64_t now)
{
    tripsage__buf patch = TRIPSAGE__BUF_INIT(1024);
    tripsage__account *after = &s->after;
    tripsage_status status = TRIPSAGE_OK;

    s->drops_all = 1;
    s->moves_to = after->email = after->new_email;
    after->new_email = "";
    after->new_email_confirmed = 0;
    after->is_anonymous = 0;
    after->identity_updated_at = now;
    TRIPSAGE__LIT(&patch, "{\"email\":");
    tripsage__json_put_string(&patch, after->email);
    TRIPSAGE__LIT(&patch, ",\"email_verified\":true");
    if (!*after->identity_id) {
        TRIPSAGE_TRY(tripsage__uuid7(auth->env, s->identity));
        after->identity_id = s->identity;
        after->identity_created_at = now;
        TRIPSAGE__LIT(&patch, ",\"phone_verified\":false,\"sub\":");
        tripsage__json_put_string(&patch, after->id);
        TRIPSAGE_TRY(merge(&s->app_metadata, &after->app_metadata, TRIPSAGE__EMAIL_PROVIDER));
    }
    TRIPSAGE__LIT(&patch, "}");
    TRIPSAGE_TRY(tripsage__buf_status(&patch));
    TRIPSAGE_TRY(merge(&s->identity_data, &after->identity_data, patch.data));
    if (!after->email_confirmed_at)
        status = confirm(s, now);
out:
    tripsage__buf_free(&patch);
    return status;
}

/* An invitation that was accepted is as good as never sent, as with Supabase Auth, which gives its guest a password then. */
static tripsage_status settle(settlement *s, const tripsage_auth *auth, const found *f, int64_t now)
{
    int is_change = f->purpose == TRIPSAGE__EMAIL_CHANGE_CURRENT || f->purpose == TRIPSAGE__EMAIL_CHANGE_NEW;
    tripsage_status status = TRIPSAGE_OK;

    s->after = f->account;
    s->after.updated_at = now;
    if (is_change) {
        s->is_half =
            !auth->email_change_single && *tripsage__account_address(&f->account) && !f->account.new_email_confirmed;
        if (!s->is_half)
            return move(s, auth, now);
        s->after.new_email_confirmed = 1;
        return TRIPSAGE_OK;
    }
    s->forgets = f->purpose == TRIPSAGE__CONFIRMATION && f->account.invited_at && !*f->account.password_hash;
    if (s->forgets)
        s->after.confirmation_sent_at = s->after.recovery_sent_at = s->after.email_change_sent_at =
            s->after.reauthentication_sent_at = 0;
    if (f->account.email_confirmed_at)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(confirm(s, now));
    if (*f->account.identity_id)
        status = merge(&s->identity_data, &s->after.identity_data, "{\"email_verified\":true}");
out:
    return status;
}

static void settlement_free(settlement *s)
{
    tripsage__buf_free(&s->user_metadata);
    tripsage__buf_free(&s->app_metadata);
    tripsage__buf_free(&s->identity_data);
}

/* ---- writing ---- */

enum { TAKE_PARAMS = 6, SETTLE_PARAMS = 17, START_PARAMS = TRIPSAGE__SESSION_START_PARAMS + 2, ISSUE_PARAMS = 4 };

/* The parameters of a write, which its steps borrow. */
typedef struct writing {
    char by[TRIPSAGE__UUID_SIZE];
    tripsage__value take[TAKE_PARAMS], settle[SETTLE_PARAMS], start[START_PARAMS], issue[ISSUE_PARAMS], earlier[2],
        drop[4];
    tripsage__audit_event event;
    tripsage__audit_entry entry;
    tripsage__step steps[6];
    size_t count;
    int64_t taken;
} writing;

static void add(writing *w, const tripsage__statement *statement, const tripsage__value *params, size_t count)
{
    w->steps[w->count++] = (tripsage__step){.statement = statement, .params = params, .param_count = count};
}

static void add_take(writing *w, const tripsage_auth *auth, const found *f, const settlement *s, int64_t now)
{
    w->take[0] = tripsage__text(f->hash);
    w->take[1] = tripsage__text(w->by);
    w->take[2] = tripsage__int(now - (int64_t)auth->otp_ttl_s * 1000);
    w->take[3] = tripsage__int(TRIPSAGE__CODE_ATTEMPTS_MAX);
    w->take[4] = tripsage__int(f->version);
    w->take[5] = tripsage__text(s->moves_to);
    add(w, &tripsage__sql_one_time_token_take, w->take, TAKE_PARAMS);
    w->steps[w->count - 1].changes = &w->taken;
}

static void add_settle(writing *w, const found *f, const settlement *s)
{
    const tripsage__account *after = &s->after;
    const tripsage__value params[SETTLE_PARAMS] = {tripsage__text(after->id),
                                                   tripsage__text(f->hash),
                                                   tripsage__text(w->by),
                                                   tripsage__int(after->updated_at),
                                                   tripsage__text(after->email),
                                                   tripsage__text(after->new_email),
                                                   tripsage__int(after->new_email_confirmed),
                                                   tripsage__int(after->email_confirmed_at),
                                                   tripsage__text(after->user_metadata),
                                                   tripsage__text(after->app_metadata),
                                                   tripsage__text(after->identity_id),
                                                   tripsage__text(after->identity_data),
                                                   tripsage__int(after->identity_created_at),
                                                   tripsage__int(after->identity_updated_at),
                                                   tripsage__int(after->last_sign_in_at),
                                                   tripsage__int(after->is_anonymous),
                                                   tripsage__int(s->forgets)};

    memcpy(w->settle, params, sizeof params);
    add(w, &tripsage__sql_account_settle, w->settle, SETTLE_PARAMS);
}

static void add_session(writing *w, const tripsage_auth *auth, const found *f, const settlement *s,
                        const tripsage__session *session, const tripsage__origin *origin)
{
    tripsage__step *step = &w->steps[w->count++];

    *step = tripsage__session_start_step(w->start, &s->after, session, origin, NULL);
    w->start[TRIPSAGE__SESSION_START_PARAMS] = tripsage__text(f->hash);
    w->start[TRIPSAGE__SESSION_START_PARAMS + 1] = tripsage__text(w->by);
    step->statement = &tripsage__sql_session_start_by_token;
    step->param_count = START_PARAMS;
    if (!auth->session_single)
        return;
    w->earlier[0] = tripsage__text(s->after.id);
    w->earlier[1] = tripsage__text(session->id);
    add(w, &tripsage__sql_session_end_earlier, w->earlier, 2);
}

static void add_issue(writing *w, const found *f, int64_t now)
{
    w->issue[0] = tripsage__text(f->flow_id);
    w->issue[1] = tripsage__text(f->hash);
    w->issue[2] = tripsage__text(w->by);
    w->issue[3] = tripsage__int(now);
    add(w, &tripsage__sql_flow_state_issue, w->issue, ISSUE_PARAMS);
}

static void add_drop(writing *w, const found *f, const settlement *s)
{
    w->drop[0] = tripsage__text(s->after.id);
    w->drop[1] = tripsage__text(f->hash);
    w->drop[2] = tripsage__text(w->by);
    w->drop[3] = tripsage__int(s->drops_all);
    add(w, &tripsage__sql_one_time_token_drop, w->drop, 4);
}

/* Behind the drop, which tells SQLite whether the token was taken. */
static void add_event(writing *w, const tripsage_auth *auth, const found *f, const settlement *s,
                      const tripsage__origin *origin)
{
    const char *action = s->moves_to || s->is_half        ? "user_modified"
                         : !f->account.email_confirmed_at ? "user_signedup"
                                                          : "login";

    w->event = tripsage__account_event(action, &s->after, origin);
    w->steps[w->count++] = tripsage__audit_step(&w->entry, auth->env, &w->event);
}

/* Counts the wrong code against whatever was sent to this address. Of an address that nothing was sent to, the same write. */
static tripsage_status miss(const tripsage_auth *auth, const tripsage__given *given,
                            const tripsage__purpose purposes[2])
{
    const tripsage__value params[] = {tripsage__text(given->email), tripsage__text(tripsage__purpose_name(purposes[0])),
                                      tripsage__text(tripsage__purpose_name(purposes[1]))};
    const tripsage__step step = {.statement = &tripsage__sql_one_time_token_miss, .params = params, .param_count = 3};

    return tripsage__store_write(auth->store, NULL, &step, 1);
}

/* ---- one try ---- */

static tripsage_status email_exists(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXISTS, "email_exists",
                                "A user with this email address has already been registered");
}

/* Of a link of PKCE comes a code, of any other token a session; of the first of two confirmations neither. */
static tripsage_status use_up(tripsage__taken *out, int *again, tripsage_auth *auth, const tripsage__origin *origin,
                              const found *f, const tripsage__given *given, int64_t now, int flags)
{
    settlement s = {.user_metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT),
                    .app_metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT),
                    .identity_data = TRIPSAGE__BUF_INIT(TRIPSAGE__BUF_DOCUMENT)};
    int gives_code = given->link && strncmp(f->hash, TRIPSAGE__PKCE_PREFIX, strlen(TRIPSAGE__PKCE_PREFIX)) == 0;
    tripsage__session session;
    writing w = {.count = 0};
    tripsage_status status;

    TRIPSAGE_TRY(settle(&s, auth, f, now));
    if (s.moves_to && f->new_email_taken) {
        status = email_exists();
        goto out;
    }
    if (gives_code && !s.is_half && !f->flow_id[0]) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "flow_state_not_found", "No associated flow state found.");
        goto out;
    }
    TRIPSAGE_TRY(tripsage__uuid7(auth->env, w.by));
    if (!gives_code && !s.is_half) {
        TRIPSAGE_TRY(tripsage__session_begin(&session, auth, "otp"));
        s.after.last_sign_in_at = session.created_at;
        TRIPSAGE_TRY(tripsage__grant_make(&out->grant, auth, &s.after, &session, flags));
    }
    add_take(&w, auth, f, &s, now);
    add_settle(&w, f, &s);
    if (gives_code && !s.is_half)
        add_issue(&w, f, now);
    else if (!s.is_half)
        add_session(&w, auth, f, &s, &session, origin);
    add_drop(&w, f, &s);
    add_event(&w, auth, f, &s, origin);
    status = tripsage__store_write(auth->store, NULL, w.steps, w.count);
    if (status == TRIPSAGE_EEXISTS) /* somebody took the address at this very moment */
        status = email_exists();
    *again = status == TRIPSAGE_OK && !w.taken;
    if (status == TRIPSAGE_OK && w.taken && gives_code && !s.is_half)
        snprintf(out->auth_code, sizeof out->auth_code, "%s", f->auth_code);
    if (auth->session_single || s.moves_to)
        tripsage__verified_forget(auth->verified, s.after.id);
out:
    if (status != TRIPSAGE_OK || *again) {
        tripsage_doc_free(out->grant.doc);
        memset(out, 0, sizeof *out);
    }
    settlement_free(&s);
    return status;
}

static tripsage_status verify_once(tripsage__taken *out, int *again, tripsage_auth *auth,
                                   const tripsage__origin *origin, const tripsage__given *given,
                                   char hashes[HASHES][TRIPSAGE__HASH_SIZE], const tripsage__purpose purposes[2],
                                   int flags)
{
    int64_t now = tripsage__now_ms(auth->env);
    found f;
    tripsage_status status = read_token(&f, auth, hashes);

    *again = 0;
    if (status != TRIPSAGE_OK)
        goto out;
    if (!is_good(&f, auth, purposes, now)) {
        if (given->email)
            TRIPSAGE_TRY(miss(auth, given, purposes));
        status = expired(given);
        goto out;
    }
    if (f.account.banned_until > now) {
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "user_banned", "User is banned");
        goto out;
    }
    status = use_up(out, again, auth, origin, &f, given, now, flags);
out:
    tripsage__account_free(&f.account);
    return status;
}

/* Guesses at a code are counted by where they come from, too: the token's own count ends it for everybody. */
static tripsage_status ask(const tripsage_auth *auth, const tripsage__origin *origin, const tripsage__given *given)
{
    tripsage_status status = tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_VERIFY, NULL, origin);

    return status == TRIPSAGE_OK && given->email
               ? tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_CODE, given->email, origin)
               : status;
}

tripsage_status tripsage__otp_verify(tripsage__taken *out, tripsage_auth *auth, const tripsage__origin *origin,
                                     const tripsage__given *given, int flags)
{
    char hashes[HASHES][TRIPSAGE__HASH_SIZE];
    tripsage__purpose purposes[2];
    size_t count = purposes_of(purposes, given->type);
    tripsage_status status = ask(auth, origin, given);
    int again = 1;

    memset(out, 0, sizeof *out);
    if (status != TRIPSAGE_OK)
        return status;
    if (!count && !given->email)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EINVALID, "validation_failed", "Invalid email verification type");
    if (!count)
        return expired(given);
    status = make_hashes(hashes, auth, given, purposes, count);
    for (int i = 0; i < TRIES && again && status == TRIPSAGE_OK; i++)
        status = verify_once(out, &again, auth, origin, given, hashes, purposes, flags);
    if (status == TRIPSAGE_OK && again)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ECONFLICT, "conflict", "Too many changes of this account at once");
    if (status == TRIPSAGE_OK && given->email)
        tripsage__auth_forgive(auth, TRIPSAGE__THROTTLE_CODE, given->email, origin);
    return status;
}

/* ---- codes to exchange ---- */

/* What began it, as it was read. A verifier is not hashed in place of this, so that one that is wrong costs no write. */
typedef struct flow {
    char challenge[129], method[8], amr_method[32]; /* RFC 7636, 4.2: 43 to 128 characters */
    int64_t issued_at;                              /* 0: there is none */
} flow;

static void no_flow(void *context)
{
    memset(context, 0, sizeof(flow));
}

static tripsage_status read_flow(void *context, const tripsage__row *row)
{
    flow *f = context;

    snprintf(f->challenge, sizeof f->challenge, "%s", tripsage__row_text(row, 0, NULL));
    snprintf(f->method, sizeof f->method, "%s", tripsage__row_text(row, 1, NULL));
    snprintf(f->amr_method, sizeof f->amr_method, "%s", tripsage__row_text(row, 2, NULL));
    f->issued_at = tripsage__row_int(row, 3);
    return TRIPSAGE_OK;
}

/* RFC 7636, 4.6. */
static tripsage_status check_verifier(const flow *f, const char *verifier)
{
    unsigned char digest[TRIPSAGE__SHA256_SIZE];
    tripsage__buf made = TRIPSAGE__BUF_INIT(1024);
    tripsage_status status = TRIPSAGE_OK;
    int equal;

    if (strcmp(f->method, "s256") == 0) {
        TRIPSAGE_TRY(tripsage__sha256(digest, verifier, strlen(verifier)));
        tripsage__base64url_put(&made, digest, sizeof digest);
        TRIPSAGE_TRY(tripsage__buf_status(&made));
        verifier = made.data;
    }
    equal = strlen(verifier) == strlen(f->challenge) &&
            tripsage__equal_constant_time(verifier, f->challenge, strlen(verifier));
    if (!equal)
        status = TRIPSAGE_FAIL_REASON(TRIPSAGE_ECREDENTIALS, "bad_code_verifier",
                                      "code challenge does not match previously saved code verifier");
out:
    tripsage__buf_free(&made);
    return status;
}

static tripsage_status flow_not_found(void)
{
    return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTFOUND, "flow_state_not_found",
                                "invalid flow state, no valid flow state found");
}

static tripsage_status find_flow(flow *f, tripsage__account *account, const tripsage_auth *auth, const char *auth_code,
                                 const char *verifier)
{
    int64_t now = tripsage__now_ms(auth->env);
    const tripsage__value code = tripsage__text(auth_code);
    const tripsage__step steps[] = {{.statement = &tripsage__sql_flow_state_find,
                                     .params = &code,
                                     .param_count = 1,
                                     .on_begin = no_flow,
                                     .on_row = read_flow,
                                     .context = f},
                                    tripsage__account_step(account, &tripsage__sql_account_by_flow, &code)};
    tripsage_status status = tripsage__store_read(auth->store, NULL, steps, 2);

    if (status != TRIPSAGE_OK)
        return status;
    if (!f->issued_at || !account->block || account->deleted_at)
        return flow_not_found();
    if (now >= f->issued_at + TRIPSAGE__AUTH_CODE_LIFE_MS)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EEXPIRED, "flow_state_expired",
                                    "invalid flow state, flow state has expired");
    status = check_verifier(f, verifier);
    if (status == TRIPSAGE_OK && account->banned_until > now)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_EFORBIDDEN, "user_banned", "User is banned");
    return status;
}

/* The session's own id stands for who takes the code. */
static tripsage_status write_exchange(const tripsage_auth *auth, const tripsage__account *account,
                                      const tripsage__session *session, const tripsage__origin *origin,
                                      const char *auth_code)
{
    const tripsage__value by = tripsage__text(session->id), take[] = {tripsage__text(auth_code), by};
    const tripsage__value signed_in[] = {tripsage__text(account->id), tripsage__int(account->password_version),
                                         tripsage__int(session->created_at), tripsage__text(NULL)};
    const tripsage__value earlier[] = {tripsage__text(account->id), by};
    tripsage__value start[TRIPSAGE__SESSION_START_PARAMS + 1];
    const tripsage__audit_event event = tripsage__account_event("login", account, origin);
    tripsage__audit_entry entry;
    int64_t started = 0;
    tripsage__step steps[6] = {{.statement = &tripsage__sql_flow_state_take, .params = take, .param_count = 2},
                               tripsage__session_start_step(start, account, session, origin, &started),
                               {.statement = &tripsage__sql_flow_state_drop, .params = &by, .param_count = 1},
                               tripsage__audit_step(&entry, auth->env, &event),
                               {.statement = &tripsage__sql_account_signed_in, .params = signed_in, .param_count = 4},
                               {.statement = &tripsage__sql_session_end_earlier, .params = earlier, .param_count = 2}};
    tripsage_status status;

    start[TRIPSAGE__SESSION_START_PARAMS] = by;
    steps[1].statement = &tripsage__sql_session_start_by_flow;
    steps[1].param_count = TRIPSAGE__SESSION_START_PARAMS + 1;
    status = tripsage__store_write(auth->store, NULL, steps, auth->session_single ? 6 : 5);
    return status == TRIPSAGE_OK && !started ? flow_not_found() : status;
}

tripsage_status tripsage__flow_exchange(tripsage__grant *out, tripsage_auth *auth, const tripsage__origin *origin,
                                        const char *auth_code, const char *verifier, int flags)
{
    tripsage__account account = {.block = NULL};
    tripsage__session session;
    flow f;
    tripsage_status status;

    memset(out, 0, sizeof *out);
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_TOKEN, NULL, origin));
    TRIPSAGE_TRY(find_flow(&f, &account, auth, auth_code, verifier));
    TRIPSAGE_TRY(tripsage__session_begin(&session, auth, f.amr_method));
    account.last_sign_in_at = account.updated_at = session.created_at;
    TRIPSAGE_TRY(tripsage__grant_make(out, auth, &account, &session, flags));
    TRIPSAGE_TRY(write_exchange(auth, &account, &session, origin, auth_code));
    if (auth->session_single)
        tripsage__verified_forget(auth->verified, account.id);
out:
    if (status != TRIPSAGE_OK) {
        tripsage_doc_free(out->doc);
        out->doc = NULL;
    }
    tripsage__account_free(&account);
    return status;
}
