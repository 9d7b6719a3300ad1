//! Conversion of the driver's errors to those of the sink.

use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use super::connect::database_error;
use super::pipeline::Part;
use super::tables::REFUSED_SETTINGS;
use mighost_core::sql::RefusedSetting;
use mighost_core::{DatabaseError, SinkError, StatementFailure};

/// A statement that failed, with the driver's error.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: tokio_postgres::Error,
    pub statement: String,
    pub operation: Option<String>,
    /// The number of characters before `statement` in the text that was sent; `None` if its author cannot make use of positions.
    pub shift: Option<u32>,
    /// The place of the statement in the pipeline, if it was sent without waiting.
    pub sent: Option<SentAs>,
}

/// The place of a failed statement in the pipeline.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentAs {
    pub part: Part,
    /// The number of steps whose last statement was in flight, including this one: if the server is lost, their outcome is unknown.
    pub ending: usize,
}

impl Failure {
    /// The SQLSTATE; `None` if the server did not send one.
    pub fn code(&self) -> Option<&SqlState> {
        self.error.code()
    }

    /// True if the connection is closed: no more answers will arrive.
    pub fn is_lost(&self) -> bool {
        is_lost(&self.error)
    }

    /// True if the server itself reported the failure: the statements after it were not executed. A pooler reports the loss of its server
    /// on behalf of it, and does not know.
    pub fn is_told(&self, pooler: bool) -> bool {
        self.error
            .as_db_error()
            .is_some_and(|error| !pooler || !is_last_word(error))
    }

    /// PostgreSQL's error fields, with the position relative to `statement`. A failure of the driver itself gets the SQLSTATE for a
    /// malformed message, 08P01.
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

    /// The sink's error. `lost` describes the state in which a lost connection leaves the database.
    pub fn into_sink(self, lost: &str) -> SinkError {
        if self.is_lost() {
            return SinkError::ConnectionLost(format!("{}; {lost}", causes(&self.error)));
        }
        let error = self.fields();
        if let Some(refused) = refused_setting(&error.message) {
            return refused.into();
        }
        SinkError::Statement(Box::new(StatementFailure {
            statement: self.statement,
            error,
            operation: self.operation,
        }))
    }
}

/// What [`CHECK_SETTINGS`](super::tables::CHECK_SETTINGS) refused, from the message of its failure.
fn refused_setting(message: &str) -> Option<RefusedSetting> {
    let (_, rest) = message.split_once(REFUSED_SETTINGS)?;
    let mut values = rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    RefusedSetting::among(values.next()?, values.next()?)
}

/// True for errors after which the connection is unusable.
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

/// The server closes the connection: shut down by an administrator, crashed, starting up, or a terminated idle session.
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
