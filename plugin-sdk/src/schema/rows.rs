//! Values of rows that are inserted.

pub use super::plugin::data::Value as RowValue;

macro_rules! into_value {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for RowValue {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

into_value! {
    bool => Boolean,
    i16 => Integer, i32 => Integer, i64 => Integer, u8 => Integer, u16 => Integer, u32 => Integer,
    f32 => Real, f64 => Real,
    &str => Text, String => Text,
    &[u8] => Bytes, Vec<u8> => Bytes,
}

impl<T: Into<RowValue>> From<Option<T>> for RowValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The column's default.
pub fn default_value() -> RowValue {
    RowValue::Default
}

/// An SQL expression, e.g. `now()`, used unchanged.
pub fn expression_value(sql: impl Into<String>) -> RowValue {
    RowValue::Expression(sql.into())
}

/// JSON text.
pub fn json_value(text: impl Into<String>) -> RowValue {
    RowValue::Json(text.into())
}

/// Rows for [`Table::insert`](crate::schema::Table::insert): values separated by commas, a semicolon after each row. `None::<i32>` is
/// NULL.
#[macro_export]
macro_rules! rows {
    ($($($value:expr),+);* $(;)?) => {
        ::std::vec![$(::std::vec![$($crate::schema::RowValue::from($value)),+]),*]
    };
}
