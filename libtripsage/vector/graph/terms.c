/* terms.c: see terms.h.
 *
 * What readers see is published: made whole, then made known by one store (release), and what it replaces goes to the limbo. Arrays that
 * grow are copied; readers of the old copy see what was true when they looked. */
#include "terms.h"

#include <string.h>

#include "base/memory.h"

/* A record's first word: with this mark the slot is in no list. */
#define REMOVED (UINT32_C(1) << 31)

/* In an entry: given up. No slot has this number. */
#define GIVEN_UP UINT32_MAX

/* In the index: empty, given up, and what is added to a number. */
#define INDEX_EMPTY    0u
#define INDEX_GIVEN_UP 1u
#define INDEX_FIRST    2u

/* A list is a bitmap when more than one slot in 32 is in it, since there both take as many bytes; and an array again below one in 128,
 * not at once, lest one slot that comes and goes has it made anew each time. */
#define BITMAP_ABOVE 32u
#define ARRAY_BELOW  128u

/* What arrays begin with, and what they grow by: an eighth of what is large, half of what is small and many. */
#define FIRST_ENTRIES 4u
#define FIRST_TERMS   16u
#define FIRST_WORDS   64u

static uint32_t grown(uint32_t capacity, uint32_t needed)
{
    uint64_t more = (uint64_t)capacity + capacity / 8 + FIRST_WORDS;

    return more < needed ? needed : more > UINT32_MAX ? UINT32_MAX : (uint32_t)more;
}

static void count_bytes(tripsage__terms *terms, uint64_t more, uint64_t less)
{
    uint64_t bytes = atomic_load_explicit(&terms->bytes, memory_order_relaxed);

    atomic_store_explicit(&terms->bytes, bytes + more - less, memory_order_relaxed);
}

static void retire(tripsage__terms *terms, void *block, size_t size)
{
    if (!block)
        return;
    count_bytes(terms, 0, size);
    tripsage__limbo_retire(terms->limbo, block, size);
}

static void *alloc(tripsage__terms *terms, size_t size)
{
    void *block = tripsage__limbo_alloc(size);

    if (block)
        count_bytes(terms, size, 0);
    return block;
}

/* What the writer reads of what he has published himself. */
#define MINE(pointer) atomic_load_explicit(&(pointer), memory_order_relaxed)

void tripsage__terms_init(tripsage__terms *terms, tripsage__limbo *limbo)
{
    memset(terms, 0, sizeof *terms);
    terms->limbo = limbo;
    terms->record_end = 1; /* 0 is no record */
    terms->free_term = terms->waiting_first = terms->waiting_last = TRIPSAGE__NO_TERM;
}

static tripsage__term_list *list_of(uint64_t list)
{
    return list & 1 ? NULL : (tripsage__term_list *)(uintptr_t)list;
}

void tripsage__terms_close(tripsage__terms *terms)
{
    tripsage__term_table *table = MINE(terms->table);

    for (uint32_t i = 0; i < terms->term_end; i++)
        tripsage__limbo_free(list_of(MINE(table->terms[i].list)));
    tripsage__limbo_free(table);
    tripsage__limbo_free(MINE(terms->index));
    tripsage__limbo_free(MINE(terms->own));
    tripsage__limbo_free(MINE(terms->records));
    tripsage__terms_init(terms, terms->limbo);
}

uint64_t tripsage__terms_bytes(const tripsage__terms *terms)
{
    return atomic_load_explicit(&terms->bytes, memory_order_relaxed);
}

/* ---- a list ---- */

static size_t list_size(uint32_t is_bitmap, uint32_t capacity)
{
    return sizeof(tripsage__term_list) + (size_t)capacity * (is_bitmap ? sizeof(uint64_t) : sizeof(uint32_t));
}

static _Atomic uint32_t *entries_of(tripsage__term_list *list)
{
    return (_Atomic uint32_t *)(void *)(list + 1);
}

