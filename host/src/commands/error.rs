//! What can go wrong in a command, as a failure to show.

use std::path::PathBuf;

use super::init::InitError;
use super::revision::RevisionError;
use crate::config::ConfigError;
use crate::report::{Blame, Diagnostic, ExitKind};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Revision(#[from] RevisionError),
    #[error("cannot write {path}: {source}", path = path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot write to stdout: {0}")]
    Stdout(std::io::Error),
}

impl From<&CommandError> for Diagnostic {
    fn from(error: &CommandError) -> Self {
        match error {
            CommandError::Config(error) => error.into(),
            CommandError::Init(error) => error.into(),
            CommandError::Revision(error) => error.into(),
            CommandError::Write { .. } | CommandError::Stdout(_) => {
                Self::new(Blame::Operator, ExitKind::Internal, error.to_string())
            }
        }
    }
}
