//! Failures as plain data: whose fault they are, the exit code, what to do.

use std::fmt;

use serde::Serialize;

/// Whose fault an error is, which tells the reader whom to turn to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The migration or plugin: its author mends it.
    Guest,
    /// The command line, the configuration, the environment: whoever runs mighost mends it.
    Operator,
    /// The server, the network between, or the data in it.
    Database,
    /// mighost itself.
    Host,
}

/// PostgreSQL's error fields; `wit/database.wit` documents them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DatabaseError {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// 1-based, in characters, into the statement that failed.
    pub position: Option<u32>,
    /// PostgreSQL's CONTEXT: the functions that were running.
    pub context: Option<String>,
    /// Not translated, e.g. `ERROR`.
    #[serde(skip)]
    pub severity: String,
    /// What the error is about, by the names of `database.error` in `wit/`.
    #[serde(skip)]
    pub fields: Vec<(String, String)>,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// A statement that the server refused, and which operation sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{error}")]
pub struct StatementFailure {
    pub statement: String,
    pub error: DatabaseError,
    /// E.g. `mighost:roles/roles@0.1.0#set-role`; none where the migration itself sent it.
    pub operation: Option<String>,
}

/// A failure as it is shown: what every error becomes at the edge of the program. Plain data, rendered by `output`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub blame: Blame,
    /// One sentence: what went wrong, with the names and values in it.
    pub what: String,
    /// Where, from the outside inwards, a line each: the file and its line, the revision, the operation.
    pub location: Vec<String>,
    /// The statement that the server refused, shown with the line that failed.
    pub statement: Option<Box<StatementFailure>>,
    /// What became of it, a line each: what was rolled back, what is done, what was not run.
    pub outcome: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
    pub exit: ExitKind,
    /// The errors that led to it, the outermost first, for reports of defects; shown with `--raiseerr` only.
    #[serde(skip)]
    pub causes: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic without a place and without hints.
    pub fn new(blame: Blame, exit: ExitKind, what: impl Into<String>) -> Self {
        Self {
            blame,
            what: what.into(),
            location: Vec::new(),
            statement: None,
            outcome: Vec::new(),
            hints: Vec::new(),
            exit,
            causes: Vec::new(),
        }
    }

    /// Adds a line that says where.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location.push(location.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The kinds of failure that the exit code tells apart. The codes are documented and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitKind {
    /// 1: a defect of mighost, or of the machine below it.
    Internal,
    /// 2: the command line.
    Usage,
    /// 3: the configuration.
    Config,
    /// 4: the graph of revisions, or a target that is not in it.
    History,
    /// 5: an artifact that cannot be read or built.
    Artifact,
    /// 6: the server cannot be reached, refuses the connection, or is gone.
    Connection,
    /// 7: the server refused a statement.
    Database,
    /// 8: a guest failed: it returned an error, trapped, panicked or reached a limit.
    Guest,
    /// 9: another run holds the lock.
    Lock,
    /// 10: a check that was asked for found something.
    Check,
    /// 130: the user interrupted the run.
    Interrupted,
}

impl ExitKind {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::History => 4,
            Self::Artifact => 5,
            Self::Connection => 6,
            Self::Database => 7,
            Self::Guest => 8,
            Self::Lock => 9,
            Self::Check => 10,
            Self::Interrupted => 130,
        }
    }
}
