-- The triggers of schema $1: name, CREATE TRIGGER, pairs of options. Copies on partitions are left out.
SELECT t.tgname || ' on ' || c.relname, pg_get_triggerdef(t.oid, true),
       'constraint', CASE WHEN t.tgconstraint <> 0 THEN 'true' END,
       'enabled', CASE t.tgenabled WHEN 'D' THEN 'never' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END,
       'comment', obj_description(t.oid, 'pg_trigger')
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND NOT t.tgisinternal AND t.tgparentid = 0
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_trigger'::regclass AND e.objid = t.oid AND e.deptype = 'e')
