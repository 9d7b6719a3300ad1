-- Column comments and indexes of the relations of schema $1, as options: relation, option, value. Indexes of constraints are left out.
SELECT relation, option, value FROM (
    SELECT c.relname::text AS relation, 'column-comment' AS option, a.attname || ': ' || d.description AS value, a.attnum::int AS place, '' AS name
    FROM pg_description d
    JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid AND c.relkind IN ('v', 'm', 'r')
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
  UNION ALL
    SELECT c.relname::text, 'index',
           CASE WHEN x.indisunique THEN 'unique ' ELSE '' END || quote_ident(i.relname) || ' '
           || substr(pg_get_indexdef(i.oid), length(format('CREATE %sINDEX %I ON %I.%I ', CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END,
                                                            i.relname, n.nspname, c.relname)) + 1),
           0, i.relname::text
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class c ON c.oid = x.indrelid AND c.relkind IN ('m', 'r')
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)
) part
ORDER BY relation, option, place, name
