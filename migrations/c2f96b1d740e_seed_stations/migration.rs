//! Seed data, carried by the artifact as CSV files and sent by COPY.

use mighost_sdk::prelude::*;

/// Each table with its key and where a new key starts: rows of the seed have their keys in the file.
const TABLES: [(&str, &str); 4] = [
    ("stations", "station_id"),
    ("histories", "history_id"),
    ("variables", "variable_id"),
    ("observations", "obs_id"),
];

struct SeedStations;

impl Migration for SeedStations {
    fn upgrade() {
        for (table, key) in TABLES {
            let rows = seed(table);
            info!("{table}: {rows} rows");
            execute!(
                "select setval(pg_get_serial_sequence({}, {}), {})",
                literal(table),
                literal(key),
                rows
            );
        }
    }

    fn downgrade() {
        for (table, key) in TABLES.into_iter().rev() {
            // What was added to the seed since is not the seed's to delete: the rows that refer to it then hold the downgrade up.
            execute!(
                "delete from {} where {} <= {}",
                identifier(table),
                identifier(key),
                count(table)
            );
            execute!(
                "alter table {} alter column {} restart",
                identifier(table),
                identifier(key)
            );
        }
    }
}

/// The lines of a file, each cut into its fields. The files have no quoted fields.
fn lines(table: &str) -> Vec<Vec<String>> {
    let text = assets::text(&format!("{table}.csv"));
    text.lines()
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

fn count(table: &str) -> usize {
    lines(table).len() - 1
}

fn seed(table: &str) -> u64 {
    let lines = lines(table);
    let (columns, rows) = lines.split_first().expect("a header");
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut copy = CopyIn::open(table, &columns);
    for (number, row) in rows.iter().enumerate() {
        let values: Vec<Value> = row
            .iter()
            .map(|field| {
                if field.is_empty() {
                    Value::Null
                } else {
                    Value::from(field)
                }
            })
            .collect();
        copy.write(&values);
        log::progress(number as u64 + 1, rows.len() as u64);
    }
    copy.finish()
}

mighost_sdk::export_migration!(SeedStations);
