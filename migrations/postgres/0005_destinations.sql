-- The catalogue of destinations as it comes with the library (trip/catalogue.c loads it), and what users keep of it.

CREATE TABLE tripsage.destination (
    seq bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    name text COLLATE "C" NOT NULL,
    folded text COLLATE "C" NOT NULL, -- the name as words are compared: lower-case letters without marks
    country text COLLATE "C" NOT NULL,
    country_code text COLLATE "C" NOT NULL CHECK (length(country_code) = 2),
    continent text COLLATE "C" NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    timezone text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    tags text COLLATE "C" NOT NULL CHECK (jsonb_typeof(tags::jsonb) = 'array'),               -- of text
    best_months text COLLATE "C" NOT NULL CHECK (jsonb_typeof(best_months::jsonb) = 'array'), -- of 1..12
    daily_cost bigint NOT NULL CHECK (daily_cost > 0), -- US cents
    description text COLLATE "C" NOT NULL
);

CREATE TABLE tripsage.saved_destination (
    id text COLLATE "C" NOT NULL DEFAULT tripsage.uuid7() PRIMARY KEY CHECK (id = id::uuid::text),
    user_id text COLLATE "C" NOT NULL CHECK (user_id = user_id::uuid::text),
    destination_id text COLLATE "C" NOT NULL, -- not a reference: the catalogue is replaced as a whole
    trip_id text COLLATE "C" REFERENCES tripsage.trip (id) ON DELETE SET NULL,
    priority integer NOT NULL CHECK (priority BETWEEN 1 AND 5), -- 5 is the highest
    duration_days integer CHECK (duration_days BETWEEN 1 AND 365),
    planned_visit_date text COLLATE "C" CHECK (planned_visit_date = to_char(planned_visit_date::date, 'YYYY-MM-DD')),
    saved_at bigint NOT NULL DEFAULT tripsage.now_ms() CHECK (tripsage.is_instant(saved_at)),
    notes text COLLATE "C" CHECK (length(notes) <= 2000),
    UNIQUE (user_id, destination_id)
);

-- Purging a trip lets go of what was saved for it.
CREATE INDEX saved_destination_trip ON tripsage.saved_destination (trip_id) WHERE trip_id IS NOT NULL;

SELECT tripsage.migration_applied(5, 'destinations');
