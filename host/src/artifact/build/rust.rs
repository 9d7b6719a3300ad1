//! The driver `rust`: cargo builds a core module for `wasm32-unknown-unknown`, which is made a component here.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::super::error::ArtifactError;
use crate::report::{Event, Level, Reporter};

const TARGET: &str = "wasm32-unknown-unknown";
/// How much of cargo's output an error keeps; the end is what counts.
const MAX_OUTPUT: usize = 16 << 10;

const RUST_HINT: &str =
    "install Rust (https://rustup.rs), or use artifacts that are built already, or write the migration in SQL";

/// Set to `debian` where the target's std was installed beside Debian's rustc (`cargo xtask wasm-std`).
const STD_VARIABLE: &str = "MIGHOST_WASM_STD";

/// Builds the Cargo packages in `folders`; answers the component of each, by folder.
pub(super) fn build_all(
    folders: Vec<PathBuf>,
    cargo_folder: &Path,
    reporter: &dyn Reporter,
) -> Result<BTreeMap<PathBuf, Vec<u8>>, ArtifactError> {
    let mut workspaces: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for folder in folders {
        workspaces.entry(workspace_of(&folder)?).or_default().push(folder);
    }
    let mut components = BTreeMap::new();
    for (workspace, folders) in workspaces {
        let text = format!("cargo builds {} packages of {}", folders.len(), workspace.display());
        reporter.report(Event::Note {
            level: Level::Debug,
            text,
        });
        for (folder, module) in build_workspace(&workspace, &folders, cargo_folder)? {
            let component = componentize(&module).map_err(|error| ArtifactError::Build {
                path: folder.clone(),
                reason: format!("the module that cargo built cannot be made a component: {error:#}"),
                output: String::new(),
            })?;
            components.insert(folder, component);
        }
    }
    Ok(components)
}

fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    // Settings of an outer cargo, e.g. of a test run, must not reach the guests' build.
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

/// What Rust's guests need of the machine: the compiler's version, or what is missing and what to do.
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
        "run `rustup target add {TARGET}`; with Debian's rustc, set {STD_VARIABLE}=debian and install the target's std beside \
         it (`./x wasm-std` in mighost's repository)"
    )
}

fn workspace_of(folder: &Path) -> Result<PathBuf, ArtifactError> {
    #[derive(Deserialize)]
    struct Located {
        root: PathBuf,
    }
    // Through a link, cargo would look for the workspace above the link.
    let manifest = folder
        .canonicalize()
        .map_err(ArtifactError::read(folder))?
        .join("Cargo.toml");
    let output = cargo()
        .args(["locate-project", "--workspace", "--manifest-path"])
        .arg(&manifest)
        .output();
    let output = output.map_err(|error| spawn_error(folder, &error))?;
    if !output.status.success() {
        let reason = "cargo cannot read its Cargo.toml".into();
        return Err(ArtifactError::Build {
            path: folder.to_owned(),
            reason,
            output: tail(&output.stderr),
        });
    }
    let located: Located = serde_json::from_slice(&output.stdout).map_err(|error| ArtifactError::Build {
        path: folder.to_owned(),
        reason: format!("cargo locate-project answered something else than expected: {error}"),
        output: String::new(),
    })?;
    Ok(located.root)
}

/// A line of `cargo build --message-format=json`, as far as it matters here.
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
    rendered: Option<String>,
}

/// Runs cargo once and reads the module of each of `folders`.
fn build_workspace(
    workspace: &Path,
    folders: &[PathBuf],
    cargo_folder: &Path,
) -> Result<Vec<(PathBuf, Vec<u8>)>, ArtifactError> {
    let mut command = cargo();
    command.args([
        "build",
        "--release",
        "--target",
        TARGET,
        "--message-format=json-render-diagnostics",
        "--manifest-path",
    ]);
    // One folder for all guests: what they have in common, such as wit-bindgen, is built once.
    command.arg(workspace).arg("--target-dir").arg(cargo_folder);
    for folder in folders {
        command.arg("--package").arg(package_name(folder)?);
    }
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
            // What cannot be read is only missing from an error's text.
            let _ = stderr.read_to_end(&mut text);
        }
        text
    });
    let mut modules = BTreeMap::new();
    let mut rendered = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let Ok(message) = serde_json::from_str::<CargoMessage>(&line) else {
                continue;
            };
            if let Some(text) = message.message.and_then(|message| message.rendered) {
                rendered.push_str(&text);
            }
            let module = message
                .filenames
                .into_iter()
                .find(|name| name.extension().is_some_and(|extension| extension == "wasm"));
            if let (true, Some(module)) = (message.reason == "compiler-artifact", module) {
                modules.insert(message.manifest_path, module);
            }
        }
    }
    let status = child.wait().map_err(|error| spawn_error(workspace, &error))?;
    let diagnostics = diagnostics.join().unwrap_or_default();
    if !status.success() {
        let output = tail(format!("{rendered}{}", String::from_utf8_lossy(&diagnostics)).as_bytes());
        let path = match folders {
            [folder] => folder.clone(),
            _ => workspace.parent().unwrap_or(workspace).to_owned(),
        };
        if output.contains("can't find crate for `core`") || output.contains("can't find crate for `std`") {
            return Err(ArtifactError::NoTool {
                path,
                tool: format!("the Rust target {TARGET}"),
                hint: target_hint(),
            });
        }
        let reason = "cargo failed".into();
        return Err(ArtifactError::Build { path, reason, output });
    }
    let mut built = Vec::new();
    for folder in folders {
        let manifest = std::path::absolute(folder.join("Cargo.toml")).unwrap_or_default();
        let canonical = manifest.canonicalize().unwrap_or_default();
        if let Some(module) = modules.get(&manifest).or_else(|| modules.get(&canonical)) {
            built.push((
                folder.clone(),
                std::fs::read(module).map_err(ArtifactError::read(module))?,
            ));
        }
    }
    Ok(built)
}

fn package_name(folder: &Path) -> Result<String, ArtifactError> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(ArtifactError::read(&path))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| ArtifactError::Source {
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

fn spawn_error(path: &Path, error: &std::io::Error) -> ArtifactError {
    if error.kind() == std::io::ErrorKind::NotFound {
        ArtifactError::NoTool {
            path: path.to_owned(),
            tool: "cargo".into(),
            hint: RUST_HINT.into(),
        }
    } else {
        ArtifactError::Build {
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