static _Atomic uint64_t *bits_of(tripsage__term_list *list)
{
    return (_Atomic uint64_t *)(void *)(list + 1);
}

static tripsage__term_list *list_make(tripsage__terms *terms, uint32_t is_bitmap, uint32_t capacity)
{
    tripsage__term_list *list = alloc(terms, list_size(is_bitmap, capacity));

    if (list) {
        list->is_bitmap = is_bitmap;
        list->capacity = capacity;
    }
    return list;
}

/* The slot is within the bitmap. */
static void set_bit(tripsage__term_list *list, uint32_t slot, int on)
{
    _Atomic uint64_t *word = &bits_of(list)[slot / 64];
    uint64_t bits = atomic_load_explicit(word, memory_order_relaxed), bit = UINT64_C(1) << slot % 64;

    atomic_store_explicit(word, on ? bits | bit : bits & ~bit, memory_order_release);
}

/* There is room for it. */
static void list_append(tripsage__term_list *list, uint32_t slot)
{
    uint32_t used = MINE(list->used);

    if (list->is_bitmap) {
        set_bit(list, slot, 1);
    } else {
        atomic_store_explicit(&entries_of(list)[used], slot, memory_order_relaxed);
        atomic_store_explicit(&list->used, used + 1, memory_order_release);
    }
    atomic_store_explicit(&list->count, MINE(list->count) + 1, memory_order_relaxed);
}

/* Every slot of one list into another that is made for it. */
static void list_copy(tripsage__term_list *to, tripsage__term_list *from)
{
    uint32_t used = MINE(from->used);

    if (!from->is_bitmap) {
        for (uint32_t i = 0; i < used; i++) {
            uint32_t slot = MINE(entries_of(from)[i]);

            if (slot != GIVEN_UP)
                list_append(to, slot);
        }
        return;
    }
    for (uint32_t word = 0; word < from->capacity; word++)
        for (uint64_t bits = MINE(bits_of(from)[word]); bits; bits &= bits - 1)
            list_append(to, word * 64 + (uint32_t)__builtin_ctzll(bits));
}

static void publish(tripsage__terms *terms, tripsage__term *term, tripsage__term_list *list)
{
    tripsage__term_list *old = list_of(MINE(term->list));

    atomic_store_explicit(&term->list, (uint64_t)(uintptr_t)list, memory_order_release);
    if (old)
        retire(terms, old, list_size(old->is_bitmap, old->capacity));
}

/* Bits up to the highest slot of today, and some more as they grow. */
static uint32_t bitmap_words(const tripsage__terms *terms)
{
    return grown(terms->slot_end / 64 + 1, 0);
}

/* The form that fits `count` slots and some more. */
static tripsage__term_list *list_make_for(tripsage__terms *terms, uint32_t count, uint32_t room)
{
    return count > terms->slot_end / BITMAP_ABOVE ? list_make(terms, 1, bitmap_words(terms))
                                                  : list_make(terms, 0, count + room);
}

static int list_remake(tripsage__terms *terms, tripsage__term *term, tripsage__term_list *list)
{
    uint32_t count = MINE(list->count);
    tripsage__term_list *made = list_make_for(terms, count, count / 2 + FIRST_ENTRIES);

    if (!made)
        return 0;
    list_copy(made, list);
    publish(terms, term, made);
    return 1;
}

/* Sees to it that one slot more, up to the highest one, has room; 0: no memory. */
static int list_reserve(tripsage__terms *terms, tripsage__term *term)
{
    uint64_t head = MINE(term->list);
    tripsage__term_list *list = list_of(head), *made;

    if (!head)
        return 1;
    if (list)
        return list->is_bitmap ? list->capacity > (terms->slot_end - 1) / 64 || list_remake(terms, term, list)
                               : list->capacity > MINE(list->used) || list_remake(terms, term, list);
    made = list_make(terms, 0, FIRST_ENTRIES);
    if (!made)
        return 0;
    list_append(made, (uint32_t)(head >> 1));
    publish(terms, term, made);
    return 1;
}

