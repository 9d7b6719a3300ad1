//! Public keys, their fingerprints, and which are too weak.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mighost_core::{Blame, Diagnostic, ExitKind};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg};

use crate::wire::Reader;

/// The shortest modulus of an RSA key, in bits.
pub const MIN_RSA_BITS: usize = 3072;

/// The longest public key, in bytes: RSA with 16384 bits takes 2 KiB.
const MAX_KEY: usize = 16 << 10;

/// The end of the type names of certificates.
pub(crate) const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// A public key that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("it is not a public key as OpenSSH writes it: {0}")]
    Malformed(&'static str),
    #[error("DSA keys are not accepted, because their signatures can be forged; use an Ed25519 key")]
    Dsa,
    #[error(
        "RSA keys need at least {MIN_RSA_BITS} bits, and {fingerprint} has {bits}; use a longer key, or an Ed25519 key"
    )]
    ShortRsa { fingerprint: String, bits: usize },
    #[error("keys of the type {0} are not supported; use Ed25519, ECDSA or RSA")]
    Unsupported(String),
}

impl KeyError {
    /// Whether the key is well-formed and only its type or its length is refused.
    pub(crate) fn is_weak(&self) -> bool {
        match self {
            Self::Malformed(_) => false,
            Self::Dsa | Self::ShortRsa { .. } | Self::Unsupported(_) => true,
        }
    }
}

impl From<&KeyError> for Diagnostic {
    fn from(error: &KeyError) -> Self {
        Self::new(Blame::Operator, ExitKind::Trust, error.to_string())
    }
}

/// A public key that is strong enough.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    pub(crate) data: KeyData,
}

impl Key {
    /// Reads the binary form.
    ///
    /// # Errors
    /// If it is malformed, or of a type or length that is refused.
    pub fn from_blob(blob: &[u8]) -> Result<Self, KeyError> {
        if blob.len() > MAX_KEY {
            return Err(KeyError::Malformed("it is too long"));
        }
        let mut reader = Reader::new(blob);
        let name = reader.text().ok_or(KeyError::Malformed("it is cut off"))?;
        // Named before the rest is read: the parts of unknown types are unknown.
        match Algorithm::new(name) {
            Ok(Algorithm::Dsa) => return Err(KeyError::Dsa),
            Ok(Algorithm::Other(_)) | Err(_) => return Err(KeyError::Unsupported(name.escape_debug().to_string())),
            Ok(_) => {}
        }
        let key = ssh_key::PublicKey::from_bytes(blob).map_err(|_| KeyError::Malformed("its parts are invalid"))?;
        // One key has one encoding, so that it cannot count twice or evade a revocation.
        if key.to_bytes().ok().as_deref() != Some(blob) {
            return Err(KeyError::Malformed("its encoding is not the canonical one"));
        }
        let key = Self {
            data: key.key_data().clone(),
        };
        if let KeyData::Ecdsa(point) = &key.data
            && point.as_sec1_bytes().first() != Some(&UNCOMPRESSED)
        {
            return Err(KeyError::Malformed("its point is compressed"));
        }
        if let KeyData::Rsa(rsa) = &key.data {
            let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
            let bits = match modulus.first() {
                Some(first) => modulus.len() * 8 - first.leading_zeros() as usize,
                None => 0,
            };
            if bits < MIN_RSA_BITS {
                let fingerprint = key.fingerprint();
                return Err(KeyError::ShortRsa { fingerprint, bits });
            }
        }
        Ok(key)
    }

    /// Reads `TYPE BASE64`; further words are a comment.
    ///
    /// # Errors
    /// As for [`from_blob`](Self::from_blob); if the type is not that of the encoded key.
    pub fn from_line(line: &str) -> Result<Self, KeyError> {
        let (name, blob) = split_line(line)?;
        let key = Self::from_blob(&blob)?;
        if key.algorithm() != name {
            return Err(KeyError::Malformed("its type is not that of the encoded key"));
        }
        Ok(key)
    }

    /// The type, e.g. `ssh-ed25519`.
    pub fn algorithm(&self) -> String {
        self.data.algorithm().as_str().to_owned()
    }

    /// E.g. `SHA256:7Qn...`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Whether a FIDO token holds the private key.
    pub(crate) fn is_token(&self) -> bool {
        matches!(self.data, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
    }
}

/// SEC 1's first byte of a point with both coordinates.
const UNCOMPRESSED: u8 = 4;

/// The type and the decoded second word of a line with a key.
pub(crate) fn split_line(line: &str) -> Result<(&str, Vec<u8>), KeyError> {
    let mut words = line.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    let (Some(name), Some(encoded)) = (words.next(), words.next()) else {
        return Err(KeyError::Malformed(
            "a key is a type and its encoding, separated by a space",
        ));
    };
    if encoded.len() > MAX_KEY * 2 {
        return Err(KeyError::Malformed("it is too long"));
    }
    let blob = BASE64_STANDARD
        .decode(encoded)
        .map_err(|_| KeyError::Malformed("its second word is not Base64"))?;
    Ok((name, blob))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}
