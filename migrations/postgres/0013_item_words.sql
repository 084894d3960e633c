-- Texts of items, searchable by their words.
--
-- Words are the library's (vector/hybrid_terms.h), so that they are the same on every engine: a text that is written without them is
-- found by meaning only, until the library writes it.

-- Beside the items, whose rows searches by meaning read one after the other. An item without a text has no row.
CREATE TABLE tripsage.vector_text (
    seq bigint PRIMARY KEY REFERENCES tripsage.vector_item (seq) ON DELETE CASCADE,
    collection_id bigint NOT NULL, -- the item's, as is the owner: what words say of a text is counted over what its reader may find
    owner_id text COLLATE "C" NOT NULL,
    length bigint NOT NULL DEFAULT 0 CHECK (length >= 0), -- in words
    text text NOT NULL CHECK (octet_length(text) <= 16384),
    terms text COLLATE "C" NOT NULL DEFAULT '' CHECK (octet_length(terms) <= 65536), -- each word between spaces of its own
    -- the words, and who may find the text: '@c' and the collection's id, and the same with 'e' (everybody) or 'u' and the owner behind
    document tsvector NOT NULL
);

-- How many texts there are, and how long, for one reader: from the index alone.
CREATE INDEX vector_text_owner ON tripsage.vector_text (collection_id, owner_id, length);
-- Without a list of what waits to be put in: every search would walk it.
CREATE INDEX vector_text_document ON tripsage.vector_text USING gin (document) WITH (fastupdate = off);

-- Whoever writes, a text is its item's, in the same hands, and can be reached by those who may find the item.
CREATE FUNCTION tripsage.vector_text_document() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.document := array_to_tsvector(
        ARRAY['@c' || NEW.collection_id,
              '@c' || NEW.collection_id || CASE NEW.owner_id WHEN '' THEN 'e' ELSE 'u' || replace(NEW.owner_id, '-', '') END]
        || CASE NEW.terms WHEN '' THEN '{}' ELSE string_to_array(btrim(NEW.terms), '  ') END);
    RETURN NEW;
END
$$;
CREATE TRIGGER vector_text_document BEFORE INSERT OR UPDATE ON tripsage.vector_text
FOR EACH ROW EXECUTE FUNCTION tripsage.vector_text_document();

CREATE FUNCTION tripsage.vector_text_follow() RETURNS trigger
LANGUAGE plpgsql SET search_path = tripsage, pg_temp
AS $$
BEGIN
    UPDATE vector_text SET collection_id = NEW.collection_id, owner_id = NEW.owner_id WHERE seq = NEW.seq;
    RETURN NULL;
END
$$;
CREATE TRIGGER vector_text_follow AFTER UPDATE OF collection_id, owner_id ON tripsage.vector_item
FOR EACH ROW WHEN ((OLD.collection_id, OLD.owner_id) IS DISTINCT FROM (NEW.collection_id, NEW.owner_id))
EXECUTE FUNCTION tripsage.vector_text_follow();

-- ---- who sees what: as of the items ----

SELECT tripsage.protect('tripsage.vector_text');
GRANT SELECT, INSERT, DELETE ON tripsage.vector_text TO authenticated;
GRANT SELECT, UPDATE ON tripsage.vector_text TO tripsage_definer;
CREATE POLICY vector_text_read ON tripsage.vector_text FOR SELECT TO authenticated
    USING (owner_id = ANY (ARRAY['', (SELECT auth.uid()::text)]));
CREATE POLICY vector_text_insert ON tripsage.vector_text FOR INSERT TO authenticated
    WITH CHECK (owner_id = (SELECT auth.uid()::text)
        AND EXISTS (SELECT FROM tripsage.vector_item i
                    WHERE i.seq = vector_text.seq AND i.collection_id = vector_text.collection_id AND i.owner_id = vector_text.owner_id));
