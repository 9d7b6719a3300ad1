-- What each of the queries may use. `:own` stands for the names of mighost's own tables, as rows of schema and name.
-- Objects that belong to an extension come and go with it, and are left out.
WITH spaces AS (
    SELECT * FROM pg_namespace n
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), members AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
), parts AS (
    -- What PostgreSQL makes along with something else, e.g. the functions that make values of a range type.
    SELECT classid, objid FROM pg_depend WHERE deptype = 'i'
), own AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN (VALUES :own) o (space, name)
        ON o.space = n.nspname AND o.name = c.relname
), kinds (relkind, kind) AS (
    VALUES ('r', 'table'), ('p', 'table'), ('v', 'view'), ('m', 'materialized view'), ('f', 'foreign table'),
        ('c', 'composite type'), ('S', 'sequence'), ('i', 'index'), ('I', 'index')
), settable (options) AS (
    -- The storage parameters that a user can set, as "Storage Parameters" of CREATE TABLE, VIEW, INDEX and TABLESPACE list them. A server may
    -- keep more for itself in the same place, as 15.20 keeps `pg_attver` with each column, and pg_dump leaves it out.
    VALUES ('^(autovacuum_[a-z_]+|log_auto[a-z_]+|vacuum_[a-z_]+|fillfactor|parallel_workers|toast_tuple_target|user_catalog_table'
        '|check_option|security_barrier|security_invoker'
        '|autosummarize|buffering|deduplicate_items|fastupdate|gin_pending_list_limit|pages_per_range'
        '|seq_page_cost|random_page_cost|effective_io_concurrency|maintenance_io_concurrency)=')
), relations AS (
    SELECT c.*, c.oid AS relation, format('%I.%I', nspname, relname) AS name, kind
    FROM pg_class c JOIN spaces s ON s.oid = relnamespace JOIN kinds ON kinds.relkind = c.relkind::text
    WHERE c.oid NOT IN (SELECT oid FROM own)
        AND c.oid NOT IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (SELECT oid FROM own))
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
            AND refclassid = 'pg_class'::regclass AND refobjid IN (SELECT oid FROM own) AND deptype IN ('a', 'i'))
        AND ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, objid FROM members)
)
