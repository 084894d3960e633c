/* handlers/users.c: the caller's own account, preferences, sessions, and keys to other services. */
#include "body.h"
#include "handlers/handlers.h"
#include "respond.h"

void user_get(request *r)
{
    tripsage_doc *user = NULL;

    respond_result(r, tripsage_auth_user(&user, request_auth(r), r->actor), 200, &user);
}

void user_update(request *r)
{
    tripsage_doc *user = NULL;

    respond_result(r, tripsage_auth_user_update(&user, request_auth(r), r->actor, r->body.data, r->body.length), 200,
                   &user);
}

/* Preferences are the member of that name in the account's own data, where its owner may have put something else. */
static void answer_preferences(request *r, tripsage_status status, tripsage_doc *user)
{
    static const renamed names[] = {{"/data", "/preferences"}, {NULL, NULL}};
    static const char place[] = "/user_metadata/preferences";
    const char *preferences = NULL;

    if (status != TRIPSAGE_OK) {
        respond_renamed(r, status, names);
        return;
    }
    if (tripsage_doc_kind(user, place) == TRIPSAGE_KIND_OBJECT)
        preferences = tripsage_doc_value(user, place, NULL);
    r->composed.size = 0;
    BUFFER_LIT(&r->composed, "{\"preferences\":");
    buffer_puts(&r->composed, preferences ? preferences : "{}");
    BUFFER_LIT(&r->composed, "}");
    tripsage_doc_free(user);
    respond_composed(r, 200);
}

void user_preferences_get(request *r)
{
    tripsage_doc *user = NULL;
    tripsage_status status = tripsage_auth_user(&user, request_auth(r), r->actor);

    answer_preferences(r, status, user);
}

void user_preferences_put(request *r)
{
    tripsage_doc *body = body_parse(r), *user = NULL;
    tripsage_status status;

    if (!body)
        return;
    if (tripsage_doc_kind(body, "/preferences") != TRIPSAGE_KIND_OBJECT)
        request_complain(r, "/preferences", "expected an object");
    if (!body_accept(r, body))
        return;
    BUFFER_LIT(&r->composed, "{\"data\":{\"preferences\":");
    buffer_puts(&r->composed, tripsage_doc_value(body, "/preferences", NULL));
    BUFFER_LIT(&r->composed, "}}");
    tripsage_doc_free(body);
    status = tripsage_auth_user_update(&user, request_auth(r), r->actor, r->composed.data, r->composed.size);
    answer_preferences(r, status, user);
}

void user_sessions(request *r)
{
    tripsage_doc *sessions = NULL;

    respond_result(r, tripsage_auth_session_list(&sessions, request_auth(r), r->actor), 200, &sessions);
}

void user_session_revoke(request *r)
{
    respond_done(r, tripsage_auth_session_revoke(request_auth(r), r->actor, request_param(r, 0)));
}

/* ---- keys to other services: put, replaced and taken away, never given back ---- */

void user_secrets(request *r)
{
    tripsage_doc *secrets = NULL;

    respond_result(r, tripsage_auth_secret_list(&secrets, request_auth(r), r->actor), 200, &secrets);
}

void user_secret_put(request *r)
{
    static const renamed names[] = {{"#value", "/value"}, {NULL, NULL}};
    tripsage_doc *body = body_parse(r);
    const char *value;
    tripsage_status status;

    if (!body)
        return;
    value = tripsage_doc_text(body, "/value");
    if (!value)
        request_complain(r, "/value", "expected a text");
    body_only(r, body, "value");
    if (!body_accept(r, body))
        return;
    status = tripsage_auth_secret_put(request_auth(r), r->actor, request_param(r, 0), value, TRIPSAGE_NUL);
    tripsage_doc_free(body);
    if (status == TRIPSAGE_OK)
        respond_done(r, status);
    else
        respond_renamed(r, status, names);
}

void user_secret_delete(request *r)
{
    respond_done(r, tripsage_auth_secret_delete(request_auth(r), r->actor, request_param(r, 0)));
}
