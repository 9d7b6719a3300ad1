//! Programs of the machine that are not installed here: Python, pip, npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ToolchainError;
use super::{Registry, Toolchains, Version, client, version};

const PYTHONS: [&str; 2] = ["python3", "python"];

impl Toolchains {
    /// The machine's Python 3.
    ///
    /// # Errors
    /// The configuration names one that is not there, or there is none.
    pub fn python(&self) -> Result<PathBuf, ToolchainError> {
        let is_3 = |python: &Path| version::of(python).is_some_and(|version| version >= Version(3, 0));
        match &self.settings.python {
            Some(python) if is_3(python) => Ok(python.clone()),
            Some(python) => Err(ToolchainError::NotThere {
                tool: "python",
                program: python.clone(),
            }),
            None => {
                let found = PYTHONS.into_iter().map(PathBuf::from).find(|python| is_3(python));
                found.ok_or(ToolchainError::NotOnPath {
                    program: "python3",
                    registry: Registry::Pip,
                })
            }
        }
    }

    /// A call of pip, to which its arguments are added.
    ///
    /// # Errors
    /// There is none.
    pub fn pip(&self) -> Result<Command, ToolchainError> {
        client::pip_program(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "pip",
            registry: Registry::Pip,
        })
    }

    /// A call of npm, to which its arguments are added.
    ///
    /// # Errors
    /// There is none.
    pub fn npm(&self) -> Result<Command, ToolchainError> {
        let npm = client::npm_program(&self.settings);
        match version::of(&npm) {
            Some(_) => Ok(Command::new(npm)),
            None => Err(ToolchainError::NotOnPath {
                program: "npm",
                registry: Registry::Npm,
            }),
        }
    }
}

/// The program `path` of a package of npm that is made for one kind of machine, e.g. `@esbuild/linux-x64`: the only one that npm has put
/// below `modules/scope`.
pub fn platform_program(modules: &Path, scope: &str, path: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(modules.join(scope)).ok()?;
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| [path.to_owned(), format!("{path}.exe")].map(|path| entry.path().join(path)))
        .find(|program| program.is_file())
}
