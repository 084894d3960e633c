/* tripsage/doctor.h: looking at everything a configuration needs: what is wrong with it, and how to put it right. */
#ifndef TRIPSAGE_DOCTOR_H
#define TRIPSAGE_DOCTOR_H

#include <stdint.h>

#include "config.h"
#include "doc.h"
#include "runtime.h"

TRIPSAGE_BEGIN_DECLS

typedef struct tripsage_doctor_options {
    uint32_t version;                /* 1; set by TRIPSAGE_DOCTOR_OPTIONS_INIT */
    const tripsage_runtime *runtime; /* NULL: as for tripsage_open */
    const char *url;                 /* of the database, in the place of the configuration's; NULL: that one */
    const char *otlp_endpoint;       /* where spans are to go over HTTP, as far as before "/v1/traces"; NULL: nowhere */
    uint32_t patience_ms;            /* how long to wait for each answer; 0: 5,000 */
    int makes_folder;                /* 1: the program makes the folder of an SQLite file when it starts */
    const char
        *tls_certificate; /* PEM file of the program's own certificate, and of its key; NULL: it does not speak TLS */
    const char *tls_key;
} tripsage_doctor_options;

#define TRIPSAGE_DOCTOR_OPTIONS_INIT                                                                                   \
    {                                                                                                                  \
        1, NULL, NULL, NULL, 0, 0, NULL, NULL                                                                          \
    }

/* Looks at the database (reached and read, its schema, row level security, the clock, room on the disk), whether what is sealed in it can be
 * read, the cache, the embedder, keys and secrets, the mail server (signed in to; no mail is sent), the program's certificate, and where
 * spans go: {"ok":true|false,"checks":[{"name","state":"ok"|"warning"|"failed","message","fix":text|null}]}. "ok" is false when a check
 * failed; a warning is something that works and should not stay so. Each name may come several times. Nothing is changed: an SQLite file
 * that does not exist is not made, and no schema is migrated. What cannot be reached is a check that failed, not an error of this call. No
 * message has a secret in it. `options` may be NULL. Errors: TRIPSAGE_EINVALID (field "#options"), TRIPSAGE_ENOMEM. */
TRIPSAGE_API tripsage_status tripsage_doctor(tripsage_doc **out, const tripsage_config *config,
                                             const tripsage_doctor_options *options);

TRIPSAGE_END_DECLS

#endif
