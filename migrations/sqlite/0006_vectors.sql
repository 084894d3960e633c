-- Collections of vectors and the items in them.

CREATE TABLE vector_collection (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given to another collection
    name TEXT NOT NULL UNIQUE,
    dimensions INTEGER NOT NULL CHECK (dimensions BETWEEN 1 AND 4096),
    metric INTEGER NOT NULL CHECK (metric IN (1, 2, 3)), -- cosine, inner product, L2
    embedder TEXT NOT NULL, -- '': vectors come from the caller
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE vector_item (
    seq INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES vector_collection (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    owner_id TEXT NOT NULL, -- '': everybody's
    metadata TEXT NOT NULL, -- JSON object in the form vector/metadata.h says
    updated_at INTEGER NOT NULL,
    embedding BLOB NOT NULL, -- little-endian f32; of unit length where the metric is cosine
    UNIQUE (collection_id, id)
) STRICT;

-- What an actor may find: everybody's items and its own.
CREATE INDEX vector_item_owner ON vector_item (collection_id, owner_id);
