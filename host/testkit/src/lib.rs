//! Tests of plugins and migrations: cases without a database, and with a temporary one.
//!
//! A case runs the real component in the real host with the real limits. Without a database, its statements go to a sink that records
//! them and answers from a list; with one, to a database of its own on a server that exists as long as the suite.

mod align;
mod cancel;
mod case;
mod component;
mod coverage;
mod database;
mod event_log;
mod fake_sink;
pub mod report;
pub mod roundtrip;
mod run;
mod suite;
mod unit_case;
mod update;
mod wave;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mighost_artifact::{LoadedPlugin, ProjectArtifacts};
use mighost_config::ProjectSettings;
use mighost_core::{Reporter, RunSettings};
use mighost_engine::RunSetup;
use mighost_graph::Graph;
use mighost_postgres::connect::Environment;
use mighost_runtime::{Guest, Registry, RuntimeError};

pub use cancel::Stop;
pub use case::{Case, Cell, Context, DatabaseCase, FileError, TestFile};
pub use coverage::{Coverage, Group, Item};
pub use fake_sink::{FakeSink, Unanswered};
pub use report::{CaseKind, CaseResult, Difference, Failure, Outcome, Place, Progress, Subject, SuiteReport};
pub use run::{Options, run};
pub use suite::{Listed, Suite, TestError};
pub use update::FileUpdate;

/// The tested project.
pub struct TestProject {
    /// As in the file, without the environment, which would make tests depend on the machine.
    pub settings: ProjectSettings,
    pub loaded: Arc<ProjectArtifacts>,
    pub graph: Arc<Graph>,
    pub registry: Arc<Registry>,
    /// The settings for finding the server's programs.
    pub environment: Environment,
    /// Tests that are components.
    tests: Vec<LoadedPlugin>,
    guests: Mutex<HashMap<Subject, Arc<Guest>>>,
}

impl TestProject {
    pub fn new(
        settings: ProjectSettings,
        loaded: Arc<ProjectArtifacts>,
        graph: Arc<Graph>,
        registry: Arc<Registry>,
        environment: Environment,
    ) -> Self {
        Self {
            settings,
            loaded,
            graph,
            registry,
            environment,
            tests: Vec::new(),
            guests: Mutex::default(),
        }
    }

    /// Adds tests that are components.
    #[must_use]
    pub fn with_tests(self, tests: Vec<LoadedPlugin>) -> Self {
        Self { tests, ..self }
    }

    /// The same project, for users that outlive this value.
    fn share(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            loaded: self.loaded.clone(),
            graph: self.graph.clone(),
            registry: self.registry.clone(),
            environment: self.environment.clone(),
            tests: Vec::new(),
            guests: Mutex::new(self.guests.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// The folders of tests beside the code: of plugins, then of migrations.
    pub fn test_folders(loaded: &ProjectArtifacts) -> Vec<std::path::PathBuf> {
        let plugins = loaded.plugins.iter().map(|plugin| plugin.place.as_path());
        let revisions = loaded
            .revisions()
            .filter_map(|(revision, _)| loaded.place(&revision.revision));
        let mut folders: Vec<_> = plugins.chain(revisions).map(|place| place.join("tests")).collect();
        folders.dedup();
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// A run of this project under `settings`.
    pub(crate) fn setup(&self, settings: RunSettings, reporter: &Arc<dyn Reporter>) -> RunSetup {
        RunSetup {
            settings,
            loaded: self.loaded.clone(),
            graph: self.graph.clone(),
            registry: self.registry.clone(),
            reporter: reporter.clone(),
            os_user: OS_USER.to_owned(),
        }
    }

    /// The component of a subject, linked to the plugins that it imports.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn guest(&self, subject: &Subject) -> Result<Arc<Guest>, RuntimeError> {
        let guests = || self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guest) = guests().get(subject) {
            return Ok(guest.clone());
        }
        let guest = match subject {
            Subject::Plugin(name) => self.registry.named(name)?,
            Subject::Revision(revision) => {
                let found = self.loaded.revision(revision);
                let (_, artifact) = found.ok_or_else(|| RuntimeError::UnknownVersion {
                    reference: revision.clone(),
                    reason: "the project has no such revision".into(),
                })?;
                Arc::new(self.registry.migration(artifact, revision)?)
            }
            Subject::Project => {
                return Err(RuntimeError::UnknownVersion {
                    reference: "the project".into(),
                    reason: "a project as a whole has no functions to call".into(),
                });
            }
        };
        guests().insert(subject.clone(), guest.clone());
        Ok(guest)
    }

    /// The defaults of the settings that guests of a subject see. Plugins can be used in other projects, so their tests do not depend on
    /// this project's settings; those of a migration do.
    pub(crate) fn context(&self, subject: &Subject) -> Context {
        match subject {
            Subject::Plugin(_) => Context {
                schema: Some("test".into()),
                superuser_role: Some("superuser".into()),
                server_version: Some(DEFAULT_SERVER_VERSION),
                revision: Some("test".into()),
                ..Context::default()
            },
            Subject::Revision(revision) => Context {
                revision: Some(revision.clone()),
                ..self.context(&Subject::Project)
            },
            Subject::Project => Context {
                schema: Some(self.settings.schema.clone()),
                superuser_role: self
                    .settings
                    .superuser_role
                    .clone()
                    .or_else(|| Some("superuser".into())),
                args: self.settings.args.clone(),
                server_version: Some(DEFAULT_SERVER_VERSION),
                ..Context::default()
            },
        }
    }
}

/// The operator, for the ledger.
const OS_USER: &str = "mighost test";

/// A time limit, as text.
fn seconds(limit: std::time::Duration) -> String {
    match limit.as_millis() {
        milliseconds @ ..=999 => format!("{milliseconds} ms"),
        milliseconds if milliseconds.is_multiple_of(1000) => format!("{} s", milliseconds / 1000),
        _ => format!("{:.1} s", limit.as_secs_f64()),
    }
}

/// The result of `postgres.server-version` without a server.
const DEFAULT_SERVER_VERSION: u32 = 150_000;