static void list_add(tripsage__term *term, uint32_t slot)
{
    uint64_t head = MINE(term->list);

    if (head)
        list_append(list_of(head), slot);
    else
        atomic_store_explicit(&term->list, (uint64_t)slot << 1 | 1, memory_order_release);
}

/* Memory that is not there to make it smaller is no failure. */
static void list_shrink(tripsage__terms *terms, tripsage__term *term, tripsage__term_list *list)
{
    uint32_t count = MINE(list->count);
    int is_loose = list->is_bitmap ? count < terms->slot_end / ARRAY_BELOW
                                   : list->capacity > 4 * FIRST_ENTRIES && count < MINE(list->used) / 2;

    if (count == 0)
        publish(terms, term, NULL);
    else if (is_loose)
        (void)list_remake(terms, term, list);
}

static void list_remove(tripsage__terms *terms, tripsage__term *term, uint32_t slot)
{
    uint64_t head = MINE(term->list);
    tripsage__term_list *list = list_of(head);
    uint32_t i = 0;

    if (!list) {
        publish(terms, term, NULL);
        return;
    }
    if (list->is_bitmap) {
        set_bit(list, slot, 0);
    } else {
        while (MINE(entries_of(list)[i]) != slot)
            i++;
        atomic_store_explicit(&entries_of(list)[i], GIVEN_UP, memory_order_relaxed);
    }
    atomic_store_explicit(&list->count, MINE(list->count) - 1, memory_order_relaxed);
    list_shrink(terms, term, list);
}

/* ---- terms by name ---- */

