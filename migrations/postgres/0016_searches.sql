-- What users searched for: requests, saved or only noted, and how often on which day.

CREATE TABLE tripsage.search_entry (
    id text COLLATE "C" NOT NULL DEFAULT tripsage.uuid7() PRIMARY KEY CHECK (id = id::uuid::text),
    user_id text COLLATE "C" NOT NULL CHECK (user_id = user_id::uuid::text),
    digest text COLLATE "C" NOT NULL CHECK (octet_length(digest) = 64), -- of the request: the same one is there once
    query text COLLATE "C" NOT NULL,
    request text COLLATE "C" NOT NULL CHECK (octet_length(request) <= 65536 AND jsonb_typeof(request::jsonb) = 'object'),
    times bigint NOT NULL DEFAULT 1,
    searched_at bigint NOT NULL DEFAULT tripsage.now_ms() CHECK (tripsage.is_instant(searched_at)),
    saved_at bigint CHECK (tripsage.is_instant(saved_at)), -- NULL: only noted
    UNIQUE (user_id, digest)
);

CREATE INDEX search_entry_user ON tripsage.search_entry (user_id, searched_at, id);
CREATE INDEX search_entry_saved ON tripsage.search_entry (user_id, searched_at, id) WHERE saved_at IS NOT NULL;

CREATE TABLE tripsage.search_tally (
    user_id text COLLATE "C" NOT NULL CHECK (user_id = user_id::uuid::text),
    day text COLLATE "C" NOT NULL CHECK (length(day) = 10),
    query text COLLATE "C" NOT NULL, -- its words
    searches bigint NOT NULL,
    hits bigint NOT NULL, -- of these, given from memory
    PRIMARY KEY (user_id, day, query)
);

SELECT tripsage.protect('tripsage.search_entry'), tripsage.protect('tripsage.search_tally');

GRANT SELECT, INSERT, DELETE ON tripsage.search_entry, tripsage.search_tally TO authenticated;
GRANT UPDATE (times, searched_at, saved_at) ON tripsage.search_entry TO authenticated;
GRANT UPDATE (searches, hits) ON tripsage.search_tally TO authenticated;
CREATE POLICY own ON tripsage.search_entry TO authenticated USING (user_id = (SELECT auth.uid()::text))
    WITH CHECK (user_id = (SELECT auth.uid()::text));
CREATE POLICY own ON tripsage.search_tally TO authenticated USING (user_id = (SELECT auth.uid()::text))
    WITH CHECK (user_id = (SELECT auth.uid()::text));

CREATE FUNCTION tripsage.account_searches() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM tripsage.search_entry e WHERE e.user_id = OLD.id;
    DELETE FROM tripsage.search_tally t WHERE t.user_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER account_searches AFTER DELETE ON tripsage.account FOR EACH ROW EXECUTE FUNCTION tripsage.account_searches();
CREATE TRIGGER account_searches_buried AFTER UPDATE OF deleted_at ON tripsage.account
FOR EACH ROW WHEN (NEW.deleted_at <> 0) EXECUTE FUNCTION tripsage.account_searches();
REVOKE ALL ON FUNCTION tripsage.account_searches() FROM PUBLIC;

-- ---- for clients of Supabase ----

CREATE VIEW tripsage.searches WITH (security_invoker = true) AS
SELECT id::uuid, user_id::uuid, query, request::jsonb, times, tripsage.instant(searched_at) AS searched_at, tripsage.instant(saved_at) AS saved_at
FROM tripsage.search_entry;

GRANT SELECT ON tripsage.searches TO authenticated, service_role;

SELECT tripsage.migration_applied(16, 'searches');
