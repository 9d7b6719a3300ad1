create table stations (id integer primary key, name text not null);
