/* TLS that ends in the server: what is spoken and what is not, whose address counts, how the certificate is changed, and how it ends. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "suite.h"
#include "support/certificate.h"

static char folder[TEST_PATH_SIZE];
static http_server s;

static const char *certificate(void)
{
    return test_format("%s/c.pem", folder);
}

static const char *key(void)
{
    return test_format("%s/k.pem", folder);
}

static void begin(void)
{
    test_temp_make(folder);
    test_certificate_make(certificate(), key(), 2);
}

static void end(void)
{
    test_temp_remove(folder);
    test_keep_free();
}

#define START(...)                                                                                                     \
    http_server_start(&s, TRIPSAGE_SERVER,                                                                             \
                      (const char *const[]){test_format("TRIPSAGE_TLS_CERTIFICATE=%s", certificate()),                 \
                                            test_format("TRIPSAGE_TLS_KEY=%s", key()), __VA_ARGS__, NULL})

enum { END_MS = 10000 }; /* less than a handshake may take */

/* What a command of the shell prints; kept. */
static const char *shell(const char *command)
{
    FILE *pipe = popen(command, "r");
    const char *all = "";
    char piece[4096];
    size_t size;

    ck_assert_ptr_nonnull(pipe);
    while ((size = fread(piece, 1, sizeof piece - 1, pipe)) > 0) {
        piece[size] = '\0';
        all = test_format("%s%s", all, piece);
    }
    pclose(pipe);
    return all;
}

/* curl trusts the certificate; `what` is its further arguments and the path. */
static const char *curl(const char *what)
{
    return shell(test_format("curl -sS --cacert %s %s 2>&1", certificate(), what));
}

static const char *at(const char *path)
{
    return test_format("https://127.0.0.1:%d%s", s.port, path);
}

static const char *serial(void)
{
    return shell(test_format(
        "openssl s_client -connect 127.0.0.1:%d </dev/null 2>/dev/null | openssl x509 -noout -serial", s.port));
}

START_TEST(it_speaks_tls_and_nothing_else)
{
    const char *answer;

    START("TRIPSAGE_ADMIN_PORT=0");
    answer = curl(test_format("-i %s", at("/health")));
    ck_assert_msg(strstr(answer, "200 OK") != NULL, "%s", answer);
    ck_assert_ptr_nonnull(strstr(answer, "Strict-Transport-Security: max-age=31536000; includeSubDomains"));
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "listening on https://127.0.0.1:"));
    ck_assert_ptr_null(strstr(curl(test_format("http://127.0.0.1:%d/health", s.port)), "status"));
    /* TLS 1.1 and suites without forward secrecy are not for anybody. */
    ck_assert_str_eq(shell(test_format("openssl s_client -connect 127.0.0.1:%d -tls1_1 </dev/null 2>/dev/null | "
                                       "grep -c 'BEGIN CERTIFICATE'",
                                       s.port)),
                     "0\n");
    ck_assert_str_eq(shell(test_format("openssl s_client -connect 127.0.0.1:%d -tls1_2 -cipher AES256-SHA </dev/null "
                                       "2>/dev/null | grep -c 'BEGIN CERTIFICATE'",
                                       s.port)),
                     "0\n");
    ck_assert_str_eq(
        shell(test_format("openssl s_client -connect 127.0.0.1:%d -alpn h2,http/1.1 </dev/null 2>/dev/null | "
                          "grep ALPN",
                          s.port)),
        "ALPN protocol: http/1.1\n");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* Several requests on one connection, a body of a megabyte, and an answer that is longer than all buffers. */
