/* support/webhook.h: webhooks signed as Standard Webhooks has it, written once more for the tests. */
#ifndef TEST_SUPPORT_WEBHOOK_H
#define TEST_SUPPORT_WEBHOOK_H

#include <stdint.h>

#define TEST_WEBHOOK_SECRET "0123456789abcdef0123456789abcdef"

/* "v1,<base64>" over "<id>.<seconds>.<body>" with the bytes of `secret`. Kept. */
const char *test_webhook_sign(const char *secret, const char *id, int64_t seconds, const char *body);

/* The message of a row of trip_collaborator; `now` and `before` are levels, 0 where there is no row. Kept. */
const char *test_webhook_of_collaborator(const char *trip, const char *user, int now, int before);

#endif
