/*
 * currency.h: the currencies that circulate today, by their ISO 4217 code.
 *
 * Money in libtripsage is an integer count of minor units plus a code; this table is what turns
 * "JPY" into "no decimals" and tells a misspelt code from a real one. The table is constant, so
 * every call here is safe from any thread.
 */
#ifndef TRIPSAGE_BASE_CURRENCY_H
#define TRIPSAGE_BASE_CURRENCY_H

#include <stddef.h>
#include <stdint.h>

struct tripsage__currency {
    char code[4];        /* three upper-case letters and the terminator */
    uint8_t minor_units; /* decimals of the unit: 0 for JPY, 2 for USD, 3 for KWD */
};

/*
 * The currency with exactly this code, or NULL when there is none. Codes are upper case: "usd" is
 * not found, nor is NULL. The result is constant and lives as long as the program.
 */
const struct tripsage__currency *tripsage__currency_find(const char *code);

/* The whole table in ascending order of code; `*count` receives its length. */
const struct tripsage__currency *tripsage__currency_all(size_t *count);

#endif
