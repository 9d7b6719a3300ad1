//! Failures as plain data: cause, exit code, and what to do.

use std::fmt;

use serde::Serialize;

/// The party responsible for an error, so that readers know who has to fix it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The migration or plugin: its author has to fix it.
    Guest,
    /// The command line, the configuration or the environment: the operator has to fix it.
    Operator,
    /// The server, the network, or the data in the database.
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
    /// The position in the statement that failed: 1-based, in characters.
    pub position: Option<u32>,
    /// PostgreSQL's CONTEXT: the call stack of functions.
    pub context: Option<String>,
    /// Never translated, e.g. `ERROR`.
    #[serde(skip)]
    pub severity: String,
    /// The names of what the error is about, with the keys of `database.error` in `wit/`.
    #[serde(skip)]
    pub fields: Vec<(String, String)>,
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// A failed statement, and the operation that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{error}")]
pub struct StatementFailure {
    pub statement: String,
    pub error: DatabaseError,
    /// E.g. `mighost:roles/roles@0.1.0#set-role`; `None` if the migration itself sent it.
    pub operation: Option<String>,
}

/// A failure as it is shown: every error becomes one at the edge of the program. Plain data, rendered by `output`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub blame: Blame,
    /// The message: one sentence that says what failed, with names and values.
    pub what: String,
    /// The places, from the outermost inwards, one per line: the file and its line, the revision, the operation.
    pub location: Vec<String>,
    /// The failed statement, shown with the line of the error.
    pub statement: Option<Box<StatementFailure>>,
    /// The outcome, one line each: what was rolled back, what is committed, what did not run.
    pub outcome: Vec<String>,
    /// Hints for the user.
    pub hints: Vec<String>,
    pub exit: ExitKind,
    /// The chain of errors, the outermost first, for bug reports; shown only with `--raiseerr`.
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

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location.push(location.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The kinds of failure that exit codes distinguish. The codes are documented and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitKind {
    /// 1: a defect of mighost or of the system.
    Internal,
    /// 2: the command line.
    Usage,
    /// 3: the configuration.
    Config,
    /// 4: the graph of revisions, or a target that is not in it.
    History,
    /// 5: an artifact that cannot be read or built.
    Artifact,
    /// 6: the server is unreachable, refused the connection, or closed it.
    Connection,
    /// 7: a statement failed.
    Database,
    /// 8: a guest failed: it returned an error, trapped, panicked or exceeded a limit.
    Guest,
    /// 9: another run holds the lock.
    Lock,
    /// 10: a requested check has findings.
    Check,
    /// 11: a signature, a signer or the policy does not allow it.
    Trust,
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
            Self::Trust => 11,
            Self::Interrupted => 130,
        }
    }
}
