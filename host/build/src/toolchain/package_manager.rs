//! Calls of the registries' clients. Each installs into one folder, changes nothing else except its own cache, and runs no code of the
//! package.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::tools::{NODE, NPM_OF_NODE};
use super::{Package, version};
use mighost_config::ToolchainSettings;

/// The client that installs a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageManager {
    Pip,
    Npm,
    /// The sources of a crate, without its dependencies.
    Cargo,
}

impl PackageManager {
    /// The name of the client.
    pub fn client(self) -> &'static str {
        match self {
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::Cargo => "cargo",
        }
    }

    /// The hint if the client is missing.
    pub(super) fn how_to_get(self) -> &'static str {
        match self {
            Self::Pip => "install Python 3 with pip (on Debian: `apt install python3-pip`)",
            Self::Npm => "install Node.js with npm (on Debian: `apt install nodejs npm`)",
            Self::Cargo => "install Rust, which has cargo",
        }
    }
}

/// The client's call that installs `package` into `folder`, which exists and is empty; `None` if there is no client.
pub(super) fn command(settings: &ToolchainSettings, package: &Package, folder: &Path) -> io::Result<Option<Command>> {
    Ok(match package.registry {
        PackageManager::Pip => pip(settings, package, folder),
        PackageManager::Npm => npm(settings, package, folder)?,
        PackageManager::Cargo => cargo(package, folder)?,
    })
}

/// Whether the client can be run.
pub(super) fn is_there(settings: &ToolchainSettings, registry: PackageManager) -> bool {
    match registry {
        PackageManager::Pip => pip_program(settings).is_some(),
        // The Node.js that pip installs includes one.
        PackageManager::Npm => npm_program(settings).is_some() || pip_program(settings).is_some(),
        PackageManager::Cargo => version::of(Path::new("cargo")).is_some(),
    }
}

/// The remaining work after the client has succeeded.
pub(super) fn finish(package: &Package, folder: &Path) -> io::Result<()> {
    if package.registry == PackageManager::Cargo {
        let vendored = folder.join("vendor").join(package.name);
        fs::rename(vendored, folder.join(package.name))?;
        for rest in ["vendor", "src"] {
            fs::remove_dir_all(folder.join(rest))?;
        }
        for rest in ["Cargo.toml", "Cargo.lock"] {
            fs::remove_file(folder.join(rest))?;
        }
    }
    Ok(())
}

/// pip, as a module of the configured Python or the one on the PATH, or as a program.
pub(super) fn pip_program(settings: &ToolchainSettings) -> Option<Command> {
    let pythons = ["python3", "python"].map(Path::new);
    let module = match &settings.python {
        Some(python) => module_pip(python),
        None => pythons.into_iter().find_map(module_pip),
    };
    let alone = ["pip3", "pip"]
        .into_iter()
        .find(|name| version::of(Path::new(name)).is_some());
    module.or_else(|| alone.map(Command::new))
}

fn pip(settings: &ToolchainSettings, package: &Package, folder: &Path) -> Option<Command> {
    let mut command = pip_program(settings)?;
    command
        .args([
            "install",
            "--no-deps",
            "--no-input",
            "--no-warn-script-location",
            "--no-compile",
            // Without a wheel, a package's own code would be run to build it.
            "--only-binary",
            ":all:",
        ])
        .args([
            "--disable-pip-version-check",
            "--root-user-action",
            "ignore",
            "--target",
        ])
        .arg(folder)
        // A user's default that is incompatible with --target.
        .env("PIP_USER", "0");
    command.args(pinned(package).map(|(name, version)| format!("{name}=={version}")));
    Some(command)
}

/// `python -m pip`, if this Python has it.
fn module_pip(python: &Path) -> Option<Command> {
    let mut command = Command::new(python);
    command.args(["-m", "pip"]);
    let mut probe = Command::new(python);
    let output = probe.args(["-m", "pip", "--version"]).output().ok()?;
    output.status.success().then_some(command)
}

/// npm: the one beside the configured node, that of the system, or that of the Node.js in the folder of toolchains.
pub(super) fn npm_program(settings: &ToolchainSettings) -> Option<Command> {
    let set = settings.node.as_deref().and_then(Path::parent);
    let beside = set.map(|folder| with_path(Command::new(folder.join("npm")), folder));
    let package = settings.folder.join(NODE.package.folder_name());
    let (node, npm) = (package.join(NODE.program), package.join(NPM_OF_NODE));
    let installed = npm.is_file().then(|| {
        let mut command = Command::new(&node);
        command.arg(npm);
        node.parent().map(|folder| with_path(command, folder))
    });
    let candidates = [beside, Some(Command::new("npm")), installed.flatten()];
    candidates.into_iter().flatten().find(answers)
}

/// Puts `folder` first on the PATH: npm is a script for node, and runs others.
fn with_path(mut command: Command, folder: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
}

/// Whether the call prints its version.
fn answers(command: &Command) -> bool {
    let mut probe = Command::new(command.get_program());
    probe.args(command.get_args()).arg("--version").stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        value.map(|value| probe.env(name, value));
    }
    probe.output().is_ok_and(|output| output.status.success())
}

fn npm(settings: &ToolchainSettings, package: &Package, folder: &Path) -> io::Result<Option<Command>> {
    let Some(mut command) = npm_program(settings) else {
        return Ok(None);
    };
    let versions = |pairs: &mut dyn Iterator<Item = (&str, &str)>| {
        pairs
            .map(|(name, version)| (name.to_owned(), version.into()))
            .collect::<serde_json::Map<_, _>>()
    };
    // Overrides are only possible in a package.json.
    let manifest = serde_json::json!({
        "private": true,
        "dependencies": versions(&mut pinned(package)),
        "overrides": versions(&mut package.overrides.iter().copied()),
    });
    fs::write(folder.join("package.json"), manifest.to_string())?;
    command
        .args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--loglevel",
            "error",
            "--prefix",
        ])
        .arg(folder)
        .current_dir(folder);
    Ok(Some(command))
}

/// cargo provides sources with `vendor`, which needs a package that depends on them.
fn cargo(package: &Package, folder: &Path) -> io::Result<Option<Command>> {
    if version::of(Path::new("cargo")).is_none() {
        return Ok(None);
    }
    let mut manifest =
        "[package]\nname = \"mighost-fetches\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\n".to_owned();
    for (name, version) in pinned(package) {
        manifest.push_str(&format!("{name} = \"={version}\"\n"));
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let mut command = Command::new("cargo");
    command.args(["vendor", "--quiet", "vendor"]).current_dir(folder);
    Ok(Some(command))
}

/// The package itself, followed by its dependencies.
fn pinned(package: &Package) -> impl Iterator<Item = (&str, &str)> {
    std::iter::once((package.name, package.version)).chain(package.with.iter().copied())
}
