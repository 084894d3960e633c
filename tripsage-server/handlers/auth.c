/* handlers/auth.c: accounts and sessions. */
#include <string.h>

#include "body.h"
#include "handlers/handlers.h"
#include "http.h"
#include "respond.h"
#include "routes.h"

/* Far more than a token of ours has: what is longer need not be looked at. */
#define REFRESH_TOKEN_MAX 255

/* Where the request comes from, as far as the request lives. */
static tripsage_auth_client client_of(const request *r)
{
    tripsage_auth_client client = TRIPSAGE_AUTH_CLIENT_INIT;

    client.address = r->client_addr;
    client.user_agent = http_header(r, "user-agent");
    return client;
}

static void put_member(buffer *b, const char *name, const char *value)
{
    if (!value)
        return;
    buffer_puts(b, b->size > 1 ? ",\"" : "\"");
    buffer_puts(b, name);
    BUFFER_LIT(b, "\":");
    buffer_puts(b, value);
}

/* {"username":...} and what else is in `data`, which is no object only where the library is to say so. */
static void put_data(buffer *b, tripsage_doc *body)
{
    const char *data = tripsage_doc_value(body, "/data", NULL);
    const char *username = body_has(body, "/username") ? tripsage_doc_value(body, "/username", NULL) : NULL;

    if (!username || (body_has(body, "/data") && tripsage_doc_kind(body, "/data") != TRIPSAGE_KIND_OBJECT)) {
        put_member(b, "data", data);
        return;
    }
    put_member(b, "data", "{\"username\":");
    buffer_puts(b, username);
    if (data && tripsage_doc_count(body, "/data")) {
        BUFFER_LIT(b, ",");
        buffer_puts(b, data + 1); /* without its opening brace */
    } else {
        BUFFER_LIT(b, "}");
    }
}

/* The Python server's form of registering: "password_confirm" is compared and left out, "username" becomes part of the
 * account's data. Leaves what the library takes in r->composed; 0 after it answered. */
static int take_form(request *r, tripsage_doc *body)
{
    const char *password = tripsage_doc_text(body, "/password"),
               *confirm = tripsage_doc_text(body, "/password_confirm");
    buffer *b = &r->composed;

    if (tripsage_doc_kind(body, "/password_confirm") && (!password || !confirm || strcmp(password, confirm) != 0))
        request_complain(r, "/password_confirm", "expected the same as /password");
    if (body_has(body, "/username") && !tripsage_doc_text(body, "/username"))
        request_complain(r, "/username", "expected a text");
    else if (body_has(body, "/username") && tripsage_doc_kind(body, "/data/username"))
        request_complain(r, "/username", "is given in /data as well");
    if (r->error_count) {
        respond_invalid(r);
        return 0;
    }
    BUFFER_LIT(b, "{");
    put_member(b, "email", tripsage_doc_value(body, "/email", NULL));
    put_member(b, "password", tripsage_doc_value(body, "/password", NULL));
    put_member(b, "full_name", tripsage_doc_value(body, "/full_name", NULL));
    put_data(b, body);
    BUFFER_LIT(b, "}");
    return 1;
}

void auth_register(request *r)
{
    const tripsage_auth_client client = client_of(r);
    tripsage_doc *body = body_parse(r), *session = NULL;
    tripsage_status status;
    int form;

    if (!body)
        return;
    form = tripsage_doc_kind(body, "/password_confirm") || tripsage_doc_kind(body, "/username");
    if (!form || take_form(r, body)) {
        status = form ? tripsage_auth_sign_up(&session, request_auth(r), &client, r->composed.data, r->composed.size)
                      : tripsage_auth_sign_up(&session, request_auth(r), &client, r->body.data, r->body.length);
        respond_result(r, status, 201, &session);
    }
    tripsage_doc_free(body);
}

void auth_login(request *r)
{
    const tripsage_auth_client client = client_of(r);
    tripsage_doc *session = NULL;

    respond_result(r, tripsage_auth_sign_in(&session, request_auth(r), &client, r->body.data, r->body.length), 200,
                   &session);
}

void auth_refresh(request *r)
{
    const tripsage_auth_client client = client_of(r);
    tripsage_doc *body = body_parse(r), *session = NULL;
    const char *token;

    if (!body)
        return;
    token = body_text(r, body, "/refresh_token", REFRESH_TOKEN_MAX);
    if (!token && r->error_count == 0)
        request_complain(r, "/refresh_token", "is required");
    body_only(r, body, "refresh_token");
    if (!body_accept(r, body))
        return;
    respond_result(r, tripsage_auth_refresh(&session, request_auth(r), &client, token), 200, &session);
    tripsage_doc_free(body);
}

void auth_logout(request *r)
{
    static const tripsage_sign_out scopes[] = {TRIPSAGE_SIGN_OUT_LOCAL, TRIPSAGE_SIGN_OUT_OTHERS,
                                               TRIPSAGE_SIGN_OUT_GLOBAL};

    respond_done(
        r, tripsage_auth_sign_out(request_auth(r), r->actor, scopes[query_word(r, "scope", "local others global", 0)]));
}
