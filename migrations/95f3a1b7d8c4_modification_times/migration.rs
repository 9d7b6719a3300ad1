//! A trigger with its function, and a procedure.

use mighost_sdk::prelude::*;

struct ModificationTimes;

impl Migration for ModificationTimes {
    fn upgrade() {
        for (_, object) in Self::objects() {
            replaceable::create(object);
        }
    }

    fn downgrade() {
        for (_, object) in Self::objects().into_iter().rev() {
            replaceable::drop(object);
        }
    }

    fn objects() -> Vec<(&'static str, Object)> {
        let set_mod_time = function(
            "set_mod_time()",
            "()
             returns trigger
             language plpgsql
             as $$
             begin
                 new.mod_time := now();
                 return new;
             end
             $$",
        );
        let on_update = trigger(
            "observations_mod_time on observations",
            "before update
             for each row when (old.* is distinct from new.*)
             execute function set_mod_time()",
        );
        let prune = procedure(
            "prune_observations(timestamptz)",
            "(before timestamptz)
             language plpgsql
             as $$
             declare
                 pruned bigint;
             begin
                 delete from observations where observed_at < prune_observations.before;
                 get diagnostics pruned = row_count;
                 raise notice '% observations pruned', pruned;
             end
             $$",
        )
        .option("comment", "Deletes the observations before a time");
        vec![
            ("set_mod_time", set_mod_time),
            ("observations_mod_time", on_update),
            ("prune_observations", prune),
        ]
    }
}

mighost_sdk::export_migration!(ModificationTimes);
