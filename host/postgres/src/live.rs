//! The live sink: statements of guests, sent to the server that the run migrates.

mod autocommit;
mod copy;
mod cursor;
mod journal;
mod pooler;
mod read_only;
mod savepoint;
mod sink;
mod statement;
mod step_commit;
mod transaction;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio_postgres::Client;

pub(super) use self::copy::{copy_lines, copy_statement};
pub use self::savepoint::not_the_last;
pub(super) use self::sink::fill_in;
pub use self::sink::{guest_statements, single_statement};
pub(super) use self::statement::described;
pub(super) use self::step_commit::apply;

use self::copy::OpenCopy;
use self::cursor::OpenCursor;
use self::journal::{Journal, JournalRow};
use self::savepoint::OpenSavepoint;
use super::bookkeeping::Records;
use super::connect::ClientEncoding;
use super::driver_error::Failure;
use super::lock::LockKey;
use super::pipeline::{Part, Pipeline};
use super::state::DatabaseState;
use super::tables::Tables;
use mighost_core::Reporter;
use mighost_core::RowChange;
use mighost_core::SinkError;
use mighost_core::{RunError, SessionOptions, StepContext};

/// What is said where the answer to COMMIT did not arrive.
const COMMIT_UNKNOWN: &str = "the answer to COMMIT did not arrive, so it is not known whether the last revision was applied; \
    the next run will find out";

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between steps.
    Idle,
    /// The guest is in its transaction. While an interrupted run is taken up again, there is none on the server yet.
    Transaction,
    /// The guest left its transaction: each statement commits by itself.
    Suspended,
}

/// Sends statements to a server, on one connection. Statements inside a transaction are pipelined: sent without waiting
/// for the answers of those before.
pub struct LiveSink {
    pipeline: Pipeline,
    encoding: ClientEncoding,
    settings: SessionOptions,
    state: DatabaseState,
    tables: Tables,
    records: Records,
    lock: LockKey,
    reporter: Arc<dyn Reporter>,
    operation: Option<Arc<str>>,
    step: Option<StepContext>,
    phase: Phase,
    /// Whether the server is in a transaction (or will be, once what is under way has arrived).
    in_transaction: bool,
    /// Whether `begin_run` was called and `end_run` not yet.
    running: bool,
    session_locked: bool,
    journal: Journal,
    journal_rows: Vec<JournalRow>,
    journal_table: bool,
    /// Set where the rows of the journal may have changed since they were read.
    journal_stale: bool,
    cursors: BTreeMap<u32, OpenCursor>,
    /// The savepoints that the guest holds, the last one opened last.
    savepoints: Vec<OpenSavepoint>,
    copy: Option<OpenCopy>,
    next_number: u32,
    /// Prepared statements that a failure left on the server.
    leftovers: Vec<String>,
    /// The guest's statements of the running step.
    sent: u64,
    /// Whether the session is known to be as it was at its start.
    clean: bool,
    /// Why the next call must end the run.
    poisoned: Option<String>,
    /// Whether the step's COMMIT was sent and not answered yet.
    committing: bool,
    /// Whether the driver was asked for types of the server's in the running transaction.
    described: bool,
    /// Whether the running step has sent PREPARE, which outlives the transaction, rolled back or not.
    prepares: bool,
    /// In a run that is one transaction: the host's savepoint before the running step's first.
    savepoint: Option<String>,
    /// Behind a pooler: what the driver believes to be prepared, as statements that prepare it.
    driver_statements: Vec<String>,
    /// How many steps were closed.
    closed: usize,
    /// The version rows after the last step that is known to be done.
    settled_heads: Vec<String>,
    /// How the steps that are closed and not known to be done change them.
    unsettled: VecDeque<Vec<RowChange>>,
    /// Where the host has sent what a transaction may begin with only once, and the guest nothing but settings: those.
    opening: Option<Vec<String>>,
    /// Whether the database may have constraints whose check is put off. Asked in a run that is one transaction, where looking
    /// for them after each step takes long.
    deferrable: bool,
    /// Why a closed step failed, until it is asked for.
    earlier: Option<RunError>,
}

impl LiveSink {
    /// A sink on `client`, whose connection task must be running and keep `encoding` up to date. `state` is what
    /// [`super::read_state`] returned; the plan of the run was made from its heads.
    pub fn new(
        client: Client,
        encoding: ClientEncoding,
        settings: SessionOptions,
        state: DatabaseState,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        let tables = Tables::new(&settings.version_schema, &settings.version_table);
        let lock = LockKey::new(&settings.version_schema, &settings.version_table);
        Self {
            pipeline: Pipeline::new(client, encoding.unconverted()),
            encoding,
            records: Records::new(tables.clone(), lock),
            tables,
            lock,
            reporter,
            operation: None,
            step: None,
            phase: Phase::Idle,
            in_transaction: false,
            running: false,
            session_locked: false,
            journal: Journal::idle(),
            journal_rows: Vec::new(),
            journal_table: false,
            journal_stale: false,
            cursors: BTreeMap::new(),
            savepoints: Vec::new(),
            copy: None,
            next_number: 0,
            leftovers: Vec::new(),
            sent: 0,
            clean: false,
            poisoned: None,
            committing: false,
            described: false,
            prepares: false,
            savepoint: None,
            driver_statements: Vec::new(),
            closed: 0,
            settled_heads: state.heads.clone(),
            unsettled: VecDeque::new(),
            opening: None,
            earlier: None,
            deferrable: false,
            settings,
            state,
        }
    }

    /// The client, for queries of the host's own between runs.
    pub fn client(&self) -> Arc<Client> {
        self.pipeline.client()
    }

    fn number(&mut self) -> u32 {
        self.next_number = self.next_number.wrapping_add(1);
        self.next_number
    }

    /// A name for something of the session's that cannot be one of the guest's.
    fn next_name(&mut self, what: &str) -> String {
        format!("mighost_{what}_{}", self.number())
    }

    /// The sink's error for a failure in the running step; says in what state a lost connection leaves the database. A
    /// failure of what was sent before the step is kept for [`StepSink::settle`](super::StepSink::settle).
    fn report(&mut self, failure: Failure) -> SinkError {
        let earlier = failure
            .sent
            .is_some_and(|sent| sent.part != Part::Work || self.settled_steps() < self.closed);
        if earlier {
            self.earlier = Some(self.step_error(failure));
            return SinkError::Earlier;
        }
        failure.into_sink(self.lost())
    }

    fn lost(&self) -> &'static str {
        if self.committing {
            COMMIT_UNKNOWN
        } else if !self.running {
            "nothing was changed"
        } else if self.settings.one_transaction() {
            "the transaction of this run was rolled back, so the database is as it was before"
        } else if self.phase == Phase::Suspended || self.journal.written {
            "the revision had left its transaction: what it had done until then stays and is in the journal, and the next \
             run takes it up from there"
        } else {
            "the transaction of this revision was rolled back, so the database is as it was before the revision"
        }
    }
}