CREATE POLICY vector_text_delete ON tripsage.vector_text FOR DELETE TO authenticated USING (owner_id = (SELECT auth.uid()::text));
CREATE POLICY vector_text_definer ON tripsage.vector_text TO tripsage_definer USING (true) WITH CHECK (true);
SELECT tripsage.give_to_definer('tripsage.vector_text_follow()', 'authenticated', 'service_role');

-- ---- search ----

-- The numbers of a vector in network order. Named where pgvector stands, as in 0006_vectors.sql.
SELECT set_config('tripsage.search_path', current_setting('search_path'), false);
SELECT set_config('search_path', format('tripsage, %I, pg_temp', n.nspname), false)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';
CREATE FUNCTION tripsage.vector_numbers(embedding vector) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substr(vector_send(embedding), 5);
REVOKE ALL ON FUNCTION tripsage.vector_numbers(vector) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tripsage.vector_numbers(vector) TO authenticated, service_role;

-- What has any of the words, best first by BM25 (Robertson and Zaragoza, 2009; k1 = 1.2, b = 0.75) over what the asker may find in the
-- collection, and a few more than wanted: the library computes the scores again, with the same arithmetic on every engine, from what is
-- given with each row. That is `counts`: the text's length and how often it has each word; `spread`: in how many texts each word is. Both
-- are 4-byte numbers in network order. Words come in lines. No policy lets a GIN index answer, so this looks past them and asks itself
-- who may know.
CREATE FUNCTION tripsage.vector_find_words(name text, dimensions bigint, metric bigint, embedder text, words text, wanted bigint, filter text)
RETURNS TABLE (id text, metadata text, counts bytea, spread bytea)
LANGUAGE plpgsql STABLE SET search_path = tripsage, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    reader constant text := CASE WHEN current_setting('role') = 'service_role' THEN NULL ELSE COALESCE(user_id(), '-') END;
    here constant bigint := (SELECT c.id FROM vector_collection c WHERE (c.name, c.dimensions, c.metric, c.embedder) = ($1, $2, $3, $4));
    patterns constant text[] := ARRAY(SELECT ' ' || w || ' ' FROM string_to_table(words, chr(10)) WITH ORDINALITY l (w, n) ORDER BY n);
    scope constant text := CASE WHEN reader IS NULL THEN format('''@c%s''', here)
                                ELSE format('(''@c%s''|''@c%su%s'')', here || 'e', here, replace(reader, '-', '')) END;
    query constant tsquery := (scope || '&(' || (SELECT string_agg('''' || btrim(p) || '''', '|') FROM unnest(patterns) p) || ')')::tsquery;
    texts double precision;
    usual double precision;
BEGIN
    SELECT count(*), COALESCE(avg(t.length), 0) INTO texts, usual FROM vector_text t
    WHERE t.collection_id = here AND (reader IS NULL OR t.owner_id IN ('', reader));
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT t.seq, t.length,
               ARRAY(SELECT (octet_length(t.terms) - octet_length(replace(t.terms, p, ''))) / octet_length(p)
                     FROM unnest(patterns) WITH ORDINALITY u (p, n) ORDER BY n) AS times
        FROM vector_text t
        WHERE t.document @@ query AND t.collection_id = here AND (reader IS NULL OR t.owner_id IN ('', reader))
    ), word AS MATERIALIZED (
        SELECT u.n, count(*) FILTER (WHERE u.times > 0)::integer AS texts
        FROM found f, unnest(f.times) WITH ORDINALITY u (times, n) GROUP BY u.n
    ), weight AS MATERIALIZED (
        SELECT array_agg(ln(1 + (texts - w.texts + 0.5) / (w.texts + 0.5)) ORDER BY w.n) AS idf,
               string_agg(int4send(w.texts), ''::bytea ORDER BY w.n) AS spread
        FROM word w
    )
    SELECT i.id, i.metadata,
           int4send(f.length::integer) || (SELECT string_agg(int4send(u.times), ''::bytea ORDER BY u.n)
                                           FROM unnest(f.times) WITH ORDINALITY u (times, n)),
           w.spread
    FROM found f CROSS JOIN weight w JOIN vector_item i ON i.seq = f.seq
    WHERE i.collection_id = here AND (filter IS NULL OR filter = '' OR i.document @> filter::jsonb)
    ORDER BY (SELECT sum(u.idf * u.times * 2.2::double precision
                         / (u.times + 1.2::double precision * (0.25::double precision + 0.75::double precision * f.length / usual)))
              FROM unnest(f.times, w.idf) u (times, idf) WHERE u.times > 0) DESC, i.id
    LIMIT wanted + 8;
END
$$;
GRANT SELECT ON tripsage.vector_collection TO tripsage_definer;
CREATE POLICY vector_collection_definer ON tripsage.vector_collection FOR SELECT TO tripsage_definer USING (true);
SELECT tripsage.give_to_definer('tripsage.vector_find_words(text, bigint, bigint, text, text, bigint, text)', 'authenticated', 'service_role');

-- ---- vectors of trips ----
--
-- In the collection "trips", under the trips' ids, written by the library with the trip. The owner is a copy of the trip's rights, and
-- narrows a search.

GRANT SELECT, INSERT, UPDATE, DELETE ON tripsage.vector_item TO tripsage_definer;
DROP POLICY vector_item_definer ON tripsage.vector_item;
CREATE POLICY vector_item_definer ON tripsage.vector_item TO tripsage_definer USING (true) WITH CHECK (true);

-- Users leave the collections of the catalogue and of the trips alone.
CREATE FUNCTION tripsage.vector_is_kept(collection_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM tripsage.vector_collection c WHERE c.id = $1 AND c.name IN ('destinations', 'trips'));
REVOKE ALL ON FUNCTION tripsage.vector_is_kept(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tripsage.vector_is_kept(bigint) TO authenticated, service_role;
CREATE POLICY vector_item_kept_insert ON tripsage.vector_item AS RESTRICTIVE FOR INSERT TO authenticated
    WITH CHECK (NOT tripsage.vector_is_kept(collection_id));
CREATE POLICY vector_item_kept_update ON tripsage.vector_item AS RESTRICTIVE FOR UPDATE TO authenticated
    USING (NOT tripsage.vector_is_kept(collection_id)) WITH CHECK (NOT tripsage.vector_is_kept(collection_id));
CREATE POLICY vector_item_kept_delete ON tripsage.vector_item AS RESTRICTIVE FOR DELETE TO authenticated
    USING (NOT tripsage.vector_is_kept(collection_id));

CREATE FUNCTION tripsage.trip_vector_owner(trip tripsage.trip) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (trip).deleted_at IS NOT NULL THEN '-' WHEN (trip).visibility = 'public' THEN '' ELSE (trip).user_id END;

-- Takes the vector of a trip away whose texts change: the library, which writes another one, puts it behind.
CREATE FUNCTION tripsage.trip_vector_follow() RETURNS trigger
LANGUAGE plpgsql SET search_path = tripsage, pg_temp
AS $$
DECLARE
    here constant bigint := (SELECT c.id FROM vector_collection c WHERE c.name = 'trips');
BEGIN
    IF TG_OP = 'DELETE' OR TG_ARGV[0] = 'texts' THEN
        DELETE FROM vector_item i WHERE i.collection_id = here AND i.id = OLD.id;
    ELSE
        UPDATE vector_item i SET owner_id = trip_vector_owner(NEW) WHERE i.collection_id = here AND i.id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER vector_gone AFTER DELETE ON tripsage.trip FOR EACH ROW EXECUTE FUNCTION tripsage.trip_vector_follow();
CREATE TRIGGER vector_texts AFTER UPDATE OF title, description, destinations, tags ON tripsage.trip FOR EACH ROW
WHEN ((OLD.title, OLD.description, OLD.destinations, OLD.tags) IS DISTINCT FROM (NEW.title, NEW.description, NEW.destinations, NEW.tags))
EXECUTE FUNCTION tripsage.trip_vector_follow('texts');
CREATE TRIGGER vector_owner AFTER UPDATE OF user_id, visibility, deleted_at ON tripsage.trip FOR EACH ROW
WHEN ((OLD.user_id, OLD.visibility, OLD.deleted_at) IS DISTINCT FROM (NEW.user_id, NEW.visibility, NEW.deleted_at))
EXECUTE FUNCTION tripsage.trip_vector_follow();

-- For who may edit a trip, if it has this version still.
CREATE FUNCTION tripsage.trip_vector_put(trip text, version bigint, embedding real[], now bigint, dimensions bigint, metric bigint, embedder text)
RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO vector_item (collection_id, id, owner_id, embedding, updated_at)
    SELECT c.id, t.id, trip_vector_owner(t), $3::vector, $4
    FROM trip t, vector_collection c
    WHERE t.id = $1 AND t.version = $2 AND trip_role(t.id) >= 3 AND (c.name, c.dimensions, c.metric, c.embedder) = ('trips', $5, $6, $7)
    ON CONFLICT (collection_id, id) DO UPDATE SET
        owner_id = excluded.owner_id, embedding = excluded.embedding, updated_at = excluded.updated_at;
    RETURN FOUND;
END
$$;

-- For who may read it; NULL where there is none.
CREATE FUNCTION tripsage.trip_vector(trip text) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (SELECT vector_numbers(i.embedding) FROM vector_item i JOIN vector_collection c ON c.id = i.collection_id
            WHERE c.name = 'trips' AND i.id = $1 AND trip_role($1) >= 1);
END
$$;

-- The trips nearest to a vector, or to that of a trip that the caller may read, among those that he may read, and some more: who asks
-- looks at the trips.
CREATE FUNCTION tripsage.trip_similar(trip text, query real[], wanted bigint)
RETURNS TABLE (id text, embedding bytea, by_index boolean)
LANGUAGE plpgsql STABLE ROWS 20 SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    is_service constant boolean := current_setting('role') = 'service_role';
    asker constant text := CASE WHEN NOT is_service THEN COALESCE(user_id(), '-') END;
    here constant vector_collection := (SELECT c FROM vector_collection c WHERE c.name = 'trips');
    target constant vector := COALESCE($2::vector, (SELECT i.embedding FROM vector_item i
                                                    WHERE i.collection_id = here.id AND i.id = $1 AND trip_role($1) >= 1));
BEGIN
    IF target IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT i.id, vector_numbers(i.embedding), n.method = 'hnsw'
    FROM vector_nearest(here, target, wanted + 1, asker, NULL) n, vector_item i
    WHERE i.seq = ANY (n.seqs) AND i.id <> $1
    UNION ALL
    SELECT i.id, vector_numbers(i.embedding), false
    FROM trip_collaborator s JOIN vector_item i ON i.collection_id = here.id AND i.id = s.trip_id
    WHERE s.user_id = asker AND i.owner_id <> '' AND i.owner_id <> asker AND i.id <> $1;
END
$$;

SELECT tripsage.give_to_definer('tripsage.trip_vector_follow()', 'tripsage_definer'),
       tripsage.give_to_definer('tripsage.trip_vector_put(text, bigint, real[], bigint, bigint, bigint, text)', 'authenticated', 'service_role'),
       tripsage.give_to_definer('tripsage.trip_vector(text)', 'authenticated', 'service_role'),
       tripsage.give_to_definer('tripsage.trip_similar(text, real[], bigint)', 'authenticated', 'service_role');
DO $$
DECLARE
    needed regprocedure;
BEGIN
    FOR needed IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'tripsage'::regnamespace
            AND p.proname IN ('vector_nearest', 'vector_indexed', 'vector_scan_limit', 'vector_numbers') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tripsage_definer', needed);
    END LOOP;
END
$$;
SELECT set_config('search_path', current_setting('tripsage.search_path'), false);

SELECT tripsage.migration_applied(13, 'item_words');
