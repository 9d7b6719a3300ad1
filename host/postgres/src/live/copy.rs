//! Rows of guests, sent by COPY.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::CopyInSink;

use super::journal::Earlier;
use super::statement::{Answer, digest};
use super::{LiveSink, Phase};
use crate::value_text::push_copy_field;
use mighost_core::quote_identifier;
use mighost_core::{Row, SinkError};

/// How many bytes of rows are gathered before they are handed to the driver.
const CHUNK: usize = 64 * 1024;

/// The COPY that is open.
pub(super) struct OpenCopy {
    number: u32,
    statement: String,
    columns: usize,
    buffer: String,
    /// None while an interrupted run is taken up again and the COPY had been done.
    sink: Option<Pin<Box<CopyInSink<Bytes>>>>,
}

/// `COPY table (columns) FROM STDIN`; `table` is `name` or `schema.name`, unquoted.
pub(crate) fn copy_statement(table: &str, columns: &[String]) -> String {
    let table: Vec<String> = table.splitn(2, '.').map(quote_identifier).collect();
    let columns: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(" ({})", columns.join(", "))
    };
    format!("COPY {}{columns} FROM STDIN", table.join("."))
}

/// Rows as lines of COPY's text format. `columns` is how many values each must have; zero leaves it to the server.
pub(crate) fn copy_lines(rows: &[Row], columns: usize) -> Result<String, SinkError> {
    let mut lines = String::new();
    for (index, row) in rows.iter().enumerate() {
        if columns > 0 && row.len() != columns {
            return Err(SinkError::Misuse(format!(
                "row {} of those written has {} values for {columns} columns",
                index + 1,
                row.len()
            )));
        }
        for (column, value) in row.iter().enumerate() {
            if column > 0 {
                lines.push('\t');
            }
            push_copy_field(&mut lines, value);
        }
        lines.push('\n');
    }
    Ok(lines)
}

impl LiveSink {
    pub(super) async fn open_copy(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.check()?;
        let statement = copy_statement(table, columns);
        let call = self.journal.call(digest("copy", &statement, &[]));
        let sink = if matches!(self.journal.earlier(call)?, Earlier::Done(_)) {
            None
        } else {
            self.sent += 1;
            if self.phase == Phase::Suspended {
                self.check_lock().await?;
            }
            self.ensure_transaction();
            let client = self.pipeline.client();
            let drained = self.pipeline.drain().await;
            drained.map_err(|failure| self.report(failure))?;
            let opened = client.copy_in::<_, Bytes>(statement.as_str()).await;
            let opened = opened.map_err(|error| self.report(self.failure(error, &statement, Some(0))))?;
            self.journal.note(call, &Answer::None, false);
            Some(Box::pin(opened))
        };
        let number = self.number();
        self.copy = Some(OpenCopy {
            number,
            statement,
            columns: columns.len(),
            buffer: String::new(),
            sink,
        });
        Ok(number)
    }

    /// Takes the open COPY, for a call on it.
    fn take_copy(&mut self, number: u32) -> Result<OpenCopy, SinkError> {
        if let Some(reason) = &self.poisoned {
            return Err(SinkError::Misuse(reason.clone()));
        }
        match self.copy.take() {
            Some(copy) if copy.number == number => Ok(copy),
            other => {
                self.copy = other;
                Err(SinkError::Misuse("this COPY is no longer open".to_owned()))
            }
        }
    }

    pub(super) async fn write_copy(&mut self, number: u32, rows: &[Row]) -> Result<(), SinkError> {
        let mut copy = self.take_copy(number)?;
        let lines = copy_lines(rows, copy.columns)?;
        let call = self.journal.call(digest("copy-write", &lines, &[]));
        let earlier = self.journal.earlier(call)?;
        if let Some(sink) = copy.sink.as_mut() {
            copy.buffer.push_str(&lines);
            self.journal.note(call, &Answer::None, false);
            if copy.buffer.len() >= CHUNK {
                let fed = sink.feed(Bytes::from(std::mem::take(&mut copy.buffer))).await;
                if fed.is_err() {
                    return Err(self.copy_failure(copy).await);
                }
            }
        } else if !matches!(earlier, Earlier::Done(_)) {
            return Err(SinkError::Resume {
                revision: self.journal.step().0.to_owned(),
                reason: "the journal ends in the middle of a COPY".to_owned(),
            });
        }
        self.copy = Some(copy);
        Ok(())
    }

    /// The server's error for a COPY whose rows it no longer takes: it comes with the answer to its end.
    async fn copy_failure(&mut self, mut copy: OpenCopy) -> SinkError {
        let Some(sink) = copy.sink.as_mut() else {
            return SinkError::Misuse("this COPY is no longer open".to_owned());
        };
        match sink.as_mut().finish().await {
            Err(error) => self.report(self.failure(error, &copy.statement, Some(0))),
            Ok(_) => SinkError::Misuse("the server took no more rows".to_owned()),
        }
    }

    pub(super) async fn finish_copy(&mut self, number: u32) -> Result<u64, SinkError> {
        let mut copy = self.take_copy(number)?;
        let call = self.journal.call(digest("copy-finish", "", &[]));
        let earlier = self.journal.earlier(call)?;
        let Some(sink) = copy.sink.as_mut() else {
            return match earlier {
                Earlier::Done(Some(Answer::Count(count))) => Ok(count),
                _ => Err(SinkError::Resume {
                    revision: self.journal.step().0.to_owned(),
                    reason: "the journal ends in the middle of a COPY".to_owned(),
                }),
            };
        };
        if !copy.buffer.is_empty() && sink.feed(Bytes::from(std::mem::take(&mut copy.buffer))).await.is_err() {
            return Err(self.copy_failure(copy).await);
        }
        let finished = sink.as_mut().finish().await;
        let count = finished.map_err(|error| self.report(self.failure(error, &copy.statement, Some(0))))?;
        self.journal.note(call, &Answer::Count(count), true);
        if self.phase == Phase::Suspended {
            let committed = self.commit_alone().await;
            committed.map_err(|failure| self.report(failure))?;
        }
        Ok(count)
    }

    pub(super) fn abandon_copy(&mut self, number: u32) {
        if self.copy.as_ref().is_some_and(|copy| copy.number == number) {
            // Dropping the driver's sink makes it send CopyFail.
            self.copy = None;
            self.poisoned = Some("a COPY was dropped before it was finished, so the revision ends".to_owned());
        }
    }
}
