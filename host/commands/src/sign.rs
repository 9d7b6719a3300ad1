//! `mighost sign`: adds a signature to an artifact or a release.

use std::path::{Path, PathBuf};

use mighost_artifact::{sections, signature_section};
use mighost_core::Secret;
use mighost_trust::namespace;
use mighost_trust::sign::{PASSPHRASE_VARIABLE, sign};
use mighost_trust::sshsig::verify_all;
use serde::Serialize;

use super::signatures::{self, SignerReport, SigningError};
use super::{CommandError, Project};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignRequest {
    /// Relative to the working folder.
    pub file: PathBuf,
    /// A private key, or the public key or certificate of one that an agent or a token holds.
    pub key: PathBuf,
    /// Put the signature into the artifact instead of a file next to it.
    pub embed: bool,
}

/// A new signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignReport {
    /// The file that was written.
    pub written: PathBuf,
    pub namespace: &'static str,
    pub signer: SignerReport,
    /// The number of signatures in the file now.
    pub signatures: usize,
}

/// Signs the file. Signatures by other keys are kept. `prompt` asks the user for a passphrase, if there is a terminal.
///
/// # Errors
/// If the file or the key cannot be read, the key has signed already, or earlier signatures are those of other bytes.
pub fn run(
    project: &Project,
    request: &SignRequest,
    prompt: &dyn Fn() -> Option<Secret>,
) -> Result<SignReport, CommandError> {
    let file = project.directory.join(&request.file);
    if !signatures::is_artifact(&file)? {
        return of_release(project, &file, &request.key, prompt);
    }
    let bytes = sections::read_file(&file).map_err(SigningError::from)?;
    let parts = signature_section::split(&bytes).map_err(|defect| SigningError::from(defect.at(&file)))?;
    let detached = signatures::beside(&file);
    if request.embed && detached.exists() {
        return Err(SigningError::Beside { path: detached }.into());
    }
    let (message, mut all, written) = match request.embed {
        true => (parts.covered, parts.signatures.to_vec(), file.clone()),
        false => {
            let earlier = signatures::read_signatures(&detached)?;
            (&*bytes, earlier.unwrap_or_default(), detached)
        }
    };
    if !all.is_empty() {
        let other = |error| SigningError::OtherBytes {
            signatures: written.clone(),
            file: file.clone(),
            error,
        };
        verify_all(&all, namespace::ARTIFACT, message).map_err(other)?;
    }
    let signed = sign_with(project, &request.key, namespace::ARTIFACT, message, prompt)?;
    all.extend(signed.armor.as_bytes());
    // It fails if the key has signed already.
    let count = verify_all(&all, namespace::ARTIFACT, message).map_err(|error| SigningError::Signature {
        path: written.clone(),
        error,
    })?;
    let contents = match request.embed {
        true => signature_section::append(message, &all),
        false => all,
    };
    signatures::replace(&written, &contents)?;
    Ok(SignReport {
        written,
        namespace: namespace::ARTIFACT,
        signer: (&signed.signer).into(),
        signatures: count.len(),
    })
}

/// Adds a signature to a release, which has its signatures in itself.
fn of_release(
    project: &Project,
    file: &Path,
    key: &Path,
    prompt: &dyn Fn() -> Option<Secret>,
) -> Result<SignReport, CommandError> {
    let found = mighost_release::open(file).map_err(SigningError::from)?;
    found.signers().map_err(SigningError::from)?;
    let (manifest, mut all) = (found.manifest().to_vec(), found.signatures().to_vec());
    let mut release = found.read().map_err(SigningError::from)?;
    let signed = sign_with(project, key, namespace::RELEASE, &manifest, prompt)?;
    all.extend(signed.armor.as_bytes());
    let count = verify_all(&all, namespace::RELEASE, &manifest).map_err(|error| SigningError::Signature {
        path: file.to_owned(),
        error,
    })?;
    super::release::write(file, |out| release.write_with(out, &all))?;
    Ok(SignReport {
        written: file.to_owned(),
        namespace: namespace::RELEASE,
        signer: (&signed.signer).into(),
        signatures: count.len(),
    })
}

/// A signature with the key file `key`; the passphrase is in a variable or asked from the user.
pub(super) fn sign_with(
    project: &Project,
    key: &Path,
    namespace: &'static str,
    message: &[u8],
    prompt: &dyn Fn() -> Option<Secret>,
) -> Result<mighost_trust::sign::Signed, SigningError> {
    let variable = project.environment.get(PASSPHRASE_VARIABLE);
    let passphrase = || variable.map(Secret::new).or_else(prompt);
    Ok(sign(&project.directory.join(key), namespace, message, &passphrase)?)
}
