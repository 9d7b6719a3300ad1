//! Reads the rows of all tables, to find those that a downgrade loses.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use mighost_core::{qualified, quote_literal};
use mighost_postgres::catalog::Scope;

/// The number of rows above which only their number and a digest are kept.
const MAX_ROWS: i64 = 500;

/// The rows of one table, in any order of rows and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRows {
    pub count: i64,
    digest: String,
    /// As JSON, sorted; `None` for a large table.
    rows: Option<Vec<String>>,
}

/// By the table's name.
pub type AllRows = BTreeMap<String, TableRows>;

const TABLES: &str = "SELECT nspname, relname FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace \
    WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid AND deptype = 'e')";

/// Reads the rows of every table except those of mighost.
///
/// # Errors
/// If the connection is lost.
pub async fn read(client: &Client, scope: &Scope) -> Result<AllRows, tokio_postgres::Error> {
    let mut names = Vec::new();
    for row in client.query(TABLES, &[]).await? {
        let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if !scope.own.contains(&(schema.clone(), table.clone())) {
            names.push(qualified(&schema, &table));
        }
    }
    if names.is_empty() {
        return Ok(AllRows::new());
    }
    let queries: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "SELECT {}::text, count(*), coalesce(sum(hashtextextended(to_jsonb(t)::text, 0)::numeric), 0)::text, \
                 CASE WHEN count(*) <= {MAX_ROWS} THEN coalesce(array_agg(to_jsonb(t)::text ORDER BY to_jsonb(t)::text COLLATE \"C\"), '{{}}') END \
                 FROM {name} t",
                quote_literal(name)
            )
        })
        .collect();
    let found = client.query(&queries.join(" UNION ALL "), &[]).await?;
    let mut all = AllRows::new();
    for row in found {
        let rows = TableRows {
            count: row.try_get(1)?,
            digest: row.try_get(2)?,
            rows: row.try_get(3)?,
        };
        all.insert(row.try_get(0)?, rows);
    }
    Ok(all)
}

/// The tables that exist in both and whose rows differ, as two texts; `None` if there are none. A missing table is a difference of the
/// catalog.
pub fn difference(before: &AllRows, after: &AllRows) -> Option<(String, String)> {
    let (mut left, mut right) = (String::new(), String::new());
    for (table, earlier) in before {
        let Some(later) = after.get(table).filter(|later| *later != earlier) else {
            continue;
        };
        for (side, rows, other) in [(&mut left, earlier, later), (&mut right, later, earlier)] {
            side.push_str(&format!("{table}: {} rows\n", rows.count));
            for row in rows.rows.iter().flatten() {
                if other
                    .rows
                    .as_ref()
                    .is_none_or(|other| other.binary_search(row).is_err())
                {
                    side.push_str(&format!("  {row}\n"));
                }
            }
            if rows.rows.is_none() {
                side.push_str(&format!("  digest {}\n", rows.digest));
            }
        }
    }
    (left != right).then_some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&str]) -> TableRows {
        TableRows {
            count: i64::try_from(rows.len()).unwrap(),
            digest: rows.concat(),
            rows: Some(rows.iter().map(|row| (*row).to_owned()).collect()),
        }
    }

    #[test]
    fn only_rows_that_differ_are_shown() {
        let before = AllRows::from([("s.t".into(), table(&["a", "b"])), ("s.gone".into(), table(&["x"]))]);
        let after = AllRows::from([("s.t".into(), table(&["a"])), ("s.new".into(), table(&["x"]))]);
        assert_eq!(
            difference(&before, &after),
            Some(("s.t: 2 rows\n  b\n".into(), "s.t: 1 rows\n".into()))
        );
        assert_eq!(difference(&before, &before), None);
    }
}
