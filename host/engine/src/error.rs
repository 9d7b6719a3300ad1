//! Errors of runs, and how they are shown.

use std::path::PathBuf;

use mighost_artifact::ArtifactError;
use mighost_core::{Blame, Diagnostic, Direction, ExitKind, RunError};
use mighost_graph::Step;
use mighost_runtime::RuntimeError;

use crate::run::StepDone;

/// A failed run. Nothing is lost: the caller can report what is done, what failed and what did not run.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RunFailure {
    pub done: Vec<StepDone>,
    /// The failed step; `None` if the run failed before its first or after its last step.
    pub failed: Option<Step>,
    /// The place of the failed step's migration: its source folder, or its artifact.
    pub place: Option<PathBuf>,
    pub not_run: Vec<Step>,
    #[source]
    pub error: EngineError,
    /// The outcome of the failed step and of those before it, e.g. that they were rolled back.
    pub state: String,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A hook failed by itself; failed statements of hooks are reported like those of migrations.
    #[error("{error}")]
    Hook { plugin: String, error: Box<RuntimeError> },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("revision {0} is in the plan, but no artifact contains it")]
    NoArtifact(String),
    #[error("internal error: a worker thread exited unexpectedly")]
    ThreadLost,
}

impl From<&EngineError> for Diagnostic {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::Runtime(error) => error.into(),
            EngineError::Hook { plugin, error } => {
                let mut diagnostic = Self::from(&**error);
                let place = format!("in the hook on-version-apply of {plugin}");
                diagnostic.location.insert(0, place);
                diagnostic
            }
            EngineError::Artifact(error) => error.into(),
            EngineError::Run(error) => error.into(),
            EngineError::NoArtifact(_) => Self::new(Blame::Operator, ExitKind::Artifact, error.to_string()),
            EngineError::ThreadLost => Self::new(Blame::Host, ExitKind::Internal, error.to_string()),
        }
    }
}

impl From<&RunFailure> for Diagnostic {
    fn from(failure: &RunFailure) -> Self {
        let mut diagnostic = Self::from(&failure.error);
        match &failure.failed {
            Some(step) => {
                let place = failure
                    .place
                    .as_ref()
                    .map(|place| format!(", {}", place.display()))
                    .unwrap_or_default();
                let text = format!("in the {} of revision {}{place}", step.direction, step.revision);
                diagnostic.location.insert(0, text);
                diagnostic
                    .hints
                    .extend(stamp_hint(step.direction, sqlstate(&diagnostic)).map(str::to_owned));
            }
            // The host's own statements and the privileges that they need.
            None if diagnostic.statement.is_some() => {
                diagnostic.blame = Blame::Operator;
                diagnostic.location.insert(
                    0,
                    "in mighost's own bookkeeping: the schema, the version table and the ledger".into(),
                );
                if sqlstate(&diagnostic) == Some("42501") {
                    diagnostic.hints.push(
                        "grant the role the missing privilege, e.g. CREATE on the database or schema, or connect as \
                         another role"
                            .into(),
                    );
                }
            }
            None => {}
        }
        let names = |steps: Vec<&str>| steps.join(", ");
        diagnostic.outcome.push(failure.state.clone());
        if !failure.done.is_empty() {
            diagnostic.outcome.push(format!(
                "done: {}",
                names(failure.done.iter().map(|step| step.revision.as_str()).collect())
            ));
        }
        if !failure.not_run.is_empty() {
            diagnostic.outcome.push(format!(
                "not run: {}",
                names(failure.not_run.iter().map(|step| step.revision.as_str()).collect())
            ));
        }
        diagnostic
    }
}

/// Hints for when the database and its version table seem to be inconsistent.
fn stamp_hint(direction: Direction, sqlstate: Option<&str>) -> Option<&'static str> {
    match (direction, sqlstate?) {
        // duplicate_table, duplicate_schema, duplicate_object, duplicate_function.
        (Direction::Upgrade, "42P07" | "42P06" | "42710" | "42723") => Some(
            "if the database was created in another way and already contains these objects, record its last revision: \
             `mighost stamp REVISION`",
        ),
        // undefined_table, invalid_schema_name, undefined_object, undefined_function.
        (Direction::Downgrade, "42P01" | "3F000" | "42704" | "42883") => Some(
            "if the database never contained these objects, e.g. after a stamp that went too far, record its last \
             revision: `mighost stamp REVISION`",
        ),
        _ => None,
    }
}

fn sqlstate(diagnostic: &Diagnostic) -> Option<&str> {
    let failure = diagnostic.statement.as_ref()?;
    Some(failure.error.sqlstate.as_str())
}
