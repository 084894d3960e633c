/* tests/unit/trip/catalogue_data_test.c: is libtripsage/trip/catalogue/destinations.json what its README says it is?
 *
 * The data is read as a file and not through the library, so that a mistake in the loader cannot hide one in the data.
 * Facts are held against sources the entries were not made from: tests/data/country_bounds.csv, the system's time zone
 * tables, base/currency.h and, where they are installed, the iso-codes tables. */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <cjson/cJSON.h>

#include "base/currency.h"
#include "support/temp.h"

#define CATALOGUE   TRIPSAGE_SOURCE_DIR "/libtripsage/trip/catalogue/destinations.json"
#define VOCABULARY  TRIPSAGE_SOURCE_DIR "/libtripsage/trip/catalogue/README.md"
#define BOUNDS      TRIPSAGE_SOURCE_DIR "/tests/data/country_bounds.csv"
#define ZONES       "/usr/share/zoneinfo/"
#define ISO_4217    "/usr/share/iso-codes/json/iso_4217.json"
#define MAX_ENTRIES 2000
#define RUN_WORDS   8

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static cJSON *catalogue;
static const cJSON *entries[MAX_ENTRIES];
static size_t entry_count;

/* ---- reading ---- */

static void load(void)
{
    char *text = test_file_read(CATALOGUE);
    const cJSON *entry;

    ck_assert_msg(text != NULL, "cannot read %s", CATALOGUE);
    catalogue = cJSON_Parse(text);
    ck_assert_msg(cJSON_IsArray(catalogue), "%s is not a JSON array, near: %.60s", CATALOGUE, cJSON_GetErrorPtr());
    free(text);
    entry_count = 0;
    cJSON_ArrayForEach(entry, catalogue)
    {
        ck_assert_uint_lt(entry_count, MAX_ENTRIES);
        entries[entry_count++] = entry;
    }
}

static void unload(void)
{
    cJSON_Delete(catalogue);
    catalogue = NULL;
}

/* The text of a member; "" when it is missing or of another type, which members_are_as_written_down reports. */
static const char *text_of(const cJSON *entry, const char *member)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, member));

    return text ? text : "";
}

static double number_of(const cJSON *entry, const char *member)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(entry, member));
}

static const char *id_of(const cJSON *entry)
{
    return text_of(entry, "id");
}

static const cJSON *list_of(const cJSON *entry, const char *member)
{
    return cJSON_GetObjectItemCaseSensitive(entry, member);
}

/* ---- how many, and of what shape ---- */

START_TEST(has_enough_places_on_every_continent)
{
    static const struct {
        const char *name;
        size_t least;
    } continents[] = {
        {"Africa", 30}, {"Asia", 30}, {"Europe", 30}, {"North America", 30}, {"South America", 30}, {"Oceania", 18},
    };
    size_t known = 0;

    for (size_t c = 0; c < COUNT(continents); c++) {
        size_t count = 0;

        for (size_t i = 0; i < entry_count; i++)
            count += strcmp(text_of(entries[i], "continent"), continents[c].name) == 0;
        ck_assert_msg(count >= continents[c].least, "%s has %zu places, fewer than %zu", continents[c].name, count,
                      continents[c].least);
        known += count;
    }
    ck_assert_msg(known == entry_count, "%zu places are on no known continent", entry_count - known);
    ck_assert_uint_ge(entry_count, 250);
}
END_TEST

START_TEST(members_are_as_written_down)
{
    static const struct {
        const char *name;
        int type;
    } members[] = {
        {"id", cJSON_String},           {"name", cJSON_String},       {"country", cJSON_String},
        {"country_code", cJSON_String}, {"continent", cJSON_String},  {"latitude", cJSON_Number},
        {"longitude", cJSON_Number},    {"timezone", cJSON_String},   {"currency", cJSON_String},
        {"tags", cJSON_Array},          {"best_months", cJSON_Array}, {"daily_cost", cJSON_Number},
        {"description", cJSON_String},
    };

    for (size_t i = 0; i < entry_count; i++) {
        const cJSON *member = entries[i]->child;

        for (size_t m = 0; m < COUNT(members); m++) {
            ck_assert_msg(member != NULL, "%s: '%s' is missing", id_of(entries[i]), members[m].name);
            ck_assert_msg(strcmp(member->string, members[m].name) == 0, "%s: '%s' stands where '%s' should",
                          id_of(entries[i]), member->string, members[m].name);
            ck_assert_msg((member->type & 0xff) == members[m].type, "%s: '%s' is of the wrong type", id_of(entries[i]),
                          member->string);
            member = member->next;
        }
        ck_assert_msg(member == NULL, "%s: '%s' is one too many", id_of(entries[i]), member ? member->string : "");
    }
}
END_TEST

