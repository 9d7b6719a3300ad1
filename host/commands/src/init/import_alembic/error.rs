//! Errors of importing an Alembic project.

use std::io;
use std::path::PathBuf;

use mighost_core::{Blame, Diagnostic, ExitKind};

#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Ini { path: PathBuf, reason: String },
    #[error("{} has no section [{section}]; sections with Alembic's settings: {}", path.display(), .known.join(", "))]
    NoSection {
        path: PathBuf,
        section: String,
        known: Vec<String>,
    },
    #[error("{} has several histories, in: {}", path.display(), .known.join(", "))]
    SeveralSections { path: PathBuf, known: Vec<String> },
    #[error("{} has no `script_location` in [{section}]", path.display())]
    NoScriptLocation { path: PathBuf, section: String },
    #[error("{} has no Alembic", python.display())]
    NoAlembic { python: PathBuf },
    #[error("by {}: {reason}", python.display())]
    Loading { python: PathBuf, reason: String },
    #[error("{} has no revisions: there are none in {}", path.display(), shown(.locations))]
    NoRevisions { path: PathBuf, locations: Vec<PathBuf> },
    #[error("{} cannot be read without running it: {reason}", path.display())]
    Source { path: PathBuf, reason: String },
    #[error("{} already exists and was not changed", path.display())]
    Exists { path: PathBuf },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

fn shown(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

impl From<&TakeOverError> for Diagnostic {
    fn from(error: &TakeOverError) -> Self {
        let exit = match error {
            TakeOverError::Write { .. } => ExitKind::Internal,
            TakeOverError::Source { .. } | TakeOverError::Loading { .. } => ExitKind::History,
            _ => ExitKind::Config,
        };
        let diagnostic = Self::new(Blame::Operator, exit, error.to_string());
        match error {
            TakeOverError::NoSection { .. } | TakeOverError::SeveralSections { .. } => {
                diagnostic.hint("choose one with --section NAME, like Alembic's -n")
            }
            TakeOverError::NoScriptLocation { .. } => {
                diagnostic.hint("pass Alembic's own configuration, and its section with --section")
            }
            TakeOverError::NoAlembic { .. } => diagnostic.hint(
                "pass the Python that runs the project with --python; or take the revisions over without code \
                       with --no-python",
            ),
            TakeOverError::Loading { .. } => diagnostic.hint(
                "make `alembic history` work there; or take the revisions over without code with \
                                 --no-python",
            ),
            TakeOverError::NoRevisions { .. } => diagnostic
                .hint(
                    "check `script_location` and `version_locations` in the file; folders that only env.py knows must \
                     be in it, too",
                )
                .hint("without revisions there is nothing to take over: start a new project with mighost init"),
            TakeOverError::Source { .. } => diagnostic.hint("use --python PATH to have Alembic run it"),
            TakeOverError::Exists { .. } => diagnostic.hint("name another folder: mighost init DIR --from FILE"),
            _ => diagnostic,
        }
    }
}
