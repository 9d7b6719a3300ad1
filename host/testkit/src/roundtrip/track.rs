//! A database of its own on a server of its own, taken through the history step by step.
//!
//! Why a server for each: roles belong to the whole server. A revision that makes one and drops it on the way down would meet
//! the role that another database of the server still needs. For the same reason a state is not kept as a copy of the
//! database (`CREATE DATABASE ... TEMPLATE`) to come back to: the copy would hold on to roles that a downgrade drops. A lane
//! goes each step on what the step before left, which takes N steps, and only where a revision did not leave what it should
//! is the lane begun anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::rows::{self, AllRows};
use super::tee_sink::{Recorded, Recording};
use super::{HistoryError, Shared};
use crate::coverage::Item;
use crate::event_log::Heard;
use crate::seconds;
use mighost_core::{
    Direction, Event, PostgresSink, Reporter, RowChange, RunSettings, Silent, SinkError, StepSink, quote_identifier,
    quote_literal, search_path,
};
use mighost_engine::{EngineError, RunFailure};
use mighost_graph::{Plan, Step};
use mighost_postgres::catalog::Catalog;
use mighost_postgres::connect::{self, ConnectTarget, Connection};
use mighost_postgres::embedded::{TemporaryServer, TemporaryServerOptions};
use mighost_postgres::{DatabaseState, LiveSink, ScriptHeader, ScriptSink};
use mighost_runtime::{GuestContext, RuntimeError, ServerFacts};

/// The database that a lane works on.
const DATABASE: &str = "work";

/// Nobody else works on the database.
const LOCK_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Track<'s> {
    shared: &'s Shared<'s>,
    /// Settings of the sessions that migrations run in, as `options` of a connection.
    options: Option<&'static str>,
    /// Ends with the lane.
    _server: TemporaryServer,
    pub target: ConnectTarget,
    observer: Connection,
    version: u32,
    /// The rows of the version table.
    rows: Vec<String>,
    /// What guests have said since it was asked.
    said: Arc<Said>,
}

impl<'s> Track<'s> {
    /// Starts a server and makes the database, as an operator would before the first upgrade.
    ///
    /// # Errors
    /// [`HistoryError::NotBegun`].
    pub async fn begin(shared: &'s Shared<'s>) -> Result<Self, HistoryError> {
        let begun = Self::start(shared).await;
        begun.map_err(|error| HistoryError::NotBegun(Box::new(error)))
    }

    async fn start(shared: &'s Shared<'s>) -> Result<Self, HistoryError> {
        let (embedded, environment) = (shared.settings.embedded.clone(), shared.environment.clone());
        let start =
            move || TemporaryServer::start(&embedded, &TemporaryServerOptions::default(), &environment, &Silent);
        let server = tokio::task::spawn_blocking(start)
            .await
            .map_err(|_| HistoryError::ThreadLost)??;
        let first = connect::connect(server.target(), Arc::new(Silent)).await?;
        let mut make = String::new();
        if let Some(role) = &shared.settings.superuser_role {
            // What the operator of a real server has made long before.
            let _ = write!(
                make,
                "DO {}",
                quote_literal(&format!(
                    "BEGIN IF pg_catalog.to_regrole({}) IS NULL THEN CREATE ROLE {name} SUPERUSER; END IF; END",
                    quote_literal(&quote_identifier(role)),
                    name = quote_identifier(role)
                ))
            );
        }
        first.client.batch_execute(&make).await?;
        first
            .client
            .batch_execute(&format!("CREATE DATABASE {DATABASE}"))
            .await?;
        first.close().await;
        let target = server.target().with_database(DATABASE);
        let observer = connect::connect(&target, Arc::new(Silent)).await?;
        let settings = &shared.settings;
        for schema in [&settings.schema, &settings.version_table_schema] {
            let create = format!("CREATE SCHEMA IF NOT EXISTS {}", quote_identifier(schema));
            observer.client.batch_execute(&create).await?;
        }
        let mut lane = Self {
            shared,
            options: None,
            _server: server,
            target,
            observer,
            version: 0,
            rows: Vec::new(),
            said: Arc::default(),
        };
        for script in &settings.test.setup {
            lane.script(script).await?;
        }
        lane.version = lane.state(&lane.observer).await?.server_version;
        Ok(lane)
    }

    /// Throws everything away and goes up to what the first `steps` steps lead to, their seeds put in where `seeded`.
    pub async fn begin_anew(&mut self, steps: usize, seeded: bool) -> Result<(), HistoryError> {
        let mut lane = Self::start(self.shared).await?;
        let first = self.shared.plan.steps.get(..steps).unwrap_or_default();
        if seeded {
            for step in first {
                lane.run(vec![step.clone()], false)
                    .await
                    .map_err(HistoryError::NotAgain)?;
                lane.seed(&step.revision).await?;
            }
        } else {
            lane.run(first.to_vec(), false).await.map_err(HistoryError::NotAgain)?;
        }
        *self = lane;
        Ok(())
    }