/* MurmurHash3's last step (Appleby): names that differ in any bit come out far apart. */
static uint32_t hash_of(uint64_t name)
{
    name = (name ^ name >> 33) * UINT64_C(0xff51afd7ed558ccd);
    name = (name ^ name >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (uint32_t)(name ^ name >> 33);
}

uint32_t tripsage__terms_find(const tripsage__terms *terms, uint64_t name)
{
    const tripsage__term_index *index = atomic_load_explicit(&terms->index, memory_order_acquire);
    const tripsage__term_table *table;

    if (!index)
        return TRIPSAGE__NO_TERM;
    for (uint32_t at = hash_of(name) & index->mask;; at = (at + 1) & index->mask) {
        uint32_t number = atomic_load_explicit(&index->numbers[at], memory_order_acquire);

        if (number == INDEX_EMPTY)
            return TRIPSAGE__NO_TERM;
        if (number < INDEX_FIRST)
            continue;
        /* After the number: a table that was made for it is known by then. */
        table = atomic_load_explicit(&terms->table, memory_order_acquire);
        if (table->terms[number - INDEX_FIRST].name == name)
            return number - INDEX_FIRST;
    }
}

static void index_put(tripsage__term_index *index, uint64_t name, uint32_t number)
{
    uint32_t at = hash_of(name) & index->mask;

    while (MINE(index->numbers[at]) != INDEX_EMPTY)
        at = (at + 1) & index->mask;
    index->used++;
    atomic_store_explicit(&index->numbers[at], number + INDEX_FIRST, memory_order_release);
}

static size_t index_size(uint32_t capacity)
{
    return sizeof(tripsage__term_index) + (size_t)capacity * sizeof(uint32_t);
}

/* At most three in four are used; at least as many again are free after it was made anew. */
static int index_reserve(tripsage__terms *terms)
{
    tripsage__term_index *old = MINE(terms->index), *index;
    tripsage__term_table *table = MINE(terms->table);
    uint32_t capacity = FIRST_TERMS;

    if (old && old->used < (old->mask + 1) / 4 * 3)
        return 1;
    while (capacity / 8 * 3 <= terms->term_count)
        capacity *= 2;
    index = alloc(terms, index_size(capacity));
    if (!index)
        return 0;
    index->mask = capacity - 1;
    for (uint32_t i = 0; i < terms->term_end; i++)
        if (table->terms[i].slots)
            index_put(index, table->terms[i].name, i);
    atomic_store_explicit(&terms->index, index, memory_order_release);
    if (old)
        retire(terms, old, index_size(old->mask + 1));
    return 1;
}

static void index_give_up(tripsage__term_index *index, const tripsage__term *term, uint32_t number)
{
    uint32_t at = hash_of(term->name) & index->mask;

    while (MINE(index->numbers[at]) != number + INDEX_FIRST)
        at = (at + 1) & index->mask;
    atomic_store_explicit(&index->numbers[at], INDEX_GIVEN_UP, memory_order_release);
}

static size_t table_size(uint32_t capacity)
{
    return sizeof(tripsage__term_table) + (size_t)capacity * sizeof(tripsage__term);
}

static int table_reserve(tripsage__terms *terms, uint32_t number)
{
    tripsage__term_table *old = MINE(terms->table), *table;
    uint32_t capacity = grown(old ? old->capacity : 0, number + 1);

    if (old && number < old->capacity)
        return 1;
    table = alloc(terms, table_size(capacity));
    if (!table)
        return 0;
    table->capacity = capacity;
    for (uint32_t i = 0; old && i < terms->term_end; i++) {
        tripsage__term *to = &table->terms[i], *from = &old->terms[i];

        to->name = from->name;
        to->slots = from->slots;
        to->next = from->next;
        to->step = from->step;
        atomic_store_explicit(&to->list, MINE(from->list), memory_order_relaxed);
    }
    atomic_store_explicit(&terms->table, table, memory_order_release);
    if (old)
        retire(terms, old, table_size(old->capacity));
    return 1;
}

/* Those that nobody takes for what they were any more become free. */
static void free_waiting(tripsage__terms *terms)
{
    tripsage__term_table *table = MINE(terms->table);

    while (terms->waiting_first != TRIPSAGE__NO_TERM) {
        uint32_t number = terms->waiting_first;
        tripsage__term *term = &table->terms[number];

        if (!tripsage__grace_is_over(terms->limbo->grace, term->step))
            return;
        terms->waiting_first = term->next;
        if (terms->waiting_first == TRIPSAGE__NO_TERM)
            terms->waiting_last = TRIPSAGE__NO_TERM;
        term->next = terms->free_term;
        terms->free_term = number;
    }
}

/* The number of a new term, which is in no index yet; TRIPSAGE__NO_TERM: no memory. */
static uint32_t term_take(tripsage__terms *terms)
{
    tripsage__term_table *table;
    uint32_t number;

    free_waiting(terms);
    number = terms->free_term != TRIPSAGE__NO_TERM ? terms->free_term : terms->term_end;
    if (!table_reserve(terms, number))
        return TRIPSAGE__NO_TERM;
    table = MINE(terms->table);
    if (number == terms->term_end)
        terms->term_end++;
    else
        terms->free_term = table->terms[number].next;
    return number;
}

/* One slot more has the term; it is made when it is new. TRIPSAGE__NO_TERM: no memory. */
static uint32_t term_hold(tripsage__terms *terms, uint64_t name)
{
    uint32_t number = tripsage__terms_find(terms, name);
    tripsage__term *term;

    if (number == TRIPSAGE__NO_TERM) {
        if (!index_reserve(terms))
            return TRIPSAGE__NO_TERM;
        number = term_take(terms);
        if (number == TRIPSAGE__NO_TERM)
            return TRIPSAGE__NO_TERM;
        term = &MINE(terms->table)->terms[number];
        term->name = name;
        index_put(MINE(terms->index), name, number);
        terms->term_count++;
    }
    MINE(terms->table)->terms[number].slots++;
    return number;
}

static void term_release(tripsage__terms *terms, uint32_t number)
{
    tripsage__term_table *table = MINE(terms->table);
    tripsage__term *term = &table->terms[number];

    if (--term->slots)
        return;
    index_give_up(MINE(terms->index), term, number);
    terms->term_count--;
    publish(terms, term, NULL);
    term->step = tripsage__grace_after(terms->limbo->grace);
    term->next = TRIPSAGE__NO_TERM;
    if (terms->waiting_last == TRIPSAGE__NO_TERM)
        terms->waiting_first = number;
    else
        table->terms[terms->waiting_last].next = number;
    terms->waiting_last = number;
}

/* ---- a slot's own terms ---- */

static size_t words_size(uint32_t capacity)
{
    return sizeof(tripsage__term_words) + (size_t)capacity * sizeof(uint32_t);
}

static int words_reserve(tripsage__terms *terms, _Atomic(tripsage__term_words *) *words, uint32_t needed)
{
    tripsage__term_words *old = MINE(*words), *made;
    uint32_t capacity = grown(old ? old->capacity : 0, needed);

    if (old && needed <= old->capacity)
        return 1;
    made = alloc(terms, words_size(capacity));
    if (!made)
        return 0;
    made->capacity = capacity;
    for (uint32_t i = 0; old && i < old->capacity; i++)
        atomic_store_explicit(&made->words[i], MINE(old->words[i]), memory_order_relaxed);
    atomic_store_explicit(words, made, memory_order_release);
    if (old)
        retire(terms, old, words_size(old->capacity));
    return 1;
}

/* Where a record of that many terms may be written; 0: no memory. */
static uint32_t record_take(tripsage__terms *terms, uint32_t count)
{
    uint32_t at = terms->free_records[count];

    if (at) {
        terms->free_records[count] = MINE(MINE(terms->records)->words[at + 1]);
        terms->free_words -= count + 1;
        return at;
    }
    at = terms->record_end;
    if (at > UINT32_MAX - (count + 1) || !words_reserve(terms, &terms->records, at + count + 1))
        return 0;
    terms->record_end += count + 1;
    return at;
}

static void record_give_back(tripsage__terms *terms, uint32_t at, uint32_t count)
{
    atomic_store_explicit(&MINE(terms->records)->words[at + 1], terms->free_records[count], memory_order_relaxed);
    terms->free_records[count] = at;
    terms->free_words += count + 1;
}

static uint32_t own_of(const tripsage__terms *terms, uint32_t slot)
{
    const tripsage__term_words *own = atomic_load_explicit(&terms->own, memory_order_acquire);

    return own && slot < own->capacity ? atomic_load_explicit(&own->words[slot], memory_order_acquire) : 0;
}

const _Atomic uint32_t *tripsage__terms_of(const tripsage__terms *terms, uint32_t slot, size_t *count)
{
    uint32_t at = own_of(terms, slot);
    const tripsage__term_words *records;

    *count = 0;
    if (!at)
        return NULL;
    records = atomic_load_explicit(&terms->records, memory_order_acquire);
    *count = atomic_load_explicit(&records->words[at], memory_order_relaxed) & ~REMOVED;
    return &records->words[at + 1];
}

/* ---- the writer's calls ---- */

static uint32_t different(uint64_t out[TRIPSAGE__TERMS_MAX], const uint64_t *names, size_t count)
{
    uint32_t number = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t j = 0;

        while (j < number && out[j] != names[i])
            j++;
        if (j == number)
            out[number++] = names[i];
    }
    return number;
}

