//! Reads the declarations in a revision's Python file without running it.

use std::iter::Peekable;
use std::str::Chars;

/// The declarations of a file; missing ones are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub revision: Option<String>,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
    pub doc: String,
}

/// Reads the module's docstring and its assignments of plain strings. Only statements at the left margin count.
///
/// # Errors
/// If one of the names is assigned anything but strings, e.g. the result of a function.
pub(super) fn read(text: &str) -> Result<Declared, String> {
    let mut declared = Declared::default();
    for (number, statement) in statements(text).into_iter().enumerate() {
        if let (0, [Token::Text(doc)]) = (number, statement.as_slice()) {
            declared.doc = doc.trim().to_owned();
        }
        let [Token::Word(name), rest @ ..] = statement.as_slice() else {
            continue;
        };
        let wanted = ["revision", "down_revision", "depends_on", "branch_labels"];
        if !wanted.contains(&name.as_str()) || !matches!(rest.first(), Some(Token::Sign(':' | '='))) {
            continue;
        }
        let Some(equals) = rest.iter().position(|token| *token == Token::Sign('=')) else {
            continue;
        };
        let names = texts(rest.get(equals + 1..).unwrap_or_default())
            .ok_or(format!("`{name}` is not a plain string or list of strings"))?;
        match name.as_str() {
            "revision" => declared.revision = names.into_iter().next(),
            "down_revision" => declared.down_revisions = names,
            "depends_on" => declared.depends_on = names,
            _ => declared.branch_labels = names,
        }
    }
    Ok(declared)
}

/// The string that is passed as a named argument in the file, if it is the same everywhere.
pub(super) fn argument(text: &str, name: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for (at, _) in text.match_indices(name) {
        let before = text.get(..at)?.chars().next_back();
        let after = text.get(at + name.len()..)?.trim_start();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') || !after.starts_with('=') {
            continue;
        }
        let statement = statements(after.get(1..)?.trim_start()).into_iter().next()?;
        let Some(Token::Text(value)) = statement.first() else {
            return None;
        };
        if found.replace(value.clone()).is_some_and(|other| other != *value) {
            return None;
        }
    }
    found
}

/// `None`, a string, or a tuple, list or set of strings. Adjacent strings are one.
fn texts(value: &[Token]) -> Option<Vec<String>> {
    let value = match value {
        [Token::Word(none)] if none == "None" => return Some(Vec::new()),
        [Token::Sign('(' | '[' | '{'), inside @ .., Token::Sign(')' | ']' | '}')] => inside,
        other => other,
    };
    let mut found = Vec::new();
    for item in value.split(|token| *token == Token::Sign(',')) {
        let mut text: Option<String> = None;
        for token in item {
            match token {
                Token::Text(piece) => text.get_or_insert_default().push_str(piece),
                _ => return None,
            }
        }
        found.extend(text);
    }
    Some(found)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    /// A number, or a string that is only known by running the file.
    Other,
}

/// The statements at the left margin, as tokens.
fn statements(text: &str) -> Vec<Vec<Token>> {
    let mut statements = Vec::new();
    let mut tokens = Vec::new();
    let (mut depth, mut margin, mut skipped) = (0_usize, true, false);
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = characters.next() {
        let first = std::mem::take(&mut margin);
        match c {
            '\n' if depth == 0 => {
                if !tokens.is_empty() && !skipped {
                    statements.push(std::mem::take(&mut tokens));
                }
                tokens.clear();
                (margin, skipped) = (true, false);
            }
            ';' if depth == 0 && !skipped => statements.push(std::mem::take(&mut tokens)),
            '#' => while characters.next_if(|c| *c != '\n').is_some() {},
            '\\' => drop(characters.next_if_eq(&'\r').or_else(|| characters.next_if_eq(&'\n'))),
            c if c.is_whitespace() => skipped |= first && depth == 0 && tokens.is_empty() && c != '\r',
            '\'' | '"' => tokens.push(Token::Text(string(c, &mut characters, false))),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(c) = characters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                let prefix = word.to_lowercase();
                let quote = characters.next_if(|c| {
                    matches!(c, '\'' | '"') && ["r", "u", "b", "f", "br", "rb", "fr", "rf"].contains(&prefix.as_str())
                });
                tokens.push(match quote {
                    Some(quote) => {
                        let text = string(quote, &mut characters, prefix.contains('r'));
                        if prefix.contains(['f', 'b']) {
                            Token::Other
                        } else {
                            Token::Text(text)
                        }
                    }
                    None if c.is_numeric() => Token::Other,
                    None => Token::Word(word),
                });
            }
            sign => {
                match sign {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                // A comparison is not an assignment.
                if matches!(sign, '=' | '!' | '<' | '>' | '+') && characters.next_if_eq(&'=').is_some() {
                    tokens.push(Token::Other);
                } else {
                    tokens.push(Token::Sign(sign));
                }
            }
        }
    }
    if !tokens.is_empty() && !skipped {
        statements.push(tokens);
    }
    statements
}

