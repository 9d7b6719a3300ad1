-- The views ($2 is v) or materialized views (m) of schema $1: name, query, pairs of options. Those of extensions are left out,
-- and those whose comment says that they belong to another kind.
SELECT c.relname::text, rtrim(pg_get_viewdef(c.oid), ';'),
       'check-option', (SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = 'check_option'),
       'security-barrier', b.barrier,
       'security-invoker', b.invoker,
       'with-data', CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'false' END,
       'comment', obj_description(c.oid, 'pg_class')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT max(option_value::boolean::text) FILTER (WHERE option_name = 'security_barrier') AS barrier,
           max(option_value::boolean::text) FILTER (WHERE option_name = 'security_invoker') AS invoker
    FROM pg_options_to_table(c.reloptions)
    WHERE option_name IN ('security_barrier', 'security_invoker')
) b
WHERE n.nspname = $1 AND c.relkind = $2::"char"
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND COALESCE(obj_description(c.oid, 'pg_class'), '') !~ '\[mighost:[a-z0-9-]+\]$'