START_TEST(is_one_entry_a_line)
{
    char *text = test_file_read(CATALOGUE);
    size_t lines = 0;

    ck_assert_ptr_nonnull(text);
    for (const char *line = text; *line; lines++) {
        const char *end = strchr(line, '\n');

        ck_assert_msg(end != NULL, "the last line has no end");
        if (lines > 0 && lines <= entry_count)
            ck_assert_msg(strncmp(line, "{\"id\":\"", 7) == 0, "line %zu does not start an entry: %.40s", lines + 1,
                          line);
        line = end + 1;
    }
    ck_assert_uint_eq(lines, entry_count + 2);
    free(text);
}
END_TEST

/* ---- ids and names ---- */

static int has_only_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* Writes the slug of an ASCII name: lower case, apostrophes gone, every other gap one hyphen. */
static void slug(char *out, size_t size, const char *name, const char *code)
{
    char joined[200];
    size_t used = 0;

    ck_assert_int_lt(snprintf(joined, sizeof joined, "%s-%s", name, code), (int)sizeof joined);
    for (const char *at = joined; *at; at++) {
        ck_assert_uint_lt(used + 1, size);
        if (isalnum((unsigned char)*at))
            out[used++] = (char)tolower((unsigned char)*at);
        else if (*at != '\'' && used > 0 && out[used - 1] != '-')
            out[used++] = '-';
    }
    out[used] = '\0';
}

START_TEST(ids_are_slugs_of_name_and_country)
{
    for (size_t i = 0; i < entry_count; i++) {
        const char *id = id_of(entries[i]);
        const char *name = text_of(entries[i], "name");
        const char *code = text_of(entries[i], "country_code");
        size_t length = strlen(id);
        char expected[200];

        ck_assert_msg(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && length > 3 && id[0] != '-' &&
                          !strstr(id, "--"),
                      "'%s' is no slug", id);
        ck_assert_msg(strlen(code) == 2 && isupper((unsigned char)code[0]) && isupper((unsigned char)code[1]),
                      "%s: country code '%s'", id, code);
        ck_assert_msg(id[length - 3] == '-' && toupper((unsigned char)id[length - 2]) == code[0] &&
                          toupper((unsigned char)id[length - 1]) == code[1],
                      "%s does not end in its country code %s", id, code);
        if (has_only_ascii(name)) {
            slug(expected, sizeof expected, name, code);
            ck_assert_msg(strcmp(id, expected) == 0, "%s should be %s", id, expected);
        }
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(id, id_of(entries[k])) != 0, "%s is there twice", id);
    }
}
END_TEST

/* Great-circle distance by the haversine formula on a sphere of the Earth's mean radius. */
static double kilometres(const cJSON *a, const cJSON *b)
{
    const double radian = acos(-1.0) / 180.0;
    double lat_a = number_of(a, "latitude") * radian;
    double lat_b = number_of(b, "latitude") * radian;
    double across = sin((number_of(b, "longitude") - number_of(a, "longitude")) * radian / 2);
    double along = sin((lat_b - lat_a) / 2);

    return 2 * 6371.0 * asin(sqrt(along * along + cos(lat_a) * cos(lat_b) * across * across));
}

START_TEST(no_place_is_there_twice)
{
    for (size_t i = 0; i < entry_count; i++) {
        for (size_t k = 0; k < i; k++) {
            ck_assert_msg(strcmp(text_of(entries[i], "name"), text_of(entries[k], "name")) != 0 ||
                              strcmp(text_of(entries[i], "country"), text_of(entries[k], "country")) != 0,
                          "%s and %s have the same name and country", id_of(entries[k]), id_of(entries[i]));
            ck_assert_msg(kilometres(entries[i], entries[k]) >= 3.0, "%s and %s are %.1f km apart", id_of(entries[k]),
                          id_of(entries[i]), kilometres(entries[i], entries[k]));
        }
    }
}
END_TEST

/* ---- where it is ---- */

