//! Names, as given by migrations.

use mighost_sdk::quote::{Sql, identifier, qualified, raw};

/// The maximum length of a name in PostgreSQL, in bytes.
pub(crate) const MAX_NAME: usize = 63;

/// The name of an object in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub schema: String,
    pub name: String,
}

impl Name {
    /// `name` or `schema.name`; an unqualified name is in `schema`. A part that begins with a double quote is a quoted identifier.
    pub fn parse(text: &str, schema: &str) -> Result<Self, String> {
        match parts(text)?.as_slice() {
            [name] => Ok(Self::new(schema, name)),
            [schema, name] => Ok(Self::new(schema, name)),
            parts => Err(format!(
                "the name {text} has {} parts: it may be NAME or SCHEMA.NAME, a part with dots in double quotes",
                parts.len()
            )),
        }
    }

    pub fn new(schema: &str, name: &str) -> Self {
        Self {
            schema: schema.to_owned(),
            name: name.to_owned(),
        }
    }

    pub fn sql(&self) -> Sql {
        qualified(&self.schema, &self.name)
    }

    /// The name in the form that `parse` reads, for any schema.
    pub fn spelled(&self) -> String {
        self.sql().into()
    }
}

/// Splits a name at its dots.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted).ok_or_else(|| format!("the name {text} has a quote that is not closed"))?,
            None => match rest.find('.') {
                Some(dot) => (rest[..dot].to_owned(), &rest[dot..]),
                None => (rest.to_owned(), ""),
            },
        };
        parts.push(plain(&part)?);
        rest = match behind.strip_prefix('.') {
            Some(rest) => rest,
            None if behind.is_empty() => return Ok(parts),
            None => return Err(format!("the name {text} goes on behind a closing quote")),
        };
    }
}

/// The text before the closing quote, and the text after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(behind) => {
                part.push('"');
                rest = behind;
            }
            None => return Some((part, rest)),
        }
    }
}

/// A name that is not split at dots, e.g. of a column. PostgreSQL would truncate a name that is too long without an error.
pub(crate) fn plain(name: &str) -> Result<String, String> {
    match name {
        "" => Err("a name is empty".to_owned()),
        name if name.contains('\0') => Err("a name holds a zero byte".to_owned()),
        name if name.len() > MAX_NAME => Err(format!(
            "the name {name} has {} bytes; PostgreSQL keeps {MAX_NAME}",
            name.len()
        )),
        name => Ok(name.to_owned()),
    }
}

/// `"a", "b"`, each checked.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<Sql, String> {
    let names: Result<Vec<String>, String> = names
        .into_iter()
        .map(|name| Ok(identifier(&plain(name)?).to_string()))
        .collect();
    Ok(raw(names?.join(", ")))
}

/// A name of an object that may be qualified although it is not in the run's schema, e.g. of a collation: each part is quoted.
pub(crate) fn quoted_parts(text: &str) -> Result<Sql, String> {
    let parts: Vec<String> = parts(text)?.iter().map(|part| identifier(part).to_string()).collect();
    Ok(raw(parts.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (text, schema, name) in [
            ("t", "crmp", "t"),
            ("other.t", "other", "t"),
            ("\"a.b\"", "crmp", "a.b"),
            ("other.\"a\"\"b\"", "other", "a\"b"),
            ("it's \"odd\"", "crmp", "it's \"odd\""),
        ] {
            let read = Name::parse(text, "crmp").unwrap();
            assert_eq!(read, Name::new(schema, name), "{text}");
            assert_eq!(Name::parse(&read.spelled(), "none").unwrap(), read, "{text}");
        }
        for text in ["", ".t", "a.", "a.b.c", "\"a", "\"a\"b", "a\0"] {
            assert!(Name::parse(text, "crmp").is_err(), "{text}");
        }
    }
}
