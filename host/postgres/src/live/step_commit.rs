//! The end of a step: the statements after the guest's last one, and the meaning of their failure.
//!
//! The answers are not waited for, so that the server never waits for mighost. This is safe because nothing of the next step is executed
//! unless this step is committed: in a run with one transaction a failure aborts all that follows, and otherwise each step begins with a
//! check.

use tokio_postgres::error::SqlState;

use super::LiveSink;
use super::journal::Journal;
use super::statement::Operation;
use crate::bookkeeping::{Line, found, secret_name, touched};
use crate::driver_error::Failure;
use crate::lock::LockKey;
use crate::pipeline::Part;
use crate::tables::{AS_CATALOG, CHECK_DEFERRED, DEALLOCATE, DEFER_AGAIN, RESET_SESSION};
use mighost_core::sql;
use mighost_core::{Direction, RowChange, SinkError};
use mighost_core::{LedgerEntry, RunError, StepSink as _};

/// The maximum number of settings before SET TRANSACTION.
const MAX_OPENING: usize = 32;

impl LiveSink {
    /// The first statements of a step's transaction: the check that the previous step is committed, if that is not known, and from the
    /// second step on the prepared statements for the ends of all steps that follow.
    pub(super) fn begin_records(&mut self) -> String {
        let mut batch = String::new();
        if self.pipeline.ending() > 0 && !self.settings.one_transaction() {
            batch.push_str(&self.records.guard(self.settlement.closed));
            batch.push_str("; ");
        }
        if self.settlement.closed > 0 && !self.records.is_prepared() && !self.settings.pooler {
            batch.push_str(&self.records.prepare(secret_name("records")));
            batch.push_str("; ");
        }
        batch
    }

    /// While the transaction of the running step has only settings, records another one; and begins the transaction again, without the
    /// host's statements, for a statement that only settings may precede.
    pub(super) async fn open(&mut self, operation: Operation<'_>) -> Result<(), SinkError> {
        // Cursors and COPY count as statements, too.
        let only_settings = |opening: &Vec<String>| opening.len() as u64 + 1 == self.step.sent;
        let Some(mut opening) = self.step.opening.take().filter(only_settings) else {
            return Ok(());
        };
        let statement = operation.statement();
        if sql::begins_transaction(statement) {
            return self.begin_again(&opening).await;
        }
        let setting = sql::keywords(statement, 1).first().is_some_and(|word| word == "SET");
        if setting && matches!(operation, Operation::Execute(_, [])) && opening.len() < MAX_OPENING {
            opening.push(statement.to_owned());
            self.step.opening = Some(opening);
        }
        Ok(())
    }

    async fn begin_again(&mut self, opening: &[String]) -> Result<(), SinkError> {
        self.drain().await?;
        let (Some(step), false) = (&self.step.context, self.settings.one_transaction()) else {
            return Ok(());
        };
        let settings = self.begin_settings(step);
        self.pipeline.push_batch("ROLLBACK");
        // Outside the transaction, because it needs a snapshot.
        self.pipeline.push_batch(RESET_SESSION);
        self.pipeline.push_batch(&format!("BEGIN; {settings}"));
        let operation = self.operation.clone();
        for setting in opening {
            let pushed = self.pipeline.push(setting, &[], operation.as_deref()).await;
            pushed.map_err(|failure| self.report(failure))?;
        }
        Ok(())
    }

    /// Sends the end of the running step, and waits for it only if the next one cannot begin otherwise.
    pub(super) async fn send_ending(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.check()?;
        self.journal.check_end()?;
        self.ensure_transaction();
        self.handles.cursors.clear();
        self.close_savepoints().await?;
        let deferrable = self.deferrable || !self.settings.one_transaction();
        if deferrable {
            self.pipeline.push_batch(CHECK_DEFERRED);
        }
        if let Some(savepoint) = self.step.savepoint.take() {
            // This also releases those that the guest has left, so that no later step rolls back to before its own beginning.
            self.pipeline.push_batch(&format!("RELEASE SAVEPOINT {savepoint}"));
        }
        self.remember_driver_statements().await?;
        let batch = self.ending(changes, entry);
        if self.settings.one_transaction() {
            self.pipeline.push_part(&batch, Part::Last);
        } else {
            self.pipeline.push_part(&batch, Part::Record);
            // After a failure, the server treats COMMIT as ROLLBACK. A pooler then gives the session to others, so the clean-up is sent
            // along with it, in either case.
            let commit = match self.clean_pooled() {
                "" => "COMMIT".to_owned(),
                clean => format!("COMMIT; {clean}"),
            };
            self.pipeline.push_part(&commit, Part::Last);
            self.in_transaction = false;
        }
        self.settlement.closed += 1;
        self.settlement.pending.push_back(changes.to_vec());
        // The journal is on the server already, so the end of the step decides what the next run finds; with a pooler the next
        // transaction has another session.
        if self.journal.written || self.settings.pooler || entry.direction == Direction::Stamp {
            self.settle().await?;
        } else if let Err(failure) = self.pipeline.advance().await {
            return Err(self.step_error(failure));
        }
        self.journal = Journal::idle();
        self.clean = true;
        for change in changes {
            apply(&mut self.state.heads, change);
        }
        self.take_settled();
        self.step.end();
        Ok(())
    }

