-- What users searched for: requests, saved or only noted, and how often on which day.

CREATE TABLE search_entry (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    digest TEXT NOT NULL, -- of the request: the same one is there once
    query TEXT NOT NULL,
    request TEXT NOT NULL, -- JSON object
    times INTEGER NOT NULL,
    searched_at INTEGER NOT NULL,
    saved_at INTEGER, -- NULL: only noted
    UNIQUE (user_id, digest)
) STRICT;

CREATE INDEX search_entry_user ON search_entry (user_id, searched_at, id);
CREATE INDEX search_entry_saved ON search_entry (user_id, searched_at, id) WHERE saved_at IS NOT NULL;

CREATE TABLE search_tally (
    user_id TEXT NOT NULL,
    day TEXT NOT NULL CHECK (length(day) = 10),
    query TEXT NOT NULL, -- its words
    searches INTEGER NOT NULL,
    hits INTEGER NOT NULL, -- of these, given from memory
    PRIMARY KEY (user_id, day, query)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER account_searches AFTER DELETE ON account
BEGIN
    DELETE FROM search_entry WHERE user_id = OLD.id;
    DELETE FROM search_tally WHERE user_id = OLD.id;
END;
CREATE TRIGGER account_searches_buried AFTER UPDATE OF deleted_at ON account WHEN NEW.deleted_at <> 0
BEGIN
    DELETE FROM search_entry WHERE user_id = NEW.id;
    DELETE FROM search_tally WHERE user_id = NEW.id;
END;
