//! The values that guests and databases exchange. `wit/database.wit` documents each type; the runtime converts between these types and
//! those generated from WIT.

use serde::{Deserialize, Serialize};

/// A parameter or a field of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row: its values, in the order of the columns.
pub type Row = Vec<Value>;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// As in `pg_type.typname`.
    pub type_name: String,
    pub type_oid: u32,
}

/// A whole result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// The count in PostgreSQL's command tag; 0 for a statement without one.
    pub affected: u64,
}