static void release_all(tripsage__terms *terms, const uint32_t *numbers, uint32_t count)
{
    while (count--)
        term_release(terms, numbers[count]);
}

/* Finds or makes all terms, and sees to room in their lists. */
static int hold_all(uint32_t *numbers, tripsage__terms *terms, const uint64_t *names, uint32_t count)
{
    uint32_t held = 0, roomy = 0;

    while (held < count && (numbers[held] = term_hold(terms, names[held])) != TRIPSAGE__NO_TERM)
        held++;
    while (roomy < held && list_reserve(terms, &MINE(terms->table)->terms[numbers[roomy]]))
        roomy++;
    if (roomy == count)
        return 1;
    release_all(terms, numbers, held);
    return 0;
}

/* The slot is told first, and stands in the lists then. */
static void list_slot(tripsage__terms *terms, uint32_t slot, uint32_t at, const uint32_t *numbers, uint32_t count)
{
    tripsage__term_words *records = MINE(terms->records);
    tripsage__term_table *table = MINE(terms->table);

    atomic_store_explicit(&records->words[at], count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++)
        atomic_store_explicit(&records->words[at + 1 + i], numbers[i], memory_order_relaxed);
    atomic_store_explicit(&MINE(terms->own)->words[slot], at, memory_order_release);
    for (uint32_t i = 0; i < count; i++)
        list_add(&table->terms[numbers[i]], slot);
}

