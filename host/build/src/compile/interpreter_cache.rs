//! The cache of components that run code from the assets of their artifact: made once for each set of imports, exports and libraries.
//!
//! An interpreter is large. Making a component of it takes seconds, and compiling that takes more; so the guest's own code stays outside,
//! and guests that differ only in it share one component, like SQL migrations.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Job;
use crate::error::BuildError;
use mighost_artifact::Assets;
use mighost_core::{Digest, Event, Level};

/// The number of components that are kept for each language; the least recently used ones are removed.
const KEPT: usize = 40;

/// The output of a driver: the component, and assets in addition to those in the folder.
pub(super) struct Built {
    pub component: Vec<u8>,
    pub assets: Assets,
}

impl From<Vec<u8>> for Built {
    fn from(component: Vec<u8>) -> Self {
        Self {
            component,
            assets: Assets::new(),
        }
    }
}

/// Whether a guest may omit `function` of the host's `interface`, because its helper has a default.
pub(super) fn may_lack(interface: &str, function: &str) -> bool {
    match interface.split('@').next() {
        Some("mighost:host/revision") => function != "upgrade",
        Some("mighost:host/kind-provider") => matches!(function, "replace" | "introspect"),
        _ => false,
    }
}

/// The component of the guest's world that `make` makes of `parts`, or that an earlier build has made.
pub(super) fn kept(
    job: &Job<'_>,
    language: &str,
    parts: &[&[u8]],
    make: impl FnOnce() -> Result<Vec<u8>, BuildError>,
) -> Result<Vec<u8>, BuildError> {
    let world = wit_text(&job.world.wit)?;
    let digest = Digest::of_parts([world.as_bytes()].into_iter().chain(parts.iter().copied()));
    // Beside the tools, because it depends only on them and on the world: projects that share the tools share it.
    let folder = job.toolchains.folder().join("runtimes").join(language);
    fs::create_dir_all(&folder).map_err(BuildError::write(&folder))?;
    let path = folder.join(format!("{digest}.wasm"));
    // Folders with the same world are built concurrently, and so may be projects that share the folder.
    let lock_path = folder.join(format!(".{digest}.lock"));
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(BuildError::write(&lock_path))?;
    lock.lock().map_err(BuildError::write(&lock_path))?;
    if let Ok(component) = fs::read(&path) {
        // This only affects which component is removed first.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        return Ok(component);
    }
    job.reporter.report(Event::Note {
        level: Level::Info,
        text: format!(
            "creating the {language} component for {} (once for all guests with the same imports and exports)",
            job.source.name()
        ),
    });
    let component = make()?;
    let beside = folder.join(format!(".{digest}.{}.tmp", std::process::id()));
    fs::write(&beside, &component).map_err(BuildError::write(&beside))?;
    fs::rename(&beside, &path).map_err(BuildError::write(&path))?;
    remove_old(&folder);
    Ok(component)
}

/// The text of all files below `folder` without comments, in an order that does not depend on that of `uses`.
fn wit_text(folder: &Path) -> Result<String, BuildError> {
    let mut paths = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(BuildError::read(&folder))? {
            let path = entry.map_err(BuildError::read(&folder))?.path();
            let list = if path.is_dir() { &mut pending } else { &mut paths };
            list.push(path);
        }
    }
    let mut texts = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(BuildError::read(&path))?;
        let mut lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        if path.parent() == Some(folder) {
            lines.sort_unstable();
        }
        texts.push(lines.join("\n"));
    }
    texts.sort_unstable();
    Ok(texts.join("\n"))
}

/// A failure only costs space.
fn remove_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut components: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    components.sort_unstable();
    for (_, path) in components.iter().rev().skip(KEPT) {
        let _ = fs::remove_file(path);
    }
}
