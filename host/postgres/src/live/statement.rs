//! Calls of a guest that consist of one statement each, and how they are sent.

use futures_util::StreamExt as _;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::LiveSink;
use crate::bookkeeping::secret_name;
use crate::connect::Canceller;
use crate::driver_error::Failure;
use crate::pipeline::Sent;
use crate::value_text::{from_text, literal, sent_literal};
use mighost_core::Digest;
use mighost_core::sql::{self, TokenKind};
use mighost_core::{Column, DatabaseError, Row, Rows, Value};

/// The maximum size of a query result, in bytes of text. It is part of the contract (`wit/database.wit`).
pub(super) const MAX_RESULT_BYTES: usize = 64 * 1024 * 1024;

/// One statement of a guest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation<'a> {
    Execute(&'a str, &'a [Value]),
    Counted(&'a str, &'a [Value]),
    Query(&'a str, &'a [Value]),
    Try(&'a str, &'a [Value]),
}

/// The result for the guest.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    None,
    Count(u64),
    Rows(Rows),
    Failed(DatabaseError),
    /// The result exceeded [`MAX_RESULT_BYTES`]; the run ends.
    TooLarge,
    /// The statement and its parameters do not fit; the run ends.
    Misused(String),
    /// The session has this setting now, with which the result may be misread; the run ends.
    Refused(sql::RefusedSetting),
}

impl Answer {
    /// True if this is not a result but the end of the run.
    pub fn ends_run(&self) -> bool {
        matches!(self, Self::TooLarge | Self::Misused(_) | Self::Refused(_))
    }
}

impl<'a> Operation<'a> {
    pub fn statement(&self) -> &'a str {
        match self {
            Self::Execute(statement, _)
            | Self::Counted(statement, _)
            | Self::Query(statement, _)
            | Self::Try(statement, _) => statement,
        }
    }

    fn params(&self) -> &'a [Value] {
        match self {
            Self::Execute(_, params) | Self::Counted(_, params) | Self::Query(_, params) | Self::Try(_, params) => {
                params
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Execute(..) => "execute",
            Self::Counted(..) => "counted",
            Self::Query(..) => "query",
            Self::Try(..) => "try",
        }
    }

    /// True for a query that changes data: its result is kept whatever its size.
    pub fn must_not_repeat(&self) -> bool {
        match self {
            Self::Query(statement, _) | Self::Try(statement, _) => {
                let first = sql::keywords(statement, 1);
                match first.first().map(String::as_str) {
                    Some("SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN") => false,
                    Some("WITH") => sql::writes(statement),
                    _ => true,
                }
            }
            _ => true,
        }
    }

    /// Distinguishes this call from others when an interrupted run is resumed.
    pub fn digest(&self) -> Digest {
        digest(self.name(), self.statement(), self.params())
    }
}

pub(super) fn digest(name: &str, statement: &str, params: &[Value]) -> Digest {
    let literals: Vec<String> = params.iter().map(literal).collect();
    let parts = [name, statement].into_iter().chain(literals.iter().map(String::as_str));
    Digest::of_parts(parts.map(str::as_bytes))
}

impl LiveSink {
    /// Sends one statement and waits for its answer, in the transaction if one is open. For `Try`, a failure is an answer.
    pub(super) async fn perform(&mut self, operation: Operation<'_>) -> Result<Answer, Failure> {
        let answer = match operation {
            Operation::Execute(statement, params) => self.affected(statement, params).await.map(|_| Answer::None),
            Operation::Counted(statement, params) => self.affected(statement, params).await.map(Answer::Count),
            Operation::Query(statement, params) => self.rows(statement, params).await,
            Operation::Try(statement, params) => self.attempt(statement, params).await,
        };
        match self.refused() {
            Some(refused) if !matches!(&answer, Err(failure) if failure.is_lost()) => Ok(Answer::Refused(refused)),
            _ => answer,
        }
    }

    pub(super) fn failure(&self, error: tokio_postgres::Error, statement: &str, shift: Option<u32>) -> Failure {
        Failure {
            error,
            statement: statement.to_owned(),
            operation: self.operation.as_deref().map(str::to_owned),
            shift,
            sent: None,
        }
    }