struct box {
    char code[3];
    double south, north, west, east; /* west > east: the box crosses the 180th meridian */
};

static struct box boxes[300];
static size_t box_count;

static void load_boxes(void)
{
    FILE *file = fopen(BOUNDS, "r");
    char line[200];

    ck_assert_msg(file != NULL, "cannot read %s", BOUNDS);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_str_eq(line, "code,lat_min,lat_max,lon_min,lon_max\n");
    box_count = 0;
    while (fgets(line, sizeof line, file)) {
        struct box *box = &boxes[box_count];

        ck_assert_uint_lt(box_count, COUNT(boxes));
        ck_assert_msg(
            sscanf(line, "%2[A-Z],%lf,%lf,%lf,%lf\n", box->code, &box->south, &box->north, &box->west, &box->east) == 5,
            "bounds: %s", line);
        ck_assert_msg(box_count == 0 || strcmp(boxes[box_count - 1].code, box->code) < 0, "bounds: %s is out of order",
                      box->code);
        ck_assert_msg(box->south < box->north && box->south >= -90 && box->north <= 90 && fabs(box->west) <= 180 &&
                          fabs(box->east) <= 180,
                      "bounds: %s", line);
        box_count++;
    }
    fclose(file);
}

static const struct box *box_of(const char *code)
{
    for (size_t i = 0; i < box_count; i++)
        if (strcmp(boxes[i].code, code) == 0)
            return &boxes[i];
    return NULL;
}

static int contains(const struct box *box, double latitude, double longitude)
{
    int east_of_west = longitude >= box->west;
    int west_of_east = longitude <= box->east;

    if (latitude < box->south || latitude > box->north)
        return 0;
    return box->west <= box->east ? east_of_west && west_of_east : east_of_west || west_of_east;
}

START_TEST(places_lie_in_their_country)
{
    load_boxes();
    for (size_t i = 0; i < entry_count; i++) {
        double latitude = number_of(entries[i], "latitude");
        double longitude = number_of(entries[i], "longitude");
        const struct box *box = box_of(text_of(entries[i], "country_code"));

        ck_assert_msg(box != NULL, "%s: no bounds for %s", id_of(entries[i]), text_of(entries[i], "country_code"));
        ck_assert_msg(contains(box, latitude, longitude), "%s: %.4f, %.4f is not in %s", id_of(entries[i]), latitude,
                      longitude, box->code);
        ck_assert_msg(fabs(latitude * 1e4 - round(latitude * 1e4)) < 1e-5 &&
                          fabs(longitude * 1e4 - round(longitude * 1e4)) < 1e-5,
                      "%s: more than four decimals", id_of(entries[i]));
    }
}
END_TEST

START_TEST(a_box_may_cross_the_180th_meridian)
{
    static const struct box fiji = {"FJ", -21.0, -12.0, 177.0, -178.0};

    ck_assert(contains(&fiji, -17.0, 177.5));
    ck_assert(contains(&fiji, -17.0, -179.5));
    ck_assert(!contains(&fiji, -17.0, 0.0));
    ck_assert(!contains(&fiji, -17.0, -177.0));
    ck_assert(!contains(&fiji, 17.0, 179.0));
}
END_TEST

START_TEST(a_country_is_told_the_same_way_every_time)
{
    static const char *const members[] = {"country", "continent", "currency"};

    for (size_t i = 0; i < entry_count; i++) {
        for (size_t k = 0; k < i; k++) {
            int same_code = strcmp(text_of(entries[i], "country_code"), text_of(entries[k], "country_code")) == 0;
            int same_name = strcmp(text_of(entries[i], "country"), text_of(entries[k], "country")) == 0;

            ck_assert_msg(same_code == same_name, "%s and %s: one country has one code", id_of(entries[k]),
                          id_of(entries[i]));
            for (size_t m = 0; same_code && m < COUNT(members); m++)
                ck_assert_msg(strcmp(text_of(entries[i], members[m]), text_of(entries[k], members[m])) == 0,
                              "%s and %s disagree on '%s'", id_of(entries[k]), id_of(entries[i]), members[m]);
        }
    }
}
END_TEST

/* ---- zones ---- */

