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

pub(super) use self::copy::copy_lines;
pub use self::copy::copy_statement;
pub use self::savepoint::{not_the_last, outside_transaction};
pub(super) use self::sink::parts;
pub use self::sink::{guest_statements, single_statement};
pub(super) use self::statement::described;
pub(super) use self::step_commit::apply;

use self::copy::OpenCopy;
use self::cursor::OpenCursor;
use self::journal::{Journal, JournalRow};
use self::savepoint::OpenSavepoint;
use super::bookkeeping::Records;
use super::connect::SessionWatch;
use super::driver_error::Failure;
use super::lock::LockKey;
use super::pipeline::{Part, Pipeline};
use super::state::DatabaseState;
use super::tables::{AS_GUEST, Tables, step_settings};
use mighost_core::sql::RefusedSetting;
use mighost_core::{Reporter, RowChange, RunError, SessionOptions, SinkError, StepContext};

/// What is said where the answer to COMMIT did not arrive.
const COMMIT_UNKNOWN: &str = "the answer to COMMIT did not arrive, so it is not known whether the last revision was applied; \
    the next run will find out";

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between steps.
    Idle,
    /// The guest is in its transaction. While an interrupted run is resumed, there is none on the server yet.
    Transaction,
    /// The guest left its transaction: each statement commits by itself.
    Suspended,
}

/// What the guests of a step hold open.
#[derive(Default)]
struct Handles {
    cursors: BTreeMap<u32, OpenCursor>,
    /// The last one opened last.
    savepoints: Vec<OpenSavepoint>,
    copy: Option<OpenCopy>,
    next_number: u32,
}

impl Handles {
    /// The transaction that cursors and savepoints live in has ended.
    fn transaction_ended(&mut self) {
        self.cursors.clear();
        self.savepoints.clear();
    }
}

/// The running step.
struct StepState {
    context: Option<StepContext>,
    phase: Phase,
    /// The guest's statements.
    sent: u64,
    /// Why the next call must end the run.
    poisoned: Option<String>,
    /// Whether its COMMIT was sent and not answered yet.
    committing: bool,
    /// Whether it has sent PREPARE, which outlives the transaction, rolled back or not.
    prepares: bool,
    /// In a run that is one transaction: the host's savepoint before the step's first.
    savepoint: Option<String>,
    /// If the host has sent what a transaction may begin with only once, and the guest nothing but settings: those settings.
    opening: Option<Vec<String>>,
}

impl StepState {
    fn idle() -> Self {
        Self {
            context: None,
            phase: Phase::Idle,
            sent: 0,
            poisoned: None,
            committing: false,
            prepares: false,
            savepoint: None,
            opening: None,
        }
    }

    /// A step begins. Its phase and what the transaction keeps are set once that is known.
    fn begin(&mut self, context: &StepContext) {
        self.context = Some(context.clone());
        self.sent = 0;
        self.poisoned = None;
        self.committing = false;
        self.opening = None;
    }

    fn end(&mut self) {
        self.phase = Phase::Idle;
        self.context = None;
    }
}

/// Which steps are known to be done.
struct Settlement {
    /// How many steps were closed.
    closed: usize,
    /// The version rows after the last step that is known to be done.
    heads: Vec<String>,
    /// How the steps that are closed and not known to be done change them.
    pending: VecDeque<Vec<RowChange>>,
    /// Why a closed step failed, until it is asked for.
    earlier: Option<RunError>,
}

/// What the driver has prepared, and what a pooler makes of that.
#[derive(Default)]
struct PreparedState {
    /// Whether the driver was asked for types of the server's in the running transaction.
    described: bool,
    /// With a pooler: what the driver believes to be prepared, as statements that prepare it.
    driver_statements: Vec<String>,
}

/// The journal's table, as it was read last.
#[derive(Default)]
struct JournalTable {
    exists: bool,
    rows: Vec<JournalRow>,
    /// Set when the rows may have changed since they were read.
    stale: bool,
}

/// Sends statements to a server, on one connection. Statements inside a transaction are pipelined: sent without waiting
/// for the answers of those before. It puts its parts' work in order; each part keeps its own state.
pub struct LiveSink {
    pipeline: Pipeline,
    watch: SessionWatch,
    settings: SessionOptions,
    state: DatabaseState,
    tables: Tables,
    records: Records,
    lock: LockKey,
    reporter: Arc<dyn Reporter>,
    operation: Option<Arc<str>>,
    step: StepState,
    handles: Handles,
    journal: Journal,
    journal_table: JournalTable,
    settlement: Settlement,
    prepared: PreparedState,
    /// Whether `begin_run` was called and `end_run` not yet.
    running: bool,
    session_locked: bool,
    /// Whether the server is in a transaction (or will be, once what is under way has arrived).
    in_transaction: bool,
    /// Whether the session is known to be as it was at its start.
    clean: bool,
    /// Whether the database may have constraints whose check is put off. Asked in a run that is one transaction, where looking
    /// for them after each step takes long.
    deferrable: bool,
    /// Whether the server notices during a statement that mighost is gone.
    checks_client: bool,
}