tripsage_status tripsage__terms_add(tripsage__terms *terms, uint32_t slot, const uint64_t *names, size_t count)
{
    uint64_t own_names[TRIPSAGE__TERMS_MAX];
    uint32_t numbers[TRIPSAGE__TERMS_MAX];
    uint32_t number = different(own_names, names, count), at;

    if (!words_reserve(terms, &terms->own, slot + 1))
        return TRIPSAGE_NOMEM();
    if (terms->slot_end <= slot)
        terms->slot_end = slot + 1;
    if (!number)
        return TRIPSAGE_OK;
    at = record_take(terms, number);
    if (!at)
        return TRIPSAGE_NOMEM();
    if (!hold_all(numbers, terms, own_names, number)) {
        record_give_back(terms, at, number);
        return TRIPSAGE_NOMEM();
    }
    list_slot(terms, slot, at, numbers, number);
    return TRIPSAGE_OK;
}

void tripsage__terms_remove(tripsage__terms *terms, uint32_t slot)
{
    uint32_t at = own_of(terms, slot), count;
    tripsage__term_words *records = MINE(terms->records);
    tripsage__term_table *table = MINE(terms->table);

    if (!at || MINE(records->words[at]) & REMOVED)
        return;
    count = MINE(records->words[at]);
    atomic_store_explicit(&records->words[at], count | REMOVED, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++)
        list_remove(terms, &table->terms[MINE(records->words[at + 1 + i])], slot);
}

void tripsage__terms_forget(tripsage__terms *terms, uint32_t slot)
{
    uint32_t at = own_of(terms, slot), count;
    tripsage__term_words *records = MINE(terms->records);

    if (!at)
        return;
    count = MINE(records->words[at]) & ~REMOVED;
    atomic_store_explicit(&MINE(terms->own)->words[slot], 0, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++)
        term_release(terms, MINE(records->words[at + 1 + i]));
    record_give_back(terms, at, count);
}

void tripsage__terms_look(tripsage__term_view *out, const tripsage__terms *terms, uint32_t term)
{
    const tripsage__term_table *table = atomic_load_explicit(&terms->table, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&table->terms[term].list, memory_order_acquire);

    out->list = list_of(head);
    out->only = head & 1 ? (uint32_t)(head >> 1) : GIVEN_UP;
    out->count = out->list ? atomic_load_explicit(&out->list->count, memory_order_relaxed) : (uint32_t)(head & 1);
}

/* ---- in a snapshot ----
 *
 * Numbers of 32 bits, low byte first: how many terms, slots, and words of records; of each term its name, in two; of each slot where
 * its record begins, 0 for none; the records, one behind the other in the order of their slots, from 1 on. The lists are made from
 * them. */

static void put_word(tripsage__buf *out, uint32_t word)
{
    unsigned char bytes[4] = {(unsigned char)word, (unsigned char)(word >> 8), (unsigned char)(word >> 16),
                              (unsigned char)(word >> 24)};

    tripsage__buf_put(out, bytes, sizeof bytes);
}

