/* trip/listing.c: see listing.h. */
#include "listing.h"

void tripsage__listing_open(tripsage__listing *listing, tripsage__buf *json, const char *head)
{
    tripsage__buf_puts(json, head);
    listing->json = json;
    listing->start = json->size;
    listing->count = 0;
}

void tripsage__listing_begin(void *listing)
{
    tripsage__listing *l = listing;

    l->json->size = l->start;
    l->count = 0;
}

void tripsage__listing_next(tripsage__listing *listing)
{
    if (listing->count++)
        tripsage__buf_putc(listing->json, ',');
}

void tripsage__listing_close(tripsage__listing *listing, const char *tail)
{
    tripsage__buf_puts(listing->json, tail);
    TRIPSAGE__LIT(listing->json, ",\"total\":");
    tripsage__buf_int(listing->json, listing->count);
    tripsage__buf_putc(listing->json, '}');
}
