//! Prepares migrations while the steps before them run.

use crate::error::EngineError;
use crate::run::{Run, flatten};
use mighost_core::{Direction, StepSink};
use mighost_graph::Step;
use mighost_runtime::Guest;

impl<S: StepSink + 'static> Run<S> {
    /// Compiles large migrations while the first steps run.
    pub(crate) fn compile_ahead(&self) {
        let steps = self.plan.steps.iter().filter(|step| step.direction != Direction::Stamp);
        let migrations = steps.filter_map(|step| {
            let (_, artifact) = self.loaded.revision(&step.revision)?;
            Some((artifact.clone(), step.revision.clone()))
        });
        self.registry.compile_ahead(migrations.collect());
    }

    /// Compiles the migration of the first step, so that the lock is not held meanwhile. If that fails, the step fails for the same reason.
    pub(crate) async fn compile_first(&self) {
        let Some(step) = self.plan.steps.first() else { return };
        let compiled = self
            .loaded
            .revision(&step.revision)
            .is_none_or(|(_, artifact)| self.registry.is_compiled(artifact));
        if !compiled {
            let _ = self.prepare(step).await;
        }
    }

    /// Compiles and links the migration of `step` on another thread; a stamp has none.
    pub(crate) fn prepare(&self, step: &Step) -> tokio::task::JoinHandle<Result<Option<Guest>, EngineError>> {
        let found = self
            .loaded
            .revision(&step.revision)
            .map(|(_, artifact)| artifact.clone());
        let (registry, revision, direction) = (self.registry.clone(), step.revision.clone(), step.direction);
        tokio::task::spawn_blocking(move || {
            if direction == Direction::Stamp {
                return Ok(None);
            }
            let artifact = found.ok_or_else(|| EngineError::NoArtifact(revision.clone()))?;
            Ok(Some(registry.migration(&artifact, &revision)?))
        })
    }

    /// The prepared migration. While waiting for it there is nothing to send, so the steps before it are followed and reported as soon as
    /// they are done.
    pub(crate) async fn ready(
        &self,
        mut prepared: tokio::task::JoinHandle<Result<Option<Guest>, EngineError>>,
    ) -> Result<Option<Guest>, EngineError> {
        let settled = async { self.sink.lock().await.settle().await };
        let guest = tokio::select! {
            biased;
            guest = &mut prepared => guest,
            settled = settled => {
                settled.map_err(flatten)?;
                prepared.await
            }
        };
        guest.map_err(|_| EngineError::ThreadLost)?
    }
}
