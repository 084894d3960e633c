/* config/strength.h: whether a secret is one. */
#ifndef TRIPSAGE_CONFIG_STRENGTH_H
#define TRIPSAGE_CONFIG_STRENGTH_H

#include <stddef.h>

typedef enum tripsage__strength {
    TRIPSAGE__SECRET_STRONG = 0,
    TRIPSAGE__SECRET_DEFAULT,     /* everybody knows it: it is in a product's documentation */
    TRIPSAGE__SECRET_PLACEHOLDER, /* it says that something else is to be put there */
    TRIPSAGE__SECRET_WEAK         /* it has less to it than it should */
} tripsage__strength;

/* `bits`: how many a guesser should have to guess. What somebody made by himself is estimated from the variety of its characters, or of
 * its words, and from how often it repeats itself; of what a machine made that is close, and below the truth. */
tripsage__strength tripsage__secret_strength(const char *secret, double bits);

/* The same of an API key of a Supabase project. */
tripsage__strength tripsage__supabase_key_strength(const char *key);

/* "is a default that everybody knows", "is a placeholder", "is too easy to guess". */
const char *tripsage__strength_words(tripsage__strength strength);

#endif
