alter table stations add column height real;
