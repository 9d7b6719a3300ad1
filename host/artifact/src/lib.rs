//! Reads artifacts without compiling them. This crate neither runs nor builds anything.

mod error;
pub mod inspect;
mod interface_name;
pub mod interface_version;
mod metadata;
mod project;
pub mod sections;
pub mod signature_section;
mod sql_component;
mod wit_docs;
pub mod wit_text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mighost_core::Digest;

pub use error::{ArtifactError, Defect};
pub use interface_name::{HOST_PACKAGE, InterfaceName, is_of_plugin};
pub use metadata::{PluginMetadata, RevisionMetadata, RevisionsMetadata, WIT_VERSION};
pub use project::{LoadedPlugin, ProjectArtifacts, TEST_MANIFEST};
pub use sections::{Assets, MAX_FILE, Metadata, Sections};
pub use sql_component::{WIT, is_sql_migration, sql_component};
pub use wit_docs::WitDocs;

/// Information on an artifact, without compiling it. Its bytes are read again when it is run.
#[derive(Clone, Debug)]
pub struct ArtifactInfo {
    pub path: PathBuf,
    /// The size of the file, in bytes.
    pub size: u64,
    /// The digest of the whole file.
    pub digest: Digest,
    /// The digest of the component without its `mighost:*` sections: the key of the compile cache.
    pub code_digest: Digest,
    /// The digest of its `mighost:*` sections, which are read again when it is run; the code is read only if it is not compiled yet.
    pub own_digest: Digest,
    /// Names of the component's imports, e.g. `mighost:host/database@0.1.0`.
    pub imports: Arc<[String]>,
    pub exports: Arc<[String]>,
    /// For a plugin, the digest of each interface that it exports: guests that use an interface are rebuilt when its digest changes. If
    /// only the artifact exists, it is the digest of its code.
    pub interfaces: Arc<BTreeMap<String, Digest>>,
    pub revisions: Option<RevisionsMetadata>,
    pub plugin: Option<PluginMetadata>,
}

impl ArtifactInfo {
    /// Reads the metadata in `bytes`, found at `path`.
    ///
    /// # Errors
    /// If it is not a component, or its metadata is missing, duplicated, malformed or of another version.
    pub fn read(path: PathBuf, bytes: &[u8]) -> Result<Self, ArtifactError> {
        Self::read_hashed(path, bytes, Digest::of(bytes))
    }

