/* memory_said.c: what a message says about the one who wrote it, by rules that anybody can follow (docs/memory.md says them).
 *
 * A text is taken apart into sentences, a sentence into words as vector/words.h has them, between single spaces. Everything else is looking for
 * cues: " vegan " is the word, " hik" the beginning of one, " been to " two words. */
#include <string.h>

#include "memories.h"

const char *const tripsage__bucket_names[TRIPSAGE__BUCKET_COUNT] = {
    "preferences",  "past_trips",           "saved_destinations",        "budget_patterns",
    "travel_style", "dietary_restrictions", "accommodation_preferences", "activity_preferences",
};

/* ---- cues ---- */

static const char *const preferring[] = {
    " prefer",  " likes ", " dislike",     " favorite", " favourite",  " loves ",   " enjoy",       " hate ", " hates ",
    " rather ", " avoid",  " cant stand ", " fond of",  " big fan of", " not into", " really into", NULL};
/* These are wishes, or comparisons, after some words. */
static const char *const liking[] = {" like ", " love ", NULL};
static const char *const no_liking[] = {"would", "id",     "wed",    "looks",     "look",     "feels", "feel", "sounds",
                                        "sound", "places", "things", "something", "anything", "just",  NULL};
static const char *const travelled[] = {
    " visited ",     " been to ",        " been in ",       " went to ",       " went on ",
    " travelled ",   " traveled ",       " stayed in ",     " stayed at ",     " stayed with ",
    " flew to ",     " last year ",      " last summer ",   " last winter ",   " last spring ",
    " last autumn ", " last fall ",      " last month ",    " last trip ",     " years ago ",
    " lived in ",    " came back from ", " got back from ", " returned from ", NULL};
static const char *const never[] = {" never been ",
                                    " havent been ",
                                    " have not been ",
                                    " never visited ",
                                    " havent visited ",
                                    " have not visited ",
                                    NULL};
static const char *const wishing[] = {" bucket list ",
                                      " wish list ",
                                      " wishlist ",
                                      " want to visit ",
                                      " want to see ",
                                      " want to go to ",
                                      " love to visit ",
                                      " love to see ",
                                      " love to go to ",
                                      " like to visit ",
                                      " like to see ",
                                      " like to go to ",
                                      " dream",
                                      " someday ",
                                      " hope to visit ",
                                      " hoping to visit ",
                                      " plan to visit ",
                                      " planning to visit ",
                                      " never been ",
                                      " havent been ",
                                      " have not been ",
                                      " never visited ",
                                      NULL};
static const char *const paying[] = {" budget",     " cost ",   " costs ",      " price",  " pricey ",
                                     " expensive ", " cheap",   " afford",      " spend ", " spent ",
                                     " spending ",  " splurge", " save money ", NULL};
static const char *const eating[] = {" vegetarian",  " vegan",      " pescatarian", " gluten",    " celiac",
                                     " coeliac",     " halal ",     " kosher ",     " lactose ",  " dairy ",
                                     " allerg",      " shellfish ", " peanut",      " dont eat ", " doesnt eat ",
                                     " do not eat ", " no pork ",   " no meat ",    " diabetic",  " diet",
                                     " intoleran",   NULL};
static const char *const lodging[] = {" hotel",
                                      " hostel",
                                      " airbnb",
                                      " apartment",
                                      " resort",
                                      " villa ",
                                      " villas ",
                                      " guesthouse",
                                      " guest house",
                                      " bed and breakfast",
                                      " cabin ",
                                      " cabins ",
                                      " cottage",
                                      " campsite",
                                      " camping ",
                                      " campground",
                                      " accommodation",
                                      " ryokan",
                                      " riad",
                                      " suite ",
                                      " suites ",
                                      " homestay",
                                      " lodge ",
                                      " lodges ",
                                      " glamping ",
                                      " place to stay ",
                                      " places to stay ",
                                      " room with ",
                                      NULL};
