/* auth/codes.c: the calls of tripsage/auth.h about codes and links in mails. */
#include <string.h>

#include "auth/otp.h"
#include "auth/project.h"
#include "auth/read.h"
#include "base/memory.h"

/* What all that asks for a mail takes. Borrowed from the reader, but for the address. */
struct request {
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage__pkce pkce;
    const char *redirect_to;
};

static void read_request(tripsage__reader *r, struct request *in)
{
    tripsage__read_email(r, TRIPSAGE__REQUIRED, in->email);
    tripsage__read_link(r, &in->pkce, &in->redirect_to);
}

static const char *redirect_of(const tripsage_auth *auth, const struct request *in)
{
    return tripsage__mailer_redirect(auth->mailer, in->redirect_to ? in->redirect_to : "");
}

tripsage_status tripsage_auth_recover(tripsage_auth *auth, const tripsage_auth_client *client, const char *json,
                                      size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct request in = {.redirect_to = NULL};
    tripsage__origin origin;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_request(&r, &in);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_RECOVER, NULL, &origin));
    if (auth->supabase) {
        status = tripsage__project_pass(NULL, auth, TRIPSAGE__PROJECT_RECOVER, NULL, r.root);
        goto out;
    }
    status = tripsage__recover(auth, in.email, &in.pkce, redirect_of(auth, &in));
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_otp_send(tripsage_auth *auth, const tripsage_auth_client *client, const char *json,
                                       size_t length)
{
    tripsage__reader r = {.root = NULL};
    struct request in = {.redirect_to = NULL};
    tripsage__newcomer who = {.email = in.email};
    int create = 1;
    tripsage__origin origin;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_request(&r, &in);
    tripsage__read_bool(&r, "create_user", TRIPSAGE__OPTIONAL, &create);
    tripsage__read_profile(&r, &who.full_name, &who.data);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_OTP, NULL, &origin));
    if (auth->supabase) {
        status = tripsage__project_pass(NULL, auth, TRIPSAGE__PROJECT_OTP_SEND, NULL, r.root);
        goto out;
    }
    who.pkce = in.pkce;
    who.redirect_to = redirect_of(auth, &in);
    status = tripsage__otp_send(auth, &who, create);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_resend(tripsage_auth *auth, const tripsage_auth_client *client, const char *json,
                                     size_t length)
{
    static const char *const types[] = {"signup", "email_change", NULL};
    tripsage__reader r = {.root = NULL};
    struct request in = {.redirect_to = NULL};
    const char *type = NULL;
    tripsage__origin origin;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    tripsage__read_word(&r, "type", TRIPSAGE__REQUIRED, types, &type);
    read_request(&r, &in);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    TRIPSAGE_TRY(tripsage__auth_ask(auth, TRIPSAGE__THROTTLE_RESEND, NULL, &origin));
    if (auth->supabase) {
        status = tripsage__project_pass(NULL, auth, TRIPSAGE__PROJECT_RESEND, NULL, r.root);
        goto out;
    }
    if (type == types[0])
        status = tripsage__resend_signup(auth, in.email, &in.pkce, redirect_of(auth, &in));
    else
        status = tripsage__resend_email_change(auth, in.email, &in.pkce, redirect_of(auth, &in));
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_reauthenticate(tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && auth->supabase)
        return tripsage__project_pass(NULL, auth, TRIPSAGE__PROJECT_REAUTHENTICATE, actor, NULL);
    return status == TRIPSAGE_OK ? tripsage__reauthenticate(auth, actor) : status;
}

/* ---- what comes back ---- */

/* The code with the address, or the hash alone. */
static void read_given(tripsage__reader *r, tripsage__given *given, char email[TRIPSAGE__EMAIL_SIZE])
{
    static const char *const types[] = {"signup", "invite", "recovery", "magiclink", "email", "email_change", NULL};
    /* A code has six digits; what is longer than a hash is none. */
    tripsage__found hash, code;

    tripsage__read_word(r, "type", TRIPSAGE__REQUIRED, types, &given->type);
    hash = tripsage__read_text(r, "token_hash", TRIPSAGE__OPTIONAL, 1, TRIPSAGE__HASH_SIZE - 1, &given->token_hash);
    code = tripsage__read_text(r, "token", hash == TRIPSAGE__ABSENT, 1, TRIPSAGE__HASH_SIZE - 1, &given->code);
    if (tripsage__read_email(r, hash == TRIPSAGE__ABSENT, email) == TRIPSAGE__PRESENT)
        given->email = email;
    if (hash == TRIPSAGE__PRESENT && (code != TRIPSAGE__ABSENT || given->email))
        tripsage__reader_complain(r, "token_hash", "expected to stand alone, without email and token");
}

static tripsage_status put_first_confirmed(tripsage_doc **out)
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 128);

    if (status == TRIPSAGE_OK)
        TRIPSAGE__LIT(&doc->json, "{\"message\":\"" TRIPSAGE__FIRST_CONFIRMED "\"}");
    return status == TRIPSAGE_OK ? tripsage__doc_finish(out, doc, status) : status;
}

tripsage_status tripsage_auth_otp_verify(tripsage_doc **session, tripsage_auth *auth,
                                         const tripsage_auth_client *client, const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage__given given = {.type = NULL};
    tripsage__taken taken;
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    read_given(&r, &given, email);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(session, auth, TRIPSAGE__PROJECT_OTP_VERIFY, NULL, r.root);
        goto out;
    }
    TRIPSAGE_TRY(tripsage__otp_verify(&taken, auth, &origin, &given, TRIPSAGE__USER_NATIVE));
    *session = taken.grant.doc;
    if (!*session)
        status = put_first_confirmed(session);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_exchange_code(tripsage_doc **session, tripsage_auth *auth,
                                            const tripsage_auth_client *client, const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    const char *code = NULL, *verifier = NULL;
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    tripsage__read_text(&r, "auth_code", TRIPSAGE__REQUIRED, 1, TRIPSAGE__UUID_SIZE - 1, &code);
    tripsage__read_text(&r, "code_verifier", TRIPSAGE__REQUIRED, 1, TRIPSAGE__CHALLENGE_MAX, &verifier);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        status = tripsage__project_pass(session, auth, TRIPSAGE__PROJECT_EXCHANGE_CODE, NULL, r.root);
        goto out;
    }
    status = tripsage__flow_exchange(&grant, auth, &origin, code, verifier, TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    tripsage__reader_free(&r);
    return status;
}
