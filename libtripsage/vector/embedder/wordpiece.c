/* wordpiece.c: see wordpiece.h. The vocabulary is read into one text, one list of where each token is in it, and a table to find them by.
 * */
#include "wordpiece.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "pull.h"
#include "unicode.h"
#include "word_table.h"

/* A million: the largest vocabularies in use have a quarter of it. */
#define TOKENS_MAX (1u << 20)
/* 64 MiB of tokens: 64 bytes each, which no vocabulary has on average. */
#define LETTERS_MAX ((size_t)64 * 1024 * 1024)
/* 1,000 characters of a word: BERT's own limit is 100. Bounds what is looked up for one word. */
#define WORD_MAX 1000u
/* 1,000: each is looked for at each place of a text. BERT has five. */
#define ADDED_MAX  1000u
#define PREFIX_MAX 16u

typedef struct token {
    uint32_t at, size; /* in the letters */
    uint32_t id;
} token;

struct tripsage__wordpiece {
    tripsage__buf letters;
    token *tokens; /* those of the vocabulary, then the added ones */
    size_t count, capacity, added;
    tripsage__word_table table; /* of the tokens */
    size_t longest;             /* bytes of the longest token */
    uint32_t highest;
    size_t median;

    char prefix[PREFIX_MAX + 1];
    size_t word_max;
    int64_t unknown; /* its token; -1: none */
    int cleans, parts_ideographs, strips, lowers;
};

/* What is told of it in an order that nobody knows before. */
typedef struct reading {
    tripsage__wordpiece *w;
    tripsage__pull pull;
    tripsage__buf name, text;
    char model[32], pre_tokenizer[32], unknown[64];
    tripsage_status status;
} reading;

static int fail(reading *r, tripsage_status status)
{
    if (r->status == TRIPSAGE_OK)
        r->status = status;
    r->pull.failed = 1;
    return 0;
}

static int refuse(reading *r, const char *problem)
{
    return fail(r, TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP, "tokenizer.json: %s", problem));
}

/* ---- the vocabulary ---- */

static int keep_token(reading *r, const char *text, size_t size, double id)
{
    tripsage__wordpiece *w = r->w;
    token *grown;

    if (!(id >= 0 && id < TOKENS_MAX && (double)(uint32_t)id == id))
        return fail(r,
                    TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tokenizer.json: a token's number is none below %u", TOKENS_MAX));
    if (w->count == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 1024;

        if (w->count >= TOKENS_MAX)
            return fail(r, TRIPSAGE_FAIL(TRIPSAGE_ETOOLARGE, "tokenizer.json: has more than %u tokens", TOKENS_MAX));
        grown = tripsage__realloc(w->tokens, capacity * sizeof *grown);
        if (!grown)
            return fail(r, TRIPSAGE_NOMEM());
        w->tokens = grown;
        w->capacity = capacity;
    }
    w->tokens[w->count].at = (uint32_t)w->letters.size;
    w->tokens[w->count].size = (uint32_t)size;
    w->tokens[w->count++].id = (uint32_t)id;
    if (size > w->longest)
        w->longest = size;
    if ((uint32_t)id > w->highest)
        w->highest = (uint32_t)id;
    tripsage__buf_put(&w->letters, text, size);
    return w->letters.failed ? fail(r, tripsage__buf_status(&w->letters)) : 1;
}

static void read_vocabulary(reading *r)
{
    double id;

    if (tripsage__pull_peek(&r->pull) == '[') { /* Unigram's has scores; its type says so */
        tripsage__pull_skip(&r->pull);
        return;
    }
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull))
        if (!tripsage__pull_name(&r->pull, &r->text) || !tripsage__pull_number(&r->pull, &id) ||
            !keep_token(r, r->text.data, r->text.size, id))
            return;
}

/* ---- texts and switches ---- */

/* A text, or null, which is the empty one. */
static int read_text(reading *r, char *out, size_t capacity)
{
    out[0] = '\0';
    if (tripsage__pull_null(&r->pull))
        return 1;
    if (!tripsage__pull_string(&r->pull, &r->text))
        return 0;
    if (r->text.size >= capacity || strlen(r->text.data) != r->text.size)
        return refuse(r, "a name in it is longer than any that is known");
    memcpy(out, r->text.data, r->text.size + 1);
    return 1;
}

/* true, false, or null, which leaves what `out` is. */
static int read_switch(reading *r, int *out)
{
    return tripsage__pull_null(&r->pull) || tripsage__pull_bool(&r->pull, out);
}

static int is_named(const reading *r, const char *name)
{
    return r->name.size == strlen(name) && memcmp(r->name.data, name, r->name.size) == 0;
}

