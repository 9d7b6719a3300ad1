//! Where the statements of guests go: a trait that this layer owns and `database` implements.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Column, GuestDatabaseError, Row, Rows, Value};
use crate::report::StatementFailure;

/// An open cursor, numbered by the sink.
pub struct CursorHandle(pub u32);

/// An open savepoint, numbered by the sink.
pub struct SavepointHandle(pub u32);

/// An open COPY, numbered by the sink.
pub struct CopyHandle(pub u32);

/// Receives what guests ask of the database. One sink serves one run; calls never overlap.
///
/// `wit/database.wit` is the contract of each method. An error ends the run, so after one only
/// the executor talks to the sink.
#[async_trait]
pub trait Sink: Send {
    /// Names the operation that the following statements belong to; none for the migration's own. Used in failures.
    fn set_operation(&mut self, operation: Option<Arc<str>>);

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError>;
    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError>;
    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError>;
    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError>;
    async fn try_query(
        &mut self,
        statement: &str,
        params: &[Value],
    ) -> Result<Result<Rows, GuestDatabaseError>, SinkError>;
    async fn suspend_transaction(&mut self) -> Result<(), SinkError>;
    async fn resume_transaction(&mut self) -> Result<(), SinkError>;
    /// False where statements commit by themselves.
    fn in_transaction(&self) -> bool;

    async fn savepoint_open(&mut self) -> Result<u32, SinkError>;
    /// Closes a savepoint, which must be the last one opened: what was done since is kept, or undone.
    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError>;

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError>;
    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError>;
    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError>;
    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError>;

    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError>;
    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError>;
    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError>;
    /// The guest dropped an unfinished COPY: it is undone, and the next call ends the run.
    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError>;
}

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
