-- What servers embedded, so that a text costs one call as long as it is in use. Nothing refers to it, and all of it may be deleted.

CREATE TABLE vector_embedding (
    seq INTEGER PRIMARY KEY,
    model TEXT NOT NULL, -- the embedder's name
    hash TEXT NOT NULL, -- of the text and what else its vector depends on, under a key of this database: says nothing to who guesses
    dimensions INTEGER NOT NULL,
    used_at INTEGER NOT NULL, -- within a day
    embedding BLOB NOT NULL, -- little-endian f32, as the model gave it
    UNIQUE (model, hash)
) STRICT;

-- Those that were not used for long go first.
CREATE INDEX vector_embedding_used ON vector_embedding (used_at);
