//! `mighost plugins`: the operations and kinds that plugins provide.

use std::path::PathBuf;
use std::sync::Arc;

use super::{CommandError, Project, context};
use mighost_artifact::LoadedPlugin;
use mighost_build::BuildMode;
use mighost_core::{Digest, Reporter};
use mighost_runtime::{Registry, Runtime, has_version_hook, operation_interfaces};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginsRequest {
    pub verbose: bool,
}

/// A plugin, with its metadata and exports.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PluginReport {
    pub name: String,
    pub version: String,
    pub description: String,
    /// Interfaces of operations, e.g. `mighost:roles/roles@0.1.0`.
    pub interfaces: Vec<String>,
    pub kinds: Vec<String>,
    /// Hooks, by the name of the setting that enables them.
    pub hooks: Vec<&'static str>,
    /// Interfaces of other plugins that it needs.
    pub imports: Vec<String>,
    pub path: PathBuf,
    pub digest: Digest,
}

/// The project's plugins, by name.
///
/// # Errors
/// If an artifact or source is invalid, or two plugins provide the same interface or kind.
pub fn run(project: &Project, reporter: &Arc<dyn Reporter>) -> Result<Vec<PluginReport>, CommandError> {
    let settings = project.project_settings()?;
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    // The exports of a plugin are only known once it is built.
    let history = context::history(&library, BuildMode::Stale, &**reporter)?;
    Registry::new(
        Arc::new(Runtime::new()?),
        reporter.clone(),
        history.loaded.plugins.clone(),
    )?;
    let mut plugins: Vec<_> = history
        .loaded
        .plugins
        .iter()
        .map(|LoadedPlugin { metadata, artifact, .. }| {
            // An interface of types only is imported by those of its own package that use it.
            let package = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
            let own: Vec<String> = operation_interfaces(artifact).map(|name| package(&name)).collect();
            let others = artifact.imports.iter().filter(|name| {
                !name.starts_with("mighost:host/") && !name.starts_with("wasi:") && !own.contains(&package(name))
            });
            PluginReport {
                name: metadata.name.clone(),
                version: metadata.version.clone(),
                description: metadata.description.clone(),
                interfaces: operation_interfaces(artifact).collect(),
                kinds: metadata.kinds.clone(),
                hooks: has_version_hook(artifact)
                    .then_some("on-version-apply")
                    .into_iter()
                    .collect(),
                imports: others.cloned().collect(),
                path: artifact.path.clone(),
                digest: artifact.digest,
            }
        })
        .collect();
    plugins.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(plugins)
}
