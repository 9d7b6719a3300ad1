//! What the guest's code imports and defines, found by `scan.py` without running it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::super::super::error::ArtifactError;
use super::super::{Job, runtimes};
use super::app;

const SCAN: &str = include_str!("scan.py");

/// What `scan.py` prints; it says what each is.
#[derive(Deserialize)]
pub(super) struct Scan {
    errors: Vec<String>,
    defined: Vec<String>,
    pub preload: Vec<(String, Option<String>)>,
    plugins: Vec<(String, String)>,
}

pub(super) fn scan(job: &Job<'_>, python: &Path, main: &str, site: &Path) -> Result<Scan, ArtifactError> {
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
    pub fn check(&self, job: &Job<'_>, main: &str) -> Result<(), ArtifactError> {
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
                let may_be_missing = runtimes::may_lack(&export.full, function);
                if !in_class && !may_be_missing && !self.defined.contains(function) {
                    let reason = format!(
                        "{main} defines no function {function}, which the guest exports for {}",
                        export.full
                    );
                    return Err(job.failed(reason, ""));
                }
            }
        }
        Ok(())
    }

    fn check_plugins(&self, job: &Job<'_>) -> Result<(), ArtifactError> {
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
