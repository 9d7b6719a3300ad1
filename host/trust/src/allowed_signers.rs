//! `allowed_signers` files: which keys sign as whom, as ssh-keygen(1) describes them under ALLOWED SIGNERS.
//!
//! Stricter than ssh-keygen in two ways: a line that cannot be read makes the whole file invalid, wherever it is, and a certificate with
//! critical options is not accepted. Keys that are too weak to verify anything are skipped, so that a file can be shared with git.

mod line;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use mighost_core::{Blame, Diagnostic, ExitKind};

use self::line::{Line, LineError};
use crate::certificate::Certificate;
use crate::key::Key;
use crate::pattern::matches_list;
use crate::sshsig::Signer;
use crate::time::{self, UnixTime};

/// The longest file, in bytes.
pub const MAX_FILE: usize = 4 << 20;

/// A file of which no line counts.
#[derive(Debug, thiserror::Error)]
pub enum AllowedSignersError {
    #[error("{}:{line}: {error}", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        error: LineError,
    },
    #[error("{} is not text in UTF-8", path.display())]
    NotText { path: PathBuf },
    #[error("{} has {size} bytes; allowed signers may have at most {MAX_FILE}", path.display())]
    TooLong { path: PathBuf, size: usize },
}

impl From<&AllowedSignersError> for Diagnostic {
    fn from(error: &AllowedSignersError) -> Self {
        Self::new(Blame::Operator, ExitKind::Config, error.to_string())
            .hint("ssh-keygen(1) describes the lines under ALLOWED SIGNERS")
    }
}

/// Why a signer does not sign as a principal: the reason of the line that comes closest to allowing it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotAllowed {
    // From the furthest to the closest: the greatest is reported.
    #[error("no line of {file} has the key {fingerprint}")]
    UnknownKey { file: String, fingerprint: String },
    #[error("{file} allows the key {fingerprint} as {listed}, not as {principal}")]
    OtherPrincipal {
        file: String,
        fingerprint: String,
        principal: String,
        listed: String,
    },
    #[error(
        "the certificate of the key {fingerprint} names no principals, so it cannot sign as {principal}; issue one with `ssh-keygen -s CA -n {principal}`"
    )]
    NoPrincipals { fingerprint: String, principal: String },
    #[error("the certificate of the key {fingerprint} is for {listed}, not for {principal}")]
    CertificatePrincipal {
        fingerprint: String,
        principal: String,
        listed: String,
    },
    #[error("the certificate of the key {fingerprint}, principal {principal}, is not valid before {since}")]
    CertificateNotYet {
        fingerprint: String,
        principal: String,
        since: String,
    },
    #[error("the certificate of the key {fingerprint}, principal {principal}, expired at {until}")]
    CertificateExpired {
        fingerprint: String,
        principal: String,
        until: String,
    },
    #[error(
        "{place} allows the key {fingerprint}, principal {principal}, in the namespaces {allowed}, not in {namespace}"
    )]
    Namespace {
        place: String,
        fingerprint: String,
        principal: String,
        allowed: String,
        namespace: String,
    },
    #[error("{place} allows the key {fingerprint}, principal {principal}, only after {since}")]
    NotYet {
        place: String,
        fingerprint: String,
        principal: String,
        since: String,
    },
    #[error("{place} allows the key {fingerprint}, principal {principal}, only until {until}")]
    Expired {
        place: String,
        fingerprint: String,
        principal: String,
        until: String,
    },
}

impl NotAllowed {
    /// What the operator would have to change.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownKey { .. } => {
                "if you trust the signer, add a line with the principal and the key to the allowed signers; get the key from the signer \
                 over another channel than the file"
            }
            Self::OtherPrincipal { .. } => "if the key may sign as this principal, add the principal to its line",
            Self::NoPrincipals { .. } | Self::CertificatePrincipal { .. } => {
                "ask the authority for a certificate that names the principal"
            }
            Self::CertificateNotYet { .. } | Self::NotYet { .. } => "check the clock of this machine, or wait",
            Self::CertificateExpired { .. } => "ask for a signature with a valid certificate",
            Self::Namespace { .. } => "if the key may sign this, add the namespace to namespaces= in its line",
            Self::Expired { .. } => "ask for a signature with a key that is valid, or extend valid-before in its line",
        }
    }
}

/// The lines of a file.
#[derive(Clone, Debug, Default)]
pub struct AllowedSigners {
    path: PathBuf,
    lines: Vec<Line>,
}

