/* The mails of accounts: what they say, how they reach a mail server of the test's own, and what becomes of them when it is not well. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite.h"
#include "auth/letter.h"
#include "auth/mail.h"
#include "support/failing.h"
#include "support/smtp_sink.h"

enum { SOON = 20000 }; /* milliseconds that are enough on any machine */

static tripsage__env *env;
static tripsage__mailer *mailer;
static test_sink *sink;
static char logged[8192];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void take_log(tripsage_log_level level, const char *room, const char *message, void *user)
{
    (void)user;
    pthread_mutex_lock(&log_lock);
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%d %s %s\n", (int)level, room, message);
    pthread_mutex_unlock(&log_lock);
}

static int is_logged(const char *text)
{
    int found;

    pthread_mutex_lock(&log_lock);
    found = strstr(logged, text) != NULL;
    pthread_mutex_unlock(&log_lock);
    return found;
}

static void set_up(void)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;

    test_heap_install();
    runtime.log = take_log;
    ck_assert_ok(tripsage__env_new(&env, &runtime));
}

static void tear_down(void)
{
    tripsage__mailer_free(mailer);
    tripsage__env_free(env);
    test_sink_close(sink);
}

static tripsage_mail_options options_for(const test_sink_manners *manners)
{
    tripsage_mail_options options = TRIPSAGE_MAIL_OPTIONS_INIT;

    sink = test_sink_open(manners, TEST_PEER_PLAIN);
    options.host = "127.0.0.1";
    options.port = (uint32_t)test_peer_port(test_sink_peer(sink));
    options.sender = "trips@example.org";
    options.sender_name = "Trips";
    options.site_url = "https://app.example.org";
    options.external_url = "https://api.example.org/";
    return options;
}

static void open_mailer(const test_sink_manners *manners)
{
    tripsage_mail_options options = options_for(manners);

    ck_assert_ok(tripsage__mailer_new(&mailer, env, &options));
}

static const tripsage__account_mail example = {.kind = TRIPSAGE__MAIL_CONFIRMATION,
                                               .to = "ada@example.com",
                                               .code = "123456",
                                               .token_hash = "0123456789abcdef",
                                               .redirect_to = "https://app.example.org/welcome?a=b&c=d"};

#define LINK(type)                                                                                                     \
    "https://api.example.org/auth/v1/verify?token=0123456789abcdef&type=" type                                         \
    "&redirect_to=https%3A%2F%2Fapp.example.org%2Fwelcome%3Fa%3Db%26c%3Dd"

static const test_sink_mail *sent(const tripsage__account_mail *mail)
{
    size_t index = test_sink_count(sink);
    const test_sink_mail *got;

    ck_assert_ok(tripsage__mailer_send(mailer, mail));
    got = test_sink_mail_at(sink, index, SOON);
    ck_assert_msg(got != NULL, "no mail came: %s", logged);
    return got;
}

/* ---- what they say ---- */

START_TEST(each_kind_has_code_and_link)
{
    static const struct {
        tripsage__mail_kind kind;
        const char *subject, *link, *html_link;
    } table[] = {
        {TRIPSAGE__MAIL_CONFIRMATION, "Confirm your e-mail address", LINK("signup"), "type=signup&amp;redirect_to="},
        {TRIPSAGE__MAIL_INVITE, "You have been invited", LINK("invite"), "type=invite&amp;redirect_to="},
        {TRIPSAGE__MAIL_RECOVERY, "Set a new password", LINK("recovery"), "type=recovery&amp;redirect_to="},
        {TRIPSAGE__MAIL_MAGIC_LINK, "Your code to sign in", LINK("magiclink"), "type=magiclink&amp;redirect_to="},
        {TRIPSAGE__MAIL_EMAIL_CHANGE, "Confirm the change of your e-mail address", LINK("email_change"),
         "type=email_change&amp;redirect_to="},
        {TRIPSAGE__MAIL_REAUTHENTICATION, "Your code", NULL, NULL},
    };

    open_mailer(NULL);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage__account_mail mail = example;
        const test_sink_mail *got;
        char subject[128], *text, *html;

        mail.kind = table[i].kind;
        mail.new_email = "ada@new.example.com";
        got = sent(&mail);
        text = test_sink_body(got, "plain");
        html = test_sink_body(got, "html");
        snprintf(subject, sizeof subject, "\nSubject: %s\n", table[i].subject);
        ck_assert_msg(strstr(got->message, subject) != NULL, "%s", got->message);
        ck_assert_str_eq(got->to, "ada@example.com");
        ck_assert_msg(strstr(text, "\n    123456\n") != NULL && strstr(html, ">123456</p>") != NULL, "%s", text);
        ck_assert_msg((strstr(text, "http") != NULL) == (table[i].link != NULL), "%s", text);
        ck_assert_msg(!table[i].link || strstr(text, table[i].link) != NULL, "%s", text);
        ck_assert_msg(!table[i].link || strstr(html, table[i].html_link) != NULL, "%s", html);
        ck_assert_ptr_null(strstr(text, "{{"));
        ck_assert_ptr_null(strstr(html, "{{"));
        free(text);
        free(html);
    }
}
END_TEST

