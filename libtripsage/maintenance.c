/* maintenance.c: the calls of tripsage/maintenance.h that take a URL: the store's, with their options checked. */
#include <tripsage/maintenance.h>

#include "store/store.h"

static tripsage_status check_backup_options(const tripsage_backup_options *options)
{
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_BACKUP_OPTIONS_INIT",
                                   options->version);
    return TRIPSAGE_OK;
}

static tripsage__backup_request request_of(const char *url, const char *folder, const tripsage_backup_options *options)
{
    const tripsage__backup_request request = {.url = url,
                                              .folder = folder,
                                              .runtime = options->runtime,
                                              .busy_timeout_ms = options->busy_timeout_ms,
                                              .keep = options->keep,
                                              .no_verify = options->no_verify,
                                              .progress = options->progress,
                                              .context = options->user};

    return request;
}

tripsage_status tripsage_backup(tripsage_doc **out, const char *url, const char *folder,
                                const tripsage_backup_options *options)
{
    static const tripsage_backup_options standard = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage__backup_request request;
    tripsage_status status;

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_backup needs a place for the document");
    *out = NULL;
    options = options ? options : &standard;
    status = check_backup_options(options);
    if (status != TRIPSAGE_OK)
        return status;
    request = request_of(url, folder, options);
    return tripsage__store_backup(out, &request);
}

tripsage_status tripsage_backup_verify(tripsage_doc **out, const char *url, const char *file,
                                       const tripsage_backup_options *options)
{
    static const tripsage_backup_options standard = TRIPSAGE_BACKUP_OPTIONS_INIT;
    tripsage__backup_request request;
    tripsage_status status;

    if (!out || !file)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_backup_verify needs a place for the document, and a file");
    *out = NULL;
    options = options ? options : &standard;
    status = check_backup_options(options);
    if (status != TRIPSAGE_OK)
        return status;
    request = request_of(url, NULL, options);
    return tripsage__store_backup_verify(out, file, &request);
}

tripsage_status tripsage_restore(tripsage_doc **out, const char *url, const char *file,
                                 const tripsage_restore_options *options)
{
    static const tripsage_restore_options standard = TRIPSAGE_RESTORE_OPTIONS_INIT;
    tripsage__backup_request request = {.url = url};

    if (!out || !file)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_restore needs a place for the document, and a file");
    *out = NULL;
    options = options ? options : &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_RESTORE_OPTIONS_INIT",
                                   options->version);
    request.runtime = options->runtime;
    request.busy_timeout_ms = options->busy_timeout_ms;
    request.progress = options->progress;
    request.context = options->user;
    return tripsage__store_restore(out, file, options->force, &request);
}

tripsage_status tripsage_migrations_plan(tripsage_doc **out, const char *url, const tripsage_options *options,
                                         int try_them)
{
    static const tripsage_options standard = TRIPSAGE_OPTIONS_INIT;
    tripsage__store_options store_options = {.runtime = NULL};

    if (!out)
        return TRIPSAGE_FAIL(TRIPSAGE_EMISUSE, "tripsage_migrations_plan needs a place for the document");
    *out = NULL;
    options = options ? options : &standard;
    if (options->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "version is %u; start from TRIPSAGE_OPTIONS_INIT", options->version);
    store_options.runtime = options->runtime;
    store_options.busy_timeout_ms = options->busy_timeout_ms;
    return tripsage__store_migrations_plan(out, url, &store_options, try_them);
}
