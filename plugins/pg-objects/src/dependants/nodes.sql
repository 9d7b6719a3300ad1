-- What depends on an object ($1 its catalog, $2 its oid), on what depends on it, and so on: one row each, the object included.
WITH RECURSIVE node(classid, objid) AS (
    SELECT $1::regclass::oid, $2::oid
  UNION
    SELECT step.classid, step.objid
    FROM node n
    CROSS JOIN LATERAL (
        SELECT d.classid, d.objid
        FROM pg_depend d
        WHERE d.refclassid = n.classid AND d.refobjid = n.objid
      UNION ALL
        -- A part of something takes the whole with it: the rule of a view, the row type of a table, the index of a constraint.
        SELECT d.refclassid, d.refobjid
        FROM pg_depend d
        WHERE d.classid = n.classid AND d.objid = n.objid AND d.deptype = 'i' AND d.classid <> 'pg_attrdef'::regclass
    ) step
    -- Another table ends the search: it is refused as it is, so what depends on it does not matter. So does a TOAST table.
    WHERE NOT (n.classid = 'pg_class'::regclass AND n.objid <> $2::oid
               AND EXISTS (SELECT FROM pg_class c WHERE c.oid = n.objid AND c.relkind IN ('r', 'p', 'f', 't')))
)
SELECT n.classid::regclass::text,
       n.objid::text,
       CASE i.type
           WHEN 'table constraint' THEN 'CONSTRAINT'
           WHEN 'domain constraint' THEN 'CONSTRAINT'
           WHEN 'statistics object' THEN 'STATISTICS'
           ELSE upper(i.type)
       END,
       CASE WHEN k.contypid <> 0 THEN format('%I ON DOMAIN %s', k.conname, dt.identity) ELSE i.identity END,
       pg_describe_object(n.classid, n.objid, 0),
       (SELECT d.refclassid::regclass::text || ' ' || d.refobjid
        FROM pg_depend d
        WHERE d.classid = n.classid AND d.objid = n.objid AND d.deptype = 'i' AND d.classid <> 'pg_attrdef'::regclass
        LIMIT 1),
       (SELECT string_agg(DISTINCT d.refclassid::regclass::text || ' ' || d.refobjid, ',')
        FROM pg_depend d
        JOIN node r ON r.classid = d.refclassid AND r.objid = d.refobjid
        WHERE d.classid = n.classid AND d.objid = n.objid),
       CASE
           WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = n.classid AND d.objid = n.objid
                        AND d.deptype IN ('e', 'x')) THEN 'it belongs to an extension'
           WHEN EXISTS (SELECT FROM pg_seclabel l WHERE l.classoid = n.classid AND l.objoid = n.objid)
               THEN 'it carries a security label'
           -- The object itself is the caller's business from here on.
           WHEN n.classid = $1::regclass AND n.objid = $2::oid THEN NULL
           WHEN c.relpersistence = 't' THEN 'it is temporary'
           WHEN c.relkind IN ('r', 'p', 'f') THEN 'a table holds data, so it is not dropped; a column''s type or a partition uses the object'
           WHEN c.relkind = 'S' THEN 'a sequence has a state of its own'
           WHEN c.relkind = 'I' OR c.relispartition THEN 'indexes of partitioned tables cannot be put back one by one'
           WHEN c.relkind NOT IN ('v', 'm', 'i') THEN 'a ' || i.type || ' cannot be put back'
           WHEN c.relkind = 'i' AND NOT x.indisvalid THEN 'the index is not valid'
           WHEN p.prokind = 'a' THEN 'aggregates cannot be put back'
           WHEN g.attgenerated <> '' THEN format('column %s of table %s is generated, and PostgreSQL cannot make it so again', g.attname, a.adrelid::regclass)
           WHEN t.tgisinternal OR t.tgparentid <> 0 OR (t.oid IS NOT NULL AND host.relkind = 'p')
               THEN 'triggers of partitioned tables cannot be put back one by one'
           WHEN k.coninhcount > 0 OR (k.oid IS NOT NULL AND NOT k.connoinherit AND k.contype IN ('c', 'n') AND EXISTS
                (SELECT FROM pg_inherits h WHERE h.inhparent = k.conrelid))
               THEN 'constraints that tables inherit cannot be put back one by one'
           WHEN n.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_rewrite'::regclass, 'pg_trigger'::regclass,
                                  'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_policy'::regclass,
                                  'pg_statistic_ext'::regclass)
               THEN 'a ' || i.type || ' cannot be put back'
           WHEN NOT pg_has_role(own.id, 'USAGE')
               THEN format('it belongs to role %s, whose rights role %s does not have', own.id::regrole, current_user)
           WHEN COALESCE(c.relkind <> 'i', p.oid IS NOT NULL OR s.oid IS NOT NULL)
                AND own.id <> current_user::regrole AND NOT me.rolsuper
                AND NOT has_schema_privilege(own.id, COALESCE(c.relnamespace, p.pronamespace, s.stxnamespace), 'CREATE')
               THEN format('it belongs to role %s, which may no longer create objects in its schema', own.id::regrole)
       END,
       x.indexrelid::regclass::text,
       host.oid::text
FROM node n
CROSS JOIN LATERAL pg_identify_object(n.classid, n.objid, 0) i
JOIN pg_roles me ON me.rolname = current_user
LEFT JOIN pg_class c ON n.classid = 'pg_class'::regclass AND c.oid = n.objid
LEFT JOIN pg_index x ON x.indexrelid = c.oid
LEFT JOIN pg_proc p ON n.classid = 'pg_proc'::regclass AND p.oid = n.objid
LEFT JOIN pg_rewrite r ON n.classid = 'pg_rewrite'::regclass AND r.oid = n.objid
LEFT JOIN pg_trigger t ON n.classid = 'pg_trigger'::regclass AND t.oid = n.objid
LEFT JOIN pg_constraint k ON n.classid = 'pg_constraint'::regclass AND k.oid = n.objid
LEFT JOIN LATERAL pg_identify_object('pg_type'::regclass, NULLIF(k.contypid, 0), 0) dt ON true
LEFT JOIN pg_attrdef a ON n.classid = 'pg_attrdef'::regclass AND a.oid = n.objid
LEFT JOIN pg_attribute g ON g.attrelid = a.adrelid AND g.attnum = a.adnum
LEFT JOIN pg_policy y ON n.classid = 'pg_policy'::regclass AND y.oid = n.objid
LEFT JOIN pg_statistic_ext s ON n.classid = 'pg_statistic_ext'::regclass AND s.oid = n.objid
LEFT JOIN pg_class host ON host.oid = COALESCE(x.indrelid, r.ev_class, t.tgrelid, NULLIF(k.conrelid, 0), a.adrelid, y.polrelid)
LEFT JOIN pg_type domain ON domain.oid = NULLIF(k.contypid, 0)
CROSS JOIN LATERAL (
    SELECT COALESCE(host.relowner, c.relowner, p.proowner, s.stxowner, domain.typowner) AS id
) own
