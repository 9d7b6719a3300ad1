//! Reads one TOML table, with errors that point at the line.
//!
//! Rejected: serde's derived readers. They list the known keys for a wrong one but not the nearest, they cannot check a value where its
//! place is known, and their messages are about Rust types.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, Place};
use mighost_core::nearest;

/// The file, for places in it.
#[derive(Clone, Copy)]
pub(super) struct Source<'f> {
    pub file: &'f Path,
    pub text: &'f str,
}

impl Source<'_> {
    pub fn place(&self, span: Range<usize>) -> Box<Place> {
        Box::new(Place::new(self.file, self.text, span))
    }
}

/// A value with the name of its key, for errors.
pub(super) struct Field<'t, 'f> {
    source: Source<'f>,
    key: String,
    value: &'t Spanned<DeValue<'f>>,
}

/// A table with its name in the file, for errors.
pub(super) struct Section<'t, 'f> {
    pub source: Source<'f>,
    /// Without brackets; empty for the whole file.
    pub name: String,
    pub span: Range<usize>,
    table: &'t DeTable<'f>,
}

impl<'t, 'f> Section<'t, 'f> {
    /// The whole file.
    pub fn root(source: Source<'f>, table: &'t Spanned<DeTable<'f>>) -> Self {
        Self {
            source,
            name: String::new(),
            span: table.span(),
            table: table.get_ref(),
        }
    }

    /// Fails at the first key that is not one of `known`. `advice` gives a better hint than the nearest key for keys that belong
    /// elsewhere.
    pub fn check_keys(&self, known: &[&str], advice: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        for (key, _) in self.table {
            let word: &str = key.get_ref();
            if known.contains(&word) {
                continue;
            }
            let advice = advice(word)
                .or_else(|| nearest(word, known.iter().copied()).map(|near| format!("did you mean {near}?")))
                .unwrap_or_else(|| format!("available: {}", known.join(", ")));
            return Err(ConfigError::UnknownKey {
                place: self.source.place(key.span()),
                section: if self.name.is_empty() {
                    "the file".to_owned()
                } else {
                    format!("[{}]", self.name)
                },
                key: shorten(word),
                advice,
            });
        }
        Ok(())
    }

    pub fn field(&self, key: &str) -> Option<Field<'t, 'f>> {
        self.fields().find(|field| field.key == key)
    }

    /// All fields, in a fixed order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'t, 'f>> {
        let source = self.source;
        self.table.iter().map(move |(key, value)| Field {
            source,
            key: key.get_ref().to_string(),
            value,
        })
    }

    /// The table below `key`, if it exists.
    pub fn section(&self, key: &str) -> Result<Option<Section<'t, 'f>>, ConfigError> {
        self.field(key).map(|field| field.section(&self.name)).transpose()
    }

    /// Reads the field below `key`, if it exists.
    pub fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Field<'t, 'f>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.field(key).map(|field| read(&field)).transpose()
    }
}

impl<'t, 'f> Field<'t, 'f> {
    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn place(&self) -> Box<Place> {
        self.source.place(self.value.span())
    }

    /// This value as a table, named below `parent`.
    pub fn section(&self, parent: &str) -> Result<Section<'t, 'f>, ConfigError> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(Section {
                source: self.source,
                name: if parent.is_empty() {
                    shorten(&self.key)
                } else {
                    format!("{parent}.{}", shorten(&self.key))
                },
                span: self.value.span(),
                table,
            }),
            _ => Err(self.wrong_type("a table")),
        }
    }

    /// This value as a list of tables, named below `parent`.
    pub fn sections(&self, parent: &str) -> Result<Vec<Section<'t, 'f>>, ConfigError> {
        let expected = "a list of tables";
        let DeValue::Array(array) = self.value.get_ref() else {
            return Err(self.wrong_type(expected));
        };
        array
            .iter()
            .map(|item| {
                let field = Field {
                    source: self.source,
                    key: self.key.clone(),
                    value: item,
                };
                field.section(parent).map_err(|_| field.wrong_type("a table"))
            })
            .collect()
    }

    pub fn text(&self) -> Result<&'t str, ConfigError> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong_type("a quoted string"))
    }

    pub fn boolean(&self) -> Result<bool, ConfigError> {
        self.value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.wrong_type("true or false"))
    }

    pub fn integer<T: TryFrom<i64>>(&self) -> Result<T, ConfigError> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return Err(self.wrong_type("a whole number"));
        };
        i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.bad("the number is out of range"))
    }

    /// A list of strings.
    pub fn texts(&self) -> Result<Vec<String>, ConfigError> {
        let expected = "a list of strings, [\"like\", \"this\"]";
        let DeValue::Array(array) = self.value.get_ref() else {
            return Err(self.wrong_type(expected));
        };
        array
            .iter()
            .map(|item| {
                item.get_ref()
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| self.wrong_type(expected))
            })
            .collect()
    }

    /// A string, number or boolean as text: a valid argument.
    pub fn scalar(&self) -> Result<String, ConfigError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(_) => self.integer::<i64>().map(|number| number.to_string()),
            DeValue::Boolean(boolean) => Ok(boolean.to_string()),
            DeValue::Float(float) => Ok(float.as_str().to_owned()),
            _ => Err(self.wrong_type("a string, a number, true or false")),
        }
    }

    /// Parses the string with `parse`, whose error describes the problem.
    pub fn parsed<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, ConfigError> {
        parse(self.text()?).map_err(|reason| self.bad(reason))
    }

    pub fn bad(&self, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            place: self.place(),
            key: shorten(&self.key),
            reason: reason.into(),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> ConfigError {
        ConfigError::WrongType {
            place: self.place(),
            key: shorten(&self.key),
            expected,
            found: match self.value.get_ref() {
                DeValue::String(_) => "a string",
                DeValue::Integer(_) => "a number",
                DeValue::Float(_) => "a number with a fraction",
                DeValue::Boolean(_) => "a boolean",
                DeValue::Datetime(_) => "a date",
                DeValue::Array(_) => "a list",
                DeValue::Table(_) => "a table",
            },
        }
    }
}

/// A key in the form for errors: keys may be as long as the file, and a URL without its key becomes one.
fn shorten(key: &str) -> String {
    if key.contains("://") || key.contains('@') || key.contains("password") {
        return "***".to_owned();
    }
    key.chars().take(64).collect()
}
