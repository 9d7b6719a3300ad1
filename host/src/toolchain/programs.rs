//! Programs of the machine that are not installed here: Python, pip, npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ToolchainError;
use super::{Registry, Toolchains, Version, version};
use crate::config::ToolchainSettings;

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
        pip(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "pip",
            registry: Registry::Pip,
        })
    }

    /// A call of npm, to which its arguments are added.
    ///
    /// # Errors
    /// There is none.
    pub fn npm(&self) -> Result<Command, ToolchainError> {
        npm(&self.settings).ok_or(ToolchainError::NotOnPath {
            program: "npm",
            registry: Registry::Npm,
        })
    }
}

pub(super) fn pip(settings: &ToolchainSettings) -> Option<Command> {
    match &settings.python {
        Some(python) => module_pip(python),
        None => PYTHONS.into_iter().map(Path::new).find_map(module_pip),
    }
    // A pip that belongs to a Python of another name.
    .or_else(|| {
        ["pip3", "pip"]
            .into_iter()
            .find(|name| version::of(Path::new(name)).is_some())
            .map(Command::new)
    })
}

/// `python -m pip`, if this Python has it.
fn module_pip(python: &Path) -> Option<Command> {
    let mut command = Command::new(python);
    command.args(["-m", "pip"]);
    let mut probe = Command::new(python);
    let output = probe.args(["-m", "pip", "--version"]).output().ok()?;
    output.status.success().then_some(command)
}

pub(super) fn npm(settings: &ToolchainSettings) -> Option<Command> {
    let beside = settings.node.as_ref().and_then(|node| Some(node.parent()?.join("npm")));
    let npm = match beside.filter(|npm| npm.is_file()) {
        Some(npm) => npm,
        None => "npm".into(),
    };
    version::of(&npm).map(|_| Command::new(npm))
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
