-- What is the whole cluster's, and what the cluster says of this database.
SELECT 'role', quote_ident(rolname), NULL, jsonb_build_object('superuser', nullif(rolsuper, false), 'inherit', CASE WHEN NOT rolinherit THEN false END,
    'createrole', nullif(rolcreaterole, false), 'createdb', nullif(rolcreatedb, false), 'login', nullif(rolcanlogin, false),
    'replication', nullif(rolreplication, false), 'bypass row security', nullif(rolbypassrls, false),
    'connection limit', nullif(rolconnlimit, -1), 'valid until', rolvaliduntil, 'comment', shobj_description(oid, 'pg_authid'))
FROM pg_roles WHERE rolname !~ '^pg_';

SELECT 'membership', format('of %s in %s', member::regrole, roleid::regrole), NULL, jsonb_build_object('admin', nullif(admin_option, false),
    'inherits', to_jsonb(m) ->> 'inherit_option', 'may set', to_jsonb(m) ->> 'set_option')
FROM pg_auth_members m WHERE roleid >= 16384 OR member >= 16384;

SELECT 'settings', concat_ws(' ', 'of role ' || nullif(setrole, 0)::regrole, CASE WHEN setdatabase <> 0 THEN 'in this database' END), NULL,
    (SELECT jsonb_object_agg(split_part(item, '=', 1), substr(item, strpos(item, '=') + 1)) FROM unnest(setconfig) item)
FROM pg_db_role_setting WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()));

SELECT 'database', 'itself', NULL, jsonb_build_object('owner', datdba::regrole, 'comment', shobj_description(oid, 'pg_database'),
    'connection limit', nullif(datconnlimit, -1), 'template', nullif(datistemplate, false)) || acl(datdba, 'd', datacl)
FROM pg_database WHERE datname = current_database();

SELECT 'tablespace', quote_ident(spcname), NULL, jsonb_build_object('owner', spcowner::regrole, 'location', pg_tablespace_location(oid),
    'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(spcoptions) o WHERE o ~ (SELECT options FROM settable))) || acl(spcowner, 't', spcacl)
FROM pg_tablespace WHERE oid >= 16384;
