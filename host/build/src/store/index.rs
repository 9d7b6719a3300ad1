//! What was learned of each artifact, kept in `.mighost/build/index.json`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rebuild::Interfaces;
use crate::fingerprint::{FolderStamp, SourceStamps};
use mighost_artifact::{ArtifactInfo, WIT};
use mighost_artifact::{PluginMetadata, RevisionsMetadata};
use mighost_core::Digest;

/// The index, as it is used.
#[derive(Default)]
pub(super) struct Index {
    /// The folders that built artifacts go into.
    pub outputs: BTreeMap<PathBuf, FolderStamp>,
    /// By the path of the source, or of the artifact itself.
    pub entries: Vec<(PathBuf, Entry)>,
}

pub(super) struct Entry {
    /// Of the source, or of the artifact itself.
    pub stamps: SourceStamps,
    // Entries are moved about more than they are looked at.
    pub artifact: Box<ArtifactInfo>,
    /// The interfaces of plugins that a source's artifact was built against.
    pub used: Interfaces,
}

/// The index, as it is stored. An idle run spends its time with parsing it, so what a thousand migrations in SQL have in common is
/// stored once.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The mighost that wrote it; another one's index is not read.
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
    /// Of the artifact of a source; it is `path` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<PathBuf>,
    size: u64,
    digest: Digest,
    own_digest: Digest,
    /// Which one of `codes`.
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
    /// An index that is missing, broken or another version's is as good as none.
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
    /// A path that is not Unicode.
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

    /// None where an entry is of a code that is not there.
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

/// What an index is written by: another version, or another contract, builds everything again.
fn builder() -> String {
    let contract = Digest::of_parts(WIT.iter().map(|(_, text)| text.as_bytes()));
    format!("mighost {}, {}", env!("CARGO_PKG_VERSION"), contract.short())
}
