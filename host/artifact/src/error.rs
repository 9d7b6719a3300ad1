//! Errors in artifacts and their sources.

use std::path::{Path, PathBuf};

use mighost_core::{Blame, Diagnostic, ExitKind};

/// Every message names the file; `Malformed` says what is wrong in it.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} has {}; an artifact may have at most {}", path.display(), mebibytes(*size), mebibytes(*limit))]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("{}: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    /// Valid as far as this mighost can determine, and made by a later one.
    #[error("{}: {reason}", path.display())]
    Newer { path: PathBuf, reason: String },
    #[error("{path} was built for an earlier mighost:host@{}: run `mighost build`", super::WIT_VERSION, path = .path.display())]
    Earlier { path: PathBuf },
    #[error("{} is not WebAssembly: it does not begin with the bytes \\0asm", path.display())]
    NotWasm { path: PathBuf },
    #[error("{} is a core WebAssembly module, not a component", path.display())]
    CoreModule { path: PathBuf },
    #[error("{} has no mighost:revision section, so it is not a migration built by mighost", path.display())]
    NoRevisions { path: PathBuf },
    #[error("{} has no mighost:plugin section, so it is not a plugin built by mighost", path.display())]
    NoPlugin { path: PathBuf },
    #[error("{} needs {interface}, but this version of mighost offers mighost:host@{offered}", path.display())]
    WitVersion {
        path: PathBuf,
        interface: String,
        offered: &'static str,
        /// Built for a later WIT than this mighost has; otherwise for one that is no longer supported.
        later: bool,
    },
    #[error("{} declares revisions but does not export mighost:host/revision; it exports: {exports}", path.display())]
    NotAMigration { path: PathBuf, exports: String },
    #[error(
        "{} declares objects of kind {kinds} in its plugin.toml but does not export mighost:host/kind-provider; it exports: {exports}",
        path.display()
    )]
    NoKindProvider {
        path: PathBuf,
        kinds: String,
        exports: String,
    },
    #[error("{} changed during this run", path.display())]
    ChangedMeanwhile { path: PathBuf },
    #[error("the index of built artifacts does not match {}", path.display())]
    NotAsIndexed { path: PathBuf },
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

/// Rounded up, so that a size that exceeds the limit by a byte is not shown as the limit.
fn mebibytes(bytes: u64) -> String {
    match bytes {
        _ if bytes < 1 << 20 => format!("{bytes} bytes"),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

fn twice(what: &str, name: &str, first: &Path, second: &Path) -> String {
    if first == second {
        format!("{what} {name} appears twice in {}", first.display())
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

    /// Hints for the user.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::CoreModule { .. } => {
                "build it with `mighost build`, or convert it to a component: `wasm-tools component new \
                 FILE.wasm`".into()
            }
            Self::WitVersion { later: true, .. } => {
                "install a version of mighost that offers it, or rebuild the artifact with this version's WIT \
                 (`mighost wit`)".into()
            }
            Self::WitVersion { .. } => {
                "rebuild it from its sources with this version of mighost, and for Rust with this version of \
                 mighost-sdk"
                    .into()
            }
            Self::NoKindProvider { .. } => {
                "export mighost:host/kind-provider (the world `kinds` of `mighost wit`), or remove kinds from plugin.toml"
                    .into()
            }
            Self::DuplicateRevision { .. } | Self::DuplicatePlugin { .. } => "remove one of the two".into(),
            Self::Malformed { .. } | Self::ChangedMeanwhile { .. } => {
                "the file may be truncated or corrupt: download or rebuild it".into()
            }
            Self::NotAsIndexed { .. } => "run `mighost build --force`, which writes the index anew".into(),
            Self::Earlier { .. } => "if you do not have the sources, ask for a rebuilt artifact".into(),
            Self::Newer { .. } => "install a later version of mighost, or rebuild it with this one".into(),
            Self::NotAMigration { .. } => "a migration is built for the world `migration` of `mighost wit`".into(),
            Self::NotWasm { .. } | Self::NoRevisions { .. } | Self::NoPlugin { .. } => {
                "build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file \
                 contains"
                    .into()
            }
            _ => return None,
        })
    }
}

impl From<&ArtifactError> for Diagnostic {
    fn from(error: &ArtifactError) -> Self {
        let blame = match error {
            ArtifactError::Read { .. } | ArtifactError::Write { .. } | ArtifactError::NotAsIndexed { .. } => {
                Blame::Operator
            }
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
            | ArtifactError::NoKindProvider { .. }
            | ArtifactError::ChangedMeanwhile { .. }
            | ArtifactError::DuplicateRevision { .. }
            | ArtifactError::DuplicatePlugin { .. } => Blame::Guest,
        };
        let mut diagnostic = Self::new(blame, ExitKind::Artifact, error.to_string());
        diagnostic.hints.extend(error.hint());
        diagnostic
    }
}

/// An error in the bytes of an artifact, before its file is named.
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
