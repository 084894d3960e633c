/* support/inbox.c: see inbox.h. */
#include "inbox.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

enum { ROOM = 32 };

const tripsage_mail_options test_inbox_options = {.version = 1,
                                                  .log_mails = 1,
                                                  .site_url = TEST_SITE,
                                                  .redirect_urls = "https://*.example.net/**",
                                                  .external_url = "https://api.example.org"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static test_mail mails[ROOM];
static size_t count;

/* "recovery mail to ann@example.org, not sent: the code is 123456", and behind it the same with "the link is https://...". */
void test_inbox_log(tripsage_log_level level, const char *room, const char *message, void *user)
{
    test_mail mail = {.kind = ""};
    const char *link = strstr(message, ", not sent: the link is ");

    (void)level;
    (void)room;
    (void)user;
    pthread_mutex_lock(&lock);
    if (sscanf(message, "%23s mail to %63[^,], not sent: the code is %7s", mail.kind, mail.to, mail.code) == 3)
        mails[count++ % ROOM] = mail;
    else if (link && count)
        sscanf(link, ", not sent: the link is %511s", mails[(count - 1) % ROOM].link);
    pthread_mutex_unlock(&lock);
}

void test_inbox_clear(void)
{
    count = 0;
}

size_t test_inbox_count(void)
{
    return count;
}

const test_mail *test_inbox_mail(size_t index)
{
    ck_assert_msg(index < count && index + ROOM >= count, "there is no mail %zu of %zu", index, count);
    return &mails[index % ROOM];
}

const test_mail *test_inbox_newest(const char *kind, const char *to)
{
    const test_mail *mail = test_inbox_mail(count - 1);

    SAME_TEXT(mail->kind, kind);
    SAME_TEXT(mail->to, to);
    return mail;
}

const test_mail *test_inbox_to(const char *to)
{
    for (size_t i = count; i > 0 && i + ROOM > count; i--)
        if (strcmp(mails[(i - 1) % ROOM].to, to) == 0)
            return &mails[(i - 1) % ROOM];
    ck_abort_msg("there is no mail to %s", to);
    return NULL;
}

const char *test_mail_hash(const test_mail *mail)
{
    const char *at = strstr(mail->link, "token=");

    ck_assert_msg(at != NULL, "no token in \"%s\"", mail->link);
    return test_format("%.*s", (int)strcspn(at + 6, "&"), at + 6);
}
