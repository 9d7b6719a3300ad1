//! Bundles the code into one file with esbuild, and checks its imports and exports.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::super::{Job, export_check, interpreter_cache, tool};
use super::source_map::Lines;
use super::{exports, imports, names};
use crate::error::BuildError;
use crate::toolchain::{COMPONENTIZE_QJS, platform_program};

pub(super) struct Bundle {
    pub code: Vec<u8>,
    pub lines: Vec<u8>,
}

/// esbuild's description of its output.
#[derive(Deserialize)]
struct Meta {
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    #[serde(default)]
    imports: Vec<Import>,
    #[serde(default)]
    exports: Vec<String>,
    entry_point: Option<String>,
}

#[derive(Deserialize)]
struct Import {
    path: String,
}

pub(super) fn make(job: &Job<'_>, entry: &str, modules: Option<&Path>) -> Result<Bundle, BuildError> {
    // For modules, esbuild lists the exports; as the body of a function, the runtime can run the code.
    let meta = job.work.join("bundle.json");
    let mut command = esbuild(job, entry, modules)?;
    command
        .arg("--format=esm")
        .arg(format!("--outfile={}", job.work.join("bundle.mjs").display()))
        .arg(format!("--metafile={}", meta.display()));
    run(job, &mut command)?;
    let text = std::fs::read(&meta).map_err(BuildError::read(&meta))?;
    let meta: Meta = serde_json::from_slice(&text).map_err(|error| {
        job.failed(
            format!("esbuild's description of its output cannot be read: {error}"),
            "",
        )
    })?;
    if let Some(output) = meta.outputs.into_values().find(|output| output.entry_point.is_some()) {
        check(job, entry, &output)?;
    }
    let mut command = esbuild(job, entry, modules)?;
    command
        .args(["--format=cjs", "--sourcemap=external", "--sources-content=false"])
        .arg(format!("--outfile={}", job.work.join("bundle.js").display()));
    run(job, &mut command)?;
    let read = |name: &str| {
        let path = job.work.join(name);
        std::fs::read(&path).map_err(BuildError::read(&path))
    };
    let map = String::from_utf8_lossy(&read("bundle.js.map")?).into_owned();
    let mut lines =
        Lines::read(&map).map_err(|error| job.failed(format!("esbuild's source map cannot be read: {error}"), ""))?;
    for file in &mut lines.files {
        *file = name_of(job, file);
    }
    Ok(Bundle {
        code: read("bundle.js")?,
        lines: serde_json::to_vec(&lines).unwrap_or_default(),
    })
}

