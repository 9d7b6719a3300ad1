//! The interface to the run. Guests implement it with the host, tests with a database connection of their own.

use mighost_sdk::prelude::Value;

/// One row of a result, every column cast to text.
pub type Row = Vec<Option<String>>;

/// An error of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Five characters, e.g. `42P16`.
    pub sqlstate: String,
    /// The message, followed by its detail, if any.
    pub message: String,
    /// Whether the error came with a hint.
    pub hint: bool,
}

/// The database and the settings of the run.
pub trait Session {
    /// The schema that objects live in, unquoted.
    fn schema(&self) -> String;
    /// True if statements are only written to a script.
    fn offline(&self) -> bool;
    /// The server's `server_version_num`; `None` offline.
    fn server_version(&self) -> Option<u32>;
    /// Runs a query whose columns are all of type text; parameters take the type that the statement gives them.
    fn query(&self, statement: &str, params: &[&str]) -> Vec<Row>;
    /// Runs a statement. A failure ends the run.
    fn execute(&self, statement: &str);
    /// Runs a statement. A failure is undone and returned.
    fn try_execute(&self, statement: &str) -> Result<(), Refusal>;
    /// Shows a warning.
    fn warn(&self, text: &str);
}

/// The run that the host carries out.
pub struct Run;

impl Session for Run {
    fn schema(&self) -> String {
        mighost_sdk::context::schema()
    }

    fn offline(&self) -> bool {
        mighost_sdk::context::offline()
    }

    fn server_version(&self) -> Option<u32> {
        mighost_sdk::postgres::server_version()
    }

    fn query(&self, statement: &str, params: &[&str]) -> Vec<Row> {
        let params: Vec<Value> = params.iter().map(|&text| Value::Text(text.to_owned())).collect();
        let rows = mighost_sdk::bindings::mighost::host::database::query(statement, &params);
        rows.rows
            .into_iter()
            .map(|row| row.into_iter().map(text_of).collect())
            .collect()
    }

    fn execute(&self, statement: &str) {
        mighost_sdk::database::execute(statement);
    }

    fn try_execute(&self, statement: &str) -> Result<(), Refusal> {
        match mighost_sdk::database::try_execute(statement) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal {
                sqlstate: error.sqlstate,
                message: match error.detail {
                    Some(detail) => format!("{} ({detail})", error.message),
                    None => error.message,
                },
                hint: error.hint.is_some(),
            }),
        }
    }

    fn warn(&self, text: &str) {
        mighost_sdk::warn!("{text}");
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text),
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Real(value) => Some(value.to_string()),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// A column of a row; empty if it is null or missing.
pub fn column(row: &Row, index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

/// Whether a column of a row is true.
pub fn flag(row: &Row, index: usize) -> bool {
    matches!(column(row, index), "t" | "true")
}
