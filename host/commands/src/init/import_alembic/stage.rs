//! Writes a project so that an interruption leaves none: everything is created in a temporary folder, then moved, the configuration last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::TakeOverError;
use mighost_config::FILE_NAME;

const PREFIX: &str = ".mighost-init-";

/// A marker in a folder of migrations as long as there is no configuration that names it.
const UNFINISHED: &str = ".unfinished";

/// The temporary folder. It is removed with its remaining contents.
pub(super) struct Stage {
    root: PathBuf,
    /// Whether `root` is new.
    created: bool,
    folder: PathBuf,
    /// The folder itself, locked: the system releases the lock when the process ends in any way.
    _lock: File,
}

impl Stage {
    /// Creates the folder in `root`, and removes the remains of earlier runs that were killed. `names` are the files and folders to be
    /// created.
    ///
    /// # Errors
    /// If one of them exists already, or something cannot be written.
    pub fn start(root: &Path, names: &[&str]) -> Result<Self, TakeOverError> {
        check_free(root, names)?;
        let created = fs::symlink_metadata(root).is_err();
        fs::create_dir_all(root).map_err(fail(root))?;
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes).map_err(|error| fail(root)(io::Error::other(error.to_string())))?;
        let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = root.join(format!("{PREFIX}{random}"));
        sweep(root).map_err(fail(root))?;
        fs::create_dir(&folder).map_err(fail(&folder))?;
        let lock = File::open(&folder).map_err(fail(&folder))?;
        lock.lock().map_err(fail(&folder))?;
        Ok(Self {
            root: root.to_owned(),
            created,
            folder,
            _lock: lock,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, including its folders. `mode` are its permissions.
    pub fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), TakeOverError> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(fail(parent))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .map_err(fail(&path))?;
        file.write_all(text.as_bytes()).map_err(fail(&path))
    }

    /// Moves `folders`, then the configuration, to their places. If that fails, the moved ones are moved back.
    pub fn finish(self, folders: &[&str]) -> Result<(), TakeOverError> {
        for name in folders {
            self.write(&format!("{name}/{UNFINISHED}"), "", 0o644)?;
        }
        check_free(&self.root, folders)?;
        let mut moved = Vec::new();
        let result = self.move_all(folders, &mut moved);
        match result {
            Ok(()) => {
                for name in folders {
                    // It is no longer needed.
                    let _ = fs::remove_file(self.root.join(name).join(UNFINISHED));
                }
                Ok(())
            }
            Err(error) => {
                for path in moved {
                    let _ = fs::remove_dir_all(path);
                }
                Err(error)
            }
        }
    }

    fn move_all(&self, folders: &[&str], moved: &mut Vec<PathBuf>) -> Result<(), TakeOverError> {
        for name in folders {
            let to = self.root.join(name);
            remove_unfinished(&to).map_err(fail(&to))?;
            fs::rename(self.path(name), &to).map_err(fail(&to))?;
            moved.push(to);
        }
        // A link, which refuses to replace an existing file, unlike a move.
        let config = self.root.join(FILE_NAME);
        fs::hard_link(self.path(FILE_NAME), &config).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => TakeOverError::Exists { path: config.clone() },
            _ => fail(&config)(error),
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Remains are removed by the next import.
        let _ = fs::remove_dir_all(&self.folder);
        if self.created {
            // Refused unless it is empty, which it is after a failure.
            let _ = fs::remove_dir(&self.root);
        }
    }
}

/// Refuses existing files and folders, except empty folders and those of a killed run.
///
/// # Errors
/// If one of `names` is in `root` already.
pub fn check_free(root: &Path, names: &[&str]) -> Result<(), TakeOverError> {
    for name in names {
        let path = root.join(name);
        if fs::symlink_metadata(&path).is_err() || path.join(UNFINISHED).is_file() {
            continue;
        }
        let empty = fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none());
        if !empty {
            return Err(TakeOverError::Exists { path });
        }
    }
    Ok(())
}

fn remove_unfinished(path: &Path) -> io::Result<()> {
    if path.join(UNFINISHED).is_file() {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Removes the folders of processes that have ended.
fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let ours = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if ours && path.is_dir() && File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok()) {
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// The permissions for a file with the contents of `original`.
pub(super) fn mode_of(original: &Path) -> u32 {
    fs::metadata(original).map_or(0o600, |metadata| metadata.permissions().mode() & 0o666)
}

pub(super) fn fail(path: &Path) -> impl FnOnce(io::Error) -> TakeOverError {
    let path = path.to_owned();
    move |source| TakeOverError::Write { path, source }
}
