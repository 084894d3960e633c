/* base/tls.c: see tls.h. OpenSSL gets a way to the socket of our own, since the one it has raises SIGPIPE in a program that may not
 * expect it. */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "memory.h"

struct tripsage__tls_trust {
    SSL_CTX *context;
    BIO_METHOD *way; /* to the socket */
};

struct tripsage__tls {
    SSL *ssl;
    const char *problem;
};

/* ---- the way to the socket ---- */

static int socket_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static int try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int send_bytes(BIO *bio, const char *data, int size)
{
    ssize_t sent = send(socket_of(bio), data, (size_t)size, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (sent < 0 && try_again())
        BIO_set_retry_write(bio);
    return (int)sent;
}

static int receive_bytes(BIO *bio, char *out, int size)
{
    ssize_t got = recv(socket_of(bio), out, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (got < 0 && try_again())
        BIO_set_retry_read(bio);
    return (int)got;
}

/* Nothing is kept back, so there is nothing to flush. */
static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *make_way(void)
{
    BIO_METHOD *way = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");

    if (way && BIO_meth_set_write(way, send_bytes) && BIO_meth_set_read(way, receive_bytes) &&
        BIO_meth_set_ctrl(way, control))
        return way;
    BIO_meth_free(way);
    return NULL;
}

/* ---- whom to believe ---- */

static int load_authorities(SSL_CTX *context, const char *authorities)
{
    return authorities ? SSL_CTX_load_verify_file(context, authorities) : SSL_CTX_set_default_verify_paths(context);
}

tripsage_status tripsage__tls_trust_new(tripsage__tls_trust **out, const char *authorities)
{
    tripsage__tls_trust *trust = tripsage__calloc(1, sizeof *trust);
    tripsage_status status = TRIPSAGE_OK;

    *out = NULL;
    if (!trust)
        return TRIPSAGE_NOMEM();
    trust->context = SSL_CTX_new(TLS_client_method());
    trust->way = make_way();
    if (!trust->context || !trust->way || !SSL_CTX_set_min_proto_version(trust->context, TLS1_2_VERSION))
        status = TRIPSAGE_NOMEM();
    else if (!load_authorities(trust->context, authorities))
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no CA certificates can be read from \"%.120s\"",
                               authorities ? authorities : "the system's folder");
    ERR_clear_error();
    if (status != TRIPSAGE_OK) {
        tripsage__tls_trust_free(trust);
        return status;
    }
    SSL_CTX_set_verify(trust->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(trust->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *out = trust;
    return TRIPSAGE_OK;
}

void tripsage__tls_trust_free(tripsage__tls_trust *trust)
{
    if (!trust)
        return;
    SSL_CTX_free(trust->context);
    BIO_meth_free(trust->way);
    tripsage__free(trust);
}

/* ---- a connection ---- */

static int is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* The name is asked for as well, where it is one (RFC 6066, 3): several servers may share an address. */
static int expect_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

tripsage_status tripsage__tls_new(tripsage__tls **out, const tripsage__tls_trust *trust, int socket, const char *host)
{
    tripsage__tls *tls = tripsage__calloc(1, sizeof *tls);
    BIO *bio = BIO_new(trust->way);

    *out = NULL;
    if (tls)
        tls->ssl = SSL_new(trust->context);
    if (!tls || !bio || !tls->ssl || !expect_host(tls->ssl, host)) {
        BIO_free(bio);
        tripsage__tls_free(tls);
        ERR_clear_error();
        return TRIPSAGE_NOMEM();
    }
    BIO_set_data(bio, (void *)(intptr_t)socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_connect_state(tls->ssl);
    *out = tls;
    return TRIPSAGE_OK;
}

void tripsage__tls_free(tripsage__tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    tripsage__free(tls);
}

/* The certificate's fault is told by its check; any other by the first of OpenSSL's errors. */
static const char *problem_of(const tripsage__tls *tls)
{
    long verified = SSL_get_verify_result(tls->ssl);
    const char *reason =
        verified == X509_V_OK ? ERR_reason_error_string(ERR_peek_error()) : X509_verify_cert_error_string(verified);

    return reason ? reason : "the connection was lost";
}

static ssize_t outcome(tripsage__tls *tls, int done)
{
    ssize_t outcome;

    if (done > 0)
        return done;
    switch (SSL_get_error(tls->ssl, done)) {
    case SSL_ERROR_WANT_READ:
        return TRIPSAGE__TLS_WANTS_TO_READ;
    case SSL_ERROR_WANT_WRITE:
        return TRIPSAGE__TLS_WANTS_TO_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        outcome = 0;
        break;
    default:
        tls->problem = problem_of(tls);
        outcome = TRIPSAGE__TLS_FAILED;
    }
    ERR_clear_error();
    return outcome;
}

static int as_int(size_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

/* SSL_get_error looks at the thread's list of errors, which others may have left something on. */
ssize_t tripsage__tls_handshake(tripsage__tls *tls)
{
    ERR_clear_error();
    return outcome(tls, SSL_do_handshake(tls->ssl));
}

ssize_t tripsage__tls_read(tripsage__tls *tls, void *out, size_t size)
{
    ERR_clear_error();
    return outcome(tls, SSL_read(tls->ssl, out, as_int(size)));
}

ssize_t tripsage__tls_write(tripsage__tls *tls, const void *data, size_t size)
{
    ERR_clear_error();
    return outcome(tls, SSL_write(tls->ssl, data, as_int(size)));
}

const char *tripsage__tls_problem(const tripsage__tls *tls)
{
    return tls->problem;
}

/* ---- a certificate ---- */

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        fclose(file);
    return certificate;
}

/* A key that asks for a password is none: a server has nobody to ask. */
static int no_password(char *out, int size, int writing, void *unused)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, no_password, NULL) : NULL;

    if (file)
        fclose(file);
    return key;
}

tripsage_status tripsage__tls_certificate_end(int64_t *ms, const char *path)
{
    X509 *certificate = read_certificate(path);
    struct tm end;
    int read = certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end);

    if (read)
        *ms = (int64_t)timegm(&end) * 1000;
    X509_free(certificate);
    ERR_clear_error();
    return read ? TRIPSAGE_OK : TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no certificate can be read from \"%.120s\"", path);
}

tripsage_status tripsage__tls_key_fits(const char *certificate, const char *key)
{
    X509 *it = read_certificate(certificate);
    EVP_PKEY *pair = read_key(key);
    int fits = it && pair && X509_check_private_key(it, pair) == 1;
    tripsage_status status = TRIPSAGE_OK;

    if (!it)
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no certificate can be read from \"%.120s\"", certificate);
    else if (!pair)
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no key without a password can be read from \"%.120s\"", key);
    else if (!fits)
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "the key of \"%.120s\" is of another certificate than \"%.120s\"",
                               key, certificate);
    X509_free(it);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    return status;
}
