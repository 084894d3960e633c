/* support/smtp_sink.c: see smtp_sink.h. */
#include "smtp_sink.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

enum { MAILS_MAX = 4096 };

struct test_sink {
    test_peer *peer;
    const test_sink_manners *manners;
    test_peer_tls tls;
    pthread_mutex_t lock; /* over what follows */
    test_sink_mail *mails[MAILS_MAX];
    size_t count;
    long answered;
};

static void *need(void *block)
{
    if (!block) {
        perror("memory");
        exit(EXIT_FAILURE);
    }
    return block;
}

/* The lines up to the one with a dot alone. */
static char *read_message(test_conn *conn)
{
    char line[2048], *text = need(calloc(1, 1));
    size_t size = 0;

    while (test_conn_line(conn, line, sizeof line)) {
        const char *content = line[0] == '.' ? line + 1 : line;

        if (strcmp(line, ".") == 0)
            return text;
        text = need(realloc(text, size + strlen(content) + 2));
        size += (size_t)sprintf(text + size, "%s\n", content);
    }
    free(text);
    return NULL;
}

static void keep(test_sink *sink, test_sink_mail *mail)
{
    pthread_mutex_lock(&sink->lock);
    if (sink->count < MAILS_MAX)
        sink->mails[sink->count++] = mail;
    pthread_mutex_unlock(&sink->lock);
}

/* "AUTH PLAIN <base64 of NUL user NUL password>". */
static int knows(const test_sink *sink, const char *line)
{
    unsigned char said[512] = {0}, wanted[512] = {0};
    size_t size = strlen(line);

    if (size > 600 || EVP_DecodeBlock(said, (const unsigned char *)line, (int)size) < 0)
        return 0;
    wanted[0] = ' ';
    snprintf((char *)wanted + 1, sizeof wanted - 1, "%s", sink->manners->password);
    *strchr((char *)wanted, ':') = '\0';
    wanted[0] = '\0';
    return memcmp(said, wanted, strlen(sink->manners->password) + 2) == 0;
}

static int answers_again(test_sink *sink)
{
    int again;

    pthread_mutex_lock(&sink->lock);
    again = sink->manners->to_answer && (!sink->manners->answers || sink->answered < sink->manners->answers);
    sink->answered += again;
    pthread_mutex_unlock(&sink->lock);
    return again;
}

typedef struct dialogue {
    test_sink *sink;
    test_conn *conn;
    test_sink_mail mail;
    int encrypted, known;
} dialogue;

static void greet(dialogue *d)
{
    test_conn_say(d->conn, "250-sink\r\n");
    if (d->sink->manners->password)
        test_conn_say(d->conn, "250-AUTH PLAIN\r\n");
    if (d->sink->tls == TEST_PEER_STARTTLS && !d->encrypted)
        test_conn_say(d->conn, "250-STARTTLS\r\n");
    test_conn_say(d->conn, "250 8BITMIME\r\n");
}

static void take(dialogue *d)
{
    test_sink_mail *kept = need(malloc(sizeof *kept));

    test_conn_say(d->conn, "354 go\r\n");
    *kept = d->mail;
    kept->encrypted = d->encrypted;
    kept->message = read_message(d->conn);
    if (!kept->message) {
        free(kept);
        return;
    }
    test_conn_wait(d->conn, d->sink->manners->delay_ms);
    keep(d->sink, kept);
    test_conn_say(d->conn, "250 taken\r\n");
}

/* The password comes with the command, or when it is asked for. */
static int sign_in(dialogue *d, const char *given)
{
    char line[1024];

    if (*given != ' ') {
        test_conn_say(d->conn, "334 \r\n");
        if (!test_conn_line(d->conn, line, sizeof line))
            return 0;
        given = line;
    }
    d->known = knows(d->sink, given + (*given == ' '));
    test_conn_say(d->conn, d->known ? "235 welcome\r\n" : "535 who are you\r\n");
    return 1;
}

