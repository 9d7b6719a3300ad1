//! What the executor asks of a sink beyond what guests may: transactions, version rows, the ledger.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::Digest;
use crate::Direction;
use crate::TransactionMode;
use crate::{RunError, Sink, SinkError};

/// A change of one row of the version table, which holds one row per head. Each must touch exactly one row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    Insert(String),
    Delete(String),
    Update { from: String, to: String },
}

/// What holds for a whole run.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    pub schema: String,
    /// The schema of the version table; mostly `schema` as well.
    pub version_schema: String,
    /// The name of the version table, in `version_schema`; the ledger and the journal are named after it.
    pub version_table: String,
    pub superuser_role: Option<String>,
    /// `All` holds for every step; of the other two each step may choose.
    pub transaction: TransactionMode,
    /// Everything is run and rolled back, in one transaction.
    pub dry_run: bool,
    /// A pooler that gives each transaction another session is in between.
    pub pooler: bool,
    /// How long to wait for another run.
    pub lock_wait: Duration,
    /// The variables of scripts, beside `schema`, `superuser_role` and `revision`.
    pub args: BTreeMap<String, String>,
}

impl SessionOptions {
    /// True where one transaction holds the whole run.
    pub fn one_transaction(&self) -> bool {
        self.dry_run || self.transaction == TransactionMode::All
    }

    /// Why a step may not leave its transaction in this run, if so.
    pub fn cannot_suspend(&self) -> Option<&'static str> {
        if self.dry_run {
            Some("a dry run rolls everything back, and what is committed outside the transaction would stay")
        } else if self.one_transaction() {
            Some("the whole run is one transaction; run it without --transaction all")
        } else if self.pooler {
            Some("a pooler that changes sessions between transactions is in between; connect to the server directly")
        } else {
            None
        }
    }
}

/// What holds for one step.
#[derive(Clone, Debug)]
pub struct StepContext {
    pub revision: String,
    pub direction: Direction,
    /// The revision's message, for the comments of a script.
    pub message: String,
    pub transaction: TransactionMode,
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
}

/// A line of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    pub revision: String,
    pub direction: Direction,
    /// The digest of the artifact that ran; none where nothing was run.
    pub artifact: Option<Digest>,
    /// The digest of the sources that the artifact was built from.
    pub source: Option<Digest>,
    pub signer: Option<String>,
    /// Of a step that had several transactions, whose time the server does not know.
    pub duration: Duration,
    /// Who ran it, as `user@machine`. The database user is added by the server.
    pub os_user: String,
    pub host_version: String,
}

/// A sink that the executor can take through the steps of a run.
///
/// `begin_run`, then for each step `begin_step`, the guest's calls, `begin_hooks` and the calls of hooks where there are any, and
/// `close_step` or `abort_step`; at last `settle` and `end_run`. After an error, `settle` tells whether it was an earlier step that failed, and `abort_step` is due; after
/// `abort_step` the step that failed may be begun again.
#[async_trait]
pub trait StepSink: Sink {
    /// Takes the lock, makes sure of the tables, and begins the transaction where one is for the whole run. Fails with
    /// [`RunError::HeadsMoved`] where the version rows are not those that the plan was made for. After an error nothing is
    /// held, and `end_run` is not due.
    async fn begin_run(&mut self) -> Result<(), RunError>;
    /// Begins the step's transaction, with fresh session settings. Fails with [`RunError::HalfDone`] where another step has
    /// to be ended first.
    async fn begin_step(&mut self, step: &StepContext) -> Result<(), RunError>;
    /// Makes ready for hooks, whose calls follow: a session as at the step's beginning, in the transaction that `close_step`
    /// commits.
    async fn begin_hooks(&mut self) -> Result<(), RunError>;
    /// Sends what ends the step: resets the session, writes the version rows and the ledger, and commits. Does not wait
    /// for the answers, where the next step may be begun without them: none of its statements is carried out if this one
    /// fails. [`Self::settled`] tells when it is done.
    async fn close_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError>;
    /// Waits for all that was sent. After an error, whether of this or of another call, the step that failed is the one
    /// that [`Self::settled`] counts to, and its error is the one that this gives, if any.
    async fn settle(&mut self) -> Result<(), RunError>;
    /// How many steps of the run are done.
    fn settled(&self) -> watch::Receiver<usize>;
    /// Closes the step and waits until it is done.
    async fn end_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.close_step(changes, entry).await?;
        self.settle().await
    }
    /// Rolls back what is not committed, and tells what became of the step. Errors of a connection that is gone are of no
    /// interest here and not reported.
    async fn abort_step(&mut self) -> Result<Aftermath, RunError>;
    /// Commits the transaction of the whole run, or rolls it back where it was a dry run, and gives the lock back.
    async fn end_run(&mut self) -> Result<(), RunError>;
    /// True where one transaction holds the whole run, so that a failure takes all its steps back.
    fn one_transaction(&self) -> bool;
    /// True where the step that failed with `error` may be begun again: a lock was not to be had in time, and nothing
    /// else of the run depends on what was rolled back.
    fn may_retry(&self, error: &SinkError) -> bool;
    /// The statements of guests that were sent in the running step, those of the journal not counted.
    fn statements(&self) -> u64;
}

/// What became of a step that did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// Nothing of it is left; in a run that is one transaction, nothing of the run.
    RolledBack,
    /// It had left its transaction: what it committed until then stays, and is in the journal.
    Kept,
    /// Its COMMIT was sent, and no answer came.
    Unknown,
}

/// True where `error` is PostgreSQL's `lock_timeout` (SQLSTATE 55P03).
pub fn lock_timed_out(error: &SinkError) -> bool {
    matches!(error, SinkError::Statement(failure) if failure.error.sqlstate == "55P03")
}
