/* vector/thesaurus.h: the travel concepts the embedder knows, and the words that speak of them. */
#ifndef TRIPSAGE_VECTOR_THESAURUS_H
#define TRIPSAGE_VECTOR_THESAURUS_H

#include <stddef.h>
#include <stdint.h>

#include "words.h"

/* XX(name, importance): how much a concept tells one place from another, 1..8; a city is less telling than a glacier. The order is
 * the order of the vector's dimensions: a new concept goes to the end, and changes the embedder's name. */
#define TRIPSAGE__CONCEPT_MAP(XX)                                                                                      \
    XX(BEACH, 5)                                                                                                       \
    XX(SEA, 3)                                                                                                         \
    XX(ISLAND, 5)                                                                                                      \
    XX(REEF, 6)                                                                                                        \
    XX(SURFING, 7)                                                                                                     \
    XX(SAILING, 5)                                                                                                     \
    XX(RIVER, 4)                                                                                                       \
    XX(LAKE, 5)                                                                                                        \
    XX(WATERFALL, 6)                                                                                                   \
    XX(WARM, 4)                                                                                                        \
    XX(COLD, 5)                                                                                                        \
    XX(SKIING, 7)                                                                                                      \
    XX(MOUNTAIN, 5)                                                                                                    \
    XX(HIKING, 5)                                                                                                      \
    XX(CLIMBING, 6)                                                                                                    \
    XX(ADRENALINE, 6)                                                                                                  \
    XX(VOLCANO, 7)                                                                                                     \
    XX(HOTSPRING, 7)                                                                                                   \
    XX(DESERT, 7)                                                                                                      \
    XX(JUNGLE, 7)                                                                                                      \
    XX(FOREST, 4)                                                                                                      \
    XX(SAFARI, 7)                                                                                                      \
    XX(WILDLIFE, 5)                                                                                                    \
    XX(SEALIFE, 6)                                                                                                     \
    XX(AURORA, 8)                                                                                                      \
    XX(STARS, 6)                                                                                                       \
    XX(QUIET, 4)                                                                                                       \
    XX(REMOTE, 5)                                                                                                      \
    XX(RELAX, 4)                                                                                                       \
    XX(ROMANTIC, 5)                                                                                                    \
    XX(FAMILY, 6)                                                                                                      \
    XX(LUXURY, 5)                                                                                                      \
    XX(BUDGET, 5)                                                                                                      \
    XX(NIGHTLIFE, 5)                                                                                                   \
    XX(MUSIC, 5)                                                                                                       \
    XX(FESTIVAL, 5)                                                                                                    \
    XX(FOOD, 4)                                                                                                        \
    XX(SEAFOOD, 5)                                                                                                     \
    XX(WINE, 7)                                                                                                        \
    XX(BEER, 6)                                                                                                        \
    XX(COFFEE, 5)                                                                                                      \
    XX(SHOPPING, 4)                                                                                                    \
    XX(CITY, 3)                                                                                                        \
    XX(VILLAGE, 3)                                                                                                     \
    XX(OLDTOWN, 4)                                                                                                     \
    XX(CASTLE, 5)                                                                                                      \
    XX(RUINS, 5)                                                                                                       \
    XX(TEMPLE, 6)                                                                                                      \
    XX(CHURCH, 5)                                                                                                      \
    XX(ISLAMIC, 5)                                                                                                     \
    XX(SPIRITUAL, 5)                                                                                                   \
    XX(ARCHITECTURE, 4)                                                                                                \
    XX(MUSEUM, 5)                                                                                                      \
    XX(ART, 5)                                                                                                         \
    XX(THEATRE, 5)                                                                                                     \
    XX(HISTORY, 4)                                                                                                     \
    XX(TRADITION, 4)                                                                                                   \
    XX(GARDEN, 5)                                                                                                      \
    XX(FLOWERS, 6)                                                                                                     \
    XX(AUTUMN, 6)                                                                                                      \
    XX(SCENIC, 3)                                                                                                      \
    XX(RAIL, 6)                                                                                                        \
    XX(CYCLING, 7)                                                                                                     \
    XX(CAVE, 6)                                                                                                        \
    XX(CANYON, 6)                                                                                                      \
    XX(GLACIER, 7)                                                                                                     \
    XX(OUTDOORS, 3)                                                                                                    \
    XX(FISHING, 5)                                                                                                     \
    XX(SPORT, 6)

typedef enum tripsage__concept {
#define XX(name, importance) TRIPSAGE__CONCEPT_##name,
    TRIPSAGE__CONCEPT_MAP(XX)
#undef XX
        TRIPSAGE__CONCEPT_COUNT
} tripsage__concept;

extern const unsigned char tripsage__concept_importance[TRIPSAGE__CONCEPT_COUNT];

/* A word, or two with a space between them, in the form words.h gives, and one concept it speaks of. The text stands in the row, so that
 * the table needs no relocation when the library is loaded. */
typedef struct tripsage__thesaurus_row {
    char word[18];
    unsigned char concept;
    unsigned char weight; /* 5: means it; 2: goes with it */
} tripsage__thesaurus_row;

/* All rows, ascending by word; a word with several concepts has several rows, one after the other. */
extern const tripsage__thesaurus_row tripsage__thesaurus[];
extern const size_t tripsage__thesaurus_count;

/* The rows of a word, or of an English inflection of one ("hikers", "hiking"); *count is 0 when there are none. */
const tripsage__thesaurus_row *tripsage__thesaurus_find(size_t *count, const tripsage__word *word);
/* The rows of two words that stand together. */
const tripsage__thesaurus_row *tripsage__thesaurus_find_pair(size_t *count, const tripsage__word *first,
                                                             const tripsage__word *second);

#endif
