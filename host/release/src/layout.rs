//! The files of a release: an OCI image layout. All of it follows from the manifest and the signatures, so a reader computes what the
//! file has to contain, and compares.

use mighost_core::Digest;
use serde::{Deserialize, Serialize};

use crate::manifest::{MAX_MANIFEST, Predicate};

/// The type of a release in registries, and of its manifest.
pub const RELEASE_TYPE: &str = "application/vnd.mighost.release.v1+json";
/// The type of the signatures of a release.
pub const SIGNATURES_TYPE: &str = "application/vnd.mighost.signatures.v1";
const SECTIONS_TYPE: &str = "application/vnd.mighost.sections.v1";
const COMPONENT_TYPE: &str = "application/wasm";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

const EMPTY: &[u8] = b"{}";
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The names of the files that are not blobs.
pub(crate) const INDEX: &str = "index.json";
const LAYOUT: &str = "oci-layout";

/// The largest `index.json`, in bytes.
pub(crate) const MAX_INDEX: u64 = 64 << 10;
/// The largest OCI manifest, in bytes: each component takes 150.
pub(crate) const MAX_OCI_MANIFEST: u64 = MAX_MANIFEST as u64;

/// A reference to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub media_type: String,
    pub digest: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

/// The part of an OCI manifest that leads to the layers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OciManifest {
    schema_version: u32,
    media_type: String,
    artifact_type: String,
    config: Descriptor,
    pub layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
}

/// `index.json`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    schema_version: u32,
    media_type: String,
    pub manifests: Vec<Descriptor>,
}

impl Descriptor {
    fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest: format!("sha256:{digest}"),
            size,
            artifact_type: None,
        }
    }

    fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// The digest, if it is a SHA-256.
    pub fn sha256(&self) -> Option<Digest> {
        Digest::parse(self.digest.strip_prefix("sha256:")?)
    }
}

/// The contents of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Component(Digest),
    Sections,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayoutFile {
    pub name: String,
    pub size: u64,
    pub content: Content,
}

pub(crate) fn blob(digest: Digest) -> String {
    format!("blobs/sha256/{digest}")
}

/// All files, sorted by name. `manifest` is `predicate` as it is signed; `signatures` may be empty.
///
/// # Errors
/// Never: the values serialize.
pub(crate) fn files(
    predicate: &Predicate,
    manifest: &[u8],
    signatures: &[u8],
) -> Result<Vec<LayoutFile>, serde_json::Error> {
    let mut files = Vec::new();
    let mut add = |name: String, size, content| files.push(LayoutFile { name, size, content });
    let mut layers = vec![Descriptor::of(RELEASE_TYPE, manifest)];
    for component in &predicate.components {
        layers.push(Descriptor::new(COMPONENT_TYPE, component.sha256, component.size));
        add(
            blob(component.sha256),
            component.size,
            Content::Component(component.sha256),
        );
    }
    let sections = predicate.artifacts.iter().map(|artifact| artifact.sections_size);
    // The manifest is verified, and even a wrong sum would only be another size than that of the file.
    let sections = sections.fold(0, u64::saturating_add);
    layers.push(Descriptor::new(SECTIONS_TYPE, predicate.sections, sections));
    add(blob(predicate.sections), sections, Content::Sections);

    let release = oci_manifest(RELEASE_TYPE, layers, None)?;
    let mut described = vec![described(RELEASE_TYPE, &release)];
    let mut blobs = vec![EMPTY.to_vec(), manifest.to_vec()];
    if !signatures.is_empty() {
        let layers = vec![Descriptor::of(SIGNATURES_TYPE, signatures)];
        let subject = Descriptor::of(MANIFEST_TYPE, &release);
        let signed = oci_manifest(SIGNATURES_TYPE, layers, Some(subject))?;
        described.push(self::described(SIGNATURES_TYPE, &signed));
        blobs.extend([signed, signatures.to_vec()]);
    }
    blobs.push(release);
    for bytes in blobs {
        add(blob(Digest::of(&bytes)), bytes.len() as u64, Content::Bytes(bytes));
    }
    let index = serde_json::to_vec(&Index {
        schema_version: 2,
        media_type: INDEX_TYPE.into(),
        manifests: described,
    })?;
    add(INDEX.into(), index.len() as u64, Content::Bytes(index));
    add(
        LAYOUT.into(),
        OCI_LAYOUT.len() as u64,
        Content::Bytes(OCI_LAYOUT.to_vec()),
    );
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn oci_manifest(
    artifact_type: &str,
    layers: Vec<Descriptor>,
    subject: Option<Descriptor>,
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&OciManifest {
        schema_version: 2,
        media_type: MANIFEST_TYPE.into(),
        artifact_type: artifact_type.into(),
        config: Descriptor::of(EMPTY_TYPE, EMPTY),
        layers,
        subject,
    })
}

fn described(artifact_type: &str, manifest: &[u8]) -> Descriptor {
    Descriptor {
        artifact_type: Some(artifact_type.into()),
        ..Descriptor::of(MANIFEST_TYPE, manifest)
    }
}
