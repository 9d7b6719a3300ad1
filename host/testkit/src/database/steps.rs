//! Calls and runs on a case's database, by the same sink and executor as `mighost upgrade` has.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::server::{Database, Server};
use super::{BASE, set_search_path, untested};
use crate::case::Context;
use crate::event_log::Listener;
use crate::report::{Failure, Subject};
use crate::unit_case::{CallFailure, Ended, Sequence, make};
use crate::{OS_USER, TestProject};
use mighost_core::{
    Direction, LedgerEntry, Reporter, RunError, RunSettings, Silent, Sink, StepContext, StepSink, TransactionMode,
};
use mighost_engine::{EngineError, RunSetup};
use mighost_graph::Plan;
use mighost_postgres::{DatabaseState, LiveSink, read_state};
use mighost_runtime::{Guest, GuestContext, GuestStep, RuntimeError, ServerFacts};

/// Nobody else is on the database.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What holds for every run of a case.
pub(crate) struct Session<'a> {
    pub project: &'a TestProject,
    pub settings: RunSettings,
    /// The revision that guests see in calls.
    revision: String,
}

impl<'a> Session<'a> {
    /// `context` is what the file says; the role is the connection's where it says none.
    pub fn new(
        project: &'a TestProject,
        subject: &Subject,
        context: &Context,
        transaction: Option<TransactionMode>,
    ) -> Self {
        let superuser_role = context.superuser_role.clone();
        let context = context.over(&project.context(subject));
        let own = match subject {
            Subject::Revision(revision) => project.loaded.revision(revision),
            Subject::Plugin(_) | Subject::Project => None,
        };
        let run = project.settings.run();
        let schema = context.schema.clone().unwrap_or_default();
        let transaction = transaction
            .or_else(|| own.and_then(|(metadata, _)| metadata.transaction))
            .unwrap_or(run.transaction);
        // It follows the schema that a case names, unless the project keeps it elsewhere.
        let version_table_schema = match run.version_table_schema == run.schema {
            true => schema.clone(),
            false => run.version_table_schema.clone(),
        };
        Self {
            project,
            settings: RunSettings {
                schema,
                version_table_schema,
                superuser_role,
                args: context.args,
                transaction,
                lock_wait: LOCK_WAIT,
                ..run
            },
            revision: context.revision.clone().unwrap_or_default(),
        }
    }

    /// Puts the schema first, for the statements of the file itself.
    pub fn search_path(&self) -> String {
        set_search_path(&self.settings.schema, &self.settings.search_path)
    }

    /// A database that is at `at`; an empty list is the base.
    pub async fn database(&self, server: &Arc<Server>, at: &[String]) -> Result<Database, Failure> {
        let at: Vec<&str> = at.iter().map(String::as_str).filter(|at| *at != BASE).collect();
        let key = format!(
            "{:?}",
            (
                &self.settings.schema,
                &self.settings.superuser_role,
                &self.settings.args,
                &at
            )
        );
        let mut failure = None;
        let made = server.database(&key, async |name| {
            let template = Database {
                server: server.clone(),
                name: name.to_owned(),
            };
            let listener = Arc::new(Listener::default());
            match self.go_to(&template, &at, &listener).await {
                Ok(()) => Ok(()),
                Err(failed) => {
                    let text = failed.what.clone();
                    failure = Some(failed);
                    Err(text)
                }
            }
        });
        let made = made.await;
        made.map_err(|text| {
            failure.unwrap_or_else(|| Failure::new(format!("there is no database for the case: {text}")))
        })
    }

    async fn go_to(&self, database: &Database, at: &[&str], listener: &Arc<Listener>) -> Result<(), Failure> {
        let plan = |state: &DatabaseState| match at {
            [] => Ok(Plan::default()),
            at => self.project.graph.upgrade(&state.heads, at),
        };
        let ended = self.run(database, plan, &[], listener).await?;
        ended.map_or(Ok(()), |error| {
            Err(untested(
                &format!("the database cannot be migrated to {}", at.join(", ")),
                &error,
            ))
        })
    }

    /// Goes up or down to a target; answers why that ended early, if it did.
    pub async fn migrate(
        &self,
        database: &Database,
        target: &str,
        up: bool,
        hooks: &[String],
        listener: &Arc<Listener>,
    ) -> Result<Option<CallFailure>, Failure> {
        let graph = &self.project.graph;
        let plan = |state: &DatabaseState| match up {
            true => graph.upgrade(&state.heads, &[target]),
            false => graph.downgrade(&state.heads, target),
        };
        self.run(database, plan, hooks, listener).await
    }

