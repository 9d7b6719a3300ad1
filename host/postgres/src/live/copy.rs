//! COPY for guests.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::CopyInSink;

use super::journal::Earlier;
use super::statement::{Answer, digest};
use super::{LiveSink, Phase};
use crate::value_text::push_copy_field;
use mighost_core::{Digest, Row, SinkError, quote_identifier, quote_readable};

/// The number of bytes of rows that are collected before they are passed to the driver.
const CHUNK: usize = 64 * 1024;

/// The COPY that is open.
pub(super) struct OpenCopy {
    number: u32,
    statement: String,
    columns: usize,
    buffer: Vec<u8>,
    /// `None` if an interrupted run is being resumed and the COPY was done before.
    sink: Option<Pin<Box<CopyInSink<Bytes>>>>,
}

/// `COPY table (columns) FROM STDIN`; `table` is `name` or `schema.name`, unquoted. `options` are COPY options, as names and values.
///
/// # Errors
/// If the name of an option is not a word.
pub fn copy_statement(table: &str, columns: &[String], options: &[(String, String)]) -> Result<String, SinkError> {
    let table: Vec<String> = table.splitn(2, '.').map(quote_identifier).collect();
    let mut statement = format!("COPY {}", table.join("."));
    if !columns.is_empty() {
        let columns: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
        statement.push_str(&format!(" ({})", columns.join(", ")));
    }
    statement.push_str(" FROM STDIN");
    if options.is_empty() {
        return Ok(statement);
    }
    let mut list = Vec::new();
    for (name, value) in options {
        let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !is_word {
            return Err(SinkError::Misuse(format!("COPY has no option {name:?}")));
        }
        list.push(format!("{name} {}", quote_readable(value)));
    }
    Ok(format!("{statement} WITH ({})", list.join(", ")))
}

/// Rows as lines of COPY's text format. `columns` is the number of values that each must have; zero leaves the check to the server.
pub(crate) fn copy_lines(rows: &[Row], columns: usize) -> Result<String, SinkError> {
    let mut lines = String::new();
    for (index, row) in rows.iter().enumerate() {
        if columns > 0 && row.len() != columns {
            return Err(SinkError::Misuse(format!(
                "row {} has {} values for {columns} columns",
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
        self.begin_copy(copy_statement(table, columns, &[])?, columns.len())
            .await
    }

    /// Sends `data` by one COPY.
    pub(super) async fn send_copy(&mut self, statement: &str, data: &[u8]) -> Result<u64, SinkError> {
        let number = self.begin_copy(statement.to_owned(), 0).await?;
        self.feed_copy(number, &Digest::of(data).to_string(), data).await?;
        self.finish_copy(number).await
    }

    async fn begin_copy(&mut self, statement: String, columns: usize) -> Result<u32, SinkError> {
        self.check()?;
        let call = self.journal.call(digest("copy", &statement, &[]));
        let sink = if matches!(self.journal.earlier(call)?, Earlier::Done(_)) {
            None
        } else {
            self.step.sent += 1;
            if self.step.phase == Phase::Suspended {
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
        self.handles.copy = Some(OpenCopy {
            number,
            statement,
            columns,
            buffer: Vec::new(),
            sink,
        });
        Ok(number)
    }

    /// Takes the open COPY, for a call on it.
    fn take_copy(&mut self, number: u32) -> Result<OpenCopy, SinkError> {
        if let Some(reason) = &self.step.poisoned {
            return Err(SinkError::Misuse(reason.clone()));
        }
        match self.handles.copy.take() {
            Some(copy) if copy.number == number => Ok(copy),
            other => {
                self.handles.copy = other;
                Err(SinkError::Misuse("this COPY is no longer open".to_owned()))
            }
        }
    }

    pub(super) async fn write_copy(&mut self, number: u32, rows: &[Row]) -> Result<(), SinkError> {
        let columns = self.handles.copy.as_ref().map_or(0, |copy| copy.columns);
        let lines = copy_lines(rows, columns)?;
        self.feed_copy(number, &lines, lines.as_bytes()).await
    }

    /// Sends data of the open COPY; `key` identifies it in the journal.
    async fn feed_copy(&mut self, number: u32, key: &str, data: &[u8]) -> Result<(), SinkError> {
        let mut copy = self.take_copy(number)?;
        let call = self.journal.call(digest("copy-write", key, &[]));
        let earlier = self.journal.earlier(call)?;
        if let Some(sink) = copy.sink.as_mut() {
            self.journal.note(call, &Answer::None, false);
            for part in data.chunks(CHUNK) {
                copy.buffer.extend_from_slice(part);
                if copy.buffer.len() >= CHUNK && sink.feed(Bytes::from(std::mem::take(&mut copy.buffer))).await.is_err()
                {
                    return Err(self.copy_failure(copy).await);
                }
            }
        } else if !matches!(earlier, Earlier::Done(_)) {
            return Err(SinkError::Resume {
                revision: self.journal.step().0.to_owned(),
                reason: "the journal ends in the middle of a COPY".to_owned(),
            });
        }
        self.handles.copy = Some(copy);
        Ok(())
    }

    /// The server's error for a COPY whose rows it does not accept: it arrives with the answer to its end.
    async fn copy_failure(&mut self, mut copy: OpenCopy) -> SinkError {
        let Some(sink) = copy.sink.as_mut() else {
            return SinkError::Misuse("this COPY is no longer open".to_owned());
        };
        match sink.as_mut().finish().await {
            Err(error) => self.report(self.failure(error, &copy.statement, Some(0))),
            Ok(_) => SinkError::Misuse("the server stopped accepting rows".to_owned()),
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
        if self.step.phase == Phase::Suspended {
            let committed = self.commit_alone().await;
            committed.map_err(|failure| self.report(failure))?;
        }
        Ok(count)
    }

    pub(super) fn abandon_copy(&mut self, number: u32) {
        if self.handles.copy.as_ref().is_some_and(|copy| copy.number == number) {
            // Dropping the driver's sink makes it send CopyFail.
            self.handles.copy = None;
            self.step.poisoned = Some("a COPY was dropped before it was finished, so the revision fails".to_owned());
        }
    }
}
