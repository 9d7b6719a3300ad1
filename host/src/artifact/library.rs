//! All artifacts of a project: those that lie in its folders ready-made, and those that are built from sources there.
//!
//! What was learned of each file is kept in `.mighost/build/index.json`, by length and time of change, so that the next run reads one
//! file instead of every artifact.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::build::{self, Source};
use super::error::ArtifactError;
use super::sections;
use super::source::{FileStamp, FileStamps, MigrationSource, PluginSource, stamps};
use super::{ArtifactInfo, PluginMetadata, RevisionMetadata};
use crate::ident::Digest;
use crate::report::{Event, Level, Reporter};

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
}

/// A plugin and what it says of itself.
#[derive(Clone, Debug)]
pub struct LoadedPlugin {
    pub metadata: PluginMetadata,
    pub artifact: Arc<ArtifactInfo>,
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

    fn add_plugin(&mut self, artifact: ArtifactInfo) -> Result<(), ArtifactError> {
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
        });
        Ok(())
    }
}

/// Cargo's, which stands beside the sources of a crate that is in no workspace.
const LOCK_FILE: &str = "Cargo.lock";

/// Something in a location that is, or becomes, an artifact.
enum Item {
    Ready {
        path: PathBuf,
        stamp: FileStamp,
    },
    Source {
        source: Source,
        files: FileStamps,
        output: PathBuf,
    },
}

/// `index.json`.
#[derive(Default, Serialize, Deserialize)]
struct Index {
    /// The mighost that wrote it; another one's index is not read.
    builder: String,
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    /// The source's files, or the artifact itself.
    files: FileStamps,
    artifact: ArtifactInfo,
}

impl Library {
    /// Reads every artifact, building sources as `mode` says.
    ///
    /// # Errors
    /// The first artifact or source that is not right; a location that cannot be read.
    pub fn load(&self, mode: BuildMode, reporter: &dyn Reporter) -> Result<Loaded, ArtifactError> {
        let old = self.read_index();
        let mut new = Index {
            builder: builder(),
            entries: BTreeMap::new(),
        };
        let migrations = self.items(&self.migrations, MigrationSource::MANIFEST)?;
        let plugins = self.items(&self.plugins, PluginSource::MANIFEST)?;
        let (mut stale, mut described) = (Vec::new(), false);
        for item in migrations.iter().chain(&plugins) {
            match item {
                Item::Ready { path, stamp } => {
                    let files = FileStamps::from([(PathBuf::new(), *stamp)]);
                    let artifact = match old.entries.get(path) {
                        Some(entry) if entry.files == files => entry.artifact.clone(),
                        _ => ArtifactInfo::read(path.clone(), &sections::read_file(path)?)?,
                    };
                    new.entries.insert(path.clone(), Entry { files, artifact });
                }
                Item::Source { source, files, output } => match old.entries.get(source.folder()) {
                    Some(entry) if mode != BuildMode::Force && entry.files == *files && is_there(&entry.artifact) => {
                        new.entries.insert(source.folder().to_owned(), entry.clone());
                    }
                    _ if mode == BuildMode::Describe => {
                        described = true;
                        let (files, artifact) = (files.clone(), source.describe(output));
                        new.entries
                            .insert(source.folder().to_owned(), Entry { files, artifact });
                    }
                    _ if mode == BuildMode::Never => {
                        return Err(ArtifactError::NotBuilt {
                            path: source.folder().to_owned(),
                        });
                    }
                    _ => stale.push((source.clone(), files.clone(), output.clone())),
                },
            }
        }
        let built = stale.len();
        for (folder, entry) in build_stale(stale, &self.build_dir.join("cargo"), reporter)? {
            new.entries.insert(folder, entry);
        }
        let mut loaded = Loaded {
            built,
            ..Loaded::default()
        };
        for item in &migrations {
            if let Some(entry) = new.entries.get(item.key()) {
                loaded.add_migration(item.key(), entry.artifact.clone())?;
            }
        }
        for item in &plugins {
            if let Some(entry) = new.entries.get(item.key()) {
                loaded.add_plugin(entry.artifact.clone())?;
            }
        }
        let same = built == 0
            && old.entries.len() == new.entries.len()
            && old
                .entries
                .iter()
                .zip(&new.entries)
                .all(|(a, b)| a.0 == b.0 && a.1.files == b.1.files && a.1.artifact.digest == b.1.artifact.digest);
        if !same && !described {
            self.write_index(&new, reporter);
        }
        Ok(loaded)
    }