static const char *const asking[] = {" looking for ", " would like ", " id like ", " wed like ", " i want ",
                                     " we want ",     " i need ",     " we need ", " id love ",  " wed love ",
                                     " can you ",     " could you ",  " please ",  NULL};
static const char *const asking_first[] = {" find ",    " show ",      " book ", " search ", " look ", " give ",
                                           " suggest ", " recommend ", " plan ", " help ",   NULL};
static const char *const oneself[] = {" i ",  " im ",   " ive ",  " id ",  " ill ", " me ",  " my ", " mine ",
                                      " we ", " were ", " weve ", " wed ", " us ",  " our ", NULL};

/* What insights name, each beside the cues of it. */
typedef struct named_cue {
    const char *cue;
    unsigned name;
} named_cue;

const char *const tripsage__activity_names[] = {
    "hiking",    "museums",  "beaches",     "snorkeling",  "diving",   "skiing",   "surfing", "shopping",
    "nightlife", "food",     "sightseeing", "photography", "wildlife", "wellness", "music",   "history",
    "cycling",   "kayaking", "climbing",    "sailing",     "swimming", "gardens",
};
const size_t tripsage__activity_count = sizeof tripsage__activity_names / sizeof *tripsage__activity_names;
static const named_cue activities[] = {
    {" hik", 0},         {" trek", 0},           {" museum", 1},        {" galler", 1},      {" beach", 2},
    {" snorkel", 3},     {" dive ", 4},          {" diving ", 4},       {" scuba", 4},       {" ski ", 5},
    {" skiing ", 5},     {" snowboard", 5},      {" surf", 6},          {" shopping ", 7},   {" nightlife ", 8},
    {" clubbing ", 8},   {" bars ", 8},          {" street food ", 9},  {" food tour", 9},   {" cooking class", 9},
    {" local food ", 9}, {" wine tasting", 9},   {" sightseeing ", 10}, {" photograph", 11}, {" wildlife ", 12},
    {" safari", 12},     {" birdwatching ", 12}, {" yoga ", 13},        {" spa ", 13},       {" spas ", 13},
    {" hot spring", 13}, {" onsen", 13},         {" concert", 14},      {" festival", 14},   {" live music ", 14},
    {" temple", 15},     {" shrine", 15},        {" histor", 15},       {" ruins ", 15},     {" castle", 15},
    {" cycl", 16},       {" biking ", 16},       {" bike ", 16},        {" kayak", 17},      {" canoe", 17},
    {" rafting ", 17},   {" climb", 18},         {" sailing ", 19},     {" swim", 20},       {" garden", 21},
};

const char *const tripsage__style_names[] = {"luxury", "budget", "family",    "solo",
                                             "group",  "couple", "adventure", "slow"};
const size_t tripsage__style_count = sizeof tripsage__style_names / sizeof *tripsage__style_names;
static const named_cue styles[] = {
    {" luxur", 0},     {" five star", 0},     {" backpack", 1},    {" on a budget ", 1}, {" budget travel", 1},
    {" hostel", 1},    {" cheap", 1},         {" family ", 2},     {" kids ", 2},        {" children ", 2},
    {" toddler", 2},   {" baby ", 2},         {" solo ", 3},       {" alone ", 3},       {" by myself ", 3},
    {" group ", 4},    {" friends ", 4},      {" couple", 5},      {" romantic ", 5},    {" honeymoon", 5},
    {" my wife ", 5},  {" my husband ", 5},   {" my partner ", 5}, {" adventur", 6},     {" slow travel", 7},
    {" slow pace", 7}, {" relaxed pace ", 7},
};

static int says(const char *folded, const char *const *cues)
{
    for (; *cues; cues++)
        if (strstr(folded, *cues))
            return 1;
    return 0;
}

static uint32_t names_said(const char *folded, const named_cue *cues, size_t count)
{
    uint32_t names = 0;

    for (size_t i = 0; i < count; i++)
        if (strstr(folded, cues[i].cue))
            names |= UINT32_C(1) << cues[i].name;
    return names;
}

