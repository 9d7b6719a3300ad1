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
    'operator class', (SELECT format('%I.%I', nspname, opcname) FROM pg_range JOIN pg_opclass o ON o.oid = rngsubopc
        JOIN pg_namespace n ON n.oid = opcnamespace WHERE rngtypid = t.oid AND NOT opcdefault),
    'range functions', (SELECT nullif(concat_ws(', ', 'canonical ' || nullif(rngcanonical::oid, 0)::regprocedure,
        'difference ' || nullif(rngsubdiff::oid, 0)::regprocedure), '') FROM pg_range WHERE rngtypid = t.oid),
    'range collation', (SELECT format('%I.%I', nspname, collname) FROM pg_range JOIN pg_collation c ON c.oid = rngcollation
        JOIN pg_namespace n ON n.oid = collnamespace JOIN pg_type b ON b.oid = rngsubtype
        WHERE rngtypid = t.oid AND rngcollation <> b.typcollation),
    'multirange', (SELECT (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype::text FROM pg_range r WHERE rngtypid = t.oid),
    'input', CASE typtype WHEN 'b' THEN typinput::text END, 'output', CASE typtype WHEN 'b' THEN typoutput::text END,
    'layout', CASE typtype WHEN 'b' THEN concat_ws(' ', typlen, typbyval, typalign, typstorage, typcategory, typispreferred, typdelim) END
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
    'aggregate', (SELECT (to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop' || jsonb_build_object('state', aggtranstype::regtype,
        'moving state', nullif(aggmtranstype, 0)::regtype, 'sort operator', nullif(aggsortop, 0)::regoperator, 'parallel', proparallel))::text
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

SELECT 'extension', quote_ident(extname), NULL, jsonb_build_object('version', extversion, 'schema', extnamespace::regnamespace, 'owner', extowner::regrole,
    'comment', obj_description(oid, 'pg_extension'))
FROM pg_extension;

SELECT 'publication', quote_ident(pubname), NULL, jsonb_build_object('owner', pubowner::regrole, 'all tables', nullif(puballtables, false),
    'publishes', concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END,
        CASE WHEN pubtruncate THEN 'truncate' END), 'via root', nullif(to_jsonb(p) ->> 'pubviaroot', 'false'),
        'generated columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'))
FROM pg_publication p;

SELECT 'publication member', format('%s in %I', coalesce(name, prrelid::regclass::text), pubname), format('publication %I', pubname), jsonb_build_object(
    'where', :member_where,
    'columns', (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid
        AND attnum = ANY (string_to_array(to_jsonb(m) ->> 'prattrs', ' ')::int[])))
FROM pg_publication_rel m JOIN pg_publication p ON p.oid = prpubid LEFT JOIN relations ON relation = prrelid;

-- Where changes come from is a secret, and of no schema.
SELECT 'subscription', quote_ident(subname), NULL, jsonb_build_object('owner', subowner::regrole, 'enabled', subenabled, 'slot', subslotname,
    'publications', array_to_string(subpublications, ', '), 'synchronous commit', subsynccommit)
FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database());

-- What pg_identify_object does not show of servers, wrappers, operators and so on. Options of users hold passwords, so only a digest is told.
SELECT 'server', quote_ident(srvname), NULL, jsonb_build_object('owner', srvowner::regrole, 'type', srvtype, 'version', srvversion,
    'wrapper', (SELECT fdwname FROM pg_foreign_data_wrapper w WHERE w.oid = srvfdw), 'options', array_to_string(srvoptions, ', ')) || acl(srvowner, 'S', srvacl)
FROM pg_foreign_server;

SELECT 'foreign-data wrapper', quote_ident(fdwname), NULL, jsonb_build_object('owner', fdwowner::regrole, 'handler', nullif(fdwhandler, 0)::regprocedure,
    'validator', nullif(fdwvalidator, 0)::regprocedure, 'options', array_to_string(fdwoptions, ', ')) || acl(fdwowner, 'F', fdwacl)
