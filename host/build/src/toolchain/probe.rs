//! Examines a tool without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Origin, Package, PackageManager, Tool, Toolchains, package_manager, version};

/// The state of a tool.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ToolStatus {
    pub tool: &'static str,
    /// The package that would be installed, or was, e.g. `ziglang 0.15.2`.
    pub package: String,
    pub registry: PackageManager,
    /// The path of the program; `None` if it was not found.
    pub program: Option<PathBuf>,
    pub origin: Option<Origin>,
    /// The version that the program reports.
    pub version: Option<String>,
    /// The size of the package's folder, in bytes.
    pub size: Option<u64>,
    /// Whether the first build installs it.
    pub installable: bool,
    /// The reason why it is unavailable, and what to do; `None` if it is available.
    pub problem: Option<String>,
    pub hint: Option<String>,
}

impl Toolchains {
    /// Looks for `tool`, and for the client that would install it.
    pub fn look(&self, tool: &Tool) -> ToolStatus {
        let package = &tool.package;
        let mut looked = ToolStatus::nothing(tool.name, package);
        match self.find(tool) {
            Ok(Some(found)) => looked.found(found, package),
            Ok(None) => self.missing(&mut looked, package),
            Err(error) => {
                looked.problem = Some(error.to_string());
                looked.hint = error.hint();
            }
        }
        looked
    }

    /// Looks for a package without a program; `what` is its name in messages.
    pub fn look_for_package(&self, package: &Package, what: &'static str) -> ToolStatus {
        let mut looked = ToolStatus::nothing(what, package);
        match self.installed(package) {
            Some(folder) => {
                looked.version = Some(package.version.to_owned());
                looked.size = Some(size_of(&folder));
                looked.origin = Some(Origin::Installed);
                looked.program = Some(folder);
            }
            // If its client is missing, the build downloads it in another way.
            None if self.settings.install => looked.installable = true,
            None => self.missing(&mut looked, package),
        }
        looked
    }

    /// Whether the first build can install a missing tool.
    fn missing(&self, looked: &mut ToolStatus, package: &Package) {
        let error = match self.settings.install {
            false => self.must_not_install(package, looked.tool),
            true if package_manager::is_there(&self.settings, package.registry) => {
                looked.installable = true;
                return;
            }
            true => super::ToolchainError::NoClient {
                tool: looked.tool,
                package: package.name,
                registry: package.registry,
            },
        };
        looked.problem = Some(error.to_string());
        looked.hint = error.hint();
    }
}

impl ToolStatus {
    fn nothing(tool: &'static str, package: &Package) -> Self {
        Self {
            tool,
            package: format!("{} {}", package.name, package.version),
            registry: package.registry,
            program: None,
            origin: None,
            version: None,
            size: None,
            installable: false,
            problem: None,
            hint: None,
        }
    }

    fn found(&mut self, found: Found, package: &Package) {
        self.version = version::text(&found.program);
        // Scripts, which another program runs, have the pinned version.
        let script = package.registry == PackageManager::Npm
            || found.program.extension().is_some_and(|extension| extension == "py");
        if script && found.origin == Origin::Installed {
            self.version = Some(package.version.to_owned());
        }
        if self.version.is_none() {
            self.problem = Some(format!("{} cannot be run", found.program.display()));
            self.hint = found
                .folder
                .as_ref()
                .map(|folder| format!("remove {} to have it reinstalled", folder.display()));
        }
        self.size = found.folder.as_deref().map(size_of);
        self.origin = Some(found.origin);
        self.program = Some(found.program);
    }
}

/// The size of all files below `folder`, in bytes. Unreadable ones count as empty.
pub fn size_of(folder: &Path) -> u64 {
    let (mut size, mut pending) = (0, vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => pending.push(entry.path()),
                Ok(metadata) => size += metadata.len(),
                Err(_) => {}
            }
        }
    }
    size
}
