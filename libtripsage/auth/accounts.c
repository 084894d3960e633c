/* auth/accounts.c: making an account, signing in and out, looking at oneself and changing oneself.
 *
 * Each call is at most one read and one write of the store; passwords are hashed in between, in no transaction. What must not change
 * between the two is guarded in the write's SQL (see statements.c). */
#include <string.h>

#include "auth/auth_internal.h"
#include "auth/statements.h"
#include "base/json.h"
#include "base/memory.h"

/* 100 characters: a name as people write it on a booking. */
#define NAME_MAX_CHARACTERS 100

/* ---- what comes in ---- */

/* Borrowed from the reader, but for the address. */
struct input {
    char email[TRIPSAGE__EMAIL_SIZE];
    const char *password;
    tripsage__found name_found;
    const char *full_name;
    const tripsage__json *data;
};

static void read_email(tripsage__reader *r, struct input *in)
{
    const char *text;

    if (tripsage__read_text(r, "email", TRIPSAGE__REQUIRED, 1, TRIPSAGE__EMAIL_SIZE - 1, &text) != TRIPSAGE__PRESENT)
        return;
    if (!tripsage__email_normalize(text, in->email))
        tripsage__reader_complain(r, "email", "expected an e-mail address such as name@example.com");
}

static void read_password(tripsage__reader *r, struct input *in, int required, size_t min)
{
    if (tripsage__read_text(r, "password", required, min, TRIPSAGE__PASSWORD_BYTES_MAX, &in->password) !=
        TRIPSAGE__PRESENT)
        return;
    if (strlen(in->password) > TRIPSAGE__PASSWORD_BYTES_MAX)
        tripsage__reader_complain(r, "password", "expected at most %d bytes", TRIPSAGE__PASSWORD_BYTES_MAX);
}

static void read_profile(tripsage__reader *r, struct input *in)
{
    in->name_found = tripsage__read_text(r, "full_name", TRIPSAGE__OPTIONAL, 1, NAME_MAX_CHARACTERS, &in->full_name);
    tripsage__read_object(r, "data", TRIPSAGE__OPTIONAL, TRIPSAGE__ACCOUNT_DATA_MAX, &in->data);
}

/* ---- what goes out ---- */

/* Writes the session document, its token made first. */
static tripsage_status make_session_doc(tripsage_doc **out, const tripsage_auth *auth, const tripsage__account *account,
                                        const tripsage__session *session)
{
    tripsage_doc *doc = NULL;
    char *token = NULL;
    tripsage_status status;

    *out = NULL;
    TRIPSAGE_TRY(tripsage__token_sign(&token, &auth->signer, account, session));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 2048));
    TRIPSAGE__LIT(&doc->json, "{\"access_token\":\"");
    tripsage__buf_puts(&doc->json, token); /* base64url and dots: nothing to escape */
    TRIPSAGE__LIT(&doc->json, "\",\"token_type\":\"bearer\",\"expires_in\":");
    tripsage__buf_int(&doc->json, auth->token_ttl_s);
    TRIPSAGE__LIT(&doc->json, ",\"expires_at\":");
    tripsage__buf_int(&doc->json, session->expires_at / 1000);
    TRIPSAGE__LIT(&doc->json, ",\"user\":");
    tripsage__account_put(&doc->json, account);
    tripsage__buf_putc(&doc->json, '}');
    status = tripsage__doc_finish(out, doc, status);
out:
    tripsage__free(token);
    return status;
}

static tripsage_status make_user_doc(tripsage_doc **out, const tripsage__account *account)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 1024);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    tripsage__account_put(&doc->json, account);
    return tripsage__doc_finish(out, doc, status);
}

/* A session from `now` on. Its token knows whole seconds only, so both end on one. */
static tripsage_status make_session(tripsage__session *out, const tripsage_auth *auth, int64_t now)
{
    out->created_at = now;
    out->expires_at = (now / 1000 + auth->token_ttl_s) * 1000;
    return tripsage__uuid7(auth->env, out->id);
}

/* ---- sign up ---- */

