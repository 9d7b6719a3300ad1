//! The offline sink (`--sql`): a script for psql instead of a run.

pub(crate) mod psql_safety;
mod sink;

use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use self::psql_safety::{check_for_psql, check_heads, checked, in_block, one_line, terminated, without_variables};
use super::bookkeeping::Records;
use super::live::{LiveSink, apply};
use super::lock::LockKey;
use super::tables::{CHECK_DEFERRED, DEFER_AGAIN, RESET_SESSION, Tables, create_schema_if_missing, step_settings};
use mighost_core::{
    Aftermath, LedgerEntry, RowChange, RunError, SessionOptions, Sink, SinkError, StepContext, StepSink,
    TransactionMode, sql,
};

/// The data for the head of a script.
#[derive(Clone, Debug)]
pub struct ScriptHeader {
    /// The version of mighost.
    pub host_version: String,
    /// The heads at which the script begins; empty for the base.
    pub from: Vec<String>,
    /// The heads to which the script leads; empty for the base.
    pub to: Vec<String>,
    /// `--tag`.
    pub tag: Option<String>,
}

/// Writes statements as a script for `psql -X -f`.
pub struct ScriptSink {
    out: Box<dyn Write + Send>,
    settings: SessionOptions,
    header: ScriptHeader,
    tables: Tables,
    /// The version rows at this point of the script.
    heads: Vec<String>,
    operation: Option<Arc<str>>,
    /// The operation named by the last comment.
    named: Option<Arc<str>>,
    step: Option<StepContext>,
    in_transaction: bool,
    copy: Option<(u32, usize, u64)>,
    /// The savepoints that the guest holds, the last one opened last.
    savepoints: Vec<u32>,
    next_number: u32,
    poisoned: bool,
    sent: u64,
    /// Answers queries; without it, they are refused.
    reader: Option<LiveSink>,
    settled: watch::Sender<usize>,
}

impl ScriptSink {
    fn lock(&self) -> LockKey {
        LockKey::new(&self.settings.version_schema, &self.settings.version_table)
    }

