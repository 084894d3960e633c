/*
 * currency_test.c: the ISO 4217 table. What is in it, what must not be, its order, and its minor
 * units against a list written out again here by number of decimals.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/currency.h"

START_TEST(finds_every_entry_of_its_own_table)
{
    size_t count;
    const struct tripsage__currency *all = tripsage__currency_all(&count);

    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(tripsage__currency_find(all[i].code) == &all[i], "%s is not found", all[i].code);
    }
}
END_TEST

START_TEST(is_sorted_and_well_formed)
{
    size_t count;
    const struct tripsage__currency *all = tripsage__currency_all(&count);

    ck_assert_uint_ge(count, 150);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(strlen(all[i].code) == 3, "entry %zu has code '%s'", i, all[i].code);
        ck_assert_msg(strspn(all[i].code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3, "'%s' is not upper case", all[i].code);
        if (i > 0) {
            ck_assert_msg(strcmp(all[i - 1].code, all[i].code) < 0, "'%s' is not after '%s'", all[i].code,
                          all[i - 1].code);
        }
    }
}
END_TEST

/* Whether `code` is one of the space-separated three-letter words of `list`. */
static int listed(const char *list, const char *code)
{
    const char *at = strstr(list, code);

    return at != NULL && (at == list || at[-1] == ' ') && (at[3] == '\0' || at[3] == ' ');
}

START_TEST(knows_the_minor_units)
{
    static const char none[] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";
    size_t count;
    size_t odd = 0;
    const struct tripsage__currency *all = tripsage__currency_all(&count);

    for (size_t i = 0; i < count; i++) {
        unsigned expected = listed(none, all[i].code) ? 0 : listed(three, all[i].code) ? 3 : 2;

        odd += expected != 2;
        ck_assert_msg(all[i].minor_units == expected, "%s has %u decimals, not %u", all[i].code,
                      (unsigned)all[i].minor_units, expected);
    }
    /* Sixteen without decimals and seven with three: a missing entry is noticed too. */
    ck_assert_uint_eq(odd, 16 + 7);
}
END_TEST

START_TEST(has_what_a_traveller_pays_with)
{
    static const char *const used[] = {
        "AED", "ZWG", "USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "CNY", "SEK", "NZD", "NOK",
        "DKK", "PLN", "CZK", "HUF", "BRL", "INR", "KRW", "SGD", "HKD", "MXN", "ZAR", "TRY", "THB",
        "XCG", "SLE", "MRU", "STN", "VES", "ZMW", "BYN", "XPF", "XOF", "XAF", "XCD",
    };

    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
        ck_assert_msg(tripsage__currency_find(used[i]) != NULL, "%s is missing", used[i]);
    }
}
END_TEST

START_TEST(refuses_what_is_not_a_circulating_currency)
{
    static const char *const refused[] = {
        "",    "U",   "US",  "USDX", "usd", "Usd", " USD", "USD ", "ZZZ", "AAA",  "   ",
        "$",   "HRK", "BGN", "ANG",  "ZWL", "SLL", "CUC",  "BYR",  "LTL", "DEM",  "MRO",
        "VEF", "XTS", "XXX", "XAU",  "XDR", "CLF", "CHE",  "USN",  "BOV", "\xff",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        ck_assert_msg(tripsage__currency_find(refused[i]) == NULL, "'%s' is found", refused[i]);
    }
    ck_assert_ptr_null(tripsage__currency_find(NULL));
}
END_TEST

static Suite *currency_suite(void)
{
    Suite *suite = suite_create("base/currency");
    TCase *tcase = tcase_create("table");

    tcase_add_test(tcase, finds_every_entry_of_its_own_table);
    tcase_add_test(tcase, is_sorted_and_well_formed);
    tcase_add_test(tcase, knows_the_minor_units);
    tcase_add_test(tcase, has_what_a_traveller_pays_with);
    tcase_add_test(tcase, refuses_what_is_not_a_circulating_currency);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(currency_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
