-- Each statement commits by itself; one that was done before a run died is not sent again.
create index concurrently observation_flags_flag_id_idx on observation_flags (flag_id);
comment on index observation_flags_flag_id_idx is 'For "which observations have this flag"';
vacuum (analyze) observation_flags;
