drop table observation_flags;
drop table flags;
drop type flag_origin;
