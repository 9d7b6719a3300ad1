//! Detects changes in the files of a source folder without opening them, by their lengths and modification times. Folders have
//! modification times too, which change with the names in them, so an unchanged folder need not be listed again.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::BuildError;

/// The number of files in a source folder above which a mistake is assumed, such as a checkout below it.
const MAX_FILES: usize = 10_000;

/// The folder of tests, beside the tested code.
pub const TESTS: &str = "tests";
const README: &str = "README.md";

/// The coarsest resolution of file times, with some margin. A file that changed so recently may change again and keep its time.
const SETTLED: Duration = Duration::from_secs(3);

/// The identity of a file for staleness checks: its length and modification time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
}

/// The files of a source folder, by their path below it.
pub type FileStamps = BTreeMap<PathBuf, FileStamp>;

/// The last change of the names in a folder, in nanoseconds since 1970; `None` if that was too recent to be relied on.
pub type FolderStamp = Option<u64>;

/// A source folder at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStamps {
    pub files: FileStamps,
    /// The folder itself, under an empty path, and those in it that may hold sources.
    folders: BTreeMap<PathBuf, FolderStamp>,
}

impl FileStamp {
    pub fn of(metadata: &fs::Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: nanoseconds(metadata.modified().ok()),
        }
    }
}

/// The stamp of a folder whose `metadata` was read after `now`.
pub fn folder_stamp(metadata: &fs::Metadata, now: SystemTime) -> FolderStamp {
    let modified = metadata.modified().ok()?;
    let settled = now.duration_since(modified).is_ok_and(|age| age > SETTLED);
    settled.then(|| nanoseconds(Some(modified)))
}

fn nanoseconds(time: Option<SystemTime>) -> u64 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// Whether an editor or a merge has left the file behind.
fn is_backup(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    [b"~".as_slice(), b".orig", b".rej", b".bak", b"#"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

impl SourceStamps {
    /// The stamp of a single artifact file, under an empty path.
    pub fn of_file(stamp: FileStamp) -> Self {
        Self {
            files: FileStamps::from([(PathBuf::new(), stamp)]),
            folders: BTreeMap::new(),
        }
    }

    /// The contents of a folder with `manifest`; empty for other folders. Hidden files and the output of builds are not sources.
    ///
    /// # Errors
    /// If a folder cannot be read, or contains too many files.
    pub fn read(folder: &Path, manifest: &str) -> Result<Option<Self>, BuildError> {
        let now = SystemTime::now();
        let mut stamps = Self::default();
        let mut pending = vec![PathBuf::new()];
        while let Some(below) = pending.pop() {
            let directory = folder.join(&below);
            // Before its names are read, so that a later change is detected.
            let metadata = fs::metadata(&directory).map_err(BuildError::read(&directory))?;
            for entry in fs::read_dir(&directory).map_err(BuildError::read(&directory))? {
                let entry = entry.map_err(BuildError::read(&directory))?;
                let name = entry.file_name();
                let hidden = name.as_encoded_bytes().starts_with(b".");
                // Everything below assets/ is included.
                let made = ["target", "node_modules", "__pycache__"]
                    .iter()
                    .any(|made| name == *made);
                if !below.starts_with("assets") && (hidden || made || is_backup(&name)) {
                    continue;
                }
                // A component that a build leaves beside its sources is not a source.
                let is_wasm = Path::new(&name).extension().is_some_and(|ending| ending == "wasm");
                if !below.starts_with("assets") && is_wasm {
                    continue;
                }
                // Tests and documentation are not sources: a migration whose tests change remains the same migration.
                if below.as_os_str().is_empty() && (name == TESTS || name == README) {
                    continue;
                }
                let path = below.join(&name);
                let kind = entry.file_type().map_err(BuildError::read(&directory))?;
                // A file may be a link, because builds follow it; a folder may not, because it could contain itself.
                let metadata = if kind.is_symlink() {
                    fs::metadata(entry.path())
                } else {
                    entry.metadata()
                };
                let metadata = metadata.map_err(BuildError::read(&directory))?;
                if kind.is_dir() {
                    pending.push(path);
                } else if metadata.is_file() {
                    stamps.files.insert(path, FileStamp::of(&metadata));
                }
                if stamps.files.len() > MAX_FILES {
                    let text = format!("it contains more than {MAX_FILES} files");
                    return Err(BuildError::Source {
                        path: folder.to_owned(),
                        text,
                    });
                }
            }
            if !stamps.files.contains_key(Path::new(manifest)) {
                return Ok(None);
            }
            stamps.folders.insert(below, folder_stamp(&metadata, now));
        }
        Ok(Some(stamps))
    }

    /// Whether `folder` still matches these stamps. False if that cannot be decided without listing it.
    pub fn hold(&self, folder: &Path) -> bool {
        let mut path = PathBuf::new();
        let mut metadata = |below: &Path| {
            path.as_mut_os_string().clear();
            path.push(folder);
            // Nothing is appended for the folder itself, which would leave a slash at its end.
            path.extend(below);
            fs::metadata(&path).ok()
        };
        let modified = |found: fs::Metadata| found.modified().ok().map(|time| nanoseconds(Some(time)));
        !self.folders.is_empty()
            && self
                .folders
                .iter()
                .all(|(below, stamp)| stamp.is_some() && metadata(below).and_then(modified) == *stamp)
            && self.files.iter().all(|(below, stamp)| {
                metadata(below).is_some_and(|found| found.is_file() && FileStamp::of(&found) == *stamp)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    const MANIFEST: &str = "plugin.toml";

    /// A folder with a file at its top and one below, unchanged for a minute.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join(MANIFEST), "").unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        let before = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(60));
        for path in ["src", ""] {
            File::open(folder.path().join(path)).unwrap().set_times(before).unwrap();
        }
        folder
    }

    fn read(folder: &Path) -> SourceStamps {
        SourceStamps::read(folder, MANIFEST).unwrap().unwrap()
    }

    #[test]
    fn what_was_left_alone_holds() {
        let folder = folder();
        assert!(read(folder.path()).hold(folder.path()));
        assert!(!SourceStamps::default().hold(folder.path()));
    }

    #[test]
    fn a_folder_that_changed_just_now_is_listed_again() {
        let folder = folder();
        fs::write(folder.path().join("src/more.rs"), "").unwrap();
        let stamps = read(folder.path());
        assert!(!stamps.hold(folder.path()));
        assert_eq!(stamps, read(folder.path()));
    }

    #[test]
    fn every_change_shows() {
        let changes: [fn(&Path); 6] = [
            |folder| fs::write(folder.join("more"), "").unwrap(),
            |folder| fs::write(folder.join("src/more.rs"), "").unwrap(),
            |folder| fs::write(folder.join("src/lib.rs"), "pub fn f() {}").unwrap(),
            |folder| fs::remove_file(folder.join("src/lib.rs")).unwrap(),
            |folder| fs::create_dir(folder.join("src/more")).unwrap(),
            |folder| fs::remove_dir_all(folder).unwrap(),
        ];
        for change in changes {
            let folder = folder();
            let stamps = read(folder.path());
            change(folder.path());
            assert!(!stamps.hold(folder.path()));
        }
    }
}