uint32_t tripsage__said_activities(const char *folded)
{
    return names_said(folded, activities, sizeof activities / sizeof *activities);
}

uint32_t tripsage__said_styles(const char *folded)
{
    return names_said(folded, styles, sizeof styles / sizeof *styles);
}

/* Whether the word that ends at `end` is one of them. */
static int word_before_is(const char *folded, const char *end, const char *const *words)
{
    for (; *words; words++) {
        size_t length = strlen(*words);

        if ((size_t)(end - folded) > length && memcmp(end - length, *words, length) == 0 &&
            end[-(ptrdiff_t)length - 1] == ' ')
            return 1;
    }
    return 0;
}

/* "I like trains" is a preference; "I would like a train" and "a place like home" are none. */
static int says_liking(const char *folded)
{
    for (const char *const *cue = liking; *cue; cue++)
        for (const char *at = folded; (at = strstr(at, *cue)) != NULL; at++)
            if (!word_before_is(folded, at, no_liking))
                return 1;
    return 0;
}

/* ---- money ---- */

static const struct {
    const char *sign;
    const char *currency;
} signs[] = {{"$", "USD"}, {"\xe2\x82\xac", "EUR"}, {"\xc2\xa3", "GBP"}};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, with commas before groups of three, and two more behind a point. Gives how long that is; 0: no number, or one beyond a billion. */
static size_t read_sum(int64_t *minor, const char *at, const char *end)
{
    const char *p = at;
    int64_t whole = 0;

    for (; p < end; p++) {
        if (*p == ',' && end - p > 3 && is_digit(p[1]) && is_digit(p[2]) && is_digit(p[3]) &&
            (end - p == 4 || !is_digit(p[4])))
            continue;
        if (!is_digit(*p) || whole > INT64_C(100000000))
            break;
        whole = whole * 10 + (*p - '0');
    }
    if (p == at || (p < end && is_digit(*p)))
        return 0;
    *minor = whole * 100;
    if (end - p > 2 && *p == '.' && is_digit(p[1]) && is_digit(p[2]) && (end - p == 3 || !is_digit(p[3]))) {
        *minor += (p[1] - '0') * 10 + (p[2] - '0');
        p += 3;
    }
    return (size_t)(p - at);
}

int tripsage__said_sum_next(tripsage__said_sum *out, const char **at, const char *end)
{
    for (; *at < end; ++*at)
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
            size_t sign = strlen(signs[i].sign), length;

            if ((size_t)(end - *at) <= sign || memcmp(*at, signs[i].sign, sign) != 0)
                continue;
            length = read_sum(&out->minor, *at + sign, end);
            if (!length)
                continue;
            strcpy(out->currency, signs[i].currency);
            *at += sign + length;
            return 1;
        }
    return 0;
}

static int has_sum(const char *text, size_t length)
{
    tripsage__said_sum sum;

    return tripsage__said_sum_next(&sum, &text, text + length);
}

/* ---- places ---- */

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

/* The name as it is written: "Nice" is a city, "nice" is none. */
static int is_written(const char *text, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
        if ((at == text || !is_letter(at[-1])) && !is_letter(at[size]))
            return 1;
    return 0;
}

/* Two letters as a number. */
static size_t slot_of(const char *country_code)
{
    return ((size_t)(country_code[0] - 'A') * 26 + (size_t)(country_code[1] - 'A')) % (26 * 26);
}

