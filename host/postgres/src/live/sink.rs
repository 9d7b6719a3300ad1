//! Database calls of guests.

use std::sync::Arc;

use async_trait::async_trait;

use super::journal::Earlier;
use super::statement::{Answer, Operation, digest};
use super::{LiveSink, Phase, copy_statement};
use crate::bookkeeping::secret_name;
use crate::session;
use mighost_core::sql;
use mighost_core::{Column, DatabaseError, PostgresSink, Row, Rows, Sink, SinkError, Value};

/// The statements of a guest's text, checked.
pub fn guest_statements(text: &str) -> Result<Vec<sql::Piece<'_>>, SinkError> {
    if let Some(offset) = text.find('\0') {
        let (line, column) = sql::line_and_column(text, offset);
        return Err(SinkError::Script {
            message: "a statement cannot contain a zero byte".to_owned(),
            line,
            column,
        });
    }
    let pieces = sql::statements(text)?;
    for piece in &pieces {
        if let Some(keyword) = sql::transaction_control(piece.statement) {
            return Err(SinkError::TransactionControl {
                keyword,
                statement: piece.statement.to_owned(),
            });
        }
        if let Some(refused) = sql::refused_setting(piece.statement) {
            return Err(refused.into());
        }
        if sql::keywords(piece.statement, 2) == ["DISCARD", "ALL"] {
            return Err(SinkError::Misuse(
                "DISCARD ALL would release the lock that keeps other runs out; use RESET ALL, DISCARD TEMP, \
                 DISCARD SEQUENCES or DEALLOCATE ALL"
                    .to_owned(),
            ));
        }
        if sql::copy_with_client(piece.statement).is_some() {
            return Err(SinkError::Misuse(
                "COPY FROM STDIN and COPY TO STDOUT cannot be sent as statements; use copy-in, or a query".to_owned(),
            ));
        }
    }
    Ok(pieces)
}

/// The only statement of a text that must contain one.
pub fn single_statement(text: &str) -> Result<&str, SinkError> {
    match guest_statements(text)?.as_slice() {
        [piece] => Ok(piece.statement),
        pieces => Err(SinkError::Misuse(format!(
            "expected one statement, but the text contains {}",
            pieces.len()
        ))),
    }
}

/// The result of a statement that returns nothing.
fn no_rows() -> Rows {
    Rows {
        columns: Vec::new(),
        rows: Vec::new(),
        affected: 0,
    }
}

/// The parts of a script, with its variables replaced.
pub(crate) fn parts<'a>(
    script: &'a str,
    settings: &mighost_core::SessionOptions,
    role: Option<&str>,
    revision: &str,
) -> Result<Vec<sql::ScriptPart<'a>>, SinkError> {
    Ok(sql::script_parts(script, |name| match name {
        "schema" => Some(settings.schema.clone()),
        "superuser_role" => settings.superuser_role.clone().or_else(|| role.map(str::to_owned)),
        "revision" => Some(revision.to_owned()),
        other => settings.args.get(other).cloned(),
    })?)
}

impl LiveSink {
    /// Refuses a call that is not allowed in the state of the step.
    pub(super) fn check(&self) -> Result<(), SinkError> {
        if let Some(reason) = &self.step.poisoned {
            return Err(SinkError::Misuse(reason.clone()));
        }
        if self.step.phase == Phase::Idle {
            return Err(SinkError::Misuse("no revision is being run".to_owned()));
        }
        if let Some(refused) = self.refused() {
            return Err(refused.into());
        }
        if self.handles.copy.is_some() {
            return Err(SinkError::Misuse(
                "a COPY is open: finish it before sending another statement".to_owned(),
            ));
        }
        Ok(())
    }

    /// Begins the transaction on the server if resuming an interrupted run has deferred it.
    pub(super) fn ensure_transaction(&mut self) {
        if !self.in_transaction {
            self.pipeline.push_batch("BEGIN");
            self.in_transaction = true;
        }
    }

    /// In a run with one transaction, the savepoints of a step still exist in the next one. So the first one is preceded by one of the
    /// host's, whose release releases them too.
    pub(super) fn bound_savepoints(&mut self) {
        if self.settings.one_transaction() && self.step.savepoint.is_none() {
            let name = secret_name("step");
            self.pipeline.push_batch(&format!("SAVEPOINT {name}"));
            self.step.savepoint = Some(name);
        }
    }

    async fn call(&mut self, operation: Operation<'_>) -> Result<Answer, SinkError> {
        self.check()?;
        let call = self.journal.call(operation.digest());
        let earlier = self.journal.earlier(call)?;
        self.deferrable |= sql::may_defer(operation.statement());
        if sql::may_deallocate(operation.statement()) {
            self.records.forget();
        }
        self.step.prepares |= sql::keywords(operation.statement(), 1)
            .first()
            .is_some_and(|word| word == "PREPARE");
        let answer = match earlier {
            Earlier::Done(answer) => self.again(operation, answer).await?,
            earlier if self.step.phase == Phase::Suspended => {
                self.step.sent += 1;
                self.alone(call, operation, earlier).await?
            }
            _ => {
                self.step.sent += 1;
                self.open(operation).await?;
                self.ensure_transaction();
                if sql::is_savepoint(operation.statement()) {
                    self.bound_savepoints();
                }
                if sql::is_rollback(operation.statement()) {
                    // ROLLBACK TO would revive a failed transaction: the failure must be known before.
                    let drained = self.pipeline.drain().await;
                    drained.map_err(|failure| self.report(failure))?;
                }
                let answer = match operation {
                    Operation::Execute(statement, params) if !sql::may_set_refused(statement) => {
                        let operation = self.operation.clone();
                        let pushed = self.pipeline.push(statement, params, operation.as_deref()).await;
                        pushed.map(|()| Answer::None)
                    }
                    operation => self.perform(operation).await,
                };
                let answer = answer.map_err(|failure| self.report(failure))?;
                self.journal.note(call, &answer, operation.must_not_repeat());
                answer
            }
        };
        match answer {
            Answer::TooLarge => Err(SinkError::ResultTooLarge {
                limit: super::statement::MAX_RESULT_BYTES,
            }),
            Answer::Misused(text) => Err(SinkError::Misuse(text)),
            Answer::Refused(refused) => Err(refused.into()),
            answer => Ok(answer),
        }
    }

