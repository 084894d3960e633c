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
    planned_visit_date text COLLATE "C"
        CHECK (planned_visit_date = COALESCE(to_char(planned_visit_date::date::timestamp, 'YYYY-MM-DD'), '')),
    saved_at bigint NOT NULL DEFAULT tripsage.now_ms() CHECK (tripsage.is_instant(saved_at)),
    notes text COLLATE "C" CHECK (length(notes) <= 2000),
    UNIQUE (user_id, destination_id)
);

-- Purging a trip lets go of what was saved for it.
CREATE INDEX saved_destination_trip ON tripsage.saved_destination (trip_id) WHERE trip_id IS NOT NULL;

SELECT tripsage.protect('tripsage.destination'), tripsage.protect('tripsage.saved_destination');

GRANT SELECT ON tripsage.destination TO authenticated;
CREATE POLICY read ON tripsage.destination FOR SELECT TO authenticated USING (true);

GRANT SELECT, DELETE ON tripsage.saved_destination TO authenticated;
GRANT INSERT (id, user_id, destination_id, trip_id, priority, duration_days, planned_visit_date, saved_at, notes),
      UPDATE (trip_id, priority, duration_days, planned_visit_date, saved_at, notes)
    ON tripsage.saved_destination TO authenticated;

-- For a trip that is there to be read: a reference must not tell which ids exist.
CREATE POLICY own ON tripsage.saved_destination TO authenticated USING (user_id = (SELECT auth.uid()::text))
    WITH CHECK (user_id = (SELECT auth.uid()::text)
                AND (trip_id IS NULL OR EXISTS (SELECT 1 FROM tripsage.trip t WHERE t.id = trip_id AND t.deleted_at IS NULL)));

-- ---- for clients of Supabase ----

CREATE VIEW tripsage.destinations WITH (security_invoker = true) AS
SELECT id, name, country, country_code, continent, latitude, longitude, timezone, currency, tags::jsonb, best_months::jsonb, daily_cost,
       description
FROM tripsage.destination;

CREATE VIEW tripsage.saved_destinations WITH (security_invoker = true) AS
SELECT id::uuid, user_id::uuid, destination_id, trip_id::uuid, priority, duration_days, planned_visit_date::date,
       tripsage.instant(saved_at) AS saved_at, notes
FROM tripsage.saved_destination;

GRANT SELECT ON tripsage.destinations, tripsage.saved_destinations TO authenticated, service_role;

SELECT tripsage.migration_applied(5, 'destinations');
