drop table stations;
