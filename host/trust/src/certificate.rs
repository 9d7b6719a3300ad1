//! OpenSSH certificates: a key that a certificate authority vouches for, see PROTOCOL.certkeys.
//!
//! They are read here and not by `ssh-key`, because what the authority signed is the bytes as they are; `ssh-key` encodes them again.

use crate::key::{CERTIFICATE, Key, KeyError};
use crate::raw_signature::{self, RawSignatureError};
use crate::time::UnixTime;
use crate::wire::{Reader, put_string};

/// OpenSSH's own limit.
const MAX_PRINCIPALS: usize = 256;

const USER: u32 = 1;

/// A certificate that is refused whatever the operator allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is malformed: {0}")]
    Malformed(&'static str),
    #[error("the certificate's key is refused: {0}")]
    Key(KeyError),
    #[error("the key of the certificate's authority is refused: {0}")]
    Authority(KeyError),
    #[error("the certificate was not signed by the authority that it names: {0}")]
    Signature(RawSignatureError),
    #[error("it is a host certificate; signers need a user certificate (`ssh-keygen -s` without -h)")]
    Host,
    #[error(
        "the certificate has the critical option {0}, which limits it to something else than signing; issue one without it"
    )]
    CriticalOption(String),
}

/// A user certificate whose authority really signed it. Whether that authority counts is for the operator to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub key: Key,
    pub authority: Key,
    /// A text of the authority, for logs.
    pub key_id: String,
    pub principals: Vec<String>,
    /// Valid from here on.
    pub valid_after: UnixTime,
    /// Valid until before this time.
    pub valid_before: UnixTime,
}

impl Certificate {
    /// Reads a certificate and checks its authority's signature.
    ///
    /// # Errors
    /// If it is malformed, is not for users, has critical options, or the signature or one of the keys is refused.
    pub fn from_blob(blob: &[u8]) -> Result<Self, CertificateError> {
        let cut = || CertificateError::Malformed("it is cut off");
        let mut reader = Reader::new(blob);
        let name = reader.text().ok_or_else(cut)?;
        let plain = plain_type(name).ok_or(CertificateError::Malformed("its type is not that of a certificate"))?;
        reader.string().ok_or_else(cut)?;
        let mut key = Vec::new();
        put_string(&mut key, plain.as_bytes());
        for _ in 0..parts(&plain).ok_or_else(|| CertificateError::Key(refused(&plain)))? {
            put_string(&mut key, reader.string().ok_or_else(cut)?);
        }
        let _serial = reader.u64().ok_or_else(cut)?;
        let kind = reader.u32().ok_or_else(cut)?;
        let key_id = reader.text().ok_or_else(cut)?.to_owned();
        let principals = principals(reader.string().ok_or_else(cut)?)?;
        let valid_after = reader.u64().ok_or_else(cut)?;
        let valid_before = reader.u64().ok_or_else(cut)?;
        let critical = reader.string().ok_or_else(cut)?;
        let _extensions = reader.string().ok_or_else(cut)?;
        let _reserved = reader.string().ok_or_else(cut)?;
        let authority = reader.string().ok_or_else(cut)?;
        let signed = blob.get(..blob.len() - reader.remaining()).ok_or_else(cut)?;
        let signature = reader.string().ok_or_else(cut)?;
        if !reader.is_empty() {
            return Err(CertificateError::Malformed("bytes follow its end"));
        }
        let certificate = Self {
            key: Key::from_blob(&key).map_err(CertificateError::Key)?,
            authority: Key::from_blob(authority).map_err(CertificateError::Authority)?,
            key_id,
            principals,
            valid_after,
            valid_before,
        };
        raw_signature::verify(&certificate.authority, signed, signature).map_err(CertificateError::Signature)?;
        if kind != USER {
            return Err(CertificateError::Host);
        }
        match Reader::new(critical).text() {
            None if critical.is_empty() => Ok(certificate),
            None => Err(CertificateError::Malformed("its critical options are cut off")),
            Some(option) => Err(CertificateError::CriticalOption(option.escape_debug().to_string())),
        }
    }
}

/// The type of a certificate's key: `sk-ssh-ed25519@openssh.com` of `sk-ssh-ed25519-cert-v01@openssh.com`.
fn plain_type(name: &str) -> Option<String> {
    let stem = name.strip_suffix(CERTIFICATE)?;
    Some(match stem.starts_with("sk-") {
        true => format!("{stem}@openssh.com"),
        false => stem.to_owned(),
    })
}

/// The number of strings that a key of this type has after its name.
fn parts(plain: &str) -> Option<usize> {
    match plain {
        "ssh-ed25519" => Some(1),
        "ssh-rsa" | "sk-ssh-ed25519@openssh.com" => Some(2),
        "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => Some(2),
        "sk-ecdsa-sha2-nistp256@openssh.com" => Some(3),
        _ => None,
    }
}

fn refused(plain: &str) -> KeyError {
    match plain {
        "ssh-dss" => KeyError::Dsa,
        other => KeyError::Unsupported(other.escape_debug().to_string()),
    }
}

fn principals(list: &[u8]) -> Result<Vec<String>, CertificateError> {
    let mut reader = Reader::new(list);
    let mut principals = Vec::new();
    while !reader.is_empty() {
        let principal = reader.text();
        principals.push(
            principal
                .ok_or(CertificateError::Malformed("its principals are cut off"))?
                .to_owned(),
        );
        if principals.len() > MAX_PRINCIPALS {
            return Err(CertificateError::Malformed("it has more than 256 principals"));
        }
    }
    Ok(principals)
}