/* 0: the dialogue is over. */
static int answer(dialogue *d, const char *line)
{
    if (strncasecmp(line, "EHLO", 4) == 0)
        greet(d);
    else if (strcasecmp(line, "STARTTLS") == 0 && d->sink->tls == TEST_PEER_STARTTLS) {
        test_conn_say(d->conn, "220 go\r\n");
        d->encrypted = 1;
        return test_conn_start_tls(d->conn);
    } else if (strncasecmp(line, "AUTH PLAIN", 10) == 0 && d->sink->manners->password)
        return sign_in(d, line + 10);
    else if (d->sink->manners->password && !d->known && strncasecmp(line, "MAIL", 4) == 0)
        test_conn_say(d->conn, "530 who are you\r\n");
    else if (sscanf(line, "MAIL FROM:<%511[^>]>", d->mail.from) == 1)
        test_conn_say(d->conn, "250 ok\r\n");
    else if (sscanf(line, "RCPT TO:<%511[^>]>", d->mail.to) == 1)
        test_conn_say(d->conn, "%s\r\n", answers_again(d->sink) ? d->sink->manners->to_answer : "250 ok");
    else if (strcasecmp(line, "DATA") == 0)
        take(d);
    else if (strcasecmp(line, "RSET") == 0 || strcasecmp(line, "NOOP") == 0)
        test_conn_say(d->conn, "250 ok\r\n");
    else if (strcasecmp(line, "QUIT") == 0) {
        test_conn_say(d->conn, "221 bye\r\n");
        return 0;
    } else
        test_conn_say(d->conn, "500 what\r\n");
    return 1;
}

static void serve(test_conn *conn, void *user)
{
    dialogue d = {.sink = user, .conn = conn};
    char line[2048];

    d.encrypted = d.sink->tls == TEST_PEER_TLS;
    test_conn_say(conn, "220 sink ESMTP\r\n");
    while (test_conn_line(conn, line, sizeof line) && answer(&d, line))
        ;
}

test_sink *test_sink_open(const test_sink_manners *manners, test_peer_tls tls)
{
    static const test_sink_manners good = {0};
    test_sink *sink = need(calloc(1, sizeof *sink));

    sink->manners = manners ? manners : &good;
    sink->tls = tls;
    pthread_mutex_init(&sink->lock, NULL);
    sink->peer = test_peer_open(serve, sink, tls);
    return sink;
}

void test_sink_close(test_sink *sink)
{
    if (!sink)
        return;
    test_peer_close(sink->peer);
    for (size_t i = 0; i < sink->count; i++) {
        free(sink->mails[i]->message);
        free(sink->mails[i]);
    }
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

test_peer *test_sink_peer(test_sink *sink)
{
    return sink->peer;
}

size_t test_sink_count(test_sink *sink)
{
    size_t count;

    pthread_mutex_lock(&sink->lock);
    count = sink->count;
    pthread_mutex_unlock(&sink->lock);
    return count;
}

const test_sink_mail *test_sink_mail_at(test_sink *sink, size_t index, int ms)
{
    for (; test_sink_count(sink) <= index && ms > 0; ms -= 10)
        poll(NULL, 0, 10);
    return test_sink_count(sink) > index ? sink->mails[index] : NULL;
}

const test_sink_mail *test_sink_mail_to(test_sink *sink, const char *address)
{
    for (size_t i = test_sink_count(sink); i > 0; i--)
        if (strcmp(sink->mails[i - 1]->to, address) == 0)
            return sink->mails[i - 1];
    return NULL;
}

/* Quoted-printable (RFC 2045, 6.7), up to a line that begins with "--=_". */
static char *decode(const char *text)
{
    char *out = need(malloc(strlen(text) + 1)), *to = out;

    while (*text && strncmp(text, "--=_", 4) != 0) {
        const char *end = text + strcspn(text, "\n");

        for (; text < end; text++) {
            unsigned byte;

            if (*text != '=')
                *to++ = *text;
            else if (sscanf(text + 1, "%2X", &byte) == 1 && text + 1 < end) {
                *to++ = (char)byte;
                text += 2;
            }
        }
        if (*end == '\n') {
            if (end[-1] != '=')
                *to++ = '\n';
            text = end + 1;
        }
    }
    *to = '\0';
    return out;
}

char *test_sink_body(const test_sink_mail *mail, const char *type)
{
    char head[64];
    const char *part;

    snprintf(head, sizeof head, "Content-Type: text/%s; charset=utf-8\n", type);
    part = strstr(mail->message, head);
    part = part ? strstr(part, "\n\n") : NULL;
    return part ? decode(part + 2) : NULL;
}
