//! Reads a release, in the order in which it may be believed: sizes, signatures, manifest, the rest of the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mighost_core::Digest;
use mighost_trust::sshsig::verify_all;
use mighost_trust::{Signer, namespace};

use crate::archive::{self, Entry};
use crate::build::{unknown, write};
use crate::error::ReleaseError;
use crate::layout::{self, Content, Descriptor, INDEX, Index, MAX_INDEX, MAX_OCI_MANIFEST, OciManifest};
use crate::layout::{RELEASE_TYPE, SIGNATURES_TYPE};
use crate::manifest::{MAX_MANIFEST, ManifestError, Predicate};

/// A release of which nothing is believed yet: its manifest and signatures were only found.
pub struct UnverifiedRelease {
    contents: Contents,
    manifest: Vec<u8>,
    signatures: Vec<u8>,
}

/// The file, and where things are in it.
pub(crate) struct Contents {
    pub path: PathBuf,
    file: File,
    entries: BTreeMap<String, Entry>,
}

/// Opens a release file and finds its manifest and signatures.
///
/// # Errors
/// If it cannot be read, is not an archive in the form that mighost writes, or has no manifest.
pub fn open(path: &Path) -> Result<UnverifiedRelease, ReleaseError> {
    // Opening a named pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(ReleaseError::read(path))?;
    if !metadata.is_file() {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(ReleaseError::read(path)(reason));
    }
    let mut file = File::open(path).map_err(ReleaseError::read(path))?;
    let entries = archive::entries(&mut file)
        .map_err(ReleaseError::read(path))?
        .map_err(|error| ReleaseError::Archive {
            path: path.to_owned(),
            error,
        })?;
    let mut contents = Contents {
        path: path.to_owned(),
        file,
        entries: entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect(),
    };
    let index = contents.read(INDEX, MAX_INDEX)?;
    let index: Index = serde_json::from_slice(&index).map_err(|_| contents.layout("its index.json is malformed"))?;
    let release = contents.layer(&index, RELEASE_TYPE)?;
    let release = release.ok_or_else(|| contents.layout("its index.json names no release"))?;
    if release.size > MAX_MANIFEST as u64 {
        return Err(ReleaseError::Manifest {
            path: path.to_owned(),
            error: ManifestError::TooLong(release.size),
        });
    }
    let manifest = contents.read_blob(&release, MAX_MANIFEST as u64)?;
    let signatures = match contents.layer(&index, SIGNATURES_TYPE)? {
        Some(descriptor) => contents.read_blob(&descriptor, mighost_trust::sshsig::MAX_SIGNATURES_FILE as u64)?,
        None => Vec::new(),
    };
    Ok(UnverifiedRelease {
        contents,
        manifest,
        signatures,
    })
}

impl UnverifiedRelease {
    /// The bytes that signatures cover.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The armored signatures; empty if it is unsigned.
    pub fn signatures(&self) -> &[u8] {
        &self.signatures
    }

    /// The signers of the manifest; empty if it is unsigned.
    ///
    /// # Errors
    /// If a signature does not hold.
    pub fn signers(&self) -> Result<Vec<Signer>, ReleaseError> {
        if self.signatures.is_empty() {
            return Ok(Vec::new());
        }
        verify_all(&self.signatures, namespace::RELEASE, &self.manifest).map_err(|error| ReleaseError::Signature {
            path: self.contents.path.clone(),
            error,
        })
    }

    /// Reads the manifest, and checks that the file contains what it says and nothing else. Call it after [`signers`](Self::signers). The
    /// contents of components are checked when they are unpacked.
    ///
    /// # Errors
    /// If the manifest is not in the form that mighost writes, or the file contains something else.
    pub fn read(mut self) -> Result<Release, ReleaseError> {
        let predicate = Predicate::from_json(&self.manifest).map_err(|error| ReleaseError::Manifest {
            path: self.contents.path.clone(),
            error,
        })?;
        let files = layout::files(&predicate, &self.manifest, &self.signatures);
        let files = files.map_err(|_| self.contents.layout("its files cannot be listed"))?;
        let same = files.len() == self.contents.entries.len()
            && files.iter().all(|file| {
                self.contents
                    .entries
                    .get(&file.name)
                    .is_some_and(|entry| entry.size == file.size)
            });
        if !same {
            return Err(self.contents.layout("it has other files than its manifest lists"));
        }
        for file in files {
            if let Content::Bytes(bytes) = file.content
                && self.contents.read(&file.name, file.size)? != bytes
            {
                return Err(self
                    .contents
                    .layout("a file in it is not the one that its manifest lists"));
            }
        }
        Ok(Release {
            digest: Digest::of(&self.manifest),
            contents: self.contents,
            predicate,
            manifest: self.manifest,
        })
    }
}

