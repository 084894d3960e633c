-- Trips, who else may touch them, the answers kept for repeated requests, and the search index.
--
-- Ids are UUIDv7 text, so the order of ids is the order of creation. Instants are milliseconds since 1970 in UTC, days are
-- YYYY-MM-DD text, money is minor units. JSON columns hold the text exactly as it is sent back.

CREATE TABLE trip (
    seq INTEGER PRIMARY KEY, -- names the trip's row in trip_search
    id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL, -- the owner; accounts may be the program's own, so nothing is referenced
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    start_date TEXT NOT NULL CHECK (length(start_date) = 10),
    end_date TEXT NOT NULL CHECK (length(end_date) = 10),
    status TEXT NOT NULL CHECK (status IN ('planning', 'booked', 'in_progress', 'completed', 'cancelled')),
    trip_type TEXT NOT NULL CHECK (trip_type IN ('leisure', 'business', 'family', 'solo', 'other')),
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'shared', 'public')),
    travelers INTEGER NOT NULL CHECK (travelers BETWEEN 1 AND 100),
    budget_total INTEGER CHECK (budget_total >= 0),
    budget_currency TEXT CHECK (length(budget_currency) = 3),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description TEXT CHECK (length(description) <= 2000),
    destination_names TEXT NOT NULL, -- JSON array of the stops' names: what lists show
    tags TEXT NOT NULL,              -- JSON array of text
    budget_breakdown TEXT,           -- JSON object
    destinations TEXT NOT NULL,      -- JSON array of stops
    preferences TEXT NOT NULL,       -- JSON object
    CHECK (end_date >= start_date),
    CHECK ((budget_total IS NULL) = (budget_currency IS NULL)),
    CHECK (budget_breakdown IS NULL OR budget_total IS NOT NULL)
) STRICT;

-- The owner's list in its default order; beside it the keys of the other orders, so that these are sorted from the index alone. (An
-- index per order would cost a creation more than all the rest of it; one person's trips are sorted in no time.)
CREATE INDEX trip_owner ON trip (user_id, id, updated_at, start_date, title) WHERE deleted_at IS NULL;
-- The owner's deleted trips; costs nothing until one is.
CREATE INDEX trip_owner_deleted ON trip (user_id, id, updated_at, start_date, title) WHERE deleted_at IS NOT NULL;
-- Purging what was deleted long ago.
CREATE INDEX trip_deleted ON trip (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE trip_collaborator (
    trip_id TEXT NOT NULL REFERENCES trip (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level IN (2, 3, 4)), -- view, edit, admin
    position INTEGER NOT NULL,                         -- the order in which they were added
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (trip_id, user_id)
) STRICT, WITHOUT ROWID;

-- What is shared with me, in the order of creation; carries the level, so that the role needs no second look.
CREATE INDEX trip_collaborator_user ON trip_collaborator (user_id, trip_id, level);

-- The first answer to a call that creates, for the calls that repeat it.
CREATE TABLE idempotency_key (
    seq INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL, -- '' for the service role
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32), -- SHA-256 of what was asked
    response TEXT NOT NULL,
    trip_id TEXT NOT NULL REFERENCES trip (id) ON DELETE CASCADE, -- the answer is a copy of it, or of something on it
    created_at INTEGER NOT NULL,
    UNIQUE (user_id, operation, key)
) STRICT;

CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
CREATE INDEX idempotency_key_trip ON idempotency_key (trip_id);

-- Full text of trips, items and notes. rowid is seq * 4 + kind (0 trip, 1 item, 2 note) of the row it mirrors, so that every
-- row is reached without a scan. Kept by explicit statements beside each change, never by triggers.
--   acl      who may find the row: 'u' and the 32 hexadecimal digits of the id of the owner and of each collaborator, and
--            'public' for what every signed-in user may read. A search asks for its own reader's token first, so that a
--            word which a million strangers' trips share costs nothing. Empty while the trip is deleted.
--   private  what members of the trip alone may find
CREATE VIRTUAL TABLE trip_search USING fts5 (
    acl, title, body, private, kind UNINDEXED, id UNINDEXED, trip_id UNINDEXED,
    tokenize = 'unicode61 remove_diacritics 2'
);
