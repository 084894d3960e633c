/* auth/verify.c: the handle's keys put to use: signing the token of a session; the actor behind a token, out of the cache, or by signature,
 * claims and session. */
#include <string.h>

#include <tripsage/doc.h>

#include "auth/auth_internal.h"
#include "auth/project.h"
#include "auth/statements.h"
#include "base/doc.h"
#include "base/memory.h"

/* ---- making ---- */

tripsage_status tripsage__auth_sign(char **token, const tripsage_auth *auth, const tripsage__account *account,
                                    const tripsage__session *session)
{
    tripsage__held_key held;
    tripsage_status status = tripsage__signing_keys_current(&held, auth->signing_keys);

    *token = NULL;
    if (status == TRIPSAGE_OK)
        status = tripsage__token_sign(token, &held.key, auth->issuer, account, session);
    tripsage__held_key_release(&held);
    return status;
}

tripsage_status tripsage_auth_ping(tripsage_auth *auth)
{
    tripsage__held_key held;
    tripsage_status status;

    if (auth->supabase)
        return TRIPSAGE_OK;
    status = tripsage__signing_keys_current(&held, auth->signing_keys);
    tripsage__held_key_release(&held);
    return status;
}

/* ---- checking ---- */

/* What the database says of a token's user and session. */
struct standing {
    int user, session;
    int64_t banned_until, deleted_at;
};

static void nobody_yet(void *context)
{
    memset(context, 0, sizeof(struct standing));
}

static tripsage_status take_standing(void *context, const tripsage__row *row)
{
    struct standing *s = context;

    s->user = 1;
    s->banned_until = tripsage__row_int(row, 0);
    s->deleted_at = tripsage__row_int(row, 1);
    s->session = (int)tripsage__row_int(row, 2);
    return TRIPSAGE_OK;
}

/* A token that names no session has none to be asked for. */
static tripsage_status check_session(const tripsage_auth *auth, const tripsage_actor *actor, int64_t now_ms)
{
    const tripsage__value params[] = {tripsage__text(actor->session_id), tripsage__text(actor->user_id),
                                      tripsage__int(now_ms)};
    struct standing s;
    const tripsage__step step = {.statement = &tripsage__sql_session_alive,
                                 .params = params,
                                 .param_count = 3,
                                 .on_begin = nobody_yet,
                                 .on_row = take_standing,
                                 .context = &s};
    tripsage_status status;

    nobody_yet(&s);
    status = tripsage__store_read(auth->store, NULL, &step, 1);
    if (status != TRIPSAGE_OK)
        return status;
    if (!s.user || s.deleted_at)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "user_not_found", "User from sub claim in JWT does not exist");
    if (actor->session_id[0] && !s.session)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "session_not_found",
                                    "Session from session_id claim in JWT does not exist");
    if (s.banned_until > now_ms)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "user_banned", "User is banned");
    return TRIPSAGE_OK;
}

/* The key of the Supabase project's that a token was signed with. */
static tripsage_status find_projects(tripsage__held_key *out, const tripsage_auth *auth, const tripsage__token *token)
{
    const tripsage__key *key = NULL;
    tripsage_status status = tripsage__supabase_find(&out->set, &key, auth->supabase, token->algorithm, token->kid);

    out->found = key != NULL;
    out->key.kid = token->kid;
    out->key.pair = key;
    return status;
}

/* The key that a token names: the project's in Supabase mode, but for its secret, which is a setting of ours. */
static tripsage_status find_key(tripsage__held_key *out, const tripsage_auth *auth, const tripsage__token *token)
{
    if (auth->supabase && token->algorithm != TRIPSAGE__HS256)
        return find_projects(out, auth, token);
    return tripsage__signing_keys_find(out, auth->signing_keys, token->algorithm, token->kid);
}

tripsage_status tripsage__auth_read_token(tripsage_actor **out, const tripsage_auth *auth, const char *text,
                                          size_t length)
{
    tripsage__held_key held = {.found = 0};
    tripsage__token token;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__token_open(&token, text, length));
    TRIPSAGE_TRY(find_key(&held, auth, &token));
    status =
        tripsage__token_actor(out, &token, held.found ? &held.key : NULL, auth->issuer, tripsage__now_ms(auth->env));
out:
    tripsage__held_key_release(&held);
    return status;
}

