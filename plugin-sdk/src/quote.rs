//! Statements composed of quoted parts: [`sql!`](crate::sql!), [`execute!`](crate::execute!).

use std::fmt;

/// A piece of SQL that may be inserted into a statement unchanged. Made by [`identifier`], [`qualified`], [`literal`], [`raw`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql(String);

impl Sql {
    /// The piece as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Sql> for String {
    fn from(sql: Sql) -> Self {
        sql.0
    }
}

/// A name, always in double quotes: `crmp` gives `"crmp"`.
pub fn identifier(name: &str) -> Sql {
    Sql(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// `schema.name`, both quoted.
pub fn qualified(schema: &str, name: &str) -> Sql {
    Sql(format!("{}.{}", identifier(schema), identifier(name)))
}

/// `name` in the schema that the run targets, both quoted.
pub fn in_schema(name: &str) -> Sql {
    qualified(&crate::context::schema(), name)
}

/// Names separated by commas, each quoted: `"a", "b"`.
pub fn identifiers<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Sql {
    let names: Vec<String> = names.into_iter().map(|name| identifier(name.as_ref()).0).collect();
    Sql(names.join(", "))
}

/// A string literal. A text with a backslash becomes an `E''` literal, whose meaning does not depend on `standard_conforming_strings`.
pub fn literal(text: &str) -> Sql {
    let quoted = text.replace('\'', "''");
    Sql(if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    })
}

/// SQL that is used unchanged, e.g. an expression. The caller is responsible for its safety.
pub fn raw(sql: impl Into<String>) -> Sql {
    Sql(sql.into())
}

/// An argument of [`sql!`](crate::sql!): a quoted piece or a number, but not a plain string, because it would be unclear how to quote it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put into a statement as it is",
    label = "say what it is: identifier(..), literal(..), or raw(..) for SQL that is already right"
)]
pub trait Fragment {
    /// The text of the piece.
    fn fragment(&self) -> String;
}

impl Fragment for Sql {
    fn fragment(&self) -> String {
        self.0.clone()
    }
}

impl<T: Fragment + ?Sized> Fragment for &T {
    fn fragment(&self) -> String {
        (**self).fragment()
    }
}

macro_rules! plain_fragments {
    ($($type:ty),*) => {
        $(impl Fragment for $type {
            fn fragment(&self) -> String {
                // After a minus sign, that of a negative number would begin a comment.
                let text = self.to_string();
                if text.starts_with('-') { format!(" {text}") } else { text }
            }
        })*
    };
}

plain_fragments!(bool, i16, i32, i64, u8, u16, u32, u64, usize);

/// True if a format contains only `{}` and escaped braces: `{name}` would bypass the quoting of a string.
#[doc(hidden)]
pub const fn only_plain_places(format: &str) -> bool {
    let bytes = format.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' || bytes[at] == b'}' {
            let pair =
                at + 1 < bytes.len() && (bytes[at + 1] == bytes[at] || (bytes[at] == b'{' && bytes[at + 1] == b'}'));
            if !pair {
                return false;
            }
            at += 1;
        }
        at += 1;
    }
    true
}

/// A statement with a quoted piece at each `{}`. Strings must be quoted explicitly:
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// let role = "weather's viewer";
/// let statement: String = sql!("grant select on {} to {}", qualified("crmp", "stations"), identifier(role));
/// ```
///
/// A plain string does not compile:
///
/// ```compile_fail
/// mighost_sdk::sql!("drop table {}", "stations");
/// ```
#[macro_export]
macro_rules! sql {
    ($format:literal $(, $piece:expr)* $(,)?) => {{
        const _: () = ::std::assert!(
            $crate::quote::only_plain_places($format),
            "a statement takes its pieces at pairs of empty braces, so that each is quoted"
        );
        ::std::format!($format $(, $crate::quote::Fragment::fragment(&$piece))*)
    }};
}

/// Sends a statement with a quoted piece at each `{}`; see [`sql!`](crate::sql!).
#[macro_export]
macro_rules! execute {
    ($($argument:tt)*) => { $crate::database::execute(&$crate::sql!($($argument)*)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_quoted() {
        let statement = crate::sql!(
            "comment on table {} is {} -- {{}} {}",
            qualified("crmp", r#"a"b"#),
            literal(r"it's a\b"),
            5
        );
        assert_eq!(statement, r#"comment on table "crmp"."a""b" is E'it''s a\\b' -- {} 5"#);
        assert_eq!(identifiers(["a", "b c"]).as_str(), r#""a", "b c""#);
        assert_eq!(crate::sql!("select 2 -{}", -1), "select 2 - -1");
    }

    #[test]
    fn places_with_names_are_found() {
        assert!(only_plain_places("select {} {{x}}"));
        assert!(!only_plain_places("select {name}"));
        assert!(!only_plain_places("select {0}"));
        assert!(!only_plain_places("select {"));
    }
}
