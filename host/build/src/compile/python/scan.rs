//! Imports and definitions in the guest's code, found by `scan.py` without running it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::super::{Job, export_check, interpreter_cache};
use super::app;
use crate::error::BuildError;

const SCAN: &str = include_str!("../../../helpers/python/scan.py");

/// The output of `scan.py`, which documents each field.
#[derive(Deserialize)]
pub(super) struct Scan {
    errors: Vec<String>,
    defined: Vec<String>,
    pub preload: Vec<(String, Option<String>)>,
    plugins: Vec<(String, String)>,
    takes: BTreeMap<String, Takes>,
}

/// The number of arguments that a function of the main module takes.
#[derive(Deserialize)]
struct Takes {
    least: usize,
    most: Option<usize>,
    line: usize,
    /// E.g. `describe(table)`.
    text: String,
}

impl Takes {
    fn take(&self, given: usize) -> bool {
        given >= self.least && self.most.is_none_or(|most| given <= most)
    }
}

/// The WIT of the function, with its names and types.
fn expected(job: &Job<'_>, function: &str) -> String {
    export_check::wit(job, |name| app::snake(name) == function)
        .map(|wit| format!("expected: {wit}"))
        .unwrap_or_default()
}

pub(super) fn scan(job: &Job<'_>, python: &Path, main: &str, site: &Path) -> Result<Scan, BuildError> {
    let script = job.write("scan.py", SCAN.as_bytes())?;
    let output = Command::new(python)
        .args(["-I", "-X", "utf8"])
        .arg(script)
        .arg(job.folder())
        .arg(main)
        .arg(site)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| job.failed(format!("{} cannot be run: {error}", python.display()), ""))?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        job.failed(format!("{} cannot read its code", python.display()), text)
    })
}

impl Scan {
    /// # Errors
    /// If the code is not Python, imports something missing, or lacks a required export.
    pub fn check(&self, job: &Job<'_>, main: &str) -> Result<(), BuildError> {
        if let [first, rest @ ..] = self.errors.as_slice() {
            let mut lines = first.lines();
            let reason = lines.next().unwrap_or_default().to_owned();
            let more: Vec<&str> = lines.chain(rest.iter().map(String::as_str)).collect();
            return Err(job.failed(reason, more.join("\n")));
        }
        self.check_plugins(job)?;
        if self.defined.iter().any(|name| name == "*") {
            return Ok(());
        }
        for export in app::exports(job) {
            let in_class = self.defined.contains(&app::class(&export.module));
            for function in &export.functions {
                let may_be_missing = interpreter_cache::may_lack(&export.full, function);
                if !in_class && !may_be_missing && !self.defined.contains(function) {
                    let reason = format!(
                        "{main} does not define the function {function}, which the guest needs for {}",
                        export.full
                    );
                    return Err(job.failed(reason, expected(job, function)));
                }
            }
            // Methods may have the names of functions.
            if !in_class {
                self.check_parameters(job, main, &export)?;
            }
        }
        Ok(())
    }

    /// Reports early what Python would report at the first call: a function whose number of arguments differs from its WIT.
    fn check_parameters(&self, job: &Job<'_>, main: &str, export: &app::Export) -> Result<(), BuildError> {
        for (function, given) in export.functions.iter().zip(&export.given) {
            let Some(own) = self.takes.get(function).filter(|own| !own.take(*given)) else {
                continue;
            };
            let reason = format!(
                "{main}:{} defines {}, which is called with {given} {}",
                own.line,
                own.text,
                if *given == 1 { "value" } else { "values" }
            );
            return Err(job.failed(reason, expected(job, function)));
        }
        Ok(())
    }

    fn check_plugins(&self, job: &Job<'_>) -> Result<(), BuildError> {
        let resolve = &job.world.resolve;
        let keys = resolve
            .worlds
            .get(job.world.world)
            .into_iter()
            .flat_map(|world| world.imports.keys());
        let imported: Vec<String> = keys.map(|key| resolve.name_world_key(key)).collect();
        let module = |name: &str| {
            let name = name.split('@').next().unwrap_or_default();
            app::snake(name.rsplit('/').next().unwrap_or_default())
        };
        for (name, place) in &self.plugins {
            // If two packages have an interface of the same name, the module's name includes that of the package.
            if name != "*" && !imported.iter().any(|full| name.ends_with(&module(full))) {
                let own = imported.iter().filter(|name| !name.starts_with("mighost:host/"));
                let own: Vec<&str> = own.map(String::as_str).collect();
                let what = if own.is_empty() {
                    "none".to_owned()
                } else {
                    own.join(", ")
                };
                let reason = format!(
                    "{place} imports {name} from mighost.plugins, but the manifest does not list it under `uses`; \
                     listed: {what}"
                );
                return Err(job.failed(reason, ""));
            }
        }
        Ok(())
    }
}
