//! Runs a plan: for each step begin, instantiate, call, version rows, commit.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};

use crate::error::{EngineError, RunFailure};
use crate::event_sequencer::EventSequencer;
use crate::retry::Attempts;
use mighost_artifact::{ArtifactInfo, ProjectArtifacts};
use mighost_core::{
    Aftermath, Direction, Event, LedgerEntry, Reporter, RunError, Sink, SinkError, StepContext, StepSink,
    TransactionMode,
};
use mighost_graph::{Graph, Plan, Step};
use mighost_runtime::{Guest, GuestContext, GuestStep, HostServices, Registry, RuntimeError, StepInfo, call_migration};

/// Everything that a run works with.
pub struct Run<S> {
    pub plan: Plan,
    pub loaded: Arc<ProjectArtifacts>,
    pub graph: Arc<Graph>,
    pub registry: Arc<Registry>,
    pub settings: Arc<GuestContext>,
    pub sink: Arc<Mutex<S>>,
    pub reporter: Arc<dyn Reporter>,
    /// Of steps whose revision says nothing else.
    pub transaction: TransactionMode,
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
    /// `user@machine`, for the ledger.
    pub os_user: String,
    /// Called for each step, in this order.
    pub hooks: Vec<Arc<Guest>>,
    /// Becomes true when the user wants to stop.
    pub interrupted: watch::Receiver<bool>,
}

/// A step that was done.
#[derive(Clone, Debug, serde::Serialize)]
pub struct StepDone {
    pub direction: Direction,
    pub revision: String,
    pub message: String,
    /// Statements that guests sent.
    pub statements: u64,
    pub seconds: f64,
}

/// What guests find in the rest of a project: plugins by kind, earlier versions of objects by revision.
pub(crate) fn providers(
    loaded: &Arc<ProjectArtifacts>,
    graph: &Arc<Graph>,
    registry: &Arc<Registry>,
    settings: &Arc<GuestContext>,
    reporter: &Arc<dyn Reporter>,
) -> Arc<dyn HostServices> {
    Arc::new(crate::object_versions::ObjectVersions::new(
        loaded.clone(),
        graph.clone(),
        registry.clone(),
        settings.clone(),
        reporter.clone(),
    ))
}