/* Each country is looked for once, by its own name; then its places, until one is found. */
static void find_countries(tripsage__said *said, const char *folded, const tripsage__destination_index *index)
{
    enum { UNKNOWN, LOOKED_FOR, SAID };
    char text[1024 + 1];
    unsigned char state[26 * 26] = {UNKNOWN};
    size_t length = said->length < sizeof text ? said->length : sizeof text - 1;

    memcpy(text, said->text, length);
    text[length] = '\0';
    for (size_t i = 0; index && i < index->count && said->country_count < TRIPSAGE__SAID_COUNTRIES; i++) {
        const tripsage__destination *d = &index->all[i];
        unsigned char *at = &state[slot_of(d->country_code)];
        int is_new = *at == UNKNOWN && tripsage__destination_named(d, folded) == TRIPSAGE__NAMED_COUNTRY;

        if (*at != SAID && (is_new || is_written(text, d->name))) {
            said->countries[said->country_count++] = d->country;
            *at = SAID;
        } else if (*at == UNKNOWN) {
            *at = LOOKED_FOR;
        }
    }
}

/* ---- a statement ---- */

size_t tripsage__said_fold(char out[TRIPSAGE__SAID_FOLDED], const char *text, size_t length)
{
    size_t size = tripsage__words_fold(out + 1, TRIPSAGE__SAID_FOLDED - 2, text, length);

    out[0] = ' ';
    out[size + 1] = ' ';
    out[size + 2] = '\0';
    return size;
}

static unsigned buckets_of(const tripsage__said *said, const char *folded)
{
    static const struct {
        tripsage__bucket bucket;
        const char *const *cues;
    } table[] = {{TRIPSAGE__BUCKET_PREFERENCES, preferring},
                 {TRIPSAGE__BUCKET_SAVED_DESTINATIONS, wishing},
                 {TRIPSAGE__BUCKET_BUDGET, paying},
                 {TRIPSAGE__BUCKET_DIETARY, eating},
                 {TRIPSAGE__BUCKET_ACCOMMODATION, lodging}};
    unsigned buckets = 0;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (says(folded, table[i].cues))
            buckets |= 1u << table[i].bucket;
    if (says_liking(folded))
        buckets |= 1u << TRIPSAGE__BUCKET_PREFERENCES;
    if (says(folded, travelled) && !says(folded, never))
        buckets |= 1u << TRIPSAGE__BUCKET_PAST_TRIPS;
    if (has_sum(said->text, said->length))
        buckets |= 1u << TRIPSAGE__BUCKET_BUDGET;
    if (tripsage__said_styles(folded))
        buckets |= 1u << TRIPSAGE__BUCKET_STYLE;
    if (tripsage__said_activities(folded))
        buckets |= 1u << TRIPSAGE__BUCKET_ACTIVITY;
    return buckets;
}

static int is_request(const char *folded)
{
    for (const char *const *cue = asking_first; *cue; cue++)
        if (strncmp(folded, *cue, strlen(*cue)) == 0)
            return 1;
    return says(folded, asking);
}

/* What was is history, what is asked for or wished a pattern of searches, what fits a bucket besides a preference. */
static const char *type_of(unsigned buckets, const char *folded)
{
    if (buckets & 1u << TRIPSAGE__BUCKET_PAST_TRIPS)
        return "trip_history";
    if (buckets & 1u << TRIPSAGE__BUCKET_SAVED_DESTINATIONS || (buckets && is_request(folded)))
        return "search_pattern";
    return buckets ? "user_preference" : "conversation_context";
}

static void read_folded(tripsage__said *said, const char *folded, const tripsage__destination_index *index)
{
    said->buckets = buckets_of(said, folded);
    said->type = type_of(said->buckets, folded);
    find_countries(said, folded, index);
    said->has_budget = (said->buckets & 1u << TRIPSAGE__BUCKET_BUDGET) != 0;
    said->has_accommodation = (said->buckets & 1u << TRIPSAGE__BUCKET_ACCOMMODATION) != 0;
}

void tripsage__said_read(tripsage__said *said, const tripsage__destination_index *index)
{
    char folded[TRIPSAGE__SAID_FOLDED];

    tripsage__said_fold(folded, said->text, said->length);
    read_folded(said, folded, index);
}

