-- Kind, identity, the object that it is a part of, properties. `acl(OWNER, LETTER, LIST)` is written out by the reader.
SELECT 'schema', quote_ident(nspname), NULL, jsonb_build_object('owner', nspowner::regrole) || acl(nspowner, 'n', nspacl)
FROM spaces s WHERE ('pg_namespace'::regclass, s.oid) NOT IN (SELECT classid, objid FROM members);

SELECT kind, name, NULL, jsonb_build_object(
    'owner', relowner::regrole,
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(reloptions) o WHERE o ~ (SELECT options FROM settable)),
    'persistence', CASE relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END,
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace),
    'replica identity', CASE relreplident WHEN 'n' THEN CASE WHEN relkind IN ('r', 'p') THEN 'nothing' END WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' END,
    'row security', CASE WHEN relforcerowsecurity AND relrowsecurity THEN 'forced' WHEN relrowsecurity THEN 'enabled'
        WHEN relforcerowsecurity THEN 'forced, not enabled' END,
    'partition key', CASE relkind WHEN 'p' THEN pg_get_partkeydef(relation) END,
    'partition', pg_get_expr(relpartbound, relation),
    'parents', (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relation),
    'populated', CASE relkind WHEN 'm' THEN relispopulated END,
    'access method', CASE WHEN relkind IN ('r', 'm') THEN (SELECT amname FROM pg_am a WHERE a.oid = relam) END,
    'of type', nullif(reloftype, 0)::regtype::text,
    'toast options', (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class t, unnest(t.reloptions) o
        WHERE t.oid = r.reltoastrelid AND o ~ (SELECT options FROM settable)),
    'definition', CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(relation) END,
    'server', (SELECT srvname FROM pg_foreign_table JOIN pg_foreign_server f ON f.oid = ftserver WHERE ftrelid = relation),
    'foreign options', (SELECT array_to_string(ftoptions, ', ') FROM pg_foreign_table WHERE ftrelid = relation)
) || acl(relowner, CASE relkind WHEN 'c' THEN 'T' ELSE 'r' END,
    CASE relkind WHEN 'c' THEN (SELECT typacl FROM pg_type WHERE oid = reltype) ELSE relacl END)
FROM relations r WHERE kind NOT IN ('index', 'sequence');

SELECT kind, name, NULL, jsonb_build_object(
    'owner', relowner::regrole,
    'persistence', CASE relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END,
    'type', seqtypid::regtype, 'start', seqstart, 'increment', seqincrement, 'minimum', seqmin, 'maximum', seqmax, 'cache', seqcache,
    'cycle', nullif(seqcycle, false),
    'owned by', (SELECT format('%s.%I', refobjid::regclass, attname) FROM pg_depend d
        JOIN pg_attribute a ON attrelid = refobjid AND attnum = refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = relation AND deptype IN ('a', 'i') AND refclassid = 'pg_class'::regclass)
) || acl(relowner, 's', relacl)
FROM relations JOIN pg_sequence ON seqrelid = relation;

SELECT 'column', format('%s.%I', name, attname), format('%s %s', kind, name), jsonb_build_object(
    'position', row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
    'type', format_type(atttypid, atttypmod),
    'collation', (SELECT format('%I.%I', nspname, collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace
        WHERE c.oid = attcollation AND attcollation <> (SELECT typcollation FROM pg_type t WHERE t.oid = atttypid)),
    'not null', nullif(attnotnull, false),
    'identity', CASE attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
    'generated', CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid) || CASE attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END,
    'default', CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END,
    'storage', CASE WHEN attstorage <> (SELECT typstorage FROM pg_type t WHERE t.oid = atttypid)
        THEN CASE attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
    'compression', nullif(to_jsonb(a) ->> 'attcompression', ''),
    'statistics', nullif(to_jsonb(a) ->> 'attstattarget', '-1'),
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(attoptions) o WHERE o ~ '^n_distinct(_inherited)?='),
    'foreign options', array_to_string(attfdwoptions, ', '),
    'inherited', CASE WHEN attinhcount > 0 THEN CASE WHEN attislocal THEN 'and its own' ELSE 'yes' END END
) || acl(0, 'c', attacl)
FROM pg_attribute a JOIN relations ON relation = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped AND kind NOT IN ('index', 'sequence');