/// The rest of a string whose opening quote was read.
fn string(quote: char, characters: &mut Peekable<Chars<'_>>, raw: bool) -> String {
    let mut text = String::new();
    let mut triple = false;
    if characters.next_if_eq(&quote).is_some() {
        if characters.next_if_eq(&quote).is_none() {
            return text;
        }
        triple = true;
    }
    while let Some(c) = characters.next() {
        match c {
            '\\' if raw => {
                text.push(c);
                text.extend(characters.next());
            }
            '\\' => escape(characters, &mut text),
            '\n' if !triple => break,
            c if c == quote && !triple => break,
            c if c == quote => {
                let mut ahead = characters.clone();
                if ahead.next() == Some(quote) && ahead.next() == Some(quote) {
                    *characters = ahead;
                    break;
                }
                text.push(c);
            }
            c => text.push(c),
        }
    }
    text
}

/// The meaning of the character after a backslash. Unknown escapes are kept, as in Python.
fn escape(characters: &mut Peekable<Chars<'_>>, text: &mut String) {
    match characters.next() {
        Some('x') => text.push(hexadecimal(characters, 2)),
        Some('u') => text.push(hexadecimal(characters, 4)),
        Some('U') => text.push(hexadecimal(characters, 8)),
        Some('n') => text.push('\n'),
        Some('t') => text.push('\t'),
        Some('r') => text.push('\r'),
        Some('\n') | None => {}
        Some(c @ ('\\' | '\'' | '"')) => text.push(c),
        Some(c) => {
            text.push('\\');
            text.push(c);
        }
    }
}

fn hexadecimal(characters: &mut Peekable<Chars<'_>>, digits: usize) -> char {
    let mut value = 0_u32;
    for _ in 0..digits {
        match characters.next_if(char::is_ascii_hexdigit).and_then(|c| c.to_digit(16)) {
            Some(digit) => value = value.wrapping_mul(16).wrapping_add(digit),
            None => break,
        }
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn declarations_of_all_kinds() {
        let text = "# -*- coding: utf-8 -*-\r\n'''add b\r\n\r\nRevision ID: b\r\n'''\r\nfrom alembic import op\r\n\
            revision: str = 'b' # c\r\ndown_revision: Union[str, None] = (\r\n    'a1',  # one\r\n    \"a\" '2',\r\n)\r\n\
            branch_labels = None\r\ndepends_on = ['x\\u0041',]\r\n\
            if True:\r\n    revision = 'no'\r\ndef upgrade():\r\n    '''revision = 'no' '''\r\n    x = \"\"\"\r\nrevision = 'no'\"\"\"\r\n";
        let declared = read(text).unwrap();
        assert_eq!(declared.revision.as_deref(), Some("b"));
        assert_eq!(declared.down_revisions, ["a1", "a2"]);
        assert_eq!(declared.depends_on, ["xA"]);
        assert!(declared.branch_labels.is_empty());
        assert!(declared.doc.starts_with("add b"));
    }

    #[test]
    fn what_must_be_run_is_refused() {
        for text in [
            "revision = make()",
            "revision = f'{x}'",
            "down_revision = ('a', b)",
            "revision = 1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read("x = 1\nrevision == 'a'\n").unwrap(), Declared::default());
    }

    proptest! {
        #[test]
        fn anything_is_read(text: String) {
            let _ = read(&text);
        }
    }
}
