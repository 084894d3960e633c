/* dispatch.h: from the facts of a request to its answer. */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "request.h"

/* Finds the route, asks for the actor, checks query and body, calls the handler. Leaves the answer in r->response. */
void dispatch(request *r);

#endif
