/* auth/factor_calls.c: the calls of tripsage/auth.h about second factors. */
#include <string.h>

#include "auth/factors.h"
#include "auth/project.h"
#include "auth/read.h"

static tripsage_status check_session(const tripsage_actor *actor)
{
    tripsage_status status = tripsage__actor_check(actor);

    if (status == TRIPSAGE_OK && !actor->session_id[0])
        return TRIPSAGE_FAIL_FIELD("#actor", "has no session: it was not made from a token");
    return status;
}

static tripsage_status check_id(char out[TRIPSAGE__UUID_SIZE], const char *text, const char *argument)
{
    if (!text || !tripsage__uuid_parse(text, out))
        return TRIPSAGE_FAIL_FIELD(argument, "expected a UUID");
    return TRIPSAGE_OK;
}

tripsage_status tripsage_auth_factor_enroll(tripsage_doc **factor, tripsage_auth *auth, const tripsage_actor *actor,
                                            const tripsage_auth_client *client, const char *json, size_t length)
{
    tripsage__reader r = {.root = NULL};
    const char *name = "", *issuer = "TripSage";
    tripsage__origin origin;
    tripsage_status status;

    *factor = NULL;
    TRIPSAGE_TRY(check_session(actor));
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__reader_open(&r, json, length));
    tripsage__read_text(&r, "friendly_name", TRIPSAGE__OPTIONAL, 1, TRIPSAGE__FACTOR_NAME_MAX, &name);
    if (tripsage__read_text(&r, "issuer", TRIPSAGE__OPTIONAL, 1, TRIPSAGE__FACTOR_ISSUER_MAX, &issuer) ==
            TRIPSAGE__PRESENT &&
        strlen(issuer) > TRIPSAGE__FACTOR_ISSUER_MAX)
        tripsage__reader_complain(&r, "issuer", "expected at most %d bytes", TRIPSAGE__FACTOR_ISSUER_MAX);
    tripsage__reader_close_object(&r);
    TRIPSAGE_TRY(tripsage__reader_status(&r));
    if (auth->supabase) {
        const tripsage__project_asked asked = {.actor = actor, .values = {name, issuer}};

        status = tripsage__project_ask(factor, auth, TRIPSAGE__PROJECT_FACTOR_ENROLL, &asked);
        goto out;
    }
    status = tripsage__factor_enroll(factor, auth, actor, &origin, name, issuer);
out:
    tripsage__reader_free(&r);
    return status;
}

tripsage_status tripsage_auth_factor_challenge(tripsage_doc **challenge, tripsage_auth *auth,
                                               const tripsage_actor *actor, const tripsage_auth_client *client,
                                               const char *factor_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage__origin origin;
    tripsage_status status;

    *challenge = NULL;
    TRIPSAGE_TRY(check_session(actor));
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(check_id(id, factor_id, "#factor_id"));
    if (auth->supabase) {
        const tripsage__project_asked asked = {.actor = actor, .part = id};

        status = tripsage__project_ask(challenge, auth, TRIPSAGE__PROJECT_FACTOR_CHALLENGE, &asked);
        goto out;
    }
    status = tripsage__factor_challenge(challenge, auth, actor, &origin, id);
out:
    return status;
}

tripsage_status tripsage_auth_factor_verify(tripsage_doc **session, tripsage_auth *auth, const tripsage_actor *actor,
                                            const tripsage_auth_client *client, const char *factor_id,
                                            const char *challenge_id, const char *code)
{
    char factor[TRIPSAGE__UUID_SIZE], challenge[TRIPSAGE__UUID_SIZE];
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(check_session(actor));
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(check_id(factor, factor_id, "#factor_id"));
    TRIPSAGE_TRY(check_id(challenge, challenge_id, "#challenge_id"));
    if (auth->supabase) {
        const tripsage__project_asked asked = {.actor = actor, .part = factor, .values = {challenge, code ? code : ""}};

        status = tripsage__project_ask(session, auth, TRIPSAGE__PROJECT_FACTOR_VERIFY, &asked);
        goto out;
    }
    status = tripsage__factor_verify(&grant, auth, actor, &origin, factor, challenge, code ? code : "",
                                     TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    return status;
}

tripsage_status tripsage_auth_factor_unenroll(tripsage_auth *auth, const tripsage_actor *actor, const char *factor_id)
{
    char id[TRIPSAGE__UUID_SIZE];
    tripsage_status status;

    TRIPSAGE_TRY(check_session(actor));
    TRIPSAGE_TRY(check_id(id, factor_id, "#factor_id"));
    if (auth->supabase) {
        const tripsage__project_asked asked = {.actor = actor, .part = id};

        status = tripsage__project_ask(NULL, auth, TRIPSAGE__PROJECT_FACTOR_UNENROLL, &asked);
        goto out;
    }
    status = tripsage__factor_unenroll(auth, actor, id);
out:
    return status;
}

tripsage_status tripsage_auth_factor_list(tripsage_doc **factors, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_doc *doc = NULL;
    tripsage_status status;

    *factors = NULL;
    TRIPSAGE_TRY(tripsage__actor_check(actor));
    TRIPSAGE_TRY(tripsage__doc_new(&doc, 1024));
    TRIPSAGE__LIT(&doc->json, "{\"factors\":");
    if (auth->supabase)
        TRIPSAGE_TRY(tripsage__project_factors(&doc->json, auth, actor));
    else
        TRIPSAGE_TRY(tripsage__factor_list(&doc->json, auth, actor->user_id));
    tripsage__buf_putc(&doc->json, '}');
out:
    return tripsage__doc_finish(factors, doc, status);
}

tripsage_status tripsage_auth_recovery_codes(tripsage_doc **codes, tripsage_auth *auth, const tripsage_actor *actor)
{
    tripsage_status status = check_session(actor);

    *codes = NULL;
    if (status == TRIPSAGE_OK)
        status = tripsage__project_lacks(auth, "recovery codes");
    return status == TRIPSAGE_OK ? tripsage__recovery_codes_make(codes, auth, actor) : status;
}

tripsage_status tripsage_auth_recovery_verify(tripsage_doc **session, tripsage_auth *auth, const tripsage_actor *actor,
                                              const tripsage_auth_client *client, const char *code)
{
    tripsage__grant grant = {.doc = NULL};
    tripsage__origin origin;
    tripsage_status status;

    *session = NULL;
    TRIPSAGE_TRY(check_session(actor));
    TRIPSAGE_TRY(tripsage__read_client(&origin, client));
    TRIPSAGE_TRY(tripsage__project_lacks(auth, "recovery codes"));
    status = tripsage__recovery_code_use(&grant, auth, actor, &origin, code ? code : "", TRIPSAGE__USER_NATIVE);
    *session = grant.doc;
out:
    return status;
}
