/* words.c: see words.h. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- characters ---- */

/* What the letters from U+00C0 to U+023F and from U+1E00 to U+1EFF are without their marks, two characters each; a dot is nothing. From the
 * canonical decompositions of Unicode 15, and the usual spellings of letters that have none (ae, o with stroke, sharp s). */
static const char latin[] = "a.a.a.a.a.a.aec.e.e.e.e.i.i.i.i."
                            "d.n.o.o.o.o.o...o.u.u.u.u.y.thss"
                            "a.a.a.a.a.a.aec.e.e.e.e.i.i.i.i."
                            "d.n.o.o.o.o.o...o.u.u.u.u.y.thy."
                            "a.a.a.a.a.a.c.c.c.c.c.c.c.c.d.d."
                            "d.d.e.e.e.e.e.e.e.e.e.e.g.g.g.g."
                            "g.g.g.g.h.h.h.h.i.i.i.i.i.i.i.i."
                            "i.i.ijijj.j.k.k.k.l.l.l.l.l.l..."
                            "..l.l.n.n.n.n.n.n.n.n.n.o.o.o.o."
                            "o.o.oeoer.r.r.r.r.r.s.s.s.s.s.s."
                            "s.s.t.t.t.t.t.t.u.u.u.u.u.u.u.u."
                            "u.u.u.u.w.w.y.y.y.z.z.z.z.z.z.s."
                            "..............................e."
                            "....f..........................."
                            "o.o...........................u."
                            "u..............................."
                            "........dzdzdzljljljnjnjnja.a.i."
                            "i.o.o.u.u.u.u.u.u.u.u.u.u...a.a."
                            "a.a.........g.g.k.k.o.o.o.o....."
                            "j.dzdzdzg.g.....n.n.a.a........."
                            "a.a.a.a.e.e.e.e.i.i.i.i.o.o.o.o."
                            "r.r.r.r.u.u.u.u.s.s.t.t.....h.h."
                            "............a.a.e.e.o.o.o.o.o.o."
                            "o.o.y.y.........................";
static const char latin_additional[] = "a.a.b.b.b.b.b.b.c.c.d.d.d.d.d.d."
                                       "d.d.d.d.e.e.e.e.e.e.e.e.e.e.f.f."
                                       "g.g.h.h.h.h.h.h.h.h.h.h.i.i.i.i."
                                       "k.k.k.k.k.k.l.l.l.l.l.l.l.l.m.m."
                                       "m.m.m.m.n.n.n.n.n.n.n.n.o.o.o.o."
                                       "o.o.o.o.p.p.p.p.r.r.r.r.r.r.r.r."
                                       "s.s.s.s.s.s.s.s.s.s.t.t.t.t.t.t."
                                       "t.t.u.u.u.u.u.u.u.u.u.u.v.v.v.v."
                                       "w.w.w.w.w.w.w.w.w.w.x.x.x.x.y.y."
                                       "z.z.z.z.z.z.h.t.w.y...s.....ss.."
                                       "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
                                       "a.a.a.a.a.a.a.a.e.e.e.e.e.e.e.e."
                                       "e.e.e.e.e.e.e.e.i.i.i.i.o.o.o.o."
                                       "o.o.o.o.o.o.o.o.o.o.o.o.o.o.o.o."
                                       "o.o.o.o.u.u.u.u.u.u.u.u.u.u.u.u."
                                       "u.u.y.y.y.y.y.y.y.y.............";

static const char *folded(uint32_t code)
{
    if (code >= 0xc0 && code < 0x240)
        return &latin[(code - 0xc0) * 2];
    if (code >= 0x1e00 && code < 0x1f00)
        return &latin_additional[(code - 0x1e00) * 2];
    return "..";
}

static int is_apostrophe(uint32_t code)
{
    return code == '\'' || code == 0x2019 || code == 0x02bb || code == 0x02bc; /* the last two: in Polynesian names */
}

/* Marks that combine with the letter before them: dropped, so that composed and decomposed text are the same. */
static int is_mark(uint32_t code)
{
    return code >= 0x300 && code < 0x370;
}

static int is_separator(uint32_t code)
{
    return (code >= 0x80 && code < 0xc0) || code == 0xd7 || code == 0xf7 || (code >= 0x2000 && code < 0x2070) ||
           (code >= 0x2e00 && code < 0x2e80) || (code >= 0x3000 && code < 0x3004) ||
           (code >= 0x3008 && code < 0x3021) || (code >= 0xff00 && code < 0xff10) || code == 0xfffd;
}

/* ---- words ---- */

void tripsage__words_begin(tripsage__words *words, const char *text, size_t length)
{
    words->at = (const unsigned char *)text;
    words->end = words->at + length;
}

static void append(tripsage__word *word, const char *bytes, size_t size)
{
    if (word->length + size > TRIPSAGE__WORD_MAX)
        return;
    memcpy(word->text + word->length, bytes, size);
    word->length += size;
}

