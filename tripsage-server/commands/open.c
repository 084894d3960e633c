/* commands/open.c: see open.h. */
#include "commands/open.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"

int open_library(tripsage **out, const settings *s, int no_migrate)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_auth_options auth = TRIPSAGE_AUTH_OPTIONS_INIT;
    tripsage_options options = TRIPSAGE_OPTIONS_INIT;
    tripsage_status status;
    int prepared = no_migrate ? 0 : settings_prepare(s); /* who does not migrate changes nothing */

    if (prepared)
        return prepared;
    runtime.log = log_library;
    runtime.log_level = s->log_level;
    auth.jwt_secret = s->jwt_secret[0] ? s->jwt_secret : NULL;
    options.runtime = &runtime;
    options.auth = &auth;
    options.no_migrate = no_migrate;
    status = tripsage_open(out, s->database_url, &options);
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot open %s: %s\n", s->database_url, tripsage_last_error()->message);
    return status == TRIPSAGE_EINVALID || status == TRIPSAGE_ENOTSUP ? EXIT_CONFIG : EXIT_FAILURE;
}
