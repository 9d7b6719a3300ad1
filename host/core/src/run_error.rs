//! Errors that end a run between the calls of guests, and how they are shown.

use std::time::Duration;

use crate::{Blame, Diagnostic, ExitKind, SinkError};

/// An error that ends a run between the calls of guests.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("another run is using this database and did not finish within {}: {holder}", seconds(*waited))]
    Locked { holder: String, waited: Duration },
    #[error(
        "the version table has changed since the plan was made: it held {}, now it holds {}; run the command again",
        list(expected),
        list(found)
    )]
    HeadsMoved { expected: Vec<String>, found: Vec<String> },
    #[error(
        "the migration removed or changed {table}, the ledger or the journal, which mighost needs to record what it did; the \
         step was rolled back"
    )]
    TablesGone { table: String },
    #[error(
        "{table} and {ledger} do not contain what the step wrote; the step was rolled back. The version table contains {}. \
         Remove rules and triggers from both tables that keep rows from being written",
        if found.is_empty() { "no row" } else { found }
    )]
    NotRecorded {
        table: String,
        ledger: String,
        found: String,
    },
    #[error(
        "a change to {table} ({changes}) should affect one row but affected {touched}; the step was rolled back. \
         Something else is writing to the version table: compare `mighost current` with the schema"
    )]
    VersionRow {
        changes: String,
        table: String,
        touched: u64,
    },
    #[error(
        "the lock that keeps other runs out was lost, so the step was rolled back: either the migration released it, \
         as pg_advisory_unlock_all() does, or a connection pooler changed the session between transactions. Connect to \
         the server directly"
    )]
    LockLost,
    #[error(
        "the migration left its transaction read-only, so mighost cannot record what it did; the step was rolled back"
    )]
    LeftReadOnly,
    #[error(
        "the migration removed prepared statements that mighost needs to record what it did, as DEALLOCATE ALL does in a \
         function or block; the step was rolled back"
    )]
    StatementsGone,
    /// The session cannot write.
    #[error("sessions of this role are read-only: default_transaction_read_only is on{}", place(.set_for))]
    ReadOnlySession {
        /// The roles and databases for which it is set, e.g. `role app`; empty if the server's configuration sets it.
        set_for: Vec<String>,
    },
    /// An interrupted step has left its transaction, and this is another step.
    #[error(
        "{revision} is half done: its {direction} left the transaction and did not finish. Run the {direction} again \
         to resume it; or finish or undo it by hand, then record the result with `mighost stamp`"
    )]
    HalfDone { revision: String, direction: String },
    #[error("the server is a standby (in recovery) and cannot be migrated; connect to the primary")]
    Standby,
    #[error(
        "the version table's name {name} is too long: it may have {limit} bytes, since `_journal` is appended to it"
    )]
    NameTooLong { name: String, limit: usize },
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

fn place(set_for: &[String]) -> String {
    match set_for {
        [] => " in the configuration of the server or of the connection".to_owned(),
        places => format!(", set for {}", places.join(" and ")),
    }
}

fn list(revisions: &[String]) -> String {
    if revisions.is_empty() {
        "no revision".to_owned()
    } else {
        revisions.join(", ")
    }
}

impl From<&RunError> for Diagnostic {
    fn from(error: &RunError) -> Self {
        let simple = |exit| Self::new(Blame::Operator, exit, error.to_string());
        match error {
            RunError::Sink(error) => error.diagnose(Blame::Guest),
            RunError::Locked { .. } => {
                simple(ExitKind::Lock).hint("wait for it to finish, or wait longer with --lock-wait 10min")
            }
            RunError::HeadsMoved { .. } => simple(ExitKind::Lock),
            RunError::TablesGone { .. } => Self::new(Blame::Guest, ExitKind::Database, error.to_string())
                .hint("leave these tables out of what is dropped or renamed, or move them with `version-table-schema`"),
            RunError::LeftReadOnly => {
                Self::new(Blame::Guest, ExitKind::Database, error.to_string()).hint("remove SET TRANSACTION READ ONLY")
            }
            RunError::StatementsGone => Self::new(Blame::Guest, ExitKind::Database, error.to_string())
                .hint("deallocate the statements by name, or write DEALLOCATE ALL as a statement of the migration"),
            RunError::ReadOnlySession { .. } => simple(ExitKind::Database).hint(
                "run ALTER ROLE or ALTER DATABASE ... RESET default_transaction_read_only, use another role, or add \
                 `options='-c default_transaction_read_only=off'` to the connection string",
            ),
            RunError::NotRecorded { .. }
            | RunError::VersionRow { .. }
            | RunError::LockLost
            | RunError::HalfDone { .. }
            | RunError::Standby
            | RunError::NameTooLong { .. } => simple(ExitKind::Database),
        }
    }
}
