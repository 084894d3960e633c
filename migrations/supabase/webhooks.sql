-- Signed webhooks of the database, for a Supabase project: what `make supa.functions.deploy-all` installs. It may run any number of times.
--
-- Each row that is written to the tables below is posted to a server at /api/webhooks/... by pg_net, after the transaction has been committed and
-- outside of it: a server that is away or slow holds nobody up. The signature is that of Standard Webhooks 1.0, and tripsage/webhook.h has the other
-- end. Address and secret are in the project's vault (tripsage_webhook_url, tripsage_webhook_secret); while one of them is missing nothing is sent.

CREATE EXTENSION IF NOT EXISTS pg_net;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA extensions;

-- HMAC-SHA256 over "<id>.<timestamp>.<body>" as Standard Webhooks wants it: the key is what stands in base64 behind whsec_, or else the text itself.
CREATE OR REPLACE FUNCTION tripsage.webhook_signature(secret text, id text, instant text, body text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
SELECT 'v1,' || encode(extensions.hmac(convert_to(id || '.' || instant || '.' || body, 'UTF8'),
    CASE WHEN secret LIKE 'whsec\_%' THEN decode(substr(secret, 7), 'base64') ELSE convert_to(secret, 'UTF8') END, 'sha256'), 'base64')
$$;

-- TG_ARGV[0]: the last part of the path. It runs as its owner, since whoever writes a row may read neither the vault nor call pg_net.
CREATE OR REPLACE FUNCTION tripsage.webhook_send() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    address text := (SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'tripsage_webhook_url');
    secret  text := (SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'tripsage_webhook_secret');
    id      text := 'msg_' || gen_random_uuid();
    instant text := extract(epoch FROM clock_timestamp())::bigint;
    message jsonb;
BEGIN
    IF address IS NULL OR secret IS NULL THEN
        RETURN NULL;
    END IF;
    message := jsonb_build_object('type', TG_OP, 'schema', TG_TABLE_SCHEMA, 'table', TG_TABLE_NAME,
        'record', CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END,
        'old_record', CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END);
    -- pg_net sends a body as its text, which is what is signed.
    PERFORM net.http_post(
        url := address || '/api/webhooks/' || TG_ARGV[0],
        body := message,
        headers := jsonb_build_object('Content-Type', 'application/json', 'webhook-id', id, 'webhook-timestamp', instant,
            'webhook-signature', tripsage.webhook_signature(secret, id, instant, message::text)),
        timeout_milliseconds := 5000);
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION tripsage.webhook_send(), tripsage.webhook_signature(text, text, text, text) FROM PUBLIC;

-- Invitations, other levels, removals: a mail to the one.
CREATE OR REPLACE TRIGGER tripsage_trip_notifications AFTER INSERT OR UPDATE OF level OR DELETE ON tripsage.trip_collaborator
    FOR EACH ROW EXECUTE FUNCTION tripsage.webhook_send('trip-notifications');

-- What programs cached of these rows goes: the tags "table:...", "trip:..." and "user:...".
CREATE OR REPLACE TRIGGER tripsage_cache_invalidation AFTER INSERT OR UPDATE OR DELETE ON tripsage.trip
    FOR EACH ROW EXECUTE FUNCTION tripsage.webhook_send('cache-invalidation');
CREATE OR REPLACE TRIGGER tripsage_cache_invalidation AFTER INSERT OR UPDATE OR DELETE ON tripsage.trip_collaborator
    FOR EACH ROW EXECUTE FUNCTION tripsage.webhook_send('cache-invalidation');
CREATE OR REPLACE TRIGGER tripsage_cache_invalidation AFTER INSERT OR UPDATE OR DELETE ON tripsage.itinerary_item
    FOR EACH ROW EXECUTE FUNCTION tripsage.webhook_send('cache-invalidation');
CREATE OR REPLACE TRIGGER tripsage_cache_invalidation AFTER INSERT OR UPDATE OR DELETE ON tripsage.trip_note
    FOR EACH ROW EXECUTE FUNCTION tripsage.webhook_send('cache-invalidation');