static tripsage_status write_account(const tripsage_auth *auth, const tripsage__account *account,
                                     const tripsage__session *session)
{
    tripsage__value insert[] = {tripsage__text(account->id),
                                tripsage__text(account->email),
                                tripsage__text(account->password_hash),
                                tripsage__text(account->full_name),
                                tripsage__text(account->role),
                                tripsage__text(account->user_metadata),
                                tripsage__text(account->app_metadata),
                                tripsage__int(account->created_at)};
    tripsage__value start[] = {tripsage__text(account->id), tripsage__int(account->password_version),
                               tripsage__text(session->id), tripsage__int(session->created_at),
                               tripsage__int(session->expires_at)};
    int64_t inserted = 0;
    tripsage__step steps[] = {
        {.statement = &tripsage__sql_account_insert, .params = insert, .param_count = 8, .changes = &inserted},
        {.statement = &tripsage__sql_session_start, .params = start, .param_count = 5}};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, 2);

    if (status == TRIPSAGE_OK && !inserted)
        return TRIPSAGE_FAIL(TRIPSAGE_EEXISTS, "this e-mail address has an account already");
    return status;
}

static tripsage_status sign_up(tripsage_doc **out, tripsage_auth *auth, const struct input *in, const char *metadata)
{
    int64_t now = tripsage__now_ms(auth->env);
    char id[TRIPSAGE__UUID_SIZE], hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__account account = {.id = id,
                                 .email = in->email,
                                 .password_hash = hash,
                                 .full_name = in->full_name,
                                 .role = "authenticated",
                                 .user_metadata = metadata,
                                 .app_metadata = "{\"provider\":\"email\",\"providers\":[\"email\"]}",
                                 .password_version = 1,
                                 .created_at = now,
                                 .updated_at = now,
                                 .last_sign_in_at = now};
    tripsage__session session;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__uuid7(auth->env, id));
    TRIPSAGE_TRY(make_session(&session, auth, now));
    TRIPSAGE_TRY(make_session_doc(&doc, auth, &account, &session));
    TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, in->password));
    TRIPSAGE_TRY(write_account(auth, &account, &session));
    *out = doc;
    doc = NULL;
out:
    tripsage_doc_free(doc);
    return status;
}

tripsage_status tripsage_auth_sign_up(tripsage_doc **session, tripsage_auth *auth, const char *json, size_t length)
{
    tripsage__buf metadata = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_DATA_MAX + 1);
    tripsage__reader r;
    struct input in = {.password = NULL};
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_email(&r, &in);
    read_password(&r, &in, TRIPSAGE__REQUIRED, auth->password_min);
    read_profile(&r, &in);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (in.data)
        tripsage__json_put(&metadata, in.data);
    TRIPSAGE_TRY(tripsage__buf_status(&metadata));
    status = sign_up(session, auth, &in, in.data ? metadata.data : "{}");
out:
    tripsage__reader_free(&r);
    tripsage__buf_free(&metadata);
    return status;
}

/* ---- sign in ---- */

static tripsage_status wrong_credentials(void)
{
    return TRIPSAGE_FAIL(TRIPSAGE_ECREDENTIALS, "%s", tripsage_status_sentence(TRIPSAGE_ECREDENTIALS));
}

/* Looks the account up and checks the password. An unknown address takes the same read and the same hash. */
static tripsage_status check_credentials(tripsage__account *account, tripsage_auth *auth, const struct input *in)
{
    tripsage_status status = tripsage__account_read(account, auth->store, &tripsage__sql_account_by_email, in->email);
    int matches;

    if (status != TRIPSAGE_OK && status != TRIPSAGE_ENOTFOUND)
        return status;
    status = tripsage__password_verify(&matches, auth->passwords, account->password_hash, in->password);
    if (status == TRIPSAGE_OK && !matches)
        status = wrong_credentials();
    return status;
}

