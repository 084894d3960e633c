/* The receiver of the database's webhooks over HTTP: from a signed row to a mail in a mailbox, and who is turned away. */
#include <string.h>
#include <time.h>

#include "suite.h"
#include "support/smtp_sink.h"
#include "support/webhook.h"

#define NOTIFICATIONS "/api/webhooks/trip-notifications"
#define INVALIDATION  "/api/webhooks/cache-invalidation"

static http_answer *post(const char *path, const char *id, int64_t seconds, const char *signature, const char *body)
{
    return http_call(&server, NULL, "POST", path,
                     test_format("webhook-id: %s\r\nwebhook-timestamp: %lld\r\nwebhook-signature: %s\r\n", id,
                                 (long long)seconds, signature),
                     body);
}

static http_answer *tell(const char *path, const char *id, const char *body)
{
    int64_t now = time(NULL);

    return post(path, id, now, test_webhook_sign(TEST_WEBHOOK_SECRET, id, now, body), body);
}

START_TEST(a_row_becomes_a_mail)
{
    test_sink *sink = test_sink_open(NULL, TEST_PEER_PLAIN);
    const char *ann, *bob_id, *trip, *body;
    const test_sink_mail *mail;
    char *text;

    http_server_start(&server, TRIPSAGE_SERVER,
                      (const char *const[]){"WEBHOOK_SECRET=" TEST_WEBHOOK_SECRET, "SMTP_HOST=127.0.0.1",
                                            "SMTP_ADMIN_EMAIL=trips@example.org", "ENABLE_EMAIL_AUTOCONFIRM=true",
                                            "SITE_URL=https://trips.example.org",
                                            test_format("SMTP_PORT=%d", test_peer_port(test_sink_peer(sink))), NULL});
    ann = http_register(&server, "ann@example.org", NULL);
    http_register(&server, "bob@example.org", &bob_id);
    trip = http_text(ANSWERS(201, http_call(&server, ann, "POST", "/api/trips", NULL, A_TRIP("<b>Kyoto</b>"))), "/id");
    body = test_webhook_of_collaborator(trip, bob_id, 3, 0);
    ck_assert_str_eq(http_text(ANSWERS(200, tell(NOTIFICATIONS, "msg_1", body)), "/event"), "shared");
    mail = test_sink_mail_at(sink, 0, 20000);
    ck_assert_ptr_nonnull(mail);
    ck_assert_str_eq(mail->to, "bob@example.org");
    text = test_sink_body(mail, "plain");
    ck_assert_msg(strstr(text, "\"<b>Kyoto</b>\" was shared with you") && strstr(text, "edit"), "%s", text);
    free(text);
    text = test_sink_body(mail, "html");
    ck_assert_msg(strstr(text, "&lt;b&gt;Kyoto&lt;/b&gt;") && strstr(text, "https://trips.example.org"), "%s", text);
    free(text);

    ck_assert_str_eq(http_value(ANSWERS(200, tell(NOTIFICATIONS, "msg_1", body)), "/duplicate"), "true");
    ck_assert_str_eq(http_value(ANSWERS(200, tell(INVALIDATION, "msg_2", body)), "/invalidated"), "0");
    ck_assert_uint_eq(test_sink_count(sink), 1);
    ANSWERS(401, http_call(&server, NULL, "POST", NOTIFICATIONS, NULL, body));
    ANSWERS(401, http_call(&server, ann, "POST", NOTIFICATIONS, NULL, body)); /* who is signed in is not the database */
    ANSWERS(401, post(NOTIFICATIONS, "msg_3", time(NULL), "v1,AAAA", body));
    ANSWERS(401, post(NOTIFICATIONS, "msg_3", 1, test_webhook_sign(TEST_WEBHOOK_SECRET, "msg_3", 1, body), body));
    ANSWERS(422, tell(NOTIFICATIONS, "msg_4", "{}"));
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_sink_close(sink);
}
END_TEST

START_TEST(without_a_secret_there_is_nothing)
{
    const char *output;
    char folder[TEST_PATH_SIZE];

    http_server_start(&server, TRIPSAGE_SERVER, NULL);
    ANSWERS(404, tell(NOTIFICATIONS, "msg_1", "{}"));
    ANSWERS(404, tell(INVALIDATION, "msg_1", "{}"));
    ck_assert_int_eq(http_server_stop(&server, NULL), 0);
    test_temp_make(folder);
    ck_assert_int_eq(
        http_program(TRIPSAGE_SERVER, folder, NULL, (const char *const[]){"WEBHOOK_SECRET=short", NULL}, &output), 78);
    ck_assert_ptr_nonnull(strstr(output, "WEBHOOK_SECRET: expected at least 32"));
    test_temp_remove(folder);
}
END_TEST

SUITE_PROGRAM("server/webhook", (void)server, a_row_becomes_a_mail, without_a_secret_there_is_nothing)
