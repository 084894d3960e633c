/* auth/mail.c: the mailer: its options, its outbox and the thread that empties it. See mail.h. */
#include "auth/mail.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "auth/letter.h"
#include "auth/redirect.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/thread.h"
#include "http/http.h"

/* 256 mails: with a server that takes a mail in half a second, two minutes' worth; some 2 MiB of memory. */
#define OUTBOX_MAX 256
/* One try: mail servers look names up, and ask others, while somebody waits. */
#define TRY_MS 30000u
/* Ten minutes: a code that comes later is one that its reader has asked for anew. */
#define LIFE_MS 600000
/* A server that is busy is asked again after a second, two, four, ... at most a minute. */
#define AGAIN_FIRST_MS 1000
#define AGAIN_LAST_MS  60000
/* Closing: the server program is to end within ten seconds. */
#define GRACE_MS 5000
/* Subject and bodies: those built in have 2 KiB. */
#define WORDS_MAX ((size_t)128 * 1024)

#define SITE_STANDARD "http://localhost:3000"
#define VERIFY_PATH   "/auth/v1/verify"

typedef struct letter {
    struct letter *next;
    tripsage__mail_kind kind;
    char to[256];
    tripsage__buf subject, text, html;
    int64_t born, due; /* tripsage__monotonic_ms */
    unsigned tries;
} letter;

struct tripsage__mailer {
    tripsage__env *env;
    tripsage__http *http;
    tripsage__smtp server;
    char *host, *user, *password, *sender, *sender_name, *site_url, *redirect_urls, *verify_url;
    int log_mails;
    char *own_words[TRIPSAGE__MAIL_KINDS][3]; /* of templates: what `words` points to */
    tripsage__letter_words words[TRIPSAGE__MAIL_KINDS];

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;  /* there is something to do, or nothing any more */
    letter *first, **last;
    size_t count; /* the one being sent included */
    int running, closing;
    pthread_t thread;
    _Atomic int stop;
};

/* ---- options ---- */

static int is_url(const char *text)
{
    return (strncmp(text, "https://", 8) == 0 && text[8]) || (strncmp(text, "http://", 7) == 0 && text[7]);
}

static int is_text(const char *text)
{
    return !text || tripsage__utf8_valid(text, strlen(text));
}

static tripsage_status check_template(const tripsage_mail_template *t)
{
    for (int kind = 0; kind < TRIPSAGE__MAIL_KINDS; kind++) {
        if (!t->name || strcmp(t->name, tripsage__letter_name((tripsage__mail_kind)kind)) != 0)
            continue;
        if ((t->subject && !tripsage__letter_put(NULL, t->subject, NULL, 0)) ||
            (t->text && !tripsage__letter_put(NULL, t->text, NULL, 0)) ||
            (t->html && !tripsage__letter_put(NULL, t->html, NULL, 1)))
            return TRIPSAGE_FAIL_FIELD(
                "#options", "auth.mail.templates: \"%s\" has a {{ }} with a name that is none of ours", t->name);
        if ((t->subject && !tripsage__mail_is_line(t->subject)) || !is_text(t->text) || !is_text(t->html))
            return TRIPSAGE_FAIL_FIELD(
                "#options", "auth.mail.templates: \"%s\" is not UTF-8, or has a subject of two lines", t->name);
        return TRIPSAGE_OK;
    }
    return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.templates: there is no mail called \"%.40s\"",
                               t->name ? t->name : "");
}

static tripsage_status check_options(const tripsage_mail_options *o)
{
    tripsage_status status = TRIPSAGE_OK;

    if (o->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.version is %u; start from TRIPSAGE_MAIL_OPTIONS_INIT",
                                   o->version);
    if (o->host && !tripsage__smtp_is_host(o->host))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.host must be the name or the address of a mail server");
    if (o->port > 65535)
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.port must be at most 65535");
    if (o->host && !tripsage__mail_is_address(o->sender))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.sender must be an e-mail address when there is a host");
    if (o->sender_name && !tripsage__mail_is_line(o->sender_name))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.sender_name must be one line of text");
    if ((o->site_url && !is_url(o->site_url)) || (o->external_url && !is_url(o->external_url)))
        return TRIPSAGE_FAIL_FIELD("#options", "auth.mail.site_url and external_url must be http or https URLs");
    for (size_t i = 0; i < o->template_count && status == TRIPSAGE_OK; i++)
        status = check_template(&o->templates[i]);
    return status;
}

