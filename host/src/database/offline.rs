//! The offline sink (`--sql`): a script for psql instead of a run.

use std::io::Write;

use async_trait::async_trait;

use super::live::{copy_lines, copy_statement, fill_in, guest_statements, single_statement};
use super::lock::LockKey;
use super::step::{Aftermath, LedgerEntry, RunError, RunSettings, StepContext, StepSink};
use super::tables::{RESET_SESSION, Tables, step_settings};
use super::text::literal;
use crate::config::TransactionMode;
use crate::revision::RowChange;
use crate::runtime::{GuestDatabaseError, Row, Rows, Sink, SinkError, Value};
use crate::sql::{self, TokenKind};

/// What the head of a script says of it.
#[derive(Clone, Debug)]
pub struct ScriptHeader {
    /// The version of mighost.
    pub host_version: String,
    /// The heads that the script begins from; empty for the base.
    pub from: Vec<String>,
    /// The heads that it leads to; empty for the base.
    pub to: Vec<String>,
}

/// Writes statements as a script, to be run by `psql -X -v ON_ERROR_STOP=1 -f`.
pub struct OfflineSink {
    out: Box<dyn Write + Send>,
    settings: RunSettings,
    header: ScriptHeader,
    tables: Tables,
    operation: Option<String>,
    /// The operation that the last comment named.
    named: Option<String>,
    step: Option<StepContext>,
    in_transaction: bool,
    copy: Option<(u32, usize, u64)>,
    next_copy: u32,
    poisoned: bool,
    sent: u64,
}

/// `statement` with a semicolon that no comment at its end can swallow.
fn terminated(statement: &str) -> String {
    let last = sql::tokens(statement).last();
    let line_comment =
        last.is_some_and(|token| token.kind == TokenKind::Comment && token.of(statement).starts_with("--"));
    format!("{statement}{};\n", if line_comment { "\n" } else { "" })
}

/// Text for a comment: one line, whatever it holds.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// A statement that must touch one row, as a block that fails where it does not.
fn checked(statement: &str, revision: &str) -> String {
    let message =
        format!("the version table does not hold {revision}: this script is for another state of the database");
    let body = format!(
        "BEGIN {statement}; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = {}; END IF; END",
        crate::ident::quote_literal(&message)
    );
    if body.contains("$mighost$") {
        format!("DO {}", crate::ident::quote_literal(&body))
    } else {
        format!("DO $mighost$ {body} $mighost$")
    }
}

