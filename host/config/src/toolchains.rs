//! `[toolchains]`: the compilers. These settings depend on the machine and the author, so databases cannot override them.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::load::{Environment, absolute};
use super::toml_table::Section;

const KEYS: [&str; 5] = ["install", "zig", "go", "node", "python"];

/// The environment variable with the folder of installed toolchains, so that projects can share one.
pub const TOOLCHAINS_VARIABLE: &str = "MIGHOST_TOOLCHAINS";
const DEFAULT_FOLDER: &str = ".mighost/toolchains";

/// Settings for finding the tools of build drivers and installing missing ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolchainSettings {
    /// The folder of installed tools, with a folder for each package and version.
    pub folder: PathBuf,
    /// Whether missing tools are installed, by pip, npm and cargo.
    pub install: bool,
    /// Programs to use instead of those that would be installed.
    pub zig: Option<PathBuf>,
    pub go: Option<PathBuf>,
    pub node: Option<PathBuf>,
    pub python: Option<PathBuf>,
}

impl ToolchainSettings {
    /// The defaults; `root` is the project's folder.
    pub fn defaults(root: &Path) -> Self {
        Self {
            folder: absolute(root, DEFAULT_FOLDER),
            install: true,
            zig: None,
            go: None,
            node: None,
            python: None,
        }
    }

    /// The defaults for a folder outside a project.
    pub fn outside(folder: &Path, environment: &Environment) -> Self {
        Self::defaults(folder).with_environment(folder, environment)
    }

    /// Reads the table; `root` is the project's folder.
    pub(super) fn read(section: &Section<'_, '_>, root: &Path) -> Result<Self, ConfigError> {
        section.check_keys(&KEYS, |key| match key {
            "folder" | "path" => Some(format!(
                "set the folder with the environment variable {TOOLCHAINS_VARIABLE}"
            )),
            "c" | "cpp" | "c++" => Some("C and C++ are compiled with zig: set zig".to_owned()),
            "pip" => Some("pip is run as `python -m pip`: set python".to_owned()),
            "npm" => Some("npm is looked up next to node: set node".to_owned()),
            _ => None,
        })?;
        let program = |key: &str| {
            section.read(key, |field| match field.text()? {
                "" => Err(field.bad("it is empty; write the path of the program")),
                text if text.contains('\0') => Err(field.bad("a path cannot contain the character NUL")),
                // A bare name is a program on the PATH.
                text if !text.contains('/') => Ok(PathBuf::from(text)),
                text => Ok(absolute(root, text)),
            })
        };
        Ok(Self {
            install: section.read("install", |field| field.boolean())?.unwrap_or(true),
            zig: program("zig")?,
            go: program("go")?,
            node: program("node")?,
            python: program("python")?,
            ..Self::defaults(root)
        })
    }

    /// The settings with the folder in the environment, if it names one.
    pub(super) fn with_environment(mut self, root: &Path, environment: &Environment) -> Self {
        if let Some(folder) = environment.get(TOOLCHAINS_VARIABLE).filter(|value| !value.is_empty()) {
            self.folder = absolute(root, folder);
        }
        self
    }
}
