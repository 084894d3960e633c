-- The catalogue of destinations as it comes with the library (trip/catalogue.c loads it), and what users keep of it.

CREATE TABLE destination (
    seq INTEGER PRIMARY KEY, -- names the place's row in destination_text
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL, -- the name as words are compared: lower-case letters without marks
    country TEXT NOT NULL,
    country_code TEXT NOT NULL CHECK (length(country_code) = 2),
    continent TEXT NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    timezone TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    tags TEXT NOT NULL,        -- JSON array of text
    best_months TEXT NOT NULL, -- JSON array of 1..12
    daily_cost INTEGER NOT NULL CHECK (daily_cost > 0), -- US cents
    description TEXT NOT NULL
) STRICT;

-- Reads its text from the table; rebuilt when the catalogue is loaded.
CREATE VIRTUAL TABLE destination_text USING fts5 (
    folded, country, continent, tags, description,
    content = 'destination', content_rowid = 'seq', tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE saved_destination (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    destination_id TEXT NOT NULL, -- not a reference: the catalogue is replaced as a whole
    trip_id TEXT REFERENCES trip (id) ON DELETE SET NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 5), -- 5 is the highest
    duration_days INTEGER CHECK (duration_days BETWEEN 1 AND 365),
    planned_visit_date TEXT CHECK (length(planned_visit_date) = 10),
    saved_at INTEGER NOT NULL,
    notes TEXT CHECK (length(notes) <= 2000),
    UNIQUE (user_id, destination_id)
) STRICT;

-- Purging a trip lets go of what was saved for it.
CREATE INDEX saved_destination_trip ON saved_destination (trip_id) WHERE trip_id IS NOT NULL;
