-- The ground: the schema, the roles that requests run as, who is asking, and what the store keeps for itself.
--
-- Every file here is plain SQL for the library, psql and "supabase db push", run in the order of the numbers by the database's owner, who
-- needs to be no superuser, but CREATEROLE where a role is missing. Names are qualified and functions carry their search_path or have their
-- names resolved when they are made, so that no caller's search_path decides what they mean.

CREATE SCHEMA IF NOT EXISTS tripsage;

-- ---- roles and claims, as Supabase has them ----
--
-- A login that runs requests is a member of anon, authenticated and service_role and becomes one of them for each transaction, with the
-- claims of the caller's token in request.jwt.claims. Where Supabase made these, nothing here touches them.
--
-- tripsage_definer is nobody's login. It owns the functions that look past row level security, and only its policies let it.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'tripsage_definer'] LOOP
        IF to_regrole(name) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- roles are the whole server's, and another database was being migrated just now
            END;
        END IF;
    END LOOP;

    -- The owner of the tables is bound by forced row level security as well; as service_role it may look after them, and only a member of
    -- tripsage_definer can give functions to it. (From PostgreSQL 16 on, having made a role does not make one its member.)
    FOREACH name IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'tripsage_definer'] LOOP
        IF NOT pg_has_role(name, 'USAGE') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', name);
        END IF;
    END LOOP;
END
$$;

DO $$
BEGIN
    IF to_regnamespace('auth') IS NULL THEN
        CREATE SCHEMA auth;
        GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
    END IF;
    IF to_regprocedure('auth.jwt()') IS NULL THEN
        CREATE FUNCTION auth.jwt() RETURNS jsonb
        LANGUAGE sql STABLE PARALLEL SAFE
        RETURN COALESCE(NULLIF(current_setting('request.jwt.claim', true), ''),
                        NULLIF(current_setting('request.jwt.claims', true), ''))::jsonb;
    END IF;
    IF to_regprocedure('auth.uid()') IS NULL THEN
        CREATE FUNCTION auth.uid() RETURNS uuid
        LANGUAGE sql STABLE PARALLEL SAFE
        RETURN COALESCE(NULLIF(current_setting('request.jwt.claim.sub', true), ''),
                        NULLIF(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
    END IF;
    IF to_regprocedure('auth.role()') IS NULL THEN
        CREATE FUNCTION auth.role() RETURNS text
        LANGUAGE sql STABLE PARALLEL SAFE
        RETURN COALESCE(NULLIF(current_setting('request.jwt.claim.role', true), ''),
                        NULLIF(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role');
    END IF;
END
$$;

GRANT USAGE ON SCHEMA tripsage TO authenticated, service_role, tripsage_definer;

-- ---- tools ----

-- auth.uid() as the text in which ids are kept, for tripsage_definer: Supabase's schema auth is not ours to open for it.
CREATE FUNCTION tripsage.user_id() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN COALESCE(NULLIF(current_setting('request.jwt.claim.sub', true), ''),
                NULLIF(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid::text;

-- Milliseconds since 1970-01-01T00:00:00Z.
CREATE FUNCTION tripsage.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- An id for rows that did not come through the library: a random UUID with the milliseconds in front and the version made 7.
CREATE FUNCTION tripsage.uuid7() RETURNS text
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN encode(set_bit(set_bit(
           overlay(uuid_send(gen_random_uuid()) PLACING substring(int8send(tripsage.now_ms()) FROM 3) FROM 1 FOR 6),
           52, 1), 53, 1), 'hex')::uuid::text;

-- What a column that holds an instant may hold: the years 1 to 9999, which timestamptz and every client can say. The second form is for
-- several columns, by the LEAST and the GREATEST of them: it is taken apart once for all, in each statement that writes.
CREATE FUNCTION tripsage.is_instant(ms bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ms BETWEEN -62135596800000 AND 253402300799999;

CREATE FUNCTION tripsage.are_instants(first bigint, last bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN first >= -62135596800000 AND last <= 253402300799999;

CREATE FUNCTION tripsage.instant(ms bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'epoch'::timestamptz + ms * '1 millisecond'::interval;

-- Makes a function look past row level security, for those named and nobody else. It must fix its search_path, and its body must ask
-- who may know what it tells.
CREATE FUNCTION tripsage.give_to_definer(function regprocedure, VARIADIC callers text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', function, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(callers) c));
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', function);
    -- An owner must be able to create in the schema on the day it is given something, and on no other.
    GRANT CREATE ON SCHEMA tripsage TO tripsage_definer;
    EXECUTE format('ALTER FUNCTION %s OWNER TO tripsage_definer', function);
    REVOKE CREATE ON SCHEMA tripsage FROM tripsage_definer;
END
$$;

REVOKE ALL ON FUNCTION tripsage.give_to_definer(regprocedure, text[]) FROM PUBLIC;

-- Row level security, on for the table's owner as well: the service role may everything, and others what their own grants and policies say.
CREATE FUNCTION tripsage.protect(protected regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO service_role', protected);
    EXECUTE format('CREATE POLICY service ON %s TO service_role USING (true) WITH CHECK (true)', protected);
END
$$;
REVOKE ALL ON FUNCTION tripsage.protect(regclass) FROM PUBLIC;

-- Tells Supabase's Realtime of a table's changes, where there is one. Who is told is asked of the table's policies.
CREATE FUNCTION tripsage.publish(published regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'supabase_realtime' AND NOT puballtables) THEN
        EXECUTE format('ALTER PUBLICATION supabase_realtime ADD TABLE %s', published);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING '% may not add % to the publication supabase_realtime: whoever owns that has to', current_user, published;
END
$$;
REVOKE ALL ON FUNCTION tripsage.publish(regclass) FROM PUBLIC;

-- ---- what the store keeps for itself ----

CREATE TABLE tripsage.schema_migration (
    number     bigint PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    checksum   text COLLATE "C" NOT NULL, -- SHA-256 of the file, hexadecimal; '' until the library has looked
    applied_at bigint NOT NULL
);

-- Ends every file: says that it was applied, where the library did not.
CREATE FUNCTION tripsage.migration_applied(number bigint, name text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO tripsage.schema_migration (number, name, checksum, applied_at) VALUES ($1, $2, '', tripsage.now_ms())
    ON CONFLICT DO NOTHING;
END;
REVOKE ALL ON FUNCTION tripsage.migration_applied(bigint, text) FROM PUBLIC;

-- Secrets of this database and facts about what was loaded into it.
CREATE TABLE tripsage.meta (
    key   text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

SELECT tripsage.protect('tripsage.schema_migration'), tripsage.protect('tripsage.meta');

SELECT tripsage.migration_applied(1, 'store');
