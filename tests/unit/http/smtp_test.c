/* A mail as it is written, and handed over to a server of the test's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_internal.h"
#include "support/chance.h"
#include "support/smtp_sink.h"
#include "unit/suite.h"

static test_chance chance;
static tripsage__env *env;
static tripsage__http *client;
static test_sink *sink;
static tripsage__smtp server;

static void set_up(void)
{
    tripsage_runtime runtime;

    test_chance_init(&chance);
    runtime = test_chance_runtime(&chance);
    ck_assert_ok(tripsage__env_new(&env, &runtime));
    ck_assert_ok(tripsage__http_new(&client, env, NULL));
}

static void tear_down(void)
{
    tripsage__http_free(client);
    tripsage__env_free(env);
    test_sink_close(sink);
}

static void serve(const test_sink_manners *manners, test_peer_tls tls)
{
    sink = test_sink_open(manners, tls);
    server.host = "127.0.0.1";
    server.port = (uint16_t)test_peer_port(test_sink_peer(sink));
}

static const tripsage__mail plain = {.from = "trips@example.org",
                                     .from_name = "Trips",
                                     .to = "ada@example.com",
                                     .subject = "Confirm your address",
                                     .text = "Hello\nYour code: 123456\n",
                                     .html = "<p>Your code: <b>123456</b></p>\n"};

/* ---- how it is written ---- */

static char written[256 * 1024];

static const char *write_mail(const tripsage__mail *mail)
{
    tripsage__buf out = TRIPSAGE__BUF_INIT(sizeof written);

    ck_assert_ok(tripsage__message_put(&out, env, mail));
    memcpy(written, out.data, out.size + 1);
    tripsage__buf_free(&out);
    return written;
}

