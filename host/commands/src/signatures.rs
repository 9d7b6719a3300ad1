//! Files with signatures: what `sign`, `verify` and `trust check` have in common.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use mighost_artifact::{ArtifactError, ArtifactInfo, sections, signature_section};
use mighost_core::{Blame, Diagnostic, Digest, ExitKind};
use mighost_release::{Predicate, ReleaseError};
use mighost_trust::certificate::Certificate;
use mighost_trust::policy::{Accepted, Refusal, Subject};
use mighost_trust::sign::SignError;
use mighost_trust::sshsig::{MAX_SIGNATURES_FILE, verify_all};
use mighost_trust::time::UnixTime;
use mighost_trust::{Policy, PolicyError, SignatureError, Signer, namespace, time};
use serde::Serialize;

/// A file that cannot be signed or verified, or that the policy refuses.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("{}: {error}", path.display())]
    Signature { path: PathBuf, error: SignatureError },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    #[error("{} signs the file as it is now, and would not match after a signature is embedded", path.display())]
    Beside { path: PathBuf },
    #[error("the signatures in {} are not those of {}: {error}", signatures.display(), file.display())]
    OtherBytes {
        signatures: PathBuf,
        file: PathBuf,
        error: SignatureError,
    },
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("{} is refused: {refusal}", path.display())]
    Refused { path: PathBuf, refusal: Box<Refusal> },
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// A release that no policy can judge.
    #[error("{0}")]
    Unjudged(PolicyError),
    #[error("{} is a release of the project {found}, not of {expected}", path.display())]
    OtherProject {
        path: PathBuf,
        found: String,
        expected: String,
    },
    #[error("{} has the serial {serial}, but {label} was migrated with the serial {highest} of {project} already", path.display())]
    Rollback {
        path: PathBuf,
        serial: u64,
        highest: u64,
        project: String,
        label: String,
    },
    #[error("{label} was last migrated under a policy that is enforced, and this run is not")]
    Weaker { label: String },
    #[error("the clock of this machine is behind: {label} was last migrated at {last}")]
    Clock { label: String, last: String },
    #[error("the policy {} is enforced on {label}, and the sources of a project are not signed", policy.display())]
    Sources { label: String, policy: PathBuf },
    #[error("the policy {} is enforced on {label}, and --unverified runs a release without asking it", policy.display())]
    Unverified { label: String, policy: PathBuf },
}

impl SigningError {
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}

impl From<&SigningError> for Diagnostic {
    fn from(error: &SigningError) -> Self {
        let inner = match error {
            SigningError::Artifact(error) => return error.into(),
            SigningError::Sign(error) => return error.into(),
            SigningError::Policy(error) => return error.into(),
            SigningError::Beside { path } => {
                return Self::new(Blame::Operator, ExitKind::Usage, error.to_string())
                    .hint(format!("remove {}, or sign without --embed", path.display()));
            }
            SigningError::Read { .. } | SigningError::Write { .. } | SigningError::Exists { .. } => {
                return Self::new(Blame::Operator, ExitKind::Usage, error.to_string());
            }
            SigningError::Signature { error, .. } => Self::from(error),
            SigningError::OtherBytes { signatures, error, .. } => Self::from(error).hint(format!(
                "if the file was built again since, remove {} and sign it again",
                signatures.display()
            )),
            SigningError::Refused { refusal, .. } => Self::from(&**refusal),
            SigningError::Release(error) => return error.into(),
            SigningError::Unjudged(error @ PolicyError::None { .. }) => {
                Self::from(error).hint("or add --unverified to run the release without verifying it")
            }
            SigningError::Unjudged(error) => return error.into(),
            SigningError::OtherProject { .. } => Self::new(Blame::Operator, ExitKind::Usage, ""),
            SigningError::Rollback { .. } => Self::new(Blame::Operator, ExitKind::Trust, "")
                .hint("use the latest release, or add --allow-rollback if the older one is intended"),
            SigningError::Weaker { .. } => Self::new(Blame::Operator, ExitKind::Trust, "")
                .hint("run a signed release under a policy whose level for this database is enforce")
                .hint("or add --allow-untrusted to run it anyway"),
            SigningError::Unverified { .. } => Self::new(Blame::Operator, ExitKind::Trust, "")
                .hint("leave out --unverified, or add --allow-untrusted to run the release anyway"),
            SigningError::Clock { .. } => Self::new(Blame::Operator, ExitKind::Trust, "")
                .hint("set the clock: signatures are judged by it")
                .hint("or, if the clock of the server was ahead, add --allow-untrusted"),
            SigningError::Sources { .. } => Self::new(Blame::Operator, ExitKind::Trust, "")
                .hint("run a release: --release FILE; set the level of a database for development to audit")
                .hint("or add --allow-untrusted to run the sources anyway"),
        };
        Self {
            what: error.to_string(),
            ..inner
        }
    }
}

