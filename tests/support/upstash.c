/* support/upstash.c: see upstash.h. Runs on the threads of the connections, each with a way of its own to the redis-server. */
#include "upstash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORDS_MAX = 4096, LINES_MAX = 4096 };

typedef struct word {
    char *data; /* in the request's body or target, where it was unescaped */
    size_t size;
} word;

typedef struct batch {
    word words[WORDS_MAX];
    size_t starts[LINES_MAX + 1]; /* the first word of each line, and of the one behind the last */
    size_t count;
} batch;

/* One thread's way to the redis-server, and what it keeps until its next request. */
typedef struct way {
    FILE *in;
    int socket;
    char *body;
    char headers[64];
    batch batch;
} way;

static void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void close_way(void *given)
{
    way *w = given;

    if (w->in)
        fclose(w->in);
    free(w->body);
    free(w);
}

/* ---- what comes in ---- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char *skip(char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

static size_t put_code(char *out, unsigned long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 63));
    out[2] = (char)(0x80 | (c & 63));
    return 3;
}

/* Unescapes a string in its place; behind its end, or NULL. The library writes no pairs of surrogates. */
static char *take_string(word *out, char *at)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char *to = at;

    out->data = at;
    for (; *at && *at != '"'; at++) {
        if (*at != '\\') {
            *to++ = *at;
        } else if (*++at == 'u') {
            char digits[5] = {0};

            memcpy(digits, at + 1, 4);
            to += put_code(to, strtoul(digits, NULL, 16));
            at += 4;
        } else if (*at && strchr(names, *at)) {
            *to++ = meanings[strchr(names, *at) - names];
        } else {
            return NULL;
        }
    }
    out->size = (size_t)(to - out->data);
    return *at == '"' ? at + 1 : NULL;
}

/* One line: an array of strings, not empty. */
static char *take_line(batch *b, char *at)
{
    size_t count = b->starts[b->count];

    at = skip(at);
    if (*at++ != '[' || b->count == LINES_MAX)
        return NULL;
    do {
        at = skip(at);
        if (*at++ != '"' || count == WORDS_MAX)
            return NULL;
        at = take_string(&b->words[count++], at);
        at = at ? skip(at) : NULL;
    } while (at && *at++ == ',');
    b->starts[++b->count] = count;
    return at && at[-1] == ']' ? skip(at) : NULL;
}

static int take_lines(batch *b, char *at)
{
    at = skip(at);
    if (*at++ != '[')
        return 0;
    do
        at = take_line(b, at);
    while (at && *at++ == ',');
    return at && at[-1] == ']' && !*skip(at);
}

static void put_word(batch *b, char *data, size_t size)
{
    size_t count = b->starts[1];

    need(count < WORDS_MAX, "words");
    b->words[count] = (word){data, size};
    b->starts[1]++;
}

/* Decodes a part of the target in its place. */
static void put_part(batch *b, char *part)
{
    char *to = part;

    for (char *at = part; *at; at++)
        if (*at == '%') {
            char digits[3] = {at[1], at[2], '\0'};

            *to++ = (char)strtoul(digits, NULL, 16);
            at += 2;
        } else {
            *to++ = *at;
        }
    put_word(b, part, (size_t)(to - part));
}

/* The segments of the path, the body, names and values of the query. */
static void take_path(batch *b, char *target, char *body, size_t body_size)
{
    char *query = strchr(target, '?'), *state;

    b->count = 1;
    b->starts[1] = 0;
    if (query)
        *query++ = '\0';
    for (char *part = strtok_r(target, "/", &state); part; part = strtok_r(NULL, "/", &state))
        put_part(b, part);
    if (body_size)
        put_word(b, body, body_size);
    for (char *part = query ? strtok_r(query, "&=", &state) : NULL; part; part = strtok_r(NULL, "&=", &state))
        put_part(b, part);
}

/* ---- to the redis-server and back ---- */

static way *way_of(test_upstash *u)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    way *w = pthread_getspecific(u->ways);

    if (!w) {
        w = calloc(1, sizeof *w);
        need(w != NULL, "memory");
        need(pthread_setspecific(u->ways, w) == 0, "pthread_setspecific");
    }
    if (!w->in) {
        w->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        memcpy(address.sun_path, u->redis->path, strlen(u->redis->path));
        if (connect(w->socket, (struct sockaddr *)&address, sizeof address) == 0)
            w->in = fdopen(w->socket, "r");
        else
            close(w->socket);
    }
    return w;
}

