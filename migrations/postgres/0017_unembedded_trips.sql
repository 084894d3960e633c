-- Trips whose vector (in the collection "trips") is still to be made: it is made when somebody asks for it.

-- From a change of a trip's texts on until its vector is made of them. Who makes one reads the texts together with `version`, and writes it only
-- where that stands here still. A change of whatever the vector's row says of the trip locks the trip's row here before it looks at the
-- vector's, and whoever makes a vector locks it, too: so neither misses what the other has done.
CREATE TABLE tripsage.trip_unembedded (
    seq bigint PRIMARY KEY,
    version bigint NOT NULL -- the trip's at the last of these changes
);
SELECT tripsage.protect('tripsage.trip_unembedded');
GRANT SELECT, INSERT, UPDATE, DELETE ON tripsage.trip_unembedded TO tripsage_definer;
CREATE POLICY definer ON tripsage.trip_unembedded TO tripsage_definer USING (true) WITH CHECK (true);

INSERT INTO tripsage.trip_unembedded (seq, version)
SELECT t.seq, t.version FROM tripsage.trip t WHERE NOT EXISTS (
    SELECT FROM tripsage.vector_item v JOIN tripsage.vector_collection c ON c.id = v.collection_id WHERE c.name = 'trips' AND v.id = t.id);

DROP TRIGGER vector_gone ON tripsage.trip;
DROP TRIGGER vector_texts ON tripsage.trip;
DROP TRIGGER vector_owner ON tripsage.trip;
DROP FUNCTION tripsage.trip_vector_follow();
DROP FUNCTION tripsage.trip_vector_put(text, bigint, real[], bigint, bigint, bigint, text);

CREATE FUNCTION tripsage.trip_vector_follow() RETURNS trigger
LANGUAGE plpgsql SET search_path = tripsage, pg_temp
AS $$
BEGIN
    IF TG_ARGV[0] = 'texts' THEN
        INSERT INTO trip_unembedded AS u (seq, version) VALUES (NEW.seq, NEW.version) ON CONFLICT (seq) DO UPDATE SET version = excluded.version;
    ELSIF TG_ARGV[0] = 'owner' THEN
        UPDATE trip_unembedded u SET version = NEW.version WHERE u.seq = NEW.seq;
        UPDATE vector_item i SET owner_id = trip_vector_owner(NEW)
        WHERE i.collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = 'trips') AND i.id = NEW.id;
    ELSE
        DELETE FROM trip_unembedded u WHERE u.seq = OLD.seq;
    END IF;
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND TG_ARGV[0] = 'texts' THEN
        DELETE FROM vector_item i
        WHERE i.collection_id = (SELECT c.id FROM vector_collection c WHERE c.name = 'trips') AND i.id = OLD.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER vector_new AFTER INSERT ON tripsage.trip FOR EACH ROW EXECUTE FUNCTION tripsage.trip_vector_follow('texts');
CREATE TRIGGER vector_gone AFTER DELETE ON tripsage.trip FOR EACH ROW EXECUTE FUNCTION tripsage.trip_vector_follow('gone');
CREATE TRIGGER vector_texts AFTER UPDATE OF title, description, destinations, tags ON tripsage.trip FOR EACH ROW
WHEN ((OLD.title, OLD.description, OLD.destinations, OLD.tags) IS DISTINCT FROM (NEW.title, NEW.description, NEW.destinations, NEW.tags))
EXECUTE FUNCTION tripsage.trip_vector_follow('texts');
CREATE TRIGGER vector_owner AFTER UPDATE OF user_id, visibility, deleted_at ON tripsage.trip FOR EACH ROW
WHEN ((OLD.user_id, OLD.visibility, OLD.deleted_at) IS DISTINCT FROM (NEW.user_id, NEW.visibility, NEW.deleted_at))
EXECUTE FUNCTION tripsage.trip_vector_follow('owner');

-- Whether there are any, by the index: the table may be full of rows that were there.
CREATE FUNCTION tripsage.is_any_trip_unembedded() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = tripsage, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM trip_unembedded u ORDER BY u.seq DESC LIMIT 1);
END
$$;

-- Named where pgvector stands, as in 0006_vectors.sql.
SELECT set_config('tripsage.search_path', current_setting('search_path'), false);
SELECT set_config('search_path', format('tripsage, %I, pg_temp', n.nspname), false)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';
-- Puts the vector made of a trip's texts, which were read with this version; none where there was no word in them. What another one has in
-- hand is passed over: waiting, two that make the same vectors, or a change of several trips, could wait for each other.
CREATE FUNCTION tripsage.trip_vector_put(trip text, version bigint, embedding real[], now bigint, dimensions bigint, metric bigint, embedder text)
RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    here constant bigint := (SELECT c.id FROM vector_collection c
                             WHERE (c.name, c.dimensions, c.metric, c.embedder) = ('trips', $5, $6, $7));
    wanted bigint;
BEGIN
    SELECT u.seq INTO wanted FROM trip_unembedded u
    WHERE here IS NOT NULL AND u.seq = (SELECT t.seq FROM trip t WHERE t.id = $1) AND u.version = $2
    FOR UPDATE SKIP LOCKED;
    IF wanted IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO vector_item (collection_id, id, owner_id, embedding, updated_at)
    SELECT here, t.id, trip_vector_owner(t), $3::vector, $4 FROM trip t WHERE t.seq = wanted AND $3 IS NOT NULL
    ON CONFLICT (collection_id, id) DO UPDATE SET
        owner_id = excluded.owner_id, embedding = excluded.embedding, updated_at = excluded.updated_at;
    DELETE FROM trip_unembedded u WHERE u.seq = wanted;
    RETURN true;
END
$$;
SELECT set_config('search_path', current_setting('tripsage.search_path'), false);

SELECT tripsage.give_to_definer('tripsage.trip_vector_follow()', 'tripsage_definer'),
       tripsage.give_to_definer('tripsage.is_any_trip_unembedded()', 'authenticated', 'service_role'),
       tripsage.give_to_definer('tripsage.trip_vector_put(text, bigint, real[], bigint, bigint, bigint, text)', 'service_role');

-- ---- items, in a database that nobody has analyzed ----

-- As in 0006_vectors.sql, but each id is looked up, where a planner without statistics may read the collection.
DROP FUNCTION tripsage.vector_is_foreign(bigint, json);
CREATE FUNCTION tripsage.vector_is_foreign(collection_id bigint, rows json) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM (SELECT r ->> 0 AS id FROM json_array_elements($2) r OFFSET 0) i,
               LATERAL (SELECT o.owner_id FROM tripsage.vector_item o WHERE o.collection_id = $1 AND o.id = i.id OFFSET 0) o
               WHERE o.owner_id <> (SELECT tripsage.user_id()));
SELECT tripsage.give_to_definer('tripsage.vector_is_foreign(bigint, json)', 'authenticated', 'service_role');

-- The item is found by its seq alone and then compared: asked for owner and collection as well, a planner without statistics reads all of the
-- owner's items for each text that is put.
ALTER POLICY vector_text_insert ON tripsage.vector_text
    WITH CHECK (owner_id = (SELECT auth.uid()::text)
        AND (SELECT i.collection_id = vector_text.collection_id AND i.owner_id = vector_text.owner_id
             FROM tripsage.vector_item i WHERE i.seq = vector_text.seq));

SELECT tripsage.migration_applied(17, 'unembedded_trips');
