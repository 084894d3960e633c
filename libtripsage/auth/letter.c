/* auth/letter.c: see letter.h. */
#include "auth/letter.h"

#include <string.h>

/* ---- what is built in ---- */

#define IGNORE "If you did not ask for this, ignore this mail."

#define TEXT(says, does)                                                                                               \
    says "\n\n"                                                                                                        \
         "Your code:\n\n    {{ .Token }}\n\n" does "\n\n{{ .ConfirmationURL }}\n\n" IGNORE "\n"

/* Tables and styles at each element, since that is what mail programs show. */
#define OPENING(says)                                                                                                  \
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"                                                \
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\n"                                \
    "<body style=\"margin:0;padding:24px;background:#f3f4f6;"                                                          \
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#111827\">\n"              \
    "<table role=\"presentation\" align=\"center\" width=\"100%\" style=\"max-width:480px;background:#ffffff;"         \
    "border-radius:12px;border-spacing:0\"><tr><td style=\"padding:32px\">\n"                                          \
    "<p style=\"margin:0 0 24px;font-size:16px;line-height:1.5\">" says "</p>\n"
#define HEAD(says)                                                                                                     \
    OPENING(says)                                                                                                      \
    "<p style=\"margin:0 0 24px;font-size:32px;font-weight:700;letter-spacing:6px;text-align:center\">"                \
    "{{ .Token }}</p>\n"
#define BUTTON(label)                                                                                                  \
    "<p style=\"margin:0 0 24px;text-align:center\"><a href=\"{{ .ConfirmationURL }}\" style=\"display:inline-block;"  \
    "padding:12px "                                                                                                    \
    "24px;border-radius:8px;background:#2563eb;color:#ffffff;font-weight:600;text-decoration:none\">" label            \
    "</a></p>\n"
#define CLOSING "</td></tr></table>\n</body></html>\n"
#define FOOT    "<p style=\"margin:0;font-size:13px;color:#6b7280\">" IGNORE "</p>\n" CLOSING
#define TO_TRIPS                                                                                                       \
    "<p style=\"margin:0;text-align:center\"><a href=\"{{ .SiteURL }}\" style=\"display:inline-block;padding:12px "    \
    "24px;"                                                                                                            \
    "border-radius:8px;background:#2563eb;color:#ffffff;font-weight:600;text-decoration:none\">Open</a></p>\n"

#define CONFIRM "Confirm that {{ .Email }} is your e-mail address."
#define INVITED "You have been invited to make an account at {{ .SiteURL }}."
#define RESET   "Somebody, you we hope, wants to set a new password for {{ .Email }}."
#define SIGN_IN "Here is how you sign in to {{ .SiteURL }}."
#define CHANGE  "Confirm that the e-mail address of your account changes from {{ .Email }} to {{ .NewEmail }}."
#define IS_YOU  "Type this code to confirm that it is you."

#define SHARED  "The trip \"{{ .TripTitle }}\" was shared with you. What you may do there: {{ .Level }}."
#define LEVEL   "What you may do on the trip \"{{ .TripTitle }}\" is now: {{ .Level }}."
#define REMOVED "The trip \"{{ .TripTitle }}\" is not shared with you any more."

