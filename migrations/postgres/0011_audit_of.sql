-- The audit trail of one user, and of one action, in the order of the trail.
CREATE INDEX audit_actor ON tripsage.audit (actor, seq);
CREATE INDEX audit_subject ON tripsage.audit (subject, seq) WHERE subject <> actor; -- most do what they do to themselves
CREATE INDEX audit_action ON tripsage.audit (action, seq);

SELECT tripsage.migration_applied(11, 'audit_of');
