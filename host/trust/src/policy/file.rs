//! Files of a policy: only root or the user may be able to change them.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, StatVfsMountFlags, fstatvfs};

/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;
/// In such a folder only the owner of a file may rename or remove it.
const STICKY: u32 = 0o1000;

/// A file that is not read, or not trusted.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is not a regular file", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{} belongs to the user {owner}; a policy and its folders belong to root or to the user that runs mighost", path.display())]
    Owner { path: PathBuf, owner: u32 },
    #[error("{} can be changed by others (mode {mode:04o}), so it cannot be trusted", path.display())]
    Writable { path: PathBuf, mode: u32 },
}

impl FileError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Owner { path, .. } => Some(format!("run `chown root {}`, or mount it read-only", path.display())),
            Self::Writable { path, .. } => Some(format!("run `chmod go-w {}`, or mount it read-only", path.display())),
            Self::Read { .. } | Self::NotAFile { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// Reads a file that belongs to root or the user, as do its folders, and that others cannot change. On a read-only mount, any owner and
/// mode is accepted: orchestrators mount configuration this way.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let read = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let real = path.canonicalize().map_err(read)?;
    let file = File::options()
        .read(true)
        // A named pipe would wait for its writer.
        .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed())
        .open(&real)
        .map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let mount = fstatvfs(&file).map_err(|error| read(error.into()))?;
    if !mount.f_flag.contains(StatVfsMountFlags::RDONLY) {
        check(&real, &metadata, false)?;
        // The folders of the file, and of a link to it: who can change the link chooses the file.
        let named = std::path::absolute(path).map_err(read)?;
        for file in [&real, &named] {
            for (number, folder) in file.ancestors().skip(1).enumerate() {
                let metadata = folder.metadata().map_err(read)?;
                check(folder, &metadata, number > 0)?;
            }
        }
    }
    let mut contents = Vec::new();
    file.take(limit + 1).read_to_end(&mut contents).map_err(read)?;
    match contents.len() as u64 > limit {
        true => Err(FileError::TooLarge {
            path: path.to_owned(),
            limit,
        }),
        false => Ok(contents),
    }
}

/// `sticky`: whether a folder counts as unchangeable if others can only add to it, as above the folder of the file.
fn check(path: &Path, metadata: &Metadata, sticky: bool) -> Result<(), FileError> {
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        let path = path.to_owned();
        return Err(FileError::Owner { path, owner });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_WRITE != 0 && !(sticky && mode & STICKY != 0) {
        let path = path.to_owned();
        return Err(FileError::Writable { path, mode });
    }
    Ok(())
}
