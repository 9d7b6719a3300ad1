-- The statements that compute something ($1 catalogs, $2 oids): read and run with the run's own search path, since the
-- functions that they call may need it. The last column orders them: indexes, contents of materialized views, constraints.
WITH node AS (SELECT class, id FROM unnest($1::text[], $2::oid[]) n(class, id))
SELECT n.class, n.id::text, pg_get_indexdef(n.id), '1'
FROM node n
JOIN pg_index x ON n.class = 'pg_class' AND x.indexrelid = n.id
UNION ALL
SELECT n.class, n.id::text, format('ALTER INDEX %I.%I SET TABLESPACE %I', s.nspname, c.relname, t.spcname), '2'
FROM node n
JOIN pg_index x ON n.class = 'pg_class' AND x.indexrelid = n.id
JOIN pg_class c ON c.oid = n.id
JOIN pg_namespace s ON s.oid = c.relnamespace
JOIN pg_tablespace t ON t.oid = c.reltablespace
UNION ALL
SELECT n.class, n.id::text,
       format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', s.nspname, c.relname, a.attnum, a.attstattarget), '2'
FROM node n
JOIN pg_index x ON n.class = 'pg_class' AND x.indexrelid = n.id
JOIN pg_class c ON c.oid = n.id
JOIN pg_namespace s ON s.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attstattarget >= 0
UNION ALL
SELECT n.class, n.id::text, format('ALTER TABLE %I.%I CLUSTER ON %I', s.nspname, h.relname, c.relname), '2'
FROM node n
JOIN pg_index x ON n.class = 'pg_class' AND x.indexrelid = n.id AND x.indisclustered
JOIN pg_class c ON c.oid = n.id
JOIN pg_class h ON h.oid = x.indrelid
JOIN pg_namespace s ON s.oid = h.relnamespace
UNION ALL
SELECT n.class, n.id::text, format('ALTER TABLE %I.%I REPLICA IDENTITY USING INDEX %I', s.nspname, h.relname, c.relname), '2'
FROM node n
JOIN pg_index x ON n.class = 'pg_class' AND x.indexrelid = n.id AND x.indisreplident
JOIN pg_class c ON c.oid = n.id
JOIN pg_class h ON h.oid = x.indrelid
JOIN pg_namespace s ON s.oid = h.relnamespace
UNION ALL
SELECT n.class, n.id::text, format('REFRESH MATERIALIZED VIEW %I.%I', s.nspname, c.relname), '3'
FROM node n
JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind = 'm' AND c.relispopulated
JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT n.class, n.id::text,
       format('ALTER %s %I.%I ADD CONSTRAINT %I %s', CASE WHEN c.oid IS NULL THEN 'DOMAIN' ELSE 'TABLE' END, s.nspname,
              COALESCE(c.relname, d.typname), k.conname, pg_get_constraintdef(k.oid)), '4'
FROM node n
JOIN pg_constraint k ON n.class = 'pg_constraint' AND k.oid = n.id
LEFT JOIN pg_class c ON c.oid = NULLIF(k.conrelid, 0)
LEFT JOIN pg_type d ON d.oid = NULLIF(k.contypid, 0)
JOIN pg_namespace s ON s.oid = COALESCE(c.relnamespace, d.typnamespace)