fn esbuild(job: &Job<'_>, entry: &str, modules: Option<&Path>) -> Result<Command, BuildError> {
    let tools = job
        .toolchains
        .require(&COMPONENTIZE_QJS, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let folder = tools.folder.unwrap_or_default().join("node_modules");
    let mut command = platform_program(&folder, "@esbuild", "bin/esbuild")
        .map(Command::new)
        .ok_or_else(|| job.failed("esbuild is not available for this platform", ""))?;
    command
        .current_dir(job.folder())
        .arg(entry)
        .args([
            "--bundle",
            "--platform=neutral",
            "--main-fields=module,main",
            "--target=es2023",
        ])
        .args([
            "--external:mighost",
            "--external:mighost:*",
            "--charset=ascii",
            "--log-level=warning",
            "--color=false",
        ])
        .args(external(job));
    if let Some(modules) = modules {
        command.env("NODE_PATH", modules);
    }
    Ok(command)
}

/// Interfaces of plugins whose packages are not in the namespace `mighost`.
fn external(job: &Job<'_>) -> Vec<String> {
    let imports = imports(job);
    let packages = imports.iter().filter_map(|import| import.full.split('/').next());
    packages.map(|package| format!("--external:{package}/*")).collect()
}

fn run(job: &Job<'_>, command: &mut Command) -> Result<(), BuildError> {
    tool::run(job, "esbuild", command).map_err(|error| match error {
        BuildError::Build { path, reason, output } => {
            let of_node = output.contains("is built into node").then(|| needs_node(&output));
            let hint = match of_node {
                Some(_) => "\nThe sandbox has no Node.js modules: no files, no network, no processes. Read files below assets/ with `asset` from \"mighost\".",
                None => "",
            };
            BuildError::Build {
                path,
                reason: of_node.unwrap_or(reason),
                output: format!("{}{hint}", without_advice(&output)),
            }
        }
        other => other,
    })
}

/// The importers of node's modules, among the imports that esbuild could not resolve.
fn needs_node(output: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for part in output.split("Could not resolve \"").skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // A package's name may have a scope before it.
    let package = output.split("/node_modules/").nth(1).map(|rest| {
        let parts = if rest.starts_with('@') { 2 } else { 1 };
        rest.split('/').take(parts).collect::<Vec<_>>().join("/")
    });
    let who = package.map_or("it".to_owned(), |name| format!("the package {name}"));
    format!(
        "{who} needs Node.js modules, which cannot run in the sandbox: {}",
        names.join(", ")
    )
}

/// esbuild's advice is about its own options, which authors do not use.
fn without_advice(output: &str) -> String {
    let advice = ["You can mark the path", "Are you trying to bundle for node?"];
    let lines = output
        .lines()
        .filter(|line| !advice.iter().any(|advice| line.contains(advice)));
    lines.collect::<Vec<_>>().join("\n")
}

/// The name of a source, relative to the folder or to the packages.
fn name_of(job: &Job<'_>, file: &str) -> String {
    let full = job.work.join(file);
    let mut parts = Vec::new();
    for part in full.components() {
        match part {
            std::path::Component::ParentDir => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let full: std::path::PathBuf = parts.into_iter().collect();
    let folder = std::path::absolute(job.folder()).unwrap_or_default();
    let work = std::path::absolute(&job.work).unwrap_or_default();
    let name = full
        .strip_prefix(&folder)
        .or_else(|_| full.strip_prefix(work.join("npm")))
        .unwrap_or(&full);
    name.to_string_lossy().replace('\\', "/")
}

/// # Errors
/// If the code imports an interface that the guest does not have, or lacks a required export.
fn check(job: &Job<'_>, entry: &str, output: &Output) -> Result<(), BuildError> {
    let offered = imports(job);
    for import in &output.imports {
        let known = import.path == "mighost"
            || offered
                .iter()
                .any(|own| own.full == import.path || own.short() == import.path);
        if !known {
            let names: Vec<&str> = offered
                .iter()
                .map(super::WorldInterface::short)
                .filter(|name| !name.starts_with("mighost:host/"))
                .collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let reason = format!(
                "it imports {}, which is not listed under `uses` in the manifest; listed: {names}",
                import.path
            );
            return Err(job.failed(reason, ""));
        }
    }
    let has = |name: &str| output.exports.iter().any(|export| export == name);
    // The contents of `module.exports` are not known in advance.
    if has("default") {
        return Ok(());
    }
    for export in exports(job) {
        for function in export.functions() {
            let name = names::camel(&function.name);
            let may_be_missing = interpreter_cache::may_lack(&export.full, &name);
            if !has(&export.place) && !has(&name) && !may_be_missing {
                let reason = format!(
                    "{entry} does not export the function {name}, which the guest needs for {}",
                    export.full
                );
                let wit = export_check::wit(job, |wit| wit == function.name);
                let expected = wit.map(|wit| format!("expected: {wit}")).unwrap_or_default();
                return Err(job.failed(reason, expected));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::needs_node;

    #[test]
    fn who_needs_node_is_told() {
        let of_package = "ERROR Could not resolve \"fs\"\n x/node_modules/@a/b/c.js:1\nERROR Could not resolve \"fs\"\nCould not resolve \"util\"\n";
        assert_eq!(
            needs_node(of_package),
            "the package @a/b needs Node.js modules, which cannot run in the sandbox: fs, util"
        );
        assert_eq!(
            needs_node("Could not resolve \"node:fs\"\n migration.js:1"),
            "it needs Node.js modules, which cannot run in the sandbox: node:fs"
        );
    }
}
