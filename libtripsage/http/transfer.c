/* http/transfer.c: the home of curl/curl.h: a pool of its handles, and one transfer by one of them.
 *
 * A handle is used by one thread at a time and keeps its connections. libcurl could share connections between handles
 * (CURL_LOCK_DATA_CONNECT), but not between threads: its look for a free one reads connections that other threads are using
 * (curl's KNOWN_BUGS and the manual of CURLSHOPT_SHARE). Addresses and TLS sessions it shares safely, under locks of ours.
 *
 * As many handles are made as calls are under way at once; those given back last, whose connections are warm, are taken first. */
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/crypto.h"
#include "base/memory.h"
#include "http/http_internal.h"

/* 8: what stays open for calls to come. More come back after a burst only, and are closed. */
#define IDLE_MAX 8
/* 5: a client talks to one server, or to a few. curl's own default. */
#define CONNECTIONS_MAX 5L
/* 64 KiB: servers send some hundred bytes of headers; curl itself takes no line above 100 KiB. */
#define HEADERS_MAX ((size_t)64 * 1024)

struct transfers {
    pthread_mutex_t lock; /* over `idle` */
    CURL *idle[IDLE_MAX];
    size_t idle_count;
    CURLSH *share;
    pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
    char *authorities, *proxy; /* NULL: see tripsage__http_options */
};

/* ---- the whole of libcurl ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialized;

/* Never undone: others in the process may use libcurl, too, and it counts. */
static void initialize(void)
{
    initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- what handles share ---- */

static void lock_share(CURL *easy, curl_lock_data data, curl_lock_access access, void *user)
{
    struct transfers *t = user;

    (void)easy;
    (void)access;
    pthread_mutex_lock(&t->share_locks[data]);
}

static void unlock_share(CURL *easy, curl_lock_data data, void *user)
{
    struct transfers *t = user;

    (void)easy;
    pthread_mutex_unlock(&t->share_locks[data]);
}

static int set_share(struct transfers *t)
{
    t->share = curl_share_init();
    return t->share && curl_share_setopt(t->share, CURLSHOPT_USERDATA, t) == CURLSHE_OK &&
           curl_share_setopt(t->share, CURLSHOPT_LOCKFUNC, lock_share) == CURLSHE_OK &&
           curl_share_setopt(t->share, CURLSHOPT_UNLOCKFUNC, unlock_share) == CURLSHE_OK &&
           curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK &&
           curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

static int copy_text(char **out, const char *text)
{
    *out = text ? tripsage__strdup(text) : NULL;
    return !text || *out;
}

struct transfers *tripsage__transfers_new(const tripsage__http_options *options, tripsage_status *status)
{
    struct transfers *t;

    pthread_once(&once, initialize);
    if (initialized != CURLE_OK) {
        *status = TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, (int)initialized, "libcurl cannot be set up: %s",
                                       curl_easy_strerror(initialized));
        return NULL;
    }
    t = tripsage__calloc(1, sizeof *t);
    if (!t) {
        *status = TRIPSAGE_NOMEM();
        return NULL;
    }
    pthread_mutex_init(&t->lock, NULL);
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_init(&t->share_locks[i], NULL);
    if (!set_share(t) || !copy_text(&t->authorities, options->authorities) || !copy_text(&t->proxy, options->proxy)) {
        *status = TRIPSAGE_NOMEM();
        tripsage__transfers_free(t);
        return NULL;
    }
    *status = TRIPSAGE_OK;
    return t;
}

void tripsage__transfers_free(struct transfers *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->idle_count; i++)
        curl_easy_cleanup(t->idle[i]);
    curl_share_cleanup(t->share);
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_destroy(&t->share_locks[i]);
    pthread_mutex_destroy(&t->lock);
    tripsage__free(t->authorities);
    tripsage__free(t->proxy);
    tripsage__free(t);
}

/* ---- the pool ---- */

static CURL *take_handle(struct transfers *t)
{
    CURL *easy = NULL;

    pthread_mutex_lock(&t->lock);
    if (t->idle_count)
        easy = t->idle[--t->idle_count];
    pthread_mutex_unlock(&t->lock);
    return easy ? easy : curl_easy_init();
}

/* Its connections stay; what was set for the transfer goes. */
static void give_handle(struct transfers *t, CURL *easy)
{
    int kept;

    curl_easy_reset(easy);
    pthread_mutex_lock(&t->lock);
    kept = t->idle_count < IDLE_MAX;
    if (kept)
        t->idle[t->idle_count++] = easy;
    pthread_mutex_unlock(&t->lock);
    if (!kept)
        curl_easy_cleanup(easy);
}

