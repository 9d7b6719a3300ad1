//! The table of monthly values becomes a materialized view. Flagged observations are left out from now on.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/grants/wit", mighost::grants::grants);

struct NativeMonthlyValues;

impl Migration for NativeMonthlyValues {
    fn upgrade() {
        replaceable::drop(manual_monthly_values());
        replaceable::create(monthly_values());
        grants::grant_standard_table_privileges("monthly_values");
    }

    fn downgrade() {
        replaceable::drop(monthly_values());
        replaceable::create(manual_monthly_values());
        grants::grant_standard_table_privileges("monthly_values");
    }

    fn objects() -> Vec<(&'static str, Object)> {
        vec![("monthly_values", monthly_values())]
    }
}

fn monthly_values() -> Object {
    materialized_view(
        "monthly_values",
        "select o.history_id, o.variable_id, date_trunc('month', o.obs_time)::date as month,
                count(*) as observations, avg(o.value) as mean, min(o.value) as lowest, max(o.value) as highest
         from observations o
         where not exists (
             select from observation_flags of join flags f using (flag_id) where of.obs_id = o.obs_id and f.discard)
         group by 1, 2, 3",
    )
    .option("comment", "Observations by month, without those whose flags say so")
    .option("index", "unique monthly_values_key (history_id, variable_id, month)")
}

/// As the revision 6c9e3b5072ad defines it. Another kind, so it is no earlier version that `restore` could find.
fn manual_monthly_values() -> Object {
    manual_materialized_view(
        "monthly_values",
        "select o.history_id, o.variable_id, date_trunc('month', o.obs_time)::date as month,
            count(*) as observations, avg(o.value) as mean, min(o.value) as lowest, max(o.value) as highest
         from observations o
         group by 1, 2, 3",
    )
    .option("comment", "Observations by month, as of the last refresh")
    .option("index", "unique monthly_values_key (history_id, variable_id, month)")
}

mighost_sdk::export_migration!(NativeMonthlyValues);
