/* config/supabase.h: what can be known of a Supabase project without asking it: from its address, its hosts and its keys. */
#ifndef TRIPSAGE_CONFIG_SUPABASE_H
#define TRIPSAGE_CONFIG_SUPABASE_H

#include "url.h"

/* The address of a project, without the slash at its end: https, or http on this machine as `supabase start` has it. `project` is
 * the <ref> of https://<ref>.supabase.co, and empty for a project that runs elsewhere. 0 when the text is no such address. */
int tripsage__supabase_address(const char *text, tripsage__span *address, tripsage__span *project);

/* Whether SQL at this host is a hosted project's, directly (db.<ref>.supabase.co) or through its shared pooler. */
int tripsage__supabase_is_host(tripsage__span host);
int tripsage__supabase_is_pooler(tripsage__span host);

/* The project that a SQL connection is to: from the host, or behind a pooler from the user's name. Empty when it is not told. */
tripsage__span tripsage__supabase_project_of(tripsage__span host, tripsage__span user);

typedef enum tripsage__key_kind {
    TRIPSAGE__KEY_UNKNOWN = 0, /* neither shape, or a role that is not an API key's */
    TRIPSAGE__KEY_PUBLIC,      /* sb_publishable_..., or a token with the role "anon" */
    TRIPSAGE__KEY_SERVICE      /* sb_secret_..., or a token with the role "service_role" */
} tripsage__key_kind;

/* Reads what an API key says of itself; the signature is for those to check who are called with it. `project` takes the token's
 * "ref" and is "" where there is none. Errors: TRIPSAGE_ENOMEM. */
tripsage_status tripsage__supabase_key(tripsage__key_kind *kind, char project[64], const char *key);

#endif
