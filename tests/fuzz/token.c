/* token.c: access tokens and keys of a project. The input is a token, or, with a line's end in it, a header and claims that are put into one
 * whose signature is right, so that what stands behind the signature is met as well. */
#include <string.h>

#include "auth/jwk.h"
#include "auth/token.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "fuzz.h"

#define SECRET "a-secret-of-a-fuzz-target-of-32-bytes"
#define NOW    INT64_C(1772366400000) /* 2026-03-01T12:00:00Z */

static const char jwks[] =
    "{\"keys\":[{\"kid\":\"e\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
    "{\"kid\":\"o\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
    "{\"kid\":\"r\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
    "wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw"
    "-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
    "bSf63kpaSHSXndS5z5rexMdbBYUs"
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91"
    "kzk2PAcDTW9gb54h4FRWyuXpoQ\"}]}";

static const tripsage__keyset *keys(void)
{
    static tripsage__keyset *set; /* libFuzzer has one thread */

    if (!set)
        FUZZ_CHECK(tripsage__keyset_parse(&set, jwks, sizeof jwks - 1) == TRIPSAGE_OK);
    return set;
}

static void check_actor(const tripsage_actor *actor, const char *claims, size_t size)
{
    FUZZ_CHECK(strlen(actor->user_id) == 36);
    FUZZ_CHECK(actor->session_id[0] == '\0' || strlen(actor->session_id) == 36);
    FUZZ_CHECK(actor->expires_at_ms > NOW - TRIPSAGE__TOKEN_SKEW_MS);
    FUZZ_CHECK(!claims || (strlen(actor->claims) == size && memcmp(actor->claims, claims, size) == 0));
}

/* `claims`: what was put into the token; NULL: nobody knows. */
static void read_token(const char *text, size_t length, const char *claims, size_t size)
{
    tripsage__token_key key = {"", NULL, SECRET, sizeof SECRET - 1};
    tripsage__token_role role;
    tripsage__token token;
    tripsage_actor *actor;

    if (tripsage__token_open(&token, text, length) != TRIPSAGE_OK)
        return;
    FUZZ_CHECK(strlen(token.kid) <= TRIPSAGE__KID_MAX);
    if (token.algorithm != TRIPSAGE__HS256)
        key.pair = tripsage__keyset_find(keys(), token.kid, token.algorithm, NOW);
    if (tripsage__token_actor(&actor, &token, &key, "tripsage", NOW) == TRIPSAGE_OK) {
        FUZZ_CHECK(token.algorithm == TRIPSAGE__HS256); /* nobody has the others' private keys */
        check_actor(actor, claims, size);
    }
    tripsage_actor_free(actor);
    if (tripsage__token_role_of(&role, &token, &key, NOW) == TRIPSAGE_OK)
        FUZZ_CHECK(token.algorithm == TRIPSAGE__HS256 && role != TRIPSAGE__ROLE_NONE);
    else
        FUZZ_CHECK(role == TRIPSAGE__ROLE_NONE);
}

static void read_signed(const char *header, size_t header_size, const char *claims, size_t size)
{
    tripsage__buf token = TRIPSAGE__BUF_INIT(16 * 1024 * 1024);
    unsigned char code[TRIPSAGE__SHA256_SIZE];

    tripsage__base64url_put(&token, header, header_size);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, claims, size);
    FUZZ_CHECK(tripsage__hmac_sha256(code, SECRET, sizeof SECRET - 1, token.data, token.size) == TRIPSAGE_OK);
    tripsage__buf_putc(&token, '.');
    tripsage__base64url_put(&token, code, sizeof code);
    FUZZ_CHECK(tripsage__buf_status(&token) == TRIPSAGE_OK);
    read_token(token.data, token.size, claims, size);
    tripsage__buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;

    if (end)
        read_signed(text, (size_t)(end - text), end + 1, size - (size_t)(end - text) - 1);
    else
        read_token(text, size, NULL, 0);
    return 0;
}
