//! Signing. Ed25519 and ECDSA keys in OpenSSH's key files sign here; agents, tokens and RSA keys sign by `ssh-keygen -Y sign`, as git does it.
//!
//! RSA is left to OpenSSH because the crate `rsa` leaks timing when it signs (RUSTSEC-2023-0071); verifying is not affected.

mod program;

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mighost_core::{Blame, Diagnostic, ExitKind, Secret};
use ssh_key::private::KeypairData;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};

use crate::sshsig::{self, SignatureError, Signer};

/// The longest key file, in bytes.
const MAX_KEY_FILE: u64 = 64 << 10;

const PRIVATE_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// The bits that let group and others access a file.
const OF_OTHERS: u32 = 0o077;

/// A signature that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("cannot read the key {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is longer than {MAX_KEY_FILE} bytes, so it is not a key", path.display())]
    NotAKey { path: PathBuf },
    #[error("the private key {} can be read by others (mode {mode:03o})", path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("the private key {} is malformed", path.display())]
    Malformed { path: PathBuf },
    #[error("the private key {} is encrypted, and there is no passphrase", path.display())]
    NoPassphrase { path: PathBuf },
    #[error("the passphrase is not that of the private key {}", path.display())]
    WrongPassphrase { path: PathBuf },
    #[error("ssh-keygen, which signs with {}, cannot be run: {source}", path.display())]
    NoProgram { path: PathBuf, source: std::io::Error },
    #[error("ssh-keygen could not sign with {}; its message is above", path.display())]
    Program { path: PathBuf },
    /// The signature is refused, e.g. because the key is too short.
    #[error("the signature by {} would be refused: {error}", path.display())]
    Refused { path: PathBuf, error: SignatureError },
}

impl From<&SignError> for Diagnostic {
    fn from(error: &SignError) -> Self {
        let diagnostic = Self::new(Blame::Operator, ExitKind::Trust, error.to_string());
        match error {
            SignError::ReadableByOthers { path, .. } => diagnostic.hint(format!("run `chmod 600 {}`", path.display())),
            SignError::NoPassphrase { .. } => diagnostic.hint(format!(
                "run it in a terminal, set {PASSPHRASE_VARIABLE}, or add the key to an agent and name its public key"
            )),
            SignError::NoProgram { .. } => {
                diagnostic.hint("install OpenSSH's client programs, or sign with an Ed25519 key file")
            }
            SignError::Malformed { .. } => diagnostic.hint(
                "convert it to OpenSSH's format: `ssh-keygen -p -f FILE`; make a new key with `ssh-keygen -t ed25519`",
            ),
            SignError::Read { .. }
            | SignError::NotAKey { .. }
            | SignError::WrongPassphrase { .. }
            | SignError::Program { .. }
            | SignError::Refused { .. } => diagnostic,
        }
    }
}

/// The variable with the passphrase of the signing key, for runs without a terminal.
pub const PASSPHRASE_VARIABLE: &str = "MIGHOST_KEY_PASSPHRASE";

/// A new signature, and whose it is.
#[derive(Debug)]
pub struct Signed {
    /// Armored, with a line end.
    pub armor: String,
    pub signer: Signer,
}

/// Signs `message` with the key in the file `key`: a private key, or the public key or certificate of one that an agent or a token holds.
/// `passphrase` is asked if the key file is encrypted.
///
/// # Errors
/// If the key cannot be read, decrypted or used, or its signatures are refused.
pub fn sign(
    key: &Path,
    namespace: &'static str,
    message: &[u8],
    passphrase: &dyn Fn() -> Option<Secret>,
) -> Result<Signed, SignError> {
    let armor = match private_key(key)? {
        Some(private) => in_process(key, private, namespace, message, passphrase)?,
        None => None,
    };
    let armor = match armor {
        Some(armor) => armor,
        None => program::sign(key, namespace, message)?,
    };
    let refused = |error| SignError::Refused {
        path: key.to_owned(),
        error,
    };
    let signers = sshsig::verify_all(armor.as_bytes(), namespace, message).map_err(refused)?;
    match <[Signer; 1]>::try_from(signers) {
        Ok([signer]) => Ok(Signed { armor, signer }),
        Err(_) => Err(refused(SignatureError::TooMany)),
    }
}

/// The private key in a file; `None` if it is one that ssh-keygen has to use.
fn private_key(path: &Path) -> Result<Option<PrivateKey>, SignError> {
    let read = |source| SignError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    let mut contents = Vec::new();
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut contents).map_err(read)?;
    if contents.len() as u64 > MAX_KEY_FILE {
        return Err(SignError::NotAKey { path: path.to_owned() });
    }
    if !contents.starts_with(b"-----BEGIN ") {
        return Ok(None);
    }
    // As ssh-keygen does for keys of the user.
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OF_OTHERS != 0 {
        let path = path.to_owned();
        return Err(SignError::ReadableByOthers { path, mode });
    }
    if !contents.starts_with(PRIVATE_KEY.as_bytes()) {
        return Ok(None);
    }
    // `ssh-key` does not read ECDSA keys whose number begins with zeros, as every second one of P-521 does; ssh-keygen does.
    let key = PrivateKey::from_openssh(&contents).ok();
    Ok(key.filter(|key| matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. })))
}

/// `None` if the decrypted key is one that `ssh-key` does not read.
fn in_process(
    path: &Path,
    mut key: PrivateKey,
    namespace: &'static str,
    message: &[u8],
    passphrase: &dyn Fn() -> Option<Secret>,
) -> Result<Option<String>, SignError> {
    if let KeypairData::Encrypted(_) = key.key_data() {
        let secret = passphrase().ok_or_else(|| SignError::NoPassphrase { path: path.to_owned() })?;
        key = match key.decrypt(secret.expose()) {
            Ok(key) => key,
            Err(ssh_key::Error::Crypto) => return Err(SignError::WrongPassphrase { path: path.to_owned() }),
            Err(_) => return Ok(None),
        };
    }
    let malformed = |_| SignError::Malformed { path: path.to_owned() };
    let signature = key.sign(namespace, HashAlg::Sha512, message).map_err(malformed)?;
    let mut armor = signature.to_pem(LineEnding::LF).map_err(malformed)?;
    if !armor.ends_with('\n') {
        armor.push('\n');
    }
    Ok(Some(armor))
}