impl AllowedSigners {
    /// Reads the contents of the file `path`. Times without a zone are in `zone`.
    ///
    /// # Errors
    /// If a line cannot be read.
    pub fn parse(path: &Path, contents: &[u8], zone: &TimeZone) -> Result<Self, AllowedSignersError> {
        let path = path.to_owned();
        if contents.len() > MAX_FILE {
            let size = contents.len();
            return Err(AllowedSignersError::TooLong { path, size });
        }
        let Ok(text) = std::str::from_utf8(contents) else {
            return Err(AllowedSignersError::NotText { path });
        };
        let mut lines = Vec::new();
        for (index, text) in text.split('\n').enumerate() {
            let line = index + 1;
            match Line::parse(line, text, zone) {
                Ok(parsed) => lines.extend(parsed),
                Err(error) => return Err(AllowedSignersError::Line { path, line, error }),
            }
        }
        Ok(Self { path, lines })
    }

    /// Whether `signer` signs as `principal` in `namespace` at the time `at`.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, signer: &Signer, principal: &str, namespace: &str, at: UnixTime) -> Result<(), NotAllowed> {
        let mut reason = NotAllowed::UnknownKey {
            file: self.path.display().to_string(),
            fingerprint: signer.key().fingerprint(),
        };
        for line in &self.lines {
            match self.check_line(line, signer, principal, namespace, at) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(closer) => reason = reason.max(closer),
            }
        }
        Err(reason)
    }

    /// False if the line is about another key.
    fn check_line(
        &self,
        line: &Line,
        signer: &Signer,
        principal: &str,
        namespace: &str,
        at: UnixTime,
    ) -> Result<bool, NotAllowed> {
        let certificate = match signer {
            Signer::Key(key) if !line.authority && *key == line.key => None,
            Signer::Certificate(certificate) if line.authority && certificate.authority == line.key => {
                Some(&**certificate)
            }
            // As in ssh-keygen: a line without cert-authority is about the bare key.
            Signer::Key(_) | Signer::Certificate(_) => return Ok(false),
        };
        let fingerprint = signer.key().fingerprint();
        let principal = principal.to_owned();
        if !matches_list(&principal, &line.principals) {
            return Err(NotAllowed::OtherPrincipal {
                file: self.path.display().to_string(),
                fingerprint,
                principal,
                listed: line.principals.clone(),
            });
        }
        if let Some(certificate) = certificate {
            check_certificate(certificate, &fingerprint, &principal, at)?;
        }
        let place = format!("{}:{}", self.path.display(), line.number);
        match (&line.namespaces, line.valid_after, line.valid_before) {
            (Some(allowed), _, _) if !matches_list(namespace, allowed) => Err(NotAllowed::Namespace {
                place,
                fingerprint,
                principal,
                allowed: allowed.clone(),
                namespace: namespace.to_owned(),
            }),
            (_, Some(after), _) if at < after => Err(NotAllowed::NotYet {
                place,
                fingerprint,
                principal,
                since: time::display(after),
            }),
            (_, _, Some(before)) if at > before => Err(NotAllowed::Expired {
                place,
                fingerprint,
                principal,
                until: time::display(before),
            }),
            _ => Ok(true),
        }
    }

    /// The keys that count, with the lines' principals; the keys of authorities too.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &Key, bool)> {
        let lines = self.lines.iter();
        lines.map(|line| (line.principals.as_str(), &line.key, line.authority))
    }
}

fn check_certificate(
    certificate: &Certificate,
    fingerprint: &str,
    principal: &str,
    at: UnixTime,
) -> Result<(), NotAllowed> {
    let (fingerprint, principal) = (fingerprint.to_owned(), principal.to_owned());
    if at < certificate.valid_after {
        let since = time::display(certificate.valid_after);
        return Err(NotAllowed::CertificateNotYet {
            fingerprint,
            principal,
            since,
        });
    }
    if at >= certificate.valid_before {
        let until = time::display(certificate.valid_before);
        return Err(NotAllowed::CertificateExpired {
            fingerprint,
            principal,
            until,
        });
    }
    if certificate.principals.is_empty() {
        // For logins this means any principal.
        return Err(NotAllowed::NoPrincipals { fingerprint, principal });
    }
    if !certificate.principals.contains(&principal) {
        return Err(NotAllowed::CertificatePrincipal {
            fingerprint,
            principal,
            listed: certificate.principals.join(", "),
        });
    }
    Ok(())
}
