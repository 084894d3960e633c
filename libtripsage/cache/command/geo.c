/* geo.c: places in sorted sets: a member's score is its geohash of 52 bits, 26 of the longitude between those of the latitude, as Redis
 * documents it (GEOADD), so that what one has written the other reads. Latitudes end where Web Mercator does (EPSG:3857). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "zsets.h"

#define STEPS         26u
#define LONGITUDE_MAX 180.0
#define LATITUDE_MAX  85.05112878
#define EARTH_RADIUS  6372797.560856 /* metres: as Redis has it, or distances would differ */
#define PI            3.14159265358979323846

/* Cells that a search looks at side by side, at most: few, so that there are few ranges to look for, and enough that most of what they
 * hold is within. */
#define CELLS_ACROSS 5u

typedef struct place {
    double longitude, latitude;
} place;

/* ---- geohash ---- */

/* Every second bit, from the lowest on (Morton, 1966). */
static uint64_t spread(uint64_t bits)
{
    static const uint64_t masks[] = {UINT64_C(0x0000ffff0000ffff), UINT64_C(0x00ff00ff00ff00ff),
                                     UINT64_C(0x0f0f0f0f0f0f0f0f), UINT64_C(0x3333333333333333),
                                     UINT64_C(0x5555555555555555)};

    bits &= UINT32_MAX;
    for (unsigned i = 0, shift = 16; i < 5; i++, shift /= 2)
        bits = (bits | bits << shift) & masks[i];
    return bits;
}

static uint64_t gather(uint64_t bits)
{
    static const uint64_t masks[] = {UINT64_C(0x3333333333333333), UINT64_C(0x0f0f0f0f0f0f0f0f),
                                     UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x0000ffff0000ffff), UINT32_MAX};

    bits &= UINT64_C(0x5555555555555555);
    for (unsigned i = 0, shift = 1; i < 5; i++, shift *= 2)
        bits = (bits | bits >> shift) & masks[i];
    return bits;
}

/* Which of 2^26 parts of -limit to limit a number is in. The limit itself is in one behind the last, as in Redis. */
static uint64_t part_of(double value, double limit)
{
    return (uint64_t)((value + limit) / (limit + limit) * (double)(1u << STEPS));
}

static uint64_t interleaved(uint64_t latitude, uint64_t longitude)
{
    return spread(latitude) | spread(longitude) << 1;
}

static uint64_t encode(place where, double latitude_limit)
{
    return interleaved(part_of(where.latitude, latitude_limit), part_of(where.longitude, LONGITUDE_MAX));
}

/* The middle of a part. */
static double middle(uint64_t part, double limit)
{
    double scale = limit + limit, parts = (double)(1u << STEPS);
    double from = -limit + (double)part / parts * scale, to = -limit + ((double)part + 1) / parts * scale;
    double value = (from + to) / 2;

    return value > limit ? limit : value < -limit ? -limit : value;
}

/* A score that is no geohash is some place or other: the one that Redis says it is. */
static place decode(double score)
{
    uint64_t bits = fabs(score) < 9223372036854775808.0 ? (uint64_t)(int64_t)score : 0;

    return (place){middle(gather(bits >> 1), LONGITUDE_MAX), middle(gather(bits), LATITUDE_MAX)};
}

static double radians(double degrees)
{
    return degrees * (PI / 180.0);
}

/* By haversines: metres on a sphere. */
static double distance(place a, place b)
{
    double from = radians(a.latitude), to = radians(b.latitude);
    double v = sin((radians(b.longitude) - radians(a.longitude)) / 2), u, chord;

    if (v == 0)
        return EARTH_RADIUS * fabs(to - from);
    u = sin((to - from) / 2);
    chord = u * u + cos(from) * cos(to) * v * v;
    return 2.0 * EARTH_RADIUS * asin(sqrt(chord > 1 ? 1 : chord));
}

/* ---- arguments ---- */

static int read_place(tripsage__command *c, size_t at, place *out)
{
    if (!tripsage__command_double(c, at, &out->longitude) || !tripsage__command_double(c, at + 1, &out->latitude))
        return 0;
    if (fabs(out->longitude) <= LONGITUDE_MAX && fabs(out->latitude) <= LATITUDE_MAX)
        return 1;
    tripsage__reply_error(c->reply, "ERR invalid longitude,latitude pair %f,%f", out->longitude, out->latitude);
    return 0;
}

