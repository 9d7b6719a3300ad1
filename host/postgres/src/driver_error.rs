//! From the driver's errors to those of the sink.

use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use super::connect::database_error;
use super::pipeline::Part;
use super::tables::FOREIGN_ENCODING;
use mighost_core::{DatabaseError, SinkError, StatementFailure};

/// A statement that failed, with the driver's error.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: tokio_postgres::Error,
    pub statement: String,
    pub operation: Option<String>,
    /// How many characters stood before `statement` in what was sent; none where positions mean nothing to its author.
    pub shift: Option<u32>,
    /// Where the statement stood in the pipeline, if it was sent without waiting.
    pub sent: Option<SentAs>,
}

/// Where in the pipeline a statement stood that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentAs {
    pub part: Part,
    /// How many steps had their last statement under way, this one's included: if the server is lost, it is not known
    /// what has become of them.
    pub ending: usize,
}

impl Failure {
    /// The SQLSTATE; none where the server sent none.
    pub fn code(&self) -> Option<&SqlState> {
        self.error.code()
    }

    /// True where the server is gone: no answer will come any more.
    pub fn is_lost(&self) -> bool {
        is_lost(&self.error)
    }

    /// True where the server itself told of the failure: what was sent behind the statement was not carried out. A pooler
    /// speaks for a server that it has lost, and does not know.
    pub fn is_told(&self, pooler: bool) -> bool {
        self.error
            .as_db_error()
            .is_some_and(|error| !pooler || !is_last_word(error))
    }

    /// PostgreSQL's error fields, the position in terms of `statement`. A failure of the driver itself is given the
    /// SQLSTATE for a malformed message, 08P01.
    pub fn fields(&self) -> DatabaseError {
        match self.error.as_db_error() {
            Some(error) => fields(error, self.shift),
            None => DatabaseError {
                severity: "ERROR".to_owned(),
                sqlstate: SqlState::PROTOCOL_VIOLATION.code().to_owned(),
                message: causes(&self.error),
                ..DatabaseError::default()
            },
        }
    }

    /// The sink's error. `lost` tells in what state a lost connection leaves the database.
    pub fn into_sink(self, lost: &str) -> SinkError {
        if self.is_lost() {
            return SinkError::ConnectionLost(format!("{}; {lost}", causes(&self.error)));
        }
        let error = self.fields();
        if let Some(encoding) = foreign_encoding(&error.message) {
            return SinkError::ClientEncoding { encoding };
        }
        SinkError::Statement(Box::new(StatementFailure {
            statement: self.statement,
            error,
            operation: self.operation,
        }))
    }
}

/// The encoding that [`CHECK_ENCODING`](super::tables::CHECK_ENCODING) has found, from the message of its failure.
fn foreign_encoding(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(FOREIGN_ENCODING)?;
    let name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    Some(rest.chars().take_while(name).collect())
}

/// True for errors after which the connection is of no more use.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(error) => is_last_word(error),
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(|cause| {
                    cause
                        .downcast_ref::<std::io::Error>()
                        .is_some_and(|io| io.kind() != std::io::ErrorKind::InvalidInput)
                })
        }
    }
}

/// The server says goodbye: shut down by an administrator, crashed, starting up; a terminated idle session.
fn is_last_word(error: &DbError) -> bool {
    matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
        || matches!(
            *error.code(),
            SqlState::ADMIN_SHUTDOWN
                | SqlState::CRASH_SHUTDOWN
                | SqlState::CANNOT_CONNECT_NOW
                | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
                | SqlState::IDLE_SESSION_TIMEOUT
        )
}

/// An error with its causes on one line.
fn causes(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

fn fields(error: &DbError, shift: Option<u32>) -> DatabaseError {
    let position = match (error.position(), shift) {
        (Some(ErrorPosition::Original(position)), Some(shift)) => position.checked_sub(shift).filter(|at| *at > 0),
        _ => None,
    };
    DatabaseError {
        position,
        ..database_error(error)
    }
}
