//! The driver `rust`: cargo builds a core module for `wasm32-unknown-unknown`, of which a component is made here.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::BuildError;
use mighost_core::{Event, Level, Reporter};

const TARGET: &str = "wasm32-unknown-unknown";
/// The length of cargo's output that an error keeps; the end is what counts.
const MAX_OUTPUT: usize = 16 << 10;

const RUST_HINT: &str = "install Rust (https://rustup.rs), use prebuilt artifacts, or write the migration in SQL";

/// Set to `debian` if the target's std was installed beside Debian's rustc (`cargo xtask wasm-std`).
const STD_VARIABLE: &str = "MIGHOST_WASM_STD";

/// Builds the Cargo packages in `folders`; returns the component of each, by folder, or the reason why there is none. If several lack the
/// same thing, e.g. the compiler, only one of them is included.
pub(super) fn build_all(
    folders: Vec<PathBuf>,
    cargo_folder: &Path,
    state: &Path,
    reporter: &dyn Reporter,
) -> BTreeMap<PathBuf, Result<Vec<u8>, BuildError>> {
    let mut components = BTreeMap::new();
    if let Err((folder, error)) = unpack_sdk(&folders, state) {
        components.insert(folder, Err(error));
        return components;
    }
    let mut workspaces: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for folder in folders {
        match workspace_of(&folder) {
            Ok(workspace) => workspaces.entry(workspace).or_default().push(folder),
            Err(error) => {
                let ends = matches!(error, BuildError::NoTool { .. });
                components.insert(folder, Err(error));
                if ends {
                    return components;
                }
            }
        }
    }
    for (workspace, folders) in workspaces {
        let text = format!("cargo builds {} packages of {}", folders.len(), workspace.display());
        reporter.report(Event::Note {
            level: Level::Debug,
            text,
        });
        match build_workspace(&workspace, &folders, cargo_folder) {
            Ok(built) => components.extend(built),
            Err(error) => {
                components.extend(folders.into_iter().next().map(|folder| (folder, Err(error))));
            }
        }
    }
    components
}

/// Writes the SDK below `state`, the project's `.mighost`, if a package depends on it there.
fn unpack_sdk(folders: &[PathBuf], state: &Path) -> Result<(), (PathBuf, BuildError)> {
    let depends = |folder: &&PathBuf| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
        manifest.is_ok_and(|text| text.contains(crate::SDK_FOLDER))
    };
    let Some(folder) = folders.iter().find(depends) else {
        return Ok(());
    };
    crate::sdk::unpack(state).map_err(|error| (folder.clone(), error))
}

fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    // Settings of an outer cargo, e.g. in a test run, must not affect the guests' build.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "RUSTFLAGS"
            || text == "CARGO_ENCODED_RUSTFLAGS"
            || text == "CARGO_TARGET_DIR"
            || text == "RUSTC_WRAPPER"
        {
            cargo.env_remove(&name);
        }
    }
    if std::env::var_os(STD_VARIABLE).is_some_and(|value| value == "debian") {
        cargo.env("RUSTC", "/usr/bin/rustc");
    }
    cargo
}

/// The requirements of Rust guests on the system: the compiler's version, or what is missing and what to do.
pub fn look() -> Result<String, (String, String)> {
    let rustc = match std::env::var_os(STD_VARIABLE).is_some_and(|value| value == "debian") {
        true => "/usr/bin/rustc",
        false => "rustc",
    };
    let ask = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    let (Some(_), Some(version)) = (ask("cargo", &["--version"]), ask(rustc, &["--version"])) else {
        return Err(("cargo or rustc is not installed".into(), RUST_HINT.into()));
    };
    let libraries = ask(rustc, &["--print", "target-libdir", "--target", TARGET]);
    match libraries.is_some_and(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())) {
        true => Ok(version),
        false => Err((format!("the Rust target {TARGET} is not installed"), target_hint())),
    }
}

fn target_hint() -> String {
    format!(
        "run `rustup target add {TARGET}`; with Debian's rustc, set {STD_VARIABLE}=debian and install the target's std \
         next to it (`./x wasm-std` in mighost's repository)"
    )
}

fn workspace_of(folder: &Path) -> Result<PathBuf, BuildError> {
    #[derive(Deserialize)]
    struct Located {
        root: PathBuf,
    }
    // Through a link, cargo would look for the workspace above the link.
    let manifest = folder
        .canonicalize()
        .map_err(BuildError::read(folder))?
        .join("Cargo.toml");
    let output = cargo()
        .args(["locate-project", "--workspace", "--manifest-path"])
        .arg(&manifest)
        .output();
    let output = output.map_err(|error| spawn_error(folder, &error))?;
    if !output.status.success() {
        let reason = "cargo cannot read its Cargo.toml".into();
        return Err(BuildError::Build {
            path: folder.to_owned(),
            reason,
            output: tail(&output.stderr),
        });
    }
    let located: Located = serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Build {
        path: folder.to_owned(),
        reason: format!("unexpected output of cargo locate-project: {error}"),
        output: String::new(),
    })?;
    Ok(located.root)
}

/// A line of `cargo build --message-format=json`, without irrelevant parts.
#[derive(Deserialize)]
struct CargoMessage {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    message: Option<CompilerMessage>,
}

#[derive(Deserialize)]
struct CompilerMessage {
    level: String,
    rendered: Option<String>,
}

/// cargo's messages, by the manifests of packages.
#[derive(Default)]
struct Said {
    modules: BTreeMap<PathBuf, PathBuf>,
    errors: BTreeMap<PathBuf, String>,
}