    /// The host's statements at the end of a step: they reset the session and write the version rows, the ledger and the journal.
    fn ending(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> String {
        let mut batch = vec![
            self.records.check_settings(),
            RESET_SESSION.to_owned(),
            AS_CATALOG.to_owned(),
        ];
        if self.settings.pooler {
            batch.push(self.clean_pooled().to_owned());
        } else {
            batch.push("UNLISTEN *".to_owned());
            batch.push(self.session_life().to_owned());
            if std::mem::take(&mut self.step.prepares) {
                batch.push(DEALLOCATE.to_owned());
            }
        }
        let line = if self.journal.written {
            Line::Measured
        } else {
            Line::Timed
        };
        // No later step is executed unless the first one is committed, and one that is retried is the first again.
        if self.settlement.closed == 0 {
            batch.extend(self.records.release());
        }
        batch.extend(self.records.end(changes, entry, self.session_locked, line));
        let mut heads = self.state.heads.clone();
        changes.iter().for_each(|change| apply(&mut heads, change));
        batch.push(self.records.verify(&heads, &entry.revision));
        batch.push(self.records.committed(self.settlement.closed + 1));
        batch.extend(self.journal_end(entry.direction));
        if self.settings.one_transaction() && self.deferrable {
            batch.push(DEFER_AGAIN.to_owned());
        }
        batch.join("; ")
    }

    /// The number of completed steps.
    pub(super) fn settled_steps(&self) -> usize {
        *self.pipeline.settled().borrow()
    }

    /// Advances the known version rows to the steps that are known to be done.
    fn take_settled(&mut self) {
        let left = self.settlement.closed.saturating_sub(self.settled_steps());
        while self.settlement.pending.len() > left {
            for change in self.settlement.pending.pop_front().unwrap_or_default() {
                apply(&mut self.settlement.heads, &change);
            }
        }
    }

    /// Discards the steps that were sent and are not done: one of them failed, and the server has executed nothing of those after it.
    pub(super) fn forget_unsettled(&mut self) {
        self.take_settled();
        self.settlement.pending.clear();
        self.settlement.closed = self.settled_steps();
        self.state.heads.clone_from(&self.settlement.heads);
        self.settlement.earlier = None;
        self.records.forget();
    }

    /// The reason why a step failed whose end was sent.
    pub(super) fn step_error(&mut self, failure: Failure) -> RunError {
        self.take_settled();
        let Some(sent) = failure.sent else {
            return self.sink_error(failure, self.lost()).into();
        };
        if sent.ending > 0 && !self.settings.one_transaction() {
            let pooler = self.settings.pooler;
            self.step.committing = match sent.part {
                Part::Last => failure.is_lost() || pooler,
                Part::Work | Part::Record => !failure.is_told(pooler),
            };
        }
        if sent.part != Part::Work {
            let message = failure.fields().message;
            if LockKey::is_lost(&message) {
                return RunError::LockLost;
            }
            if matches!(
                failure.code(),
                Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME | &SqlState::UNDEFINED_COLUMN)
            ) {
                return RunError::TablesGone {
                    table: self.tables.version.clone(),
                };
            }
            if failure.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
                return RunError::LeftReadOnly;
            }
            if failure.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) {
                return RunError::StatementsGone;
            }
            if let Some(found) = found(&message) {
                return RunError::NotRecorded {
                    table: self.tables.version.clone(),
                    ledger: self.tables.ledger.clone(),
                    found: found.to_owned(),
                };
            }
            if let Some(touched) = touched(&message) {
                let changes = self.settlement.pending.front();
                return RunError::VersionRow {
                    changes: changes
                        .into_iter()
                        .flatten()
                        .map(describe)
                        .collect::<Vec<_>>()
                        .join(", "),
                    table: self.tables.version.clone(),
                    touched,
                };
            }
        }
        self.sink_error(failure, self.lost()).into()
    }
}

fn describe(change: &RowChange) -> String {
    match change {
        RowChange::Insert(revision) => format!("adding {revision}"),
        RowChange::Delete(revision) => format!("removing {revision}"),
        RowChange::Update { from, to } => format!("moving {from} to {to}"),
    }
}

/// Applies a change of the version rows to a sorted list of them.
pub(crate) fn apply(heads: &mut Vec<String>, change: &RowChange) {
    match change {
        RowChange::Insert(revision) => heads.push(revision.clone()),
        RowChange::Delete(revision) => heads.retain(|head| head != revision),
        RowChange::Update { from, to } => {
            heads.retain(|head| head != from);
            heads.push(to.clone());
        }
    }
    heads.sort();
}
