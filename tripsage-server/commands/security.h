/* security.h: what the library's security report (tripsage/security.h) has to know of this server, and what keeps it from starting. */
#ifndef SERVER_SECURITY_H
#define SERVER_SECURITY_H

#include <tripsage/security.h>

#include "settings.h"

/* The facts point into the settings. */
void security_facts(tripsage_security_facts *facts, const settings *s);

/* With ENVIRONMENT production: 0, or the exit status after a sentence on stderr for each secret that is missing, a default, or weak. In
 * staging each is a warning. */
int security_admit(const settings *s);

#endif
