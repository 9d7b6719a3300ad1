//! A lock on a folder between processes. The system releases it when its holder dies.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{EmbeddedError, io};

/// The time to wait for another process: downloading the programs takes the longest.
const LIMIT: Duration = Duration::from_secs(600);

/// Held until it is dropped.
pub(super) struct FolderLock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

impl FolderLock {
    /// Waits for the lock of `folder`.
    pub(super) fn take(folder: &Path) -> Result<Self, EmbeddedError> {
        let end = Instant::now() + LIMIT;
        loop {
            match Self::try_take(folder)? {
                Some(lock) => return Ok(lock),
                None if Instant::now() > end => {
                    return Err(EmbeddedError::Locked {
                        path: folder.join("lock"),
                        seconds: LIMIT.as_secs(),
                    });
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// `None` if another process has it.
    pub(super) fn try_take(folder: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = folder.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io("opening", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io("locking", &path)(error)),
        }
    }
}
