//! The driver `go`: Go's own compiler, with bindings to the guest's world and the package `mighost`.
//!
//! The author's folder is a package, with a `go.mod` or without. What Go calls the main module is made in the work folder, module `mighost`: the
//! helper at its top, bindings below `wit`, and a program that exports what the host calls. The author's package is one of its requirements,
//! replaced by the folder, so that messages name the author's own files and nothing is written beside them.

mod glue;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_go::{Format, Opts};
use wit_component::StringEncoding;

use super::super::error::ArtifactError;
use super::{Job, Source, component, tool};
use crate::toolchain::{Found, GO, GO_RUNTIME, GO_RUNTIME_NAME};

/// Carried by the host, and written beside the bindings.
const HELPER: &str = include_str!("go/mighost.go");
const OBJECTS: &str = include_str!("go/objects.go");
const HOOKS: &str = include_str!("go/hooks.go");
const REPLACEABLE: &str = include_str!("go/replaceable.go");

/// The version of Go's language that the bindings and the helper are written in.
const LANGUAGE: &str = "1.27";
/// The package of the bindings' runtime, and its version, as the bindings name it.
const RUNTIME: &str = "go.bytecodealliance.org/pkg";
const RUNTIME_VERSION: &str = "v0.4.0";
/// The author's package, where it has no `go.mod` that names it.
const MODULE: &str = "guest";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, ArtifactError> {
    let go = job
        .toolchains
        .require(&GO, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let runtime = runtime(job)?;
    let module = module_of(job.folder())?;
    let main = job.work.join("go");
    // What an interface that is gone left behind would be compiled along.
    if main.exists() {
        fs::remove_dir_all(&main).map_err(ArtifactError::write(&main))?;
    }
    write_bindings(job, module.as_deref().unwrap_or(MODULE))?;
    write_modules(job, module.as_deref(), runtime.as_deref())?;
    let output = job.work.join("guest.wasm");
    let mut command = go.command();
    environment(job, &go, &mut command);
    command
        .current_dir(&main)
        .args([
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-buildmode=c-shared",
            "-ldflags=-checklinkname=0 -s -w",
        ])
        .arg(format!("-overlay={}", job.work.join("overlay.json").display()))
        .arg("-o")
        .arg(&output)
        .arg("./main");
    tool::run(job, "go build", &mut command).map_err(|error| readable(job, error))?;
    let mut core = fs::read(&output).map_err(ArtifactError::read(&output))?;
    // The compiler knows nothing of components: the world is described here.
    wit_component::embed_component_metadata(
        &mut core,
        &job.world.resolve,
        job.world.world,
        StringEncoding::UTF8,
        false,
    )
    .map_err(|error| job.failed(format!("its module cannot be described: {error:#}"), ""))?;
    component::encode(job, &core)
}

/// The folder of the bindings' runtime; none where there is no cargo to fetch it, and Go does that itself.
fn runtime(job: &Job<'_>) -> Result<Option<PathBuf>, ArtifactError> {
    use crate::toolchain::ToolchainError::NoClient;
    match job
        .toolchains
        .require_package(&GO_RUNTIME, GO_RUNTIME_NAME, job.reporter)
    {
        Ok(folder) => Ok(Some(folder.join(GO_RUNTIME.name).join("src/pkg"))),
        Err(NoClient { .. }) => Ok(None),
        Err(error) => Err(job.no_tool(error)),
    }
}

/// The module's name in the author's `go.mod`; none where there is no such file.
fn module_of(folder: &Path) -> Result<Option<String>, ArtifactError> {
    let path = folder.join("go.mod");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ArtifactError::Read { path, source }),
    };
    let named = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let name = named.map(|name| name.split("//").next().unwrap_or(name).trim().trim_matches('"'));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    match name.filter(|name| !name.is_empty() && name.chars().all(plain) && *name != "mighost") {
        Some(name) => Ok(Some(name.to_owned())),
        None => Err(ArtifactError::Source {
            path,
            text: "it names no module of the guest's own: module NAME, where NAME is not mighost".into(),
        }),
    }
}

