//! Errors in releases.

use std::path::{Path, PathBuf};

use mighost_artifact::ArtifactError;
use mighost_core::{Blame, Diagnostic, Digest, ExitKind};
use mighost_trust::SignatureError;

use crate::archive::ArchiveError;
use crate::manifest::ManifestError;

/// Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is not a release: {error}", path.display())]
    Archive { path: PathBuf, error: ArchiveError },
    #[error("{} is not a release: {text}", path.display())]
    Layout { path: PathBuf, text: &'static str },
    #[error("{}: {error}", path.display())]
    Manifest { path: PathBuf, error: ManifestError },
    #[error("{}: {error}", path.display())]
    Signature { path: PathBuf, error: SignatureError },
    #[error("{}: the artifact {artifact} of its manifest is not what the file contains, which has the SHA-256 {found}", path.display())]
    OtherArtifact {
        path: PathBuf,
        artifact: Digest,
        found: Digest,
    },
    #[error("{}: the manifest describes the artifact {artifact} in another way than the artifact itself", path.display())]
    OtherMetadata { path: PathBuf, artifact: Digest },
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

impl ReleaseError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}

impl From<&ReleaseError> for Diagnostic {
    fn from(error: &ReleaseError) -> Self {
        let new = |blame, exit| Self::new(blame, exit, error.to_string());
        match error {
            ReleaseError::Artifact(error) => error.into(),
            ReleaseError::Read { .. } | ReleaseError::Write { .. } => new(Blame::Operator, ExitKind::Artifact),
            ReleaseError::Archive { .. } | ReleaseError::Layout { .. } | ReleaseError::Manifest { .. } => {
                new(Blame::Guest, ExitKind::Artifact).hint(
                    "download it again; if that does not help, ask its author for a release made by `mighost release`",
                )
            }
            ReleaseError::Signature { error, .. } => Self {
                what: new(Blame::Operator, ExitKind::Trust).what,
                ..error.into()
            },
            ReleaseError::OtherArtifact { .. } | ReleaseError::OtherMetadata { .. } => {
                new(Blame::Guest, ExitKind::Trust)
                    .hint("the file was changed after it was signed: download it again, and do not use this one")
            }
        }
    }
}
