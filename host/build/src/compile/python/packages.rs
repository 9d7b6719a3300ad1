//! Packages in `requirements.txt`: installed by pip into the work folder. Native code is removed from them.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{Job, tool};
use super::requirements::{self, REQUIREMENTS};
use crate::error::BuildError;
use mighost_core::Digest;

/// The list of removed files.
const NATIVE: &str = "site.native";
/// The number of files in a guest's packages above which a mistake is assumed.
const MAX_FILES: usize = 50_000;

pub(super) struct Packages {
    /// Their folder, which is empty if there are none.
    pub site: PathBuf,
    /// The digest of the packages' code.
    pub digest: String,
    /// Removed files, relative to `site`.
    native: Vec<String>,
}

/// Installs them, unless an earlier build has.
pub(super) fn install(job: &Job<'_>) -> Result<Packages, BuildError> {
    let wanted = requirements::read(job.folder())?;
    let python = job.toolchains.python().map_err(|error| job.no_tool(error))?;
    let mut parts = vec![python.as_os_str().as_encoded_bytes()];
    for (name, content) in &wanted.files {
        parts.extend([name.as_os_str().as_encoded_bytes(), content.as_slice()]);
    }
    let key = Digest::of_parts(parts).to_string();
    let site = job.work.join("site");
    let marker = job.work.join("site.digest");
    if fs::read_to_string(&marker).is_ok_and(|there| there == key) && site.is_dir() {
        return finished(job, site);
    }
    // From an earlier build; an interrupted installation must not look complete.
    for of_site in [&marker, &job.work.join(NATIVE)] {
        if of_site.exists() {
            fs::remove_file(of_site).map_err(BuildError::write(of_site))?;
        }
    }
    if site.exists() {
        fs::remove_dir_all(&site).map_err(BuildError::write(&site))?;
    }
    fs::create_dir_all(&site).map_err(BuildError::write(&site))?;
    if wanted.any {
        let mut command = job.toolchains.pip().map_err(|error| job.no_tool(error))?;
        command
            .args([
                "install",
                "--no-input",
                "--no-compile",
                "--disable-pip-version-check",
                "--no-warn-script-location",
                // Without a wheel, a package's own code would be run to build it on this machine; requirements.txt may allow this by
                // `--no-binary NAME`.
                "--only-binary",
                ":all:",
            ])
            .args(["--root-user-action", "ignore", "--quiet", "--target"])
            .arg(std::path::absolute(&site).map_err(BuildError::write(&site))?)
            .args(["--requirement", REQUIREMENTS])
            // pip looks for wheels here.
            .current_dir(job.folder())
            .env("PIP_USER", "0");
        tool::run(job, "pip", &mut command).map_err(about_wheels)?;
    }
    fs::write(&marker, &key).map_err(BuildError::write(&marker))?;
    finished(job, site)
}

/// pip does not mention that it was restricted to wheels.
fn about_wheels(error: BuildError) -> BuildError {
    match error {
        BuildError::Build { path, reason, output } if output.contains("No matching distribution found") => {
            let output = format!(
                "{output}\nOnly wheels are installed: building anything else runs the package's own code on this \
                 machine. Add `--no-binary NAME` to {REQUIREMENTS} to allow that for a package."
            );
            BuildError::Build { path, reason, output }
        }
        other => other,
    }
}

/// Removes native code, records the removed files, and computes the digest of the rest.
fn finished(job: &Job<'_>, site: PathBuf) -> Result<Packages, BuildError> {
    let mut files = Vec::new();
    let mut pending = vec![site.clone()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(BuildError::read(&folder))? {
            let entry = entry.map_err(BuildError::read(&folder))?;
            let kind = entry.file_type().map_err(BuildError::read(&folder))?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
        if files.len() > MAX_FILES {
            return Err(job.failed(format!("its packages have more than {MAX_FILES} files"), ""));
        }
    }
    files.sort();
    let record = job.work.join(NATIVE);
    let mut native: Vec<String> = fs::read_to_string(&record)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    native.retain(|name| site.join(name).parent().is_some_and(Path::is_dir));
    let mut parts = Vec::new();
    for file in &files {
        let name = file
            .strip_prefix(&site)
            .unwrap_or(file)
            .to_string_lossy()
            .replace('\\', "/");
        if file
            .extension()
            .is_some_and(|end| ["so", "pyd", "dylib"].iter().any(|native| end == *native))
        {
            fs::remove_file(file).map_err(BuildError::write(file))?;
            native.push(name);
        } else if name.ends_with(".py") {
            parts.push(name.into_bytes());
            parts.push(fs::read(file).map_err(BuildError::read(file))?);
        }
    }
    native.sort();
    native.dedup();
    fs::write(&record, native.join("\n")).map_err(BuildError::write(&record))?;
    Ok(Packages {
        site,
        digest: Digest::of_parts(parts.iter().map(Vec::as_slice)).to_string(),
        native,
    })
}

impl Packages {
    /// Explains a failure of componentize-py to the author.
    pub fn explain(&self, job: &Job<'_>, error: BuildError) -> BuildError {
        let BuildError::Build { output, .. } = &error else {
            return error;
        };
        // The output of `runtime.py` about a failed import.
        let Some(at) = output.find("mighost: ") else {
            return error;
        };
        let text = output.get(at + "mighost: ".len()..).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        let Some((place, rest)) = first.split_once(" imports ") else {
            return error;
        };
        let module = rest.split(',').next().unwrap_or_default();
        let top = module.split('.').next().unwrap_or_default();
        let named = |prefix: String| self.native.iter().find(|name| name.starts_with(&prefix));
        let native = named(format!("{top}/"))
            .or_else(|| named(format!("{top}.")))
            .or(self.native.first());
        let reason = match native {
            Some(native) => format!(
                "{place} imports {module}, which cannot run in the sandbox: it needs native code, such as {native}"
            ),
            None => format!("{place} imports {module}, which cannot run in the sandbox"),
        };
        job.failed(
            reason,
            text.lines()
                .take_while(|line| !line.starts_with("Caused by"))
                .collect::<Vec<_>>()
                .join("\n"),
        )
    }
}