/* NULL stays NULL. */
static tripsage_status copy(char **out, const char *text)
{
    *out = text && text[0] ? tripsage__strdup(text) : NULL;
    return *out || !text || !text[0] ? TRIPSAGE_OK : TRIPSAGE_NOMEM();
}

/* The address of /verify, without a slash twice. */
static tripsage_status make_verify_url(char **out, const char *base)
{
    tripsage__buf url = TRIPSAGE__BUF_INIT(WORDS_MAX);
    size_t length = strlen(base);
    tripsage_status status;

    while (length && base[length - 1] == '/')
        length--;
    tripsage__buf_put(&url, base, length);
    TRIPSAGE__LIT(&url, VERIFY_PATH);
    status = tripsage__buf_status(&url);
    if (status == TRIPSAGE_OK)
        *out = tripsage__buf_take(&url, NULL);
    tripsage__buf_free(&url);
    return status;
}

static tripsage_status take_template(tripsage__mailer *m, const tripsage_mail_template *t)
{
    const char *texts[3] = {t->subject, t->text, t->html};
    const char **words[3];
    int kind = 0;
    tripsage_status status = TRIPSAGE_OK;

    while (strcmp(t->name, tripsage__letter_name((tripsage__mail_kind)kind)) != 0)
        kind++;
    words[0] = &m->words[kind].subject;
    words[1] = &m->words[kind].text;
    words[2] = &m->words[kind].html;
    for (int i = 0; i < 3 && status == TRIPSAGE_OK; i++) {
        if (!texts[i])
            continue;
        tripsage__free(m->own_words[kind][i]); /* of one given twice the last holds */
        m->own_words[kind][i] = tripsage__strdup(texts[i]);
        *words[i] = m->own_words[kind][i];
        if (!*words[i])
            status = TRIPSAGE_NOMEM();
    }
    return status;
}

static tripsage_status take_options(tripsage__mailer *m, const tripsage_mail_options *o)
{
    tripsage_status status;

    TRIPSAGE_TRY(check_options(o));
    TRIPSAGE_TRY(copy(&m->host, o->host));
    TRIPSAGE_TRY(copy(&m->user, o->user));
    TRIPSAGE_TRY(copy(&m->password, o->password));
    TRIPSAGE_TRY(copy(&m->sender, o->sender));
    TRIPSAGE_TRY(copy(&m->sender_name, o->sender_name));
    TRIPSAGE_TRY(copy(&m->site_url, o->site_url ? o->site_url : SITE_STANDARD));
    TRIPSAGE_TRY(copy(&m->redirect_urls, o->redirect_urls));
    TRIPSAGE_TRY(make_verify_url(&m->verify_url, o->external_url ? o->external_url : m->site_url));
    for (int kind = 0; kind < TRIPSAGE__MAIL_KINDS; kind++)
        m->words[kind] = *tripsage__letter_standard((tripsage__mail_kind)kind);
    for (size_t i = 0; i < o->template_count; i++)
        TRIPSAGE_TRY(take_template(m, &o->templates[i]));
    m->log_mails = o->log_mails && !m->host;
    m->server.host = m->host;
    m->server.port = (uint16_t)o->port;
    m->server.user = m->user;
    m->server.password = m->password;
    if (m->host)
        TRIPSAGE_TRY(tripsage__http_new(&m->http, m->env, NULL));
out:
    return status;
}

tripsage_status tripsage__mailer_new(tripsage__mailer **out, tripsage__env *env, const tripsage_mail_options *options)
{
    static const tripsage_mail_options standard = TRIPSAGE_MAIL_OPTIONS_INIT;
    tripsage__mailer *m = tripsage__calloc(1, sizeof *m);
    pthread_condattr_t attributes;
    tripsage_status status;

    *out = NULL;
    if (!m)
        return TRIPSAGE_NOMEM();
    m->env = env;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    status = take_options(m, options ? options : &standard);
    if (status == TRIPSAGE_OK)
        *out = m;
    else
        tripsage__mailer_free(m);
    return status;
}

