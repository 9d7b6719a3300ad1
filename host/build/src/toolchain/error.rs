//! Errors of unavailable tools.

use std::path::PathBuf;

use mighost_core::{Blame, Diagnostic, ExitKind};

use super::PackageManager;

/// Every message names the tool; [`hint`](Self::hint) says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    #[error("[toolchains] {tool} is set to {}, which does not exist", program.display())]
    NotThere { tool: &'static str, program: PathBuf },
    #[error(
        "{tool} is needed but not found: {package} {version} is not installed, and `install = false` in [toolchains] \
         forbids installing it"
    )]
    MustNotInstall {
        tool: &'static str,
        package: &'static str,
        version: &'static str,
        folder: PathBuf,
    },
    #[error("{tool} is needed but not installed, and {} is missing, which would install the package {package}", registry.client())]
    NoClient {
        tool: &'static str,
        package: &'static str,
        registry: PackageManager,
    },
    #[error("{program} is needed but not installed")]
    NotOnPath {
        program: &'static str,
        registry: PackageManager,
    },
    #[error("{tool} is needed, but {client} cannot install {package} {version}{}", if *unreachable { ": the registry cannot be reached" } else { "" })]
    Install {
        tool: &'static str,
        package: &'static str,
        version: &'static str,
        client: &'static str,
        /// The client reported so.
        unreachable: bool,
        /// The last lines of the client's output.
        output: String,
    },
    #[error("{} has no {program}, so {tool} cannot be run", folder.display())]
    NoProgram {
        tool: &'static str,
        folder: PathBuf,
        program: &'static str,
    },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// The tools that `[toolchains]` can name.
const SETTINGS: [&str; 4] = ["zig", "go", "node", "python"];

impl ToolchainError {
    /// The last lines of a client's output; empty if none was called.
    pub fn output(&self) -> &str {
        match self {
            Self::Install { output, .. } => output,
            _ => "",
        }
    }

    /// Hints for the user.
    pub fn hint(&self) -> Option<String> {
        let name_it = |tool: &str| match SETTINGS.contains(&tool) {
            true => format!("name an installed one under [toolchains] in mighost.toml: `{tool} = \"/path/to/{tool}\"`"),
            false => {
                "install it on another machine and copy its toolchains folder (run `mighost doctor` there to see the \
                 path)"
                    .into()
            }
        };
        Some(match self {
            Self::NotThere { tool, .. } => {
                format!("correct [toolchains] {tool}, or remove it to have the tool installed")
            }
            Self::MustNotInstall { tool, .. } => format!("allow it, or {}", name_it(tool)),
            Self::NotOnPath { registry, .. } => registry.how_to_get().to_owned(),
            Self::NoClient { tool, registry, .. } => format!("{}, or {}", registry.how_to_get(), name_it(tool)),
            Self::Install {
                tool,
                client,
                unreachable,
                ..
            } => format!(
                "{}configure {client} to use a mirror, or {}; prebuilt artifacts need no compiler",
                if *unreachable {
                    ""
                } else {
                    "if the registry cannot be reached, "
                },
                name_it(tool)
            ),
            Self::NoProgram { folder, .. } => format!("remove {} to have it reinstalled", folder.display()),
            Self::Write { .. } => return None,
        })
    }
}

impl From<&ToolchainError> for Diagnostic {
    fn from(error: &ToolchainError) -> Self {
        let mut diagnostic = Self::new(Blame::Operator, ExitKind::Artifact, error.to_string());
        diagnostic.location.extend(error.output().lines().map(str::to_owned));
        diagnostic.hints.extend(error.hint());
        diagnostic
    }
}
