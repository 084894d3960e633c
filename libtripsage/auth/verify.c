/* auth/verify.c: the actor behind a token: out of the cache, or by signature, claims and session. */
#include <string.h>

#include <tripsage/doc.h>

#include "auth/auth_internal.h"
#include "auth/statements.h"

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

/* The long way. The counter is asked before the session: see verified.h. */
static tripsage_status verify(tripsage_actor **out, tripsage_auth *auth, const tripsage__verified_key *name,
                              const char *token, size_t length, int64_t now_ms)
{
    tripsage_actor *actor = NULL;
    tripsage_status status;
    uint32_t generation;

    TRIPSAGE_TRY(tripsage__token_read(&actor, &auth->signer, token, length, now_ms));
    generation = tripsage__verified_generation(auth->verified, actor->user_id);
    TRIPSAGE_TRY(check_session(auth, actor, now_ms));
    tripsage__verified_keep(auth->verified, name, actor, generation, now_ms);
    *out = actor;
    actor = NULL;
out:
    tripsage_actor_free(actor);
    return status;
}

tripsage_status tripsage_auth_verify(tripsage_actor **actor, tripsage_auth *auth, const char *token, size_t length)
{
    char text[TRIPSAGE__TOKEN_MAX + 1]; /* with the NUL libjwt needs */
    tripsage__verified_key name;
    tripsage_status status;
    int64_t now_ms;

    *actor = NULL;
    if (token && length == TRIPSAGE_NUL)
        length = strlen(token);
    if (!token || length == 0 || length > TRIPSAGE__TOKEN_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "a token has 1 to %zu characters", TRIPSAGE__TOKEN_MAX);
    tripsage__verified_name(&name, auth->verified, token, length);
    now_ms = tripsage__now_ms(auth->env);
    status = tripsage__verified_find(actor, auth->verified, &name, now_ms);
    if (status != TRIPSAGE_ENOTFOUND)
        return status;
    memcpy(text, token, length);
    text[length] = '\0';
    return verify(actor, auth, &name, text, length, now_ms);
}
