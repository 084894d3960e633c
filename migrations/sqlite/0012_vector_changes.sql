-- What an index of a collection, kept in the memory of each process and in a file beside the database, follows.

-- Which items changed, in their order: numbers of a collection are counted from 1 without a gap. Whoever followed up to one of them looks
-- at the rows behind the later ones as they are now, or finds them gone. The last 100,000 are kept, some 1.5 MB: to read all rows is as
-- fast as to follow more. So the greatest number alone says how far back the list goes.
CREATE TABLE vector_change (
    collection_id INTEGER NOT NULL REFERENCES vector_collection (id) ON DELETE CASCADE,
    change INTEGER NOT NULL,
    seq INTEGER NOT NULL, -- of the item
    PRIMARY KEY (collection_id, change)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER vector_change_trim AFTER INSERT ON vector_change BEGIN
    DELETE FROM vector_change WHERE collection_id = NEW.collection_id AND change = NEW.change - 100000;
END;

CREATE TRIGGER vector_item_inserted AFTER INSERT ON vector_item BEGIN
    INSERT INTO vector_change (collection_id, change, seq) VALUES (NEW.collection_id,
        COALESCE((SELECT max(v.change) FROM vector_change v WHERE v.collection_id = NEW.collection_id), 0) + 1, NEW.seq);
END;

CREATE TRIGGER vector_item_updated AFTER UPDATE ON vector_item BEGIN
    INSERT INTO vector_change (collection_id, change, seq) VALUES (NEW.collection_id,
        COALESCE((SELECT max(v.change) FROM vector_change v WHERE v.collection_id = NEW.collection_id), 0) + 1, NEW.seq);
END;

CREATE TRIGGER vector_item_moved AFTER UPDATE OF seq, collection_id ON vector_item
WHEN OLD.seq <> NEW.seq OR OLD.collection_id <> NEW.collection_id BEGIN
    INSERT INTO vector_change (collection_id, change, seq) VALUES (OLD.collection_id,
        COALESCE((SELECT max(v.change) FROM vector_change v WHERE v.collection_id = OLD.collection_id), 0) + 1, OLD.seq);
END;

-- Not of items that go with their collection.
CREATE TRIGGER vector_item_deleted AFTER DELETE ON vector_item
WHEN EXISTS (SELECT 1 FROM vector_collection c WHERE c.id = OLD.collection_id) BEGIN
    INSERT INTO vector_change (collection_id, change, seq) VALUES (OLD.collection_id,
        COALESCE((SELECT max(v.change) FROM vector_change v WHERE v.collection_id = OLD.collection_id), 0) + 1, OLD.seq);
END;

-- Snapshots of an index that this database knows of, each by the number at random that stands in its file. A file made for another
-- database, or for a later state of this one, which came back from a backup, is not among them.
CREATE TABLE vector_snapshot (
    collection_id INTEGER NOT NULL REFERENCES vector_collection (id) ON DELETE CASCADE,
    token BLOB NOT NULL CHECK (length(token) = 16),
    change INTEGER NOT NULL, -- the last one it holds
    PRIMARY KEY (collection_id, token)
) STRICT, WITHOUT ROWID;
