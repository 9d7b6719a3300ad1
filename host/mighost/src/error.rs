//! The error of the library's calls.

use mighost_commands::CommandError;
use mighost_core::{Blame, Diagnostic, ExitKind};

/// Why a call failed. Its text is one sentence; [`diagnostic`](Self::diagnostic) has the rest.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<CommandError>);

impl Error {
    /// What kind of failure it is, as the program's exit codes tell them apart.
    pub fn kind(&self) -> ExitKind {
        self.diagnostic().exit
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        self.diagnostic().blame
    }

    /// All that the program would show: place, statement, what became of it, hints.
    pub fn diagnostic(&self) -> Diagnostic {
        (&*self.0).into()
    }
}

impl<E: Into<CommandError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}
