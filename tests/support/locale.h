/* support/locale.h: a locale made of the system's sources, as a program finds it that calls setlocale, to live in for the rest of the test. */
#ifndef TEST_SUPPORT_LOCALE_H
#define TEST_SUPPORT_LOCALE_H

/* "de_DE" writes 0,5 and "ps_AF" has a decimal point of two bytes. */
void test_locale_move_to(const char *name);

#endif
