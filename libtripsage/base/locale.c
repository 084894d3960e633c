/* locale.c: see locale.h. */
#include "locale.h"

/* The C locale is one object of the C library's: nothing is made. */
void tripsage__locale_enter(tripsage__locale *locale)
{
    locale->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale->own = uselocale(locale->plain);
}

void tripsage__locale_leave(tripsage__locale *locale)
{
    uselocale(locale->own);
    if (locale->plain)
        freelocale(locale->plain);
}
