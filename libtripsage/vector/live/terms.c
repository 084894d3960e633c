/* terms.c: see terms.h. */
#include "terms.h"

#include <string.h>

#include "base/siphash.h"
#include "vector/metadata.h"

/* What no owner and no member begins with: an owner is a UUID or nothing, a member begins with a quote. */
static const char rest[] = "*";

static uint64_t term_of(const uint64_t key[2], const char *bytes, size_t size)
{
    return tripsage__siphash13(key, bytes, size);
}

static int is_among(const uint64_t *terms, size_t count, uint64_t term)
{
    for (size_t i = 0; i < count; i++)
        if (terms[i] == term)
            return 1;
    return 0;
}

size_t tripsage__live_terms(uint64_t out[TRIPSAGE__LIVE_TERMS_MAX], const uint64_t key[2], const char *owner,
                            size_t owner_size, const char *metadata, size_t metadata_size)
{
    const char *end = metadata + metadata_size, *member;
    size_t count = 0;
    int is_full = 0;

    out[count++] = term_of(key, owner, owner_size);
    for (const char *at = metadata + 1; at < end && !is_full;) {
        size_t size = tripsage__metadata_next(&at, end, &member);
        uint64_t term;

        if (!size)
            continue;
        is_full = count == TRIPSAGE__LIVE_TERMS_MAX - 1;
        term = is_full ? term_of(key, rest, sizeof rest - 1) : term_of(key, member, size);
        if (!is_among(out, count, term))
            out[count++] = term;
    }
    return count;
}

static void add_clause(tripsage__live_filter *f, uint64_t one, uint64_t other)
{
    uint64_t *terms = f->terms[f->count];

    terms[0] = one;
    terms[1] = other;
    f->clauses[f->count].terms = terms;
    f->clauses[f->count].count = one == other ? 1 : 2;
    f->count++;
}

void tripsage__live_filter_init(tripsage__live_filter *out, const uint64_t key[2], const tripsage_actor *actor,
                                const char *filter, size_t filter_size)
{
    const uint64_t others = term_of(key, rest, sizeof rest - 1);
    const char *end = filter + filter_size, *member;

    out->count = 0;
    if (!actor->is_service)
        add_clause(out, term_of(key, "", 0), term_of(key, actor->user_id, strlen(actor->user_id)));
    for (const char *at = filter_size ? filter + 1 : end; at < end && out->count < TRIPSAGE__LIVE_CLAUSES_MAX;) {
        size_t size = tripsage__metadata_next(&at, end, &member);

        if (size)
            add_clause(out, term_of(key, member, size), others);
    }
}
