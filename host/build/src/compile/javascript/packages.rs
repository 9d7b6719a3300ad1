//! npm packages in the guest's package.json: installed into the work folder, without running their install scripts.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::{Job, tool};
use crate::driver::Driver;
use crate::error::BuildError;
use mighost_core::Digest;

/// The relevant part of package.json.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    dependencies: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    dev_dependencies: serde_json::Map<String, serde_json::Value>,
}

/// The folder `node_modules`; `None` if the guest needs none, or has one of its own beside its code.
pub(super) fn install(job: &Job<'_>) -> Result<Option<PathBuf>, BuildError> {
    let path = job.folder().join("package.json");
    if !path.is_file() || job.folder().join("node_modules").is_dir() {
        return Ok(None);
    }
    let text = fs::read(&path).map_err(BuildError::read(&path))?;
    let package: Package = serde_json::from_slice(&text).map_err(|error| BuildError::Source {
        path: path.clone(),
        text: error.to_string(),
    })?;
    // Where types are named, as they usually are.
    let types = job.source.driver() == Driver::Typescript
        && package.dev_dependencies.keys().any(|name| name.starts_with("@types/"));
    if package.dependencies.is_empty() && !types {
        return Ok(None);
    }
    let lock_path = job.folder().join("package-lock.json");
    let lock = fs::read(&lock_path).unwrap_or_default();
    let folder = job.work.join("npm");
    let modules = folder.join("node_modules");
    let key = Digest::of_parts([text.as_slice(), lock.as_slice(), &[u8::from(types)]]).to_string();
    let marker = job.work.join("npm.digest");
    if fs::read_to_string(&marker).is_ok_and(|there| there == key) && modules.is_dir() {
        return Ok(Some(modules));
    }
    // An interrupted installation must not look complete.
    if marker.exists() {
        fs::remove_file(&marker).map_err(BuildError::write(&marker))?;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(BuildError::write(&folder))?;
    }
    job.write("npm/package.json", &text)?;
    if !lock.is_empty() {
        job.write("npm/package-lock.json", &lock)?;
    }
    let mut npm = job.toolchains.npm(job.reporter).map_err(|error| job.no_tool(error))?;
    npm.arg(if lock.is_empty() { "install" } else { "ci" })
        .args([
            if types { "--include=dev" } else { "--omit=dev" },
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ])
        .args(["--loglevel", "error", "--prefix"])
        .arg(&folder)
        .current_dir(&folder);
    tool::run(job, "npm", &mut npm)?;
    fs::write(&marker, &key).map_err(BuildError::write(&marker))?;
    Ok(Some(modules))
}
