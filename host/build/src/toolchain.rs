//! Compilers and similar tools: found on the system, or installed into the project's folder of toolchains.
//!
//! Tools are installed by the ordinary client of a registry (pip, npm, cargo), by package name and pinned version. Nothing but that
//! folder changes. A package is installed into a temporary folder and renamed, under a lock, so an existing one is complete.

mod error;
mod install;
mod package_manager;
mod probe;
mod system;
mod tools;
mod version;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use error::ToolchainError;
pub use package_manager::PackageManager;
pub use probe::{ToolStatus, size_of};
pub use system::platform_program;
pub use tools::{COMPONENTIZE_PY, COMPONENTIZE_QJS, GO, GO_RUNTIME, GO_RUNTIME_NAME, NODE, TYPESCRIPT, Tool, ZIG};
pub use version::Version;

use mighost_config::ToolchainSettings;
use mighost_core::Reporter;

/// A package of a registry. All its dependencies are pinned.
#[derive(Debug)]
pub struct Package {
    pub registry: PackageManager,
    /// Its name in the registry, e.g. `ziglang` or `@bytecodealliance/jco`.
    pub name: &'static str,
    pub version: &'static str,
    /// Further packages, name and version. pip installs only these; npm also installs their dependencies.
    pub with: &'static [(&'static str, &'static str)],
    /// npm's `overrides`: versions of packages that others depend on.
    pub overrides: &'static [(&'static str, &'static str)],
}

impl Package {
    /// The name of its folder, e.g. `ziglang-0.15.2`.
    pub fn folder_name(&self) -> String {
        let name = self.name.trim_start_matches('@').replace('/', "-");
        format!("{name}-{}", self.version)
    }
}

/// The source of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Named in `mighost.toml`.
    Setting,
    /// The folder of toolchains.
    Installed,
    /// Installed on the system.
    Path,
}

/// A runnable tool.
#[derive(Clone, Debug)]
pub struct Found {
    pub program: PathBuf,
    /// The folder of the package, if it was installed.
    pub folder: Option<PathBuf>,
    pub origin: Origin,
}

impl Found {
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }
}

/// The tools of a project.
#[derive(Clone, Debug)]
pub struct Toolchains {
    settings: ToolchainSettings,
}

impl Toolchains {
    pub fn new(settings: ToolchainSettings) -> Self {
        Self { settings }
    }

    /// The folder of installed tools.
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    pub fn settings(&self) -> &ToolchainSettings {
        &self.settings
    }

    /// Finds `tool` without installing anything: as configured, in the folder of toolchains, or on the PATH if that is acceptable.
    ///
    /// # Errors
    /// If the configuration names a program that does not exist.
    pub fn find(&self, tool: &Tool) -> Result<Option<Found>, ToolchainError> {
        if let Some(program) = (tool.setting)(&self.settings) {
            // A bare name is looked up on the PATH when it is run.
            let there = program.components().count() == 1 || program.is_file();
            return match there {
                true => Ok(Some(Found {
                    program: program.clone(),
                    folder: None,
                    origin: Origin::Setting,
                })),
                false => Err(ToolchainError::NotThere {
                    tool: tool.name,
                    program: program.clone(),
                }),
            };
        }
        if let Some(folder) = self.installed(&tool.package) {
            let program = folder.join(tool.program);
            if program.is_file() {
                let origin = Origin::Installed;
                return Ok(Some(Found {
                    program,
                    folder: Some(folder),
                    origin,
                }));
            }
        }
        let on_path = tool.on_path.iter().find(|name| match tool.minimum {
            Some(minimum) => version::of(Path::new(name)).is_some_and(|version| version >= minimum),
            None => version::of(Path::new(name)).is_some(),
        });
        Ok(on_path.map(|name| Found {
            program: PathBuf::from(name),
            folder: None,
            origin: Origin::Path,
        }))
    }

    /// Finds `tool`, and installs it if it is missing.
    ///
    /// # Errors
    /// If the configuration names a program that does not exist or forbids installing, or the registry's client is missing or fails.
    pub fn require(&self, tool: &Tool, reporter: &dyn Reporter) -> Result<Found, ToolchainError> {
        if let Some(found) = self.find(tool)? {
            return Ok(found);
        }
        let folder = self.require_package(&tool.package, tool.name, reporter)?;
        let program = folder.join(tool.program);
        match program.is_file() {
            true => Ok(Found {
                program,
                folder: Some(folder),
                origin: Origin::Installed,
            }),
            false => Err(ToolchainError::NoProgram {
                tool: tool.name,
                folder,
                program: tool.program,
            }),
        }
    }

    /// The folder of `package`, which is installed if it is missing. `what` is its name in messages.
    ///
    /// # Errors
    /// As for [`Self::require`].
    pub fn require_package(
        &self,
        package: &Package,
        what: &'static str,
        reporter: &dyn Reporter,
    ) -> Result<PathBuf, ToolchainError> {
        match self.installed(package) {
            Some(folder) => Ok(folder),
            None if !self.settings.install => Err(self.must_not_install(package, what)),
            None => {
                if package.registry == PackageManager::Npm {
                    self.require_npm(reporter)?;
                }
                install::install(&self.settings, package, what, reporter)
            }
        }
    }

    fn must_not_install(&self, package: &Package, tool: &'static str) -> ToolchainError {
        ToolchainError::MustNotInstall {
            tool,
            package: package.name,
            version: package.version,
            folder: self.settings.folder.clone(),
        }
    }

    /// The folder of `package`, if it exists.
    pub fn installed(&self, package: &Package) -> Option<PathBuf> {
        let folder = self.settings.folder.join(package.folder_name());
        folder.is_dir().then_some(folder)
    }
}
