//! Programs of the machine that are not installed here: Python, pip, npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ToolchainError;
use super::tools::NODE;
use super::{PackageManager, Toolchains, Version, package_manager, version};
use mighost_core::Reporter;

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
                    registry: PackageManager::Pip,
                })
            }
        }
    }

    /// A call of pip, to which its arguments are added.
    ///
    /// # Errors
    /// There is none.
    pub fn pip(&self) -> Result<Command, ToolchainError> {
        package_manager::pip_program(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "pip",
            registry: PackageManager::Pip,
        })
    }

    /// A call of npm, to which its arguments are added. Where the machine has none, the Node.js that pip installs brings it.
    ///
    /// # Errors
    /// There is none, and it cannot be installed.
    pub fn npm(&self, reporter: &dyn Reporter) -> Result<Command, ToolchainError> {
        self.require_npm(reporter)?;
        package_manager::npm_program(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "npm",
            registry: PackageManager::Npm,
        })
    }

    /// Installs Node.js with its npm where there is no npm, and pip is there to do so.
    pub(super) fn require_npm(&self, reporter: &dyn Reporter) -> Result<(), ToolchainError> {
        let missing = package_manager::npm_program(&self.settings).is_none();
        if missing && self.settings.install && package_manager::pip_program(&self.settings).is_some() {
            self.require_package(&NODE.package, NODE.name, reporter)?;
        }
        Ok(())
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