/// A file whose signatures hold. Whether their signers count is for the policy to say.
pub(super) struct SignedFile {
    /// What the signatures were made for.
    pub namespace: &'static str,
    /// The digest of the artifact, or of the manifest of the release.
    pub digest: Digest,
    /// Each key once.
    pub signers: Vec<Signer>,
    pub release: Option<Predicate>,
    /// The digests of all that is in it.
    digests: Vec<Digest>,
    /// The labels of each revision, without repetitions.
    branches: BTreeSet<Vec<String>>,
}

impl SignedFile {
    /// What the policy says about all revisions in the file, at the time `at`. Releases name their project; `project` is that of an artifact.
    ///
    /// # Errors
    /// If it does not allow one of them.
    pub fn judge(
        &self,
        policy: &Policy,
        project: Option<&str>,
        database: Option<&str>,
        at: UnixTime,
    ) -> Result<Accepted, Box<Refusal>> {
        let project = match &self.release {
            Some(release) => Some(release.project.as_str()),
            None => project,
        };
        let judge = |branches: &[String]| {
            let subject = Subject {
                namespace: self.namespace,
                project,
                database,
                branches,
                digests: &self.digests,
            };
            policy.judge(&subject, &self.signers, at)
        };
        let mut sets = self.branches.iter();
        // A plugin has no revisions.
        let mut accepted = judge(sets.next().map_or(&[], Vec::as_slice))?;
        for branches in sets {
            accepted = judge(branches)?;
        }
        Ok(accepted)
    }
}

/// The file with the signatures of `path`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// Whether the file is an artifact; otherwise it should be a release.
pub(super) fn is_artifact(path: &Path) -> Result<bool, SigningError> {
    let mut magic = [0; 4];
    let file = File::open(path).map_err(SigningError::read(path))?;
    let read = file.take(4).read(&mut magic).map_err(SigningError::read(path))?;
    Ok(magic.get(..read) == Some(b"\0asm"))
}

/// Reads an artifact or a release, and verifies its signatures: those in it and, of an artifact, those next to it.
///
/// # Errors
/// If it cannot be read, or a signature does not hold.
pub(super) fn read(path: &Path) -> Result<SignedFile, SigningError> {
    match is_artifact(path)? {
        true => read_artifact(path),
        false => read_release(path),
    }
}

fn read_release(path: &Path) -> Result<SignedFile, SigningError> {
    let found = mighost_release::open(path)?;
    let signers = found.signers()?;
    let release = found.read()?;
    let branches = release.predicate.branches();
    let branches = branches
        .values()
        .map(|labels| labels.iter().map(|label| (*label).to_owned()).collect());
    Ok(SignedFile {
        namespace: namespace::RELEASE,
        digest: release.digest,
        digests: digests_of(&release.predicate, release.digest),
        branches: branches.collect(),
        signers,
        release: Some(release.predicate),
    })
}

/// The digests of a release of which none may be revoked: its manifest and its artifacts.
pub(super) fn digests_of(predicate: &Predicate, manifest: Digest) -> Vec<Digest> {
    let artifacts = predicate.artifacts.iter().map(|artifact| artifact.sha256);
    std::iter::once(manifest).chain(artifacts).collect()
}

/// The signers of an artifact, whatever else is in it.
///
/// # Errors
/// If it cannot be read, or a signature does not hold.
pub(super) fn signers(path: &Path) -> Result<Vec<Signer>, SigningError> {
    signers_of(path, &sections::read_file(path)?)
}

