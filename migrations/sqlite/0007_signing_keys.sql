-- The pairs of keys that access tokens are signed with. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE signing_key (
    kid         TEXT PRIMARY KEY NOT NULL, -- thumbprint of the public key (RFC 7638)
    alg         TEXT NOT NULL CHECK (alg IN ('ES256', 'RS256')),
    state       TEXT NOT NULL CHECK (state IN ('current', 'standby', 'previous')),
    private_key TEXT,          -- PKCS #8, sealed for 'signing_key:' and the kid; gone once it is a previous one
    public_key  TEXT NOT NULL, -- JWK
    created_at  INTEGER NOT NULL,
    rotated_at  INTEGER,       -- when it became the current one, then when it became a previous one
    expires_at  INTEGER,       -- of a previous one: when the last token it signed is over
    CHECK ((state = 'previous') = (private_key IS NULL) AND (state = 'previous') = (expires_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One that signs and one that will, for each algorithm.
CREATE UNIQUE INDEX signing_key_state ON signing_key (alg, state) WHERE state <> 'previous';