    /// What lies in `locations`, by name. A location that is not there is empty.
    fn items(&self, locations: &[PathBuf], manifest: &str) -> Result<Vec<Item>, ArtifactError> {
        let mut items = Vec::new();
        for location in locations {
            let mut paths = Vec::new();
            let entries = match fs::read_dir(location) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => {
                    return Err(ArtifactError::Read {
                        path: location.clone(),
                        source,
                    });
                }
            };
            for entry in entries {
                paths.push(entry.map_err(ArtifactError::read(location))?.path());
            }
            paths.sort();
            for path in paths {
                if path.extension().is_some_and(|extension| extension == "wasm") {
                    items.push(Item::Ready {
                        stamp: file_stamp(&path)?,
                        path,
                    });
                } else if path.join(manifest).is_file() {
                    let source = if manifest == MigrationSource::MANIFEST {
                        Source::Migration(MigrationSource::read(&path)?)
                    } else {
                        Source::Plugin(PluginSource::read(&path)?)
                    };
                    let output = self.output_folder(location).join(format!("{}.wasm", source.name()));
                    items.push(Item::Source {
                        files: stamps(&path)?,
                        source,
                        output,
                    });
                }
            }
        }
        Ok(items)
    }

    /// A folder for each location, so that folders of one name in two locations do not meet.
    fn output_folder(&self, location: &Path) -> PathBuf {
        let name = location
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let digest = Digest::of(location.as_os_str().as_encoded_bytes()).short();
        self.build_dir.join(format!("{name}-{}", &digest[..6]))
    }

    fn index_path(&self) -> PathBuf {
        self.build_dir.join("index.json")
    }

    /// An index that is missing, broken or another version's is as good as none.
    fn read_index(&self) -> Index {
        let index = fs::read(self.index_path())
            .ok()
            .and_then(|json| serde_json::from_slice::<Index>(&json).ok());
        index.filter(|index| index.builder == builder()).unwrap_or_default()
    }

    /// Without an index the next run is slower, so a failure is only told.
    fn write_index(&self, index: &Index, reporter: &dyn Reporter) {
        let result = serde_json::to_vec(index)
            .map_err(std::io::Error::other)
            .and_then(|json| {
                fs::create_dir_all(&self.build_dir)?;
                write_replacing(&self.index_path(), &json)
            });
        if let Err(error) = result {
            let text = format!("cannot write {}: {error}", self.index_path().display());
            reporter.report(Event::Note {
                level: Level::Debug,
                text,
            });
        }
    }
}

impl Item {
    fn key(&self) -> &Path {
        match self {
            Self::Ready { path, .. } => path,
            Self::Source { source, .. } => source.folder(),
        }
    }
}

fn builder() -> String {
    format!("mighost {}", env!("CARGO_PKG_VERSION"))
}

fn is_there(artifact: &ArtifactInfo) -> bool {
    fs::metadata(&artifact.path).is_ok_and(|metadata| metadata.len() == artifact.size)
}

fn file_stamp(path: &Path) -> Result<FileStamp, ArtifactError> {
    let metadata = fs::metadata(path).map_err(ArtifactError::read(path))?;
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    Ok(FileStamp {
        size: metadata.len(),
        modified,
    })
}

fn build_stale(
    stale: Vec<(Source, FileStamps, PathBuf)>,
    cargo_folder: &Path,
    reporter: &dyn Reporter,
) -> Result<Vec<(PathBuf, Entry)>, ArtifactError> {
    let (sources, outputs): (Vec<_>, Vec<_>) = stale
        .into_iter()
        .map(|(source, files, output)| ((source, files), output))
        .unzip();
    let built = build::build(&sources, cargo_folder, reporter)?;
    let mut entries = Vec::new();
    for (((source, mut files), output), bytes) in sources.into_iter().zip(outputs).zip(built) {
        // The build itself writes it; without this the next run would build again.
        let lock = source.folder().join(LOCK_FILE);
        if lock.is_file() {
            files.insert(LOCK_FILE.into(), file_stamp(&lock)?);
        }
        if let Some(folder) = output.parent() {
            fs::create_dir_all(folder).map_err(ArtifactError::write(folder))?;
        }
        write_replacing(&output, &bytes).map_err(ArtifactError::write(&output))?;
        let artifact = ArtifactInfo::read(output, &bytes)?;
        entries.push((source.folder().to_owned(), Entry { files, artifact }));
    }
    Ok(entries)
}

/// Writes beside and renames, so that a reader or a crash never sees half a file.
fn write_replacing(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}