    async fn affected(&mut self, statement: &str, params: &[Value]) -> Result<u64, Failure> {
        let sent = self.pipeline.send(statement, params);
        self.pipeline.drain().await?;
        sent.answer()
            .await
            .map_err(|error| self.failure(error, statement, Some(0)))
    }

    /// For a statement whose result is not wanted any more.
    pub(super) fn canceller(&self) -> Canceller {
        Canceller {
            token: self.pipeline.client().cancel_token(),
            target: self.watch.target(),
            backend: (!self.settings.pooler).then_some(self.state.backend_pid),
        }
    }

    /// A statement under a savepoint.
    async fn attempt(&mut self, statement: &str, params: &[Value]) -> Result<Answer, Failure> {
        let savepoint = self.in_transaction;
        // The statement itself must not be able to release it.
        let name = secret_name("try");
        if savepoint {
            self.pipeline.push_batch(&format!("SAVEPOINT {name}"));
        }
        match self.rows(statement, params).await {
            Ok(answer) => {
                if savepoint {
                    self.pipeline.push_batch(&format!("RELEASE SAVEPOINT {name}"));
                }
                Ok(answer)
            }
            // An earlier statement's failure is not a failure of this statement.
            Err(failure) if failure.is_lost() || failure.sent.is_some() => Err(failure),
            Err(failure) => {
                if savepoint {
                    self.pipeline
                        .push_batch(&format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"));
                }
                Ok(Answer::Failed(failure.fields()))
            }
        }
    }

    /// All rows of a query.
    ///
    /// The driver can only request results in binary form, but the contract promises PostgreSQL's text form for any type. So the
    /// statement is prepared by the protocol, for the types of its columns and for errors that point into it, and executed by the simple
    /// protocol, which returns text. EXECUTE of a statement that SQL has prepared is no alternative: the server would write the whole
    /// result to a temporary file before it sends the first row.
    async fn rows(&mut self, statement: &str, params: &[Value]) -> Result<Answer, Failure> {
        let client = self.pipeline.client();
        self.prepared.described = true;
        let described = {
            let (client, statement) = (self.pipeline.client(), statement.to_owned());
            Sent::start(async move { client.prepare(&statement).await })
        };
        if !sql::preparable(statement) {
            self.pipeline.drain().await?;
            let described = described.answer().await;
            let described = described.map_err(|error| self.failure(error, statement, Some(0)))?;
            if !params.is_empty() {
                // The simple protocol has no parameters, and the driver does not return rows as text.
                if !described.columns().is_empty() {
                    return Ok(Answer::Misused(format!(
                        "a statement with parameters returns rows only if it is SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE: write \
                         the values as literals: {statement}"
                    )));
                }
                let affected = self.affected(statement, params).await?;
                return Ok(Answer::Rows(Rows {
                    columns: Vec::new(),
                    rows: Vec::new(),
                    affected,
                }));
            }
            let found = match client.simple_query_raw(statement).await {
                Ok(stream) => collect(stream).await,
                Err(error) => Err(error),
            };
            let rows = found.map_err(|error| self.failure(error, statement, Some(0)))?;
            if rows.too_large {
                self.canceller().cancel().await;
            }
            return Ok(typed(described.columns(), rows));
        }
        let text = self.pipeline.fitting(&with_values(statement, params));
        // Text that the server does not read as one statement fails to be described, which aborts the transaction. Outside of one, that has
        // to be known before.
        if !self.in_transaction {
            self.pipeline.drain().await?;
        }
        let (described, sent) = match self.in_transaction {
            true => (described, client.simple_query_raw(&text).await),
            false => {
                let known = described.answer().await;
                let known = known.map_err(|error| self.failure(error, statement, Some(0)))?;
                (Sent::answered(known), client.simple_query_raw(&text).await)
            }
        };
        let shift = params.is_empty().then_some(0);
        let stream = sent.map_err(|error| self.failure(error, statement, shift))?;
        // Earlier statements are answered earlier, and their failure is the one that counts.
        self.pipeline.drain().await?;
        let canceller = self.canceller();
        // Both at once: the driver may have to look types up, and those answers arrive after the rows.
        let (described, rows) = tokio::join!(described.answer(), async {
            let rows = collect(stream).await?;
            if rows.too_large {
                canceller.cancel().await;
            }
            Ok::<_, tokio_postgres::Error>(rows)
        });
        let aborted = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION);
        match (described, rows) {
            (_, Ok(rows)) if rows.too_large => Ok(Answer::TooLarge),
            (Ok(described), _) if described.params().len() != params.len() => Ok(Answer::Misused(format!(
                "the statement takes {} parameters, but {} were given: {statement}",
                described.params().len(),
                params.len()
            ))),
            (Ok(described), Ok(rows)) => Ok(typed(described.columns(), rows)),
            (Err(error), Err(_)) if !aborted(&error) => Err(self.failure(error, statement, Some(0))),
            (_, Err(error)) => Err(self.failure(error, statement, shift)),
            (Err(error), Ok(_)) => Err(self.failure(error, statement, Some(0))),
        }
    }
}

