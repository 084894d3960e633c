/* handlers/webhooks.c: what the database tells, signed. There is nothing at these paths unless the server has the secret. */
#include <tripsage/webhook.h>

#include "handlers/handlers.h"
#include "http.h"
#include "respond.h"

int webhook_is(handler handle)
{
    return handle == webhook_trip_notifications || handle == webhook_cache_invalidation;
}

static void receive(request *r, tripsage_webhook_kind kind)
{
    tripsage_webhook hook = TRIPSAGE_WEBHOOK_INIT;
    tripsage_doc *done = NULL;
    const char *secret = tripsage_config_webhook_secret(r->server->settings->config);

    hook.id = http_header(r, "webhook-id");
    hook.timestamp = http_header(r, "webhook-timestamp");
    hook.signature = http_header(r, "webhook-signature");
    hook.body = r->body.data;
    hook.size = r->body.length;
    respond_result(r, tripsage_webhook_receive(&done, r->server->library, kind, secret, &hook), 200, &done);
}

void webhook_trip_notifications(request *r)
{
    receive(r, TRIPSAGE_WEBHOOK_TRIP_NOTIFICATION);
}

void webhook_cache_invalidation(request *r)
{
    receive(r, TRIPSAGE_WEBHOOK_CACHE_INVALIDATION);
}
