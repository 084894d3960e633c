-- Second factors: the secrets of authenticator apps, the challenges their codes answer, and recovery codes for who has lost the app.

-- What a user's factors are, as the User of Supabase Auth has them: every reader of an account shows them, and they change a few times in a life.
-- Whoever changes a factor writes them anew in the same transaction (account_factors in statements.c).
ALTER TABLE tripsage.account ADD COLUMN factors text COLLATE "C" NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(factors::jsonb) = 'array');

CREATE TABLE tripsage.factor (
    id                 text COLLATE "C" PRIMARY KEY,
    user_id            text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    friendly_name      text COLLATE "C" NOT NULL,
    status             text COLLATE "C" NOT NULL CHECK (status IN ('unverified', 'verified')),
    secret             text COLLATE "C" NOT NULL CHECK (secret LIKE 'enc:v1:%'), -- sealed
    last_step          bigint NOT NULL DEFAULT 0, -- of the last code that was good, which is good no more
    last_challenged_at bigint NOT NULL DEFAULT 0,
    created_at         bigint NOT NULL,
    updated_at         bigint NOT NULL
);

CREATE INDEX factor_user ON tripsage.factor (user_id);
CREATE UNIQUE INDEX factor_name ON tripsage.factor (user_id, friendly_name) WHERE friendly_name <> '';

CREATE TABLE tripsage.challenge (
    id          text COLLATE "C" PRIMARY KEY,
    factor_id   text COLLATE "C" NOT NULL REFERENCES tripsage.factor (id) ON DELETE CASCADE,
    created_at  bigint NOT NULL,
    verified_at bigint NOT NULL DEFAULT 0, -- answered; 0: not yet
    address     text COLLATE "C" -- of whoever asked for it
);

CREATE INDEX challenge_factor ON tripsage.challenge (factor_id, created_at);

CREATE TABLE tripsage.recovery_code (
    user_id text COLLATE "C" NOT NULL REFERENCES tripsage.account (id) ON DELETE CASCADE,
    hash    text COLLATE "C" NOT NULL,
    used_at bigint NOT NULL DEFAULT 0, -- 0: not yet
    PRIMARY KEY (user_id, hash)
);

CREATE INDEX session_factor ON tripsage.session (factor_id) WHERE factor_id IS NOT NULL;

-- As accounts: the library's own affair, in the service role.
SELECT tripsage.protect('tripsage.factor'), tripsage.protect('tripsage.challenge'), tripsage.protect('tripsage.recovery_code');

SELECT tripsage.migration_applied(10, 'factors');
