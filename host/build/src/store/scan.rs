//! Scans the locations of a project without opening files.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::index::Entry;
use super::rebuild::Interfaces;
use crate::compile::{Source, Stale};
use crate::error::BuildError;
use crate::fingerprint::{FileStamp, FolderStamp, SourceStamps, folder_stamp};
use crate::manifest::{MigrationSource, PluginSource};
use mighost_artifact::{ArtifactError, ArtifactInfo, sections};
use mighost_core::Digest;

/// Something in a location that may be an artifact or a source.
pub(super) struct Location {
    pub path: PathBuf,
    /// The path of a source's artifact; `None` if this is an artifact.
    output: Option<PathBuf>,
    manifest: &'static str,
}

/// An artifact or a source in a location.
pub(super) struct Item {
    pub path: PathBuf,
    /// The stamps of the source, or of the artifact.
    pub stamps: SourceStamps,
    /// The path of a source's artifact; `None` if this is an artifact.
    pub output: Option<PathBuf>,
    /// The index entry of the artifact, unless a file has changed since.
    pub known: Option<Box<ArtifactInfo>>,
    /// Whether the stamps in the index differ or are missing.
    pub learned: bool,
    /// The interfaces of plugins that a source's artifact was built against.
    pub used: Interfaces,
    manifest: &'static str,
}

/// The contents of `locations`, by name. A location that does not exist is empty.
pub(super) fn places(
    build_dir: &Path,
    locations: &[PathBuf],
    manifest: &'static str,
) -> Result<Vec<Location>, BuildError> {
    let mut places = Vec::new();
    for location in locations {
        let mut names = Vec::new();
        let entries = match fs::read_dir(location) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => {
                return Err(BuildError::read(location)(source));
            }
        };
        for entry in entries {
            let name = entry.map_err(BuildError::read(location))?.file_name();
            if name.to_str().is_none() {
                return Err(BuildError::Source {
                    path: location.join(name),
                    text: "its name is not UTF-8; rename it".to_owned(),
                });
            }
            names.push(name);
        }
        names.sort();
        let folder = output_folder(build_dir, location);
        places.extend(names.into_iter().map(|name| {
            let path = location.join(&name);
            let is_artifact = path.extension().is_some_and(|extension| extension == "wasm");
            let output = (!is_artifact).then(|| folder.join(format!("{}.wasm", name.to_string_lossy())));
            Location { path, output, manifest }
        }));
    }
    Ok(places)
}

/// A folder for each location, so that folders of the same name in two locations do not conflict.
fn output_folder(build_dir: &Path, location: &Path) -> PathBuf {
    let name = location
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let digest = Digest::of(location.as_os_str().as_encoded_bytes()).short();
    build_dir.join(format!("{name}-{}", &digest[..6]))
}

/// The stamps of the folders of built artifacts: if they are unchanged, no artifact was removed or replaced.
pub(super) fn output_folders(places: &[Location]) -> BTreeMap<PathBuf, FolderStamp> {
    let mut folders = BTreeMap::new();
    let now = SystemTime::now();
    for folder in places.iter().filter_map(|place| place.output.as_ref()?.parent()) {
        if !folders.contains_key(folder) {
            let stamp = fs::metadata(folder).ok();
            folders.insert(
                folder.to_owned(),
                stamp.and_then(|metadata| folder_stamp(&metadata, now)),
            );
        }
    }
    folders
}

/// The number of threads. The system answers from memory, where more threads are not faster; querying the number of processors takes
/// longer than checking a hundred folders.
const THREADS: usize = 2;
/// The number of places for one thread. A thread is not worthwhile for fewer.
const PLACES_OF_A_THREAD: usize = 256;

