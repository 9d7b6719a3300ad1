//! An index on the largest table, built concurrently: outside of the transaction, so that writers need not wait.

use mighost_sdk::prelude::*;

use crate::tables::{Index, Key, KeyPart};

mighost_sdk::import_plugin!("../../plugins/tables/wit", mighost::tables::tables);

struct ObservationsByTime;

impl Migration for ObservationsByTime {
    fn upgrade() {
        outside_transaction(|| {
            tables::create_index_if_not_exists(&Index {
                name: "observations_observed_at_idx".into(),
                table: "observations".into(),
                keys: vec![Key {
                    part: KeyPart::Column("observed_at".into()),
                    descending: false,
                    nulls: None,
                    operator_class: None,
                }],
                unique: false,
                method: None,
                including: vec!["value".into()],
                predicate: None,
                concurrently: true,
            });
        });
        execute("comment on index observations_observed_at_idx is 'For downloads of a period, all stations'");
    }

    fn downgrade() {
        outside_transaction(|| execute("drop index concurrently if exists observations_observed_at_idx"));
    }
}

mighost_sdk::export_migration!(ObservationsByTime);
