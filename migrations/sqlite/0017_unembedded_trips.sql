-- Trips whose vector (in the collection "trips") is still to be made: it is made when somebody asks for it.

-- From a change of a trip's texts on until its vector is made of them. Who makes one reads the texts together with `version`, and writes it only
-- where that stands here still. Kept by statements beside each change, never by triggers.
CREATE TABLE trip_unembedded (
    seq INTEGER PRIMARY KEY REFERENCES trip (seq) ON DELETE CASCADE,
    version INTEGER NOT NULL -- the trip's when it came here the last time
) STRICT;

INSERT INTO trip_unembedded (seq, version)
SELECT t.seq, t.version FROM trip t WHERE NOT EXISTS (
    SELECT 1 FROM vector_item v JOIN vector_collection c ON c.id = v.collection_id WHERE c.name = 'trips' AND v.id = t.id);