/* `new_hash`: NULL, or the same password's at today's cost. */
static tripsage_status write_session(const tripsage_auth *auth, const tripsage__account *account,
                                     const tripsage__session *session, const char *new_hash)
{
    tripsage__value start[] = {tripsage__text(account->id), tripsage__int(account->password_version),
                               tripsage__text(session->id), tripsage__int(session->created_at),
                               tripsage__int(session->expires_at)};
    tripsage__value signed_in[] = {tripsage__text(account->id), tripsage__int(account->password_version),
                                   tripsage__int(session->created_at), tripsage__text(new_hash)};
    int64_t started = 0;
    tripsage__step steps[] = {
        {.statement = &tripsage__sql_session_start, .params = start, .param_count = 5, .changes = &started},
        {.statement = &tripsage__sql_account_signed_in, .params = signed_in, .param_count = 4}};
    tripsage_status status = tripsage__store_write(auth->store, NULL, steps, 2);

    /* Nothing started: the password was changed, or the account deleted, since it was read. */
    return status == TRIPSAGE_OK && !started ? wrong_credentials() : status;
}

static tripsage_status sign_in(tripsage_doc **out, tripsage_auth *auth, const struct input *in)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    const char *new_hash = NULL;
    tripsage__account account;
    tripsage__session session;
    tripsage_doc *doc = NULL;
    tripsage_status status;

    TRIPSAGE_TRY(check_credentials(&account, auth, in));
    if (tripsage__password_is_stale(auth->passwords, account.password_hash)) {
        TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, in->password));
        new_hash = hash;
    }
    TRIPSAGE_TRY(make_session(&session, auth, tripsage__now_ms(auth->env)));
    account.last_sign_in_at = session.created_at;
    TRIPSAGE_TRY(make_session_doc(&doc, auth, &account, &session));
    TRIPSAGE_TRY(write_session(auth, &account, &session, new_hash));
    *out = doc;
    doc = NULL;
out:
    tripsage_doc_free(doc);
    tripsage__account_free(&account);
    return status;
}

tripsage_status tripsage_auth_sign_in(tripsage_doc **session, tripsage_auth *auth, const char *json, size_t length)
{
    tripsage__reader r;
    struct input in = {.password = NULL};
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_email(&r, &in);
    read_password(&r, &in, TRIPSAGE__REQUIRED, 1); /* today's shortest is asked of new passwords only */
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    status = sign_in(session, auth, &in);
out:
    tripsage__reader_free(&r);
    return status;
}

/* ---- sign out ---- */

tripsage_status tripsage_auth_sign_out(tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage__value params[3];
    tripsage__step step = {.statement = &tripsage__sql_session_end, .params = params, .param_count = 3};
    tripsage_status status = tripsage__actor_check(actor);

    if (status != TRIPSAGE_OK)
        return status;
    if (!actor->session_id[0])
        return TRIPSAGE_FAIL_FIELD("#actor", "has no session: it was not made from a token");
    params[0] = tripsage__text(actor->session_id);
    params[1] = tripsage__text(actor->user_id);
    params[2] = tripsage__int(tripsage__now_ms(auth->env));
    status = tripsage__store_write(auth->store, NULL, &step, 1);
    /* Even where the outcome is unknown: looking once more costs little. */
    tripsage__verified_forget(auth->verified, actor->user_id);
    return status;
}

/* ---- the actor's own account ---- */

/* The service role's id is "", which no account has. */
static tripsage_status read_own(tripsage__account *account, const tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    memset(account, 0, sizeof *account);
    if (status != TRIPSAGE_OK)
        return status;
    return tripsage__account_read(account, auth->store, &tripsage__sql_account_by_id, actor->user_id);
}

tripsage_status tripsage_auth_user(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage__account account;
    tripsage_status status = read_own(&account, auth, actor);

    *user = NULL;
    if (status == TRIPSAGE_OK)
        status = make_user_doc(user, &account);
    tripsage__account_free(&account);
    return status;
}

tripsage_status tripsage_auth_find_user(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                        const char *email)
{
    char address[TRIPSAGE__EMAIL_SIZE];
    tripsage__account account;
    tripsage_status status = tripsage__actor_check(actor);

    *user = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    if (!actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role may look for other people's accounts");
    if (!email || !tripsage__email_normalize(email, address))
        return TRIPSAGE_FAIL_FIELD("#email", "expected an e-mail address such as name@example.com");
    status = tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_email, address);
    if (status == TRIPSAGE_OK)
        status = make_user_doc(user, &account);
    tripsage__account_free(&account);
    return status;
}

