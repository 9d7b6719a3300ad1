//! The one place that sets up a run: live runs, scripts, dry runs and tests differ only in their sink.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use mighost_artifact::ProjectArtifacts;
use mighost_core::{Reporter, RunSettings};
use mighost_graph::{Graph, Plan};
use mighost_runtime::{GuestContext, HostServices, Registry, RuntimeError};

use crate::run::{Run, providers};

/// A project to run, with its settings.
#[derive(Clone)]
pub struct RunSetup {
    pub settings: RunSettings,
    pub loaded: Arc<ProjectArtifacts>,
    pub graph: Arc<Graph>,
    pub registry: Arc<Registry>,
    pub reporter: Arc<dyn Reporter>,
    /// `user@machine`, for the ledger.
    pub os_user: String,
}

impl RunSetup {
    /// The run of `plan` on `sink`. `hooks` are the plugins whose hooks are called for each step; `interrupted` becomes true when the
    /// user wants to stop.
    ///
    /// # Errors
    /// If a hook does not belong to any plugin: this is detected before anything begins.
    pub fn run<S>(
        &self,
        plan: Plan,
        guests: GuestContext,
        sink: Arc<Mutex<S>>,
        hooks: &[String],
        interrupted: watch::Receiver<bool>,
    ) -> Result<Run<S>, RuntimeError> {
        Ok(Run {
            plan,
            hooks: self.registry.version_hooks(hooks)?,
            loaded: self.loaded.clone(),
            graph: self.graph.clone(),
            registry: self.registry.clone(),
            settings: Arc::new(guests),
            sink,
            reporter: self.reporter.clone(),
            transaction: self.settings.transaction,
            lock_timeout: self.settings.lock_timeout,
            statement_timeout: self.settings.statement_timeout,
            os_user: self.os_user.clone(),
            interrupted,
        })
    }

    /// The rest of the project, for calls of guests outside runs.
    pub fn services(&self, guests: &Arc<GuestContext>) -> Arc<dyn HostServices> {
        providers(&self.loaded, &self.graph, &self.registry, guests, &self.reporter)
    }
}