/* Metres of one. */
static int read_unit(tripsage__command *c, size_t at, double *out)
{
    static const struct {
        const char *name;
        double metres;
    } units[] = {{"M", 1}, {"KM", 1000}, {"FT", 0.3048}, {"MI", 1609.34}};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (tripsage__command_is(c->args[at], units[i].name)) {
            *out = units[i].metres;
            return 1;
        }
    tripsage__reply_error(c->reply, "ERR unsupported unit provided. please use M, KM, FT, MI");
    return 0;
}

/* A number, whose error says what for. */
static int read_length(tripsage__command *c, size_t at, const char *what, double *out)
{
    if (tripsage__command_parse_double(c->args[at], out))
        return 1;
    tripsage__reply_error(c->reply, "ERR need numeric %s", what);
    return 0;
}

/* ---- members ---- */

static void geoadd(tripsage__command *c)
{
    unsigned flags = 0;
    size_t at = 2, count, read = 0;
    tripsage__zset_pair *pairs;
    place where;

    for (; at < c->count; at++)
        if (tripsage__command_is(c->args[at], "NX"))
            flags |= TRIPSAGE__ZADD_NX;
        else if (tripsage__command_is(c->args[at], "XX"))
            flags |= TRIPSAGE__ZADD_XX;
        else if (tripsage__command_is(c->args[at], "CH"))
            flags |= TRIPSAGE__ZADD_CH;
        else
            break;
    count = (c->count - at) / 3;
    if (count == 0 || (c->count - at) % 3 || (flags & TRIPSAGE__ZADD_NX && flags & TRIPSAGE__ZADD_XX)) {
        tripsage__command_syntax(c);
        return;
    }
    pairs = tripsage__malloc(count * sizeof *pairs);
    if (!pairs) {
        tripsage__command_failed(c, TRIPSAGE_ENOMEM);
        return;
    }
    for (; read < count && read_place(c, at + 3 * read, &where); read++)
        pairs[read] = (tripsage__zset_pair){(double)encode(where, LATITUDE_MAX), c->args[at + 3 * read + 2]};
    if (read == count)
        tripsage__zsets_add(c, pairs, count, flags);
    tripsage__free(pairs);
}

/* The place of a member; 0: it has none. */
static int find_place(const tripsage__zset *zset, tripsage__cache_bytes member, place *out)
{
    const tripsage__zset_node *node = zset ? tripsage__zset_find(zset, member) : NULL;

    if (node)
        *out = decode(node->score);
    return node != NULL;
}

static void reply_place(tripsage__command *c, place where)
{
    tripsage__reply_array(c->reply, 2);
    tripsage__reply_fixed(c->reply, where.longitude, 17, 1);
    tripsage__reply_fixed(c->reply, where.latitude, 17, 1);
}

/* An item for each member that is asked about; nil for who has no place. */
static void reply_places(tripsage__command *c, void (*reply_one)(tripsage__command *c, place where))
{
    tripsage__zset *zset;
    place where;

    if (!tripsage__zsets_at(c, 1, &zset))
        return;
    tripsage__reply_array(c->reply, c->count - 2);
    for (size_t i = 2; i < c->count; i++)
        if (find_place(zset, c->args[i], &where))
            reply_one(c, where);
        else
            tripsage__reply_nil(c->reply);
}

static void geopos(tripsage__command *c)
{
    reply_places(c, reply_place);
}

/* The geohash of https://en.wikipedia.org/wiki/Geohash, whose latitudes go to the poles: 11 characters, of which the last has no bits
 * left. */
