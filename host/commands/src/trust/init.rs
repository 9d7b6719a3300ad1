//! `mighost trust init`: a policy with explanations.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use mighost_trust::policy::TEMPLATE;
use serde::Serialize;

use crate::CommandError;
use crate::signatures::SigningError;

const SIGNERS: &str = "\
# Whose signatures count, one signer on a line; ssh-keygen(1) describes the lines under ALLOWED SIGNERS. E.g.
# release@vendor.example namespaces=\"mighost-*\" ssh-ed25519 AAAA...
";

/// The files that were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitReport {
    pub files: Vec<PathBuf>,
}

/// Writes `trust.toml` and `allowed_signers` into `folder`, which is created if it is missing.
///
/// # Errors
/// If one of them exists, or cannot be written.
pub fn init(folder: &Path) -> Result<InitReport, CommandError> {
    // With a umask of 002 both would be writable by the group, and mighost would refuse to read them.
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o755);
    builder.create(folder).map_err(SigningError::write(folder))?;
    let mut files = Vec::new();
    for (name, contents) in [("trust.toml", TEMPLATE), ("allowed_signers", SIGNERS)] {
        let path = folder.join(name);
        let created = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path);
        let written = match created {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(SigningError::Exists { path }.into());
            }
            created => created.and_then(|mut file| file.write_all(contents.as_bytes())),
        };
        if let Err(error) = written {
            let _ = fs::remove_file(&path);
            return Err(SigningError::write(&path)(error).into());
        }
        files.push(path);
    }
    Ok(InitReport { files })
}
