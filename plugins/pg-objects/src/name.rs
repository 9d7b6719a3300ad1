//! The names of objects, as they are declared: unquoted, without a schema.

use crate::sql::{identifier, qualified};

/// PostgreSQL truncates longer names without an error, and the object would not be found again.
const MAX_NAME_BYTES: usize = 63;

/// `closest_station(double precision, double precision)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name, unquoted.
    pub name: String,
    /// The argument types in parentheses, as SQL.
    pub arguments: String,
}

/// `set_modified on stations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerName {
    /// The trigger's name, unquoted.
    pub name: String,
    /// The table's or view's name, unquoted.
    pub table: String,
}

/// Checks a name that has no further parts.
pub fn plain(name: &str) -> Result<&str, String> {
    let wrong = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME_BYTES {
        "it is longer than the 63 bytes that PostgreSQL allows"
    } else if name.contains('\0') {
        "it holds a NUL character"
    } else if name.contains('"') {
        "names are written without quotes, just as they are"
    } else if name.contains('.') {
        "objects live in the schema that the run targets, so their names have no schema before them"
    } else if name.trim() != name {
        "it starts or ends with white space"
    } else {
        return Ok(name);
    };
    Err(format!("`{name}` cannot be an object's name: {wrong}"))
}

impl Signature {
    /// Reads a name with argument types.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((name, arguments)) = text.split_once('(') else {
            return Err(format!(
                "`{text}` names no arguments; without any it is written `{text}()`"
            ));
        };
        let arguments = format!("({}", arguments.trim_end());
        let tokens = crate::tokens::tokens(&arguments)?;
        let closing = tokens.iter().position(|token| token.text == ")" && token.depth == 0);
        if closing.map(|index| index + 1) != Some(tokens.len()) || tokens.iter().any(|token| token.text == ";") {
            return Err(format!(
                "`{text}` should be a name and argument types in parentheses, e.g. `f(integer, text)`"
            ));
        }
        Ok(Self {
            name: plain(name.trim_end())?.to_owned(),
            arguments,
        })
    }

    /// The signature as SQL, qualified with the schema.
    pub fn sql(&self, schema: &str) -> String {
        format!("{}{}", qualified(schema, &self.name), self.arguments)
    }
}

impl TriggerName {
    /// Reads `name on table`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text
            .to_ascii_lowercase()
            .rfind(" on ")
            .and_then(|at| Some((text.get(..at)?, text.get(at + 4..)?)))
        {
            Some((name, table)) => Ok(Self {
                name: plain(name.trim_end())?.to_owned(),
                table: plain(table.trim_start())?.to_owned(),
            }),
            None => Err(format!(
                "`{text}` does not say which table the trigger is on: `name on table` is expected"
            )),
        }
    }

    /// The trigger as SQL: `"name" ON "schema"."table"`.
    pub fn sql(&self, schema: &str) -> String {
        format!("{} ON {}", identifier(&self.name), qualified(schema, &self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures() {
        let signature = Signature::parse("closest (double precision, numeric(10, 2))").unwrap();
        assert_eq!(
            signature.sql("crmp"),
            r#""crmp"."closest"(double precision, numeric(10, 2))"#
        );
        assert_eq!(Signature::parse("f()").unwrap().arguments, "()");
        for wrong in [
            "f",
            "f(",
            "f) (",
            "f() returns int",
            "crmp.f()",
            "\"f\"()",
            "()",
            "f());drop(",
            "f(;)",
            "f(int))",
        ] {
            assert!(Signature::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn trigger_names() {
        let trigger = TriggerName::parse("acts on change ON stations").unwrap();
        assert_eq!(trigger.sql("crmp"), r#""acts on change" ON "crmp"."stations""#);
        for wrong in ["x", "x on crmp.t", " on t", "x on "] {
            assert!(TriggerName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_cannot_be() {
        assert!(plain(&"x".repeat(64)).unwrap_err().contains("63 bytes"));
        assert!(plain("crmp.x").unwrap_err().contains("schema"));
        assert!(plain(&"é".repeat(31)).is_ok());
    }
}
