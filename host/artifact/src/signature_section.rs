//! The section `mighost:signatures`: signatures over all bytes before it. It is the last one.
//!
//! This reads the headers of sections and nothing else, because it is called before anything in the artifact is trusted.

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::BinaryReader;

use super::error::Defect;

pub(crate) const SIGNATURES: &str = "mighost:signatures";

/// The maximum size of the section, in bytes.
pub const MAX_SIGNATURES: usize = 1 << 20;

/// An artifact in two parts.
#[derive(Debug, PartialEq, Eq)]
pub struct SignedBytes<'a> {
    /// The bytes that signatures cover: everything before the section.
    pub covered: &'a [u8],
    /// The armored signatures; empty if the artifact has none.
    pub signatures: &'a [u8],
}

/// Finds the signatures in an artifact.
///
/// # Errors
/// If it is not WebAssembly, its sections are cut off, or the signatures are too long or not at its end.
pub fn split(bytes: &[u8]) -> Result<SignedBytes<'_>, Defect> {
    if !bytes.starts_with(b"\0asm") {
        return Err(Defect::NotWasm);
    }
    let cut = |at: usize| Defect::Malformed(format!("its section at byte {at} is truncated or malformed"));
    let mut at = 8;
    while at < bytes.len() {
        let section = header(bytes, at).ok_or_else(|| cut(at))?;
        if section.name == SIGNATURES {
            if section.content.len() > MAX_SIGNATURES {
                let text = format!("its {SIGNATURES} section is longer than {MAX_SIGNATURES} bytes");
                return Err(Defect::Malformed(text));
            }
            if section.content.end != bytes.len() {
                return Err(not_last());
            }
            return Ok(SignedBytes {
                covered: bytes.get(..at).ok_or_else(|| cut(at))?,
                signatures: bytes.get(section.content).ok_or_else(|| cut(at))?,
            });
        }
        at = section.content.end;
    }
    Ok(SignedBytes {
        covered: bytes,
        signatures: &[],
    })
}

pub(crate) fn not_last() -> Defect {
    Defect::Malformed(format!(
        "a section follows its {SIGNATURES} section, which covers what is before it only"
    ))
}

struct Header<'a> {
    /// Empty unless it is a custom section.
    name: &'a str,
    content: Range<usize>,
}

fn header(bytes: &[u8], start: usize) -> Option<Header<'_>> {
    let mut reader = BinaryReader::new(bytes.get(start..)?, 0);
    let id = reader.read_u8().ok()?;
    let size = usize::try_from(reader.read_var_u32().ok()?).ok()?;
    let body = start + reader.current_position();
    let end = body.checked_add(size).filter(|end| *end <= bytes.len())?;
    if id != 0 {
        return Some(Header {
            name: "",
            content: body..end,
        });
    }
    let mut reader = BinaryReader::new(bytes.get(body..end)?, 0);
    let name = reader.read_string().ok()?;
    let content = body + reader.current_position()..end;
    Some(Header { name, content })
}

/// `covered` with the armored signatures as its last section.
pub fn append(covered: &[u8], signatures: &[u8]) -> Vec<u8> {
    let mut artifact = covered.to_vec();
    CustomSection {
        name: SIGNATURES.into(),
        data: Cow::Borrowed(signatures),
    }
    .append_to_component(&mut artifact);
    artifact
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sections;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn signatures_cover_what_is_before_them() {
        let signed = append(COMPONENT, b"text");
        let split = split(&signed).unwrap();
        assert_eq!((split.covered, split.signatures), (COMPONENT, &b"text"[..]));
        // The code is the same as without them, so it is compiled once.
        let (with, without) = (Sections::parse(&signed).unwrap(), Sections::parse(COMPONENT).unwrap());
        assert_eq!(with.code_digest(), without.code_digest());
        assert_ne!(with.own_digest(), without.own_digest());
    }

    #[test]
    fn signatures_are_last_and_short() {
        let twice = append(&append(COMPONENT, b"one"), b"two");
        assert_eq!(split(&twice), Err(not_last()));
        assert_eq!(Sections::parse(&twice).err(), Some(not_last()));
        assert!(matches!(
            split(&append(COMPONENT, &vec![0; MAX_SIGNATURES + 1])),
            Err(Defect::Malformed(_))
        ));
        assert!(matches!(split(b"hello"), Err(Defect::NotWasm)));
    }

    #[test]
    fn no_cut_panics_or_has_signatures() {
        let signed = append(COMPONENT, b"text");
        for length in 0..signed.len() {
            let found = split(&signed[..length]);
            assert!(
                found.is_err() || found.is_ok_and(|found| found.signatures.is_empty()),
                "{length}"
            );
        }
    }
}
