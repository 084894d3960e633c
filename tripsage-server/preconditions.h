/* preconditions.h: If-Match, If-None-Match (RFC 9110, 13.1) and Idempotency-Key, made into what the library takes.
 *
 * An entity tag is "VERSION-DIGEST". The version is the record's, and all that If-Match looks at, so that a client may write its tag from the
 * member "version" alone. The digest is of the answer's bytes, since an answer has more in it than the record: a trip tells its reader's
 * own role, and moves its updated_at with its items. */
#ifndef SERVER_PRECONDITIONS_H
#define SERVER_PRECONDITIONS_H

#include "request.h"

/* Makes one attempt at a write. `out` may be ignored by calls that give no document. */
typedef tripsage_status (*attempt)(request *r, tripsage_doc **out, const tripsage_write_options *options);

/* Runs the attempt under If-Match: once without a condition when the header is absent or "*", else once for each version it lists
 * until one holds. 0 when the header is malformed: it is answered with 400, else *status is set. */
int precondition_write(request *r, attempt make, tripsage_doc **out, tripsage_status *status);

/* Writes the tag of a record as it is answered. */
void precondition_tag(request *r, int64_t version, const char *body, size_t length);

/* Whether If-None-Match names the tag of the answer, for a GET or HEAD. */
int precondition_not_modified(const request *r);

/* Options for a call that creates: Idempotency-Key as a bare token or a quoted string. 0 when it is malformed: it is answered
 * with 400. */
int precondition_create(request *r, tripsage_write_options *options);

#endif
