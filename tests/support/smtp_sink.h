/* support/smtp_sink.h: a mail server of the test's own that keeps what it gets. */
#ifndef TEST_SUPPORT_SMTP_SINK_H
#define TEST_SUPPORT_SMTP_SINK_H

#include "peer.h"

typedef struct test_sink test_sink;

/* How it behaves; all but the password may be changed between mails. All zero: takes everything. */
typedef struct test_sink_manners {
    const char *password;          /* "user:password" to be given by AUTH PLAIN; NULL: nobody has to */
    const char *_Atomic to_answer; /* to RCPT TO, as "550 no such user"; NULL: 250 */
    _Atomic long answers;          /* that many times; 0: always */
    _Atomic int delay_ms;          /* before the answer to a message */
} test_sink_manners;

typedef struct test_sink_mail {
    char from[512], to[512]; /* as given to MAIL FROM and RCPT TO */
    char *message;           /* dots taken off again, lines end with "\n" */
    int encrypted;
} test_sink_mail;

/* With TEST_PEER_STARTTLS it offers STARTTLS. */
test_sink *test_sink_open(const test_sink_manners *manners, test_peer_tls tls);
void test_sink_close(test_sink *sink); /* NULL is fine */
test_peer *test_sink_peer(test_sink *sink);

/* So many milliseconds it waits for the mail with this number, from 0 on; NULL when it does not come. It stays until the sink is closed. */
const test_sink_mail *test_sink_mail_at(test_sink *sink, size_t index, int ms);
size_t test_sink_count(test_sink *sink);

/* Looks at the last mail that came to this address (NULL when there is none). */
const test_sink_mail *test_sink_mail_to(test_sink *sink, const char *address);

/* A body part of the mail, "plain" or "html", decoded; malloc'ed. NULL when there is none. */
char *test_sink_body(const test_sink_mail *mail, const char *type);

#endif
