/* handlers/audit.c: the audit trail. */
#include "handlers/handlers.h"
#include "respond.h"
#include "routes.h"

/* As many as the other lists. */
#define ROWS 20

static void answer_page(request *r, tripsage_audit_options *options)
{
    tripsage_doc *page = NULL;

    options->action = query_text(r, "action", NULL);
    options->cursor = query_text(r, "cursor", NULL);
    options->limit = (uint32_t)query_integer(r, "limit", ROWS);
    respond_result(r, tripsage_auth_audit_find(&page, request_auth(r), r->actor, options), 200, &page);
}

void audit_own(request *r)
{
    tripsage_audit_options options = TRIPSAGE_AUDIT_OPTIONS_INIT;

    options.own = 1;
    answer_page(r, &options);
}

void audit_all(request *r)
{
    tripsage_audit_options options = TRIPSAGE_AUDIT_OPTIONS_INIT;

    options.user_id = query_text(r, "user_id", NULL);
    answer_page(r, &options);
}

void audit_verification(request *r)
{
    tripsage_doc *report = NULL;

    respond_result(r, tripsage_auth_audit_verify(&report, request_auth(r), r->actor, query_text(r, "anchor", NULL)),
                   200, &report);
}
