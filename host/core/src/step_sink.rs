//! The part of a sink that only the engine calls: transactions, version rows, the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::Digest;
use crate::Direction;
use crate::TransactionMode;
use crate::{RunError, Sink, SinkError, search_path};

/// A change of one row of the version table, which has one row per head. Each change must affect exactly one row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    Insert(String),
    Delete(String),
    Update { from: String, to: String },
}

/// Settings of a whole run.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    pub schema: String,
    /// The schemas after `schema` on the search path of migrations.
    pub search_path: Vec<String>,
    /// The schema of the version table, usually the same as `schema`.
    pub version_schema: String,
    /// The name of the version table, in `version_schema`. The names of the ledger and the journal derive from it.
    pub version_table: String,
    pub superuser_role: Option<String>,
    /// `All` applies to every step; with the other two, a step may choose.
    pub transaction: TransactionMode,
    /// Everything runs in one transaction, which is rolled back.
    pub dry_run: bool,
    /// The connection goes through a pooler that assigns a session to each transaction.
    pub pooler: bool,
    /// The time to wait for another run.
    pub lock_wait: Duration,
    /// The variables of scripts, in addition to `schema`, `superuser_role` and `revision`.
    pub args: BTreeMap<String, String>,
}

impl SessionOptions {
    /// The search path of migrations, quoted.
    pub fn quoted_path(&self) -> String {
        search_path(&self.schema, &self.search_path)
    }

    /// True if the whole run is one transaction.
    pub fn one_transaction(&self) -> bool {
        self.dry_run || self.transaction == TransactionMode::All
    }

    /// The reason why a step may not leave its transaction in this run, if so.
    pub fn cannot_suspend(&self) -> Option<&'static str> {
        if self.dry_run {
            Some("a dry run rolls everything back, but work outside the transaction would be committed")
        } else if self.one_transaction() {
            Some("the whole run is one transaction; run it without --transaction all")
        } else if self.pooler {
            Some("a connection pooler changes the session between transactions; connect to the server directly")
        } else {
            None
        }
    }
}

/// Settings of one step.
#[derive(Clone, Debug)]
pub struct StepContext {
    pub revision: String,
    pub direction: Direction,
    /// The message of the revision, for comments in a script.
    pub message: String,
    pub transaction: TransactionMode,
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
}

/// An entry of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    pub revision: String,
    pub direction: Direction,
    /// The digest of the artifact that ran; `None` if nothing ran.
    pub artifact: Option<Digest>,
    /// The digest of the artifact's sources.
    pub source: Option<Digest>,
    pub signer: Option<String>,
    /// Only for a step with several transactions, whose duration the server does not know.
    pub duration: Duration,
    /// The operator, as `user@machine`. The server adds the database user.
    pub os_user: String,
    pub host_version: String,
}

/// A sink that executes the steps of a run.
///
/// The calls are `begin_run`; for each step `begin_step`, the calls of the guest, `begin_hooks` and the calls of hooks, if any, and
/// `close_step` or `abort_step`; finally `settle` and `end_run`. After an error, `settle` returns whether an earlier step has failed, and
/// `abort_step` must follow. After `abort_step`, the failed step may be begun again.
#[async_trait]
pub trait StepSink: Sink {
    /// Acquires the lock, creates missing tables, and begins the transaction of the whole run, if there is one. Fails with
    /// [`RunError::HeadsMoved`] if the version rows are not those that the plan was made for. After an error nothing is held, and
    /// `end_run` must not follow.
    async fn begin_run(&mut self) -> Result<(), RunError>;
    /// Begins the transaction of the step, with fresh session settings. Fails with [`RunError::HalfDone`] if another step has to be
    /// completed first.
    async fn begin_step(&mut self, step: &StepContext) -> Result<(), RunError>;
    /// Prepares for the calls of hooks, which follow: the session is as at the beginning of the step, and in the transaction that
    /// `close_step` commits.
    async fn begin_hooks(&mut self) -> Result<(), RunError>;
    /// Sends the end of the step: resets the session, writes the version rows and the ledger, and commits. Does not wait for the answers
    /// if the next step may begin without them: none of its statements is executed if this step fails. [`Self::settled`] shows when it is
    /// done.
    async fn close_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError>;
    /// Waits for everything that was sent. After an error of this or another call, the failed step is the one that [`Self::settled`]
    /// counts to, and its error is the one that this returns, if any.
    async fn settle(&mut self) -> Result<(), RunError>;
    /// The number of completed steps of the run.
    fn settled(&self) -> watch::Receiver<usize>;
    /// Closes the step and waits until it is committed.
    async fn end_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.close_step(changes, entry).await?;
        self.settle().await
    }
    /// Rolls back what is not committed, and returns the outcome of the step. Errors of a closed connection do not matter here and are
    /// not reported.
    async fn abort_step(&mut self) -> Result<Aftermath, RunError>;
    /// Commits the transaction of the whole run, or rolls it back in a dry run, and releases the lock.
    async fn end_run(&mut self) -> Result<(), RunError>;
    /// True if the whole run is one transaction, so that a failure rolls back all steps.
    fn one_transaction(&self) -> bool;
    /// True if the step that failed with `error` may be retried: a lock could not be acquired in time, and nothing else in the run
    /// depends on what was rolled back.
    fn may_retry(&self, error: &SinkError) -> bool;
    /// The number of guests' statements that were sent in the running step, without those of the journal.
    fn statements(&self) -> u64;
}

/// The outcome of a step that did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// Rolled back completely; in a run with one transaction, the whole run was rolled back.
    RolledBack,
    /// The step had left its transaction: what it committed remains and is in the journal.
    Kept,
    /// Its COMMIT was sent, but no answer arrived.
    Unknown,
}

/// True if `error` is PostgreSQL's `lock_timeout` (SQLSTATE 55P03).
pub fn lock_timed_out(error: &SinkError) -> bool {
    matches!(error, SinkError::Statement(failure) if failure.error.sqlstate == "55P03")
}
