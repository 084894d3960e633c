-- Keys of programs, secrets kept for users, and the audit trail. Times are milliseconds since 1970-01-01T00:00:00Z, ids are UUIDv7 in
-- lower case.

CREATE TABLE api_key (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('publishable', 'secret', 'scoped')),
    scopes       TEXT NOT NULL DEFAULT '',              -- of a scoped key, with a space between two
    user_id      TEXT REFERENCES account (id) ON DELETE CASCADE, -- whom a scoped key acts for
    hash         TEXT NOT NULL,                         -- SHA-256 of the key, hexadecimal
    shown        TEXT NOT NULL,                         -- a publishable key itself; of any other its beginning
    life_ms      INTEGER,                               -- how long it was made for, and one that replaces it is
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,                               -- to the minute
    revoked_at   INTEGER,
    replaced_by  TEXT,
    CHECK ((kind = 'scoped') = (user_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
-- One key of a name; a key that was replaced gives its name away.
CREATE UNIQUE INDEX api_key_name ON api_key (COALESCE(user_id, ''), kind, name) WHERE revoked_at IS NULL AND replaced_by IS NULL;
CREATE INDEX api_key_user ON api_key (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE user_secret (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL CHECK (value GLOB 'enc:v1:*'), -- sealed
    hint       TEXT NOT NULL,                               -- its last four characters, where that gives nothing away
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX user_secret_name ON user_secret (user_id, name);

-- Who did what. Each row's hash is over its own fields and the hash of the row before it, the first one's over 64 zeros.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    action   TEXT NOT NULL,
    actor    TEXT NOT NULL, -- a user's id, "service_role", or ""
    subject  TEXT NOT NULL, -- the id of what it was done to, or ""
    address  TEXT NOT NULL, -- where the request came from, or ""
    detail   TEXT NOT NULL, -- JSON object
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL,
    CHECK (instr(action || actor || subject || address || detail, char(10)) = 0) -- which stands between two fields in what is hashed
) STRICT;

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is only appended to'); END;
