//! The revision graph: targets, plans, the rows of the version table. Pure: no I/O.

/// A change of one row of the version table, which holds one row per head. Each must touch exactly one row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    Insert(String),
    Delete(String),
    Update { from: String, to: String },
}
