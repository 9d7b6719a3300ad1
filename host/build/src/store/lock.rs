//! One mighost at a time builds a project: two would write the same files.

use std::fs::{self, File};
use std::path::Path;

use mighost_core::{Event, Level, Reporter};

/// The lock, which ends with it, also where the process is killed.
pub(super) struct Held {
    _file: File,
    /// Somebody else had it before.
    pub waited: bool,
}

/// Takes the lock on `build_dir`, and waits for whoever has it. None where there can be none, as on a file system without locks: building goes on then,
/// and what cannot be written is told.
pub(super) fn take(build_dir: &Path, reporter: &dyn Reporter) -> Option<Held> {
    fs::create_dir_all(build_dir).ok()?;
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true);
    let file = file.open(build_dir.join(".lock")).ok()?;
    let waited = match file.try_lock() {
        Ok(()) => false,
        Err(fs::TryLockError::Error(_)) => return None,
        Err(fs::TryLockError::WouldBlock) => {
            reporter.report(Event::Note {
                level: Level::Info,
                text: "another mighost builds this project; waiting for it".into(),
            });
            file.lock().ok()?;
            true
        }
    };
    Some(Held { _file: file, waited })
}
