//! The artifacts of a release, as those of a project.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use mighost_artifact::{ArtifactError, ArtifactInfo, MAX_FILE, ProjectArtifacts, is_of_plugin};
use mighost_core::Digest;

use crate::build::unknown;
use crate::error::ReleaseError;
use crate::layout;
use crate::manifest::{ReleasedArtifact, ReleasedComponent};
use crate::open::Release;

impl Release {
    /// The artifacts according to the manifest; [`unpack`](Self::unpack) writes them to `folder`. A plan is made of these, so that a run
    /// with nothing to do reads nothing but the manifest.
    ///
    /// # Errors
    /// If a revision or a plugin appears twice, or an artifact needs a later version of mighost.
    pub fn artifacts(&self, folder: &Path) -> Result<ProjectArtifacts, ReleaseError> {
        let components = self.predicate.components.iter();
        let components: BTreeMap<Digest, &ReleasedComponent> =
            components.map(|component| (component.sha256, component)).collect();
        let mut project = ProjectArtifacts::default();
        for artifact in &self.predicate.artifacts {
            let component = components
                .get(&artifact.component)
                .ok_or_else(|| unknown(&self.contents.path))?;
            let info = described(folder, artifact, component);
            let place = Path::new(&artifact.name()).to_owned();
            match info.plugin {
                Some(_) => project.add_plugin(&place, info)?,
                None => project.add_migration(&place, info)?,
            }
        }
        Ok(project)
    }

    /// Writes every artifact to the new folder `folder`, after checking its digest and that it is what the manifest says.
    ///
    /// # Errors
    /// If the file contains other artifacts, one is malformed, or the folder cannot be written.
    pub fn unpack(&mut self, folder: &Path) -> Result<(), ReleaseError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(folder).map_err(ReleaseError::write(folder))?;
        let components = self.predicate.components.clone();
        let components: BTreeMap<Digest, ReleasedComponent> = components
            .into_iter()
            .map(|component| (component.sha256, component))
            .collect();
        let mut sections_at = 0;
        // Neighbours often share a component.
        let mut last: Option<(Digest, Vec<u8>)> = None;
        for artifact in &self.predicate.artifacts {
            let component = components
                .get(&artifact.component)
                .ok_or_else(|| unknown(&self.contents.path))?;
            let size = component.size.saturating_add(artifact.sections_size);
            if size > MAX_FILE {
                let path = self.contents.path.clone();
                return Err(ArtifactError::TooLarge {
                    path,
                    size,
                    limit: MAX_FILE,
                }
                .into());
            }
            let mut bytes = match last.take() {
                Some((digest, code)) if digest == artifact.component => code,
                _ => self.contents.read(&layout::blob(artifact.component), MAX_FILE)?,
            };
            let sections = layout::blob(self.predicate.sections);
            let sections = self
                .contents
                .read_part(&sections, sections_at, artifact.sections_size)?;
            sections_at += artifact.sections_size;
            let length = bytes.len();
            // In place: a component may have 40 MB.
            bytes.extend(sections);
            let found = Digest::of(&bytes);
            if found != artifact.sha256 {
                return Err(ReleaseError::OtherArtifact {
                    path: self.contents.path.clone(),
                    artifact: artifact.sha256,
                    found,
                });
            }
            let expected = described(folder, artifact, component);
            let read = ArtifactInfo::read_hashed(expected.path.clone(), &bytes, found)?;
            if !same(&read, &expected) {
                return Err(ReleaseError::OtherMetadata {
                    path: self.contents.path.clone(),
                    artifact: artifact.sha256,
                });
            }
            let written = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&expected.path)
                .and_then(|mut file| file.write_all(&bytes));
            written.map_err(ReleaseError::write(&expected.path))?;
            bytes.truncate(length);
            last = Some((artifact.component, bytes));
        }
        Ok(())
    }
}

fn described(folder: &Path, artifact: &ReleasedArtifact, component: &ReleasedComponent) -> ArtifactInfo {
    let interfaces = component.exports.iter().filter(|name| is_of_plugin(name));
    let interfaces = match artifact.plugin {
        Some(_) => interfaces.map(|name| (name.clone(), component.sha256)).collect(),
        None => BTreeMap::new(),
    };
    ArtifactInfo {
        path: folder.join(format!("{}.wasm", artifact.sha256)),
        size: component.size.saturating_add(artifact.sections_size),
        digest: artifact.sha256,
        code_digest: component.sha256,
        own_digest: artifact.sections_digest,
        imports: component.imports.clone().into(),
        exports: component.exports.clone().into(),
        interfaces: Arc::new(interfaces),
        revisions: artifact.revisions.clone(),
        plugin: artifact.plugin.clone(),
    }
}

fn same(read: &ArtifactInfo, expected: &ArtifactInfo) -> bool {
    read.size == expected.size
        && read.digest == expected.digest
        && read.code_digest == expected.code_digest
        && read.own_digest == expected.own_digest
        && read.imports == expected.imports
        && read.exports == expected.exports
        && read.interfaces == expected.interfaces
        && read.revisions == expected.revisions
        && read.plugin == expected.plugin
}