static void send_all(const way *w, const char *text, size_t size)
{
    while (size) {
        ssize_t sent = send(w->socket, text, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* reading will say so */
        text += sent;
        size -= (size_t)sent;
    }
}

static void put_base64(FILE *to, const unsigned char *bytes, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16 | (i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (i + 2 < size ? bytes[i + 2] : 0);

        fputc(alphabet[group >> 18], to);
        fputc(alphabet[group >> 12 & 63], to);
        fputc(i + 1 < size ? alphabet[group >> 6 & 63] : '=', to);
        fputc(i + 2 < size ? alphabet[group & 63] : '=', to);
    }
}

static void put_string(FILE *to, const char *text, size_t size, int is_top)
{
    fputc('"', to);
    if (is_top && size == 2 && memcmp(text, "OK", 2) == 0)
        fputs("OK", to);
    else
        put_base64(to, (const unsigned char *)text, size);
    fputc('"', to);
}

static void put_error(FILE *to, const char *text)
{
    fputs("{\"error\":\"", to);
    for (; *text; text++)
        fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    fputs("\"}", to);
}

/* Writes one reply as a result; 0 when the connection is broken. *error says that it is one. */
static int put_reply(FILE *to, way *w, int depth, int *error)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size = getline(&line, &room, w->in);
    long count;
    int good = size > 2;

    if (!good) {
        free(line);
        return 0;
    }
    line[size -= 2] = '\0';
    count = strtol(line + 1, NULL, 10);
    *error = line[0] == '-';
    if (depth == 0 && !*error)
        fputs("{\"result\":", to);
    if (line[0] == '-' && depth == 0) {
        put_error(to, line + 1);
    } else if (line[0] == '+' || line[0] == '-') {
        put_string(to, line + 1, (size_t)size - 1, depth == 0);
    } else if (line[0] == ':') {
        fputs(line + 1, to);
    } else if (count < 0) {
        fputs("null", to);
    } else if (line[0] == '$') {
        char *text = malloc((size_t)count + 2);

        need(text != NULL, "memory");
        good = fread(text, 1, (size_t)count + 2, w->in) == (size_t)count + 2;
        put_string(to, text, (size_t)count, depth == 0);
        free(text);
    } else {
        int inner;

        fputc('[', to);
        for (long i = 0; good && i < count; i++) {
            fputs(i ? "," : "", to);
            good = put_reply(to, w, depth + 1, &inner);
        }
        fputc(']', to);
    }
    if (depth == 0 && !*error)
        fputc('}', to);
    free(line);
    return good;
}

static void send_line(const way *w, const word *words, size_t count)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    need(to != NULL, "memory");
    fprintf(to, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "$%zu\r\n", words[i].size);
        fwrite(words[i].data, 1, words[i].size, to);
        fputs("\r\n", to);
    }
    fclose(to);
    send_all(w, text, size);
    free(text);
}

static void send_lines(const way *w, const batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        send_line(w, b->words + b->starts[i], b->starts[i + 1] - b->starts[i]);
}

/* A reply that nobody is told, unless it is an error. */
static int skip_reply(FILE *to, way *w, int *error)
{
    char *text = NULL;
    size_t size;
    FILE *aside = open_memstream(&text, &size);
    int good;

    need(aside != NULL, "memory");
    good = put_reply(aside, w, 0, error);
    fclose(aside);
    if (good && *error && ftell(to) == 0)
        fwrite(text, 1, size, to);
    free(text);
    return good;
}

/* ---- requests ---- */

static int serve_one(FILE *to, way *w, int *status)
{
    int error, good;

    send_lines(w, &w->batch);
    good = put_reply(to, w, 0, &error);
    *status = error ? 400 : 200;
    return good;
}

static int serve_pipeline(FILE *to, way *w)
{
    int error, good = 1;

    send_lines(w, &w->batch);
    for (size_t i = 0; good && i < w->batch.count; i++) {
        fputc(i ? ',' : '[', to);
        good = put_reply(to, w, 0, &error);
    }
    fputc(']', to);
    return good;
}

