/* suggest_put.c: suggestions as JSON, and the reasons for them in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "suggest.h"

/* A tag this near to the interests is named as a reason. */
#define TAG_NEAR 0.25

/* ---- words about a place ---- */

static const char *const months[] = {"",    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const month_names[] = {"",     "January", "February",  "March",   "April",    "May",     "June",
                                          "July", "August",  "September", "October", "November", "December"};

void tripsage__suggest_put_best_time(tripsage__buf *buf, const tripsage__destination *d)
{
    const char *separator = "";

    if ((d->months & 0x1ffe) == 0x1ffe) {
        TRIPSAGE__LIT(buf, "All year");
        return;
    }
    for (int month = 1; month <= 12; month++) {
        int last = month;

        if (!tripsage__suggest_in_season(d, month) || tripsage__suggest_in_season(d, month == 1 ? 12 : month - 1))
            continue; /* no run begins here */
        while (tripsage__suggest_in_season(d, last % 12 + 1))
            last = last % 12 + 1;
        tripsage__buf_printf(buf, last == month ? "%s%s" : "%s%s-%s", separator, months[month], months[last]);
        separator = ", ";
    }
}

/* The one asked for, else the first of the place's tags that is one. */
static const char *category_of(const tripsage__suggesting *s, const tripsage__destination *d)
{
    const char *word = s->options.category;

    for (const tripsage__json *t = tripsage__json_first(d->tags); t && !word; t = tripsage__json_next(t))
        word = tripsage__suggest_category(tripsage__json_text(t));
    return word ? word : "nature";
}

/* ---- reasons ---- */

static void begin_reason(tripsage__buf *buf, int *count)
{
    tripsage__buf_puts(buf, (*count)++ ? ",\"" : "\"");
}

typedef int (*tag_test)(const tripsage__suggesting *s, const char *tag);

static int is_near(const tripsage__suggesting *s, const char *tag)
{
    float vector[TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS];
    double sum = 0.0;

    tripsage__embed(vector, tag, strlen(tag));
    for (size_t i = 0; i < TRIPSAGE_EMBEDDER_BUILTIN_DIMENSIONS; i++)
        sum += (double)vector[i] * (double)s->query[i];
    return sum >= TAG_NEAR;
}

static int is_liked(const tripsage__suggesting *s, const char *tag)
{
    return tripsage__suggest_liking(s, tag) != NULL;
}

/* Up to three tags that pass, "a, b and c", after the words given; nothing when none passes. Tags need no escaping. */
static int put_tags_reason(tripsage__buf *buf, int *count, const tripsage__suggesting *s,
                           const tripsage__destination *d, tag_test test, const char *before, const char *after)
{
    const char *passed[3];
    size_t n = 0;

    for (const tripsage__json *t = tripsage__json_first(d->tags); t && n < 3; t = tripsage__json_next(t))
        if (test(s, tripsage__json_text(t)))
            passed[n++] = tripsage__json_text(t);
    if (n == 0)
        return 0;
    begin_reason(buf, count);
    tripsage__buf_puts(buf, before);
    for (size_t i = 0; i < n; i++) {
        tripsage__buf_puts(buf, i == 0 ? "" : i + 1 == n ? " and " : ", ");
        tripsage__buf_puts(buf, passed[i]);
    }
    tripsage__buf_puts(buf, after);
    tripsage__buf_putc(buf, '"');
    return 1;
}

static void put_meaning_reason(tripsage__buf *buf, int *count, const tripsage__suggesting *s,
                               const tripsage__suggestion *c)
{
    int asked = s->options.interests != NULL;

    if (!s->has_meaning || tripsage__suggest_meaning_value(c->meaning) < 0.25)
        return;
    if (asked && put_tags_reason(buf, count, s, c->place, is_near, "Fits your interests: ", ""))
        return;
    begin_reason(buf, count);
    tripsage__buf_puts(buf, asked ? "Close in meaning to your interests\"" : "Much like the trips you plan\"");
}

static void put_reasons(tripsage__buf *buf, const tripsage__suggesting *s, const tripsage__suggestion *c)
{
    const tripsage__destination *d = c->place;
    int count = 0;

    put_meaning_reason(buf, &count, s, c);
    put_tags_reason(buf, &count, s, d, is_liked, "Shares ", " with your trips");
    if (tripsage__suggest_in_season(d, s->season)) {
        begin_reason(buf, &count);
        if (s->options.month)
            tripsage__buf_printf(buf, "%s is one of its best months\"", month_names[s->options.month]);
        else
            TRIPSAGE__LIT(buf, "In season now\"");
    }
    if (s->options.budget_max) {
        begin_reason(buf, &count);
        tripsage__buf_printf(buf, "Leaves %d %% of the budget\"",
                             (int)((s->options.budget_max - c->price) * 100 / s->options.budget_max));
    }
    if (count == 0) {
        begin_reason(buf, &count);
        tripsage__buf_printf(buf, "Known for %s\"", tripsage__json_text(tripsage__json_first(d->tags)));
    }
}

/* ---- answer ---- */

static void put_text(tripsage__buf *buf, const char *name, const char *text)
{
    tripsage__buf_puts(buf, name);
    tripsage__json_put_string(buf, text);
}

static void put_title(tripsage__buf *buf, const tripsage__suggesting *s, const tripsage__destination *d)
{
    char title[256];

    if (s->options.days == 1)
        snprintf(title, sizeof title, "A day in %s", d->name);
    else
        snprintf(title, sizeof title, "%d days in %s", s->options.days, d->name);
    put_text(buf, ",\"title\":", title);
}

static void put_suggestion(tripsage__buf *buf, const tripsage__suggesting *s, const tripsage__suggestion *c)
{
    const tripsage__destination *d = c->place;

    put_text(buf, "{\"id\":", d->id);
    put_title(buf, s, d);
    put_text(buf, ",\"destination\":", d->name);
    put_text(buf, ",\"country\":", d->country);
    put_text(buf, ",\"country_code\":", d->country_code);
    put_text(buf, ",\"description\":", d->description);
    tripsage__buf_printf(buf, ",\"estimated_price\":%lld,\"currency\":\"USD\",\"duration\":%d", (long long)c->price,
                         s->options.days);
    put_text(buf, ",\"category\":", category_of(s, d));
    TRIPSAGE__LIT(buf, ",\"best_time_to_visit\":\"");
    tripsage__suggest_put_best_time(buf, d);
    TRIPSAGE__LIT(buf, "\",\"highlights\":");
    tripsage__json_put(buf, d->tags);
    tripsage__buf_printf(
        buf, ",\"seasonal\":%s,\"relevance_score\":", tripsage__suggest_in_season(d, s->season) ? "true" : "false");
    tripsage__json_put_number(buf, floor(c->score * 1e4 + 0.5) / 1e4);
    TRIPSAGE__LIT(buf, ",\"reasons\":[");
    put_reasons(buf, s, c);
    TRIPSAGE__LIT(buf, "]}");
}

tripsage_status tripsage__suggest_answer(tripsage_doc **out, const tripsage__suggesting *s)
{
    size_t given = s->count < s->options.limit ? s->count : s->options.limit;
    tripsage_doc *doc = NULL;
    tripsage_status status = tripsage__doc_new(&doc, 64 + given * 1024);

    if (status != TRIPSAGE_OK)
        return status;
    TRIPSAGE__LIT(&doc->json, "{\"items\":[");
    for (size_t i = 0; i < given; i++) {
        if (i)
            tripsage__buf_putc(&doc->json, ',');
        put_suggestion(&doc->json, s, &s->all[i]);
    }
    TRIPSAGE__LIT(&doc->json, "]}");
    return tripsage__doc_finish(out, doc, status);
}
