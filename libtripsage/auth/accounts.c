/* auth/accounts.c: the calls of tripsage/auth.h about accounts: making one, signing in and out, looking at oneself and changing oneself. */
#include <string.h>

#include "auth/audit.h"
#include "auth/change.h"
#include "auth/project.h"
#include "auth/read.h"
#include "auth/sign.h"
#include "auth/statements.h"
#include "base/json.h"
#include "base/memory.h"

/* A code has six digits. */
#define NONCE_MAX_CHARACTERS 64

/* ---- what comes in ---- */

/* Borrowed from the reader, but for the address. */
struct input {
    char email[TRIPSAGE__EMAIL_SIZE];
    const char *password;
    tripsage__found name_found;
    const char *full_name;
    const tripsage__json *data;
    tripsage__pkce pkce;
    const char *redirect_to;
};

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
    in->name_found = tripsage__read_profile(r, &in->full_name, &in->data);
}

/* ---- sign up and in ---- */

static const char *redirect_of(const tripsage_auth *auth, const struct input *in)
{
    return tripsage__mailer_redirect(auth->mailer, in->redirect_to ? in->redirect_to : "");
}

tripsage_status tripsage_auth_sign_up(tripsage_doc **session, tripsage_auth *auth, const tripsage_auth_client *client,
                                      const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct input in = {.password = NULL};
    tripsage__newcomer who;
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    tripsage__read_email(&r, TRIPSAGE__REQUIRED, in.email);
    read_password(&r, &in, TRIPSAGE__REQUIRED, auth->password_min);
    read_profile(&r, &in);
    tripsage__read_link(&r, &in.pkce, &in.redirect_to);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(session, auth, TRIPSAGE__PROJECT_SIGN_UP, NULL, r.root);
        goto out;
    }
    who = (tripsage__newcomer){.email = in.email,
                               .password = in.password,
                               .full_name = in.full_name,
                               .data = in.data,
                               .pkce = in.pkce,
                               .redirect_to = redirect_of(auth, &in)};
    status = tripsage__sign_up(&grant, auth, &origin, &who, TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_sign_in_anonymously(tripsage_doc **session, tripsage_auth *auth,
                                                  const tripsage_auth_client *client, const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct input in = {.password = NULL};
    tripsage__newcomer who = {.email = NULL};
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_profile(&r, &in);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(session, auth, TRIPSAGE__PROJECT_SIGN_UP, NULL, r.root);
        goto out;
    }
    who.full_name = in.full_name;
    who.data = in.data;
    status = tripsage__sign_up(&grant, auth, &origin, &who, TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_sign_in(tripsage_doc **session, tripsage_auth *auth, const tripsage_auth_client *client,
                                      const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct input in = {.password = NULL};
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    tripsage__read_email(&r, TRIPSAGE__REQUIRED, in.email);
    read_password(&r, &in, TRIPSAGE__REQUIRED, 1); /* today's shortest is asked of new passwords only */
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(session, auth, TRIPSAGE__PROJECT_SIGN_IN, NULL, r.root);
        goto out;
    }
    status = tripsage__sign_in(&grant, auth, &origin, in.email, in.password, TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_refresh(tripsage_doc **session, tripsage_auth *auth, const tripsage_auth_client *client,
                                      const char *refresh_token)
{
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    if (!refresh_token)
        refresh_token = "";
    if (auth->supabase)
        return tripsage__project_ask(session, auth, TRIPSAGE__PROJECT_REFRESH,
                                     &(tripsage__project_asked){.values = {refresh_token}});
    status = tripsage__sign_on(&grant, auth, &origin, refresh_token, TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    return status;
}

/* ---- sign out ---- */

/* What has ended has. */
static tripsage_status sign_out_there(tripsage_auth *auth, const tripsage_actor *actor, const char *scope)
{
    const tripsage__project_asked asked = {.actor = actor, .part = scope};
    tripsage_status status = tripsage__project_ask(NULL, auth, TRIPSAGE__PROJECT_SIGN_OUT, &asked);

    if ((status == TRIPSAGE_ETOKEN && strcmp(tripsage_last_error()->reason, "session_not_found") == 0) ||
        status == TRIPSAGE_ENOTFOUND)
        return TRIPSAGE_OK;
    return status;
}

tripsage_status tripsage_auth_sign_out(tripsage_auth *auth, const tripsage_actor *actor, tripsage_sign_out scope)
{
    static const char *const names[] = {"local", "others", "global"};
    static const tripsage__statement *const statements[] = {
        &tripsage__sql_session_end, &tripsage__sql_session_end_others, &tripsage__sql_session_end_all};
    tripsage__value params[2];
    tripsage__audit_entry entry;
    tripsage__audit_event event = {.action = "logout", .if_changed = 1};
    tripsage__step steps[2] = {{.params = params}};
    tripsage_status status = tripsage__actor_check(actor);

    if (status != TRIPSAGE_OK)
        return status;
    if ((unsigned)scope >= sizeof statements / sizeof statements[0])
        return TRIPSAGE_FAIL_FIELD("#scope", "expected one of tripsage_sign_out");
    if (!actor->session_id[0])
        return TRIPSAGE_FAIL_FIELD("#actor", "has no session: it was not made from a token");
    if (auth->supabase)
        return sign_out_there(auth, actor, names[scope]);
    steps[0].statement = statements[scope];
    steps[0].param_count = scope == TRIPSAGE_SIGN_OUT_GLOBAL ? 1 : 2;
    params[0] = tripsage__text(scope == TRIPSAGE_SIGN_OUT_LOCAL ? actor->session_id : actor->user_id);
    params[1] = tripsage__text(scope == TRIPSAGE_SIGN_OUT_LOCAL ? actor->user_id : actor->session_id);
    event.actor = event.subject = actor->user_id;
    steps[1] = tripsage__audit_step(&entry, auth->env, &event);
    status = tripsage__store_write(auth->store, NULL, steps, 2);
    /* Even where the outcome is unknown: looking once more costs little. */
    tripsage__verified_forget(auth->verified, actor->user_id);
    return status;
}

/* ---- the actor's own account ---- */

static tripsage_status make_user_doc(tripsage_doc **out, const tripsage__account *account)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 1024);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    tripsage__account_put(&doc->json, account, TRIPSAGE__USER_NATIVE);
    return tripsage__doc_finish(out, doc, status);
}

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
    tripsage_status status = tripsage__actor_check(actor);

    *user = NULL;
    if (status == TRIPSAGE_OK && auth->supabase)
        return tripsage__project_user(user, auth, actor);
    status = read_own(&account, auth, actor);
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
    if (auth->supabase)
        return tripsage__project_find(user, auth, address);
    status = tripsage__account_read(&account, auth->store, &tripsage__sql_account_by_email, address);
    if (status == TRIPSAGE_OK)
        status = make_user_doc(user, &account);
    tripsage__account_free(&account);
    return status;
}

/* The data given, and the name in it: RFC 7396 of both. */
static tripsage_status make_patch(tripsage__buf *patch, const struct input *in)
{
    tripsage__buf name = TRIPSAGE__BUF_INIT(TRIPSAGE__ACCOUNT_DATA_MAX);
    tripsage_status status;

    if (in->name_found == TRIPSAGE__ABSENT) {
        tripsage__json_put(patch, in->data);
        return tripsage__buf_status(patch);
    }
    TRIPSAGE__LIT(&name, "{\"full_name\":");
    tripsage__json_put_text(&name, in->full_name, in->full_name ? strlen(in->full_name) : 0);
    TRIPSAGE__LIT(&name, "}");
    TRIPSAGE_TRY(tripsage__buf_status(&name));
    if (!in->data) {
        tripsage__buf_put(patch, name.data, name.size);
    } else {
        tripsage__buf_putc(patch, '{');
        tripsage__buf_put(patch, name.data + 1, name.size - 2);
        for (const tripsage__json *m = tripsage__json_first(in->data); m; m = tripsage__json_next(m)) {
            if (strcmp(tripsage__json_name(m), "full_name") == 0)
                continue;
            tripsage__buf_putc(patch, ',');
            tripsage__json_put_string(patch, tripsage__json_name(m));
            tripsage__buf_putc(patch, ':');
            tripsage__json_put(patch, m);
        }
        tripsage__buf_putc(patch, '}');
    }
    status = tripsage__buf_status(patch);
out:
    tripsage__buf_free(&name);
    return status;
}

static tripsage_status update(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor,
                              const struct input *in, const char *email, const char *nonce)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__buf patch = TRIPSAGE__BUF_INIT(2 * TRIPSAGE__ACCOUNT_DATA_MAX);
    tripsage__account_change change = {
        .email = email, .nonce = nonce, .pkce = in->pkce, .redirect_to = redirect_of(auth, in)};
    tripsage_status status = TRIPSAGE_OK;

    if (in->data || in->name_found != TRIPSAGE__ABSENT) {
        TRIPSAGE_TRY(make_patch(&patch, in));
        change.data = patch.data;
    }
    if (in->password) {
        TRIPSAGE_TRY(tripsage__password_hash(hash, auth->passwords, auth->env, in->password));
        change.new_hash = hash;
    }
    status = tripsage__account_change_write(out, auth, actor, &change, TRIPSAGE__USER_NATIVE);
out:
    tripsage__buf_free(&patch);
    return status;
}

tripsage_status tripsage_auth_user_update(tripsage_doc **user, tripsage_auth *auth, const tripsage_actor *actor,
                                          const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct input in = {.password = NULL};
    const char *nonce = NULL;
    tripsage__found email;
    tripsage_status status;

    *user = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    email = tripsage__read_email(&r, TRIPSAGE__OPTIONAL, in.email);
    read_password(&r, &in, TRIPSAGE__OPTIONAL, auth->password_min);
    tripsage__read_text(&r, "nonce", TRIPSAGE__OPTIONAL, 1, NONCE_MAX_CHARACTERS, &nonce);
    read_profile(&r, &in);
    tripsage__read_link(&r, &in.pkce, &in.redirect_to);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(user, auth, TRIPSAGE__PROJECT_USER_UPDATE, actor, r.root);
        goto out;
    }
    status = update(user, auth, actor, &in, email == TRIPSAGE__PRESENT ? in.email : NULL, nonce);
out:
    tripsage__reader_free(&r);
    return status;
}
