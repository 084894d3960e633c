/* auth/letter.h: what the mails of accounts say. */
#ifndef TRIPSAGE_AUTH_LETTER_H
#define TRIPSAGE_AUTH_LETTER_H

#include "auth/mail.h"

/* The words of one kind of mail, with names between {{ }}. */
typedef struct tripsage__letter_words {
    const char *subject, *text, *html;
} tripsage__letter_words;

/* What stands for the names. None of them is NULL. */
typedef struct tripsage__letter_values {
    const char *confirmation_url, *token, *token_hash, *site_url, *redirect_to, *email, *new_email, *trip_title, *level;
} tripsage__letter_values;

/* "confirmation", as options and logs call it. */
const char *tripsage__letter_name(tripsage__mail_kind kind);

/* The `type` of its link; NULL: it has none. */
const char *tripsage__letter_type(tripsage__mail_kind kind);

/* Those built in. */
const tripsage__letter_words *tripsage__letter_standard(tripsage__mail_kind kind);

/* Writes the words with the values in them. 0, and nothing written, when there is a name between {{ }} that is not one of ours, or no }}.
 * `values` may be NULL: the words are only looked at. */
int tripsage__letter_put(tripsage__buf *out, const char *words, const tripsage__letter_values *values, int is_html);

#endif