    /// Reads the metadata in `bytes`, whose digest is known already.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_hashed(path: PathBuf, bytes: &[u8], digest: Digest) -> Result<Self, ArtifactError> {
        let sections = Sections::parse(bytes).map_err(|reason| reason.at(&path))?;
        let mut info = Self {
            size: bytes.len() as u64,
            digest,
            code_digest: sections.code_digest(),
            own_digest: sections.own_digest(),
            imports: sections.imports.clone().into(),
            exports: sections.exports.clone().into(),
            interfaces: Arc::default(),
            revisions: sections.revisions.clone(),
            plugin: without_docs(&sections.plugin),
            path,
        };
        info.check_interfaces()?;
        if info.plugin.is_some() {
            // Not decoded: third-party artifacts are not examined before they are run.
            let of_plugin = info.exports.iter().filter(|name| is_of_plugin(name));
            let digests = of_plugin.map(|name| (name.clone(), info.code_digest));
            info.interfaces = Arc::new(digests.collect());
        }
        Ok(info)
    }

    /// True for sources that are not built, or have changed since: only the contents of their manifest are known.
    pub fn is_described(&self) -> bool {
        self.size == 0
    }

    fn changed(&self) -> ArtifactError {
        ArtifactError::ChangedMeanwhile {
            path: self.path.clone(),
        }
    }

    /// Refuses interfaces of `mighost:host` in a version that this host does not provide, and artifacts without the exports of their
    /// declared type.
    fn check_interfaces(&self) -> Result<(), ArtifactError> {
        for name in self.imports.iter().chain(&*self.exports) {
            if let Some(rest) = name.strip_prefix("mighost:host/") {
                let offered = format!("mighost:host/{}@{WIT_VERSION}", interface_version::stem(rest));
                // `None` if it has no version.
                let stands = interface_version::offered(name, &offered);
                if stands != Some(interface_version::Offered::Serves) {
                    return Err(ArtifactError::WitVersion {
                        path: self.path.clone(),
                        interface: name.clone(),
                        offered: WIT_VERSION,
                        later: stands == Some(interface_version::Offered::Older),
                    });
                }
            }
        }
        self.check_kinds()?;
        let exports_revision = self
            .exports
            .iter()
            .any(|name| name == &format!("mighost:host/revision@{WIT_VERSION}"));
        if self.revisions.is_some() && !exports_revision {
            return Err(ArtifactError::NotAMigration {
                path: self.path.clone(),
                exports: self.exports.join(", "),
            });
        }
        Ok(())
    }

    /// A plugin that declares kinds must export `kind-provider`.
    fn check_kinds(&self) -> Result<(), ArtifactError> {
        let kinds = self.plugin.as_ref().map_or(&[][..], |plugin| &plugin.kinds);
        let serves = |name: &String| interface_version::stem(name) == "mighost:host/kind-provider";
        if kinds.is_empty() || self.exports.iter().any(serves) {
            return Ok(());
        }
        Err(ArtifactError::NoKindProvider {
            path: self.path.clone(),
            kinds: kinds.join(", "),
            exports: self.exports.join(", "),
        })
    }
}

/// The metadata for the index: comments are for readers of the WIT, and would only make it larger.
fn without_docs(plugin: &Option<PluginMetadata>) -> Option<PluginMetadata> {
    plugin.clone().map(|plugin| PluginMetadata { docs: None, ..plugin })
}

/// Makes an artifact from a component: metadata and assets are added after its code. `mighost:*` sections that it has already are
/// removed. `path` is named in errors.
///
/// # Errors
/// If the bytes are not a component.
pub fn assemble(path: &Path, component: &[u8], metadata: &Metadata, assets: &Assets) -> Result<Vec<u8>, ArtifactError> {
    sections::assemble(component, metadata, assets).map_err(|defect| defect.at(path))
}

/// An artifact to run.
#[derive(Clone)]
pub struct Artifact {
    pub info: Arc<ArtifactInfo>,
    pub assets: Arc<Assets>,
}

impl Artifact {
    /// Reads the assets, and checks that they and the metadata are still those that `info` describes. Compiled code is found by its
    /// digest, so the code is not read from the file: that of an interpreter has 20 MB.
    ///
    /// # Errors
    /// If the file cannot be read or has changed since.
    pub fn load(info: Arc<ArtifactInfo>) -> Result<Self, ArtifactError> {
        let own = sections::read_own(&info.path)?;
        if Digest::of(&own) != info.own_digest {
            return Err(info.changed());
        }
        let sections = Sections::parse(&own).map_err(|reason| reason.at(&info.path))?;
        // The plan was made of `info`, which may come from an index that somebody else has edited.
        if (&sections.revisions, &without_docs(&sections.plugin)) != (&info.revisions, &info.plugin) {
            return Err(ArtifactError::NotAsIndexed {
                path: info.path.clone(),
            });
        }
        Ok(Self {
            assets: Arc::new(sections.assets()),
            info,
        })
    }

    /// The component without its `mighost:*` sections.
    ///
    /// # Errors
    /// If the file cannot be read or has changed since.
    pub fn code(&self) -> Result<Vec<u8>, ArtifactError> {
        let bytes = sections::read_file(&self.info.path)?;
        if Digest::of(&bytes) != self.info.digest {
            return Err(self.info.changed());
        }
        let sections = Sections::parse(&bytes).map_err(|reason| reason.at(&self.info.path))?;
        Ok(sections.code())
    }
}
