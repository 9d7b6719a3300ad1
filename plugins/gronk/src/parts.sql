-- What belongs to the gronk with oid $1, as options.
select option, value from (
    select 'column-comment' as option, a.attname || ': ' || col_description(a.attrelid, a.attnum) as value, a.attnum::int as place
    from pg_attribute a
    where a.attrelid = $1 and a.attnum > 0
    union all
    select 'grant', case e.grantee when 0 then 'public' else pg_get_userbyid(e.grantee) end || ': '
                    || string_agg(e.privilege_type, ', ' order by e.privilege_type), 0
    from pg_class c, aclexplode(c.relacl) e
    where c.oid = $1 and e.grantee <> c.relowner
    group by e.grantee
    union all
    select 'index', i.relname || ' ' || substr(d.text, strpos(d.text, ' USING ') + 1), 0
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    cross join lateral pg_get_indexdef(x.indexrelid) d(text)
    where x.indrelid = $1
) part
where value is not null
order by option, place, value
