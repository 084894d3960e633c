-- Second factors: the secrets of authenticator apps, the challenges their codes answer, and recovery codes for who has lost the app.

-- What a user's factors are, as the User of Supabase Auth has them: every reader of an account shows them, and they change a few times in a life.
-- Whoever changes a factor writes them anew in the same transaction (account_factors in statements.c).
ALTER TABLE account ADD COLUMN factors TEXT NOT NULL DEFAULT '[]'; -- JSON array

CREATE TABLE factor (
    id                 TEXT PRIMARY KEY NOT NULL,
    user_id            TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    friendly_name      TEXT NOT NULL,
    status             TEXT NOT NULL CHECK (status IN ('unverified', 'verified')),
    secret             TEXT NOT NULL CHECK (secret LIKE 'enc:v1:%'), -- sealed
    last_step          INTEGER NOT NULL DEFAULT 0, -- of the last code that was good, which is good no more
    last_challenged_at INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX factor_user ON factor (user_id);
CREATE UNIQUE INDEX factor_name ON factor (user_id, friendly_name) WHERE friendly_name <> '';

CREATE TABLE challenge (
    id          TEXT PRIMARY KEY NOT NULL,
    factor_id   TEXT NOT NULL REFERENCES factor (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL,
    verified_at INTEGER NOT NULL DEFAULT 0, -- answered; 0: not yet
    address     TEXT -- of whoever asked for it
) STRICT, WITHOUT ROWID;

CREATE INDEX challenge_factor ON challenge (factor_id, created_at);

CREATE TABLE recovery_code (
    user_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL,
    used_at INTEGER NOT NULL DEFAULT 0, -- 0: not yet
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_factor ON session (factor_id) WHERE factor_id IS NOT NULL;
