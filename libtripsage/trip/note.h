/* trip/note.h: a note as a record, for its own calls and for the export. */
#ifndef TRIPSAGE_TRIP_NOTE_H
#define TRIPSAGE_TRIP_NOTE_H

#include "trip/itinerary.h"

/* 1,000: at 10,000 characters each a list of them is at most 40 MB of UTF-8, within what one document may hold. */
#define TRIPSAGE__NOTES_MAX 1000

/* The record from a row of this text's columns; `n` is the note. */
#define TRIPSAGE__SQL_NOTE_COLUMNS "n.id, n.trip_id, n.user_id, n.content, n.version, n.created_at, n.updated_at"
void tripsage__note_put(tripsage__buf *json, const tripsage__row *row);

/* The notes of a trip as the elements of a JSON array, as a step's context: appends to `json`. */
typedef struct tripsage__note_listing {
    tripsage__buf *json;
    size_t start; /* how much was there before */
    size_t count;
} tripsage__note_listing;

/* The reading step of all notes, oldest first: none for who is no member. */
tripsage__step tripsage__note_list_step(tripsage__note_listing *listing, const tripsage__trip_gate *gate);

#endif
