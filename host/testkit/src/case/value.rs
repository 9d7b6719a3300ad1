//! A value of a row or a parameter, as written in test files.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use mighost_core::Value;

/// A PostgreSQL value. TOML has no null and no bytes: they are `{ null = true }` and `{ bytes = "00ff" }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell(pub Value);

impl Cell {
    /// The form in test files.
    pub fn toml(&self) -> String {
        match &self.0 {
            Value::Null => "{ null = true }".into(),
            Value::Boolean(truth) => truth.to_string(),
            Value::Integer(number) => number.to_string(),
            // Always with a point or an exponent, which makes it a float in TOML.
            Value::Real(number) if number.is_nan() => "nan".into(),
            Value::Real(number) if number.is_infinite() => (if *number > 0.0 { "inf" } else { "-inf" }).into(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => string(text),
            Value::Bytes(bytes) => format!("{{ bytes = \"{}\" }}", hex(bytes)),
        }
    }

    /// The server's text form; `None` for null.
    pub fn text(&self) -> Option<String> {
        Some(match &self.0 {
            Value::Null => return None,
            Value::Boolean(truth) => (if *truth { "t" } else { "f" }).into(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) if number.is_nan() => "NaN".into(),
            Value::Real(number) if number.is_infinite() => {
                (if *number > 0.0 { "Infinity" } else { "-Infinity" }).into()
            }
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Bytes(bytes) => format!("\\x{}", hex(bytes)),
        })
    }

    /// Whether the two have the same text form: `1` equals both a bigint and a text `1`.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0 == other.0 || self.text() == other.text()
    }
}

/// A list of values, as written in test files.
pub fn list(values: &[Value]) -> String {
    let cells: Vec<String> = values.iter().map(|value| Cell(value.clone()).toml()).collect();
    format!("[{}]", cells.join(", "))
}

/// A TOML string, in the most readable form.
pub fn string(text: &str) -> String {
    let plain = |text: &str| text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control());
    let lines = text.contains('\n');
    if !lines && plain(text) && !text.contains('\'') {
        return format!("'{text}'");
    }
    if plain(text) && !text.contains("'''") && !text.ends_with('\'') && (lines || text.contains(['"', '\\'])) {
        return format!("'''{}{text}'''", if lines { "\n" } else { "" });
    }
    let mut escaped = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            '\r' => escaped.push_str("\\r"),
            c if c.is_control() => escaped.push_str(&format!("\\u{:04X}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped.push('"');
    escaped
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, a number, a string, { null = true } or { bytes = \"...\" }")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Cell, E> {
        Ok(Cell(Value::Boolean(truth)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell(Value::Integer(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Cell, E> {
        Ok(Cell(Value::Real(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell(Value::Text(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        let cell = match map.next_key::<String>()?.as_deref() {
            Some("null") => match map.next_value()? {
                true => Cell(Value::Null),
                false => return Err(de::Error::custom("null can only be true")),
            },
            Some("bytes") => {
                let text: String = map.next_value()?;
                let pair = |at: usize| {
                    let pair = text.get(at..at + 2)?;
                    // A sign would be accepted as part of the number.
                    let digits = pair.bytes().all(|byte| byte.is_ascii_hexdigit());
                    digits.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
                };
                let bytes = (0..text.len()).step_by(2).map(pair);
                match bytes.collect::<Option<Vec<u8>>>() {
                    Some(bytes) => Cell(Value::Bytes(bytes)),
                    None => return Err(de::Error::custom("bytes are pairs of hexadecimal digits")),
                }
            }
            Some(other) => return Err(de::Error::unknown_field(other, &["null", "bytes"])),
            None => return Err(de::Error::custom("an empty table is not a value")),
        };
        match map.next_key::<String>()? {
            None => Ok(cell),
            Some(_) => Err(de::Error::custom("a value has one key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        row: Vec<Cell>,
    }

    fn read(text: &str) -> Vec<Cell> {
        toml::from_str::<Row>(text).unwrap().row
    }

    #[test]
    fn what_is_written_is_read_again() {
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Integer(-3),
            Value::Real(2.0),
            Value::Real(f64::NEG_INFINITY),
            Value::Text("plain".into()),
            Value::Text("it's \"both\"\\\r\u{1}".into()),
            Value::Text("'ends with '".into()),
            Value::Text("\nselect 'x'\n  from y".into()),
            Value::Text("three ''' quotes".into()),
            Value::Bytes(vec![0, 255]),
        ];
        let text = format!("row = {}", list(&values));
        assert_eq!(read(&text), values.map(Cell), "{text}");
    }

    #[test]
    fn numbers_fit_the_servers_text() {
        assert!(Cell(Value::Integer(1)).is_like(&Cell(Value::Text("1".into()))));
        assert!(Cell(Value::Boolean(true)).is_like(&Cell(Value::Text("t".into()))));
        assert!(!Cell(Value::Null).is_like(&Cell(Value::Text(String::new()))));
    }
}
