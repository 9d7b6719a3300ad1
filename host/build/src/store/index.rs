//! The index of artifacts, stored in `.mighost/build/index.json`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rebuild::Interfaces;
use crate::fingerprint::{FolderStamp, SourceStamps};
use mighost_artifact::{ArtifactInfo, PluginMetadata, RevisionsMetadata, WIT};
use mighost_core::Digest;

/// The index in memory.
#[derive(Default)]
pub(super) struct Index {
    /// The folders of built artifacts.
    pub outputs: BTreeMap<PathBuf, FolderStamp>,
    /// By the path of the source, or of the artifact itself.
    pub entries: Vec<(PathBuf, Entry)>,
}

pub(super) struct Entry {
    /// The stamps of the source, or of the artifact.
    pub stamps: SourceStamps,
    // Boxed, because entries are moved more often than they are read.
    pub artifact: Box<ArtifactInfo>,
    /// The interfaces of plugins that a source's artifact was built against.
    pub used: Interfaces,
}

/// The index as stored. An idle run spends most of its time parsing it, so the common part of a thousand SQL migrations is stored once.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The version of mighost that wrote it; an index of another version is ignored.
    builder: String,
    outputs: BTreeMap<PathBuf, FolderStamp>,
    codes: Vec<StoredCode>,
    entries: Vec<StoredEntry>,
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct StoredCode {
    digest: Digest,
    imports: Vec<String>,
    exports: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    path: PathBuf,
    stamps: SourceStamps,
    /// The path of a source's artifact; otherwise it is `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<PathBuf>,
    size: u64,
    digest: Digest,
    own_digest: Digest,
    /// An index into `codes`.
    code: usize,
    #[serde(default, skip_serializing_if = "Interfaces::is_empty")]
    interfaces: Interfaces,
    #[serde(default, skip_serializing_if = "Interfaces::is_empty")]
    used: Interfaces,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revisions: Option<RevisionsMetadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plugin: Option<PluginMetadata>,
}

impl Index {
    /// Reads the index. One that is missing, broken or of another version counts as empty.
    pub fn read(path: &Path) -> Self {
        let stored = fs::read(path)
            .ok()
            .and_then(|json| serde_json::from_slice::<Stored>(&json).ok());
        stored
            .filter(|stored| stored.builder == builder())
            .and_then(Self::of)
            .unwrap_or_default()
    }

    /// As JSON.
    ///
    /// # Errors
    /// If a path is not Unicode.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut codes = Vec::new();
        let mut numbers = HashMap::new();
        let entries = self.entries.iter().map(|(path, Entry { stamps, artifact, used })| {
            let code = StoredCode {
                digest: artifact.code_digest,
                imports: artifact.imports.to_vec(),
                exports: artifact.exports.to_vec(),
            };
            StoredEntry {
                path: path.clone(),
                stamps: stamps.clone(),
                output: (artifact.path != *path).then(|| artifact.path.clone()),
                size: artifact.size,
                digest: artifact.digest,
                own_digest: artifact.own_digest,
                code: *numbers.entry(code.clone()).or_insert_with(|| {
                    codes.push(code);
                    codes.len() - 1
                }),
                interfaces: (*artifact.interfaces).clone(),
                used: used.clone(),
                revisions: artifact.revisions.clone(),
                plugin: artifact.plugin.clone(),
            }
        });
        let entries = entries.collect();
        serde_json::to_vec(&Stored {
            builder: builder(),
            outputs: self.outputs.clone(),
            codes,
            entries,
        })
    }

    /// `None` if an entry refers to a code that does not exist.
    fn of(stored: Stored) -> Option<Self> {
        let code = |code: StoredCode| {
            (
                code.digest,
                Arc::<[String]>::from(code.imports),
                Arc::<[String]>::from(code.exports),
            )
        };
        let codes: Vec<_> = stored.codes.into_iter().map(code).collect();
        let entries = stored.entries.into_iter().map(|entry| {
            let (code_digest, imports, exports) = codes.get(entry.code)?.clone();
            let artifact = ArtifactInfo {
                path: entry.output.unwrap_or_else(|| entry.path.clone()),
                size: entry.size,
                digest: entry.digest,
                own_digest: entry.own_digest,
                code_digest,
                imports,
                exports,
                interfaces: entry.interfaces.into(),
                revisions: entry.revisions,
                plugin: entry.plugin,
            };
            let stamps = entry.stamps;
            let artifact = Box::new(artifact);
            let used = entry.used;
            Some((entry.path, Entry { stamps, artifact, used }))
        });
        Some(Self {
            outputs: stored.outputs,
            entries: entries.collect::<Option<_>>()?,
        })
    }
}

/// The writer of an index: after a change of the version or the contract, everything is rebuilt.
fn builder() -> String {
    let contract = Digest::of_parts(WIT.iter().map(|(_, text)| text.as_bytes()));
    format!("mighost {}, {}", env!("CARGO_PKG_VERSION"), contract.short())
}
