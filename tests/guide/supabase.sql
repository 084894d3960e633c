-- What a Supabase project has and a PostgreSQL of one's own has not, as far as the webhooks ask for it: a vault with two secrets, and pg_net, which
-- here notes what it was asked to send. `secret` is a variable of psql.
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA extensions;

CREATE SCHEMA IF NOT EXISTS vault;
CREATE TABLE IF NOT EXISTS vault.decrypted_secrets (name text PRIMARY KEY, decrypted_secret text);
INSERT INTO vault.decrypted_secrets VALUES ('tripsage_webhook_url', 'https://api.example.org'), ('tripsage_webhook_secret', :'secret')
    ON CONFLICT DO NOTHING;

CREATE SCHEMA IF NOT EXISTS net;
CREATE TABLE IF NOT EXISTS net.sent (id bigint GENERATED ALWAYS AS IDENTITY, url text, body text, headers jsonb);
-- Its own signature; it sends the text of the body.
CREATE OR REPLACE FUNCTION net.http_post(url text, body jsonb DEFAULT '{}', params jsonb DEFAULT '{}', headers jsonb DEFAULT '{}',
    timeout_milliseconds integer DEFAULT 5000) RETURNS bigint
LANGUAGE sql AS $$ INSERT INTO net.sent (url, body, headers) VALUES (url, body::text, headers) RETURNING id $$;
