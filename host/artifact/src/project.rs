//! The artifacts of a project as plain data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ArtifactError, ArtifactInfo, PluginMetadata, RevisionMetadata};

/// The manifest in the source folder of a test that is a component.
pub const TEST_MANIFEST: &str = "test.toml";

/// A plugin and its metadata.
#[derive(Clone, Debug)]
pub struct LoadedPlugin {
    pub metadata: PluginMetadata,
    pub artifact: Arc<ArtifactInfo>,
    /// Its source folder, or the artifact.
    pub place: PathBuf,
}

/// The contents of a project.
#[derive(Clone, Debug, Default)]
pub struct ProjectArtifacts {
    /// In the order of locations and, within one, of names: Alembic's load order.
    pub migrations: Vec<Arc<ArtifactInfo>>,
    pub plugins: Vec<LoadedPlugin>,
    /// The place of each of `migrations`, for messages: its source folder, or the artifact.
    places: Vec<PathBuf>,
    by_revision: BTreeMap<String, (usize, usize)>,
    /// The number of artifacts that were just built.
    pub built: usize,
}

impl ProjectArtifacts {
    /// Every revision with its artifact, in load order.
    pub fn revisions(&self) -> impl Iterator<Item = (&RevisionMetadata, &Arc<ArtifactInfo>)> {
        self.migrations.iter().flat_map(|artifact| {
            artifact
                .revisions
                .iter()
                .flat_map(|metadata| &metadata.revisions)
                .map(move |revision| (revision, artifact))
        })
    }

    /// The revision of exactly this id.
    pub fn revision(&self, revision: &str) -> Option<(&RevisionMetadata, &Arc<ArtifactInfo>)> {
        let (artifact, number) = *self.by_revision.get(revision)?;
        let artifact = self.migrations.get(artifact)?;
        Some((artifact.revisions.as_ref()?.revisions.get(number)?, artifact))
    }

    /// The place of `revision` for its author: its source folder or, without sources, its artifact.
    pub fn place(&self, revision: &str) -> Option<&Path> {
        let (artifact, _) = *self.by_revision.get(revision)?;
        self.places.get(artifact).map(PathBuf::as_path)
    }

    /// # Errors
    /// Its metadata is missing, or another has the same name.
    pub fn add_migration(&mut self, place: &Path, artifact: ArtifactInfo) -> Result<(), ArtifactError> {
        let Some(metadata) = &artifact.revisions else {
            return Err(ArtifactError::NoRevisions { path: artifact.path });
        };
        for (number, revision) in metadata.revisions.iter().enumerate() {
            let index = (self.migrations.len(), number);
            if let Some((first, _)) = self.by_revision.insert(revision.revision.clone(), index) {
                return Err(ArtifactError::DuplicateRevision {
                    revision: revision.revision.clone(),
                    first: self.places.get(first).map_or(place, PathBuf::as_path).to_owned(),
                    second: place.to_owned(),
                });
            }
        }
        self.migrations.push(Arc::new(artifact));
        self.places.push(place.to_owned());
        Ok(())
    }

    /// # Errors
    /// Its metadata is missing, or another has the same name.
    pub fn add_plugin(&mut self, place: &Path, artifact: ArtifactInfo) -> Result<(), ArtifactError> {
        let Some(metadata) = artifact.plugin.clone() else {
            return Err(ArtifactError::NoPlugin { path: artifact.path });
        };
        if let Some(other) = self.plugins.iter().find(|plugin| plugin.metadata.name == metadata.name) {
            let first = other.artifact.path.clone();
            return Err(ArtifactError::DuplicatePlugin {
                name: metadata.name,
                first,
                second: artifact.path,
            });
        }
        self.plugins.push(LoadedPlugin {
            metadata,
            artifact: Arc::new(artifact),
            place: place.to_owned(),
        });
        Ok(())
    }
}