impl LiveSink {
    /// A sink on `client`, whose connection task must be running and keep `encoding` up to date. `state` is what
    /// [`super::read_state`] returned; the plan of the run was made from its heads.
    pub fn new(
        client: Client,
        watch: SessionWatch,
        settings: SessionOptions,
        state: DatabaseState,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        let tables = Tables::new(&settings.version_schema, &settings.version_table);
        let lock = LockKey::new(&settings.version_schema, &settings.version_table);
        Self {
            pipeline: Pipeline::new(client, watch.unconverted()),
            watch,
            records: Records::new(tables.clone(), lock),
            tables,
            lock,
            reporter,
            operation: None,
            step: StepState::idle(),
            handles: Handles::default(),
            journal: Journal::idle(),
            journal_table: JournalTable::default(),
            settlement: Settlement {
                closed: 0,
                heads: state.heads.clone(),
                pending: VecDeque::new(),
                earlier: None,
            },
            prepared: PreparedState::default(),
            running: false,
            session_locked: false,
            in_transaction: false,
            clean: false,
            deferrable: false,
            checks_client: false,
            settings,
            state,
        }
    }

    /// The client, for queries of the host's own between runs.
    pub fn client(&self) -> Arc<Client> {
        self.pipeline.client()
    }

    /// The settings that a step begins with.
    fn begin_settings(&self, step: &StepContext) -> String {
        let mut settings = step_settings(&self.settings.quoted_path(), step.lock_timeout, step.statement_timeout);
        settings.push(self.session_life().to_owned());
        if self.settings.pooler {
            settings.push(crate::session::set_meaning());
        }
        settings.push(AS_GUEST.to_owned());
        settings.join("; ")
    }

    /// Applies [`Self::session_life`]. A server on an operating system that cannot watch a connection refuses one of its settings.
    async fn begin_session(&mut self) -> Result<(), SinkError> {
        self.checks_client = self.state.server_version >= 140_000;
        if self.ask_now(self.session_life()).await.is_err() {
            self.checks_client = false;
            self.ask_now(self.session_life()).await?;
        }
        Ok(())
    }

    /// Switches off what would end the session while a guest computes, or is compiled; and lets the server end a statement whose client is
    /// gone, so that it does not keep the lock.
    fn session_life(&self) -> &'static str {
        match self.state.server_version {
            ..140_000 => "SET idle_in_transaction_session_timeout = 0",
            _ if self.checks_client => {
                "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; \
                 SET client_connection_check_interval = '10s'"
            }
            _ => "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0",
        }
    }

    /// The setting of the session that ends the run. Behind a pooler the server reports the default of the database between transactions,
    /// and the end of a step asks it.
    fn refused(&self) -> Option<RefusedSetting> {
        let refused = self.watch.refused();
        refused.filter(|refused| !self.settings.pooler || *refused != RefusedSetting::BackslashEscapes)
    }

    fn number(&mut self) -> u32 {
        self.handles.next_number = self.handles.next_number.wrapping_add(1);
        self.handles.next_number
    }

    /// The sink's error for a failure in the running step; says in what state a lost connection leaves the database. A
    /// failure of what was sent before the step is kept for [`StepSink::settle`](super::StepSink::settle).
    fn report(&mut self, failure: Failure) -> SinkError {
        let earlier = failure
            .sent
            .is_some_and(|sent| sent.part != Part::Work || self.settled_steps() < self.settlement.closed);
        if earlier {
            self.settlement.earlier = Some(self.step_error(failure));
            return SinkError::Earlier;
        }
        self.sink_error(failure, self.lost())
    }

    /// The sink's error for a failure; `lost` describes the state in which a lost connection leaves the database. If the server gave a
    /// reason before it closed the connection, the reason is shown.
    fn sink_error(&self, failure: Failure, lost: &str) -> SinkError {
        match self.watch.lost() {
            Some(reason) if failure.is_lost() && failure.code().is_none() => {
                SinkError::ConnectionLost(format!("{reason}; {lost}"))
            }
            _ => failure.into_sink(lost),
        }
    }

    fn lost(&self) -> &'static str {
        if self.step.committing {
            COMMIT_UNKNOWN
        } else if !self.running {
            "nothing was changed"
        } else if self.settings.one_transaction() {
            "the transaction of this run was rolled back, so the database is as it was before"
        } else if self.step.phase == Phase::Suspended || self.journal.written {
            "the revision left its transaction: what it did so far is kept and in the journal, and the next run \
             resumes from there"
        } else {
            "the transaction of this revision was rolled back, so the database is as it was before the revision"
        }
    }
}
