//! A sink without a database: it records statements and answers queries from a list.

mod answered;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;

use self::answered::{column, error_of, size, typed};
use super::case::{Answer, Cell, Sent, matches_sql};
use mighost_core::StatementFailure;
use mighost_core::sql;
use mighost_core::{Column, DatabaseError, PostgresSink, Row, Rows, Sink, SinkError, Value};
use mighost_postgres::{
    copy_statement, guest_statements, not_the_last, outside_transaction, session, single_statement,
};
use mighost_runtime::GuestContext;

/// The maximum number of calls and bytes that are recorded: a guest that sends statements without end is ended here.
const MAX_SENT: usize = 200_000;
const MAX_BYTES: usize = 256 << 20;

/// A query without a matching answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unanswered {
    /// The function, e.g. `query`.
    pub call: &'static str,
    pub statement: String,
    pub parameters: Vec<Value>,
}

/// A cursor over the rows of an answer.
struct OpenCursor {
    columns: Vec<Column>,
    rows: VecDeque<Row>,
    batch: usize,
}

/// Records the statements of guests. They are checked as in a real sink: those that would break the transaction are refused.
pub struct FakeSink {
    settings: Arc<GuestContext>,
    revision: String,
    answers: Vec<(Answer, u64)>,
    sent: Vec<Sent>,
    /// The approximate size of the recorded data, in bytes.
    bytes: usize,
    unanswered: Option<Unanswered>,
    operation: Option<Arc<str>>,
    in_transaction: bool,
    cursors: BTreeMap<u32, OpenCursor>,
    savepoints: Vec<u32>,
    copy: Option<(u32, Sent)>,
    numbers: u32,
}

impl FakeSink {
    pub fn new(settings: Arc<GuestContext>, revision: String, answers: Vec<Answer>) -> Self {
        Self {
            settings,
            revision,
            answers: answers.into_iter().map(|answer| (answer, 0)).collect(),
            sent: Vec::new(),
            bytes: 0,
            unanswered: None,
            operation: None,
            in_transaction: true,
            cursors: BTreeMap::new(),
            savepoints: Vec::new(),
            copy: None,
            numbers: 0,
        }
    }

    /// Sets how statements are answered from here on.
    pub fn set_answers(&mut self, answers: Vec<Answer>) {
        self.answers = answers.into_iter().map(|answer| (answer, 0)).collect();
    }

    /// The statements so far.
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// The query that ended the guest, if any.
    pub fn unanswered(&self) -> Option<&Unanswered> {
        self.unanswered.as_ref()
    }

    /// The answers that should have been used and were not.
    pub fn unused(&self) -> impl Iterator<Item = &Answer> {
        let unused = self
            .answers
            .iter()
            .filter(|(answer, used)| *used == 0 && !answer.always);
        unused.map(|(answer, _)| answer)
    }

    /// Begins a step: as in a real sink, in a transaction.
    pub fn begin_step(&mut self) {
        self.in_transaction = true;
        self.savepoints.clear();
        self.cursors.clear();
        self.copy = None;
    }

    fn check(&self) -> Result<(), SinkError> {
        match self.copy {
            Some(_) => Err(SinkError::Misuse(
                "a COPY is open: finish it before sending another statement".to_owned(),
            )),
            None => Ok(()),
        }
    }