/* ---- added tokens ---- */

static void read_added_one(reading *r)
{
    char content[256];
    int single = 0, normalized = 0;
    double id = -1;

    content[0] = '\0';
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        if (is_named(r, "content"))
            read_text(r, content, sizeof content);
        else if (is_named(r, "id"))
            tripsage__pull_number(&r->pull, &id);
        else if (is_named(r, "single_word"))
            read_switch(r, &single);
        else if (is_named(r, "normalized"))
            read_switch(r, &normalized);
        else
            tripsage__pull_skip(&r->pull);
    }
    if (r->pull.failed)
        return;
    if (single || normalized || !content[0] || r->w->added == ADDED_MAX) {
        refuse(r, "an added token that is a word of its own, or is looked for in normalised text, is not supported");
        return;
    }
    r->w->added += (size_t)keep_token(r, content, strlen(content), id);
}

static void read_added(reading *r)
{
    for (int more = tripsage__pull_array(&r->pull); more; more = tripsage__pull_more(&r->pull))
        read_added_one(r);
}

/* ---- normaliser, pre-tokeniser, model ---- */

static void read_normalizer(reading *r, int depth);

static void read_normalizers(reading *r, int depth)
{
    if (depth > 1) {
        refuse(r, "sequences of normalisers within each other are not supported");
        return;
    }
    for (int more = tripsage__pull_array(&r->pull); more; more = tripsage__pull_more(&r->pull))
        read_normalizer(r, depth + 1);
}

static void read_normalizer(reading *r, int depth)
{
    int cleans = 1, ideographs = 1, strips = -1, lowers = 1;
    char type[32] = "";

    if (tripsage__pull_null(&r->pull))
        return;
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        if (is_named(r, "type"))
            read_text(r, type, sizeof type);
        else if (is_named(r, "clean_text"))
            read_switch(r, &cleans);
        else if (is_named(r, "handle_chinese_chars"))
            read_switch(r, &ideographs);
        else if (is_named(r, "strip_accents"))
            read_switch(r, &strips);
        else if (is_named(r, "lowercase"))
            read_switch(r, &lowers);
        else if (is_named(r, "normalizers"))
            read_normalizers(r, depth);
        else
            tripsage__pull_skip(&r->pull);
    }
    if (strcmp(type, "BertNormalizer") == 0) {
        r->w->cleans |= cleans;
        r->w->parts_ideographs |= ideographs;
        r->w->strips |= strips < 0 ? lowers : strips;
        r->w->lowers |= lowers;
    } else if (strcmp(type, "Lowercase") == 0) {
        r->w->lowers = 1;
    } else if (strcmp(type, "Sequence") != 0 && !r->pull.failed) {
        refuse(r, "the normaliser is not supported: BertNormalizer, Lowercase and Sequence are");
    }
}

static void read_pre_tokenizer(reading *r)
{
    if (tripsage__pull_null(&r->pull))
        return;
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        if (is_named(r, "type"))
            read_text(r, r->pre_tokenizer, sizeof r->pre_tokenizer);
        else
            tripsage__pull_skip(&r->pull);
    }
}

static void read_word_max(reading *r)
{
    double value;

    if (!tripsage__pull_number(&r->pull, &value))
        return;
    if (!(value >= 1 && value <= WORD_MAX))
        refuse(r, "max_input_chars_per_word is not between 1 and 1000");
    else
        r->w->word_max = (size_t)value;
}

static void read_model(reading *r)
{
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            return;
        if (is_named(r, "type"))
            read_text(r, r->model, sizeof r->model);
        else if (is_named(r, "unk_token"))
            read_text(r, r->unknown, sizeof r->unknown);
        else if (is_named(r, "continuing_subword_prefix"))
            read_text(r, r->w->prefix, sizeof r->w->prefix);
        else if (is_named(r, "max_input_chars_per_word"))
            read_word_max(r);
        else if (is_named(r, "vocab"))
            read_vocabulary(r);
        else
            tripsage__pull_skip(&r->pull);
    }
}

/* Twice over the text: what is added has to stand behind the vocabulary, wherever it is told. */
static void read_all(reading *r, const char *json, size_t size, int added)
{
    tripsage__pull_begin(&r->pull, json, size);
    for (int more = tripsage__pull_object(&r->pull); more; more = tripsage__pull_more(&r->pull)) {
        if (!tripsage__pull_name(&r->pull, &r->name))
            break;
        if (added && is_named(r, "added_tokens"))
            read_added(r);
        else if (!added && is_named(r, "normalizer"))
            read_normalizer(r, 0);
        else if (!added && is_named(r, "pre_tokenizer"))
            read_pre_tokenizer(r);
        else if (!added && is_named(r, "model"))
            read_model(r);
        else
            tripsage__pull_skip(&r->pull);
    }
    if (r->status == TRIPSAGE_OK && !tripsage__pull_end(&r->pull))
        r->status = r->pull.nomem
                        ? TRIPSAGE_NOMEM()
                        : TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tokenizer.json: is no JSON, or not as a tokenizer's is");
}

