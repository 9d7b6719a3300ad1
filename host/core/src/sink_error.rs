//! Why a call of a guest to the database ends the run, and what the user is shown then.

use crate::{Blame, DatabaseError, Diagnostic, ExitKind, StatementFailure, sql};

/// Why a run ends inside a call to the sink.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The server refused a statement.
    #[error(transparent)]
    Statement(#[from] Box<StatementFailure>),
    #[error("{call} needs an answer from the database, and offline (--sql) there is none to ask")]
    Offline { call: &'static str },
    #[error("{keyword} would break the transaction, which belongs to mighost: {statement}")]
    TransactionControl { keyword: String, statement: String },
    /// The text cannot be cut into statements or a variable has no value.
    #[error("line {line}, column {column} of the script: {message}")]
    Script {
        message: String,
        line: usize,
        column: usize,
    },
    /// What was sent for an earlier revision has failed meanwhile; the sink keeps why until the run asks for it.
    #[error("a revision before this one has failed")]
    Earlier,
    /// A guest has changed, or would change, `client_encoding`.
    #[error(
        "client_encoding cannot be set to {encoding}: mighost exchanges UTF-8 with the server. Remove the setting; convert a \
         script in another encoding with `iconv -f ENCODING -t UTF-8`"
    )]
    ClientEncoding { encoding: String },
    #[error("the revision may not leave its transaction: {reason}")]
    CannotSuspend { reason: String },
    #[error("the result is larger than {limit} bytes; a cursor fetches such results in batches")]
    ResultTooLarge { limit: usize },
    /// The guest used a cursor or COPY in a way that the contract rules out.
    #[error("{0}")]
    Misuse(String),
    /// A run that died earlier cannot be taken up again where it was.
    #[error("the interrupted run of {revision} cannot be taken up again: {reason}")]
    Resume { revision: String, reason: String },
    #[error("the connection to the server was lost: {0}")]
    ConnectionLost(String),
    #[error("interrupted")]
    Interrupted,
    /// The script could not be written out (`--sql`).
    #[error("cannot write the script: {0}")]
    Write(#[from] std::io::Error),
}

impl SinkError {
    /// The failure as it is shown. `sender` is to blame for what it asked: a guest, or the database where mighost asked itself.
    pub fn diagnose(&self, sender: Blame) -> Diagnostic {
        let exit = match self {
            Self::Statement(_) => ExitKind::Database,
            Self::ConnectionLost(_) => ExitKind::Connection,
            Self::Interrupted => ExitKind::Interrupted,
            Self::Offline { .. } | Self::CannotSuspend { .. } | Self::Write(_) => ExitKind::Usage,
            Self::TransactionControl { .. }
            | Self::Script { .. }
            | Self::Earlier
            | Self::ClientEncoding { .. }
            | Self::ResultTooLarge { .. }
            | Self::Misuse(_)
            | Self::Resume { .. } => ExitKind::Guest,
        };
        let blame = match self {
            Self::ConnectionLost(_) => Blame::Database,
            Self::Offline { .. } | Self::CannotSuspend { .. } | Self::Interrupted | Self::Write(_) => Blame::Operator,
            // What other sessions do: locks, deadlocks, serialization; a statement that was cancelled.
            Self::Statement(failure)
                if matches!(failure.error.sqlstate.as_str(), "55P03" | "40P01" | "40001" | "57014") =>
            {
                Blame::Database
            }
            Self::Statement(_)
            | Self::TransactionControl { .. }
            | Self::Script { .. }
            | Self::Earlier
            | Self::ClientEncoding { .. }
            | Self::ResultTooLarge { .. }
            | Self::Misuse(_)
            | Self::Resume { .. } => sender,
        };
        let mut diagnostic = Diagnostic::new(blame, exit, self.to_string());
        if let Self::Offline { call } = self
            && *call != "try-query"
        {
            diagnostic
                .hints
                .push("--online-reads lets the database answer, which is not changed".into());
        }
        if let Self::Statement(failure) = self {
            diagnostic.statement = Some(failure.clone());
            diagnostic.hints.extend(timeout_hint(&failure.error).map(str::to_owned));
            // active_sql_transaction: CREATE INDEX CONCURRENTLY, VACUUM and the like.
            if failure.error.sqlstate == "25001" {
                diagnostic.hints.push(
                    "set transaction = \"none\" in the migration's migration.toml, or send it behind suspend-transaction"
                        .into(),
                );
            }
        }
        diagnostic
    }

    /// Whether the call itself was wrong, rather than the server or the connection.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Offline { .. }
                | Self::TransactionControl { .. }
                | Self::Script { .. }
                | Self::ClientEncoding { .. }
                | Self::CannotSuspend { .. }
                | Self::ResultTooLarge { .. }
                | Self::Misuse(_)
        )
    }
}

impl From<sql::SqlError> for SinkError {
    fn from(error: sql::SqlError) -> Self {
        Self::Script {
            message: error.message,
            line: error.line,
            column: error.column,
        }
    }
}

/// What to do where a time-out ended a statement.
fn timeout_hint(error: &DatabaseError) -> Option<&'static str> {
    match error.sqlstate.as_str() {
        "55P03" => Some(
            "other sessions hold a lock that it needs, each time that it was tried: see pg_stat_activity and \
             pg_blocking_pids(), end them or wait; or raise lock-timeout",
        ),
        // The message is translated by the server, so it does not tell a time-out from a cancelled statement.
        "57014" => Some("where it takes longer than statement-timeout allows, raise it; or make its work smaller"),
        _ => None,
    }
}
