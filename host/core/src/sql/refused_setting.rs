//! Settings of a session that migrations cannot change.

use super::classify::{holds, solid};
use super::{TokenKind, keywords};

/// A value of a setting with which mighost would misread texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedSetting {
    /// Any `client_encoding` but UTF-8.
    #[error(
        "client_encoding cannot be set to {0}: mighost exchanges UTF-8 with the server. Remove the setting; convert a \
         script in another encoding with `iconv -f ENCODING -t UTF-8`"
    )]
    Encoding(String),
    /// `standard_conforming_strings = off`.
    #[error(
        "standard_conforming_strings cannot be set to off: mighost reads a backslash in '...' as an ordinary character, as \
         the SQL standard does. Remove the setting, and write strings with escapes as E'...'"
    )]
    BackslashEscapes,
}

impl RefusedSetting {
    /// The refused one among two values that the server reports; `None` if both are as mighost needs them.
    pub fn among(client_encoding: &str, standard_conforming_strings: &str) -> Option<Self> {
        if !is_utf8(client_encoding) {
            Some(Self::Encoding(client_encoding.to_owned()))
        } else if standard_conforming_strings == "off" {
            Some(Self::BackslashEscapes)
        } else {
            None
        }
    }
}

/// What `statement`, a SET, would set that is refused. A value in an unusual form, e.g. `E'...'`, is not recognized here; the session is
/// checked as well.
pub fn refused_setting(statement: &str) -> Option<RefusedSetting> {
    let mut tokens = solid(statement)
        .map(|token| (token.kind, token.of(statement)))
        .peekable();
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    tokens.next_if(|(_, text)| is(text, "set"))?;
    let _ = tokens.next_if(|(_, text)| is(text, "session") || is(text, "local"));
    let (_, name) = tokens.next()?;
    let name = name.trim_matches('"').to_ascii_lowercase();
    if name != "names" {
        tokens.next_if(|(_, text)| *text == "=" || is(text, "to"))?;
    }
    let (kind, value) = tokens.next()?;
    let value = match kind {
        TokenKind::Word if is(value, "default") => return None,
        TokenKind::Word | TokenKind::Number => value,
        TokenKind::QuotedName | TokenKind::Text => {
            let quote = value.get(..1)?;
            value.strip_prefix(['\'', '"'])?.strip_suffix(quote)?
        }
        _ => return None,
    };
    match name.as_str() {
        "client_encoding" | "names" => (!is_utf8(value)).then(|| RefusedSetting::Encoding(value.to_owned())),
        "standard_conforming_strings" => is_false(value).then_some(RefusedSetting::BackslashEscapes),
        _ => None,
    }
}

/// True if `statement` may set what is refused, even in a block of code that it runs. Functions that it calls are not examined.
pub fn may_set_refused(statement: &str) -> bool {
    let words = keywords(statement, 3);
    let sets_names = words.first().is_some_and(|word| word == "SET") && words.iter().any(|word| word == "NAMES");
    sets_names || holds(statement, "client_encoding") || holds(statement, "standard_conforming_strings")
}

/// True for a value that the server reads as the boolean false: unambiguous beginnings of words count.
fn is_false(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str, shortest: usize| value.len() >= shortest && word.starts_with(&value);
    value == "0" || begins("off", 2) || begins("false", 1) || begins("no", 1)
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
            let found = refused_setting(statement);
            assert!(
                matches!(&found, Some(RefusedSetting::Encoding(name)) if name.eq_ignore_ascii_case("latin1")),
                "{statement}: {found:?}"
            );
            assert!(may_set_refused(statement), "{statement}");
        }
    }

    #[test]
    fn backslash_escapes_are_found_however_they_are_set() {
        for statement in [
            "SET standard_conforming_strings = off",
            "set local \"standard_conforming_strings\" to 'OFF'",
            "set session Standard_Conforming_Strings to f",
            "set standard_conforming_strings = 0",
            "set standard_conforming_strings = no",
        ] {
            assert_eq!(
                refused_setting(statement),
                Some(RefusedSetting::BackslashEscapes),
                "{statement}"
            );
            assert!(may_set_refused(statement), "{statement}");
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
            "SET standard_conforming_strings = on",
            "SET standard_conforming_strings = 1",
            "SET standard_conforming_strings TO DEFAULT",
            "ALTER ROLE app SET standard_conforming_strings = off",
            "SET",
        ] {
            assert_eq!(refused_setting(statement), None, "{statement}");
        }
    }

    #[test]
    fn code_that_may_set_it_is_suspected() {
        assert!(may_set_refused("select set_config('CLIENT_ENCODING', 'LATIN1', false)"));
        assert!(!may_set_refused("create table names (a int)"));
    }
}
