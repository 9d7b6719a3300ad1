//! All artifacts of a project: those that lie in its folders ready-made, and those that are built from sources there.
//!
//! What was learned of each file is kept in `.mighost/build/index.json`, by length and time of change, so that the next run reads one
//! file instead of every artifact. It lists no folder of sources whose own time of change is as it was.

mod index;
mod items;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::index::{Entry, Index};
use self::items::{Place, file_stamp};
use super::build::{self, Provider, Providers, Stale, Workshop};
use super::error::ArtifactError;
use super::sections;
use super::source::{MigrationSource, PluginSource};
use super::stamps::FileStamps;
use super::{ArtifactInfo, PluginMetadata, RevisionMetadata};
use crate::report::{Event, Level, Reporter};
use crate::toolchain::Toolchains;

/// Whether sources are built while the library is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildMode {
    /// Build what has changed since it was built.
    Stale,
    /// Build everything again.
    Force,
    /// Build nothing: an error where something is stale (`--no-build`).
    Never,
    /// Build nothing: of what is stale, its manifest is enough. For commands that run nothing.
    Describe,
}

/// Where a project keeps its migrations and plugins.
#[derive(Clone, Debug)]
pub struct Library {
    /// The folder of built artifacts and the index, `.mighost/build`.
    pub build_dir: PathBuf,
    pub migrations: Vec<PathBuf>,
    pub plugins: Vec<PathBuf>,
    pub toolchains: Toolchains,
}

/// A plugin and what it says of itself.
#[derive(Clone, Debug)]
pub struct LoadedPlugin {
    pub metadata: PluginMetadata,
    pub artifact: Arc<ArtifactInfo>,
    /// Its source folder, or the artifact itself.
    pub place: PathBuf,
}

/// What a project holds.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// In the order of locations and, within one, of names: Alembic's load order.
    pub migrations: Vec<Arc<ArtifactInfo>>,
    pub plugins: Vec<LoadedPlugin>,
    /// For each of `migrations` where it is, for people: its source folder, or the artifact itself.
    places: Vec<PathBuf>,
    by_revision: BTreeMap<String, (usize, usize)>,
    /// How many artifacts were built just now.
    pub built: usize,
}

impl Loaded {
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

    /// Where the author of `revision` finds it: its source folder or, where there are no sources, its artifact.
    pub fn place(&self, revision: &str) -> Option<&Path> {
        let (artifact, _) = *self.by_revision.get(revision)?;
        self.places.get(artifact).map(PathBuf::as_path)
    }

    fn add_migration(&mut self, place: &Path, artifact: ArtifactInfo) -> Result<(), ArtifactError> {
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

    fn add_plugin(&mut self, place: &Path, artifact: ArtifactInfo) -> Result<(), ArtifactError> {
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

/// Cargo's, which stands beside the sources of a crate that is in no workspace.
const LOCK_FILE: &str = "Cargo.lock";

/// What of a project is loaded.
enum Shelf<'a> {
    /// Migrations and plugins.
    Project,
    /// Tests that are components.
    Tests {
        locations: &'a [PathBuf],
        plugins: &'a [LoadedPlugin],
    },
}

impl<'a> Shelf<'a> {
    /// What is there beside it.
    fn plugins(&self) -> &'a [LoadedPlugin] {
        match self {
            Self::Project => &[],
            Self::Tests { plugins, .. } => plugins,
        }
    }
}

impl Library {
    /// Reads every artifact, building sources as `mode` says.
    ///
    /// # Errors
    /// The first artifact or source that is not right; a location that cannot be read.
    pub fn load(&self, mode: BuildMode, reporter: &dyn Reporter) -> Result<Loaded, ArtifactError> {
        self.load_from(&Shelf::Project, mode, reporter)
    }

    /// Reads the tests that are components in the folders `locations`, building them as `mode` says. They may use interfaces of
    /// `plugins`.
    ///
    /// # Errors
    /// As [`Library::load`].
    pub fn load_tests(
        &self,
        locations: &[PathBuf],
        plugins: &[LoadedPlugin],
        mode: BuildMode,
        reporter: &dyn Reporter,
    ) -> Result<Vec<LoadedPlugin>, ArtifactError> {
        let shelf = Shelf::Tests { locations, plugins };
        Ok(self.load_from(&shelf, mode, reporter)?.plugins)
    }

