//! Revoked keys: a list of public keys, one on a line, which `ssh-keygen -Y verify -r` accepts as well. The key of an authority revokes its
//! certificates.

use std::path::{Path, PathBuf};

use mighost_core::{Blame, Diagnostic, ExitKind};

use crate::certificate::Certificate;
use crate::key::{CERTIFICATE, Key, KeyError, split_line};
use crate::sshsig::Signer;

/// The longest list, in bytes.
pub const MAX_FILE: usize = 4 << 20;

/// How OpenSSH's binary lists begin.
const KRL: &[u8] = b"SSHKRL\n\0";

/// A list that cannot be read. It is never skipped: a key on it may be the one that signed.
#[derive(Debug, thiserror::Error)]
pub enum RevokedError {
    #[error(
        "{} is a KRL, which mighost does not read; write the public keys themselves, and those of revoked authorities, one on a line",
        path.display()
    )]
    Krl { path: PathBuf },
    #[error("{}:{line}: {error}", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        error: KeyError,
    },
    #[error("{} is not text in UTF-8", path.display())]
    NotText { path: PathBuf },
    #[error("{} has {size} bytes; revoked keys may have at most {MAX_FILE}", path.display())]
    TooLong { path: PathBuf, size: usize },
}

impl From<&RevokedError> for Diagnostic {
    fn from(error: &RevokedError) -> Self {
        Self::new(Blame::Operator, ExitKind::Config, error.to_string())
    }
}

/// A signer whose key, or whose authority, is revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Revoked {
    #[error("the key {fingerprint} is revoked in {}:{line}", path.display())]
    Key {
        fingerprint: String,
        path: PathBuf,
        line: usize,
    },
    #[error("the key {fingerprint} has a certificate of {authority}, which is revoked in {}:{line}", path.display())]
    Authority {
        fingerprint: String,
        authority: String,
        path: PathBuf,
        line: usize,
    },
}

/// The keys of a list.
#[derive(Clone, Debug, Default)]
pub struct RevokedKeys {
    path: PathBuf,
    keys: Vec<(usize, Key)>,
}

impl RevokedKeys {
    /// Reads the contents of the file `path`.
    ///
    /// # Errors
    /// If it is a KRL, or a line cannot be read.
    pub fn parse(path: &Path, contents: &[u8]) -> Result<Self, RevokedError> {
        let path = path.to_owned();
        if contents.starts_with(KRL) {
            return Err(RevokedError::Krl { path });
        }
        if contents.len() > MAX_FILE {
            let size = contents.len();
            return Err(RevokedError::TooLong { path, size });
        }
        let Ok(text) = std::str::from_utf8(contents) else {
            return Err(RevokedError::NotText { path });
        };
        let mut keys = Vec::new();
        for (index, text) in text.split('\n').enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = index + 1;
            match revoked_key(text) {
                Ok(key) => keys.push((line, key)),
                // It verifies nothing anyway.
                Err(error) if error.is_weak() => {}
                Err(error) => return Err(RevokedError::Line { path, line, error }),
            }
        }
        Ok(Self { path, keys })
    }

    /// # Errors
    /// If the signer's key or its authority is on the list.
    pub fn check(&self, signer: &Signer) -> Result<(), Revoked> {
        let fingerprint = || signer.key().fingerprint();
        for (line, revoked) in &self.keys {
            let (path, line) = (self.path.clone(), *line);
            if signer.key() == revoked {
                let fingerprint = fingerprint();
                return Err(Revoked::Key {
                    fingerprint,
                    path,
                    line,
                });
            }
            match signer {
                Signer::Certificate(certificate) if certificate.authority == *revoked => {
                    return Err(Revoked::Authority {
                        fingerprint: fingerprint(),
                        authority: certificate.authority.fingerprint(),
                        path,
                        line,
                    });
                }
                Signer::Certificate(_) | Signer::Key(_) => {}
            }
        }
        Ok(())
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A certificate on the list revokes its key.
fn revoked_key(line: &str) -> Result<Key, KeyError> {
    let (name, blob) = split_line(line)?;
    if !name.ends_with(CERTIFICATE) {
        return Key::from_line(line);
    }
    let certificate = Certificate::from_blob(&blob);
    certificate
        .map(|certificate| certificate.key)
        .map_err(|_| KeyError::Malformed("its certificate is invalid; list its key instead"))
}