fn signers_of(path: &Path, bytes: &[u8]) -> Result<Vec<Signer>, SigningError> {
    let parts = signature_section::split(bytes).map_err(|defect| defect.at(path))?;
    let mut signers = Vec::new();
    if !parts.signatures.is_empty() {
        signers = verified(path, parts.signatures, parts.covered)?;
    }
    let detached = beside(path);
    if let Some(signatures) = read_signatures(&detached)? {
        let known: Vec<String> = signers.iter().map(|signer| signer.key().fingerprint()).collect();
        let more = verified(&detached, &signatures, bytes)?;
        // A key that signed in both ways is one key.
        signers.extend(
            more.into_iter()
                .filter(|signer| !known.contains(&signer.key().fingerprint())),
        );
    }
    Ok(signers)
}

fn read_artifact(path: &Path) -> Result<SignedFile, SigningError> {
    let bytes = sections::read_file(path)?;
    let signers = signers_of(path, &bytes)?;
    // After the signatures, because it reads what they cover.
    let info = ArtifactInfo::read(path.to_owned(), &bytes)?;
    let covered = signature_section::split(&bytes)
        .map_err(|defect| defect.at(path))?
        .covered;
    let revisions = info.revisions.iter().flat_map(|metadata| &metadata.revisions);
    Ok(SignedFile {
        namespace: namespace::ARTIFACT,
        digest: info.digest,
        signers,
        release: None,
        // The signed part may be revoked as well as the whole.
        digests: vec![info.digest, Digest::of(covered)],
        branches: revisions.map(|revision| revision.branch_labels.clone()).collect(),
    })
}

fn verified(path: &Path, signatures: &[u8], message: &[u8]) -> Result<Vec<Signer>, SigningError> {
    verify_all(signatures, namespace::ARTIFACT, message).map_err(|error| SigningError::Signature {
        path: path.to_owned(),
        error,
    })
}

/// The contents of a file of signatures; `None` if there is none.
pub(super) fn read_signatures(path: &Path) -> Result<Option<Vec<u8>>, SigningError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SigningError::read(path)(error)),
    };
    let mut contents = Vec::new();
    // One byte more, so that a longer file is refused and not cut off.
    let mut file = file.take(MAX_SIGNATURES_FILE as u64 + 1);
    file.read_to_end(&mut contents).map_err(SigningError::read(path))?;
    Ok(Some(contents))
}

/// Creates a temporary file. A link that others put in its place is not followed.
pub(super) fn create(temporary: &Path) -> std::io::Result<File> {
    // A killed process may have left one.
    let _ = fs::remove_file(temporary);
    File::create_new(temporary)
}

/// Writes a file so that readers see the old or the new one.
pub(super) fn replace(path: &Path, contents: &[u8]) -> Result<(), SigningError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let written = create(&temporary)
        .and_then(|mut file| file.write_all(contents))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(SigningError::write(path))
}

/// A signer, for reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignerReport {
    /// E.g. `SHA256:7Qn...`.
    pub fingerprint: String,
    /// E.g. `ssh-ed25519`.
    pub key_type: String,
    pub certificate: Option<CertificateReport>,
}

/// The certificate of a signer, for reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// The fingerprint of the authority's key.
    pub authority: String,
    pub key_id: String,
    pub principals: Vec<String>,
    pub valid_after: String,
    pub valid_before: String,
}

impl From<&Signer> for SignerReport {
    fn from(signer: &Signer) -> Self {
        let key = signer.key();
        Self {
            fingerprint: key.fingerprint(),
            key_type: key.algorithm(),
            certificate: match signer {
                Signer::Key(_) => None,
                Signer::Certificate(certificate) => Some((&**certificate).into()),
            },
        }
    }
}

impl From<&Certificate> for CertificateReport {
    fn from(certificate: &Certificate) -> Self {
        Self {
            authority: certificate.authority.fingerprint(),
            key_id: certificate.key_id.clone(),
            principals: certificate.principals.clone(),
            valid_after: time::display(certificate.valid_after),
            valid_before: time::display(certificate.valid_before),
        }
    }
}
