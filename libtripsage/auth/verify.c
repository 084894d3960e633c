/* auth/verify.c: the actor behind a token: out of the cache, or by signature, claims and session. */
#include <string.h>

#include <tripsage/doc.h>

#include "auth/auth_internal.h"
#include "auth/statements.h"

static tripsage_status found_session(void *context, const tripsage__row *row)
{
    (void)row;
    *(int *)context = 1;
    return TRIPSAGE_OK;
}

static void no_session_yet(void *context)
{
    *(int *)context = 0;
}

static tripsage_status check_session(const tripsage_auth *auth, const tripsage_actor *actor, int64_t now_ms)
{
    tripsage__value params[] = {tripsage__text(actor->session_id), tripsage__text(actor->user_id),
                                tripsage__int(now_ms - TRIPSAGE__TOKEN_SKEW_MS)};
    int alive = 0;
    tripsage__step step = {.statement = &tripsage__sql_session_alive,
                           .params = params,
                           .param_count = 3,
                           .on_begin = no_session_yet,
                           .on_row = found_session,
                           .context = &alive};
    tripsage_status status = tripsage__store_read(auth->store, NULL, &step, 1);

    if (status == TRIPSAGE_OK && !alive)
        return TRIPSAGE_FAIL(TRIPSAGE_ETOKEN, "the token's session has ended");
    return status;
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
