//! Hooks of plugins: what they are told of a step, and their calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{ExecutorError, Run, flat};
use crate::database::StepSink;
use crate::report::{Direction, Event};
use crate::revision::{Plan, RowChange, Step};
use crate::runtime::{HookDirection, HookStep, RuntimeError, StepRun, call_version_hook};

/// The rows of the version table on the way through a plan.
pub(super) struct Rows(BTreeSet<String>);

impl Rows {
    pub(super) fn new(plan: &Plan) -> Self {
        Self(plan.start.iter().cloned().collect())
    }

    fn list(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }

    fn apply(&mut self, change: &RowChange) {
        match change {
            RowChange::Insert(row) => {
                self.0.insert(row.clone());
            }
            RowChange::Delete(row) => {
                self.0.remove(row);
            }
            RowChange::Update { from, to } => {
                self.0.remove(from);
                self.0.insert(to.clone());
            }
        }
    }
}

impl<S: StepSink + 'static> Run<S> {
    /// What hooks are told of the step, the next one behind those that `rows` has seen.
    pub(super) fn facts(&self, number: usize, step: &Step, rows: &mut Rows) -> HookStep {
        let before = rows.list();
        step.changes.iter().for_each(|change| rows.apply(change));
        let metadata = self.loaded.revision(&step.revision).map(|(metadata, _)| metadata);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        HookStep {
            direction: match step.direction {
                Direction::Upgrade => HookDirection::Upgrade,
                Direction::Downgrade => HookDirection::Downgrade,
                Direction::Stamp => HookDirection::Stamp,
            },
            revision: step.revision.clone(),
            message: metadata.map(|metadata| metadata.message.clone()).unwrap_or_default(),
            down_revisions: metadata
                .map(|metadata| metadata.down_revisions.clone())
                .unwrap_or_default(),
            before,
            after: rows.list(),
            operator: self.os_user.clone(),
            number: count(number + 1),
            of: count(self.plan.steps.len()),
        }
    }

    /// Calls the hooks of a step whose code has run.
    pub(super) async fn call_hooks(&self, run: &StepRun, facts: &HookStep) -> Result<(), ExecutorError> {
        self.sink.lock().await.begin_hooks().await.map_err(flat)?;
        for guest in &self.hooks {
            let run: Arc<StepRun> = run.for_hook();
            self.reporter.report(Event::Operation {
                name: format!("on-version-apply of {}", guest.kind),
            });
            let called = call_version_hook(guest, &run, facts).await;
            called.map_err(|error| match error {
                error @ RuntimeError::Sink(_) => error.into(),
                error => ExecutorError::Hook {
                    plugin: guest.kind.to_string(),
                    error: Box::new(error),
                },
            })?;
        }
        Ok(())
    }
}
