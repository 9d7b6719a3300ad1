-- Types, routines, and what has code or rights of its own.
SELECT CASE typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange' ELSE 'type' END,
    t.oid::regtype::text, NULL, jsonb_build_object(
    'owner', typowner::regrole,
    'labels', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
    'base', nullif(typbasetype, 0)::regtype || CASE WHEN typtypmod >= 0 THEN replace(format_type(typbasetype, typtypmod), format_type(typbasetype, NULL), '') ELSE '' END,
    'not null', nullif(typnotnull, false), 'default', typdefault,
    'collation', (SELECT format('%I.%I', nspname, collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace
        WHERE c.oid = typcollation AND typtype = 'd'),
    'subtype', (SELECT rngsubtype::regtype::text FROM pg_range WHERE rngtypid = t.oid),
    'input', CASE typtype WHEN 'b' THEN typinput::text END, 'output', CASE typtype WHEN 'b' THEN typoutput::text END
) || acl(typowner, 'T', typacl)
FROM pg_type t JOIN spaces s ON s.oid = typnamespace
WHERE ('pg_type'::regclass, t.oid) NOT IN (SELECT classid, objid FROM members)
    -- Rows of relations and arrays come and go with what they are of.
    AND typrelid = 0 AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AND typtype <> 'm';

SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.oid::regprocedure::text, NULL,
    jsonb_build_object(
    'owner', proowner::regrole,
    'returns', CASE WHEN prokind IN ('a', 'w') THEN pg_get_function_result(p.oid) END,
    'definition', CASE WHEN prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(p.oid) END,
    'aggregate', (SELECT (to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop' || jsonb_build_object('state', aggtranstype::regtype))::text
        FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
) || acl(proowner, 'f', proacl)
FROM pg_proc p JOIN spaces s ON s.oid = pronamespace 
WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM members UNION ALL SELECT classid, objid FROM parts);

SELECT 'event trigger', quote_ident(evtname), NULL, jsonb_build_object('event', evtevent, 'function', evtfoid::regprocedure, 'owner', evtowner::regrole,
    'enabled', CASE evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END, 'tags', array_to_string(evttags, ', '))
FROM pg_event_trigger e WHERE ('pg_event_trigger'::regclass, e.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'default privileges', format('of %s%s on %s', defaclrole::regrole, ' in ' || nullif(defaclnamespace, 0)::regnamespace,
        CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
        ELSE defaclobjtype::text END), NULL, acl(0, 'c', defaclacl)
FROM pg_default_acl;

SELECT 'extension', quote_ident(extname), NULL, jsonb_build_object('version', extversion, 'schema', extnamespace::regnamespace, 'owner', extowner::regrole)
FROM pg_extension;

SELECT 'publication', quote_ident(pubname), NULL, jsonb_build_object('owner', pubowner::regrole, 'all tables', nullif(puballtables, false),
    'publishes', concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END,
        CASE WHEN pubtruncate THEN 'truncate' END), 'via root', nullif(to_jsonb(p) ->> 'pubviaroot', 'false'))
FROM pg_publication p;

SELECT 'publication member', format('%s in %I', coalesce(name, prrelid::regclass::text), pubname), format('publication %I', pubname), jsonb_build_object(
    'where', :member_where,
    'columns', (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid
        AND attnum = ANY (string_to_array(to_jsonb(m) ->> 'prattrs', ' ')::int[])))
FROM pg_publication_rel m JOIN pg_publication p ON p.oid = prpubid LEFT JOIN relations ON relation = prrelid;

-- Servers and wrappers, whose options pg_identify_object does not show.
SELECT 'server', quote_ident(srvname), NULL, jsonb_build_object('owner', srvowner::regrole, 'type', srvtype, 'version', srvversion,
    'wrapper', (SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = srvfdw), 'options', array_to_string(srvoptions, ', ')) || acl(srvowner, 'S', srvacl)
FROM pg_foreign_server;

-- Whatever has no query of its own: operators, casts, languages, collations, text search, publications of schemas, mappings of users ...
-- pg_depend knows of each object that a user made: what is not pinned depends on something, if only on its schema.
SELECT type, identity, NULL, jsonb_build_object('owner', (SELECT refobjid::regrole FROM pg_shdepend o WHERE o.classid = d.classid AND o.objid = d.objid
    AND o.objsubid = 0 AND deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())))
FROM (SELECT DISTINCT classid, objid FROM pg_depend WHERE objid >= 16384 AND objsubid = 0
        AND classid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_rewrite'::regclass,
            'pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
            'pg_event_trigger'::regclass, 'pg_default_acl'::regclass, 'pg_extension'::regclass, 'pg_publication'::regclass,
            'pg_publication_rel'::regclass, 'pg_foreign_server'::regclass)
        -- They are parts of operator families, which their numbers would name.
        AND classid NOT IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
        AND (classid, objid) NOT IN (SELECT classid, objid FROM members UNION ALL SELECT classid, objid FROM parts)) d,
    pg_identify_object(d.classid, d.objid, 0);

SELECT 'part of', pg_describe_object(classid, objid, 0), NULL, '{}'::jsonb
FROM (SELECT DISTINCT classid, objid FROM pg_depend WHERE objid >= 16384 AND classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
        AND (refclassid, refobjid) NOT IN (SELECT classid, objid FROM members)
        AND refclassid IN ('pg_opfamily'::regclass, 'pg_opclass'::regclass)) d;

SELECT 'comment', format('on %s %s', type, identity), NULL, jsonb_build_object('text', description)
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid)
WHERE (objoid >= 16384 OR classoid = 'pg_namespace'::regclass AND objoid IN (SELECT oid FROM spaces) AND description <> 'standard public schema')
    AND (classoid, objoid) NOT IN (SELECT classid, objid FROM members) AND classoid <> 'pg_extension'::regclass;

SELECT 'security label', format('of %s on %s %s', provider, type, identity), NULL, jsonb_build_object('label', label)
FROM pg_seclabel d, pg_identify_object(d.classoid, d.objoid, d.objsubid) WHERE objoid >= 16384;
