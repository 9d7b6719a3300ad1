//! The metadata of an artifact: the JSON in its custom sections `mighost:revision` and `mighost:plugin`.

use serde::{Deserialize, Serialize};

use super::error::Defect;
use super::wit_docs::WitDocs;
use mighost_core::{Digest, TransactionMode};

/// The version of the package `mighost:host` in `wit/`.
pub const WIT_VERSION: &str = "0.1.0";

/// The version of the sections' format. A host refuses a higher one instead of guessing.
/// Lower ones belong to the contract before its first release, which had other types.
const FORMAT: u32 = 3;

/// The section `mighost:revision`: all revisions in the component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevisionsMetadata {
    pub format: u32,
    /// The version of `mighost:host` that it was built against.
    pub wit: String,
    /// The program that built it, e.g. `mighost 0.1.0`.
    pub builder: String,
    /// The digest of the source files, so that a migration that was only rebuilt is recognized as the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<Digest>,
    pub revisions: Vec<RevisionMetadata>,
}

/// The metadata of one revision for the graph and the plan.
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
    /// `None` for the setting of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TransactionMode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The digest of this revision's own files, if the artifact contains several revisions with files of their own. Without it, such an
    /// artifact could not grow: every new revision would change those that are applied.
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
    /// The kinds that it provides, so that the host finds them without running it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// The comments of its interfaces, which are not part of a component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<WitDocs>,
}

impl RevisionsMetadata {
    /// Metadata in this version's format.
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
    /// The digest that shows whether a revision's sources have changed; `None` if it is not known for the revision alone.
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
    /// Metadata in this version's format.
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

/// Reads JSON in a section. Its format version is checked first, so that an error names that instead of an unknown field.
fn parse_section<'a, T: Deserialize<'a>>(section: &str, json: &'a [u8]) -> Result<T, Defect> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let malformed =
        |error: serde_json::Error| Defect::Malformed(format!("its {section} section is malformed: {error}"));
    let Format { format } = serde_json::from_slice(json).map_err(malformed)?;
    if format < FORMAT {
        return Err(Defect::Earlier);
    }
    if format != FORMAT {
        return Err(Defect::Newer(format!(
            "its {section} section has format {format}, but this version of mighost reads format {FORMAT}"
        )));
    }
    serde_json::from_slice(json).map_err(malformed)
}
