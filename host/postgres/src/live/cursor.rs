//! Cursors for guests, by DECLARE and FETCH.

use tokio_postgres::types::Type;

use super::journal::Earlier;
use super::statement::{Answer, collect, described, digest, typed_rows};
use super::{LiveSink, Phase};
use crate::pipeline::Sent;
use mighost_core::{Column, Row, Rows, SinkError, Value};

const CLOSED: &str = "the cursor was closed: it does not outlive its transaction";

/// A cursor of the running step.
pub(super) struct OpenCursor {
    name: String,
    statement: String,
    batch: u32,
    columns: Vec<Column>,
    types: Vec<Type>,
    at_end: bool,
    /// Opened while an interrupted run was being resumed: its batches come from the journal.
    replayed: bool,
}

impl LiveSink {
    pub(super) async fn open_cursor(
        &mut self,
        statement: &str,
        params: &[Value],
        batch: u32,
    ) -> Result<u32, SinkError> {
        self.check()?;
        if batch == 0 {
            return Err(SinkError::Misuse(
                "a cursor fetches at least one row at a time".to_owned(),
            ));
        }
        if self.step.phase != Phase::Transaction {
            return Err(SinkError::Misuse(
                "a cursor works only inside the transaction; call resume-transaction first".to_owned(),
            ));
        }
        let number = self.number();
        let name = format!("mighost_cursor_{number}");
        let call = self.journal.call(digest("cursor", statement, params));
        let mut cursor = OpenCursor {
            name,
            statement: statement.to_owned(),
            batch,
            columns: Vec::new(),
            types: Vec::new(),
            at_end: false,
            replayed: false,
        };
        match self.journal.earlier(call)? {
            Earlier::Done(answer) => {
                cursor.replayed = true;
                if let Some(Answer::Rows(rows)) = answer {
                    cursor.columns = rows.columns;
                }
            }
            _ => {
                self.step.sent += 1;
                self.ensure_transaction();
                (cursor.columns, cursor.types) = self.declare(&cursor.name, statement, params).await?;
                let answer = Answer::Rows(Rows {
                    columns: cursor.columns.clone(),
                    rows: Vec::new(),
                    affected: 0,
                });
                self.journal.note(call, &answer, false);
            }
        }
        self.handles.cursors.insert(number, cursor);
        Ok(number)
    }

    async fn declare(
        &mut self,
        name: &str,
        statement: &str,
        params: &[Value],
    ) -> Result<(Vec<Column>, Vec<Type>), SinkError> {
        self.prepared.described = true;
        let description = {
            let (client, statement) = (self.pipeline.client(), statement.to_owned());
            Sent::start(async move { client.prepare(&statement).await })
        };
        let before = format!("DECLARE {name} NO SCROLL CURSOR FOR ");
        let declared = self.pipeline.send(&format!("{before}{statement}"), params);
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.report(failure))?;
        let (description, declared) = tokio::join!(description.answer(), declared.answer());
        let shift = u32::try_from(before.len()).ok();
        match (description, declared) {
            (Ok(statement), Ok(_)) => {
                let types = statement.columns().iter().map(|column| column.type_().clone());
                Ok((described(statement.columns()), types.collect()))
            }
            (Err(error), _) if error.code() != Some(&tokio_postgres::error::SqlState::IN_FAILED_SQL_TRANSACTION) => {
                Err(self.report(self.failure(error, statement, Some(0))))
            }
            (_, Err(error)) => Err(self.report(self.failure(error, statement, shift))),
            (Err(error), Ok(_)) => Err(self.report(self.failure(error, statement, Some(0)))),
        }
    }

    pub(super) fn columns_of(&self, number: u32) -> Result<Vec<Column>, SinkError> {
        self.check()?;
        match self.handles.cursors.get(&number) {
            Some(cursor) => Ok(cursor.columns.clone()),
            None => Err(SinkError::Misuse(CLOSED.to_owned())),
        }
    }

    pub(super) async fn fetch(&mut self, number: u32) -> Result<Vec<Row>, SinkError> {
        self.check()?;
        let Some(cursor) = self.handles.cursors.get(&number) else {
            return Err(SinkError::Misuse(CLOSED.to_owned()));
        };
        let call = self.journal.call(digest("fetch", &cursor.statement, &[]));
        match self.journal.earlier(call)? {
            Earlier::Done(Some(Answer::Rows(rows))) => return Ok(rows.rows),
            Earlier::Done(_) => {
                return Err(SinkError::Resume {
                    revision: self.journal.step().0.to_owned(),
                    reason:
                        "its cursor returned more rows than the journal keeps, so they cannot be fetched again; use \
                         the cursor after suspend-transaction and resume-transaction, or smaller batches"
                            .to_owned(),
                });
            }
            _ => {}
        }
        let rows = self.next_batch(number).await?;
        let answer = Answer::Rows(Rows {
            columns: Vec::new(),
            affected: rows.len() as u64,
            rows,
        });
        self.journal.note(call, &answer, false);
        match answer {
            Answer::Rows(rows) => Ok(rows.rows),
            _ => Ok(Vec::new()),
        }
    }

    /// Fetches the next rows from the server, without the journal.
    pub(super) async fn next_batch(&mut self, number: u32) -> Result<Vec<Row>, SinkError> {
        let cursor = self.handles.cursors.get(&number).filter(|cursor| !cursor.replayed);
        let Some(cursor) = cursor else {
            return Err(SinkError::Misuse(CLOSED.to_owned()));
        };
        if cursor.at_end {
            return Ok(Vec::new());
        }
        let fetch = format!("FETCH FORWARD {} FROM {}", cursor.batch, cursor.name);
        let (columns, statement) = (cursor.types.clone(), cursor.statement.clone());
        let client = self.pipeline.client();
        let stream = client.simple_query_raw(&fetch).await;
        let stream = stream.map_err(|error| self.report(self.failure(error, &statement, None)))?;
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.report(failure))?;
        let found = collect(stream).await;
        if let Some(refused) = self.refused() {
            return Err(refused.into());
        }
        let found = found.map_err(|error| self.report(self.failure(error, &statement, None)))?;
        if found.too_large {
            self.canceller().cancel().await;
        }
        let rows = typed_rows(&columns, found).ok_or(SinkError::ResultTooLarge {
            limit: super::statement::MAX_RESULT_BYTES,
        })?;
        if let Some(cursor) = self.handles.cursors.get_mut(&number) {
            cursor.at_end = rows.len() < usize::try_from(cursor.batch).unwrap_or(usize::MAX);
        }
        Ok(rows)
    }

    pub(super) fn close_cursor(&mut self, number: u32) {
        if let Some(cursor) = self.handles.cursors.remove(&number)
            && !cursor.replayed
            && self.in_transaction
            && self.handles.copy.is_none()
        {
            self.pipeline.push_batch(&format!("CLOSE {}", cursor.name));
        }
    }
}
