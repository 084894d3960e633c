/* base/finding.c: see finding.h. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tripsage__finding(tripsage__findings *list, const char *name, tripsage__state state, const char *fix,
                       const char *format, ...)
{
    static const char *const words[] = {
        [TRIPSAGE__FINE] = "ok", [TRIPSAGE__WARNING] = "warning", [TRIPSAGE__FAILED] = "failed"};
    char message[512];
    va_list parts;

    va_start(parts, format);
    vsnprintf(message, sizeof message, format, parts);
    va_end(parts);
    tripsage__end_with_character(message);
    list->failed += state == TRIPSAGE__FAILED;
    tripsage__buf_printf(&list->json, "%s{\"name\":\"%s\",\"state\":\"%s\",\"message\":", list->json.size ? "," : "",
                         name, words[state]);
    tripsage__json_put_string(&list->json, message);
    TRIPSAGE__LIT(&list->json, ",\"fix\":");
    tripsage__json_put_text(&list->json, fix, fix ? strlen(fix) : 0);
    TRIPSAGE__LIT(&list->json, "}");
}

const char *tripsage__remedy_for(const tripsage__remedy *remedies, const char *message)
{
    while (remedies->words && !strstr(message, remedies->words))
        remedies++;
    return remedies->fix;
}

void tripsage__finding_of_error(tripsage__findings *list, const char *name, tripsage__state state,
                                const tripsage__remedy *remedies)
{
    const char *message = tripsage_last_error()->message;

    tripsage__finding(list, name, state, tripsage__remedy_for(remedies, message), "%s", message);
}
