//! Why a run ends between the calls of guests, and what the user is shown then.

use std::time::Duration;

use crate::{Blame, Diagnostic, ExitKind, SinkError};

/// Why a run ends between the calls of guests.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("another run works on this database, and it was not done within {}: {holder}", seconds(*waited))]
    Locked { holder: String, waited: Duration },
    #[error(
        "the version table has changed since the plan was made: it held {}, now it holds {}; run the command again",
        list(expected),
        list(found)
    )]
    HeadsMoved { expected: Vec<String>, found: Vec<String> },
    #[error(
        "a change of the rows in {table} ({changes}) should touch one row and touched {touched}; the step was rolled \
         back. Something else writes to the version table: compare `mighost current` with the schema"
    )]
    VersionRow {
        changes: String,
        table: String,
        touched: u64,
    },
    #[error(
        "the lock that keeps other runs away is no longer held, so the step was rolled back: the migration has given it back, \
         as pg_advisory_unlock_all() does, or a pooler that changes sessions between transactions is in between. Connect to \
         the server directly"
    )]
    LockLost,
    /// A step was left outside its transaction, and this is another one.
    #[error(
        "{revision} is half done: its {direction} had left its transaction and did not come to its end. Run that {direction} \
         again, which takes it up where it stopped; or settle by hand what it has done, and say where the database is then \
         with `mighost stamp`"
    )]
    HalfDone { revision: String, direction: String },
    #[error("the server is a standby (in recovery): it cannot be migrated; connect to the primary")]
    Standby,
    #[error("the version table's name {name} is too long: with `_journal` behind it a name may have {limit} bytes")]
    NameTooLong { name: String, limit: usize },
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
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
                simple(ExitKind::Lock).hint("wait until it is done, or for longer with --lock-wait 10min")
            }
            RunError::HeadsMoved { .. } => simple(ExitKind::Lock),
            RunError::VersionRow { .. }
            | RunError::LockLost
            | RunError::HalfDone { .. }
            | RunError::Standby
            | RunError::NameTooLong { .. } => simple(ExitKind::Database),
        }
    }
}