/// A release whose manifest describes the file.
pub struct Release {
    /// The digest of the manifest, by which a release is known.
    pub digest: Digest,
    pub predicate: Predicate,
    pub(crate) contents: Contents,
    manifest: Vec<u8>,
}

impl Release {
    /// Writes the same release with other signatures.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn write_with(&mut self, out: &mut impl Write, signatures: &[u8]) -> Result<(), ReleaseError> {
        let Self {
            contents,
            predicate,
            manifest,
            ..
        } = self;
        let path = contents.path.clone();
        write(&path, out, predicate, manifest, signatures, |content, out| {
            let name = match content {
                Content::Bytes(bytes) => return out.write_all(bytes).map_err(ReleaseError::write(&path)),
                Content::Component(digest) => layout::blob(*digest),
                Content::Sections => layout::blob(predicate.sections),
            };
            contents.copy(&name, out)
        })
    }
}

impl Contents {
    fn layout(&self, text: &'static str) -> ReleaseError {
        ReleaseError::Layout {
            path: self.path.clone(),
            text,
        }
    }

    /// The first layer of the manifest of this type.
    fn layer(&mut self, index: &Index, artifact_type: &str) -> Result<Option<Descriptor>, ReleaseError> {
        let mut found = index
            .manifests
            .iter()
            .filter(|manifest| manifest.artifact_type.as_deref() == Some(artifact_type));
        let Some(manifest) = found.next() else { return Ok(None) };
        let bytes = self.read_blob(manifest, MAX_OCI_MANIFEST)?;
        let manifest: OciManifest =
            serde_json::from_slice(&bytes).map_err(|_| self.layout("its OCI manifest is malformed"))?;
        let layer = manifest.layers.into_iter().next();
        layer
            .map(Some)
            .ok_or_else(|| self.layout("its OCI manifest has no layers"))
    }

    /// Reads a blob and checks its digest.
    fn read_blob(&mut self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, ReleaseError> {
        let digest = descriptor
            .sha256()
            .ok_or_else(|| self.layout("a digest in it is not a SHA-256"))?;
        let bytes = self.read(&layout::blob(digest), limit)?;
        match Digest::of(&bytes) == digest {
            true => Ok(bytes),
            false => Err(self.layout("a file in it does not have the digest that is its name")),
        }
    }

    pub fn read(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, ReleaseError> {
        let Some(entry) = self.entries.get(name).cloned() else {
            return Err(self.layout("a file that it names is missing"));
        };
        if entry.size > limit {
            return Err(self.layout("a file in it is too large"));
        }
        self.read_at(entry.offset, entry.size)
    }

    /// Reads a part of the sections of all artifacts.
    pub fn read_part(&mut self, name: &str, start: u64, size: u64) -> Result<Vec<u8>, ReleaseError> {
        match self.entries.get(name) {
            Some(entry) if start.checked_add(size).is_some_and(|end| end <= entry.size) => {
                self.read_at(entry.offset + start, size)
            }
            _ => Err(unknown(&self.path)),
        }
    }

    fn read_at(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, ReleaseError> {
        let read = ReleaseError::read(&self.path);
        let mut bytes = Vec::new();
        let result = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&self.file).take(size).read_to_end(&mut bytes));
        result.map_err(read)?;
        Ok(bytes)
    }

    fn copy(&mut self, name: &str, out: &mut impl Write) -> Result<(), ReleaseError> {
        let entry = self.entries.get(name).ok_or_else(|| unknown(&self.path))?;
        let path = &self.path;
        self.file
            .seek(SeekFrom::Start(entry.offset))
            .map_err(ReleaseError::read(path))?;
        let copied = std::io::copy(&mut (&self.file).take(entry.size), out).map_err(ReleaseError::write(path))?;
        match copied == entry.size {
            true => Ok(()),
            false => Err(unknown(path)),
        }
    }
}
