//! What there is of a tool, without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Origin, Package, Registry, Tool, Toolchains, client, version};

/// The state of a tool.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Looked {
    pub tool: &'static str,
    /// What would be installed, or was, e.g. `ziglang 0.15.2`.
    pub package: String,
    pub registry: Registry,
    /// Where the program is, or the folder of a package without one; none where it is nowhere.
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
    pub fn look(&self, tool: &Tool) -> Looked {
        let package = &tool.package;
        let mut looked = Looked::new(tool.name, package);
        match self.find(tool) {
            Ok(Some(found)) => looked.found(found, package),
            Ok(None) => {
                let client = self
                    .settings
                    .install
                    .then(|| client::is_there(&self.settings, package.registry));
                match client {
                    Some(true) => looked.installable = true,
                    there => {
                        let error = match there {
                            None => self.must_not_install(package, tool.name),
                            Some(_) => super::ToolchainError::NoClient {
                                tool: tool.name,
                                package: package.name,
                                registry: package.registry,
                            },
                        };
                        looked.problem = Some(error.to_string());
                        looked.hint = error.hint();
                    }
                }
            }
            Err(error) => {
                looked.problem = Some(error.to_string());
                looked.hint = error.hint();
            }
        }
        looked
    }

    /// Looks for a package that has no program. Where its registry's client is missing, a compiler fetches it by itself.
    pub fn look_package(&self, package: &Package, what: &'static str) -> Looked {
        let mut looked = Looked::new(what, package);
        match self.installed(package) {
            Some(folder) => {
                looked.version = Some(package.version.to_owned());
                looked.size = Some(size_of(&folder));
                looked.origin = Some(Origin::Installed);
                looked.program = Some(folder);
            }
            None if self.settings.install => looked.installable = true,
            None => {
                let error = self.must_not_install(package, what);
                looked.problem = Some(error.to_string());
                looked.hint = error.hint();
            }
        }
        looked
    }
}

impl Looked {
    fn new(tool: &'static str, package: &Package) -> Self {
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
        let script = found
            .program
            .extension()
            .is_some_and(|extension| extension == "mjs" || extension == "py");
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
