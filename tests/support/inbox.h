/* support/inbox.h: the mails of a handle that has no mail server and writes them into its log: the newest ones, kept for the tests.
 *
 *     runtime.log = test_inbox_log;
 *     options.mail = &test_inbox_options;
 *     OK(tripsage_auth_recover(auth, NULL, "{\"email\":\"ann@example.org\"}", TRIPSAGE_NUL));
 *     OK(verify(OUT, "recovery", "ann@example.org", test_inbox_newest("recovery", "ann@example.org")->code)); */
#ifndef TEST_SUPPORT_INBOX_H
#define TEST_SUPPORT_INBOX_H

#include <stddef.h>
#include <tripsage/tripsage.h>

#define TEST_SITE "https://trips.example.org"

/* The site, and https://anything.example.net beside it; links begin with https://api.example.org. */
extern const tripsage_mail_options test_inbox_options;

typedef struct test_mail {
    char kind[24], to[64], code[8], link[512];
} test_mail;

void test_inbox_log(tripsage_log_level level, const char *room, const char *message, void *user);

/* Forgets them all. */
void test_inbox_clear(void);
size_t test_inbox_count(void);

/* From 0 on, oldest first; of the last 32. */
const test_mail *test_inbox_mail(size_t index);

/* The newest one, which must be of this kind and to this address. */
const test_mail *test_inbox_newest(const char *kind, const char *to);

/* The newest one to this address. */
const test_mail *test_inbox_to(const char *to);

/* What its link carries as "token"; kept. */
const char *test_mail_hash(const test_mail *mail);

#endif
