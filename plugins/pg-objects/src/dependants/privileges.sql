-- The privileges on objects and their columns: $1 their catalogs, $2 their oids, $3 what GRANT calls each, $4 each as SQL.
-- An object that has the default privileges is left out, unless ALTER DEFAULT PRIVILEGES would give a new one others.
WITH node AS (
    SELECT class, id, type, identity FROM unnest($1::text[], $2::oid[], $3::text[], $4::text[]) n(class, id, type, identity)
), item AS (
    SELECT n.class, n.id, n.identity, NULL::name AS column_name, 'TABLE' AS word, c.relowner AS owner, c.relacl AS acl,
           acldefault('r', c.relowner) AS default_acl, 'r'::"char" AS letter, c.relnamespace AS namespace
    FROM node n JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind IN ('v', 'm', 'r')
  UNION ALL
    SELECT n.class, n.id, n.identity, NULL, n.type, p.proowner, p.proacl, acldefault('f', p.proowner), 'f', p.pronamespace
    FROM node n JOIN pg_proc p ON n.class = 'pg_proc' AND p.oid = n.id
  UNION ALL
    SELECT n.class, n.id, n.identity, a.attname, 'TABLE', c.relowner, a.attacl, NULL, NULL, NULL
    FROM node n
    JOIN pg_class c ON n.class = 'pg_class' AND c.oid = n.id AND c.relkind IN ('v', 'm', 'r')
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped
), given AS (
    -- Whom ALTER DEFAULT PRIVILEGES lets have something on what the current role creates.
    SELECT i.class, i.id, string_agg(DISTINCT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END, ', ') AS roles
    FROM item i
    JOIN pg_default_acl d ON d.defaclrole = current_user::regrole AND d.defaclobjtype = i.letter
                          AND d.defaclnamespace IN (0, i.namespace)
    CROSS JOIN LATERAL aclexplode(d.defaclacl) e
    GROUP BY i.class, i.id
)
SELECT i.class, i.id::text, i.column_name::text, i.word || ' ' || i.identity, quote_ident(pg_get_userbyid(i.owner)), given.roles,
       quote_ident(pg_get_userbyid(e.grantor)),
       CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
       e.privilege_type, e.is_grantable::text, pg_has_role(e.grantor, 'MEMBER')::text
FROM item i
LEFT JOIN given ON given.class = i.class AND given.id = i.id AND i.column_name IS NULL
LEFT JOIN LATERAL aclexplode(COALESCE(i.acl, i.default_acl)) e ON true
WHERE i.acl IS NOT NULL OR given.roles IS NOT NULL
ORDER BY i.class, i.id, i.column_name NULLS FIRST
