-- The statements that define objects ($1 their catalogs, $2 their oids), read and run with an empty search path.
WITH node AS (SELECT class, id FROM unnest($1::text[], $2::oid[]) n(class, id))
SELECT n.class, n.id::text,
       CASE c.relkind
           WHEN 'v' THEN format('CREATE VIEW %I.%I%s AS%s', s.nspname, c.relname, o.parameters, E'\n' || d.query)
           ELSE format('CREATE MATERIALIZED VIEW %I.%I USING %I%s%s AS%s', s.nspname, c.relname, m.amname, o.parameters,
                       ' TABLESPACE ' || quote_ident(t.spcname), E'\n' || d.query || E'\nWITH NO DATA')
       END
FROM node n
JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind IN ('v', 'm')
JOIN pg_namespace s ON s.oid = c.relnamespace
LEFT JOIN pg_am m ON m.oid = c.relam
LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
CROSS JOIN LATERAL (SELECT rtrim(pg_get_viewdef(c.oid), ';') AS query) d
CROSS JOIN LATERAL (
    SELECT ' WITH (' || string_agg(format('%s=%L', split_part(e, '=', 1), substr(e, strpos(e, '=') + 1)), ', ') || ')' AS parameters
    FROM (SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) all_of(e)
    -- No parameter that can be set begins with pg_: those belong to the server.
    WHERE e !~ '^(toast[.])?pg_'
) o
UNION ALL
SELECT n.class, n.id::text, pg_get_functiondef(n.id)
FROM node n
WHERE n.class = 'pg_proc'
UNION ALL
SELECT n.class, n.id::text, pg_get_ruledef(n.id)
FROM node n
WHERE n.class = 'pg_rewrite'
UNION ALL
SELECT n.class, n.id::text,
       format('ALTER TABLE %I.%I %s RULE %I', s.nspname, c.relname,
              CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, r.rulename)
FROM node n
JOIN pg_rewrite r ON n.class = 'pg_rewrite' AND r.oid = n.id AND r.ev_enabled <> 'O'
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT n.class, n.id::text, pg_get_triggerdef(n.id)
FROM node n
WHERE n.class = 'pg_trigger'
UNION ALL
SELECT n.class, n.id::text,
       format('ALTER TABLE %I.%I %s TRIGGER %I', s.nspname, c.relname,
              CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)
FROM node n
JOIN pg_trigger t ON n.class = 'pg_trigger' AND t.oid = n.id AND t.tgenabled <> 'O'
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT n.class, n.id::text,
       format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET DEFAULT %s', s.nspname, c.relname, a.attname,
              pg_get_expr(d.adbin, d.adrelid))
FROM node n
JOIN pg_attrdef d ON n.class = 'pg_attrdef' AND d.oid = n.id
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
JOIN pg_class c ON c.oid = d.adrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT n.class, n.id::text,
       format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.polname, s.nspname, c.relname,
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
              (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', ')
               FROM unnest(p.polroles) role),
              ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
              ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
FROM node n
JOIN pg_policy p ON n.class = 'pg_policy' AND p.oid = n.id
JOIN pg_class c ON c.oid = p.polrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT n.class, n.id::text, pg_get_statisticsobjdef(n.id)
FROM node n
WHERE n.class = 'pg_statistic_ext'
UNION ALL
SELECT n.class, n.id::text, format('ALTER STATISTICS %I.%I SET STATISTICS %s', s.nspname, x.stxname, x.stxstattarget)
FROM node n
JOIN pg_statistic_ext x ON n.class = 'pg_statistic_ext' AND x.oid = n.id AND x.stxstattarget >= 0
JOIN pg_namespace s ON s.oid = x.stxnamespace
