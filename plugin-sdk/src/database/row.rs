//! Rows with typed access to their columns.

use std::any::type_name;
use std::rc::Rc;

use super::{Column, FromValue, Value, host};

/// A whole result.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: Rc<[Column]>,
    rows: Vec<Vec<Value>>,
    affected: u64,
}

impl Rows {
    pub(crate) fn new(rows: host::Rows) -> Self {
        Self {
            columns: rows.columns.into(),
            rows: rows.rows,
            affected: rows.affected,
        }
    }

    /// The columns, with their types. Names need not be unique.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows that the statement returned or changed.
    pub fn affected(&self) -> u64 {
        self.affected
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if the result has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl IntoIterator for Rows {
    type Item = Row;
    type IntoIter = RowIter;

    fn into_iter(self) -> RowIter {
        RowIter {
            columns: self.columns,
            rows: self.rows.into_iter(),
        }
    }
}

/// The rows of a result, one by one.
pub struct RowIter {
    columns: Rc<[Column]>,
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl Iterator for RowIter {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let values = self.rows.next()?;
        Some(Row {
            columns: Rc::clone(&self.columns),
            values,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// One row. Columns are found by name or by position, counted from 0.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Rc<[Column]>,
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(columns: &Rc<[Column]>, values: Vec<Value>) -> Self {
        Self {
            columns: Rc::clone(columns),
            values,
        }
    }

    /// The value of a column.
    ///
    /// # Panics
    /// If there is no such column, or its value is not a `T`. The message names the column.
    #[track_caller]
    pub fn get<T: FromValue>(&self, column: impl ColumnIndex) -> T {
        let Some(value) = column.place(&self.columns).and_then(|place| self.values.get(place)) else {
            panic!(
                "the result has no column {}; it has {}",
                column.describe(),
                self.describe_columns()
            );
        };
        match T::from_value(value) {
            Some(value) => value,
            None => panic!(
                "column {} holds {}, which is not a {}",
                column.describe(),
                describe(value),
                type_name::<T>()
            ),
        }
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    fn describe_columns(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.join(", ")
    }
}

/// A value for a message. Fractional numbers are omitted: formatting them would add 20 KB to every component.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => format!("the boolean {value}"),
        Value::Integer(value) => format!("the integer {value}"),
        Value::Real(_) => "a real number".to_owned(),
        Value::Text(text) => format!("the text {text:?}"),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// The name or the position of a column.
pub trait ColumnIndex {
    /// The position of the column.
    fn place(&self, columns: &[Column]) -> Option<usize>;
    /// The column, for a message.
    fn describe(&self) -> String;
}

impl ColumnIndex for usize {
    fn place(&self, _columns: &[Column]) -> Option<usize> {
        Some(*self)
    }

    fn describe(&self) -> String {
        format!("number {self}")
    }
}

impl ColumnIndex for &str {
    fn place(&self, columns: &[Column]) -> Option<usize> {
        columns.iter().position(|column| column.name == *self)
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

/// A type as which a whole row can be read: a row itself, or a tuple of its columns.
pub trait FromRow: Sized {
    /// Reads the row.
    ///
    /// # Panics
    /// As [`Row::get`] does.
    fn from_row(row: &Row) -> Self;
}

impl FromRow for Row {
    fn from_row(row: &Row) -> Self {
        row.clone()
    }
}

macro_rules! tuples_from_row {
    ($($($type:ident $place:literal)+;)+) => {
        $(impl<$($type: FromValue),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row) -> Self {
                ($(row.get::<$type>($place),)+)
            }
        })+
    };
}

tuples_from_row! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let column = |name: &str, type_name: &str, type_oid| Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            type_oid,
        };
        Row {
            columns: Rc::from([column("id", "int4", 23), column("name", "text", 25)]),
            values: vec![Value::Integer(7), Value::Null],
        }
    }

    #[test]
    fn columns_by_name_and_place() {
        assert_eq!(row().get::<i64>("id"), 7);
        assert_eq!(row().get::<Option<String>>(1), None);
        assert_eq!(<(i32, Option<String>)>::from_row(&row()), (7, None));
    }

    #[test]
    #[should_panic(expected = r#"the result has no column "nam"; it has id, name"#)]
    fn a_missing_column_is_named() {
        row().get::<i64>("nam");
    }

    #[test]
    #[should_panic(expected = r#"column "name" holds NULL, which is not a alloc::string::String"#)]
    fn a_wrong_type_is_named() {
        row().get::<String>("name");
    }
}
