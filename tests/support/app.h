/* support/app.h: an authenticator app. */
#ifndef TEST_SUPPORT_APP_H
#define TEST_SUPPORT_APP_H

#include <stdint.h>

/* The code it shows at a time, for a secret in base32. */
void test_app_code(char out[7], const char *secret, int64_t now_ms);

#endif
