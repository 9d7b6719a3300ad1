//! COPY for guests.

use std::collections::BTreeMap;
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

/// The options of COPY whose values are columns.
const OPTIONS_OF_COLUMNS: [&str; 3] = ["force_null", "force_not_null", "force_quote"];

/// The parts of `table` or `schema.table`. A part in double quotes, which are doubled inside, may contain any character.
fn table_path(table: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = table;
    loop {
        let part = match rest.strip_prefix('"') {
            None => {
                let (part, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
                rest = after;
                part.to_owned()
            }
            Some(quoted) => {
                let mut part = String::new();
                rest = quoted;
                loop {
                    let (before, after) = rest.split_once('"')?;
                    part.push_str(before);
                    rest = after;
                    match rest.strip_prefix('"') {
                        Some(more) => rest = more,
                        None => break,
                    }
                    part.push('"');
                }
                part
            }
        };
        if part.is_empty() || parts.len() == 2 {
            return None;
        }
        parts.push(part);
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(parts),
        }
    }
}

fn quoted(names: &[impl AsRef<str>]) -> Vec<String> {
    names.iter().map(|name| quote_identifier(name.as_ref())).collect()
}

/// `COPY table (columns) FROM STDIN`. `options` are COPY options, as names and values.
///
/// # Errors
/// If `table` is not `table` or `schema.table`, or the name of an option is not a word.
pub fn copy_statement(table: &str, columns: &[String], options: &[(String, String)]) -> Result<String, SinkError> {
    let path = table_path(table).ok_or_else(|| {
        SinkError::Misuse(format!(
            "COPY needs a table as `table` or `schema.table`, not {table:?}"
        ))
    })?;
    let mut statement = format!("COPY {}", quoted(&path).join("."));
    if !columns.is_empty() {
        statement.push_str(&format!(" ({})", quoted(columns).join(", ")));
    }
    statement.push_str(" FROM STDIN");
    if options.is_empty() {
        return Ok(statement);
    }
    let mut list = Vec::new();
    let mut forced: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, value) in options {
        let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !is_word {
            return Err(SinkError::Misuse(format!("COPY has no option {name:?}")));
        }
        let name = name.to_ascii_lowercase();
        if OPTIONS_OF_COLUMNS.contains(&name.as_str()) {
            forced.entry(name).or_default().push(value);
        } else {
            list.push(format!("{name} {}", quote_readable(value)));
        }
    }
    for (name, columns) in forced {
        list.push(match columns.as_slice() {
            ["*"] => format!("{name} *"),
            columns => format!("{name} ({})", quoted(columns).join(", ")),
        });
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
            if self.step.phase == Phase::Suspended {
                self.check_lock().await?;
            }
            self.ensure_transaction();
            let opened = self.start_copy(&statement).await?;
            self.journal.note(call, &Answer::None, false);
            Some(opened)
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

    /// Starts a COPY on the server, without the journal.
    async fn start_copy(&mut self, statement: &str) -> Result<Pin<Box<CopyInSink<Bytes>>>, SinkError> {
        self.step.sent += 1;
        let client = self.pipeline.client();
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.report(failure))?;
        let opened = client.copy_in::<_, Bytes>(statement).await;
        let opened = opened.map_err(|error| self.report(self.failure(error, statement, Some(0))))?;
        Ok(Box::pin(opened))
    }

    /// Sends the remaining rows of a cursor, one COPY per batch. One call in the journal, which keeps the number of rows, not the rows.
    pub(super) async fn send_cursor(&mut self, statement: &str, columns: usize, cursor: u32) -> Result<u64, SinkError> {
        self.check()?;
        let call = self.journal.call(digest("copy-cursor", statement, &[]));
        if let Earlier::Done(Some(Answer::Count(count))) = self.journal.earlier(call)? {
            return Ok(count);
        }
        let mut written = 0;
        loop {
            let rows = self.next_batch(cursor).await?;
            if rows.is_empty() {
                break;
            }
            let mut sink = self.start_copy(statement).await?;
            // An error of the server arrives with the answer to the end of the COPY.
            for part in copy_lines(&rows, columns)?.into_bytes().chunks(CHUNK) {
                if sink.feed(Bytes::copy_from_slice(part)).await.is_err() {
                    break;
                }
            }
            let finished = sink.as_mut().finish().await;
            written += finished.map_err(|error| self.report(self.failure(error, statement, Some(0))))?;
        }
        self.journal.note(call, &Answer::Count(written), true);
        Ok(written)
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