/* ---- one transfer ---- */

/* What curl calls back with. */
typedef struct transfer {
    CURL *easy;
    tripsage__http_response *out;
    const char *text; /* of a mail or a body, from what is still to be sent on */
    size_t left;
    const _Atomic int *stop;
    int64_t deadline;
    char problem[CURL_ERROR_SIZE];
    CURLcode set; /* the first option that could not be set */
} transfer;

#define SET(t, option, value)                                                                                          \
    do {                                                                                                               \
        if ((t)->set == CURLE_OK)                                                                                      \
            (t)->set = curl_easy_setopt((t)->easy, (option), (value));                                                 \
    } while (0)

static size_t take_body(char *bytes, size_t one, size_t size, void *user)
{
    transfer *t = user;

    (void)one; /* always 1 */
    tripsage__buf_put(&t->out->body, bytes, size);
    return t->out->body.failed ? 0 : size;
}

/* A line with its end. A status line begins an answer anew: one after "100 Continue", or after a redirect. */
static size_t take_header(char *line, size_t one, size_t size, void *user)
{
    transfer *t = user;
    tripsage__buf *headers = &t->out->headers;
    size_t length = size;

    (void)one;
    while (length && (line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
        length--;
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
        headers->size = 0;
    else if (length && memchr(line, ':', length)) {
        tripsage__buf_put(headers, line, length);
        tripsage__buf_putc(headers, '\0');
    }
    return headers->failed ? 0 : size;
}

static size_t give_text(char *out, size_t one, size_t size, void *user)
{
    transfer *t = user;
    size_t given = one * size < t->left ? one * size : t->left;

    memcpy(out, t->text, given);
    t->text += given;
    t->left -= given;
    return given;
}

/* Called at least once a second, whatever the network does. Non-zero ends the transfer; also its good-bye to a mail server, on which
 * curl's own time limit is not. */
static int look_for_end(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    const transfer *t = user;

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return (t->stop && atomic_load(t->stop)) || tripsage__monotonic_ms() >= t->deadline;
}

static void set_common(transfer *t, const struct transfers *pool, const char *url)
{
    int64_t left = t->deadline - tripsage__monotonic_ms();

    SET(t, CURLOPT_ERRORBUFFER, t->problem);
    SET(t, CURLOPT_SHARE, pool->share);
    SET(t, CURLOPT_URL, url);
    SET(t, CURLOPT_NOSIGNAL, 1L);                           /* signals belong to the program */
    SET(t, CURLOPT_QUICK_EXIT, 1L);                         /* a deadline does not wait for a name server either */
    SET(t, CURLOPT_TIMEOUT_MS, left > 1 ? (long)left : 1L); /* 0 would be without end */
    SET(t, CURLOPT_MAXCONNECTS, CONNECTIONS_MAX);
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (pool->authorities)
        SET(t, CURLOPT_CAINFO, pool->authorities);
    if (pool->proxy)
        SET(t, CURLOPT_PROXY, pool->proxy);
    SET(t, CURLOPT_NOPROGRESS, 0L);
    SET(t, CURLOPT_XFERINFOFUNCTION, look_for_end);
    SET(t, CURLOPT_XFERINFODATA, t);
}

/* ---- how it ended ---- */

static int failed_unsent(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
           code == CURLE_SSL_CONNECT_ERROR;
}

static int failed_broken(CURLcode code)
{
    return code == CURLE_SEND_ERROR || code == CURLE_SEND_FAIL_REWIND || code == CURLE_RECV_ERROR ||
           code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

/* `what` says what was tried, as "GET https://host/path". */
static tripsage_status tell(const transfer *t, CURLcode code, const char *what, const char *url)
{
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    const char *problem = t->problem[0] ? t->problem : curl_easy_strerror(code);

    tripsage__http_show(shown, url);
    if (code == CURLE_ABORTED_BY_CALLBACK && !(t->stop && atomic_load(t->stop)))
        code = CURLE_OPERATION_TIMEDOUT;
    switch (code) {
    case CURLE_OK:
        return TRIPSAGE_OK;
    case CURLE_OUT_OF_MEMORY:
        return TRIPSAGE_NOMEM();
    case CURLE_OPERATION_TIMEDOUT:
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ETIMEOUT, (int)code, "%s %s: the deadline passed", what, shown);
    case CURLE_ABORTED_BY_CALLBACK:
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, (int)code, "%s %s: given up while closing", what, shown);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINVALID, (int)code, "%s %s: no URL that could be called", what, shown);
    default:
        return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EUNAVAILABLE, (int)code, "%s %s: %s", what, shown, problem);
    }
}