static uint32_t record_words(const tripsage__terms *terms, uint32_t at)
{
    return at ? 1 + (MINE(MINE(terms->records)->words[at]) & ~REMOVED) : 0;
}

void tripsage__terms_put(tripsage__buf *out, const tripsage__terms *terms)
{
    uint32_t end = 1;

    for (uint32_t slot = 0; slot < terms->slot_end; slot++)
        end += record_words(terms, own_of(terms, slot));
    put_word(out, terms->term_end);
    put_word(out, terms->slot_end);
    put_word(out, end);
    for (uint32_t i = 0; i < terms->term_end; i++) {
        uint64_t name = MINE(terms->table)->terms[i].name;

        put_word(out, (uint32_t)name);
        put_word(out, (uint32_t)(name >> 32));
    }
    end = 1;
    for (uint32_t slot = 0; slot < terms->slot_end; slot++) {
        uint32_t at = own_of(terms, slot);

        put_word(out, at ? end : 0);
        end += record_words(terms, at);
    }
    for (uint32_t slot = 0; slot < terms->slot_end; slot++) {
        uint32_t at = own_of(terms, slot), words = record_words(terms, at);

        for (uint32_t i = 0; i < words; i++)
            put_word(out, MINE(MINE(terms->records)->words[at + i]));
    }
}

/* What is read, checked word by word. */
typedef struct source {
    const unsigned char *bytes;
    size_t words;
    uint32_t term_end, slot_end, record_end;
    size_t own, records; /* where they begin, in words */
} source;

static uint32_t word_at(const source *from, size_t at)
{
    const unsigned char *b = from->bytes + 4 * at;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Sizes are those the head says. */
static int open_source(source *from, const void *bytes, size_t size)
{
    *from = (source){.bytes = bytes, .words = size / 4};
    if (size % 4 || from->words < 3)
        return 0;
    from->term_end = word_at(from, 0);
    from->slot_end = word_at(from, 1);
    from->record_end = word_at(from, 2);
    from->own = 3 + 2 * (size_t)from->term_end;
    from->records = from->own + from->slot_end;
    return from->term_end < UINT32_MAX - INDEX_FIRST && from->slot_end < UINT32_MAX && from->record_end >= 1 &&
           from->words == from->records + from->record_end - 1;
}

/* The record at `at` is one, of known terms; gives its number of words, 0 when it is none. */
static uint32_t check_record(const source *from, uint32_t at)
{
    uint32_t count = at < from->record_end ? word_at(from, from->records + at - 1) & ~REMOVED : 0;

    if (!count || count > TRIPSAGE__TERMS_MAX || count >= from->record_end - at)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t term = word_at(from, from->records + at + i);

        if (term >= from->term_end)
            return 0;
        for (uint32_t j = 0; j < i; j++)
            if (word_at(from, from->records + at + j) == term)
                return 0;
    }
    return 1 + count;
}

/* Every record is a slot's, in their order, with nothing between. */
static int check_records(const source *from)
{
    uint32_t end = 1, words;

    for (uint32_t slot = 0; slot < from->slot_end; slot++) {
        uint32_t at = word_at(from, from->own + slot);

        if (!at)
            continue;
        words = at == end ? check_record(from, at) : 0;
        if (!words)
            return 0;
        end += words;
    }
    return end == from->record_end;
}

static int copy_words(tripsage__terms *terms, _Atomic(tripsage__term_words *) *to, const source *from, size_t begin,
                      uint32_t skip, uint32_t count)
{
    if (!words_reserve(terms, to, skip + count))
        return 0;
    for (uint32_t i = 0; i < count; i++)
        atomic_store_explicit(&MINE(*to)->words[skip + i], word_at(from, begin + i), memory_order_relaxed);
    return 1;
}

