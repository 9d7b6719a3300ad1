//! Finds the configuration file and reads it.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// The name of the configuration file.
pub const FILE_NAME: &str = "mighost.toml";

/// The environment variable with the path of a configuration file, like `-c`.
pub const CONFIG_VARIABLE: &str = "MIGHOST_CONFIG";

/// The maximum size of a configuration, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The given file, or the nearest `mighost.toml` in `directory` or above. The path is absolute if `directory` is.
pub(super) fn locate(directory: &Path, named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(named) = named {
        return Ok(directory.join(named));
    }
    let found = directory
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file());
    let path = found.ok_or_else(|| ConfigError::NotFound {
        from: directory.to_owned(),
    })?;
    let owner = |path: &Path| fs::metadata(path).map(|metadata| metadata.uid());
    let fail = |source| ConfigError::Read {
        path: path.clone(),
        source,
    };
    let (file, folder) = (owner(&path).map_err(fail)?, owner(directory).map_err(fail)?);
    if !is_trusted(file, folder, rustix::process::geteuid().as_raw()) {
        return Err(ConfigError::Foreign { path });
    }
    Ok(path)
}

/// Whether to use a file that was found and not given: a configuration names programs to run, and any user can put one into a folder to
/// which all may write, such as /tmp. The arguments are the owners of the file and the working folder, and the user who runs mighost.
fn is_trusted(file: u32, working_folder: u32, user: u32) -> bool {
    const ROOT: u32 = 0;
    file == ROOT || file == user || file == working_folder
}

/// The text of `path`, at most [`MAX_BYTES`] of it.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let fail = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    // Checked before opening: opening a named pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(fail(std::io::Error::other("it is not a regular file")));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(fail)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigError::TooLarge {
            path: path.to_owned(),
            limit: MAX_BYTES,
        });
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_not_followed() {
        let (root, me, project, stranger) = (0, 1000, 1001, 1002);
        assert!(is_trusted(me, me, me) && is_trusted(root, me, me));
        assert!(
            is_trusted(project, project, me),
            "a folder that another user owns, with its own configuration above"
        );
        assert!(
            is_trusted(project, project, root),
            "root in a container, on a folder from outside"
        );
        assert!(
            !is_trusted(stranger, me, me) && !is_trusted(stranger, root, root) && !is_trusted(stranger, project, me)
        );
    }
}
