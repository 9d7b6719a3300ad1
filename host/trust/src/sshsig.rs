//! SSHSIG signatures, as `ssh-keygen -Y sign` writes them; PROTOCOL.sshsig describes the format.
//!
//! The frame is read here: `ssh-key` does not accept a certificate in it. It is stricter than ssh-keygen, which ignores text after the
//! end and a reserved field: two files with one meaning would be two digests of one signature.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mighost_core::{Blame, Diagnostic, ExitKind};
use sha2::{Digest as _, Sha256, Sha512};

use crate::certificate::{Certificate, CertificateError};
use crate::key::{CERTIFICATE, Key, KeyError};
use crate::raw_signature::{self, RawSignatureError};
use crate::wire::{Reader, put_string};

/// The longest file of signatures, in bytes. A certificate with 256 principals and an RSA key takes 20 KiB.
pub const MAX_SIGNATURES_FILE: usize = 1 << 20;

/// The most signatures in a file.
pub const MAX_SIGNATURES: usize = 16;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";

/// A signature that is malformed, does not match, or is refused by any policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("signatures take at most {MAX_SIGNATURES_FILE} bytes, and here are {0}")]
    TooLong(usize),
    #[error("there is no signature: it does not begin with {BEGIN}; sign with `mighost sign` or `ssh-keygen -Y sign`")]
    NotASignature,
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    #[error("there are more than {MAX_SIGNATURES} signatures")]
    TooMany,
    #[error("the signature has version {0} of the format, and this version of mighost reads version 1")]
    Version(u32),
    #[error("the hash {0} is not accepted; use sha256 or sha512")]
    Hash(String),
    #[error(
        "the signature is for the namespace {found}, not for {expected}: it was made for another purpose; sign again with `mighost sign`"
    )]
    Namespace { found: String, expected: &'static str },
    #[error("the signing key is refused: {0}")]
    Key(KeyError),
    #[error(transparent)]
    Certificate(CertificateError),
    #[error(
        "the signature of the key {0} does not match: the file is not the one that was signed, or the signature was changed"
    )]
    Mismatch(String),
    #[error("{error} (key {fingerprint})")]
    Raw {
        fingerprint: String,
        error: RawSignatureError,
    },
    #[error("the key {0} signed twice; one key counts once, so remove one of its signatures")]
    SameKey(String),
}

impl From<&SignatureError> for Diagnostic {
    fn from(error: &SignatureError) -> Self {
        Self::new(Blame::Operator, ExitKind::Trust, error.to_string())
    }
}

/// The key, or the certificate of the key, that a signature names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    Key(Key),
    Certificate(Box<Certificate>),
}

impl Signer {
    /// The key that signed.
    pub fn key(&self) -> &Key {
        match self {
            Self::Key(key) => key,
            Self::Certificate(certificate) => &certificate.key,
        }
    }
}

/// A signature of which nothing but its form is known yet.
#[derive(Clone, Debug)]
pub struct Unverified {
    signer: Signer,
    namespace: String,
    hash: Hash,
    signature: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

/// The signers of `message` according to the armored signatures in `file`, one after the other.
///
/// # Errors
/// For the first signature that does not hold. If a key signed twice.
pub fn verify_all(file: &[u8], namespace: &'static str, message: &[u8]) -> Result<Vec<Signer>, SignatureError> {
    let mut signers = Vec::new();
    let mut keys = BTreeSet::new();
    for signature in parse(file)? {
        let signer = signature.verify(namespace, message)?;
        let fingerprint = signer.key().fingerprint();
        if !keys.insert(fingerprint.clone()) {
            return Err(SignatureError::SameKey(fingerprint));
        }
        signers.push(signer);
    }
    Ok(signers)
}

/// Reads the armored signatures in `file`, at least one. Between and after them only line ends are accepted.
///
/// # Errors
/// If one is malformed, or its key or certificate is refused.
pub fn parse(file: &[u8]) -> Result<Vec<Unverified>, SignatureError> {
    if file.len() > MAX_SIGNATURES_FILE {
        return Err(SignatureError::TooLong(file.len()));
    }
    let mut rest = std::str::from_utf8(file).map_err(|_| SignatureError::NotASignature)?;
    let mut found = Vec::new();
    while let Some(body) = rest.strip_prefix(BEGIN) {
        let (body, after) = body
            .split_once(END)
            .ok_or(SignatureError::Malformed("its last line is missing"))?;
        if found.len() == MAX_SIGNATURES {
            return Err(SignatureError::TooMany);
        }
        found.push(Unverified::from_armor(body)?);
        rest = after.trim_start_matches(['\r', '\n']);
    }
    match (found.is_empty(), rest.is_empty()) {
        (true, _) => Err(SignatureError::NotASignature),
        (_, false) => Err(SignatureError::Malformed("text follows its last line")),
        _ => Ok(found),
    }
}

impl Unverified {
    /// `body` is what is between the first and the last line.
    fn from_armor(body: &str) -> Result<Self, SignatureError> {
        let lines = body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n'));
        let lines = lines.ok_or(SignatureError::Malformed("its first line does not end after its mark"))?;
        if !lines.ends_with('\n') {
            return Err(SignatureError::Malformed("its last line does not begin with its mark"));
        }
        let encoded: String = lines.lines().collect();
        let frame = BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| SignatureError::Malformed("it is not Base64"))?;
        Self::from_frame(&frame)
    }

