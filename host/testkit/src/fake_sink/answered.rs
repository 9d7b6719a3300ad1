//! What an answer gives: rows with types, or an error.

use mighost_core::{Column, DatabaseError, Rows, Value};

use crate::case::{Answer, AnswerError};

/// A column with the type of its values, according to the first that is not null.
pub(super) fn column<'a>(name: String, values: impl Iterator<Item = &'a Value>) -> Column {
    let (type_name, type_oid) = values
        .map(|value| match value {
            Value::Null => None,
            Value::Boolean(_) => Some(("bool", 16)),
            Value::Integer(_) => Some(("int8", 20)),
            Value::Real(_) => Some(("float8", 701)),
            Value::Bytes(_) => Some(("bytea", 17)),
            Value::Text(_) => Some(("text", 25)),
        })
        .find_map(|found| found)
        .unwrap_or(("text", 25));
    Column {
        name,
        type_name: type_name.to_owned(),
        type_oid,
    }
}

/// Columns without a type get that of their values.
pub(super) fn typed(rows: Rows) -> Rows {
    let columns = rows
        .columns
        .into_iter()
        .enumerate()
        .map(|(place, given)| match given.type_oid {
            0 => column(given.name, rows.rows.iter().filter_map(|row| row.get(place))),
            _ => given,
        });
    Rows {
        columns: columns.collect(),
        rows: rows.rows,
        affected: rows.affected,
    }
}

/// The error of an answer, if it is one.
pub(super) fn error_of(answer: &Answer) -> Option<DatabaseError> {
    match &answer.whole {
        Some(Err(error)) => Some(error.clone()),
        _ => answer.error.as_ref().map(database_error),
    }
}

fn database_error(error: &AnswerError) -> DatabaseError {
    DatabaseError {
        severity: "ERROR".to_owned(),
        sqlstate: error.sqlstate.clone(),
        message: error.message.clone(),
        detail: error.detail.clone(),
        hint: error.hint.clone(),
        ..DatabaseError::default()
    }
}

/// The approximate size of a value in memory.
pub(super) fn size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
}