    /// A sink that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, settings: SessionOptions, header: ScriptHeader) -> Self {
        let tables = Tables::new(&settings.version_schema, &settings.version_table);
        Self {
            heads: header.from.clone(),
            out,
            settings,
            header,
            tables,
            operation: None,
            named: None,
            step: None,
            in_transaction: false,
            copy: None,
            savepoints: Vec::new(),
            next_number: 0,
            poisoned: false,
            sent: 0,
            reader: None,
            settled: watch::Sender::new(0),
        }
    }

    /// Lets `reader` answer the queries of migrations, in a read-only transaction.
    #[must_use]
    pub fn with_reader(self, reader: LiveSink) -> Self {
        Self {
            reader: Some(reader),
            ..self
        }
    }

    /// The database that answers a query by `call`.
    fn reader(&mut self, call: &'static str) -> Result<&mut LiveSink, SinkError> {
        self.check()?;
        let operation = self.operation.clone();
        let reader = self.reader.as_mut().ok_or(SinkError::Offline { call })?;
        reader.set_operation(operation);
        Ok(reader)
    }

    /// Writes whole lines. psql reads them in the client encoding. In some encodings a quote can be part of a character, and an earlier
    /// statement of a migration may have changed the encoding.
    fn put(&mut self, lines: &str) -> Result<(), SinkError> {
        if lines.contains('\0') {
            return Err(SinkError::Misuse("a script cannot contain a zero byte".to_owned()));
        }
        if !lines.is_ascii() {
            self.out.write_all(b"\\encoding UTF8\n")?;
        }
        Ok(self.out.write_all(lines.as_bytes())?)
    }

    fn comment(&mut self, text: &str) -> Result<(), SinkError> {
        self.put(&format!("-- {}\n", one_line(text)))
    }

    fn line(&mut self, statement: &str) -> Result<(), SinkError> {
        self.put(&format!("{statement};\n"))
    }

    /// Writes a statement of the guest, byte for byte.
    fn guest(&mut self, statement: &str) -> Result<(), SinkError> {
        let statement = &without_variables(statement);
        let plain_backslash = check_for_psql(statement)?;
        self.name_operation()?;
        if plain_backslash {
            self.line("SET standard_conforming_strings = on")?;
        }
        self.sent += 1;
        if sql::is_one_to_psql(statement) {
            self.put(&terminated(statement))
        } else {
            self.put(&terminated(&in_block(statement)))
        }
    }

    /// Writes a COPY ... FROM STDIN with its data, which contains no line that ends it.
    fn copy_with_data(&mut self, statement: &str, data: &[u8]) -> Result<(), SinkError> {
        self.out.write_all(b"\\encoding UTF8\n")?;
        self.guest(statement)?;
        self.out.write_all(data)?;
        if !data.is_empty() && !data.ends_with(b"\n") {
            self.out.write_all(b"\n")?;
        }
        self.out.write_all(b"\\.\n")?;
        Ok(())
    }

    fn name_operation(&mut self) -> Result<(), SinkError> {
        if self.named != self.operation {
            self.named.clone_from(&self.operation);
            let text = self.operation.clone().unwrap_or_else(|| "the migration itself".into());
            self.comment(&text)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SinkError> {
        if self.poisoned {
            return Err(SinkError::Misuse(
                "a COPY was dropped before it was finished, so the revision fails".to_owned(),
            ));
        }
        if self.copy.is_some() {
            return Err(SinkError::Misuse(
                "a COPY is open: finish it before sending another statement".to_owned(),
            ));
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), SinkError> {
        if !self.in_transaction {
            self.in_transaction = true;
            let key = self.lock();
            self.line("BEGIN")?;
            self.line(&key.lock_in_transaction())?;
        }
        Ok(())
    }

    /// The head of the script, and mighost's tables.
    fn create_tables(&mut self) -> Result<(), SinkError> {
        self.comment("Run it with psql -X -f, as the role that mighost would connect as.")?;
        self.put("\\set ON_ERROR_STOP on\n\\encoding UTF8\n\n")?;
        self.begin()?;
        if self.settings.version_schema != self.settings.schema {
            let create = create_schema_if_missing(&self.settings.schema);
            self.line(&create)?;
        }
        for create in [
            self.tables.create_schema_if_missing(),
            self.tables.create_version(),
            self.tables.create_ledger(),
        ] {
            self.line(&create)?;
        }
        Ok(())
    }

    /// A script that creates mighost's tables if they are missing and changes no rows, in any state of the database.
    ///
    /// # Errors
    /// If a name is too long, or the script cannot be written.
    pub fn write_tables(mut self) -> Result<(), RunError> {
        self.tables.check_length()?;
        self.comment(&format!("Written by mighost {}.", self.header.host_version.clone()))?;
        self.create_tables()?;
        let journal = self.tables.create_journal();
        self.line(&journal)?;
        let releases = self.tables.create_release_if_missing();
        self.line(&releases)?;
        self.commit()?;
        self.out.flush().map_err(SinkError::from)?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        if self.in_transaction {
            self.in_transaction = false;
            self.line("COMMIT")?;
        }
        Ok(())
    }

    /// Rolls back the savepoints that the guest has left open, as a run does.
    fn close_savepoints(&mut self) -> Result<(), SinkError> {
        if let Some(first) = std::mem::take(&mut self.savepoints).first() {
            self.line(&format!("ROLLBACK TO SAVEPOINT mighost_savepoint_{first}"))?;
            self.line(&format!("RELEASE SAVEPOINT mighost_savepoint_{first}"))?;
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
impl StepSink for ScriptSink {
    async fn begin_run(&mut self) -> Result<(), RunError> {
        self.tables.check_length()?;
        let heads = |heads: &[String]| match heads {
            [] => "the base".to_owned(),
            heads => heads.join(", "),
        };
        let header = self.header.clone();
        self.comment(&format!("Written by mighost {}.", header.host_version))?;
        self.comment(&format!("From {} to {}.", heads(&header.from), heads(&header.to)))?;
        if let Some(tag) = &header.tag {
            self.comment(&format!("Tag: {tag}"))?;
        }
        if self.reader.is_some() {
            self.comment("A database answered the migrations' queries when this script was written.")?;
        }
        self.create_tables()?;
        let check = check_heads(&self.tables.version, &self.heads);
        self.line(&check)?;
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
        if let Some(reader) = self.reader.as_mut() {
            reader.begin_reading(step).await?;
        }
        self.step = Some(step.clone());
        self.named = None;
        self.sent = 0;
        writeln!(self.out).map_err(SinkError::from)?;
        self.comment(&format!("{} {}: {}", step.direction, step.revision, step.message))?;
        if !no_transaction {
            self.begin()?;
        }
        if no_transaction {
            // The lock is not held here, but what is committed below is not rolled back by a later failure.
            let check = check_heads(&self.tables.version, &self.heads);
            self.line(&check)?;
        }
        let settings = step_settings(&self.settings.quoted_path(), step.lock_timeout, step.statement_timeout);
        for line in RESET_SESSION.split("; ").map(str::to_owned).chain(settings) {
            self.line(&line)?;
        }
        Ok(())
    }

    async fn begin_hooks(&mut self) -> Result<(), RunError> {
        self.check()?;
        self.close_savepoints()?;
        self.begin()?;
        self.line(CHECK_DEFERRED)?;
        let settings = self
            .step
            .as_ref()
            .map(|step| step_settings(&self.settings.quoted_path(), step.lock_timeout, step.statement_timeout));
        for line in RESET_SESSION
            .split("; ")
            .map(str::to_owned)
            .chain(settings.into_iter().flatten())
        {
            self.line(&line)?;
        }
        Ok(())
    }

    async fn close_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.check()?;
        self.close_savepoints()?;
        self.begin()?;
        self.line(CHECK_DEFERRED)?;
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
        for change in changes {
            apply(&mut self.heads, change);
        }
        self.line(&Records::new(self.tables.clone(), self.lock()).line(entry))?;
        if self.settings.transaction == TransactionMode::All {
            self.line(DEFER_AGAIN)?;
        } else {
            self.commit()?;
        }
        self.step = None;
        self.settled.send_modify(|settled| *settled += 1);
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), RunError> {
        Ok(())
    }

    fn settled(&self) -> watch::Receiver<usize> {
        self.settled.subscribe()
    }

    async fn abort_step(&mut self) -> Result<Aftermath, RunError> {
        self.copy = None;
        self.comment("The revision failed while this script was written; the script is incomplete.")?;
        if self.in_transaction {
            self.in_transaction = false;
            self.line("ROLLBACK")?;
        }
        self.out.flush().map_err(SinkError::from)?;
        Ok(Aftermath::RolledBack)
    }

    async fn end_run(&mut self) -> Result<(), RunError> {
        self.commit()?;
        if let Some(mut reader) = self.reader.take() {
            reader.end_reading().await;
        }
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