fn write_bindings(job: &Job<'_>, module: &str) -> Result<(), ArtifactError> {
    let opts = Opts {
        format: Format::False,
        generate_stubs: true,
        quiet: true,
        ..Opts::default()
    };
    let mut files = Files::default();
    let mut generate = || {
        let (mut resolve, world) = job.world.for_bindings()?;
        opts.build().generate(&mut resolve, world, &mut files)
    };
    generate().map_err(|error| job.failed(format!("no bindings can be made for its world: {error:#}"), ""))?;
    let kinds: &[String] = match job.source {
        Source::Plugin(plugin) => &plugin.kinds,
        Source::Migration(_) => &[],
    };
    let objects = defines_objects(job)?;
    let (mut has_objects, mut has_hooks, mut has_replaceable) = (false, false, false);
    for (name, content) in files.iter() {
        let text = String::from_utf8_lossy(content);
        let package = name.split_once('/').map_or("", |(package, _)| package);
        has_objects |= package == "mighost_host_objects";
        has_hooks |= package == "mighost_host_version_hook";
        has_replaceable |= package == "mighost_host_replaceable";
        let (place, text) = match name {
            // Written with its requirements.
            "go.mod" => continue,
            "wit_exports.go" => ("go/main/exports.go".to_owned(), glue::narrowed(&glue::moved(&text))),
            // Go wants a file of assembler where functions have no body.
            _ if !name.ends_with(".go") => (format!("go/wit/{name}"), text.into_owned()),
            _ if package.starts_with("export_") => (
                format!("go/wit/{name}"),
                glue::exported(package, &text, module, kinds, objects),
            ),
            _ => (format!("go/wit/{name}"), glue::moved(&text)),
        };
        job.write(&place, text.as_bytes())?;
    }
    job.write("go/mighost.go", HELPER.as_bytes())?;
    if has_objects {
        job.write("go/objects.go", OBJECTS.as_bytes())?;
    }
    if has_hooks {
        job.write("go/hooks.go", HOOKS.as_bytes())?;
    }
    if has_replaceable {
        job.write("go/replaceable.go", REPLACEABLE.as_bytes())?;
    }
    Ok(())
}