    /// Goes up a step in a session with other settings.
    pub async fn up_with(&mut self, step: &Step, options: &'static str) -> Result<Recorded, Box<RunFailure>> {
        self.options = Some(options);
        let ran = self.up(step).await;
        self.options = None;
        ran
    }

    /// Goes up a step.
    pub async fn up(&mut self, step: &Step) -> Result<Recorded, Box<RunFailure>> {
        self.run(vec![step.clone()], false).await
    }

    /// Takes a step back that was the last to be made.
    pub async fn down(&mut self, step: &Step) -> Result<Recorded, Box<RunFailure>> {
        self.run(vec![reverse(step)], false).await
    }

    /// Takes a step back and makes it again, all of which is rolled back then.
    pub async fn try_down_and_up(&mut self, step: &Step) -> Result<Recorded, Box<RunFailure>> {
        self.run(vec![reverse(step), step.clone()], true).await
    }

    async fn state(&self, connection: &Connection) -> Result<DatabaseState, HistoryError> {
        let settings = &self.shared.settings;
        Ok(mighost_postgres::read_state(
            &connection.client,
            &settings.version_table_schema,
            &settings.version_table,
        )
        .await?)
    }

    async fn run(&mut self, steps: Vec<Step>, dry_run: bool) -> Result<Recorded, Box<RunFailure>> {
        if steps.is_empty() {
            return Ok(Recorded::default());
        }
        let plan = Plan {
            start: self.rows.clone(),
            steps,
            passed: Vec::new(),
        };
        let lost = |error: HistoryError| failed_early(&plan, SinkError::ConnectionLost(error.to_string()));
        let target = ConnectTarget {
            options: self.options.map(str::to_owned),
            ..self.target.clone()
        };
        let connection = connect::connect(&target, Arc::new(Silent)).await;
        let connection = connection.map_err(|error| lost(error.into()))?;
        let state = self.state(&connection).await.map_err(lost)?;
        let guests = self.guests(false, Some(state.server_version));
        let sink = LiveSink::new(
            connection.client,
            connection.watch,
            self.run_settings().session(dry_run, false),
            state,
            self.said.clone(),
        );
        let rows = plan.rows();
        let recorded = self.execute(plan, guests, sink).await?;
        if !dry_run {
            self.rows = rows;
        }
        Ok(recorded)
    }

