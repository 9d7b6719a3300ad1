//! What lies in the locations of a project, looked at without opening a file.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::build::Source;
use super::super::source::{FileStamp, FileStamps, MigrationSource, PluginSource, stamps};
use super::ArtifactError;
use crate::ident::Digest;

/// Something in a location that is, or becomes, an artifact.
pub(super) struct Item {
    pub path: PathBuf,
    /// The source's files, or the artifact itself under an empty path.
    pub files: FileStamps,
    /// Where a source's artifact goes; none where the item is an artifact.
    pub output: Option<PathBuf>,
    pub manifest: &'static str,
}

/// What lies in `locations`, by name. A location that is not there is empty.
pub(super) fn items(
    build_dir: &Path,
    locations: &[PathBuf],
    manifest: &'static str,
) -> Result<Vec<Item>, ArtifactError> {
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
        let folder = output_folder(build_dir, location);
        items.extend(looked_at(&paths, manifest, &folder)?);
    }
    Ok(items)
}

/// A folder for each location, so that folders of one name in two locations do not meet.
fn output_folder(build_dir: &Path, location: &Path) -> PathBuf {
    let name = location
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let digest = Digest::of(location.as_os_str().as_encoded_bytes()).short();
    build_dir.join(format!("{name}-{}", &digest[..6]))
}

/// How many threads look. The system's answers come from its memory, where more are no faster; asking how many there may be takes
/// longer than looking at a hundred folders.
const THREADS: usize = 2;
/// How many paths of a location one thread looks at. A thread is not worth it for fewer.
const PATHS_OF_A_THREAD: usize = 256;

/// Those of `paths` that are artifacts, or folders with `manifest`, whose artifacts are built into `output`.
fn looked_at(paths: &[PathBuf], manifest: &'static str, output: &Path) -> Result<Vec<Item>, ArtifactError> {
    let share = paths.len().div_ceil(THREADS).max(PATHS_OF_A_THREAD);
    let look = |paths: &[PathBuf]| -> Result<Vec<Item>, ArtifactError> {
        let items = paths.iter().map(|path| Item::at(path, manifest, output));
        items.filter_map(Result::transpose).collect()
    };
    let mut shares = paths.chunks(share);
    let own = shares.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> = shares.map(|share| scope.spawn(move || look(share))).collect();
        let mut items = look(own)?;
        for other in others {
            let looked_at = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            items.extend(looked_at?);
        }
        Ok(items)
    })
}

impl Item {
    /// What is at `path`; none where it is neither an artifact nor a folder with `manifest`.
    fn at(path: &Path, manifest: &'static str, output: &Path) -> Result<Option<Self>, ArtifactError> {
        let (files, output) = if path.extension().is_some_and(|extension| extension == "wasm") {
            (FileStamps::from([(PathBuf::new(), file_stamp(path)?)]), None)
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let files = match stamps(path, manifest) {
                Ok(Some(files)) => files,
                Ok(None) => return Ok(None),
                // A file beside the folders, or a folder of something else.
                Err(_) if !path.join(manifest).is_file() => return Ok(None),
                Err(error) => return Err(error),
            };
            (files, Some(output.join(format!("{name}.wasm"))))
        };
        Ok(Some(Self {
            path: path.to_owned(),
            files,
            output,
            manifest,
        }))
    }

    /// Reads the manifest of a source folder.
    pub fn source(&self) -> Result<Source, ArtifactError> {
        Ok(if self.manifest == MigrationSource::MANIFEST {
            Source::Migration(MigrationSource::read(&self.path)?)
        } else {
            Source::Plugin(PluginSource::read(&self.path)?)
        })
    }
}

pub(super) fn file_stamp(path: &Path) -> Result<FileStamp, ArtifactError> {
    let metadata = fs::metadata(path).map_err(ArtifactError::read(path))?;
    Ok(FileStamp::of(&metadata))
}
