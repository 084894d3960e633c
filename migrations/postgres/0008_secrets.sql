-- Keys of programs, secrets kept for users, and the audit trail. Times are milliseconds since 1970-01-01T00:00:00Z, ids are UUIDv7 in
-- lower case.

CREATE TABLE tripsage.api_key (
    id           text COLLATE "C" PRIMARY KEY,
    name         text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('publishable', 'secret', 'scoped')),
    scopes       text COLLATE "C" NOT NULL DEFAULT '',  -- of a scoped key, with a space between two
    user_id      text COLLATE "C" REFERENCES tripsage.account (id) ON DELETE CASCADE, -- whom a scoped key acts for
    hash         text COLLATE "C" NOT NULL,             -- SHA-256 of the key, hexadecimal
    shown        text COLLATE "C" NOT NULL,             -- a publishable key itself; of any other its beginning
    life_ms      bigint,                                -- how long it was made for, and one that replaces it is
    created_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint,                                -- to the minute
    revoked_at   bigint,
    replaced_by  text COLLATE "C",
    CHECK ((kind = 'scoped') = (user_id IS NOT NULL))
);

CREATE UNIQUE INDEX api_key_hash ON tripsage.api_key (hash);
-- One key of a name; a key that was replaced gives its name away.
CREATE UNIQUE INDEX api_key_name ON tripsage.api_key (COALESCE(user_id, ''), kind, name) WHERE revoked_at IS NULL AND replaced_by IS NULL;
CREATE INDEX api_key_user ON tripsage.api_key (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE tripsage.user_secret (
    id         text COLLATE "C" PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    name       text COLLATE "C" NOT NULL,
    value      text COLLATE "C" NOT NULL CHECK (value LIKE 'enc:v1:%'), -- sealed
    hint       text COLLATE "C" NOT NULL,                               -- its last four characters, where that gives nothing away
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE UNIQUE INDEX user_secret_name ON tripsage.user_secret (user_id, name);

SELECT tripsage.protect('tripsage.api_key'), tripsage.protect('tripsage.user_secret');

-- ---- the audit trail ----

-- Who did what. Each row's hash is over its own fields and the hash of the row before it, the first one's over 64 zeros.
CREATE TABLE tripsage.audit (
    seq      bigint PRIMARY KEY,
    at       bigint NOT NULL,
    action   text COLLATE "C" NOT NULL,
    actor    text COLLATE "C" NOT NULL, -- a user's id, "service_role", or ""
    subject  text COLLATE "C" NOT NULL, -- the id of what it was done to, or ""
    address  text COLLATE "C" NOT NULL, -- where the request came from, or ""
    detail   text COLLATE "C" NOT NULL, -- JSON object
    previous text COLLATE "C" NOT NULL,
    hash     text COLLATE "C" NOT NULL,
    CHECK (strpos(action || actor || subject || address || detail, E'\n') = 0) -- which stands between two fields in what is hashed
);

-- The last row's number and hash. Whoever appends holds this row until his transaction ends, so that the rows form one chain.
CREATE TABLE tripsage.audit_head (
    is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    seq      bigint NOT NULL,
    previous text COLLATE "C" NOT NULL,
    hash     text COLLATE "C" NOT NULL
);
INSERT INTO tripsage.audit_head (seq, previous, hash) VALUES (0, '', repeat('0', 64));

CREATE FUNCTION tripsage.audit_append(at bigint, action text, actor text, subject text, address text, detail text) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH head AS (
        UPDATE tripsage.audit_head h
        SET seq = h.seq + 1, previous = h.hash,
            hash = encode(sha256(convert_to(concat_ws(E'\n', h.hash, h.seq + 1, $1, $2, $3, $4, $5, $6), 'UTF8')), 'hex')
        RETURNING h.seq, h.previous, h.hash
    )
    INSERT INTO tripsage.audit (seq, at, action, actor, subject, address, detail, previous, hash)
    SELECT head.seq, $1, $2, $3, $4, $5, $6, head.previous, head.hash FROM head;
END;

-- The service role reads, and appends through the function. Nobody changes a row or takes it away, the tables' owner included.
SELECT tripsage.protect('tripsage.audit'), tripsage.protect('tripsage.audit_head');
REVOKE INSERT, UPDATE, DELETE ON tripsage.audit, tripsage.audit_head FROM service_role;
GRANT INSERT ON tripsage.audit TO tripsage_definer;
GRANT SELECT, UPDATE ON tripsage.audit_head TO tripsage_definer;
CREATE POLICY definer ON tripsage.audit FOR INSERT TO tripsage_definer WITH CHECK (true);
CREATE POLICY definer ON tripsage.audit_head TO tripsage_definer USING (true) WITH CHECK (true);
SELECT tripsage.give_to_definer('tripsage.audit_append(bigint, text, text, text, text, text)', 'service_role');

CREATE FUNCTION tripsage.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only appended to' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON tripsage.audit
    FOR EACH STATEMENT EXECUTE FUNCTION tripsage.refuse_change();
CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON tripsage.audit_head
    FOR EACH ROW WHEN (NEW.seq <> OLD.seq + 1 OR NEW.previous <> OLD.hash) EXECUTE FUNCTION tripsage.refuse_change();
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON tripsage.audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION tripsage.refuse_change();

SELECT tripsage.migration_applied(8, 'secrets');
