//! Makes a release of artifacts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use mighost_artifact::{ArtifactError, ArtifactInfo, Sections, sections};
use mighost_core::Digest;

use crate::archive;
use crate::error::ReleaseError;
use crate::layout::{self, Content};
use crate::manifest::{Predicate, ReleasedArtifact, ReleasedComponent};

/// A release that is not written yet. The same artifacts give the same bytes.
pub struct Draft {
    path: PathBuf,
    predicate: Predicate,
    /// What signatures cover.
    manifest: Vec<u8>,
    sections: Vec<u8>,
    /// An artifact with each component.
    sources: BTreeMap<Digest, PathBuf>,
}

impl Draft {
    /// Reads `artifacts`: first migrations, then plugins. `path` is the file of the release, for messages.
    ///
    /// # Errors
    /// If an artifact cannot be read or has changed since it was indexed, or a limit is exceeded.
    pub fn new<'a>(
        path: &Path,
        project: &str,
        version: &str,
        serial: u64,
        artifacts: impl Iterator<Item = &'a ArtifactInfo>,
    ) -> Result<Self, ReleaseError> {
        let mut components = BTreeMap::new();
        let mut sources = BTreeMap::new();
        let mut own = Vec::new();
        let mut released = Vec::new();
        for info in artifacts {
            let bytes = sections::read_file(&info.path)?;
            let read = ArtifactInfo::read(info.path.clone(), &bytes)?;
            let code = Sections::parse(&bytes).map_err(|defect| defect.at(&info.path))?.code();
            let Some(sections) = bytes.strip_prefix(&*code) else {
                let reason =
                    "its sections of mighost are not at its end, so it cannot be released: build it again".into();
                let path = info.path.clone();
                return Err(ArtifactError::Malformed { path, reason }.into());
            };
            if read.digest != info.digest {
                return Err(ArtifactError::ChangedMeanwhile {
                    path: info.path.clone(),
                }
                .into());
            }
            components.entry(read.code_digest).or_insert_with(|| ReleasedComponent {
                exports: read.exports.to_vec(),
                imports: read.imports.to_vec(),
                sha256: read.code_digest,
                size: code.len() as u64,
            });
            sources.entry(read.code_digest).or_insert_with(|| info.path.clone());
            released.push(ReleasedArtifact {
                component: read.code_digest,
                plugin: read.plugin,
                revisions: read.revisions,
                sections_digest: read.own_digest,
                sections_size: sections.len() as u64,
                sha256: read.digest,
            });
            own.extend(sections);
        }
        let predicate = Predicate {
            artifacts: released,
            components: components.into_values().collect(),
            project: project.to_owned(),
            sections: Digest::of(&own),
            serial,
            version: version.to_owned(),
        };
        let manifest = predicate.to_json().map_err(|error| ReleaseError::Manifest {
            path: path.to_owned(),
            error,
        })?;
        Ok(Self {
            path: path.to_owned(),
            predicate,
            manifest,
            sections: own,
            sources,
        })
    }

    /// The bytes that signatures cover.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The contents of the manifest.
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// Writes the release with armored signatures; without, it is unsigned.
    ///
    /// # Errors
    /// If it cannot be written, or an artifact has changed since.
    pub fn write(&self, out: &mut impl Write, signatures: &[u8]) -> Result<(), ReleaseError> {
        write(
            &self.path,
            out,
            &self.predicate,
            &self.manifest,
            signatures,
            |content, out| match content {
                Content::Component(digest) => {
                    let path = self.sources.get(digest).ok_or_else(|| unknown(&self.path))?;
                    let bytes = sections::read_file(path)?;
                    let code = Sections::parse(&bytes).map_err(|defect| defect.at(path))?.code();
                    if Digest::of(&code) != *digest {
                        return Err(ArtifactError::ChangedMeanwhile { path: path.clone() }.into());
                    }
                    out.write_all(&code).map_err(ReleaseError::write(&self.path))
                }
                Content::Sections => out.write_all(&self.sections).map_err(ReleaseError::write(&self.path)),
                Content::Bytes(bytes) => out.write_all(bytes).map_err(ReleaseError::write(&self.path)),
            },
        )
    }
}

pub(crate) fn unknown(path: &Path) -> ReleaseError {
    ReleaseError::Layout {
        path: path.to_owned(),
        text: "a component is missing",
    }
}

/// An error inside of an entry, which may be one of writing the entry itself.
struct Failed(ReleaseError);

impl From<std::io::Error> for Failed {
    fn from(source: std::io::Error) -> Self {
        let path = PathBuf::new();
        Self(ReleaseError::Write { path, source })
    }
}

/// Writes a whole release; `contents` writes what is not in memory.
pub(crate) fn write<W: Write>(
    path: &Path,
    out: &mut W,
    predicate: &Predicate,
    manifest: &[u8],
    signatures: &[u8],
    mut contents: impl FnMut(&Content, &mut W) -> Result<(), ReleaseError>,
) -> Result<(), ReleaseError> {
    let files = layout::files(predicate, manifest, signatures).map_err(|error| ReleaseError::Write {
        path: path.to_owned(),
        source: error.into(),
    })?;
    let named = |Failed(error)| match error {
        ReleaseError::Write { source, .. } => ReleaseError::write(path)(source),
        error => error,
    };
    for file in &files {
        archive::append(out, &file.name, file.size, |out| {
            contents(&file.content, out).map_err(Failed)
        })
        .map_err(named)?;
    }
    archive::finish(out).map_err(ReleaseError::write(path))
}
