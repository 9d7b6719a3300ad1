//! The manifest of a release: what a signature covers. JSON in one form, shaped as an in-toto statement.

use std::collections::BTreeSet;

use mighost_artifact::{PluginMetadata, RevisionsMetadata};
use mighost_core::Digest;
use serde::{Deserialize, Serialize};

/// The largest manifest, in bytes.
pub const MAX_MANIFEST: usize = 4 << 20;

/// The highest serial: databases keep it as a bigint.
const MAX_SERIAL: u64 = i64::MAX as u64;

/// The most artifacts in a release.
pub const MAX_ARTIFACTS: usize = 10_000;

/// The longest name of a project, and of a version.
const MAX_NAME: usize = 128;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const RELEASE: &str = "application/vnd.mighost.release.v1+json";

/// A manifest that is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("its manifest has {0} bytes; at most {MAX_MANIFEST} are accepted")]
    TooLong(u64),
    #[error("its manifest is malformed: {0}")]
    Json(serde_json::Error),
    #[error("its manifest is of the type {0}, which this version of mighost does not know")]
    Type(String),
    #[error(
        "its manifest is not in the form that mighost writes: there are spaces, keys in another order, or escapes that are not needed"
    )]
    NotCanonical,
    #[error("its serial {0} is too large; at most {MAX_SERIAL} is accepted")]
    Serial(u64),
    #[error("it has {0} artifacts; at most {MAX_ARTIFACTS} are accepted")]
    TooMany(usize),
    #[error("its manifest has an empty or too long {0}")]
    Name(&'static str),
    #[error("its manifest lists the artifact {0} twice")]
    Twice(Digest),
    #[error("its manifest lists the plugin {0} twice")]
    PluginTwice(String),
    #[error("the subjects of its manifest are not its artifacts")]
    Subjects,
    #[error("its manifest names the component {0}, which it does not describe")]
    NoComponent(Digest),
    #[error("its manifest describes the component {0}, which no artifact needs, or describes it twice")]
    UnusedComponent(Digest),
    #[error("its manifest describes the artifact {0}, which is neither a migration nor a plugin")]
    NoMetadata(Digest),
}

/// The contents of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// First migrations, then plugins, each in their order.
    pub artifacts: Vec<ReleasedArtifact>,
    /// Sorted by digest.
    pub components: Vec<ReleasedComponent>,
    pub project: String,
    /// The digest of the sections of all artifacts, one after the other.
    pub sections: Digest,
    /// Rises with each release of a project.
    pub serial: u64,
    pub version: String,
}

/// An artifact of a release. Its bytes are those of its component, followed by `sectionsSize` bytes of the sections of all artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReleasedArtifact {
    /// The digest of its code, which is the name of its component.
    pub component: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginMetadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revisions: Option<RevisionsMetadata>,
    /// The digest of its `mighost:*` sections.
    pub sections_digest: Digest,
    pub sections_size: u64,
    /// The digest of the artifact.
    pub sha256: Digest,
}

/// A component, which several artifacts may share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReleasedComponent {
    pub exports: Vec<String>,
    pub imports: Vec<String>,
    pub sha256: Digest,
    pub size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    statement: String,
    predicate: Predicate,
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    digest: SubjectDigest,
    name: String,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectDigest {
    sha256: Digest,
}

impl Predicate {
    /// As it is signed.
    ///
    /// # Errors
    /// If it exceeds a limit, or an artifact or a plugin appears twice.
    pub fn to_json(&self) -> Result<Vec<u8>, ManifestError> {
        self.check()?;
        let json = self.canonical()?;
        match json.len() > MAX_MANIFEST {
            true => Err(ManifestError::TooLong(json.len() as u64)),
            false => Ok(json),
        }
    }

    fn canonical(&self) -> Result<Vec<u8>, ManifestError> {
        let statement = Statement {
            statement: STATEMENT.into(),
            predicate: self.clone(),
            predicate_type: RELEASE.into(),
            subject: self.subjects(),
        };
        serde_json::to_vec(&statement).map_err(ManifestError::Json)
    }

    fn subjects(&self) -> Vec<Subject> {
        let subject = |artifact: &ReleasedArtifact| Subject {
            digest: SubjectDigest {
                sha256: artifact.sha256,
            },
            name: artifact.name(),
        };
        self.artifacts.iter().map(subject).collect()
    }

    /// Reads a manifest whose signature is verified. It has to be exactly what mighost would have written: so a key cannot appear twice, and
    /// nothing is hidden.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MAX_MANIFEST {
            return Err(ManifestError::TooLong(json.len() as u64));
        }
        // serde_json limits nesting by itself, and no unknown key is descended into.
        let statement: Statement = serde_json::from_slice(json).map_err(ManifestError::Json)?;
        for (found, expected) in [(&statement.statement, STATEMENT), (&statement.predicate_type, RELEASE)] {
            if found != expected {
                return Err(ManifestError::Type(found.escape_debug().to_string()));
            }
        }
        let predicate = statement.predicate;
        predicate.check()?;
        if statement.subject != predicate.subjects() {
            return Err(ManifestError::Subjects);
        }
        match predicate.canonical()? == json {
            true => Ok(predicate),
            false => Err(ManifestError::NotCanonical),
        }
    }

    fn check(&self) -> Result<(), ManifestError> {
        for (what, text) in [("project", &self.project), ("version", &self.version)] {
            if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
                return Err(ManifestError::Name(what));
            }
        }
        if self.serial > MAX_SERIAL {
            return Err(ManifestError::Serial(self.serial));
        }
        if self.artifacts.len() > MAX_ARTIFACTS {
            return Err(ManifestError::TooMany(self.artifacts.len()));
        }
        let (mut digests, mut plugins, mut needed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for artifact in &self.artifacts {
            if !digests.insert(artifact.sha256) {
                return Err(ManifestError::Twice(artifact.sha256));
            }
            needed.insert(artifact.component);
            match (&artifact.revisions, &artifact.plugin) {
                (None, None) => return Err(ManifestError::NoMetadata(artifact.sha256)),
                (_, Some(plugin)) if !plugins.insert(&plugin.name) => {
                    return Err(ManifestError::PluginTwice(plugin.name.escape_debug().to_string()));
                }
                _ => {}
            }
        }
        let mut described = BTreeSet::new();
        for component in &self.components {
            if !needed.contains(&component.sha256) || !described.insert(component.sha256) {
                return Err(ManifestError::UnusedComponent(component.sha256));
            }
        }
        match needed.difference(&described).next() {
            Some(missing) => Err(ManifestError::NoComponent(*missing)),
            None => Ok(()),
        }
    }
}

impl ReleasedArtifact {
    /// For messages and subjects: the revisions, or the plugin.
    pub fn name(&self) -> String {
        match (&self.revisions, &self.plugin) {
            (Some(metadata), _) => {
                let first = metadata.revisions.first().map(|revision| revision.revision.as_str());
                format!("{}.wasm", first.unwrap_or_default())
            }
            (None, Some(plugin)) => format!("{}.wasm", plugin.name),
            (None, None) => String::new(),
        }
    }
}