impl Said {
    fn read(&mut self, line: &str) {
        // Anything that is not a message of cargo was printed by a build script.
        let Ok(message) = serde_json::from_str::<CargoMessage>(line) else {
            return;
        };
        let module = |name: &PathBuf| name.extension().is_some_and(|extension| extension == "wasm");
        match (message.reason.as_str(), message.message) {
            ("compiler-artifact", _) => {
                let module = message.filenames.into_iter().find(module);
                self.modules
                    .extend(module.map(|module| (message.manifest_path, module)));
            }
            ("compiler-message", Some(said)) if said.level.starts_with("error") => {
                let errors = self.errors.entry(message.manifest_path).or_default();
                errors.push_str(&said.rendered.unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// A folder, and its component.
type BuiltFolder = (PathBuf, Result<Vec<u8>, BuildError>);

/// Runs cargo once and reads the module of each of `folders`.
fn build_workspace(workspace: &Path, folders: &[PathBuf], cargo_folder: &Path) -> Result<Vec<BuiltFolder>, BuildError> {
    let mut command = cargo();
    command.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--keep-going",
        "--message-format=json",
        "--manifest-path",
    ]);
    // One folder for all guests: common dependencies such as wit-bindgen are built once.
    command.arg(workspace).arg("--target-dir").arg(cargo_folder);
    let mut built = Vec::new();
    let mut named = Vec::new();
    for folder in folders {
        match package_name(folder) {
            Ok(name) => {
                command.arg("--package").arg(name);
                named.push(folder);
            }
            Err(error) => built.push((folder.clone(), Err(error))),
        }
    }
    if named.is_empty() {
        return Ok(built);
    }
    let (succeeded, said, diagnostics) = run(command, workspace)?;
    let mut untold = true;
    for folder in named {
        let manifest = std::path::absolute(folder.join("Cargo.toml")).unwrap_or_default();
        let canonical = manifest.canonicalize().unwrap_or_default();
        if let Some(module) = said.modules.get(&manifest).or_else(|| said.modules.get(&canonical)) {
            built.push((folder.clone(), component_of(folder, module)));
            continue;
        }
        let own = said.errors.get(&manifest).or_else(|| said.errors.get(&canonical));
        let output = match own {
            Some(errors) => errors.clone(),
            None if succeeded => {
                built.push((folder.clone(), Err(no_cdylib(folder))));
                continue;
            }
            // Reported once: their dependencies failed, or cargo itself.
            None if !std::mem::take(&mut untold) => continue,
            None => {
                let others: String = said.errors.values().map(String::as_str).collect();
                format!("{others}{diagnostics}")
            }
        };
        built.push((folder.clone(), Err(failed(folder, &output))));
    }
    Ok(built)
}

/// Runs cargo; returns whether it succeeded, its messages, and its output for people.
fn run(mut command: Command, workspace: &Path) -> Result<(bool, Said, String), BuildError> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| spawn_error(workspace, &error))?;
    let mut stderr = child.stderr.take();
    let diagnostics = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(stderr) = &mut stderr {
            // Unreadable lines are only missing from an error message.
            let _ = stderr.read_to_end(&mut text);
        }
        text
    });
    let mut said = Said::default();
    if let Some(stdout) = child.stdout.take() {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.for_each(|line| said.read(&line));
    }
    let status = child.wait().map_err(|error| spawn_error(workspace, &error))?;
    let diagnostics = diagnostics.join().unwrap_or_default();
    Ok((
        status.success(),
        said,
        String::from_utf8_lossy(&diagnostics).into_owned(),
    ))
}

fn component_of(folder: &Path, module: &Path) -> Result<Vec<u8>, BuildError> {
    let module = std::fs::read(module).map_err(BuildError::read(module))?;
    componentize(&module).map_err(|error| BuildError::Build {
        path: folder.to_owned(),
        reason: format!("the module that cargo built cannot be converted to a component: {error:#}"),
        output: String::new(),
    })
}

fn failed(folder: &Path, output: &str) -> BuildError {
    let path = folder.to_owned();
    if output.contains("can't find crate for `core`") || output.contains("can't find crate for `std`") {
        return BuildError::NoTool {
            path,
            tool: format!("the Rust target {TARGET}"),
            hint: target_hint(),
        };
    }
    BuildError::Build {
        path,
        reason: "cargo failed".into(),
        output: tail(output.as_bytes()),
    }
}

fn no_cdylib(folder: &Path) -> BuildError {
    BuildError::Build {
        path: folder.to_owned(),
        reason: "cargo built no cdylib from it; set crate-type = [\"cdylib\"] in its Cargo.toml".into(),
        output: String::new(),
    }
}

fn package_name(folder: &Path) -> Result<String, BuildError> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(BuildError::read(&path))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| BuildError::Source {
        path,
        text: error.to_string(),
    })?;
    Ok(manifest.package.name)
}

fn componentize(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .encode()
}

fn spawn_error(path: &Path, error: &std::io::Error) -> BuildError {
    if error.kind() == std::io::ErrorKind::NotFound {
        BuildError::NoTool {
            path: path.to_owned(),
            tool: "cargo".into(),
            hint: RUST_HINT.into(),
        }
    } else {
        BuildError::Build {
            path: path.to_owned(),
            reason: format!("cargo cannot be run: {error}"),
            output: String::new(),
        }
    }
}

/// The end of a tool's output.
fn tail(output: &[u8]) -> String {
    let start = output.len().saturating_sub(MAX_OUTPUT);
    String::from_utf8_lossy(&output[start..]).into_owned()
}
