//! Makes foreign text harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line: control characters, including line ends and tabs, as `
/// `, `\u{1b}` and so on. The same applies to characters that change the direction of writing, which can make a text look like another.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// `text` with its lines; otherwise like [`escape_line`], with four spaces for a tab.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    let text: Cow<'_, str> = match text.contains(['\t', '\r']) {
        true => text.replace("\r\n", "\n").replace('\t', "    ").into(),
        false => text.into(),
    };
    match text {
        Cow::Borrowed(text) => escape(text, |c| c == '\n'),
        Cow::Owned(text) => escape(&text, |c| c == '\n').into_owned().into(),
    }
}

/// Whether a terminal may interpret `c` as a command, or `c` may mislead the reader: it changes the direction of writing or is invisible,
/// e.g. the byte order mark that remains between concatenated files.
pub(super) fn is_harmful(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    );
    c.is_control() || turns || hidden
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_harmful(c) && !keep(c)) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_harmful(c) && !keep(c) {
            let _ = write!(escaped, "{}", c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(escape_line("a\x1b[2Jb\r\nc\td\u{9b}"), r"a\u{1b}[2Jb\r\nc\td\u{9b}");
        assert_eq!(escape_text("a\r\nb\tc\rd"), "a\nb    c\\rd");
        assert_eq!(escape_line("\u{202e}gnp.exe"), "\\u{202e}gnp.exe");
        assert_eq!(escape_line("near \"\u{feff}create\""), "near \"\\u{feff}create\"");
        assert!(matches!(escape_line("Größe 大"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text: String) {
            prop_assert!(!escape_line(&text).chars().any(is_harmful));
            prop_assert!(!escape_text(&text).chars().any(|c| c != '\n' && is_harmful(c)));
        }
    }
}
