//! The table `histories`, by the plugin `tables`.

use mighost_sdk::prelude::*;

use crate::tables::{
    Column, Constraint, Dependants, ForeignKey, Identity, Index, Key, KeyPart, ReferentialAction, Rule, Source, Table,
    Timing,
};

mighost_sdk::import_plugin!("../../plugins/tables/wit", mighost::tables::tables);

struct Histories;

impl Migration for Histories {
    fn upgrade() {
        let id = Column {
            source: Source::Identity(Identity::ByDefault),
            ..column("history_id", "integer")
        };
        let offset = Column {
            source: Source::Default("interval '0'".into()),
            ..column("utc_offset", "interval")
        };
        tables::create_table_if_not_exists(&Table {
            name: "histories".into(),
            columns: vec![
                id,
                column("station_id", "integer"),
                column("station_name", "text"),
                described(column("longitude", "double precision"), "Degrees east, WGS 84"),
                described(column("latitude", "double precision"), "Degrees north, WGS 84"),
                described(nullable(column("elevation", "real")), "Metres above the sea"),
                described(
                    offset,
                    "What the station's clock, on standard time all year, is ahead of UTC",
                ),
                described(column("frequency", "text"), "How often the station reports"),
                nullable(column("start_date", "date")),
                described(
                    nullable(column("end_date", "date")),
                    "Null while the station still stands there",
                ),
            ],
            constraints: vec![
                constraint("histories_pkey", Rule::PrimaryKey(vec!["history_id".into()])),
                constraint(
                    "histories_station_id_fkey",
                    Rule::ForeignKey(ForeignKey {
                        columns: vec!["station_id".into()],
                        table: "stations".into(),
                        referred_columns: vec![],
                        on_delete: ReferentialAction::Cascade,
                        on_update: ReferentialAction::NoAction,
                    }),
                ),
                constraint(
                    "histories_longitude_check",
                    Rule::Check("longitude between -180 and 180".into()),
                ),
                constraint(
                    "histories_latitude_check",
                    Rule::Check("latitude between -90 and 90".into()),
                ),
                constraint(
                    "histories_frequency_check",
                    Rule::Check("frequency in ('hourly', 'daily', 'irregular')".into()),
                ),
                constraint("histories_dates_check", Rule::Check("start_date <= end_date".into())),
            ],
            comment: Some("Where a station stood and how it reported, one row for each time that changed".into()),
        });
        execute!("revoke all on table {} from public", identifier("histories"));
        tables::create_index_if_not_exists(&Index {
            name: "histories_station_id_idx".into(),
            table: "histories".into(),
            keys: vec![key("station_id"), key("start_date")],
            unique: false,
            method: None,
            including: vec![],
            predicate: None,
            concurrently: false,
        });
    }

    fn downgrade() {
        tables::drop_table_if_exists("histories", Dependants::Keep);
    }
}

fn column(name: &str, data_type: &str) -> Column {
    Column {
        name: name.into(),
        data_type: data_type.into(),
        nullable: false,
        source: Source::None,
        comment: None,
    }
}

fn nullable(column: Column) -> Column {
    Column {
        nullable: true,
        ..column
    }
}

fn described(column: Column, comment: &str) -> Column {
    Column {
        comment: Some(comment.into()),
        ..column
    }
}

fn constraint(name: &str, rule: Rule) -> Constraint {
    Constraint {
        name: name.into(),
        rule,
        timing: Timing::Immediate,
    }
}

fn key(column: &str) -> Key {
    Key {
        part: KeyPart::Column(column.into()),
        descending: false,
        nulls: None,
        operator_class: None,
    }
}

mighost_sdk::export_migration!(Histories);