START_TEST(has_the_headers_of_a_mail)
{
    static const char begins[] = "Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
                                 "From: \"Trips\" <trips@example.org>\r\n"
                                 "To: <ada@example.com>\r\n"
                                 "Subject: Confirm your address\r\n"
                                 "Message-ID: <";
    const char *text = write_mail(&plain);

    ck_assert_int_eq(strncmp(text, begins, sizeof begins - 1), 0);
    ck_assert_ptr_nonnull(strstr(text, "@example.org>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                                       "Content-Type: multipart/alternative;\r\n boundary=\"=_"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                                       "Hello\r\nYour code: 123456\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
}
END_TEST

START_TEST(is_made_of_short_ascii_lines)
{
    tripsage__mail mail = plain;
    char body[4096] = ".\nFrom here\n= =\ntab\t\nspace \r\n", html[8192];

    for (int i = 0; i < 60; i++)
        strcat(body, "\xe6\x97\x85\xe8\xa1\x8c and words ");
    snprintf(html, sizeof html, "<p>%s", body);
    mail.text = body;
    mail.html = html;
    mail.subject =
        "\xe6\x97\x85\xe8\xa1\x8c\xe3\x81\xae\xe7\xa2\xba\xe8\xaa\x8d \xe2\x80\x93 please confirm that this is "
        "really your address and nobody else's";
    mail.from_name = "J\xc3\xb6rg \"the\" tripmaster, who has such a very long name that it does not fit into one line";
    write_mail(&mail);
    for (const char *line = written, *end; *line; line = end + 2) {
        end = strstr(line, "\r\n");
        ck_assert_ptr_nonnull(end);
        ck_assert_msg(end - line <= 76, "%.*s", (int)(end - line), line);
        ck_assert_msg(*line != '.' && strncmp(line, "From ", 5) != 0, "%.*s", (int)(end - line), line);
        for (const char *c = line; c < end; c++)
            ck_assert_msg((unsigned char)*c < 0x7f && (*c >= ' ' || *c == '\t'), "%.*s", (int)(end - line), line);
        ck_assert_msg(end == line || (end[-1] != ' ' && end[-1] != '\t'), "%.*s|", (int)(end - line), line);
    }
    ck_assert_ptr_nonnull(strstr(written, "From: =?UTF-8?B?SsO2cmcg"));
    ck_assert_ptr_nonnull(strstr(written, "Subject: =?UTF-8?B?5peF6KGM44Gu56K66KqN"));
}
END_TEST

START_TEST(quotes_a_name)
{
    tripsage__mail mail = plain;

    mail.from_name = "a \"b\" \\ <c@d>, e";
    ck_assert_ptr_nonnull(strstr(write_mail(&mail), "From: \"a \\\"b\\\" \\\\ <c@d>, e\" <trips@example.org>\r\n"));
    mail.from_name = NULL;
    ck_assert_ptr_nonnull(strstr(write_mail(&mail), "From: <trips@example.org>\r\n"));
    mail.subject = "=?UTF-8?Q?no?=";
    ck_assert_ptr_nonnull(strstr(write_mail(&mail), "Subject: =?UTF-8?B?PT9VVEYtOD9RP25vPz0=?=\r\n"));
}
END_TEST

START_TEST(lets_nobody_write_a_header)
{
    static const char *const addresses[] = {
        "a@b\r\nBcc: c@d", "a@b\nx",  "a@b>",       "<a@b>", "a b@c", "a@b,c@d",   "", "nobody", "@b", "a@",
        "a@b@c",           "a@b\x7f", "\xc3\xa4@b", "a@b;c", "a\"@b", "a@b SIZE=1"};
    static const char *const lines[] = {"a\r\nBcc: c@d", "a\nb", "a\rb", "a\tb", "\xff", "a\x1b[31m"};
    tripsage__buf out = TRIPSAGE__BUF_INIT(65536);

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        tripsage__mail mail = plain;

        ck_assert_msg(!tripsage__mail_is_address(addresses[i]), "%s", addresses[i]);
        mail.to = addresses[i];
        ck_assert_fails(tripsage__message_put(&out, env, &mail), TRIPSAGE_EINVALID);
        mail = plain;
        mail.from = addresses[i];
        ck_assert_fails(tripsage__message_put(&out, env, &mail), TRIPSAGE_EINVALID);
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        tripsage__mail mail = plain;

        mail.subject = lines[i];
        ck_assert_fails(tripsage__message_put(&out, env, &mail), TRIPSAGE_EINVALID);
        mail = plain;
        mail.from_name = lines[i];
        ck_assert_fails(tripsage__message_put(&out, env, &mail), TRIPSAGE_EINVALID);
    }
    ck_assert_uint_eq(out.size, 0);
}
END_TEST

/* ---- how it is handed over ---- */

START_TEST(arrives)
{
    const test_sink_mail *got;
    char *text, *html;

    serve(NULL, TEST_PEER_PLAIN);
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    ck_assert_uint_eq(test_sink_count(sink), 2);
    got = test_sink_mail_to(sink, "ada@example.com");
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got->from, "trips@example.org");
    text = test_sink_body(got, "plain");
    html = test_sink_body(got, "html");
    ck_assert_str_eq(text, "Hello\nYour code: 123456\n\n");
    ck_assert_str_eq(html, "<p>Your code: <b>123456</b></p>\n\n");
    free(text);
    free(html);
}
END_TEST

START_TEST(signs_in)
{
    test_sink_manners manners = {.password = "me:hunter2"};

    serve(&manners, TEST_PEER_PLAIN);
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EINVALID);
    server.user = "me";
    server.password = "wrong";
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EINVALID);
    ck_assert_int_eq(tripsage_last_error()->native, 67); /* CURLE_LOGIN_DENIED */
    ck_assert_ptr_null(strstr(tripsage_last_error()->message, "wrong"));
    server.password = "hunter2";
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    ck_assert_uint_eq(test_sink_count(sink), 1);
}
END_TEST