START_TEST(what_comes_from_people_is_escaped)
{
    tripsage__account_mail mail = example;
    const test_sink_mail *got;
    char *html;

    open_mailer(NULL);
    mail.kind = TRIPSAGE__MAIL_EMAIL_CHANGE;
    mail.email = "a&b'c@example.com"; /* an address may be that */
    mail.new_email = "<img src=x onerror=\"alert(1)\">";
    got = sent(&mail);
    html = test_sink_body(got, "html");
    ck_assert_ptr_nonnull(strstr(html, "a&amp;b&#39;c@example.com to &lt;img src=x onerror=&#34;alert(1)&#34;&gt;."));
    free(html);
}
END_TEST

START_TEST(words_may_be_ones_own)
{
    tripsage_mail_template templates[] = {
        {"confirmation", "{{ .Token }} ist Ihr Code f\xc3\xbcr {{.SiteURL}}", NULL,
         "<a href=\"{{ .SiteURL }}/go?h={{ .TokenHash }}&r={{ .RedirectTo }}\">{{ .Email }}</a>"},
        {"recovery", NULL, "only text: {{ .ConfirmationURL }}", NULL}};
    tripsage_mail_options options = options_for(NULL);
    tripsage__account_mail mail = example;
    const test_sink_mail *got;
    char *text, *html;

    options.templates = templates;
    options.template_count = 2;
    ck_assert_ok(tripsage__mailer_new(&mailer, env, &options));
    got = sent(&mail);
    text = test_sink_body(got, "plain");
    html = test_sink_body(got, "html");
    ck_assert_ptr_nonnull(strstr(got->message, "\nSubject: =?UTF-8?B?MTIzNDU2IGlzdCBJaHIgQ29kZSBmw7xy"));
    ck_assert_ptr_nonnull(strstr(text, "Confirm that ada@example.com is your e-mail address."));
    ck_assert_str_eq(
        html, "<a href=\"https://app.example.org/go?h=0123456789abcdef&r=https://app.example.org/welcome?a=b&amp;"
              "c=d\">ada@example.com</a>\n");
    free(text);
    free(html);
    mail.kind = TRIPSAGE__MAIL_RECOVERY;
    got = sent(&mail);
    text = test_sink_body(got, "plain");
    ck_assert_str_eq(text, "only text: " LINK("recovery") "\n");
    ck_assert_ptr_nonnull(strstr(got->message, "\nSubject: Set a new password\n"));
    free(text);
}
END_TEST