/* Ours went wrong while taking the answer. */
static tripsage_status tell_answer(const tripsage__http_response *out, CURLcode code, const char *method,
                                   const char *url)
{
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];

    if (out->body.failed == TRIPSAGE_ENOMEM || out->headers.failed == TRIPSAGE_ENOMEM)
        return TRIPSAGE_NOMEM();
    tripsage__http_show(shown, url);
    return TRIPSAGE_FAIL_NATIVE(TRIPSAGE_ETOOLARGE, (int)code, "%s %s: the answer's %s has more than %zu bytes", method,
                                shown, out->body.failed ? "body" : "head",
                                out->body.failed ? out->body.ceiling - 1 : HEADERS_MAX);
}

/* ---- HTTP ---- */

static int append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

/* Bearer tokens are among them. */
static void free_lines(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at; at = at->next)
        tripsage__wipe(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

/* What curl would add by itself goes: its guess at the body's type, and the wait for "100 Continue" before a large body. */
static int make_headers(struct curl_slist **out, const tripsage__http_request *request,
                        const tripsage__transfer_trace *trace)
{
    int has_type = 0;

    for (size_t i = 0; i < request->header_count; i++) {
        has_type |= strncasecmp(request->headers[i], "Content-Type:", 13) == 0;
        if (!append(out, request->headers[i]))
            return 0;
    }
    for (size_t i = 0; i < trace->count; i++)
        if (!append(out, trace->lines[i]))
            return 0;
    return append(out, "Expect:") && (has_type || append(out, "Content-Type:"));
}

/* On a connection that was kept curl sends a request again by itself when that breaks without an answer, but not when it has read some
 * of the body from a function and has none to go back to the beginning (CURLE_SEND_FAIL_REWIND). */
static int is_sent_once(const tripsage__http_request *request)
{
    return !request->idempotent && request->kept && request->body && strcmp(request->method, "POST") == 0;
}

static void set_method(transfer *t, const tripsage__http_request *request)
{
    int is_post = strcmp(request->method, "POST") == 0;

    if (is_sent_once(request)) {
        t->text = request->body;
        t->left = request->body_size;
        SET(t, CURLOPT_POST, 1L);
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        SET(t, CURLOPT_READFUNCTION, give_text);
        SET(t, CURLOPT_READDATA, t);
    } else if (request->body || is_post) { /* a POST without a body says that it has 0 bytes */
        SET(t, CURLOPT_POSTFIELDS, request->body ? (const char *)request->body : "");
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
    if (strcmp(request->method, "HEAD") == 0)
        SET(t, CURLOPT_NOBODY, 1L);
    else if (!is_post && (request->body || strcmp(request->method, "GET") != 0))
        SET(t, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_http(transfer *t, const tripsage__http_request *request, struct curl_slist *headers)
{
    int is_secure = strncasecmp(request->url, "https:", 6) == 0;

    SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_REDIR_PROTOCOLS_STR, is_secure ? "https" : "http,https");
    SET(t, CURLOPT_FOLLOWLOCATION, request->redirects ? 1L : 0L);
    SET(t, CURLOPT_MAXREDIRS, (long)request->redirects);
    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(t, CURLOPT_ACCEPT_ENCODING, ""); /* all that curl can take apart; the bound is on what comes out */
    SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(t, CURLOPT_FRESH_CONNECT, request->idempotent || is_sent_once(request) ? 0L : 1L);
    SET(t, CURLOPT_HTTPHEADER, headers);
    SET(t, CURLOPT_WRITEFUNCTION, take_body);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_HEADERFUNCTION, take_header);
    SET(t, CURLOPT_HEADERDATA, t);
    set_method(t, request);
}

static void read_end(tripsage__http_response *out, tripsage__transfer_end *end, CURL *easy)
{
    long status = 0;
    curl_off_t seconds = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    out->status = (int)status;
    end->retry_after_ms = seconds < 86400 ? (int64_t)seconds * 1000 : INT64_C(86400000); /* no deadline is a day away */
}

tripsage_status tripsage__transfer_http(tripsage__http_response *out, tripsage__transfer_end *end,
                                        struct transfers *transfers, const tripsage__http_request *request,
                                        const tripsage__transfer_trace *trace, int64_t deadline)
{
    transfer t = {
        .easy = take_handle(transfers), .out = out, .stop = request->stop, .deadline = deadline, .set = CURLE_OK};
    struct curl_slist *headers = NULL;
    tripsage_status status;
    CURLcode code;

    memset(end, 0, sizeof *end);
    out->headers.ceiling = HEADERS_MAX;
    if (!t.easy || !make_headers(&headers, request, trace)) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    set_common(&t, transfers, request->url);
    set_http(&t, request, headers);
    code = t.set == CURLE_OK ? curl_easy_perform(t.easy) : t.set;
    read_end(out, end, t.easy);
    end->unsent = failed_unsent(code);
    end->broken = failed_broken(code);
    status = out->body.failed || out->headers.failed ? tell_answer(out, code, request->method, request->url)
                                                     : tell(&t, code, request->method, request->url);
out:
    if (t.easy)
        give_handle(transfers, t.easy);
    free_lines(headers);
    return status;
}

/* ---- SMTP ---- */

static void set_text(transfer *t, const tripsage__transfer_mail *mail, struct curl_slist *to)
{
    SET(t, CURLOPT_MAIL_FROM, mail->from);
    SET(t, CURLOPT_MAIL_RCPT, to);
    SET(t, CURLOPT_UPLOAD, 1L);
    SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->size);
    SET(t, CURLOPT_READFUNCTION, give_text);
    SET(t, CURLOPT_READDATA, t);
}

/* A connection is for one mail: curl would keep one whose server has not answered to a message yet, and take that answer for the next
 * one's; and it would say good-bye when the handle is freed, and wait for two minutes. */
static void set_smtp(transfer *t, const tripsage__transfer_mail *mail)
{
    SET(t, CURLOPT_FORBID_REUSE, 1L);
    SET(t, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    if (mail->encryption != TRIPSAGE__SMTP_STANDARD)
        SET(t, CURLOPT_USE_SSL, (long)(mail->encryption == TRIPSAGE__SMTP_MUST ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (mail->user) {
        SET(t, CURLOPT_SASL_IR, 1L); /* the password along with the command: a round trip less */
        SET(t, CURLOPT_USERNAME, mail->user);
        SET(t, CURLOPT_PASSWORD, mail->password ? mail->password : "");
    }
}

/* Where curl has no mail it asks for HELP, which not every server has. */
static void set_no_text(transfer *t)
{
    SET(t, CURLOPT_NOBODY, 1L);
    SET(t, CURLOPT_CUSTOMREQUEST, "NOOP");
}

/* A 5yz is for good (RFC 5321, 4.2.1), and so is a password that is not taken. */
static int refuses(CURLcode code, long answered)
{
    return code == CURLE_LOGIN_DENIED || (code != CURLE_OK && answered >= 500 && answered < 600);
}

tripsage_status tripsage__transfer_smtp(struct transfers *transfers, const tripsage__transfer_mail *mail,
                                        int64_t deadline)
{
    transfer t = {.easy = take_handle(transfers),
                  .text = mail->message,
                  .left = mail->size,
                  .stop = mail->stop,
                  .deadline = deadline,
                  .set = CURLE_OK};
    char shown[TRIPSAGE__HTTP_SHOWN_SIZE];
    struct curl_slist *to = NULL;
    long answered = 0;
    tripsage_status status;
    CURLcode code;

    if (!t.easy || (mail->to && !append(&to, mail->to))) {
        status = TRIPSAGE_NOMEM();
        goto out;
    }
    set_common(&t, transfers, mail->url);
    set_smtp(&t, mail);
    if (mail->message)
        set_text(&t, mail, to);
    else
        set_no_text(&t);
    code = t.set == CURLE_OK ? curl_easy_perform(t.easy) : t.set;
    curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &answered);
    tripsage__http_show(shown, mail->url);
    status = refuses(code, answered)
                 ? TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINVALID, (int)code, "mail through %s is refused: %s (%ld)", shown,
                                        t.problem[0] ? t.problem : curl_easy_strerror(code), answered)
                 : tell(&t, code, "mail through", mail->url);
out:
    if (t.easy)
        give_handle(transfers, t.easy);
    curl_slist_free_all(to);
    return status;
}
