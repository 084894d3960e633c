/* auth/v1/mail.c: mails that are asked for, and what comes back of them: codes, links, and codes that are exchanged for a session. */
#include <string.h>

#include "auth/otp.h"
#include "auth/v1/v1.h"
#include "base/crypto.h"

/* ---- what came in ---- */

/* Where somebody is to end up: what was asked for, or else where the request comes from, if people may be sent there; or the site. */
const char *tripsage__v1_redirect(tripsage__v1_call *call)
{
    const char *wanted[] = {tripsage__v1_query(call, "redirect_to"), tripsage__v1_header(call, "redirect_to"),
                            tripsage__v1_header(call, "referer")};
    const char *to = "";

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        to = tripsage__mailer_redirect(call->auth->mailer, wanted[i]);
        if (to == wanted[i])
            break;
    }
    return to;
}

/* Address and challenge, which every request for a mail has. */
struct wanted {
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage__pkce pkce;
};

static tripsage_status read_wanted(struct wanted *out, tripsage__v1_call *call, tripsage__throttle_kind kind)
{
    tripsage__v1_pkce pkce;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__auth_ask(call->auth, kind, NULL, &call->origin));
    TRIPSAGE_TRY(tripsage__v1_email(call, tripsage__v1_text(call, "email"), out->email));
    TRIPSAGE_TRY(tripsage__v1_pkce_read(call, &pkce));
    out->pkce = (tripsage__pkce){pkce.challenge, pkce.method};
out:
    return status;
}

/* ---- asking ---- */

tripsage_status tripsage__v1_recover(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email");
    struct wanted in;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*email)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Password recovery requires an email");
    TRIPSAGE_TRY(read_wanted(&in, call, TRIPSAGE__THROTTLE_RECOVER));
    status = tripsage__recover(call->auth, in.email, &in.pkce, tripsage__v1_redirect(call));
out:
    return status;
}

static tripsage_status send_otp(tripsage__v1_call *call, int create)
{
    struct wanted in;
    tripsage__newcomer who = {.email = in.email, .data = tripsage__v1_object(call, "data")};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(read_wanted(&in, call, TRIPSAGE__THROTTLE_OTP));
    who.pkce = in.pkce;
    who.redirect_to = tripsage__v1_redirect(call);
    status = tripsage__otp_send(call->auth, &who, create);
out:
    return status;
}

tripsage_status tripsage__v1_otp(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    int create = tripsage__v1_bool(call, "create_user", 1);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (*email && *phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only an email address or phone number should be provided");
    if (!*email && !*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "One of email or phone must be set");
    if (*phone)
        return TRIPSAGE__V1_FAIL(call, 422, "sms_send_failed",
                                 "Error sending confirmation OTP to provider: there is none for text messages");
    status = send_otp(call, create);
out:
    return status;
}

/* What /otp was called before. */
tripsage_status tripsage__v1_magiclink(tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email");
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*email)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Password recovery requires an email");
    status = send_otp(call, 1);
out:
    return status;
}

static tripsage_status check_resend(tripsage__v1_call *call, const char *type, const char *email, const char *phone)
{
    int is_signup = strcmp(type, "signup") == 0, is_sms = strcmp(type, "sms") == 0;

    if (!is_signup && !is_sms && strcmp(type, "email_change") != 0 && strcmp(type, "phone_change") != 0)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Missing one of these types: signup, email_change, sms, phone_change");
    if (!*email && is_signup)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Type provided requires an email address");
    if (!*phone && is_sms)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Type provided requires a phone number");
    if (!*email == !*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Only one of email or phone should be provided.");
    if (*phone || is_sms || strcmp(type, "phone_change") == 0)
        return TRIPSAGE__V1_FAIL(call, 400, "phone_provider_disabled", "Phone logins are disabled");
    return TRIPSAGE_OK;
}

tripsage_status tripsage__v1_resend(tripsage__v1_call *call)
{
    const char *type = tripsage__v1_text(call, "type"), *email = tripsage__v1_text(call, "email");
    const char *phone = tripsage__v1_text(call, "phone");
    struct wanted in;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    TRIPSAGE_TRY(check_resend(call, type, email, phone));
    TRIPSAGE_TRY(read_wanted(&in, call, TRIPSAGE__THROTTLE_RESEND));
    if (strcmp(type, "signup") == 0)
        status = tripsage__resend_signup(call->auth, in.email, &in.pkce, tripsage__v1_redirect(call));
    else
        status = tripsage__resend_email_change(call->auth, in.email, &in.pkce, tripsage__v1_redirect(call));
out:
    return status;
}

tripsage_status tripsage__v1_reauthenticate(tripsage__v1_call *call)
{
    tripsage_status status = tripsage__reauthenticate(call->auth, call->actor);

    if (status == TRIPSAGE_EFORBIDDEN)
        call->http = 422;
    return status;
}

/* ---- a code or a hash that is posted ---- */

static tripsage_status verify(tripsage__taken *taken, tripsage__v1_call *call, const tripsage__given *given)
{
    tripsage_status status = tripsage__otp_verify(taken, call->auth, &call->origin, given, 0);

    if (status == TRIPSAGE_EFORBIDDEN) /* banned */
        call->http = 403;
    return status;
}

/* `email` is normalized into the room given. */
static tripsage_status read_given(tripsage__given *out, tripsage__v1_call *call, char email[TRIPSAGE__EMAIL_SIZE])
{
    const char *address = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    tripsage_status status;

    *out = (tripsage__given){.type = tripsage__v1_text(call, "type"),
                             .code = tripsage__v1_text(call, "token"),
                             .token_hash = tripsage__v1_text(call, "token_hash")};
    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*out->type)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Verify requires a verification type");
    if (!*out->code == !*out->token_hash)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Verify requires either a token or a token hash");
    if (*out->token_hash) {
        if (*address || *phone || *tripsage__v1_text(call, "redirect_to"))
            return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Only the token_hash and type should be provided");
        return TRIPSAGE_OK;
    }
    if (!*address == !*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "Only an email address or phone number should be provided on verify");
    if (*phone) /* nothing was sent there */
        return TRIPSAGE__V1_FAIL(call, 403, "otp_expired", "Token has expired or is invalid");
    if (!tripsage__email_normalize(address, email))
        return TRIPSAGE__V1_FAIL(call, 422, "validation_failed", "Invalid email format");
    out->email = email;
out:
    return status;
}

