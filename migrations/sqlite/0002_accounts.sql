-- Accounts and their sessions. Times are milliseconds since 1970-01-01T00:00:00Z, ids are UUIDv7 in lower case.

CREATE TABLE account (
    id               TEXT PRIMARY KEY NOT NULL,
    email            TEXT NOT NULL,             -- lower case
    password_hash    TEXT NOT NULL,             -- Argon2id with its parameters inside
    full_name        TEXT,
    role             TEXT NOT NULL DEFAULT 'authenticated',
    user_metadata    TEXT NOT NULL DEFAULT '{}', -- JSON objects
    app_metadata     TEXT NOT NULL DEFAULT '{}',
    version          INTEGER NOT NULL DEFAULT 1, -- counts changes made by the user: guards a read-change-write
    password_version INTEGER NOT NULL DEFAULT 1, -- counts changed passwords, not hashes made again of the same one
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    last_sign_in_at  INTEGER
) STRICT;

CREATE UNIQUE INDEX account_email ON account (email);

CREATE TABLE session (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- with its access token
    revoked_at INTEGER           -- signed out, or ended by a changed password
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_expires ON session (expires_at);
