/* handlers/notes.c: the notes of a trip. */
#include "handlers/handlers.h"
#include "preconditions.h"
#include "respond.h"

void note_create(request *r)
{
    tripsage_write_options options = TRIPSAGE_WRITE_OPTIONS_INIT;
    tripsage_doc *note = NULL;
    tripsage_status status;

    if (!precondition_create(r, &options))
        return;
    status = tripsage_note_create(&note, request_trips(r), r->actor, request_param(r, 0), r->body.data, r->body.length,
                                  &options);
    respond_created(r, status, &note, r->target);
}

void note_list(request *r)
{
    tripsage_doc *notes = NULL;

    respond_result(r, tripsage_note_list(&notes, request_trips(r), r->actor, request_param(r, 0)), 200, &notes);
}

void note_get(request *r)
{
    tripsage_doc *note = NULL;

    respond_result(r, tripsage_note_get(&note, request_trips(r), r->actor, request_param(r, 0), request_param(r, 1)),
                   200, &note);
}

static tripsage_status try_update(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    return tripsage_note_update(out, request_trips(r), r->actor, request_param(r, 0), request_param(r, 1), r->body.data,
                                r->body.length, options);
}

static tripsage_status try_delete(request *r, tripsage_doc **out, const tripsage_write_options *options)
{
    (void)out;
    return tripsage_note_delete(request_trips(r), r->actor, request_param(r, 0), request_param(r, 1), options);
}

void note_update(request *r)
{
    tripsage_doc *note;
    tripsage_status status;

    if (precondition_write(r, try_update, &note, &status))
        respond_result(r, status, 200, &note);
}

void note_delete(request *r)
{
    tripsage_doc *none;
    tripsage_status status;

    if (precondition_write(r, try_delete, &none, &status))
        respond_done(r, status);
}
