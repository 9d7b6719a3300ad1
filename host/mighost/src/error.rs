//! The error of the library's calls.

use mighost_commands::CommandError;
use mighost_core::{Blame, Diagnostic, ExitKind};

/// An error of a call. Its text is one sentence; [`diagnostic`](Self::diagnostic) has the rest.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<CommandError>);

impl Error {
    /// The kind of failure, as in the program's exit codes.
    pub fn kind(&self) -> ExitKind {
        self.diagnostic().exit
    }

    /// The party to blame.
    pub fn blame(&self) -> Blame {
        self.diagnostic().blame
    }

    /// Everything that the program would show: place, statement, outcome, hints.
    pub fn diagnostic(&self) -> Diagnostic {
        (&*self.0).into()
    }
}

impl<E: Into<CommandError>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}
