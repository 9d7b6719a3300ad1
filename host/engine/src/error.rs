//! Why a run did not reach its end, and what the user is shown then.

use std::path::PathBuf;

use mighost_artifact::ArtifactError;
use mighost_core::{Blame, Diagnostic, Direction, ExitKind, RunError};
use mighost_graph::Step;
use mighost_runtime::RuntimeError;

use crate::run::StepDone;

/// A run that did not come to its end. Nothing is lost: the caller can say what is done, what failed and what is left.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RunFailure {
    pub done: Vec<StepDone>,
    /// The step that failed; none where the run failed before its first or behind its last.
    pub failed: Option<Step>,
    /// Where the migration of the failed step is: its source folder, or its artifact.
    pub place: Option<PathBuf>,
    pub not_run: Vec<Step>,
    #[source]
    pub error: EngineError,
    /// What became of the failed step and of those before it, e.g. that they were rolled back.
    pub state: String,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A hook failed by itself; what is wrong with its statements is told as with those of migrations.
    #[error("{error}")]
    Hook { plugin: String, error: Box<RuntimeError> },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("revision {0} is in the plan, but no artifact holds it")]
    NoArtifact(String),
    #[error("a thread of mighost's ended before its time")]
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
            // The host's own statements, and the role's rights that they need.
            None if diagnostic.statement.is_some() => {
                diagnostic.blame = Blame::Operator;
                diagnostic.location.insert(
                    0,
                    "in mighost's own work: the schema, the version table and the ledger".into(),
                );
                if sqlstate(&diagnostic) == Some("42501") {
                    diagnostic.hints.push(
                        "grant the role what it lacks, e.g. CREATE on the database or schema, or connect as another"
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

/// What to do where the database and its version table seem to tell different stories.
fn stamp_hint(direction: Direction, sqlstate: Option<&str>) -> Option<&'static str> {
    match (direction, sqlstate?) {
        // duplicate_table, duplicate_schema, duplicate_object, duplicate_function.
        (Direction::Upgrade, "42P07" | "42P06" | "42710" | "42723") => Some(
            "where the database was made in another way and has what this revision does, say which is the last revision \
             that it holds: `mighost stamp REVISION`",
        ),
        // undefined_table, invalid_schema_name, undefined_object, undefined_function.
        (Direction::Downgrade, "42P01" | "3F000" | "42704" | "42883") => Some(
            "where the database never had what this revision does, e.g. after a stamp that went too far, say which is the \
             last revision that it holds: `mighost stamp REVISION`",
        ),
        _ => None,
    }
}

fn sqlstate(diagnostic: &Diagnostic) -> Option<&str> {
    let failure = diagnostic.statement.as_ref()?;
    Some(failure.error.sqlstate.as_str())
}
