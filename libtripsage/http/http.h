/* http/http.h: the door to the network outside: one HTTP request, or one mail, and its answer, over libcurl.
 *
 * A client is shared by any number of threads. Each call takes a handle of libcurl from the client's pool, with the connections it still
 * has open, and gives it back; name look-ups and TLS sessions are shared by all (transfer.c says why connections are not).
 * HTTP/2 where the server offers it; HTTPS with TLS 1.2 at least, certificates verified; the proxies of the environment (http_proxy,
 * https_proxy, no_proxy), which libcurl reads. Redirects are not followed unless asked for.
 *
 * Every call has one deadline for all it does, tries and waiting included, on the machine's own clock. Messages of failures name the
 * server and the path, never a query, a user or a password. `native` is the CURLcode.
 *
 * What libcurl allocates comes from the C library: its hooks (curl_global_init_mem) are one for the process and belong to the program.
 * After a fork a child makes clients of its own. */
#ifndef TRIPSAGE_HTTP_HTTP_H
#define TRIPSAGE_HTTP_HTTP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/env.h"

typedef struct tripsage__http tripsage__http;

/* Copied. */
typedef struct tripsage__http_options {
    const char *authorities; /* a PEM file of CA certificates; NULL: those of the system */
    const char *proxy;       /* NULL: as the environment says; "": none */
} tripsage__http_options;

/* `env` is borrowed until tripsage__http_free; `options` may be NULL.
 * Errors: TRIPSAGE_ENOMEM, TRIPSAGE_EINTERNAL (libcurl cannot be set up). */
tripsage_status tripsage__http_new(tripsage__http **out, tripsage__env *env, const tripsage__http_options *options);

/* When no call is under way on it. NULL is fine. */
void tripsage__http_free(tripsage__http *http);

/* ---- a request ---- */

#define TRIPSAGE__HTTP_DEADLINE_MS 10000u /* what GoTrue, Supabase's gateway and OTLP exporters give a request, too */
#define TRIPSAGE__HTTP_ANSWER_MAX  ((size_t)1024 * 1024)

/* All borrowed for the call. What is 0 or NULL is the default. */
typedef struct tripsage__http_request {
    const char *method;         /* "GET" when NULL */
    const char *url;            /* http:// or https:// */
    const char *const *headers; /* lines "Name: value" */
    size_t header_count;
    const void *body; /* NULL: none */
    size_t body_size;
    uint32_t deadline_ms; /* 0: TRIPSAGE__HTTP_DEADLINE_MS */
    size_t answer_max;    /* longest body taken, after decompression; 0: TRIPSAGE__HTTP_ANSWER_MAX */
    uint32_t redirects;   /* how many are followed */

    /* How often it is tried at most, within the deadline; 0: three times. A request that has not reached the server is always sent again.
     * One that may have, only when it says that doing it twice is doing it once: after a broken connection, and after an answer 429, 502,
     * 503 or 504, not before its Retry-After. The waits grow and are jittered. One that may not be done twice begins a connection, since
     * libcurl by itself sends a request again when a connection that was kept breaks before an answer; but with `kept` and a body it
     * goes over a kept one, and is not sent again: then it fails where a new connection might not have. */
    uint32_t tries;
    int idempotent;
    int kept;
    int any_5xx; /* also after any other answer of 500 and above: servers that say 500 when they have too much to do */
    uint32_t try_ms; /* longest one try may take; past it the connection counts as broken. 0: the deadline alone */

    const _Atomic int
        *stop; /* when it turns 1, from another thread, the call ends within a second. NULL: nobody stops it */
} tripsage__http_request;

/* Any status is an answer; the last one, when it was tried again. Free with tripsage__http_response_free. */
typedef struct tripsage__http_response {
    int status;
    uint32_t tries;
    tripsage__buf headers; /* of the last answer: "Name: value" texts, one after another, each with its NUL */
    tripsage__buf body;
} tripsage__http_response;

/* Gives an answer, of whatever status; a failure leaves nothing to free.
 * Errors: TRIPSAGE_EINVALID (no such URL, a line break in a header), TRIPSAGE_EUNAVAILABLE (not reached, the connection broke,
 * the certificate is not believed, stopped), TRIPSAGE_ETIMEOUT (the server may have done it all the same), TRIPSAGE_ETOOLARGE (the
 * answer), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__http_send(tripsage__http_response *out, tripsage__http *http,
                                    const tripsage__http_request *request);

/* The value of a header, in any case of its name; NULL when there is none. Borrowed from the response. */
const char *tripsage__http_header(const tripsage__http_response *response, const char *name);

void tripsage__http_response_free(tripsage__http_response *response);

/* The URL as it may be shown: scheme, host, port and path; cut to fit. */
#define TRIPSAGE__HTTP_SHOWN_SIZE 128
void tripsage__http_show(char out[TRIPSAGE__HTTP_SHOWN_SIZE], const char *url);

/* What the status of an answer that is none of the good ones says, where no finer word of it is known. */
tripsage_status tripsage__http_meaning(int http);

/* ---- mail ---- */

typedef enum tripsage__smtp_encryption {
    TRIPSAGE__SMTP_STANDARD = 0, /* a must, but for a server on this machine's loopback address */
    TRIPSAGE__SMTP_MUST,
    TRIPSAGE__SMTP_MAY /* where the server offers it */
} tripsage__smtp_encryption;

/* Where mail is handed over. All borrowed for the call. */
typedef struct tripsage__smtp {
    const char *host;
    uint16_t port;               /* 0: 587 (RFC 6409). 465 is TLS from the first byte on (RFC 8314), others STARTTLS */
    const char *user, *password; /* NULL: none */
    tripsage__smtp_encryption encryption;
} tripsage__smtp;

/* One mail to one person: addresses are ASCII; names, subject and bodies UTF-8 without line breaks, in the bodies with "\n". Borrowed. */
typedef struct tripsage__mail {
    const char *from, *from_name; /* the name may be NULL */
    const char *to;
    const char *subject;
    const char *text, *html; /* the same twice: plain, and for those who like it pretty; html may be NULL */
    uint32_t deadline_ms;    /* 0: TRIPSAGE__HTTP_DEADLINE_MS */
    const _Atomic int *stop; /* as in a request */
} tripsage__mail;

/* 1 when a mail may be from or to it: what could end a line or an address is not in it. */
int tripsage__mail_is_address(const char *text);

/* 1 when the text may stand in a header: one line of UTF-8. */
int tripsage__mail_is_line(const char *text);

/* 1 when the text is the name or the address of a host. */
int tripsage__smtp_is_host(const char *text);

/* Hands the mail over; after success the server answers for it. It is tried once: a caller who can wait does better than this call.
 * Errors: TRIPSAGE_EINVALID (a text that may not stand in a mail, or the server refuses it for good: trying again is no use),
 * TRIPSAGE_EUNAVAILABLE (now; also no encryption), TRIPSAGE_ETIMEOUT (it may have been taken all the same), TRIPSAGE_ENOMEM. */
tripsage_status tripsage__mail_send(tripsage__http *http, const tripsage__smtp *server, const tripsage__mail *mail);

/* All that comes before a mail: the connection, its encryption, and signing in; and then good-bye. `deadline_ms` and errors as above. */
tripsage_status tripsage__smtp_sign_in(tripsage__http *http, const tripsage__smtp *server, uint32_t deadline_ms);

#endif
