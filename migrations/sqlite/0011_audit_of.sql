-- The audit trail of one user, and of one action, by the order of the trail: the rowid, which every index has at its end.
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_subject ON audit (subject) WHERE subject <> actor; -- most do what they do to themselves
CREATE INDEX audit_action ON audit (action);
