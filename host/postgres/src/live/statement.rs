//! Calls of a guest that consist of one statement each, and how they are sent.

use futures_util::StreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::LiveSink;
use crate::driver_error::Failure;
use crate::pipeline::Sent;
use crate::value_text::{from_text, literal, sent_literal};
use mighost_core::Digest;
use mighost_core::sql;
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
    /// The session has switched to this client encoding, and the result read in it is invalid; the run ends.
    Encoded(String),
}

impl Answer {
    /// True if this is not a result but the end of the run.
    pub fn ends_run(&self) -> bool {
        matches!(self, Self::TooLarge | Self::Misused(_) | Self::Encoded(_))
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
        match self.encoding.foreign() {
            Some(encoding) if !matches!(&answer, Err(failure) if failure.is_lost()) => Ok(Answer::Encoded(encoding)),
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

    /// A statement under a savepoint.
    async fn attempt(&mut self, statement: &str, params: &[Value]) -> Result<Answer, Failure> {
        let savepoint = self.in_transaction;
        if savepoint {
            self.pipeline.push_batch("SAVEPOINT mighost_try");
        }
        let leftovers = self.prepared.leftovers.len();
        match self.rows(statement, params).await {
            Ok(answer) => {
                if savepoint {
                    self.pipeline.push_batch("RELEASE SAVEPOINT mighost_try");
                }
                Ok(answer)
            }
            // An earlier statement's failure is not a failure of this statement.
            Err(failure) if failure.is_lost() || failure.sent.is_some() => Err(failure),
            Err(failure) => {
                if savepoint {
                    let mut batch = "ROLLBACK TO SAVEPOINT mighost_try; RELEASE SAVEPOINT mighost_try".to_owned();
                    // Rolling back does not undo PREPARE.
                    for name in self.prepared.leftovers.drain(leftovers..) {
                        batch.push_str(&format!("; DEALLOCATE {name}"));
                    }
                    self.pipeline.push_batch(&batch);
                }
                Ok(Answer::Failed(failure.fields()))
            }
        }
    }

    /// All rows of a query.
    ///
    /// The driver can only request results in binary form, but the contract promises PostgreSQL's text form for any type. So the
    /// statement is prepared twice in one go: by the protocol, for the types of its columns and for errors that point into it, and by
    /// SQL, to be executed by the simple protocol, which returns text.
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
            let found = simple(&client, statement).await;
            let rows = found.map_err(|error| self.failure(error, statement, Some(0)))?;
            return Ok(typed(described.columns(), rows));
        }
        let name = self.next_name("query");
        let prepared = self.pipeline.send(&format!("PREPARE {name} AS {statement}"), &[]);
        let literals: Vec<String> = params.iter().map(sent_literal).collect();
        let arguments = if literals.is_empty() {
            String::new()
        } else {
            format!("({})", literals.join(", "))
        };
        let execute = self.pipeline.fitting(&format!("EXECUTE {name}{arguments}"));
        let stream = client.simple_query_raw(&execute).await;
        let stream = stream.map_err(|error| self.failure(error, statement, None))?;
        let deallocated = self.pipeline.send_batch(&format!("DEALLOCATE {name}"));
        // Earlier statements are answered earlier, and their failure is the one that counts.
        self.pipeline.drain().await?;
        // Both at once: the driver may have to look types up, and those answers arrive after the rows.
        let (described, executed) = tokio::join!(described.answer(), async {
            prepared.answer().await.map_err(|error| (error, true))?;
            let rows = collect(stream).await.map_err(|error| (error, false))?;
            deallocated.answer().await.map_err(|error| (error, false))?;
            Ok::<_, (tokio_postgres::Error, bool)>(rows)
        });
        let aborted = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION);
        match (described, executed) {
            (Ok(described), Ok(_)) if described.params().len() != params.len() => Ok(Answer::Misused(format!(
                "the statement takes {} parameters, but {} were given: {statement}",
                described.params().len(),
                params.len()
            ))),
            (Ok(described), Ok(rows)) => Ok(typed(described.columns(), rows)),
            (Err(error), Err(_)) if !aborted(&error) => Err(self.failure(error, statement, Some(0))),
            (_, Err((error, preparing))) => {
                if self.in_transaction && !preparing {
                    // DEALLOCATE failed in the aborted transaction, whose rollback does not undo PREPARE.
                    self.prepared.leftovers.push(name);
                }
                Err(self.failure(error, statement, None))
            }
            (Err(error), Ok(_)) => Err(self.failure(error, statement, Some(0))),
        }
    }
}

/// A result of the simple protocol.
pub(super) struct TextRows {
    rows: Vec<Vec<Option<String>>>,
    /// The count in the command tag.
    affected: u64,
    too_large: bool,
}

/// Reads a result, up to the limit; the driver discards the rest.
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
        bytes += values
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

async fn simple(client: &tokio_postgres::Client, query: &str) -> Result<TextRows, tokio_postgres::Error> {
    collect(client.simple_query_raw(query).await?).await
}
