//! The outer sections of a component: custom sections that mighost adds, names of imports and exports.
//!
//! Only the outermost level is read, so the cost for an 18 MB component is that of hashing it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use wasmparser::{BinaryReader, ComponentExportSectionReader, ComponentImportSectionReader};
use wit_component::DecodedWasm;

use super::error::{ArtifactError, Defect};
use super::metadata::{PluginMetadata, RevisionsMetadata};
use super::signature_section::{MAX_SIGNATURES, SIGNATURES, not_last};
use mighost_core::Digest;

/// The maximum size of an artifact. Python with libraries takes 40 MB.
pub const MAX_FILE: u64 = 256 << 20;
/// The maximum size of the section `mighost:revision`; a history of 10,000 revisions takes 3 MB.
const MAX_METADATA: usize = 16 << 20;

const PREFIX: &str = "mighost:";
const REVISIONS: &str = "mighost:revision";
const PLUGIN: &str = "mighost:plugin";
const ASSETS: &str = "mighost:assets";

/// A maximum for the header of a section whose name begins with `mighost:`.
const MAX_HEAD: u64 = 64;

const COMPONENT_HEADER: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Files in an artifact, by name.
pub type Assets = BTreeMap<String, Vec<u8>>;

/// A component's outer sections.
pub struct Sections<'a> {
    bytes: &'a [u8],
    /// The other sections, including the header.
    code: Vec<Range<usize>>,
    /// The `mighost:*` sections.
    own: Vec<Range<usize>>,
    pub revisions: Option<RevisionsMetadata>,
    pub plugin: Option<PluginMetadata>,
    assets: Option<Vec<(String, Range<usize>)>>,
    /// Whether it has signatures, which nothing may follow.
    signed: bool,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

