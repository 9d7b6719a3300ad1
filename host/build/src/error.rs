//! Errors when building sources or reading a project's artifacts.

use std::path::{Path, PathBuf};

use mighost_artifact::ArtifactError;
use mighost_core::{Blame, Diagnostic, ExitKind};

use crate::toolchain::ToolchainError;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("{}: {text}", path.display())]
    Source { path: PathBuf, text: String },
    #[error("cannot build {}: {reason}", path.display())]
    Build {
        path: PathBuf,
        reason: String,
        output: String,
    },
    #[error("cannot build {}: {tool} is not installed", path.display())]
    NoTool { path: PathBuf, tool: String, hint: String },
    #[error("cannot build {}: {error}", path.display())]
    Toolchain { path: PathBuf, error: Box<ToolchainError> },
    #[error("{} is not built, and --no-build forbids building it", path.display())]
    NotBuilt { path: PathBuf },
    /// More than one of them.
    #[error("{} {}", failures.len(), not_right(failures))]
    Several {
        failures: Vec<BuildError>,
        /// The number of others that were built, and are kept.
        built: usize,
    },
}

fn not_right(failures: &[BuildError]) -> &'static str {
    let of_building = |failure: &BuildError| {
        use BuildError::{Build, NoTool, Toolchain};
        matches!(failure, Build { .. } | NoTool { .. } | Toolchain { .. })
    };
    match failures.iter().all(of_building) {
        true => "folders cannot be built",
        false => "sources or artifacts are invalid",
    }
}

impl BuildError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| ArtifactError::read(path)(source).into()
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| ArtifactError::write(path)(source).into()
    }

    /// All of `failures` as one error; `None` if there are none. `built` others were built.
    pub(crate) fn of_all(mut failures: Vec<Self>, built: usize) -> Option<Self> {
        match failures.len() {
            0 | 1 => failures.pop(),
            _ => Some(Self::Several { failures, built }),
        }
    }

    /// The last lines of a tool's output; empty if none was called.
    pub fn output(&self) -> &str {
        match self {
            Self::Build { output, .. } => output,
            Self::Toolchain { error, .. } => error.output(),
            _ => "",
        }
    }

    /// Hints for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Artifact(error) => error.hint(),
            Self::NoTool { hint, .. } => Some(hint.clone()),
            Self::Toolchain { error, .. } => error.hint(),
            Self::NotBuilt { .. } => Some("run `mighost build`".into()),
            Self::Source { .. } | Self::Build { .. } | Self::Several { .. } => None,
        }
    }
}

impl From<&BuildError> for Diagnostic {
    fn from(error: &BuildError) -> Self {
        let blame = match error {
            BuildError::Artifact(error) => return error.into(),
            BuildError::NoTool { .. } | BuildError::Toolchain { .. } | BuildError::NotBuilt { .. } => Blame::Operator,
            BuildError::Source { .. } | BuildError::Build { .. } | BuildError::Several { .. } => Blame::Guest,
        };
        let mut diagnostic = Self::new(blame, ExitKind::Artifact, error.to_string());
        if let BuildError::Several { failures, built } = error {
            return several(diagnostic, failures, *built);
        }
        diagnostic.location.extend(error.output().lines().map(str::to_owned));
        diagnostic.hints.extend(error.hint());
        diagnostic
    }
}

/// Each of `failures` with the output of its tool, and each hint once.
fn several(mut diagnostic: Diagnostic, failures: &[BuildError], built: usize) -> Diagnostic {
    let mut blames = Vec::new();
    for failure in failures {
        let one = Diagnostic::from(failure);
        diagnostic.location.extend(one.what.lines().map(str::to_owned));
        diagnostic
            .location
            .extend(one.location.iter().map(|line| format!("  {line}")));
        for hint in one.hints {
            if !diagnostic.hints.contains(&hint) {
                diagnostic.hints.push(hint);
            }
        }
        blames.push(one.blame);
    }
    // Usually the guest is to blame; otherwise it is the machine.
    if !blames.contains(&Blame::Guest) {
        diagnostic.blame = Blame::Operator;
    }
    if built > 0 {
        diagnostic.outcome.push(match built {
            1 => "1 other was built and is kept".to_owned(),
            _ => format!("{built} others were built and are kept"),
        });
    }
    diagnostic
}