    fn load_from(&self, shelf: &Shelf<'_>, mode: BuildMode, reporter: &dyn Reporter) -> Result<Loaded, ArtifactError> {
        // The index is parsed while the folders are listed.
        let (index, places) = std::thread::scope(|scope| {
            let index = scope.spawn(|| Index::read(&self.index_path(shelf)));
            let places = self.places(shelf);
            (index.join().unwrap_or_default(), places)
        });
        let places = places?;
        // Looked at before the artifacts are: what is built meanwhile changes them.
        let outputs = items::output_folders(&places);
        let mut learned = index.outputs != outputs;
        let outputs_hold = !learned && outputs.values().all(Option::is_some);
        let indexed = index.entries.len();
        let mut items = items::looked_at(places, index.entries)?;
        learned |= indexed != items.len();
        let mut stale = Vec::new();
        for (number, item) in items.iter_mut().enumerate() {
            if item.output.is_some() {
                let is_current =
                    |artifact: &ArtifactInfo| mode != BuildMode::Force && (outputs_hold || is_there(artifact));
                item.known = item.known.take().filter(|artifact| is_current(artifact));
            }
            learned |= item.learned || item.known.is_none();
            match (&item.known, &item.output) {
                (Some(_), _) => {}
                (None, None) => {
                    let bytes = sections::read_file(&item.path)?;
                    item.known = Some(Box::new(ArtifactInfo::read(item.path.clone(), &bytes)?));
                }
                // Its manifest is one of its files, so nobody reads it where nothing has changed.
                (None, Some(output)) => {
                    stale.push((
                        number,
                        Stale {
                            source: item.source()?,
                            files: item.stamps.files.clone(),
                            output: output.clone(),
                        },
                    ));
                }
            }
        }
        let described = mode == BuildMode::Describe && !stale.is_empty();
        if described {
            for (number, stale) in stale.drain(..) {
                if let Some(item) = items.get_mut(number) {
                    item.known = Some(Box::new(stale.source.describe(&stale.output)));
                }
            }
        }
        if mode == BuildMode::Never
            && let Some((_, stale)) = stale.first()
        {
            return Err(ArtifactError::NotBuilt {
                path: stale.source.folder().to_owned(),
            });
        }
        let built = stale.len();
        let known = items.iter().filter_map(|item| item.known.as_deref());
        let known = known.chain(shelf.plugins().iter().map(|plugin| &*plugin.artifact));
        for (number, files, artifact) in self.build_stale(stale, known, reporter)? {
            if let Some(item) = items.get_mut(number) {
                item.stamps.files = files;
                item.known = Some(Box::new(artifact));
            }
        }
        let migrations = items.iter().filter(|item| item.is_migration()).count();
        let entries = items.into_iter().filter_map(|item| {
            let entry = Entry {
                stamps: item.stamps,
                artifact: item.known?,
            };
            Some((item.path, entry))
        });
        let index = Index {
            outputs,
            entries: entries.collect(),
        };
        if learned && !described {
            self.write_index(&self.index_path(shelf), &index, reporter);
        }
        let mut loaded = Loaded {
            built,
            ..Loaded::default()
        };
        for (number, (place, entry)) in index.entries.into_iter().enumerate() {
            if number < migrations {
                loaded.add_migration(&place, *entry.artifact)?;
            } else {
                loaded.add_plugin(&place, *entry.artifact)?;
            }
        }
        Ok(loaded)
    }

    /// All that lies in the locations: migrations, and plugins behind them.
    fn places(&self, shelf: &Shelf<'_>) -> Result<Vec<Place>, ArtifactError> {
        if let Shelf::Tests { locations, .. } = shelf {
            return items::places(&self.build_dir, locations, PluginSource::TEST_MANIFEST);
        }
        let mut places = items::places(&self.build_dir, &self.migrations, MigrationSource::MANIFEST)?;
        places.extend(items::places(&self.build_dir, &self.plugins, PluginSource::MANIFEST)?);
        Ok(places)
    }

    fn index_path(&self, shelf: &Shelf<'_>) -> PathBuf {
        self.build_dir.join(match shelf {
            Shelf::Project => "index.json",
            Shelf::Tests { .. } => "tests.json",
        })
    }

    /// Without an index the next run is slower, so a failure is only told.
    fn write_index(&self, path: &Path, index: &Index, reporter: &dyn Reporter) {
        let result = index.to_json().map_err(std::io::Error::other).and_then(|json| {
            fs::create_dir_all(&self.build_dir)?;
            write_replacing(path, &json)
        });
        if let Err(error) = result {
            let text = format!("cannot write {}: {error}", path.display());
            reporter.report(Event::Note {
                level: Level::Debug,
                text,
            });
        }
    }

    /// Builds and writes; each artifact with the number that came with its source, and the files that the build left. `known` are the artifacts
    /// that are not stale.
    fn build_stale<'a>(
        &self,
        stale: Vec<(usize, Stale)>,
        known: impl Iterator<Item = &'a ArtifactInfo>,
        reporter: &dyn Reporter,
    ) -> Result<Vec<(usize, FileStamps, ArtifactInfo)>, ArtifactError> {
        if stale.is_empty() {
            return Ok(Vec::new());
        }
        let providers = Providers::default();
        for artifact in known {
            if let Some(plugin) = &artifact.plugin {
                let (exports, path) = (artifact.exports.to_vec(), artifact.path.clone());
                providers.add(Provider::of_file(plugin.name.clone(), exports, path));
            }
        }
        let shop = Workshop {
            folder: &self.build_dir,
            toolchains: &self.toolchains,
            providers,
            reporter,
        };
        let (numbers, stale): (Vec<_>, Vec<_>) = stale.into_iter().unzip();
        let built = build::build(&stale, &shop)?;
        let mut artifacts = Vec::new();
        for ((number, stale), bytes) in numbers.into_iter().zip(stale).zip(built) {
            let Stale {
                source,
                mut files,
                output,
            } = stale;
            // The build itself writes it; without this the next run would build again.
            let lock = source.folder().join(LOCK_FILE);
            if lock.is_file() {
                files.insert(LOCK_FILE.into(), file_stamp(&lock)?);
            }
            if let Some(folder) = output.parent() {
                fs::create_dir_all(folder).map_err(ArtifactError::write(folder))?;
            }
            write_replacing(&output, &bytes).map_err(ArtifactError::write(&output))?;
            artifacts.push((number, files, ArtifactInfo::read(output, &bytes)?));
        }
        Ok(artifacts)
    }
}

fn is_there(artifact: &ArtifactInfo) -> bool {
    fs::metadata(&artifact.path).is_ok_and(|metadata| metadata.len() == artifact.size)
}

/// Writes beside and renames, so that a reader or a crash never sees half a file.
fn write_replacing(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests;
