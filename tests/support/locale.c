/* locale.c: see locale.h. */
#include "locale.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

void test_locale_move_to(const char *name)
{
    char folder[] = "/tmp/tripsage-locale-XXXXXX";
    char command[200];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof command, "localedef -i %s -f UTF-8 %s/%s", name, folder, name);
    ck_assert_int_eq(system(command), 0);
    setenv("LOCPATH", folder, 1);
    ck_assert_ptr_nonnull(setlocale(LC_ALL, name));
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
