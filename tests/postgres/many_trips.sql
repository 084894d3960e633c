-- A database of :N trips of :N / 20 owners, from :T on (milliseconds since 1970). Triggers sleep meanwhile: they would do row by row what is
-- done here at once.
SET session_replication_role = replica;
SET search_path = tripsage, extensions, public;

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN '0189' || kind || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0');
CREATE FUNCTION pg_temp.user_of(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN '0189aaaa-0000-7000-8000-' || lpad(to_hex(1 + n % (:N / 20)), 12, '0');

INSERT INTO account (id, email, password_hash, created_at, updated_at)
SELECT pg_temp.user_of(n), 'user' || n || '@example.org', 'x', :T + n, :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO session (id, user_id, created_at, refreshed_at, not_after, amr)
SELECT pg_temp.id('bbbb', n), pg_temp.user_of(n), :T + n, :T + n, :T + n, '[]' FROM generate_series(1, :N / 20) n;

INSERT INTO one_time_token (user_id, purpose, address, hash, created_at)
SELECT pg_temp.user_of(n), 'recovery', 'user' || n || '@example.org', 'h' || n, :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO mail_request (recipient, hash, asked_at) SELECT 'r' || n, 'h' || n, :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO flow_state (id, user_id, purpose, auth_code, challenge, method, amr_method, created_at)
SELECT pg_temp.id('dddd', n), pg_temp.user_of(n), 'recovery', 'c' || n, 'x', 's256', 'otp', :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO factor (id, user_id, friendly_name, status, secret, created_at, updated_at)
SELECT pg_temp.id('dddc', n), pg_temp.user_of(n), 'phone', 'verified', 'enc:v1:x', :T + n, :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO challenge (id, factor_id, created_at)
SELECT pg_temp.id('dddb', n), pg_temp.id('dddc', n), :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO recovery_code (user_id, hash)
SELECT pg_temp.user_of(n), 'h' || k FROM generate_series(1, :N / 20) n, generate_series(1, 10) k;

INSERT INTO trip (id, user_id, version, created_at, updated_at, deleted_at, start_date, end_date, status, trip_type, visibility, travelers,
                  title, description, destination_names, tags, destinations, preferences)
SELECT pg_temp.id('cccc', n), pg_temp.user_of(n), 1, :T + n, :T + n, CASE WHEN n % 50 = 0 THEN :T + n END, '2026-11-02', '2026-11-09',
       'planning', 'leisure', CASE WHEN n % 10 = 0 THEN 'public' ELSE 'private' END, 2, 'Trip ' || n, 'What is planned on trip ' || n,
       '["Kyoto"]', '["tag' || n % 1000 || '"]', '[{"name":"Kyoto","country":"Japan","city":null}]', '{}'
FROM generate_series(1, :N) n;

INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by, added_at)
SELECT pg_temp.id('cccc', n), pg_temp.user_of(n + k), 1 + k, k, pg_temp.user_of(n), :T + n
FROM generate_series(1, :N, 10) n, generate_series(1, 3) k;

INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)
SELECT pg_temp.user_of(n), 'trip_create', n, sha256('x'), '{}', pg_temp.id('cccc', n), :T + n FROM generate_series(1, :N, 5) n;

INSERT INTO itinerary_item (id, trip_id, version, created_at, updated_at, sort_at, item_date, timezone, item_type, booking_status,
                            is_flexible, title, details)
SELECT pg_temp.id('dddd', n), pg_temp.id('cccc', n), 1, :T + n, :T + n, :T + n, '2026-11-03', 'Asia/Tokyo', 'meal', 'planned', 0,
       'Item ' || n, '{}'
FROM generate_series(1, :N) n;

INSERT INTO trip_note (id, trip_id, user_id, version, created_at, updated_at, content)
SELECT pg_temp.id('eeee', n), pg_temp.id('cccc', n), pg_temp.user_of(n), 1, :T + n, :T + n, 'Note ' || n FROM generate_series(1, :N, 4) n;

INSERT INTO saved_destination (id, user_id, destination_id, trip_id, priority, saved_at)
SELECT pg_temp.id('ffff', n), pg_temp.user_of(n), 'kyoto-jp', pg_temp.id('cccc', n), 3, :T + n FROM generate_series(1, :N / 20) n;

INSERT INTO memory (id, user_id, memory_type, name, content, categories, created_at, updated_at)
SELECT pg_temp.id('3e30', n), pg_temp.user_of(n), 'user_preference', CASE WHEN n % 3 = 0 THEN 'key ' || n END, 'I like train ' || n,
       '["preferences"]', :T + n, :T + n
FROM generate_series(1, :N / 4) n;

INSERT INTO search_entry (id, user_id, digest, query, request, searched_at, saved_at)
SELECT pg_temp.id('5ea4', n), pg_temp.user_of(n), md5(n::text) || md5(n::text), 'Query ' || n, '{}', :T + n, CASE WHEN n % 2 = 0 THEN :T + n END
FROM generate_series(1, :N / 4) n;
INSERT INTO search_tally (user_id, day, query, searches, hits)
SELECT pg_temp.user_of(n), '2026-11-03', 'query ' || n, 1, 0 FROM generate_series(1, :N / 4) n;

INSERT INTO trip_search
SELECT seq * 4, id, id, ARRAY['@u' || replace(user_id, '-', '')], '', '', '', 4, 0,
       array_to_tsvector(ARRAY['@u' || replace(user_id, '-', ''), 'trip', seq::text])
FROM trip;
INSERT INTO trip_search
SELECT seq * 4 + 1, id, trip_id, '{}', '', '', '', 2, 0, array_to_tsvector(ARRAY['item', seq::text]) FROM itinerary_item;

INSERT INTO trip_unembedded SELECT seq, version FROM trip WHERE seq % 4 = 0;

INSERT INTO vector_collection (name, dimensions, metric, embedder, created_at)
SELECT 'collection-' || n, 4, 1, '', :T FROM generate_series(1, 20) n;
INSERT INTO vector_item (collection_id, id, owner_id, updated_at, embedding)
SELECT c.id, pg_temp.id('abcd', n), pg_temp.user_of(n), :T + n, '[1,0,0,0]'
FROM vector_collection c, generate_series(1, :N / 40) n WHERE c.name LIKE 'collection-%';

INSERT INTO api_key (id, name, kind, scopes, user_id, hash, shown, created_at)
SELECT pg_temp.id('acce', n), 'Key ' || n, 'scoped', 'trips:read', pg_temp.user_of(n), md5(n::text) || md5(n::text), 'tsk_...', :T + n
FROM generate_series(1, LEAST(:N / 40, 900)) n;
INSERT INTO user_secret (id, user_id, name, value, hint, created_at, updated_at)
SELECT pg_temp.id('5ec7', n), pg_temp.user_of(n), 'service', 'enc:v1:0123456789abcdef:AAAA', '', :T + n, :T + n
FROM generate_series(1, :N / 20) n;
INSERT INTO audit (seq, at, action, actor, subject, address, detail, previous, hash)
SELECT n, :T + n, 'login', pg_temp.user_of(n), pg_temp.user_of(n), '', '{}', md5(n::text), md5((n + 1)::text)
FROM generate_series(1, :N / 10) n;
UPDATE audit_head SET seq = :N / 10, previous = md5((:N / 10)::text), hash = md5((:N / 10 + 1)::text);

SET session_replication_role = origin;
