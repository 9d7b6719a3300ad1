//! Values in PostgreSQL's text forms: parameters, literals, lines of COPY, columns of results.

use bytes::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use mighost_core::{Value, quote_literal, quote_readable};

/// The text form of a value as a parameter; `None` for NULL.
pub(super) fn to_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(true) => "true".to_owned(),
        Value::Boolean(false) => "false".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => real(*number),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => hex(bytes),
    })
}

/// The approximate size of a parameter, in bytes.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() * 2,
        _ => size_of::<Value>(),
    }
}

fn real(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{number:?}")
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2 + 2);
    text.push_str("\\x");
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(DIGITS.get(usize::from(half)).copied().map_or('0', char::from));
        }
    }
    text
}

/// A value as an SQL literal without a type, like a parameter. Non-ASCII characters are unchanged, for scripts.
pub fn literal(value: &Value) -> String {
    to_text(value).map_or_else(|| "NULL".to_owned(), |text| quote_readable(&text))
}

/// The same in ASCII characters, to be sent: its meaning does not depend on the client encoding.
pub(super) fn sent_literal(value: &Value) -> String {
    to_text(value).map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text))
}

/// A value as a field of COPY's text format.
pub(super) fn push_copy_field(line: &mut String, value: &Value) {
    let Some(text) = to_text(value) else {
        line.push_str("\\N");
        return;
    };
    for character in text.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\u{8}' => line.push_str("\\b"),
            '\u{b}' => line.push_str("\\v"),
            '\u{c}' => line.push_str("\\f"),
            other => line.push(other),
        }
    }
}

/// A column of a result, from its text form and type. Text that cannot be read as its type is returned as text.
pub(super) fn from_text(text: Option<&str>, column: &Type) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    let typed = match *column {
        Type::BOOL => match text {
            "t" => Some(Value::Boolean(true)),
            "f" => Some(Value::Boolean(false)),
            _ => None,
        },
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse().ok().map(Value::Integer),
        Type::FLOAT4 | Type::FLOAT8 => text.parse().ok().map(Value::Real),
        Type::BYTEA => bytes(text).map(Value::Bytes),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Reads bytea in either form of `bytea_output`, which a guest may have set.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if let Some(digits) = text.strip_prefix("\\x") {
        return digits
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
                _ => None,
            })
            .collect();
    }
    let mut found = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'\\', [b'\\', more @ ..]) => {
                found.push(b'\\');
                rest = more;
            }
            (b'\\', [a, b, c, more @ ..]) => {
                let octal = [a, b, c].iter().try_fold(0_u32, |sum, digit| {
                    char::from(**digit).to_digit(8).map(|digit| sum * 8 + digit)
                })?;
                found.push(u8::try_from(octal).ok()?);
                rest = more;
            }
            (b'\\', _) => return None,
            (byte, more) => {
                found.push(*byte);
                rest = more;
            }
        }
    }
    Some(found)
}

/// A parameter in text form, for a type that the server infers.
#[derive(Debug)]
pub(super) struct TextParam(Option<String>);

impl TextParam {
    pub fn new(value: &Value) -> Self {
        Self(to_text(value))
    }
}

impl ToSql for TextParam {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            None => Ok(IsNull::Yes),
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reals_keep_their_value() {
        for (number, text) in [
            (0.1, "0.1"),
            (1e300, "1e300"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(to_text(&Value::Real(number)).as_deref(), Some(text));
        }
    }

    #[test]
    fn copy_fields_are_escaped() {
        let mut line = String::new();
        push_copy_field(&mut line, &Value::Text("a\tb\\N\n\r.".to_owned()));
        assert_eq!(line, r"a\tb\\N\n\r.");
        line.clear();
        push_copy_field(&mut line, &Value::Bytes(vec![0, 255]));
        assert_eq!(line, r"\\x00ff");
        line.clear();
        push_copy_field(&mut line, &Value::Null);
        assert_eq!(line, r"\N");
    }

    #[test]
    fn bytea_in_its_escape_form() {
        assert_eq!(bytes(r"a\\b\000\377"), Some(b"a\\b\x00\xff".to_vec()));
        assert_eq!(bytes(r"a\9"), None);
        assert_eq!(bytes(r"\x0"), None);
    }

    proptest! {
        #[test]
        fn bytes_round_trip(found: Vec<u8>) {
            prop_assert_eq!(bytes(&hex(&found)), Some(found));
        }

        #[test]
        fn bytea_never_panics(text: String) {
            let _ = bytes(&text);
        }
    }
}
