//! What the guest's code imports and defines, found by `scan.py` without running it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::super::{Job, export_check, interpreter_cache};
use super::app;
use crate::error::BuildError;

const SCAN: &str = include_str!("../../../helpers/python/scan.py");

/// What `scan.py` prints; it says what each is.
#[derive(Deserialize)]
pub(super) struct Scan {
    errors: Vec<String>,
    defined: Vec<String>,
    pub preload: Vec<(String, Option<String>)>,
    plugins: Vec<(String, String)>,
    takes: BTreeMap<String, Takes>,
}

/// How many values a function of the main module takes.
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

/// The function's WIT, which names and types are to be read from.
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
    /// The code is not Python, imports what is not there, or lacks what the guest exports.
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
                        "{main} defines no function {function}, which the guest exports for {}",
                        export.full
                    );
                    return Err(job.failed(reason, expected(job, function)));
                }
            }
            // Those of a class may have names that functions have, too.
            if !in_class {
                self.check_parameters(job, main, &export)?;
            }
        }
        Ok(())
    }

    /// What Python would tell at the first call, told now: a function that does not take as many values as its WIT gives it.
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
            // Where two packages have an interface of one name, the module's name has the package's too.
            if name != "*" && !imported.iter().any(|full| name.ends_with(&module(full))) {
                let own = imported.iter().filter(|name| !name.starts_with("mighost:host/"));
                let own: Vec<&str> = own.map(String::as_str).collect();
                let what = if own.is_empty() {
                    "none".to_owned()
                } else {
                    own.join(", ")
                };
                let reason = format!(
                    "{place} imports {name} of mighost.plugins, but the manifest does not name it under `uses`; it names {what}"
                );
                return Err(job.failed(reason, ""));
            }
        }
        Ok(())
    }
}
