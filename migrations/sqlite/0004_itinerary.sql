-- What is planned on a trip, and the notes of its members. Both are mirrored in trip_search (kinds 1 and 2).

CREATE TABLE itinerary_item (
    seq INTEGER PRIMARY KEY, -- names the item's row in trip_search
    id TEXT NOT NULL UNIQUE,
    trip_id TEXT NOT NULL REFERENCES trip (id) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    sort_at INTEGER NOT NULL, -- its place in the itinerary: start_at, or the beginning of item_date in its zone
    start_at INTEGER,         -- the instants of the local times, computed when these are written
    end_at INTEGER,
    item_date TEXT NOT NULL CHECK (length(item_date) = 10),
    start_time TEXT CHECK (length(start_time) = 5),
    end_date TEXT CHECK (length(end_date) = 10), -- null: the item_date; may lie before it (a flight over the date line)
    end_time TEXT CHECK (length(end_time) = 5),
    timezone TEXT NOT NULL,
    end_timezone TEXT, -- null: the timezone
    item_type TEXT NOT NULL CHECK (item_type IN ('activity', 'accommodation', 'transport', 'meal', 'event', 'other')),
    booking_status TEXT NOT NULL CHECK (booking_status IN ('planned', 'reserved', 'booked', 'completed', 'cancelled')),
    -- null: what item_type says
    category TEXT CHECK (category IN ('accommodation', 'transportation', 'food', 'activities', 'miscellaneous')),
    is_flexible INTEGER NOT NULL CHECK (is_flexible IN (0, 1)),
    cost INTEGER CHECK (cost >= 0),
    currency TEXT CHECK (length(currency) = 3),
    title TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description TEXT CHECK (length(description) <= 2000),
    location_name TEXT CHECK (length(location_name) <= 200),
    location_address TEXT CHECK (length(location_address) <= 500),
    latitude REAL CHECK (latitude BETWEEN -90 AND 90),
    longitude REAL CHECK (longitude BETWEEN -180 AND 180),
    booking_reference TEXT CHECK (length(booking_reference) <= 100),
    notes TEXT CHECK (length(notes) <= 2000),
    details TEXT NOT NULL, -- JSON object
    CHECK ((start_time IS NULL) = (start_at IS NULL)),
    CHECK ((end_time IS NULL) = (end_at IS NULL)),
    CHECK (end_at >= start_at),
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (cost IS NULL OR currency IS NOT NULL)
) STRICT;

-- The itinerary in its order, and how many items a trip has.
CREATE INDEX itinerary_item_trip ON itinerary_item (trip_id, sort_at, id);

CREATE TABLE trip_note (
    seq INTEGER PRIMARY KEY, -- names the note's row in trip_search
    id TEXT NOT NULL UNIQUE,
    trip_id TEXT NOT NULL REFERENCES trip (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL, -- the author; '' for the service role
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    content TEXT NOT NULL CHECK (length(content) BETWEEN 1 AND 10000)
) STRICT;

-- A trip's notes, oldest first.
CREATE INDEX trip_note_trip ON trip_note (trip_id, id);
