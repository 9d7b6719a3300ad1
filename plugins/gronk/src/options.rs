//! The options of a gronk.

use mighost_sdk::Object;
use mighost_sdk::quote::{Sql, raw};

#[derive(Default)]
pub struct Options {
    pub materialized: bool,
    /// Empty if there is no comment.
    pub comment: String,
    /// Column and text.
    pub column_comments: Vec<(String, String)>,
    /// Role and privileges.
    pub grants: Vec<(String, String)>,
    /// Name and the rest of CREATE INDEX.
    pub indexes: Vec<(String, String)>,
}

impl Options {
    /// Reads all options; an unknown one is an error and not ignored.
    pub fn read(object: &Object) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in &object.options {
            let malformed =
                |expected: &str| format!("the gronk `{}` has `{name}` = `{value}`; {expected}", object.name);
            let pair = |separator: char, expected: &str| match value.split_once(separator) {
                Some((first, second)) if !first.trim().is_empty() && !second.trim().is_empty() => {
                    Ok((first.trim().to_owned(), second.trim().to_owned()))
                }
                _ => Err(malformed(expected)),
            };
            match name.as_str() {
                "materialized" if value == "true" => options.materialized = true,
                "materialized" if value == "false" => options.materialized = false,
                "comment" => options.comment.clone_from(value),
                "column-comment" => options.column_comments.push(pair(':', "it should be `column: text`")?),
                "grant" => options.grants.push(pair(':', "it should be `role: SELECT, ...`")?),
                "index" => options.indexes.push(pair(' ', "it should be `name (columns)`")?),
                _ => {
                    return Err(malformed(
                        "options are materialized (true or false), comment, column-comment, grant, index",
                    ));
                }
            }
        }
        if !options.indexes.is_empty() && !options.materialized {
            return Err(format!(
                "the gronk `{}` has indexes, so it needs the option materialized = true",
                object.name
            ));
        }
        Ok(options)
    }

    /// The kind in pg-objects that corresponds to a gronk.
    pub fn kind(&self) -> &'static str {
        if self.materialized { "materialized-view" } else { "view" }
    }

    /// The same kind in SQL.
    pub fn word(&self) -> Sql {
        raw(self.kind().replace('-', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mighost_sdk::objects::object;

    #[test]
    fn options_are_read_or_refused() {
        let gronk = object("gronk", "g", "select 1 as a");
        let options = Options::read(&gronk.clone().option("grant", "viewer: SELECT, UPDATE")).ok();
        assert_eq!(
            options.map(|o| o.grants),
            Some(vec![("viewer".to_owned(), "SELECT, UPDATE".to_owned())])
        );
        for (name, value) in [
            ("grant", "viewer"),
            ("index", "g_idx (a)"),
            ("materialized", "yes"),
            ("colour", "red"),
        ] {
            assert!(Options::read(&gronk.clone().option(name, value)).is_err(), "{name}");
        }
    }
}
