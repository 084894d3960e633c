/* support/webhook.c: see webhook.h. It goes past the library's own HMAC. */
#include "support/webhook.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "support/expect.h"

const char *test_webhook_sign(const char *secret, const char *id, int64_t seconds, const char *body)
{
    const char *text = test_format("%s.%lld.%s", id, (long long)seconds, body);
    unsigned char mac[32], base64[64];
    unsigned int size = 0;

    ck_assert_ptr_nonnull(
        HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &size));
    EVP_EncodeBlock(base64, mac, (int)size);
    return test_format("v1,%s", (const char *)base64);
}

static const char *row(const char *trip, const char *user, int level)
{
    return level ? test_format("{\"trip_id\":\"%s\",\"user_id\":\"%s\",\"level\":%d,\"position\":1}", trip, user, level)
                 : "null";
}

const char *test_webhook_of_collaborator(const char *trip, const char *user, int now, int before)
{
    return test_format("{\"type\":\"%s\",\"schema\":\"tripsage\",\"table\":\"trip_collaborator\",\"record\":%s,"
                       "\"old_record\":%s}",
                       !before ? "INSERT"
                       : now   ? "UPDATE"
                               : "DELETE",
                       row(trip, user, now), row(trip, user, before));
}
