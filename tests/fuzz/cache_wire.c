/* cache_wire.c: requests of Upstash's wire. The input is a line, "METHOD PATH?QUERY", headers of one letter each behind a blank (b: base64,
 * r: RESP2, o: the token that only reads), and behind the line a body. Whatever comes, the answer is whole and none that something broke
 * inside, and a reader changes nothing. */
#include <string.h>
#include <tripsage/cache_serve.h>

#include "base/json.h"
#include "fuzz.h"

#define TOKEN   "a token for everything"
#define READING "a token for reading"

/* What a body of hundreds of bytes may become: SETRANGE and its like make values out of a number. */
#define ANSWER_MAX ((size_t)256 * 1024 * 1024)

static const char *header_of(void *context, const char *name)
{
    const char *letters = context;

    if (strcmp(name, "authorization") == 0)
        return strchr(letters, 'o') ? "Bearer " READING : "Bearer " TOKEN;
    if (strcmp(name, "upstash-encoding") == 0)
        return strchr(letters, 'b') ? "base64" : NULL;
    return strcmp(name, "upstash-response-format") == 0 && strchr(letters, 'r') ? "resp2" : NULL;
}

static void check_body(const tripsage_cache_response *response, const char *type)
{
    tripsage__json *parsed = NULL;
    size_t length;
    const char *body = tripsage_cache_response_body(response, &length);

    FUZZ_CHECK(body[length] == '\0');
    if (strcmp(type, "application/json") == 0) {
        tripsage_status status = tripsage__json_parse_within(&parsed, body, length, ANSWER_MAX);

        /* A script's results may be deeper than the reader goes, and it takes no NUL. */
        FUZZ_CHECK(status == TRIPSAGE_OK ||
                   (status == TRIPSAGE_EMALFORMED && (strstr(body, "[[[[[[[[") || strstr(body, "\\u0000"))));
    }
    tripsage__json_free(parsed);
}

static void check_stream(tripsage_cache_response *response)
{
    const char *data;
    size_t length;

    if (tripsage_cache_response_streams(response))
        FUZZ_CHECK(tripsage_cache_response_more(&data, &length, response, 0) == TRIPSAGE_ETIMEOUT);
}

static void check_answer(tripsage_cache_response *response)
{
    int http = tripsage_cache_response_status(response);
    const char *name, *value, *type = "";

    FUZZ_CHECK(http == 200 || http == 400 || http == 401 || http == 405);
    for (size_t i = 0; tripsage_cache_response_header(response, i, &name, &value); i++) {
        FUZZ_CHECK(!strpbrk(value, "\r\n"));
        if (strcmp(name, "content-type") == 0)
            type = value;
    }
    FUZZ_CHECK(*type);
    FUZZ_CHECK(http == 200 || strcmp(type, "application/json") == 0);
    check_body(response, type);
    check_stream(response);
}

static size_t entries_in(tripsage_cache *cache)
{
    tripsage_cache_stats stats;

    FUZZ_CHECK(tripsage_cache_get_stats(&stats, cache) == TRIPSAGE_OK);
    return stats.entries;
}

/* The next word of the line, in place. */
static char *word(char **line, const char *ends)
{
    char *begin = *line;

    *line += strcspn(begin, ends);
    if (**line)
        *(*line)++ = '\0';
    return begin;
}

static void ask(tripsage_cache *cache, char *line, const uint8_t *body, size_t length)
{
    tripsage_cache_serve_options options = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;
    tripsage_cache_request request = TRIPSAGE_CACHE_REQUEST_INIT;
    tripsage_cache_response *response;
    char *target;
    size_t before = entries_in(cache);

    options.token = TOKEN;
    options.readonly_token = READING;
    request.method = word(&line, " ");
    target = word(&line, " ");
    request.path = word(&target, "?");
    request.query = target;
    request.header = header_of;
    request.context = line;
    request.body = (const char *)body;
    request.length = length;
    FUZZ_CHECK(tripsage_cache_serve(&response, cache, &options, &request) == TRIPSAGE_OK);
    check_answer(response);
    tripsage_cache_response_free(response);
    FUZZ_CHECK(!strchr(line, 'o') || entries_in(cache) <= before); /* fewer, where the time of one is over */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tripsage_cache *cache;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    char *line = malloc(length + 1);

    FUZZ_CHECK(line);
    if (!cache)
        FUZZ_CHECK(tripsage_cache_open(&cache, NULL, NULL) == TRIPSAGE_OK);
    if (length)
        memcpy(line, data, length);
    line[length] = '\0';
    ask(cache, line, end ? end + 1 : NULL, end ? size - length - 1 : 0);
    free(line);
    return 0;
}