    fn keep(&mut self, sent: Sent) -> Result<(), SinkError> {
        self.grow(sent.sql().map_or(0, str::len) + sent.parameters().iter().map(size).sum::<usize>())?;
        self.sent.push(sent);
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), SinkError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.sent.len() >= MAX_SENT || self.bytes > MAX_BYTES {
            return Err(SinkError::Misuse(format!(
                "a case may send {MAX_SENT} statements and {} MiB at most",
                MAX_BYTES >> 20
            )));
        }
        Ok(())
    }

    fn number(&mut self) -> u32 {
        self.numbers = self.numbers.wrapping_add(1);
        self.numbers
    }

    /// The answer to a statement, if one matches.
    fn answer(&mut self, statement: &str, parameters: &[Value]) -> Option<Answer> {
        let fits = |answer: &Answer| {
            let same = |cells: &Vec<Cell>| {
                cells.len() == parameters.len()
                    && cells
                        .iter()
                        .zip(parameters)
                        .all(|(cell, value)| cell.is_like(&Cell(value.clone())))
            };
            matches_sql(&answer.to, statement) && answer.parameters.as_ref().is_none_or(same)
        };
        let mut free = self
            .answers
            .iter_mut()
            .filter(|(answer, used)| answer.always || *used == 0);
        let (answer, used) = free.find(|(answer, _)| fits(answer))?;
        *used += 1;
        Some(answer.clone())
    }

    /// The answer to a query, which must exist.
    fn ask(&mut self, call: &'static str, statement: &str, parameters: &[Value]) -> Result<Answer, SinkError> {
        if let Some(answer) = self.answer(statement, parameters) {
            return Ok(answer);
        }
        if self.settings.offline {
            return Err(SinkError::Offline { call });
        }
        self.unanswered = Some(Unanswered {
            call,
            statement: statement.to_owned(),
            parameters: parameters.to_vec(),
        });
        Err(SinkError::Misuse("the test has no answer to this".to_owned()))
    }

    fn refused(&self, answer: &Answer, statement: &str) -> Result<(), SinkError> {
        let Some(error) = error_of(answer) else {
            return Ok(());
        };
        Err(SinkError::Statement(Box::new(StatementFailure {
            statement: statement.to_owned(),
            error,
            operation: self.operation.as_deref().map(str::to_owned),
        })))
    }

    /// The rows of an answer; columns without a name get the name that PostgreSQL uses for them.
    fn rows(answer: &Answer) -> Rows {
        if let Some(Ok(rows)) = &answer.whole {
            return typed(rows.clone());
        }
        let rows: Vec<Row> = answer
            .rows
            .iter()
            .flatten()
            .map(|row| row.iter().map(|cell| cell.0.clone()).collect())
            .collect();
        let width = rows.first().map_or(0, Vec::len);
        let names = answer
            .columns
            .clone()
            .unwrap_or_else(|| vec!["?column?".to_owned(); width]);
        let column = |(place, name)| column(name, rows.iter().filter_map(|row| row.get(place)));
        Rows {
            columns: names.into_iter().enumerate().map(column).collect(),
            affected: answer.count.unwrap_or(rows.len() as u64),
            rows,
        }
    }
}

