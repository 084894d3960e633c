/* cache/serve: a stream that nothing was said on for a while. */
#include "cache/serve/serve.h"

#include <string.h>

#include "../suite.h"
#include "support/expect.h"

static const char *header_of(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "authorization") == 0 ? "Bearer a token of 16 or more" : NULL;
}

START_TEST(a_silent_stream_gives_a_sign_of_life)
{
    tripsage_cache_serve_options options = TRIPSAGE_CACHE_SERVE_OPTIONS_INIT;
    tripsage_cache_request request = TRIPSAGE_CACHE_REQUEST_INIT;
    tripsage_cache_response *response;
    tripsage_cache *cache;
    const char *data;
    size_t length;

    options.token = "a token of 16 or more";
    request.method = "POST";
    request.path = "/subscribe/news";
    request.header = header_of;
    OK(tripsage_cache_open(&cache, NULL, NULL));
    OK(tripsage_cache_serve(&response, cache, &options, &request));
    FAILS(TRIPSAGE_ETIMEOUT, tripsage_cache_response_more(&data, &length, response, 0));
    response->spoke_ms -= 15000; /* so long ago */
    OK(tripsage_cache_response_more(&data, &length, response, 60000));
    ck_assert_uint_eq(length, strlen(": still here\n\n"));
    ck_assert_str_eq(data, ": still here\n\n");
    FAILS(TRIPSAGE_ETIMEOUT, tripsage_cache_response_more(&data, &length, response, 0));
    tripsage_cache_response_free(response);
    tripsage_cache_close(cache);
}
END_TEST

SUITE_MAIN("cache/serve", a_silent_stream_gives_a_sign_of_life)
