//! Which file is the configuration, and its text.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// The name of the configuration file.
pub const FILE_NAME: &str = "mighost.toml";

/// The environment variable that names a configuration file, as `-c` does.
pub const CONFIG_VARIABLE: &str = "MIGHOST_CONFIG";

/// The largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file that is named, or the nearest `mighost.toml` from `directory` upwards. The path is absolute if `directory` is.
pub(super) fn locate(directory: &Path, named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(named) = named {
        return Ok(directory.join(named));
    }
    directory
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
        .ok_or_else(|| ConfigError::NotFound {
            from: directory.to_owned(),
        })
}

/// The text of `path`, at most [`MAX_BYTES`] of it.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let fail = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    // Asked before opening: opening a named pipe would wait for a writer.
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
