//! Statements that set `client_encoding`.

use super::classify::{holds, solid};
use super::{TokenKind, keywords};

/// The encoding that `statement`, a SET, would select, if it is not UTF-8. A value in an unusual form, e.g. `E'...'`, is not recognized
/// here; the session is checked as well.
pub fn foreign_encoding(statement: &str) -> Option<String> {
    let mut tokens = solid(statement)
        .map(|token| (token.kind, token.of(statement)))
        .peekable();
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    tokens.next_if(|(_, text)| is(text, "set"))?;
    let _ = tokens.next_if(|(_, text)| is(text, "session") || is(text, "local"));
    let (_, name) = tokens.next()?;
    if is(name, "client_encoding") || name == "\"client_encoding\"" {
        tokens.next_if(|(_, text)| *text == "=" || is(text, "to"))?;
    } else if !is(name, "names") {
        return None;
    }
    let (kind, value) = tokens.next()?;
    let encoding = match kind {
        TokenKind::Word if is(value, "default") => return None,
        TokenKind::Word => value,
        TokenKind::QuotedName | TokenKind::Text => {
            let quote = value.get(..1)?;
            value.strip_prefix(['\'', '"'])?.strip_suffix(quote)?
        }
        _ => return None,
    };
    (!is_utf8(encoding)).then(|| encoding.to_owned())
}

/// True if `statement` may set `client_encoding`, even in a block of code that it runs. Functions that it calls are not examined.
pub fn may_set_encoding(statement: &str) -> bool {
    let words = keywords(statement, 3);
    let sets_names = words.first().is_some_and(|word| word == "SET") && words.iter().any(|word| word == "NAMES");
    sets_names || holds(statement, "client_encoding")
}

/// True for a name of UTF-8 as the server reads names of encodings: only letters and digits count, and case is ignored.
pub fn is_utf8(name: &str) -> bool {
    let name = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = name.map(|letter| letter.to_ascii_lowercase()).collect();
    name == "utf8" || name == "unicode"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_found_however_they_are_set() {
        for statement in [
            "SET client_encoding = 'LATIN1'",
            "set local client_encoding to latin1",
            "Set /* a */ Session \"client_encoding\" = \"latin1\"",
            "set names 'LATIN1'",
            "SET SESSION NAMES latin1 -- b",
        ] {
            let found = foreign_encoding(statement).unwrap_or_default();
            assert!(found.eq_ignore_ascii_case("latin1"), "{statement}: {found}");
            assert!(may_set_encoding(statement), "{statement}");
        }
    }

    #[test]
    fn utf8_and_other_settings_are_left_alone() {
        for statement in [
            "SET client_encoding = 'UTF8'",
            "set client_encoding to \"utf-8\"",
            "SET NAMES 'Unicode'",
            "SET client_encoding TO DEFAULT",
            "RESET client_encoding",
            "SET search_path = client_encoding",
            "select 'SET client_encoding = latin1'",
            "ALTER ROLE app SET client_encoding = 'LATIN1'",
            "SET client_encoding",
            "SET",
        ] {
            assert_eq!(foreign_encoding(statement), None, "{statement}");
        }
    }

    #[test]
    fn code_that_may_set_it_is_suspected() {
        assert!(may_set_encoding(
            "select set_config('CLIENT_ENCODING', 'LATIN1', false)"
        ));
        assert!(!may_set_encoding("create table names (a int)"));
    }
}
