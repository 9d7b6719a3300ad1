//! Runs, steps and their transactions.

use async_trait::async_trait;
use tokio::sync::watch;

use super::autocommit::as_host;
use super::journal::{Journal, JournalRow};
use super::{COMMIT_UNKNOWN, LiveSink, Phase};
use crate::driver_error::Failure;
use crate::lock::LockScope;
use crate::pipeline::Part;
use crate::releases::ReleaseRecord;
use crate::state::{read_only_places, rows};
use crate::tables::AS_CATALOG;
use crate::tables::{CHECK_DEFERRED, DEALLOCATE, DEFERRABLE, RESET_SESSION, create_schema_if_missing};
use mighost_core::{
    Aftermath, Direction, Event, LedgerEntry, Level, RowChange, RunError, SinkError, StepContext, StepSink,
    TransactionMode, lock_timed_out,
};

impl LiveSink {
    /// Sends a query of the host's own and waits for its answer.
    pub(super) async fn ask_now(&mut self, query: &str) -> Result<Vec<tokio_postgres::SimpleQueryRow>, SinkError> {
        let client = self.pipeline.client();
        let found = rows(&client, query).await;
        found.map_err(|error| self.report(self.failure(error, query, Some(0))))
    }

    pub(super) async fn drain(&mut self) -> Result<(), SinkError> {
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.report(failure))
    }

    /// Acquires the lock: for the session or, with a pooler, for a transaction that this begins.
    async fn acquire(&mut self) -> Result<(), RunError> {
        let scope = if self.settings.pooler {
            LockScope::Transaction
        } else {
            LockScope::Session
        };
        let client = self.pipeline.client();
        let acquired = self
            .lock
            .acquire(&client, scope, self.settings.lock_wait, &self.reporter)
            .await;
        match acquired.map_err(|error| self.report(self.failure(error, &self.lock.try_lock(scope), None)))? {
            Ok(()) => {}
            Err(still) => {
                return Err(RunError::Locked {
                    holder: still.holder,
                    waited: still.waited,
                });
            }
        }
        match scope {
            LockScope::Session => self.session_locked = true,
            LockScope::Transaction => self.in_transaction = true,
        }
        Ok(())
    }

    /// Checks that the version rows are those that the plan was made for.
    async fn check_heads(&mut self) -> Result<(), RunError> {
        let found = self.ask_now(&self.tables.heads()).await?;
        let found: Vec<String> = found.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect();
        if found == self.state.heads {
            return Ok(());
        }
        Err(RunError::HeadsMoved {
            expected: self.state.heads.clone(),
            found,
        })
    }

    /// Creates the schema and tables that are missing, and reads the journal.
    async fn prepare_tables(&mut self) -> Result<(), RunError> {
        let presence = self.ask_now(&self.tables.presence()).await?;
        let there = |column: usize| presence.first().and_then(|row| row.get(column)) == Some("t");
        let in_transaction = self.in_transaction;
        let mut create = Vec::new();
        if !there(0) {
            create.push(self.tables.create_schema());
        }
        if self.settings.version_schema != self.settings.schema {
            create.push(create_schema_if_missing(&self.settings.schema));
        }
        if !there(1) {
            create.push(self.tables.create_version());
        }
        if !there(2) {
            create.push(self.tables.create_ledger());
        }
        self.journal_table.exists = there(3);
        if !create.is_empty() {
            let create = create.join("; ");
            let batch = if self.in_transaction {
                create
            } else {
                format!("BEGIN; {create}; COMMIT")
            };
            self.pipeline.push_batch(&batch);
            // If it fails, a transaction remains open.
            self.in_transaction = true;
        }
        if there(1) {
            self.check_heads().await?;
        } else if !self.state.heads.is_empty() {
            return Err(RunError::HeadsMoved {
                expected: self.state.heads.clone(),
                found: Vec::new(),
            });
        }
        self.drain().await?;
        self.in_transaction = in_transaction;
        self.read_journal().await
    }

    /// The rest of `begin_run`, once the lock is held.
    async fn prepare_run(&mut self) -> Result<(), RunError> {
        if self.settings.one_transaction() {
            self.ensure_transaction();
            let found = self.ask_now(DEFERRABLE).await?;
            self.deferrable = found.first().and_then(|row| row.get(0)) != Some("f");
        }
        self.prepare_tables().await?;
        if self.in_transaction && !self.settings.one_transaction() {
            self.drain().await?;
            let committed = self.commit().await;
            committed.map_err(|failure| self.sink_error(failure, COMMIT_UNKNOWN))?;
        }
        Ok(())
    }

    async fn read_journal(&mut self) -> Result<(), RunError> {
        if self.journal_table.exists {
            let found = self.ask_now(&self.tables.journal_rows()).await?;
            self.journal_table.rows = found.iter().filter_map(JournalRow::read).collect();
        }
        self.journal_table.stale = false;
        Ok(())
    }

    /// The journal rows to delete after a completed step: those of its revision in both directions. After a stamp, all of them, because
    /// the operator who stamps is responsible for the state of the database.
    pub(super) fn journal_end(&mut self, direction: Direction) -> Option<String> {
        if direction == Direction::Stamp {
            let any = !self.journal_table.rows.is_empty();
            self.journal_table.stale |= any;
            return any.then(|| self.tables.journal_clear());
        }
        let revision = self.journal.step().0;
        let journaled = self.journal.written || self.journal_table.rows.iter().any(|row| row.revision() == revision);
        self.journal_table.stale |= journaled;
        journaled.then(|| self.tables.journal_end(revision))
    }

    /// Makes the run one of a release, which its steps record; before `begin_run`.
    #[must_use]
    pub fn of_release(mut self, release: ReleaseRecord) -> Self {
        self.records.of_release(release);
        self
    }

    /// Creates the table of releases, as [`create_journal`](Self::create_journal) does for its table.
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn create_releases(&mut self) -> Result<(), RunError> {
        self.ask_now(&self.tables.create_release_if_missing()).await?;
        Ok(())
    }

    /// Creates the journal table, which a run creates only when it needs it. For an administrator who prepares the tables for a role that
    /// may not create any; between `begin_run` and the first step.
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn create_journal(&mut self) -> Result<(), RunError> {
        if !self.journal_table.exists {
            self.ask_now(&self.tables.create_journal()).await?;
            self.journal_table.exists = true;
        }
        Ok(())
    }

    /// Records in the ledger that the digests of `entries` are now those of applied revisions; between `begin_run` and `end_run`.
    ///
    /// # Errors
    /// The server refuses it; nothing is recorded then.
    pub async fn accept(&mut self, entries: &[LedgerEntry]) -> Result<(), RunError> {
        let Some(last) = entries.last() else { return Ok(()) };
        let lock = match self.settings.pooler {
            true => self.lock.lock_in_transaction(),
            false => self.lock.assert_held(),
        };
        let mut batch = vec!["BEGIN".to_owned(), AS_CATALOG.to_owned(), lock];
        batch.extend(entries.iter().map(|entry| self.records.acceptance(entry)));
        batch.push(self.records.verify(&self.state.heads, &last.revision));
        batch.push("COMMIT".to_owned());
        self.in_transaction = true;
        let accepted = self.ask_now(&batch.join("; ")).await;
        match accepted {
            Ok(_) => self.in_transaction = false,
            Err(_) => self.roll_back().await,
        }
        accepted.map(drop).map_err(RunError::from)
    }

    /// Creates the journal table, in the transaction if one is open.
    fn ensure_journal_table(&mut self) {
        if !self.journal_table.exists {
            self.pipeline.push_batch(&self.tables.create_journal());
        }
    }

    /// Commits the guest's changes so far, together with its journal.
    pub(super) async fn leave_transaction(&mut self) -> Result<(), SinkError> {
        if self.journal.overflowed() {
            return Err(SinkError::CannotSuspend {
                reason: "its results so far are too large for the journal, which is needed to resume an interrupted \
                         run; change data without returning the changed rows"
                    .to_owned(),
            });
        }
        self.check_lock().await?;
        self.ensure_transaction();
        self.pipeline.push_batch(CHECK_DEFERRED);
        self.pipeline.push_batch(&as_host());
        self.ensure_journal_table();
        let lines = self.journal.take_pending(&self.tables);
        self.journal_table.stale = true;
        self.pipeline.push_batch(&format!("{}{lines}", as_host()));
        self.drain().await?;
        self.handles.transaction_ended();
        self.step.opening = None;
        self.step.committing = !self.journal.written;
        if let Err(failure) = self.commit().await {
            self.step.committing &= failure.is_lost();
            return Err(self.sink_error(failure, COMMIT_UNKNOWN));
        }
        self.step.committing = false;
        self.journal.written = true;
        self.journal_table.exists = true;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        let committed = self.pipeline.send_batch("COMMIT").answer().await;
        self.in_transaction = false;
        committed
            .map(|_| ())
            .map_err(|error| self.failure(error, "COMMIT", None))
    }

    /// Releases the lock of the session. Everything has been committed by now, so a failure is only reported.
    async fn unlock(&mut self) {
        let unlocked = self.ask_now(&self.lock.unlock()).await;
        let trouble = match &unlocked {
            Ok(rows) if rows.first().and_then(|row| row.get(0)) == Some("t") => return,
            Ok(_) => "the lock that keeps other runs out was lost during the run".to_owned(),
            Err(error) => format!(
                "the lock that keeps other runs out was not released and is held until the \
                                   connection ends: {error}"
            ),
        };
        self.reporter.report(Event::Note {
            level: Level::Warn,
            text: trouble,
        });
    }

    /// Refuses a step while another one is incomplete. A stamp declares everything settled.
    fn check_interrupted(&self, step: &StepContext) -> Result<(), RunError> {
        if step.direction == Direction::Stamp {
            return Ok(());
        }
        let other = |row: &&JournalRow| !row.failed() && !row.is_of(&step.revision, step.direction);
        match self.journal_table.rows.iter().find(other) {
            Some(row) => Err(RunError::HalfDone {
                revision: row.revision().to_owned(),
                direction: row.direction().to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Rolls back and discards what is in flight. Errors do not matter: a closed connection has rolled back.
    pub(super) async fn roll_back(&mut self) {
        self.handles.copy = None;
        self.handles.transaction_ended();
        self.pipeline.clear();
        if std::mem::take(&mut self.in_transaction) {
            // In one message with the clean-up: with a pooler, the next message may reach another session.
            let clean = self.clean_pooled();
            let _ = self.pipeline.send_batch(&format!("ROLLBACK; {clean}")).answer().await;
        }
    }
}

#[async_trait]
impl StepSink for LiveSink {
    async fn begin_run(&mut self) -> Result<(), RunError> {
        self.tables.check_length()?;
        if self.state.in_recovery {
            return Err(RunError::Standby);
        }
        if self.state.read_only {
            let set_for = read_only_places(&self.pipeline.client()).await?;
            return Err(RunError::ReadOnlySession { set_for });
        }
        self.acquire().await?;
        if !self.settings.pooler {
            self.begin_session().await?;
        }
        let prepared = self.prepare_run().await;
        self.running = prepared.is_ok();
        if prepared.is_err() {
            // Nothing was begun, so nothing remains, not even the lock.
            self.roll_back().await;
            if std::mem::take(&mut self.session_locked) {
                let _ = self.pipeline.send_batch(&self.lock.unlock()).answer().await;
            }
        }
        prepared
    }

    async fn begin_step(&mut self, step: &StepContext) -> Result<(), RunError> {
        if self.journal_table.stale {
            self.read_journal().await?;
        }
        self.check_interrupted(step)?;
        let no_transaction = step.transaction == TransactionMode::None;
        let cannot = self.settings.cannot_suspend();
        let recording = cannot.is_none();
        let journal = Journal::new(
            &self.tables.journal,
            &step.revision,
            step.direction,
            &self.journal_table.rows,
            recording,
        );
        if no_transaction || journal.written {
            // Before the journal is switched to this step: a failure here does not belong to it.
            self.settle().await?;
        }
        self.journal = journal;
        if let Some(reason) = cannot {
            if no_transaction {
                return Err(SinkError::CannotSuspend {
                    reason: reason.to_owned(),
                }
                .into());
            }
            if self.journal.written {
                return Err(SinkError::Resume {
                    revision: step.revision.clone(),
                    reason: format!("it was interrupted outside its transaction, and {reason}"),
                }
                .into());
            }
        }
        self.step.begin(step);
        let clean = std::mem::take(&mut self.clean);
        let settings = self.begin_settings(step);
        if no_transaction || self.journal.written {
            self.journal_table.stale = true;
            self.pipeline.push_batch(RESET_SESSION);
            self.ensure_journal_table();
            self.journal_table.exists = true;
            self.pipeline.push_batch(&settings);
            self.drain().await?;
        } else {
            if self.settings.pooler && !self.in_transaction {
                self.acquire().await?;
                self.check_heads().await?;
            }
            let begin = if self.in_transaction { "" } else { "BEGIN; " };
            // The previous step has left a clean session, unless a pooler has changed it.
            let reset = if clean && !self.settings.pooler {
                String::new()
            } else {
                format!("{RESET_SESSION}; ")
            };
            let pooled = self.begin_pooled();
            self.in_transaction = true;
            self.step.savepoint = None;
            let records = self.begin_records();
            self.step.opening = (!self.settings.pooler).then(Vec::new);
            let batch = format!("{begin}{records}{reset}{pooled}{settings}");
            self.pipeline.push_part(&batch, Part::Record);
        }
        self.step.phase = if no_transaction {
            Phase::Suspended
        } else {
            Phase::Transaction
        };
        Ok(())
    }

    async fn begin_hooks(&mut self) -> Result<(), RunError> {
        self.check()?;
        // Everything that an earlier run did was the guest's: hooks do not use the journal.
        self.journal.check_end()?;
        self.handles.cursors.clear();
        self.close_savepoints().await?;
        self.step.phase = Phase::Transaction;
        self.step.opening = None;
        self.ensure_transaction();
        if let Some(step) = &self.step.context {
            let settings = self.begin_settings(step);
            self.pipeline
                .push_batch(&format!("{CHECK_DEFERRED}; {RESET_SESSION}; {settings}"));
        }
        Ok(())
    }

    async fn close_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        match self.records.signers() {
            None => self.send_ending(changes, entry).await,
            Some(signers) => {
                let entry = LedgerEntry {
                    signer: Some(signers.to_owned()),
                    ..entry.clone()
                };
                self.send_ending(changes, &entry).await
            }
        }
    }

    async fn settle(&mut self) -> Result<(), RunError> {
        if let Some(error) = self.settlement.earlier.take() {
            return Err(error);
        }
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.step_error(failure))
    }

    fn settled(&self) -> watch::Receiver<usize> {
        self.pipeline.settled().subscribe()
    }

    async fn abort_step(&mut self) -> Result<Aftermath, RunError> {
        self.forget_unsettled();
        let outside = !self.in_transaction;
        let committing = std::mem::take(&mut self.step.committing);
        let aftermath = if committing {
            Aftermath::Unknown
        } else if self.journal.written {
            Aftermath::Kept
        } else {
            Aftermath::RolledBack
        };
        self.roll_back().await;
        if !self.settings.pooler && (outside || self.journal.written) {
            let _ = self.pipeline.send_batch(RESET_SESSION).answer().await;
        }
        if std::mem::take(&mut self.step.prepares) && !self.settings.pooler {
            let _ = self.pipeline.send_batch(DEALLOCATE).answer().await;
        }
        self.journal = Journal::idle();
        self.step.savepoint = None;
        self.step.end();
        self.step.poisoned = None;
        Ok(aftermath)
    }

    async fn end_run(&mut self) -> Result<(), RunError> {
        self.settle().await?;
        if self.in_transaction {
            if self.settings.dry_run {
                self.roll_back().await;
            } else {
                let committed = self.commit().await;
                committed.map_err(|failure| self.sink_error(failure, COMMIT_UNKNOWN))?;
            }
        }
        if std::mem::take(&mut self.session_locked) {
            self.unlock().await;
        }
        self.running = false;
        Ok(())
    }

    fn may_retry(&self, error: &SinkError) -> bool {
        // The statements that the driver prepared in a pooler's session are lost with the transaction, and the driver does not know.
        let forgotten = self.settings.pooler && self.prepared.described;
        lock_timed_out(error) && !self.settings.one_transaction() && !forgotten
    }

    fn one_transaction(&self) -> bool {
        self.settings.one_transaction()
    }

    fn statements(&self) -> u64 {
        self.step.sent
    }
}