START_TEST(signs_in_without_a_mail)
{
    test_sink_manners manners = {.password = "me:hunter2"};

    serve(&manners, TEST_PEER_PLAIN);
    server.user = "me";
    server.password = "wrong";
    ck_assert_fails(tripsage__smtp_sign_in(client, &server, 0), TRIPSAGE_EINVALID);
    server.password = "hunter2";
    ck_assert_ok(tripsage__smtp_sign_in(client, &server, 0));
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    ck_assert_ok(tripsage__smtp_sign_in(client, &server, 0));
    ck_assert_uint_eq(test_sink_count(sink), 1);
    server.encryption = TRIPSAGE__SMTP_MUST;
    ck_assert_fails(tripsage__smtp_sign_in(client, &server, 0), TRIPSAGE_EUNAVAILABLE);
    test_peer_refuse(test_sink_peer(sink));
    ck_assert_fails(tripsage__smtp_sign_in(client, &server, 0), TRIPSAGE_EUNAVAILABLE);
}
END_TEST

/* A password goes over no line that others read. */
START_TEST(encrypts_or_does_not_send)
{
    test_sink_manners manners = {.password = "me:hunter2"};
    tripsage__http_options options = {NULL, NULL};

    server.user = "me";
    server.password = "hunter2";
    serve(&manners, TEST_PEER_PLAIN);
    server.encryption = TRIPSAGE__SMTP_MUST;
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EUNAVAILABLE);
    ck_assert_int_eq(tripsage_last_error()->native, 64); /* CURLE_USE_SSL_FAILED */
    server.encryption = TRIPSAGE__SMTP_MAY;
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    test_sink_close(sink);

    serve(&manners, TEST_PEER_STARTTLS);
    server.encryption = TRIPSAGE__SMTP_MUST;
    ck_assert_fails(tripsage__mail_send(client, &server, &plain),
                    TRIPSAGE_EUNAVAILABLE); /* an authority nobody knows */
    ck_assert_uint_eq(test_sink_count(sink), 0);
    tripsage__http_free(client);
    options.authorities = test_peer_certificate(test_sink_peer(sink));
    ck_assert_ok(tripsage__http_new(&client, env, &options));
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    ck_assert_int_eq(test_sink_mail_at(sink, 0, 0)->encrypted, 1);
}
END_TEST

START_TEST(tells_now_from_never)
{
    test_sink_manners manners = {.to_answer = "550 no such user", .answers = 1};

    serve(&manners, TEST_PEER_PLAIN);
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EINVALID);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "550"));
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    manners.to_answer = "451 later";
    manners.answers = 2;
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EUNAVAILABLE);
    ck_assert_ok(tripsage__mail_send(client, &server, &plain));
    test_peer_refuse(test_sink_peer(sink));
    tripsage__http_free(client);
    ck_assert_ok(tripsage__http_new(&client, env, NULL));
    ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EUNAVAILABLE);
}
END_TEST

START_TEST(keeps_the_deadline)
{
    test_sink_manners manners = {.delay_ms = 60000};
    tripsage__mail mail = plain;
    int64_t began = tripsage__monotonic_ms();

    mail.deadline_ms = 500;
    serve(&manners, TEST_PEER_PLAIN);
    ck_assert_fails(tripsage__mail_send(client, &server, &mail), TRIPSAGE_ETIMEOUT);
    manners.delay_ms = 0;
    ck_assert_ok(tripsage__mail_send(client, &server, &plain)); /* over another connection */
    tripsage__http_free(client);
    client = NULL;
    ck_assert_int_lt((int)(tripsage__monotonic_ms() - began), 5000);
}
END_TEST

START_TEST(refuses_what_is_no_host)
{
    static const char *const hosts[] = {NULL, "", "a/b", "a b", "me@a", "a?b", "a\r\nb"};

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        server.host = hosts[i];
        ck_assert_fails(tripsage__mail_send(client, &server, &plain), TRIPSAGE_EINVALID);
    }
}
END_TEST

SUITE_MAIN_WITH("http/smtp", set_up, tear_down, has_the_headers_of_a_mail, is_made_of_short_ascii_lines, quotes_a_name,
                lets_nobody_write_a_header, arrives, signs_in, signs_in_without_a_mail, encrypts_or_does_not_send,
                tells_now_from_never, keeps_the_deadline, refuses_what_is_no_host)
