//! How a step ends: what is sent behind the guest's last statement, and what a failure of it means.
//!
//! The answers are not waited for, so that the server never waits for mighost. That is safe because nothing of the next step
//! is carried out unless this one is committed: in a run that is one transaction a failure aborts all that follows, and
//! else each step begins by making sure of it.

use super::journal::Journal;
use super::statement::Operation;
use super::{LiveSink, Phase};
use crate::bookkeeping::{Line, secret_name, touched};
use crate::driver_error::Failure;
use crate::lock::LockKey;
use crate::pipeline::Part;
use crate::tables::{CHECK_DEFERRED, DEALLOCATE, DEFER_AGAIN, RESET_SESSION, step_settings};
use mighost_core::Direction;
use mighost_core::RowChange;
use mighost_core::SinkError;
use mighost_core::sql::{self};
use mighost_core::{LedgerEntry, RunError, StepSink as _};

/// How many settings may stand before SET TRANSACTION.
const MAX_OPENING: usize = 32;

impl LiveSink {
    /// What stands first in a step's transaction: making sure of the step before where it is not known to be
    /// done, and from the second step on what is prepared for the ends of all that follow.
    pub(super) fn begin_records(&mut self) -> String {
        let mut batch = String::new();
        if self.pipeline.ending() > 0 && !self.settings.one_transaction() {
            batch.push_str(&self.records.guard(self.closed));
            batch.push_str("; ");
        }
        if self.closed > 0 && !self.records.is_prepared() && !self.settings.pooler {
            batch.push_str(&self.records.prepare(secret_name("records")));
            batch.push_str("; ");
        }
        batch
    }

    /// Where the running step's transaction has nothing but settings yet, takes note of one more; and begins it once more,
    /// without what the host has sent, for a statement that must stand before all others but settings.
    pub(super) async fn open(&mut self, operation: Operation<'_>) -> Result<(), SinkError> {
        // Cursors and COPY count as statements, too.
        let only_settings = |opening: &Vec<String>| opening.len() as u64 + 1 == self.sent;
        let Some(mut opening) = self.opening.take().filter(only_settings) else {
            return Ok(());
        };
        let statement = operation.statement();
        if sql::begins_transaction(statement) {
            return self.begin_again(&opening).await;
        }
        let setting = sql::keywords(statement, 1).first().is_some_and(|word| word == "SET");
        if setting && matches!(operation, Operation::Execute(_, [])) && opening.len() < MAX_OPENING {
            opening.push(statement.to_owned());
            self.opening = Some(opening);
        }
        Ok(())
    }

    async fn begin_again(&mut self, opening: &[String]) -> Result<(), SinkError> {
        self.drain().await?;
        let (Some(step), false) = (&self.step, self.settings.one_transaction()) else {
            return Ok(());
        };
        let settings = step_settings(&self.settings.schema, step.lock_timeout, step.statement_timeout).join("; ");
        self.pipeline.push_batch("ROLLBACK");
        // Outside of the transaction, for it needs a snapshot.
        self.pipeline.push_batch(RESET_SESSION);
        self.pipeline.push_batch(&format!("BEGIN; {settings}"));
        let operation = self.operation.clone();
        for setting in opening {
            let pushed = self.pipeline.push(setting, &[], operation.as_deref()).await;
            pushed.map_err(|failure| self.report(failure))?;
        }
        Ok(())
    }

