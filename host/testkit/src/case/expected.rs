//! Statements of a guest, as written in test files, and their comparison with expectations.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::value::{Cell, list, string};
use mighost_core::sql::{TokenKind, tokens};
use mighost_core::{Row, Value};

/// Stands for any text in a pattern.
const ANYTHING: &str = "...";

/// A statement that a guest sent, not a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    Statement(String),
    Run {
        sql: String,
        parameters: Vec<Value>,
    },
    Try {
        sql: String,
        parameters: Vec<Value>,
    },
    Copy {
        table: String,
        columns: Vec<String>,
        rows: Vec<Row>,
    },
    Suspend,
    Resume,
}

/// An expected statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected(pub Sent);

impl Sent {
    /// The form in test files.
    pub fn toml(&self) -> String {
        match self {
            Self::Statement(sql) => string(sql),
            Self::Run { sql, parameters } => format!("{{ run = {}, parameters = {} }}", string(sql), list(parameters)),
            Self::Try { sql, parameters } if parameters.is_empty() => format!("{{ try = {} }}", string(sql)),
            Self::Try { sql, parameters } => format!("{{ try = {}, parameters = {} }}", string(sql), list(parameters)),
            Self::Copy { table, columns, rows } => {
                let columns: Vec<String> = columns.iter().map(|column| string(column)).collect();
                let rows: Vec<String> = rows.iter().map(|row| list(row)).collect();
                format!(
                    "{{ copy = {}, columns = [{}], rows = [{}] }}",
                    string(table),
                    columns.join(", "),
                    rows.join(", ")
                )
            }
            Self::Suspend => "{ transaction = 'suspend' }".into(),
            Self::Resume => "{ transaction = 'resume' }".into(),
        }
    }

    /// The form in diffs: a statement unchanged, anything else with a text that distinguishes it from a statement.
    pub fn text(&self) -> String {
        match self {
            Self::Statement(sql) => format!("{};", sql.trim().trim_end_matches(';')),
            Self::Run { sql, parameters } | Self::Try { sql, parameters } => {
                let tried = if matches!(self, Self::Try { .. }) { "try: " } else { "" };
                let mut text = format!("{tried}{};", sql.trim().trim_end_matches(';'));
                for (number, value) in parameters.iter().enumerate() {
                    text.push_str(&format!("\n    ${} = {}", number + 1, Cell(value.clone()).toml()));
                }
                text
            }
            Self::Copy { table, columns, rows } => {
                let mut text = format!("copy {table} ({})", columns.join(", "));
                for row in rows {
                    text.push_str(&format!("\n    {}", list(row)));
                }
                text
            }
            Self::Suspend => "suspend-transaction".into(),
            Self::Resume => "resume-transaction".into(),
        }
    }

    /// The values of `$1` and so on.
    pub fn parameters(&self) -> &[Value] {
        match self {
            Self::Run { parameters, .. } | Self::Try { parameters, .. } => parameters,
            _ => &[],
        }
    }

    /// The statement, if it is one.
    pub fn sql(&self) -> Option<&str> {
        match self {
            Self::Statement(sql) | Self::Run { sql, .. } | Self::Try { sql, .. } => Some(sql),
            Self::Copy { .. } | Self::Suspend | Self::Resume => None,
        }
    }
}

impl Expected {
    /// Whether `sent` matches this expectation.
    pub fn fits(&self, sent: &Sent) -> bool {
        let alike = |one: &[Value], other: &[Value]| {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| Cell(one.clone()).is_like(&Cell(other.clone())))
        };
        match (&self.0, sent) {
            (Sent::Statement(pattern), Sent::Statement(sql)) => matches_sql(pattern, sql),
            (
                Sent::Run {
                    sql: pattern,
                    parameters,
                },
                Sent::Run { sql, parameters: found },
            )
            | (
                Sent::Try {
                    sql: pattern,
                    parameters,
                },
                Sent::Try { sql, parameters: found },
            ) => matches_sql(pattern, sql) && alike(parameters, found),
            (
                Sent::Copy { table, columns, rows },
                Sent::Copy {
                    table: other,
                    columns: others,
                    rows: found,
                },
            ) => {
                table == other
                    && columns == others
                    && rows.len() == found.len()
                    && rows.iter().zip(found).all(|(one, other)| alike(one, other))
            }
            (one, other) => one == other,
        }
    }
}

/// Whether `sql` matches the statement `pattern`, in which `...` stands for any text. White space, comments and case do not matter
/// outside quotes, nor does a semicolon at the end.
pub fn matches_sql(pattern: &str, sql: &str) -> bool {
    let (pattern, sql) = (plain(pattern), plain(sql));
    matches_text(&pattern, &sql, false)
}

/// Whether `text` contains `pattern`, in which `...` stands for any text.
pub fn contains_text(pattern: &str, text: &str) -> bool {
    matches_text(pattern, text, true)
}

