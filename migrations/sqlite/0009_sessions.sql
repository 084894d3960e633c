-- Accounts and sessions as Supabase Auth has them: addresses that are confirmed, identities, sessions that last until they are ended and are
-- carried on by refresh tokens, codes that are good once. Whoever was signed in signs in again.

-- Times of 0 have not come yet. An account without an e-mail address, as those of guests are, has its id in the address's place, so that
-- addresses are unique and none of them is found by one.
ALTER TABLE account ADD COLUMN email_confirmed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN invited_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN confirmation_sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN recovery_sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN email_change_sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN reauthentication_sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN banned_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN deleted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN new_email TEXT NOT NULL DEFAULT '';            -- asked for, and not confirmed yet
ALTER TABLE account ADD COLUMN new_email_confirmed INTEGER NOT NULL DEFAULT 0; -- by the owner of one of the two addresses
ALTER TABLE account ADD COLUMN is_anonymous INTEGER NOT NULL DEFAULT 0;

-- The account's identity at the provider "email"; '' without an address.
ALTER TABLE account ADD COLUMN identity_id TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN identity_data TEXT NOT NULL DEFAULT '{}'; -- JSON object
ALTER TABLE account ADD COLUMN identity_created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN identity_updated_at INTEGER NOT NULL DEFAULT 0;

UPDATE account
SET email_confirmed_at = created_at, identity_id = id, identity_created_at = created_at, identity_updated_at = created_at,
    identity_data = json_object('email', email, 'email_verified', json('true'), 'phone_verified', json('false'), 'sub', id),
    app_metadata = json_patch(app_metadata, '{"provider":"email","providers":["email"]}'),
    user_metadata = json_patch(user_metadata, CASE WHEN full_name IS NULL THEN '{}' ELSE json_object('full_name', full_name) END);

-- For lists, newest first.
CREATE INDEX account_created ON account (created_at, id);

DROP TABLE session;
CREATE TABLE session (
    id              TEXT PRIMARY KEY NOT NULL,
    user_id         TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at      INTEGER NOT NULL,
    refreshed_at    INTEGER NOT NULL,
    not_after       INTEGER NOT NULL,           -- when it ends by itself; 0: never
    refresh_counter INTEGER NOT NULL DEFAULT 0, -- of the refresh token given last
    aal             INTEGER NOT NULL DEFAULT 1, -- authentication assurance level
    amr             TEXT NOT NULL,              -- JSON array: the methods by which it was authenticated, the last one first
    factor_id       TEXT,                       -- the second factor that raised it
    user_agent      TEXT,
    address         TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_ends ON session (not_after) WHERE not_after > 0;

-- What a mail carries: good once, and for one purpose. A newer one for the same purpose takes its place.
CREATE TABLE one_time_token (
    user_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose IN ('confirmation', 'recovery', 'email_change_current', 'email_change_new', 'reauthentication')),
    address    TEXT NOT NULL, -- whom it was sent to
    hash       TEXT NOT NULL, -- of purpose, address and code, under a key; "pkce_" before it where a code is exchanged for the session
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0, -- wrong codes
    taken_by   TEXT NOT NULL DEFAULT '',   -- the call that is using it up
    PRIMARY KEY (user_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_time_token_hash ON one_time_token (hash);
CREATE INDEX one_time_token_address ON one_time_token (address, purpose);
CREATE INDEX one_time_token_created ON one_time_token (created_at);

-- When a mail was asked for last, whether anybody is known under that address or not.
CREATE TABLE mail_request (
    recipient TEXT PRIMARY KEY NOT NULL, -- hash of the address and the kind of mail
    hash      TEXT NOT NULL,             -- of the token that was made for it
    asked_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX mail_request_asked ON mail_request (asked_at);

-- A sign-in that ends in another place than it began in (RFC 7636): the code that is exchanged there, and the challenge that whoever began it
-- can answer.
CREATE TABLE flow_state (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL, -- of the one-time token it goes with
    auth_code  TEXT NOT NULL UNIQUE,
    challenge  TEXT NOT NULL,
    method     TEXT NOT NULL CHECK (method IN ('s256', 'plain')),
    amr_method TEXT NOT NULL, -- what the session will say it was authenticated by
    created_at INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL DEFAULT 0 -- when the code was handed out; 0: not yet
) STRICT, WITHOUT ROWID;

CREATE INDEX flow_state_user ON flow_state (user_id, purpose);
CREATE INDEX flow_state_created ON flow_state (created_at);