impl<S: StepSink + 'static> Run<S> {
    /// Runs the plan to its end.
    ///
    /// # Errors
    /// The first failure, with what was done before it and what was not.
    pub async fn execute(&self) -> Result<Vec<StepDone>, Box<RunFailure>> {
        let done = Vec::new();
        let begun = tokio::select! {
            biased;
            () = self.interruption() => Err(SinkError::Interrupted.into()),
            begun = async {
                self.compile_first().await;
                self.sink.lock().await.begin_run().await
            } => begun,
        };
        if let Err(error) = begun {
            return Err(self.failure(done, None, flatten(error), "nothing was run".into()));
        }
        let one_transaction = self.sink.lock().await.one_transaction();
        let providers = providers(
            &self.loaded,
            &self.graph,
            &self.registry,
            &self.settings,
            &self.reporter,
        );
        let order = EventSequencer::new(self.reporter.clone());
        let mut settled = self.sink.lock().await.settled();
        let listener = async {
            while settled.changed().await.is_ok() {
                order.settled(*settled.borrow_and_update());
            }
            std::future::pending::<()>().await;
        };
        let ran = tokio::select! {
            biased;
            ran = self.steps(&order, &providers) => ran,
            () = listener => Err(StepFailure { step: None, error: EngineError::ThreadLost, state: "".into() }),
        };
        let StepFailure { step, error, state } = match ran {
            Ok(()) => return Ok(order.take_done()),
            Err(failed) => failed,
        };
        let done = if one_transaction { Vec::new() } else { order.take_done() };
        let mut failure = self.failure(done, step, self.visible_error(error), state.text);
        if step.is_none() {
            failure.not_run.clear();
        }
        failure.not_run.drain(..state.unknown.min(failure.not_run.len()));
        Err(failure)
    }

    /// Runs the steps and ends the run; fails with the number of the step, if it was one, and with what became of it.
    async fn steps(&self, order: &Arc<EventSequencer>, providers: &Arc<dyn HostServices>) -> Result<(), StepFailure> {
        self.compile_ahead();
        let mut number = 0;
        let mut attempts = Attempts::default();
        let mut rows = crate::hooks::Rows::default();
        let mut next = self.plan.steps.first().map(|step| self.prepare(step));
        loop {
            let result = match self.plan.steps.get(number) {
                Some(step) => {
                    let prepared = next.take().unwrap_or_else(|| self.prepare(step));
                    // The next component is compiled while the database works on this one.
                    next = self.plan.steps.get(number + 1).map(|step| self.prepare(step));
                    let info = (!self.hooks.is_empty()).then(|| self.info(number, step, &mut rows));
                    self.step(number, step, prepared, info.as_ref(), providers, order).await
                }
                None => self.sink.lock().await.settle().await.map_err(flatten),
            };
            let Err(error) = result else {
                if number == self.plan.steps.len() {
                    break;
                }
                number += 1;
                continue;
            };
            let (failed, error) = self.failing_step(number, error).await;
            order.settled(failed);
            order.forget_unsettled();
            let Some(step) = self.plan.steps.get(failed) else {
                let state = "nothing else was run".into();
                return Err(StepFailure {
                    step: None,
                    error,
                    state,
                });
            };
            if let Err(error) = self.retry(&mut attempts, failed, error).await {
                let state = self.roll_back(step, failed, number).await;
                let step = Some(failed);
                return Err(StepFailure { step, error, state });
            }
            number = failed;
            next = None;
        }
        order.settled(number);
        let ended = self.sink.lock().await.end_run().await;
        let Err(error) = ended else {
            return Ok(());
        };
        let one_transaction = self.sink.lock().await.one_transaction();
        let state: RunState = if self.settings.offline {
            "the script is incomplete: writing it failed".into()
        } else if !one_transaction {
            "all steps are done and committed".into()
        } else if matches!(error, RunError::Sink(SinkError::ConnectionLost(_))) {
            "it is unknown whether the run, one transaction, was committed; run `mighost current` to find out".into()
        } else {
            self.whole_run_rolled_back(number).into()
        };
        Err(StepFailure {
            step: None,
            error: flatten(error),
            state,
        })
    }

    /// The step that failed: this one, or one before it that the server had not got to yet.
    async fn failing_step(&self, number: usize, error: EngineError) -> (usize, EngineError) {
        let mut sink = self.sink.lock().await;
        let settled = sink.settle().await;
        let failed = (*sink.settled().borrow()).min(number);
        match settled {
            Err(earlier) if failed < number || is_earlier(&error) => (failed, flatten(earlier)),
            _ => (failed, error),
        }
    }

    /// Waits until the user interrupts the run; for ever where nobody can.
    pub(crate) async fn interruption(&self) {
        let mut interrupted = self.interrupted.clone();
        if interrupted.wait_for(|interrupted| *interrupted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The error to show: a statement that was cancelled because the user interrupted the run is the interruption.
    fn visible_error(&self, error: EngineError) -> EngineError {
        const QUERY_CANCELED: &str = "57014";
        match &error {
            EngineError::Runtime(RuntimeError::Sink(SinkError::Statement(failure)))
                if *self.interrupted.borrow() && failure.error.sqlstate == QUERY_CANCELED =>
            {
                RuntimeError::from(SinkError::Interrupted).into()
            }
            _ => error,
        }
    }

    /// Runs a step and sends its end. An error may be that of a step before it.
    async fn step(
        &self,
        number: usize,
        step: &Step,
        prepared: tokio::task::JoinHandle<Result<Option<Guest>, EngineError>>,
        info: Option<&StepInfo>,
        providers: &Arc<dyn HostServices>,
        order: &Arc<EventSequencer>,
    ) -> Result<(), EngineError> {
        let guest = tokio::select! {
            biased;
            () = self.interruption() => return Err(RuntimeError::from(SinkError::Interrupted).into()),
            guest = self.ready(prepared) => guest?,
        };
        let found = self.loaded.revision(&step.revision);
        let message = found.map(|(metadata, _)| metadata.message.clone()).unwrap_or_default();
        // A stamp runs nothing, so whatever the revision needs a transaction or none for does not hold.
        let own_mode = match step.direction {
            Direction::Stamp => Some(TransactionMode::PerMigration),
            Direction::Upgrade | Direction::Downgrade => found.and_then(|(metadata, _)| metadata.transaction),
        };
        let context = StepContext {
            revision: step.revision.clone(),
            direction: step.direction,
            message: message.clone(),
            transaction: own_mode.unwrap_or(self.transaction),
            lock_timeout: self.lock_timeout,
            statement_timeout: self.statement_timeout,
        };
        let begun = Instant::now();
        let reporter = order.of_step(number);
        reporter.report(Event::StepStarted {
            direction: step.direction,
            revision: step.revision.clone(),
            message: message.clone(),
            number: number + 1,
            of: self.plan.steps.len(),
        });
        // Behind a pooler each step waits for the lock.
        tokio::select! {
            biased;
            () = self.interruption() => return Err(RuntimeError::from(SinkError::Interrupted).into()),
            begun = async { self.sink.lock().await.begin_step(&context).await } => begun.map_err(flatten)?,
        }
        let sink: Arc<Mutex<dyn Sink>> = self.sink.clone();
        let run = GuestStep::new(
            step.revision.clone(),
            step.direction,
            self.settings.clone(),
            reporter,
            providers.clone(),
            Some(sink),
        );
        if let Some(guest) = &guest {
            tokio::select! {
                biased;
                () = self.interruption() => return Err(RuntimeError::from(SinkError::Interrupted).into()),
                called = call_migration(guest, &run) => called?,
            }
        }
        if let Some(info) = info {
            tokio::select! {
                biased;
                () = self.interruption() => return Err(RuntimeError::from(SinkError::Interrupted).into()),
                called = self.call_hooks(&run, info) => called?,
            }
        }
        let artifact = found.map(|(_, artifact)| &**artifact);
        let entry = ledger_entry(step, artifact, begun.elapsed(), &self.os_user);
        let mut sink = self.sink.lock().await;
        sink.close_step(&step.changes, &entry).await.map_err(flatten)?;
        let done = StepDone {
            direction: step.direction,
            revision: step.revision.clone(),
            message,
            statements: sink.statements(),
            seconds: 0.0,
        };
        order.closed(done, begun);
        order.settled(*sink.settled().borrow());
        Ok(())
    }

    /// Takes back what is not committed, and says what became of it, and of how many steps behind it that is not known:
    /// `sent` is the first one whose end was not sent. The lock goes with the session or the transaction.
    async fn roll_back(&self, step: &Step, number: usize, sent: usize) -> RunState {
        let mut sink = self.sink.lock().await;
        let aftermath = sink.abort_step().await;
        let revision = &step.revision;
        if self.settings.offline {
            return format!("the script is incomplete: it ends before {revision}").into();
        }
        if sink.one_transaction() {
            return self.whole_run_rolled_back(number).into();
        }
        let behind = self.plan.steps.iter().take(sent).skip(number + 1);
        let behind: Vec<&str> = behind.map(|step| step.revision.as_str()).collect();
        if matches!(aftermath, Ok(Aftermath::Unknown) | Err(_)) && !behind.is_empty() {
            let text = format!(
                "it is unknown whether {revision}, {} were committed; run `mighost current` to find out",
                behind.join(", ")
            );
            let unknown = behind.len();
            return RunState { text, unknown };
        }
        let state = match aftermath {
            Ok(Aftermath::Kept) => format!(
                "{revision} left its transaction: what it committed is kept and in the journal, and the next run \
                 resumes from there"
            ),
            Ok(Aftermath::RolledBack) if number == 0 => format!("{revision} was rolled back"),
            Ok(Aftermath::RolledBack) => format!("{revision} was rolled back; steps before it are kept"),
            Ok(Aftermath::Unknown) | Err(_) => {
                format!("it is unknown whether {revision} was committed; run `mighost current` to find out")
            }
        };
        state.into()
    }

    /// What to say where the run was one transaction, `before` steps of which had gone well.
    fn whole_run_rolled_back(&self, before: usize) -> String {
        let steps = self.plan.steps.iter().take(before);
        let revisions: Vec<&str> = steps.map(|step| step.revision.as_str()).collect();
        let with = if revisions.is_empty() {
            String::new()
        } else {
            format!(", including {}", revisions.join(", "))
        };
        format!("the whole run was rolled back{with}; the database is unchanged")
    }

    fn failure(
        &self,
        done: Vec<StepDone>,
        failed: Option<usize>,
        error: EngineError,
        state: String,
    ) -> Box<RunFailure> {
        let behind = failed.map_or(done.len(), |failed| failed + 1);
        let step = failed.and_then(|failed| self.plan.steps.get(failed));
        Box::new(RunFailure {
            done,
            failed: step.cloned(),
            place: step
                .and_then(|step| self.loaded.place(&step.revision))
                .map(Path::to_owned),
            not_run: self.plan.steps.iter().skip(behind).cloned().collect(),
            error,
            state,
        })
    }
}

/// Why the steps of a run ended early.
struct StepFailure {
    /// The number of the step that failed, if it was a step.
    step: Option<usize>,
    error: EngineError,
    state: RunState,
}

/// What became of a run that failed.
struct RunState {
    /// For the user, e.g. that a revision was rolled back.
    text: String,
    /// Of how many steps after the failed one it is unknown whether they were committed.
    unknown: usize,
}

impl From<String> for RunState {
    fn from(text: String) -> Self {
        Self { text, unknown: 0 }
    }
}

impl From<&str> for RunState {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

fn is_earlier(error: &EngineError) -> bool {
    matches!(error, EngineError::Runtime(RuntimeError::Sink(SinkError::Earlier)))
}

/// A statement's failure is the same whether a guest's call or the step's end found it.
pub(crate) fn flatten(error: RunError) -> EngineError {
    match error {
        RunError::Sink(error) => RuntimeError::from(error).into(),
        other => other.into(),
    }
}

fn ledger_entry(step: &Step, artifact: Option<&ArtifactInfo>, duration: Duration, os_user: &str) -> LedgerEntry {
    LedgerEntry {
        revision: step.revision.clone(),
        direction: step.direction,
        artifact: artifact.map(|artifact| artifact.digest),
        source: artifact.and_then(|artifact| artifact.revisions.as_ref()?.source_digest_of(&step.revision)),
        signer: None,
        duration,
        os_user: os_user.to_owned(),
        host_version: env!("CARGO_PKG_VERSION").into(),
    }
}
