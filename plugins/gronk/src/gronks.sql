-- The gronks of schema $1, known by the marker $2 at the end of their comments.
select c.oid, c.relname::text, rtrim(pg_get_viewdef(c.oid), ';'), c.relkind = 'm', obj_description(c.oid, 'pg_class')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('v', 'm') and right(obj_description(c.oid, 'pg_class'), length($2)) = $2
order by c.relname::text collate "C"