/* ---- a letter ---- */

/* Codes and links sign people in. */
static void letter_free(letter *l)
{
    if (!l)
        return;
    tripsage__buf_free_wiped(&l->subject);
    tripsage__buf_free_wiped(&l->text);
    tripsage__buf_free_wiped(&l->html);
    tripsage__free(l);
}

/* A URL in a query: what is plain stays readable, as in GoTrue's links; anything else is percent-encoded as a whole. */
static void put_redirect(tripsage__buf *out, const char *url)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/";

    if (url[strspn(url, plain)])
        tripsage__buf_put_encoded(out, url);
    else
        tripsage__buf_puts(out, url);
}

void tripsage__mailer_put_link(tripsage__buf *out, const tripsage__mailer *m, const char *type, const char *token_hash,
                               const char *redirect_to)
{
    tripsage__buf_puts(out, m->verify_url);
    TRIPSAGE__LIT(out, "?token=");
    tripsage__buf_put_encoded(out, token_hash);
    TRIPSAGE__LIT(out, "&type=");
    tripsage__buf_puts(out, type);
    TRIPSAGE__LIT(out, "&redirect_to=");
    put_redirect(out, redirect_to);
}

const char *tripsage__mailer_redirect(const tripsage__mailer *m, const char *asked)
{
    return tripsage__redirect_allowed(m->site_url, m->redirect_urls, asked) ? asked : m->site_url;
}

static tripsage_status letter_write(letter *l, const tripsage__mailer *m, const tripsage__account_mail *mail,
                                    const char *link)
{
    const tripsage__letter_words *words = &m->words[mail->kind];
    tripsage__letter_values values = {.confirmation_url = link,
                                      .token = mail->code ? mail->code : "",
                                      .token_hash = mail->token_hash ? mail->token_hash : "",
                                      .site_url = m->site_url,
                                      .redirect_to = mail->redirect_to ? mail->redirect_to : m->site_url,
                                      .email = mail->email ? mail->email : mail->to,
                                      .new_email = mail->new_email ? mail->new_email : "",
                                      .trip_title = mail->trip_title ? mail->trip_title : "",
                                      .level = mail->level ? mail->level : ""};
    tripsage_status status;

    tripsage__letter_put(&l->subject, words->subject, &values, 0);
    tripsage__letter_put(&l->text, words->text, &values, 0);
    tripsage__letter_put(&l->html, words->html, &values, 1);
    TRIPSAGE_TRY(tripsage__buf_status(&l->subject));
    TRIPSAGE_TRY(tripsage__buf_status(&l->text));
    TRIPSAGE_TRY(tripsage__buf_status(&l->html));
out:
    return status;
}

static tripsage_status letter_new(letter **out, const tripsage__mailer *m, const tripsage__account_mail *mail,
                                  const char *link)
{
    static const tripsage__buf empty = TRIPSAGE__BUF_INIT(WORDS_MAX);
    size_t length = strlen(mail->to);
    letter *l = tripsage__calloc(1, sizeof *l);
    tripsage_status status = TRIPSAGE_EINVALID;

    *out = NULL;
    if (!l)
        return TRIPSAGE_NOMEM();
    l->kind = mail->kind;
    l->subject = l->text = l->html = empty;
    l->born = l->due = tripsage__monotonic_ms();
    if (length < sizeof l->to) {
        memcpy(l->to, mail->to, length + 1);
        status = letter_write(l, m, mail, link);
    } else
        status = TRIPSAGE_FAIL(TRIPSAGE_EINVALID, "no mail can be sent to an address of %zu characters", length);
    if (status == TRIPSAGE_OK)
        *out = l;
    else
        letter_free(l);
    return status;
}

/* ---- the thread ---- */

/* Its domain says enough in a log. */
static const char *domain_of(const letter *l)
{
    const char *at = strchr(l->to, '@');

    return at ? at : "";
}

static void append(tripsage__mailer *m, letter *l)
{
    l->next = NULL;
    *m->last = l;
    m->last = &l->next;
}