/* ---- sentences ---- */

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Of the character at `at`: how many bytes end a sentence there; 0: it goes on. */
static size_t ends_at(const char *at, const char *end)
{
    static const char *const wide[] = {"\xe2\x80\xa6", "\xe3\x80\x82", "\xef\xbc\x81",
                                       "\xef\xbc\x9f"}; /* ellipsis, and the full stops of East Asia */

    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (end - at >= 3 && memcmp(at, wide[i], 3) == 0)
            return 3;
    return *at == '.' || *at == '!' || *at == '?' || *at == '\n' || *at == ';';
}

/* A point behind one letter ("U.S.", "J. Smith"), behind a short form, or before something that is no space ends nothing. */
static int is_inner_point(const char *begin, const char *at, const char *end)
{
    static const char *const shortened[] = {"mr", "mrs", "ms", "dr", "st", "mt", "approx",
                                            "ca", "etc", "eg", "ie", "vs", NULL};
    const char *word = at;
    char lower[8];
    size_t size;

    if (*at != '.')
        return 0;
    if (at + 1 < end && !is_space(at[1]) && at[1] != '.' && at[1] != '"' && at[1] != '\'' && at[1] != ')')
        return 1;
    while (word > begin && is_letter(word[-1]))
        word--;
    size = (size_t)(at - word);
    if (size == 1 && *word != 'I')
        return 1;
    if (size == 0 || size >= sizeof lower)
        return 0;
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + ('a' - 'A') : word[i]);
    lower[size] = '\0';
    for (const char *const *s = shortened; *s; s++)
        if (strcmp(lower, *s) == 0)
            return 1;
    return 0;
}

/* From *at to the end of a sentence, which *at is moved behind; *asks: it is a question. */
static void next_sentence(const char **begin, size_t *length, int *asks, const char **at, const char *end)
{
    const char *p = *at;
    size_t stop;

    *begin = p;
    *asks = 0;
    while (p < end && (!ends_at(p, end) || is_inner_point(*begin, p, end)))
        p++;
    *length = (size_t)(p - *begin);
    while (p < end && (stop = ends_at(p, end)) != 0) { /* "...", "?!" */
        *asks |= *p == '?' || (stop == 3 && memcmp(p, "\xef\xbc\x9f", 3) == 0);
        p += stop;
    }
    *at = p;
}

/* What stands around a sentence: spaces, quotes, brackets, the marks of lists. */
static void trim(const char **text, size_t *length)
{
    static const char around[] = " \t\r\n\"'()[]*-_>#,:";

    while (*length && strchr(around, **text)) {
        ++*text;
        --*length;
    }
    while (*length && strchr(around, (*text)[*length - 1]))
        --*length;
}

/* At a space, else between two characters. */
static size_t cut(const char *text, size_t length)
{
    size_t size = TRIPSAGE__SAID_MAX;

    if (length <= size)
        return length;
    while (size > TRIPSAGE__SAID_MAX / 2 && text[size] != ' ')
        size--;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static size_t count_words(const char *folded)
{
    size_t words = 0;

    for (const char *p = folded + 1; *p; p++)
        words += *p == ' ' && p[-1] != ' ';
    return words;
}

/* "Vegan." alone may be an answer to anything. */
#define WORDS_MIN 2

int tripsage__said_next(tripsage__said *out, const char **at, const char *end, const tripsage__destination_index *index)
{
    char folded[TRIPSAGE__SAID_FOLDED];
    int asks;

    while (*at < end) {
        memset(out, 0, sizeof *out);
        next_sentence(&out->text, &out->length, &asks, at, end);
        trim(&out->text, &out->length);
        out->length = cut(out->text, out->length);
        tripsage__said_fold(folded, out->text, out->length);
        if (asks || count_words(folded) < WORDS_MIN)
            continue;
        read_folded(out, folded, index);
        if (out->buckets || (out->country_count && says(folded, oneself)))
            return 1;
    }
    return 0;
}