#[async_trait]
impl Sink for FakeSink {
    fn set_operation(&mut self, operation: Option<Arc<str>>) {
        self.operation = operation;
    }

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError> {
        if !params.is_empty() {
            return self.execute_counted(statement, params).await.map(|_| ());
        }
        self.check()?;
        for piece in guest_statements(statement)? {
            self.keep(Sent::Statement(piece.statement.to_owned()))?;
            if let Some(answer) = self.answer(piece.statement, &[]) {
                self.refused(&answer, piece.statement)?;
            }
        }
        Ok(())
    }

    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError> {
        let parts = sql::script_parts(script, |name| match name {
            "schema" => Some(self.settings.schema.clone()),
            "superuser_role" => self.settings.superuser_role.clone(),
            "revision" => Some(self.revision.clone()),
            other => self.settings.args.get(other).cloned(),
        })?;
        for part in parts {
            match part {
                sql::ScriptPart::Statements(text) => self.execute(&text, &[]).await?,
                sql::ScriptPart::Copy { statement, data } => {
                    self.send_copy(statement, data.as_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// Affects no row, unless an answer says otherwise.
    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError> {
        self.check()?;
        let statement = single_statement(statement)?;
        self.keep(match params {
            [] => Sent::Statement(statement.to_owned()),
            params => Sent::Run {
                sql: statement.to_owned(),
                parameters: params.to_vec(),
            },
        })?;
        let Some(answer) = self.answer(statement, params) else {
            return Ok(0);
        };
        self.refused(&answer, statement)?;
        Ok(answer.count.unwrap_or_default())
    }

    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError> {
        self.check()?;
        let statement = single_statement(statement)?;
        let answer = self.ask("query", statement, params)?;
        self.refused(&answer, statement)?;
        Ok(Self::rows(&answer))
    }

    /// Succeeds without rows, unless an answer says otherwise.
    async fn try_query(&mut self, statement: &str, params: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError> {
        self.check()?;
        if self.settings.offline {
            return Err(SinkError::Offline { call: "try-query" });
        }
        let statement = single_statement(statement)?;
        self.keep(Sent::Try {
            sql: statement.to_owned(),
            parameters: params.to_vec(),
        })?;
        let answer = self.answer(statement, params).unwrap_or_default();
        Ok(match error_of(&answer) {
            Some(error) => Err(error),
            None => Ok(Self::rows(&answer)),
        })
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        self.in_transaction = false;
        self.keep(Sent::Suspend)
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        if !self.in_transaction {
            self.in_transaction = true;
            self.keep(Sent::Resume)?;
        }
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    async fn savepoint_open(&mut self) -> Result<u32, SinkError> {
        self.check()?;
        if !self.in_transaction {
            return Err(outside_transaction());
        }
        self.keep(Sent::Statement("SAVEPOINT".to_owned()))?;
        let number = self.number();
        self.savepoints.push(number);
        Ok(number)
    }

    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError> {
        self.check()?;
        if self.savepoints.pop_if(|last| *last == savepoint).is_none() {
            return Err(not_the_last());
        }
        let statement = if keep {
            "RELEASE SAVEPOINT"
        } else {
            "ROLLBACK TO SAVEPOINT"
        };
        self.keep(Sent::Statement(statement.to_owned()))
    }

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError> {
        self.check()?;
        let statement = single_statement(statement)?;
        let answer = self.ask("cursor", statement, params)?;
        self.refused(&answer, statement)?;
        let number = self.number();
        let batch = usize::try_from(batch).unwrap_or(usize::MAX).max(1);
        let found = Self::rows(&answer);
        let cursor = OpenCursor {
            columns: found.columns,
            rows: found.rows.into(),
            batch,
        };
        self.cursors.insert(number, cursor);
        Ok(number)
    }

    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError> {
        match self.cursors.get(&cursor) {
            Some(cursor) => Ok(cursor.columns.clone()),
            None => Err(SinkError::Misuse("this cursor is no longer open".to_owned())),
        }
    }

    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError> {
        match self.cursors.get_mut(&cursor) {
            Some(OpenCursor { rows, batch, .. }) => Ok(rows.drain(..(*batch).min(rows.len())).collect()),
            None => Err(SinkError::Misuse("this cursor is no longer open".to_owned())),
        }
    }

    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError> {
        self.cursors.remove(&cursor);
        Ok(())
    }

    async fn set_search_path(&mut self, schemas: &[String]) -> Result<(), SinkError> {
        self.execute(&session::set_search_path(schemas), &[]).await
    }

    async fn set_lock_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError> {
        self.execute(&session::set_lock_timeout(milliseconds), &[]).await
    }

    async fn set_statement_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError> {
        self.execute(&session::set_statement_timeout(milliseconds), &[]).await
    }

    fn postgres(&mut self) -> Option<&mut dyn PostgresSink> {
        Some(self)
    }
}

#[async_trait]
impl PostgresSink for FakeSink {
    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.check()?;
        let number = self.number();
        let (table, columns, rows) = (table.to_owned(), columns.to_vec(), Vec::new());
        self.copy = Some((number, Sent::Copy { table, columns, rows }));
        Ok(number)
    }

    async fn copy_write(&mut self, copy: u32, new: &[Row]) -> Result<(), SinkError> {
        self.grow(new.iter().flatten().map(size).sum())?;
        match &mut self.copy {
            Some((number, Sent::Copy { columns, rows, .. })) if *number == copy => {
                let width = columns.len();
                if let Some(at) = new.iter().position(|row| width > 0 && row.len() != width) {
                    let text = format!(
                        "row {} has {} values for {} columns",
                        at + 1,
                        new.get(at).map_or(0, Vec::len),
                        columns.len()
                    );
                    return Err(SinkError::Misuse(text));
                }
                rows.extend_from_slice(new);
                Ok(())
            }
            _ => Err(SinkError::Misuse("this COPY is no longer open".to_owned())),
        }
    }

    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError> {
        match self.copy.take() {
            Some((number, sent)) if number == copy => {
                let count = match &sent {
                    Sent::Copy { rows, .. } => rows.len() as u64,
                    _ => 0,
                };
                self.keep(sent)?;
                Ok(count)
            }
            other => {
                self.copy = other;
                Err(SinkError::Misuse("this COPY is no longer open".to_owned()))
            }
        }
    }

    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError> {
        if self.copy.as_ref().is_some_and(|(number, _)| *number == copy) {
            self.copy = None;
            return Err(SinkError::Misuse(
                "a COPY was dropped before it was finished, so the revision fails".to_owned(),
            ));
        }
        Ok(())
    }

    async fn copy_data(
        &mut self,
        table: &str,
        columns: &[String],
        options: &[(String, String)],
        data: &[u8],
    ) -> Result<u64, SinkError> {
        self.send_copy(copy_statement(table, columns, options)?, data)
    }
}

impl FakeSink {
    /// Keeps a COPY of `data`. Without an answer, a line counts as a row.
    fn send_copy(&mut self, statement: String, data: &[u8]) -> Result<u64, SinkError> {
        self.check()?;
        self.grow(data.len())?;
        let answer = self.answer(&statement, &[]);
        self.keep(Sent::Statement(statement.clone()))?;
        match answer {
            Some(answer) => {
                self.refused(&answer, &statement)?;
                Ok(answer.count.unwrap_or_default())
            }
            None => Ok(data
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .count() as u64),
        }
    }
}
