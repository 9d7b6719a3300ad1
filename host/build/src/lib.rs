//! Builds artifacts from sources, and reads the artifacts of a project.
//!
//! [`ArtifactStore`] is the entry point: it scans folders, builds stale sources and returns the artifacts of the project. There is a
//! build driver for each language below `compile`; [`toolchain`] finds and installs compilers.

mod compile;
mod custom_build;
mod driver;
mod error;
mod fingerprint;
mod manifest;
mod sdk;
mod store;
pub mod toolchain;

use std::collections::BTreeMap;
use std::path::PathBuf;

use mighost_artifact::{ArtifactError, LoadedPlugin};
use mighost_core::Digest;

pub use compile::look_for_rust;
pub use custom_build::CommandBuild;
pub use driver::Driver;
pub use error::BuildError;
pub use manifest::{Hook, MigrationSource, PluginSource};
pub use sdk::SDK_FOLDER;
pub use store::{ArtifactStore, BuildMode};

use self::compile::{PluginInterfaces, Provider};

/// The WIT of the plugins' exports, as texts by the package's name with its version, e.g. `mighost:roles@0.1.0`. It is decoded from their
/// components; a plugin that is not built has none.
///
/// # Errors
/// If the types of a plugin's artifact cannot be read.
pub fn interfaces_of_plugins<'a>(
    plugins: impl IntoIterator<Item = &'a LoadedPlugin>,
) -> Result<BTreeMap<String, String>, ArtifactError> {
    let providers = PluginInterfaces::default();
    let mut names = Vec::new();
    let mut place = PathBuf::new();
    for LoadedPlugin { metadata, artifact, .. } in plugins {
        let exports = artifact.exports.to_vec();
        names.extend(exports.iter().filter(|name| name.contains('/')).cloned());
        place.clone_from(&artifact.path);
        providers.add(Provider::of_file(metadata.name.clone(), exports, artifact.path.clone()));
    }
    let packages = providers
        .packages(&names)
        .map_err(|reason| ArtifactError::Malformed { path: place, reason })?;
    Ok(packages
        .into_iter()
        .map(|(package, interfaces)| {
            let text = compile::package_text(&package, interfaces.values());
            (package, text)
        })
        .collect())
}

/// The digest of the current sources of the migration in `folder`; `None` if there is no migration.
///
/// # Errors
/// If a file cannot be read, or there are too many.
pub fn digest_of_sources(folder: &std::path::Path) -> Result<Option<Digest>, BuildError> {
    let stamps = fingerprint::SourceStamps::read(folder, MigrationSource::MANIFEST)?;
    stamps
        .map(|stamps| manifest::source_digest(folder, &stamps.files))
        .transpose()
}
