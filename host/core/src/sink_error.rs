//! Errors in database calls of guests, which end the run, and how they are shown.

use crate::{Blame, DatabaseError, Diagnostic, ExitKind, StatementFailure, sql};

/// An error in a call to the sink, which ends the run.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] Box<StatementFailure>),
    #[error("{call} needs an answer from the database, but there is no database offline (--sql)")]
    Offline { call: &'static str },
    #[error("{keyword} is not allowed, because mighost controls the transaction: {statement}")]
    TransactionControl { keyword: String, statement: String },
    /// The text cannot be split into statements, or a variable has no value.
    #[error("line {line}, column {column} of the script: {message}")]
    Script {
        message: String,
        line: usize,
        column: usize,
    },
    /// A statement of an earlier revision has failed in the meantime; the sink keeps the error until the run asks for it.
    #[error("an earlier revision has failed")]
    Earlier,
    /// A guest has changed a setting that it cannot change, or would change it.
    #[error(transparent)]
    RefusedSetting(#[from] sql::RefusedSetting),
    #[error("the revision cannot leave its transaction: {reason}")]
    CannotSuspend { reason: String },
    #[error("the result is larger than {limit} bytes; use a cursor to fetch it in batches")]
    ResultTooLarge { limit: usize },
    /// The guest used a cursor or COPY in a way that the contract does not allow.
    #[error("{0}")]
    Misuse(String),
    /// An interrupted run cannot be resumed from where it stopped.
    #[error("the interrupted run of {revision} cannot be resumed: {reason}")]
    Resume { revision: String, reason: String },
    #[error("the connection to the server was lost: {0}")]
    ConnectionLost(String),
    #[error("interrupted")]
    Interrupted,
    /// A guest called a function that only PostgreSQL supports.
    #[error("{call} cannot be used: this database is not PostgreSQL")]
    NotPostgres { call: &'static str },
    /// The script could not be written (`--sql`).
    #[error("cannot write the script: {0}")]
    Write(#[from] std::io::Error),
}

impl SinkError {
    /// The failure as it is shown. `sender` is to blame for statements: a guest, or the database if mighost itself sent them.
    pub fn diagnose(&self, sender: Blame) -> Diagnostic {
        let exit = match self {
            Self::Statement(_) => ExitKind::Database,
            Self::ConnectionLost(_) => ExitKind::Connection,
            Self::Interrupted => ExitKind::Interrupted,
            Self::Offline { .. } | Self::CannotSuspend { .. } | Self::Write(_) => ExitKind::Usage,
            Self::TransactionControl { .. }
            | Self::Script { .. }
            | Self::Earlier
            | Self::RefusedSetting(_)
            | Self::ResultTooLarge { .. }
            | Self::NotPostgres { .. }
            | Self::Misuse(_)
            | Self::Resume { .. } => ExitKind::Guest,
        };
        let blame = match self {
            Self::ConnectionLost(_) => Blame::Database,
            Self::Offline { .. } | Self::CannotSuspend { .. } | Self::Interrupted | Self::Write(_) => Blame::Operator,
            Self::Statement(failure) if is_servers(&failure.error.sqlstate) => Blame::Database,
            Self::Statement(_)
            | Self::TransactionControl { .. }
            | Self::Script { .. }
            | Self::Earlier
            | Self::RefusedSetting(_)
            | Self::ResultTooLarge { .. }
            | Self::NotPostgres { .. }
            | Self::Misuse(_)
            | Self::Resume { .. } => sender,
        };
        let mut diagnostic = Diagnostic::new(blame, exit, self.to_string());
        if let Self::Offline { call } = self
            && *call != "try-query"
        {
            diagnostic
                .hints
                .push("add --online-reads to read from the database without changing it".into());
        }
        if let Self::Statement(failure) = self {
            diagnostic.statement = Some(failure.clone());
            diagnostic.hints.extend(timeout_hint(&failure.error).map(str::to_owned));
            // active_sql_transaction: CREATE INDEX CONCURRENTLY, VACUUM and similar statements.
            // object_in_use: what is deferred to the end of the transaction.
            if failure.error.sqlstate == "55006" {
                diagnostic.hints.push(
                    "if the table has pending trigger events, check deferred constraints first: `set constraints all immediate`"
                        .into(),
                );
            }
            // A setting, unlike a type, is reported without a position.
            if failure.error.sqlstate == "42704"
                && sql::keywords(&failure.statement, 1)
                    .first()
                    .is_some_and(|word| word == "SET")
            {
                diagnostic.hints.push(
                    "if this is a dump, a newer version of pg_dump may have written it: remove the line, or dump with \
                     the server's version"
                        .into(),
                );
            }
            // A type, unlike a role, is reported with its position.
            if failure.error.sqlstate == "42704" && failure.error.position.is_some() {
                diagnostic.hints.push(
                    "if it belongs to an extension in another schema, add that schema to search-path in mighost.toml"
                        .into(),
                );
            }
            if matches!(failure.error.sqlstate.as_str(), "25001" | "2D000") {
                diagnostic.hints.push(
                    "set transaction = \"none\" in the migration's migration.toml, or call suspend-transaction before it"
                        .into(),
                );
            }
        }
        diagnostic
    }

    /// Whether the call itself was wrong, rather than the server or the connection failing.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Offline { .. }
                | Self::TransactionControl { .. }
                | Self::Script { .. }
                | Self::RefusedSetting(_)
                | Self::CannotSuspend { .. }
                | Self::ResultTooLarge { .. }
                | Self::NotPostgres { .. }
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

/// Whether an error is the server's or another session's and not of the statement: locks, deadlocks, serialization failures; and the
/// classes of connections, resources, intervention by an operator, the system, and internal errors.
fn is_servers(sqlstate: &str) -> bool {
    matches!(sqlstate, "55P03" | "40P01" | "40001")
        || matches!(sqlstate.get(..2), Some("08" | "53" | "57" | "58" | "XX"))
}

/// Hints for a statement that ended by a timeout.
fn timeout_hint(error: &DatabaseError) -> Option<&'static str> {
    match error.sqlstate.as_str() {
        "55P03" => Some(
            "other sessions hold a lock that the statement needs: find them with pg_stat_activity and \
             pg_blocking_pids(), then end them or wait; or raise lock-timeout",
        ),
        // The server translates the message, so a timeout cannot be distinguished from a cancelled statement.
        "57014" => Some("if the statement needs more time, raise statement-timeout; or split it into smaller ones"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame(sqlstate: &str) -> Blame {
        let failure = StatementFailure {
            statement: "select 1".to_owned(),
            error: DatabaseError {
                sqlstate: sqlstate.to_owned(),
                ..DatabaseError::default()
            },
            operation: None,
        };
        SinkError::Statement(Box::new(failure)).diagnose(Blame::Guest).blame
    }

    /// A full disk is not the author's to fix.
    #[test]
    fn errors_of_the_server_are_not_blamed_on_the_migration() {
        for sqlstate in ["53100", "53200", "57P01", "58030", "XX002", "08P01", "55P03", "57014"] {
            assert_eq!(blame(sqlstate), Blame::Database, "{sqlstate}");
        }
        for sqlstate in ["42P01", "23505", "25001", "P0001", ""] {
            assert_eq!(blame(sqlstate), Blame::Guest, "{sqlstate}");
        }
    }
}