tripsage_status tripsage__v1_verify_post(tripsage__v1_call *call)
{
    char email[TRIPSAGE__EMAIL_SIZE];
    tripsage__given given;
    tripsage__taken taken;
    tripsage_status status;

    TRIPSAGE_TRY(read_given(&given, call, email));
    TRIPSAGE_TRY(verify(&taken, call, &given));
    if (taken.grant.doc)
        tripsage__v1_put_grant(call, &taken.grant);
    else
        TRIPSAGE__LIT(tripsage__v1_put_json(call), "{\"code\":\"200\",\"msg\":\"" TRIPSAGE__FIRST_CONFIRMED "\"}");
out:
    return status;
}

/* ---- a link that is followed ----
 *
 * Whatever comes of it, its reader ends up where the link says, with what came of it behind the address: where a program expects a code
 * in the query, else in the fragment, which no server sees. */

/* As forms are written: what is plain, + for a space. */
static void put_form(tripsage__buf *buf, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++)
        if (strchr(plain, *text)) {
            tripsage__buf_putc(buf, *text);
        } else if (*text == ' ') {
            tripsage__buf_putc(buf, '+');
        } else {
            tripsage__buf_putc(buf, '%');
            tripsage__buf_putc(buf, digits[(unsigned char)*text >> 4]);
            tripsage__buf_putc(buf, digits[(unsigned char)*text & 15]);
        }
}

/* The place without its fragment, and what is put into its query. */
static void put_place(tripsage__buf *url, const char *to, const char *query)
{
    size_t length = strcspn(to, "#");

    tripsage__buf_put(url, to, length);
    if (!*query)
        return;
    tripsage__buf_putc(url, memchr(to, '?', length) ? '&' : '?');
    tripsage__buf_puts(url, query);
}

static tripsage_status put_redirect(tripsage__v1_call *call, tripsage__buf *url)
{
    tripsage_status status = tripsage__buf_status(url);

    if (status == TRIPSAGE_OK)
        tripsage__v1_put_redirect(call, url->data);
    return status;
}

static tripsage_status put_session(tripsage__buf *url, tripsage_doc *session, const char *type)
{
    const char *access = tripsage_doc_text(session, "/access_token");
    const char *refresh = tripsage_doc_text(session, "/refresh_token");

    if (!access || !refresh) /* they are there, but to look for them takes memory */
        return TRIPSAGE_NOMEM();
    TRIPSAGE__LIT(url, "#access_token=");
    put_form(url, access);
    TRIPSAGE__LIT(url, "&expires_at=");
    tripsage__buf_int(url, tripsage_doc_int(session, "/expires_at", 0));
    TRIPSAGE__LIT(url, "&expires_in=");
    tripsage__buf_int(url, tripsage_doc_int(session, "/expires_in", 0));
    TRIPSAGE__LIT(url, "&refresh_token=");
    put_form(url, refresh);
    TRIPSAGE__LIT(url, "&sb=&token_type=bearer&type=");
    put_form(url, type);
    return TRIPSAGE_OK;
}