/* Calls with each term that slots have, in the order of the slots. */
static int each_record(tripsage__terms *terms,
                       int (*visit)(tripsage__terms *terms, tripsage__term *term, uint32_t slot))
{
    tripsage__term_words *records = MINE(terms->records);

    for (uint32_t slot = 0; slot < terms->slot_end; slot++) {
        uint32_t at = own_of(terms, slot), words = record_words(terms, at);
        int is_removed = at && MINE(records->words[at]) & REMOVED;

        for (uint32_t i = 1; i < words; i++)
            if (!visit(terms, &MINE(terms->table)->terms[MINE(records->words[at + i])], is_removed ? GIVEN_UP : slot))
                return 0;
    }
    return 1;
}

/* `next` counts the slots that will be in the list. */
static int count_slot(tripsage__terms *terms, tripsage__term *term, uint32_t slot)
{
    (void)terms;
    term->slots++;
    term->next += slot != GIVEN_UP;
    return 1;
}

/* The list is made with the first, for all. */
static int fill_list(tripsage__terms *terms, tripsage__term *term, uint32_t slot)
{
    if (slot == GIVEN_UP)
        return 1;
    if (term->next > 1 && !MINE(term->list)) {
        tripsage__term_list *list = list_make_for(terms, term->next, 0);

        if (!list)
            return 0;
        publish(terms, term, list);
    }
    list_add(term, slot);
    return 1;
}

/* Names into the index; what no slot has is free. Gives 0 for a name that is there twice. */
static int name_terms(tripsage__terms *terms)
{
    tripsage__term_table *table = MINE(terms->table);

    for (uint32_t i = 0; i < terms->term_end; i++) {
        if (!table->terms[i].slots) {
            table->terms[i].next = terms->free_term;
            terms->free_term = i;
        } else if (tripsage__terms_find(terms, table->terms[i].name) != TRIPSAGE__NO_TERM) {
            return 0;
        } else {
            index_put(MINE(terms->index), table->terms[i].name, i);
        }
    }
    return 1;
}

static int take_terms(tripsage__terms *terms, const source *from)
{
    if (from->term_end && !table_reserve(terms, from->term_end - 1))
        return 0;
    terms->term_end = from->term_end;
    for (uint32_t i = 0; i < terms->term_end; i++)
        MINE(terms->table)->terms[i].name =
            word_at(from, 3 + 2 * (size_t)i) | (uint64_t)word_at(from, 4 + 2 * (size_t)i) << 32;
    return 1;
}

static int take_slots(tripsage__terms *terms, const source *from)
{
    if (!copy_words(terms, &terms->own, from, from->own, 0, from->slot_end) ||
        !copy_words(terms, &terms->records, from, from->records, 1, from->record_end - 1))
        return 0;
    terms->slot_end = from->slot_end;
    terms->record_end = from->record_end;
    return each_record(terms, count_slot) && each_record(terms, fill_list);
}

static void count_terms(tripsage__terms *terms)
{
    for (uint32_t i = 0; i < terms->term_end; i++)
        terms->term_count += MINE(terms->table)->terms[i].slots != 0;
}

/* An index of the right size, with no name in it yet. */
static int make_index(tripsage__terms *terms)
{
    uint32_t end = terms->term_end;
    int made;

    count_terms(terms);
    terms->term_end = 0;
    made = index_reserve(terms);
    terms->term_end = end;
    return made;
}

tripsage_status tripsage__terms_get(tripsage__terms *terms, const void *bytes, size_t size)
{
    tripsage_status status = TRIPSAGE_OK;
    source from;

    if (!open_source(&from, bytes, size) || !check_records(&from))
        return TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "the terms do not fit together");
    if (!take_terms(terms, &from) || !take_slots(terms, &from) || !make_index(terms))
        status = TRIPSAGE_NOMEM();
    else if (!name_terms(terms))
        status = TRIPSAGE_FAIL(TRIPSAGE_ECORRUPT, "a term is there twice");
    if (status != TRIPSAGE_OK)
        tripsage__terms_close(terms);
    return status;
}