SELECT 'constraint', format('%I on %s', conname, coalesce(name, contypid::regtype::text)), coalesce(kind || ' ' || name,
        'domain ' || contypid::regtype), jsonb_build_object(
    'definition', pg_get_constraintdef(o.oid),
    'validated', CASE WHEN NOT convalidated THEN false END,
    'no inherit', nullif(connoinherit AND contype IN ('c', 'n'), false),
    'inherited', CASE WHEN coninhcount > 0 THEN CASE WHEN conislocal THEN 'and its own' ELSE 'yes' END END)
FROM pg_constraint o LEFT JOIN relations ON relation = conrelid
WHERE connamespace IN (SELECT oid FROM spaces) AND (conrelid = 0 OR relation IS NOT NULL)
    AND (contypid = 0 OR ('pg_type'::regclass, contypid) NOT IN (SELECT classid, objid FROM members));

SELECT 'index', i.name, format('%s %s', t.kind, t.name), jsonb_build_object(
    'definition', coalesce(replace(pg_get_indexdef(indexrelid), ' WITH (' || stored || ')', coalesce(' WITH (' || chosen || ')', '')),
        pg_get_indexdef(indexrelid)),
    'valid', CASE WHEN NOT indisvalid THEN false END, 'ready', CASE WHEN NOT indisready THEN false END,
    'clustered', nullif(indisclustered, false), 'replica identity', nullif(indisreplident, false),
    'partition of', (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = indexrelid),
    'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = i.reltablespace),
    'statistics', (SELECT string_agg(format('%s: %s', attnum, attstattarget), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = indexrelid AND attstattarget >= 0))
FROM pg_index JOIN relations i ON i.relation = indexrelid JOIN relations t ON t.relation = indrelid, LATERAL (
    -- Parameters as pg_get_indexdef writes them. Those of an extension's access method are its own, and not in `settable`.
    SELECT string_agg(written, ', ' ORDER BY place) AS stored, string_agg(written, ', ' ORDER BY place)
        FILTER (WHERE o ~ (SELECT options FROM settable) OR i.relam >= 16384 AND o !~ '^pg_') AS chosen
    FROM unnest(i.reloptions) WITH ORDINALITY p (o, place), LATERAL (SELECT split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)) v (name, value),
        LATERAL (SELECT quote_ident(name) || '=' || CASE quote_ident(value) WHEN value THEN value ELSE quote_literal(value) END) w (written)
) parameters;

SELECT 'trigger', format('%I on %s', tgname, name), format('%s %s', kind, name), jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid),
    'enabled', CASE tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
FROM pg_trigger t JOIN relations ON relation = tgrelid WHERE NOT tgisinternal;

-- What PostgreSQL makes itself for a foreign key can be switched off all the same.
SELECT 'trigger', format('of constraint %I on %s, for %s', conname, name, (SELECT string_agg(word, ' or ' ORDER BY bit) FROM (VALUES (4, 'insert'),
        (8, 'delete'), (16, 'update')) e (bit, word) WHERE tgtype & bit <> 0)), format('%s %s', kind, name),
    jsonb_build_object('enabled', tgenabled)
FROM pg_trigger t JOIN relations ON relation = tgrelid JOIN pg_constraint c ON c.oid = tgconstraint
WHERE tgisinternal AND tgenabled <> 'O';

SELECT 'rule', format('%I on %s', rulename, name), format('%s %s', kind, name), jsonb_build_object(
    'definition', pg_get_ruledef(w.oid),
    'enabled', CASE ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
FROM pg_rewrite w JOIN relations ON relation = ev_class WHERE rulename <> '_RETURN';

SELECT 'policy', format('%I on %s', polname, name), format('%s %s', kind, name), jsonb_build_object(
    'command', CASE polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
    'restrictive', CASE WHEN NOT polpermissive THEN true END,
    'roles', (SELECT string_agg(CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END, ', ' ORDER BY role::regrole::text)
        FROM unnest(polroles) role),
    'using', pg_get_expr(polqual, polrelid), 'with check', pg_get_expr(polwithcheck, polrelid))
FROM pg_policy JOIN relations ON relation = polrelid;

SELECT 'statistics', format('%I.%I', nspname, stxname), format('%s %s', kind, name), jsonb_build_object(
    'owner', stxowner::regrole, 'definition', pg_get_statisticsobjdef(x.oid), 'target', nullif(to_jsonb(x) ->> 'stxstattarget', '-1'))
FROM pg_statistic_ext x JOIN spaces s ON s.oid = stxnamespace JOIN relations ON relation = stxrelid;
