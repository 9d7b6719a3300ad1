//! Build drivers: sources to artifacts. A driver makes the component; metadata and assets are added here, the same for all.

mod rust;
mod sql;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ArtifactInfo;
use super::error::ArtifactError;
use super::metadata::{PluginMetadata, RevisionsMetadata};
use super::sections::{Assets, Metadata};
use super::source::{Driver, MigrationSource, PluginSource, source_digest};
use super::stamps::FileStamps;
use crate::ident::Digest;
use crate::report::{Event, Reporter};

/// A source folder that is to be built.
#[derive(Clone, Debug)]
pub enum Source {
    Migration(MigrationSource),
    Plugin(PluginSource),
}

impl Source {
    pub fn folder(&self) -> &Path {
        match self {
            Self::Migration(source) => &source.folder,
            Self::Plugin(source) => &source.folder,
        }
    }

    /// What is known without building it: the manifest. The digests mean nothing, and the artifact at `output` may be missing.
    pub(super) fn describe(&self, output: &Path) -> ArtifactInfo {
        let nothing = Digest::of(&[]);
        let (mut revisions, mut plugin) = (None, None);
        match self {
            Self::Migration(source) => revisions = Some(RevisionsMetadata::new(None, source.revisions.clone())),
            Self::Plugin(source) => plugin = Some(plugin_metadata(source, None)),
        }
        ArtifactInfo {
            path: output.to_owned(),
            size: 0,
            digest: nothing,
            code_digest: nothing,
            imports: [].into(),
            exports: [].into(),
            revisions,
            plugin,
        }
    }

    fn driver(&self) -> Driver {
        match self {
            Self::Migration(source) => source.driver,
            Self::Plugin(source) => source.driver,
        }
    }

    /// What people call it, and its artifact's file is called: the folder's name.
    pub fn name(&self) -> String {
        self.folder()
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// Builds `sources` and returns each artifact's bytes, in the same order. Cargo packages of one workspace are built by one
/// call of cargo, which keeps what it makes in `cargo_folder`.
///
/// # Errors
/// The first source that cannot be built, with the output of its tool.
pub fn build(
    sources: &[(Source, FileStamps)],
    cargo_folder: &Path,
    reporter: &dyn Reporter,
) -> Result<Vec<Vec<u8>>, ArtifactError> {
    let mut number = 0;
    let mut tell = |source: &Source| {
        number += 1;
        reporter.report(Event::Building {
            name: source.name(),
            driver: source.driver().name(),
            number,
            of: sources.len(),
        });
    };
    let (rust, other): (Vec<_>, Vec<_>) = sources
        .iter()
        .map(|(source, _)| source)
        .partition(|source| source.driver() == Driver::Rust);
    // Told before the work: cargo can take minutes.
    rust.iter().for_each(|source| tell(source));
    let folders = rust.iter().map(|source| source.folder().to_owned()).collect();
    let components = rust::build_all(folders, cargo_folder, reporter)?;
    other.iter().for_each(|source| tell(source));
    let mut built = Vec::new();
    for (source, files) in sources {
        built.push(assemble(source, files, &components)?);
    }
    Ok(built)
}

fn assemble(source: &Source, files: &FileStamps, rust: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Vec<u8>, ArtifactError> {
    let folder = source.folder();
    let digest = Some(source_digest(folder, files)?);
    let mut assets = assets_folder(folder, files)?;
    let metadata = match source {
        Source::Migration(source) => {
            let mut revisions = source.revisions.clone();
            if revisions.len() > 1 && source.driver == Driver::Sql {
                for revision in &mut revisions {
                    let own = files.iter().filter(|(path, _)| path.starts_with(&revision.revision));
                    let own: FileStamps = own.map(|(path, stamp)| (path.clone(), *stamp)).collect();
                    revision.source_digest = Some(source_digest(folder, &own)?);
                }
            }
            Metadata::Revisions(RevisionsMetadata::new(digest, revisions))
        }
        Source::Plugin(source) => Metadata::Plugin(plugin_metadata(source, digest)),
    };
    let code = match (source, source.driver()) {
        (Source::Migration(source), Driver::Sql) => {
            assets.extend(sql::scripts(source)?);
            super::sql_component::sql_component()
                .map_err(|defect| defect.at(folder))?
                .to_vec()
        }
        (Source::Plugin(_), Driver::Sql) => {
            let text = "a plugin cannot be built by the driver sql".into();
            return Err(ArtifactError::Source {
                path: folder.to_owned(),
                text,
            });
        }
        (_, Driver::Rust) => match rust.get(folder) {
            Some(component) => component.clone(),
            None => {
                let reason = "cargo built no cdylib of it; its Cargo.toml needs crate-type = [\"cdylib\"]".into();
                return Err(ArtifactError::Build {
                    path: folder.to_owned(),
                    reason,
                    output: String::new(),
                });
            }
        },
    };
    super::assemble(folder, &code, &metadata, &assets)
}

fn plugin_metadata(source: &PluginSource, digest: Option<Digest>) -> PluginMetadata {
    let PluginSource {
        name,
        version,
        description,
        kinds,
        ..
    } = source.clone();
    PluginMetadata::new(digest, name, version, description, kinds)
}

/// The files below `assets/`, which every driver takes along.
fn assets_folder(folder: &Path, files: &FileStamps) -> Result<Assets, ArtifactError> {
    let mut assets = Assets::new();
    for path in files.keys() {
        if let Ok(name) = path.strip_prefix("assets") {
            let full = folder.join(path);
            let content = std::fs::read(&full).map_err(ArtifactError::read(&full))?;
            assets.insert(name.to_string_lossy().replace('\\', "/"), content);
        }
    }
    Ok(assets)
}
