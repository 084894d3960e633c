/* handlers/metrics.c: metrics for who scrapes them: Prometheus, or what reads its formats. */
#include <string.h>
#include <strings.h>

#include "handlers/handlers.h"
#include "http.h"
#include "respond.h"
#include "telemetry.h"

/* In the same time wherever they differ. */
static int is_same(const char *a, size_t a_length, const char *b)
{
    size_t b_length = strlen(b);
    unsigned char differ = a_length != b_length;

    for (size_t i = 0; i < a_length; i++)
        differ |= (unsigned char)(a[i] ^ b[b_length ? i % b_length : 0]);
    return !differ;
}

static int may_read(request *r)
{
    static const char scheme[] = "Bearer ";
    const char *token = tripsage_config_metrics_token(r->server->settings->config);
    const char *value = r->headers[HEADER_AUTHORIZATION];

    if (!token)
        return 1;
    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return 0;
    value += sizeof scheme - 1;
    value += strspn(value, " ");
    return is_same(value, strcspn(value, " "), token);
}

void metrics_get(request *r)
{
    const char *type;
    size_t length;
    tripsage_status status;

    if (!may_read(r)) {
        respond_problem(r, 401, tripsage_status_code(TRIPSAGE_EUNAUTHENTICATED),
                        "metrics need the token of TRIPSAGE_METRICS_TOKEN");
        return;
    }
    telemetry_tell_active(r->server);
    status =
        tripsage_telemetry_metrics(&r->response.owned, &length, &type, r->server->telemetry, http_header(r, "Accept"));
    if (status == TRIPSAGE_OK)
        respond_bytes(r, 200, type, r->response.owned, length);
    else
        respond_failure(r, status);
}
