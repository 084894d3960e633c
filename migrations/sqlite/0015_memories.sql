-- What users said about themselves. The vector of a memory is an item of the collection "memories" with the memory's id.

CREATE TABLE memory (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE, -- made from the owner and what is said, so that the same thing is there once
    user_id TEXT NOT NULL,
    memory_type TEXT NOT NULL
        CHECK (memory_type IN ('user_preference', 'trip_history', 'search_pattern', 'conversation_context', 'other')),
    name TEXT, -- a preference's key
    content TEXT NOT NULL CHECK (length(content) BETWEEN 1 AND 1000),
    categories TEXT NOT NULL, -- JSON array of text
    metadata TEXT NOT NULL,   -- JSON object
    place INTEGER NOT NULL,   -- within what was said at once
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Newest first, and a preference by its key.
CREATE INDEX memory_user ON memory (user_id, updated_at, place, id);
CREATE INDEX memory_name ON memory (user_id, name) WHERE name IS NOT NULL;

-- However a memory goes, its vector goes with it. The full text of its words is told before, by a statement, since no trigger may. Memories are
-- deleted now and then, so that the savepoint of a trigger costs nobody much.
CREATE TRIGGER memory_vector AFTER DELETE ON memory
BEGIN
    DELETE FROM vector_item WHERE collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = 'memories') AND id = OLD.id;
END;

-- With the account, which is emptied or deleted, go its memories. Users of other accounts have no row there, so it is no reference.
CREATE TRIGGER account_memories AFTER DELETE ON account
BEGIN
    DELETE FROM memory WHERE user_id = OLD.id;
END;
CREATE TRIGGER account_memories_buried AFTER UPDATE OF deleted_at ON account WHEN NEW.deleted_at <> 0
BEGIN
    DELETE FROM memory WHERE user_id = NEW.id;
END;
