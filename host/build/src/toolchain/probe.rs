//! What there is of a tool, without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Origin, Package, PackageManager, Tool, Toolchains, package_manager, version};

/// The state of a tool.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ToolStatus {
    pub tool: &'static str,
    /// What would be installed, or was, e.g. `ziglang 0.15.2`.
    pub package: String,
    pub registry: PackageManager,
    /// Where the program is; none where it is nowhere.
    pub program: Option<PathBuf>,
    pub origin: Option<Origin>,
    /// What the program says of its version.
    pub version: Option<String>,
    /// Of the package's folder, in bytes.
    pub size: Option<u64>,
    /// Whether the first build installs it.
    pub installable: bool,
    /// Why it cannot be had, and what to do; none where it can.
    pub problem: Option<String>,
    pub hint: Option<String>,
}

impl Toolchains {
    /// Looks for `tool`, and for what would install it.
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

    /// Looks for a package that has no program; `what` is what people call it.
    pub fn look_for_package(&self, package: &Package, what: &'static str) -> ToolStatus {
        let mut looked = ToolStatus::nothing(what, package);
        match self.installed(package) {
            Some(folder) => {
                looked.version = Some(package.version.to_owned());
                looked.size = Some(size_of(&folder));
                looked.origin = Some(Origin::Installed);
                looked.program = Some(folder);
            }
            // Where its client is missing, the build fetches it in another way.
            None if self.settings.install => looked.installable = true,
            None => self.missing(&mut looked, package),
        }
        looked
    }

    /// Whether the first build can install what is not there.
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
        // Scripts, which another program runs, are of the version that is pinned.
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
                .map(|folder| format!("remove {}; it is installed anew then", folder.display()));
        }
        self.size = found.folder.as_deref().map(size_of);
        self.origin = Some(found.origin);
        self.program = Some(found.program);
    }
}

/// The length of all files below `folder`, in bytes. What cannot be read counts as nothing.
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
