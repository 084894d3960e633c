/* handlers/collaborators.c: who else may see and change a trip. */
#include "handlers/handlers.h"
#include "respond.h"

void trip_share(request *r)
{
    tripsage_doc *named = NULL;
    tripsage_status status =
        tripsage_trip_share(&named, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length);

    respond_result(r, status, 200, &named);
}

void collaborator_list(request *r)
{
    tripsage_doc *list = NULL;

    respond_result(r, tripsage_collaborator_list(&list, request_trips(r), r->actor, request_param(r, 0)), 200, &list);
}

void collaborator_update(request *r)
{
    tripsage_doc *collaborator = NULL;
    tripsage_status status =
        tripsage_collaborator_update(&collaborator, request_trips(r), r->actor, request_param(r, 0),
                                     request_param(r, 1), r->body.data, r->body.length);

    respond_result(r, status, 200, &collaborator);
}

void collaborator_remove(request *r)
{
    respond_done(r, tripsage_collaborator_remove(request_trips(r), r->actor, request_param(r, 0), request_param(r, 1)));
}