/* The first that is due, taken out; NULL: none, and *next is when one will be (INT64_MAX: there is none). With the lock. */
static letter *take_due(tripsage__mailer *m, int64_t now, int64_t *next)
{
    *next = INT64_MAX;
    for (letter **at = &m->first; *at; at = &(*at)->next) {
        letter *l = *at;

        if (l->due <= now || m->closing) {
            *at = l->next;
            if (m->last == &l->next)
                m->last = at;
            return l;
        }
        if (l->due < *next)
            *next = l->due;
    }
    return NULL;
}

static tripsage_status hand_over(tripsage__mailer *m, const letter *l)
{
    tripsage__mail mail = {.from = m->sender,
                           .from_name = m->sender_name,
                           .to = l->to,
                           .subject = l->subject.data,
                           .text = l->text.data,
                           .html = l->html.data,
                           .deadline_ms = TRY_MS,
                           .stop = &m->stop};

    return tripsage__mail_send(m->http, &m->server, &mail);
}

/* Sends a letter once; 1 when it is to be tried again. Without the lock. */
static int try_letter(tripsage__mailer *m, letter *l, int is_last)
{
    tripsage_status status = hand_over(m, l);
    int64_t wait = AGAIN_FIRST_MS;

    if (status == TRIPSAGE_OK) {
        tripsage__log(m->env, TRIPSAGE_LOG_DEBUG, "auth", "a %s mail to %s was taken", tripsage__letter_name(l->kind),
                      domain_of(l));
        return 0;
    }
    if (status == TRIPSAGE_EINVALID || is_last || tripsage__monotonic_ms() - l->born >= LIFE_MS) {
        tripsage__log(m->env, TRIPSAGE_LOG_ERROR, "auth", "a %s mail to %s was given up after %u tries: %s",
                      tripsage__letter_name(l->kind), domain_of(l), l->tries + 1, tripsage_last_error()->message);
        return 0;
    }
    if (l->tries == 0)
        tripsage__log(m->env, TRIPSAGE_LOG_WARN, "auth", "a %s mail to %s is not taken yet: %s",
                      tripsage__letter_name(l->kind), domain_of(l), tripsage_last_error()->message);
    for (unsigned i = 0; i < l->tries && wait < AGAIN_LAST_MS; i++)
        wait *= 2;
    l->due = tripsage__monotonic_ms() + (wait < AGAIN_LAST_MS ? wait : AGAIN_LAST_MS);
    l->tries++;
    return 1;
}

static void wait_until(tripsage__mailer *m, int64_t when)
{
    struct timespec until = {.tv_sec = (time_t)(when / 1000), .tv_nsec = (long)(when % 1000) * 1000000};

    if (when == INT64_MAX)
        pthread_cond_wait(&m->wake, &m->lock);
    else
        pthread_cond_timedwait(&m->wake, &m->lock, &until);
}