impl<'a> Sections<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Defect> {
        if !bytes.starts_with(b"\0asm") {
            return Err(Defect::NotWasm);
        }
        match bytes.get(4..8) {
            Some([1, 0, 0, 0]) => return Err(Defect::CoreModule),
            Some(rest) if rest == &COMPONENT_HEADER[4..] => {}
            _ => {
                return Err(Defect::Malformed(
                    "it uses a version of WebAssembly that mighost does not support".into(),
                ));
            }
        }
        let mut sections = Self {
            bytes,
            code: std::iter::once(0..COMPONENT_HEADER.len()).collect(),
            own: Vec::new(),
            revisions: None,
            plugin: None,
            assets: None,
            signed: false,
            imports: Vec::new(),
            exports: Vec::new(),
        };
        let mut at = COMPONENT_HEADER.len();
        while at < bytes.len() {
            at = sections.section(at)?;
        }
        Ok(sections)
    }

    /// Reads the section that begins at `start` and returns where it ends.
    fn section(&mut self, start: usize) -> Result<usize, Defect> {
        if self.signed {
            return Err(not_last());
        }
        let truncated = || Defect::Malformed(format!("its section at byte {start} is truncated or malformed"));
        let mut reader = BinaryReader::new(&self.bytes[start..], start as u64);
        let id = reader.read_u8().map_err(|_| truncated())?;
        let size = reader.read_var_u32().map_err(|_| truncated())? as usize;
        let body_start = start + reader.current_position();
        let end = body_start
            .checked_add(size)
            .filter(|end| *end <= self.bytes.len())
            .ok_or_else(truncated)?;
        let body = &self.bytes[body_start..end];
        let wasm_error = |error: wasmparser::BinaryReaderError| Defect::Malformed(format!("it is malformed: {error}"));
        let mut ours = false;
        match id {
            0 => {
                let mut reader = BinaryReader::new(body, body_start as u64);
                let name = reader.read_string().map_err(wasm_error)?;
                if name.starts_with(PREFIX) {
                    ours = true;
                    let content_start = body_start + reader.current_position();
                    self.custom(name.to_owned(), content_start..end)?;
                }
            }
            10 => {
                let reader = ComponentImportSectionReader::new(BinaryReader::new(body, body_start as u64))
                    .map_err(wasm_error)?;
                for import in reader {
                    self.imports.push(import.map_err(wasm_error)?.name.name.to_owned());
                }
            }
            11 => {
                let reader = ComponentExportSectionReader::new(BinaryReader::new(body, body_start as u64))
                    .map_err(wasm_error)?;
                for export in reader {
                    self.exports.push(export.map_err(wasm_error)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        let parts = if ours { &mut self.own } else { &mut self.code };
        match parts.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => parts.push(start..end),
        }
        Ok(end)
    }

    fn custom(&mut self, name: String, content: Range<usize>) -> Result<(), Defect> {
        let twice = |present: bool| {
            if present {
                Err(Defect::Malformed(format!("it has two {name} sections")))
            } else {
                Ok(())
            }
        };
        let bytes = &self.bytes[content.clone()];
        match name.as_str() {
            REVISIONS | PLUGIN if bytes.len() > MAX_METADATA => {
                return Err(Defect::Malformed(format!(
                    "its {name} section is longer than {MAX_METADATA} bytes"
                )));
            }
            REVISIONS => {
                twice(self.revisions.is_some())?;
                self.revisions = Some(RevisionsMetadata::parse(bytes)?);
            }
            PLUGIN => {
                twice(self.plugin.is_some())?;
                self.plugin = Some(PluginMetadata::parse(bytes)?);
            }
            ASSETS => {
                twice(self.assets.is_some())?;
                self.assets = Some(parse_assets(bytes, content.start)?);
            }
            // Their contents are for the one who asks whose they are.
            SIGNATURES if bytes.len() <= MAX_SIGNATURES => self.signed = true,
            SIGNATURES => {
                return Err(Defect::Malformed(format!(
                    "its {name} section is longer than {MAX_SIGNATURES} bytes"
                )));
            }
            _ => {
                return Err(Defect::Newer(format!(
                    "it has a section {name}, which this version of mighost does not know"
                )));
            }
        }
        Ok(())
    }

    /// The component without its `mighost:*` sections.
    pub fn code(&self) -> Vec<u8> {
        self.parts(&self.code).collect::<Vec<_>>().concat()
    }

    pub fn code_digest(&self) -> Digest {
        Digest::of_joined(self.parts(&self.code))
    }

    /// The digest of its `mighost:*` sections, with the header before them.
    pub fn own_digest(&self) -> Digest {
        Digest::of_joined(std::iter::once(&COMPONENT_HEADER[..]).chain(self.parts(&self.own)))
    }

    /// Not joined, because a component may have 40 MB.
    fn parts(&self, ranges: &[Range<usize>]) -> impl Iterator<Item = &[u8]> {
        ranges.iter().map(|range| &self.bytes[range.clone()])
    }

    pub fn assets(&self) -> Assets {
        let assets = self.assets.iter().flatten();
        assets
            .map(|(name, range)| (name.clone(), self.bytes[range.clone()].to_vec()))
            .collect()
    }
}

/// The types of the component in `artifact`, with the comments of its metadata.
pub fn decode(artifact: &[u8]) -> Result<DecodedWasm, String> {
    let sections = Sections::parse(artifact).map_err(|_| "it is not a component")?;
    let mut decoded = wit_component::decode(&sections.code()).map_err(|error| format!("{error:#}"))?;
    if let (Some(docs), DecodedWasm::Component(resolve, _)) =
        (sections.plugin.and_then(|plugin| plugin.docs), &mut decoded)
    {
        docs.put_into(resolve);
    }
    Ok(decoded)
}

/// `count`, then for each asset the length of its name, the name, the length of its content, the content; lengths are
/// 32-bit little-endian.
fn parse_assets(bytes: &[u8], offset: usize) -> Result<Vec<(String, Range<usize>)>, Defect> {
    fn take<'a>(bytes: &'a [u8], at: &mut usize, length: usize) -> Option<&'a [u8]> {
        let part = bytes.get(*at..at.checked_add(length)?)?;
        *at += length;
        Some(part)
    }
    fn length(bytes: &[u8], at: &mut usize) -> Option<usize> {
        let part = take(bytes, at, 4)?;
        Some(u32::from_le_bytes(part.try_into().ok()?) as usize)
    }
    let mut at = 0;
    let mut read = || {
        let count = length(bytes, &mut at)?;
        let mut assets = Vec::new();
        for _ in 0..count {
            let name_length = length(bytes, &mut at)?;
            let name = std::str::from_utf8(take(bytes, &mut at, name_length)?).ok()?.to_owned();
            let content_length = length(bytes, &mut at)?;
            let start = at;
            take(bytes, &mut at, content_length)?;
            assets.push((name, offset + start..offset + at));
        }
        Some(assets)
    };
    let mut assets =
        read().ok_or_else(|| Defect::Malformed("its mighost:assets section is truncated or malformed".into()))?;
    if at != bytes.len() {
        return Err(Defect::Malformed("its mighost:assets section has trailing data".into()));
    }
    assets.sort_by(|one, other| one.0.cmp(&other.0));
    if let Some(pair) = assets.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Defect::Malformed(format!("its asset {} appears twice", pair[0].0)));
    }
    Ok(assets)
}

/// The data that `mighost build` adds to a component.
pub enum Metadata {
    Revisions(RevisionsMetadata),
    Plugin(PluginMetadata),
}

