-- All that a catalog says of a database and of the cluster's roles, a line for each object, but for mighost's own tables.
-- Numbers of objects and of columns are left out: a dropped column leaves a gap that nobody can take back. So are options that
-- the server keeps for itself, whose names begin with pg_. Where no privileges
-- were ever granted, those that the owner has by default stand.
WITH schemas AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relations AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
    WHERE c.relname !~ '^mighost_version'
), lines (line) AS (
    SELECT format('schema %I: owner %s, acl %s', nspname, nspowner::regrole,
        (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) item)) FROM schemas
    UNION ALL
    SELECT format('relation %s: kind %s, owner %s, acl %s, options %s, persistence %s, tablespace %s, identity %s, '
        'row security %s %s, partition %s of %s, populated %s, access %s, type %s', name, relkind, relowner::regrole,
        (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(coalesce(relacl,
            acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) item),
        (SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(reloptions) o WHERE o !~ '^pg_'), relpersistence, reltablespace,
        relreplident, relrowsecurity, relforcerowsecurity, pg_get_expr(relpartbound, r.oid),
        (SELECT string_agg(inhparent::regclass::text, ' ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = r.oid),
        relispopulated, (SELECT amname FROM pg_am WHERE pg_am.oid = relam), reloftype::regtype)
    FROM relations r
    UNION ALL
    SELECT format('definition of %s: %s', name, pg_get_viewdef(oid)) FROM relations WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT format('rule %s on %s: %s, enabled %s', rulename, name, pg_get_ruledef(w.oid), ev_enabled)
    FROM pg_rewrite w JOIN relations r ON r.oid = ev_class WHERE rulename <> '_RETURN'
    UNION ALL
    SELECT format('sequence %s: %s, start %s, by %s, %s to %s, cache %s, cycle %s, of %s', name, seqtypid::regtype, seqstart,
        seqincrement, seqmin, seqmax, seqcache, seqcycle,
        (SELECT format('%s.%s', refobjid::regclass, attname) FROM pg_depend d
         JOIN pg_attribute a ON attrelid = refobjid AND attnum = refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND deptype IN ('a', 'i')
           AND refclassid = 'pg_class'::regclass))
    FROM pg_sequence JOIN relations r ON r.oid = seqrelid
    UNION ALL
    SELECT format('column %s %s of %s: %s, collation %s, not null %s, identity %s, generated %s, default %s, storage %s, compression %s, '
        'statistics %s, options %s, acl %s, local %s, missing %s', row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attname, name,
        format_type(atttypid, atttypmod), (SELECT collname FROM pg_collation WHERE oid = attcollation), attnotnull, attidentity,
        attgenerated, pg_get_expr(adbin, adrelid), attstorage, attcompression, attstattarget,
        (SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(attoptions) o WHERE o !~ '^pg_'),
        (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(attacl) item), attislocal, attmissingval)
    FROM pg_attribute JOIN relations r ON r.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s on %s%s: %s, validated %s, local %s %s, no inherit %s', conname, nullif(conrelid, 0)::regclass,
        nullif(contypid, 0)::regtype, pg_get_constraintdef(o.oid), convalidated, conislocal, coninhcount, connoinherit)
    FROM pg_constraint o JOIN schemas s ON s.oid = connamespace
    WHERE conrelid = 0 OR conrelid IN (SELECT oid FROM relations)
    UNION ALL
    SELECT format('index %s: %s, valid %s, ready %s, live %s, unique %s, immediate %s, clustered %s, identity %s', name,
        pg_get_indexdef(r.oid), indisvalid, indisready, indislive, indisunique, indimmediate, indisclustered, indisreplident)
    FROM pg_index JOIN relations r ON r.oid = indexrelid
    UNION ALL
    SELECT format('trigger %s on %s: %s, enabled %s', tgname, name, pg_get_triggerdef(t.oid), tgenabled)
    FROM pg_trigger t JOIN relations r ON r.oid = tgrelid WHERE NOT tgisinternal
    UNION ALL
    SELECT format('routine %s: owner %s, acl %s, %s', p.oid::regprocedure, proowner::regrole,
        (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(coalesce(proacl, acldefault('f', proowner))) item),
        CASE WHEN prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE prokind::text END)
    FROM pg_proc p JOIN schemas s ON s.oid = pronamespace
    UNION ALL
    SELECT format('type %s: kind %s, owner %s, acl %s, base %s, not null %s, default %s, labels %s', t.oid::regtype, typtype,
        typowner::regrole, (SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM unnest(coalesce(typacl, acldefault('T', typowner))) item), nullif(typbasetype, 0)::regtype, typnotnull, typdefault,
        (SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
    FROM pg_type t JOIN schemas s ON s.oid = typnamespace
    WHERE typname !~ '^_?mighost_version'
    UNION ALL
    SELECT format('policy %s on %s: %s %s %s, using %s, check %s', polname, name, polcmd, polpermissive, polroles::regrole[],
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy JOIN relations r ON r.oid = polrelid
    UNION ALL
    SELECT format('statistics %s: owner %s', pg_get_statisticsobjdef(x.oid), stxowner::regrole)
    FROM pg_statistic_ext x JOIN schemas s ON s.oid = stxnamespace
    UNION ALL
    SELECT format('default privileges of %s in %s: %s %s', defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace, defaclobjtype, defaclacl)
    FROM pg_default_acl
    UNION ALL
    SELECT format('extension %s %s in %s', extname, extversion, extnamespace::regnamespace) FROM pg_extension
    UNION ALL
    SELECT format('event trigger %s: %s, %s', evtname, evtevent, evtfoid::regproc) FROM pg_event_trigger
    UNION ALL
    SELECT format('%s: owned by %s', (pg_identify_object(classid, objid, 0)).identity, refobjid::regrole)
    FROM pg_shdepend WHERE deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND NOT (classid = 'pg_class'::regclass AND objid NOT IN (SELECT oid FROM relations))
        AND classid <> 'pg_class'::regclass
    UNION ALL
    -- Whatever has no line of its own above: operators, casts, languages, servers, collations, publications ...
    SELECT format('%s %s', type, identity) FROM (
        SELECT i.type, i.identity, d.classid, d.objid FROM (
            SELECT DISTINCT classid, objid FROM pg_depend WHERE objid >= 16384 AND objsubid = 0
        ) d, pg_identify_object(d.classid, d.objid, 0) i
        WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass,
            'pg_rewrite'::regclass, 'pg_trigger'::regclass)
    ) other WHERE identity !~ 'mighost_version'
    UNION ALL
    SELECT format('role %s: super %s, inherit %s, createrole %s, createdb %s, login %s, replication %s, bypass %s, limit %s, until %s',
        rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil)
    FROM pg_roles WHERE rolname !~ '^pg_'
    UNION ALL
    SELECT format('member %s of %s, with admin %s, by %s', member::regrole, roleid::regrole, admin_option, grantor::regrole)
    FROM pg_auth_members WHERE roleid >= 16384 OR member >= 16384
    UNION ALL
    SELECT format('settings of %s in %s: %s', nullif(setrole, 0)::regrole, datname, setconfig)
    FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase
    UNION ALL
    SELECT format('database: owner %s, acl %s', datdba::regrole, datacl) FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT format('comment on %s %s: %s', i.type, i.identity, description)
    FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    WHERE d.objoid >= 16384
    UNION ALL
    SELECT format('comment on role %s: %s', objoid::regrole, description)
    FROM pg_shdescription WHERE classoid = 'pg_authid'::regclass AND objoid >= 16384
)
SELECT replace(line, E'\n', '\n') FROM lines ORDER BY line COLLATE "C"