/* What comes of an update: what merging makes of the metadata, and the account. */
typedef struct updating {
    int64_t size, members;
    tripsage_doc *doc;
} updating;

static tripsage_status look_row(void *context, const tripsage__row *row)
{
    updating *u = context;

    u->size = tripsage__row_int(row, 0);
    u->members = tripsage__row_int(row, 1);
    return TRIPSAGE_OK;
}

static void begin_doc(void *context)
{
    updating *u = context;

    u->doc->json.size = 0;
    u->doc->json.failed = TRIPSAGE_OK;
}

static tripsage_status put_row(void *context, const tripsage__row *row)
{
    updating *u = context;
    tripsage__account account;

    tripsage__account_of(&account, row);
    tripsage__account_put(&u->doc->json, &account);
    return tripsage__buf_status(&u->doc->json);
}

static tripsage_status write_update(updating *u, int64_t *updated, const tripsage_auth *auth,
                                    const tripsage_actor *actor, const struct input *in, const char *patch,
                                    const char *new_hash)
{
    int64_t now = tripsage__now_ms(auth->env);
    const tripsage__value update[] = {
        tripsage__text(actor->user_id), tripsage__text(patch), tripsage__int(in->name_found != TRIPSAGE__ABSENT),
        tripsage__text(in->full_name),  tripsage__int(now),    tripsage__text(new_hash)};
    const tripsage__value end[] = {tripsage__text(actor->user_id), tripsage__text(new_hash),
                                   tripsage__text(actor->session_id), tripsage__int(now)};
    tripsage__step steps[4];
    size_t count = 0;

    if (patch)
        steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_merge_look,
                                          .params = update,
                                          .param_count = 2,
                                          .on_row = look_row,
                                          .context = u};
    steps[count++] = (tripsage__step){
        .statement = &tripsage__sql_account_update, .params = update, .param_count = 6, .changes = updated};
    if (new_hash) /* somebody else may have had the old password */
        steps[count++] =
            (tripsage__step){.statement = &tripsage__sql_session_end_others, .params = end, .param_count = 4};
    steps[count++] = (tripsage__step){.statement = &tripsage__sql_account_by_id,
                                      .params = update,
                                      .param_count = 1,
                                      .on_begin = begin_doc,
                                      .on_row = put_row,
                                      .context = u};
    return tripsage__store_write(auth->store, NULL, steps, count);
}

/* Why nothing was changed. What merging makes must fit, and still be a document we read: it comes back in every token. */
static tripsage_status explain_update(const updating *u)
{
    if (u->doc->json.size == 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTFOUND, "there is no such account");
    if (u->size > (int64_t)TRIPSAGE__ACCOUNT_DATA_MAX)
        return TRIPSAGE_FAIL_FIELD("/data", "is more than %zu bytes together with what is there",
                                   TRIPSAGE__ACCOUNT_DATA_MAX);
    return TRIPSAGE_FAIL_FIELD("/data", "has an object of more than %d members together with what is there",
                               TRIPSAGE__JSON_MEMBERS_MAX);
}

static tripsage_status update(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                              const struct input *in)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__buf patch = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_DATA_MAX + 1);
    updating u = {0, 0, NULL};
    tripsage_status status;
    int64_t updated = 0;

    TRIPSAGE_TRY(tripsage__doc_new(&u.doc, 1024));
    if (in->data) {
        tripsage__json_put(&patch, in->data);
        TRIPSAGE_TRY(tripsage__buf_status(&patch));
    }
    if (in->password)
        TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, in->password));
    TRIPSAGE_TRY(write_update(&u, &updated, auth, actor, in, patch.data, in->password ? hash : NULL));
    if (!updated)
        status = explain_update(&u);
out:
    if (in->password)
        tripsage__verified_forget(auth->verified, actor->user_id);
    tripsage__buf_free(&patch);
    return tripsage__doc_finish(out, u.doc, status);
}

tripsage_status tripsage_auth_user_update(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                          const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct input in = {.password = NULL};
    tripsage_status status;

    *user = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_password(&r, &in, TRIPSAGE__OPTIONAL, auth->password_min);
    read_profile(&r, &in);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    status = update(user, auth, actor, &in);
out:
    tripsage__reader_free(&r);
    return status;
}
