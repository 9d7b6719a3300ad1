//! Why a project was not taken over.

use std::io;
use std::path::PathBuf;

use mighost_core::{Blame, Diagnostic, ExitKind};

#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: {reason}", path.display())]
    Ini { path: PathBuf, reason: String },
    #[error("{} has no section [{section}]; settings of Alembic are in: {}", path.display(), .known.join(", "))]
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
    #[error("{} cannot be read without running it: {reason}", path.display())]
    Source { path: PathBuf, reason: String },
    #[error("{} exists already, and is left as it is", path.display())]
    Exists { path: PathBuf },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
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
                diagnostic.hint("name one: --section NAME, as Alembic's -n")
            }
            TakeOverError::NoScriptLocation { .. } => {
                diagnostic.hint("name Alembic's own configuration, and with --section its section")
            }
            TakeOverError::NoAlembic { .. } => diagnostic
                .hint("name the Python that runs the project; --no-python takes the revisions over without code"),
            TakeOverError::Loading { .. } => {
                diagnostic.hint("`alembic history` must work there; --no-python takes the revisions over without code")
            }
            TakeOverError::Source { .. } => diagnostic.hint("--python PATH asks Alembic instead, which runs it"),
            TakeOverError::Exists { .. } => diagnostic.hint("name another folder: mighost init DIR --from FILE"),
            _ => diagnostic,
        }
    }
}