    /// Sends the end of the running step, and waits for it only where the next one cannot be begun otherwise.
    pub(super) async fn send_ending(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.check()?;
        self.journal.check_end()?;
        self.ensure_transaction();
        self.cursors.clear();
        self.close_savepoints().await?;
        let deferrable = self.deferrable || !self.settings.one_transaction();
        if deferrable {
            self.pipeline.push_batch(CHECK_DEFERRED);
        }
        if let Some(savepoint) = self.savepoint.take() {
            // With it go those that the guest has left, so that no later step rolls back to before its own beginning.
            self.pipeline.push_batch(&format!("RELEASE SAVEPOINT {savepoint}"));
        }
        self.remember_driver_statements().await?;
        let batch = self.ending(changes, entry);
        if self.settings.one_transaction() {
            self.pipeline.push_part(&batch, Part::Last);
        } else {
            self.pipeline.push_part(&batch, Part::Record);
            // Behind a failure, the server takes COMMIT for ROLLBACK. Behind a pooler it gives the session to others, so what
            // cleans up travels with it, done or failed.
            let commit = match self.clean_pooled() {
                "" => "COMMIT".to_owned(),
                clean => format!("COMMIT; {clean}"),
            };
            self.pipeline.push_part(&commit, Part::Last);
            self.in_transaction = false;
        }
        self.closed += 1;
        self.unsettled.push_back(changes.to_vec());
        // What was journaled is on the server already, so the step's end decides what the next run finds; behind a pooler
        // the next transaction has another session.
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
        self.phase = Phase::Idle;
        self.step = None;
        Ok(())
    }

    /// The host's statements at the end of a step: the session as it was, the version rows, the ledger, the journal.
    fn ending(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> String {
        let mut batch = vec![
            self.records.check_encoding(),
            RESET_SESSION.to_owned(),
            "SET LOCAL search_path = pg_catalog".to_owned(),
        ];
        if self.settings.pooler {
            batch.push(self.clean_pooled().to_owned());
        } else {
            batch.push("UNLISTEN *".to_owned());
            if std::mem::take(&mut self.prepares) {
                batch.push(DEALLOCATE.to_owned());
            }
        }
        let line = if self.journal.written {
            Line::Measured
        } else {
            Line::Timed
        };
        batch.extend(self.records.end(changes, entry, self.session_locked, line));
        batch.push(self.records.committed(self.closed + 1));
        batch.extend(self.journal_end(entry.direction));
        if self.settings.one_transaction() && self.deferrable {
            batch.push(DEFER_AGAIN.to_owned());
        }
        batch.join("; ")
    }

    /// How many steps are done.
    pub(super) fn settled_steps(&self) -> usize {
        *self.pipeline.settled().borrow()
    }

    /// Brings the version rows that are known up to the steps that are known to be done.
    fn take_settled(&mut self) {
        let left = self.closed.saturating_sub(self.settled_steps());
        while self.unsettled.len() > left {
            for change in self.unsettled.pop_front().unwrap_or_default() {
                apply(&mut self.settled_heads, &change);
            }
        }
    }

    /// Forgets the steps that were sent and are not done: one of them failed, and the server has done nothing of those
    /// behind it.
    pub(super) fn forget_unsettled(&mut self) {
        self.take_settled();
        self.unsettled.clear();
        self.closed = self.settled_steps();
        self.state.heads.clone_from(&self.settled_heads);
        self.earlier = None;
        self.records.forget();
    }

    /// Why a step failed whose end was sent.
    pub(super) fn step_error(&mut self, failure: Failure) -> RunError {
        self.take_settled();
        let Some(sent) = failure.sent else {
            return failure.into_sink(self.lost()).into();
        };
        if sent.ending > 0 && !self.settings.one_transaction() {
            let pooler = self.settings.pooler;
            self.committing = match sent.part {
                Part::Last => failure.is_lost() || pooler,
                Part::Work | Part::Record => !failure.is_told(pooler),
            };
        }
        if sent.part != Part::Work {
            let message = failure.fields().message;
            if LockKey::is_lost(&message) {
                return RunError::LockLost;
            }
            if let Some(touched) = touched(&message) {
                let changes = self.unsettled.front();
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
        failure.into_sink(self.lost()).into()
    }
}

fn describe(change: &RowChange) -> String {
    match change {
        RowChange::Insert(revision) => format!("adding {revision}"),
        RowChange::Delete(revision) => format!("removing {revision}"),
        RowChange::Update { from, to } => format!("moving {from} to {to}"),
    }
}

/// Makes a change of the version rows in a sorted list of them.
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
