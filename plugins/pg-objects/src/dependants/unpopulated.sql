-- The populated materialized views among $1 that read, through other views or at once, one that is not populated.
WITH RECURSIVE reads(reader, id) AS (
    SELECT c.oid, c.oid FROM pg_class c WHERE c.oid = ANY($1::oid[]) AND c.relkind = 'm' AND c.relispopulated
  UNION
    SELECT r.reader, d.refobjid
    FROM reads r
    JOIN pg_rewrite w ON w.ev_class = r.id AND w.rulename = '_RETURN'
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
)
SELECT r.reader::text, string_agg(r.id::regclass::text, ', ')
FROM reads r
JOIN pg_class c ON c.oid = r.id AND c.relkind = 'm' AND NOT c.relispopulated
GROUP BY r.reader
