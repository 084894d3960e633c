/* support/certificate.h: a certificate for localhost and 127.0.0.1 that nobody has signed but itself. */
#ifndef TEST_SUPPORT_CERTIFICATE_H
#define TEST_SUPPORT_CERTIFICATE_H

/* Writes both files as PEM; `days` is how long it holds. Ends the program when it cannot. */
void test_certificate_make(const char *certificate, const char *key, int days);

#endif
