-- Owner, settings and comments of objects: $1 their catalogs, $2 their oids, $3 what ALTER calls each, $4 each as SQL, $5 the
-- oid of the one that is replaced, whose parameters no definition carries. Read and run with an empty search path.
WITH node AS (
    SELECT class, id, type, identity FROM unnest($1::text[], $2::oid[], $3::text[], $4::text[]) n(class, id, type, identity)
), relation AS (
    SELECT n.*, c.* FROM node n JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind IN ('m', 'r')
), col AS (
    SELECT n.class, n.id, n.type, n.identity, a.*
    FROM node n
    JOIN pg_attribute a ON n.class = 'pg_class' AND a.attrelid = n.id AND a.attnum > 0 AND NOT a.attisdropped AND n.type <> 'INDEX'
)
SELECT class, id, what, column_name, statement FROM (
    SELECT n.class, n.id::text, 1 AS rank, 'owner' AS what, NULL::text AS column_name,
           format('ALTER %s %s OWNER TO %I', n.type, n.identity, pg_get_userbyid(COALESCE(c.relowner, p.proowner, s.stxowner))) AS statement
    FROM node n
    LEFT JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind IN ('v', 'm', 'r')
    LEFT JOIN pg_proc p ON n.class = 'pg_proc' AND p.oid = n.id
    LEFT JOIN pg_statistic_ext s ON n.class = 'pg_statistic_ext' AND s.oid = n.id
    WHERE COALESCE(c.oid, p.oid, s.oid) IS NOT NULL
  UNION ALL
    SELECT n.class, n.id::text, 2, 'setting', NULL,
           format('ALTER %s %s SET (%s)', n.type, n.identity,
                  string_agg(format('%s=%L', split_part(e, '=', 1), substr(e, strpos(e, '=') + 1)), ', '))
    FROM relation n
    LEFT JOIN pg_class toast ON toast.oid = n.reltoastrelid
    CROSS JOIN LATERAL (SELECT unnest(n.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) o(e)
    -- No parameter that can be set begins with pg_: those belong to the server.
    WHERE n.id = $5::oid AND e !~ '^(toast[.])?pg_'
    GROUP BY n.class, n.id, n.type, n.identity
  UNION ALL
    SELECT n.class, n.id::text, 2, 'setting', NULL, format('ALTER %s %s SET TABLESPACE %I', n.type, n.identity, t.spcname)
    FROM relation n JOIN pg_tablespace t ON t.oid = n.reltablespace
    WHERE n.id = $5::oid
  UNION ALL
    SELECT n.class, n.id::text, 2, 'setting', NULL, format('ALTER TABLE %s SET UNLOGGED', n.identity)
    FROM relation n WHERE n.id = $5::oid AND n.relkind = 'r' AND n.relpersistence = 'u'
  UNION ALL
    SELECT n.class, n.id::text, 2, 'setting', NULL, format('ALTER TABLE %s %s ROW LEVEL SECURITY', n.identity, action)
    FROM relation n
    CROSS JOIN LATERAL (VALUES ('ENABLE', n.relrowsecurity), ('FORCE', n.relforcerowsecurity)) v(action, wanted)
    WHERE v.wanted
  UNION ALL
    SELECT n.class, n.id::text, 2, 'setting', NULL,
           format('ALTER TABLE %s REPLICA IDENTITY %s', n.identity, CASE n.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)
    FROM relation n WHERE n.relreplident = 'f' OR (n.relreplident = 'n' AND n.relkind = 'r')
  UNION ALL
    SELECT n.class, n.id::text, 3, 'setting', n.attname::text, format('ALTER %s %s ALTER COLUMN %I SET %s', n.type, n.identity, n.attname, v.setting)
    FROM col n
    JOIN relation r ON r.id = n.id
    JOIN pg_type t ON t.oid = n.atttypid
    -- Servers keep more here than can be set, as 15.20 keeps pg_attver.
    CROSS JOIN LATERAL (
        SELECT string_agg(e, ', ') FROM unnest(n.attoptions) e WHERE split_part(e, '=', 1) IN ('n_distinct', 'n_distinct_inherited')
    ) o(chosen)
    CROSS JOIN LATERAL (VALUES
        ('STATISTICS ' || n.attstattarget, n.attstattarget >= 0),
        ('(' || o.chosen || ')', o.chosen IS NOT NULL),
        ('STORAGE ' || CASE n.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END,
         n.attstorage <> t.typstorage),
        ('COMPRESSION ' || CASE to_jsonb(n) ->> 'attcompression' WHEN 'p' THEN 'pglz' ELSE 'lz4' END,
         to_jsonb(n) ->> 'attcompression' <> ''),
        ('NOT NULL', n.attnotnull AND r.relkind = 'r' AND current_setting('server_version_num')::int < 180000)
    ) v(setting, wanted)
    WHERE v.wanted
  UNION ALL
    SELECT n.class, n.id::text, 4, 'comment', NULL, format('COMMENT ON %s %s IS %L', n.type, n.identity, d.description)
    FROM node n JOIN pg_description d ON d.classoid = n.class::regclass AND d.objoid = n.id AND d.objsubid = 0
  UNION ALL
    SELECT n.class, n.id::text, 4, 'column-comment', n.attname::text,
           format('COMMENT ON COLUMN %s.%I IS %L', n.identity, n.attname, d.description)
    FROM col n JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = n.id AND d.objsubid = n.attnum
) every_one
ORDER BY rank
