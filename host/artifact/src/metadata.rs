//! What an artifact says of itself: the JSON in its custom sections `mighost:revision` and `mighost:plugin`.

use serde::{Deserialize, Serialize};

use super::error::Defect;
use super::wit_docs::WitDocs;
use mighost_core::Digest;
use mighost_core::TransactionMode;

/// The version of the package `mighost:host` in `wit/`.
pub const WIT_VERSION: &str = "0.1.0";

/// The version of the sections' layout. A host refuses a higher one instead of guessing.
const FORMAT: u32 = 2;
/// The format of artifacts of the contract before its first release, which had other types.
const BEFORE_RELEASE: u32 = 1;

/// The section `mighost:revision`: every revision that the component holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionsMetadata {
    pub format: u32,
    /// The version of `mighost:host` that it was built against.
    pub wit: String,
    /// E.g. `mighost 0.1.0`.
    pub builder: String,
    /// Of the source files, so that a migration that was merely built again is known as the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<Digest>,
    pub revisions: Vec<RevisionMetadata>,
}

/// What the graph and the plan need of one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionMetadata {
    pub revision: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down_revisions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branch_labels: Vec<String>,
    #[serde(default)]
    pub message: String,
    /// RFC 3339, e.g. `2026-11-21T22:30:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// None takes what the run says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TransactionMode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Of this revision's own files, where an artifact of several revisions has files for each. Without it such an artifact
    /// could not grow: every new revision would change those that are applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<Digest>,
}

/// The section `mighost:plugin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginMetadata {
    pub format: u32,
    pub wit: String,
    pub builder: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<Digest>,
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub description: String,
    /// The object kinds that it serves, so that the host finds them without running it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// The comments of its interfaces, which a component does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<WitDocs>,
}

impl RevisionsMetadata {
    /// Metadata as this mighost writes it.
    pub fn new(source_digest: Option<Digest>, revisions: Vec<RevisionMetadata>) -> Self {
        Self {
            format: FORMAT,
            wit: WIT_VERSION.into(),
            builder: builder(),
            source_digest,
            revisions,
        }
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self, Defect> {
        let metadata: Self = parse_section("mighost:revision", json)?;
        if metadata.revisions.is_empty() {
            return Err(Defect::Malformed(
                "its mighost:revision section lists no revision".into(),
            ));
        }
        Ok(metadata)
    }
}

impl RevisionsMetadata {
    /// What tells whether a revision's sources changed; none where that is not known of it alone.
    pub fn source_digest_of(&self, revision: &str) -> Option<Digest> {
        match self.revisions.as_slice() {
            [_] => self.source_digest,
            several => {
                several
                    .iter()
                    .find(|metadata| metadata.revision == revision)?
                    .source_digest
            }
        }
    }
}

impl PluginMetadata {
    /// Metadata as this mighost writes it.
    pub fn new(
        source_digest: Option<Digest>,
        name: String,
        version: String,
        description: String,
        kinds: Vec<String>,
    ) -> Self {
        Self {
            format: FORMAT,
            wit: WIT_VERSION.into(),
            builder: builder(),
            source_digest,
            name,
            version,
            description,
            kinds,
            docs: None,
        }
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self, Defect> {
        parse_section("mighost:plugin", json)
    }
}

fn builder() -> String {
    format!("mighost {}", env!("CARGO_PKG_VERSION"))
}

/// JSON in a section: its format is looked at first, so that a newer one is named instead of an unknown field.
fn parse_section<'a, T: Deserialize<'a>>(section: &str, json: &'a [u8]) -> Result<T, Defect> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let malformed =
        |error: serde_json::Error| Defect::Malformed(format!("its {section} section is malformed: {error}"));
    let Format { format } = serde_json::from_slice(json).map_err(malformed)?;
    if format == BEFORE_RELEASE {
        return Err(Defect::Earlier);
    }
    if format != FORMAT {
        return Err(Defect::Newer(format!(
            "its {section} section is of format {format}; this mighost reads format {FORMAT}"
        )));
    }
    serde_json::from_slice(json).map_err(malformed)
}