/* ---- finding tokens ---- */

static const char *token_at(const void *words, size_t number, size_t *size)
{
    const tripsage__wordpiece *w = words;
    const token *t = &w->tokens[number];

    *size = t->size;
    return w->letters.size ? w->letters.data + t->at : "";
}

static const token *find(const tripsage__wordpiece *w, const char *text, size_t size)
{
    uint32_t found = tripsage__word_table_find(&w->table, text, size);

    return found ? &w->tokens[found - 1] : NULL;
}

static size_t characters(const char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Between the two in the middle where their number is even. */
static void find_median(tripsage__wordpiece *w)
{
    size_t lengths[256] = {0}, count = 0, seen = 0, low = 0, high = 0;

    for (size_t i = 0; i <= w->table.mask; i++)
        if (w->table.slots[i]) {
            const token *t = &w->tokens[w->table.slots[i] - 1];
            size_t n = characters(w->letters.data + t->at, t->size);

            lengths[n < 256 ? n : 255]++;
            count++;
        }
    for (size_t n = 0; n < 256; n++)
        for (size_t i = 0; i < lengths[n]; i++, seen++) {
            if (seen == (count - 1) / 2)
                low = n;
            if (seen == count / 2)
                high = n;
        }
    w->median = (low + high) / 2;
}

static tripsage_status finish(reading *r)
{
    tripsage__wordpiece *w = r->w;
    const token *unknown;
    tripsage_status status;

    if (strcmp(r->model, "WordPiece") != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP,
                             "tokenizer.json: is a tokenizer of the kind \"%s\", and WordPiece is supported", r->model);
    if (strcmp(r->pre_tokenizer, "BertPreTokenizer") != 0)
        return TRIPSAGE_FAIL(TRIPSAGE_ENOTSUP,
                             "tokenizer.json: has the pre-tokeniser \"%s\", and BertPreTokenizer is supported",
                             r->pre_tokenizer);
    if (w->count == w->added)
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "tokenizer.json: has no vocabulary");
    status = tripsage__word_table_make(&w->table, w->count);
    if (status != TRIPSAGE_OK)
        return status;
    find_median(w);
    unknown = r->unknown[0] ? find(w, r->unknown, strlen(r->unknown)) : NULL;
    w->unknown = unknown ? (int64_t)unknown->id : -1;
    return TRIPSAGE_OK;
}

tripsage_status tripsage__wordpiece_read(tripsage__wordpiece **out, const char *json, size_t size,
                                         const uint64_t key[2])
{
    static const tripsage__buf letters = TRIPSAGE__BUF_INIT(LETTERS_MAX), empty = TRIPSAGE__BUF_INIT(64 * 1024);
    reading r;

    *out = NULL;
    memset(&r, 0, sizeof r);
    r.name = r.text = empty;
    r.w = tripsage__calloc(1, sizeof *r.w);
    if (!r.w)
        return TRIPSAGE_NOMEM();
    memcpy(r.w->table.key, key, sizeof r.w->table.key);
    r.w->table.word = token_at;
    r.w->table.words = r.w;
    r.w->letters = letters;
    strcpy(r.w->prefix, "##");
    r.w->word_max = 100;
    read_all(&r, json, size, 0);
    if (r.status == TRIPSAGE_OK)
        read_all(&r, json, size, 1);
    if (r.status == TRIPSAGE_OK)
        r.status = finish(&r);
    tripsage__buf_free(&r.name);
    tripsage__buf_free(&r.text);
    if (r.status == TRIPSAGE_OK)
        *out = r.w;
    else
        tripsage__wordpiece_free(r.w);
    return r.status;
}

void tripsage__wordpiece_free(tripsage__wordpiece *w)
{
    if (!w)
        return;
    tripsage__buf_free(&w->letters);
    tripsage__free(w->tokens);
    tripsage__word_table_free(&w->table);
    tripsage__free(w);
}

size_t tripsage__wordpiece_size(const tripsage__wordpiece *w)
{
    return (size_t)w->highest + 1;
}

size_t tripsage__wordpiece_median(const tripsage__wordpiece *w)
{
    return w->median;
}

/* ---- splitting ---- */

