//! Conversion between Rust types and the values of parameters and columns.

use super::Value;

/// The parameters of a statement: `params![station_id, "name", None::<i64>]` is a `&[Value]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::database::Value::from($value)),*] };
}

macro_rules! into_value {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Value {
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

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A type as which a column can be read.
///
/// Integers and `f64` also read `numeric`, which arrives as text; `String` reads every type except bytea, in PostgreSQL's text form.
/// `Option` reads NULL. Arrays of texts or numbers are read as `Vec`.
pub trait FromValue: Sized {
    /// The value; `None` if it is not of this type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(*value),
            Value::Text(text) if text == "t" => Some(true),
            Value::Text(text) if text == "f" => Some(false),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(value) => Some(value.to_string()),
            Value::Real(value) => Some(value.to_string()),
            Value::Boolean(value) => Some(if *value { "t" } else { "f" }.to_owned()),
            Value::Null | Value::Bytes(_) => None,
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(value) => Some(*value),
            #[expect(clippy::cast_precision_loss, reason = "as PostgreSQL's own cast to double precision")]
            Value::Integer(value) => Some(*value as Self),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

macro_rules! integers_from_value {
    ($($type:ty),*) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Integer(value) => Self::try_from(*value).ok(),
                    Value::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        })*
    };
}

integers_from_value!(i16, i32, i64, u16, u32, u64, usize);

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

macro_rules! arrays_from_value {
    ($($type:ty),*) => {
        $(impl FromValue for Vec<$type> {
            fn from_value(value: &Value) -> Option<Self> {
                let Value::Text(text) = value else { return None };
                array_elements(text)?.iter().map(<$type>::from_value).collect()
            }
        })*
    };
}

arrays_from_value!(String, Option<String>, i32, i64, f64, bool);

/// The elements of a one-dimensional array in PostgreSQL's text form, e.g. `{a,"b c",NULL}`.
fn array_elements(text: &str) -> Option<Vec<Value>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    if inner.is_empty() {
        return Some(elements);
    }
    let mut chars = inner.chars().peekable();
    loop {
        let mut element = String::new();
        let quoted = chars.next_if_eq(&'"').is_some();
        if quoted {
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => element.push(chars.next()?),
                    other => element.push(other),
                }
            }
        } else {
            while let Some(next) = chars.next_if(|next| *next != ',') {
                match next {
                    '{' | '}' | '"' => return None,
                    '\\' => element.push(chars.next()?),
                    other => element.push(other),
                }
            }
        }
        elements.push(if !quoted && element == "NULL" {
            Value::Null
        } else {
            Value::Text(element)
        });
        match chars.next() {
            None => return Some(elements),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read() {
        let array = |text: &str| Vec::<Option<String>>::from_value(&Value::Text(text.to_owned()));
        assert_eq!(array("{}"), Some(vec![]));
        assert_eq!(
            array(r#"{a,"b, \"c\"\\",NULL,"NULL",""}"#),
            Some(vec![
                Some("a".into()),
                Some(r#"b, "c"\"#.into()),
                None,
                Some("NULL".into()),
                Some(String::new())
            ])
        );
        assert_eq!(array("{{a},{b}}"), None);
        assert_eq!(array("a"), None);
        assert_eq!(Vec::<i64>::from_value(&Value::Text("{1,-2}".into())), Some(vec![1, -2]));
    }

    #[test]
    fn numbers_are_read_from_numeric() {
        assert_eq!(f64::from_value(&Value::Text("12.50".into())), Some(12.5));
        assert_eq!(i16::from_value(&Value::Integer(70_000)), None);
        assert_eq!(Option::<i64>::from_value(&Value::Null), Some(None));
        assert_eq!(i64::from_value(&Value::Null), None);
    }

    #[test]
    fn parameters() {
        let params: &[Value] = params![1, "a", None::<i64>, Some(2.5), true];
        assert_eq!(
            params,
            [
                Value::Integer(1),
                Value::Text("a".into()),
                Value::Null,
                Value::Real(2.5),
                Value::Boolean(true)
            ]
        );
    }
}
