//! `mighost build`: sources to artifacts.

use std::path::PathBuf;

use super::{CommandError, Project, context};
use mighost_build::BuildMode;
use mighost_core::{Digest, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildRequest {
    /// Build everything, not only what is stale.
    pub force: bool,
}

/// The result of a build.
#[derive(Clone, Debug, serde::Serialize)]
pub struct BuildReport {
    /// The number of stale artifacts.
    pub built: usize,
    pub artifacts: Vec<BuiltArtifact>,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct BuiltArtifact {
    pub path: PathBuf,
    pub digest: Digest,
    /// The revisions in it, or the plugin's name.
    pub holds: Vec<String>,
}

/// Builds the sources of migrations and plugins.
///
/// # Errors
/// If sources cannot be built, after all others are; if revisions do not form a graph.
pub fn run(project: &Project, request: &BuildRequest, reporter: &dyn Reporter) -> Result<BuildReport, CommandError> {
    let settings = project.project_settings()?;
    let mode = if request.force {
        BuildMode::Force
    } else {
        BuildMode::Stale
    };
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    let history = context::history(&library, mode, reporter)?;
    let migrations = history.loaded.migrations.iter().map(|artifact| {
        let revisions = artifact.revisions.iter().flat_map(|metadata| &metadata.revisions);
        (artifact, revisions.map(|revision| revision.revision.clone()).collect())
    });
    let plugins = history
        .loaded
        .plugins
        .iter()
        .map(|plugin| (&plugin.artifact, vec![plugin.metadata.name.clone()]));
    let artifacts = migrations
        .chain(plugins)
        .map(|(artifact, holds)| BuiltArtifact {
            path: artifact.path.clone(),
            digest: artifact.digest,
            holds,
        })
        .collect();
    Ok(BuildReport {
        built: history.loaded.built,
        artifacts,
    })
}
