/* commands/open.c: see open.h. */
#include "commands/open.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"

int open_library(tripsage **out, const settings *s, migration migrate)
{
    tripsage_runtime runtime = TRIPSAGE_RUNTIME_INIT;
    tripsage_options options = *tripsage_config_options(s->config);
    tripsage_status status;
    int prepared = migrate == MIGRATE_NO ? 0 : settings_prepare(s); /* who does not migrate changes nothing */

    if (prepared)
        return prepared;
    runtime.log = log_library;
    runtime.log_level = s->log_level;
    options.runtime = &runtime;
    if (migrate != MIGRATE_AS_SET)
        options.no_migrate = migrate == MIGRATE_NO;
    status = tripsage_open(out, s->database_url, &options);
    if (status == TRIPSAGE_OK)
        return 0;
    fprintf(stderr, "tripsage-server: cannot open %s: %s\n", s->database_shown, tripsage_last_error()->message);
    return status == TRIPSAGE_EINVALID || status == TRIPSAGE_ENOTSUP ? EXIT_CONFIG : EXIT_FAILURE;
}