START_TEST(what_is_large_comes_through)
{
    const char *body = test_format("%s/body", folder), *answer, *token;
    FILE *file = fopen(body, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "{\"email\":\"big@example.org\",\"password\":\"a cup of green tea\",\"data\":{\"x\":\"");
    for (int i = 0; i < 900 * 1024; i++)
        fputc('a', file);
    fprintf(file, "\"}}");
    fclose(file);
    START("TRIPSAGE_ADMIN_PORT=0");
    answer = curl(test_format("-o /dev/null -w '%%{http_code} %%{num_connects}\\n' %s -o /dev/null %s", at("/health"),
                              at("/openapi.json")));
    ck_assert_str_eq(answer, "200 1\n200 0\n");
    ck_assert_str_eq(curl(test_format("-o %s/one %s", folder, at("/openapi.json"))), "");
    ck_assert_int_gt(atoi(shell(test_format("wc -c < %s/one", folder))), 64 * 1024);
    ck_assert_ptr_nonnull(strstr(shell(test_format("jq -r .openapi %s/one", folder)), "3.1"));
    answer = curl(test_format("-w '%%{http_code}' -H 'Content-Type: application/json' -d @%s %s", body,
                              at("/api/auth/register")));
    ck_assert_msg(strstr(answer, "422") || strstr(answer, "413"), "%.200s",
                  answer); /* read whole, and too much for an account */
    token = curl(test_format("-H 'Content-Type: application/json' -d '{\"email\":\"a@example.org\",\"password\":\"a "
                             "cup of green tea\"}' %s | "
                             "jq -r .access_token | tr -d '\\n'",
                             at("/api/auth/register")));
    ck_assert_str_eq(
        curl(test_format("-o /dev/null -w '%%{http_code}' -H 'Authorization: Bearer %s' %s", token, at("/api/trips"))),
        "200");
    /* Forty at once, each whole. */
    ck_assert_str_eq(shell(test_format("seq 40 | xargs -P 20 -I{} curl -sS --cacert %s -o /dev/null -w "
                                       "'%%{http_code}\\n' %s | sort | uniq -c | tr -s ' '",
                                       certificate(), at("/openapi.json"))),
                     " 40 200\n");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* Who sends more than is taken reads why, and is not reset while he sends (RFC 9112, 9.6). */
START_TEST(an_answer_before_the_end_of_a_body_comes_through)
{
    const char *body = test_format("%s/body", folder);

    ck_assert_str_eq(shell(test_format("truncate -s 8M %s", body)), "");
    START("TRIPSAGE_ADMIN_PORT=0");
    for (int i = 0; i < 10; i++)
        for (int chunked = 0; chunked < 2; chunked++)
            ck_assert_str_eq(
                curl(test_format("-o /dev/null -w '%%{http_code}' -H Expect: %s -H 'Content-Type: "
                                 "application/json' --data-binary @%s %s",
                                 chunked ? "-H 'Transfer-Encoding: chunked'" : "", body, at("/api/auth/register"))),
                "413");
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(the_clients_own_address_counts)
{
    START("TRIPSAGE_ADMIN_PORT=0", "TRIPSAGE_HOST=127.0.0.1");
    curl(test_format("--interface 127.0.0.9 %s", at("/health/live")));
    for (int i = 0; i < 50 && !strstr(http_server_log(&s), "\"client\":\"127.0.0.9\""); i++)
        usleep(20000);
    ck_assert_ptr_nonnull(strstr(http_server_log(&s), "\"client\":\"127.0.0.9\""));
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

START_TEST(the_certificate_is_changed_while_it_runs)
{
    const char *before, *after;
    FILE *file;

    START("TRIPSAGE_ADMIN_PORT=0");
    before = serial();
    ck_assert_ptr_nonnull(strstr(before, "serial="));
    test_certificate_make(certificate(), key(), 2);
    ck_assert_str_eq(serial(), before);
    ck_assert_int_eq(kill(s.pid, SIGHUP), 0);
    for (int i = 0; i < 100 && !strstr(http_server_log(&s), "from now on"); i++)
        usleep(20000);
    after = serial();
    ck_assert_str_ne(after, before);
    ck_assert_ptr_nonnull(strstr(curl(at("/health/live")), "alive"));
    /* One that cannot be used leaves the one before. */
    file = fopen(certificate(), "w");
    fputs("no certificate\n", file);
    fclose(file);
    ck_assert_int_eq(kill(s.pid, SIGHUP), 0);
    for (int i = 0; i < 100 && !strstr(http_server_log(&s), "stays as it was"); i++)
        usleep(20000);
    ck_assert_ptr_nonnull(
        strstr(http_server_log(&s), "the certificate stays as it was: TRIPSAGE_TLS_CERTIFICATE: no certificate"));
    ck_assert_str_eq(serial(), after);
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* All places taken by those who do not begin the handshake, which may take 15 s where nobody else comes. */
START_TEST(who_begins_no_handshake_gives_way)
{
    int silent[32];
    const char *answer = "";

    START("TRIPSAGE_ADMIN_PORT=0", "TRIPSAGE_MAX_CONNECTIONS=4");
    ck_assert_int_eq(kill(s.pid, SIGSTOP), 0); /* so that one thread may accept them all, and another who comes later */
    for (int i = 0; i < 32; i++)
        silent[i] = http_open(s.port);
    ck_assert_int_eq(kill(s.pid, SIGCONT), 0);
    for (int i = 0; i < 10 && !strstr(answer, "alive"); i++) {
        usleep(500000);
        answer = curl(at("/health/live"));
    }
    ck_assert_msg(strstr(answer, "alive") != NULL, "%s", answer);
    for (int i = 0; i < 32; i++)
        close(silent[i]);
    ck_assert_int_eq(http_server_stop(&s, NULL), 0);
}
END_TEST

/* A client that says nothing after it connected is let go; others are answered meanwhile, and the end waits for nobody. */
START_TEST(it_ends_with_connections_open)
{
    int silent, ms;

    START("TRIPSAGE_ADMIN_PORT=0");
    silent = http_open(s.port);
    ck_assert_ptr_nonnull(strstr(curl(at("/health/live")), "alive"));
    ck_assert_int_eq(http_server_stop(&s, &ms), 0);
    ck_assert_int_lt(ms, END_MS);
    ck_assert(http_is_closed(silent, 1000));
    close(silent);
}
END_TEST

/* ---- a client who is in the middle of the handshake ---- */

typedef struct half_shaken {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
} half_shaken;

/* Has said his first words, and has the server's answer to them. */
static half_shaken begin_to_shake(int version)
{
    half_shaken c = {.fd = http_open(s.port), .context = SSL_CTX_new(TLS_client_method())};
    struct pollfd answer = {.fd = c.fd, .events = POLLIN};

    ck_assert_int_eq(SSL_CTX_set_max_proto_version(c.context, version), 1);
    c.ssl = SSL_new(c.context);
    SSL_set0_wbio(c.ssl, BIO_new_socket(c.fd, BIO_NOCLOSE));
    SSL_set0_rbio(c.ssl, BIO_new(BIO_s_mem())); /* where nothing has come */
    ck_assert_int_ne(SSL_connect(c.ssl), 1);
    SSL_set0_rbio(c.ssl, BIO_new_socket(c.fd, BIO_NOCLOSE));
    ck_assert_int_eq(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(poll(&answer, 1, 5000), 1);
    return c;
}

/* As a network would have it on which a packet takes `ms` to there and back. */
static void finish_shaking(half_shaken *c, int ms)
{
    struct pollfd answer = {.fd = c->fd, .events = POLLIN};
    int done;

    do {
        usleep((unsigned)ms * 1000);
        done = SSL_connect(c->ssl);
    } while (done != 1 && SSL_get_error(c->ssl, done) == SSL_ERROR_WANT_READ && poll(&answer, 1, 5000) == 1);
    ck_assert_int_eq(done, 1);
    ck_assert_int_eq(fcntl(c->fd, F_SETFL, 0), 0);
}

static void let_go(half_shaken *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    close(c->fd);
}

/* The handshake takes longer than a connection on which nothing is asked is waited for. */
START_TEST(a_handshake_under_way_is_finished)
{
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    static const char question[] = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";

    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        half_shaken c;
        char answer[4096];
        int got, ms;

        START("TRIPSAGE_ADMIN_PORT=0");
        c = begin_to_shake(versions[i]);
        ck_assert_int_eq(kill(s.pid, SIGTERM), 0);
        finish_shaking(&c, 500);
        ck_assert_int_eq(SSL_write(c.ssl, question, sizeof question - 1), sizeof question - 1);
        got = SSL_read(c.ssl, answer, sizeof answer - 1);
        ck_assert_msg(got > 0, "no answer to who was in the handshake of %s", SSL_get_version(c.ssl));
        answer[got] = '\0';
        ck_assert_msg(strncmp(answer, "HTTP/1.1 200", 12) == 0, "not an answer: %s", answer);
        ck_assert_ptr_nonnull(strstr(answer, "Connection: close"));
        let_go(&c);
        ck_assert_int_eq(http_server_wait(&s, &ms), 0);
        ck_assert_int_lt(ms, END_MS);
    }
}
END_TEST

/* Who does not finish it is not waited for as long as he likes. */
START_TEST(a_handshake_that_stops_does_not_stop_the_end)
{
    half_shaken c;
    int ms;

    START("TRIPSAGE_ADMIN_PORT=0");
    c = begin_to_shake(TLS1_3_VERSION);
    ck_assert_int_eq(http_server_stop(&s, &ms), 0);
    ck_assert_int_lt(ms, END_MS);
    let_go(&c);
}
END_TEST

START_TEST(what_cannot_be_used_is_told)
{
    const struct {
        const char *certificate, *key, *says;
    } wrong[] = {
        {"/nowhere.pem", key(),
         "TRIPSAGE_TLS_CERTIFICATE: no certificate in PEM can be read from \"/nowhere.pem\": No such file or "
         "directory"},
        {"/", key(), "from \"/\": Is a directory"},
        {certificate(), "/nowhere.pem",
         "TRIPSAGE_TLS_KEY: no key of that certificate can be read from \"/nowhere.pem\": No such file"},
        {key(), key(), "TRIPSAGE_TLS_CERTIFICATE: no certificate in PEM can be read"},
        {certificate(), certificate(), "TRIPSAGE_TLS_KEY: no key of that certificate can be read"},
        {certificate(), test_format("%s/other.key", folder),
         "TRIPSAGE_TLS_KEY: no key of that certificate can be read"},
    };
    const char *output;

    test_certificate_make(test_format("%s/other.pem", folder), test_format("%s/other.key", folder), 2);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(
            http_program(TRIPSAGE_SERVER, folder, (const char *const[]){"serve", "--port", "0", NULL},
                         (const char *const[]){test_format("TRIPSAGE_TLS_CERTIFICATE=%s", wrong[i].certificate),
                                               test_format("TRIPSAGE_TLS_KEY=%s", wrong[i].key), NULL},
                         &output),
            78);
        ck_assert_msg(strstr(output, wrong[i].says) != NULL, "%s", output);
        ck_assert_msg(strchr(output, '\n') == output + strlen(output) - 1, "more than a sentence: %s", output);
    }
}
END_TEST

SUITE_PROGRAM("server/tls", (void)server; tcase_add_checked_fixture(tcase, begin, end), it_speaks_tls_and_nothing_else,
                                          what_is_large_comes_through, an_answer_before_the_end_of_a_body_comes_through,
                                          the_clients_own_address_counts, the_certificate_is_changed_while_it_runs,
                                          who_begins_no_handshake_gives_way, it_ends_with_connections_open,
                                          a_handshake_under_way_is_finished,
                                          a_handshake_that_stops_does_not_stop_the_end, what_cannot_be_used_is_told)
