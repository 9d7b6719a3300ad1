//! What can be wrong with an artifact or its sources.

use std::path::{Path, PathBuf};

use mighost_core::{Blame, Diagnostic, ExitKind};

/// Every text names the file; `Malformed` says what in it.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} has {}; an artifact may have {}", path.display(), mebibytes(*size), mebibytes(*limit))]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("{}: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    /// Well formed as far as this mighost can tell, and made by a later one.
    #[error("{}: {reason}", path.display())]
    Newer { path: PathBuf, reason: String },
    #[error("{path} was built for an earlier mighost:host@{}: run `mighost build`", super::WIT_VERSION, path = .path.display())]
    Earlier { path: PathBuf },
    #[error("{} is not WebAssembly: it does not begin with the bytes \\0asm", path.display())]
    NotWasm { path: PathBuf },
    #[error("{} is a core WebAssembly module, not a component", path.display())]
    CoreModule { path: PathBuf },
    #[error("{} has no mighost:revision section, so it is not a migration that mighost build made", path.display())]
    NoRevisions { path: PathBuf },
    #[error("{} has no mighost:plugin section, so it is not a plugin that mighost build made", path.display())]
    NoPlugin { path: PathBuf },
    #[error("{} wants {interface}; this mighost offers mighost:host@{offered}", path.display())]
    WitVersion {
        path: PathBuf,
        interface: String,
        offered: &'static str,
        /// Built for a WIT that is later than this mighost's; else for one that is no longer offered.
        later: bool,
    },
    #[error("{} says it holds revisions but does not export mighost:host/revision; it exports: {exports}", path.display())]
    NotAMigration { path: PathBuf, exports: String },
    #[error(
        "{} says in its plugin.toml that it serves objects of kind {kinds}, and does not export mighost:host/object-type; it exports: {exports}",
        path.display()
    )]
    NoObjectType {
        path: PathBuf,
        kinds: String,
        exports: String,
    },
    #[error("{} changed while this run was going on", path.display())]
    ChangedMeanwhile { path: PathBuf },
    #[error("{}", twice("revision", revision, first, second))]
    DuplicateRevision {
        revision: String,
        first: PathBuf,
        second: PathBuf,
    },
    #[error("{}", twice("plugin", name, first, second))]
    DuplicatePlugin {
        name: String,
        first: PathBuf,
        second: PathBuf,
    },
}

/// Rounded up, so that what is too large by a byte does not look as if it were not.
fn mebibytes(bytes: u64) -> String {
    match bytes {
        _ if bytes < 1 << 20 => format!("{bytes} bytes"),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

fn twice(what: &str, name: &str, first: &Path, second: &Path) -> String {
    if first == second {
        format!("{what} {name} is there twice in {}", first.display())
    } else {
        format!(
            "{what} {name} is in two places: {} and {}",
            first.display(),
            second.display()
        )
    }
}

impl ArtifactError {
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::CoreModule { .. } => {
                "build it with `mighost build`, or make a component of it: `wasm-tools component new FILE.wasm`".into()
            }
            Self::WitVersion { later: true, .. } => {
                "install a mighost that offers it, or build it again with this one's WIT (`mighost wit`)".into()
            }
            Self::WitVersion { .. } => {
                "its sources, built again by this mighost, have this version; for Rust, with this version's mighost-sdk"
                    .into()
            }
            Self::NoObjectType { .. } => {
                "export mighost:host/object-type (the world `object-types` of `mighost wit`), or take kinds out of plugin.toml"
                    .into()
            }
            Self::DuplicateRevision { .. } | Self::DuplicatePlugin { .. } => "remove one of the two".into(),
            Self::Malformed { .. } | Self::ChangedMeanwhile { .. } => {
                "the file may have been cut off or changed on its way: get it again, or build it again".into()
            }
            Self::Earlier { .. } => "if there are no sources, ask for a rebuilt artifact".into(),
            Self::Newer { .. } => "a later mighost reads it: install that, or build it again with this one".into(),
            Self::NotAMigration { .. } => "a migration is built for the world `migration` of `mighost wit`".into(),
            Self::NotWasm { .. } | Self::NoRevisions { .. } | Self::NoPlugin { .. } => {
                "migrations and plugins are built by `mighost build`; `mighost inspect FILE` shows what a file is"
                    .into()
            }
            _ => return None,
        })
    }
}

impl From<&ArtifactError> for Diagnostic {
    fn from(error: &ArtifactError) -> Self {
        let blame = match error {
            ArtifactError::Read { .. } | ArtifactError::Write { .. } => Blame::Operator,
            ArtifactError::TooLarge { .. }
            | ArtifactError::Malformed { .. }
            | ArtifactError::Newer { .. }
            | ArtifactError::Earlier { .. }
            | ArtifactError::NotWasm { .. }
            | ArtifactError::CoreModule { .. }
            | ArtifactError::NoRevisions { .. }
            | ArtifactError::NoPlugin { .. }
            | ArtifactError::WitVersion { .. }
            | ArtifactError::NotAMigration { .. }
            | ArtifactError::NoObjectType { .. }
            | ArtifactError::ChangedMeanwhile { .. }
            | ArtifactError::DuplicateRevision { .. }
            | ArtifactError::DuplicatePlugin { .. } => Blame::Guest,
        };
        let mut diagnostic = Self::new(blame, ExitKind::Artifact, error.to_string());
        diagnostic.hints.extend(error.hint());
        diagnostic
    }
}

/// What is wrong with an artifact's bytes, before their file is named.
#[derive(Debug, PartialEq, Eq)]
pub enum Defect {
    NotWasm,
    CoreModule,
    Malformed(String),
    Newer(String),
    Earlier,
}

impl Defect {
    pub fn at(self, path: &Path) -> ArtifactError {
        let path = path.to_owned();
        match self {
            Self::NotWasm => ArtifactError::NotWasm { path },
            Self::CoreModule => ArtifactError::CoreModule { path },
            Self::Malformed(reason) => ArtifactError::Malformed { path, reason },
            Self::Newer(reason) => ArtifactError::Newer { path, reason },
            Self::Earlier => ArtifactError::Earlier { path },
        }
    }
}