    async fn run(
        &self,
        database: &Database,
        plan: impl FnOnce(&DatabaseState) -> Result<Plan, mighost_graph::GraphError>,
        hooks: &[String],
        listener: &Arc<Listener>,
    ) -> Result<Option<CallFailure>, Failure> {
        let failed = |text: String| Failure::new(text);
        let reporter: Arc<dyn Reporter> = listener.clone();
        let (sink, state) = self.sink(database, &reporter).await?;
        let plan = plan(&state).map_err(|error| failed(error.to_string()))?;
        let guests = self.guests(&state);
        // Nobody interrupts a case; the channel must stay open for that.
        let (_keep, interrupted) = watch::channel(false);
        let setup = RunSetup {
            // Each revision has its own mode; that of the case is for calls.
            settings: RunSettings {
                transaction: self.project.settings.transaction,
                ..self.settings.clone()
            },
            ..self.setup(&reporter)
        };
        let run = setup.run(plan, guests, Arc::new(Mutex::new(sink)), hooks, interrupted);
        let run = run.map_err(|error| failed(error.to_string()))?;
        Ok(match run.execute().await {
            Ok(_) => None,
            Err(failure) => {
                let mut error = match &failure.error {
                    EngineError::Runtime(error) => CallFailure::of(error),
                    EngineError::Hook { error, .. } => CallFailure::of(error),
                    EngineError::Run(error) => run_error(error),
                    EngineError::Artifact(_) | EngineError::NoArtifact(_) | EngineError::ThreadLost => {
                        plain(&failure.error)
                    }
                };
                if let Some(step) = &failure.failed {
                    error
                        .details
                        .insert(0, format!("in the {} of revision {}", step.direction, step.revision));
                }
                Some(error)
            }
        })
    }

    /// Makes calls, as one step of a run, or as one for each `upgrade` and `downgrade`.
    pub async fn call(
        &self,
        database: &Database,
        guest: &Arc<Guest>,
        sequence: &Sequence<'_>,
        listener: &Arc<Listener>,
    ) -> Result<Ended, Failure> {
        let reporter: Arc<dyn Reporter> = listener.clone();
        let (sink, state) = self.sink(database, &reporter).await?;
        let settings = Arc::new(self.guests(&state));
        let providers = self.setup(&reporter).services(&settings);
        let sink = Arc::new(Mutex::new(sink));
        let ready = sink.lock().await.begin_run().await;
        ready.map_err(|error| Failure::new(error.to_string()))?;
        let mut open = false;
        let step = async |direction: Direction| {
            let mut live = sink.lock().await;
            if open {
                end(&mut live, &self.revision).await?;
            }
            let context = StepContext {
                revision: self.revision.clone(),
                direction,
                message: String::new(),
                transaction: self.settings.transaction,
                lock_timeout: self.settings.lock_timeout,
                statement_timeout: self.settings.statement_timeout,
            };
            live.begin_step(&context).await.map_err(|error| run_error(&error))?;
            open = true;
            drop(live);
            let dynamic: Arc<Mutex<dyn Sink>> = sink.clone();
            let (settings, reporter, providers) = (settings.clone(), reporter.clone(), providers.clone());
            let revision = self.revision.clone();
            Ok(GuestStep::new(
                revision,
                direction,
                settings,
                reporter,
                providers,
                Some(dynamic),
            ))
        };
        let mut ended = make(guest, sequence, step).await;
        let mut live = sink.lock().await;
        if ended.error.is_none() && open {
            ended.error = end(&mut live, &self.revision).await.err();
        } else if let Err(error) = live.settle().await {
            // Statements are sent ahead: the first that failed is the one to tell.
            ended.error = Some(run_error(&error));
        }
        let _ = match ended.error {
            Some(_) => live.abort_step().await.map(drop),
            None => live.end_run().await,
        };
        Ok(ended)
    }

    async fn sink(
        &self,
        database: &Database,
        reporter: &Arc<dyn Reporter>,
    ) -> Result<(LiveSink, DatabaseState), Failure> {
        let connection = database.connect(reporter.clone()).await.map_err(Failure::new)?;
        let settings = &self.settings;
        let state = read_state(
            &connection.client,
            &settings.version_table_schema,
            &settings.version_table,
        )
        .await;
        let state = state.map_err(|error| Failure::new(error.to_string()))?;
        let sink = LiveSink::new(
            connection.client,
            connection.watch,
            settings.session(false, false),
            state.clone(),
            Arc::new(Silent),
        );
        Ok((sink, state))
    }

    fn setup(&self, reporter: &Arc<dyn Reporter>) -> RunSetup {
        self.project.setup(self.settings.clone(), reporter)
    }

    fn guests(&self, state: &DatabaseState) -> GuestContext {
        let server = ServerFacts {
            user: &state.user,
            version: state.server_version,
        };
        GuestContext::new(&self.settings, false, Some(server))
    }
}

/// Ends a step that changes no version rows.
async fn end(sink: &mut LiveSink, revision: &str) -> Result<(), CallFailure> {
    let entry = LedgerEntry {
        revision: revision.to_owned(),
        direction: Direction::Upgrade,
        artifact: None,
        source: None,
        signer: None,
        duration: Duration::ZERO,
        os_user: OS_USER.into(),
        host_version: env!("CARGO_PKG_VERSION").into(),
    };
    sink.end_step(&[], &entry).await.map_err(|error| run_error(&error))
}

fn plain(error: &dyn std::fmt::Display) -> CallFailure {
    CallFailure {
        text: error.to_string(),
        details: Vec::new(),
        hint: None,
        error: None,
    }
}

/// A statement that the server refused is told as a call's is.
fn run_error(error: &RunError) -> CallFailure {
    match error {
        RunError::Sink(mighost_core::SinkError::Statement(failure)) => {
            CallFailure::of(&RuntimeError::Sink(mighost_core::SinkError::Statement(failure.clone())))
        }
        other => plain(other),
    }
}
