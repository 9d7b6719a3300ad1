//! Hooks of plugins: the data of a step for them, and their calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::EngineError;
use crate::run::{Run, flatten};
use mighost_core::{Event, RowChange, StepSink};
use mighost_graph::{Plan, Step};
use mighost_runtime::{GuestStep, RuntimeError, StepInfo, call_version_hook};

/// The rows of the version table during a plan.
#[derive(Default)]
pub(crate) struct Rows {
    rows: BTreeSet<String>,
    /// The number of the next step; `None` before the first was requested.
    before: Option<usize>,
}

impl Rows {
    /// Advances to the step `number`; a step may be run again.
    fn go_to(&mut self, plan: &Plan, number: usize) {
        if self.before != Some(number) {
            self.rows = plan.rows_after(number).into_iter().collect();
            self.before = Some(number);
        }
    }

    fn list(&self) -> Vec<String> {
        self.rows.iter().cloned().collect()
    }

    fn pass(&mut self, step: &Step, number: usize) {
        step.changes.iter().for_each(|change| self.apply(change));
        self.before = Some(number + 1);
    }

    fn apply(&mut self, change: &RowChange) {
        match change {
            RowChange::Insert(row) => {
                self.rows.insert(row.clone());
            }
            RowChange::Delete(row) => {
                self.rows.remove(row);
            }
            RowChange::Update { from, to } => {
                self.rows.remove(from);
                self.rows.insert(to.clone());
            }
        }
    }
}

impl<S: StepSink + 'static> Run<S> {
    /// The data of the step for hooks. It is the next step after those that `rows` has seen.
    pub(crate) fn info(&self, number: usize, step: &Step, rows: &mut Rows) -> StepInfo {
        rows.go_to(&self.plan, number);
        let heads_before = rows.list();
        rows.pass(step, number);
        let metadata = self.loaded.revision(&step.revision).map(|(metadata, _)| metadata);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        StepInfo {
            message: metadata.map(|metadata| metadata.message.clone()).unwrap_or_default(),
            down_revisions: metadata
                .map(|metadata| metadata.down_revisions.clone())
                .unwrap_or_default(),
            heads_before,
            heads_after: rows.list(),
            operator: self.os_user.clone(),
            number: count(number + 1),
            total: count(self.plan.steps.len()),
        }
    }

    /// Calls the hooks of a step whose migration has run.
    pub(crate) async fn call_hooks(&self, run: &GuestStep, info: &StepInfo) -> Result<(), EngineError> {
        self.sink.lock().await.begin_hooks().await.map_err(flatten)?;
        for guest in &self.hooks {
            let run: Arc<GuestStep> = run.for_hook(info.clone());
            run.reporter.report(Event::Operation {
                name: format!("on-version-apply of {}", guest.kind).into(),
            });
            let called = call_version_hook(guest, &run).await;
            called.map_err(|error| match error {
                error @ RuntimeError::Sink(_) => error.into(),
                error => EngineError::Hook {
                    plugin: guest.kind.to_string(),
                    error: Box::new(error),
                },
            })?;
        }
        Ok(())
    }
}
