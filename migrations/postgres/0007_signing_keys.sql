-- The pairs of keys that access tokens are signed with. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE tripsage.signing_key (
    kid         text COLLATE "C" PRIMARY KEY, -- thumbprint of the public key (RFC 7638)
    alg         text COLLATE "C" NOT NULL CHECK (alg IN ('ES256', 'RS256')),
    state       text COLLATE "C" NOT NULL CHECK (state IN ('current', 'standby', 'previous')),
    private_key text COLLATE "C",          -- PKCS #8, sealed for 'signing_key:' and the kid; gone once it is a previous one
    public_key  text COLLATE "C" NOT NULL, -- JWK
    created_at  bigint NOT NULL,
    rotated_at  bigint, -- when it became the current one, then when it became a previous one
    expires_at  bigint, -- of a previous one: when the last token it signed is over
    CHECK ((state = 'previous') = (private_key IS NULL) AND (state = 'previous') = (expires_at IS NOT NULL))
);

-- One that signs and one that will, for each algorithm.
CREATE UNIQUE INDEX signing_key_state ON tripsage.signing_key (alg, state) WHERE state <> 'previous';

-- The library's own affair, in the service role.
SELECT tripsage.protect('tripsage.signing_key');

SELECT tripsage.migration_applied(7, 'signing_keys');