    fn from_frame(frame: &[u8]) -> Result<Self, SignatureError> {
        let cut = || SignatureError::Malformed("it is cut off");
        let mut reader = Reader::new(frame);
        if reader.take(MAGIC.len()) != Some(MAGIC) {
            return Err(SignatureError::Malformed("it does not begin with SSHSIG"));
        }
        match reader.u32().ok_or_else(cut)? {
            1 => {}
            other => return Err(SignatureError::Version(other)),
        }
        let signer = signer(reader.string().ok_or_else(cut)?)?;
        let namespace = reader.text().ok_or_else(cut)?.to_owned();
        if !reader.string().ok_or_else(cut)?.is_empty() {
            return Err(SignatureError::Malformed("its reserved field is not empty"));
        }
        let hash = match reader.text().ok_or_else(cut)? {
            "sha256" => Hash::Sha256,
            "sha512" => Hash::Sha512,
            other => return Err(SignatureError::Hash(other.escape_debug().to_string())),
        };
        let signature = reader.string().ok_or_else(cut)?.to_vec();
        if !reader.is_empty() {
            return Err(SignatureError::Malformed("bytes follow its end"));
        }
        Ok(Self {
            signer,
            namespace,
            hash,
            signature,
        })
    }

    /// Checks the signature over exactly the bytes `message`.
    ///
    /// # Errors
    /// If it was made for another namespace, does not match, or its algorithm is refused.
    pub fn verify(self, namespace: &'static str, message: &[u8]) -> Result<Signer, SignatureError> {
        if self.namespace != namespace {
            return Err(SignatureError::Namespace {
                found: self.namespace.escape_debug().to_string(),
                expected: namespace,
            });
        }
        let signed = signed_data(namespace, self.hash, message);
        let fingerprint = || self.signer.key().fingerprint();
        match raw_signature::verify(self.signer.key(), &signed, &self.signature) {
            Ok(()) => Ok(self.signer),
            Err(RawSignatureError::Mismatch) => Err(SignatureError::Mismatch(fingerprint())),
            Err(error) => Err(SignatureError::Raw {
                fingerprint: fingerprint(),
                error,
            }),
        }
    }
}

fn signer(blob: &[u8]) -> Result<Signer, SignatureError> {
    let name = Reader::new(blob).text().unwrap_or_default();
    if name.ends_with(CERTIFICATE) {
        let certificate = Certificate::from_blob(blob).map_err(SignatureError::Certificate)?;
        return Ok(Signer::Certificate(Box::new(certificate)));
    }
    Key::from_blob(blob).map(Signer::Key).map_err(SignatureError::Key)
}

/// What a key signs: the frame without the key, and the hash of the message.
fn signed_data(namespace: &str, hash: Hash, message: &[u8]) -> Vec<u8> {
    let mut signed = MAGIC.to_vec();
    put_string(&mut signed, namespace.as_bytes());
    put_string(&mut signed, b"");
    put_string(&mut signed, hash.name().as_bytes());
    put_string(&mut signed, &hash.of(message));
    signed
}