/* Whether a row of zone.tab ("CC<tab>position<tab>zone...") or zone1970.tab ("CC,CC<tab>...") ties the zone to the country. */
static int table_has(const char *table, const char *code, const char *zone)
{
    size_t length = strlen(zone);

    for (const char *line = table; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        const char *position = strchr(line, '\t');
        const char *name = position ? strchr(position + 1, '\t') : NULL;
        const char *found;

        if (*line == '#' || !name || strncmp(name + 1, zone, length) != 0 || !strchr("\t\n", name[1 + length]))
            continue;
        found = strstr(line, code);
        if (found && found < position)
            return 1;
    }
    return 0;
}

START_TEST(zones_exist_and_belong_to_the_country)
{
    char *table = test_file_read(ZONES "zone.tab");

    if (!table)
        table = test_file_read(ZONES "zone1970.tab");
    for (size_t i = 0; i < entry_count; i++) {
        const char *zone = text_of(entries[i], "timezone");
        const char *code = text_of(entries[i], "country_code");
        char path[300];
        FILE *file;
        char magic[4] = "";

        ck_assert_msg(strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/-") == strlen(zone) &&
                          isupper((unsigned char)zone[0]),
                      "%s: '%s' is no zone name", id_of(entries[i]), zone);
        ck_assert_int_lt(snprintf(path, sizeof path, "%s%s", ZONES, zone), (int)sizeof path);
        file = fopen(path, "rb");
        ck_assert_msg(file != NULL, "%s: there is no %s", id_of(entries[i]), path);
        ck_assert_msg(fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0, "%s: %s is no zone file",
                      id_of(entries[i]), path);
        fclose(file);
        if (table)
            ck_assert_msg(table_has(table, code, zone), "%s: %s is not a zone of %s", id_of(entries[i]), zone, code);
    }
    free(table);
}
END_TEST

/* ---- currencies ---- */

static int iso_codes_has(const cJSON *table, const char *code)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(table, "4217"))
    {
        if (strcmp(text_of(row, "alpha_3"), code) == 0)
            return 1;
    }
    return 0;
}

START_TEST(currencies_circulate)
{
    /* The Caribbean guilder is of 2025, younger than the iso-codes table of the oldest system we build on. */
    static const char newest[] = "XCG";
    char *text = test_file_read(ISO_4217);
    cJSON *table = text ? cJSON_Parse(text) : NULL;

    ck_assert_msg(!text || table, "%s is not JSON", ISO_4217);
    for (size_t i = 0; i < entry_count; i++) {
        const char *code = text_of(entries[i], "currency");

        ck_assert_msg(tripsage__currency_find(code) != NULL, "%s: '%s' is no currency", id_of(entries[i]), code);
        if (table && strcmp(code, newest) != 0)
            ck_assert_msg(iso_codes_has(table, code), "%s: iso-codes has no '%s'", id_of(entries[i]), code);
    }
    cJSON_Delete(table);
    free(text);
}
END_TEST

/* ---- tags, months, costs ---- */

/* Whether the README lists "- `tag`:" between the headings that begin with `from` and `to`. */
static int vocabulary_has(const char *readme, const char *from, const char *to, const char *tag)
{
    const char *begin = strstr(readme, from);
    const char *end = begin ? strstr(begin + 1, to) : NULL;
    const char *found;
    char item[60];

    ck_assert_msg(end != NULL, "the vocabulary has no '%s' before '%s'", from, to);
    ck_assert_int_lt(snprintf(item, sizeof item, "\n- `%s`:", tag), (int)sizeof item);
    found = strstr(begin, item);
    return found && found < end;
}

START_TEST(tags_are_of_the_vocabulary)
{
    char *readme = test_file_read(VOCABULARY);

    ck_assert_msg(readme != NULL, "cannot read %s", VOCABULARY);
    for (size_t i = 0; i < entry_count; i++) {
        const cJSON *tags = list_of(entries[i], "tags");
        int categories = 0;
        const cJSON *tag;

        ck_assert_msg(cJSON_GetArraySize(tags) >= 3 && cJSON_GetArraySize(tags) <= 8, "%s: %d tags", id_of(entries[i]),
                      cJSON_GetArraySize(tags));
        cJSON_ArrayForEach(tag, tags)
        {
            const char *word = cJSON_GetStringValue(tag);

            ck_assert_msg(word && vocabulary_has(readme, "\n## Tags", "\n## Where", word),
                          "%s: '%s' is not in the vocabulary", id_of(entries[i]), word ? word : "(no text)");
            categories += vocabulary_has(readme, "\n### Categories", "\n### Others", word);
            for (const cJSON *other = tag->next; other; other = other->next)
                ck_assert_msg(!cJSON_Compare(tag, other, 1), "%s: '%s' twice", id_of(entries[i]), word);
        }
        ck_assert_msg(categories > 0, "%s: no category among the tags", id_of(entries[i]));
    }
    free(readme);
}
END_TEST

