//! The driver `go`: Go's own compiler, with bindings to the guest's world and the package `mighost`.
//!
//! The author's folder is a package, with or without a `go.mod`. Go's main module is made in the work folder, as module `mighost`: the
//! helper at its top, bindings below `wit`, and a program that exports what the host calls. The author's package is one of its
//! requirements, replaced by the folder, so that messages name the author's own files and nothing is written there.

mod glue;
mod modules;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_go::{Format, Opts};
use wit_component::StringEncoding;

use super::{Job, component, export_check, tool};
use crate::error::BuildError;
use crate::toolchain::{Found, GO, GO_RUNTIME, GO_RUNTIME_NAME};

/// Part of the host, and written beside the bindings.
const HELPER: [(&str, &str); 3] = [
    ("mighost.go", include_str!("../../helpers/go/mighost.go")),
    ("quoting.go", include_str!("../../helpers/go/quoting.go")),
    ("database.go", include_str!("../../helpers/go/database.go")),
];
const OBJECTS: &str = include_str!("../../helpers/go/objects.go");
const HOOKS: &str = include_str!("../../helpers/go/hooks.go");
const REPLACEABLE: &str = include_str!("../../helpers/go/replaceable.go");

/// The name of the author's package without a `go.mod`.
const MODULE: &str = "guest";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let go = job
        .toolchains
        .require(&GO, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let runtime = runtime(job)?;
    let module = modules::name(job.folder())?;
    let main = job.work.join("go");
    // The remains of a removed interface would be compiled as well.
    if main.exists() {
        fs::remove_dir_all(&main).map_err(BuildError::write(&main))?;
    }
    write_bindings(job, module.as_deref().unwrap_or(MODULE))?;
    modules::write(job, module.as_deref(), runtime.as_deref())?;
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
    let mut core = fs::read(&output).map_err(BuildError::read(&output))?;
    // The compiler does not support components: the world is described here.
    wit_component::embed_component_metadata(
        &mut core,
        &job.world.resolve,
        job.world.world,
        StringEncoding::UTF8,
        false,
    )
    .map_err(|error| job.failed(format!("cannot add the component type to its module: {error:#}"), ""))?;
    component::encode(job, &core)
}

/// The folder of the bindings' runtime; `None` if there is no cargo to download it and Go does that itself.
fn runtime(job: &Job<'_>) -> Result<Option<PathBuf>, BuildError> {
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

fn write_bindings(job: &Job<'_>, module: &str) -> Result<(), BuildError> {
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
    generate().map_err(|error| job.failed(format!("cannot generate bindings for its world: {error:#}"), ""))?;
    let defined = defined(job)?;
    let (mut has_objects, mut has_hooks, mut has_replaceable) = (false, false, false);
    for (name, content) in files.iter() {
        let text = String::from_utf8_lossy(content);
        let package = name.split_once('/').map_or("", |(package, _)| package);
        has_objects |= package == "mighost_host_objects";
        has_hooks |= package == "mighost_host_step_info";
        has_replaceable |= package == "mighost_host_replaceable";
        let (place, text) = match name {
            // Written together with its requirements.
            "go.mod" => continue,
            "wit_exports.go" => ("go/main/exports.go".to_owned(), glue::narrowed(&glue::moved(&text))),
            // Go requires an assembler file if functions have no body.
            _ if !name.ends_with(".go") => (format!("go/wit/{name}"), text.into_owned()),
            _ if package.starts_with("export_") => (
                format!("go/wit/{name}"),
                glue::exported(package, &text, module, &defined),
            ),
            _ => (format!("go/wit/{name}"), glue::moved(&text)),
        };
        job.write(&place, text.as_bytes())?;
    }
    for (name, content) in HELPER {
        job.write(&format!("go/{name}"), content.as_bytes())?;
    }
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

/// The names of the author's functions: some are optional, and Go cannot check for them.
fn defined(job: &Job<'_>) -> Result<Vec<String>, BuildError> {
    let mut names = Vec::new();
    let files = job.sources(&["go"]);
    // Folders below it are packages of their own.
    for path in files.into_iter().filter(|path| path.components().count() == 1) {
        let path = job.folder().join(path);
        let text = fs::read_to_string(&path).map_err(BuildError::read(&path))?;
        let function = |line: &str| Some(line.strip_prefix("func ")?.split_once('(')?.0.to_owned());
        names.extend(text.lines().filter_map(function));
    }
    Ok(names)
}

/// Go compiles for WebAssembly, keeps its output in the folder of toolchains, downloads no other Go, and writes nothing to the user's
/// home. The source of modules, e.g. `GOPROXY`, is that of the user.
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
    // Only if mighost installed it: a Go of the user has modules and caches of its own.
    if go.folder.is_some() {
        command.env("GOPATH", kept.join("go-path"));
    }
    // Its telemetry would be written there.
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

/// The file in which `go env -w` keeps the user's settings.
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

/// The error with the author's names of files, and with an explanation where Go's message is not enough.
fn readable(job: &Job<'_>, error: BuildError) -> BuildError {
    let BuildError::Build { path, reason, output } = error else {
        return error;
    };
    let folder = std::path::absolute(job.folder()).unwrap_or_default();
    let main = std::path::absolute(job.work.join("go")).unwrap_or_default();
    let mut output = output.replace(&format!("{}/", tool::relative(&main, &folder).display()), "");
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
            "A required module is missing, and GOPROXY forbids downloading it.",
        ),
        (
            "guest.",
            "`guest` is this folder's package: it lacks a function that its world exports, or defines it with the \
             wrong signature. Write WIT names in Go's style, e.g. CreateAll for create-all; exported functions return \
             an error as their last result.",
        ),
    ];
    // Its functions as the glue code calls them.
    let called = output.split("guest.").nth(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned()
    });
    if let Some((_, meaning)) = meanings.into_iter().find(|(sign, _)| output.contains(sign)) {
        output.push_str(&format!("\n{meaning}"));
    }
    let letters = |name: &str| name.replace('-', "").to_lowercase();
    let wanted = called.map(|name| name.to_lowercase());
    if let Some(wit) = export_check::wit(job, |name| wanted.as_ref() == Some(&letters(name))) {
        output.push_str(&format!("\nexpected: {wit}"));
    }
    BuildError::Build { path, reason, output }
}
