//! Texts of failures: of runs, and of differing catalogs.

use super::super::report::Failure;
use super::{Shared, names};
use mighost_core::{SinkError, StatementFailure};
use mighost_engine::{EngineError, RunFailure};
use mighost_graph::Step;
use mighost_postgres::catalog::Catalog;
use mighost_runtime::RuntimeError;

/// The reason why a run did not complete.
pub(super) fn run_failure(what: &str, failure: &RunFailure) -> Failure {
    let mut told = Failure::new(format!("{what}: {failure}"));
    if let Some(refused) = statement(&failure.error) {
        let error = &refused.error;
        told = told.detail("statement:");
        for line in refused.statement.trim().lines() {
            told = told.detail(format!("  {line}"));
        }
        let more = [
            ("detail", &error.detail),
            ("hint", &error.hint),
            ("context", &error.context),
            ("operation", &refused.operation),
        ];
        for (name, text) in more {
            if let Some(text) = text {
                told = told.detail(format!("{name}: {text}"));
            }
        }
    }
    told
}

/// The failed statement, if there is one.
fn statement(error: &EngineError) -> Option<&StatementFailure> {
    let sink = match error {
        EngineError::Runtime(RuntimeError::Sink(sink)) | EngineError::Run(mighost_core::RunError::Sink(sink)) => sink,
        EngineError::Hook { error, .. } => match &**error {
            RuntimeError::Sink(sink) => sink,
            _ => return None,
        },
        _ => return None,
    };
    match sink {
        SinkError::Statement(failure) => Some(failure),
        _ => None,
    }
}

/// Whether a run failed because a step that leaves its transaction cannot be rolled back.
pub(super) fn cannot_suspend(failure: &RunFailure) -> bool {
    matches!(
        &failure.error,
        EngineError::Runtime(RuntimeError::Sink(SinkError::CannotSuspend { .. }))
            | EngineError::Run(mighost_core::RunError::Sink(SinkError::CannotSuspend { .. }))
    )
}

/// The call that needed an answer when there was no database.
pub(super) fn asked_offline(failure: &RunFailure) -> Option<&'static str> {
    match &failure.error {
        EngineError::Runtime(RuntimeError::Sink(SinkError::Offline { call })) => Some(call),
        _ => None,
    }
}

/// The difference of a catalog from the expected one; `None` if there is none. Remarks go into `log`.
pub(super) fn catalogs(
    what: String,
    (expected, found): (&Catalog, &Catalog),
    names: (&str, &str),
    log: &mut Vec<String>,
) -> Option<Failure> {
    let mut differences = expected.differences(found);
    for relation in differences.take_positions() {
        log.push(format!(
            "note: the columns of {relation} are in a different order; a column that is dropped and added again comes \
             last"
        ));
    }
    if differences.is_empty() {
        return None;
    }
    let texts = differences.texts();
    let number = differences.changes.len();
    let objects = if number == 1 { "object" } else { "objects" };
    Some(
        Failure::new(format!("{what}: {number} {objects}"))
            .difference(texts.before, texts.after)
            .names(names.0, names.1),
    )
}

/// Hints for a revision that cannot be reverted.
pub(super) fn declare_irreversible(failure: Failure, step: &Step) -> Failure {
    failure.hint(format!(
        "if the revision is irreversible, declare it in mighost.toml: `[test] irreversible = [\"{}\"]`",
        step.revision
    ))
}

/// The name of a case on a track.
pub(super) fn named(name: &str, seeded: bool) -> String {
    format!("{name}{}", if seeded { names::SEEDED } else { "" })
}

/// The schema in which unqualified objects are created if the search path is hostile.
pub(super) const ELSEWHERE: &str = "mighost_elsewhere";

/// Whether `revision` may lose rows.
pub(super) fn may_lose_rows(shared: &Shared<'_>, revision: &str) -> bool {
    shared.settings.test.loses_rows.iter().any(|known| known == revision)
}