START_TEST(no_tag_of_the_vocabulary_is_idle)
{
    char *readme = test_file_read(VOCABULARY);
    const char *item = readme ? strstr(readme, "\n## Tags") : NULL;

    ck_assert_msg(item != NULL, "cannot read the vocabulary in %s", VOCABULARY);
    while ((item = strstr(item, "\n- `")) != NULL) {
        char word[60];
        size_t uses = 0;

        item += 4;
        ck_assert_msg(sscanf(item, "%59[a-z-]`:", word) == 1, "vocabulary: %.30s", item);
        for (size_t i = 0; i < entry_count; i++) {
            const cJSON *tag;

            cJSON_ArrayForEach(tag, list_of(entries[i], "tags"))
            {
                uses += cJSON_IsString(tag) && strcmp(tag->valuestring, word) == 0;
            }
        }
        ck_assert_msg(uses >= 5, "only %zu places have the tag '%s'", uses, word);
    }
    free(readme);
}
END_TEST

START_TEST(best_months_ascend)
{
    for (size_t i = 0; i < entry_count; i++) {
        const cJSON *months = list_of(entries[i], "best_months");
        const cJSON *month;
        double last = 0;

        ck_assert_msg(cJSON_GetArraySize(months) >= 1, "%s: no month", id_of(entries[i]));
        cJSON_ArrayForEach(month, months)
        {
            double value = cJSON_GetNumberValue(month);

            ck_assert_msg(value > last && value <= 12 && floor(value) == value, "%s: month %g after %g",
                          id_of(entries[i]), value, last);
            last = value;
        }
    }
}
END_TEST

START_TEST(daily_costs_are_plausible)
{
    for (size_t i = 0; i < entry_count; i++) {
        double cost = number_of(entries[i], "daily_cost");

        ck_assert_msg(cost >= 2000 && cost <= 60000 && floor(cost) == cost, "%s: %g cents a day", id_of(entries[i]),
                      cost);
    }
}
END_TEST

/* ---- descriptions ---- */

/* Length of the character at `text`: printable ASCII, or a Latin letter of U+00C0..U+023F in UTF-8; 0 for anything else, so that
 * control characters, typographic quotes, invisible marks and broken encoding all show. */
static size_t character(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    unsigned char second = (unsigned char)(first ? text[1] : 0);

    if (first >= 0x20 && first < 0x7f)
        return 1;
    return first >= 0xc3 && first <= 0xc8 && second >= 0x80 && second <= 0xbf ? 2 : 0;
}

START_TEST(texts_are_plain)
{
    static const char *const members[] = {"name", "country", "description"};

    for (size_t i = 0; i < entry_count; i++) {
        for (size_t m = 0; m < COUNT(members); m++) {
            const char *text = text_of(entries[i], members[m]);
            size_t length = strlen(text);

            ck_assert_msg(length > 0 && text[0] != ' ' && text[length - 1] != ' ' && !strstr(text, "  "),
                          "%s: spaces in '%s'", id_of(entries[i]), members[m]);
            for (const char *at = text; *at; at += character(at))
                ck_assert_msg(character(at) > 0, "%s: '%s' has an odd character at: %.20s", id_of(entries[i]),
                              members[m], at);
        }
    }
}
END_TEST

START_TEST(descriptions_have_the_right_length)
{
    for (size_t i = 0; i < entry_count; i++) {
        const char *text = text_of(entries[i], "description");
        size_t words = 1;

        for (const char *at = text; *at; at++)
            words += *at == ' ';
        ck_assert_msg(words >= 40 && words <= 80, "%s: %zu words", id_of(entries[i]), words);
        ck_assert_msg(text[strlen(text) - 1] == '.', "%s: the description ends without a full stop", id_of(entries[i]));
    }
}
END_TEST

/* A run of RUN_WORDS words within a description that was brought to lower-case words with single spaces between. */
struct run {
    const char *text;
    size_t length;
    size_t entry;
};