fn matches_text(pattern: &str, text: &str, anywhere: bool) -> bool {
    let parts: Vec<&str> = pattern.split(ANYTHING).map(str::trim).collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return false;
    };
    if parts.len() == 1 {
        return if anywhere { text.contains(first) } else { text == *first };
    }
    let mut rest = if anywhere {
        text
    } else {
        let Some(rest) = text.strip_prefix(first) else {
            return false;
        };
        match rest.strip_suffix(last) {
            Some(rest) => rest,
            None => return false,
        }
    };
    let middle = if anywhere {
        parts.as_slice()
    } else {
        parts.get(1..parts.len() - 1).unwrap_or_default()
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// A statement with white space and comments outside quotes replaced by one space, and words outside quotes in lower case.
fn plain(sql: &str) -> String {
    let mut plain = String::with_capacity(sql.len());
    for token in tokens(sql) {
        match token.kind {
            TokenKind::Space | TokenKind::Comment if plain.ends_with(' ') => {}
            TokenKind::Space | TokenKind::Comment => plain.push(' '),
            TokenKind::Word => plain.push_str(&token.of(sql).to_ascii_lowercase()),
            _ => plain.push_str(token.of(sql)),
        }
    }
    plain.trim().trim_end_matches(';').trim_end().to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    run: Option<String>,
    #[serde(default)]
    parameters: Vec<Cell>,
    r#try: Option<String>,
    copy: Option<String>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    rows: Vec<Vec<Cell>>,
    transaction: Option<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Transaction {
    Suspend,
    Resume,
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Expected;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement, or a table with `run`, `try`, `copy` or `transaction`")
    }

    fn visit_str<E>(self, text: &str) -> Result<Expected, E> {
        Ok(Expected(Sent::Statement(text.to_owned())))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Expected, A::Error> {
        let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let values = |cells: Vec<Cell>| cells.into_iter().map(|cell| cell.0).collect::<Vec<_>>();
        let sent = match (table.run, table.r#try, table.copy, table.transaction) {
            (Some(sql), None, None, None) if table.parameters.is_empty() => Sent::Statement(sql),
            (Some(sql), None, None, None) => Sent::Run {
                sql,
                parameters: values(table.parameters),
            },
            (None, Some(sql), None, None) => Sent::Try {
                sql,
                parameters: values(table.parameters),
            },
            (None, None, Some(name), None) => Sent::Copy {
                table: name,
                columns: table.columns,
                rows: table.rows.into_iter().map(values).collect(),
            },
            (None, None, None, Some(Transaction::Suspend)) => Sent::Suspend,
            (None, None, None, Some(Transaction::Resume)) => Sent::Resume,
            _ => {
                return Err(de::Error::custom(
                    "one of `run`, `try`, `copy` and `transaction` is expected",
                ));
            }
        };
        Ok(Expected(sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_outside_of_quotes_makes_no_difference() {
        assert!(matches_sql("select  1\n from x ;", "select 1 from x"));
        assert!(!matches_sql("select 'a  b'", "select 'a b'"));
        assert!(matches_sql("SELECT a", "-- why\nselect /* what */ A"));
        assert!(!matches_sql("select \"a\"", "select \"A\""));
        assert!(!matches_sql("select 1", "select 1, 2"));
        assert!(!matches_sql("do $$ a  b $$", "do $$ a b $$"));
    }

    #[test]
    fn dots_stand_for_anything() {
        assert!(matches_sql(
            "create table ... (...)",
            "create table \"s\".\"t\" (a int)"
        ));
        assert!(matches_sql(
            "... from pg_class ...",
            "select 1 from pg_class where true"
        ));
        assert!(!matches_sql("create ... x", "create y"));
        assert!(!matches_sql("a ... a", "a"));
        assert!(contains_text(
            "needs ... role",
            "panicked: set-role needs the name of a role; x"
        ));
        assert!(!contains_text("name ... needs", "set-role needs the name"));
    }

    #[test]
    fn what_is_sent_is_written_as_it_is_read() {
        #[derive(Deserialize)]
        struct File {
            statements: Vec<Expected>,
        }
        let sent = [
            Sent::Statement("select 'x'".into()),
            Sent::Run {
                sql: "update t set a = $1".into(),
                parameters: vec![Value::Null, Value::Integer(1)],
            },
            Sent::Try {
                sql: "drop table t".into(),
                parameters: Vec::new(),
            },
            Sent::Try {
                sql: "delete from t where a = $1".into(),
                parameters: vec![Value::Integer(1)],
            },
            Sent::Copy {
                table: "s.t".into(),
                columns: vec!["a".into()],
                rows: vec![vec![Value::Text("x".into())]],
            },
            Sent::Suspend,
            Sent::Resume,
        ];
        let items: Vec<String> = sent.iter().map(Sent::toml).collect();
        let file: File = toml::from_str(&format!("statements = [{}]", items.join(", "))).unwrap();
        assert_eq!(file.statements, sent.clone().map(Expected));
        assert!(
            file.statements
                .iter()
                .zip(&sent)
                .all(|(expected, sent)| expected.fits(sent))
        );
    }
}