/* The members of what EXEC gives, each as a result; or the first error, for which none was carried out. */
static int serve_transaction(FILE *to, way *w, int *status)
{
    static char multi[] = "MULTI", exec[] = "EXEC";
    const word begin = {multi, 5}, end = {exec, 4};
    int error, good = 1;
    char line[64];
    long count;

    send_line(w, &begin, 1);
    send_lines(w, &w->batch);
    send_line(w, &end, 1);
    for (size_t i = 0; good && i <= w->batch.count; i++)
        good = skip_reply(to, w, &error);
    if (!good)
        return 0;
    if (ftell(to) > 0) {
        *status = 400;
        return skip_reply(to, w, &error);
    }
    if (!fgets(line, sizeof line, w->in) || line[0] != '*')
        return 0;
    count = strtol(line + 1, NULL, 10);
    fputc('[', to);
    for (long i = 0; good && i < count; i++) {
        fputs(i ? "," : "", to);
        good = put_reply(to, w, 0, &error);
    }
    fputc(']', to);
    return good;
}

static int serve(FILE *to, way *w, const test_web_request *r, int *status)
{
    char target[sizeof r->target];
    int is_pipeline = strcmp(r->target, "/pipeline") == 0, is_transaction = strcmp(r->target, "/multi-exec") == 0;
    int is_good = 1;

    w->batch.count = 0;
    w->batch.starts[0] = 0;
    strcpy(target, r->target);
    if (is_pipeline || is_transaction)
        is_good = take_lines(&w->batch, r->body);
    else if (strcmp(r->target, "/") == 0)
        is_good = take_line(&w->batch, r->body) != NULL;
    else
        take_path(&w->batch, target, r->body, r->body_size);
    if (!is_good) {
        *status = 400;
        put_error(to, "ERR failed to parse body");
        return 1;
    }
    if (is_pipeline)
        return serve_pipeline(to, w);
    return is_transaction ? serve_transaction(to, w, status) : serve_one(to, w, status);
}

static void answer_with(test_web_reply *reply, way *w, const test_web_request *r)
{
    size_t size;
    FILE *to;

    reply->status = 200;
    free(w->body);
    w->body = NULL;
    to = open_memstream(&w->body, &size);
    need(to != NULL, "memory");
    if (!w->in || !serve(to, w, r, &reply->status)) {
        reply->status = 502;
        if (w->in)
            fclose(w->in);
        w->in = NULL;
    }
    fclose(to);
    reply->headers = w->headers;
    reply->body = w->body;
    reply->body_size = reply->status == 502 ? 0 : size;
}

static void answer(test_web_reply *reply, const test_web_request *r, void *user)
{
    test_upstash *u = user;
    char token[32];
    int done;
    way *w;

    pthread_mutex_lock(&u->lock);
    *reply = u->instead;
    snprintf(token, sizeof token, "n=%ld", u->served);
    done = u->is_instead;
    if (!done && !test_web_header_is(r, "Authorization", "Bearer " TEST_UPSTASH_TOKEN)) {
        *reply = (test_web_reply){.status = 401, .body = "{\"error\":\"WRONGPASS invalid or missing auth token\"}"};
        done = 1;
    }
    u->in_sync += !done && test_web_header_is(r, "upstash-sync-token", token);
    u->served += !done;
    snprintf(token, sizeof token, "n=%ld", u->served);
    pthread_mutex_unlock(&u->lock);
    if (done)
        return;
    w = way_of(u);
    snprintf(w->headers, sizeof w->headers, "Upstash-Sync-Token: %s\r\n", token);
    answer_with(reply, w, r);
}

/* ---- opened and closed ---- */

void test_upstash_open(test_upstash *u, const test_redis *redis)
{
    memset(u, 0, sizeof *u);
    u->redis = redis;
    need(pthread_mutex_init(&u->lock, NULL) == 0 && pthread_key_create(&u->ways, close_way) == 0, "a lock");
    u->web = test_web_open(answer, u, TEST_PEER_PLAIN);
}

void test_upstash_close(test_upstash *u)
{
    if (!u->web)
        return;
    test_web_close(u->web);
    pthread_key_delete(u->ways);
    pthread_mutex_destroy(&u->lock);
    memset(u, 0, sizeof *u);
}

void test_upstash_answer(test_upstash *u, const test_web_reply *instead)
{
    static const test_web_reply none = {0};

    pthread_mutex_lock(&u->lock);
    u->is_instead = instead != NULL;
    u->instead = instead ? *instead : none;
    pthread_mutex_unlock(&u->lock);
}

long test_upstash_in_sync(test_upstash *u)
{
    long count;

    pthread_mutex_lock(&u->lock);
    count = u->in_sync;
    pthread_mutex_unlock(&u->lock);
    return count;
}
