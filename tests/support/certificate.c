#include "support/certificate.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/temp.h"

void test_certificate_make(const char *certificate, const char *key, int days)
{
    char command[3 * TEST_PATH_SIZE];

    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days %d -subj /CN=localhost "
             "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
             days, key, certificate);
    if (system(command) != 0) {
        fprintf(stderr, "openssl req made no certificate\n");
        exit(EXIT_FAILURE);
    }
}
