//! The tar of a release file. There is one way to write it: regular files with sorted names, without owners, times and padding. A header
//! that mighost would not have written is refused, so two readers cannot find different files in one archive.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write};

/// The size of a block.
const BLOCK: usize = 512;

/// The most files in an archive: each component, and a few more.
pub const MAX_ENTRIES: usize = 10_016;

/// The largest file in an archive, in bytes.
pub const MAX_ENTRY: u64 = 4 << 30;

/// What is wrong with an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    #[error("it is not a tar archive")]
    NotTar,
    #[error("it is cut off")]
    CutOff,
    #[error("its file {0} has an absolute name")]
    Absolute(String),
    #[error("its file {0} has `..` in its name")]
    Parent(String),
    #[error("its entry {0} is a link, and a release has only files")]
    Link(String),
    #[error("its entry {0} is a sparse file, and a release has only plain ones")]
    Sparse(String),
    #[error("its entry {name} is of the type {kind}, and a release has only files")]
    Kind { name: String, kind: String },
    #[error("its file {0} is not one that a release has")]
    Name(String),
    #[error("its file {0} appears twice")]
    Twice(String),
    #[error("its file {name} comes after {before}, but files are sorted")]
    Unsorted { name: String, before: String },
    #[error("its file {0} has an owner, a time, a mode or other data that releases do not have")]
    Attributes(String),
    #[error("its file {name} has {size} bytes; at most {MAX_ENTRY} are accepted")]
    TooLarge { name: String, size: u64 },
    #[error("it has more than {MAX_ENTRIES} files")]
    TooMany,
    #[error("the bytes between its files are not zero")]
    Padding,
    #[error("bytes follow its end")]
    Trailing,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    /// Where its contents begin.
    pub offset: u64,
    pub size: u64,
}

/// Lists the files, from headers alone.
///
/// # Errors
/// The outer error is that of reading. The inner one is what mighost would not have written.
pub fn entries(file: &mut File) -> std::io::Result<Result<Vec<Entry>, ArchiveError>> {
    let length = file.metadata()?.len();
    let mut entries: Vec<Entry> = Vec::new();
    let mut at = 0;
    loop {
        let Some(block) = block(file, at, length)? else {
            return Ok(Err(if at == 0 {
                ArchiveError::NotTar
            } else {
                ArchiveError::CutOff
            }));
        };
        at += BLOCK as u64;
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        if entries.len() == MAX_ENTRIES {
            return Ok(Err(ArchiveError::TooMany));
        }
        let entry = match read_header(&block, at) {
            Ok(entry) => entry,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(before) = entries.last() {
            let name = entry.name.clone();
            match before.name.cmp(&name) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(Err(ArchiveError::Twice(name))),
                std::cmp::Ordering::Greater => {
                    let before = before.name.clone();
                    return Ok(Err(ArchiveError::Unsorted { name, before }));
                }
            }
        }
        let end = at + entry.size;
        let next = end.next_multiple_of(BLOCK as u64);
        if next > length {
            return Ok(Err(ArchiveError::CutOff));
        }
        file.seek(SeekFrom::Start(end))?;
        let mut padding = Vec::new();
        file.take(next - end).read_to_end(&mut padding)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Ok(Err(ArchiveError::Padding));
        }
        at = next;
        entries.push(entry);
    }
    // Two empty blocks end an archive, and nothing follows.
    match block(file, at, length)? {
        None => Ok(Err(ArchiveError::CutOff)),
        Some(block) if block.iter().any(|byte| *byte != 0) => Ok(Err(ArchiveError::Trailing)),
        Some(_) if at + BLOCK as u64 != length => Ok(Err(ArchiveError::Trailing)),
        Some(_) => Ok(Ok(entries)),
    }
}

fn block(file: &mut File, at: u64, length: u64) -> std::io::Result<Option<[u8; BLOCK]>> {
    if at + BLOCK as u64 > length {
        return Ok(None);
    }
    let mut block = [0; BLOCK];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut block)?;
    Ok(Some(block))
}

/// Reads a header as far as the error needs it, and compares it with the one that mighost writes.
fn read_header(block: &[u8; BLOCK], offset: u64) -> Result<Entry, ArchiveError> {
    let field = |start: usize, length: usize| block.get(start..start + length).unwrap_or_default();
    if !field(257, 5).starts_with(b"ustar") {
        return Err(ArchiveError::NotTar);
    }
    let text = |bytes: &[u8]| {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).escape_debug().to_string()
    };
    let (prefix, name) = (text(field(345, 155)), text(field(0, 100)));
    let name = if prefix.is_empty() {
        name
    } else {
        format!("{prefix}/{name}")
    };
    match block.get(156) {
        Some(b'0') => {}
        Some(b'1' | b'2') => return Err(ArchiveError::Link(name)),
        Some(b'S') => return Err(ArchiveError::Sparse(name)),
        kind => {
            let kind = char::from(*kind.unwrap_or(&0)).escape_debug().to_string();
            return Err(ArchiveError::Kind { name, kind });
        }
    }
    if name.starts_with('/') {
        return Err(ArchiveError::Absolute(name));
    }
    if name.split('/').any(|part| part == "..") {
        return Err(ArchiveError::Parent(name));
    }
    if !is_expected(&name) {
        return Err(ArchiveError::Name(name));
    }
    let size = octal(field(124, 12)).ok_or_else(|| ArchiveError::Attributes(name.clone()))?;
    if size > MAX_ENTRY {
        return Err(ArchiveError::TooLarge { name, size });
    }
    match header(&name, size) == *block {
        true => Ok(Entry { name, offset, size }),
        false => Err(ArchiveError::Attributes(name)),
    }
}

/// The names of an OCI image layout.
fn is_expected(name: &str) -> bool {
    match name.strip_prefix("blobs/sha256/") {
        Some(digest) => digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        None => name == "index.json" || name == "oci-layout",
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.strip_suffix(&[0])?;
    digits.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// The header of a file: POSIX ustar, mode 644, no owner, time 0.
pub fn header(name: &str, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |start: usize, bytes: &[u8]| {
        for (place, byte) in block.iter_mut().skip(start).zip(bytes) {
            *place = *byte;
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The checksum counts itself as spaces.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    for (place, byte) in block.iter_mut().skip(148).zip(format!("{sum:06o}\0 ").bytes()) {
        *place = byte;
    }
    block
}

/// Writes a file of `size` bytes, which `contents` writes.
pub fn append<W: Write, E: From<std::io::Error>>(
    archive: &mut W,
    name: &str,
    size: u64,
    contents: impl FnOnce(&mut W) -> Result<(), E>,
) -> Result<(), E> {
    archive.write_all(&header(name, size))?;
    contents(archive)?;
    let padding = size.next_multiple_of(BLOCK as u64) - size;
    std::io::copy(&mut std::io::repeat(0).take(padding), archive)?;
    Ok(())
}

/// Writes the end of an archive.
pub fn finish(archive: &mut impl Write) -> std::io::Result<()> {
    archive.write_all(&[0; BLOCK * 2])
}
