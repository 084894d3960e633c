/* stream.c: what a subscriber is sent: server-sent events (WHATWG HTML, 9.2), one for each message, as Upstash writes them. */
#include <string.h>

#include "base/env.h"
#include "serve.h"

/* Between two signs of life: proxies drop what is silent for a minute, some after half of one. */
#define HEARTBEAT_MS 15000

/* A line ends at a line feed, so one in a name or a message would begin another: who publishes text in lines encodes it. Here it is told as
 * a line of the same event, which is how the format has it. */
static void put_bytes(tripsage__buf *out, tripsage_cache_argument text)
{
    const char *at = text.data, *end = at + text.size;

    for (const char *next; at < end; at = next) {
        next = at;
        while (next < end && *next != '\n' && *next != '\r')
            next++;
        tripsage__buf_put(out, at, (size_t)(next - at));
        if (next < end) {
            TRIPSAGE__LIT(out, "\ndata: ");
            next += *next == '\r' && end - next > 1 && next[1] == '\n' ? 2 : 1;
        }
    }
}

/* "data: subscribe,channel,1" */
static void put_subscribed(tripsage__buf *out, tripsage_cache_argument name, size_t number, int to_patterns)
{
    TRIPSAGE__LIT(out, "data: ");
    tripsage__buf_puts(out, to_patterns ? "psubscribe," : "subscribe,");
    put_bytes(out, name);
    tripsage__buf_putc(out, ',');
    tripsage__buf_int(out, (int64_t)number);
    TRIPSAGE__LIT(out, "\n\n");
}

/* "data: message,channel,payload", "data: pmessage,pattern,channel,payload" */
static void put_message(tripsage__buf *out, const tripsage_cache_message *message)
{
    TRIPSAGE__LIT(out, "data: ");
    if (message->pattern.data) {
        TRIPSAGE__LIT(out, "pmessage,");
        put_bytes(out, message->pattern);
        tripsage__buf_putc(out, ',');
    } else {
        TRIPSAGE__LIT(out, "message,");
    }
    put_bytes(out, message->channel);
    tripsage__buf_putc(out, ',');
    put_bytes(out, message->payload);
    TRIPSAGE__LIT(out, "\n\n");
}

tripsage_status tripsage__serve_subscribe(tripsage_cache_response *response, tripsage_cache *cache,
                                          const tripsage_cache_command_line *line, int to_patterns)
{
    const tripsage_cache_argument *names = line->arguments + 1;
    size_t count = line->count - 1;
    const tripsage_cache_topics topics = {names, to_patterns ? 0 : count, names, to_patterns ? count : 0};
    tripsage_status status = tripsage_cache_subscribe(&response->subscription, cache, &topics);

    for (size_t i = 0; i < count && status == TRIPSAGE_OK; i++)
        put_subscribed(&response->body, names[i], i + 1, to_patterns);
    response->spoke_ms = tripsage__monotonic_ms();
    return status;
}

int tripsage_cache_response_streams(const tripsage_cache_response *response)
{
    return response->subscription != NULL;
}

/* As long as the caller waits, but not past the next sign of life. */
static uint32_t patience(const tripsage_cache_response *response, uint32_t timeout_ms)
{
    int64_t left = response->spoke_ms + HEARTBEAT_MS - tripsage__monotonic_ms();

    if (left < 0)
        left = 0;
    return left < timeout_ms ? (uint32_t)left : timeout_ms;
}

tripsage_status tripsage_cache_response_more(const char **data, size_t *length, tripsage_cache_response *response,
                                             uint32_t timeout_ms)
{
    tripsage__buf *event = &response->event;
    tripsage_cache_message message;
    tripsage_status status;

    *data = "";
    *length = 0;
    if (!response->subscription)
        return TRIPSAGE_FAIL_FIELD("#response", "this one does not stream");
    event->size = 0;
    status = tripsage_cache_subscription_next(&message, response->subscription, patience(response, timeout_ms));
    if (status == TRIPSAGE_OK)
        put_message(event, &message);
    else if (status == TRIPSAGE_ETIMEOUT && tripsage__monotonic_ms() - response->spoke_ms >= HEARTBEAT_MS)
        TRIPSAGE__LIT(event, ": still here\n\n");
    else
        return status;
    response->spoke_ms = tripsage__monotonic_ms();
    *data = event->data;
    *length = event->size;
    return tripsage__buf_status(event);
}
