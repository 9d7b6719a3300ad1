//! The options of objects. Unknown names and malformed values are refused, not ignored.

use mighost_sdk::Object;

use crate::sql::{identifier, literal};
use crate::tokens;

/// The options of all kinds of this plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `comment`: the object's comment.
    pub comment: Option<String>,
    /// `column-comment`: column and text.
    pub column_comments: Vec<(String, String)>,
    /// `index`, repeatable.
    pub indexes: Vec<Index>,
    /// `with-data`: whether a materialized view is filled when it is created.
    pub with_data: Option<bool>,
    /// `check-option`, `security-barrier`, `security-invoker`: storage parameters of a view and their values.
    pub view_parameters: Vec<(&'static str, String)>,
    /// `constraint`: a constraint trigger.
    pub constraint: bool,
    /// `enabled`: when a trigger fires, as the clause of ALTER TABLE.
    pub enabled: Option<&'static str>,
}

/// `[unique] name [using method] (columns) ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The name of the index, unquoted.
    pub name: String,
    /// Whether it is unique.
    pub unique: bool,
    /// The text after the table in CREATE INDEX.
    pub rest: String,
}

impl Options {
    /// Reads the options of an object; `allowed` are the options of its kind.
    pub fn parse(object: &Object, allowed: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &object.options {
            if !allowed.contains(&name.as_str()) {
                return Err(format!(
                    "it has an option `{name}`, but a {} takes only {}",
                    object.kind,
                    allowed.join(", ")
                ));
            }
            if seen.contains(&name.as_str()) && !matches!(name.as_str(), "index" | "column-comment") {
                return Err(format!("its option `{name}` is given twice"));
            }
            seen.push(name);
            match name.as_str() {
                "comment" => options.comment = Some(value.clone()),
                "column-comment" => match value.split_once(':') {
                    Some((column, text)) => {
                        options
                            .column_comments
                            .push((column.trim().to_owned(), text.trim().to_owned()));
                    }
                    None => return Err(format!("its option column-comment `{value}` should be `column: text`")),
                },
                "index" => options.indexes.push(Index::parse(value)?),
                "with-data" => options.with_data = Some(truth(name, value)?),
                "constraint" => options.constraint = truth(name, value)?,
                "security-barrier" => options
                    .view_parameters
                    .push(("security_barrier", truth(name, value)?.to_string())),
                "security-invoker" => options
                    .view_parameters
                    .push(("security_invoker", truth(name, value)?.to_string())),
                "check-option" if matches!(value.as_str(), "local" | "cascaded") => {
                    options.view_parameters.push(("check_option", value.clone()));
                }
                "enabled" => {
                    options.enabled = Some(match value.as_str() {
                        "origin" => "ENABLE",
                        "replica" => "ENABLE REPLICA",
                        "always" => "ENABLE ALWAYS",
                        "never" => "DISABLE",
                        _ => {
                            return Err(format!(
                                "its option enabled is `{value}`, not origin, replica, always or never"
                            ));
                        }
                    });
                }
                _ => return Err(format!("its option {name} cannot be `{value}`")),
            }
        }
        Ok(options)
    }
}

impl Options {
    /// The statements for indexes and comments of an object, which is given as SQL.
    pub fn statements(&self, word: &str, identity: &str) -> Vec<String> {
        let indexes = self.indexes.iter().map(|index| index.create(identity));
        let comment = self
            .comment
            .iter()
            .map(|text| format!("COMMENT ON {word} {identity} IS {}", literal(text)));
        let columns = self.column_comments.iter().map(|(column, text)| {
            format!(
                "COMMENT ON COLUMN {identity}.{} IS {}",
                identifier(column),
                literal(text)
            )
        });
        indexes.chain(comment).chain(columns).collect()
    }

    /// The statements that remove the comments which `self` declares and `new` does not.
    pub fn forgotten_comments(&self, new: &Self, word: &str, identity: &str) -> Vec<String> {
        let mut statements = Vec::new();
        if self.comment.is_some() && new.comment.is_none() {
            statements.push(format!("COMMENT ON {word} {identity} IS NULL"));
        }
        for (column, _) in &self.column_comments {
            if !new.column_comments.iter().any(|(kept, _)| kept == column) {
                statements.push(format!("COMMENT ON COLUMN {identity}.{} IS NULL", identifier(column)));
            }
        }
        statements
    }
}

fn truth(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("its option {name} is `{value}`, not true or false")),
    }
}

impl Index {
    fn parse(text: &str) -> Result<Self, String> {
        let malformed = |why: &str| format!("its option index `{text}` should be `[unique] name (columns) ...`: {why}");
        let tokens = tokens::tokens(text).map_err(|why| malformed(&why))?;
        if tokens.iter().any(|token| token.text == ";") {
            return Err(malformed("it holds a semicolon"));
        }
        let unique = tokens.first().is_some_and(|token| token.is("unique")) && tokens.len() > 2;
        match tokens.get(usize::from(unique)) {
            Some(name) if name.text != "(" && text[name.end()..].contains('(') => {
                let unquoted = match name.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                    Some(quoted) => quoted.replace("\"\"", "\""),
                    None => name.text.to_owned(),
                };
                let name_is_plain = crate::name::plain(&unquoted).map(str::to_owned);
                Ok(Self {
                    name: name_is_plain?,
                    unique,
                    rest: text[name.end()..].trim().to_owned(),
                })
            }
            _ => Err(malformed("the name or the columns are missing")),
        }
    }

    /// CREATE INDEX on a relation, given as SQL.
    pub fn create(&self, relation: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        format!(
            "CREATE {unique}INDEX {} ON {relation} {}",
            crate::sql::identifier(&self.name),
            self.rest
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Options, String> {
        let object = Object {
            kind: "view".into(),
            name: "v".into(),
            definition: String::new(),
            options: vec![(name.into(), value.into())],
        };
        Options::parse(
            &object,
            &[
                "comment",
                "column-comment",
                "index",
                "with-data",
                "check-option",
                "enabled",
            ],
        )
    }

    #[test]
    fn indexes() {
        let create = |text| parse("index", text).map(|options| options.indexes[0].create("t"));
        assert_eq!(create("v_idx (a, b)").unwrap(), r#"CREATE INDEX "v_idx" ON t (a, b)"#);
        assert_eq!(
            create("UNIQUE v_idx using gist (geom) where a > 0").unwrap(),
            r#"CREATE UNIQUE INDEX "v_idx" ON t using gist (geom) where a > 0"#
        );
        for wrong in ["", "v_idx", "(a)", "unique (a)", "v_idx (a); drop table t", "v_idx ('"] {
            assert!(create(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wrong_options_are_refused() {
        assert!(
            parse("colour", "red")
                .unwrap_err()
                .contains("takes only comment, column-comment")
        );
        assert!(parse("with-data", "yes").unwrap_err().contains("not true or false"));
        assert!(parse("check-option", "global").is_err());
        assert!(parse("column-comment", "no colon").is_err());
        assert_eq!(
            parse("column-comment", "a: b: c").unwrap().column_comments,
            [("a".to_owned(), "b: c".to_owned())]
        );
    }
}
