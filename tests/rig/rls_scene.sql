-- What rls_test.c tries things on: one trip with one of everything in it, and another trip for each user. In braces stands what the test
-- fills in.
SET LOCAL search_path = tripsage, public;
SELECT set_config('request.jwt.claims', '', true);

INSERT INTO account (id, email, password_hash, full_name, created_at, updated_at)
SELECT u, 'SECRET-' || right(u, 2) || '@example.org', 'SECRET-HASH', 'SECRET name', 0, 0
FROM unnest(ARRAY['{owner}', '{admin}', '{edit}', '{view}', '{stranger}', '{guest}', '{second_admin}', '{newcomer}']) u;
INSERT INTO session (id, user_id, created_at, refreshed_at, not_after, amr) SELECT 'SECRET-' || id, id, 0, 0, 0, '[]' FROM account;
INSERT INTO one_time_token (user_id, purpose, address, hash, created_at) SELECT id, 'recovery', email, 'SECRET-' || id, 0 FROM account;
INSERT INTO mail_request (recipient, hash, asked_at) SELECT 'SECRET-' || id, 'SECRET', 0 FROM account;
INSERT INTO flow_state (id, user_id, purpose, auth_code, challenge, method, amr_method, created_at)
SELECT id, id, 'recovery', 'SECRET-' || id, 'SECRET', 's256', 'otp', 0 FROM account;
INSERT INTO factor (id, user_id, friendly_name, status, secret, created_at, updated_at)
SELECT 'SECRET-' || id, id, 'SECRET', 'verified', 'enc:v1:SECRET', 0, 0 FROM account;
INSERT INTO challenge (id, factor_id, created_at) SELECT 'SECRET-' || id, 'SECRET-' || id, 0 FROM account;
INSERT INTO recovery_code (user_id, hash) SELECT id, 'SECRET-' || id FROM account;
INSERT INTO meta VALUES ('SECRET-key', 'SECRET');

INSERT INTO trip ({trip_columns})
SELECT t.id, t.user_id, '2026-11-03', '2026-11-10', 'planning', 'leisure', t.visibility, 2, t.title, '["Kyoto"]', '[]', '[]', '{}'
FROM (SELECT '{trip}' AS id, '{owner}' AS user_id, '{visibility}' AS visibility, 'SECRET Kyoto' AS title
      UNION ALL SELECT overlay(a.id PLACING '0199' FROM 1 FOR 4), a.id, 'private', 'Kyoto too' FROM account a) t;

INSERT INTO trip_collaborator (trip_id, user_id, level, position, added_by)
VALUES ('{trip}', '{admin}', 4, 1, '{owner}'), ('{trip}', '{edit}', 3, 2, '{owner}'), ('{trip}', '{view}', 2, 3, '{owner}'),
       ('{trip}', '{guest}', 2, 4, '{owner}'), ('{trip}', '{second_admin}', 4, 5, '{owner}');

INSERT INTO itinerary_item ({item_columns}, booking_reference, notes)
VALUES ('{item}', '{trip}', {item_values}, 'SECRET-REF', 'SECRET-NOTE');

INSERT INTO trip_note (id, trip_id, user_id, content)
VALUES ('{own_note}', '{trip}', '{author}', 'SECRET mine'), ('{other_note}', '{trip}', '{other_author}', 'SECRET other');

INSERT INTO idempotency_key (user_id, operation, key, fingerprint, response, trip_id, created_at)
VALUES ('{owner}', 'trip_create', 'SECRET-key', decode(repeat('00', 32), 'hex'), 'SECRET answer', '{trip}', 0);
INSERT INTO saved_destination (user_id, destination_id, trip_id, priority, notes) VALUES ('{owner}', 'kyoto', '{trip}', 3, 'SECRET wish');
INSERT INTO search_entry (user_id, digest, query, request) VALUES ('{owner}', repeat('0', 64), 'SECRET query', '{}');
INSERT INTO search_tally (user_id, day, query, searches, hits) VALUES ('{owner}', '2026-11-03', 'SECRET query', 1, 0);
INSERT INTO memory (user_id, memory_type, content) VALUES ('{owner}', 'other', 'SECRET memory');

UPDATE trip SET deleted_at = 1 WHERE id = '{trip}' AND {deleted};
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
