drop table observations;
drop table variables;