/* Longer than any redirect and two tokens. */
#define URL_MAX ((size_t)32 * 1024)

static tripsage_status redirect_with(tripsage__v1_call *call, const char *to, tripsage__taken *taken, const char *type,
                                     int is_pkce)
{
    tripsage__buf url = TRIPSAGE__BUF_INIT(URL_MAX), said = TRIPSAGE__BUF_INIT(URL_MAX);
    tripsage_status status;

    TRIPSAGE__LIT(&said, "message=");
    put_form(&said, TRIPSAGE__FIRST_CONFIRMED);
    TRIPSAGE_TRY(tripsage__buf_status(&said));
    if (taken->auth_code[0]) {
        said.size = 0;
        TRIPSAGE__LIT(&said, "code=");
        tripsage__buf_puts(&said, taken->auth_code);
        put_place(&url, to, said.data);
    } else if (taken->grant.doc) {
        tripsage__v1_put_grant_headers(call, &taken->grant);
        put_place(&url, to, "");
        TRIPSAGE_TRY(put_session(&url, taken->grant.doc, type));
    } else {
        put_place(&url, to, is_pkce ? said.data : "");
        tripsage__buf_putc(&url, '#');
        tripsage__buf_puts(&url, said.data);
        TRIPSAGE__LIT(&url, "&sb=");
    }
    status = put_redirect(call, &url);
out:
    if (url.data)
        tripsage__wipe(url.data, url.size);
    tripsage__buf_free(&url);
    tripsage__buf_free(&said);
    return status;
}

/* RFC 6749, 4.1.2.1, as Supabase Auth reads it: by the HTTP status that the failure would have. */
static const char *oauth_error(tripsage_status status)
{
    switch (status) {
    case TRIPSAGE_ETOKEN:
    case TRIPSAGE_EFORBIDDEN:
        return "error=access_denied&";
    case TRIPSAGE_EINVALID:
    case TRIPSAGE_ENOTFOUND:
        return "error=invalid_request&";
    default:
        return "";
    }
}

static tripsage_status redirect_failed(tripsage__v1_call *call, const char *to, tripsage_status failed, int is_pkce)
{
    tripsage_error error = *tripsage_last_error();
    tripsage__buf url = TRIPSAGE__BUF_INIT(URL_MAX), said = TRIPSAGE__BUF_INIT(URL_MAX);
    tripsage_status status;

    tripsage__buf_puts(&said, oauth_error(failed));
    TRIPSAGE__LIT(&said, "error_code=");
    put_form(&said, error.reason);
    TRIPSAGE__LIT(&said, "&error_description=");
    put_form(&said, error.message);
    TRIPSAGE_TRY(tripsage__buf_status(&said));
    put_place(&url, to, is_pkce ? said.data : "");
    tripsage__buf_putc(&url, '#');
    tripsage__buf_puts(&url, said.data);
    TRIPSAGE__LIT(&url, "&sb=");
    call->http = 0;
    status = put_redirect(call, &url);
out:
    tripsage__buf_free(&url);
    tripsage__buf_free(&said);
    return status;
}

tripsage_status tripsage__v1_verify_get(tripsage__v1_call *call)
{
    const char *token = tripsage__v1_query(call, "token"), *type = tripsage__v1_query(call, "type");
    const char *to = tripsage__v1_redirect(call);
    int is_pkce = strncmp(token, TRIPSAGE__PKCE_PREFIX, strlen(TRIPSAGE__PKCE_PREFIX)) == 0;
    const tripsage__given given = {.type = type, .token_hash = token, .link = 1};
    tripsage__taken taken;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*type)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Verify requires a verification type");
    if (!*token)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Verify requires a token or a token hash");
    status = verify(&taken, call, &given);
    if (status != TRIPSAGE_OK && tripsage_last_error()->reason[0])
        return redirect_failed(call, to, status, is_pkce);
    if (status != TRIPSAGE_OK)
        return status;
    status = redirect_with(call, to, &taken, type, is_pkce);
    tripsage_doc_free(taken.grant.doc);
out:
    return status;
}

/* ---- a code that is exchanged ---- */

tripsage_status tripsage__v1_token_pkce(tripsage__v1_call *call)
{
    const char *code = tripsage__v1_text(call, "auth_code"), *verifier = tripsage__v1_text(call, "code_verifier");
    tripsage__grant grant;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (!*code || !*verifier)
        return TRIPSAGE__V1_FAIL(call, 400, "validation_failed",
                                 "invalid request: both auth code and code verifier should be non-empty");
    TRIPSAGE_TRY(tripsage__flow_exchange(&grant, call->auth, &call->origin, code, verifier, 0));
    tripsage__v1_put_grant(call, &grant);
out:
    return status;
}
