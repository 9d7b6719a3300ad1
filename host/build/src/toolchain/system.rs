//! Programs of the system that are not installed here: Python, pip, npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ToolchainError;
use super::tools::NODE;
use super::{PackageManager, Toolchains, Version, package_manager, version};
use mighost_core::Reporter;

const PYTHONS: [&str; 2] = ["python3", "python"];

impl Toolchains {
    /// Python 3 of the system.
    ///
    /// # Errors
    /// If the configuration names one that does not exist, or there is none.
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

    /// A call of pip, to which arguments are added.
    ///
    /// # Errors
    /// If there is none.
    pub fn pip(&self) -> Result<Command, ToolchainError> {
        package_manager::pip_program(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "pip",
            registry: PackageManager::Pip,
        })
    }

    /// A call of npm, to which arguments are added. If the system has none, the Node.js that pip installs provides it.
    ///
    /// # Errors
    /// If there is none, and it cannot be installed.
    pub fn npm(&self, reporter: &dyn Reporter) -> Result<Command, ToolchainError> {
        self.require_npm(reporter)?;
        package_manager::npm_program(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "npm",
            registry: PackageManager::Npm,
        })
    }

    /// Installs Node.js with npm if there is no npm and pip is available.
    pub(super) fn require_npm(&self, reporter: &dyn Reporter) -> Result<(), ToolchainError> {
        let missing = package_manager::npm_program(&self.settings).is_none();
        if missing && self.settings.install && package_manager::pip_program(&self.settings).is_some() {
            self.require_package(&NODE.package, NODE.name, reporter)?;
        }
        Ok(())
    }
}

/// The program `path` of an npm package for one type of machine, e.g. `@esbuild/linux-x64`: the only one that npm has installed below
/// `modules/scope`.
pub fn platform_program(modules: &Path, scope: &str, path: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(modules.join(scope)).ok()?;
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| [path.to_owned(), format!("{path}.exe")].map(|path| entry.path().join(path)))
        .find(|program| program.is_file())
}
