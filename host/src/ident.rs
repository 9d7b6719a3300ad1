//! Names: revision ids, qualified names, digests, and how SQL quotes them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// PostgreSQL's limit on the length of a name, in bytes (`NAMEDATALEN - 1`). Longer ones are cut by the server without an
/// error, so mighost refuses them where it is about to create one.
pub const MAX_NAME_BYTES: usize = 63;

/// `name` as an SQL identifier, always quoted: `crmp` gives `"crmp"`.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string literal of ASCII characters, for what mighost sends itself. It means the same in every client encoding
/// and whatever `standard_conforming_strings` says: other letters, like backslashes, are escaped in an `E''` literal.
pub fn quote_literal(text: &str) -> String {
    if text.is_ascii() {
        return quote_readable(text);
    }
    let mut literal = String::from("E'");
    for character in text.chars() {
        match character {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            ascii if ascii.is_ascii() => literal.push(ascii),
            other => literal.push_str(&format!("\\U{:08X}", u32::from(other))),
        }
    }
    literal.push('\'');
    literal
}

/// `sql` with the letters that [`quote_literal`] has escaped as they are, for servers that take no Unicode escapes.
pub fn without_unicode_escapes(sql: &str) -> String {
    let mut parts = sql.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let escaped = part.strip_prefix('U').and_then(|rest| rest.split_at_checked(8));
        let letter = escaped.and_then(|(digits, _)| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        match (escaped, letter) {
            (Some((_, rest)), Some(letter)) => {
                text.push(letter);
                text.push_str(rest);
            }
            _ => {
                text.push('\\');
                text.push_str(part);
                // A doubled backslash escapes nothing.
                if part.is_empty()
                    && let Some(next) = parts.next()
                {
                    text.push('\\');
                    text.push_str(next);
                }
            }
        }
    }
    text
}

/// `text` as an SQL string literal with its letters as they are, for scripts that people read. As [`quote_literal`] otherwise.
pub fn quote_readable(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// `schema.name`, both quoted.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of parts, each with its length before it, so that no two lists of parts share one.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Reads 64 hexadecimal digits; none where `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(digest))
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest has 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quoting() {
        assert_eq!(quote_identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\b'"), r"E'a\\b'''");
        assert_eq!(quote_literal(r"é\'😀"), r"E'\U000000E9\\''\U0001F600'");
        assert_eq!(
            without_unicode_escapes(&quote_literal(r"é\U000000E9\'😀\")),
            r"E'é\\U000000E9\\''😀\\'"
        );
        assert_eq!(quote_readable("é'"), "'é'''");
    }

    #[test]
    fn parts_are_told_apart() {
        let one = Digest::of_parts([b"ab".as_slice(), b"c"]);
        let other = Digest::of_parts([b"a".as_slice(), b"bc"]);
        assert_ne!(one, other);
    }

    proptest! {
        #[test]
        fn digest_text_round_trips(bytes: Vec<u8>) {
            let digest = Digest::of(&bytes);
            prop_assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        }

        #[test]
        fn parse_never_panics(text: String) {
            let _ = Digest::parse(&text);
        }
    }
}
