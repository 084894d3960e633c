/* http/smtp.c: a mail, handed over to a server. What it looks like is message.c's. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "http/http_internal.h"

/* 25 MiB is what mail servers take at most; ours have some KiB. */
#define MESSAGE_MAX ((size_t)1024 * 1024)
/* The longest name of a host (RFC 1035, 2.3.4). */
#define HOST_MAX    253
#define SUBMISSION  587 /* RFC 6409 */
#define SUBMISSIONS 465 /* RFC 8314 */

int tripsage__smtp_is_host(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    return length && length <= HOST_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == length;
}

static int is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static tripsage_status make_url(char out[HOST_MAX + 32], const tripsage__smtp *server)
{
    unsigned port = server->port ? server->port : SUBMISSION;
    const char *scheme = port == SUBMISSIONS ? "smtps" : "smtp";

    if (!tripsage__smtp_is_host(server->host))
        return TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the mail server's host is no name and no address");
    snprintf(out, HOST_MAX + 32, strchr(server->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", scheme, server->host, port);
    return TRIPSAGE_OK;
}

static tripsage_status hand_over(tripsage__http *http, const tripsage__smtp *server, tripsage__transfer_mail transfer,
                                 int64_t deadline)
{
    char url[HOST_MAX + 32];
    tripsage_status status;

    TRIPSAGE_TRY(make_url(url, server));
    transfer.url = url;
    transfer.user = server->user;
    transfer.password = server->password;
    transfer.encryption = server->encryption;
    if (server->encryption == TRIPSAGE__SMTP_STANDARD && !is_loopback(server->host))
        transfer.encryption = TRIPSAGE__SMTP_MUST;
    status = tripsage__transfer_smtp(http->transfers, &transfer, deadline);
out:
    return status;
}

static int64_t deadline_in(uint32_t ms)
{
    return tripsage__monotonic_ms() + (ms ? ms : TRIPSAGE__HTTP_DEADLINE_MS);
}

tripsage_status tripsage__mail_send(tripsage__http *http, const tripsage__smtp *server, const tripsage__mail *mail)
{
    int64_t deadline = deadline_in(mail->deadline_ms);
    tripsage__buf message = TRIPSAGE__BUF_INIT(MESSAGE_MAX);
    tripsage__transfer_mail transfer = {.from = mail->from, .to = mail->to, .stop = mail->stop};
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__message_put(&message, http->env, mail));
    transfer.message = message.data;
    transfer.size = message.size;
    status = hand_over(http, server, transfer, deadline);
out:
    if (message.data) /* codes and links that sign people in */
        tripsage__wipe(message.data, message.capacity);
    tripsage__buf_free(&message);
    return status;
}

tripsage_status tripsage__smtp_sign_in(tripsage__http *http, const tripsage__smtp *server, uint32_t deadline_ms)
{
    tripsage__transfer_mail transfer = {.message = NULL};

    return hand_over(http, server, transfer, deadline_in(deadline_ms));
}
