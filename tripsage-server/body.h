/* body.h: reading a JSON body in the few handlers that do not pass it on as it is. Wrong values are collected with
 * request_complain; a handler looks once, with body_accept. */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "request.h"

/* NULL after it answered that the body is no JSON object. Free with tripsage_doc_free. */
tripsage_doc *body_parse(request *r);

/* Whether something is there, and it is not null. */
int body_has(tripsage_doc *body, const char *pointer);

/* The value, borrowed from the document; NULL (the fallback) when it is absent or null. */
const char *body_text(request *r, tripsage_doc *body, const char *pointer, size_t max);
int64_t body_integer(request *r, tripsage_doc *body, const char *pointer, int64_t min, int64_t max, int64_t fallback);

/* The texts of an array, at most `max`; gives how many. */
size_t body_texts(request *r, tripsage_doc *body, const char *pointer, const char **out, size_t max);

/* Complains about members that are not among `names` (separated by single spaces). */
void body_only(request *r, const tripsage_doc *body, const char *names);

/* 0 after it answered with what was collected and freed the document. */
int body_accept(request *r, tripsage_doc *body);

#endif