    /// Writes the script of a step instead of running it.
    pub async fn write_script(&self, step: &Step) -> Result<(Recorded, String), Box<RunFailure>> {
        let plan = Plan {
            start: self.rows.clone(),
            steps: vec![step.clone()],
            passed: Vec::new(),
        };
        let header = ScriptHeader {
            host_version: env!("CARGO_PKG_VERSION").into(),
            from: plan.start.clone(),
            to: plan.rows(),
            tag: None,
        };
        let script = Script::default();
        let sink = ScriptSink::new(
            Box::new(script.clone()),
            self.run_settings().session(false, false),
            header,
        );
        let guests = self.guests(true, None);
        let recorded = self.execute(plan, guests, sink).await?;
        let bytes = std::mem::take(&mut *script.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((recorded, String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Takes note that a script has made `step`.
    pub fn passed(&mut self, step: &Step) {
        let plan = Plan {
            start: self.rows.clone(),
            steps: vec![step.clone()],
            passed: Vec::new(),
        };
        self.rows = plan.rows();
    }

    async fn execute<S: StepSink + PostgresSink + 'static>(
        &self,
        plan: Plan,
        guests: GuestContext,
        sink: S,
    ) -> Result<Recorded, Box<RunFailure>> {
        let sink = Arc::new(tokio::sync::Mutex::new(Recording::new(sink)));
        let (_keep, interrupted) = watch::channel(false);
        let reporter: Arc<dyn Reporter> = self.said.clone();
        let setup = self.shared.project.setup(self.run_settings(), &reporter);
        // Hooks do what the run does beside the migrations, which is not tested here.
        let run = setup
            .run(plan.clone(), guests, sink.clone(), &[], interrupted)
            .map_err(|error| failed_early(&plan, error))?;
        let steps = u32::try_from(plan.steps.len()).unwrap_or(u32::MAX).max(1);
        let limit = self.shared.settings.test.timeout.saturating_mul(steps);
        let ran = tokio::time::timeout(limit, run.execute()).await;
        self.shared.ran(self.said.take_items());
        match ran {
            Ok(ran) => drop(ran?),
            Err(_) => return Err(failed_early(&plan, SinkError::Misuse(out_of_time(limit)))),
        }
        let recorded = std::mem::take(&mut sink.lock().await.recorded);
        Ok(recorded)
    }

    /// Those of the project. A script's reader is the superuser of the server, whose role stands for the superuser role.
    fn run_settings(&self) -> RunSettings {
        RunSettings {
            lock_wait: LOCK_WAIT,
            ..self.shared.settings.run()
        }
    }

    fn guests(&self, offline: bool, version: Option<u32>) -> GuestContext {
        let user = &self.target.user;
        let settings = self.run_settings();
        let role = settings.superuser_role.clone().or_else(|| Some(user.clone()));
        let server = version.map(|version| ServerFacts { user, version });
        GuestContext {
            superuser_role: role,
            ..GuestContext::new(&settings, offline, server)
        }
    }

    pub async fn catalog(&self) -> Result<Arc<Catalog>, HistoryError> {
        let catalog = mighost_postgres::catalog::read(&self.observer.client, &self.shared.scope, self.version).await?;
        Ok(Arc::new(catalog))
    }

    pub async fn all_rows(&self) -> Result<AllRows, HistoryError> {
        Ok(rows::read(&self.observer.client, &self.shared.scope).await?)
    }

    /// Whether a step was left half done, outside its transaction.
    pub async fn is_half_done(&self) -> Result<bool, HistoryError> {
        Ok(!self.state(&self.observer).await?.interrupted.is_empty())
    }

    /// Runs a statement of the test's own.
    pub async fn prepare(&self, statement: &str) -> Result<(), HistoryError> {
        Ok(self.observer.client.batch_execute(statement).await?)
    }

    /// Puts in what is to be put in after `revision`; false where there is nothing.
    pub async fn seed(&self, revision: &str) -> Result<bool, HistoryError> {
        let seeds = self.shared.seeds(revision);
        let refused = || self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for seed in seeds.into_iter().filter(|seed| !refused().contains(seed)) {
            let ran = self.script(&seed).await;
            if ran.is_err() {
                // Told once: the lane goes on without it, this time and whenever it is begun anew.
                refused().insert(seed);
            }
            ran?;
            any = true;
        }
        Ok(any)
    }

    /// Runs a script of the project's, with the search path that its migrations have.
    async fn script(&self, path: &Path) -> Result<(), HistoryError> {
        let unreadable = |source| HistoryError::Script {
            path: path.to_owned(),
            reason: format!("{source}"),
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let settings = &self.shared.settings;
        let path_set = format!(
            "SET search_path = {}",
            search_path(&settings.schema, &settings.search_path)
        );
        self.observer.client.batch_execute(&path_set).await?;
        let ran = self.observer.client.batch_execute(&text).await;
        self.observer.client.batch_execute("RESET ALL; RESET ROLE").await.ok();
        ran.map_err(|error| HistoryError::Script {
            path: path.to_owned(),
            reason: match error.as_db_error() {
                Some(error) => format!("{} (SQLSTATE {})", error.message(), error.code().code()),
                None => error.to_string(),
            },
        })
    }

    /// What guests have said since the last time.
    pub fn take_said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.0.lock().unwrap_or_else(PoisonError::into_inner).messages)
    }
}

/// The step that takes `step` back.
pub(super) fn reverse(step: &Step) -> Step {
    let changes = step.changes.iter().rev().map(|change| match change {
        RowChange::Insert(row) => RowChange::Delete(row.clone()),
        RowChange::Delete(row) => RowChange::Insert(row.clone()),
        RowChange::Update { from, to } => RowChange::Update {
            from: to.clone(),
            to: from.clone(),
        },
    });
    Step {
        direction: Direction::Downgrade,
        revision: step.revision.clone(),
        from: step.to.clone(),
        to: step.from.clone(),
        changes: changes.collect(),
    }
}

fn out_of_time(limit: Duration) -> String {
    format!(
        "it did not finish within {}; to allow more time, set `[test] timeout = \"10min\"` in mighost.toml",
        seconds(limit)
    )
}

/// A run that did not come to its first step, or was left before its last.
fn failed_early(plan: &Plan, error: impl Into<RuntimeError>) -> Box<RunFailure> {
    Box::new(RunFailure {
        done: Vec::new(),
        failed: None,
        place: None,
        not_run: plan.steps.clone(),
        error: EngineError::Runtime(error.into()),
        state: String::new(),
    })
}

/// A script in memory.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Script {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How many messages of a step are kept.
const MAX_SAID: usize = 100;

/// What a lane's runs say and do.
#[derive(Default)]
struct Said(Mutex<Heard>);

impl Said {
    fn take_items(&self) -> BTreeSet<Item> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).items)
    }
}

impl Reporter for Said {
    fn report(&self, event: Event) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match event {
            Event::GuestMessage { text, .. } => text,
            Event::ServerNotice { severity, message } => format!("{severity}: {message}"),
            other => return heard.items.extend(Item::of_event(other)),
        };
        if heard.messages.len() < MAX_SAID {
            heard.messages.push(text);
        }
    }
}