    /// A call that an earlier run has made: its result and its effect on the session.
    async fn again(&mut self, operation: Operation<'_>, answer: Option<Answer>) -> Result<Answer, SinkError> {
        let refused = matches!(answer, Some(Answer::Failed(_)));
        if !refused && sql::is_session_setting(operation.statement()) {
            let performed = self.perform(operation).await;
            let performed = performed.map_err(|failure| self.report(failure))?;
            return Ok(answer.unwrap_or(performed));
        }
        match answer {
            Some(answer) => Ok(answer),
            // Too large to be kept: the query is repeated.
            None => {
                let performed = self.perform(operation).await;
                performed.map_err(|failure| self.report(failure))
            }
        }
    }
}

#[async_trait]
impl Sink for LiveSink {
    fn set_operation(&mut self, operation: Option<Arc<str>>) {
        self.operation = operation;
    }

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError> {
        if !params.is_empty() {
            let statement = single_statement(statement)?;
            self.call(Operation::Execute(statement, params)).await?;
            return Ok(());
        }
        for piece in guest_statements(statement)? {
            self.call(Operation::Execute(piece.statement, &[])).await?;
        }
        Ok(())
    }

    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError> {
        let revision = self
            .step
            .context
            .as_ref()
            .map(|step| step.revision.clone())
            .unwrap_or_default();
        for part in parts(script, &self.settings, Some(&self.state.user), &revision)? {
            match part {
                sql::ScriptPart::Statements(text) => self.execute(&text, &[]).await?,
                sql::ScriptPart::Copy { statement, data } => {
                    self.send_copy(&statement, data.as_bytes()).await?;
                }
            }
        }
        Ok(())
    }

    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError> {
        let statement = single_statement(statement)?;
        match self.call(Operation::Counted(statement, params)).await? {
            Answer::Count(count) => Ok(count),
            _ => Ok(0),
        }
    }

    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError> {
        let statement = single_statement(statement)?;
        match self.call(Operation::Query(statement, params)).await? {
            Answer::Rows(rows) => Ok(rows),
            _ => Ok(no_rows()),
        }
    }

    async fn try_query(&mut self, statement: &str, params: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError> {
        let statement = single_statement(statement)?;
        match self.call(Operation::Try(statement, params)).await? {
            Answer::Failed(error) => Ok(Err(error)),
            Answer::Rows(rows) => Ok(Ok(rows)),
            _ => Ok(Ok(no_rows())),
        }
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        let call = self.journal.call(digest("suspend", "", &[]));
        if matches!(self.journal.earlier(call)?, Earlier::Done(_)) {
            self.step.phase = Phase::Suspended;
            return Ok(());
        }
        if let Some(reason) = self.settings.cannot_suspend() {
            return Err(SinkError::CannotSuspend {
                reason: reason.to_owned(),
            });
        }
        if self.step.phase == Phase::Suspended {
            self.journal.note(call, &Answer::None, false);
            return Ok(());
        }
        self.journal.note(call, &Answer::None, false);
        self.leave_transaction().await?;
        self.step.phase = Phase::Suspended;
        Ok(())
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        let call = self.journal.call(digest("resume", "", &[]));
        let done = matches!(self.journal.earlier(call)?, Earlier::Done(_));
        if self.step.phase == Phase::Suspended {
            self.step.phase = Phase::Transaction;
            if !done {
                self.ensure_transaction();
            }
        }
        if !done {
            self.journal.note(call, &Answer::None, false);
        }
        Ok(())
    }

    fn in_transaction(&self) -> bool {
        self.step.phase != Phase::Suspended
    }

    async fn savepoint_open(&mut self) -> Result<u32, SinkError> {
        self.open_savepoint().await
    }

    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError> {
        self.close_savepoint(savepoint, keep).await
    }

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError> {
        self.open_cursor(single_statement(statement)?, params, batch).await
    }

    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError> {
        self.columns_of(cursor)
    }

    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError> {
        self.fetch(cursor).await
    }

    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError> {
        self.close_cursor(cursor);
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
impl PostgresSink for LiveSink {
    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.open_copy(table, columns).await
    }

    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError> {
        self.write_copy(copy, rows).await
    }

    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError> {
        self.finish_copy(copy).await
    }

    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError> {
        self.abandon_copy(copy);
        Ok(())
    }

    async fn copy_data(
        &mut self,
        table: &str,
        columns: &[String],
        options: &[(String, String)],
        data: &[u8],
    ) -> Result<u64, SinkError> {
        self.send_copy(&copy_statement(table, columns, options)?, data).await
    }

    async fn copy_cursor(&mut self, table: &str, columns: &[String], cursor: u32) -> Result<u64, SinkError> {
        let statement = copy_statement(table, columns, &[])?;
        self.send_cursor(&statement, columns.len(), cursor).await
    }
}
