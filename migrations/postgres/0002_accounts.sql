-- Accounts and their sessions. Times are milliseconds since 1970-01-01T00:00:00Z, ids are UUIDv7 in lower case.

CREATE TABLE tripsage.account (
    id               text COLLATE "C" PRIMARY KEY CHECK (id = id::uuid::text),
    email            text COLLATE "C" NOT NULL, -- lower case
    password_hash    text COLLATE "C" NOT NULL, -- Argon2id with its parameters inside
    full_name        text COLLATE "C",
    role             text COLLATE "C" NOT NULL DEFAULT 'authenticated',
    user_metadata    text COLLATE "C" NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(user_metadata::jsonb) = 'object'),
    app_metadata     text COLLATE "C" NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(app_metadata::jsonb) = 'object'),
    version          bigint NOT NULL DEFAULT 1, -- counts changes made by the user: guards a read-change-write
    password_version bigint NOT NULL DEFAULT 1, -- counts changed passwords, not hashes made again of the same one
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    last_sign_in_at  bigint
);

CREATE UNIQUE INDEX account_email ON tripsage.account (email);

CREATE TABLE tripsage.session (
    id         text COLLATE "C" PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL, -- with its access token
    revoked_at bigint           -- signed out, or ended by a changed password
);

CREATE INDEX session_of_user ON tripsage.session (user_id);
CREATE INDEX session_expires ON tripsage.session (expires_at);

-- Passwords and sessions are the library's own affair, in the service role. A user may see who he is, and 0003 adds those he travels with;
-- nobody but the service role reads a hash.
SELECT tripsage.protect('tripsage.account'), tripsage.protect('tripsage.session');

GRANT SELECT (id, email, full_name) ON tripsage.account TO authenticated;
CREATE POLICY read ON tripsage.account FOR SELECT TO authenticated USING (id = (SELECT auth.uid()::text));

GRANT SELECT (id, email) ON tripsage.account TO tripsage_definer;
CREATE POLICY definer ON tripsage.account FOR SELECT TO tripsage_definer USING (true);

SELECT tripsage.migration_applied(2, 'accounts');
