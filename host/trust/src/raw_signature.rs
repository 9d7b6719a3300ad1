//! The innermost signature, of one key over bytes: what `ssh-key` verifies.

use signature::Verifier as _;
use ssh_key::Signature;

use crate::key::Key;
use crate::wire::Reader;

/// The bit of a FIDO signature's flags that says that a person touched the token.
const USER_PRESENCE: u8 = 1;

/// A signature by a key that does not hold, or that is refused whether it holds or not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawSignatureError {
    #[error("the signature is malformed")]
    Malformed,
    #[error(
        "RSA signatures with SHA-1 (ssh-rsa) are not accepted; sign with rsa-sha2-512, which OpenSSH uses since 7.2"
    )]
    Sha1,
    #[error("a signature of the type {signature} does not belong to a key of the type {key}")]
    OtherAlgorithm { signature: String, key: String },
    #[error(
        "the FIDO token signed without being touched; create a key without the option no-touch-required, and touch the token"
    )]
    NoUserPresence,
    #[error("the signature does not match")]
    Mismatch,
}

/// Checks that `key` made `signature` over `signed`.
pub(crate) fn verify(key: &Key, signed: &[u8], signature: &[u8]) -> Result<(), RawSignatureError> {
    let mut reader = Reader::new(signature);
    let malformed = RawSignatureError::Malformed;
    let algorithm = reader.text().ok_or(malformed.clone())?;
    let of_key = key.algorithm();
    if algorithm == "ssh-rsa" {
        return Err(RawSignatureError::Sha1);
    }
    let expected = match of_key.as_str() {
        "ssh-rsa" => algorithm == "rsa-sha2-256" || algorithm == "rsa-sha2-512",
        name => algorithm == name,
    };
    if !expected {
        return Err(RawSignatureError::OtherAlgorithm {
            signature: algorithm.escape_debug().to_string(),
            key: of_key,
        });
    }
    reader.string().ok_or(malformed.clone())?;
    if key.is_token() {
        let flags = reader.byte().ok_or(malformed.clone())?;
        reader.u32().ok_or(malformed.clone())?;
        if flags & USER_PRESENCE == 0 {
            return Err(RawSignatureError::NoUserPresence);
        }
    }
    if !reader.is_empty() {
        return Err(malformed);
    }
    let signature = Signature::try_from(signature).map_err(|_| malformed)?;
    key.data
        .verify(signed, &signature)
        .map_err(|_| RawSignatureError::Mismatch)
}
