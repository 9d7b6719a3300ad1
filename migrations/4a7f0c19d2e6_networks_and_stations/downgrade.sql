drop table :"schema".stations;
drop table :"schema".networks;