static void reply_geohash(tripsage__command *c, place where)
{
    static const char digits[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = encode(where, 90);
    char text[12];

    for (unsigned i = 0; i < 10; i++)
        text[i] = digits[bits >> (2 * STEPS - 5 * (i + 1)) & 31];
    text[10] = '0';
    text[11] = '\0';
    tripsage__reply_text(c->reply, text);
}

static void geohash(tripsage__command *c)
{
    reply_places(c, reply_geohash);
}

static void geodist(tripsage__command *c)
{
    tripsage__zset *zset;
    place from, to;
    double unit = 1;

    if (c->count > 5) {
        tripsage__command_syntax(c);
        return;
    }
    if ((c->count == 5 && !read_unit(c, 4, &unit)) || !tripsage__zsets_at(c, 1, &zset))
        return;
    if (find_place(zset, c->args[2], &from) && find_place(zset, c->args[3], &to))
        tripsage__reply_fixed(c->reply, distance(from, to) / unit, 4, 0);
    else
        tripsage__reply_nil(c->reply);
}

/* ---- searching ---- */

typedef struct hit {
    const tripsage__zset_node *node;
    place where;
    double distance;
} hit;

typedef struct search {
    tripsage__command *c;
    const tripsage__zset *zset; /* NULL: there is none */
    place center;
    double radius, width, height, unit; /* radius, width and height in metres */
    int has_center, is_circle, is_box;
    int is_sorted, is_descending; /* by distance */
    int64_t count;                /* 0: all */
    int any;                      /* the first so many */
    int with_distance, with_hash, with_place;
    const tripsage__cache_bytes *store; /* the key that the result goes to; NULL: into the reply */
    int stores_distance;
    hit *hits;
    size_t hit_count, capacity;
    int failed; /* no memory */
} search;

static int read_circle(search *s, size_t at)
{
    if (!read_length(s->c, at, "radius", &s->radius))
        return 0;
    if (s->radius < 0) {
        tripsage__reply_error(s->c->reply, "ERR radius cannot be negative");
        return 0;
    }
    if (!read_unit(s->c, at + 1, &s->unit))
        return 0;
    s->radius *= s->unit;
    return s->is_circle = 1;
}

static int read_box(search *s, size_t at)
{
    if (!read_length(s->c, at, "width", &s->width) || !read_length(s->c, at + 1, "height", &s->height))
        return 0;
    if (s->width < 0 || s->height < 0) {
        tripsage__reply_error(s->c->reply, "ERR height or width cannot be negative");
        return 0;
    }
    if (!read_unit(s->c, at + 2, &s->unit))
        return 0;
    s->width *= s->unit;
    s->height *= s->unit;
    return s->is_box = 1;
}

/* Where there is no set, its member is nowhere, and nothing is wrong with that. */
static int read_center_member(search *s, size_t at)
{
    s->has_center = 1;
    if (!s->zset || find_place(s->zset, s->c->args[at], &s->center))
        return 1;
    tripsage__reply_error(s->c->reply, "ERR could not decode requested zset member");
    return 0;
}

static int read_count(search *s, size_t at)
{
    if (!tripsage__command_integer(s->c, at, &s->count))
        return 0;
    if (s->count <= 0)
        tripsage__reply_error(s->c->reply, "ERR COUNT must be > 0");
    return s->count > 0;
}

/* An option of one word. */
static int is_flag(search *s, tripsage__cache_bytes word)
{
    if (tripsage__command_is(word, "WITHDIST"))
        return s->with_distance = 1;
    if (tripsage__command_is(word, "WITHHASH"))
        return s->with_hash = 1;
    if (tripsage__command_is(word, "WITHCOORD"))
        return s->with_place = 1;
    if (tripsage__command_is(word, "ANY"))
        return s->any = 1;
    if (tripsage__command_is(word, "ASC") || tripsage__command_is(word, "DESC")) {
        s->is_descending = tripsage__command_is(word, "DESC");
        return s->is_sorted = 1;
    }
    return 0;
}

enum { SEARCH = 1, MAY_STORE = 2 }; /* GEOSEARCH's options, or those of GEORADIUS; STORE and STOREDIST of either */

/* How many arguments an option has that takes some; SIZE_MAX: it is none, or one that cannot be here. */
static size_t arguments_of(const search *s, tripsage__cache_bytes word, unsigned kind)
{
    if (tripsage__command_is(word, "COUNT"))
        return 1;
    if (kind & SEARCH) {
        if (tripsage__command_is(word, "FROMMEMBER") && !s->has_center)
            return 1;
        if (tripsage__command_is(word, "FROMLONLAT") && !s->has_center)
            return 2;
        if (tripsage__command_is(word, "BYRADIUS") && !s->is_box)
            return 2;
        if (tripsage__command_is(word, "BYBOX") && !s->is_circle)
            return 3;
        return kind & MAY_STORE && tripsage__command_is(word, "STOREDIST") ? 0 : SIZE_MAX;
    }
    return kind & MAY_STORE && (tripsage__command_is(word, "STORE") || tripsage__command_is(word, "STOREDIST"))
               ? 1
               : SIZE_MAX;
}

/* An option whose arguments are there. */
static int read_option(search *s, size_t at, unsigned kind)
{
    tripsage__cache_bytes word = s->c->args[at];

    if (tripsage__command_is(word, "COUNT"))
        return read_count(s, at + 1);
    if (tripsage__command_is(word, "FROMMEMBER"))
        return read_center_member(s, at + 1);
    if (tripsage__command_is(word, "FROMLONLAT"))
        return s->has_center = read_place(s->c, at + 1, &s->center);
    if (tripsage__command_is(word, "BYRADIUS"))
        return read_circle(s, at + 1);
    if (tripsage__command_is(word, "BYBOX"))
        return read_box(s, at + 1);
    s->stores_distance = tripsage__command_is(word, "STOREDIST");
    if (!(kind & SEARCH))
        s->store = &s->c->args[at + 1];
    return 1;
}

static int read_options(search *s, size_t at, unsigned kind)
{
    for (; at < s->c->count; at++) {
        size_t count;

        if (is_flag(s, s->c->args[at]))
            continue;
        count = arguments_of(s, s->c->args[at], kind);
        if (count >= s->c->count - at) {
            tripsage__command_syntax(s->c);
            return 0;
        }
        if (!read_option(s, at, kind))
            return 0;
        at += count;
    }
    return 1;
}

/* What the options lack, or cannot be together. */
static int check(search *s, unsigned kind)
{
    const tripsage__cache_bytes *name = &s->c->args[0];

    if (s->store && (s->with_distance || s->with_hash || s->with_place))
        tripsage__reply_error(s->c->reply, "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                              kind & SEARCH ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    else if (!s->has_center)
        tripsage__reply_error(s->c->reply, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                              (int)name->size, (const char *)name->data);
    else if (!s->is_circle && !s->is_box)
        tripsage__reply_error(s->c->reply, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                              (int)name->size, (const char *)name->data);
    else if (s->any && !s->count)
        tripsage__reply_error(s->c->reply, "ERR the ANY argument requires COUNT argument");
    else if (s->store && s->store->size > TRIPSAGE_CACHE_KEY_MAX) /* one that the table has not looked at */
        tripsage__reply_error(s->c->reply, "ERR max key size exceeded. Limit: %u bytes, Actual: %zu bytes",
                              TRIPSAGE_CACHE_KEY_MAX, s->store->size);
    else
        return 1;
    return 0;
}

/* ---- what is within ---- */

static int is_within(const search *s, place where, double *out)
{
    place beside = {where.longitude, s->center.latitude}, same_latitude = {s->center.longitude, where.latitude};

    *out = distance(s->center, where);
    if (s->is_circle)
        return *out <= s->radius;
    return distance(same_latitude, where) <= s->width / 2 && distance(beside, where) <= s->height / 2;
}

/* Half of what is around the centre, in degrees: no less than the shape has. */
static place half_extent(const search *s)
{
    double up = (s->is_circle ? s->radius : s->height / 2) / EARTH_RADIUS;
    double across, farthest = fabs(radians(s->center.latitude)), reach;

    if (s->is_circle) { /* a meridian touches the circle nearer to the pole than its centre is */
        reach = farthest + up < PI / 2 ? sin(up) / cos(farthest) : 1;
        across = reach < 1 ? asin(reach) : PI;
    } else { /* the box's sides are as long on each parallel: in degrees most on the one next to a pole */
        farthest = farthest + up < radians(LATITUDE_MAX) ? farthest + up : radians(LATITUDE_MAX);
        reach = s->width / 4 / EARTH_RADIUS < PI / 2 ? sin(s->width / 4 / EARTH_RADIUS) / cos(farthest) : 1;
        across = reach < 1 ? 2 * asin(reach) : PI;
    }
    /* A little more than rounding takes away: a millimetre. */
    return (place){across / PI * 180 + 1e-8, up / PI * 180 + 1e-8};
}

/* 0: no more are wanted. */
static int add_hit(search *s, const tripsage__zset_node *node)
{
    hit found = {node, decode(node->score), 0};

    if (!is_within(s, found.where, &found.distance))
        return 1;
    if (s->hit_count == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 16;
        hit *grown = tripsage__realloc(s->hits, capacity * sizeof *grown);

        s->failed = !grown;
        if (!grown)
            return 0;
        s->hits = grown;
        s->capacity = capacity;
    }
    s->hits[s->hit_count++] = found;
    return !s->any || s->hit_count < (uint64_t)s->count;
}

/* Looks at what has a score from `from` to before `to`. */
static int look_at(search *s, uint64_t from, uint64_t to)
{
    tripsage__zset_bound min = {.score = (double)from}, max = {.score = (double)to, .open = 1};
    size_t first = tripsage__zset_before(s->zset, &min), end = tripsage__zset_up_to(s->zset, &max);
    const tripsage__zset_node *node = first < end ? tripsage__zset_at(s->zset, first) : NULL;

    for (; first < end; first++, node = node->links[0].next)
        if (!add_hit(s, node))
            return 0;
    return 1;
}

static int by_code(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The parts between two meridians and two parallels, the ends among them. */
typedef struct span {
    uint64_t west, east, south, north;
} span;

static span span_between(double west, double east, place center, place half)
{
    double south = fmax(center.latitude - half.latitude, -LATITUDE_MAX);
    double north = fmin(center.latitude + half.latitude, LATITUDE_MAX);

    return (span){part_of(fmax(west, -LONGITUDE_MAX), LONGITUDE_MAX), part_of(fmin(east, LONGITUDE_MAX), LONGITUDE_MAX),
                  part_of(south, LATITUDE_MAX), part_of(north, LATITUDE_MAX)};
}

/* Where to look: in two spans when the date line is between. */
static size_t find_spans(const search *s, span spans[2])
{
    place half = half_extent(s);
    double west = s->center.longitude - half.longitude, east = s->center.longitude + half.longitude;
    int is_round = half.longitude >= LONGITUDE_MAX;
    size_t count = 1;

    spans[0] = span_between(is_round ? -LONGITUDE_MAX : west, is_round ? LONGITUDE_MAX : east, s->center, half);
    if (!is_round && west < -LONGITUDE_MAX)
        spans[count++] = span_between(west + 2 * LONGITUDE_MAX, LONGITUDE_MAX, s->center, half);
    else if (!is_round && east > LONGITUDE_MAX)
        spans[count++] = span_between(-LONGITUDE_MAX, east - 2 * LONGITUDE_MAX, s->center, half);
    return count;
}

static int fits(const span *s, unsigned shift)
{
    return (s->east >> shift) - (s->west >> shift) < CELLS_ACROSS &&
           (s->north >> shift) - (s->south >> shift) < CELLS_ACROSS;
}

/* Looks at all cells that the spans meet, those that follow one another in one go. */
static void look_around(search *s)
{
    uint64_t codes[2 * CELLS_ACROSS * CELLS_ACROSS];
    span spans[2];
    size_t span_count = find_spans(s, spans), count = 0, next;
    unsigned shift = 0; /* a cell is so many parts wide and high, as a power of two */

    while (!fits(&spans[0], shift) || !fits(&spans[span_count - 1], shift))
        shift++;
    for (size_t i = 0; i < span_count; i++)
        for (uint64_t x = spans[i].west >> shift; x <= spans[i].east >> shift; x++)
            for (uint64_t y = spans[i].south >> shift; y <= spans[i].north >> shift; y++)
                codes[count++] = interleaved(y, x);
    qsort(codes, count, sizeof *codes, by_code);
    for (size_t i = 0; i < count; i = next) {
        for (next = i + 1; next < count && codes[next] <= codes[next - 1] + 1;) /* a cell may be of both spans */
            next++;
        if (!look_at(s, codes[i] << 2 * shift, (codes[next - 1] + 1) << 2 * shift))
            return;
    }
}

static int by_distance(const void *a, const void *b)
{
    const hit *left = a, *right = b;

    if (left->distance != right->distance)
        return left->distance < right->distance ? -1 : 1;
    return (left->node->score > right->node->score) - (left->node->score < right->node->score);
}

static int by_distance_down(const void *a, const void *b)
{
    return by_distance(b, a);
}

static void look(search *s)
{
    look_around(s);
    if (s->hit_count > 1 && (s->is_sorted || (s->count && !s->any))) /* the nearest, if there is a number of them */
        qsort(s->hits, s->hit_count, sizeof *s->hits, s->is_descending ? by_distance_down : by_distance);
    if (s->count && s->hit_count > (uint64_t)s->count)
        s->hit_count = (size_t)s->count;
}

/* ---- results ---- */

static void reply_hit(const search *s, const hit *found)
{
    tripsage__reply *reply = s->c->reply;
    size_t more = (size_t)s->with_distance + (size_t)s->with_hash + (size_t)s->with_place;

    if (more)
        tripsage__reply_array(reply, 1 + more);
    tripsage__zsets_reply(s->c, s->zset, found->node, 0);
    if (s->with_distance)
        tripsage__reply_fixed(reply, found->distance / s->unit, 4, 0);
    if (s->with_hash)
        tripsage__reply_integer(reply, (int64_t)found->node->score);
    if (s->with_place)
        reply_place(s->c, found->where);
}

static void store_hits(search *s)
{
    tripsage__zset *into = tripsage__zset_new(s->c->space->memory->hash_key);
    int added;

    s->failed = !into;
    for (const hit *found = s->hits; found < s->hits + s->hit_count && !s->failed; found++)
        s->failed = !tripsage__zset_set(into, tripsage__zset_member(s->zset, found->node),
                                        s->stores_distance ? found->distance / s->unit : found->node->score, &added);
    if (!s->failed)
        tripsage__command_store(s->c, *s->store, &into->object);
    else if (into)
        into->object.type->free(&into->object);
}

static void carry_out(search *s, size_t options, unsigned kind)
{
    if (!read_options(s, options, kind) || !check(s, kind))
        return;
    if (s->zset)
        look(s);
    if (!s->failed && s->store) {
        store_hits(s);
    } else if (!s->failed) {
        tripsage__reply_array(s->c->reply, s->hit_count);
        for (size_t i = 0; i < s->hit_count; i++)
            reply_hit(s, &s->hits[i]);
    }
    if (s->failed)
        tripsage__command_failed(s->c, TRIPSAGE_ENOMEM);
    tripsage__free(s->hits);
}

/* Finds the set of the key at `key`; 0: an error was replied. */
static int begin(search *s, tripsage__command *c, size_t key)
{
    tripsage__zset *zset;

    *s = (search){.c = c, .unit = 1};
    if (!tripsage__zsets_at(c, key, &zset))
        return 0;
    s->zset = zset;
    return 1;
}

static void geosearch(tripsage__command *c)
{
    search s;

    if (begin(&s, c, 1))
        carry_out(&s, 2, SEARCH);
}

static void geosearchstore(tripsage__command *c)
{
    search s;

    if (!begin(&s, c, 2))
        return;
    s.store = &c->args[1];
    carry_out(&s, 3, SEARCH | MAY_STORE);
}

static void search_around(tripsage__command *c, int from_member, unsigned kind)
{
    search s;
    size_t circle = from_member ? 3 : 4;

    if (!begin(&s, c, 1))
        return;
    s.has_center = from_member ? read_center_member(&s, 2) : read_place(c, 2, &s.center);
    if (s.has_center && read_circle(&s, circle))
        carry_out(&s, circle + 2, kind);
}

static void georadius(tripsage__command *c)
{
    search_around(c, 0, MAY_STORE);
}

static void georadius_ro(tripsage__command *c)
{
    search_around(c, 0, 0);
}

static void georadiusbymember(tripsage__command *c)
{
    search_around(c, 1, MAY_STORE);
}

static void georadiusbymember_ro(tripsage__command *c)
{
    search_around(c, 1, 0);
}

#define WRITES TRIPSAGE__COMMAND_WRITES
#define GROWS  (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_GROWS)
#define ELSE   (TRIPSAGE__COMMAND_WRITES | TRIPSAGE__COMMAND_LISTS_KEYS) /* an option names another key */

const tripsage__command_spec tripsage__commands_geo[] = {
    {"GEOADD", geoadd, -5, GROWS, 1, 1, 1, 0},
    {"GEOPOS", geopos, -2, 0, 1, 1, 1, 0},
    {"GEODIST", geodist, -4, 0, 1, 1, 1, 0},
    {"GEOHASH", geohash, -2, 0, 1, 1, 1, 0},
    {"GEOSEARCH", geosearch, -7, 0, 1, 1, 1, 0},
    {"GEOSEARCHSTORE", geosearchstore, -8, WRITES, 1, 2, 1, 0},
    {"GEORADIUS", georadius, -6, ELSE, 1, 1, 1, 0},
    {"GEORADIUS_RO", georadius_ro, -6, 0, 1, 1, 1, 0},
    {"GEORADIUSBYMEMBER", georadiusbymember, -5, ELSE, 1, 1, 1, 0},
    {"GEORADIUSBYMEMBER_RO", georadiusbymember_ro, -5, 0, 1, 1, 1, 0},
    {NULL, NULL, 0, 0, 0, 0, 0, 0},
};