/// The component `code` followed by metadata and assets.
pub(super) fn assemble(code: &[u8], metadata: &Metadata, assets: &Assets) -> Result<Vec<u8>, Defect> {
    let mut artifact = Sections::parse(code)?.code();
    let (name, json) = match metadata {
        Metadata::Revisions(metadata) => (REVISIONS, serde_json::to_vec(metadata)),
        Metadata::Plugin(metadata) => (PLUGIN, serde_json::to_vec(metadata)),
    };
    let json = json.map_err(|error| Defect::Malformed(format!("its metadata cannot be written: {error}")))?;
    append(&mut artifact, name, &json);
    if !assets.is_empty() {
        let too_large = |_| Defect::Malformed("an asset is larger than 4 GiB".into());
        let mut content = u32::try_from(assets.len()).map_err(too_large)?.to_le_bytes().to_vec();
        for (name, asset) in assets {
            content.extend(u32::try_from(name.len()).map_err(too_large)?.to_le_bytes());
            content.extend(name.as_bytes());
            content.extend(u32::try_from(asset.len()).map_err(too_large)?.to_le_bytes());
            content.extend(asset);
        }
        append(&mut artifact, ASSETS, &content);
    }
    Ok(artifact)
}

fn append(artifact: &mut Vec<u8>, name: &str, data: &[u8]) {
    use wasm_encoder::{ComponentSection as _, CustomSection};
    CustomSection {
        name: name.into(),
        data: data.into(),
    }
    .append_to_component(artifact);
}

/// Reads only the `mighost:*` sections of an artifact, as a component without anything else, so that the code of an interpreter is not
/// read.
pub(super) fn read_own(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let (file, length) = open(path)?;
    own_sections(BufReader::new(file), length).map_err(ArtifactError::read(path))
}

/// Stops at the end of the file, even inside a section: the comparison of digests detects that.
fn own_sections(mut file: impl BufRead + Seek, length: u64) -> std::io::Result<Vec<u8>> {
    let mut own = COMPONENT_HEADER.to_vec();
    let mut at = own.len() as u64;
    while at < length {
        file.seek(SeekFrom::Start(at))?;
        // A section's number, its length, and for a custom section the length of its name and the name.
        let mut head = Vec::new();
        file.by_ref().take(MAX_HEAD).read_to_end(&mut head)?;
        let mut reader = BinaryReader::new(&head, at);
        let (Ok(id), Ok(size)) = (reader.read_u8(), reader.read_var_u32()) else {
            break;
        };
        let end = at + reader.current_position() as u64 + u64::from(size);
        let is_own = id == 0 && reader.read_string().is_ok_and(|name| name.starts_with(PREFIX));
        if is_own && end <= length {
            file.seek(SeekFrom::Start(at))?;
            file.by_ref().take(end - at).read_to_end(&mut own)?;
        }
        at = end;
    }
    Ok(own)
}

/// Opens an artifact whose size, in bytes, is within the limit.
fn open(path: &Path) -> Result<(File, u64), ArtifactError> {
    // Opening a named pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(ArtifactError::read(path))?;
    if !metadata.is_file() {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(ArtifactError::read(path)(reason));
    }
    let file = File::open(path).map_err(ArtifactError::read(path))?;
    let length = file.metadata().map_err(ArtifactError::read(path))?.len();
    if length > MAX_FILE {
        return Err(too_large(path, length));
    }
    Ok((file, length))
}

fn too_large(path: &Path, size: u64) -> ArtifactError {
    ArtifactError::TooLarge {
        path: path.to_owned(),
        size,
        limit: MAX_FILE,
    }
}

/// Reads a whole artifact, up to the limit on its size.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    // It may have grown since.
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(ArtifactError::read(path))?;
    match bytes.len() as u64 {
        size if size > MAX_FILE => Err(too_large(path, size)),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The result of [`read_own`] for `artifact`, and the data in the whole file.
    fn read(artifact: &[u8]) -> (Vec<u8>, Digest) {
        let own = own_sections(Cursor::new(artifact), artifact.len() as u64).unwrap();
        (own, Sections::parse(artifact).unwrap().own_digest())
    }

    #[test]
    fn own_sections_are_found_among_others() {
        let mut artifact = COMPONENT_HEADER.to_vec();
        append(&mut artifact, "name", &[7; 3000]);
        append(
            &mut artifact,
            PLUGIN,
            br#"{"format":3,"wit":"0.1.0","builder":"b","name":"n","version":"1"}"#,
        );
        append(&mut artifact, &"n".repeat(500), b"content");
        append(&mut artifact, ASSETS, &0_u32.to_le_bytes());
        append(&mut artifact, "last", b"");
        let (own, digest) = read(&artifact);
        assert_eq!(Digest::of(&own), digest);
        let sections = Sections::parse(&own).unwrap();
        assert_eq!(sections.plugin.as_ref().unwrap().name, "n");
        assert_eq!(sections.code(), COMPONENT_HEADER);
    }

    #[test]
    fn what_is_cut_off_is_not_what_it_was() {
        let mut artifact = COMPONENT_HEADER.to_vec();
        append(&mut artifact, ASSETS, &[0; 4]);
        let (_, digest) = read(&artifact);
        for length in 8..artifact.len() {
            let own = own_sections(Cursor::new(&artifact[..length]), length as u64).unwrap();
            assert_ne!(Digest::of(&own), digest, "{length}");
        }
    }
}