/// Those of `places` that are artifacts or sources, each compared with its index entry.
pub(super) fn looked_at(places: Vec<Location>, entries: Vec<(PathBuf, Entry)>) -> Result<Vec<Item>, BuildError> {
    let share = places.len().div_ceil(THREADS).max(PLACES_OF_A_THREAD);
    // Comparing paths is slow, comparing their bytes is not.
    let mut index: HashMap<OsString, Entry> = entries.into_iter().map(|(path, entry)| (path.into(), entry)).collect();
    let indexed = places.into_iter().map(|place| {
        let entry = index.remove(place.path.as_os_str());
        (place, entry)
    });
    let mut own: Vec<(Location, Option<Entry>)> = indexed.collect();
    let others = own.split_off(share.min(own.len()));
    let look = |places: Vec<(Location, Option<Entry>)>| -> Result<Vec<Item>, BuildError> {
        let items = places.into_iter().map(|(place, entry)| place.look(entry));
        items.filter_map(Result::transpose).collect()
    };
    std::thread::scope(|scope| {
        let others = (!others.is_empty()).then(|| scope.spawn(move || look(others)));
        let mut items = look(own)?;
        if let Some(others) = others {
            items.extend(others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(items)
    })
}

impl Location {
    /// The item at this place; `None` if it is neither an artifact nor a folder with a manifest.
    fn look(self, indexed: Option<Entry>) -> Result<Option<Item>, BuildError> {
        let (stamps, known, learned) = match indexed {
            Some(entry) if self.output.is_some() && entry.stamps.hold(&self.path) => {
                (entry.stamps, Some((entry.artifact, entry.used)), false)
            }
            indexed => {
                let Some(found) = self.stamps()? else {
                    return Ok(None);
                };
                let same = indexed.as_ref().is_some_and(|entry| entry.stamps == found);
                let known = indexed.filter(|entry| entry.stamps.files == found.files);
                (found, known.map(|entry| (entry.artifact, entry.used)), !same)
            }
        };
        let (known, used) = known.unzip();
        Ok(Some(Item {
            path: self.path,
            stamps,
            output: self.output,
            known,
            learned,
            used: used.unwrap_or_default(),
            manifest: self.manifest,
        }))
    }

    fn stamps(&self) -> Result<Option<SourceStamps>, BuildError> {
        if self.output.is_none() {
            return Ok(Some(SourceStamps::of_file(file_stamp(&self.path)?)));
        }
        match SourceStamps::read(&self.path, self.manifest) {
            // A file beside the folders, or an unrelated folder.
            Err(_) if !self.path.join(self.manifest).is_file() => Ok(None),
            found => found,
        }
    }
}

impl Item {
    /// Reads the metadata of an artifact without sources.
    pub fn read_artifact(&mut self) -> Result<(), ArtifactError> {
        let bytes = sections::read_file(&self.path)?;
        self.known = Some(Box::new(ArtifactInfo::read(self.path.clone(), &bytes)?));
        Ok(())
    }

    pub fn is_migration(&self) -> bool {
        self.manifest == MigrationSource::MANIFEST
    }

    /// Its index entry; `None` if it has no artifact.
    pub fn into_entry(self) -> Option<(PathBuf, Entry)> {
        let entry = Entry {
            stamps: self.stamps,
            artifact: self.known?,
            used: self.used,
        };
        Some((self.path, entry))
    }

    /// The same for an item that is still being processed.
    pub fn entry(&self) -> Option<(PathBuf, Entry)> {
        let entry = Entry {
            stamps: self.stamps.clone(),
            artifact: self.known.clone()?,
            used: self.used.clone(),
        };
        Some((self.path.clone(), entry))
    }

    /// The source folder to build, as scanned.
    pub fn stale(&self) -> Result<Stale, BuildError> {
        Ok(Stale {
            source: self.source()?,
            files: self.stamps.files.clone(),
            output: self.output.clone().unwrap_or_default(),
        })
    }

    /// Reads the manifest of a source folder.
    fn source(&self) -> Result<Source, BuildError> {
        Ok(match self.manifest {
            MigrationSource::MANIFEST => Source::Migration(MigrationSource::read(&self.path)?),
            PluginSource::TEST_MANIFEST => Source::Plugin(PluginSource::read_test(&self.path)?),
            _ => Source::Plugin(PluginSource::read(&self.path)?),
        })
    }
}

pub(super) fn file_stamp(path: &Path) -> Result<FileStamp, BuildError> {
    let metadata = fs::metadata(path).map_err(BuildError::read(path))?;
    Ok(FileStamp::of(&metadata))
}
