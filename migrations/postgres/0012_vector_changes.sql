-- Nothing: pgvector's indexes follow their tables by themselves.

SELECT tripsage.migration_applied(12, 'vector_changes');