static int compare_runs(const void *left, const void *right)
{
    const struct run *a = left;
    const struct run *b = right;
    int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);

    if (order)
        return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

/* Keeps letters and digits, turns everything between them into one space; the caller frees it. */
static char *plain_words(const char *text)
{
    char *words = malloc(strlen(text) + 1);
    size_t used = 0;

    ck_assert_ptr_nonnull(words);
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80)
            words[used++] = (char)tolower((unsigned char)*text);
        else if (used > 0 && words[used - 1] != ' ')
            words[used++] = ' ';
    }
    while (used > 0 && words[used - 1] == ' ')
        used--;
    words[used] = '\0';
    return words;
}

/* Appends the runs of one description. */
static size_t collect_runs(struct run *runs, size_t count, size_t limit, const char *words, size_t entry)
{
    for (const char *start = words; start; start = strchr(start, ' '), start = start ? start + 1 : NULL) {
        const char *end = start;
        size_t seen = 0;

        for (; *end; end++)
            if (*end == ' ' && ++seen == RUN_WORDS)
                break;
        if (seen + !*end < RUN_WORDS)
            break;
        ck_assert_uint_lt(count, limit);
        runs[count++] = (struct run){start, (size_t)(end - start), entry};
    }
    return count;
}

START_TEST(no_two_descriptions_share_a_run_of_words)
{
    size_t limit = MAX_ENTRIES * 100;
    struct run *runs = malloc(limit * sizeof *runs);
    char **words = calloc(entry_count, sizeof *words);
    size_t count = 0;

    ck_assert(runs != NULL && words != NULL);
    for (size_t i = 0; i < entry_count; i++) {
        words[i] = plain_words(text_of(entries[i], "description"));
        count = collect_runs(runs, count, limit, words[i], i);
    }
    ck_assert_uint_gt(count, entry_count * (40 - RUN_WORDS));
    qsort(runs, count, sizeof *runs, compare_runs);
    for (size_t i = 1; i < count; i++)
        ck_assert_msg(compare_runs(&runs[i - 1], &runs[i]) != 0, "%s and %s share: %.*s",
                      id_of(entries[runs[i - 1].entry]), id_of(entries[runs[i].entry]), (int)runs[i].length,
                      runs[i].text);
    for (size_t i = 0; i < entry_count; i++)
        free(words[i]);
    free(words);
    free(runs);
}
END_TEST

START_TEST(a_run_is_eight_words)
{
    struct run runs[4];
    char *words = plain_words("One, two  three-four: FIVE six seven eight (nine).");

    ck_assert_str_eq(words, "one two three four five six seven eight nine");
    ck_assert_uint_eq(collect_runs(runs, 0, COUNT(runs), words, 0), 2);
    ck_assert_msg(strncmp(runs[0].text, "one two three four five six seven eight", runs[0].length) == 0 &&
                      runs[0].length == 39,
                  "first run: %.*s", (int)runs[0].length, runs[0].text);
    ck_assert_str_eq(runs[1].text, "two three four five six seven eight nine");
    free(words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trip/catalogue data");
    TCase *tests = tcase_create("destinations.json");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tests, load, unload);
    tcase_add_test(tests, has_enough_places_on_every_continent);
    tcase_add_test(tests, members_are_as_written_down);
    tcase_add_test(tests, is_one_entry_a_line);
    tcase_add_test(tests, ids_are_slugs_of_name_and_country);
    tcase_add_test(tests, no_place_is_there_twice);
    tcase_add_test(tests, places_lie_in_their_country);
    tcase_add_test(tests, a_box_may_cross_the_180th_meridian);
    tcase_add_test(tests, a_country_is_told_the_same_way_every_time);
    tcase_add_test(tests, zones_exist_and_belong_to_the_country);
    tcase_add_test(tests, currencies_circulate);
    tcase_add_test(tests, tags_are_of_the_vocabulary);
    tcase_add_test(tests, no_tag_of_the_vocabulary_is_idle);
    tcase_add_test(tests, best_months_ascend);
    tcase_add_test(tests, daily_costs_are_plausible);
    tcase_add_test(tests, texts_are_plain);
    tcase_add_test(tests, descriptions_have_the_right_length);
    tcase_add_test(tests, no_two_descriptions_share_a_run_of_words);
    tcase_add_test(tests, a_run_is_eight_words);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