typedef struct splitting {
    const tripsage__wordpiece *w;
    tripsage__wordpiece_fn *take;
    void *context;
    size_t left;                              /* tokens that may still come */
    char word[PREFIX_MAX + 4 * WORD_MAX + 4]; /* with room for the prefix before it */
    size_t size, count; /* bytes and characters of the word so far; past the longest it is only counted */
} splitting;

static void give(splitting *s, int64_t id)
{
    if (!s->left)
        return;
    s->left--;
    if (id >= 0 && id != s->w->unknown)
        s->take(s->context, (uint32_t)id);
}

/* The longest piece at the beginning of `text`, behind `prefix` bytes that stand before it. */
static const token *longest_piece(const tripsage__wordpiece *w, const char *text, size_t size, size_t prefix)
{
    if (size > w->longest)
        size = w->longest;
    for (; size > prefix; size--)
        if (((unsigned char)text[size] & 0xc0) != 0x80) { /* the end of a character; there is a byte behind the word */
            const token *found = find(w, text, size);

            if (found)
                return found;
        }
    return NULL;
}

/* A word is all of its pieces or unknown: so it is gone through twice. Behind the first piece the prefix is written over what is behind us.
 * */
static void end_word(splitting *s)
{
    const tripsage__wordpiece *w = s->w;
    char *begin = s->word + PREFIX_MAX, *end = begin + s->size;
    size_t prefix = strlen(w->prefix);
    uint32_t ids[WORD_MAX];
    size_t count = 0, at = 0;

    if (!s->count)
        return;
    *end = '\0';
    while (s->count <= w->word_max && at < s->size) {
        size_t before = at ? prefix : 0;
        char *from = begin + at - before;
        const token *piece;

        memcpy(from, w->prefix, before);
        piece = longest_piece(w, from, (size_t)(end - from), before);
        if (!piece)
            break;
        ids[count++] = piece->id;
        at += piece->size - before;
    }
    if (at < s->size || s->count > w->word_max)
        give(s, w->unknown);
    else
        for (size_t i = 0; i < count; i++)
            give(s, ids[i]);
    s->size = s->count = 0;
}

static void add_to_word(splitting *s, uint32_t code)
{
    if (++s->count <= s->w->word_max)
        s->size += tripsage__unicode_put(s->word + PREFIX_MAX + s->size, code);
}

static void put(splitting *s, uint32_t code)
{
    int is_space = tripsage__unicode_is_space(code) || code == 0x0b || code == 0x0c || code == 0x85;

    if (is_space || tripsage__unicode_is_punctuation(code))
        end_word(s);
    if (is_space)
        return;
    add_to_word(s, code);
    if (tripsage__unicode_is_punctuation(code))
        end_word(s);
}

static void put_lower(splitting *s, uint32_t code)
{
    uint32_t small[2] = {code, 0};
    size_t n = s->w->lowers ? tripsage__unicode_lower(small, code) : 1;

    for (size_t i = 0; i < n; i++)
        put(s, small[i]);
}

static void put_bare(splitting *s, uint32_t code)
{
    uint32_t bare[3] = {code, 0, 0};
    size_t n = s->w->strips ? tripsage__unicode_bare(bare, code) : 1;

    for (size_t i = 0; i < n; i++)
        put_lower(s, bare[i]);
}

static void put_normalised(splitting *s, uint32_t code)
{
    const tripsage__wordpiece *w = s->w;

    if (w->cleans && tripsage__unicode_is_control(code))
        return;
    if (w->parts_ideographs && tripsage__unicode_is_ideograph(code)) {
        end_word(s);
        put_bare(s, code);
        end_word(s);
    } else {
        put_bare(s, code);
    }
}

/* The longest of the added tokens that stands here, or NULL. */
static const token *find_added(const tripsage__wordpiece *w, const char *text, size_t size)
{
    const token *best = NULL;

    for (size_t i = w->count - w->added; i < w->count; i++) {
        const token *t = &w->tokens[i];

        if (t->size <= size && memcmp(w->letters.data + t->at, text, t->size) == 0 && (!best || t->size > best->size))
            best = t;
    }
    return best;
}

void tripsage__wordpiece_split(const tripsage__wordpiece *w, const char *text, size_t size, size_t max,
                               tripsage__wordpiece_fn *take, void *context)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    splitting s;

    s.w = w;
    s.take = take;
    s.context = context;
    s.left = max;
    s.size = s.count = 0;
    while (at < end && s.left) {
        const token *added = find_added(w, (const char *)at, (size_t)(end - at));

        if (added) {
            end_word(&s);
            give(&s, added->id);
            at += added->size;
        } else {
            put_normalised(&s, tripsage__utf8_next(&at, end));
        }
    }
    end_word(&s);
}