/// `statement` with values in the place of its parameters. Like those of a parameter, the type of a quoted literal follows from its place.
fn with_values(statement: &str, params: &[Value]) -> String {
    if params.is_empty() {
        return statement.to_owned();
    }
    let mut text = String::with_capacity(statement.len());
    for token in sql::tokens(statement) {
        let part = token.of(statement);
        let number = part.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let value = number.and_then(|number| params.get(number.checked_sub(1)?));
        match value {
            Some(value) if token.kind == TokenKind::Parameter => {
                text.push('(');
                text.push_str(&sent_literal(value));
                text.push(')');
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// A result of the simple protocol.
pub(super) struct TextRows {
    rows: Vec<Vec<Option<String>>>,
    /// The count in the command tag.
    affected: u64,
    pub too_large: bool,
}

/// Reads a result, up to the limit; the driver discards the rest. The caller cancels a statement whose result is too large.
pub(super) async fn collect(stream: tokio_postgres::SimpleQueryStream) -> Result<TextRows, tokio_postgres::Error> {
    let mut stream = std::pin::pin!(stream);
    let mut found = TextRows {
        rows: Vec::new(),
        affected: 0,
        too_large: false,
    };
    let mut bytes = 0_usize;
    while let Some(message) = stream.next().await {
        let row = match message? {
            SimpleQueryMessage::Row(row) => row,
            SimpleQueryMessage::CommandComplete(affected) => {
                found.affected = affected;
                continue;
            }
            _ => continue,
        };
        let values = (0..row.len()).map(|column| Ok(row.try_get(column)?.map(str::to_owned)));
        let values: Vec<Option<String>> = values.collect::<Result<_, tokio_postgres::Error>>()?;
        bytes += size_of::<Row>()
            + values
                .iter()
                .map(|value| size_of::<Value>() + value.as_ref().map_or(0, String::len))
                .sum::<usize>();
        if bytes > MAX_RESULT_BYTES {
            found.too_large = true;
            return Ok(found);
        }
        found.rows.push(values);
    }
    Ok(found)
}

/// Rows, converted to the types of their columns.
pub(super) fn typed_rows(columns: &[Type], found: TextRows) -> Option<Vec<Row>> {
    if found.too_large {
        return None;
    }
    let typed = |row: Vec<Option<String>>| {
        row.iter()
            .zip(columns)
            .map(|(value, column)| from_text(value.as_deref(), column))
            .collect()
    };
    Some(found.rows.into_iter().map(typed).collect())
}

fn typed(columns: &[tokio_postgres::Column], found: TextRows) -> Answer {
    let types: Vec<Type> = columns.iter().map(|column| column.type_().clone()).collect();
    let affected = found.affected;
    match typed_rows(&types, found) {
        None => Answer::TooLarge,
        Some(rows) => Answer::Rows(Rows {
            columns: described(columns),
            rows,
            affected,
        }),
    }
}

/// Columns as guests see them.
pub(crate) fn described(columns: &[tokio_postgres::Column]) -> Vec<Column> {
    let described = columns.iter().map(|column| Column {
        name: column.name().to_owned(),
        type_name: column.type_().name().to_owned(),
        type_oid: column.type_().oid(),
    });
    described.collect()
}
