/* auth/v1/user.c: the caller's own account, and the end of his sessions. */
#include <string.h>

#include "auth/change.h"
#include "auth/statements.h"
#include "auth/v1/v1.h"

/* Between the gateway and here somebody may have deleted it. */
static tripsage_status read_own(tripsage__account *account, tripsage__v1_call *call)
{
    tripsage_status status =
        tripsage__account_read(account, call->auth->store, &tripsage__sql_account_by_id, call->actor->user_id);

    if (status == TRIPSAGE_ENOTFOUND)
        return TRIPSAGE__V1_FAIL(call, 403, "user_not_found", "User from sub claim in JWT does not exist");
    return status;
}

tripsage_status tripsage__v1_user_get(tripsage__v1_call *call)
{
    tripsage__account account;
    tripsage_status status = read_own(&account, call);

    if (status == TRIPSAGE_OK)
        tripsage__account_put(tripsage__v1_put_json(call), &account, 0);
    tripsage__account_free(&account);
    return status;
}

/* ---- changing it ---- */

/* What is asked for. Texts are borrowed from the body. */
struct wishes {
    char email[TRIPSAGE__EMAIL_SIZE];
    const char *password; /* NULL: stays */
    const tripsage__json *data;
    const char *nonce;
    tripsage__v1_pkce pkce;
};

static tripsage_status read_wishes(struct wishes *out, tripsage__v1_call *call)
{
    const char *email = tripsage__v1_text(call, "email"), *phone = tripsage__v1_text(call, "phone");
    tripsage_status status;

    memset(out, 0, sizeof *out);
    out->password = tripsage__v1_member(call, "password") ? tripsage__v1_text(call, "password") : NULL;
    out->data = tripsage__v1_object(call, "data");
    out->nonce = tripsage__v1_text(call, "nonce");
    TRIPSAGE_TRY(tripsage__v1_input(call));
    if (*email)
        TRIPSAGE_TRY(tripsage__v1_email(call, email, out->email));
    if (*phone)
        return TRIPSAGE__V1_FAIL(call, 400, "phone_provider_disabled", "Phone numbers are disabled");
    status = tripsage__v1_pkce_read(call, &out->pkce);
out:
    return status;
}

static tripsage_status check_password(tripsage__v1_call *call, const tripsage__account *account,
                                      const struct wishes *wishes)
{
    int matches = 0;
    tripsage_status status;

    if (!wishes->password)
        return TRIPSAGE_OK;
    TRIPSAGE_TRY(tripsage__v1_check_password(call, wishes->password, tripsage__account_address(account)));
    if (account->is_anonymous && !wishes->email[0])
        return TRIPSAGE__V1_FAIL(call, 422, "validation_failed",
                                 "Updating password of an anonymous user without an email or phone is not allowed");
    if (*account->password_hash)
        TRIPSAGE_TRY(
            tripsage__password_verify(&matches, call->auth->passwords, account->password_hash, wishes->password));
    if (matches)
        return TRIPSAGE__V1_FAIL(call, 422, "same_password", "New password should be different from the old password.");
out:
    return status;
}

static tripsage_status check_wishes(tripsage__v1_call *call, const tripsage__account *account,
                                    const struct wishes *wishes)
{
    if (tripsage__v1_member(call, "app_metadata"))
        return TRIPSAGE__V1_FAIL(call, 403, "not_admin", "Updating app_metadata requires admin privileges");
    return check_password(call, account, wishes);
}

static tripsage_status change(tripsage__v1_call *call, const struct wishes *wishes)
{
    char hash[TRIPSAGE__PASSWORD_HASH_SIZE];
    tripsage__buf data = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX + 1);
    tripsage__buf replaced = TRIPSAGE__BUF_INIT(TRIPSAGE__JSON_INPUT_MAX + 1);
    tripsage__account_change change = {.nonce = wishes->nonce,
                                       .email = wishes->email[0] ? wishes->email : NULL,
                                       .pkce = {wishes->pkce.challenge, wishes->pkce.method},
                                       .redirect_to = tripsage__v1_redirect(call)};
    tripsage_doc *user = NULL;
    tripsage_status status;

    if (wishes->data) {
        tripsage__json_put(&data, wishes->data);
        tripsage__shallow_put(&replaced, wishes->data);
        TRIPSAGE_TRY(tripsage__buf_status(&data));
        TRIPSAGE_TRY(tripsage__buf_status(&replaced));
        change.data = data.data;
        change.replaced = replaced.data;
    }
    if (wishes->password) {
        TRIPSAGE_TRY(tripsage__password_hash(hash, call->auth->passwords, call->auth->env, wishes->password));
        change.new_hash = hash;
    }
    TRIPSAGE_TRY(tripsage__account_change_write(&user, call->auth, call->actor, &change, 0));
    tripsage__v1_put_doc(call, user);
out:
    tripsage__buf_free(&data);
    tripsage__buf_free(&replaced);
    return status;
}

tripsage_status tripsage__v1_user_put(tripsage__v1_call *call)
{
    tripsage__account account = {.block = NULL};
    struct wishes wishes;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__auth_ask(call->auth, TRIPSAGE__THROTTLE_USER, NULL, &call->origin));
    TRIPSAGE_TRY(read_wishes(&wishes, call));
    TRIPSAGE_TRY(read_own(&account, call));
    TRIPSAGE_TRY(check_wishes(call, &account, &wishes));
    status = change(call, &wishes);
out:
    tripsage__account_free(&account);
    return status;
}

/* ---- signing out ---- */

tripsage_status tripsage__v1_logout(tripsage__v1_call *call)
{
    static const struct {
        const char *name;
        tripsage_sign_out scope;
    } scopes[] = {{"", TRIPSAGE_SIGN_OUT_GLOBAL},
                  {"global", TRIPSAGE_SIGN_OUT_GLOBAL},
                  {"local", TRIPSAGE_SIGN_OUT_LOCAL},
                  {"others", TRIPSAGE_SIGN_OUT_OTHERS}};
    const char *given = tripsage__v1_query(call, "scope");

    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (strcmp(given, scopes[i].name) == 0) {
            tripsage__v1_put_status(call, 204);
            return tripsage_auth_sign_out(call->auth, call->actor, scopes[i].scope);
        }
    return TRIPSAGE__V1_FAIL(call, 400, "validation_failed", "Unsupported logout scope \"%s\"", given);
}
