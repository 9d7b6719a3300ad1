//! A place in `mighost.toml`, for errors.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The maximum length of a line that is shown completely.
const MAX_LINE_CHARS: usize = 200;

/// A line and column of `mighost.toml`, with the text of the line if it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: PathBuf,
    /// The line, 1-based.
    pub line: usize,
    /// The column, 1-based, in characters.
    pub column: usize,
    /// The line, with spaces for tabs; values that may contain a password are shown as `***`.
    pub text: String,
    /// The column of `text` to point at, 0-based in characters.
    pub caret: usize,
}

impl Place {
    /// The place of the byte range `span` in `source`, the text of `file`.
    pub(super) fn new(file: &Path, source: &str, span: Range<usize>) -> Self {
        // A span may end inside a character or past the end; the nearest boundary before it is used.
        let mut start = span.start.min(source.len());
        while !source.is_char_boundary(start) {
            start -= 1;
        }
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = source[line_start..start].chars().count();
        let whole = source[line_start..].lines().next().unwrap_or_default();
        let shown = redact(whole);
        let text: String = shown.replace('\t', " ").chars().take(MAX_LINE_CHARS).collect();
        let caret = column.min(text.chars().count());
        Self {
            file: file.to_owned(),
            line,
            column: column + 1,
            text,
            caret,
        }
    }

    /// The place, the line and a caret below it, for a [`Diagnostic`](mighost_core::Diagnostic).
    pub fn excerpt(&self) -> Vec<String> {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        vec![
            self.to_string(),
            format!("{number} | {}", self.text),
            format!("{gutter} | {}^", " ".repeat(self.caret)),
        ]
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// `line` with its value removed if it may contain a password: lines with a URL, a connection string or an `@`.
///
/// Removes too much rather than too little: the line number is shown in any case. Text after a sign of a secret is removed, and so is
/// text before it up to the first `=`, because invalid TOML may have a URL anywhere.
fn redact(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let secret = ["url", "://", "@", "password", "passfile", "secret", "token"]
        .iter()
        .any(|sign| lower.contains(sign));
    if !secret {
        return line.to_owned();
    }
    match line.split_once('=') {
        Some((key, _)) if is_plain_key(key) => format!("{}= ***", key),
        _ => "***".to_owned(),
    }
}

/// Whether `key` is a bare or dotted key, which cannot be a password.
fn is_plain_key(key: &str) -> bool {
    let key = key.trim();
    key.len() <= 64
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(source: &str, at: usize) -> Place {
        Place::new(Path::new("mighost.toml"), source, at..at + 1)
    }

    #[test]
    fn line_and_column_count_characters() {
        let source = "a = 1\n\té = oops\n";
        let place = place(source, source.find("oops").unwrap());
        assert_eq!((place.line, place.column, place.caret), (2, 6, 5));
        assert_eq!(
            place.excerpt().join("\n"),
            "mighost.toml:2:6\n2 |  é = oops\n  |      ^"
        );
    }

    #[test]
    fn passwords_are_not_shown() {
        for source in [
            "url = \"postgresql://me:hunter2@host/db\"",
            "  url = postgresql://me:hunter2@host/db",
            "\"postgresql://me:hunter2@host/db?x=y\" = 1",
            "postgresql://me:hunter2@host/db?x=y",
            "dev = { url = \"host=h password=hunter2\" }",
            "url \"host=h password=hunter2\"",
            "password=hunter2\"\"\"",
        ] {
            for at in 0..source.len() {
                let shown = place(source, at).excerpt().join("\n");
                assert!(!shown.contains("hunter2"), "{shown}");
            }
        }
        assert_eq!(place("url = \"x\" 1", 10).text, "url = ***");
    }

    proptest! {
        #[test]
        fn any_span_gives_a_place(source: String, start in 0_usize..200) {
            let place = Place::new(Path::new("f"), &source, start..start);
            prop_assert!(place.line >= 1 && place.column >= 1);
            prop_assert!(place.caret <= place.text.chars().count());
        }
    }
}
