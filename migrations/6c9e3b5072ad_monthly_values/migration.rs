//! A table that a function fills, in the place of a materialized view.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/grants/wit", mighost::grants::grants);

struct MonthlyValues;

impl Migration for MonthlyValues {
    fn upgrade() {
        replaceable::create(monthly_values());
        grants::grant_standard_table_privileges("monthly_values");
    }

    fn downgrade() {
        replaceable::drop(monthly_values());
    }

    fn objects() -> Vec<(&'static str, Object)> {
        vec![("monthly_values", monthly_values())]
    }
}

fn monthly_values() -> Object {
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

mighost_sdk::export_migration!(MonthlyValues);