START_TEST(refuses_wrong_options)
{
    static const tripsage_mail_template bad[] = {{"welcome", "a", NULL, NULL},
                                                 {NULL, "a", NULL, NULL},
                                                 {"invite", "{{ .Data.name }}", NULL, NULL},
                                                 {"invite", NULL, "{{ .Token", NULL},
                                                 {"invite", NULL, NULL, "{{ if .Token }}"},
                                                 {"invite", "two\nlines", NULL, NULL},
                                                 {"invite", NULL, "\xff", NULL},
                                                 {"invite", NULL, "{{}}", NULL}};
    static const struct {
        const char *host, *sender, *sender_name, *site;
        uint32_t port, version;
    } table[] = {{"a b", "a@b", NULL, NULL, 0, 1},       {"host", NULL, NULL, NULL, 0, 1},
                 {"host", "nobody", NULL, NULL, 0, 1},   {"host", "a@b", "two\nlines", NULL, 0, 1},
                 {"host", "a@b", NULL, "ftp://x", 0, 1}, {"host", "a@b", NULL, NULL, 65536, 1},
                 {"host", "a@b", NULL, NULL, 0, 2}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tripsage_mail_options options = TRIPSAGE_MAIL_OPTIONS_INIT;

        options.templates = &bad[i];
        options.template_count = 1;
        ck_assert_fails(tripsage__mailer_new(&mailer, env, &options), TRIPSAGE_EINVALID);
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        tripsage_mail_options options = {.version = table[i].version,
                                         .host = table[i].host,
                                         .port = table[i].port,
                                         .sender = table[i].sender,
                                         .sender_name = table[i].sender_name,
                                         .site_url = table[i].site};

        ck_assert_fails(tripsage__mailer_new(&mailer, env, &options), TRIPSAGE_EINVALID);
    }
}
END_TEST

START_TEST(sends_people_where_they_may_go)
{
    tripsage_mail_options options = TRIPSAGE_MAIL_OPTIONS_INIT;

    options.site_url = "https://app.example.org/start";
    options.redirect_urls = "myapp://**";
    ck_assert_ok(tripsage__mailer_new(&mailer, env, &options));
    ck_assert_str_eq(tripsage__mailer_redirect(mailer, "https://app.example.org/a"), "https://app.example.org/a");
    ck_assert_str_eq(tripsage__mailer_redirect(mailer, "myapp://a"), "myapp://a");
    ck_assert_str_eq(tripsage__mailer_redirect(mailer, "https://evil.test/"), "https://app.example.org/start");
    ck_assert_str_eq(tripsage__mailer_redirect(mailer, NULL), "https://app.example.org/start");
}
END_TEST

/* ---- without a mail server ---- */

START_TEST(refuses_without_a_server)
{
    ck_assert_ok(tripsage__mailer_new(&mailer, env, NULL));
    ck_assert_fails(tripsage__mailer_check(mailer), TRIPSAGE_ENOTSUP);
    ck_assert_fails(tripsage__mailer_send(mailer, &example), TRIPSAGE_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(tripsage_last_error()->message, "SMTP_HOST"));
    ck_assert_str_eq(logged, "");
}
END_TEST

START_TEST(goes_into_the_log_in_development)
{
    tripsage_mail_options options = TRIPSAGE_MAIL_OPTIONS_INIT;
    tripsage__account_mail mail = example;

    options.log_mails = 1;
    ck_assert_ok(tripsage__mailer_new(&mailer, env, &options));
    mail.redirect_to = NULL;
    ck_assert_ok(tripsage__mailer_check(mailer));
    ck_assert_ok(tripsage__mailer_send(mailer, &mail));
    ck_assert_str_eq(logged, "3 auth confirmation mail to ada@example.com, not sent: the code is 123456\n"
                             "3 auth confirmation mail to ada@example.com, not sent: the link is "
                             "http://localhost:3000/auth/v1/verify?token=0123456789abcdef&type=signup&"
                             "redirect_to=http://localhost:3000\n");
}
END_TEST

/* ---- with a mail server that is not well ---- */

START_TEST(waits_for_nobody)
{
    test_sink_manners manners = {.delay_ms = 2000};
    int64_t began;

    open_mailer(&manners);
    began = tripsage__monotonic_ms();
    ck_assert_ok(tripsage__mailer_send(mailer, &example));
    ck_assert_ok(tripsage__mailer_send(mailer, &example));
    ck_assert_int_lt((int)(tripsage__monotonic_ms() - began), 2000);
    ck_assert_ptr_nonnull(test_sink_mail_at(sink, 1, SOON));
}
END_TEST