FROM pg_foreign_data_wrapper w WHERE ('pg_foreign_data_wrapper'::regclass, w.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'user mapping', format('for %s on server %I', CASE umuser WHEN 0 THEN 'public' ELSE umuser::regrole::text END, srvname), NULL,
    jsonb_build_object('options, as a digest', md5(array_to_string(umoptions, ', ')))
FROM pg_user_mappings;

SELECT 'operator', identity, NULL, jsonb_build_object('owner', oprowner::regrole, 'result', nullif(oprresult, 0)::regtype,
    'function', nullif(oprcode::oid, 0)::regprocedure, 'commutator', nullif(oprcom, 0)::regoperator, 'negator', nullif(oprnegate, 0)::regoperator,
    'restriction', nullif(oprrest::oid, 0)::regprocedure, 'join', nullif(oprjoin::oid, 0)::regprocedure,
    'merges', nullif(oprcanmerge, false), 'hashes', nullif(oprcanhash, false))
FROM pg_operator o JOIN spaces s ON s.oid = oprnamespace, pg_identify_object('pg_operator'::regclass, o.oid, 0)
WHERE ('pg_operator'::regclass, o.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'cast', identity, NULL, jsonb_build_object('function', nullif(castfunc, 0)::regprocedure,
    'context', CASE castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' END, 'method', nullif(castmethod, 'f'))
FROM pg_cast c, pg_identify_object('pg_cast'::regclass, c.oid, 0)
WHERE c.oid >= 16384 AND ('pg_cast'::regclass, c.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'language', quote_ident(lanname), NULL, jsonb_build_object('owner', lanowner::regrole, 'trusted', nullif(lanpltrusted, false),
    'handler', nullif(lanplcallfoid, 0)::regprocedure, 'inline', nullif(laninline, 0)::regprocedure, 'validator', nullif(lanvalidator, 0)::regprocedure)
    || acl(lanowner, 'l', lanacl)
FROM pg_language l WHERE l.oid >= 16384 AND ('pg_language'::regclass, l.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'collation', format('%I.%I', nspname, collname), NULL, jsonb_build_object('owner', collowner::regrole, 'provider', collprovider,
    'locale', concat_ws(', ', to_jsonb(c) ->> 'collcollate', to_jsonb(c) ->> 'collctype', to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'colllocale'),
    'rules', to_jsonb(c) ->> 'collicurules', 'deterministic', CASE WHEN NOT collisdeterministic THEN false END)
FROM pg_collation c JOIN spaces s ON s.oid = collnamespace
WHERE ('pg_collation'::regclass, c.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'text search configuration', c.oid::regconfig::text, NULL, jsonb_build_object('owner', cfgowner::regrole,
    'parser', (SELECT format('%I.%I', n.nspname, prsname) FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = prsnamespace WHERE p.oid = cfgparser),
    'mapping', (SELECT string_agg(format('%s: %s', alias, dictionaries), '; ' ORDER BY alias) FROM (
        SELECT alias, string_agg(mapdict::regdictionary::text, ', ' ORDER BY mapseqno) AS dictionaries
        FROM pg_ts_config_map JOIN ts_token_type(cfgparser) t ON tokid = maptokentype WHERE mapcfg = c.oid GROUP BY alias) m))
FROM pg_ts_config c JOIN spaces s ON s.oid = cfgnamespace
WHERE ('pg_ts_config'::regclass, c.oid) NOT IN (SELECT classid, objid FROM members);

SELECT 'text search dictionary', d.oid::regdictionary::text, NULL, jsonb_build_object('owner', dictowner::regrole, 'options', dictinitoption,
    'template', (SELECT format('%I.%I', n.nspname, tmplname) FROM pg_ts_template t JOIN pg_namespace n ON n.oid = tmplnamespace WHERE t.oid = dicttemplate))
FROM pg_ts_dict d JOIN spaces s ON s.oid = dictnamespace
WHERE ('pg_ts_dict'::regclass, d.oid) NOT IN (SELECT classid, objid FROM members);

-- Privileges on what PostgreSQL or an extension brought along, where they are others than it brought.
SELECT 'privileges', format('on %s %s', type, identity), NULL, acl(holder, letter, list)
FROM (SELECT 'pg_proc'::regclass::oid, oid, proowner, 'f', proacl FROM pg_proc WHERE proacl IS NOT NULL
    UNION ALL SELECT 'pg_class'::regclass, oid, relowner, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END, relacl FROM pg_class WHERE relacl IS NOT NULL
    UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner, 'n', nspacl FROM pg_namespace
        WHERE nspacl IS NOT NULL AND oid NOT IN (SELECT oid FROM spaces WHERE oid < 16384)
    UNION ALL SELECT 'pg_type'::regclass, oid, typowner, 'T', typacl FROM pg_type WHERE typacl IS NOT NULL
    UNION ALL SELECT 'pg_language'::regclass, oid, lanowner, 'l', lanacl FROM pg_language WHERE lanacl IS NOT NULL
    ) o (class, object, holder, letter, list)
    LEFT JOIN pg_init_privs i ON i.classoid = class AND i.objoid = object AND objsubid = 0,
    pg_identify_object(class, object, 0)
WHERE (object < 16384 OR (class, object) IN (SELECT classid, objid FROM members))
    AND (SELECT array_agg(item ORDER BY item::text) FROM unnest(list) item)
        <> (SELECT array_agg(item ORDER BY item::text) FROM unnest(coalesce(initprivs, acldefault(letter::"char", holder))) item);

-- Whatever has no query of its own: operator classes, conversions, transforms, access methods, publications of schemas ...
-- pg_depend knows of each object that a user made: what is not pinned depends on something, if only on its schema.
SELECT type, identity, NULL, jsonb_build_object('owner', (SELECT refobjid::regrole FROM pg_shdepend o WHERE o.classid = d.classid AND o.objid = d.objid
    AND o.objsubid = 0 AND deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())))
FROM (SELECT DISTINCT classid, objid FROM pg_depend WHERE objid >= 16384 AND objsubid = 0
        AND classid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_rewrite'::regclass,
            'pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
            'pg_event_trigger'::regclass, 'pg_default_acl'::regclass, 'pg_extension'::regclass, 'pg_publication'::regclass,
            'pg_publication_rel'::regclass, 'pg_foreign_server'::regclass, 'pg_foreign_data_wrapper'::regclass, 'pg_user_mapping'::regclass,
            'pg_operator'::regclass, 'pg_cast'::regclass, 'pg_language'::regclass, 'pg_collation'::regclass, 'pg_ts_config'::regclass,
            'pg_ts_dict'::regclass)
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
