/* base/locale.h: numbers with a point, whatever locale the program has set: for code of the C library's, or of others, that reads and writes them by it.
 *
 *     tripsage__locale own;
 *
 *     tripsage__locale_enter(&own);
 *     ... strtod, printf ...
 *     tripsage__locale_leave(&own);
 *
 * It is this thread's locale alone, and has to be given back on it before the program's own code runs again. Takes no memory and cannot fail. */
#ifndef TRIPSAGE_BASE_LOCALE_H
#define TRIPSAGE_BASE_LOCALE_H

#include <locale.h>

typedef struct tripsage__locale {
    locale_t plain, own;
} tripsage__locale;

void tripsage__locale_enter(tripsage__locale *locale);
void tripsage__locale_leave(tripsage__locale *locale);

#endif
