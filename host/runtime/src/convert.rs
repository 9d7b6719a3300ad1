//! Conversion between the types generated from `wit/database.wit` and those of `mighost-core`, which all databases share.

use mighost_core::{Column, DatabaseError, Row, Rows, Value};

use super::bindings::mighost::host::database as wit;

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Null => Self::Null,
            wit::Value::Boolean(truth) => Self::Boolean(truth),
            wit::Value::Integer(number) => Self::Integer(number),
            wit::Value::Real(number) => Self::Real(number),
            wit::Value::Text(text) => Self::Text(text),
            wit::Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl From<Value> for wit::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(truth) => Self::Boolean(truth),
            Value::Integer(number) => Self::Integer(number),
            Value::Real(number) => Self::Real(number),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl From<wit::Column> for Column {
    fn from(column: wit::Column) -> Self {
        let wit::Column {
            name,
            type_name,
            type_oid,
        } = column;
        Self {
            name,
            type_name,
            type_oid,
        }
    }
}

impl From<Column> for wit::Column {
    fn from(column: Column) -> Self {
        let Column {
            name,
            type_name,
            type_oid,
        } = column;
        Self {
            name,
            type_name,
            type_oid,
        }
    }
}

impl From<wit::Rows> for Rows {
    fn from(rows: wit::Rows) -> Self {
        Self {
            columns: each(rows.columns),
            rows: rows.rows.into_iter().map(each).collect(),
            affected: rows.affected,
        }
    }
}

impl From<Rows> for wit::Rows {
    fn from(rows: Rows) -> Self {
        Self {
            columns: each(rows.columns),
            rows: rows.rows.into_iter().map(each).collect(),
            affected: rows.affected,
        }
    }
}

impl From<DatabaseError> for wit::Error {
    fn from(error: DatabaseError) -> Self {
        let DatabaseError {
            sqlstate,
            message,
            detail,
            hint,
            position,
            context,
            severity,
            fields,
        } = error;
        Self {
            severity,
            sqlstate,
            message,
            detail,
            hint,
            position,
            context,
            fields,
        }
    }
}

impl From<wit::Error> for DatabaseError {
    fn from(error: wit::Error) -> Self {
        let wit::Error {
            severity,
            sqlstate,
            message,
            detail,
            hint,
            position,
            context,
            fields,
        } = error;
        Self {
            sqlstate,
            message,
            detail,
            hint,
            position,
            context,
            severity,
            fields,
        }
    }
}

/// Converts each item and reuses the memory of the list.
pub(super) fn each<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// Converts the values of each row.
pub(super) fn each_row(rows: Vec<Row>) -> Vec<wit::Row> {
    rows.into_iter().map(each).collect()
}