/* Adds one code point of a word; 0 when it ends one. */
static int append_code_point(tripsage__word *word, uint32_t code, const unsigned char *raw, size_t raw_size)
{
    char c = (char)code;

    if (code < 0x80) {
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return 0;
        append(word, &c, 1);
    } else if (is_mark(code)) {
        return 1;
    } else if (is_separator(code)) {
        return 0;
    } else if (folded(code)[0] == '.') {
        append(word, (const char *)raw, raw_size);
    } else {
        append(word, folded(code), folded(code)[1] == '.' ? 1 : 2);
    }
    return 1;
}

/* Whether an "s" and the word's end follow the apostrophe. */
static int is_possessive(const unsigned char *at, const unsigned char *end)
{
    return at < end && (*at == 's' || *at == 'S') &&
           (at + 1 == end || (at[1] < 0x80 && !((at[1] | 0x20) >= 'a' && (at[1] | 0x20) <= 'z')));
}

int tripsage__words_next(tripsage__words *words, tripsage__word *out)
{
    out->length = 0;
    while (words->at < words->end) {
        const unsigned char *start = words->at;
        uint32_t code = tripsage__utf8_next(&words->at, words->end);

        if (is_apostrophe(code)) {
            if (!out->length || !is_possessive(words->at, words->end))
                continue;
            words->at++;
            break;
        }
        if (!append_code_point(out, code, start, (size_t)(words->at - start)) && out->length)
            break;
    }
    out->text[out->length] = '\0';
    return out->length != 0;
}

size_t tripsage__words_fold(char *out, size_t capacity, const char *text, size_t length)
{
    tripsage__words words;
    tripsage__word word;
    size_t size = 0;

    tripsage__words_begin(&words, text, length);
    while (tripsage__words_next(&words, &word) && size + (size != 0) + word.length < capacity) {
        if (size)
            out[size++] = ' ';
        memcpy(out + size, word.text, word.length);
        size += word.length;
    }
    out[size] = '\0';
    return size;
}

/* ---- English ---- */

/* Ascending. Beside the usual ones, those of questions to a travel agent. */
/* clang-format off */
static const char *const stop_words[] = {
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "down",
    "during", "each", "few", "for", "from", "further", "get", "go", "good", "had", "has", "have", "having", "he",
    "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "itself", "just", "like",
    "looking", "lot", "lots", "many", "me", "more", "most", "much", "my", "need", "no", "nor", "not", "now", "of",
    "off", "on", "once", "only", "or", "other", "our", "out", "over", "own", "place", "places", "please", "really",
    "same", "see", "she", "should", "show", "so", "some", "somewhere", "such", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "travel", "travelling",
    "trip", "trips", "under", "until", "up", "us", "very", "visit", "want", "was", "way", "we", "were", "what",
    "when", "where", "which", "while", "who", "whom", "why", "will", "with", "within", "without", "would", "you",
    "your",
};
/* clang-format on */

static int compare_word(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

int tripsage__word_is_stop(const tripsage__word *word)
{
    return bsearch(word->text, stop_words, sizeof stop_words / sizeof *stop_words, sizeof *stop_words, compare_word) !=
           NULL;
}

static int ends_with(const tripsage__word *word, const char *ending)
{
    size_t length = strlen(ending);

    return word->length >= length && memcmp(word->text + word->length - length, ending, length) == 0;
}

static void cut(tripsage__word *word, size_t count)
{
    word->length -= count;
    word->text[word->length] = '\0';
}

int tripsage__word_singular(tripsage__word *word)
{
    if (word->length < 4 || !ends_with(word, "s") || ends_with(word, "ss") || ends_with(word, "us") ||
        ends_with(word, "is"))
        return 0;
    if (word->length > 4 && ends_with(word, "ies")) {
        cut(word, 2);
        word->text[word->length - 1] = 'y';
    } else if (ends_with(word, "ches") || ends_with(word, "shes") || ends_with(word, "sses") ||
               ends_with(word, "xes") || ends_with(word, "zes") || ends_with(word, "oes")) {
        cut(word, 2);
    } else {
        cut(word, 1);
    }
    return 1;
}

static int has_vowel(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr("aeiouy", text[i]))
            return 1;
    return 0;
}

/* Cuts an ending of a verb, and the consonant doubled before it: "swimming", "swim". */
static int cut_verb_ending(tripsage__word *word, const char *ending)
{
    size_t size = strlen(ending);

    if (word->length < size + 3 || !ends_with(word, ending) || !has_vowel(word->text, word->length - size))
        return 0;
    cut(word, size);
    if (word->text[word->length - 1] == word->text[word->length - 2] &&
        !strchr("aeioulsz", word->text[word->length - 1]))
        cut(word, 1);
    return 1;
}

void tripsage__word_stem(tripsage__word *word)
{
    tripsage__word_singular(word);
    if (!cut_verb_ending(word, "ing"))
        cut_verb_ending(word, "ed");
    if (word->length > 3 && ends_with(word, "e"))
        cut(word, 1);
}