/// Whether a migration has `func Objects`, which it may leave out. Go has no way to ask.
fn defines_objects(job: &Job<'_>) -> Result<bool, ArtifactError> {
    for path in job.sources(&["go"]) {
        let path = job.folder().join(path);
        let text = fs::read_to_string(&path).map_err(ArtifactError::read(&path))?;
        if text.lines().any(|line| line.starts_with("func Objects(")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `go.mod` of the main module, and one that stands for the author's where there is none.
fn write_modules(job: &Job<'_>, module: Option<&str>, runtime: Option<&Path>) -> Result<(), ArtifactError> {
    let folder = std::path::absolute(job.folder()).map_err(ArtifactError::read(job.folder()))?;
    let guest = module.unwrap_or(MODULE);
    let mut text = format!(
        "module mighost\n\ngo {LANGUAGE}\n\nrequire {RUNTIME} {RUNTIME_VERSION}\n\nrequire {guest} v0.0.0\n\nreplace {guest} => {}\n",
        quoted(&folder)
    );
    if let Some(runtime) = runtime {
        let runtime = std::path::absolute(runtime).map_err(ArtifactError::read(runtime))?;
        text.push_str(&format!("\nreplace {RUNTIME} => {}\n", quoted(&runtime)));
    }
    job.write("go/go.mod", text.as_bytes())?;
    // What its requirements must be, where the author says so.
    let sums = folder.join("go.sum");
    if sums.is_file() {
        let sums = fs::read(&sums).map_err(ArtifactError::read(&sums))?;
        job.write("go/go.sum", &sums)?;
    }
    let mut overlay = serde_json::Map::new();
    if module.is_none() {
        let stand_in = job.write("guest.mod", format!("module {MODULE}\n\ngo {LANGUAGE}\n").as_bytes())?;
        let stand_in = std::path::absolute(&stand_in).map_err(ArtifactError::read(&stand_in))?;
        let place = folder.join("go.mod").display().to_string();
        overlay.insert(place, stand_in.display().to_string().into());
    }
    let overlay = serde_json::json!({ "Replace": overlay }).to_string();
    job.write("overlay.json", overlay.as_bytes()).map(drop)
}

/// A path as `go.mod` takes it, spaces included.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// Go compiles for WebAssembly, keeps what it makes in the folder of toolchains, fetches no other Go, and writes nothing into the user's home.
/// Where modules come from, e.g. `GOPROXY`, stays as the user has it.
fn environment(job: &Job<'_>, go: &Found, command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if matches!(
            &*text,
            "GOROOT" | "GOPATH" | "GOBIN" | "GOEXPERIMENT" | "GOWASM" | "GO111MODULE" | "GOWORK"
        ) {
            command.env_remove(&name);
        }
    }
    let kept = job.toolchains.folder();
    let kept = std::path::absolute(kept).unwrap_or_else(|_| kept.to_owned());
    // Only where it was installed for mighost: a Go of the user's has modules and caches of its own.
    if go.folder.is_some() {
        command.env("GOPATH", kept.join("go-path"));
    }
    // Its counters would go there.
    if let Some(settings) = user_settings() {
        command.env("GOENV", settings);
    }
    command
        .env("XDG_CONFIG_HOME", kept.join("go-config"))
        .env("GOCACHE", kept.join("go-cache"))
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=mod")
        .env("GOTOOLCHAIN", "local");
}

/// Where `go env -w` keeps what the user set.
fn user_settings() -> Option<PathBuf> {
    if std::env::var_os("GOENV").is_some() {
        return None;
    }
    let folder = match std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
    {
        Some(folder) => folder,
        None => std::env::home_dir()?.join(".config"),
    };
    Some(folder.join("go/env")).filter(|path| path.is_file())
}

/// The error with files as the author knows them, and with a word on what Go's own words do not say.
fn readable(job: &Job<'_>, error: ArtifactError) -> ArtifactError {
    let ArtifactError::Build { path, reason, output } = error else {
        return error;
    };
    let folder = std::path::absolute(job.folder()).unwrap_or_default();
    let main = std::path::absolute(job.work.join("go")).unwrap_or_default();
    let mut output = output.replace(&format!("{}/", relative(&main, &folder).display()), "");
    output = output.replace(&format!("{}/", folder.display()), "");
    let lines: Vec<&str> = output.lines().filter(|line| !line.starts_with("# ")).collect();
    let mut output = lines.join("\n");
    let meanings = [
        (
            "is a program, not an importable package",
            "The folder's package must not be main: call it by any other name.",
        ),
        (
            "module lookup disabled by GOPROXY=off",
            "A module is needed that is not there, and GOPROXY forbids to fetch it.",
        ),
        (
            "guest.",
            "guest is this folder's package: it lacks a function that its world exports, or has it with other types. Names are those of the WIT \
             in Go's way, e.g. CreateAll for create-all, and what is exported returns an error, behind its answer if it has one.",
        ),
    ];
    if let Some((_, meaning)) = meanings.into_iter().find(|(sign, _)| output.contains(sign)) {
        output.push_str(&format!("\n{meaning}"));
    }
    ArtifactError::Build { path, reason, output }
}

/// `to` as seen from the folder `from`; both are absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| "..");
    up.map(PathBuf::from)
        .chain(to.components().skip(shared).map(|part| PathBuf::from(part.as_os_str())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_from_another_folder() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/d")), Path::new("../../d"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a/d/e")), Path::new("d/e"));
    }

    #[test]
    fn a_module_is_named_or_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let named = |text: &str| {
            fs::write(folder.path().join("go.mod"), text).unwrap();
            module_of(folder.path()).ok().flatten()
        };
        assert!(module_of(folder.path()).unwrap().is_none());
        assert_eq!(
            named("module partitions // of time\n\ngo 1.27\n").as_deref(),
            Some("partitions")
        );
        assert_eq!(named("module \"acme.org/x\"\n").as_deref(), Some("acme.org/x"));
        assert_eq!(named("module mighost\n"), None);
        assert_eq!(named("go 1.27\n"), None);
    }
}
