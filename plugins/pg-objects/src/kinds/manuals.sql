-- The tables of schema $1 that a function fills again, known by the marker $2 in its body: name, query, pairs of options.
SELECT c.relname::text, substr(p.prosrc, strpos(p.prosrc, $2) + length($2)),
       'comment', obj_description(c.oid, 'pg_class')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'refresh_' || c.relname AND p.pronargs = 0
WHERE n.nspname = $1 AND c.relkind = 'r' AND strpos(p.prosrc, $2) > 0
