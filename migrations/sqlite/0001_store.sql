-- What the store keeps for itself: secrets of this database and facts about what was loaded into it.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
