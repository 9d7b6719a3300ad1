//! The Rust SDK, which the program carries: guests in Rust need no clone of mighost.

use std::fs;
use std::path::{Path, PathBuf};

use mighost_core::Digest;

use crate::error::BuildError;

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The folder of the SDK below the project's root.
pub const SDK_FOLDER: &str = ".mighost/sdk/mighost-sdk";

/// Contains the digest of what was written, once it is complete.
const COMPLETE: &str = "digest";

/// The manifest; in mighost's workspace it inherits all of this.
fn manifest() -> String {
    format!(
        "# Written by mighost {version}.\n[package]\nname = \"mighost-sdk\"\nversion = \"{version}\"\nedition = \"2024\"\n\
         rust-version = \"{rust}\"\nlicense = \"MIT OR Apache-2.0\"\npublish = false\n\n[dependencies]\n{WIT_BINDGEN}\n",
        version = env!("CARGO_PKG_VERSION"),
        rust = env!("CARGO_PKG_RUST_VERSION"),
    )
}

/// Writes the SDK below `state`, the project's folder `.mighost`, unless this version is there.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn unpack(state: &Path) -> Result<(), BuildError> {
    let folder = state.join("sdk");
    let manifest = manifest();
    let files: Vec<(&str, &str)> = FILES
        .iter()
        .copied()
        .chain([("mighost-sdk/Cargo.toml", manifest.as_str())])
        .collect();
    let digest = Digest::of_parts(files.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()])).to_string();
    let complete = folder.join(COMPLETE);
    if fs::read_to_string(&complete).is_ok_and(|found| found == digest) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(BuildError::write(&folder))?;
    }
    for (name, text) in files {
        write(&folder.join(name), text)?;
    }
    // Last, so that an interruption does not leave a part that counts as the whole.
    write(&complete, &digest)
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    let folder: PathBuf = path.parent().unwrap_or(path).to_owned();
    fs::create_dir_all(&folder).map_err(BuildError::write(&folder))?;
    fs::write(path, text).map_err(BuildError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_or_older_sdk_is_written_again() {
        let state = tempfile::tempdir().unwrap();
        unpack(state.path()).unwrap();
        let library = state.path().join("sdk/mighost-sdk/src/lib.rs");
        let stale = state.path().join("sdk/mighost-sdk/src/gone.rs");
        assert!(state.path().join("sdk/wit/world.wit").is_file());
        fs::remove_file(&library).unwrap();
        unpack(state.path()).unwrap();
        assert!(!library.exists(), "a complete one is left alone");
        fs::write(&stale, "").unwrap();
        fs::write(state.path().join("sdk/digest"), "older").unwrap();
        unpack(state.path()).unwrap();
        assert!(library.is_file() && !stale.exists());
    }
}