/* The long way. The counter is asked before the session: see verified.h. */
static tripsage_status verify(tripsage_actor **out, tripsage_auth *auth, const tripsage__verified_key *name,
                              const char *token, size_t length, int64_t now_ms)
{
    tripsage_actor *actor = NULL;
    tripsage_status status;
    uint32_t generation;

    TRIPSAGE_TRY(tripsage__auth_read_token(&actor, auth, token, length));
    generation = tripsage__verified_generation(auth->verified, actor->user_id);
    if (auth->supabase)
        TRIPSAGE_TRY(tripsage__project_check(auth, actor, token, length, now_ms));
    else
        TRIPSAGE_TRY(check_session(auth, actor, now_ms));
    tripsage__verified_keep(auth->verified, name, actor, generation, now_ms);
    *out = actor;
    actor = NULL;
out:
    tripsage_actor_free(actor);
    return status;
}

/* What calls are made with where the project has the accounts. */
static tripsage_status keep_token(tripsage_actor **actor, const char *token, size_t length)
{
    (*actor)->token = tripsage__strndup(token, length);
    if ((*actor)->token)
        return TRIPSAGE_OK;
    tripsage_actor_free(*actor);
    *actor = NULL;
    return TRIPSAGE_NOMEM();
}

tripsage_status tripsage_auth_verify(tripsage_actor **actor, tripsage_auth *auth, const char *token, size_t length)
{
    tripsage__verified_key name;
    tripsage_status status;
    int64_t now_ms;

    *actor = NULL;
    if (token && length == TRIPSAGE_NUL)
        length = strlen(token);
    if (!token || length == 0 || length > TRIPSAGE__TOKEN_MAX)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ETOKEN, "bad_jwt", "a token has 1 to %zu characters", TRIPSAGE__TOKEN_MAX);
    tripsage__verified_name(&name, auth->verified, token, length);
    now_ms = tripsage__now_ms(auth->env);
    status = tripsage__verified_find(actor, auth->verified, &name, now_ms);
    if (status == TRIPSAGE_ENOTFOUND)
        status = verify(actor, auth, &name, token, length, now_ms);
    tripsage__count(auth->observer, TRIPSAGE__COUNT_TOKEN, tripsage_status_code(status));
    return status == TRIPSAGE_OK && auth->supabase ? keep_token(actor, token, length) : status;
}

tripsage_status tripsage__auth_project_key(int *is_service, tripsage_auth *auth, const char *text, size_t length)
{
    tripsage__held_key held = {.found = 0};
    tripsage__token_role role = TRIPSAGE__ROLE_NONE;
    tripsage__token token;
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__token_open(&token, text, length));
    TRIPSAGE_TRY(find_key(&held, auth, &token));
    status = tripsage__token_role_of(&role, &token, held.found ? &held.key : NULL, tripsage__now_ms(auth->env));
out:
    *is_service = role == TRIPSAGE__ROLE_SERVICE;
    tripsage__held_key_release(&held);
    return status;
}

/* ---- the keys themselves ---- */

/* Gives a document that `put` writes. */
static tripsage_status make_keys_doc(tripsage_doc **out, const tripsage_auth *auth,
                                     tripsage_status (*put)(tripsage__buf *buf, tripsage__signing_keys *keys))
{
    tripsage_doc *doc;
    tripsage_status status = tripsage__doc_new(&doc, 1024);

    *out = NULL;
    if (status != TRIPSAGE_OK)
        return status;
    status = put(&doc->json, auth->signing_keys);
    return tripsage__doc_finish(out, doc, status);
}

tripsage_status tripsage_auth_jwks(tripsage_doc **out, tripsage_auth *auth)
{
    if (auth->supabase)
        return tripsage__project_ask(out, auth, TRIPSAGE__PROJECT_JWKS, &(tripsage__project_asked){.part = NULL});
    return make_keys_doc(out, auth, tripsage__signing_keys_put);
}

static tripsage_status check_service(const tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->is_service)
        return TRIPSAGE_FAIL(TRIPSAGE_EFORBIDDEN, "only the service role may look after signing keys");
    return status == TRIPSAGE_OK ? tripsage__project_lacks(auth, "call to look after signing keys") : status;
}

tripsage_status tripsage_auth_signing_keys(tripsage_doc **out, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = check_service(auth, actor);

    *out = NULL;
    return status == TRIPSAGE_OK ? make_keys_doc(out, auth, tripsage__signing_keys_list) : status;
}

tripsage_status tripsage_auth_rotate_signing_key(tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = check_service(auth, actor);

    if (status != TRIPSAGE_OK)
        return status;
    return tripsage__signing_keys_rotate(auth->signing_keys, (int64_t)auth->token_ttl_s * 1000);
}
