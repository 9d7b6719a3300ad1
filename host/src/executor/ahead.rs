//! Migrations made ready while the steps before them run.

use super::{ExecutorError, Run, flat};
use crate::database::StepSink;
use crate::report::Direction;
use crate::revision::Step;
use crate::runtime::Guest;

impl<S: StepSink + 'static> Run<S> {
    /// Lets what is large be compiled while the first steps run.
    pub(super) fn compile_ahead(&self) {
        let steps = self.plan.steps.iter().filter(|step| step.direction != Direction::Stamp);
        let migrations = steps.filter_map(|step| {
            let (_, artifact) = self.loaded.revision(&step.revision)?;
            Some((artifact.clone(), step.revision.clone()))
        });
        self.registry.compile_ahead(migrations.collect());
    }

    /// Compiles and links the migration of `step` on another thread; a stamp has none.
    pub(super) fn prepare(&self, step: &Step) -> tokio::task::JoinHandle<Result<Option<Guest>, ExecutorError>> {
        let found = self
            .loaded
            .revision(&step.revision)
            .map(|(_, artifact)| artifact.clone());
        let (registry, revision, direction) = (self.registry.clone(), step.revision.clone(), step.direction);
        tokio::task::spawn_blocking(move || {
            if direction == Direction::Stamp {
                return Ok(None);
            }
            let artifact = found.ok_or_else(|| ExecutorError::NoArtifact(revision.clone()))?;
            Ok(Some(registry.migration(&artifact, &revision)?))
        })
    }

    /// The prepared migration. While it is waited for there is nothing to send ahead, so the steps before are followed, that
    /// they are told of when they are done.
    pub(super) async fn ready(
        &self,
        mut prepared: tokio::task::JoinHandle<Result<Option<Guest>, ExecutorError>>,
    ) -> Result<Option<Guest>, ExecutorError> {
        let settled = async { self.sink.lock().await.settle().await };
        let guest = tokio::select! {
            biased;
            guest = &mut prepared => guest,
            settled = settled => {
                settled.map_err(flat)?;
                prepared.await
            }
        };
        guest.map_err(|_| ExecutorError::ThreadLost)?
    }
}
