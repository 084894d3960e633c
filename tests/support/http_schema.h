/* support/http_schema.h: answers held against the server's own OpenAPI document. */
#ifndef TEST_SUPPORT_HTTP_SCHEMA_H
#define TEST_SUPPORT_HTTP_SCHEMA_H

#include "support/http_client.h"

/* The document of this server, parsed; a cJSON tree, fetched once a process. */
const struct cJSON *http_openapi(const http_server *s);

/* Ends the test when the answer is JSON and does not fit the schema that the document has for this operation and status. What
 * the document does not know (404 of an unknown path) must be a problem. */
void http_schema_check(const http_server *s, const char *method, const char *path, const http_answer *answer);

/* What is wrong with `value` under `schema`, or NULL; kept. Understands the keywords the document uses, and ends the test at any other. */
const char *http_schema_fault(const struct cJSON *document, const struct cJSON *schema, const struct cJSON *value,
                              const char *where);

#endif