impl OfflineSink {
    /// A sink that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, settings: RunSettings, header: ScriptHeader) -> Self {
        let tables = Tables::new(&settings.schema, &settings.version_table);
        Self {
            out,
            settings,
            header,
            tables,
            operation: None,
            named: None,
            step: None,
            in_transaction: false,
            copy: None,
            next_copy: 0,
            poisoned: false,
            sent: 0,
        }
    }

    fn comment(&mut self, text: &str) -> Result<(), SinkError> {
        Ok(writeln!(self.out, "-- {}", one_line(text))?)
    }

    fn line(&mut self, statement: &str) -> Result<(), SinkError> {
        Ok(writeln!(self.out, "{statement};")?)
    }

    /// A statement of the guest's, byte for byte.
    fn guest(&mut self, statement: &str) -> Result<(), SinkError> {
        self.name_operation()?;
        self.sent += 1;
        Ok(self.out.write_all(terminated(statement).as_bytes())?)
    }

    fn name_operation(&mut self) -> Result<(), SinkError> {
        if self.named != self.operation {
            self.named.clone_from(&self.operation);
            let text = self
                .operation
                .clone()
                .unwrap_or_else(|| "the migration itself".to_owned());
            self.comment(&text)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SinkError> {
        if self.poisoned {
            return Err(SinkError::Misuse(
                "a COPY was dropped before it was finished, so the revision ends".to_owned(),
            ));
        }
        if self.copy.is_some() {
            return Err(SinkError::Misuse(
                "a COPY is open: finish it before any other statement is sent".to_owned(),
            ));
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), SinkError> {
        if !self.in_transaction {
            self.in_transaction = true;
            let key = LockKey::new(&self.settings.schema, &self.settings.version_table);
            self.line("BEGIN")?;
            self.line(&key.lock_in_transaction())?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        if self.in_transaction {
            self.in_transaction = false;
            self.line("COMMIT")?;
        }
        Ok(())
    }

    fn open_copy(&self, copy: u32) -> Result<usize, SinkError> {
        match self.copy {
            Some((number, columns, _)) if number == copy => Ok(columns),
            _ => Err(SinkError::Misuse("this COPY is no longer open".to_owned())),
        }
    }
}

#[async_trait]
impl Sink for OfflineSink {
    fn set_operation(&mut self, operation: Option<&str>) {
        self.operation = operation.map(str::to_owned);
    }

    fn offline(&self) -> bool {
        true
    }

    fn server_version(&self) -> Option<u32> {
        None
    }

    async fn execute(&mut self, statement: &str) -> Result<(), SinkError> {
        self.check()?;
        for piece in guest_statements(statement)? {
            self.guest(piece.statement)?;
        }
        Ok(())
    }

    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError> {
        let revision = self.step.as_ref().map(|step| step.revision.clone()).unwrap_or_default();
        let filled = fill_in(script, &self.settings, None, &revision)?;
        sql::script_statements(&filled)?;
        self.execute(&filled).await
    }

    /// The number of rows is not known; the guest is told zero.
    async fn run(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError> {
        self.check()?;
        let statement = single_statement(statement)?;
        if params.is_empty() {
            self.guest(statement)?;
            return Ok(0);
        }
        if !sql::preparable(statement) {
            return Err(SinkError::Misuse(format!(
                "a script cannot give parameters to this kind of statement: {statement}"
            )));
        }
        let literals: Vec<String> = params.iter().map(literal).collect();
        self.guest(&format!("PREPARE mighost_run AS {statement}"))?;
        self.line(&format!("EXECUTE mighost_run({})", literals.join(", ")))?;
        self.line("DEALLOCATE mighost_run")?;
        Ok(0)
    }

    async fn query(&mut self, _: &str, _: &[Value]) -> Result<Rows, SinkError> {
        Err(SinkError::Offline { call: "query" })
    }

    async fn try_execute(&mut self, _: &str) -> Result<Result<u64, GuestDatabaseError>, SinkError> {
        Err(SinkError::Offline { call: "try-execute" })
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        if let Some(reason) = self.settings.cannot_suspend() {
            return Err(SinkError::CannotSuspend {
                reason: reason.to_owned(),
            });
        }
        self.commit()
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        self.check()?;
        self.begin()
    }

    async fn cursor_open(&mut self, _: &str, _: &[Value], _: u32) -> Result<u32, SinkError> {
        Err(SinkError::Offline { call: "cursor" })
    }

    async fn cursor_next(&mut self, _: u32) -> Result<Vec<Row>, SinkError> {
        Err(SinkError::Offline { call: "cursor" })
    }

    async fn cursor_close(&mut self, _: u32) -> Result<(), SinkError> {
        Ok(())
    }

    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.check()?;
        self.guest(&copy_statement(table, columns))?;
        self.next_copy = self.next_copy.wrapping_add(1);
        self.copy = Some((self.next_copy, columns.len(), 0));
        Ok(self.next_copy)
    }

    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError> {
        let columns = self.open_copy(copy)?;
        if let Some(number) = rows
            .iter()
            .flatten()
            .position(|value| matches!(value, Value::Text(text) if text.contains('\0')))
        {
            return Err(SinkError::Misuse(format!(
                "value {} of those written holds a zero byte",
                number + 1
            )));
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
}

#[async_trait]
impl StepSink for OfflineSink {
    async fn begin_run(&mut self) -> Result<(), RunError> {
        self.tables.check_length()?;
        let heads = |heads: &[String]| match heads {
            [] => "the base".to_owned(),
            heads => heads.join(", "),
        };
        let header = self.header.clone();
        self.comment(&format!("Written by mighost {}.", header.host_version))?;
        self.comment(&format!("From {} to {}.", heads(&header.from), heads(&header.to)))?;
        self.comment("Run it with psql -X -v ON_ERROR_STOP=1 -f, as the role that mighost would connect as.")?;
        writeln!(self.out).map_err(SinkError::from)?;
        self.begin()?;
        for create in [
            self.tables.create_schema_if_missing(),
            self.tables.create_version(),
            self.tables.create_ledger(),
        ] {
            self.line(&create)?;
        }
        if self.settings.transaction != TransactionMode::All {
            self.commit()?;
        }
        Ok(())
    }

    async fn begin_step(&mut self, step: &StepContext) -> Result<(), RunError> {
        let no_transaction = step.transaction == TransactionMode::None;
        if no_transaction && let Some(reason) = self.settings.cannot_suspend() {
            return Err(SinkError::CannotSuspend {
                reason: reason.to_owned(),
            }
            .into());
        }
        self.step = Some(step.clone());
        self.named = None;
        self.sent = 0;
        writeln!(self.out).map_err(SinkError::from)?;
        self.comment(&format!("{} {}: {}", step.direction, step.revision, step.message))?;
        if !no_transaction {
            self.begin()?;
        }
        let settings = step_settings(&self.settings.schema, step.lock_timeout, step.statement_timeout);
        for line in RESET_SESSION.split("; ").map(str::to_owned).chain(settings) {
            self.line(&line)?;
        }
        Ok(())
    }

    async fn end_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.check()?;
        self.begin()?;
        if self.settings.transaction != TransactionMode::All {
            self.line("SET CONSTRAINTS ALL IMMEDIATE")?;
        }
        for line in RESET_SESSION.split("; ") {
            self.line(line)?;
        }
        for change in changes {
            let statement = self.tables.change(change);
            let statement = match change {
                RowChange::Insert(_) => statement,
                RowChange::Delete(revision) | RowChange::Update { from: revision, .. } => checked(&statement, revision),
            };
            self.line(&statement)?;
        }
        self.line(&self.tables.ledger_line(entry))?;
        if self.settings.transaction != TransactionMode::All {
            self.commit()?;
        }
        self.step = None;
        Ok(())
    }

    async fn abort_step(&mut self) -> Result<Aftermath, RunError> {
        self.copy = None;
        self.comment("The revision failed while this script was written; the script is not complete.")?;
        if self.in_transaction {
            self.in_transaction = false;
            self.line("ROLLBACK")?;
        }
        self.out.flush().map_err(SinkError::from)?;
        Ok(Aftermath::RolledBack)
    }

    async fn end_run(&mut self) -> Result<(), RunError> {
        self.commit()?;
        self.out.flush().map_err(SinkError::from)?;
        Ok(())
    }

    fn one_transaction(&self) -> bool {
        self.settings.one_transaction()
    }

    fn may_retry(&self, _: &SinkError) -> bool {
        false
    }

    fn statements(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_semicolon_is_outside_comments() {
        assert_eq!(terminated("select 1"), "select 1;\n");
        assert_eq!(terminated("select 1 -- x"), "select 1 -- x\n;\n");
        assert_eq!(terminated("select 1 /* -- x */"), "select 1 /* -- x */;\n");
        assert_eq!(terminated("select '-- x'"), "select '-- x';\n");
    }

    #[test]
    fn version_rows_are_checked() {
        insta::assert_snapshot!(checked("DELETE FROM v", "it's"), @"DO $mighost$ BEGIN DELETE FROM v; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = 'the version table does not hold it''s: this script is for another state of the database'; END IF; END $mighost$");
        assert!(checked("DELETE FROM v", "$mighost$").starts_with("DO 'BEGIN"));
    }
}