static const struct letter {
    const char *name, *type;
    tripsage__letter_words words;
} letters[TRIPSAGE__MAIL_KINDS] = {
    [TRIPSAGE__MAIL_CONFIRMATION] = {"confirmation",
                                     "signup",
                                     {"Confirm your e-mail address",
                                      TEXT(CONFIRM, "Type it where you signed up, or open this link:"),
                                      HEAD(CONFIRM) BUTTON("Confirm") FOOT}},
    [TRIPSAGE__MAIL_INVITE] = {"invite",
                               "invite",
                               {"You have been invited", TEXT(INVITED, "Type it there, or open this link to accept:"),
                                HEAD(INVITED) BUTTON("Accept") FOOT}},
    [TRIPSAGE__MAIL_RECOVERY] = {"recovery",
                                 "recovery",
                                 {"Set a new password",
                                  TEXT(RESET, "Type it where you asked for it, or open this link:"),
                                  HEAD(RESET) BUTTON("Set a new password") FOOT}},
    [TRIPSAGE__MAIL_MAGIC_LINK] = {"magic_link",
                                   "magiclink",
                                   {"Your code to sign in",
                                    TEXT(SIGN_IN, "Type it where you asked for it, or open this link:"),
                                    HEAD(SIGN_IN) BUTTON("Sign in") FOOT}},
    [TRIPSAGE__MAIL_EMAIL_CHANGE] = {"email_change",
                                     "email_change",
                                     {"Confirm the change of your e-mail address",
                                      TEXT(CHANGE, "Type it where you asked for the change, or open this link:"),
                                      HEAD(CHANGE) BUTTON("Confirm the change") FOOT}},
    [TRIPSAGE__MAIL_REAUTHENTICATION] =
        {"reauthentication", NULL, {"Your code", IS_YOU "\n\n    {{ .Token }}\n\n" IGNORE "\n", HEAD(IS_YOU) FOOT}},
    [TRIPSAGE__MAIL_TRIP_SHARED] = {"trip_shared",
                                    NULL,
                                    {"A trip was shared with you: {{ .TripTitle }}", SHARED "\n\n{{ .SiteURL }}\n",
                                     OPENING(SHARED) TO_TRIPS CLOSING}},
    [TRIPSAGE__MAIL_TRIP_LEVEL] = {"trip_level",
                                   NULL,
                                   {"Your part in a trip has changed: {{ .TripTitle }}", LEVEL "\n\n{{ .SiteURL }}\n",
                                    OPENING(LEVEL) TO_TRIPS CLOSING}},
    [TRIPSAGE__MAIL_TRIP_REMOVED] = {"trip_removed",
                                     NULL,
                                     {"A trip is not shared with you any more: {{ .TripTitle }}", REMOVED "\n",
                                      OPENING(REMOVED) CLOSING}},
};

const char *tripsage__letter_name(tripsage__mail_kind kind)
{
    return letters[kind].name;
}

const char *tripsage__letter_type(tripsage__mail_kind kind)
{
    return letters[kind].type;
}

const tripsage__letter_words *tripsage__letter_standard(tripsage__mail_kind kind)
{
    return &letters[kind].words;
}

/* ---- putting values in ---- */

static void put_escaped(tripsage__buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            TRIPSAGE__LIT(out, "&amp;");
            break;
        case '<':
            TRIPSAGE__LIT(out, "&lt;");
            break;
        case '>':
            TRIPSAGE__LIT(out, "&gt;");
            break;
        case '"':
            TRIPSAGE__LIT(out, "&#34;");
            break;
        case '\'':
            TRIPSAGE__LIT(out, "&#39;");
            break;
        default:
            tripsage__buf_putc(out, *text);
        }
    }
}

/* The value of a name that stands between {{ and }}; NULL: there is none. */
static const char *value_of(const char *name, size_t size, const tripsage__letter_values *v)
{
    static const tripsage__letter_values none = {"", "", "", "", "", "", "", "", ""};
    const tripsage__letter_values *from = v ? v : &none;
    const struct {
        const char *name, *value;
    } known[] = {{".ConfirmationURL", from->confirmation_url},
                 {".Token", from->token},
                 {".TokenHash", from->token_hash},
                 {".SiteURL", from->site_url},
                 {".RedirectTo", from->redirect_to},
                 {".Email", from->email},
                 {".NewEmail", from->new_email},
                 {".TripTitle", from->trip_title},
                 {".Level", from->level}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].name) == size && memcmp(known[i].name, name, size) == 0)
            return known[i].value;
    return NULL;
}

int tripsage__letter_put(tripsage__buf *out, const char *words, const tripsage__letter_values *values, int is_html)
{
    for (const char *open; (open = strstr(words, "{{")) != NULL;) {
        const char *name = open + 2 + strspn(open + 2, " "), *close = strstr(name, "}}");
        size_t size = strcspn(name, " }");
        const char *value = close ? value_of(name, size, values) : NULL;

        if (!value || name + size + strspn(name + size, " ") != close)
            return 0;
        if (values) {
            tripsage__buf_put(out, words, (size_t)(open - words));
            if (is_html)
                put_escaped(out, value);
            else
                tripsage__buf_puts(out, value);
        }
        words = close + 2;
    }
    if (values)
        tripsage__buf_puts(out, words);
    return 1;
}
