//! The lock on a project's builds: two processes would write the same files.

use std::fs::{self, File};
use std::path::Path;

use mighost_core::{Event, Level, Reporter};

/// The lock. It is released when this is dropped or the process is killed.
pub(super) struct Held {
    _file: File,
    /// Whether another process held it before.
    pub waited: bool,
}

/// Acquires the lock on `build_dir`, and waits for its holder. `None` if locks are not supported, as on some file systems: building
/// continues then, and files that cannot be written are reported.
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
                text: "another mighost is building this project; waiting for it".into(),
            });
            file.lock().ok()?;
            true
        }
    };
    Some(Held { _file: file, waited })
}
