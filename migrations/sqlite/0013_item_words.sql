-- Texts of items, searchable by their words.

-- Beside the items, whose rows searches by meaning read one after the other. An item without a text has no row.
CREATE TABLE vector_text (
    seq INTEGER PRIMARY KEY REFERENCES vector_item (seq) ON DELETE CASCADE,
    collection_id INTEGER NOT NULL, -- the item's, as is the owner: what words say of a text is counted over what its reader may find
    owner_id TEXT NOT NULL,
    length INTEGER NOT NULL CHECK (length >= 0), -- in words
    text TEXT NOT NULL,
    terms TEXT NOT NULL, -- the words as vector/hybrid_terms.h makes them, each between spaces of its own
    scope TEXT NOT NULL  -- who may find it: 'c' and the collection's id, and the same with 'e' (everybody) or 'u' and the owner behind
) STRICT;

-- How many texts there are, and how long, for one reader: from the index alone.
CREATE INDEX vector_text_owner ON vector_text (collection_id, owner_id, length);

-- Reads its columns from the table; kept by statements beside each change, never by triggers. Words come as they are to be kept.
CREATE VIRTUAL TABLE vector_words USING fts5 (
    scope, terms, content = 'vector_text', content_rowid = 'seq', tokenize = 'ascii'
);
