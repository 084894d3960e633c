/* handlers/security_txt.c: /.well-known/security.txt (RFC 9116). There is nothing there unless somebody is to be told of weaknesses. */
#include <string.h>

#include "handlers/handlers.h"
#include "respond.h"

void security_txt_get(request *r)
{
    tripsage_status status = tripsage_security_txt(&r->response.owned, r->server->settings->config, 0);

    if (status != TRIPSAGE_OK) {
        respond_failure(r, status);
        return;
    }
    r->response.cache_control = "public, max-age=86400"; /* it changes once a day */
    respond_bytes(r, 200, "text/plain; charset=utf-8", r->response.owned, strlen(r->response.owned));
}
