//! `[toolchains]`: where compilers are. It is the machine's and the author's, so no database has settings of its own here.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::load::{Environment, absolute};
use super::toml_table::Section;

const KEYS: [&str; 5] = ["install", "zig", "go", "node", "python"];

/// Names the folder of installed toolchains, so that projects can share one.
pub const TOOLCHAINS_VARIABLE: &str = "MIGHOST_TOOLCHAINS";
const DEFAULT_FOLDER: &str = ".mighost/toolchains";

/// Where the tools of build drivers are found, and whether missing ones are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolchainSettings {
    /// What is installed goes here, a folder for each package and version.
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
    /// Where the file says nothing; `root` is the project's folder.
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

    /// For a folder that is in no project.
    pub fn outside(folder: &Path, environment: &Environment) -> Self {
        Self::defaults(folder).with_environment(folder, environment)
    }

    /// Reads the table; `root` is the project's folder.
    pub(super) fn read(section: &Section<'_, '_>, root: &Path) -> Result<Self, ConfigError> {
        section.check_keys(&KEYS, |key| match key {
            "folder" | "path" => Some(format!(
                "the environment variable {TOOLCHAINS_VARIABLE} names the folder"
            )),
            "c" | "cpp" | "c++" => Some("C and C++ are compiled by zig: set zig".to_owned()),
            "pip" => Some("pip is called as `python -m pip`: set python".to_owned()),
            "npm" => Some("npm is looked for beside node: set node".to_owned()),
            _ => None,
        })?;
        let program = |key: &str| {
            section.read(key, |field| match field.text()? {
                "" => Err(field.bad("it is empty; write the path of the program")),
                text if text.contains('\0') => Err(field.bad("a path cannot hold the character NUL")),
                // A bare name is one on the PATH.
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

    /// With the folder that the environment names, if it does.
    pub(super) fn with_environment(mut self, root: &Path, environment: &Environment) -> Self {
        if let Some(folder) = environment.get(TOOLCHAINS_VARIABLE).filter(|value| !value.is_empty()) {
            self.folder = absolute(root, folder);
        }
        self
    }
}