START_TEST(tries_again_when_it_is_told_to)
{
    test_sink_manners manners = {.to_answer = "451 later", .answers = 1};

    open_mailer(&manners);
    sent(&example);
    ck_assert(is_logged("2 auth a confirmation mail to @example.com is not taken yet: "));
    ck_assert(!is_logged("ada"));
    ck_assert(!is_logged("123456"));
}
END_TEST

/* One that is refused holds nobody up. */
START_TEST(gives_up_what_is_refused)
{
    test_sink_manners manners = {.to_answer = "550 no such user", .answers = 1};

    open_mailer(&manners);
    ck_assert_ok(tripsage__mailer_send(mailer, &example));
    sent(&example);
    ck_assert(is_logged("1 auth a confirmation mail to @example.com was given up after 1 tries: "));
    ck_assert_uint_eq(test_sink_count(sink), 1);
}
END_TEST

START_TEST(has_a_bound)
{
    test_sink_manners manners = {.delay_ms = 60000};
    int taken = 0;

    open_mailer(&manners);
    while (taken < 1000 && tripsage__mailer_send(mailer, &example) == TRIPSAGE_OK)
        taken++;
    ck_assert_int_eq(taken, 256);
    ck_assert_fails(tripsage__mailer_check(mailer), TRIPSAGE_EBUSY);
}
END_TEST

START_TEST(closing_sends_what_is_left)
{
    open_mailer(NULL);
    for (int i = 0; i < 20; i++)
        ck_assert_ok(tripsage__mailer_send(mailer, &example));
    tripsage__mailer_free(mailer);
    mailer = NULL;
    ck_assert_uint_eq(test_sink_count(sink), 20);
}
END_TEST

START_TEST(closing_does_not_wait_for_ever)
{
    test_sink_manners manners = {.delay_ms = 60000};
    int64_t began;

    open_mailer(&manners);
    for (int i = 0; i < 20; i++)
        ck_assert_ok(tripsage__mailer_send(mailer, &example));
    began = tripsage__monotonic_ms();
    tripsage__mailer_free(mailer);
    mailer = NULL;
    ck_assert_int_lt((int)(tripsage__monotonic_ms() - began), 9000);
    ck_assert(is_logged("given up"));
}
END_TEST

/* ---- memory ---- */

/* Each point fails once, and then the call works. */
START_TEST(survives_every_failing_allocation)
{
    tripsage_mail_template template = {"confirmation", "a", "b", "c"};
    tripsage_mail_options options = options_for(NULL);
    tripsage_status status = TRIPSAGE_ENOMEM;
    long before = test_heap_alive(TEST_HEAP_LIBRARY);

    options.templates = &template;
    options.template_count = 1;
    options.password = "hunter2";
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage__mailer_new(&mailer, env, &options);
        test_heap_disarm();
        ck_assert(status == TRIPSAGE_OK || (!mailer && test_heap_alive(TEST_HEAP_LIBRARY) == before));
    }
    ck_assert_ok(status);
    tripsage__mailer_free(mailer);
    mailer = NULL;
    ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), (int)before);

    options.host = NULL;
    options.log_mails = 1;
    ck_assert_ok(tripsage__mailer_new(&mailer, env, &options));
    before = test_heap_alive(TEST_HEAP_LIBRARY);
    status = TRIPSAGE_ENOMEM;
    for (long n = 1; status == TRIPSAGE_ENOMEM; n++) {
        test_heap_arm(n, TEST_FAIL_ONCE);
        status = tripsage__mailer_send(mailer, &example);
        test_heap_disarm();
        ck_assert_int_eq((int)test_heap_alive(TEST_HEAP_LIBRARY), (int)before);
    }
    ck_assert_ok(status);
}
END_TEST

SUITE_MAIN_WITH("auth/mail", set_up, tear_down, each_kind_has_code_and_link, what_comes_from_people_is_escaped,
                words_may_be_ones_own, refuses_wrong_options, sends_people_where_they_may_go, refuses_without_a_server,
                goes_into_the_log_in_development, waits_for_nobody, tries_again_when_it_is_told_to,
                gives_up_what_is_refused, has_a_bound, closing_sends_what_is_left, closing_does_not_wait_for_ever,
                survives_every_failing_allocation)