static void *empty_outbox(void *mailer)
{
    tripsage__mailer *m = mailer;

    pthread_mutex_lock(&m->lock);
    while (m->first || !m->closing) {
        int64_t next;
        letter *l = take_due(m, tripsage__monotonic_ms(), &next);
        int again, is_last = m->closing;

        if (!l) {
            wait_until(m, next);
            continue;
        }
        pthread_mutex_unlock(&m->lock);
        again = try_letter(m, l, is_last);
        pthread_mutex_lock(&m->lock);
        if (again)
            append(m, l);
        else {
            letter_free(l);
            m->count--;
        }
    }
    m->running = 0;
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

/* At the first mail, since a program may fork after opening. With the lock. */
static tripsage_status start(tripsage__mailer *m)
{
    int failed;

    if (m->running)
        return TRIPSAGE_OK;
    failed = tripsage__thread_start(&m->thread, 0, empty_outbox, m);
    m->running = !failed;
    return failed ? TRIPSAGE_FAIL_NATIVE(TRIPSAGE_EINTERNAL, failed, "no thread can be started to send mail")
                  : TRIPSAGE_OK;
}

/* ---- the outbox ---- */

static tripsage_status check_room(const tripsage__mailer *m)
{
    if (m->count >= OUTBOX_MAX)
        return TRIPSAGE_FAIL(TRIPSAGE_EBUSY, "%d mails wait for the mail server; try again in a minute", OUTBOX_MAX);
    return TRIPSAGE_OK;
}

tripsage_status tripsage__mailer_check(tripsage__mailer *m)
{
    tripsage_status status;

    if (!m->host && !m->log_mails)
        return TRIPSAGE_FAIL_REASON(TRIPSAGE_ENOTSUP, "email_provider_disabled",
                                    "mail cannot be sent: no mail server is configured (SMTP_HOST)");
    pthread_mutex_lock(&m->lock);
    status = check_room(m);
    pthread_mutex_unlock(&m->lock);
    return status;
}

static void write_into_log(const tripsage__mailer *m, const tripsage__account_mail *mail, const char *link)
{
    const char *name = tripsage__letter_name(mail->kind);

    if (mail->code)
        tripsage__log(m->env, TRIPSAGE_LOG_INFO, "auth", "%s mail to %s, not sent: the code is %s", name, mail->to,
                      mail->code);
    else
        tripsage__log(m->env, TRIPSAGE_LOG_INFO, "auth", "%s mail to %s, not sent", name, mail->to);
    if (link[0])
        tripsage__log(m->env, TRIPSAGE_LOG_INFO, "auth", "%s mail to %s, not sent: the link is %s", name, mail->to,
                      link);
}

static tripsage_status post(tripsage__mailer *m, const tripsage__account_mail *mail, const char *link)
{
    letter *l = NULL;
    tripsage_status status = letter_new(&l, m, mail, link);

    if (status != TRIPSAGE_OK)
        return status;
    pthread_mutex_lock(&m->lock);
    status = check_room(m);
    if (status == TRIPSAGE_OK)
        status = start(m);
    if (status == TRIPSAGE_OK) {
        append(m, l);
        m->count++;
        l = NULL;
        pthread_cond_broadcast(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    letter_free(l);
    return status;
}

tripsage_status tripsage__mailer_send(tripsage__mailer *m, const tripsage__account_mail *mail)
{
    tripsage__buf link = TRIPSAGE__BUF_INIT(WORDS_MAX);
    const char *type = tripsage__letter_type(mail->kind);
    tripsage_status status;

    TRIPSAGE_TRY(tripsage__mailer_check(m));
    if (type && mail->token_hash)
        tripsage__mailer_put_link(&link, m, type, mail->token_hash,
                                  mail->redirect_to ? mail->redirect_to : m->site_url);
    TRIPSAGE_TRY(tripsage__buf_status(&link));
    if (m->log_mails)
        write_into_log(m, mail, link.data ? link.data : "");
    else
        status = post(m, mail, link.data ? link.data : "");
out:
    tripsage__buf_free_wiped(&link);
    return status;
}

/* ---- the end ---- */

/* Lets the thread go on for a moment, then has it give up. */
static void finish(tripsage__mailer *m)
{
    int64_t until = tripsage__monotonic_ms() + GRACE_MS;
    int started;

    pthread_mutex_lock(&m->lock);
    started = m->running;
    m->closing = 1;
    pthread_cond_broadcast(&m->wake);
    while (m->running && tripsage__monotonic_ms() < until)
        wait_until(m, until);
    pthread_mutex_unlock(&m->lock);
    atomic_store(&m->stop, 1);
    if (started)
        pthread_join(m->thread, NULL);
}

void tripsage__mailer_free(tripsage__mailer *m)
{
    if (!m)
        return;
    finish(m);
    tripsage__http_free(m->http);
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    if (m->password)
        tripsage__wipe(m->password, strlen(m->password));
    for (int kind = 0; kind < TRIPSAGE__MAIL_KINDS; kind++)
        for (int i = 0; i < 3; i++)
            tripsage__free(m->own_words[kind][i]);
    tripsage__free(m->host);
    tripsage__free(m->user);
    tripsage__free(m->password);
    tripsage__free(m->sender);
    tripsage__free(m->sender_name);
    tripsage__free(m->site_url);
    tripsage__free(m->redirect_urls);
    tripsage__free(m->verify_url);
    tripsage__free(m);
}
