-- The functions ($2 is f) or procedures (p) of schema $1: name, text from the parameters on, pairs of options. Left out: those
-- of extensions, aggregates, and those that belong to a manual materialized view.
SELECT p.proname || '(' || COALESCE((SELECT string_agg(format_type(t.id, NULL), ', ' ORDER BY t.place)
                                     FROM unnest(p.proargtypes) WITH ORDINALITY t(id, place)), '') || ')',
       substr(d.definition, length(format('CREATE OR REPLACE %s %I.%I', CASE $2 WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
                                          n.nspname, p.proname)) + 1),
       'comment', obj_description(p.oid, 'pg_proc')
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END AS definition) d
WHERE n.nspname = $1 AND p.prokind = ANY (CASE $2 WHEN 'p' THEN '{p}' ELSE '{f,w}' END::"char"[])
  AND strpos(p.prosrc, E'\n-- mighost: manual-materialized-view\n') = 0
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
