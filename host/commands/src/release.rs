//! `mighost release`: the project's artifacts in one signed file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use mighost_build::BuildMode;
use mighost_core::{Digest, Reporter, Secret};
use mighost_release::{Draft, ReleaseError};
use mighost_trust::namespace;
use serde::Serialize;

use super::sign::sign_with;
use super::signatures::{SignerReport, SigningError, create};
use super::{CommandError, Project, context};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Relative to the working folder.
    pub output: PathBuf,
    /// The name of the project; by default that of its folder.
    pub project: Option<String>,
    pub version: String,
    pub serial: Serial,
    /// The signing key; without one, the release is unsigned.
    pub key: Option<PathBuf>,
}

/// Where the serial of a release comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serial {
    Number(u64),
    /// One more than that of this release.
    After(PathBuf),
}

/// A new release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseReport {
    pub file: PathBuf,
    pub project: String,
    pub version: String,
    pub serial: u64,
    /// The digest of its manifest.
    pub manifest: Digest,
    pub artifacts: usize,
    /// Distinct components.
    pub components: usize,
    pub signer: Option<SignerReport>,
}

/// Builds what is stale, and writes the release. `prompt` asks the user for a passphrase, if there is a terminal.
///
/// # Errors
/// If the project cannot be built, the previous release is of another project, or the file cannot be signed or written.
pub fn run(
    project: &Project,
    request: &ReleaseRequest,
    prompt: &dyn Fn() -> Option<Secret>,
    reporter: &dyn Reporter,
) -> Result<ReleaseReport, CommandError> {
    let settings = project.project_settings()?;
    let name = match &request.project {
        Some(name) => name.clone(),
        None => folder_name(&settings.root),
    };
    let serial = serial(project, request, &name)?;
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    let history = context::history(&library, BuildMode::Stale, reporter)?;
    let file = project.directory.join(&request.output);
    let plugins = history.loaded.plugins.iter().map(|plugin| &*plugin.artifact);
    let artifacts = history
        .loaded
        .migrations
        .iter()
        .map(|artifact| &**artifact)
        .chain(plugins);
    let draft = Draft::new(&file, &name, &request.version, serial, artifacts).map_err(SigningError::from)?;
    let signed = match &request.key {
        Some(key) => Some(sign_with(project, key, namespace::RELEASE, draft.manifest(), prompt)?),
        None => None,
    };
    let armor = signed.as_ref().map_or("", |signed| signed.armor.as_str());
    write(&file, |out| draft.write(out, armor.as_bytes()))?;
    Ok(ReleaseReport {
        file,
        manifest: Digest::of(draft.manifest()),
        artifacts: draft.predicate().artifacts.len(),
        components: draft.predicate().components.len(),
        project: name,
        version: request.version.clone(),
        serial,
        signer: signed.as_ref().map(|signed| (&signed.signer).into()),
    })
}

fn folder_name(root: &Path) -> String {
    root.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The serial of the new release.
fn serial(project: &Project, request: &ReleaseRequest, name: &str) -> Result<u64, CommandError> {
    match &request.serial {
        Serial::Number(serial) => Ok(*serial),
        Serial::After(previous) => {
            let path = project.directory.join(previous);
            let release = mighost_release::open(&path).map_err(SigningError::from)?;
            // A serial that somebody else has written would count for good.
            release.signers().map_err(SigningError::from)?;
            let previous = release.read().map_err(SigningError::from)?.predicate;
            match previous.project == name {
                true => Ok(previous.serial + 1),
                false => Err(SigningError::OtherProject {
                    path,
                    found: previous.project,
                    expected: name.to_owned(),
                }
                .into()),
            }
        }
    }
}

/// Writes a file next to the final one and renames it, so that a failure leaves no half of a release.
pub(super) fn write(
    path: &Path,
    contents: impl FnOnce(&mut BufWriter<File>) -> Result<(), ReleaseError>,
) -> Result<(), SigningError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let write = || -> Result<(), SigningError> {
        let mut out = BufWriter::new(create(&temporary).map_err(SigningError::write(path))?);
        contents(&mut out)?;
        out.flush().map_err(SigningError::write(path))?;
        std::fs::rename(&temporary, path).map_err(SigningError::write(path))
    };
    let written = write();
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
