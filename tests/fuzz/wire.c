/* wire.c: requests of Supabase Auth's wire. The input is a line, "METHOD PATH?QUERY", and a body. It is asked by a guest who is signed in,
 * or by the service role where the path is an administrator's. Whatever comes, the answer is whole, and never that something broke
 * inside. */
#include <string.h>
#include <tripsage/auth_serve.h>

#include "base/json.h"
#include "fuzz.h"

#define SERVICE_KEY "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"
/* Then the database is made anew: what inputs leave in it must not slow down those that follow. */
#define INPUTS_MAX 2000

static char bearer[4096]; /* libFuzzer has one thread */

static tripsage_auth *accounts(void)
{
    static tripsage_auth *auth;
    static int inputs;
    tripsage_auth_options options = TRIPSAGE_AUTH_OPTIONS_INIT;

    if (inputs++ % INPUTS_MAX == 0) {
        tripsage_auth_close(auth);
        options.argon2_memory_kib = 8;
        options.argon2_passes = 1;
        options.no_limits = 1;
        options.service_key = SERVICE_KEY;
        FUZZ_CHECK(tripsage_auth_open(&auth, "sqlite::memory:", &options, NULL) == TRIPSAGE_OK);
    }
    return auth;
}

static void sign_in(tripsage_auth *auth)
{
    tripsage_doc *session;

    FUZZ_CHECK(tripsage_auth_sign_in_anonymously(&session, auth, NULL, "{}", TRIPSAGE_NUL) == TRIPSAGE_OK);
    snprintf(bearer, sizeof bearer, "Bearer %s", tripsage_doc_text(session, "/access_token"));
    tripsage_doc_free(session);
}

static const char *header_of(void *context, const char *name)
{
    const char *path = context;

    if (strcmp(name, "apikey") == 0)
        return SERVICE_KEY;
    if (strcmp(name, "authorization") == 0)
        return strncmp(path, "/admin", 6) == 0 || strcmp(path, "/invite") == 0 ? NULL : bearer;
    return strcmp(name, "x-supabase-api-version") == 0 ? "2024-01-01" : NULL;
}

static void check_answer(const tripsage_auth_response *response)
{
    int http = tripsage_auth_response_status(response), is_json = 0;
    const char *name, *value, *body;
    tripsage__json *parsed = NULL;
    size_t length;

    FUZZ_CHECK(http >= 200 && http < 500);
    for (size_t i = 0; tripsage_auth_response_header(response, i, &name, &value); i++) {
        FUZZ_CHECK(!strpbrk(value, "\r\n"));
        is_json |= strcmp(value, "application/json") == 0;
    }
    body = tripsage_auth_response_body(response, &length);
    FUZZ_CHECK(body[length] == '\0' && strlen(body) == length);
    FUZZ_CHECK(!is_json || tripsage__json_parse(&parsed, body, length) == TRIPSAGE_OK);
    tripsage__json_free(parsed);
}

/* The next word of the line, in place. */
static char *word(char **line, const char *ends)
{
    char *begin = *line;

    *line += strcspn(begin, ends);
    if (**line)
        *(*line)++ = '\0';
    return begin;
}

static void ask(tripsage_auth *auth, char *line, const uint8_t *body, size_t length)
{
    tripsage_auth_request request = TRIPSAGE_AUTH_REQUEST_INIT;
    tripsage_auth_response *response;

    request.method = word(&line, " ");
    request.path = word(&line, "?");
    request.query = line;
    request.header = header_of;
    request.context = (void *)(size_t)request.path;
    request.body = (const char *)body;
    request.length = length;
    FUZZ_CHECK(tripsage_auth_serve(&response, auth, &request) == TRIPSAGE_OK);
    check_answer(response);
    tripsage_auth_response_free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    tripsage_auth *auth = accounts();
    char *line = malloc(length + 1);

    FUZZ_CHECK(line);
    if (length)
        memcpy(line, data, length);
    line[length] = '\0';
    sign_in(auth);
    ask(auth, line, end ? end + 1 : NULL, end ? size - length - 1 : 0);
    free(line);
    return 0;
}
