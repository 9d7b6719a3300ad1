//! What guests send, as lines of a script.

use std::sync::Arc;

use async_trait::async_trait;

use super::ScriptSink;
use crate::live::{
    copy_lines, copy_statement, guest_statements, not_the_last, outside_transaction, parts, single_statement,
};
use crate::session;
use crate::value_text::literal;
use mighost_core::{Column, DatabaseError, PostgresSink, Row, Rows, Sink, SinkError, Value, sql};

/// Whether an option of COPY selects the binary format.
fn is_binary((name, value): &(String, String)) -> bool {
    name.eq_ignore_ascii_case("format") && value.eq_ignore_ascii_case("binary")
}

#[async_trait]
impl Sink for ScriptSink {
    fn set_operation(&mut self, operation: Option<Arc<str>>) {
        self.operation = operation;
    }

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError> {
        self.check()?;
        if params.is_empty() {
            for piece in guest_statements(statement)? {
                self.guest(piece.statement)?;
            }
            return Ok(());
        }
        let statement = single_statement(statement)?;
        if !sql::preparable(statement) {
            return Err(SinkError::Misuse(format!(
                "a script cannot give parameters to this kind of statement: {statement}"
            )));
        }
        let literals: Vec<String> = params.iter().map(literal).collect();
        self.guest(&format!("PREPARE mighost_run AS {statement}"))?;
        self.line(&format!("EXECUTE mighost_run({})", literals.join(", ")))?;
        self.line("DEALLOCATE mighost_run")
    }

    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError> {
        let revision = self.step.as_ref().map(|step| step.revision.clone()).unwrap_or_default();
        for part in parts(script, &self.settings, None, &revision)? {
            match part {
                sql::ScriptPart::Statements(text) => self.execute(&text, &[]).await?,
                sql::ScriptPart::Copy { statement, data } => {
                    self.check()?;
                    self.copy_with_data(&statement, data.as_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// The number of rows is not known offline: it is zero.
    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError> {
        self.execute(single_statement(statement)?, params).await?;
        Ok(0)
    }

    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError> {
        self.reader("query")?.query(statement, params).await
    }

    /// Never answered: whether the statement succeeds is only known when the script is run.
    async fn try_query(&mut self, _: &str, _: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError> {
        Err(SinkError::Offline { call: "try-query" })
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        if let Some(reason) = self.settings.cannot_suspend() {
            return Err(SinkError::CannotSuspend {
                reason: reason.to_owned(),
            });
        }
        self.savepoints.clear();
        self.commit()
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        self.begin()
    }

    fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    async fn savepoint_open(&mut self) -> Result<u32, SinkError> {
        self.check()?;
        if !self.in_transaction {
            return Err(outside_transaction());
        }
        self.next_number += 1;
        self.line(&format!("SAVEPOINT mighost_savepoint_{}", self.next_number))?;
        self.savepoints.push(self.next_number);
        Ok(self.next_number)
    }

    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError> {
        self.check()?;
        if self.savepoints.pop_if(|last| *last == savepoint).is_none() {
            return Err(not_the_last());
        }
        if !keep {
            self.line(&format!("ROLLBACK TO SAVEPOINT mighost_savepoint_{savepoint}"))?;
        }
        self.line(&format!("RELEASE SAVEPOINT mighost_savepoint_{savepoint}"))
    }

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError> {
        self.reader("cursor")?.cursor_open(statement, params, batch).await
    }

    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError> {
        self.reader("cursor")?.cursor_columns(cursor).await
    }

    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError> {
        self.reader("cursor")?.cursor_next(cursor).await
    }

    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError> {
        match self.reader.as_mut() {
            Some(reader) => reader.cursor_close(cursor).await,
            None => Ok(()),
        }
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
impl PostgresSink for ScriptSink {
    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.check()?;
        self.out.write_all(b"\\encoding UTF8\n")?;
        self.guest(&copy_statement(table, columns, &[])?)?;
        self.next_number = self.next_number.wrapping_add(1);
        self.copy = Some((self.next_number, columns.len(), 0));
        Ok(self.next_number)
    }

    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError> {
        let columns = self.open_copy(copy)?;
        if let Some(number) = rows
            .iter()
            .flatten()
            .position(|value| matches!(value, Value::Text(text) if text.contains('\0')))
        {
            return Err(SinkError::Misuse(format!("value {} contains a zero byte", number + 1)));
        }
        self.out.write_all(copy_lines(rows, columns)?.as_bytes())?;
        if let Some((_, _, count)) = self.copy.as_mut() {
            *count += rows.len() as u64;
        }
        Ok(())
    }

    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError> {
        self.open_copy(copy)?;
        self.out.write_all(b"\\.\n")?;
        Ok(self.copy.take().map_or(0, |(_, _, count)| count))
    }

    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError> {
        if self.open_copy(copy).is_ok() {
            self.copy = None;
            self.poisoned = true;
            self.out.write_all(b"\\.\n")?;
        }
        Ok(())
    }

    /// The number of rows is not known offline: it is zero.
    async fn copy_data(
        &mut self,
        table: &str,
        columns: &[String],
        options: &[(String, String)],
        data: &[u8],
    ) -> Result<u64, SinkError> {
        self.check()?;
        if data.contains(&0) || options.iter().any(is_binary) {
            return Err(SinkError::Misuse("a script cannot contain binary data".to_owned()));
        }
        // psql ends the data here, in any format.
        if data
            .split(|byte| *byte == b'\n')
            .any(|line| matches!(line, b"\\." | b"\\.\r"))
        {
            return Err(SinkError::Misuse(
                "the data has a line `\\.`, which ends COPY in a script".to_owned(),
            ));
        }
        self.copy_with_data(&copy_statement(table, columns, options)?, data)?;
        Ok(0)
    }
}
