-- Accounts and sessions as Supabase Auth has them: addresses that are confirmed, identities, sessions that last until they are ended and are
-- carried on by refresh tokens, codes that are good once. Whoever was signed in signs in again.

-- Times of 0 have not come yet. An account without an e-mail address, as those of guests are, has its id in the address's place, so that
-- addresses are unique and none of them is found by one.
ALTER TABLE tripsage.account
    ADD COLUMN email_confirmed_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN invited_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN confirmation_sent_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN recovery_sent_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN email_change_sent_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN reauthentication_sent_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN banned_until bigint NOT NULL DEFAULT 0,
    ADD COLUMN deleted_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN new_email text COLLATE "C" NOT NULL DEFAULT '', -- asked for, and not confirmed yet
    ADD COLUMN new_email_confirmed bigint NOT NULL DEFAULT 0, -- by the owner of one of the two addresses
    ADD COLUMN is_anonymous bigint NOT NULL DEFAULT 0,
    -- The account's identity at the provider "email"; '' without an address.
    ADD COLUMN identity_id text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN identity_data text COLLATE "C" NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(identity_data::jsonb) = 'object'),
    ADD COLUMN identity_created_at bigint NOT NULL DEFAULT 0,
    ADD COLUMN identity_updated_at bigint NOT NULL DEFAULT 0;

UPDATE tripsage.account
SET email_confirmed_at = created_at, identity_id = id, identity_created_at = created_at, identity_updated_at = created_at,
    identity_data = '{"email":' || to_json(email) || ',"email_verified":true,"phone_verified":false,"sub":' || to_json(id) || '}',
    app_metadata = tripsage.json_merge_patch(app_metadata, '{"provider":"email","providers":["email"]}'),
    user_metadata = tripsage.json_merge_patch(user_metadata,
                                              CASE WHEN full_name IS NULL THEN '{}' ELSE '{"full_name":' || to_json(full_name) || '}' END);

-- For lists, newest first.
CREATE INDEX account_created ON tripsage.account (created_at, id);

DROP TABLE tripsage.session;
CREATE TABLE tripsage.session (
    id              text COLLATE "C" PRIMARY KEY,
    user_id         text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    created_at      bigint NOT NULL,
    refreshed_at    bigint NOT NULL,
    not_after       bigint NOT NULL,           -- when it ends by itself; 0: never
    refresh_counter bigint NOT NULL DEFAULT 0, -- of the refresh token given last
    aal             bigint NOT NULL DEFAULT 1, -- authentication assurance level
    amr             text COLLATE "C" NOT NULL, -- JSON array: the methods by which it was authenticated, the last one first
    factor_id       text COLLATE "C",          -- the second factor that raised it
    user_agent      text COLLATE "C",
    address         text COLLATE "C"
);

CREATE INDEX session_of_user ON tripsage.session (user_id);
CREATE INDEX session_ends ON tripsage.session (not_after) WHERE not_after > 0;

-- What a mail carries: good once, and for one purpose. A newer one for the same purpose takes its place.
CREATE TABLE tripsage.one_time_token (
    user_id    text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    purpose    text COLLATE "C" NOT NULL
               CHECK (purpose IN ('confirmation', 'recovery', 'email_change_current', 'email_change_new', 'reauthentication')),
    address    text COLLATE "C" NOT NULL, -- whom it was sent to
    hash       text COLLATE "C" NOT NULL, -- of purpose, address and code, under a key; "pkce_" before it where a code is exchanged
    created_at bigint NOT NULL,
    attempts   bigint NOT NULL DEFAULT 0,           -- wrong codes
    taken_by   text COLLATE "C" NOT NULL DEFAULT '', -- the call that is using it up
    PRIMARY KEY (user_id, purpose)
);

CREATE UNIQUE INDEX one_time_token_hash ON tripsage.one_time_token (hash);
CREATE INDEX one_time_token_address ON tripsage.one_time_token (address, purpose);
CREATE INDEX one_time_token_created ON tripsage.one_time_token (created_at);

-- When a mail was asked for last, whether anybody is known under that address or not.
CREATE TABLE tripsage.mail_request (
    recipient text COLLATE "C" PRIMARY KEY, -- hash of the address and the kind of mail
    hash      text COLLATE "C" NOT NULL,    -- of the token that was made for it
    asked_at  bigint NOT NULL
);

CREATE INDEX mail_request_asked ON tripsage.mail_request (asked_at);

-- A sign-in that ends in another place than it began in (RFC 7636): the code that is exchanged there, and the challenge that whoever began it
-- can answer.
CREATE TABLE tripsage.flow_state (
    id         text COLLATE "C" PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    purpose    text COLLATE "C" NOT NULL, -- of the one-time token it goes with
    auth_code  text COLLATE "C" NOT NULL UNIQUE,
    challenge  text COLLATE "C" NOT NULL,
    method     text COLLATE "C" NOT NULL CHECK (method IN ('s256', 'plain')),
    amr_method text COLLATE "C" NOT NULL, -- what the session will say it was authenticated by
    created_at bigint NOT NULL,
    issued_at  bigint NOT NULL DEFAULT 0 -- when the code was handed out; 0: not yet
);

CREATE INDEX flow_state_user ON tripsage.flow_state (user_id, purpose);
CREATE INDEX flow_state_created ON tripsage.flow_state (created_at);

-- As accounts: the library's own affair, in the service role.
SELECT tripsage.protect('tripsage.session'), tripsage.protect('tripsage.one_time_token'), tripsage.protect('tripsage.flow_state'),
       tripsage.protect('tripsage.mail_request');

SELECT tripsage.migration_applied(9, 'sessions');
