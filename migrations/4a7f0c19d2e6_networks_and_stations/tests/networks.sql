-- Assertions of pgTAP, run where the server has the extension.
select plan(3);
select has_table('networks');
select has_column('stations', 'native_id');
select col_is_unique('networks', 'name');
select * from finish();
