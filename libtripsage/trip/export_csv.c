/* trip/export_csv.c: items as lines of CSV (RFC 4180): CRLF, quotes where they are needed.
 *
 * Spreadsheets take a field that begins with = + - @ for a formula, in some locales also with their full-width forms, and one that begins
 * with a tab or a line break for what comes after it; such texts of people's own get an apostrophe in front (OWASP, "CSV injection"). Numbers
 * are ours and stay numbers. */
#include "trip/export.h"

#include "base/currency.h"

static const char *const columns[] = {
    "id",          "item_date", "start_time", "end_date", "end_time",    "timezone",       "end_timezone",
    "start_at",    "end_at",    "item_type",  "title",    "description", "location",       "address",
    "latitude",    "longitude", "cost",       "currency", "category",    "booking_status", "booking_reference",
    "is_flexible", "notes",
};

void tripsage__csv_put_header(tripsage__buf *csv)
{
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (i)
            tripsage__buf_putc(csv, ',');
        tripsage__buf_puts(csv, columns[i]);
    }
    TRIPSAGE__LIT(csv, "\r\n");
}

/* Full-width = + - @ are U+FF1D, U+FF0B, U+FF0D and U+FF20. */
static int needs_guard(const char *text)
{
    return (*text && strchr("=+-@\t\r\n", *text)) ||
           (strncmp(text, "\xef\xbc", 2) == 0 && text[2] && strchr("\x9d\x8b\x8d\xa0", text[2]));
}

/* A field and the comma behind it; NULL is empty. */
static void put_field(tripsage__buf *csv, const char *text)
{
    int guard = text && needs_guard(text);
    int quote = text && strpbrk(text, ",\"\r\n");

    if (quote)
        tripsage__buf_putc(csv, '"');
    if (guard)
        tripsage__buf_putc(csv, '\'');
    for (; text && *text; text++) {
        if (*text == '"')
            tripsage__buf_putc(csv, '"');
        tripsage__buf_putc(csv, *text);
    }
    if (quote)
        tripsage__buf_putc(csv, '"');
    tripsage__buf_putc(csv, ',');
}

static void put_instant(tripsage__buf *csv, int has, int64_t ms)
{
    char text[TRIPSAGE__INSTANT_SIZE];

    if (has) {
        tripsage__instant_format(ms, text);
        tripsage__buf_puts(csv, text);
    }
    tripsage__buf_putc(csv, ',');
}

static void put_degrees(tripsage__buf *csv, int has, double degrees)
{
    if (has)
        tripsage__json_put_number(csv, degrees);
    tripsage__buf_putc(csv, ',');
}

/* Minor units with the currency's decimals: 1250 USD is 12.50. */
static void put_cost(tripsage__buf *csv, const tripsage__item *item)
{
    const struct tripsage__currency *currency = tripsage__currency_find(item->currency);
    int64_t unit = 1;

    if (item->has_cost) {
        for (int i = 0; currency && i < currency->minor_units; i++)
            unit *= 10;
        tripsage__buf_int(csv, item->cost / unit);
        if (unit > 1)
            tripsage__buf_printf(csv, ".%0*lld", currency->minor_units, (long long)(item->cost % unit));
    }
    tripsage__buf_putc(csv, ',');
}

void tripsage__csv_put_item(tripsage__buf *csv, const tripsage__item *item, int is_member)
{
    put_field(csv, item->id);
    put_field(csv, item->item_date);
    put_field(csv, item->start_time);
    put_field(csv, item->end_date);
    put_field(csv, item->end_time);
    put_field(csv, item->timezone);
    put_field(csv, item->end_timezone);
    put_instant(csv, item->start_time != NULL, item->start_at);
    put_instant(csv, item->end_time != NULL, item->end_at);
    put_field(csv, tripsage__item_types[item->type]);
    put_field(csv, item->title);
    put_field(csv, item->description);
    put_field(csv, item->location_name);
    put_field(csv, item->location_address);
    put_degrees(csv, item->has_coordinates, item->latitude);
    put_degrees(csv, item->has_coordinates, item->longitude);
    put_cost(csv, item);
    put_field(csv, item->currency);
    put_field(csv, tripsage__categories[tripsage__item_category(item)]);
    put_field(csv, tripsage__bookings[item->booking]);
    put_field(csv, is_member ? item->booking_reference : NULL);
    put_field(csv, item->is_flexible ? "true" : "false");
    put_field(csv, is_member ? item->notes : NULL);
    if (!csv->failed) /* the comma behind the last field */
        csv->size--;
    TRIPSAGE__LIT(csv, "\r\n");
}
